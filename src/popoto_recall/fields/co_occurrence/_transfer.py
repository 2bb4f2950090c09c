"""What `popoto.transfer` carries from one server to another."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from popoto.models.base import Model
from popoto.redis_db import get_REDIS_DB

from ...engine import run
from .._scope import in_no_partition, scope_of_record
from ._graph import GraphField

_logger = logging.getLogger(__name__)

_NOTHING: Mapping[str, str] = MappingProxyType({})
_new_keys: ContextVar[Mapping[str, str]] = ContextVar("new_keys", default=_NOTHING)


class GraphTransfer(GraphField):
    """Edges are carried with their weights; filters and sketches grow from the imported saves."""

    roundtrip_policy = "carry"
    roundtrip_note = None

    @classmethod
    def export_state(
        cls, model_instance: Model, field_name: str, field_value: object = None, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The record's key and the edges that leave it, None without any. Called by Popoto."""
        field = model_instance._meta.fields[field_name]
        if in_no_partition(field.partition_by, model_instance):
            return None
        graph = field.graph(scope_of_record(field.partition_by, model_instance))
        key = model_instance.db_key.redis_key
        edges = run(get_REDIS_DB(), graph.linked([key], -math.inf, field.max_edges))[key]
        return {"key": key, "edges": dict(edges)} if edges else None

    @classmethod
    def remap_references(
        cls, field_name: str, field_value: object, key_map: Mapping[str, str], **kwargs: Any
    ) -> object:
        """Take note of the new keys that an import gives to records. Called by Popoto.

        The field has no value to remap; its edges come later, through `import_state`.
        """
        _new_keys.set(key_map)
        return field_value

    @classmethod
    def import_state(
        cls, model_instance: Model, field_name: str, state: Any, **kwargs: Any
    ) -> None:
        """Give an imported record the edges it was exported with. Called by Popoto.

        They replace those that leave it here, within this field's ``max_edges`` and the cap, and
        lead to the new keys of records that were given one. What Popoto's own field exported of a
        symmetric graph is merged instead: each record tells one direction, often the only one.
        Edges to records of other partitions are dropped, and their number is logged.
        """
        if not state or not state.get("edges"):
            return
        field = model_instance._meta.fields[field_name]
        scope = scope_of_record(field.partition_by, model_instance)
        graph = field.graph(scope)
        key = model_instance.db_key.redis_key
        renamed = _new_keys.get() if state.get("key", key) != key else _NOTHING
        edges = [
            (renamed.get(target, target), min(float(weight), graph.cap))
            for target, weight in state["edges"].items()
        ]
        allowed = [edge for edge in edges if scope.admits(edge[0])]
        if len(allowed) < len(edges):
            _logger.warning(
                "%d edges of %r lead to records of other partitions: they are not imported",
                len(edges) - len(allowed),
                key,
            )
        heaviest = sorted(allowed, key=lambda edge: (-edge[1], edge[0]))[: field.max_edges]
        merges = graph.symmetric and "key" not in state
        run(get_REDIS_DB(), graph.restore(key, heaviest, merges=merges))
