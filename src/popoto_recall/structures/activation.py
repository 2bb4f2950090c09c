"""Edges and scores, as replies bring them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, AnyStr, NamedTuple

from .text import decoded, separated

Edge = tuple[str, float]
"""A neighbour's pk and the weight of the edge to it, in (0, cap]."""


class Activation(dict[str, float]):
    """Scores of the records that activation reached, heaviest first.

    Attributes:
        truncated: ``max_reads`` cut the walk short; heavier records may be missing.
        paths: With ``explain=True``, for each record the nodes of its best path, from the seed
            on, each with the weight of the edge that led to it (the seed's own weight first).
    """

    truncated: bool = False
    paths: Mapping[str, Sequence[Edge]] = {}

    def after(self, seeds: Mapping[str, float], *, explain: bool) -> Activation:
        """The same behind its seeds, each of which scores 1.0; made from one with paths.

        Of what has the same score, that which an earlier seed leads to comes first.
        """
        place = {seed: number for number, seed in enumerate(seeds)}
        others = sorted(
            (pk for pk in self if pk not in seeds),  # none at depth 0
            key=lambda pk: (-self[pk], place[self.paths[pk][0][0]]),
        )
        result = Activation(dict.fromkeys(seeds, 1.0) | {pk: self[pk] for pk in others})
        result.truncated = self.truncated
        if explain:
            own = {seed: [(seed, weight)] for seed, weight in seeds.items()}
            result.paths = own | {pk: self.paths[pk] for pk in others}
        return result


def edges_of(reply: Sequence[AnyStr], keys: Sequence[str]) -> list[list[Edge]]:
    """Edges under some keys, of each as many as the text before them says."""
    between, joined = reply
    texts = iter(separated(between, joined))
    found = []
    for key, count in zip(keys, texts, strict=False):
        edges = islice(texts, 2 * int(count))
        pairs = zip(edges, edges, strict=True)
        found.append([(decoded(pk, key), float(weight)) for pk, weight in pairs])
    return found


class Step(NamedTuple):
    """An edge on the way from a seed; a seed itself has no step before it."""

    pk: str
    weight: float
    before: Step | None


def activation(scores: Iterable[Edge], limit: int | None) -> Activation:
    """Scores, heaviest first, at most ``limit`` of them."""
    return Activation(sorted(scores, key=lambda item: (-item[1], item[0]))[:limit])


def unmoved(seeds: Mapping[str, float], limit: int | None, explain: bool) -> Activation:
    """What a walk of no step finds: the seeds."""
    result = activation(seeds.items(), limit)
    if explain:
        result.paths = {pk: [(pk, weight)] for pk, weight in result.items()}
    return result


def walked(
    reply: Sequence[Any],
    seeds: Mapping[str, float],
    cap: float,
    limit: int | None,
    explain: bool,
    where: str,
) -> Activation:
    """What a walk found, which the script tells step by step.

    A score is the product of a factor and a weight, the same numbers that the script compared.
    """
    truncated, between, joined = reply
    texts = iter(separated(decoded(between), decoded(joined, where)))
    scores: dict[str, float] = {}
    best: dict[str, Step] = {}
    trail = {pk: Step(pk, weight, None) for pk, weight in seeds.items()}
    raised: dict[str, Step] = {}
    for node, factor_text in zip(texts, texts, strict=True):
        if not factor_text:  # the end of a level
            trail, raised = raised, {}
            continue
        factor, count = float(factor_text), int(next(texts))
        edges = islice(texts, 2 * count)
        for pk, text in zip(edges, edges, strict=True):
            weight = float(text)
            scores[pk] = factor * min(weight, cap)
            if explain:
                best[pk] = raised[pk] = Step(pk, weight, trail[node])
    result = activation([item for item in scores.items() if item[0] not in seeds], limit)
    result.truncated = bool(truncated)
    if explain:
        result.paths = {pk: _path(best[pk]) for pk in result}
    return result


def _path(step: Step | None) -> list[Edge]:
    path = []
    while step is not None:
        path.append((step.pk, step.weight))
        step = step.before
    return path[::-1]
