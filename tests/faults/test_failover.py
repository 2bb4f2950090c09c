"""Row 2: a server restarted, and a replica promoted, under one client."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import redis
from harness import Case, Fork, Proxy, check, half_edges, half_records, sized
from servers import Server

SAVES = 20
CYCLES = sized(1, 20)
Start = Callable[..., Server]
Bind = Callable[..., redis.Redis]


def saved(prefix: str, number: int) -> list[str]:
    """Save and link some records; what went wrong."""
    return [wrong for i in range(number) if (wrong := save(prefix, i))]


def save(prefix: str, i: int) -> str | None:
    try:
        case = Case.create(name=f"{prefix}{i}", text=f"{prefix}text{i}")
        Case.near.co_occur([case, *(f"Case:{prefix}{j}" for j in range(i)[-3:])])
    except redis.RedisError as error:
        return f"{prefix}{i}: {error!r}"
    return None


def damage(client: Any) -> list[str]:
    return half_edges(client) + half_records(client)


def test_saves_go_on_after_a_restart(start: Start, bind: Bind) -> None:
    server = start(appendonly="yes", appendfsync="always")
    client = bind(server.socket)
    wrong = saved("before", SAVES)
    for cycle in range(CYCLES):
        server.restart()
        wrong += saved(f"cycle{cycle}x", SAVES)
    assert len(client.smembers("$Class:Case")) == SAVES * (CYCLES + 1) - len(wrong)
    check(2, SAVES * (CYCLES + 1), wrong + damage(client))


def test_saves_go_on_at_a_server_that_lost_everything(start: Start, bind: Bind) -> None:
    server = start()
    client = bind(server.socket)
    wrong = saved("before", SAVES)
    server.restart()
    wrong += saved("after", SAVES)
    assert Case.seen.info().complete
    assert not Case.seen.might_exist("beforetext1")
    check(2, SAVES * 2, wrong + damage(client))


def pair(start: Start) -> tuple[Server, Server]:
    """A primary and a replica that follows it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    primary = start(port=port, bind="127.0.0.1", repl_diskless_sync_delay=0)
    replica = start(replicaof=f"127.0.0.1 {port}")
    deadline = time.monotonic() + 20
    while replica.client().info("replication")["master_link_status"] != "up":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return primary, replica


def test_saves_go_on_at_a_promoted_replica(
    start: Start, bind: Bind, proxy: Callable[[str], Proxy]
) -> None:
    primary, replica = pair(start)
    address = proxy(primary.socket)
    client = bind(address.socket)
    wrong = saved("before", SAVES)
    assert primary.client().wait(1, 5000) == 1
    primary.kill()
    replica.client().replicaof("NO", "ONE")
    address.target = replica.socket
    address.drop_all()
    wrong += saved("after", SAVES)
    assert len(client.smembers("$Class:Case")) == SAVES * 2 - len(wrong)
    check(2, SAVES * 2, wrong + damage(client))


def test_what_a_promoted_replica_knows_is_whole(start: Start, bind: Bind) -> None:
    """The last writes may be missing there, Redis replicates later, but none is half there."""
    for _ in range(CYCLES):
        primary, replica = pair(start)
        bind(primary.socket)
        fork = Fork(lambda say: say(saved("lost", 10_000)))
        while replica.client().scard("$Class:Case") < SAVES:
            time.sleep(0.01)
        primary.kill()
        fork.kill()
        replica.client().replicaof("NO", "ONE")
        client = bind(replica.socket)
        tried = len(client.smembers("$Class:Case"))
        check(2, tried, damage(client) + saved("after", SAVES))
