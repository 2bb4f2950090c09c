"""Large graphs, planted under a field's keys without a call per edge."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Edges = dict[int, dict[int, float]]
"""Each node's neighbours and the weights of the edges to them."""

Weigh = Callable[[random.Random], float]

ATTACHED = 10
"""Edges that a node of a Barabasi-Albert graph arrives with."""

_KEYS_PER_TRIP = 500


def uniform(source: random.Random) -> float:
    """Any weight in (0, 1] is as likely."""
    return 1 - source.random()


def skewed(source: random.Random) -> float:
    """Most weights small, few large: Pareto from 0.05 on, as counts of co-occurrence are."""
    return min(1.0, 0.05 / (1 - source.random()))


def barabasi_albert(nodes: int, weigh: Weigh, seed: int) -> Edges:
    """A symmetric graph with hubs: nodes attach to others in proportion to their edges."""
    source = random.Random(seed)
    edges: Edges = {node: {} for node in range(nodes)}
    ends: list[int] = []
    targets = set(range(ATTACHED))
    for node in range(ATTACHED, nodes):
        for target in targets:
            edges[node][target] = edges[target][node] = weigh(source)
        ends += [*targets, *[node] * len(targets)]
        targets = set()
        while len(targets) < ATTACHED:
            targets.add(ends[int(source.random() * len(ends))])
    return edges


def pruned(edges: Edges, most: int) -> Edges:
    """At most so many edges per node, the lightest gone at both ends, as the field prunes."""
    for node, own in edges.items():
        for neighbour in sorted(own, key=own.__getitem__)[: max(0, len(own) - most)]:
            del own[neighbour], edges[neighbour][node]
    return edges


def directed(nodes: int, fan_out: int, weigh: Weigh, seed: int) -> Edges:
    """An asymmetric graph: every node leads to so many others."""
    source = random.Random(seed)
    edges: Edges = {}
    for node in range(nodes):
        others = source.sample(range(nodes - 1), min(fan_out, nodes - 1))
        edges[node] = {other + (other >= node): weigh(source) for other in others}
    return edges


def reverse(edges: Edges) -> Edges:
    """Where the edges of each node come from."""
    back: Edges = {node: {} for node in edges}
    for node, own in edges.items():
        for neighbour in own:
            back[neighbour][node] = 0.0
    return back


def hubs(edges: Edges, count: int) -> list[str]:
    """The nodes with the most edges."""
    return [pk(node) for node in sorted(edges, key=lambda node: -len(edges[node]))[:count]]


def pk(node: int) -> str:
    return f"n{node}"


def plant(client: Any, prefix: str, edges: Mapping[int, Mapping[int, float]]) -> None:
    """Store a graph under the keys that begin with a prefix; list its nodes, if it is ours."""
    nodes = prefix.replace("$CoOcF:", "$CoOcN:").removesuffix(":")
    for part in _parts(edges):
        pipeline = client.pipeline(transaction=False)
        for node in part:
            if edges[node]:
                members = {pk(other): weight for other, weight in edges[node].items()}
                pipeline.zadd(prefix + pk(node), members)
                if prefix.startswith("$CoOcF:"):
                    pipeline.zadd(nodes, {pk(node): 0})
        pipeline.execute()


def copy(client: Any, source: str, target: str, nodes: Iterable[int]) -> None:
    """Store the same graph under another prefix too."""
    for part in _parts(nodes):
        pipeline = client.pipeline(transaction=False)
        for node in part:
            pipeline.copy(source + pk(node), target + pk(node))
        pipeline.execute()


def _parts(nodes: Iterable[int]) -> Iterable[list[int]]:
    listed = list(nodes)
    for start in range(0, len(listed), _KEYS_PER_TRIP):
        yield listed[start : start + _KEYS_PER_TRIP]
