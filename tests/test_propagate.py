"""Spreading activation against a layered oracle and against Popoto's own, on random graphs."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import popoto
import pytest
from graph_oracle import Edges, activation, random_edges, reads
from popoto import Defaults, Model, UniqueKeyField
from redis.exceptions import ResponseError
from servers import binaries

from popoto_recall import CoOccurrenceField, WrongTypeError
from popoto_recall.engine import run
from popoto_recall.structures.activation import Activation
from popoto_recall.structures.graph import Graph


class Walked(Model):
    """The same graph under Popoto's field and under the library's."""

    key = UniqueKeyField()
    theirs = popoto.CoOccurrenceField()
    ours = CoOccurrenceField()


SHARED = Walked._meta.fields["theirs"].get_edge_key_prefix(Walked)
NODES = "$CoOcN:Walked:theirs"
"""Prefix of Popoto's own edge sets; the walks below read the very same keys."""

NEWEST = max(
    binaries(), key=lambda name: [int(x) for x in name.split("-")[1].split(".")], default=""
)


@dataclass
class Walk:
    """A graph and a question about it."""

    edges: Edges
    seeds: dict[str, float]
    depth: int
    decay: float
    threshold: float
    fan_out: int
    cap: float
    limit: int
    max_reads: int

    @property
    def answer(self) -> dict[str, float]:
        return activation(
            self.edges,
            self.seeds,
            self.depth,
            self.decay,
            self.threshold,
            fan_out=self.fan_out,
            cap=self.cap,
        )

    def ask(self, client: Any, **options: Any) -> Activation:
        graph = Graph(SHARED, SHARED, NODES, self.fan_out, self.cap)
        return run(
            client, graph.propagate(self.seeds, self.depth, self.decay, self.threshold, **options)
        )


def random_walk(number: int) -> Walk:
    rng = random.Random(number)
    edges = random_edges(rng, symmetric=rng.random() < 0.6)
    nodes = sorted({*edges, *(pk for targets in edges.values() for pk in targets), "nowhere"})
    seeds = rng.sample(nodes, min(len(nodes), rng.choice((1, 1, 1, 2, 3, 5))))
    weighted = rng.random() < 0.3
    cap = rng.choice((1.0, 1.0, 1.0, 0.5, 2.0))
    return Walk(
        edges=edges,
        seeds={
            pk: rng.choice((1.0, 0.5, 0.1, rng.random() or 1.0)) if weighted else 1.0
            for pk in seeds
        },
        depth=rng.choice((1, 2, 2, 3, 4, 6)),
        decay=rng.choice((0.5, 0.9, 0.1, rng.uniform(0.01, 0.99))) / cap,
        threshold=rng.choice((0.0, 1e-12, 1e-4, 0.01, 0.01, 0.125, 0.3)),
        fan_out=rng.choice((1, 2, 3, 5, 10, 500, 500)),
        cap=cap,
        limit=rng.randint(1, 50) if rng.random() < 0.3 else rng.randint(1, 6),
        max_reads=rng.randint(1, 40),
    )


def walks(client: Any, server: str) -> Iterator[Walk]:
    """Random walks, each with its graph stored; many on one server, fewer on the others."""
    old: list[str] = []
    for number in range(2000 if server == NEWEST else 300):
        walk = random_walk(number)
        pipeline = client.pipeline(transaction=False)
        if old:
            pipeline.delete(*old)
        old = [SHARED + source for source in walk.edges]
        for key, targets in zip(old, walk.edges.values(), strict=True):
            pipeline.zadd(key, targets)
        pipeline.execute()
        yield walk


def link(client: Any, edges: Edges) -> Graph:
    for source, targets in edges.items():
        client.zadd(SHARED + source, targets)
    return Graph(SHARED, SHARED, NODES, 500, 1.0)


def test_every_score_is_the_best_path(client: Any, server: str) -> None:
    for walk in walks(client, server):
        answer = walk.ask(client)
        assert list(answer.items()) == list(walk.answer.items()), walk
        assert not answer.truncated


def test_a_limit_gives_the_head_of_the_full_answer(client: Any, server: str) -> None:
    for walk in walks(client, server):
        answer = walk.ask(client, limit=walk.limit)
        assert list(answer.items()) == list(walk.answer.items())[: walk.limit], walk


def test_a_path_leads_from_a_seed_and_its_product_is_the_score(client: Any, server: str) -> None:
    for walk in walks(client, server):
        answer = walk.ask(client, explain=True, limit=random.Random(walk.limit).choice((None, 3)))
        assert answer.paths.keys() == answer.keys()
        for pk, path in answer.paths.items():
            (seed, weight), *steps = path
            assert walk.seeds[seed] == weight
            assert 1 <= len(steps) <= walk.depth
            assert steps[-1][0] == pk
            for (source, _), (target, stored) in zip(path, steps, strict=False):
                assert walk.edges[source][target] == stored
            score = reduce(
                lambda score, step: (score * walk.decay) * min(step[1], walk.cap), steps, weight
            )
            assert score == answer[pk], walk


def test_a_budget_cuts_without_inventing(client: Any, server: str) -> None:
    for walk in walks(client, server):
        answer, full = walk.ask(client, max_reads=walk.max_reads), walk.answer
        assert all(score <= full[pk] for pk, score in answer.items()), walk
        if not answer.truncated:
            assert answer == full, walk


def test_truncated_says_whether_the_budget_cut(client: Any, server: str) -> None:
    for walk in walks(client, server):
        if walk.fan_out < 500 or walk.cap != 1.0:
            continue
        edges = {a: {b: min(w, 1.0) for b, w in there.items()} for a, there in walk.edges.items()}
        passing, with_empty = reads(edges, walk.seeds, walk.depth, walk.decay, walk.threshold)
        answer = walk.ask(client, max_reads=max(with_empty, 1))
        assert not answer.truncated, walk
        assert answer == walk.answer
        if passing > 1:
            assert walk.ask(client, max_reads=passing - 1).truncated, walk


def test_popotos_own_propagate_agrees(client: Any, server: str) -> None:
    theirs = Walked._meta.fields["theirs"]
    for walk in walks(client, server):
        if walk.cap != Defaults.CO_OCCURRENCE_WEIGHT_CAP:
            continue
        walk.seeds = dict.fromkeys(walk.seeds, 1.0)
        theirs.max_edges = walk.fan_out
        expected = theirs.propagate(
            Walked, list(walk.seeds), walk.depth, walk.decay, walk.threshold
        )
        answer = walk.ask(client)
        assert answer.keys() == expected.keys(), walk
        for pk, score in answer.items():
            assert math.isclose(score, expected[pk], rel_tol=1e-12), walk


def test_a_star_read_to_its_last_edge_is_not_truncated(client: Any) -> None:
    graph = link(client, {"a": {"b": 0.5, "c": 0.5}})
    full = {"b": 0.25, "c": 0.25}
    for budget, found, cut in ((1, 1, True), (2, 2, False), (3, 2, False)):
        answer = run(client, graph.propagate({"a": 1.0}, 1, 0.5, 0.01, max_reads=budget))
        assert (len(answer), answer.truncated) == (found, cut)
        assert answer.items() <= full.items()


def test_a_budget_is_spent_on_the_heaviest_first(client: Any) -> None:
    graph = link(
        client,
        {"a": {"heavy": 0.9, "light": 0.1}, "heavy": {"b": 0.9}, "light": {"c": 0.9}},
    )
    answer = run(client, graph.propagate({"a": 1.0}, 2, 0.5, 0.0, max_reads=3))
    assert list(answer) == ["heavy", "b", "light"]
    assert answer.truncated


def test_a_node_without_edges_costs_a_read_too(client: Any) -> None:
    graph = link(client, {"a": {"x": 0.9, "y": 0.8, "z": 0.7}, "z": {"b": 1.0}})
    for budget, found in ((4, 3), (5, 3), (6, 4)):
        answer = run(client, graph.propagate({"a": 1.0}, 2, 0.5, 0.0, max_reads=budget))
        assert (len(answer), answer.truncated) == (found, found == 3)


def test_a_detour_through_another_seed_counts(client: Any) -> None:
    graph = link(client, {"strong": {"weak": 1.0}, "weak": {"b": 1.0}})
    answer = run(
        client, graph.propagate({"strong": 1.0, "weak": 0.1}, 2, 0.5, 0.0, explain=True, limit=1)
    )
    assert answer == {"b": 0.25}
    assert answer.paths["b"] == [("strong", 1.0), ("weak", 1.0), ("b", 1.0)]


def test_a_node_reached_again_by_a_longer_better_path_goes_on_from_there(client: Any) -> None:
    graph = link(client, {"a": {"x": 0.1, "y": 1.0}, "y": {"x": 1.0}, "x": {"b": 1.0}})
    assert run(client, graph.propagate({"a": 1.0}, 3, 0.9, 0.0))["b"] == 0.9 * 0.9 * 0.9
    assert run(client, graph.propagate({"a": 1.0}, 2, 0.9, 0.0))["b"] == (0.9 * 0.1) * 0.9


def test_the_fan_out_keeps_the_heaviest_edges(client: Any) -> None:
    link(client, {"a": {"b": 0.3, "c": 0.5, "d": 0.4}})
    graph = Graph(SHARED, SHARED, NODES, 2, 1.0)
    assert list(run(client, graph.propagate({"a": 1.0}, 1, 0.5, 0.0))) == ["c", "d"]


def test_the_fan_out_holds_over_several_pages_of_ties(client: Any) -> None:
    link(client, {"a": {f"leaf {i:02}": 0.5 for i in range(30)}})
    graph = Graph(SHARED, SHARED, NODES, 12, 1.0)
    assert list(run(client, graph.propagate({"a": 1.0}, 1, 0.5, 0.0, limit=1))) == ["leaf 18"]


def test_max_edges_may_be_beyond_what_redis_can_count(client: Any) -> None:
    link(client, {"a": {"b": 0.5}})
    graph = Graph(SHARED, SHARED, NODES, sys.maxsize, 1.0)
    for options in ({}, {"limit": sys.maxsize}, {"max_reads": sys.maxsize}):
        assert run(client, graph.propagate({"a": 1.0}, 2, 0.5, 0.01, **options)) == {"b": 0.25}


def test_a_thousand_ties_keep_the_order_of_their_pks(client: Any) -> None:
    leaves = {f"leaf {i:04}": 0.5 for i in range(1000)}
    link(client, {"a": leaves})
    graph = Graph(SHARED, SHARED, NODES, 5000, 1.0)
    answer = run(client, graph.propagate({"a": 1.0}, 1, 0.5, 0.0, limit=7))
    assert list(answer) == sorted(leaves)[:7]


def test_a_cycle_ends_by_itself(client: Any) -> None:
    graph = link(client, {"a": {"b": 1.0}, "b": {"c": 1.0}, "c": {"a": 1.0}})
    answer = run(client, graph.propagate({"a": 1.0}, 10**9, 0.999, 0.0))
    assert answer == {"b": 0.999, "c": 0.999 * 0.999}


@pytest.mark.parametrize("where", ["seed", "on the way"])
def test_a_key_of_another_type_is_named(client: Any, where: str) -> None:
    graph = link(client, {"seed": {"on the way": 1.0}})
    client.delete(SHARED + where)
    client.set(SHARED + where, "text")
    with pytest.raises(WrongTypeError, match=rf"'{SHARED.replace('$', '.')}{where}' holds"):
        run(client, graph.propagate({"seed": 1.0}, 2, 0.5, 0.0))
    assert issubclass(WrongTypeError, ResponseError)


def test_a_key_of_another_type_beyond_the_last_edge_is_not_looked_at(client: Any) -> None:
    graph = link(client, {"seed": {"end": 1.0}})
    client.set(SHARED + "end", "text")
    assert run(client, graph.propagate({"seed": 1.0}, 1, 0.5, 0.0)) == {"end": 0.5}


def test_a_node_without_a_name_ends_no_level(client: Any) -> None:
    """No call makes one, another program may."""
    prefix = Walked.ours.get_edge_key_prefix()
    client.zadd(f"{prefix}s", {"": 0.5})
    client.zadd(prefix, {"q": 0.5})
    assert Walked.ours.propagate(["s"], depth=2) == {"": 0.25, "q": 0.0625}


# Edges just at the bound


@pytest.mark.parametrize("below", [0.0, 1e-9, 1e-4])
def test_an_edge_at_the_threshold_is_found(client: Any, below: float) -> None:
    draw = random.Random(5)
    weights = [draw.uniform(0.001, 1) for _ in range(300)]
    for i, weight in enumerate(weights):
        Walked.ours.link(f"a{i}", "b", weight)
        threshold = 0.5 * weight * (1 - below)
        found = Walked.ours.propagate([f"a{i}"], depth=1, threshold=threshold)
        assert found == {"b": 0.5 * weight}


def test_the_best_of_nearly_equal_ones_is_found(client: Any) -> None:
    draw = random.Random(6)
    for i in range(300):
        weight = draw.uniform(0.1, 0.9)
        other = weight * draw.choice([0.9, 1.1]) * (1 + draw.uniform(-1e-4, 1e-4))
        Walked.ours.link(f"a{i}", "x", weight)
        Walked.ours.link(f"b{i}", "y", min(other, 1.0))
        seeds = {f"a{i}": 1.0, f"b{i}": weight / min(other, 1.0) * draw.uniform(0.9999, 1.0001)}
        seeds = {pk: min(seed, 1.0) for pk, seed in seeds.items()}
        every = Walked.ours.propagate(seeds, depth=1, threshold=0)
        best = max(every.values())
        found = Walked.ours.propagate(seeds, depth=1, threshold=0, limit=1)
        assert list(found.values()) == [best]
