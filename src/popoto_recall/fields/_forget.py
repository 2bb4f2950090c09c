"""Everything that the fields of a model know of one partition, removed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from popoto.models.base import Model, ModelBase

from ..errors import ArgumentError, ArgumentTypeError
from ._blocks import agreeing_partition
from ._client import context_of_call
from ._partitioned import PartitionedField
from ._scope import PartitionValue, Scope, scope_of_values


def forget(model: type[Model], /, **partition: PartitionValue) -> None:
    """Remove all that a model's recall fields keep of one partition, so that no key of it is left.

    Edges, filter, sketch, heavy hitters, and what a rebuild is filling. The records stay: delete
    them first, or the next save or rebuild brings their data back. A rebuild that is under way
    begins again, and finds no records.

    Args:
        model: A model class whose recall fields are all partitioned by these names.
        partition: A value for each name of ``partition_by``.
    Raises:
        ValueError: A recall field of the model is not partitioned, or by other names, so that what
            it knows of the partition cannot be told apart; it is named, and nothing is removed.
            Also inside a block that names another partition.
        TypeError: No model class.
    Cost: follows what the partition holds, in steps of about 5,000 edges.  Atomic: each step; run
    it again if it was interrupted.
    """
    for field, at in _scopes(model, partition):
        field.forget_partition(at)


def async_forget(model: type[Model], /, **partition: PartitionValue) -> Coroutine[Any, Any, None]:
    """`forget` in a worker thread, with the block and the client of the call."""
    steps = partial(forget, model, **partition)
    return asyncio.to_thread(context_of_call().run, steps)


def _scopes(
    model: type[Model], values: dict[str, PartitionValue]
) -> list[tuple[PartitionedField, Scope]]:
    if not isinstance(model, ModelBase):
        raise ArgumentTypeError(f"forget() takes a model class, not {model!r:.80}")
    fields = [f for f in model._meta.fields.values() if isinstance(f, PartitionedField)]
    if not fields:
        raise ArgumentError(f"{model.__name__} has no field of popoto_recall")
    for field in fields:
        if {*field.partition_by} != {*values}:
            by = ", ".join(field.partition_by) or "nothing"
            raise ArgumentError(
                f"{model.__name__}.{field.name} is partitioned by {by}, so it cannot forget "
                f"{', '.join(values) or 'a partition without a name'} alone"
            )
    with agreeing_partition(**values):
        return [(f, scope_of_values(f.partition_by, model, values)) for f in fields]
