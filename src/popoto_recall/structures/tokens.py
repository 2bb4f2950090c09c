"""Fingerprints to tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from ..errors import ArgumentTypeError
from .text import utf8

T = TypeVar("T")

Tokenize = Callable[[str], Iterable[str]]

_NO_WORD = bytes(byte for byte in range(128) if not (chr(byte).isalnum() or byte in b"_\n"))
_TO_SPACES = bytes.maketrans(_NO_WORD, b" " * len(_NO_WORD))


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Tokens of n fingerprints, one after the other, and how many each of them has.

    ``counts`` is None when each has one.
    """

    tokens: Sequence[bytes]
    counts: Sequence[int] | None

    def regroup(self, values: Iterator[T], combine: Callable[[Iterable[T]], T]) -> Iterable[T]:
        """A value per token -> a value per fingerprint."""
        if self.counts is None:
            return values
        return [combine(list(islice(values, count))) for count in self.counts]


@dataclass(frozen=True, slots=True, eq=False)
class Tokenizer:
    """A way to split a fingerprint, and the name that stored values remember it by."""

    name: str
    split: Tokenize

    def tokens(self, fingerprint: str) -> list[bytes]:
        """Distinct tokens of a fingerprint, in order; all of it, in lower case, if none is left."""
        words = dict.fromkeys(self.split(fingerprint)) or (fingerprint.lower(),)
        return [utf8(word, "token") for word in words]

    def batch(self, fingerprints: Sequence[str]) -> TokenBatch:
        """Tokens of many fingerprints."""
        return _batched(map(self.tokens, fingerprints))


@dataclass(frozen=True, slots=True, eq=False)
class WordTokenizer(Tokenizer):
    """A tokenizer into lower-case words that can split a batch of ASCII text at once.

    ``split`` decides what the words are; this does the same for letters, digits and underscores,
    leaving out the stop words and what is shorter than ``shortest``, many times faster.
    """

    stop_words: frozenset[bytes]
    shortest: int

    def tokens(self, fingerprint: str) -> list[bytes]:
        if not fingerprint.isascii():
            return Tokenizer.tokens(self, fingerprint)
        text = fingerprint.lower().encode()
        return self._kept(text.translate(_TO_SPACES)) or [text]

    def batch(self, fingerprints: Sequence[str]) -> TokenBatch:
        text = "\n".join(fingerprints)
        if not text.isascii() or text.count("\n") != len(fingerprints) - 1:
            return _batched(map(self.tokens, fingerprints))
        text = text.lower()
        lines = text.encode().translate(_TO_SPACES).split(b"\n")
        words = b" ".join(lines).split()
        if words == lines:  # each text is one word, and that is its token even if it is left out
            return TokenBatch(words, None)
        return _batched(
            self._kept(line) or (whole.encode(),)
            for line, whole in zip(lines, text.split("\n"), strict=True)
        )

    def _kept(self, line: bytes) -> list[bytes]:
        stop_words, shortest = self.stop_words, self.shortest
        words = [word for word in line.split() if len(word) >= shortest and word not in stop_words]
        return words if len(words) < 2 else list(dict.fromkeys(words))


def _batched(groups: Iterable[Sequence[bytes]]) -> TokenBatch:
    tokens: list[bytes] = []
    counts: list[int] = []
    for group in groups:
        tokens += group
        counts.append(len(group))
    return TokenBatch(tokens, counts)


def distinct(fingerprints: Iterable[str]) -> list[str]:
    """Fingerprints of a batch, each once, in first-seen order.

    Raises:
        ArgumentTypeError: A bare string, whose letters would be taken for fingerprints.
    """
    if isinstance(fingerprints, (str, bytes)):
        raise ArgumentTypeError("fingerprints takes several strings, not one: write [text]")
    return list(dict.fromkeys(fingerprints))


def chunks(tokens: Sequence[bytes], most: int) -> list[Sequence[bytes]]:
    """Tokens in pieces of at most so many, that none of them holds the server for long."""
    if len(tokens) <= most:
        return [tokens] if tokens else []
    return [tokens[start : start + most] for start in range(0, len(tokens), most)]
