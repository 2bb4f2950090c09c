"""What the three fields share: options, the model they belong to, pks and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from pathlib import PurePath
from typing import Any, TypeVar, overload
from uuid import UUID

import popoto
from popoto.fields.key_field_mixin import VALID_KEYFIELD_TYPES
from popoto.models.base import Model
from popoto.models.canonical_key import canonical_key_str
from popoto.models.db_key import DB_key
from popoto.redis_db import get_REDIS_DB

from ..engine import Commands, queue, run
from ..errors import ArgumentError, ArgumentTypeError, FieldNotOnModelError, OptionError
from ..structures.text import utf8
from ._reindex import watch_reindex
from ._saving import watch_saves
from ._scope import Scope

Self = TypeVar("Self", bound="RecallField")

_SCALARS = (*VALID_KEYFIELD_TYPES, Real, UUID, PurePath)
"""What a pk may be beside a record and its key: values of Popoto's KeyFields, plain names."""

_TAKEN = frozenset({"field_name"})
"""Names that no partition can have."""


class RecallField:
    """Base of the three fields, beside the Popoto field that each takes the place of.

    The fields store no value on a record: class access returns the field, instance access
    None. All their data lives under keys of their own.
    """

    name: str
    families: tuple[str, ...] = ()
    """How the keys begin that tell which partitions there are."""

    partition_by: tuple[str, ...] = ()
    _model: type[Model] | None = None
    _at: Scope | None = None
    """The one partition that this is the field in, if `at` gave it."""

    _view_of: Any = None
    """The field that `at` gave this for."""

    @overload
    def __get__(self: Self, instance: None, owner: type[Model]) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type[Model]) -> None: ...
    def __get__(self: Self, instance: Model | None, owner: type[Model]) -> Self | None:
        if instance is not None:
            return None
        if self._model is not None and "_meta" in vars(owner):
            self.check_on(owner)
        return self

    def _init_partition(self, partition_by: str | Iterable[str] | None) -> None:
        if partition_by is None:
            return
        names = (partition_by,) if isinstance(partition_by, str) else partition_by
        names = tuple(names) if isinstance(names, Iterable) else (names,)
        for name in names:
            if not isinstance(name, str) or names.count(name) > 1:
                raise OptionError(f"partition_by names KeyFields, each once, not {partition_by!r}")
            if name in _TAKEN:
                raise OptionError(
                    f"partition_by={name!r} is also a parameter of at(): rename the field"
                )
        self.partition_by = names

    def _init_popoto(self, type: object, null: object, default: object) -> None:
        """Set what Popoto reads of every field; only its usual values make sense here."""
        for option, value, usual in (
            ("type", type, str),
            ("null", null, True),
            ("default", default, None),
        ):
            if value is not usual:
                raise OptionError(
                    f"{option}={value!r} has no meaning: {self.__class__.__name__} stores no value"
                )
        popoto.Field.__init__(self, type=str, null=True, default=None)  # type: ignore[arg-type]

    def _bind_owner(self, model: type[Model]) -> None:
        """Called by Popoto when the model class is made."""
        self._check_unshared(model)
        for name in self.partition_by:
            if name not in model._meta.key_field_names:
                raise OptionError(
                    f"partition_by={name!r} of {model.__name__}.{self.name} is not a KeyField"
                )
            if name in model._meta.auto_field_names:
                raise OptionError(
                    f"partition_by={name!r} of {model.__name__}.{self.name} is an AutoKeyField: "
                    "Popoto keeps no set of the records with a value of it"
                )
        self._model = model
        watch_saves(model)
        watch_reindex(model)

    def _check_unshared(self, model: type[Model]) -> None:
        """Refuse a field object that has a place already; a copy of a field has none yet."""
        earlier = _names_of_field(self, self._model) if self._model is not model else []
        places = [*earlier, *_names_of_field(self, model)]
        if len(places) < 2:
            return
        if earlier:
            self.name = earlier[0].rpartition(".")[2]  # Popoto has given it the later name
        raise OptionError(
            f"one field object cannot be both {places[0]} and {places[1]}: declare a field for each"
        )

    @property
    def owner(self) -> type[Model]:
        """The model that declares this field."""
        if self._model is None:
            raise FieldNotOnModelError(f"this {type(self).__name__} is not declared on a model yet")
        return self._model

    def check_on(self, model: type[Model]) -> None:
        """Raise unless the model declares this very field."""
        declared = self if self._view_of is None else self._view_of
        if model is not self.owner and model._meta.fields.get(self.name) is not declared:
            raise FieldNotOnModelError(
                f"{model.__name__} has no field {self.name!r} of its own: Popoto does not inherit "
                f"fields, declare it on {model.__name__} too"
            )


def _names_of_field(field: RecallField, model: type[Model] | None) -> list[str]:
    """Where a model declares this very field, as ``Model.name``."""
    if model is None:
        return []
    return [
        f"{model.__name__}.{name}" for name, other in model._meta.fields.items() if other is field
    ]


def as_pk(value: object) -> str:
    """The pk that a record, its `db_key` or a scalar stands for.

    Raises:
        ArgumentError: None, a bool, NaN, empty, or not encodable as UTF-8.
        ArgumentTypeError: Not a scalar.
    """
    if type(value) is str and value and value.isascii():
        return value  # by far the most frequent
    if isinstance(value, (str, bytes)):
        text = as_text(value, "pk")
    elif isinstance(value, Model):
        text = value.db_key.redis_key
    elif isinstance(value, DB_key):
        text = as_text(value.redis_key, "pk")
    elif value is None or isinstance(value, bool):
        raise ArgumentError(f"{value!r} is no pk")
    elif isinstance(value, _SCALARS):
        text = as_text(_scalar_text(value), "pk")
    else:
        raise ArgumentTypeError(f"a pk is a record or a scalar, not a {type(value).__name__}")
    if not text:
        raise ArgumentError("a pk is not empty")
    return text


def _scalar_text(value: object) -> str:
    """A scalar as Popoto writes it into a key, so that a key's bare value names its record."""
    try:
        text = canonical_key_str(value)
    except (OverflowError, ValueError) as error:  # too many digits, a moment beyond year 9999
        raise ArgumentError(f"this {type(value).__name__} is no pk: {error}") from error
    if isinstance(value, (Real, Decimal)) and "nan" in text.lower():
        raise ArgumentError("NaN is no pk")
    return text


def as_text(value: object, what: str) -> str:
    """A scalar as text that UTF-8 can encode; a string that is also an Enum, as its value."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise ArgumentError(f"{what} {value!r:.80} is not UTF-8") from error
    text = str.__str__(value) if isinstance(value, str) else str(value)
    if not text.isascii():
        utf8(text, what)
    return text


def as_number(name: str, value: object) -> float:
    """A real number, never NaN.

    Raises:
        ArgumentTypeError: Not a number.
        ArgumentError: NaN, or beyond what a float holds.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentTypeError(f"{name} is a number, not {value!r}")
    try:
        number = float(value)
    except OverflowError:
        raise ArgumentError(f"{name} is too large") from None
    if math.isnan(number):
        raise ArgumentError(f"{name} is NaN")
    return number


def as_count(name: str, value: object, least: int = 1) -> int:
    """A whole number that is not below ``least``.

    Raises:
        ArgumentError: Anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ArgumentError(f"{name} is a whole number >= {least}, not {value!r}")
    return value


def count_option(name: str, value: object, least: int = 1) -> int:
    """A whole number that is not below ``least``, where a field is declared.

    Raises:
        OptionError: Anything else.
    """
    try:
        return as_count(name, value, least)
    except ArgumentError as error:
        raise OptionError(str(error)) from None


def run_or_queue(pipeline: Any, commands: Commands[Any]) -> Any:
    """Carry out what a hook has to do, in the pipeline if Popoto gives one; that is handed back."""
    if pipeline is None:
        run(get_REDIS_DB(), commands)
    else:
        queue(pipeline, commands)
    return pipeline
