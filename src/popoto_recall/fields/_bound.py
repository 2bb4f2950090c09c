"""One call of an operation: what it means is found out at once, what it does may come later."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from popoto.models.base import Model, ModelBase

from ..engine import queue
from ..errors import ArgumentError, ArgumentTypeError
from ._arguments import Given
from ._client import context_of_call
from ._every import in_every_partition
from ._scope import Scope, scope_of_call, whole

if TYPE_CHECKING:
    from ._base import RecallField
    from ._operation import Operation


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
        extra = [inspect.Parameter("pipeline", inspect.Parameter.KEYWORD_ONLY, default=None)]
        if self.field is None:
            own.insert(0, inspect.Parameter("model", inspect.Parameter.POSITIONAL_ONLY))
            extra.append(
                inspect.Parameter("field_name", inspect.Parameter.KEYWORD_ONLY, default=None)
            )
        return inspect.Signature([*own, *extra[not self.operation.writes :]])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.operation.asynchronous:
            return self._later(args, kwargs)
        return self._prepared(args, kwargs)()

    def _later(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What to await: all is read now, and what was wrong with it is raised when it is awaited,
        as by any coroutine."""
        queued = kwargs.get("pipeline") is not None
        context = context_of_call()
        try:
            steps = context.run(self._prepared, args, kwargs)
        except Exception as error:
            return _failing_items(error) if self.operation.iterates else _failing(error)
        if self.operation.iterates:
            return steps()
        return _at_once(steps) if queued else asyncio.to_thread(context.run, steps)

    def _prepared(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any]:
        """What carries the call out; nothing is sent before."""
        operation = self.operation
        pipeline = self._pipeline(kwargs) if kwargs else None
        field, model, args = self._resolve(args, kwargs)
        if kwargs:
            self._check_keywords(field, kwargs)
        given: Given = []
        if operation.readers:
            args = operation.read_arguments(args, kwargs, given)
        scope = whole(model)
        if names := field.partition_by:
            scope = scope_of_call(names, model, field._at, given)
            if self._means_every(names, scope, kwargs):
                if pipeline is not None:
                    raise ArgumentTypeError(f"{self.__name__}() of all partitions cannot be queued")
                return in_every_partition(operation, field, scope, args, kwargs)
        described = operation.describe(field, scope, *args, **kwargs)
        if pipeline is not None:
            return partial(queue, pipeline, described)
        return operation.steps(described)

    def _means_every(self, names: tuple[str, ...], scope: Scope, kwargs: dict[str, Any]) -> bool:
        """Whether the call means each partition that agrees with what it names.

        Raises:
            ArgumentError: It leaves the partition open, or names it and wants all.
        """
        operation, is_open = self.operation, len(scope.partition) < len(names)
        if not is_open:
            if kwargs.get("all_partitions"):
                raise ArgumentError(
                    f"{self.__name__}(all_partitions=True) is called where one partition is "
                    f"named: {dict(scope.partition)}"
                )
            return False
        if operation.any_partition:
            return False
        if operation.every_partition or kwargs.get("all_partitions"):
            return True
        values = "=..., ".join(name for name in names if name not in scope.names()) + "=..."
        for_all = ", pass all_partitions=True" * ("all_partitions" in operation.parameters)
        raise ArgumentError(
            f"no partition named: call at({values}).{self.__name__}(), pass a record{for_all}, or "
            f"call it inside popoto_recall.partition({values})"
        )

    def _check_keywords(self, field: RecallField, kwargs: dict[str, Any]) -> None:
        for name in kwargs:
            if name not in self.operation.parameters:
                hint = (
                    f"; name the partition by {field.name}.at({name}=...).{self.__name__}()"
                    if name in field.partition_by
                    else ""
                )
                raise ArgumentTypeError(
                    f"{self.__name__}() got an unexpected keyword argument {name!r}{hint}"
                )

    def _pipeline(self, kwargs: dict[str, Any]) -> Any:
        if "pipeline" in kwargs and not self.operation.writes:
            raise ArgumentTypeError(f"{self.__name__}() cannot be queued, it takes no pipeline=")
        return kwargs.pop("pipeline", None)

    def _resolve(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[RecallField, type[Model], tuple[Any, ...]]:
        """The field and the model of the call, and the arguments that are left."""
        model: Any = args[0] if args and isinstance(args[0], ModelBase) else None
        if self.field is None:
            if model is None:
                raise ArgumentTypeError(
                    f"{self.owner.__name__}.{self.__name__}() takes a model class first"
                )
            field = pick_field(self.owner, model, kwargs.pop("field_name", None))
            return field, model, args[1:]
        if model is None:
            return self.field, self.field.owner, args
        self.field.check_on(model)
        return self.field, model, args[1:]


def pick_field(kind: type[Any], model: type[Model], name: str | None) -> Any:
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


def items(context: Context, pages: Iterator[Iterable[Any]]) -> Iterator[Any]:
    """The items of some pages, each of which is read in ``context``."""
    turn = partial(next, pages, None)
    while (page := context.run(turn)) is not None:
        yield from page


async def items_later(context: Context, pages: Iterator[Iterable[Any]]) -> AsyncIterator[Any]:
    """As `items`, with each page read in a worker thread."""
    turn = partial(next, pages, None)
    while (page := await asyncio.to_thread(context.run, turn)) is not None:
        for item in page:
            yield item


async def _at_once(steps: Callable[[], Any]) -> Any:
    """For what does no I/O: a pipeline is not filled from several threads."""
    return steps()


async def _failing(error: Exception) -> NoReturn:
    raise error


async def _failing_items(error: Exception) -> AsyncIterator[Any]:
    raise error
    yield
