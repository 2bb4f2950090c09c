"""Operations on the whole graph."""

from __future__ import annotations

from collections.abc import Iterator

from ...structures.graph import GraphInfo, Pair
from .._operation import asynchronous, procedure
from .._scope import PartitionValue, Scope
from ._passes import Progress, edges_of, forget_graph, info, sweep, weaken_graph
from ._writes import GraphWrites


class GraphUpkeep(GraphWrites):
    """Decay, clean-up and looks at the whole, in bounded steps."""

    @procedure
    def weaken_graph(
        self,
        at: Scope,
        /,
        factor: float | None = None,
        progress: Progress | None = None,
        **partition: PartitionValue,
    ) -> int:
        """Multiply the weight of every edge of the graph, each once.

        `weaken_all` of every record would weaken a symmetric edge twice.

        Args:
            factor: As in `weaken_all`.
            progress: Called after each step with the number of nodes done.
        Returns:
            Number of edges removed.
        Raises:
            ValueError: ``factor`` out of range.
        Cost: O(E log E) in steps of about 5,000 edges, whatever else the server holds.  Atomic:
        each step; edges made meanwhile may be left out.
        """
        return weaken_graph(self.graph(at), self._factor(factor), progress)

    @procedure
    def sweep(
        self, at: Scope, /, progress: Progress | None = None, **partition: PartitionValue
    ) -> int:
        """Remove the edges of records that no longer exist, as when Redis let them expire.

        Nodes that are not keys of this model, names of entities for example, are left alone.

        Args:
            progress: Called after each node with the number looked at.
        Returns:
            Number of edges removed.
        Cost: one round trip per record in the graph.  Atomic: each record.
        """
        return sweep(self.graph(at), at.model, progress)

    @procedure
    def edges(self, at: Scope, /, **partition: PartitionValue) -> Iterator[Pair]:
        """Go over all edges of the graph, as to look at them or to write them elsewhere.

        Returns:
            Iterator of source, target and weight, in no order; a symmetric edge comes once, its
            ends in the order of their names. Edges that stay while it runs come once, with a
            weight of that time; edges made or removed meanwhile may come or not.
        Cost: a read of every edge, in round trips of about 5,000.
        """
        return edges_of(self.graph(at))

    @procedure
    def info(self, at: Scope, /, **partition: PartitionValue) -> GraphInfo:
        """Count the graph's nodes, edges and bytes, beside what the field declares.

        Returns:
            The counts; those of a graph that changes meanwhile are of no single moment.
        Cost: one or two round trips per 500 nodes, O(nodes).
        """
        return info(self.graph(at))

    @procedure
    def clear(
        self, at: Scope, /, progress: Progress | None = None, **partition: PartitionValue
    ) -> int:
        """Remove every edge of the graph.

        Args:
            progress: Called after each step with the number of nodes done, those not counted
                that went with their neighbours.
        Returns:
            Number of edges removed; a symmetric edge counts once.
        Cost: O(E log E) in steps of about 5,000 edges.  Atomic: each step; edges made meanwhile
        may stay.
        """
        return forget_graph(self.graph(at), progress)

    async_weaken_graph = asynchronous(weaken_graph)
    async_sweep = asynchronous(sweep)
    async_info = asynchronous(info)
    async_clear = asynchronous(clear)
