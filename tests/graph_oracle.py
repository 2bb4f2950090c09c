"""What an association graph must hold and answer, in plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Edges = dict[str, dict[str, float]]
"""Weight of each edge, by source and then by target."""

FLOOR = 0.001


class PlainGraph:
    """The writes of a graph on a dict of dicts."""

    def __init__(self, symmetric: bool, max_edges: int, cap: float = 1.0) -> None:
        self.symmetric = symmetric
        self.max_edges = max_edges
        self.cap = cap
        self.edges: Edges = defaultdict(dict)

    def link(self, source: str, target: str, weight: float = 0.1) -> float:
        known = self.edges[source].get(target)
        if known is not None:
            return known
        if self._refuses(source, weight) or (self.symmetric and self._refuses(target, weight)):
            return 0.0
        return self._store(source, target, weight)

    def strengthen(self, source: str, target: str, delta: float = 0.05) -> float:
        weight = self.edges[source].get(target, 0.0) + delta
        return self._store(source, target, min(weight, self.cap))

    def co_occur(self, nodes: Sequence[str], delta: float = 0.05) -> int:
        nodes, grown = sorted(nodes), []
        for node in nodes:
            others = [other for other in nodes if other != node]
            if any(other not in self.edges[node] for other in others):
                grown.append(node)
            for other in others:
                known = self.edges[node].get(other, 0.0)
                self.edges[node][other] = min(known + delta, self.cap)
        for node in grown:
            self._prune(node, set(nodes))
        pairs = {frozenset((a, b)) for a in nodes for b in nodes if b in self.edges[a]}
        return len(pairs)

    def unlink(self, source: str, target: str) -> None:
        self.edges[source].pop(target, None)
        if self.symmetric:
            self.edges[target].pop(source, None)

    def weaken(self, node: str, factor: float) -> int:
        dropped = 0
        for neighbour, weight in list(self.edges[node].items()):
            if factor != 1:
                dropped += self._weaken_edge(node, neighbour, weight * factor)
        return dropped

    def weaken_graph(self, factor: float) -> int:
        done, dropped = set(), 0
        for source, targets in list(self.edges.items()):
            for target, weight in list(targets.items()):
                edge = frozenset((source, target)) if self.symmetric else (source, target)
                if edge not in done and factor != 1:
                    done.add(edge)
                    dropped += self._weaken_edge(source, target, weight * factor)
        return dropped

    def delete(self, names: Iterable[str]) -> None:
        for name in names:
            self.edges.pop(name, None)
            for targets in self.edges.values():
                targets.pop(name, None)

    def rename(self, old: str, new: str) -> None:
        """Carry edges over; of what is too many, the heaviest stay."""
        if old == new:
            return
        leaving = self.edges.pop(old, {})
        for targets in self.edges.values():
            if old in targets and not self.symmetric:
                self._carry(targets, targets.pop(old), new)
            targets.pop(old, None)
        self.edges[new].pop(new, None)
        for target in sorted(leaving, key=lambda name: _lightest((name, leaving[name])))[::-1]:
            if target != new:
                self._carry_edge(new, target, leaving[target])

    def _carry(self, targets: dict[str, float], weight: float, new: str) -> None:
        targets[new] = max(weight, targets.get(new, 0.0))

    def _carry_edge(self, source: str, target: str, weight: float) -> None:
        known = self.edges[source].get(target)
        if known is not None or not self._refuses(source, weight):
            self._store(source, target, max(weight, known or 0.0))

    def _store(self, source: str, target: str, weight: float) -> float:
        grown = target not in self.edges[source]
        self.edges[source][target] = weight
        if self.symmetric:
            self.edges[target][source] = weight
        if grown:
            self._prune(source, {target})
            if self.symmetric:
                self._prune(target, {source})
        return weight

    def _refuses(self, node: str, weight: float) -> bool:
        edges = self.edges[node]
        return len(edges) >= self.max_edges and weight < min(edges.values())

    def _prune(self, node: str, newcomers: set[str]) -> None:
        lightest = sorted(self.edges[node].items(), key=_lightest)
        lightest.sort(key=lambda edge: edge[0] in newcomers)
        for neighbour, _ in lightest[: max(0, len(lightest) - self.max_edges)]:
            self.unlink(node, neighbour)

    def _weaken_edge(self, source: str, target: str, weight: float) -> int:
        if weight < FLOOR:
            self.unlink(source, target)
            return 1
        self.edges[source][target] = weight
        if self.symmetric:
            self.edges[target][source] = weight
        return 0


def _lightest(edge: tuple[str, float]) -> tuple[float, bytes]:
    return edge[1], edge[0].encode()


def activation(
    edges: Mapping[str, Mapping[str, float]],
    seeds: Mapping[str, float],
    depth: int,
    decay: float,
    threshold: float,
    *,
    fan_out: int = 500,
    cap: float = 1.0,
) -> dict[str, float]:
    """Best products over walks of exactly 1, 2, ... depth edges, layer by layer.

    Heaviest first, ties in the order of their pks; without the seeds.
    """
    best: dict[str, float] = {}
    layer = dict(seeds)
    for _ in range(depth):
        reached: dict[str, float] = {}
        for node, score in layer.items():
            for neighbour, weight in heaviest(edges.get(node, {}), fan_out):
                product = (score * decay) * min(weight, cap)
                if product >= threshold and product > reached.get(neighbour, -1.0):
                    reached[neighbour] = product
        layer = reached
        for node, score in layer.items():
            best[node] = max(score, best.get(node, 0.0))
    found = [(node, score) for node, score in best.items() if node not in seeds]
    return dict(sorted(found, key=lambda item: (-item[1], item[0])))


def heaviest(targets: Mapping[str, float], count: int) -> list[tuple[str, float]]:
    """The heaviest edges, in the order in which Redis reads a sorted set backwards."""
    return sorted(targets.items(), key=_lightest, reverse=True)[:count]


def reads(
    edges: Mapping[str, Mapping[str, float]],
    seeds: Mapping[str, float],
    depth: int,
    decay: float,
    threshold: float,
) -> tuple[int, int]:
    """Edges that a walk reads, and that number with each node that has none for it counted.

    Only a node whose score rose in the last layer is read again.
    """
    best, layer = dict(seeds), dict(seeds)
    passing = empty = 0
    for _ in range(depth):
        raised: dict[str, float] = {}
        for node, score in layer.items():
            if score * decay < threshold:
                continue
            found = {
                neighbour: product
                for neighbour, weight in edges.get(node, {}).items()
                if (product := (score * decay) * weight) >= threshold
            }
            passing += len(found)
            empty += not found
            for neighbour, product in found.items():
                if product > best.get(neighbour, -1.0):
                    best[neighbour] = raised[neighbour] = product
        layer = raised
    return passing, passing + empty


def random_edges(rng: random.Random, symmetric: bool) -> Edges:
    """A graph with what makes mistakes show: ties, hubs, tiny and over-heavy weights."""
    nodes = [f"n{i}" for i in range(rng.randint(2, 24))]
    hubs = rng.sample(nodes, min(len(nodes), rng.randint(1, 3)))
    weight = rng.choice(
        [
            rng.random,
            lambda: rng.choice((0.25, 0.5, 1.0)),
            lambda: 10 ** -rng.uniform(0, 12),
            lambda: rng.uniform(0.5, 1.5),
        ]
    )
    edges: Edges = defaultdict(dict)
    for _ in range(rng.randint(1, 4 * len(nodes))):
        source = rng.choice(hubs if rng.random() < 0.3 else nodes)
        target = rng.choice(nodes)
        if source != target:
            edges[source][target] = weight()
            if symmetric:
                edges[target][source] = edges[source][target]
    return edges


def stored(client: Any, prefix: str) -> Edges:
    """All sorted sets under a prefix."""
    head = prefix.encode()
    keys = [key for key in map(_raw, client.scan_iter(count=1000)) if key.startswith(head)]
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.zrange(key, 0, -1, withscores=True)
    return {
        key[len(head) :].decode(): {_raw(pk).decode(): float(weight) for pk, weight in rows}
        for key, rows in zip(keys, pipeline.execute(), strict=True)
    }


def everything(client: Any) -> dict[bytes, Any]:
    """Every key of the server and what it holds, to see that nothing was written."""
    held: dict[bytes, Any] = {}
    for key in client.scan_iter(count=1000):
        kind = _raw(client.type(key))
        read = {b"zset": lambda key: client.zrange(key, 0, -1, withscores=True)}
        read |= {b"set": client.smembers, b"hash": client.hgetall, b"string": client.get}
        held[_raw(key)] = read[kind](key)
    return held


def assert_sound(edges: Edges, reverse: Edges | None, max_edges: int, cap: float = 1.0) -> None:
    """The invariants; ``reverse`` is the index of an asymmetric graph, None for a symmetric one."""
    for source, targets in edges.items():
        assert len(targets) <= max_edges, f"{source!r} has {len(targets)} edges"
        assert source not in targets, f"{source!r} is linked to itself"
        for target, weight in targets.items():
            assert 0 < weight <= cap, f"{source!r} -> {target!r} weighs {weight}"
            if reverse is None:
                assert edges.get(target, {}).get(source) == weight, f"{source!r} | {target!r}"
    if reverse is not None:
        there = {(source, target) for source, targets in edges.items() for target in targets}
        back = {(source, target) for target, sources in reverse.items() for source in sources}
        assert there == back


def assert_listed(client: Any, prefix: str) -> None:
    """A graph's list has exactly the nodes that have a key; ``prefix`` is that of the edge sets."""
    family, _, name = prefix.removesuffix(":").partition(":")
    assert family == "$CoOcF"
    nodes = {*stored(client, prefix), *stored(client, f"$CoOcR:{name}:")}
    key = f"$CoOcN:{name}"
    assert {(_raw(node).decode(), 0.0) for node in nodes} == {
        (_raw(node).decode(), score) for node, score in client.zrange(key, 0, -1, withscores=True)
    }


def _raw(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
