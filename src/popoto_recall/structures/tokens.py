"""Fingerprints to tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..errors import ArgumentTypeError

Tokenize = Callable[[str], Iterable[str]]

_TOKENS_PER_CALL = 20_000


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A way to split a fingerprint, and the name that stored values remember it by."""

    name: str
    split: Tokenize

    def tokens(self, fingerprint: str) -> list[str]:
        """Distinct tokens of a fingerprint, in order; all of it, in lower case, if none is left."""
        return list(dict.fromkeys(self.split(fingerprint))) or [fingerprint.lower()]


def distinct(fingerprints: Iterable[str]) -> list[str]:
    """Fingerprints of a batch, each once, in first-seen order.

    Raises:
        ArgumentTypeError: A bare string, whose letters would be taken for fingerprints.
    """
    if isinstance(fingerprints, (str, bytes)):
        raise ArgumentTypeError("fingerprints takes several strings, not one: write [text]")
    return list(dict.fromkeys(fingerprints))


def chunks(tokens: Sequence[str]) -> list[Sequence[str]]:
    """Tokens in pieces that each hold the server for a few milliseconds at most."""
    return [
        tokens[start : start + _TOKENS_PER_CALL]
        for start in range(0, len(tokens), _TOKENS_PER_CALL)
    ]
