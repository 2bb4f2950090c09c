"""How costs grow: with the graph, with a node's edges, with what is in a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .accuracy import PERCENT, fill, optimum, rate_of
from .graph_reads import TOP, in_turn, planted
from .graph_writes import numbered
from .graphs import hubs, uniform
from .measure import Variant
from .models import Ours, Twin, add, filter_models
from .outcome import MODULE, OURS, POPOTO, Outcome, Row, at_most
from .stage import Stage
from .words import texts, words

ALL = "popoto-recall, all"

FAN_OUTS = (1, 10, 100, 500)
FILLS = (0.25, 0.5, 1, 1.5, 2, 4, 8, 16, 32, 64)
"""How many times its capacity a filter is filled."""

BOUNDS = {1: 1.2, 2: 1.5, 8: 1.5, 64: 1.5}
"""How many times its declared rate it may be wrong there."""

SATURATED = 8
"""From so many times its capacity on Popoto's filter says yes to everything."""

SMALL = 50
"""Words of a text: so few that no layer of a filter is filled by one."""

ASKED = 100_000


def graph_size(stage: Stage) -> Iterator[Outcome]:
    for nodes in stage.plan.sizes:
        stage.empty()
        seeds = hubs(planted(stage, nodes, uniform), 20)
        outcome = stage.compare(
            f"propagate from a hub of {nodes:,} nodes",
            [
                Variant(TOP, lambda pk: Ours.near.propagate([pk], limit=20), in_turn(seeds)),
                Variant(ALL, lambda pk: Ours.near.propagate([pk]), in_turn(seeds)),
                Variant(POPOTO, lambda pk: Twin.near.propagate(Twin, [pk]), in_turn(seeds)),
            ],
        )
        outcome.curve, outcome.at = "graph size", nodes
        yield outcome


def fan_out(stage: Stage) -> Iterator[Outcome]:
    near, client = Ours.near, stage.client
    for edges in FAN_OUTS:
        members = {f"other{number}": 0.05 + number / 1000 for number in range(edges)}
        client.delete("template")
        client.zadd("template", members)
        client.copy("template", near.get_edge_key("Ours:full"), replace=True)
        node = _copies(stage, f"Ours:e{edges}:")
        yield stage.compare(
            f"a node of {edges} edges",
            [
                Variant("link, new edge", lambda pk: near.link(pk, pk + "~"), node),
                Variant("strengthen, new edge", lambda pk: near.strengthen(pk, pk + "~"), node),
                Variant("get_linked", lambda _: near.get_linked("Ours:full")),
                Variant("propagate, limit 20", lambda _: near.propagate(["Ours:full"], limit=20)),
            ],
        )
        stage.empty()


def _copies(stage: Stage, prefix: str) -> Callable[[], str]:
    names = numbered(prefix)

    def fresh() -> str:
        name = names()
        stage.client.copy("template", Ours.near.get_edge_key(name))
        return name

    return fresh


def beyond_capacity(stage: Stage) -> Iterator[Outcome]:
    """False positives and memory of a filter that is filled up to 64 times its capacity."""
    grown, done = Grown(stage, stage.plan.outgrown), 0
    asked = ASKED // 5 if stage.plan.impatient else ASKED
    absent: list[Any] = words(asked, 10_000_000)
    title = f"capacity {grown.capacity:,}, declared {grown.rate:.0%}, filled"
    for times in FILLS:
        number = int(times * grown.capacity)
        grown.add(words(number - done, done))
        done = number
        outcome = Outcome(f"{title} {times:g} times", rows=grown.rows(times, absent))
        outcome.curve, outcome.at = "filter fill", times
        yield outcome
        if times in BOUNDS:
            yield stage.compare(f"questions to a filter filled {times:g} times", grown.asks(absent))
    most, at = grown.most
    grew = Row(f"memory at its most, filled {at:.1f} times, of the optimum", most, at_most(5))
    yield Outcome(f"{title} 1 to {FILLS[-1]} times, at any moment", rows=[grew])


class Grown:
    """Filters of one capacity, ours, Popoto's and the module's, that are filled beyond it.

    Attributes:
        capacity: That is declared.
        rate: The same.
        most: Memory of ours over the least possible for what is in it, at its most since it was
            full: just after it has grown; and how many times its capacity was in it then.
    """

    def __init__(self, stage: Stage, capacity: int, rate: float = 0.01) -> None:
        self.stage = stage
        self.capacity = capacity
        self.rate = rate
        self.most = (0.0, 0.0)
        self.stored = 0
        self.ours, self.popoto, _ = filter_models(capacity, rate)
        self.seen: Any = self.ours._meta.fields["seen"]
        self.key = f"$EF:{self.ours.__name__}:seen"
        self.module = stage.knows("BF.MADD")
        if self.module:
            stage.client.execute_command("BF.RESERVE", "module", rate, capacity)

    def add(self, tokens: Sequence[str]) -> None:
        """Add to all of them; to ours in small texts, looking how large it is after each."""
        for text in texts(tokens, SMALL):
            add(self.ours, "seen", text)
            self.stored += text.count(" ") + 1
            if self.stored >= self.capacity:
                now = self.memory(self.key), self.stored / self.capacity
                self.most = max(self.most, now)
        if self.stored <= SATURATED * self.capacity:
            fill(self.popoto, tokens)
        if self.module:
            for text in texts(tokens):
                self.stage.client.execute_command("BF.MADD", "module", *text.split())

    def memory(self, key: str) -> float:
        """Bytes of a value, over the fewest for what has been added."""
        used = self.stage.client.memory_usage(key, samples=0)
        return used / optimum(self.stored, self.rate)

    def rows(self, times: float, absent: Sequence[str]) -> list[Row]:
        declared, bound = 100 * self.rate, BOUNDS.get(times)
        wanted = at_most(bound * declared) if bound else None
        rows = [Row(OURS, 100 * rate_of(self.ours, absent), wanted, PERCENT)]
        if self.stored <= SATURATED * self.capacity:
            rows.append(Row(POPOTO, 100 * rate_of(self.popoto, absent), form=PERCENT))
        if self.module:
            rows.append(Row(MODULE, 100 * self._module_rate(absent), form=PERCENT))
        if times in BOUNDS:
            figure = "memory, of the optimum"
            rows.append(Row(figure, self.memory(self.key), at_most(3)))
            if self.module:
                rows.append(Row(f"{MODULE}: {figure}", self.memory("module")))
        return rows

    def _module_rate(self, absent: Sequence[str]) -> float:
        hits = 0
        for text in texts(absent):
            found = self.stage.client.execute_command("BF.MEXISTS", "module", *text.split())
            hits += sum(map(bool, found))
        return hits / len(absent)

    def asks(self, absent: Sequence[str]) -> list[Variant]:
        """One question, and a thousand."""
        model, seen = self.ours, self.seen
        some = absent[:1000]
        return [
            Variant("absent word", lambda word: seen.might_exist(model, word), in_turn(some)),
            Variant("batch of 1,000", lambda _: seen.might_exist_batch(model, some)),
        ]


def question_time(stage: Stage, sizes: Sequence[int] = (0, 50_000, 100_000)) -> Iterator[Outcome]:
    """A question to an empty, a half-full and a full filter."""
    done = 0
    absent: list[Any] = words(500, 10_000_000)
    for size in sizes:
        fill(Ours, words(size - done, done) or ["x"])
        done = size
        yield stage.compare(
            f"might_exist, {size:,} tokens in the filter",
            [
                Variant("absent word", lambda word: Ours.seen.might_exist(word), in_turn(absent)),
                Variant("batch of 100", lambda _: Ours.seen.might_exist_batch(absent[:100])),
            ],
        )
