"""Operations that ask what goes with a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from popoto import Defaults

from ...engine import Described, run, then
from ...errors import ArgumentError
from ...structures.activation import Activation, Edge
from .._base import as_count, as_number, as_pk
from .._client import client
from .._operation import Steps, asynchronous, builder, procedure, read
from .._scope import Scope
from ._graph import GraphField, distinct_pks


class GraphReads(GraphField):
    """Keys, neighbours, spreading activation."""

    seeds: str

    @builder
    def get_edge_key_prefix(self, at: Scope, /) -> str:
        """Prefix of the keys of all edge sets, ending in a colon. No I/O."""
        return self.graph(at).edges

    @builder
    def get_edge_key(self, at: Scope, /, pk: object) -> str:
        """Key of the sorted set of a record's edges. No I/O."""
        return self.graph(at).edges + as_pk(pk)

    @read
    def get_linked(
        self,
        at: Scope,
        /,
        pk: object,
        min_weight: float = 0.01,
        limit: int = 20,
    ) -> Described[list[Edge]]:
        """A record's neighbours.

        Args:
            pk: Record whose edges to read.
            min_weight: Lightest edge wanted.
            limit: Most edges wanted, >= 1.
        Returns:
            At most ``limit`` pairs of pk and weight, heaviest first.
        Raises:
            ValueError: ``limit`` is not a whole number >= 1, or ``min_weight`` is NaN.
        Cost: one round trip, O(log E + limit).
        """
        node = as_pk(pk)
        return then(self._linked(at, [node], min_weight, limit), lambda found: found[node])

    @read
    def get_linked_many(
        self,
        at: Scope,
        /,
        pks: Iterable[object],
        min_weight: float = 0.01,
        limit: int = 20,
    ) -> Described[dict[str, list[Edge]]]:
        """`get_linked` of many records.

        Args:
            pks: n records or pks; repeats count once.
            min_weight, limit: As in `get_linked`, for each of them.
        Returns:
            Dict of at most n pks, first-seen order, to their neighbours, heaviest first.
        Raises:
            ValueError: As in `get_linked`, or a bare string.
        Cost: one round trip per 500 records.
        """
        return self._linked(at, distinct_pks("pks", pks), min_weight, limit)

    @procedure
    def get_linked_records(
        self,
        at: Scope,
        /,
        pk: object,
        min_weight: float = 0.01,
        limit: int = 20,
    ) -> Steps[list[tuple[Any, float]]]:
        """A record's neighbours, loaded.

        Args:
            pk, min_weight, limit: As in `get_linked`.
        Returns:
            At most ``limit`` pairs of record and weight, heaviest first. Neighbours that are no
            record of this model, and of the same partition, are left out.
        Raises:
            ValueError: As in `get_linked`.
        Cost: two round trips.
        """
        node = as_pk(pk)
        return partial(_load_linked, at, node, self._linked(at, [node], min_weight, limit))

    @read
    def propagate(
        self,
        at: Scope,
        /,
        seed_pks: Iterable[object] | Mapping[Any, float],
        depth: int = 2,
        decay_per_hop: float | None = None,
        threshold: float = 0.01,
        *,
        limit: int | None = None,
        max_reads: int | None = None,
        explain: bool = False,
    ) -> Described[Activation]:
        """Spread activation from some records and find what it reaches.

        The score of a record is the best product of ``decay_per_hop * weight`` along a path of at
        most ``depth`` edges from a seed.

        Args:
            seed_pks: n records or pks, or a mapping of them to weights in (0, 1].
            depth: Most edges on a path. 0: just the seeds, with their weights.
            decay_per_hop: Factor per edge, in (0, 1 / cap). None: Popoto's
                ``Defaults.CO_OCCURRENCE_DECAY_PER_HOP``.
            threshold: Lowest score that counts, >= 0.
            limit: Only the highest scores, exactly; the cost follows this and not the graph.
            max_reads: Most edges to read, about a microsecond of server time each. A walk that
                it cuts short has ``truncated`` set.
            explain: Fill ``paths`` with the best path to each record.
        Returns:
            A dict of pk to score, heaviest first, ties in the order of their pks; without the
            seeds. A field declared with ``seeds="keep"`` puts them first, in the order given, each
            with score 1.0, and beyond ``limit``; behind them, ties go to what an earlier seed leads
            to.
        Raises:
            ValueError: An argument out of range, or a bare string as seeds.
        Cost: one round trip, O(edges read).  Atomic: the graph as it is at one moment.
        Source: Collins & Loftus (1975), spreading activation.
        """
        graph = self.graph(at)
        seeds = _seeds(seed_pks)
        keeps_seeds = self.seeds == "keep"
        walk = graph.propagate(
            seeds,
            as_count("depth", depth, least=0),
            as_decay(decay_per_hop, graph.cap),
            _threshold(threshold),
            limit=None if limit is None else as_count("limit", limit),
            max_reads=None if max_reads is None else as_count("max_reads", max_reads),
            explain=explain or keeps_seeds,
        )
        if not keeps_seeds:
            return walk
        return then(walk, lambda found: found.after(seeds, explain=explain))

    async_get_linked = asynchronous(get_linked)
    async_get_linked_many = asynchronous(get_linked_many)
    async_get_linked_records = asynchronous(get_linked_records)
    async_propagate = asynchronous(propagate)

    def _linked(
        self, at: Scope, nodes: list[str], min_weight: float, limit: int
    ) -> Described[dict[str, list[Edge]]]:
        lightest = as_number("min_weight", min_weight)
        return self.graph(at).linked(nodes, lightest, as_count("limit", limit))


def _load_linked(
    at: Scope, node: str, linked: Described[dict[str, list[Edge]]]
) -> list[tuple[Any, float]]:
    edges = run(client(), linked)[node]
    weights = {pk: weight for pk, weight in edges if at.holds_record(pk)}
    records = at.model.query.get_many(list(weights))
    return [pair for pair in zip(records, weights.values(), strict=True) if pair[0] is not None]


def as_decay(decay: float | None, cap: float) -> float:
    default = Defaults.CO_OCCURRENCE_DECAY_PER_HOP
    decay = as_number("decay_per_hop", default if decay is None else decay)
    if not decay > 0 or decay * cap >= 1:
        raise ArgumentError(
            f"decay_per_hop must be in (0, {1 / cap:g}), not {decay:g}, or activation would grow "
            "with every hop"
        )
    return decay


def _threshold(threshold: float) -> float:
    threshold = as_number("threshold", threshold)
    if threshold < 0:
        raise ArgumentError(f"threshold must be >= 0, not {threshold:g}")
    return threshold


def _seeds(seeds: Iterable[object] | Mapping[Any, float]) -> dict[str, float]:
    if not isinstance(seeds, Mapping):
        return dict.fromkeys(distinct_pks("seed_pks", seeds), 1.0)
    weighted = {as_pk(pk): as_number("a seed's weight", weight) for pk, weight in seeds.items()}
    for pk, weight in weighted.items():
        if not 0 < weight <= 1:
            raise ArgumentError(f"the weight of seed {pk!r} must be in (0, 1], not {weight:g}")
    return weighted
