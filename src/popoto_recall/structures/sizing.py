"""How large a blocked Bloom filter has to be.

The first layer keeps to the declared rate by itself. Each later one doubles the room and adds
`GROWTH_SHARE` of that rate, so that seven layers, 64 times the capacity, stay within 1.5 times it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

BLOCK_BYTES = 32
BLOCK_BITS = 8 * BLOCK_BYTES
MAX_BYTES = 256 * 1024 * 1024
"""Half of the longest string that Redis stores, so that a filter has room to grow."""

GROWTH_SHARE = 0.075
"""Part of the declared rate that a layer which is added later may have."""

_MIN_PROBES, _MAX_PROBES = 4, 12
"""A digest has bytes for twelve."""

_SLACK = 1.08
"""Bits that a first layer may take, against the fewest possible, so that later ones take less."""

_LATER = 2
"""Bits per item of later layers, against the optimum for the declared rate, that are few enough.

Half of a filter that just grew is empty, and a server's allocator takes up to a quarter more: the
whole then takes about five times the optimum at most.
"""

_STEP, _STEPS = 1.001, 40_000
"""Bits per item are looked for among the powers of this, up to more than any server has."""


class Sizing(NamedTuple):
    """Bits of a filter per item it is made for, and how many bits an item sets in it."""

    bits_per_item: float
    probes: int


def false_positive_rate(bits_per_item: float, probes: int) -> float:
    """Expected rate of a full filter: the number of items in a block is Poisson distributed."""
    mean = BLOCK_BITS / bits_per_item
    rate, likelihood = 0.0, math.exp(-mean)
    for items in range(int(mean + 12 * math.sqrt(mean)) + 20):
        rate += likelihood * (1 - (1 - 1 / BLOCK_BITS) ** (probes * items)) ** probes
        likelihood *= mean / (items + 1)
    return rate


@lru_cache(maxsize=256)
def sizing(error_rate: float) -> Sizing:
    """The fewest probes that keep to ``error_rate`` with few bits per item, in later layers too."""
    optimum = math.log2(1 / error_rate) / math.log(2)
    found: list[Sizing] = []
    for probes in range(_MIN_PROBES, _MAX_PROBES + 1):
        bits = _bits_per_item(error_rate, probes)
        if found and bits > _SLACK * min(found).bits_per_item:
            break
        found.append(Sizing(bits, probes))
        if _bits_per_item(error_rate * GROWTH_SHARE, probes) <= _LATER * optimum:
            break
    return found[-1]


@lru_cache(maxsize=256)
def bits_to_grow(error_rate: float) -> float:
    """Bits per item of the layers that are added later, which have as many probes."""
    return _bits_per_item(error_rate * GROWTH_SHARE, sizing(error_rate).probes)


def _bits_per_item(error_rate: float, probes: int) -> float:
    def suffices(step: int) -> bool:
        return false_positive_rate(_STEP**step, probes) <= error_rate

    return _STEP ** bisect_left(range(_STEPS), True, key=suffices)


def blocks_for(items: float, bits_per_item: float) -> int:
    """Blocks for so many items, as ``lua/lib/layers.lua`` has it too.

    A few more than they need on average: the fewer blocks, the more the rate scatters.
    """
    average = items * bits_per_item / BLOCK_BITS
    return math.ceil(average) + math.ceil(math.sqrt(average) / 2) + 1


def data_bytes(capacity: int, error_rate: float) -> int:
    """Bytes of a first layer for so many items."""
    return blocks_for(capacity, sizing(error_rate).bits_per_item) * BLOCK_BYTES


def rate_at(fills: Iterable[float], probes: int) -> float:
    """Expected false-positive rate of layers with these shares of their bits set."""
    passes = math.prod(1 - _rate_of_layer(fill, probes) for fill in fills)
    return 1 - passes


def _rate_of_layer(fill: float, probes: int) -> float:
    if not 0 < fill < 1:
        return fill
    items_per_block = math.log1p(-fill) / math.log1p(-1 / BLOCK_BITS) / probes
    return false_positive_rate(BLOCK_BITS / items_per_block, probes)
