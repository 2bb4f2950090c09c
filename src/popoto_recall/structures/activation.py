"""Edges and scores, as replies bring them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .text import decoded

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


def edges_of(flat: Sequence[bytes | str], where: str) -> list[Edge]:
    items = iter(flat)
    return [(decoded(pk, where), float(weight)) for pk, weight in zip(items, items, strict=True)]


def scores_of(
    reply: Sequence[Any], explain: bool, where: str
) -> tuple[bool, list[Edge], dict[str, Sequence[Edge]]]:
    truncated, *flat = reply
    if not explain:
        return bool(truncated), edges_of(flat, where), {}
    items = iter(flat)
    rows = [
        (decoded(pk, where), float(score), edges_of(path, where))
        for pk, score, path in zip(items, items, items, strict=True)
    ]
    scores = [(pk, score) for pk, score, _ in rows]
    return bool(truncated), scores, {pk: path for pk, _, path in rows}


def activation(
    truncated: bool,
    scores: Iterable[Edge],
    paths: Mapping[str, Sequence[Edge]],
    limit: int | None,
) -> Activation:
    result = Activation(sorted(scores, key=lambda item: (-item[1], item[0]))[:limit])
    result.truncated = truncated
    result.paths = {pk: paths[pk] for pk in result} if paths else {}
    return result
