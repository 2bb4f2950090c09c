"""Three ways to call one operation, and its async twin.

An operation is a method of a field that describes what to do: it takes the scope and its own
arguments and does no I/O. All decorators here make it callable on the class of the field, on the
field with the model first, and on the field alone. They differ in what the method returns:

=============  ==========================================================
`read`         a `Command` that only reads
`write`        a `Command` that can be queued
`procedure`    a function of no arguments that does several steps
`iteration`    an iterator of pages, which are the items in bounded parts
`builder`      the result itself, for which no I/O is needed
=============  ==========================================================

`asynchronous` gives the twin. `Bound` makes the call.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import cached_property, partial, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from ..engine import Described, run
from ._arguments import READERS, Given
from ._bound import Bound, items, items_later
from ._calls import ModelRef as ModelRef
from ._calls import ReadOnClass, ReadOnField, WriteOnClass, WriteOnField
from ._client import client, context_of_call
from ._scope import Scope

if TYPE_CHECKING:
    from ._base import RecallField

P = ParamSpec("P")
R = TypeVar("R")
Q = TypeVar("Q")
O = TypeVar("O", bound="Operation")  # noqa: E741

Steps: TypeAlias = Callable[[], R]
"""What carries out an operation that takes several steps."""

Pages: TypeAlias = Iterator[Iterable[R]]
"""The items of an iteration, in parts of bounded size, each read when it is asked for."""


class Operation:
    """A described operation, as an attribute of a field class.

    Attributes:
        describe: The method that describes it.
        asynchronous: Whether it is a twin.
        writes: Whether it can be queued in a pipeline.
        iterates: Whether it gives an iterator.
        every_partition: Whether a call that names no partition means each of them.
        any_partition: Whether a call may leave the partition open, or name it in part.
    """

    writes = False
    iterates = False
    every_partition = False
    any_partition = False

    def __init__(self, describe: Callable[..., Any], *, asynchronous: bool = False) -> None:
        self.describe = describe
        self.asynchronous = asynchronous
        update_wrapper(self, describe)  # type: ignore[arg-type]

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name

    def twin(self) -> Operation:
        """The same operation, carried out later in a worker thread."""
        twin = type(self)(self.describe, asynchronous=True)
        twin.every_partition = self.every_partition
        twin.any_partition = self.any_partition
        return twin

    def steps(self, described: Any) -> Steps[Any]:
        """What carries out what was described."""
        return partial(run, client(), described)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments, without the field and the scope."""
        _, _, *names = inspect.signature(self.describe).parameters
        return tuple(names)

    @cached_property
    def readers(self) -> list[tuple[int, Callable[..., Any]]]:
        """How the arguments that name records are read, by their positions."""
        names = enumerate(self.parameters)
        return [(position, READERS[name]) for position, name in names if name in READERS]

    def read_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], given: Given
    ) -> tuple[Any, ...]:
        """The arguments with all that names records as text, which is added to ``given`` too.

        In ``kwargs`` it takes the place of what was there.
        """
        found = list(args)
        for position, read in self.readers:
            if position < len(found):
                found[position] = read(found[position], given)
        for name in kwargs.keys() & READERS.keys():
            kwargs[name] = READERS[name](kwargs[name], given)
        return tuple(found)


class Read(Operation, Generic[P, R]):
    """An operation that only reads, or that cannot be queued."""

    @overload
    def __get__(self, field: None, owner: type[RecallField]) -> ReadOnClass[P, R]: ...
    @overload
    def __get__(self, field: RecallField, owner: type[RecallField]) -> ReadOnField[P, R]: ...
    def __get__(self, field: RecallField | None, owner: type[RecallField]) -> Any:
        return Bound(self, field, owner)


class Procedure(Read[P, R]):
    """An operation that takes several steps."""

    def steps(self, described: Any) -> Steps[Any]:
        found: Steps[Any] = described
        return found


class Builder(Read[P, R]):
    """An operation without I/O."""

    def steps(self, described: Any) -> Steps[Any]:
        return lambda: described


class Iteration(Operation, Generic[P, R]):
    """An operation whose result is read while it is iterated over."""

    iterates = True

    @overload
    def __get__(self, field: None, owner: type[RecallField]) -> ReadOnClass[P, Iterator[R]]: ...
    @overload
    def __get__(
        self, field: RecallField, owner: type[RecallField]
    ) -> ReadOnField[P, Iterator[R]]: ...
    def __get__(self, field: RecallField | None, owner: type[RecallField]) -> Any:
        return Bound(self, field, owner)

    def steps(self, described: Any) -> Steps[Any]:
        open_pages = items_later if self.asynchronous else items
        return partial(open_pages, context_of_call(), described)


class Write(Operation, Generic[P, R, Q]):
    """An operation that writes, and can be queued."""

    writes = True

    @overload
    def __get__(self, field: None, owner: type[RecallField]) -> WriteOnClass[P, R, Q]: ...
    @overload
    def __get__(self, field: RecallField, owner: type[RecallField]) -> WriteOnField[P, R, Q]: ...
    def __get__(self, field: RecallField | None, owner: type[RecallField]) -> Any:
        return Bound(self, field, owner)


def read(describe: Callable[Concatenate[Any, Scope, P], Described[R]]) -> Read[P, R]:
    """Make a method that describes a read callable in all its ways."""
    return Read(describe)


def procedure(describe: Callable[Concatenate[Any, Scope, P], Steps[R]]) -> Read[P, R]:
    """Make a method that describes several steps callable in all the ways of a read."""
    return Procedure(describe)


def builder(describe: Callable[Concatenate[Any, Scope, P], R]) -> Read[P, R]:
    """Make a method that needs no I/O callable in all the ways of a read."""
    return Builder(describe)


def iteration(describe: Callable[Concatenate[Any, Scope, P], Pages[R]]) -> Iteration[P, R]:
    """Make a method that returns pages callable in all the ways of a read, to give their items."""
    return Iteration(describe)


def write(describe: Callable[Concatenate[Any, Scope, P], Described[R]]) -> Write[P, R, None]:
    """Make a method that describes a write callable in all its ways."""
    return Write(describe)


def every_partition(operation: O) -> O:
    """Let a call that names no partition work on each of them, one after the other.

    The results are added up, and ``progress`` is told of all of them together. An operation that
    has a parameter ``all_partitions`` needs no such mark: it does so if that is true.
    """
    operation.every_partition = True
    return operation


def any_partition(operation: O) -> O:
    """Let a call leave the partition open; the scope then has what is named of it."""
    operation.any_partition = True
    return operation


@overload
def asynchronous(operation: Iteration[P, R]) -> Read[P, AsyncIterator[R]]: ...
@overload
def asynchronous(operation: Read[P, R]) -> Read[P, Coroutine[Any, Any, R]]: ...
@overload
def asynchronous(
    operation: Write[P, R, Q],
) -> Write[P, Coroutine[Any, Any, R], Coroutine[Any, Any, Q]]: ...
def asynchronous(operation: Any) -> Any:
    """The twin, whose I/O happens in a worker thread, as that of Popoto's own does."""
    return operation.twin()
