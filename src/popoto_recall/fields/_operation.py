"""Three ways to call one operation, and its async twin.

An operation is a method of a field that describes what to do: it takes the model and its own
arguments and returns a `Command`. `read` and `write` make it callable on the class of the
field, on the field with the model first, and on the field alone; `asynchronous` gives the twin.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from popoto.models.base import Model, ModelBase
from popoto.redis_db import get_REDIS_DB
from redis.client import Pipeline

from ..engine import Command, Commands, queue, run
from ..errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from ._base import RecallField

P = ParamSpec("P")
R = TypeVar("R")
Q = TypeVar("Q")

ModelRef: TypeAlias = "type[Model] | Model"
Described: TypeAlias = "Command[R] | Commands[R]"


class Operation:
    """A described operation, as an attribute of a field class."""

    def __init__(
        self, describe: Callable[..., Any], *, writes: bool, asynchronous: bool = False
    ) -> None:
        self.describe = describe
        self.writes = writes
        self.asynchronous = asynchronous
        update_wrapper(self, describe)

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name

    @cached_property
    def required(self) -> list[str]:
        """Names of the arguments that have no default, without the field and the model."""
        _, _, *parameters = inspect.signature(self.describe).parameters.values()
        return [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]

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

    @property
    def __signature__(self) -> inspect.Signature:
        _, model, *own = inspect.signature(self.operation.describe).parameters.values()
        extra = [inspect.Parameter("pipeline", inspect.Parameter.KEYWORD_ONLY, default=None)]
        if self.field is None:
            own.insert(0, model.replace(kind=inspect.Parameter.POSITIONAL_ONLY))
            extra.append(
                inspect.Parameter("field_name", inspect.Parameter.KEYWORD_ONLY, default=None)
            )
        return inspect.Signature([*own, *extra[not self.operation.writes :]])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.operation.asynchronous:
            return asyncio.to_thread(self._carry_out, args, kwargs)
        return self._carry_out(args, kwargs)

    def _carry_out(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        pipeline = self._pipeline(kwargs)
        field, model, args = self._resolve(args, kwargs)
        described = self.operation.describe(field, model, *args, **kwargs)
        if pipeline is not None:
            return queue(pipeline, described)
        return run(get_REDIS_DB(), described)

    def _pipeline(self, kwargs: dict[str, Any]) -> Any:
        if "pipeline" in kwargs and not self.operation.writes:
            raise ArgumentTypeError(f"{self.__name__}() only reads, it takes no pipeline=")
        return kwargs.pop("pipeline", None)

    def _resolve(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[RecallField, type[Model], tuple[Any, ...]]:
        if self.field is None:
            if not args or not isinstance(args[0], (Model, ModelBase)):
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
        return self.operation.filled(args[1:], kwargs)


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


class BoundRead(Bound, Generic[P, R]):
    """A read, as type checkers see it."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @overload
        def __call__(self, model: ModelRef, /, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @overload
        def __call__(
            self, model: ModelRef, /, *args: Any, field_name: str, **kwargs: Any
        ) -> R: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class BoundWrite(Bound, Generic[P, R, Q]):
    """A write, as type checkers see it: in a pipeline its result is Q."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @overload
        def __call__(self, model: ModelRef, /, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @overload
        def __call__(self, *args: Any, pipeline: Pipeline, **kwargs: Any) -> Q: ...
        @overload
        def __call__(
            self, model: ModelRef, /, *args: Any, field_name: str, **kwargs: Any
        ) -> R: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class Read(Operation, Generic[P, R]):
    """An operation that only reads."""

    def __get__(self, field: RecallField | None, owner: type[RecallField]) -> BoundRead[P, R]:
        return BoundRead(self, field, owner)


class Write(Operation, Generic[P, R, Q]):
    """An operation that writes, and can be queued."""

    def __get__(self, field: RecallField | None, owner: type[RecallField]) -> BoundWrite[P, R, Q]:
        return BoundWrite(self, field, owner)


def read(
    describe: Callable[Concatenate[Any, type[Model], P], Described[R]],
) -> Read[P, R]:
    """Make a method that describes a read callable in all its ways."""
    return Read(describe, writes=False)


def write(
    describe: Callable[Concatenate[Any, type[Model], P], Described[R]],
) -> Write[P, R, None]:
    """Make a method that describes a write callable in all its ways."""
    return Write(describe, writes=True)


@overload
def asynchronous(operation: Read[P, R]) -> Read[P, Awaitable[R]]: ...
@overload
def asynchronous(operation: Write[P, R, Q]) -> Write[P, Awaitable[R], Awaitable[Q]]: ...
def asynchronous(operation: Any) -> Any:
    """The twin that runs the same operation in a worker thread, as Popoto's own do."""
    return type(operation)(
        operation.describe, writes=operation.writes, asynchronous=True
    )
