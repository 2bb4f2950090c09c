"""What an operation works on: a model, and one partition of it where a field has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote

from popoto.models.base import Model
from popoto.models.db_key import DB_key

from ..errors import ArgumentError
from ..structures.reindex import mark_of
from ._blocks import named_by_blocks, text_of
from ._keys import values_in_key

PartitionValue: TypeAlias = "str | int | float | Decimal | date | time"
"""What names a partition: a value of a KeyField."""


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

    def values(self) -> tuple[str, ...]:
        """The values that name the partition."""
        return tuple(value for _, value in self.partition)

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

    def admits(self, pk: str) -> bool:
        """Whether a pk may stand in this scope: all but the keys of other partitions' records."""
        found = values_in_key(self.model, pk, self.names())
        return found is None or found == self.values()

    def holds_record(self, pk: str) -> bool:
        """Whether a pk is the key of a record in this scope, be it stored or not."""
        return values_in_key(self.model, pk, self.names()) == self.values()


def scope_of_values(
    names: tuple[str, ...], model: type[Model], values: Mapping[str, object]
) -> Scope:
    """The scope that these values name, whatever block the call is in."""
    return _scope(model, names, tuple([text_of(name, values[name]) for name in names]))


def scope_of_record(names: tuple[str, ...], record: Model) -> Scope:
    """The scope that a record is in, whatever block the call is in.

    Raises:
        ArgumentError: It is in none, because a value that names its partition is null.
    """
    return scope_of_values(names, type(record), {name: getattr(record, name) for name in names})


def in_no_partition(names: tuple[str, ...], record: Model) -> bool:
    """Whether a value that names a record's partition is null, which no save accepts any more."""
    return any(getattr(record, name) is None for name in names)


def scope_of_call(
    names: tuple[str, ...],
    model: type[Model],
    at: Scope | None,
    given: Iterable[tuple[object, str]],
) -> Scope:
    """The partition that `at`, the block, records and keys agree on, perhaps only in part.

    Args:
        names: Of the fields that name the partition.
        model: The model of the call.
        at: The partition of the field that the call was made on, if it is in one.
        given: Records and pks, each as it was given and as text.
    Raises:
        ArgumentError: They name different partitions.
    """
    agreed = None if at is None else at.values()
    for value, text in given:
        values = _values_of(names, model, value, text)
        if values is None or values == agreed:
            continue
        if agreed is not None:
            raise _different(names, model, at, given)
        agreed = values
    block = named_by_blocks()
    if agreed is None:
        return _scope(model, names, tuple([block.get(name) for name in names]))
    if block and any(block.get(*pair) != pair[1] for pair in zip(names, agreed, strict=True)):
        raise _different(names, model, at, given)
    return _scope(model, names, agreed)


@lru_cache(maxsize=1024)
def _scope(model: type[Model], names: tuple[str, ...], values: tuple[str | None, ...]) -> Scope:
    pairs = zip(names, values, strict=True)
    return Scope(model, tuple((name, value) for name, value in pairs if value is not None))


def _different(
    names: tuple[str, ...],
    model: type[Model],
    at: Scope | None,
    given: Iterable[tuple[object, str]],
) -> ArgumentError:
    """The error that says which two things name different partitions."""
    known: dict[str, tuple[str, str]] = {}
    for source, values in _sources(names, model, at, given):
        for name, value in values:
            first, text = known.setdefault(name, (source, value))
            if text != value:
                return ArgumentError(
                    f"different partitions in one call: {first} is in {name}={text!r}, {source} "
                    f"in {name}={value!r}"
                )
    raise AssertionError("everything agrees")


def _sources(
    names: tuple[str, ...],
    model: type[Model],
    at: Scope | None,
    given: Iterable[tuple[object, str]],
) -> Iterator[tuple[str, Iterable[tuple[str, str]]]]:
    """Everything that names a partition, and the values that it names."""
    if at is not None:
        yield "the field", at.partition
    block = named_by_blocks()
    yield "the block", [(name, block[name]) for name in names if name in block]
    for value, text in given:
        values = _values_of(names, model, value, text)
        if values is not None:
            yield repr(text), zip(names, values, strict=True)


def _values_of(
    names: tuple[str, ...], model: type[Model], value: object, text: str
) -> tuple[str, ...] | None:
    """What a record, or a pk that is a record's key, says; None for the names of other things."""
    if isinstance(value, model) and all(name in value._meta.fields for name in names):
        return tuple(text_of(name, getattr(value, name)) for name in names)
    return values_in_key(model, text, names)


@lru_cache(maxsize=1024)
def whole(model: type[Model]) -> Scope:
    """All of a model, where a field is not partitioned."""
    return Scope(model)
