"""Operations on the whole graph."""

from __future__ import annotations

from functools import partial

from ...structures.graph import GraphInfo, Pair
from .._operation import Pages, Steps, asynchronous, every_partition, iteration, procedure
from .._scope import Scope
from ._passes import Progress, edge_pages, forget_graph, info, sweep, weaken_graph
from ._writes import GraphWrites


class GraphUpkeep(GraphWrites):
    """Decay, clean-up and looks at the whole, in bounded steps."""

    def forget_partition(self, at: Scope) -> None:
        forget_graph(self.graph(at))

    @every_partition
    @procedure
    def weaken_graph(
        self,
        at: Scope,
        /,
        factor: float | None = None,
        progress: Progress | None = None,
    ) -> Steps[int]:
        """Multiply the weight of every edge of the graph, each once.

        `weaken_all` of every record would weaken a symmetric edge twice. A call that names no
        partition works on each of them, and so does `sweep`.

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
        return partial(weaken_graph, self.graph(at), self._factor(factor), progress)

    @every_partition
    @procedure
    def sweep(self, at: Scope, /, progress: Progress | None = None) -> Steps[int]:
        """Remove the edges of records that no longer exist, as when Redis let them expire.

        Nodes that are not keys of this model, names of entities for example, are left alone.

        Args:
            progress: Called after each node with the number looked at.
        Returns:
            Number of edges removed.
        Cost: one or two round trips per 500 nodes, and one per record that is gone.  Atomic: each
        record.
        """
        return partial(sweep, self.graph(at), at.model, progress)

    @iteration
    def edges(self, at: Scope, /) -> Pages[Pair]:
        """Go over all edges of the graph, as to look at them or to write them elsewhere.

        Returns:
            Iterator of source, target and weight, in no order; a symmetric edge comes once, its
            ends in the order of their names. Edges that stay while it runs come once, with a
            weight of that time; edges made or removed meanwhile may come or not.
        Cost: a read of every edge, in round trips of about 5,000.
        """
        return edge_pages(self.graph(at))

    @procedure
    def info(self, at: Scope, /) -> Steps[GraphInfo]:
        """Count the graph's nodes, edges and bytes, beside what the field declares.

        Returns:
            The counts; those of a graph that changes meanwhile are of no single moment.
        Cost: one or two round trips per 500 nodes, O(nodes).
        """
        return partial(info, self.graph(at))

    @procedure
    def clear(
        self, at: Scope, /, progress: Progress | None = None, *, all_partitions: bool = False
    ) -> Steps[int]:
        """Remove every edge of the graph.

        Args:
            progress: Called after each step with the number of nodes done, those not counted
                that went with their neighbours.
            all_partitions: Do so in every partition, if the call names none.
        Returns:
            Number of edges removed; a symmetric edge counts once.
        Cost: O(E log E) in steps of about 5,000 edges.  Atomic: each step; edges made meanwhile
        may stay.
        """
        return partial(forget_graph, self.graph(at), progress)

    async_weaken_graph = asynchronous(weaken_graph)
    async_sweep = asynchronous(sweep)
    async_edges = asynchronous(edges)
    async_info = asynchronous(info)
    async_clear = asynchronous(clear)
