"""Where the bits of tokens are in a blocked Bloom filter.

Scripts are told places as they use them: to work them out, or to write them as text, in Lua would
take the server longer than to read the blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import iter_unpack
from typing import NamedTuple

from .hashing import digests
from .sizing import BLOCK_BYTES

HASH_BYTES = 4
"""Of a digest, what picks the block; a byte per probe follows."""

_PLACES = bytes(probe // 8 + 1 for probe in range(256))
_BITS = bytes(1 << probe % 8 for probe in range(256))


class Added(NamedTuple):
    """Tokens on their way into a filter of any size.

    Attributes:
        probes: Bits per token.
        places: Per token and probe, the byte of the token's block, from 1 on.
        bits: And the bit in this byte.
        hashes: Per token the bytes that pick its block.
    """

    probes: int
    places: bytes
    bits: bytes
    hashes: bytes


def added(tokens: Sequence[bytes], probes: int) -> Added:
    """Tokens as a script sets their bits."""
    width = HASH_BYTES + probes
    found = digests(tokens, width)
    starts = range(0, len(found), width)
    hashes = b"".join([found[start : start + HASH_BYTES] for start in starts])
    bits = b"".join([found[start + HASH_BYTES : start + width] for start in starts])
    return Added(probes, bits.translate(_PLACES), bits.translate(_BITS), hashes)


def bounds(hashes: bytes, head: int, size: int) -> list[bytes]:
    """Where blocks begin and end in a filter of ``size`` bytes, the first behind its ``head``."""
    blocks = (size - head) // BLOCK_BYTES
    found: list[bytes] = []
    for (number,) in iter_unpack(">I", hashes):
        start = head + number % blocks * BLOCK_BYTES
        found += (b"%d" % start, b"%d" % (start + BLOCK_BYTES - 1))
    return found
