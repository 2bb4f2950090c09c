"""The filters and sketches that Popoto's own fields left, made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from popoto.models.base import Model
from popoto.redis_db import get_REDIS_DB

from ...engine import discard, exists, run
from ...engine.foreign import Mark, mark
from ...errors import (
    CorruptValueError,
    ForeignLayoutError,
    StillWrittenError,
    StoredValueError,
    WrongTypeError,
)
from .._every import partitions_in
from .._scope import Scope
from .._tokens import TokenField
from ._graph import Progress

_FOREIGN = "laid out by another program, Popoto's own field perhaps"
_REASONS: dict[type[StoredValueError], str] = {
    ForeignLayoutError: _FOREIGN,
    WrongTypeError: _FOREIGN,
    CorruptValueError: "damaged",
}
_POPOTO_REBUILDS = ":rebuild"
"""What Popoto's own rebuild adds to a filter's key for its lock."""


@dataclass(frozen=True, slots=True)
class ValueSurvey:
    """A filter or a sketch that cannot stay as it is.

    Attributes:
        field: Name of the field.
        partition: Names and values of the partition, if the field has any.
        key: Where it is stored.
        why: What is wrong with it.
        foreign: Its state in short, if it is not this library's.
        removed: It is the value of all partitions together, which is removed once each has its
            own; else it is made anew.
    """

    field: str
    partition: tuple[tuple[str, str], ...]
    key: str
    why: str
    foreign: Mark | None
    removed: bool


def survey_values(model: type[Model]) -> list[ValueSurvey]:
    """Filters and sketches to make anew; what is to be removed comes last."""
    fields = [field for field in model._meta.fields.values() if isinstance(field, TokenField)]
    found = [value for field in fields for value in _survey_field(model, field)]
    return sorted(found, key=lambda value: value.removed)


def _survey_field(model: type[Model], field: TokenField) -> Iterator[ValueSurvey]:
    for at in partitions_in(field, Scope(model)):
        if value := _survey(field, at, removed=False):
            yield value
    if field.partition_by:
        whole = _survey(field, Scope(model), removed=True)
        if whole and whole.foreign:
            yield whole


def _survey(field: Any, at: Scope, *, removed: bool) -> ValueSurvey | None:
    stored = field.stored(at)
    _check_no_rebuild(stored.key)
    why = "" if removed else "missing, or had not seen every record"
    try:
        if run(get_REDIS_DB(), stored.info()).complete:
            return None
    except tuple(_REASONS) as error:
        why = _REASONS[type(error)]
    foreign = mark(get_REDIS_DB(), stored.key) if why == _FOREIGN else None
    return ValueSurvey(field.name, at.partition, stored.key, why, foreign, removed)


def _check_no_rebuild(key: str) -> None:
    if exists(get_REDIS_DB(), key + _POPOTO_REBUILDS):
        raise StillWrittenError(
            f"Popoto's own rebuild of {key!r} is under way; wait for its end, or for "
            f"{key + _POPOTO_REBUILDS!r} to expire, and run adopt again"
        )


def take_over(model: type[Model], value: ValueSurvey, progress: Progress) -> None:
    """Make a value anew from the records, or remove it.

    Raises:
        StillWrittenError: Popoto's value changed before the new one took its place.
    """
    _check_unchanged(value)
    if value.removed:
        discard(get_REDIS_DB(), value.key)
        return
    field, what = model._meta.fields[value.field], title(model, value)

    def step(done: int, total: int) -> None:
        progress(f"{what}: rebuilding", done, total)
        _check_ours(field, model, value)

    field.at(**dict(value.partition)).rebuild(progress=step)


def _check_unchanged(value: ValueSurvey) -> None:
    if value.foreign and mark(get_REDIS_DB(), value.key) != value.foreign:
        raise still_saved(value.key)


def _check_ours(field: Any, model: type[Model], value: ValueSurvey) -> None:
    """Raise if what took the place of Popoto's value was written to as if it were that."""
    at = Scope(model, value.partition)
    try:
        run(get_REDIS_DB(), field.stored(at).state())
    except StoredValueError as error:
        raise still_saved(value.key) from error


def still_saved(key: str) -> StillWrittenError:
    """The error that names a value which another program wrote."""
    return StillWrittenError(
        f"{key!r} changed: a program without the new import still saves records. Stop it and run "
        "adopt again; what was taken over stands, nothing is lost"
    )


def title(model: type[Model], value: ValueSurvey) -> str:
    """How a value is named to people."""
    partition = ", ".join(f"{name}={value}" for name, value in value.partition)
    return f"{model.__name__}.{value.field} {partition}".rstrip()
