"""Edges where Popoto's own field left them: what they are, and how they are carried over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from ..engine import Command, load
from .graph import Graph
from .text import decoded

SURVEY = load("graph_survey", "keys", writes=False)
ADOPT = load("graph_adopt", "keys", "texts", "nodes", "edges")

EDGES_PER_CALL = 500

_UNREADABLE = blake2b(b"no text", digest_size=8).digest()


class Entry(NamedTuple):
    """An edge as one of its ends has it; weights as the server writes them, None for none.

    Attributes:
        target: The other end.
        weight: Weight in this direction.
        back: Weight in the other one, in a symmetric graph.
        known: Weight in this library's graph.
    """

    target: str
    weight: str
    back: str | None
    known: str | None

    @property
    def heaviest(self) -> float:
        return max(float(self.weight), float(self.back or self.weight))


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a node's edges, heaviest first.

    Attributes:
        type: Redis type of the node's old key.
        size: All members under it.
        grown: Edges that the node has in this library's graph.
        unreadable: Members on this page that are no UTF-8.
        entries: The others.
    """

    type: str
    size: int
    grown: int
    unreadable: int
    entries: list[Entry]

    @property
    def digest(self) -> int:
        """Differs when anything on the page does; that of a set is the sum of its pages'."""
        marks = sum(mark(entry.target, entry.weight) for entry in self.entries)
        return marks + self.unreadable * int.from_bytes(_UNREADABLE, "big")


class Carried(NamedTuple):
    """What became of some edges: a letter each, and how many others had to make room."""

    outcomes: str
    displaced: int


@dataclass(frozen=True, slots=True)
class EdgeCounts:
    """What became, or would become, of edges. In a symmetric graph both directions are one edge.

    The four counts below ``moved`` also have edges that were moved, and then made room for others.

    Attributes:
        moved: In this library's graph now.
        one_sided: Of those, had one direction alone; the other was added.
        two_weights: Of those, had two weights; the larger one stands.
        over_cap: Of those, had a weight over the cap; it was lowered.
        known: Of those, were in this library's graph before; the larger weight stands.
        self_loops: Dropped, because they lead from a node to itself.
        not_positive: Dropped, because their weight is not above 0.
        over_max: Dropped, because a node may have no more than ``max_edges``.
        elsewhere: Left in their old place, because their ends are in no common partition.
        unreadable: Left in their old place, because an end is no UTF-8.
    """

    moved: int = 0
    one_sided: int = 0
    two_weights: int = 0
    over_cap: int = 0
    known: int = 0
    self_loops: int = 0
    not_positive: int = 0
    over_max: int = 0
    elsewhere: int = 0
    unreadable: int = 0

    @property
    def dropped(self) -> int:
        return self.self_loops + self.not_positive + self.over_max

    @property
    def left(self) -> int:
        return self.elsewhere + self.unreadable

    @property
    def found(self) -> int:
        return self.moved + self.dropped + self.left


def counted_as(node: str, entry: Entry, graph: Graph, *, reachable: bool) -> list[str]:
    """Names of the counts that an edge adds to."""
    if not reachable:
        return ["elsewhere"]
    if entry.target == node:
        return ["self_loops"]
    if not entry.heaviest > 0:
        return ["not_positive"]
    conditions = {
        "one_sided": graph.symmetric and entry.back is None and entry.known is None,
        "two_weights": entry.back not in (None, entry.weight),
        "over_cap": entry.heaviest > graph.cap,
        "known": entry.known is not None,
    }
    return ["moved", *(name for name, holds in conditions.items() if holds)]


def mark(target: str, weight: str) -> int:
    """What a member adds to the digest of its set."""
    digest = blake2b(f"{weight} {target}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def survey(
    olds: str, nodes: Sequence[tuple[str, Graph]], first: int, count: int
) -> Command[list[Page]]:
    """A page of the edges of each node; the graph is the one that they would go to."""
    keys = [key for node, graph in nodes for key in (olds + node, graph.edges + node)]
    prefix = olds if nodes[0][1].symmetric else ""
    args: list[str | int] = [prefix, first, first + count - 1, *(node for node, _ in nodes)]
    return Command(
        SURVEY, tuple(keys), tuple(args), lambda reply: [_page(row, olds) for row in reply]
    )


def carry(
    olds: str, graph: Graph, node: str, entries: Sequence[Entry], size: int, *, prune: bool
) -> Command[Carried]:
    """Move edges that were just seen; ``size`` is how many members their set has."""
    keys = [graph.nodes, olds + node, graph.edges + node]
    args: list[str | int] = [graph.edges, graph.mirrors, graph.max_edges, node, repr(graph.cap)]
    args += (size, int(prune))
    for entry in entries:
        keys += (olds + entry.target, graph.mirrors + entry.target)
        args += (entry.target, entry.weight, entry.back or "")
    return Command(ADOPT, tuple(keys), tuple(args), _carried)


def _carried(reply: Sequence[Any]) -> Carried:
    outcomes, displaced = reply
    return Carried(decoded(outcomes), int(displaced))


def _page(row: Sequence[Any], where: str) -> Page:
    kind, size, grown, unreadable, flat = row
    texts = iter([decoded(text, where) for text in flat])
    return Page(decoded(kind), int(size), int(grown), int(unreadable), list(_entries(texts)))


def _entries(texts: Iterable[str]) -> Iterable[Entry]:
    four = [iter(texts)] * 4
    for target, weight, back, known in zip(*four, strict=True):
        yield Entry(target, weight, back or None, known or None)
