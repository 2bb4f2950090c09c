"""Operations on the whole graph."""

from __future__ import annotations

from functools import partial

from .._operation import Steps, asynchronous, every_partition, procedure
from .._scope import Scope
from ._passes import Progress, sweep, weaken_graph
from ._writes import GraphWrites


class GraphUpkeep(GraphWrites):
    """Decay and clean-up, in bounded steps."""

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
        Cost: a SCAN of the server's keys, O(E log E) in steps of about 5,000 edges.  Atomic: each
        step; edges made meanwhile may be left out.
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
        Cost: a SCAN of the server's keys, one round trip per record.  Atomic: each record.
        """
        return partial(sweep, self.graph(at), at.model, progress)

    async_weaken_graph = asynchronous(weaken_graph)
    async_sweep = asynchronous(sweep)
