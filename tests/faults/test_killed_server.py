"""Row 4: a server killed under traffic, and its log cut at every byte of the last transaction."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis
from harness import Case, Fork, Wide, check, half_edges, half_records, sized
from servers import Server

Start = Callable[..., Server]
Bind = Callable[..., redis.Redis]

KILLS = sized(2, 15)
CUT_EVERY = sized(40, 1)
NODES = [f"n{i}" for i in range(4)]


def traffic(me: str) -> Callable[[Callable[[Any], None]], None]:
    def run(say: Callable[[Any], None]) -> None:
        for i in count():
            Wide.create(name=f"{me}.{i}", text=f"{me}x{i}")
            Wide.near.co_occur([f"Wide:{me}.{j}" for j in range(max(0, i - 3), i + 1)])
            say(i)

    return run


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_a_killed_server_leaves_nothing_half_done(start: Start, bind: Bind, fsync: str) -> None:
    server = start(appendonly="yes", appendfsync=fsync)
    client = bind(server.socket)
    acknowledged: list[str] = []
    for kill in range(KILLS):
        forks = {me: Fork(traffic(me)) for me in (f"a{kill}", f"b{kill}")}
        time.sleep(random.uniform(0.1, 0.4))
        server.kill()
        for me, fork in forks.items():
            done = [line for line in fork.said() if isinstance(line, int)]
            acknowledged += [f"{me}x{i}" for i in done]
        server.start()
        found = half_edges(client, Wide.near, None) + half_records(client, Wide)
        if fsync == "always":
            found += missing(client, acknowledged)
        check(4, len(acknowledged), found)


def missing(client: Any, texts: list[str]) -> list[str]:
    """Acknowledged saves that are not there."""
    records = {key.decode() for key in client.smembers("$Class:Wide")}
    seen = Wide.seen.might_exist_batch(texts)
    return [
        text for text in texts if not seen[text] or f"Wide:{text.replace('x', '.')}" not in records
    ]


def log_of(folder: Path) -> Path:
    """The file that the server appends to."""
    return next(iter(folder.glob("appendonlydir/*.incr.aof")), folder / "appendonly.aof")


def rename() -> None:
    case = Case.load(name="r1")
    case.name = "r9"
    case.save(migrate_key=True)


LAST: dict[str, Callable[[], Any]] = {
    "co_occur": lambda: Case.near.co_occur(NODES),
    "save": lambda: Case.create(name="last", text="last words"),
    "rename": rename,
    "delete": lambda: Case.load(name="r1").delete(),
}


@pytest.mark.parametrize("last", LAST)
def test_a_log_cut_in_its_last_transaction_holds_no_half_of_it(
    start: Start, bind: Bind, last: str
) -> None:
    server = start(appendonly="yes", appendfsync="always", aof_load_truncated="yes")
    bind(server.socket)
    for i in range(3):
        Case.create(name=f"r{i}", text=f"text{i}")
    Case.near.co_occur(["Case:r0", "Case:r1", "Case:r2"])
    Case.cites.co_occur(["Case:r0", "Case:r1", "Case:r2"])
    log = log_of(server.folder)
    before = log.stat().st_size
    LAST[last]()
    server.kill()
    whole = log.read_bytes()
    found, cuts = [], [*range(before, len(whole), CUT_EVERY), len(whole)]
    for cut in cuts:
        log.write_bytes(whole[:cut])
        server.start()
        client = bind(server.socket)
        found += half_edges(client) + denied_or_linked(client)
        client.close()
        server.kill()
    check(4, len(cuts), found)


def denied_or_linked(client: Any) -> list[str]:
    """Records that are denied, and edges to those that are gone; bare nodes are no records."""
    return [line for line in half_records(client) if not line.startswith(tuple(NODES))]
