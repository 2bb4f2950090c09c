"""How good a ranking is, and how sure that is."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

DEPTH = 10
"""How far down an answer is looked at."""

RESAMPLES = 1000


class Score(NamedTuple):
    """Of one answer, or the mean of several.

    Attributes:
        first: Whether the first entry was wanted.
        five: Whether one of the first five was.
        ten: Whether one of the first ten was.
        share: Share of all that was wanted that is among the first ten.
        mrr: 1 / the place of the first entry that was wanted; 0 beyond the tenth.
    """

    first: float
    five: float
    ten: float
    share: float
    mrr: float


HEADINGS = ("R@1", "R@5", "R@10", "share", "MRR")
"""What tables call the parts of a `Score`."""


def judged(answer: Sequence[str], wanted: Collection[str]) -> Score:
    """The score of one answer."""
    places = [place for place, pk in enumerate(answer[:DEPTH], 1) if pk in wanted]
    best = min(places, default=DEPTH + 1)
    return Score(
        best <= 1, best <= 5, best <= DEPTH, len(places) / len(wanted), bool(places) / best
    )


def mean(scores: Sequence[Score]) -> Score:
    """The mean of each part."""
    return Score(*(sum(part) / len(scores) for part in zip(*scores, strict=True)))


class Difference(NamedTuple):
    """By how much the mean of some scores differs, and the 95 % interval of that."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def compared(
    scores: Sequence[Score], base: Sequence[Score], groups: Iterable[object], seed: int = 1
) -> list[Difference]:
    """Differences of scores to others of the same questions, part by part.

    Questions of one group are drawn together: those of one commit have much in common.
    """
    sums: dict[object, list[float]] = {}
    for score, other, group in zip(scores, base, groups, strict=True):
        total = sums.setdefault(group, [0.0] * 6)
        for part, (one, two) in enumerate(zip(score, other, strict=True)):
            total[part] += one - two
        total[5] += 1
    drawn = random.Random(seed)
    totals = list(sums.values())
    means = [_means(drawn.choices(totals, k=len(totals))) for _ in range(RESAMPLES)]
    return [
        Difference(value, *_middle(sorted(part)))
        for value, part in zip(_means(totals), zip(*means, strict=True), strict=True)
    ]


def _means(totals: Sequence[Sequence[float]]) -> list[float]:
    *parts, count = map(sum, zip(*totals, strict=True))
    return [part / count for part in parts]


def _middle(values: Sequence[float]) -> tuple[float, float]:
    cut = round(0.025 * len(values))
    return values[cut], values[-1 - cut]
