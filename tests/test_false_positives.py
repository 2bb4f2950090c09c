"""A full filter keeps its declared rate, for any kind of tokens, and denies nothing.

The rate follows from the bytes that are stored, and those are the same on every server
(`test_existence`), so one server is enough. ``RECALL_LONG=1`` asks a million questions each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from popoto import redis_db
from servers import Server, binaries
from token_families import (
    FAMILIES,
    GROWN_LIMITS,
    LIMIT,
    RATES,
    Sample,
    fill,
    filtered,
    optimum,
    popoto_on,
    sample,
    sequential_ids,
)

LONG = bool(os.environ.get("RECALL_LONG"))

ITEMS, ASKED = (100_000, 1_000_000) if LONG else (20_000, 100_000)
CAPACITY = 10_000 if LONG else 1000
GROWN_RATES = {"UUIDs": 0.05, "near-duplicates": 0.001}
"""Other rates than 1 % that a growing filter of a family is declared with."""

one_server = pytest.mark.parametrize("server", [next(iter(binaries()), "real")], scope="session")


@pytest.fixture
def bound(running: Server) -> Iterator[None]:
    with popoto_on(running):
        yield


def check(found: Sample) -> None:
    assert found.denied == 0
    assert found.observed <= LIMIT * found.rate


@one_server
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.timeout(600)
def test_a_full_filter_keeps_its_rate(bound: None, name: str, rate: float) -> None:
    asked = ASKED if rate >= 0.01 or LONG else 3 * ASKED
    check(sample(FAMILIES[name](), rate, ITEMS, asked))


@one_server
@pytest.mark.parametrize("items", [10, 100, 1000])
def test_a_small_full_filter_keeps_its_rate(bound: None, items: int) -> None:
    for rate in RATES:
        check(sample(sequential_ids(), rate, items, ASKED))


@one_server
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.timeout(900)
def test_a_filter_that_grows_keeps_its_rate_and_takes_little_memory(bound: None, name: str) -> None:
    """At 1, 2, 8 and 64 times its capacity, and just after it grew once more."""
    rate = GROWN_RATES.get(name, 0.01)
    model, tokens = filtered(CAPACITY, rate), FAMILIES[name]()
    added: list[str] = []
    for times, limit in GROWN_LIMITS.items():
        more = list(islice(tokens, times * CAPACITY - len(added)))
        fill(model, more)
        added += more
        assert model.seen.might_exist_count(added[-100_000:]) == len(added)
        absent = [f"absent {text}" for text in islice(FAMILIES[name](), ASKED)]
        assert model.seen.might_exist_count(absent) <= limit * rate * ASKED
        assert model.seen.info().false_positive_rate <= limit * rate
        assert memory(model) <= 3 * optimum(len(added), rate)
    assert model.seen.info().layers == 7
    while model.seen.info().layers == 7:
        added += islice(tokens, 100)
        fill(model, added[-100:])
    assert memory(model) <= 5 * optimum(len(added), rate)


def memory(model: Any) -> int:
    found: int = redis_db.get_REDIS_DB().memory_usage(model.seen.info().key)
    return found


@pytest.mark.skipif(not LONG, reason="takes minutes; RECALL_LONG=1")
@one_server
@pytest.mark.parametrize("family", [FAMILIES["sequential ids"], FAMILIES["UUIDs"]])
@pytest.mark.timeout(900)
def test_a_million_tokens_are_all_found(bound: None, family: Callable[[], Iterator[str]]) -> None:
    check(sample(family(), 0.01, 1_000_000, 1_000_000))
