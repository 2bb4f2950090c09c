"""The operation that widens a caller's own ranking."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from ...engine import Command, Commands, Described, Steps, steps_of, then
from ...errors import ArgumentError, ArgumentTypeError
from ...structures.activation import Edge
from ...structures.widening import (
    EDGES_PER_SEED,
    Hits,
    checked_hits,
    given_by,
    seeds_of,
    widened,
)
from .._base import as_count, as_number, as_pk
from .._operation import asynchronous, read
from .._scope import Scope
from ._graph import GraphField
from ._reads import as_decay


class GraphWiden(GraphField):
    """Recall: what another retrieval found, and what goes with it."""

    @read
    def widen(
        self,
        at: Scope,
        /,
        hits: Mapping[Any, float] | Iterable[Sequence[Any]],
        *,
        keep: int = 5,
        limit: int = 10,
        seed_count: int = 5,
        depth: int = 1,
        decay_per_hop: float | None = None,
        found_weight: float = 1.0,
    ) -> Described[list[Edge]]:
        """Widen a ranking by what the graph leads to from its best hits.

        The first ``keep`` hits stay first, in their order, whatever the graph holds. Below them,
        the other hits and the nodes that the walk found are ranked together: a hit by its score,
        of the best one's, plus ``found_weight`` times what other seeds give it, of the highest
        that is given. Without edges the answer is the hits.

        Args:
            hits: n pairs of record (or pk) and score, or a mapping, best first. The order rules;
                scores, >= 0, only weigh: all zero counts as all equal. Of duplicates the first
                counts. They need not be records, and are never looked up.
            keep: Hits at the head that nothing moves, >= 0.
            limit: Most entries wanted, >= 1.
            seed_count: Hits that the walk starts from, >= 1, each weighted by the square of
                its score, of the best one's.
            depth: Most edges on a path, >= 1. Over 1, what a seed gets is still what the edges of
                other seeds give it directly.
            decay_per_hop: As in `propagate`; without effect on the ranking at depth 1.
            found_weight: What the best found node counts beside the best hit, >= 0.
        Returns:
            At most ``limit`` pairs of pk and score, best first: hits that were kept with the
            scores given, the others with blended ones, which are not comparable to these.
        Raises:
            ValueError: An argument or a score out of range, or a bare string as hits.
        Cost: one round trip, at most 20 edges read per seed; two for ``depth`` over 1.
        Source: Collins & Loftus (1975), spreading activation.
        """
        keep, limit = as_count("keep", keep, least=0), as_count("limit", limit)
        seed_count, depth = as_count("seed_count", seed_count), as_count("depth", depth)
        decay = as_decay(decay_per_hop, self.graph(at).cap)
        found_weight = _found_weight(found_weight)
        ranked = _hits(hits)
        seeds = seeds_of(ranked, seed_count)
        if not seeds:
            return Commands((), lambda _: [])
        return then(
            self._found(at, seeds, depth, decay),
            lambda found: widened(ranked, found, keep, limit, found_weight),
        )

    def _found(
        self, at: Scope, seeds: Mapping[str, float], depth: int, decay: float
    ) -> Described[dict[str, float]]:
        """What the seeds lead to; of the seeds themselves, what the others give them."""
        graph = self.graph(at)
        direct = then(
            graph.linked(list(seeds), 0.0, min(EDGES_PER_SEED, graph.max_edges)),
            lambda edges: given_by(seeds, edges, decay, graph.cap),
        )
        if depth == 1:
            return direct
        limit = EDGES_PER_SEED * len(seeds)
        walk = graph.propagate(seeds, depth, decay, 0.0, limit=limit)

        def steps() -> Generator[Command[Any], Any, dict[str, float]]:
            given = yield from steps_of(direct)
            return {**given, **(yield from steps_of(walk))}

        return Steps(steps)

    async_widen = asynchronous(widen)


def _hits(hits: object) -> Hits:
    if isinstance(hits, (str, bytes)):
        raise ArgumentError("hits takes several pairs of pk and score, not one string")
    if not isinstance(hits, Iterable):
        raise ArgumentTypeError(f"hits takes pairs of pk and score, not {type(hits).__name__}")
    pairs = hits.items() if isinstance(hits, Mapping) else hits
    return checked_hits(map(_hit, pairs))


def _hit(pair: Any) -> tuple[str, float]:
    is_sequence = isinstance(pair, (tuple, list, Sequence))  # the usual ones first: it is faster
    if not is_sequence or isinstance(pair, (str, bytes)) or len(pair) != 2:
        raise ArgumentError(f"a hit is a pair of pk and score, not {pair!r:.80}")
    pk, score = pair
    if type(score) is not float or score != score:
        score = as_number("a hit's score", score)
    return as_pk(pk), score


def _found_weight(weight: float) -> float:
    weight = as_number("found_weight", weight)
    if not 0 <= weight < math.inf:
        raise ArgumentError(f"found_weight must be finite and >= 0, not {weight:g}")
    return weight
