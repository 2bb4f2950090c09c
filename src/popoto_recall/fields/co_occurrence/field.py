"""The field itself: options and hooks."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import popoto
from popoto.models.base import Model
from popoto.redis_db import get_REDIS_DB

from ...engine import Command, Commands, run
from ...errors import OptionError
from ...structures.graph import Graph
from .._base import count_option, run_or_queue
from .._saving import saving
from .._scope import Scope, scope_of_record, scope_of_values
from ._names import names_of
from ._reads import GraphReads
from ._transfer import GraphTransfer
from ._upkeep import GraphUpkeep
from ._widen import GraphWiden

_logger = logging.getLogger(__name__)


class CoOccurrenceField(
    GraphUpkeep, GraphReads, GraphWiden, GraphTransfer, popoto.CoOccurrenceField
):
    """A weighted association graph between the records of a model.

    Args:
        symmetric: Whether an edge leads both ways.
        max_edges: Most edges that a node keeps; over it the lightest go. At least 1.
        decay_factor: Default factor of `weaken_all`, in [0, 1). None: Popoto's
            ``Defaults.CO_OCCURRENCE_DECAY_FACTOR``, read at each call.
        partition_by: KeyField, or several, whose values each have a graph of their own.
        seeds: "leave" them out of what `propagate` finds, or "keep" them first in it: then Popoto's
            `ContextAssembler` in its lexical mode cannot lose its best hit to the graph.
        type, null, default: Accepted at the values that Popoto's own field has.
    Raises:
        OptionError: An option is out of range.

    Weights lie in (0, cap], where the cap is Popoto's ``Defaults.CO_OCCURRENCE_WEIGHT_CAP``. A pk
    is a record or its key. Keys: ``$CoOcF:{ClassName}:{field}:{pk}``, a sorted set of edges, and
    ``$CoOcR:...``, the reverse index of an asymmetric graph.
    """

    def __init__(
        self,
        *,
        symmetric: bool = True,
        max_edges: int = 500,
        decay_factor: float | None = None,
        partition_by: str | Iterable[str] | None = None,
        seeds: Literal["leave", "keep"] = "leave",
        type: object = str,
        null: object = True,
        default: object = None,
    ) -> None:
        if not isinstance(symmetric, bool):
            raise OptionError(f"symmetric is True or False, not {symmetric!r}")
        if decay_factor is not None and not _is_factor(decay_factor):
            raise OptionError(f"decay_factor is a number in [0, 1), not {decay_factor!r}")
        if seeds not in ("leave", "keep"):
            raise OptionError(f'seeds is "leave" or "keep", not {seeds!r}')
        self._init_partition(partition_by)
        self.symmetric = symmetric
        self.max_edges = count_option("max_edges", max_edges)
        self.seeds = seeds
        self._decay_factor = decay_factor
        self._init_popoto(type, null, default)

    @property
    def follows_every_save(self) -> bool:
        """Whether a partial save has to be told of too: it may name no partition."""
        return bool(self.partition_by)

    @classmethod
    def pre_save_validate(
        cls, model_instance: Model, field_name: str, field_value: object, **kwargs: Any
    ) -> None:
        """Refuse a record that is in no partition, before anything is written. Called by Popoto."""
        field = model_instance._meta.fields[field_name]
        scope_of_record(field.partition_by, model_instance)

    @classmethod
    def on_save(
        cls,
        model_instance: Model,
        field_name: str,
        field_value: object,
        pipeline: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Nothing to do: edges belong to the key, which a save keeps. Called by Popoto."""
        return pipeline

    @classmethod
    def on_delete(
        cls,
        model_instance: Model,
        field_name: str,
        field_value: object,
        pipeline: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Remove the record's edges, or carry them to its new key. Called by Popoto."""
        field = model_instance._meta.fields[field_name]
        key = model_instance.db_key.redis_key
        commands = field._leave(model_instance, kwargs.get("saved_redis_key") or key, key)
        return run_or_queue(pipeline, commands)

    def _leave(self, instance: Model, old: str, new: str) -> Commands[None]:
        """What becomes of the edges when a record gives up its key."""
        model = type(instance)
        left, entered = self._scopes(instance)
        if left is None:
            return Commands((), lambda _: None)
        graph = self.graph(left)
        calls: tuple[Command[int], ...]
        if saving(instance) is not None and new != old and left == entered:
            # reversed, so that the key itself wins where two of the old names are the same
            olds, news = reversed(names_of(model, old)), reversed(names_of(model, new))
            renamed = dict(zip(olds, news, strict=True))
            calls = tuple(graph.rename(*pair) for pair in renamed.items())
        else:
            calls = (graph.delete(list(dict.fromkeys(names_of(model, old)))),)
            if saving(instance) is not None and left != entered:
                self._log_left_behind(graph, old)
        return Commands(calls, lambda _: None)

    def _scopes(self, instance: Model) -> tuple[Scope | None, Scope | None]:
        """The partitions that a record was saved in and is in now, None for none."""
        now = {name: getattr(instance, name) for name in self.partition_by}
        before = {name: instance._saved_field_values.get(name, now[name]) for name in now}
        return self._scope(type(instance), before), self._scope(type(instance), now)

    def _scope(self, model: type[Model], values: Mapping[str, object]) -> Scope | None:
        if None in values.values():
            return None
        return scope_of_values(self.partition_by, model, values)

    def _log_left_behind(self, graph: Graph, key: str) -> None:
        edges = run(get_REDIS_DB(), graph.linked([key], -math.inf, self.max_edges))[key]
        _logger.warning(
            "%r moved to another partition, where its %d edges cannot follow: they are dropped",
            key,
            len(edges),
        )


def _is_factor(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1
