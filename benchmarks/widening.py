"""Widening a ranking, against the walk that it makes."""

from __future__ import annotations

from collections.abc import Iterator

from .graph_reads import in_turn, planted
from .graphs import hubs, pk, uniform
from .measure import Variant
from .models import Ours
from .outcome import NO_OP, Outcome, Row, at_most
from .stage import Stage

WIDEN = "widen 50 hits"
WALK = "propagate of its 5 seeds, depth 1, limit 20"
MOST_SECONDS = 250e-6
MOST_TIMES = 2.0


def widening(stage: Stage) -> Iterator[Outcome]:
    nodes = stage.plan.nodes
    edges = planted(stage, nodes, uniform)
    largest = hubs(edges, 20)
    rankings = []
    for _ in range(20):
        others = [pk(stage.random.randrange(nodes)) for _ in range(60)]
        pks = dict.fromkeys([*stage.random.sample(largest, 2), *others])
        rankings.append([(node, 20 - 0.3 * place) for place, node in enumerate(list(pks)[:50])])
    near = Ours.near
    seeds = [{node: (score / 20) ** 2 for node, score in hits[:5]} for hits in rankings]
    outcome = stage.compare(
        f"widen, {nodes:,} nodes with hubs, two of them among the seeds",
        [
            Variant(WIDEN, near.widen, in_turn(rankings)),
            Variant(WALK, lambda chosen: near.propagate(chosen, depth=1, limit=20), in_turn(seeds)),
            stage.floor(lambda: near.widen(rankings[0])),
        ],
    )
    outcome.rows += [_server(outcome), _wall(outcome)]
    yield outcome


def _server(outcome: Outcome) -> Row:
    spent = outcome.samples[WIDEN].at(0.5, "server")
    return Row(f"{WIDEN}: server, us", spent * 1e6, at_most(MOST_SECONDS * 1e6), form="{:.0f}")


def _wall(outcome: Outcome) -> Row:
    """The same round trip, and the walk: what goes beyond is Python's."""
    walk, no_op = (outcome.samples[name].at(0.5) for name in (WALK, NO_OP))
    times = outcome.samples[WIDEN].at(0.5) / (walk + no_op)
    return Row(f"{WIDEN}: wall time against the walk and a {NO_OP}", times, at_most(MOST_TIMES))
