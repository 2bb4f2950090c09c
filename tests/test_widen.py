"""`CoOccurrenceField.widen` and ``seeds="keep"``, on every server."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

import pytest
from graph_oracle import random_edges
from popoto import Model, UniqueKeyField
from popoto.exceptions import ModelException
from support import emptied

from popoto_recall import CoOccurrenceField


class Hop(Model):
    name = UniqueKeyField()
    near = CoOccurrenceField(symmetric=False)
    kept = CoOccurrenceField(symmetric=False, seeds="keep")


HITS = [("a", 4.0), ("b", 2.0), ("c", 1.0)]


def pks(answer: Any) -> list[str]:
    return [pk for pk, _ in answer]


def linked(edges: dict[tuple[str, str], float], field: Any = Hop.near) -> None:
    for (source, target), weight in edges.items():
        field.link(source, target, weight)


# Widening


def test_what_the_graph_leads_to_comes_behind_the_head(client: Any) -> None:
    linked({("a", "x"): 0.5, ("b", "y"): 0.5, ("c", "b"): 0.5})
    assert Hop.near.widen(HITS) == [*HITS, ("x", 1.0), ("y", 0.25)]
    assert pks(Hop.near.widen(HITS, keep=1)) == ["a", "x", "b", "c", "y"]
    assert pks(Hop.near.widen(HITS, limit=4)) == ["a", "b", "c", "x"]


def test_other_seeds_lift_a_seed_that_is_not_kept(client: Any) -> None:
    linked({("a", "c"): 0.5, ("b", "x"): 0.5})
    assert pks(Hop.near.widen(HITS, keep=1)) == ["a", "c", "b", "x"]


def test_random_graphs_never_move_the_head(client: Any) -> None:
    rng = random.Random(5)
    for number in range(40):
        emptied(client)
        edges = random_edges(rng, symmetric=False)
        nodes = sorted({*edges, *(pk for targets in edges.values() for pk in targets)})
        for source, targets in edges.items():
            client.zadd(Hop.near.get_edge_key(source), targets)
        hits = [
            (pk, rng.choice((0.0, 1.0, rng.random())))
            for pk in rng.sample(nodes, min(4, len(nodes)))
        ]
        keep, depth = rng.randint(0, 5), rng.randint(1, 3)
        answer = Hop.near.widen(hits, keep=keep, depth=depth, seed_count=rng.randint(1, 5))
        assert answer[: min(keep, len(hits))] == hits[:keep], number
        assert set(pks(hits)) <= set(pks(Hop.near.widen(hits, keep=keep, limit=1000)))


def test_without_edges_the_answer_is_the_hits(client: Any) -> None:
    assert pks(Hop.near.widen(HITS)) == ["a", "b", "c"]
    assert pks(Hop.near.widen([("a", 0), ("b", 9)], keep=0)) == ["a", "b"]
    assert Hop.near.widen(HITS, limit=2) == HITS[:2]
    assert Hop.near.widen([]) == []
    assert Hop.near.widen({}) == []


def test_hits_come_in_any_iterable_and_as_records(client: Any) -> None:
    record = Hop.create(name="a")
    linked({("Hop:a", "x"): 0.5})
    hits = [(record, 4.0), ("b", 2.0)]
    expected = Hop.near.widen([("Hop:a", 4.0), ("b", 2.0)])
    assert pks(expected) == ["Hop:a", "b", "x"]
    for same in (dict(hits), iter(hits), tuple(map(list, hits)), [*hits, (record, 9.0)]):
        assert Hop.near.widen(same) == expected
    assert Hop.near.widen(Hop, hits) == expected
    assert CoOccurrenceField.widen(Hop, hits, field_name="near") == expected
    assert asyncio.run(Hop.near.async_widen(hits)) == expected


def test_a_longer_walk_finds_more_and_seeds_get_what_seeds_give_directly(client: Any) -> None:
    linked({("a", "x"): 1.0, ("x", "y"): 1.0, ("x", "b"): 1.0, ("c", "b"): 0.5})
    assert pks(Hop.near.widen(HITS, keep=1)) == ["a", "x", "b", "c"]
    assert Hop.near.widen(HITS, keep=1, depth=2, decay_per_hop=0.7) == [
        ("a", 4.0),
        ("x", 1.0),
        ("y", 0.7),
        ("b", 0.53125),
        ("c", 0.25),
    ]


def test_only_the_first_hits_are_seeds(client: Any) -> None:
    linked({("a", "x"): 0.5, ("b", "y"): 0.5})
    assert pks(Hop.near.widen(HITS, seed_count=1)) == ["a", "b", "c", "x"]


def test_how_much_what_was_found_counts(client: Any) -> None:
    linked({("a", "x"): 0.1})
    assert pks(Hop.near.widen(HITS, keep=1, found_weight=0.4)) == ["a", "b", "x", "c"]
    assert pks(Hop.near.widen(HITS, keep=1, found_weight=0)) == ["a", "b", "c", "x"]


def test_it_is_one_round_trip(real_client: Any) -> None:
    linked({("a", "x"): 0.5})
    Hop.near.widen(HITS)
    real_client.config_resetstat()
    Hop.near.widen([(f"pk{i}", 50 - i) for i in range(50)])
    stats = real_client.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == 1
    assert stats["cmdstat_zrange"]["calls"] == 5


@pytest.mark.parametrize(
    ("hits", "options", "says"),
    [
        ("abc", {}, "string|pair"),
        (["a", "b"], {}, "a pair"),
        ([("a",)], {}, "a pair"),
        ([("a", 1.0), (None, 1.0)], {}, "no pk"),
        ([("", 1.0)], {}, "empty"),
        ([("a", -1)], {}, "score of 'a'"),
        ([("a", math.nan)], {}, "NaN"),
        ([("a", math.inf)], {}, "score of 'a'"),
        (HITS, {"keep": -1}, "keep"),
        (HITS, {"keep": 1.5}, "keep"),
        (HITS, {"limit": 0}, "limit"),
        (HITS, {"seed_count": 0}, "seed_count"),
        (HITS, {"depth": 0}, "depth"),
        (HITS, {"decay_per_hop": 1.0}, "decay_per_hop"),
        (HITS, {"found_weight": -0.1}, "found_weight"),
        (HITS, {"found_weight": math.inf}, "found_weight"),
        ([], {"limit": 0}, "limit"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    hits: Any, options: Any, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Hop.near.widen(hits, **options)


@pytest.mark.parametrize("hits", [7, None, [("a", "heavy")], [("a", True)], [({}, 1.0)]])
def test_what_is_no_ranking_is_a_type_error(hits: Any) -> None:
    with pytest.raises(TypeError):
        Hop.near.widen(hits)


# Seeds that are kept


def test_seeds_that_are_kept_come_first_in_the_order_given(client: Any) -> None:
    linked({("a", "x"): 0.5, ("b", "y"): 0.4, ("x", "z"): 0.9}, Hop.kept)
    found = {"x": 0.25, "y": 0.2, "z": 0.1125}
    answer = Hop.kept.propagate(["b", "a"])
    assert list(answer.items()) == [("b", 1.0), ("a", 1.0), *found.items()]
    assert list(Hop.kept.propagate(iter(["b", "a", "b"])).items()) == list(answer.items())
    assert list(Hop.kept.propagate(["b", "a"], limit=1).items()) == [
        ("b", 1.0),
        ("a", 1.0),
        ("x", 0.25),
    ]
    assert asyncio.run(Hop.kept.async_propagate(["b", "a"])) == answer
    assert Hop.kept.propagate([]) == {}
    assert Hop.kept.propagate(["nowhere"]) == {"nowhere": 1.0}


def test_weights_of_seeds_that_are_kept_only_weigh(client: Any) -> None:
    linked({("a", "x"): 0.5}, Hop.kept)
    assert list(Hop.kept.propagate({"b": 0.2, "a": 0.4}).items()) == [
        ("b", 1.0),
        ("a", 1.0),
        ("x", 0.1),
    ]
    assert list(Hop.kept.propagate({"b": 0.2, "a": 0.4}, depth=0, limit=1).items()) == [
        ("b", 1.0),
        ("a", 1.0),
    ]


def test_ties_behind_kept_seeds_go_to_what_an_earlier_seed_leads_to(client: Any) -> None:
    linked({("a", "x"): 0.5, ("b", "y"): 0.5, ("b", "w"): 0.5, ("a", "z"): 0.4}, Hop.kept)
    assert list(Hop.kept.propagate(["a", "b"])) == ["a", "b", "x", "w", "y", "z"]
    assert list(Hop.kept.propagate(["b", "a"])) == ["b", "a", "w", "y", "x", "z"]


def test_paths_and_truncation_of_a_walk_stay_with_kept_seeds(client: Any) -> None:
    linked({("a", "x"): 0.5, ("a", "y"): 0.4}, Hop.kept)
    answer = Hop.kept.propagate({"a": 0.5, "b": 1.0}, explain=True)
    assert answer.paths == {
        "a": [("a", 0.5)],
        "b": [("b", 1.0)],
        "x": [("a", 0.5), ("x", 0.5)],
        "y": [("a", 0.5), ("y", 0.4)],
    }
    assert list(answer.paths) == list(answer)
    assert not answer.truncated
    assert Hop.kept.propagate(["a"]).paths == {}
    assert Hop.kept.propagate(["a"], max_reads=1).truncated


def test_seeds_are_left_out_unless_kept(client: Any) -> None:
    linked({("a", "x"): 0.5, ("a", "b"): 0.4})
    assert Hop.near.propagate(["a", "b"]) == {"x": 0.25}


@pytest.mark.parametrize("value", ["drop", "", None, True, ["keep"]])
def test_other_values_of_the_option_are_refused(value: Any) -> None:
    with pytest.raises(ModelException, match="seeds"):
        CoOccurrenceField(seeds=value)
