"""Calls of scripts, described but not yet made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from .script import Script

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Command(Generic[T]):
    """A script with its keys and arguments, and how its reply reads.

    Building one does no I/O; `run` and `queue` carry it out.
    """

    script: Script
    keys: tuple[str, ...]
    args: tuple[str | bytes | int, ...]
    parse: Callable[[Any], T]


@dataclass(frozen=True, slots=True)
class Commands(Generic[T]):
    """One operation in as many calls as keep each of them short, and how the replies join."""

    calls: tuple[Command[Any], ...]
    join: Callable[[list[Any]], T]


@dataclass(frozen=True, slots=True)
class Steps(Generic[T]):
    """A read whose calls depend on earlier replies: each is yielded, and its reply sent in."""

    start: Callable[[], Generator[Command[Any], Any, T]]


Described: TypeAlias = "Command[T] | Commands[T] | Steps[T]"


def then(operation: Described[T], change: Callable[[T], U]) -> Described[U]:
    """The same operation, with something made of its result."""
    if isinstance(operation, Steps):
        start = operation.start

        def steps() -> Generator[Command[Any], Any, U]:
            return change((yield from start()))

        return Steps(steps)
    if isinstance(operation, Commands):
        join = operation.join
        return Commands(operation.calls, lambda replies: change(join(replies)))
    parse = operation.parse
    return Command(
        operation.script, operation.keys, operation.args, lambda reply: change(parse(reply))
    )


def steps_of(operation: Described[T]) -> Generator[Command[Any], Any, T]:
    """An operation as the calls that it yields, the reply to each of which is sent in."""
    if isinstance(operation, Steps):
        return (yield from operation.start())
    if isinstance(operation, Command):
        reply: T = yield operation
        return reply
    replies = []
    for command in operation.calls:
        replies.append((yield command))  # noqa: PERF401  no yield in a comprehension
    return operation.join(replies)


def merged(commands: Iterable[Command[Any]]) -> list[Command[Any]]:
    """The same commands, those of one script in a single call where the script can take them.

    Such a script reads its keys and arguments in groups, one after the other.
    """
    found: dict[str, Command[Any]] = {}
    others = []
    for command in commands:
        script = command.script
        first = found.get(script.name)
        if not script.joins:
            others.append(command)
        elif first is None:
            found[script.name] = command
        else:
            both = first.script.with_libraries(script.libraries)
            keys, args = first.keys + command.keys, first.args + command.args
            found[script.name] = Command(both, keys, args, first.parse)
    return [*found.values(), *others]
