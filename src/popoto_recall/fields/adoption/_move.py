"""Carrying a graph over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from popoto.redis_db import get_REDIS_DB

from ...engine import run
from ...errors import AdoptionError, StillWrittenError
from ...structures.adoption import (
    EDGES_PER_CALL,
    EdgeCounts,
    Entry,
    Page,
    carry,
    counted_as,
    mark,
)
from ...structures.graph import Graph
from ._graph import GraphSurvey, OldGraph, Progress, counts_here


class Move:
    """Carries a graph over, node by node; at any moment each edge is in its old place or its new.

    Attributes:
        digests: What the old sets should hold now, in short.
    """

    def __init__(self, old: OldGraph, seen: GraphSurvey, *, prune: bool) -> None:
        self.old = old
        self.prune = prune
        self._counts: Counter[str] = Counter()
        self.digests = dict(seen.digests)

    def run(self, progress: Progress) -> None:
        """Move everything that has a place to go.

        Raises:
            StillWrittenError: A set changed since it was seen.
            AdoptionError: A node had no room, and pruning was not asked for.
        """
        what = f"{self.old.model.__name__}.{self.old.field.name}: moving"
        nodes = list(self.digests)
        for done, node in enumerate(nodes, 1):
            self._move_node(node)
            progress(what, done, len(nodes))

    @property
    def result(self) -> EdgeCounts:
        """What became of the edges so far."""
        return EdgeCounts(**self._counts)

    def _move_node(self, node: str) -> None:
        if node not in self.digests:
            return  # its edges went along with those of others
        pages = [page for _, page in self.old.read([node])]
        entries = [entry for page in pages for entry in page.entries]
        if sum(page.digest for page in pages) != self.digests.pop(node):
            raise self._written(node)
        going = [entry for entry in entries if self.old.reachable(node, entry)]
        size = pages[0].size
        for start in range(0, len(going), EDGES_PER_CALL):
            part = going[start : start + EDGES_PER_CALL]
            self._carry(node, part, size)
            size -= len(part)
        if size:
            self._leave(node, pages, going)

    def _carry(self, node: str, entries: list[Entry], size: int) -> None:
        graph = self.old.home(node)
        assert graph is not None
        command = carry(self.old.olds, graph, node, entries, size, prune=self.prune)
        outcomes, displaced = run(get_REDIS_DB(), command)
        if not outcomes:
            raise self._written(node)
        for entry, outcome in zip(entries, outcomes, strict=True):
            self._count(node, entry, outcome, graph)
        self._counts["over_max"] += displaced
        self._counts["moved"] -= displaced

    def _count(self, node: str, entry: Entry, outcome: str, graph: Graph) -> None:
        if outcome == "f" and not self.prune:
            raise AdoptionError(
                f"{node!r} or {entry.target!r} got other edges meanwhile, and has no room for the "
                f"one between them; what was moved stands, nothing is lost: run adopt again"
            )
        if entry.back is not None and entry.target != node:
            self._forget(entry.target, mark(node, entry.back))
        if outcome == "f":
            self._counts["over_max"] += 1
            return
        entry = entry._replace(known=entry.weight if outcome == "k" else None)
        self._counts.update(counted_as(node, entry, graph, reachable=True))

    def _forget(self, node: str, digest: int) -> None:
        """An edge has left a node's set; a set without edges is no more."""
        if node not in self.digests:
            raise self._written(node)
        self.digests[node] -= digest
        if not self.digests[node]:
            del self.digests[node]

    def _leave(self, node: str, pages: Iterable[Page], gone: list[Entry]) -> None:
        self.digests[node] = sum(page.digest for page in pages) - sum(
            mark(entry.target, entry.weight) for entry in gone
        )
        entries = [entry for page in pages for entry in page.entries]
        left = [entry for entry in entries if not self.old.reachable(node, entry)]
        self._counts["elsewhere"] += sum(counts_here(node, entry) for entry in left)
        self._counts["unreadable"] += sum(page.unreadable for page in pages)

    def _written(self, node: str) -> StillWrittenError:
        return still_written([self.old.olds + node], "while it was being moved")


def still_written(keys: list[str], when: str) -> StillWrittenError:
    """The error that names keys which another program wrote."""
    count = "1 key" if len(keys) == 1 else f"{len(keys)} keys"
    return StillWrittenError(
        f"{count} of Popoto's own fields changed {when}, {keys[0]!r} for one: a program without "
        "the new import still writes. Stop it and run adopt again; what was moved stands, nothing "
        "is lost"
    )
