"""Scores of rankings, and how sure they are."""

from __future__ import annotations

import random

import pytest

from popoto_recall.cli.judge import Score, compared, judged, mean


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("abc", Score(1, 1, 1, 1.0, 1.0)),
        ("xab", Score(0, 1, 1, 1.0, 1 / 2)),
        ("vwxyza", Score(0, 0, 1, 0.5, 1 / 6)),
        ("0123456789ab", Score(0, 0, 0, 0.0, 0.0)),
        ("", Score(0, 0, 0, 0.0, 0.0)),
    ],
)
def test_what_an_answer_scores(answer: str, score: Score) -> None:
    assert judged(list(answer), {"a", "b"}) == score


def test_the_mean_of_scores() -> None:
    assert mean([Score(1, 1, 1, 1, 1), Score(0, 0, 1, 0.5, 0.25)]) == Score(
        0.5, 0.5, 1, 0.75, 0.625
    )


def scores(rates: list[float]) -> list[Score]:
    return [Score(rate, rate, rate, rate, rate) for rate in rates]


def test_a_clear_difference_is_clear_and_none_is_none() -> None:
    drawn = random.Random(2)
    base = scores([float(drawn.random() < 0.3) for _ in range(400)])
    better = scores([max(part.first, float(drawn.random() < 0.2)) for part in base])
    first, *_ = compared(better, base, range(400))
    assert 0 < first.low < first.value < first.high < 0.3
    assert {(part.value, part.low, part.high) for part in compared(base, base, range(400))} == {
        (0.0, 0.0, 0.0)
    }


def test_the_interval_covers_the_true_difference() -> None:
    drawn = random.Random(3)
    covered = 0
    for _ in range(60):
        one = scores([float(drawn.random() < 0.5) for _ in range(100)])
        two = scores([float(drawn.random() < 0.3) for _ in range(100)])
        first, *_ = compared(one, two, range(100))
        covered += first.low <= 0.2 <= first.high
    assert 52 <= covered <= 60


def test_questions_of_one_group_count_as_less() -> None:
    one = scores([1.0, 0.0] * 50)
    none = scores([0.0] * 100)
    wide, *_ = compared(one, none, [number % 4 for number in range(100)])
    narrow, *_ = compared(one, none, range(100))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_how_a_difference_reads() -> None:
    (first, *_) = compared(scores([1.0]), scores([0.5]), [0])
    assert str(first) == "+0.500 [+0.500, +0.500]"
