"""A caller's ranked hits, widened by what a graph leads to from the best of them.

The head of the ranking stays as it is, whatever the graph holds. Below it, hits and what the walk
found are ranked together, by how much each is worth among its own kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeAlias

from ..errors import ArgumentError
from .activation import Edge

Hits: TypeAlias = dict[str, float]
"""A ranking, best first: the order rules, the scores say by how much."""

FOCUS = 2
"""Exponent of a seed's weight: a seed half as good as the best hit leads on with a quarter."""

EDGES_PER_SEED = 20
"""Heaviest edges that a walk follows from each seed."""


def checked_hits(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Hits in the order given, of duplicates the first.

    Raises:
        ArgumentError: A score is negative or infinite.
    """
    hits: dict[str, float] = {}
    for pk, score in pairs:
        if not 0 <= score < math.inf:
            raise ArgumentError(f"the score of {pk!r} must be finite and >= 0, not {score:g}")
        hits.setdefault(pk, score)
    return hits


def worths(hits: Hits) -> dict[str, float]:
    """What each hit is worth, in [0, 1], never less than one below it; the best is worth 1.

    A hit whose score is lower than one ranked below it is worth as much as that one. All zero
    counts as all equal.
    """
    worth: dict[str, float] = {}
    highest = 0.0
    for pk in reversed(hits):
        highest = worth[pk] = max(highest, hits[pk])
    return {pk: worth[pk] / highest if highest else 1.0 for pk in hits}


def seeds_of(hits: Hits, count: int, focus: int = FOCUS) -> dict[str, float]:
    """The first hits, as seeds, with weights in (0, 1]."""
    weights = {pk: worth**focus for pk, worth in islice(worths(hits).items(), count)}
    return {pk: weight for pk, weight in weights.items() if weight > 0}


def given_by(
    seeds: Mapping[str, float], edges: Mapping[str, Iterable[Edge]], decay: float, cap: float
) -> dict[str, float]:
    """What the seeds' own edges give to each node, other seeds included: the best product."""
    found: dict[str, float] = {}
    for seed, seed_weight in seeds.items():
        factor = seed_weight * decay
        for pk, weight in edges[seed]:
            given = factor * (weight if weight < cap else cap)
            if given > found.get(pk, 0.0):
                found[pk] = given
    return found


def widened(
    hits: Hits, found: Mapping[str, float], keep: int, limit: int, found_weight: float
) -> list[tuple[str, float]]:
    """The first ``keep`` hits with their scores, then hits and found nodes by blended ones.

    The blend is what a hit is worth, plus ``found_weight`` times what was found, of its highest.
    """
    head = list(islice(hits.items(), keep))
    kept = {pk for pk, _ in head}
    rest = {pk: score for pk, score in found.items() if score > 0 and pk not in kept}
    highest = max(rest.values(), default=1.0)
    weighed = {pk: found_weight * (score / highest) for pk, score in rest.items()}
    ranked = [
        (-(worth + weighed.pop(pk, 0.0)), place, pk)
        for place, (pk, worth) in enumerate(worths(hits).items())
        if pk not in kept
    ]
    ranked += [(-score, len(hits), pk) for pk, score in weighed.items()]
    ranked.sort()  # ties: hits first, in their order, then by pk
    return [*head, *((pk, -blend) for blend, _, pk in ranked[:limit])][:limit]
