"""Which partitions there are, and operations that work on all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from popoto.models.base import Model

from ..engine import members, run, scan
from ..errors import RebuildError
from ..structures.reindex import seen
from ._client import client
from ._keys import values_in_key
from ._scope import Scope, whole

if TYPE_CHECKING:
    from ._base import RecallField
    from ._operation import Operation


def partitions_in(field: RecallField, scope: Scope) -> dict[Scope, int]:
    """The partitions that agree with what a scope names, each with its number of records.

    Found by the records, and by the keys that the field has of partitions without any.

    Raises:
        RebuildError: Popoto's `rebuild_indexes` is under way or was killed: some may be missing.
    """
    names, model = field.partition_by, scope.model
    if not names:
        return {whole(model): 0}
    found = Counter(_by_records(model, names))
    for values in _by_keys(field, model):
        found.setdefault(values, 0)
    partitions = {
        Scope(model, tuple(zip(names, values, strict=True))): found[values]
        for values in sorted(found)
    }
    wanted = set(scope.partition)
    return {one: count for one, count in partitions.items() if wanted <= set(one.partition)}


def _by_records(model: type[Model], names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    records = model._meta.db_class_set_key.redis_key
    mark = whole(model).mark()
    before = run(client(), seen(mark))
    keys = members(client(), records)
    if before.under_way or run(client(), seen(mark)) != before:
        raise RebuildError(
            f"the partitions of {model.__name__} are not known while rebuild_indexes() is under "
            "way, or if it was killed; let it run to its end"
        )
    for key in keys:
        values = values_in_key(model, key, names)
        if values is not None:
            yield values


def _by_keys(field: RecallField, model: type[Model]) -> Iterator[tuple[str, ...]]:
    prefixes = [f"{Scope(model).key(family, field.name)}:{{" for family in field.families]
    keys = scan(client(), *prefixes)
    for tag in {key[len(prefixes[0]) :].partition("}")[0] for key in keys}:
        values = _in_tag(tag)
        if len(values) == len(field.partition_by):
            yield values


def _in_tag(tag: str) -> tuple[str, ...]:
    """The values that a hash tag was made of; none, if it is none of ours."""
    parts = tag.split(",")
    values = ["" if part == "%" else unquote(part) for part in parts]
    ours = [quote(value, safe="") or "%" for value in values] == parts
    return tuple(values) if ours else ()


class _Overall:
    """Tells a caller's ``progress`` of all partitions together."""

    def __init__(self, tell: Callable[..., object], total: int) -> None:
        self._tell = tell
        self._total = total
        self._before = self._here = 0

    def __call__(self, done: int, *total: int) -> None:
        """Called as ``progress`` is, with the figures of one partition."""
        self._here = done
        totals = [max(self._total, self._before + here) for here in total]
        self._tell(self._before + done, *totals)

    def end_partition(self) -> None:
        self._before, self._here = self._before + self._here, 0


def in_every_partition(
    operation: Operation,
    field: RecallField,
    scope: Scope,
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> Callable[[], Any]:
    """What carries an operation out in each partition that agrees with a scope."""
    operation.describe(field, scope, *args, **kwargs)  # refuses wrong arguments, whatever is stored
    arguments = dict(zip(operation.parameters, args, strict=False)) | kwargs

    def steps() -> Any:
        found = partitions_in(field, scope)
        tell = arguments.get("progress")
        overall = _Overall(tell, sum(found.values())) if tell is not None else None
        told = {} if overall is None else {"progress": overall}
        results = []
        for one in found:
            described = operation.describe(field, one, **{**arguments, **told})
            results.append(operation.steps(described)())
            if overall is not None:
                overall.end_partition()
        numbers = [result for result in results if result is not None]
        return sum(numbers) if operation.every_partition or numbers else None

    return steps
