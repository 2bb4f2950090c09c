"""Reads of the graph: neighbours, spreading activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

from .graphs import (
    Edges,
    Weigh,
    barabasi_albert,
    copy,
    hubs,
    pk,
    plant,
    pruned,
    skewed,
    uniform,
)
from .measure import Variant
from .models import Ours, Twin
from .outcome import OURS, POPOTO, Claim, Outcome, at_most, faster
from .stage import Stage

LINK, TOP = "link, edge exists", "popoto-recall, limit 20"
NETWORKX = "networkx in process, any depth"


def planted(stage: Stage, nodes: int, weigh: Weigh) -> Edges:
    """One graph under the keys of both models."""
    edges = pruned(barabasi_albert(nodes, weigh, seed=7), Ours.near.max_edges)
    ours, theirs = Ours.near.get_edge_key_prefix(), Twin.near.get_edge_key_prefix(Twin)
    plant(stage.client, ours, edges)
    copy(stage.client, ours, theirs, edges)
    return edges


def in_turn(values: Sequence[Any]) -> Callable[[], Any]:
    """Gives the values one after the other, again and again; to every variant the same."""
    again = cycle(values)
    return lambda: next(again)


def activation(stage: Stage) -> Iterator[Outcome]:
    nodes = stage.plan.nodes
    for name, weigh in (("uniform", uniform), ("skewed", skewed)):
        stage.empty()
        edges = planted(stage, nodes, weigh)
        where = f"{nodes:,} nodes, {name} weights"
        any_node = [pk(stage.random.randrange(nodes)) for _ in range(200)]
        yield _top(stage, f"propagate from a hub, {where}", hubs(edges, 20), edges)
        yield _slowest(stage, f"propagate from a hub, {where}", hubs(edges, 20))
        for kind, seeds in (("a hub", hubs(edges, 20)), ("any node", any_node)):
            for threshold in (0.01, 0.05):
                times = 10 if weigh is skewed and threshold == 0.05 else 1.5
                title = f"all that {kind} reaches over {threshold}, {where}"
                yield _all(stage, title, seeds, threshold, times)
        if weigh is uniform:
            yield _neighbours(stage, hubs(edges, 20))


def _top(stage: Stage, title: str, seeds: Sequence[str], edges: Edges) -> Outcome:
    near, twin = Ours.near, Twin.near
    variants = [
        Variant(TOP, lambda seed: near.propagate([seed], limit=20), in_turn(seeds)),
        Variant("popoto-recall, all", lambda seed: near.propagate([seed]), in_turn(seeds)),
        Variant(POPOTO, lambda seed: twin.propagate(Twin, [seed]), in_turn(seeds)),
        stage.floor(lambda: near.propagate([seeds[0]], limit=20)),
        stage.ping(),
        *_in_process(edges, seeds),
    ]
    claims = [faster(100, POPOTO, TOP, clock="server")]
    return stage.compare(title, variants, claims, _smaller(stage), calls=2)


def _slowest(stage: Stage, title: str, seeds: Sequence[str]) -> Outcome:
    near = Ours.near
    near.link("Ours:alpha", "Ours:beta")
    variants = [
        Variant(TOP, lambda seed: near.propagate([seed], limit=20), in_turn(seeds)),
        Variant(LINK, lambda _: near.link("Ours:alpha", "Ours:beta")),
    ]
    slowest = Claim(TOP, LINK, at_most(4), quantile=0.95)
    return stage.compare(f"{title}, the slowest", variants, [slowest], _smaller(stage))


def _all(stage: Stage, title: str, seeds: Sequence[str], threshold: float, times: float) -> Outcome:
    near, twin = Ours.near, Twin.near
    variants = [
        Variant(OURS, lambda seed: near.propagate([seed], threshold=threshold), in_turn(seeds)),
        Variant(
            POPOTO,
            lambda seed: twin.propagate(Twin, [seed], threshold=threshold),
            in_turn(seeds),
        ),
    ]
    claims = [faster(times, clock="server")]
    return stage.compare(title, variants, claims, _smaller(stage), calls=4)


def _neighbours(stage: Stage, nodes: Sequence[str]) -> Outcome:
    near, twin = Ours.near, Twin.near

    def one_by_one(_: object) -> None:
        for node in nodes:
            twin.get_linked(Twin, node)

    return stage.compare(
        "get_linked and get_linked_many",
        [
            Variant("get_linked", lambda node: near.get_linked(node), in_turn(nodes)),
            Variant(
                "Popoto: get_linked",
                lambda node: twin.get_linked(Twin, node),
                in_turn(nodes),
            ),
            stage.floor(lambda: near.get_linked(nodes[0])),
            Variant("get_linked_many of 20", lambda _: near.get_linked_many(nodes)),
            Variant("Popoto: get_linked, 20 times", one_by_one),
        ],
    )


def records(stage: Stage) -> Iterator[Outcome]:
    """Neighbours as records."""
    for number in range(21):
        Ours.create(key=f"r{number}", text="record")
        Twin.create(key=f"r{number}", text="record")
    Ours.near.link_many([("Ours:r0", f"Ours:r{number}") for number in range(1, 21)])
    for number in range(1, 21):
        Twin.near.link(Twin, "Twin:r0", f"Twin:r{number}")

    def popoto(_: object) -> list[Any]:
        found: list[Any] = Twin.query.get_many(
            [key for key, _ in Twin.near.get_linked(Twin, "Twin:r0")]
        )
        return found

    yield stage.compare(
        "get_linked_records, 20 neighbours",
        [
            Variant(OURS, lambda _: Ours.near.get_linked_records("Ours:r0")),
            Variant("Popoto: get_linked, then get_many", popoto),
        ],
    )


def _in_process(edges: Edges, seeds: Sequence[str]) -> list[Variant]:
    try:
        import networkx
    except ModuleNotFoundError:
        return []
    graph = networkx.Graph()
    for node, own in edges.items():
        for other, weight in own.items():
            if node < other:
                graph.add_edge(pk(node), pk(other), cost=-math.log(0.5 * weight))
    paths = networkx.single_source_dijkstra_path_length
    cutoff = -math.log(0.01)

    def call(seed: str) -> None:
        paths(graph, seed, cutoff=cutoff, weight="cost")

    return [Variant(NETWORKX, call, in_turn(seeds), served=False)]


def _smaller(stage: Stage) -> str:
    return "" if stage.plan.nodes == 100_000 else f"{stage.plan.nodes:,} nodes, not 100,000"
