"""How large a blocked Bloom filter has to be."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

BLOCK_BYTES = 32
BLOCK_BITS = 8 * BLOCK_BYTES
MAX_BYTES = 256 * 1024 * 1024
"""Half of the longest string that Redis stores, so that a rebuild has room to grow."""

_MIN_PROBES, _MAX_PROBES = 2, 24
_SAFETY = 1.02
"""Bits beyond what the model asks for, against the scatter of real digests."""


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
    """The fewest bits per item that keep to ``error_rate``, and the probes that go with them."""
    bits, probes = min(
        (_bits_per_item(error_rate, probes), probes) for probes in range(_MIN_PROBES, _MAX_PROBES + 1)
    )
    return Sizing(bits * _SAFETY, probes)


def _bits_per_item(error_rate: float, probes: int) -> float:
    low, high = 1.0, 512.0
    for _ in range(40):
        middle = (low + high) / 2
        if false_positive_rate(middle, probes) <= error_rate:
            high = middle
        else:
            low = middle
    return high


def data_bytes(capacity: int, error_rate: float) -> int:
    """Bytes of blocks for so many items."""
    return math.ceil(capacity * sizing(error_rate).bits_per_item / BLOCK_BITS) * BLOCK_BYTES


def rate_at(fill: float, probes: int) -> float:
    """Expected false-positive rate of a filter with this share of its bits set."""
    if not 0 < fill < 1:
        return fill
    items_per_block = math.log1p(-fill) / math.log1p(-1 / BLOCK_BITS) / probes
    return false_positive_rate(BLOCK_BITS / items_per_block, probes)
