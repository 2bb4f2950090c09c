"""A count-min sketch in one string.

Source: Cormode and Muthukrishnan (2005), "An improved data stream summary: the count-min
sketch and its applications".

``width`` and ``depth`` are a promise: with probability ``1 - e^-depth`` an estimate is over by
at most ``e * N / width``, N tokens counted. A row of c columns breaks that bound with
probability at most ``width / (e * c)``, and all rows of r must break it at once, so r rows of
``width * e^(depth / r - 1)`` columns keep the promise too. Fewer, wider rows cost less work per
token and estimate better on average, for at most 1.4 times as many counters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, cycle
from struct import unpack
from typing import NamedTuple

from ..engine import Command, Commands, load
from .hashing import MAX_DIGEST, digests
from .stamp import STATE_BYTES
from .stored import Stored, at_end
from .text import decoded
from .tokens import chunks, distinct

ADD = load("sketch_add", "state", "sketch", "keys", "stamp")
COUNT = load("sketch_count", "state", "stamp", writes=False)
INFO = load("sketch_info", "state", "stamp", writes=False)
FILL = load("sketch_fill", "keys", "state", "stamp", "sketch")
TOP = load("sketch_top", "keys", "state", "stamp", writes=False)

COUNTER_BYTES = 4
MAX_COUNT = 2**32 - 1
MAX_BYTES = 64 * 1024 * 1024

_INDEX_BYTES = 4
_COUNTERS_PER_CALL = 20_000
_MAX_ROWS = MAX_DIGEST // _INDEX_BYTES


class Shape(NamedTuple):
    """Rows and columns that are stored."""

    rows: int
    columns: int


def shape(width: int, depth: int) -> Shape:
    """The cheapest stored shape that keeps the bound of ``width`` and ``depth``."""
    rows = depth if depth <= 4 else min(max(4, math.ceil(depth / 2)), _MAX_ROWS)
    return Shape(rows, math.ceil(width * math.exp(depth / rows - 1)))


@dataclass(frozen=True)
class SketchInfo:
    """State of a `FrequencySketch`.

    Attributes:
        key: Where it is stored.
        exists: Whether anything is stored there.
        complete: Whether it has counted every record.
        width: As declared.
        depth: As declared.
        items: Tokens counted, N of the bound.
        error_bound: Most that an estimate is over by, with probability ``1 - e^-depth``.
        size: Bytes.
    """

    key: str
    exists: bool
    complete: bool
    width: int
    depth: int
    items: int
    error_bound: float
    size: int


@dataclass(frozen=True)
class Sketch(Stored):
    """One stored sketch and its options."""

    width: int
    depth: int
    top: int

    @cached_property
    def shape(self) -> Shape:
        """Rows and columns."""
        return shape(self.width, self.depth)

    @cached_property
    def stamp(self) -> bytes:
        rows, columns = self.shape
        return self.stamped(
            "recall-sketch",
            width=self.width,
            depth=self.depth,
            tokenizer=self.tokenizer.name,
            rows=rows,
            columns=columns,
            top=self.top,
        )

    @cached_property
    def size(self) -> int:
        rows, columns = self.shape
        return len(self.stamp) + STATE_BYTES + rows * columns * COUNTER_BYTES

    def add(self, fingerprint: str, *, by: int = 1, own: str = "") -> Commands[None]:
        keys = (self.key, self.staging, self.progress, *self.beside, *self.records)
        calls = [
            Command(
                ADD,
                keys,
                (*self.as_expected, own, by, *self._counted(part)),
                int,
            )
            for part in self._parts(self.tokenizer.tokens(fingerprint))
        ]
        return Commands(tuple(calls), lambda _: None)

    def fill(self, owner: str, fingerprints: Sequence[str], last: str, done: int) -> Commands[int]:
        parts = self._parts(self.tokenizer.batch(fingerprints).tokens)
        calls = [
            Command(
                FILL,
                (self.staging, self.progress, self.beside[1]),
                (self.stamp, owner, reached, done, *self._counted(part)),
                int,
            )
            for part, reached in zip(parts, at_end(parts, last), strict=True)
        ]
        return Commands(tuple(calls), lambda replies: int(replies[-1]))

    @property
    def beside(self) -> tuple[str, ...]:
        return (f"{self.key}:top", f"{self.staging}:top")

    def outgrown(self, items: int, size: int) -> int:
        return 0

    def count(self, fingerprint: str) -> Commands[int]:
        """The least estimate among a fingerprint's tokens."""
        tokens = self.tokenizer.tokens(fingerprint)
        return Commands(
            tuple(self._count(part) for part in self._parts(tokens)),
            lambda replies: min(chain.from_iterable(replies)),
        )

    def count_many(self, fingerprints: Sequence[str]) -> Commands[dict[str, int]]:
        """n fingerprints -> dict of at most n, first-seen order."""
        wanted = distinct(fingerprints)
        batch = self.tokenizer.batch(wanted)

        def join(replies: list[list[int]]) -> dict[str, int]:
            counts = chain.from_iterable(replies)
            return dict(zip(wanted, batch.regroup(counts, min), strict=True))

        parts = self._parts(batch.tokens)
        return Commands(tuple(self._count(part) for part in parts), join)

    def info(self) -> Command[SketchInfo]:
        """State of the stored sketch."""
        return Command(INFO, (self.key, *self.records), (self.stamp,), self._info)

    def heaviest(self, number: int) -> Command[list[tuple[str, int]]]:
        """Tokens with the highest estimates, and these."""
        keys = (self.key, self.beside[0], *self.records)
        return Command(
            TOP, keys, (self.stamp, number), lambda reply: _hitters(reply, self.beside[0])
        )

    def _parts(self, tokens: Sequence[bytes]) -> list[Sequence[bytes]]:
        return chunks(tokens, _COUNTERS_PER_CALL // self.shape.rows)

    def _counted(self, tokens: Sequence[bytes]) -> tuple[int | bytes, ...]:
        """Heavy hitters to keep, rows, number of counters, these, and what may be a hitter."""
        cells = self._cells(tokens)
        return (self.top, self.shape.rows, len(cells), *cells, *(tokens if self.top else ()))

    def _cells(self, tokens: Sequence[bytes]) -> list[bytes]:
        """The counters of tokens, as BITFIELD names them.

        To make these texts in Lua would take the server twice as long as counting does.
        """
        columns = self.shape.columns
        places = unpack(f">{self.shape.rows * len(tokens)}I", self._digests(tokens))
        pairs = zip(cycle(self._rows), places, strict=False)
        return [b"#%d" % (row + place % columns) for row, place in pairs]

    @cached_property
    def _rows(self) -> list[int]:
        """Where the rows begin, in counters."""
        rows, columns = self.shape
        head = (len(self.stamp) + STATE_BYTES) // COUNTER_BYTES
        return [head + row * columns for row in range(rows)]

    def _digests(self, tokens: Sequence[bytes]) -> bytes:
        return digests(tokens, _INDEX_BYTES * self.shape.rows)

    def _count(self, tokens: Sequence[bytes]) -> Command[list[int]]:
        args = (*self.as_expected, *self.shape, self._digests(tokens))
        return Command(COUNT, (self.key, *self.records), args, _counts)

    def _info(self, reply: Sequence[int]) -> SketchInfo:
        complete, items, size = map(int, reply)
        return SketchInfo(
            key=self.key,
            exists=size > 0,
            complete=bool(complete),
            width=self.width,
            depth=self.depth,
            items=items,
            error_bound=math.e * items / self.width,
            size=size,
        )


def _counts(reply: bytes | str) -> list[int]:
    return [int(count) for count in decoded(reply).split(",")]


def _hitters(reply: Sequence[bytes | str], where: str) -> list[tuple[str, int]]:
    items = iter(reply)
    return [
        (decoded(token, where), int(float(count)))
        for token, count in zip(items, items, strict=True)
    ]
