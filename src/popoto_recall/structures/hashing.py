"""Tokens to digests.

Hashing is done here, once, so that every server and every version of Lua sees the same bytes.
BLAKE2b (RFC 7693) is the fastest cryptographic hash that Python has everywhere; its output
serves as independent hash functions, cut into pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

MAX_DIGEST = blake2b.MAX_DIGEST_SIZE


def digests(tokens: Iterable[bytes], size: int) -> bytes:
    """Digests of ``size`` bytes each, at most `MAX_DIGEST`, in one string."""
    fresh = blake2b(digest_size=size)
    found = []
    for token in tokens:
        state = fresh.copy()  # faster than making one anew
        state.update(token)
        found.append(state.digest())
    return b"".join(found)
