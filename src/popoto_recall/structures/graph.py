"""A weighted graph: a sorted set of edges per node.

Every write is atomic over both ends of an edge. Spreading activation follows Collins and
Loftus (1975), "A spreading-activation theory of semantic processing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..engine import Command, Commands, load
from ..errors import ArgumentError
from .text import decoded

LINK = load("graph_link", "keys", "edges")
STRENGTHEN = load("graph_strengthen", "keys", "edges")
UNLINK = load("graph_unlink", "keys")
WEAKEN = load("graph_weaken", "keys", "edges")
LINKED = load("graph_linked", "keys")
DELETE = load("graph_delete", "keys")
RENAME = load("graph_rename", "keys", "edges")
PROPAGATE = load("graph_propagate")

FLOOR = 0.001
"""Weakening drops an edge whose weight falls below this."""

Edge = tuple[str, float]
"""A neighbour's pk and the weight of the edge to it, in (0, cap]."""


class Activation(dict[str, float]):
    """Scores of the records that activation reached, heaviest first.

    Attributes:
        truncated: ``max_reads`` cut the walk short; heavier records may be missing.
        paths: With ``explain=True``, for each record the nodes of its best path, from the seed
            on, each with the weight of the edge that led to it (the seed's own weight first).
    """

    truncated: bool = False
    paths: Mapping[str, Sequence[Edge]] = {}


@dataclass(frozen=True, slots=True)
class Graph:
    """Where one graph lives, and its limits.

    Attributes:
        edges: Prefix of the edge sets, before the pk.
        mirrors: Prefix of the sets that hold each edge's other end; ``edges`` when symmetric.
        max_edges: Most edges that a node keeps.
        cap: Highest weight.
    """

    edges: str
    mirrors: str
    max_edges: int
    cap: float

    def link(self, pairs: Sequence[tuple[str, str, float]]) -> Command[list[float]]:
        """Create missing edges (source, target, weight)."""
        return self._write_pairs(LINK, (), pairs)

    def strengthen(self, pairs: Sequence[tuple[str, str, float]]) -> Command[list[float]]:
        """Add to edges (source, target, delta)."""
        return self._write_pairs(STRENGTHEN, (repr(self.cap),), pairs)

    def unlink(self, source: str, target: str) -> Command[None]:
        """Remove an edge."""
        return Command(UNLINK, self._ends(source, target), (source, target), _nothing)

    def weaken(self, node: str, factor: float) -> Command[int] | Commands[int]:
        """Multiply a node's edges; the number that fell below the floor and went."""
        if factor == 1:
            return Commands((), lambda _: 0)
        args = (*self._where, node, repr(factor), repr(FLOOR))
        return Command(WEAKEN, (self.edges + node,), args, int)

    def linked(self, node: str, min_weight: float, limit: int) -> Command[list[Edge]]:
        """A node's neighbours, heaviest first."""
        args = (repr(min_weight), limit)
        return Command(LINKED, (self.edges + node,), args, lambda reply: _pairs(reply[0]))

    def propagate(
        self,
        seeds: Mapping[str, float],
        depth: int,
        decay: float,
        threshold: float,
        *,
        limit: int | None = None,
        max_reads: int | None = None,
        explain: bool = False,
    ) -> Command[Activation] | Commands[Activation]:
        """Scores of what the seeds lead to."""
        if not seeds or depth == 0:
            return Commands((), lambda _: _activation(False, list(seeds.items()), {}, limit))
        args = (
            self.edges,
            depth,
            repr(decay),
            repr(threshold),
            self.max_edges,
            repr(self.cap),
            limit or 0,
            max_reads or 0,
            int(explain),
        )
        return Command(
            PROPAGATE,
            tuple(self.edges + seed for seed in seeds),
            (*args, *_flat((seed, repr(weight)) for seed, weight in seeds.items())),
            lambda reply: _activation(*_scores(reply, explain), limit),
        )

    def delete(self, names: Sequence[str]) -> Command[int]:
        """Remove every edge to and from these names of one record."""
        keys = _flat((self.edges + name, self.mirrors + name) for name in names)
        return Command(DELETE, keys, (self.edges, self.mirrors, *names), int)

    def rename(self, old: str, new: str) -> Command[int]:
        """Carry a record's edges over to its new name."""
        keys = (self.edges + old, self.mirrors + old, self.edges + new, self.mirrors + new)
        return Command(RENAME, keys, (*self._where, old, new), int)

    @property
    def _where(self) -> tuple[str, str, int]:
        return (self.edges, self.mirrors, self.max_edges)

    def _ends(self, source: str, target: str) -> tuple[str, str]:
        return (self.edges + source, self.mirrors + target)

    def _write_pairs(
        self, script: Any, options: tuple[str, ...], pairs: Sequence[tuple[str, str, float]]
    ) -> Command[list[float]]:
        for source, target, _ in pairs:
            if source == target:
                raise ArgumentError(f"cannot link {source!r} to itself: no self-loops")
        return Command(
            script,
            _flat(self._ends(source, target) for source, target, _ in pairs),
            (
                *self._where,
                *options,
                *_flat((source, target, repr(value)) for source, target, value in pairs),
            ),
            _weights,
        )


def _flat(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(item for group in groups for item in group)


def _nothing(_: Any) -> None:
    return None


def _weights(reply: Sequence[bytes | str]) -> list[float]:
    return [float(weight) for weight in reply]


def _pairs(flat: Sequence[bytes | str]) -> list[Edge]:
    items = iter(flat)
    return [(decoded(pk), float(weight)) for pk, weight in zip(items, items, strict=True)]


def _scores(
    reply: Sequence[Any], explain: bool
) -> tuple[bool, list[Edge], dict[str, Sequence[Edge]]]:
    truncated, *flat = reply
    if not explain:
        return bool(truncated), _pairs(flat), {}
    items = iter(flat)
    rows = [(decoded(pk), score, path) for pk, score, path in zip(items, items, items, strict=True)]
    scores = [(pk, float(score)) for pk, score, _ in rows]
    return bool(truncated), scores, {pk: _pairs(path) for pk, _, path in rows}


def _activation(
    truncated: bool,
    scores: Iterable[Edge],
    paths: Mapping[str, Sequence[Edge]],
    limit: int | None,
) -> Activation:
    result = Activation(sorted(scores, key=lambda item: (-item[1], item[0]))[:limit])
    result.truncated = truncated
    result.paths = {pk: paths[pk] for pk in result} if paths else {}
    return result
