"""Families of tokens that a poor hash mistakes for one another, and what a filter makes of them.

``python tests/token_families.py --table`` prints the false-positive rates in Markdown, measured
through `ExistenceFilter` on a private redis-server.
"""

from __future__ import annotations

import argparse
import math
import re
import string
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, product
from pydoc_data.topics import topics
from random import Random
from typing import Any
from uuid import UUID

from popoto import Model, StringField, UniqueKeyField, redis_db
from servers import Server, binaries

from popoto_recall import ExistenceFilter

RATES = (0.05, 0.01, 0.001)

LIMIT = 1.2
"""Times the declared rate that an observed one may be."""

GROWN_LIMITS = {1: LIMIT, 2: 1.5, 8: 1.5, 64: 1.5}
"""The same of a filter with so many times the tokens that it is declared for."""

_MANY = 10_000_000
_TOKENS_PER_RECORD = 2_000
_UNICODE = (
    "αβγδεζηθικλμνξοπρστυφχψω"
    + "абвгдежзийклмнопрстуфхцчшщ"
    + "一二三四五六七八九十百千"
    + "🦉🦊🦋"
)


def sequential_ids() -> Iterator[str]:
    return map("{:08d}".format, range(_MANY))


def near_duplicates() -> Iterator[str]:
    """A sentence with one word of five letters that differs."""
    for letters in product(string.ascii_lowercase, repeat=5):
        yield f"the quick brown {''.join(letters)} jumps over the lazy dog"


def long_prefix() -> Iterator[str]:
    return (f"{'/very/long/path' * 14:.200}{number}" for number in range(_MANY))


def shuffled_users() -> Iterator[str]:
    """``user0`` to ``user1999999``, in no order: what was added is not what comes first."""
    return map("user{}".format, Random(1).sample(range(2_000_000), 2_000_000))


def uuids() -> Iterator[str]:
    random = Random(2)
    return (str(UUID(int=random.getrandbits(128), version=4)) for _ in range(_MANY))


def hex_numbers() -> Iterator[str]:
    return map("{:x}".format, range(0x100000, _MANY))


def dictionary_words() -> Iterator[str]:
    """The words of Python's documentation, alone and then in pairs, in no order."""
    words = sorted(set(re.findall("[a-z]{3,}", " ".join(topics.values()).lower())))
    random = Random(3)
    random.shuffle(words)
    yield from words
    for number in random.sample(range(len(words) ** 2), 2_000_000):
        yield words[number // len(words)] + " " + words[number % len(words)]


def unicode_strings() -> Iterator[str]:
    """Greek, Cyrillic, Chinese and owls, each string once."""
    for number in Random(4).sample(range(len(_UNICODE) ** 5), 2_000_000):
        letters = []
        for _ in range(5):
            number, place = divmod(number, len(_UNICODE))
            letters.append(_UNICODE[place])
        yield "".join(letters)


def short_strings() -> Iterator[str]:
    """All of three letters and digits, then all of four."""
    letters = string.ascii_lowercase + string.digits
    for length in (3, 4):
        yield from map("".join, product(letters, repeat=length))


FAMILIES: dict[str, Callable[[], Iterator[str]]] = {
    "sequential ids": sequential_ids,
    "near-duplicates": near_duplicates,
    "200 characters and a counter": long_prefix,
    "shuffled `user%d`": shuffled_users,
    "UUIDs": uuids,
    "hexadecimal numbers": hex_numbers,
    "dictionary words": dictionary_words,
    "Unicode": unicode_strings,
    "3 and 4 characters": short_strings,
}


@dataclass(frozen=True)
class Sample:
    """What a full filter said about a family.

    Attributes:
        rate: As declared.
        items: Tokens added, as many as its capacity.
        denied: Of these, how many it then said no to.
        asked: Tokens that were not added.
        mistaken: Of these, how many it said yes to.
    """

    rate: float
    items: int
    denied: int
    asked: int
    mistaken: int

    @property
    def observed(self) -> float:
        return self.mistaken / self.asked


def lines(text: str) -> list[str]:
    """A tokenizer that takes each line for a token, as it is."""
    return text.split("\n")


def filtered(capacity: int, error_rate: float) -> Any:
    """A model with such a filter over lines, emptied."""
    model = filtered_already(capacity, error_rate)
    model.seen.clear()
    return model


def filtered_already(capacity: int, error_rate: float) -> Any:
    """The same, with what is stored."""
    seen = ExistenceFilter(
        capacity=capacity,
        error_rate=error_rate,
        tokenizer=lines,
        fingerprint_fn=lambda sampled: sampled.text,
    )
    fields = {"name": UniqueKeyField(), "text": StringField(), "seen": seen}
    return type(Model)("Sampled", (Model,), {"__module__": __name__, **fields})


def sample(
    tokens: Iterator[str], rate: float, items: int, asked: int, capacity: int | None = None
) -> Sample:
    """Fill a filter with the first tokens, and ask for these and the next."""
    model = filtered(capacity or items, rate)
    added = list(islice(tokens, items))
    fill(model, added)
    others = list(islice(tokens, asked))
    assert len({*added, *others}) == items + asked
    return Sample(
        rate=rate,
        items=items,
        denied=items - _found(model, added),
        asked=asked,
        mistaken=_found(model, others),
    )


def fill(model: Any, tokens: Sequence[str]) -> None:
    """Save records with these tokens."""
    for start in range(0, len(tokens), _TOKENS_PER_RECORD):
        part = tokens[start : start + _TOKENS_PER_RECORD]
        model.create(name=part[0][:100], text="\n".join(part))


def optimum(items: int, rate: float) -> float:
    """Bytes that no Bloom filter for so many tokens at such a rate can do with less than."""
    return items * math.log2(1 / rate) / math.log(2) / 8


def _found(model: Any, tokens: Sequence[str]) -> int:
    return sum(
        model.seen.might_exist_count(tokens[start : start + 100_000])
        for start in range(0, len(tokens), 100_000)
    )


@contextmanager
def popoto_on(server: Server) -> Iterator[None]:
    """Popoto bound to a server, emptied."""
    client = redis_db.GuardedRedis(unix_socket_path=server.socket)
    previous, redis_db.POPOTO_REDIS_DB = redis_db.POPOTO_REDIS_DB, client
    with server.client() as plain:
        plain.flushall()
    try:
        yield
    finally:
        redis_db.POPOTO_REDIS_DB = previous
        client.close()


def growth(capacity: int, asked: int) -> Iterator[str]:
    """The same of filters that outgrew their capacity, in times the declared rate and optimum."""
    yield "| tokens / capacity | layers | " + " | ".join(f"{rate:.1%}" for rate in RATES) + " |"
    yield "|---" * (2 + len(RATES)) + "|"
    client = redis_db.get_REDIS_DB()
    for times in GROWN_LIMITS:
        cells = []
        for rate in RATES:
            items = times * capacity
            found = sample(shuffled_users(), rate, items, asked, capacity)
            assert not found.denied
            model = filtered_already(capacity, rate)
            size = client.memory_usage(model.seen.info().key) / optimum(items, rate)
            cells.append(f"{found.observed / rate:.2f}, {size:.1f}x")
        yield f"| {times} | {model.seen.info().layers} | " + " | ".join(cells) + " |"


def table(items: int, asked: int) -> Iterator[str]:
    """The observed rates as a Markdown table, line by line."""
    yield "| tokens | " + " | ".join(f"{rate:.1%}" for rate in RATES) + " |"
    yield "|---" * (1 + len(RATES)) + "|"
    for name, family in FAMILIES.items():
        found = [sample(family(), rate, items, asked) for rate in RATES]
        assert not any(each.denied for each in found)
        yield f"| {name} | " + " | ".join(f"{each.observed:.3%}" for each in found) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", action="store_true", required=True)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=1_000_000)
    options = parser.parse_args()
    server = Server(next(iter(binaries().values())))
    try:
        with popoto_on(server):
            for line in table(options.items, options.asked):
                print(line, flush=True)
            print()
            for line in growth(options.items // 20, options.asked // 5):
                print(line, flush=True)
    finally:
        server.close()


if __name__ == "__main__":
    main()
