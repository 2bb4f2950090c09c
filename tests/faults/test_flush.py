"""Row 1: SCRIPT FLUSH every 10 ms, under the traffic of eight processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import Any

import popoto
from harness import Fork, Wide, check, half_edges, sized

FILLER = "x" * 40_000
"""More than a server reads at once, so that a flush may come before what stands behind it."""

SECONDS = sized(2, 60)
PROCESSES = ["direct", "direct", "direct", "queued", "queued", "save", "save", "save"]


def direct(me: str, i: int) -> None:
    Wide.near.link(me, f"{me}.{i}")
    Wide.often.increment("direct")


def queued(me: str, i: int) -> None:
    with popoto.batch(transaction=i % 2 == 0) as pipeline:
        Wide.near.link(me, f"{me}.{i}", pipeline=pipeline)
        pipeline.set("filler", FILLER)
        Wide.near.link(f"{me}.{i}", f"{me}.{i}.c", pipeline=pipeline)
        Wide.often.increment("queued", pipeline=pipeline)
        Wide.near.co_occur([f"{me}.{i}.a", f"{me}.{i}.b"], pipeline=pipeline)
        pipeline.execute()


def save(me: str, i: int) -> None:
    Wide.create(name=f"{me}.{i}", text=f"saved{me}x{i}")


WORK: dict[str, Callable[[str, int], None]] = {"direct": direct, "queued": queued, "save": save}


def busy(work: Callable[[str, int], None], me: str, until: float) -> Callable[[Any], None]:
    def run(say: Callable[[Any], None]) -> None:
        for i in count():
            if time.monotonic() > until:
                return
            work(me, i)
            say(i)

    return run


def test_nothing_is_lost_while_scripts_are_flushed(real_client: Any) -> None:
    until = time.monotonic() + SECONDS
    forks = [
        (kind, f"{kind}{n}", Fork(busy(WORK[kind], f"{kind}{n}", until)))
        for n, kind in enumerate(PROCESSES)
    ]
    flushed = 0
    while time.monotonic() < until:
        real_client.script_flush()
        flushed += 1
        time.sleep(0.01)
    said = [(kind, me, fork.said()) for kind, me, fork in forks]
    errors = [line for _, _, lines in said for line in lines if isinstance(line, str)]
    done = {me: len(lines) for _, me, lines in said}
    check(1, sum(done.values()), errors)
    assert flushed > SECONDS * 20
    assert min(done.values()) > 0
    check(1, sum(done.values()), lost(real_client, done))


def lost(client: Any, done: dict[str, int]) -> list[str]:
    """Writes that were acknowledged and are not there."""
    totals = {kind: sum(n for me, n in done.items() if me.startswith(kind)) for kind in WORK}
    saved = [f"saved{me}x{i}" for me, n in done.items() if me.startswith("save") for i in range(n)]
    found = [text for text, hit in Wide.seen.might_exist_batch(saved).items() if not hit]
    found += [text for text, times in Wide.often.get_frequency_batch(saved).items() if not times]
    for kind in ("direct", "queued"):
        if Wide.often.get_frequency(kind) != totals[kind]:
            found.append(f"{kind} counted {Wide.often.get_frequency(kind)} of {totals[kind]}")
    if Wide.often.info().items != sum(totals.values()):
        found.append(f"{Wide.often.info().items} counted of {totals}")
    for me, number in done.items():
        edges = client.zcard(Wide.near.get_edge_key(me))
        if not me.startswith("save") and edges != number:
            found.append(f"{me} has {edges} edges of {number}")
    return found + half_edges(client, Wide.near, None)
