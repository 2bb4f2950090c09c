"""Calls of scripts, described but not yet made."""

from __future__ import annotations

from collections.abc import Callable
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


Described: TypeAlias = "Command[T] | Commands[T]"


def then(operation: Described[T], change: Callable[[T], U]) -> Described[U]:
    """The same operation, with something made of its result."""
    if isinstance(operation, Commands):
        join = operation.join
        return Commands(operation.calls, lambda replies: change(join(replies)))
    parse = operation.parse
    return Command(
        operation.script, operation.keys, operation.args, lambda reply: change(parse(reply))
    )
