"""Tokens to digests.

Hashing is done here, once, so that every server and every version of Lua sees the same bytes.
BLAKE2b (RFC 7693) is the fastest cryptographic hash that Python has everywhere; its output
serves as independent hash functions, cut into pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

DIGEST_BYTES = 16
"""Four bytes pick a block, the other twelve are probes; four words of four pick counters."""


def digests(tokens: Iterable[bytes]) -> bytes:
    """Digests of `DIGEST_BYTES` each, in one string."""
    fresh = blake2b(digest_size=DIGEST_BYTES)
    found = []
    for token in tokens:
        state = fresh.copy()  # faster than making one anew
        state.update(token)
        found.append(state.digest())
    return b"".join(found)
