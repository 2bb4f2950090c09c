"""Operations that change edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from popoto import Defaults, EventStreamMixin
from popoto.fields.co_occurrence_field import _strengthen_event

from ...engine import Commands, Described
from ...errors import ArgumentError
from ...structures.events import log
from ...structures.graph import Pair, check_pairs, check_set
from .._base import as_number, as_pk
from .._operation import asynchronous, write
from .._scope import Scope
from ._graph import GraphField, distinct_pks
from ._names import is_key


class GraphWrites(GraphField):
    """Link, strengthen, unlink, weaken."""

    _decay_factor: float | None

    @property
    def decay_factor(self) -> float:
        """Default factor of `weaken_all`."""
        declared = self._decay_factor
        return float(Defaults.CO_OCCURRENCE_DECAY_FACTOR if declared is None else declared)

    @write
    def link(
        self,
        at: Scope,
        /,
        source: object,
        target: object,
        initial_weight: float | None = None,
    ) -> Described[float]:
        """Create the edge between two records, if it is missing.

        A full node gives up its lightest edge for the new one, at both ends of it, unless the
        new one is itself the lightest: then nothing is written.

        Args:
            source: Record (or pk) the edge leaves.
            target: Record (or pk) it reaches; not ``source``.
            initial_weight: Weight of a new edge, unitless, in (0, cap]. None: Popoto's
                ``Defaults.CO_OCCURRENCE_INITIAL_WEIGHT``.
            pipeline: Queue the call there and return None.
        Returns:
            The edge's weight: that of the existing edge if there is one, 0.0 if a full node
            refused it.
        Raises:
            ValueError: ``initial_weight`` out of range, or ``source`` is ``target``.
        Cost: one round trip, O(log E).  Atomic: both directions.
        """
        graph = self.graph(at)
        weight = _initial_weight(initial_weight, graph.cap)
        return graph.link_one((as_pk(source), as_pk(target), weight))

    @write
    def link_many(
        self,
        at: Scope,
        /,
        pairs: Iterable[Sequence[Any]],
        initial_weight: float | None = None,
    ) -> Described[list[float]]:
        """`link` of many pairs, one after the other.

        Args:
            pairs: n pairs of records or pks.
            initial_weight: As in `link`, for all of them.
            pipeline: Queue the calls there and return None.
        Returns:
            n weights, in the order of the pairs.
        Raises:
            ValueError: As in `link`; nothing is written then.
        Cost: one round trip per 500 pairs, each atomic.
        """
        graph = self.graph(at)
        return graph.link(_pairs(pairs, _initial_weight(initial_weight, graph.cap)))

    @write
    def strengthen(
        self,
        at: Scope,
        /,
        source: object,
        target: object,
        delta: float = 0.05,
        *,
        records_only: bool = False,
    ) -> Described[float]:
        """Add ``delta`` to the weight of an edge, up to the cap; a missing edge begins at 0.

        On a full node the lightest of its other edges goes, so that a pair that is strengthened
        again and again can grow. A model with an `EventStreamMixin` logs it to its stream.

        Args:
            source: Record (or pk) the edge leaves.
            target: Record (or pk) it reaches; not ``source``.
            delta: Weight to add, unitless, > 0.
            records_only: Do nothing unless both are keys of records that exist.
            pipeline: Queue the call there and return None.
        Returns:
            The new weight, in (0, cap]; 0.0 if nothing was done.
        Raises:
            ValueError: ``delta`` out of range, or ``source`` is ``target``.
        Cost: one round trip, O(log E).  Atomic: both directions.
        Source: Hebb (1949): what fires together wires together.
        """
        pair = (as_pk(source), as_pk(target), _delta(delta))
        if records_only:
            return self._strengthen_records(at, pair)
        strengthened = self.graph(at).strengthen_one(pair)
        if not issubclass(at.model, EventStreamMixin):
            return strengthened
        logged = log(*_strengthen_event(at.model, *pair))
        return Commands((strengthened, logged), lambda replies: replies[0])

    def _strengthen_records(self, at: Scope, pair: Pair) -> Described[float]:
        strengthened = self._of_records(at, [pair])
        calls = strengthened.calls
        if calls and issubclass(at.model, EventStreamMixin):
            calls += (log(*_strengthen_event(at.model, *pair), records=pair[:2]),)
        return Commands(calls, lambda replies: strengthened.join(replies[:1])[0])

    @write
    def strengthen_many(
        self,
        at: Scope,
        /,
        pairs: Iterable[Sequence[Any]],
        delta: float = 0.05,
        *,
        records_only: bool = False,
    ) -> Described[list[float]]:
        """`strengthen` of many pairs, one after the other.

        Args:
            pairs: n pairs of records or pks.
            delta, records_only: As in `strengthen`, for each of them.
            pipeline: Queue the calls there and return None.
        Returns:
            n weights, in the order of the pairs; 0.0 for a pair that was left.
        Raises:
            ValueError: As in `strengthen`; nothing is written then.
        Cost: one round trip per 500 pairs, each atomic.
        """
        checked = _pairs(pairs, _delta(delta))
        if records_only:
            return self._of_records(at, checked)
        return self.graph(at).strengthen(checked)

    def _of_records(self, at: Scope, pairs: list[Pair]) -> Commands[list[float]]:
        """Strengthen the pairs whose ends are keys of records that exist."""
        check_pairs(pairs)
        wanted = [i for i, ends in enumerate(pairs) if all(is_key(at.model, e) for e in ends[:2])]
        strengthened = self.graph(at).strengthen([pairs[i] for i in wanted], records_only=True)

        def in_order(replies: list[Any]) -> list[float]:
            weights = dict(zip(wanted, strengthened.join(replies), strict=True))
            return [weights.get(i, 0.0) for i in range(len(pairs))]

        return Commands(strengthened.calls, in_order)

    @write
    def co_occur(
        self,
        at: Scope,
        /,
        pks: Iterable[object],
        delta: float = 0.05,
        *,
        records_only: bool = False,
    ) -> Described[int]:
        """Strengthen all pairs of a set of records, in both directions.

        A node that is over ``max_edges`` afterwards gives up its lightest edges to others first,
        then its lightest edges within the set; ties go by pk.

        Args:
            pks: At most 64 distinct records or pks; repeats count once.
            delta: Weight to add to each pair, unitless, > 0.
            records_only: Leave out what is no key of a record that exists.
            pipeline: Queue the call there and return None.
        Returns:
            Number of pairs of the set that have an edge now; 0 for fewer than two members.
        Raises:
            ValueError: ``delta`` out of range, a bare string, or more than 64 records.
        Cost: one round trip, O(n^2 log E).  Atomic: all pairs.
        Source: Hebb (1949): what fires together wires together.
        """
        nodes, delta = distinct_pks("pks", pks), _delta(delta)
        check_set(nodes)
        if records_only:
            nodes = [node for node in nodes if is_key(at.model, node)]
        return self.graph(at).co_occur(nodes, delta, records_only=records_only)

    @write
    def unlink(self, at: Scope, /, source: object, target: object) -> Described[None]:
        """Remove the edge between two records, if there is one.

        Args:
            source: Record (or pk) the edge leaves.
            target: Record (or pk) it reaches.
            pipeline: Queue the call there.
        Cost: one round trip, O(log E).  Atomic: both directions.
        """
        return self.graph(at).unlink(as_pk(source), as_pk(target))

    @write
    def weaken_all(self, at: Scope, /, pk: object, factor: float | None = None) -> Described[int]:
        """Multiply the weights of a record's edges; those that fall below 0.001 go.

        Args:
            pk: Record whose edges to weaken.
            factor: In [0, 1]: 0 removes every edge, 1 changes nothing. None: the field's
                ``decay_factor``.
            pipeline: Queue the call there and return None.
        Returns:
            Number of edges removed.
        Raises:
            ValueError: ``factor`` out of range.
        Cost: one round trip, O(E), or O(E log E) when symmetric.  Atomic: both directions.
        """
        return self.graph(at).weaken(as_pk(pk), self._factor(factor))

    async_link = asynchronous(link)
    async_link_many = asynchronous(link_many)
    async_strengthen = asynchronous(strengthen)
    async_strengthen_many = asynchronous(strengthen_many)
    async_co_occur = asynchronous(co_occur)
    async_unlink = asynchronous(unlink)
    async_weaken_all = asynchronous(weaken_all)

    def _factor(self, factor: float | None) -> float:
        factor = as_number("factor", self.decay_factor if factor is None else factor)
        if not 0 <= factor <= 1:
            raise ArgumentError(f"factor must be between 0 and 1, not {factor:g}")
        return factor


def _initial_weight(weight: float | None, cap: float) -> float:
    default = Defaults.CO_OCCURRENCE_INITIAL_WEIGHT
    weight = as_number("initial_weight", default if weight is None else weight)
    if not 0 < weight <= cap:
        raise ArgumentError(f"initial_weight must be in (0, {cap:g}], not {weight:g}")
    return weight


def _delta(delta: float) -> float:
    delta = as_number("delta", delta)
    if delta <= 0:
        raise ArgumentError(f"delta must be > 0, not {delta:g}")
    return delta


def _pairs(pairs: Iterable[Sequence[Any]], value: float) -> list[Pair]:
    return [(source, target, value) for source, target in pairs]
