"""Digests: what every stored filter and sketch was written with, and must be read with."""

from __future__ import annotations

import pytest

from popoto_recall.structures.hashing import MAX_DIGEST, digests

RFC_7693 = (
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
)
"""BLAKE2b-512 of "abc", from appendix A of the RFC."""

STORED = {
    (b"", 9): "d6bd6fc9a3324e5f32",
    (b"kubernetes", 9): "a22fdb2592f6363a26",
    ("日本語".encode(), 9): "5e4283003e7b2418e0",
    (b"kubernetes", 8): "0c2697c667bef8da",
    (b"kubernetes", 11): "8767caa3cd743d61d14899",
    (b"kubernetes", 16): "7ae4519365684f8de24224fc75b706e3",
    (b"x" * 1000, 16): "c9b2bd4ff487864c29fb41fab3e8187e",
}
"""What tokens were turned into from the first version on."""


def test_the_hash_is_the_published_one() -> None:
    assert digests([b"abc"], 64).hex() == RFC_7693


@pytest.mark.parametrize(("token", "size"), STORED)
def test_a_token_has_the_digest_it_always_had(token: bytes, size: int) -> None:
    assert digests([token], size).hex() == STORED[token, size]


@pytest.mark.parametrize("size", [1, 9, 16, MAX_DIGEST])
def test_digests_stand_one_after_the_other(size: int) -> None:
    tokens = [b"b", b"a", b"b", b""]
    assert digests(tokens, size) == b"".join(digests([token], size) for token in tokens)
    assert len(digests(tokens, size)) == 4 * size


def test_no_tokens_have_no_digests() -> None:
    assert digests([], 9) == b""
