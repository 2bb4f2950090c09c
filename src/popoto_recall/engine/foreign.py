"""Looking at values that another program may be writing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

_STEP = 1000
_BYTES_PER_COUNT = 16 << 20

Mark = tuple[str, int, int]
"""Type, length and content of a value, told in short."""


def mark(client: Any, key: str) -> Mark:
    """Tells two states of a string or a hash apart, in steps that keep nobody waiting.

    The set bits of a string are counted: whoever adds to a Bloom filter only sets bits.
    """
    kind = client.type(key)
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if kind == "string":
        size = client.strlen(key)
        starts = range(0, size, _BYTES_PER_COUNT)
        ones = sum(client.bitcount(key, at, at + _BYTES_PER_COUNT - 1) for at in starts)
        return kind, size, ones
    if kind == "hash":
        pairs = set(_pairs(client, key))  # a scan may meet a field twice
        return kind, len(pairs), sum(map(crc32, pairs))
    return kind, 0, 0


def _pairs(client: Any, key: str) -> Iterator[bytes]:
    for field, value in client.hscan_iter(key, count=_STEP):
        yield _raw(field) + b"=" + _raw(value)


def _raw(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
