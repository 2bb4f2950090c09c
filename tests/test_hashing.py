"""Digests: what every stored filter and sketch was written with, and must be read with."""

from __future__ import annotations

import pytest

from popoto_recall.structures.hashing import DIGEST_BYTES, digests

STORED = {
    b"": "cae66941d9efbd404e4d88758ea67670",
    b"kubernetes": "7ae4519365684f8de24224fc75b706e3",
    "日本語".encode(): "7ce831c0ff398dc29f79baf7b2a79592",
    b"x" * 1000: "c9b2bd4ff487864c29fb41fab3e8187e",
}
"""What tokens were turned into from the first version on: BLAKE2b of 16 bytes."""


@pytest.mark.parametrize("token", STORED)
def test_a_token_has_the_digest_it_always_had(token: bytes) -> None:
    assert digests([token]).hex() == STORED[token]


def test_digests_stand_one_after_the_other() -> None:
    tokens = [b"b", b"a", b"b", b""]
    assert digests(tokens) == b"".join(digests([token]) for token in tokens)
    assert len(digests(tokens)) == 4 * DIGEST_BYTES
    assert digests([]) == b""
