"""Rows 5 and 6: a server at its maxmemory, which refuses, or evicts.

A server with no memory at all is tested for every operation in test_engine.py.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import popoto
import pytest
import redis
from harness import Case, check, half_edges, sized, stored_texts
from servers import Server
from support import contents

from popoto_recall import IncompleteError, OutOfMemoryError

FILTER, SKETCH, TOP = "$EF:Case:seen", "$FS:Case:often", "{$FS:Case:often}:top"
REFUSALS = sized(60, 1000)


def create() -> None:
    name = f"n{random.getrandbits(60)}"
    Case.create(name=name, text=f"text{name}")


def nodes() -> list[str]:
    return [f"Case:hub{random.randrange(8)}" for _ in range(5)]


WRITES: list[Callable[[], Any]] = [
    create,
    lambda: Case.near.co_occur(nodes()),
    lambda: Case.near.link("Case:x", nodes()[0]),
    lambda: Case.cites.strengthen("Case:x", nodes()[0]),
    lambda: Case.near.weaken_all(nodes()[0], 0.9),
    lambda: Case.often.increment(f"word{random.random()}"),
]


@pytest.fixture
def nearly_full(start: Callable[..., Server], bind: Callable[..., redis.Redis]) -> redis.Redis:
    """A server with a store in it and room for little more."""
    client = bind(start(maxmemory_policy="noeviction").socket)
    for _ in range(20):
        create()
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 100_000)
    return client


def refused(client: Any, write: Callable[[], Any], *, full: bool) -> list[str] | None:
    """What a refused write left behind; None for one that was not refused, and had room."""
    before = contents(client)
    try:
        write()
    except OutOfMemoryError:
        return [] if contents(client) == before else ["something was written"]
    if full and contents(client) != before:
        return ["written without memory"]  # as Redis lets a script that has written once
    return None


def test_what_finds_no_memory_is_refused_whole(nearly_full: redis.Redis) -> None:
    found: list[str] = []
    refusals = 0
    while refusals < REFUSALS:
        used, full = nearly_full.info("memory")["used_memory"], random.random() < 0.5
        limit = used // 2 if full else used + random.randrange(-2000, 4000)
        nearly_full.config_set("maxmemory", limit)
        left = refused(nearly_full, random.choice(WRITES), full=full)
        if left is not None:
            refusals += 1
            found += left
            make_room(nearly_full)
    assert_goes_on()
    check(5, refusals, found + half_edges(nearly_full))


def make_room(client: Any) -> None:
    """Unlink and delete, as a full server lets one."""
    for node, _ in Case.near.get_linked("Case:x"):
        Case.near.unlink("Case:x", node)
    keys = sorted(client.smembers("$Class:Case"))
    if len(keys) > 5:
        delete(Case.load(name=random.choice(keys).decode().split(":")[1]))


def delete(case: Any) -> None:
    """Outside a transaction, of which a full server refuses every command."""
    with popoto.batch(transaction=False) as pipeline:
        case.delete(pipeline=pipeline)
        pipeline.execute()


def assert_goes_on() -> None:
    assert Case.seen.info().complete
    assert Case.often.get_frequency("nothing at all") == 0
    assert Case.near.get_linked("nobody") == []


def test_with_no_memory_a_record_is_deleted_outside_a_transaction(
    nearly_full: redis.Redis,
) -> None:
    nearly_full.config_set("maxmemory", 0)
    case = Case.create(name="a", text="redis")
    Case.near.link(case, "Case:b")
    nearly_full.config_set("maxmemory", 1)
    if refuses_transactions(nearly_full):
        with pytest.raises(OutOfMemoryError):
            case.delete()
        delete(case)
    else:
        case.delete()
    assert not nearly_full.exists("Case:a")
    assert Case.near.get_linked("Case:b") == []
    check(5, 1, half_edges(nearly_full))


def refuses_transactions(client: Any) -> bool:
    """Whether this server, when full, lets nothing happen within a MULTI, as older ones do."""
    with client.pipeline() as pipeline:
        pipeline.delete("nothing")
        try:
            pipeline.execute()
        except redis.ResponseError:
            return True
    return False


# Row 6

OURS = (b"$EF", b"$FS", b"{$FS", b"$CoOc")
RECORDS = 16
"""So few that Redis looks at all their keys when it picks the idlest."""


@pytest.fixture
def stored(start: Callable[..., Server], bind: Callable[..., redis.Redis]) -> redis.Redis:
    client = bind(start().socket)
    fill()
    return client


def fill() -> None:
    for i in range(RECORDS):
        Case.create(name=f"r{i}", text=f"word{i} common")
    Case.near.link_many([(f"Case:r{i}", f"Case:r{i + 1}") for i in range(0, RECORDS, 2)], 0.5)


def denied(client: Any) -> list[str]:
    """Stored records that the filter denies, or the sketch counts too low."""
    texts = stored_texts(client, Case)
    found = [text for text, hit in Case.seen.might_exist_batch(texts.values()).items() if not hit]
    try:
        counts = Case.often.get_frequency_batch([*texts.values(), "common"])
    except IncompleteError:
        return found
    found += [f"{text} counted 0" for text, times in counts.items() if not times]
    if counts["common"] < RECORDS:
        found.append(f"common counted {counts['common']}")
    return found


def top_is_wrong() -> list[str]:
    try:
        heaviest = Case.often.top(1)
    except IncompleteError:
        return []
    return [] if heaviest[0][0] == "common" else [f"the heaviest is {heaviest}"]


def assert_rebuilt(client: Any) -> None:
    Case.seen.rebuild()
    Case.often.rebuild()
    assert Case.seen.info().complete
    assert Case.often.info().complete
    assert not Case.seen.might_exist("nothing")
    assert denied(client) == []
    assert Case.often.top(1)[0][0] == "common"


@pytest.mark.parametrize(
    "gone",
    [
        [FILTER],
        [SKETCH],
        [TOP],
        [SKETCH, TOP],
        [FILTER, SKETCH, TOP],
    ],
)
def test_an_evicted_key_denies_nothing(stored: redis.Redis, gone: list[str]) -> None:
    stored.delete(*gone)
    found = denied(stored) + top_is_wrong()
    Case.create(name="later", text="later")
    found += denied(stored) + top_is_wrong()
    Case.load(name="r0").save()
    found += denied(stored) + top_is_wrong()
    check(6, RECORDS * 3, found)
    assert_rebuilt(stored)


def test_an_evicted_edge_set_is_mended_by_what_touches_it(stored: redis.Redis) -> None:
    stored.delete(Case.near.get_edge_key("Case:r0"))
    assert Case.near.link("Case:r0", "Case:r1", 0.1) == 0.5
    assert Case.near.get_linked("Case:r0") == [("Case:r1", 0.5)]
    check(6, 1, half_edges(stored))


def test_what_redis_evicts_denies_nothing(stored: redis.Redis) -> None:
    stored.config_set("maxmemory-samples", 64)
    tried, found = 0, []
    while tried < sized(2, 10):
        fill()
        evict(stored)
        if stored.scard("$Class:Case") < RECORDS:
            continue  # Popoto itself has lost sight of records
        tried += 1
        found += denied(stored) + top_is_wrong()
        Case.create(name=f"later{random.random()}", text="later")
        found += denied(stored)
        assert_rebuilt(stored)
    check(6, tried * RECORDS, found)


def evict(client: Any) -> None:
    """Let the server run short of memory until the filter and the sketch are gone."""
    client.config_set("maxmemory-policy", "allkeys-lru")
    time.sleep(1.1)  # what Redis counts idleness in is a second
    limit = client.info("memory")["used_memory"]
    while client.exists(FILTER, SKETCH):
        client.touch(*[key for key in client.keys("*") if not key.startswith(OURS)])
        limit -= 1000
        client.config_set("maxmemory", limit)
    client.config_set("maxmemory", 0)
