"""Tokens to fill filters and sketches with."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha1
from itertools import product

_SYLLABLES = [a + b for a, b in product("bcdfghjklmnprstvwz", "aeiou")]
_ALPHABETS = (
    "αβγδεζηθικλμνξοπρστυφχψω" + "абвгдежзийклмнопрстуфхцчшщ" + "一二三四五六七八九十百千万"
)


def words(count: int, first: int = 0) -> list[str]:
    """Distinct made-up words of seven or nine letters, always the same; ``first`` skips some."""
    return [word(number) for number in range(first, first + count)]


def word(number: int) -> str:
    """A word of its own for each number below 65 million."""
    scattered = number * 7_368_787 % len(_SYLLABLES) ** 4  # prime to it: no two are the same
    syllables = []
    while scattered or len(syllables) < 3:
        scattered, place = divmod(scattered, len(_SYLLABLES))
        syllables.append(_SYLLABLES[place])
    return "".join(syllables) + "nrstlk"[number % 6]


def _letters(number: int, alphabet: str, length: int) -> str:
    found = []
    for _ in range(length):
        number, place = divmod(number, len(alphabet))
        found.append(alphabet[place])
    return "".join(found)


def _unicode(number: int) -> str:
    return _letters(number * 7_368_787 % len(_ALPHABETS) ** 6, _ALPHABETS, 6)


FAMILIES: dict[str, Callable[[int], str]] = {
    "sequential ids": "user{:07d}".format,
    "numbers": "{:d}".format,
    "near-duplicates": lambda number: "conversation" + _letters(number, string.ascii_lowercase, 5),
    "hex digests": lambda number: sha1(b"%d" % number).hexdigest()[:16],
    "words": word,
    "Unicode": _unicode,
    "long, differing in the middle": lambda number: f"srcpackage{number:07d}testsmoduleinit",
    "days and hours": lambda number: f"2024{number // 24:05d}t{number % 24:02d}00",
}
"""Token families by name: number, from 1000 on, to token."""


def family(name: str, count: int, first: int = 0) -> list[str]:
    make = FAMILIES[name]
    return [make(number) for number in range(1000 + first, 1000 + first + count)]


def texts(tokens: Sequence[str], size: int = 5000) -> Iterator[str]:
    """The tokens in texts of so many."""
    for start in range(0, len(tokens), size):
        yield " ".join(tokens[start : start + size])


def zipf(count: int, distinct: int, seed: int) -> list[str]:
    """Words as a text has them: the n-th most frequent one about 1/n as often as the first."""
    weights = [1 / rank for rank in range(1, distinct + 1)]
    return random.Random(seed).choices(words(distinct), weights, k=count)
