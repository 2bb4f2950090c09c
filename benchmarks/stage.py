"""A private server, and the fields bound to it."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from popoto import redis_db

from .clocks import clock_of
from .cores import pinned
from .measure import Meter, Variant
from .outcome import NO_OP, Claim, Outcome
from .parsers import HIREDIS, PYTHON
from .traffic import bytes_sent, scripts_sent

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from servers import Server, binaries


@dataclass(frozen=True)
class Plan:
    """How large a run is.

    Attributes:
        name: Of the run.
        seconds: What one comparison takes, at least.
        turns: Fewest that each variant has in it.
        nodes: Of the large graph.
        busy_nodes: Of the graph that keeps the server busy, with 500 edges each.
        scanned: Nodes of the graph that a node is deleted from.
        capacity: Of the filters whose false positives are counted.
        outgrown: Of the filters that are filled far beyond their capacity.
        records: That a rebuild reads.
        tenants: With ten memories each.
        sizes: Nodes of the graphs that costs are compared over.
        impatient: Leave out what makes Popoto hold the server for many seconds.
    """

    name: str
    seconds: float
    turns: int
    nodes: int
    busy_nodes: int
    scanned: int
    capacity: int
    outgrown: int
    records: int
    tenants: int
    sizes: tuple[int, ...]
    impatient: bool


FULL = Plan(
    name="full",
    seconds=6.0,
    turns=9,
    nodes=100_000,
    busy_nodes=10_000,
    scanned=20_000,
    capacity=100_000,
    outgrown=10_000,
    records=5_000,
    tenants=10_000,
    sizes=(1_000, 3_000, 10_000, 30_000, 100_000),
    impatient=False,
)
QUICK = Plan(
    name="quick",
    seconds=0.4,
    turns=4,
    nodes=20_000,
    busy_nodes=2_000,
    scanned=20_000,
    capacity=10_000,
    outgrown=1_000,
    records=500,
    tenants=1_000,
    sizes=(1_000, 4_000),
    impatient=True,
)


class Stage:
    """What a section of the benchmark works with.

    Attributes:
        server: The private server.
        client: The client that the fields use, too.
        plan: How large a run is.
        cores: Which core does what.
        random: For seeds, the same in every run.
    """

    def __init__(
        self, server: Server, client: Any, plan: Plan, seed: int, cores: str = "not pinned"
    ) -> None:
        self.server = server
        self.client = client
        self.plan = plan
        self.cores = cores
        self.random = random.Random(seed)
        self.clock = clock_of(server.pid, client)
        self.meter = Meter(self.clock, plan.seconds, plan.turns, seed, self._switch)
        self.pools = {False: client.connection_pool}
        if HIREDIS:
            self.pools[True] = _pool(server, HIREDIS)
        self.no_op: str = client.script_load("return 0")

    def _switch(self, hiredis: bool) -> None:
        """Have redis-py pack and parse with hiredis, or by itself."""
        self.client.connection_pool = self.pools[hiredis]

    def compare(
        self,
        title: str,
        variants: Sequence[Variant],
        claims: Sequence[Claim] = (),
        note: str = "",
        **turns: int,
    ) -> Outcome:
        """Run the variants in turns (see `Meter.compare`), and hold the claims to that."""
        samples = self.meter.compare(variants, **turns)
        shown = [claim for claim in claims if claim.target or claim.other in samples]
        rows = [claim.row(samples, note) for claim in shown]
        return Outcome(title, samples, rows, note)

    def floor(self, call: Callable[[], object], name: str = NO_OP) -> Variant:
        """A script that does nothing, with the keys and arguments that a call sends."""
        call()  # so that the server has the scripts
        calls = [(self.no_op, *words[2:]) for words in scripts_sent(self.client, call)]

        def evalsha(_: object) -> None:
            for arguments in calls:
                self.client.evalsha(*arguments)

        return Variant(name, evalsha)

    def both(self, variant: Variant) -> list[Variant]:
        """A variant by itself and over hiredis, where that is installed."""
        return [variant, *([variant.with_hiredis()] if HIREDIS else [])]

    def bytes_sent(self, call: Callable[[], object]) -> int:
        """How many bytes a call has the server read."""
        with self.server.client() as client:
            return bytes_sent(client, call)

    def ping(self) -> Variant:
        return Variant("PING", lambda _: self.client.ping())

    def knows(self, command: str) -> bool:
        """Whether the server has a command."""
        # in one word, because redis-py's parser of COMMAND takes no nil for an answer
        return bool(self.client.execute_command("COMMAND INFO", command)[0])

    def empty(self) -> None:
        """Remove all data, which Popoto's client refuses to."""
        with self.server.client() as client:
            client.flushall()


def newest_seven() -> str:
    """Path of the newest Redis 7 at hand; without one, of the newest server there is.

    Raises:
        SystemExit: There is none.
    """
    found = binaries()
    if not found:
        raise SystemExit("no redis-server found: apt-get install redis-server, or --server PATH")
    return found[max(found, key=_seven_first)]


def _seven_first(server: str) -> tuple[bool, list[int]]:
    numbers = [int(number) for number in re.findall(r"\d+", server)]
    return server.startswith("redis-7."), numbers


@contextmanager
def staged(binary: str, plan: Plan, seed: int, module: str | None = None) -> Iterator[Stage]:
    """A stage with a server of its own, which ends with it."""
    server = Server(binary, **({"loadmodule": module} if module else {}))
    previous = redis_db.POPOTO_REDIS_DB
    pool = _pool(server, PYTHON)
    redis_db.POPOTO_REDIS_DB = client = redis_db.GuardedRedis(connection_pool=pool)
    try:
        # Popoto takes a script for loaded that was once, on whatever server
        with pinned(server.pid) as cores, patch.object(redis_db, "_LOADED_SHAS", set()):
            stage = Stage(server, client, plan, seed, cores)
            try:
                yield stage
            finally:
                for pool in stage.pools.values():
                    pool.disconnect()
    finally:
        redis_db.POPOTO_REDIS_DB = previous
        pool.disconnect()
        server.close()


def _pool(server: Server, parsing: Mapping[str, Any]) -> Any:
    """Connections of redis-py's usual client, but for who parses."""
    pool = server.client(socket_timeout=None).connection_pool
    pool.connection_kwargs.update(parsing)
    return pool
