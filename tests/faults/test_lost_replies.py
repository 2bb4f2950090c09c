"""Row 8: replies are lost, and the client is one that would send ten times."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import popoto
import pytest
import redis
from harness import Case, Proxy, Wide, check, half_edges, half_records, sized
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from servers import Server

from popoto_recall import OutcomeUnknownError

LOST = sized(20, 250)
"""Replies lost to each of the four kinds of write: 1,000 in the long form."""


def retrying() -> dict[str, Any]:
    return {
        "retry": Retry(ExponentialBackoff(cap=0.01, base=0.001), 10),
        "retry_on_error": [redis.ConnectionError, redis.TimeoutError],
    }


def increment(i: int) -> None:
    Wide.often.increment(f"text{i}")


def strengthen(i: int) -> None:
    Wide.near.strengthen(f"a{i}", f"b{i}", 0.25)
    Wide.often.increment(f"text{i}")


def save(i: int) -> None:
    Wide.create(name=f"a{i}", text=f"text{i}")


def queued(i: int) -> None:
    with popoto.batch(transaction=i % 2 == 0) as pipeline:
        Wide.often.increment(f"text{i}", pipeline=pipeline)
        Wide.near.strengthen(f"a{i}", f"b{i}", 0.25, pipeline=pipeline)
        pipeline.execute()


@pytest.mark.parametrize("write", [increment, strengthen, save, queued])
def test_nothing_is_applied_twice(
    start: Callable[..., Server],
    bind: Callable[..., redis.Redis],
    proxy: Callable[[str], Proxy],
    write: Callable[[int], None],
) -> None:
    server = start()
    between = proxy(server.socket)
    bind(between.socket, **retrying())
    for warm in (-1, -2):
        write(warm)  # the scripts are loaded
    between.loses = lambda request: b"EVAL" in request and random.random() < 0.5
    unknown, tried = [], 0
    while between.lost < LOST:
        unknown += outcome(write, tried)
        tried += 1
    bind(server.socket)
    assert len(unknown) == between.lost
    check(8, between.lost, applied_otherwise(tried, set(unknown)))
    check(8, tried, half_edges(server.client(), Wide.near, None))


def outcome(write: Callable[[int], None], i: int) -> list[int]:
    """The number of the write, if its outcome is unknown."""
    try:
        write(i)
    except OutcomeUnknownError:
        return [i]
    return []


def applied_otherwise(tried: int, unknown: set[int]) -> list[str]:
    """Writes that were not applied once, or, their outcome unknown, once or never."""
    counts = Wide.often.get_frequency_batch([f"text{i}" for i in range(tried)])
    found = [
        f"{text} counted {times}"
        for i, (text, times) in enumerate(counts.items())
        if times > 1 or (times < 1 and i not in unknown)
    ]
    edges = Wide.near.get_linked_many([f"a{i}" for i in range(tried)])
    return found + [
        f"{node}: {linked}"
        for node, linked in edges.items()
        if linked[1:] or (linked and linked[0][1] != 0.25)
    ]


def test_reads_go_on_as_if_nothing_were_lost(
    start: Callable[..., Server], bind: Callable[..., redis.Redis], proxy: Callable[[str], Proxy]
) -> None:
    server = start()
    between = proxy(server.socket)
    client = bind(between.socket, **retrying())
    Case.create(name="a", text="redis")
    Case.near.link("Case:a", "x")
    left = [0]

    def loses(request: bytes) -> bool:
        left[0] += 1
        return left[0] % 3 > 0

    between.loses = lambda request: b"EVALSHA" in request and loses(request)
    tried = sized(10, 200)
    for _ in range(tried):
        assert Case.seen.might_exist("redis")
        assert Case.often.get_frequency("redis") == 1
        assert Case.near.get_linked("x") == [("Case:a", 0.1)]
    assert between.lost >= tried
    between.loses = lambda request: False
    Case.near.unlink("Case:a", "x")
    check(8, tried * 3, half_edges(client) + half_records(client))


def test_a_connection_has_its_retries_back_before_another_call_can_have_it(
    start: Callable[..., Server], bind: Callable[..., redis.Redis]
) -> None:
    client = bind(start().socket, **retrying())
    released: list[int] = []
    release = client.connection_pool.release

    def noted(connection: Any) -> None:
        released.append(connection.retry._retries)
        release(connection)

    client.connection_pool.release = noted
    for i in range(3):
        queued(i)
        save(i)
    assert set(released) == {10}
    check(8, len(released), [retries for retries in released if retries != 10])
