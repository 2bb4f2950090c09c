"""What a filter and a sketch have in common: one self-describing value, and how it is rebuilt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ..engine import Command, Commands, load
from .stamp import as_expected, stamp
from .text import decoded
from .tokens import Tokenizer

CLEAR = load("value_clear", "state", "stamp")
STAGE = load("value_stage", "keys", "state", "stamp")
SWAP = load("value_swap", "state", "stamp")


class Staged(NamedTuple):
    """Where a rebuild stands."""

    last: str
    done: int
    items: int
    size: int


@dataclass(frozen=True)
class Stored(ABC):
    """One stored value.

    Attributes:
        key: Where it is stored.
        records: Keys of the sets whose common members are the records it should have seen.
        partition_by: Names of the fields whose values the partition's key holds.
        tokenizer: How fingerprints become tokens.
    """

    key: str
    records: tuple[str, ...]
    partition_by: tuple[str, ...]
    tokenizer: Tokenizer

    @cached_property
    @abstractmethod
    def stamp(self) -> bytes:
        """The line that the value begins with."""

    def stamped(self, kind: str, **options: object) -> bytes:
        """A stamp with some options and, of a partition, the names that its key does not tell."""
        if self.partition_by:
            options["partition_by"] = ",".join(self.partition_by)
        return stamp(kind, 1, **options)

    @cached_property
    @abstractmethod
    def size(self) -> int:
        """Bytes of a new value."""

    @cached_property
    def as_expected(self) -> tuple[bytes, bytes, int, int]:
        """What scripts know a good value of `size` bytes by."""
        return as_expected(self.stamp, self.size)

    @abstractmethod
    def add(self, fingerprint: str, *, own: str = "") -> Commands[None]:
        """Add a fingerprint's tokens; ``own`` is the key of the record being saved."""

    @abstractmethod
    def fill(self, owner: str, fingerprints: Sequence[str], last: str, done: int) -> Commands[int]:
        """Add the tokens of some stored records to the staged value; its items then.

        ``last`` is the key of the last of these records, ``done`` how many are done with them.
        """

    @abstractmethod
    def outgrown(self, items: int, size: int) -> int:
        """Bytes that so many items need instead of ``size``; 0 if they fit."""

    @property
    def staging(self) -> str:
        """Where a rebuild fills the value that will take this one's place."""
        return f"{self.key}:staging"

    @property
    def progress(self) -> str:
        """Where a rebuild keeps how far it is."""
        return f"{self.key}:progress"

    @property
    def beside(self) -> tuple[str, ...]:
        """Keys of what belongs to the value and, last, to the staged one; none or two."""
        return ()

    def clear(self) -> Command[None]:
        """Put an empty, complete value in its place."""
        keys = (self.key, self.staging, self.progress, *self.beside)
        return Command(CLEAR, keys, (self.stamp, self.size), _nothing)

    def stage(self, owner: str, size: int, *, afresh: bool) -> Command[Staged]:
        """Begin a rebuild, or go on with one that ended early."""
        args = (self.stamp, size, owner, int(afresh))
        return Command(STAGE, (self.staging, self.progress, *self.beside[1:]), args, self._staged)

    def swap(self, owner: str) -> Command[None]:
        """End a rebuild: the staged value takes this one's place."""
        keys = (self.key, self.staging, self.progress, *self.beside)
        return Command(SWAP, keys, (self.stamp, owner), _nothing)

    def _staged(self, reply: Sequence[Any]) -> Staged:
        last, *numbers = reply
        return Staged(decoded(last, self.progress), *map(int, numbers))


def at_end(parts: Sequence[object], last: str) -> list[str]:
    """For each of the calls that share a step, the record it is done with: only the last one's."""
    return [""] * (len(parts) - 1) + [last]


def _nothing(_: Any) -> None:
    return None
