"""What fields have that keep one structure for each partition."""

from __future__ import annotations

from collections.abc import Collection
from types import MethodType
from typing import Any, Protocol, TypeVar, overload

from popoto.models.base import Model, ModelBase

from ..errors import ArgumentError, ArgumentTypeError
from ._base import RecallField
from ._bound import pick_field
from ._every import partitions_in
from ._operation import Steps, any_partition, asynchronous, procedure
from ._scope import PartitionValue, Scope, scope_of_values

F = TypeVar("F", bound=RecallField)
C = TypeVar("C", bound=RecallField, covariant=True)


class AtOnField(Protocol[C]):
    """`at`, on a field."""

    def __call__(self, /, **values: PartitionValue) -> C: ...


class AtOnClass(Protocol[C]):
    """`at`, on the class of a field."""

    def __call__(
        self, model: type[Model], /, *, field_name: str | None = None, **values: PartitionValue
    ) -> C: ...


def at_on_field(field: F, /, **values: PartitionValue) -> F:
    """The same field in one partition, with the same operations.

    Args:
        values: A value for each KeyField that the field is partitioned by.
    Raises:
        TypeError: A name is missing, or is not among those of ``partition_by``.
        ValueError: A value is None, or the field is in another partition already.
    Cost: no I/O.
    """
    names = field.partition_by
    if values.keys() != set(names):
        raise _wrong_names(field, values.keys())
    scope = scope_of_values(names, field.owner, values)
    if field._at not in (None, scope):
        raise ArgumentError(f"at() of a field that is in another partition: {field._at.partition}")
    view = object.__new__(type(field))  # copy() takes several times as long
    vars(view).update(vars(field))
    view._at = scope
    view._view_of = field if field._view_of is None else field._view_of
    return view


def _wrong_names(field: RecallField, given: Collection[str]) -> ArgumentTypeError:
    names = field.partition_by
    wrong = [f"{name}= is missing" for name in names if name not in given]
    wrong += [f"{name}= is unknown" for name in given if name not in names]
    by = f"by {', '.join(names)}" if names else "by nothing"
    return ArgumentTypeError(
        f"{field.owner.__name__}.{field.name} is partitioned {by}; in at(), {', '.join(wrong)}"
    )


def at_on_class(
    kind: type[F],
    model: type[Model],
    /,
    *,
    field_name: str | None = None,
    **values: PartitionValue,
) -> F:
    """The model's field of this kind in one partition, with the same operations.

    Args:
        model: The model class.
        field_name: Picks one of several fields of this kind.
        values: A value for each KeyField that the field is partitioned by.
    Raises:
        TypeError: A name is missing, or is not among those of ``partition_by``.
        ValueError: A value is None, or no field or several are of this kind.
    Cost: no I/O.
    """
    if not isinstance(model, ModelBase):
        raise ArgumentTypeError(f"{kind.__name__}.at() takes a model class first")
    field: F = pick_field(kind, model, field_name)
    return at_on_field(field, **values)


class _At:
    """Makes `at` callable on a field and on its class."""

    @overload
    def __get__(self, field: None, owner: type[F]) -> AtOnClass[F]: ...
    @overload
    def __get__(self, field: F, owner: type[F]) -> AtOnField[F]: ...
    def __get__(self, field: Any, owner: Any) -> Any:
        return MethodType(at_on_class, owner) if field is None else MethodType(at_on_field, field)


class PartitionedField(RecallField):
    """A field that can keep one structure for each partition."""

    at = _At()

    def forget_partition(self, at: Scope) -> None:
        """Remove every key that the field has of a partition. Called by `forget`."""
        raise NotImplementedError

    @any_partition
    @procedure
    def partitions(self, at: Scope, /) -> Steps[list[dict[str, str]]]:
        """The partitions that have records, or keys of this field.

        Inside a block or on a field from `at`, only those that agree with what it names.

        Returns:
            The values that name each, by KeyField, in the order of the values; one empty dict if
            the field is not partitioned.
        Raises:
            RebuildError: Popoto's `rebuild_indexes` is under way or was killed: some may be
                missing.
        Cost: reads the keys of all records of the model, and a SCAN of the server's keys.
        """
        return lambda: [dict(one.partition) for one in partitions_in(self, at)]

    async_partitions = asynchronous(partitions)
