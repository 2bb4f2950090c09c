"""What another client waits while a large activation spreads."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from .graph_reads import in_turn
from .graphs import copy, directed, pk, plant, uniform
from .measure import quantile
from .models import Ours, Twin
from .outcome import Outcome, Row, Target, at_most
from .stage import Stage

FAN_OUT = 500
MAX_READS = 20_000
MILLISECONDS = "{:.1f} ms"


class Waits(NamedTuple):
    """Seconds that GETs took, and how many the server refused."""

    seconds: list[float]
    refused: int


def busy_server(stage: Stage) -> Iterator[Outcome]:
    nodes = stage.plan.busy_nodes
    edges = directed(nodes, FAN_OUT, uniform, seed=13)
    ours, theirs = Ours.cites.get_edge_key_prefix(), Twin.cites.get_edge_key_prefix(Twin)
    plant(stage.client, ours, edges)
    seeds = in_turn([pk(node) for node in range(20)])

    def bounded() -> object:
        return Ours.cites.propagate([seeds()], depth=3, max_reads=MAX_READS)

    seconds = 2 * stage.plan.seconds
    title = f"wait of another client's GET, {nodes:,} nodes of {FAN_OUT} edges, depth 3"
    idle = waits_while(stage, lambda: time.sleep(0.05), seconds)
    spread = waits_while(stage, bounded, seconds)
    note = "" if nodes == 10_000 else f"{nodes:,} nodes, not 10,000"
    budget = f"propagate max_reads={MAX_READS:,}"
    rows = [
        _row("p99, nothing else runs", quantile(idle.seconds, 0.99)),
        _row(f"p99, {budget}", quantile(spread.seconds, 0.99), at_most(50)),
        _row(f"longest, {budget}", max(spread.seconds)),
    ]
    if stage.plan.impatient:
        rows.append(Row("longest, Popoto", math.nan, note="left out"))
    else:
        copy(stage.client, ours, theirs, edges)
        rows += _popoto(stage)
    yield Outcome(title, rows=rows, note=note)


def _row(figure: str, seconds: float, target: Target | None = None) -> Row:
    return Row(figure, seconds * 1000, target, MILLISECONDS)


def _popoto(stage: Stage) -> list[Row]:
    once = count()

    def unbounded() -> None:
        if next(once) == 0:
            Twin.cites.propagate(Twin, [pk(0)], depth=3)

    waits = waits_while(stage, unbounded, 0.0)
    return [
        _row("longest, Popoto, one call", max(waits.seconds)),
        Row("GETs refused meanwhile, Popoto", waits.refused, form="{:.0f}"),
    ]


def waits_while(stage: Stage, work: Callable[[], object], seconds: float) -> Waits:
    """Do something again and again, and ask from another process meanwhile."""
    probe = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.probe", stage.server.socket],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    time.sleep(0.5)  # until it asks
    end = time.perf_counter() + seconds
    work()
    while time.perf_counter() < end:
        work()
    found = json.loads(probe.communicate()[0])
    return Waits(found["waits"], found["refused"])
