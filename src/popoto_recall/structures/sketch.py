"""A count-min sketch in one string.

Source: Cormode and Muthukrishnan (2005), "An improved data stream summary: the count-min
sketch and its applications".

``width`` and ``depth`` are a promise: with probability ``1 - e^-depth`` an estimate is over by
at most ``e * N / width``, N tokens counted. A row of c columns breaks that bound with
probability at most ``width / (e * c)``, and all rows of r must break it at once, so r rows of
``width * e^(depth / r - 1)`` columns keep the promise too. Fewer, wider rows cost less work per
token and estimate better on average, for at most 1.4 times as many counters. What the server's
allocator would leave unused behind them becomes columns too.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple, TypeVar

from ..engine import Command, Steps, load
from ..errors import IncompleteError
from ..refusals import incomplete
from .hashing import digests
from .text import decoded
from .tokens import distinct
from .value import STATE_BYTES, Plan, State, Value, beside

T = TypeVar("T")

COUNT = load("sketch_count", "value", "sketch", writes=False)
TOP = load("sketch_top", "keys", "value", writes=False)

COUNTER_BYTES = 4
MAX_COUNT = 2**32 - 1
MAX_BYTES = 64 * 1024 * 1024

_TOKENS_PER_CALL = 20_000
_COUNTERS_PER_CALL = 20_000
_MAX_ROWS = 16

_STRING_HEADER = 10
"""Bytes that the server adds to a string, at most."""


class Shape(NamedTuple):
    """Rows and columns that are stored."""

    rows: int
    columns: int


def shape(width: int, depth: int) -> Shape:
    """The cheapest stored shape that keeps the bound of ``width`` and ``depth``."""
    rows = depth if depth <= 4 else min(max(4, math.ceil(depth / 2)), _MAX_ROWS)
    return Shape(rows, math.ceil(width * math.exp(depth / rows - 1)))


@lru_cache(maxsize=1024)
def fitted(width: int, depth: int, head: int) -> Shape:
    """The same with as many columns as the memory holds that it takes anyway."""
    rows, columns = shape(width, depth)
    allocated = _allocated(head + rows * columns * COUNTER_BYTES + _STRING_HEADER)
    room = allocated - head - _STRING_HEADER
    return Shape(rows, max(columns, room // (rows * COUNTER_BYTES)))


def _allocated(size: int) -> int:
    """What jemalloc takes for so many bytes: there are four sizes between powers of two."""
    step = 1 << max(4, (size - 1).bit_length() - 3)
    return -(-size // step) * step


@dataclass(frozen=True)
class SketchInfo:
    """State of a `FrequencySketch`: what is stored, and beside it what the field declares.

    Attributes:
        key: Where it is stored.
        exists: Whether anything is stored there.
        complete: Whether it has counted every record.
        width: That it was made with.
        declared_width: Of the field; takes effect at the next `rebuild` or `clear`.
        depth: That it was made with.
        declared_depth: Of the field.
        top: Heavy hitters that it keeps.
        declared_top: Of the field.
        tokenizer: Name of the one that it was made with.
        declared_tokenizer: Of the field.
        items: Tokens counted, N of the bound.
        error_bound: Most that an estimate is over by, with probability ``1 - e^-depth``.
        rebuilding: Whether a rebuild was begun that has not ended.
        size: Bytes.
    """

    key: str
    exists: bool
    complete: bool
    width: int
    declared_width: int
    depth: int
    declared_depth: int
    top: int
    declared_top: int
    tokenizer: str
    declared_tokenizer: str
    items: int
    error_bound: float
    rebuilding: bool
    size: int


@dataclass(frozen=True)
class Sketch(Value):
    """One stored sketch and the options of its field."""

    kind: ClassVar[str] = "sketch"
    libraries: ClassVar[tuple[str, ...]] = ("sketch", "counts")

    width: int
    depth: int
    top: int

    @cached_property
    def plan(self) -> Plan:
        head = len(self.identity) + STATE_BYTES
        rows, columns = fitted(self.width, self.depth, head)
        text = f"{rows:02} {columns:012} {self.width:012} {self.depth:05} {self.top:05}"
        return Plan(head + rows * columns * COUNTER_BYTES, text)

    @property
    def _adders(self) -> tuple[str, ...]:
        return ("hitters", *self.libraries) if self.top else self.libraries

    @cached_property
    def beside(self) -> tuple[str, ...]:
        return beside(self.key, self.staging, "top")

    def texts(self, tokens: Sequence[bytes]) -> Sequence[bytes]:
        return tokens if self.top else ()

    def count(self, fingerprint: str) -> Steps[int]:
        """The least estimate among a fingerprint's tokens."""

        def steps() -> Generator[Command[Any], Any, int]:
            return min((yield from self._counted(self.tokenizer.tokens(fingerprint))))

        return Steps(steps)

    def count_many(self, fingerprints: Sequence[str]) -> Steps[dict[str, int]]:
        """n fingerprints -> dict of at most n, first-seen order."""
        wanted = distinct(fingerprints)
        batch = self.tokenizer.batch(wanted)

        def steps() -> Generator[Command[Any], Any, dict[str, int]]:
            counts = yield from self._counted(batch.tokens)
            return dict(zip(wanted, batch.regroup(iter(counts), min), strict=True))

        return Steps(steps)

    def heaviest(self, number: int) -> Steps[list[tuple[str, int]]]:
        """Tokens with the highest estimates, and these."""
        hitters = self.beside[0]
        command = Command(
            TOP,
            (self.key, hitters),
            (self.identity, number),
            lambda reply: None if reply in (b"?", "?") else _hitters(reply, hitters),
        )

        def steps() -> Generator[Command[Any], Any, list[tuple[str, int]]]:
            return (yield from self._read(command)) or []

        return Steps(steps)

    def info(self) -> Steps[SketchInfo]:
        """State of the stored sketch."""

        def steps() -> Generator[Command[Any], Any, SketchInfo]:
            state, complete = yield from self.answering().start()
            return self._info(state, complete)

        return Steps(steps)

    def _counted(self, tokens: Sequence[bytes]) -> Generator[Command[Any], Any, list[int]]:
        """An estimate per token, in as many calls as keep each of them short."""
        counts: list[int] = []
        most = _TOKENS_PER_CALL
        while len(counts) < len(tokens):
            part = tokens[len(counts) : len(counts) + most]
            found = yield from self._read(self._count(part))
            found = found or [0] * len(part)
            counts += found
            most = len(found)  # fewer than were sent if there are several rows
        return counts

    def _read(self, read: Command[T | None]) -> Generator[Command[Any], Any, T | None]:
        """What a read finds, None if there is neither a sketch nor a record to be counted."""
        reply, no_records = yield from self.found(read)
        if reply is None and not no_records:
            raise IncompleteError(incomplete(self.key))
        return reply

    def _count(self, tokens: Sequence[bytes]) -> Command[list[int] | None]:
        args = (self.identity, _COUNTERS_PER_CALL, digests(tokens))
        return Command(COUNT, (self.key,), args, _counts)

    def _info(self, state: State | None, complete: bool) -> SketchInfo:
        found = state or State(self.tokenizer.name, complete, 0, False, 0, (), ())
        _, _, width, depth, top = map(int, found.plan or self.plan.text.split())
        return SketchInfo(
            key=self.key,
            exists=state is not None,
            complete=complete,
            width=width,
            declared_width=self.width,
            depth=depth,
            declared_depth=self.depth,
            top=top,
            declared_top=self.top,
            tokenizer=found.tokenizer,
            declared_tokenizer=self.tokenizer.name,
            items=found.items,
            error_bound=math.e * found.items / width,
            rebuilding=found.rebuilding,
            size=found.size,
        )


def _counts(reply: bytes | str) -> list[int] | None:
    text = decoded(reply)
    return None if text == "?" else [int(count) for count in text.split(",")]


def _hitters(reply: Sequence[bytes | str], where: str) -> list[tuple[str, int]]:
    items = iter(reply)
    return [
        (decoded(token, where), int(float(count)))
        for token, count in zip(items, items, strict=True)
    ]
