"""How costs grow: with the graph, with a node's edges, with what is in a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .accuracy import PERCENT, fill, rate_of
from .graph_reads import TOP, in_turn, planted
from .graph_writes import numbered
from .graphs import hubs, uniform
from .measure import Variant
from .models import Ours, Twin, filter_models
from .outcome import OURS, POPOTO, Outcome, Row
from .stage import Stage
from .words import words

ALL = "popoto-recall, all"

FAN_OUTS = (1, 10, 100, 500)
FILLS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
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


def filter_fill(stage: Stage) -> Iterator[Outcome]:
    """The rate of false positives as a filter fills, and past its capacity."""
    capacity = stage.plan.capacity
    ours, popoto, _ = filter_models(capacity, 0.01)
    absent = words(ASKED, 10_000_000)
    done = 0
    for share in FILLS:
        number = int(share * capacity)
        fresh = words(number - done, done)
        done = number
        rows = []
        for name, model in ((OURS, ours), (POPOTO, popoto)):
            fill(model, fresh)
            rate = 100 * rate_of(model, absent)
            rows.append(Row(name, rate, form=PERCENT))
        outcome = Outcome(f"false positives at {share:.0%} of the capacity", rows=rows)
        outcome.curve, outcome.at = "filter fill", share
        yield outcome


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
