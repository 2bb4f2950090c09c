"""A blocked Bloom filter in one string, which grows by layers.

Source: Bloom (1970), "Space/time trade-offs in hash coding with allowable errors"; in blocks,
Putze, Sanders and Singler (2007), "Cache-, hash- and space-efficient Bloom filters"; in layers,
Almeida, Baquero, Preguica and Hutchison (2007), "Scalable Bloom filters".

A token's digest picks one block of 256 bits and, with a byte each, its probes within. A block
is one read for the server, whatever the number of probes. What a block of that size costs in
bits against the optimum is 2 % at an error rate of 5 %, 6 % at 1 % and 15 % at 0.1 %.

A full filter gets another layer, as large as all before it together, for a small part of the rate.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from ..engine import Command, Steps, load
from .hashing import digests
from .sizing import BLOCK_BITS, BLOCK_BYTES, bits_to_grow, blocks_for, rate_at, sizing
from .tokens import distinct
from .value import STATE_BYTES, Plan, State, Value

CONTAINS = load("bloom_contains", "value", "layers", writes=False)

_logger = logging.getLogger(__name__)

_TESTS_PER_CALL = 20_000

_ROOM = 1.25
"""What a rebuild makes a filter for that outgrew its capacity, against the tokens it found."""

_TOO_MUCH_ROOM = 4
"""A filter made for this many times the tokens that a rebuild found is made again, smaller."""


@dataclass(frozen=True)
class FilterInfo:
    """State of an `ExistenceFilter`: what is stored, and beside it what the field declares.

    Attributes:
        key: Where it is stored.
        exists: Whether anything is stored there.
        complete: Whether it has seen every record, so that a miss is certain.
        capacity: Tokens that its first layer is made for.
        declared_capacity: Of the field; takes effect at the next `rebuild` or `clear`.
        error_rate: False-positive rate that it was made for.
        declared_error_rate: Of the field.
        tokenizer: Name of the one that it was made with.
        declared_tokenizer: Of the field.
        layers: 1, and one more for each time that it grew.
        items: Tokens added, those it took for present already not counted.
        fill_ratio: Set bits over all bits.
        false_positive_rate: Expected now, from the bits that are set.
        rebuilding: Whether a rebuild was begun that has not ended.
        size: Bytes.
    """

    key: str
    exists: bool
    complete: bool
    capacity: int
    declared_capacity: int
    error_rate: float
    declared_error_rate: float
    tokenizer: str
    declared_tokenizer: str
    layers: int
    items: int
    fill_ratio: float
    false_positive_rate: float
    rebuilding: bool
    size: int


@dataclass(frozen=True)
class Bloom(Value):
    """One stored filter and the options of its field."""

    kind: ClassVar[str] = "bloom"
    libraries: ClassVar[tuple[str, ...]] = ("layers", "bloom")

    capacity: int
    error_rate: float

    @cached_property
    def plan(self) -> Plan:
        return self._planned(self.capacity)

    @property
    def stand_in(self) -> Plan:
        # as short as can be: a bit that Popoto's own field sets in it then shows, by its length
        return self._planned(1)

    def plan_for(self, items: int) -> Plan:
        return self._planned(self.capacity if items < self.capacity else math.ceil(items * _ROOM))

    def misfits(self, items: int, plan: Plan) -> bool:
        capacity = int(plan.text.split()[1])
        return items >= capacity or capacity > max(self.capacity, _TOO_MUCH_ROOM * items)

    def contains(self, fingerprint: str, enough: int | None) -> Steps[bool]:
        """Whether so many tokens may be present; None: every one."""

        def steps() -> Generator[Command[Any], Any, bool]:
            hits = yield from self._tested(self.tokenizer.tokens(fingerprint))
            return _suffice(hits, enough)

        return Steps(steps)

    def contains_many(
        self, fingerprints: Sequence[str], enough: int | None
    ) -> Steps[dict[str, bool]]:
        """n fingerprints -> dict of at most n, first-seen order."""
        wanted = distinct(fingerprints)
        batch = self.tokenizer.batch(wanted)

        def steps() -> Generator[Command[Any], Any, dict[str, bool]]:
            hits = yield from self._tested(batch.tokens)
            found = batch.regroup(iter(hits), lambda bits: _suffice(list(bits), enough))
            return dict(zip(wanted, found, strict=True))

        return Steps(steps)

    def info(self) -> Steps[FilterInfo]:
        """State of the stored filter."""

        def steps() -> Generator[Command[Any], Any, FilterInfo]:
            state, complete = yield from self.answering().start()
            return self._info(state, complete)

        return Steps(steps)

    def _to_fill(self, tokens: Sequence[bytes]) -> Sequence[bytes]:
        return list(dict.fromkeys(tokens))

    def _planned(self, capacity: int) -> Plan:
        bits, probes = sizing(self.error_rate)
        blocks = blocks_for(capacity, bits)
        growth = min(999_999, math.ceil(bits_to_grow(self.error_rate) * 1000))
        text = f"{probes:02} {capacity:010} {blocks:08} {growth:06} {self.error_rate:.4e}"
        return Plan(len(self.identity) + STATE_BYTES + blocks * BLOCK_BYTES, text.ljust(40))

    def _tested(self, tokens: Sequence[bytes]) -> Generator[Command[Any], Any, list[bool]]:
        """A hit or a miss per token, in as many calls as keep each of them short."""
        hits: list[bool] = []
        most = _TESTS_PER_CALL
        while len(hits) < len(tokens):
            part = tokens[len(hits) : len(hits) + most]
            found, no_records = yield from self.found(self._test(part))
            if found is None and no_records:
                found = [False] * len(part)
            if not found:
                _warn_incomplete(self.key)
                return [True] * len(tokens)
            hits += found
            most = len(found)  # fewer than were sent if there are several layers
        return hits

    def _test(self, tokens: Sequence[bytes]) -> Command[list[bool] | None]:
        args = (self.identity, _TESTS_PER_CALL, digests(tokens))
        return Command(CONTAINS, (self.key,), args, _hits)

    def _info(self, state: State | None, complete: bool) -> FilterInfo:
        found = state or State(self.tokenizer.name, complete, 0, False, 0, (), ())
        probes, capacity, blocks, growth, rate = found.plan or self.plan.text.split()
        counts = _layer_blocks(int(capacity), int(blocks), int(growth) / 1000, len(found.ones))
        fills = [
            ones / (count * BLOCK_BITS) for ones, count in zip(found.ones, counts, strict=True)
        ]
        return FilterInfo(
            key=self.key,
            exists=state is not None,
            complete=complete,
            capacity=int(capacity),
            declared_capacity=self.capacity,
            error_rate=_as_declared(float(rate), self.error_rate),
            declared_error_rate=self.error_rate,
            tokenizer=found.tokenizer,
            declared_tokenizer=self.tokenizer.name,
            layers=len(found.ones),
            items=found.items,
            fill_ratio=sum(found.ones) / (sum(counts) * BLOCK_BITS) if counts else 0.0,
            false_positive_rate=rate_at(fills, int(probes)),
            rebuilding=found.rebuilding,
            size=found.size,
        )


def _as_declared(stored: float, declared: float) -> float:
    """A stored rate has five digits; the declared one, if it is the same in these."""
    return declared if f"{declared:.4e}" == f"{stored:.4e}" else stored


def _layer_blocks(capacity: int, blocks: int, growth: float, layers: int) -> list[int]:
    later = [blocks_for(capacity << number, growth) for number in range(layers - 1)]
    return [blocks, *later][:layers]


def _suffice(hits: list[bool], enough: int | None) -> bool:
    return sum(hits) >= (len(hits) if enough is None else min(enough, len(hits)))


def _hits(reply: bytes | str) -> list[bool] | None:
    """Of as many tokens as were tested; nothing from an incomplete filter, None without one."""
    text = reply if isinstance(reply, bytes) else reply.encode()
    if text == b"?":
        return None
    return [bit == 49 for bit in text[1:]]


@lru_cache(maxsize=1024)
def _warn_incomplete(key: str) -> None:
    _logger.warning(
        "filter %r has not seen every record, so a miss counts as a hit until rebuild()", key
    )
