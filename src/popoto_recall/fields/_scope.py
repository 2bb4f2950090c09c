"""What an operation works on: a model, and one partition of it where a field has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import quote

from popoto.models.base import Model
from popoto.models.canonical_key import canonical_key_str
from popoto.models.db_key import DB_key
from popoto.redis_db import get_REDIS_DB

from ..engine import members, run
from ..errors import ArgumentError, RebuildError
from ..structures.reindex import mark_of, seen
from ..structures.text import utf8

PartitionValue: TypeAlias = "str | int"
"""What a call may name a partition by; any value of a KeyField works, these type-check."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A model and, for a partitioned field, the values that name the partition."""

    model: type[Model]
    partition: tuple[tuple[str, str], ...] = ()

    def key(self, family: str, field: str) -> str:
        """``family:ClassName:field``, and the partition in braces, which make it the hash tag."""
        key = f"{family}:{self.model._meta.db_class_key.redis_key}:{field}"
        if not self.partition:
            return key
        values = ",".join(quote(value, safe="") or "%" for _, value in self.partition)
        return f"{key}:{{{values}}}"

    def names(self) -> tuple[str, ...]:
        """What the values of the partition are values of."""
        return tuple(name for name, _ in self.partition)

    def mark(self) -> str:
        """Key of the mark of the model's re-indexes."""
        return mark_of(self.model._meta.db_class_key.redis_key)

    def records(self) -> tuple[str, ...]:
        """Keys of the sets whose common members are the keys of the records in scope."""
        meta = self.model._meta
        if not self.partition:
            return (meta.db_class_set_key.redis_key,)
        return tuple(
            DB_key(
                meta.fields[name].get_special_use_field_db_key(self.model, name), value
            ).redis_key
            for name, value in self.partition
        )


_NOTHING: Mapping[str, object] = MappingProxyType({})
_named: ContextVar[Mapping[str, object]] = ContextVar("partition", default=_NOTHING)


@contextmanager
def partition(**values: object) -> Iterator[None]:
    """Name the partition for every call inside the block that does not name one itself.

    Args:
        values: Values of KeyFields, by name. An inner block adds to an outer one.
    """
    token = _named.set({**_named.get(), **values})
    try:
        yield
    finally:
        _named.reset(token)


def scope_of_record(names: tuple[str, ...], record: Model) -> Scope:
    """The scope that a record is in."""
    return Scope(type(record), _values(names, {name: getattr(record, name) for name in names}))


def scope_of_call(
    names: tuple[str, ...], model: type[Model], named: Mapping[str, object], args: Iterable[object]
) -> Scope:
    """The scope that a call means: by the values it names, the records it is given, the block.

    Raises:
        ArgumentError: A name is missing, or the records are in different partitions.
    """
    if not names:
        return _whole(model)
    found = {_values(names, _of_record(names, record, named)) for record in _records(model, args)}
    if len(found) > 1:
        raise ArgumentError(f"records of different partitions in one call: {sorted(found)!r:.200}")
    if found:
        return Scope(model, found.pop())
    return Scope(model, _values(names, {**_named.get(), **named}))


@lru_cache(maxsize=1024)
def _whole(model: type[Model]) -> Scope:
    return Scope(model)


def _of_record(
    names: tuple[str, ...], record: Model, named: Mapping[str, object]
) -> dict[str, object]:
    values = {name: getattr(record, name) for name in names}
    for name, value in named.items():
        if _text(name, value) != _text(name, values[name]):
            raise ArgumentError(f"{record.db_key.redis_key!r} is not in {name}={value!r}")
    return values


def _records(model: type[Model], values: Iterable[object]) -> Iterator[Model]:
    """Records of the model among some arguments, also in a list of them or of pairs."""
    for value in values:
        if isinstance(value, model):
            yield value
        elif isinstance(value, (list, tuple, set, frozenset, dict)):
            yield from _records(model, value)


def partitions(model: type[Model], names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The partitions that hold records; one without a name if there are no names.

    Raises:
        RebuildError: Popoto's `rebuild_indexes` is under way or was killed: some may be missing.
    """
    if not names:
        yield {}
        return
    mark = Scope(model).mark()
    before = run(get_REDIS_DB(), seen(mark))
    keys = members(get_REDIS_DB(), model._meta.db_class_set_key.redis_key)
    if before.under_way or run(get_REDIS_DB(), seen(mark)) != before:
        raise RebuildError(
            f"the partitions of {model.__name__} are not known while rebuild_indexes() is under "
            "way, or if it was killed; let it run to its end"
        )
    at = [model._meta.get_db_key_index_position(name) for name in names]
    parts = [DB_key.from_redis_key(key) for key in keys]
    for values in sorted({tuple(str(part[i]) for i in at) for part in parts}):
        yield dict(zip(names, values, strict=True))


def _values(names: tuple[str, ...], values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    missing = [name for name in names if name not in values]
    if missing:
        raise ArgumentError(
            f"no partition named: pass {'=, '.join(missing)}=, a record, or call it inside "
            f"popoto_recall.partition({'=..., '.join(missing)}=...)"
        )
    return tuple((name, _text(name, values[name])) for name in names)


def _text(name: str, value: object) -> str:
    if value is None:
        raise ArgumentError(f"{name}=None names no partition")
    text = canonical_key_str(value)
    utf8(text, name)
    return text
