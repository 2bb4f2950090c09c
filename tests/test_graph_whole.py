"""A whole graph: to go over, to count, to clear."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from graph_oracle import assert_listed, assert_sound, random_edges, stored
from models import Note
from popoto import KeyField, Model, redis_db

from popoto_recall import CoOccurrenceField, WrongTypeError
from popoto_recall.fields.co_occurrence._passes import forget_graph
from popoto_recall.structures.graph import Graph, GraphInfo

FIELDS = pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
PAIRS = [("a", "b"), ("b", "c"), ("c", "a"), ("x", "é")]


class Big(Model):
    key = KeyField()
    near = CoOccurrenceField(max_edges=10_000)
    cites = CoOccurrenceField(max_edges=10_000, symmetric=False)


class Fact(Model):
    name = KeyField()
    agent = KeyField()
    near = CoOccurrenceField(partition_by="agent")
    cites = CoOccurrenceField(partition_by="agent", symmetric=False)


# edges


def test_edges_of_a_symmetric_graph_come_once(client: Any) -> None:
    Note.near.link_many(PAIRS, 0.5)
    Note.near.strengthen("a", "b", 0.125)
    assert sorted(Note.near.edges()) == [
        ("a", "b", 0.625),
        ("a", "c", 0.5),
        ("b", "c", 0.5),
        ("x", "é", 0.5),
    ]


def test_edges_of_an_asymmetric_graph_come_in_their_direction(client: Any) -> None:
    Note.cites.link_many(PAIRS, 0.5)
    assert sorted(Note.cites.edges(Note)) == sorted((*pair, 0.5) for pair in PAIRS)


def test_edges_of_nothing_are_none(client: Any) -> None:
    assert list(Note.near.edges()) == []


@pytest.mark.parametrize("field", [Big.near, Big.cites], ids=["symmetric", "asymmetric"])
def test_edges_of_large_nodes_come_in_several_steps(client: Any, field: Any) -> None:
    wanted = {("hub", f"n{i}", (i + 1) / 4096) for i in range(2500)}
    for start in range(0, 2500, 500):
        for _, target, weight in sorted(wanted)[start : start + 500]:
            field.link("hub", target, weight)
    assert len(list(field.edges())) == 2500
    assert set(field.edges()) == wanted


def test_edges_that_stay_come_though_others_change(client: Any) -> None:
    pairs = [(f"n{i}", f"m{i}") for i in range(2000)]
    Note.near.link_many(pairs, 0.5)
    seen = set()
    for done, (source, target, weight) in enumerate(Note.near.edges()):
        assert weight == 0.5
        seen.add((target, source))
        if done % 10 == 0:
            Note.near.unlink(source, target)
            Note.near.link(f"x{done}", f"y{done}", 0.5)
    assert seen >= {(a, b) for a, b in pairs}


def test_edges_ask_the_server_of_the_call(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Note.near.link("a", "b")
    edges = Note.near.edges()
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", object())
    assert list(edges) == [("a", "b", 0.1)]


def test_edges_meet_a_key_of_another_type(client: Any) -> None:
    Note.near.link("a", "b")
    client.set("$CoOcF:Note:near:a", "text")
    with pytest.raises(WrongTypeError, match=r"\$CoOcF:Note:near:a"):
        list(Note.near.edges())


@pytest.mark.parametrize("seed", range(5))
def test_edges_are_those_that_are_stored(client: Any, seed: int) -> None:
    planted = random_edges(random.Random(seed), symmetric=True)
    for source, targets in planted.items():
        for target, weight in targets.items():
            Big.near.link(source, target, min(weight, 1.0))
    held = stored(client, "$CoOcF:Big:near:")
    found = list(Big.near.edges())
    assert len(found) == sum(map(len, held.values())) // 2
    assert all(held[a][b] == held[b][a] == weight for a, b, weight in found)


# info


def test_info_counts_a_symmetric_edge_once(client: Any) -> None:
    Note.near.link_many([*PAIRS, ("a", "d")], 0.5)
    info = Note.near.info()
    assert info == GraphInfo("$CoOcF:Note:near:", 6, 5, 3, info.bytes, True, 3)


def test_info_of_an_asymmetric_graph_counts_directions(client: Any) -> None:
    Note.cites.link_many([*PAIRS, ("a", "c"), ("d", "a")], 0.5)
    info = Note.cites.info()
    assert info == GraphInfo("$CoOcF:Note:cites:", 6, 6, 2, info.bytes, False, 3)


@FIELDS
def test_info_of_nothing(client: Any, field: Any) -> None:
    info = field.info()
    assert (info.nodes, info.edges, info.most_edges) == (0, 0, 0)
    assert info.bytes in (0, None)


@FIELDS
def test_the_bytes_are_those_of_every_key(real_client: Any, field: Any) -> None:
    field.link_many([(f"n{i}", f"m{i}") for i in range(700)])
    keys = real_client.keys("$CoOc*")
    assert len(keys) == 1401
    assert field.info().bytes == sum(real_client.memory_usage(key) for key in keys)


def test_a_server_that_does_not_tell_bytes_gives_none() -> None:
    from popoto_recall import embedded

    with embedded():
        Note.near.link("a", "b")
        assert Note.near.info().bytes is None


def test_info_shows_a_limit_that_was_lowered(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(3):
        Note.near.link("hub", f"n{i}")
    monkeypatch.setattr(Note.near, "max_edges", 2)
    info = Note.near.info()
    assert (info.max_edges, info.most_edges) == (2, 3)


# clear


@FIELDS
def test_clear_leaves_no_key(client: Any, field: Any) -> None:
    note = Note.create(title="kept", body="")
    other = Note.cites if field is Note.near else Note.near
    other.link("a", "b", 0.5)
    field.link_many([*PAIRS, (note, "a")], 0.5)
    assert field.clear() == 5
    assert not [key for key in client.keys("$CoOc*") if f":{field.name}".encode() in key]
    assert other.get_linked("a") == [("b", 0.5)]
    assert field.clear() == 0
    assert asyncio.run(field.async_clear()) == 0


@FIELDS
def test_clear_tells_of_its_progress(client: Any, field: Any) -> None:
    field.link_many([(f"n{i}", f"m{i}") for i in range(1500)])
    done: list[int] = []
    assert field.clear(done.append) == 1500
    assert done == sorted(done)
    assert len(done) > 2
    assert 1500 <= done[-1] <= 3000  # some go with their neighbours
    assert client.keys("$CoOc*") == []


@FIELDS
def test_a_clear_that_is_interrupted_leaves_the_rest_whole(client: Any, field: Any) -> None:
    for i in range(3000):
        field.link(f"n{i}", f"n{(i + 1) % 3000}")

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        field.clear(stop)
    prefix = f"$CoOcF:Note:{field.name}:"
    edges = stored(client, prefix)
    assert 0 < len(edges) < 3000
    reverse = None if field is Note.near else stored(client, prefix.replace("F", "R", 1))
    assert_sound(edges, reverse, 3)
    assert_listed(client, prefix)


@pytest.mark.parametrize("name", ["near", "cites"])
def test_a_partition_is_forgotten_and_no_other(client: Any, name: str) -> None:
    field = getattr(Fact, name)
    for agent in ("a1", "a2"):
        field.at(agent=agent).link_many([("x", "y"), ("y", "z")])
    edges, mirrors = f"$CoOcF:Fact:{name}:{{a1}}:", f"$CoOcR:Fact:{name}:{{a1}}:"
    graph = Graph(
        edges, edges if field.symmetric else mirrors, f"$CoOcN:Fact:{name}:{{a1}}", 500, 1.0
    )
    assert forget_graph(graph) == 2
    assert client.keys("*{a1}*") == []
    assert (
        field.at(agent="a2").get_linked("y") == ([("z", 0.1), ("x", 0.1)][: 2 - (name == "cites")])
    )


def test_none_of_them_takes_a_pipeline(client: Any) -> None:
    for name in ("edges", "info", "clear"):
        with pytest.raises(TypeError, match="takes no pipeline="):
            getattr(Note.near, name)(pipeline=client.pipeline())
