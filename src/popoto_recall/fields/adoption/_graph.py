"""The graph that Popoto's own field left, and what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import popoto
from popoto.models.db_key import DB_key
from popoto.redis_db import get_REDIS_DB

from ...engine import run, scan
from ...structures.adoption import EdgeCounts, Entry, Page, counted_as, survey
from ...structures.graph import Graph
from .._scope import Scope, scope_of_values
from ..co_occurrence import CoOccurrenceField

Progress = Callable[[str, int, int], object]
"""Told what is being done, how much of it is done, and how much there is."""

_EDGES_PER_LOOK = 2000


@dataclass(frozen=True, slots=True)
class GraphSurvey:
    """What Popoto's field left of one graph.

    Attributes:
        field: Name of the field.
        olds: Prefix of Popoto's keys.
        counts: What would become of the edges if there were room for all.
        members: Members of all sets; most edges of a symmetric graph are in two.
        max_edges: The field's.
        crowded: Nodes that would have more edges than that.
        excess: By how many edges in all; one between two such nodes counts twice.
        needs: The ``max_edges`` that keeps them all.
        wrong: Keys that hold another type than a sorted set, and which.
        digests: What each node's set held, in short.
    """

    field: str
    olds: str
    counts: EdgeCounts
    members: int
    max_edges: int
    crowded: int
    excess: int
    needs: int
    wrong: dict[str, str]
    digests: dict[str, int]

    def changed(self, before: dict[str, int]) -> list[str]:
        """Keys whose set is no longer what it was."""
        nodes = {node for node, _ in before.items() ^ self.digests.items()}
        return sorted(self.olds + node for node in nodes)


class OldGraph:
    """Where Popoto's field keeps a graph, and where its edges go."""

    def __init__(self, field: CoOccurrenceField) -> None:
        theirs: Any = popoto.CoOccurrenceField
        self.field = field
        self.model = field.owner
        self.olds: str = theirs.get_special_use_field_db_key(self.model, field.name).redis_key + ":"
        self.whole = field.graph(Scope(self.model))

    def home(self, node: str) -> Graph | None:
        """The graph that a node belongs to; None if it is in no partition of a partitioned one."""
        names = self.field.partition_by
        if not names:
            return self.whole
        meta = self.model._meta
        parts = DB_key.from_redis_key(node)
        if len(parts) != meta.db_key_length or parts[0] != meta.db_class_key[0]:
            return None
        values = {name: parts[meta.get_db_key_index_position(name)] for name in names}
        return self.field.graph(scope_of_values(names, self.model, values))

    def reachable(self, node: str, entry: Entry) -> bool:
        """Whether both ends belong to one graph."""
        home = self.home(node)
        return home is not None and home == self.home(entry.target)

    def read(self, nodes: list[str], size: int = _EDGES_PER_LOOK) -> Iterator[tuple[str, Page]]:
        """Every page of some nodes' sets, ``size`` edges long."""
        for node, page in zip(nodes, self._pages(nodes, 0, size), strict=True):
            yield node, page
            for first in range(size, page.size, size):
                yield node, self._pages([node], first, size)[0]

    def _pages(self, nodes: list[str], first: int, size: int) -> list[Page]:
        homes = [(node, self.home(node) or self.whole) for node in nodes]
        return run(get_REDIS_DB(), survey(self.olds, homes, first, size))

    def look(self, progress: Progress) -> GraphSurvey:
        """Read everything, and count what would become of it."""
        nodes = list(
            dict.fromkeys(key[len(self.olds) :] for key in scan(get_REDIS_DB(), self.olds))
        )
        tally = _Tally(self)
        for node, page in self._read_all(nodes, progress):
            tally.add(node, page)
        others = [node for node in tally.gains if node not in tally.digests]
        for node, page in self._read_all(others, lambda *_: None):
            tally.add_size(node, page)
        return tally.survey()

    def _read_all(self, nodes: list[str], progress: Progress) -> Iterator[tuple[str, Page]]:
        batch = max(1, _EDGES_PER_LOOK // self.field.max_edges)
        what = f"{self.model.__name__}.{self.field.name}: looking"
        for start in range(0, len(nodes), batch):
            part = nodes[start : start + batch]
            yield from self.read(part, _EDGES_PER_LOOK // len(part))
            progress(what, start + len(part), len(nodes))


class _Tally:
    """Sums up pages."""

    def __init__(self, old: OldGraph) -> None:
        self.old = old
        self.counts: Counter[str] = Counter()
        self.members = 0
        self.wrong: dict[str, str] = {}
        self.digests: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.gains: Counter[str] = Counter()
        """Edges that each node would get, beside those it has in this library's graph."""

    def add(self, node: str, page: Page) -> None:
        """Count a page of a node."""
        self.add_size(node, page)
        if page.type not in ("zset", "none"):
            self.wrong[self.old.olds + node] = page.type
        if not page.size:
            return
        self.digests[node] = self.digests.get(node, 0) + page.digest
        self.members += len(page.entries) + page.unreadable
        self.counts["unreadable"] += page.unreadable
        for entry in page.entries:
            self._add_entry(node, entry)

    def add_size(self, node: str, page: Page) -> None:
        """Note how many edges a node has in this library's graph already."""
        if page.grown:
            self.sizes[node] = page.grown

    def _add_entry(self, node: str, entry: Entry) -> None:
        graph = self.old.home(node) or self.old.whole
        reachable = self.old.reachable(node, entry)
        names = counted_as(node, entry, graph, reachable=reachable)
        if counts_here(node, entry):
            self.counts.update(names)
        if names[0] == "moved" and entry.known is None:
            self.gains[node] += 1
            if graph.symmetric and entry.back is None:
                self.gains[entry.target] += 1

    def survey(self) -> GraphSurvey:
        limit = self.old.field.max_edges
        totals = [gain + self.sizes.get(node, 0) for node, gain in self.gains.items()]
        over = [total - limit for total in totals if total > limit]
        return GraphSurvey(
            field=self.old.field.name,
            olds=self.old.olds,
            counts=EdgeCounts(**self.counts),
            members=self.members,
            max_edges=limit,
            crowded=len(over),
            excess=sum(over),
            needs=max(totals, default=0),
            wrong=self.wrong,
            digests=self.digests,
        )


def counts_here(node: str, entry: Entry) -> bool:
    """Whether an edge that both its ends have is counted at this one."""
    return entry.back is None or node <= entry.target
