"""`CoOccurrenceField`, every write at once, by its async twin and in a caller's pipeline."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import pytest
import redis
from graph_oracle import PlainGraph, assert_listed, assert_sound, everything, stored
from models import Memory, Note
from popoto import Defaults, KeyField, Model, UniqueKeyField, redis_db
from redis.exceptions import ResponseError
from servers import Server

import popoto_recall
from popoto_recall import CoOccurrenceField, WrongTypeError
from popoto_recall.engine import run
from popoto_recall.structures.graph import Graph

Call = Callable[..., Any]

NEAR, CITES, CITED = "$CoOcF:Note:near:", "$CoOcF:Note:cites:", "$CoOcR:Note:cites:"

HOSTILE = [
    "a:b:c",
    "{tag}:x",
    "{&#58;}",
    "two words",
    "line\nbreak\r\n",
    "nul\0inside",
    "quote ' and \" and ]] and \\",
    "return redis.call('FLUSHALL')",
    "%s %d %%",
    "*?[a-z]",
    "naïve 日本語 🦉",
    "-inf",
    "1e999",
    "RECALL_TYPE 'x' holds",
    "x" * 100_000,
]


def _at_once(field: Any, name: str, *args: Any, **options: Any) -> Any:
    return getattr(field, name)(*args, **options)


def _async(field: Any, name: str, *args: Any, **options: Any) -> Any:
    async def twin() -> Any:
        return await getattr(field, f"async_{name}")(*args, **options)

    return asyncio.run(twin())


def _queued(field: Any, name: str, *args: Any, **options: Any) -> Any:
    pipeline = redis_db.get_REDIS_DB().pipeline()
    assert getattr(field, name)(*args, pipeline=pipeline, **options) is None
    pipeline.execute()


@pytest.fixture(params=[_at_once, _async], ids=["sync", "async"])
def call(request: pytest.FixtureRequest, client: Any) -> Call:
    """Carries out an operation of a field, by name; the result."""
    way: Call = request.param
    return way


@pytest.fixture(params=[_at_once, _async, _queued], ids=["sync", "async", "pipeline"])
def write(request: pytest.FixtureRequest, client: Any) -> Call:
    """Carries out a write of a field, by name; what it returns is not for looking at."""
    way: Call = request.param
    return way


def fill(field: Any, node: str, *weights: float) -> None:
    """Edges from a node to n0, n1, ... of these weights."""
    for i, weight in enumerate(weights):
        field.link(node, f"n{i}", weight)


def near(pk: str) -> dict[str, float]:
    return dict(Note.near.get_linked(pk, min_weight=0, limit=1000))


def cites(pk: str) -> dict[str, float]:
    return dict(Note.cites.get_linked(pk, min_weight=0, limit=1000))


def check(client: Any) -> None:
    """The invariants of both graphs of `Note`."""
    assert_sound(stored(client, NEAR), None, 3)
    assert_sound(stored(client, CITES), stored(client, CITED), 3)
    assert_listed(client, NEAR)
    assert_listed(client, CITES)


# Keys


def test_the_keys_are_the_documented_ones(client: Any) -> None:
    assert Note.near.get_edge_key_prefix(Note) == NEAR
    assert Note.near.get_edge_key(Note, "a b") == NEAR + "a b"
    Note.cites.link("a", "b", 0.5)
    assert client.zrange(CITES + "a", 0, -1, withscores=True) == [(b"b", 0.5)]
    assert client.zrange(CITED + "b", 0, -1) == [b"a"]


# link


def test_link_makes_an_edge_that_leads_both_ways(client: Any, write: Call) -> None:
    write(Note.near, "link", "a", "b", 0.3)
    assert near("a") == {"b": 0.3}
    assert near("b") == {"a": 0.3}


def test_link_leads_one_way_in_an_asymmetric_graph(client: Any, write: Call) -> None:
    write(Note.cites, "link", "a", "b", 0.3)
    assert cites("a") == {"b": 0.3}
    assert cites("b") == {}
    check(client)


def test_link_returns_the_weight_of_the_edge(client: Any, call: Call) -> None:
    assert call(Note.near, "link", "a", "b") == Defaults.CO_OCCURRENCE_INITIAL_WEIGHT
    assert call(Note.near, "link", "a", "b", 0.7) == 0.1
    assert call(Note.near, "link", "b", "a", 0.7) == 0.1
    assert call(Note.near, "link", "a", "c", initial_weight=1) == 1.0


def test_link_reads_popotos_defaults_when_it_is_called(
    client: Any, write: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_INITIAL_WEIGHT", 1.5)
    with pytest.raises(ValueError, match="initial_weight"):
        write(Note.near, "link", "a", "b")
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_WEIGHT_CAP", 2.0)
    write(Note.near, "link", "a", "b")
    assert near("b") == {"a": 1.5}


def test_link_drops_the_lightest_edge_of_a_full_node_at_both_ends(client: Any, write: Call) -> None:
    fill(Note.near, "a", 0.5, 0.2, 0.4)
    write(Note.near, "link", "a", "b", 0.3)
    assert near("a") == {"n0": 0.5, "n2": 0.4, "b": 0.3}
    assert near("n1") == {}
    check(client)


def test_link_drops_the_lightest_edge_of_a_full_target(client: Any, write: Call) -> None:
    fill(Note.near, "a", 0.5, 0.2, 0.4)
    write(Note.near, "link", "b", "a", 0.3)
    assert near("a") == {"n0": 0.5, "n2": 0.4, "b": 0.3}
    assert near("n1") == {}


def test_link_does_not_drop_the_newcomer_on_a_tie(client: Any, write: Call) -> None:
    fill(Note.near, "a", 0.5, 0.3, 0.3)
    write(Note.near, "link", "a", "A", 0.3)
    assert near("a") == {"n0": 0.5, "n2": 0.3, "A": 0.3}
    check(client)


@pytest.mark.parametrize("ends", [("a", "b"), ("b", "a")])
def test_a_full_node_refuses_an_edge_lighter_than_its_own(
    client: Any, call: Call, ends: tuple[str, str]
) -> None:
    fill(Note.near, "a", 0.5, 0.3, 0.3)
    before = everything(client)
    assert call(Note.near, "link", *ends, 0.2) == 0.0
    assert everything(client) == before


def test_a_refused_edge_leaves_no_trace_in_the_reverse_index(client: Any, write: Call) -> None:
    fill(Note.cites, "a", 0.5, 0.3, 0.3)
    before = everything(client)
    write(Note.cites, "link", "a", "b", 0.2)
    assert everything(client) == before


def test_many_may_cite_one_in_an_asymmetric_graph(client: Any, write: Call) -> None:
    for i in range(10):
        write(Note.cites, "link", f"n{i}", "b", 0.01 * (i + 1))
    assert [cites(f"n{i}") for i in range(10)] == [{"b": 0.01 * (i + 1)} for i in range(10)]
    check(client)


@pytest.mark.parametrize(
    "weight",
    [0, -0.1, 1.0000001, math.inf, -math.inf, math.nan, 10**400],
    ids=lambda weight: str(weight)[:12],
)
def test_link_refuses_a_weight_outside_of_the_range(client: Any, write: Call, weight: Any) -> None:
    with pytest.raises(ValueError, match="initial_weight"):
        write(Note.near, "link", "a", "b", weight)
    assert everything(client) == {}


@pytest.mark.parametrize("name", ["link", "strengthen"])
@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
def test_a_self_loop_is_refused(client: Any, write: Call, name: str, field: Any) -> None:
    with pytest.raises(ValueError, match="self-loop"):
        write(field, name, "a", "a")
    record = Note.create(title="t", body="")
    before = everything(client)
    with pytest.raises(ValueError, match="self-loop"):
        write(field, name, record, record.db_key.redis_key)
    assert everything(client) == before


@pytest.mark.parametrize("pk", [None, "", True, "\ud800", b"\xff", b""])
@pytest.mark.parametrize("name", ["link", "strengthen", "unlink"])
def test_what_is_no_pk_is_refused(client: Any, write: Call, name: str, pk: Any) -> None:
    for ends in (("a", pk), (pk, "a")):
        with pytest.raises(ValueError, match="pk"):
            write(Note.near, name, *ends)
    assert everything(client) == {}


def test_a_pk_is_a_record_or_a_scalar(client: Any, write: Call) -> None:
    write(Note.near, "link", Note(title="x:y"), 7, initial_weight=0.5)
    write(Note.near, "link", b"b\xc3\xa9", 7, 0.4)
    assert near("7") == {"Note:x{&#58;}y": 0.5, "bé": 0.4}


# strengthen


def test_strengthen_adds_exactly(client: Any, call: Call) -> None:
    Note.near.link("a", "b", 0.1)
    weight = call(Note.near, "strengthen", "a", "b")
    assert weight == 0.1 + 0.05
    assert near("a") == {"b": weight}
    assert near("b") == {"a": weight}
    assert call(Note.near, "strengthen", "b", "a", 1e-17) == weight + 1e-17


def test_strengthen_creates_a_missing_edge(client: Any, write: Call) -> None:
    write(Note.near, "strengthen", "a", "b", 0.3)
    write(Note.cites, "strengthen", "a", "b", delta=0.3)
    assert (near("a"), near("b")) == ({"b": 0.3}, {"a": 0.3})
    assert (cites("a"), cites("b")) == ({"b": 0.3}, {})
    check(client)


def test_strengthen_stops_at_the_cap(
    client: Any, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(Note.near, "strengthen", "a", "b", 0.99) == 0.99
    assert call(Note.near, "strengthen", "a", "b", math.inf) == 1.0
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_WEIGHT_CAP", 0.5)
    assert call(Note.near, "strengthen", "a", "b") == 0.5
    assert near("b") == {"a": 0.5}


def test_what_is_strengthened_again_and_again_grows_on_full_nodes(client: Any, write: Call) -> None:
    fill(Note.near, "a", 0.9, 0.8, 0.7)
    for i, weight in enumerate((0.95, 0.85, 0.75)):
        Note.near.link("b", f"m{i}", weight)
    for _ in range(20):
        write(Note.near, "strengthen", "a", "b")
    assert near("a") == {"b": 1.0, "n0": 0.9, "n1": 0.8}
    assert near("b") == {"a": 1.0, "m0": 0.95, "m1": 0.85}
    assert near("n2") == near("m2") == {}
    check(client)


def test_strengthen_drops_the_first_by_name_of_the_lightest(client: Any, write: Call) -> None:
    fill(Note.near, "a", 0.5, 0.5, 0.5)
    write(Note.near, "strengthen", "a", "b", 0.1)
    assert near("a") == {"n1": 0.5, "n2": 0.5, "b": 0.1}


def test_an_asymmetric_edge_that_goes_leaves_the_reverse_index(client: Any, write: Call) -> None:
    fill(Note.cites, "a", 0.5, 0.4, 0.3)
    write(Note.cites, "strengthen", "a", "b", 0.1)
    assert cites("a") == {"n0": 0.5, "n1": 0.4, "b": 0.1}
    check(client)


@pytest.mark.parametrize("delta", [0, -0.1, -math.inf, math.nan])
def test_strengthen_refuses_a_delta_that_adds_nothing(client: Any, write: Call, delta: Any) -> None:
    with pytest.raises(ValueError, match=r"delta must be > 0|delta is NaN"):
        write(Note.near, "strengthen", "a", "b", delta)
    assert everything(client) == {}


@pytest.mark.parametrize("delta", ["0.1", None, True, 1j])
def test_a_delta_is_a_number(client: Any, write: Call, delta: Any) -> None:
    with pytest.raises(TypeError, match="delta"):
        write(Note.near, "strengthen", "a", "b", delta)


# unlink


def test_unlink_removes_both_directions(client: Any, write: Call) -> None:
    fill(Note.near, "a", 0.5, 0.4)
    write(Note.near, "unlink", "n0", "a")
    assert near("a") == {"n1": 0.4}
    assert near("n0") == {}
    write(Note.near, "unlink", "n0", "a")
    write(Note.near, "unlink", "a", "a")
    assert near("a") == {"n1": 0.4}


def test_unlink_removes_one_direction_of_an_asymmetric_graph(client: Any, write: Call) -> None:
    Note.cites.link("a", "b", 0.5)
    Note.cites.link("b", "a", 0.4)
    write(Note.cites, "unlink", "a", "b")
    assert (cites("a"), cites("b")) == ({}, {"a": 0.4})
    check(client)


# weaken_all


def test_weaken_all_multiplies_the_edges_and_their_mirrors(client: Any, write: Call) -> None:
    fill(Note.near, "a", 0.7, 0.3)
    Note.near.link("n0", "n1", 0.6)
    write(Note.near, "weaken_all", "a", 0.9)
    assert near("a") == {"n0": 0.7 * 0.9, "n1": 0.3 * 0.9}
    assert near("n0") == {"a": 0.7 * 0.9, "n1": 0.6}
    check(client)


def test_weaken_all_leaves_incoming_edges_of_an_asymmetric_graph(client: Any, write: Call) -> None:
    Note.cites.link("a", "b", 0.5)
    Note.cites.link("b", "a", 0.5)
    write(Note.cites, "weaken_all", "a", 0.5)
    assert (cites("a"), cites("b")) == ({"b": 0.25}, {"a": 0.5})
    check(client)


@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
def test_weaken_all_drops_what_falls_below_the_floor(client: Any, call: Call, field: Any) -> None:
    fill(field, "a", 0.002, 0.0019999, 0.5)
    assert call(field, "weaken_all", "a", 0.5) == 1
    assert dict(field.get_linked("a", min_weight=0)) == {"n0": 0.001, "n2": 0.25}
    assert field.get_linked("n1", min_weight=0) == []
    check(client)


@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
@pytest.mark.parametrize("factor", [0, 0.0, -0.0, 1e-320])
def test_weakened_by_nothing_no_edge_is_left(
    client: Any, call: Call, field: Any, factor: float
) -> None:
    fill(field, "a", 0.5, 0.4, 0.3)
    assert call(field, "weaken_all", "a", factor) == 3
    assert everything(client) == {}


def test_factor_one_changes_nothing(client: Any, call: Call) -> None:
    Note.near.link("a", "b", 0.0001)
    before = everything(client)
    assert call(Note.near, "weaken_all", "a", 1) == 0
    assert call(Note.near, "weaken_all", "nobody", 0.5) == 0
    assert everything(client) == before


def test_weaken_all_uses_the_decay_factor_of_popotos_defaults(
    client: Any, write: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    Note.near.link("a", "b", 0.8)
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_DECAY_FACTOR", 0.25)
    write(Note.near, "weaken_all", "a")
    assert near("b") == {"a": 0.2}


def test_weaken_all_keeps_the_expiry_of_a_key(client: Any, write: Call) -> None:
    Note.near.link("a", "b", 0.8)
    client.expire(NEAR + "a", 1000)
    write(Note.near, "weaken_all", "a", 0.5)
    assert 990 <= client.ttl(NEAR + "a") <= 1000
    assert client.ttl(NEAR + "b") == -1


@pytest.mark.parametrize("factor", [-0.1, 1.1, math.inf, math.nan])
@pytest.mark.parametrize("name", ["weaken_all", "weaken_graph"])
def test_a_factor_lies_between_0_and_1(client: Any, call: Call, name: str, factor: Any) -> None:
    Note.near.link("a", "b", 0.8)
    pks = ["a"] if name == "weaken_all" else []
    with pytest.raises(ValueError, match=r"between 0 and 1|factor is NaN"):
        call(Note.near, name, *pks, factor)
    assert near("a") == {"b": 0.8}


# weaken_graph


@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
def test_weaken_graph_weakens_every_edge_once(client: Any, call: Call, field: Any) -> None:
    plain = PlainGraph(field.symmetric, 3)
    rng = random.Random(1)
    for _ in range(300):
        a, b = rng.sample([f"n{i}" for i in range(60)], 2)
        weight = rng.choice((rng.random(), 0.0015)) or 0.5
        assert field.link(a, b, weight) == plain.link(a, b, weight)
    assert call(field, "weaken_graph", 0.5) == plain.weaken_graph(0.5) > 0
    assert stored(client, field.get_edge_key_prefix(Note)) == some(plain)
    check(client)


def test_weaken_graph_tells_of_its_progress(client: Any, call: Call) -> None:
    fill(Note.near, "a", 0.5, 0.5, 0.5)
    seen: list[int] = []
    call(Note.near, "weaken_graph", 0.5, progress=seen.append)
    assert seen[-1] == 4


def some(plain: PlainGraph) -> dict[str, dict[str, float]]:
    return {node: targets for node, targets in plain.edges.items() if targets}


def test_weaken_graph_finds_every_edge_in_any_locale(
    binary: str, hangul_locale: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Lua's `<` holds different names for equal."""
    server = Server(binary, environment=hangul_locale)
    try:
        client = server.client()
        compare = "return tostring(ARGV[1] < ARGV[2]) .. tostring(ARGV[2] < ARGV[1])"
        if client.eval(compare, 0, "가", "나") != b"falsefalse":
            pytest.skip("this locale tells Hangul apart")
        monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", client)
        Note.near.link_many([("가", "나"), ("다", "나"), ("Note:가", "Note:나")], 0.8)
        assert Note.near.weaken_graph(0.5) == 0
        assert near("나") == {"가": 0.4, "다": 0.4}
        assert near("Note:나") == {"Note:가": 0.4}
    finally:
        server.close()


# get_linked


def test_linked_come_heaviest_first_from_the_lightest_wanted_on(client: Any, call: Call) -> None:
    fill(Memory.associations, "a", 0.01, 0.5, 0.009, 1.0)
    assert call(Memory.associations, "get_linked", "a") == [("n3", 1.0), ("n1", 0.5), ("n0", 0.01)]
    assert call(Memory.associations, "get_linked", "a", 0.5) == [("n3", 1.0), ("n1", 0.5)]
    assert call(Memory.associations, "get_linked", "a", limit=1) == [("n3", 1.0)]
    assert len(call(Memory.associations, "get_linked", "a", -math.inf)) == 4
    assert call(Memory.associations, "get_linked", "a", math.inf) == []
    assert call(Memory.associations, "get_linked", "nobody") == []


def test_twenty_linked_are_the_default(client: Any, call: Call) -> None:
    fill(Memory.associations, "a", *[0.5] * 30)
    assert len(call(Memory.associations, "get_linked", "a")) == 20
    assert len(call(Memory.associations, "get_linked", "a", limit=10**30)) == 30


@pytest.mark.parametrize("limit", [0, -1, 1.0, "3", None, True])
def test_a_limit_is_a_whole_number(client: Any, call: Call, limit: Any) -> None:
    for name, pks in (("get_linked", "a"), ("get_linked_many", ["a"])):
        with pytest.raises(ValueError, match="limit"):
            call(Note.near, name, pks, limit=limit)


def test_linked_of_many(client: Any, call: Call) -> None:
    Note.near.link("a", "b", 0.5)
    Note.near.link("a", "c", 0.6)
    assert call(Note.near, "get_linked_many", ["nobody", "b", "a", "b"]) == {
        "nobody": [],
        "b": [("a", 0.5)],
        "a": [("c", 0.6), ("b", 0.5)],
    }
    assert call(Note.near, "get_linked_many", []) == {}
    wanted = [f"n{i}" for i in range(1234)] + ["a"]
    assert list(call(Note.near, "get_linked_many", wanted)) == wanted
    with pytest.raises(ValueError, match="not one string"):
        call(Note.near, "get_linked_many", "a")


def test_linked_records_come_loaded(client: Any, call: Call) -> None:
    a, b, gone = (Note.create(title=title, body=title) for title in ("a", "b:c", "gone"))
    for pk, weight in ((b, 0.5), ("an entity", 0.9), (gone, 0.7)):
        Note.near.link(a, pk, initial_weight=weight)
    client.delete("Note:gone")
    found = call(Note.near, "get_linked_records", a)
    assert [(record.title, weight) for record, weight in found] == [("b:c", 0.5)]


# Many at once


@pytest.mark.parametrize("name", ["link", "strengthen"])
@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
def test_many_pairs_are_like_one_after_the_other(
    client: Any, call: Call, name: str, field: Any
) -> None:
    plain = PlainGraph(field.symmetric, 3)
    rng = random.Random(2)
    pairs = [rng.sample([f"n{i}" for i in range(40)], 2) for _ in range(1200)]
    expected = [getattr(plain, name)(a, b, 0.25) for a, b in pairs]
    assert call(field, f"{name}_many", pairs, 0.25) == expected
    assert stored(client, field.get_edge_key_prefix(Note)) == some(plain)
    check(client)


@pytest.mark.parametrize("name", ["link_many", "strengthen_many"])
@pytest.mark.parametrize("bad", [("x", "x"), ("x", None), "xy", ("x",), ("x", "y", 0.5)])
def test_one_bad_pair_and_nothing_is_written(client: Any, write: Call, name: str, bad: Any) -> None:
    with pytest.raises(ValueError, match=r"self-loop|pk|pair"):
        write(Note.near, name, [("a", "b"), *[(f"n{i}", "c") for i in range(600)], bad])
    assert everything(client) == {}


def test_many_of_none_is_none(client: Any, call: Call) -> None:
    assert call(Note.near, "link_many", []) == []
    assert call(Note.near, "strengthen_many", []) == []


# co_occur


def test_all_pairs_of_a_set_are_strengthened(client: Any, call: Call) -> None:
    Note.near.link("a", "b", 0.1)
    assert call(Note.near, "co_occur", ["a", "b", "c", "b"]) == 3
    assert near("a") == {"b": 0.1 + 0.05, "c": 0.05}
    assert near("b") == {"a": 0.1 + 0.05, "c": 0.05}
    assert near("c") == {"a": 0.05, "b": 0.05}
    assert call(Note.cites, "co_occur", ["a", "b"], 0.3) == 1
    assert (cites("a"), cites("b")) == ({"b": 0.3}, {"a": 0.3})


def test_a_set_takes_part_in_a_callers_pipeline(client: Any, write: Call) -> None:
    write(Note.near, "co_occur", ["a", "b", "c"], 2)
    assert near("a") == {"b": 1.0, "c": 1.0}
    write(Note.near, "co_occur", ["x", "x"])
    write(Note.near, "co_occur", [])
    assert near("x") == {}


@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
@pytest.mark.parametrize("seed", range(8))
def test_sets_that_overflow_are_pruned_after_all_are_added(
    client: Any, field: Any, seed: int
) -> None:
    plain = PlainGraph(field.symmetric, 3)
    rng = random.Random(seed)
    nodes = [f"n{i}" for i in range(rng.randint(5, 14))]
    for _ in range(40):
        members = rng.sample(nodes, rng.randint(2, 5))
        delta = rng.choice((0.05, 0.3, rng.random() or 0.5))
        assert field.co_occur(members, delta) == plain.co_occur(members, delta)
        a, b = rng.sample(nodes, 2)
        assert field.link(a, b, 0.4) == plain.link(a, b, 0.4)
        assert stored(client, field.get_edge_key_prefix(Note)) == some(plain)
    check(client)


@pytest.mark.parametrize("delta", [0, -1, math.nan])
def test_a_set_refuses_a_delta_that_adds_nothing(client: Any, write: Call, delta: Any) -> None:
    with pytest.raises(ValueError, match="delta"):
        write(Note.near, "co_occur", ["a", "b"], delta)
    with pytest.raises(ValueError, match="delta"):
        write(Note.near, "co_occur", ["a"], delta)


def test_a_set_is_several_pks(client: Any, write: Call) -> None:
    with pytest.raises(ValueError, match="not one string"):
        write(Note.near, "co_occur", "ab")
    with pytest.raises(ValueError, match="pk"):
        write(Note.near, "co_occur", ["a", "b", None])
    with pytest.raises(ValueError, match="64"):
        write(Note.near, "co_occur", map(str, range(65)))
    assert everything(client) == {}


def test_the_largest_set_fits(client: Any) -> None:
    pks = [f"n{i:03}" for i in range(64)]
    graph = Graph("E:", "E:", "N", 255, 1.0)
    assert run(client, graph.co_occur(pks, 0.05)) == 64 * 63 // 2
    assert_sound(stored(client, "E:"), None, 255)


# Small and lowered limits


def test_a_node_of_one_edge_changes_partners_cleanly(client: Any) -> None:
    graph = Graph("E:", "E:", "N", 1, 1.0)
    run(client, graph.link([("a", "b", 0.5), ("c", "d", 0.5)]))
    assert run(client, graph.strengthen([("a", "c", 0.1)])) == [0.1]
    assert stored(client, "E:") == {"a": {"c": 0.1}, "c": {"a": 0.1}}
    assert run(client, graph.co_occur(["a", "b", "c"], 0.5)) == 1
    assert_sound(stored(client, "E:"), None, 1)


@pytest.mark.parametrize("symmetric", [True, False])
def test_a_lowered_limit_holds_from_the_next_new_edge_on(client: Any, symmetric: bool) -> None:
    mirrors = "E:" if symmetric else "R:"
    fill_graph = [("a", f"n{i}", 0.1 * (i + 1)) for i in range(9)]
    run(client, Graph("E:", mirrors, "N", 10, 1.0).link(fill_graph))
    graph = Graph("E:", mirrors, "N", 4, 1.0)
    assert run(client, graph.link([("a", "light", 0.5)])) == [0.0]
    assert run(client, graph.link([("a", "b", 0.75)])) == [0.75]
    edges = stored(client, "E:")
    assert edges["a"] == {"n8": 0.9, "n7": 0.8, "b": 0.75, "n6": pytest.approx(0.7)}
    assert_sound(edges, None if symmetric else stored(client, "R:"), 4)


# What other programs left


@pytest.mark.parametrize("name", ["link", "strengthen"])
@pytest.mark.parametrize("ends", [("a", "b"), ("b", "a")])
def test_a_one_sided_edge_is_mended_on_the_way(
    client: Any, write: Call, name: str, ends: tuple[str, str]
) -> None:
    client.zadd(NEAR + "a", {"b": 0.5})
    write(Note.near, name, *ends, 0.1)
    weight = 0.5 if name == "link" else 0.6
    assert near("a") == {"b": weight}
    assert near("b") == {"a": weight}


def test_of_two_weights_of_an_edge_the_larger_counts(client: Any, call: Call) -> None:
    client.zadd(NEAR + "a", {"b": 0.2})
    client.zadd(NEAR + "b", {"a": 0.5})
    assert call(Note.near, "link", "a", "b") == 0.5
    assert (near("a"), near("b")) == ({"b": 0.5}, {"a": 0.5})


def test_mending_does_not_overfill_a_node(client: Any, write: Call) -> None:
    fill(Note.near, "b", 0.9, 0.8, 0.7)
    client.zadd(NEAR + "a", {"b": 0.1})
    write(Note.near, "weaken_all", "a", 0.5)
    assert near("b") == {"n0": 0.9, "n1": 0.8, "a": 0.05}
    check(client)


@pytest.mark.parametrize("kind", ["a", "b", "n0", "n2"])
@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
def test_a_key_of_another_type_stops_a_write_or_stays_out_of_it(
    client: Any, write: Call, field: Any, kind: str
) -> None:
    """Nothing is ever half-written, whichever key holds something else."""
    mirrors = NEAR if field.symmetric else CITED
    prefix = field.get_edge_key_prefix(Note)
    writes: list[tuple[str, list[Any]]] = [
        ("link", ["a", "b", 0.6]),
        ("link_many", [[("a", "c"), ("a", "b"), ("c", "d")], 0.6]),
        ("strengthen", ["a", "b"]),
        ("strengthen_many", [[("a", "c"), ("b", "a")]]),
        ("co_occur", [["c", "a", "b"]]),
        ("unlink", ["a", "b"]),
        ("unlink", ["a", "n0"]),
        ("weaken_all", ["a", 0.5]),
        ("weaken_all", ["a", 0]),
    ]
    for name, args in writes:
        for key in dict.fromkeys((prefix + kind, mirrors + kind)):
            client.delete(*client.keys("$CoOc*") or ["none"])
            fill(field, "a", 0.5, 0.4, 0.3)
            client.delete(key)
            client.set(key, "text")
            before = everything(client)
            refusal = refused(write, field, name, *args)
            if refusal:
                assert f"'{key}' holds a string, which does not belong there" in refusal
                assert everything(client) == before
            else:
                assert client.get(key) == b"text"
                client.delete(key)
                edges, reverse = _without(stored(client, prefix), kind), stored(client, mirrors)
                assert_sound(edges, None if field.symmetric else _without(reverse, kind), 3)


def refused(write: Call, *args: Any) -> str:
    """Why the server refused a write; empty if it did not."""
    try:
        write(*args)
    except ResponseError as error:
        return str(popoto_recall.typed(error))
    return ""


def _without(edges: dict[str, dict[str, float]], node: str) -> dict[str, dict[str, float]]:
    return {
        source: {target: weight for target, weight in targets.items() if target != node}
        for source, targets in edges.items()
        if source != node
    }


@pytest.mark.parametrize("pk", ["plain", "nul\0 and \n newline"])
def test_a_refusal_names_the_key_whatever_is_in_it(client: Any, call: Call, pk: str) -> None:
    client.set(NEAR + pk, "text")
    shown = pk.replace("\0", "\\x00").replace("\n", "\\x0a")
    for name, args in (("link", [pk, "b"]), ("get_linked", [pk]), ("propagate", [[pk]])):
        with pytest.raises(WrongTypeError) as raised:
            call(Note.near, name, *args)
        assert f"'{NEAR}{shown}' holds" in str(raised.value)


# Hostile names, other clients


@pytest.mark.parametrize("pk", HOSTILE, ids=lambda pk: repr(pk[:24]))
def test_any_text_is_a_pk(client: Any, write: Call, pk: str) -> None:
    for field in (Note.near, Note.cites):
        write(field, "link", pk, "b", 0.5)
        write(field, "strengthen", "b", pk, 0.25)
        write(field, "co_occur", [pk, "c"], 0.3)
    assert near(pk) == {"b": 0.75, "c": 0.3}
    assert cites(pk) == {"b": 0.5, "c": 0.3}
    check(client)
    assert Note.near.propagate(["c"])[pk] == 0.15
    assert Note.near.propagate([pk], explain=True).paths["b"] == [(pk, 1.0), ("b", 0.75)]
    write(Note.near, "weaken_all", pk, 0.5)
    assert near("b") == {pk: 0.375}
    write(Note.near, "unlink", "b", pk)
    assert near("b") == {}


@pytest.mark.parametrize("pk", HOSTILE, ids=lambda pk: repr(pk[:24]))
def test_a_record_of_any_name_can_be_renamed_and_deleted(client: Any, pk: str) -> None:
    record = Note.create(title=pk, body="")
    other = Note.create(title="other", body="")
    Note.near.link(record, other, initial_weight=0.5)
    Note.cites.link(other, record, initial_weight=0.5)
    Note.cites.link("entity", record, 0.4)
    record.title = pk + "!"
    record.save(migrate_key=True)
    key = record.db_key.redis_key
    assert near("Note:other") == {key: 0.5}
    assert (cites("Note:other"), cites("entity")) == ({key: 0.5}, {key: 0.4})
    record.delete()
    assert client.keys("$CoOc*") == []


@pytest.mark.parametrize("options", [{"protocol": 2}, {"protocol": 3}, {"decode_responses": True}])
def test_every_client_gets_the_same_answers(
    real_client: Any, running: Server, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    other = running.client(**{"protocol": 3, **options})
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", other)
    assert Note.near.link("a", "é", 0.1) == 0.1
    assert Note.near.strengthen("a", "é") == 0.1 + 0.05
    assert Note.near.strengthen_many([("a", "b"), ("b", "é")], 1 / 3) == [1 / 3, 1 / 3]
    assert Note.near.co_occur(["a", "b"]) == 1
    assert Note.near.get_linked("é") == [("b", 1 / 3), ("a", 0.1 + 0.05)]
    assert Note.near.propagate(["é"], limit=1, explain=True).paths == {
        "b": [("é", 1.0), ("b", 1 / 3)]
    }
    assert Note.near.weaken_all("a", 0.001) == 2
    assert Note.near.weaken_graph(0.5) == 0
    assert Note.near.get_linked("é") == [("b", 1 / 6)]
    other.set(NEAR + "x", "text")
    with pytest.raises(WrongTypeError):
        Note.near.get_linked("x")
    other.close()


def test_weights_survive_any_number_of_readings(client: Any) -> None:
    rng = random.Random(3)
    plain = PlainGraph(True, 3)
    for _ in range(300):
        a, b = rng.sample("abcdefgh", 2)
        delta = rng.random() * 10 ** -rng.randint(0, 3) or 0.1
        assert Note.near.strengthen(a, b, delta) == plain.strengthen(a, b, delta)
        factor = 1 - rng.random() / 4
        assert Note.near.weaken_all(a, factor) == plain.weaken(a, factor)
    assert stored(client, NEAR) == some(plain)


# Records


class Page(Model):
    """Two KeyFields: no bare value is a name of it."""

    book = KeyField()
    number = KeyField()
    beside = CoOccurrenceField(max_edges=3)
    cites = CoOccurrenceField(symmetric=False, max_edges=3)


class Tag(Model):
    """Edges, and nothing else that a save would write."""

    name = UniqueKeyField()
    beside = CoOccurrenceField(max_edges=20)
    implies = CoOccurrenceField(symmetric=False, max_edges=20)


def test_a_deleted_record_takes_its_edges_along_under_all_its_names(client: Any) -> None:
    record = Note.create(title="a:b", body="")
    for name in (record, "Note:a:b", "a:b"):
        Note.near.link(name, "x", initial_weight=0.5)
        Note.cites.link(name, "y", initial_weight=0.5)
        Note.cites.link("z", name, 0.5)
    Note.near.link("x", "y", 0.5)
    record.delete()
    assert near("x") == {"y": 0.5}
    assert sorted(client.keys("$CoOc*")) == [
        b"$CoOcF:Note:near:x",
        b"$CoOcF:Note:near:y",
        b"$CoOcN:Note:near",
    ]


@pytest.mark.parametrize("title", ["x", "x-y"])
def test_deleting_a_record_takes_no_edges_of_another(client: Any, title: str) -> None:
    """A title that reads like the key of another record is no bare name of its own."""
    other, titled_so = (
        Note.create(title=title, body=""),
        Note.create(title=f"Note:{title}", body=""),
    )
    Note.near.link(other, "friend", initial_weight=0.5)
    Note.near.link(f"Note:{title}", "friend", 0.5)
    before = near("friend")
    titled_so.delete()
    assert near("friend") == before


LOOK_ALIKES = [("src//lib", "src/lib"), ("a/-b", "a-b"), ("//", "/")]
"""Titles of two records; the key of the first, without Popoto's escapes, is that of the second."""


def look_alikes(titles: tuple[str, str]) -> tuple[Note, Note, Any]:
    """Two such records, each linked under its key in both graphs, and the edges of the second."""
    one, other = (Note.create(title=title, body="") for title in titles)
    assert f"Note:{titles[0]}" == other.db_key.redis_key
    for record, friend in ((one, "f1"), (other, "f2")):
        Note.near.link(record, friend, initial_weight=0.5)
        Note.cites.link(record, friend, initial_weight=0.5)
        Note.cites.link(friend, record, initial_weight=0.25)
    assert edges_at(other) == ({"f2": 0.5}, {"f2": 0.5}, {other.db_key.redis_key: 0.25})
    return one, other, edges_at(other)


def edges_at(record: Note) -> tuple[dict[str, float], ...]:
    key = record.db_key.redis_key
    return near(key), cites(key), cites("f2")


@pytest.mark.parametrize("titles", LOOK_ALIKES, ids=lambda titles: titles[0])
def test_a_record_that_goes_takes_no_edges_of_one_that_looks_like_it(
    client: Any, titles: tuple[str, str]
) -> None:
    one, other, before = look_alikes(titles)
    one.delete()
    assert edges_at(other) == before
    assert near("f1") == cites("f1") == {}


@pytest.mark.parametrize("titles", LOOK_ALIKES, ids=lambda titles: titles[0])
def test_a_record_that_changes_its_key_takes_no_edges_of_one_that_looks_like_it(
    client: Any, titles: tuple[str, str]
) -> None:
    one, other, before = look_alikes(titles)
    one.title = "new"
    one.save(migrate_key=True)
    assert edges_at(other) == before
    assert near("f1") == {"Note:new": 0.5}
    one.title = titles[0]
    one.save(migrate_key=True)
    assert edges_at(other) == before
    assert near("f1") == {one.db_key.redis_key: 0.5}


@pytest.mark.parametrize("titles", LOOK_ALIKES, ids=lambda titles: titles[0])
def test_a_sweep_takes_no_edges_of_one_that_looks_like_what_is_gone(
    client: Any, titles: tuple[str, str]
) -> None:
    one, other, before = look_alikes(titles)
    client.delete(one.db_key.redis_key)
    assert (Note.near.sweep(), Note.cites.sweep()) == (1, 2)
    assert edges_at(other) == before


def test_a_sweep_leaves_an_unescaped_name_to_the_record_that_it_stands_for(client: Any) -> None:
    """Unescaping ``Note:a/-b-c`` once more would make it stand for another record."""
    record = Note.create(title="a/-b-c", body="")
    Note.near.link(f"Note:{record.title}", "x", 0.5)
    assert Note.near.sweep() == 0
    client.delete(record.db_key.redis_key)
    assert Note.near.sweep() == 1


def test_the_parts_of_a_key_of_two_fields_are_no_names(client: Any) -> None:
    page = Page.create(book="b", number="1")
    Page.beside.link("b", "x", 0.5)
    Page.beside.link(page, "x", initial_weight=0.4)
    page.delete()
    assert Page.beside.get_linked("x") == [("b", 0.5)]


def test_edges_go_with_a_record_to_its_new_key(client: Any) -> None:
    record = Note.create(title="a", body="")
    Note.near.link(record, "x", initial_weight=0.5)
    Note.near.link("a", "x", 0.4)
    Note.cites.link(record, "y", initial_weight=0.5)
    Note.cites.link("z", record, 0.5)
    record.title = "b"
    record.save(migrate_key=True)
    assert near("x") == {"Note:b": 0.5, "b": 0.4}
    assert cites("Note:b") == {"y": 0.5}
    assert cites("z") == {"Note:b": 0.5}
    assert not [key for key in client.keys("$CoOc*") if key.endswith((b":a", b"Note:a"))]
    check(client)


def test_a_key_that_changes_in_one_of_its_names_only_keeps_the_other(client: Any) -> None:
    page = Page.create(book="a:b", number="c")
    Page.beside.link("Page:a:b:c", "x", 0.5)
    Page.cites.link("Page:a:b:c", "x", 0.5)
    page.book, page.number = "a", "b:c"
    page.save(migrate_key=True)
    assert Page.beside.get_linked("x") == [("Page:a:b:c", 0.5)]
    assert_sound(stored(client, "$CoOcF:Page:beside:"), None, 3)
    assert Page.cites.get_linked("Page:a:b:c") == [("x", 0.5)]
    assert_sound(stored(client, "$CoOcF:Page:cites:"), stored(client, "$CoOcR:Page:cites:"), 3)


def test_a_new_key_that_has_edges_keeps_the_heaviest_of_both(client: Any) -> None:
    record = Note.create(title="a", body="")
    for target, weight in (("p", 0.1), ("q", 0.8), ("r", 0.75)):
        Note.near.link(record, target, initial_weight=weight)
    for target, weight in (("q", 0.6), ("s", 0.7), ("t", 0.9)):
        Note.near.link("Note:b", target, weight)
    record.title = "b"
    record.save(migrate_key=True)
    assert near("Note:b") == {"t": 0.9, "q": 0.8, "r": 0.75}
    assert near("p") == near("s") == {}
    check(client)


def test_of_two_edges_that_become_one_the_heavier_stands(client: Any) -> None:
    record = Note.create(title="a", body="")
    for field in (Note.near, Note.cites):
        for mine, known, target in ((0.3, 0.6, "known"), (0.7, 0.4, "mine")):
            field.link(record, target, initial_weight=mine)
            field.link("Note:b", target, known)
    record.title = "b"
    record.save(migrate_key=True)
    assert near("Note:b") == cites("Note:b") == {"known": 0.6, "mine": 0.7}
    check(client)


def test_a_record_may_take_the_name_of_its_neighbour(client: Any) -> None:
    record = Note.create(title="a", body="")
    Note.near.link(record, "Note:b", initial_weight=0.5)
    Note.near.link(record, "x", initial_weight=0.4)
    Note.cites.link(record, "Note:b", initial_weight=0.5)
    Note.cites.link("Note:b", record, 0.5)
    record.title = "b"
    record.save(migrate_key=True)
    assert stored(client, NEAR) == {"Note:b": {"x": 0.4}, "x": {"Note:b": 0.4}}
    assert stored(client, CITES) == stored(client, CITED) == {}


@pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])
def test_the_old_name_takes_no_room_at_the_new_one(client: Any, field: Any) -> None:
    record = Note.create(title="a", body="")
    for target, weight in ((record, 0.5), ("light", 0.1), ("heavy", 0.6)):
        field.link("Note:b", target, weight)
    field.link(record, "carried", initial_weight=0.9)
    record.title = "b"
    record.save(migrate_key=True)
    assert dict(field.get_linked("Note:b")) == {"carried": 0.9, "heavy": 0.6, "light": 0.1}
    check(client)


def test_delete_after_a_change_in_memory_is_a_delete(client: Any) -> None:
    record = Note.create(title="a", body="")
    Note.near.link(record, "x", initial_weight=0.5)
    Note.near.link("Note:b", "x", 0.4)
    record.title = "b"
    record.delete()
    assert near("x") == {"Note:b": 0.4}


def test_a_rename_in_a_pipeline_waits_for_it(client: Any) -> None:
    record = Note.create(title="a", body="")
    Note.near.link(record, "x", initial_weight=0.5)
    pipeline = client.pipeline()
    record.title = "b"
    record.save(migrate_key=True, pipeline=pipeline)
    assert near("x") == {"Note:a": 0.5}
    pipeline.execute()
    assert near("x") == {"Note:b": 0.5}


def test_an_untyped_key_in_the_way_of_a_rename_leaves_the_graph_whole(client: Any) -> None:
    record = Note.create(title="a", body="")
    Note.near.link(record, "x", initial_weight=0.5)
    Note.near.link(record, "y", initial_weight=0.5)
    client.delete(NEAR + "y")
    client.set(NEAR + "y", "text")
    before = {key: value for key, value in everything(client).items() if b"CoOc" in key}
    record.title = "b"
    with pytest.raises(WrongTypeError, match="near:y"):
        record.save(migrate_key=True)
    assert {key: value for key, value in everything(client).items() if b"CoOc" in key} == before


def test_a_hostile_title_cannot_disguise_a_refusal(client: Any) -> None:
    """Two graphs, so that the second script is queued by its SHA and its keys show in the error."""
    record = Note.create(title="RECALL_X y", body="")
    client.set(CITES + record.db_key.redis_key, "text")
    with pytest.raises(WrongTypeError, match="holds a string, which does not belong there"):
        record.delete()


def test_nothing_points_to_what_is_gone(client: Any) -> None:
    """A thousand deletes and renames, some onto names that already have edges."""
    rng = random.Random(4)
    names = [f"t{i}" for i in range(60)]
    records = {name: Tag.create(name=name) for name in names[:30]}
    for _ in range(1000):
        keys = [f"Tag:{name}" for name in rng.sample(names, 6)]
        Tag.beside.co_occur(keys[:4], rng.random() or 0.1)
        Tag.implies.link_many([keys[:2], keys[2:4], keys[4:]])
        name = rng.choice(sorted(records))
        record = records.pop(name)
        fresh = rng.choice([name for name in names if name not in records])
        if rng.random() < 0.5 and fresh != name:
            record.name = fresh
            record.save(migrate_key=True)
        else:
            record.delete()
            record = Tag.create(name=fresh)
        records[fresh] = record
        if fresh != name:
            assert not mentioned(client, f"Tag:{name}")
    assert_sound(stored(client, "$CoOcF:Tag:beside:"), None, 20)
    assert_sound(stored(client, "$CoOcF:Tag:implies:"), stored(client, "$CoOcR:Tag:implies:"), 20)


def mentioned(client: Any, pk: str) -> bool:
    """Whether a pk is left in any key or member of both families."""
    pipeline = client.pipeline(transaction=False)
    for key in client.scan_iter(match="$CoOc*", count=1000):
        if key.endswith(f":{pk}".encode()):
            return True
        pipeline.zscore(key, pk)
    return any(score is not None for score in pipeline.execute())


# sweep


def test_sweep_removes_the_edges_of_what_redis_let_expire(client: Any, call: Call) -> None:
    a, b = Note.create(title="a", body=""), Note.create(title="b", body="")
    for field in (Note.near, Note.cites):
        field.link(a, b, initial_weight=0.5)
        field.link(b, a, initial_weight=0.5)
        field.link(b, "entity", initial_weight=0.4)
        field.link("a", "entity", 0.3)
    client.delete("Note:a")
    assert call(Note.near, "sweep") == 2
    assert call(Note.cites, "sweep") == 3
    assert near("entity") == {"Note:b": 0.4}
    assert near("Note:b") == cites("Note:b") == {"entity": 0.4}
    check(client)


@pytest.mark.parametrize("title", ["a:b", "my-note", "what?", "Note:a"])
def test_sweep_takes_nothing_of_what_exists(client: Any, call: Call, title: str) -> None:
    """Under none of its names, and none of those of records whose titles look alike."""
    for i, name in enumerate(("a", "b", title)):
        record = Note.create(title=name, body="")
        for alias in (record, f"Note:{name}", name):
            Note.near.link(alias, f"entity {i}", initial_weight=0.5)
            Note.cites.link(f"entity {i}", alias, initial_weight=0.5)
    before = stored(client, NEAR), stored(client, CITES)
    assert call(Note.near, "sweep") == call(Note.cites, "sweep") == 0
    assert (stored(client, NEAR), stored(client, CITES)) == before


# Processes

CROWD, CITED_CROWD = Graph("E:", "E:", "N", 20, 1.0), Graph("A:", "R:", "M", 20, 1.0)


def hammer(socket: str, seed: int) -> None:
    """Mixed writes on sixty nodes, as one of several processes."""
    client = redis.Redis(unix_socket_path=socket)
    rng = random.Random(seed)
    for graph, writes in ((CROWD, 2000), (CITED_CROWD, 500)):
        for _ in range(writes):
            run(client, random_write(rng, graph))


def random_write(rng: random.Random, graph: Graph) -> Any:
    nodes = rng.sample([f"n{i}" for i in range(60)], 8)
    kind = rng.choices(range(7), (30, 30, 10, 10, 10, 5, 5))[0]
    if kind == 0:
        return graph.link([(nodes[0], nodes[1], rng.random() or 0.5)])
    if kind == 1:
        return graph.strengthen([(nodes[0], nodes[1], rng.random() or 0.5)])
    if kind == 2:
        return graph.co_occur(nodes, rng.random() or 0.5)
    if kind == 3:
        return graph.unlink(nodes[0], nodes[1])
    if kind == 4:
        return graph.weaken(nodes[0], rng.random())
    return graph.delete(nodes[:1]) if kind == 5 else graph.rename(nodes[0], nodes[1])


def test_eight_processes_leave_the_graph_whole(real_client: Any, running: Server) -> None:
    context = get_context("spawn")
    workers = [context.Process(target=hammer, args=(running.socket, seed)) for seed in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    edges = stored(real_client, "E:")
    assert sum(map(len, edges.values())) > 300
    assert_sound(edges, None, 20)
    arrows, reverse = stored(real_client, "A:"), stored(real_client, "R:")
    assert_sound(arrows, reverse, 20)
    assert {node.decode() for node in real_client.zrange("N", 0, -1)} == set(edges)
    assert {node.decode() for node in real_client.zrange("M", 0, -1)} == {*arrows, *reverse}
