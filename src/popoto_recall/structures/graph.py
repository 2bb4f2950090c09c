"""A weighted graph: a sorted set of edges per node.

Every write is atomic over both ends of an edge. Spreading activation follows Collins and
Loftus (1975), "A spreading-activation theory of semantic processing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from ..engine import Command, Commands, Script, load
from ..errors import ArgumentError
from .activation import Activation, Edge, edges_of, unmoved, walked

T = TypeVar("T")

LINK = load("graph_link", "one_edge", "keys", "texts", "nodes", "edges")
STRENGTHEN = load("graph_strengthen", "one_edge", "keys", "texts", "nodes", "edges")
UNLINK = load("graph_unlink", "keys", "nodes")
WEAKEN = load("graph_weaken", "keys", "texts", "nodes", "edges")
LINKED = load("graph_linked", "keys", "texts", writes=False)
CO_OCCUR = load("graph_co_occur", "keys", "texts", "nodes", "edges")
WEAKEN_ONCE = load("graph_weaken_once", "keys", "nodes")
DELETE = load("graph_delete", "keys", "nodes", "forget")
SWEEP = load("graph_sweep", "keys", "nodes", "forget")
RENAME = load("graph_rename", "keys", "texts", "nodes", "edges")
RESTORE = load("graph_restore", "keys", "texts", "nodes", "edges")
PROPAGATE = load("graph_propagate", "keys", "texts", writes=False)

FLOOR = 0.001
"""Weakening drops an edge whose weight falls below this."""

MAX_SET = 64
"""Most members of one `co_occur`: the pairs, and the time the server is busy, grow as n^2."""

_MOST = 2**53
"""Beyond it Redis reads no integer."""

_PAIRS_PER_CALL = 500
_NODES_PER_CALL = 500

Pair = tuple[str, str, float]
"""Source, target, and the weight or what is added to it."""


@dataclass(frozen=True, slots=True)
class GraphInfo:
    """State of a graph.

    Attributes:
        prefix: Of the keys of its edge sets.
        nodes: How many have an edge, leaving or reaching them.
        edges: A symmetric edge counts once.
        most_edges: Edges that leave the node with the most; more than ``max_edges`` only after
            that was lowered.
        bytes: What its keys take on the server, by its own estimate; None if it gives none.
        symmetric, max_edges: As declared.
    """

    prefix: str
    nodes: int
    edges: int
    most_edges: int
    bytes: int | None
    symmetric: bool
    max_edges: int


@dataclass(frozen=True, slots=True)
class Graph:
    """Where one graph lives, and its limits.

    Attributes:
        edges: Prefix of the edge sets, before the pk.
        mirrors: Prefix of the sets that hold each edge's other end; ``edges`` when symmetric.
        nodes: Key of the list of nodes: a sorted set, score 0, of those that have a set of edges.
        max_edges: Most edges that a node keeps.
        cap: Highest weight.
    """

    edges: str
    mirrors: str
    nodes: str
    max_edges: int
    cap: float

    def link(self, pairs: Sequence[Pair]) -> Commands[list[float]]:
        """Create missing edges (source, target, weight)."""
        return self._write_pairs(LINK, (), pairs)

    def strengthen(
        self, pairs: Sequence[Pair], *, records_only: bool = False
    ) -> Commands[list[float]]:
        """Add to edges (source, target, delta).

        With ``records_only``, nodes are keys of records, and an edge is left, at 0.0, unless the
        records of both ends exist.
        """
        return self._write_pairs(STRENGTHEN, (repr(self.cap),), pairs, records_only=records_only)

    def link_one(self, pair: Pair) -> Command[float]:
        """`link` of a single pair."""
        return self._write_part(LINK, (), (pair,), float)

    def strengthen_one(self, pair: Pair) -> Command[float]:
        """`strengthen` of a single pair."""
        return self._write_part(STRENGTHEN, (repr(self.cap),), (pair,), float)

    def co_occur(
        self, nodes: Sequence[str], delta: float, *, records_only: bool = False
    ) -> Command[int] | Commands[int]:
        """Strengthen all pairs of distinct nodes; the number of pairs that have an edge now.

        With ``records_only``, nodes are keys of records; those that do not exist are left out.
        """
        if len(nodes) < 2:
            return Commands((), lambda _: 0)
        check_set(nodes)
        nodes = sorted(nodes)  # so that what is pruned does not depend on their order
        keys = [self.nodes, *(self.edges + node for node in nodes)]
        if records_only or not self.symmetric:
            keys += [self.mirrors + node for node in nodes]
        if records_only:
            keys += nodes
        args: tuple[str | int, ...] = (*self._where, repr(self.cap), repr(delta), *nodes)
        return Command(CO_OCCUR, tuple(keys), args, int)

    def unlink(self, source: str, target: str) -> Command[None]:
        """Remove an edge."""
        keys = (self.nodes, *self._ends(source, target))
        return Command(UNLINK, keys, (self.edges, self.mirrors, source, target), _nothing)

    def weaken(self, node: str, factor: float) -> Command[int] | Commands[int]:
        """Multiply a node's edges; the number that fell below the floor and went."""
        if factor == 1:
            return Commands((), lambda _: 0)
        args = (*self._where, node, repr(factor), repr(FLOOR))
        return Command(WEAKEN, (self.nodes, self.edges + node), args, int)

    def weaken_once(self, nodes: Sequence[str], factor: float) -> Command[int]:
        """The part of nodes in a pass that multiplies every edge once."""
        keys = (self.nodes, *(self.edges + node for node in nodes))
        return Command(WEAKEN_ONCE, keys, (self.edges, repr(factor), repr(FLOOR), *nodes), int)

    def linked(
        self, nodes: Sequence[str], min_weight: float, limit: int
    ) -> Commands[dict[str, list[Edge]]]:
        """Each node's neighbours, heaviest first."""
        calls = [
            self._linked_part([self.edges + node for node in part], min_weight, limit)
            for part in _parts(nodes, _NODES_PER_CALL)
        ]
        return Commands(
            tuple(calls),
            lambda replies: dict(zip(nodes, chain.from_iterable(replies), strict=True)),
        )

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
            return Commands((), lambda _: unmoved(seeds, limit, explain))
        args = (
            self.edges,
            depth,
            repr(decay),
            repr(threshold),
            min(self.max_edges, _MOST),
            repr(self.cap),
            limit or 0,
            max_reads or 0,
        )
        return Command(
            PROPAGATE,
            tuple(self.edges + seed for seed in seeds),
            (*args, *_flat((seed, repr(weight)) for seed, weight in seeds.items())),
            lambda reply: walked(reply, seeds, self.cap, limit, explain, self.edges + "*"),
        )

    def delete(self, names: Sequence[str]) -> Command[int]:
        """Remove every edge to and from these names."""
        return Command(
            DELETE, (self.nodes, *self._both(names)), (self.edges, self.mirrors, *names), int
        )

    def sweep(self, record: str, names: Sequence[str]) -> Command[int]:
        """Like `delete`, if the record does not exist."""
        keys = (record, self.nodes, *self._both(names))
        return Command(SWEEP, keys, (self.edges, self.mirrors, *names), int)

    def rename(self, old: str, new: str) -> Command[int]:
        """Carry a record's edges over to its new name."""
        keys = (self.nodes, *self._ends(old, old), *self._ends(new, new))
        return Command(RENAME, keys, (*self._where, old, new), int)

    def restore(self, node: str, edges: Sequence[Edge], *, merges: bool) -> Command[int]:
        """Give a node exactly these edges, or merge them with those that it has."""
        targets = [(target, weight) for target, weight in edges if target != node and weight > 0]
        keys = (self.nodes, self.edges + node, *(self.mirrors + target for target, _ in targets))
        pairs = _flat((target, repr(weight)) for target, weight in targets)
        return Command(RESTORE, keys, (*self._where, node, int(merges), *pairs), int)

    @property
    def symmetric(self) -> bool:
        return self.edges == self.mirrors

    @property
    def _where(self) -> tuple[str, str, int]:
        return (self.edges, self.mirrors, self.max_edges)

    def _ends(self, source: str, target: str) -> tuple[str, str]:
        return (self.edges + source, self.mirrors + target)

    def _both(self, names: Iterable[str]) -> tuple[str, ...]:
        return _flat(self._ends(name, name) for name in names)

    def _linked_part(
        self, keys: Sequence[str], min_weight: float, limit: int
    ) -> Command[list[list[Edge]]]:
        return Command(
            LINKED,
            tuple(keys),
            (repr(min_weight), min(limit, _MOST)),
            lambda reply: edges_of(reply, keys),
        )

    def _write_pairs(
        self,
        script: Script,
        options: tuple[str, ...],
        pairs: Sequence[Pair],
        *,
        records_only: bool = False,
    ) -> Commands[list[float]]:
        calls = [
            self._write_part(script, options, part, _weights, records_only=records_only)
            for part in _parts(pairs, _PAIRS_PER_CALL)
        ]
        return Commands(tuple(calls), lambda replies: list(chain.from_iterable(replies)))

    def _write_part(
        self,
        script: Script,
        options: tuple[str, ...],
        pairs: Sequence[Pair],
        parse: Callable[[bytes | str], T],
        *,
        records_only: bool = False,
    ) -> Command[T]:
        check_pairs(pairs)
        keys = [self.nodes]
        args: list[str | int] = [*self._where, *options]
        for source, target, value in pairs:
            keys += (self.edges + source, self.mirrors + target)
            args += (source, target, repr(value))
        if records_only:
            keys += [record for source, target, _ in pairs for record in (source, target)]
        return Command(script, tuple(keys), tuple(args), parse)


def check_set(nodes: Sequence[str]) -> None:
    """Raise if these are too many for one `co_occur`."""
    if len(nodes) > MAX_SET:
        raise ArgumentError(f"co_occur takes at most {MAX_SET} records, not {len(nodes)}")


def check_pairs(pairs: Iterable[Pair]) -> None:
    """Raise if one of them would link a node to itself."""
    for source, target, _ in pairs:
        if source == target:
            raise ArgumentError(f"cannot link {source!r} to itself: no self-loops")


def _flat(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(groups))


def _parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _nothing(_: Any) -> None:
    return None


def _weights(reply: bytes | str) -> list[float]:
    return [float(weight) for weight in reply.split()]
