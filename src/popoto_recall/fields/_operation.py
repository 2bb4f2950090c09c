"""Three ways to call one operation, and its async twin.

An operation is a method of a field that describes what to do: it takes the scope and its own
arguments and returns a `Command`. `read` and `write` make it callable on the class of the
field, on the field with the model first, and on the field alone; `asynchronous` gives the twin.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from functools import cached_property, update_wrapper
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeGuard,
    TypeVar,
    overload,
)

from popoto.models.base import Model, ModelBase
from popoto.redis_db import get_REDIS_DB

from ..engine import Command, Commands, Described, Steps, queue, run
from ..errors import ArgumentError, ArgumentTypeError
from ._calls import ModelRef as ModelRef
from ._calls import ReadOnClass, ReadOnField, WriteOnClass, WriteOnField
from ._scope import Scope, scope_of_call

if TYPE_CHECKING:
    from ._base import RecallField

P = ParamSpec("P")
R = TypeVar("R")
Q = TypeVar("Q")


class Operation:
    """A described operation, as an attribute of a field class."""

    def __init__(
        self, describe: Callable[..., Any], *, writes: bool, asynchronous: bool = False
    ) -> None:
        self.describe = describe
        self.writes = writes
        self.asynchronous = asynchronous
        update_wrapper(self, describe)  # type: ignore[arg-type]

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name

    @cached_property
    def required(self) -> list[str]:
        """Names of the arguments that have no default, without the field and the scope."""
        _, _, *parameters = inspect.signature(self.describe).parameters.values()
        return [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the arguments, without the field and the scope."""
        _, _, *names = inspect.signature(self.describe).parameters
        return frozenset(names) - {"partition"}

    def filled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether these arguments leave no required one open."""
        return all(name in kwargs for name in self.required[len(args) :])


class Bound:
    """An operation on its way to being called."""

    def __init__(
        self, operation: Operation, field: RecallField | None, owner: type[RecallField]
    ) -> None:
        self.operation = operation
        self.field = field
        self.owner = owner
        self.__doc__ = operation.__doc__
        self.__name__ = operation.__name__

    def __repr__(self) -> str:
        return f"<{self.owner.__name__}.{self.__name__}{self.__signature__}>"

    @property
    def __signature__(self) -> inspect.Signature:
        _, _, *own = inspect.signature(self.operation.describe).parameters.values()
        if own and own[-1].kind is inspect.Parameter.VAR_KEYWORD:
            own.pop()
        extra = [inspect.Parameter("pipeline", inspect.Parameter.KEYWORD_ONLY, default=None)]
        if self.field is None:
            own.insert(0, inspect.Parameter("model", inspect.Parameter.POSITIONAL_ONLY))
            extra.append(
                inspect.Parameter("field_name", inspect.Parameter.KEYWORD_ONLY, default=None)
            )
        return inspect.Signature([*own, *extra[not self.operation.writes :]])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.operation.asynchronous:
            return asyncio.to_thread(self._carry_out, args, kwargs)
        return self._carry_out(args, kwargs)

    def _carry_out(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        pipeline = self._pipeline(kwargs) if kwargs else None
        given = args
        field, model, args = self._resolve(args, kwargs)
        named = self._named(field, kwargs) if kwargs else kwargs
        at = scope_of_call(field.partition_by, model, named, (*given, *kwargs.values()))
        described = self.operation.describe(field, at, *args, **kwargs)
        if pipeline is not None:
            return queue(pipeline, described)
        if isinstance(described, (Command, Commands, Steps)):
            return run(get_REDIS_DB(), described)
        return described  # a procedure, and its result

    def _named(self, field: RecallField, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Take the values that name the partition out of the keywords."""
        named = {name: kwargs.pop(name) for name in field.partition_by if name in kwargs}
        for name in kwargs:
            if name not in self.operation.parameters:
                raise ArgumentTypeError(
                    f"{self.__name__}() got an unexpected keyword argument {name!r}"
                )
        return named

    def _pipeline(self, kwargs: dict[str, Any]) -> Any:
        if "pipeline" in kwargs and not self.operation.writes:
            raise ArgumentTypeError(f"{self.__name__}() cannot be queued, it takes no pipeline=")
        return kwargs.pop("pipeline", None)

    def _resolve(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[RecallField, type[Model], tuple[Any, ...]]:
        if self.field is None:
            if not args or not _is_model(args[0]):
                raise ArgumentTypeError(
                    f"{self.owner.__name__}.{self.__name__}() takes a model first"
                )
            model = model_of(args[0])
            field = pick_field(self.owner, model, kwargs.pop("field_name", None))
            return field, model, args[1:]
        if self._names_model(args, kwargs):
            model, args = model_of(args[0]), args[1:]
        else:
            model = self.field.owner
        self.field.check_on(model)
        return self.field, model, args

    def _names_model(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the first argument is the model: a class always is, an instance when the
        arguments after it are enough without it."""
        if not args or not isinstance(args[0], Model):
            return bool(args) and isinstance(args[0], ModelBase)
        stands_for_model = self.operation.filled(args[1:], kwargs)
        if stands_for_model:
            self._check_no_number(args[1:])
        return stands_for_model

    def _check_no_number(self, args: tuple[Any, ...]) -> None:
        """``link(a, b, 0.3)`` has as many arguments as ``link(model, source, target)``, so it would
        be that, with the weight for a pk. Nobody means it."""
        last = len(self.operation.required) - 1
        if 0 <= last < len(args) and isinstance(args[last], (int, float)):
            raise ArgumentError(
                f"{self.__name__}() with this many arguments takes the record first for its model, "
                f"and so {args[last]!r} for {self.operation.required[last]}: name optional "
                "arguments, or pass the model itself"
            )


def _is_model(value: object) -> TypeGuard[ModelRef]:
    return isinstance(value, (Model, ModelBase))


def model_of(model: ModelRef) -> type[Model]:
    """The model class that a class or an instance stands for."""
    return model if isinstance(model, ModelBase) else type(model)


def pick_field(kind: type[RecallField], model: type[Model], name: str | None) -> RecallField:
    """The model's field of a kind; ``name`` picks one of several.

    Raises:
        ArgumentError: The model has none, has several and no name picks one, or has none so named.
    """
    fields = {key: field for key, field in model._meta.fields.items() if isinstance(field, kind)}
    if name is None and len(fields) == 1:
        return next(iter(fields.values()))
    if name in fields:
        return fields[name]
    there = ", ".join(fields) or "none; Popoto does not inherit fields"
    wanted = "needs field_name= to pick one" if name is None else f"has no field {name!r}"
    raise ArgumentError(f"{kind.__name__} on {model.__name__} {wanted} (it has: {there})")


class Read(Operation, Generic[P, R]):
    """An operation that only reads."""

    @overload
    def __get__(self, field: None, owner: type[RecallField]) -> ReadOnClass[P, R]: ...
    @overload
    def __get__(self, field: RecallField, owner: type[RecallField]) -> ReadOnField[P, R]: ...
    def __get__(self, field: RecallField | None, owner: type[RecallField]) -> Any:
        return Bound(self, field, owner)


class Write(Operation, Generic[P, R, Q]):
    """An operation that writes, and can be queued."""

    @overload
    def __get__(self, field: None, owner: type[RecallField]) -> WriteOnClass[P, R, Q]: ...
    @overload
    def __get__(self, field: RecallField, owner: type[RecallField]) -> WriteOnField[P, R, Q]: ...
    def __get__(self, field: RecallField | None, owner: type[RecallField]) -> Any:
        return Bound(self, field, owner)


def read(
    describe: Callable[Concatenate[Any, Scope, P], Described[R]],
) -> Read[P, R]:
    """Make a method that describes a read callable in all its ways."""
    return Read(describe, writes=False)


def procedure(carry_out: Callable[Concatenate[Any, Scope, P], R]) -> Read[P, R]:
    """Make a method that carries out several steps itself callable in all the ways of a read."""
    return Read(carry_out, writes=False)


def write(
    describe: Callable[Concatenate[Any, Scope, P], Described[R]],
) -> Write[P, R, None]:
    """Make a method that describes a write callable in all its ways."""
    return Write(describe, writes=True)


@overload
def asynchronous(operation: Read[P, R]) -> Read[P, Coroutine[Any, Any, R]]: ...
@overload
def asynchronous(
    operation: Write[P, R, Q],
) -> Write[P, Coroutine[Any, Any, R], Coroutine[Any, Any, Q]]: ...
def asynchronous(operation: Any) -> Any:
    """The twin that runs the same operation in a worker thread, as Popoto's own do."""
    return type(operation)(operation.describe, writes=operation.writes, asynchronous=True)
