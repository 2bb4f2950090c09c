"""A full filter keeps its declared rate, for any kind of tokens, and denies nothing.

The rate follows from the bytes that are stored, and those are the same on every server
(`test_existence`), so one server is enough. ``RECALL_LONG=1`` asks a million questions each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from servers import Server, binaries
from token_families import (
    FAMILIES,
    LIMIT,
    RATES,
    Sample,
    filtered,
    popoto_on,
    sample,
    sequential_ids,
)

LONG = bool(os.environ.get("RECALL_LONG"))

ITEMS, ASKED = (100_000, 1_000_000) if LONG else (20_000, 100_000)

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
@pytest.mark.timeout(600)
def test_a_filter_twice_as_full_as_declared_denies_nothing(bound: None) -> None:
    model = filtered(ITEMS // 2, 0.01)
    added = list(islice(sequential_ids(), ITEMS))
    model.create(name="all", text="\n".join(added))
    assert model.seen.might_exist_count(added) == ITEMS


@pytest.mark.skipif(not LONG, reason="takes minutes; RECALL_LONG=1")
@one_server
@pytest.mark.parametrize("family", [FAMILIES["sequential ids"], FAMILIES["UUIDs"]])
@pytest.mark.timeout(900)
def test_a_million_tokens_are_all_found(bound: None, family: Callable[[], Iterator[str]]) -> None:
    check(sample(family(), 0.01, 1_000_000, 1_000_000))
