"""The list of a graph's nodes: kept by every write, and what passes over the graph go by."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from graph_oracle import assert_listed, everything
from models import Note
from popoto import KeyField, Model

from popoto_recall import CoOccurrenceField, WrongTypeError

NEAR, CITES = "$CoOcN:Note:near", "$CoOcN:Note:cites"
FIELDS = pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])

WRITES: list[tuple[str, tuple[Any, ...]]] = [
    ("link", ("a", "b", 0.5)),
    ("link_many", ([("a", "b"), ("b", "c")], 0.5)),
    ("strengthen", ("a", "b")),
    ("strengthen_many", ([("a", "b"), ("b", "c")],)),
    ("co_occur", (["a", "b", "c"],)),
]


class Fact(Model):
    name = KeyField()
    agent = KeyField()
    near = CoOccurrenceField(partition_by="agent")


def listed(client: Any, key: str) -> set[str]:
    return {node.decode() for node in client.zrange(key, 0, -1)}


def key_of(field: Any) -> str:
    return f"$CoOcN:Note:{field.name}"


@FIELDS
@pytest.mark.parametrize(("name", "args"), WRITES, ids=lambda value: str(value)[:12])
def test_a_write_lists_the_ends_of_its_edges(
    client: Any, field: Any, name: str, args: tuple[Any, ...]
) -> None:
    getattr(field, name)(*args)
    assert listed(client, key_of(field)) >= {"a", "b"}
    assert_listed(client, field.get_edge_key_prefix())


@FIELDS
def test_a_node_that_loses_its_last_edge_is_off_the_list(client: Any, field: Any) -> None:
    field.link_many([("a", "b"), ("b", "c"), ("d", "e")])
    field.unlink("a", "b")
    assert listed(client, key_of(field)) == {"b", "c", "d", "e"}
    field.weaken_all("d", 0)
    assert listed(client, key_of(field)) == {"b", "c"}
    field.weaken_graph(0)
    assert not client.exists(key_of(field))


@FIELDS
def test_a_node_that_is_pruned_away_is_off_the_list(client: Any, field: Any) -> None:
    for i in range(5):
        field.strengthen("hub", f"n{i}", 0.1)
    assert listed(client, key_of(field)) == {"hub", "n2", "n3", "n4"}
    field.co_occur(["hub", "x", "y", "z"])
    assert_listed(client, field.get_edge_key_prefix())


@FIELDS
def test_records_that_go_or_move_are_off_the_list(client: Any, field: Any) -> None:
    one, two = (Note.create(title=title, body="") for title in ("one", "two"))
    field.link(one, "x", initial_weight=0.5)
    field.link("y", two, 0.5)
    one.title = "new"
    one.save(migrate_key=True)
    assert listed(client, key_of(field)) == {"Note:new", "Note:two", "x", "y"}
    two.delete()
    assert listed(client, key_of(field)) == {"Note:new", "x"}
    client.delete("Note:new")
    field.sweep()
    assert not client.exists(key_of(field))


@FIELDS
def test_imported_edges_are_listed(client: Any, field: Any) -> None:
    note = Note.create(title="one", body="")
    state = {"key": note.db_key.redis_key, "edges": {"x": 0.5, "y": 0.25}}
    field.import_state(note, field.name, state)
    assert listed(client, key_of(field)) == {"Note:one", "x", "y"}
    field.import_state(note, field.name, {**state, "edges": {"y": 0.25}})
    assert listed(client, key_of(field)) == {"Note:one", "y"}


@FIELDS
@pytest.mark.parametrize(
    ("name", "args"),
    [write for write in WRITES if not write[0].startswith("link")],
    ids=lambda value: str(value)[:12],
)
def test_a_lost_list_comes_back_with_the_nodes_that_are_touched(
    client: Any, field: Any, name: str, args: tuple[Any, ...]
) -> None:
    field.link_many([("a", "b"), ("b", "c"), ("x", "y")])
    client.delete(key_of(field))
    getattr(field, name)(*args)
    assert {"a", "b"} <= listed(client, key_of(field)) <= {"a", "b", "c"}
    assert field.weaken_graph(0) > 0
    assert field.get_linked("x" if field.get_linked("x") else "y") != []


@FIELDS
def test_without_a_list_every_write_does_its_work(client: Any, field: Any) -> None:
    field.link_many([("a", "b"), ("b", "c"), ("c", "d")], 0.5)
    client.delete(key_of(field))
    assert field.link("a", "b") == 0.5
    field.unlink("a", "b")
    field.weaken_all("b", 0.5)
    assert field.get_linked("b") == [("c", 0.25)]
    assert field.link("b", "e", 0.4) == 0.4
    assert listed(client, key_of(field)) >= {"b", "e"}


def test_a_listed_node_without_a_key_is_dropped_by_a_pass(client: Any) -> None:
    for field in (Note.near, Note.cites):
        field.link("a", "b", 0.5)
        client.zadd(key_of(field), {"gone": 0, "Note:gone": 0})
    Note.near.weaken_graph(0.5)
    Note.cites.weaken_graph(0.5)
    assert listed(client, NEAR) == listed(client, CITES) == {"a", "b"}
    client.zadd(NEAR, {"Note:gone": 0})
    Note.near.sweep()
    assert listed(client, NEAR) == {"a", "b"}


@FIELDS
@pytest.mark.parametrize("name", ["link", "strengthen", "co_occur", "unlink", "weaken_graph"])
def test_a_list_of_another_type_stops_a_write_before_it_begins(
    client: Any, field: Any, name: str
) -> None:
    arguments: dict[str, tuple[Any, ...]] = {
        "co_occur": (["a", "b", "c"],),
        "weaken_graph": (0.5,),
        "unlink": ("a", "b"),
        "strengthen": ("a", "b"),
    }
    field.link("a", "b", 0.5)
    client.set(key_of(field), "text")
    before = everything(client)
    with pytest.raises(WrongTypeError, match=rf"{re.escape(key_of(field))}' holds"):
        getattr(field, name)(*arguments.get(name, ("a", "c")))
    assert everything(client) == before


def test_each_partition_has_a_list_with_its_hash_tag(client: Any) -> None:
    for agent in ("a1", "b:2"):
        Fact.near.at(agent=agent).link("x", "y")
    assert listed(client, "$CoOcN:Fact:near:{a1}") == {"x", "y"}
    assert listed(client, "$CoOcN:Fact:near:{b%3A2}") == {"x", "y"}


def test_a_pass_looks_at_no_key_of_another_graph(real_client: Any) -> None:
    """What it costs follows the graph: it never scans the server."""
    Fact.near.at(agent="a1").link("x", "y", 0.5)
    for i in range(200):
        Fact.near.at(agent=f"other{i}").link("x", "y", 0.5)
    real_client.config_resetstat()
    Fact.near.at(agent="a1").weaken_graph(0.5)
    Fact.near.at(agent="a1").sweep()
    stats = real_client.info("commandstats")
    assert "cmdstat_scan" not in stats
    assert sum(count["calls"] for count in stats.values()) < 40


def test_a_sweep_asks_for_many_records_at_once(real_client: Any) -> None:
    facts = [Fact.create(name=f"f{i}", agent="a1") for i in range(50)]
    Fact.near.link_many([*pairwise(facts), (facts[0], "an idea")], 0.5)
    real_client.delete(facts[7].db_key.redis_key)
    real_client.config_resetstat()
    done: list[int] = []
    assert Fact.near.at(agent="a1").sweep(done.append) == 2
    assert done == list(range(1, 52))
    stats = real_client.info("commandstats")
    assert stats["cmdstat_exists"]["calls"] >= 50
    calls = [stats[name]["calls"] for name in ("cmdstat_eval", "cmdstat_evalsha") if name in stats]
    assert sum(calls) <= 2  # of the one that is gone; twice, if the server lacks the script


def test_a_pass_goes_over_a_long_list_once(client: Any) -> None:
    Note.near.link_many([(f"n{i}", f"m{i}") for i in range(3000)], 0.5)
    done: list[int] = []
    assert Note.near.weaken_graph(0.5, done.append) == 0
    assert done[-1] == 6000
    assert Note.near.get_linked_many([f"n{i}" for i in range(3000)]) == {
        f"n{i}": [(f"m{i}", 0.25)] for i in range(3000)
    }
