"""What is made of hits and of what a walk found: properties, without a server."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from popoto_recall.structures.widening import (
    FOCUS,
    checked_hits,
    given_by,
    seeds_of,
    widened,
    worths,
)

PKS = st.sampled_from("abcdefghijkl")
SCORES = st.one_of(
    st.just(0.0), st.floats(0, 1e308), st.floats(0, 10), st.just(5e-324), st.integers(0, 3)
)
HITS = st.lists(st.tuples(PKS, SCORES), max_size=12).map(checked_hits)
FOUND = st.dictionaries(PKS, st.floats(0, 1), max_size=12)
COUNTS = st.integers(0, 15)


@given(HITS, FOUND, COUNTS, st.integers(1, 15), st.floats(0, 100))
def test_the_head_stays_whatever_was_found(
    hits: dict[str, float], found: dict[str, float], keep: int, limit: int, weight: float
) -> None:
    answer = widened(hits, found, keep, limit, weight)
    kept = min(keep, limit)
    assert answer[:kept] == [*list(hits.items())[:kept], *answer[len(hits) : kept]]
    assert len(answer) <= limit
    assert len({pk for pk, _ in answer}) == len(answer)


@given(HITS, COUNTS, st.integers(1, 15), st.floats(0, 100))
def test_without_edges_the_answer_is_the_hits(
    hits: dict[str, float], keep: int, limit: int, weight: float
) -> None:
    for nothing in ({}, {"z": 0.0}):
        assert [pk for pk, _ in widened(hits, nothing, keep, limit, weight)] == list(hits)[:limit]


@given(HITS, FOUND, COUNTS, st.floats(0, 100))
def test_nothing_is_lost_or_made_up(
    hits: dict[str, float], found: dict[str, float], keep: int, weight: float
) -> None:
    answer = widened(hits, found, keep, 100, weight)
    assert {pk for pk, _ in answer} == hits.keys() | {pk for pk, score in found.items() if score}


@given(HITS, FOUND, COUNTS)
def test_hits_that_nothing_gives_to_keep_their_order(
    hits: dict[str, float], found: dict[str, float], keep: int
) -> None:
    answer = [pk for pk, _ in widened(hits, found, keep, 100, 1.0)]
    alone = [pk for pk in hits if not found.get(pk)]
    assert [pk for pk in answer if pk in alone] == alone


@given(HITS, FOUND, COUNTS, st.floats(0, 100))
def test_below_the_head_the_best_blend_comes_first(
    hits: dict[str, float], found: dict[str, float], keep: int, weight: float
) -> None:
    blended = [
        score for _, score in widened(hits, found, keep, 100, weight)[min(keep, len(hits)) :]
    ]
    assert blended == sorted(blended, reverse=True)
    assert all(0 <= score <= 1 + weight for score in blended)


@given(HITS)
def test_the_order_given_rules_and_scores_only_weigh(hits: dict[str, float]) -> None:
    worth = worths(hits)
    assert list(worth) == list(hits)
    assert list(worth.values()) == sorted(worth.values(), reverse=True)
    assert next(iter(worth.values()), 1.0) == 1.0


def test_a_hit_above_one_with_a_higher_score_is_worth_as_much() -> None:
    assert worths({"a": 0.0, "b": 8.0, "c": 2.0, "d": 4.0}) == {
        "a": 1.0,
        "b": 1.0,
        "c": 0.5,
        "d": 0.5,
    }


def test_all_zero_counts_as_all_equal() -> None:
    assert worths({"a": 0.0, "b": 0.0}) == worths({"a": 3.0, "b": 3.0}) == {"a": 1.0, "b": 1.0}
    assert seeds_of({"a": 0.0, "b": 0.0}, 5) == {"a": 1.0, "b": 1.0}


def test_of_duplicates_the_first_counts() -> None:
    assert list(checked_hits([("a", 1.0), ("b", 3.0), ("a", 5.0)]).items()) == [
        ("a", 1.0),
        ("b", 3.0),
    ]


@pytest.mark.parametrize("score", [-1e-9, math.inf, -math.inf, math.nan])
def test_a_score_that_ranks_nothing_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="the score of 'b' must be finite and >= 0"):
        checked_hits([("a", 1.0), ("b", score)])


def test_seeds_are_the_first_hits_and_weaker_ones_lead_on_with_less() -> None:
    hits = {"a": 4.0, "b": 2.0, "c": 1.0}
    assert seeds_of(hits, 2) == {"a": 1.0, "b": 0.5**FOCUS}
    assert seeds_of({"a": 1.0, "b": 1e-200}, 2) == {"a": 1.0}  # its weight is no number above 0


def test_a_seed_gets_what_other_seeds_give_and_the_best_of_it() -> None:
    edges = {"a": [("b", 0.5), ("x", 0.2)], "b": [("y", 2.0), ("a", 0.4), ("x", 0.1)]}
    found = given_by({"a": 1.0, "b": 0.5}, edges, decay=0.5, cap=1.0)
    assert found == {"b": 0.25, "y": 0.25, "x": 0.1, "a": 0.1}


def test_hits_and_found_nodes_are_ranked_together() -> None:
    hits = {"a": 4.0, "b": 2.0, "c": 1.0}
    found = {"a": 0.9, "c": 0.2, "x": 0.1}
    assert widened(hits, found, 1, 10, 1.0) == [("a", 4.0), ("c", 1.25), ("b", 0.5), ("x", 0.5)]
    assert [pk for pk, _ in widened(hits, found, 2, 10, 1.0)] == ["a", "b", "c", "x"]
    assert [pk for pk, _ in widened(hits, found, 0, 2, 0.0)] == ["a", "b"]
