"""Fingerprints to tokens: the rules, and the short cut that batches take."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from popoto.fields.existence_filter import tokenize

from popoto_recall import ArgumentError, ArgumentTypeError
from popoto_recall.fields._tokens import DEFAULT_TOKENIZER
from popoto_recall.structures.tokens import TokenBatch, Tokenizer, chunks, distinct

RULES = {
    "kubernetes deployment guide": ["kubernetes", "deployment", "guide"],
    "Kubernetes KUBERNETES kubernetes": ["kubernetes"],
    "zebra apple zebra mango apple": ["zebra", "apple", "mango"],
    "state-of-the-art (2024), isn't it?": ["state", "art", "2024", "isn"],
    "snake_case and camelCase": ["snake_case", "camelcase"],
    "The one with the new way": ["the one with the new way"],
    "is it ok": ["is it ok"],
    "ab cd abc": ["abc"],
    "A": ["a"],
    "": [""],
    "   ": ["   "],
    "?!?": ["?!?"],
    "tab\tnew\nline\rfeed\0nul": ["tab", "line", "feed", "nul"],
    "naïve CAFÉ Straße ÅNGSTRÖM": ["naïve", "café", "straße", "ångström"],
    "日本語 テスト 東京": ["日本語", "テスト"],
    "東京": ["東京"],
    "🦉🦉🦉": ["🦉🦉🦉"],
    "١٢٣ ²³⁴": ["١٢٣", "²³⁴"],
    "__init__ ___": ["__init__", "___"],
}
"""Texts and their tokens; a text that none is left of is one token, in lower case."""

TEXTS = st.one_of(
    st.text(string.ascii_letters + string.digits + " _-.,\n\t\x1c\x7f", max_size=60),
    st.text(max_size=30),
    st.lists(st.sampled_from(["the", "tea", "Cup", "ab", "", "naïve", "x_1"])).map(" ".join),
)


@pytest.mark.parametrize("text", RULES)
def test_a_text_has_these_tokens(text: str) -> None:
    assert DEFAULT_TOKENIZER.tokens(text) == [token.encode() for token in RULES[text]]


@given(TEXTS)
def test_tokens_are_popotos_own(text: str) -> None:
    assert DEFAULT_TOKENIZER.tokens(text) == [
        token.encode() for token in tokenize(text) or [text.lower()]
    ]


@given(st.lists(TEXTS, max_size=6))
@example(["tea\ncup", "x"])
@example(["tea", "cup\r", "x\x0by", "the", "ab"])
@example(["Tea", "tea"])
@example(["tea", "the", "ab", "x_1"])
@example(["green tea", ""])
@example(["", "green tea", "!?"])
@example(["", ""])
def test_a_batch_has_the_tokens_of_each(texts: list[str]) -> None:
    batch = DEFAULT_TOKENIZER.batch(texts)
    expected = [DEFAULT_TOKENIZER.tokens(text) for text in texts]
    assert list(batch.tokens) == [token for tokens in expected for token in tokens]
    counts = [1] * len(texts) if batch.counts is None else list(batch.counts)
    assert counts == [len(tokens) for tokens in expected]


def pairs(text: str) -> Iterator[str]:
    yield from (text[at : at + 2] for at in range(len(text) - 1))


def test_a_tokenizer_of_ones_own_decides_what_the_tokens_are() -> None:
    tokenizer = Tokenizer("pairs", pairs)
    assert tokenizer.tokens("ABAB") == [b"AB", b"BA"]
    assert list(tokenizer.batch(["ABA", "xy"]).tokens) == [b"AB", b"BA", b"xy"]


def test_a_text_that_a_tokenizer_leaves_nothing_of_is_one_token_in_lower_case() -> None:
    tokenizer = Tokenizer("pairs", pairs)
    assert tokenizer.tokens("X") == [b"x"]
    assert list(tokenizer.batch(["X", "AB"]).tokens) == [b"x", b"AB"]


def test_a_token_with_a_lone_surrogate_is_refused() -> None:
    tokenizer = Tokenizer("odd", lambda text: ["fine", "\udc80"])
    for split in (lambda: tokenizer.tokens("x"), lambda: tokenizer.batch(["x"])):
        with pytest.raises(ArgumentError, match="holds a lone surrogate"):
            split()


def test_values_per_token_become_values_per_fingerprint() -> None:
    grouped = TokenBatch([b"a", b"b", b"c"], [2, 1]).regroup(iter([1, 5, 3]), min)
    assert list(grouped) == [1, 3]
    assert list(TokenBatch([b"a", b"b"], None).regroup(iter([4, 2]), min)) == [4, 2]


def test_a_fingerprint_asked_twice_counts_once_in_first_seen_order() -> None:
    assert distinct(iter(["b", "a", "b", "c", "a"])) == ["b", "a", "c"]
    assert distinct([]) == []


@pytest.mark.parametrize("text", ["tea", "", b"tea"])
def test_a_bare_string_is_no_batch(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"write \[text\]"):
        distinct(text)


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (5, [5]), (6, [5, 1]), (15, [5] * 3)]
)
def test_many_tokens_go_in_pieces_in_order(count: int, sizes: list[int]) -> None:
    tokens = [b"%d" % number for number in range(count)]
    parts = chunks(tokens, 5)
    assert [len(part) for part in parts] == sizes
    assert [token for part in parts for token in part] == tokens
