"""Which partitions there are, and operations on all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import popoto
import pytest
from popoto import KeyField, Model, StringField
from support import contents, emptied

from popoto_recall import (
    ArgumentError,
    CoOccurrenceField,
    ExistenceFilter,
    FrequencySketch,
    IncompleteError,
    partition,
)


class Fact(Model):
    name = KeyField()
    agent = KeyField()
    project = KeyField()
    text = StringField()
    near = CoOccurrenceField(partition_by="agent")
    cites = CoOccurrenceField(symmetric=False, partition_by=("agent", "project"))
    seen = ExistenceFilter(
        capacity=1000, fingerprint_fn=lambda fact: fact.text, partition_by="agent"
    )
    often = FrequencySketch(
        width=100,
        top=3,
        fingerprint_fn=lambda fact: fact.text,
        partition_by=("project", "agent"),
    )
    common = ExistenceFilter(capacity=1000, fingerprint_fn=lambda fact: fact.text)


def fact(name: str, agent: str, project: str = "p", text: str = "green tea") -> Fact:
    return Fact.create(name=name, agent=agent, project=project, text=text)


HOSTILE = ["", "%", "a,b", "a}:{b", "{a}", "a:b", "*", "?[a]", "%2C", "日本", "\n", "\0", "staging"]


# Which there are


def test_partitions_have_records_or_keys(client: Any) -> None:
    for field in (Fact.near, Fact.cites, Fact.seen, Fact.often):
        assert field.partitions() == []
    fact("a", "two")
    fact("b", "one", "q")
    Fact.near.at(agent="three").link("x", "y")
    Fact.cites.at(agent="three", project="p").link("x", "y")
    Fact.seen.at(agent="four").clear()
    Fact.often.at(project="p", agent="four").increment("word")
    one, two = {"agent": "one"}, {"agent": "two"}
    assert Fact.near.partitions() == [one, {"agent": "three"}, two]
    assert Fact.cites.partitions() == [
        {"agent": "one", "project": "q"},
        {"agent": "three", "project": "p"},
        {"agent": "two", "project": "p"},
    ]
    assert Fact.seen.partitions() == [{"agent": "four"}, one, two]
    assert ExistenceFilter.partitions(Fact, field_name="seen") == Fact.seen.partitions()
    assert asyncio.run(Fact.seen.async_partitions()) == Fact.seen.partitions()
    assert [list(found) for found in Fact.often.partitions()] == [["project", "agent"]] * 3
    for name in (b"*:Fact:*", b"$*Fact*"):
        for key in client.keys(name):
            if not key.startswith((b"$EF", b"$FS", b"$CoOc")):
                client.delete(key)
    assert Fact.near.partitions() == [{"agent": "three"}]
    assert Fact.seen.partitions() == [{"agent": "four"}, one, two]


@pytest.mark.parametrize("field", [Fact.near, Fact.cites, Fact.seen, Fact.often])
def test_partitions_are_found_in_one_pass_over_the_server(real_client: Any, field: Any) -> None:
    for number in range(5):
        fact("a", f"a{number}")
    real_client.mset({f"key{number}": "" for number in range(3_000)})
    real_client.config_resetstat()
    list(real_client.scan_iter(count=1_000))
    one_pass = real_client.info("commandstats")["cmdstat_scan"]["calls"]
    assert len(field.partitions()) == 5
    assert real_client.info("commandstats")["cmdstat_scan"]["calls"] == 2 * one_pass


def test_a_field_without_partitions_is_one_partition_without_a_name(client: Any) -> None:
    assert Fact.common.partitions() == [{}]
    fact("a", "one")
    assert Fact.common.partitions() == [{}]
    assert Fact.common.at(**Fact.common.partitions()[0]).might_exist("green")


@pytest.mark.parametrize("of", ["keys", "records"])
def test_any_value_comes_back_as_it_was(client: Any, of: str) -> None:
    for value in HOSTILE:
        fact("a", value, value[::-1])
        Fact.near.at(agent=value).link("x", "y")
    families = (b"$EF", b"$FS", b"$CoOc")
    for key in client.keys("*"):
        if key.startswith(families) == (of == "records"):
            client.delete(key)
    fields = (Fact.near, Fact.seen, Fact.often) if of == "keys" else (Fact.cites, Fact.often)
    for field in fields:
        assert sorted(found["agent"] for found in field.partitions()) == sorted(HOSTILE)


def test_other_keys_are_no_partitions(client: Any) -> None:
    for key in (
        "$EF:Fact:seen",
        "$EF:Fact:seen:{a b}",
        "$EF:Fact:seen:{a,b}",
        "$EF:Fact:seen:{%FF}",
    ):
        client.set(key, "x")
    client.set("$EF:Fact:seenmore:{a}", "x")
    client.set("$EF:Fact:seen:{one}:staging", "x")
    client.set("$EF:Facts:seen:{two}", "x")
    assert Fact.seen.partitions() == [{"agent": "one"}]


def test_a_list_of_nodes_is_enough_to_know_a_graph(client: Any) -> None:
    client.zadd("$CoOcN:Fact:near:{one}", {"x": 1})
    assert Fact.near.partitions() == [{"agent": "one"}]


def test_inside_a_block_only_what_agrees_is_listed(client: Any) -> None:
    for agent, project in ("a1", "p"), ("a1", "q"), ("a2", "p"):
        fact("x", agent, project)
    with partition(agent="a1"):
        assert Fact.seen.partitions() == [{"agent": "a1"}]
        assert Fact.often.partitions() == [
            {"project": "p", "agent": "a1"},
            {"project": "q", "agent": "a1"},
        ]
    assert Fact.seen.at(agent="a2").partitions() == [{"agent": "a2"}]
    assert Fact.seen.at(agent="nobody").partitions() == []


# All of them


def small_store(client: Any) -> None:
    """Three tenants, of two and one records, with edges; the third has edges alone."""
    emptied(client)
    for agent, names in ("a1", "xy"), ("a2", "z"):
        for name in names:
            fact(name, agent)
    for agent in ("a1", "a2", "a3"):
        Fact.near.at(agent=agent).link("hub", f"name {agent}", 0.5)
        Fact.near.at(agent=agent).link("hub", Fact(name="gone", agent=agent, project="p"), 0.5)


def weights(agent: str) -> list[float]:
    return [weight for _, weight in Fact.near.at(agent=agent).get_linked("hub")]


@pytest.fixture(params=["", "async_"], ids=["sync", "async"])
def calling(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A way to call an operation of a field by its name."""

    def call(field: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        found = getattr(field, request.param + name)(*args, **kwargs)
        return asyncio.run(found) if request.param else found

    return call


def test_weakening_without_a_partition_is_for_all(client: Any, calling: Any) -> None:
    small_store(client)
    told: list[int] = []
    assert calling(Fact.near, "weaken_graph", 0.5, told.append) == 0
    assert [weights(agent) for agent in ("a1", "a2", "a3")] == [[0.25, 0.25]] * 3
    assert told == sorted(told)
    assert told[-1] == 9
    assert calling(Fact.near.at(agent="a2"), "weaken_graph", factor=0) == 2
    assert [weights(agent) for agent in ("a1", "a2", "a3")] == [[0.25, 0.25], [], [0.25, 0.25]]
    assert calling(Fact.near, "weaken_graph", progress=None, factor=0) == 4
    assert calling(Fact.near, "weaken_graph") == 0


def test_sweeping_without_a_partition_is_for_all(client: Any, calling: Any) -> None:
    small_store(client)
    told: list[int] = []
    assert calling(Fact.near, "sweep", told.append) == 3
    assert [weights(agent) for agent in ("a1", "a2", "a3")] == [[0.5]] * 3
    assert told[-1] == 9


def test_rebuilding_without_a_partition_is_for_all(client: Any, calling: Any) -> None:
    small_store(client)
    Fact.seen.at(agent="a3").clear()
    client.delete("$EF:Fact:seen:{a1}", "$EF:Fact:seen:{a2}", "$FS:Fact:often:{p,a1}")
    told: list[tuple[int, int]] = []
    assert calling(Fact.seen, "rebuild", lambda *figures: told.append(figures)) == 3
    assert told[-1] == (3, 3)
    assert {total for _, total in told} == {3}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    for agent in ("a1", "a2"):
        assert Fact.seen.at(agent=agent).info().complete
        assert Fact.seen.at(agent=agent).might_exist("green")
    assert not Fact.seen.at(agent="a3").might_exist("green")
    assert calling(Fact.often, "rebuild") == 3
    assert Fact.often.at(agent="a1", project="p").get_frequency("tea") == 2


def test_a_call_that_names_a_partition_in_part_is_for_those_that_agree(
    client: Any, calling: Any
) -> None:
    for agent, project in ("a1", "p"), ("a1", "q"), ("a2", "p"):
        fact("x", agent, project)
    client.delete(*client.keys("$FS*"))
    with partition(agent="a1"):
        assert calling(Fact.often, "rebuild") == 2
        assert calling(Fact.seen, "rebuild") == 2
    for project in ("p", "q"):
        assert Fact.often.at(agent="a1", project=project).get_frequency("tea") == 1
    with pytest.raises(IncompleteError):
        Fact.often.at(agent="a2", project="p").get_frequency("tea")


def test_clearing_all_has_to_be_said(client: Any, calling: Any) -> None:
    small_store(client)
    before = contents(client)
    with pytest.raises(ArgumentError, match=r"no partition named: .*pass all_partitions=True"):
        calling(Fact.seen, "clear")
    for named in (Fact.seen.at(agent="a1"), FrequencySketch.at(Fact, agent="a1", project="p")):
        with pytest.raises(ArgumentError, match="where one partition is named"):
            calling(named, "clear", all_partitions=True)
    with (
        partition(agent="a1"),
        pytest.raises(ArgumentError, match="where one partition is named"),
    ):
        calling(Fact.seen, "clear", all_partitions=True)
    with pytest.raises(TypeError, match="cannot be queued"):
        calling(Fact.seen, "clear", all_partitions=True, pipeline=popoto.batch())
    assert contents(client) == before
    assert calling(Fact.seen, "clear", all_partitions=True) is None
    for agent in ("a1", "a2"):
        assert not Fact.seen.at(agent=agent).might_exist("green")
    assert calling(Fact.common, "clear", all_partitions=True) is None
    assert not Fact.common.might_exist("green")


def test_the_state_of_all_is_not_one_state(client: Any, calling: Any) -> None:
    small_store(client)
    for field in (Fact.seen, Fact.often):
        with pytest.raises(ArgumentError, match="no partition named"):
            calling(field, "info")


def test_wrong_arguments_are_refused_even_if_there_is_nothing(client: Any, calling: Any) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        calling(Fact.near, "weaken_graph", 2)
    with pytest.raises(TypeError, match="takes from 2 to 4 positional"):
        calling(Fact.near, "weaken_graph", 1, None, 3)
    assert calling(Fact.near, "weaken_graph") == calling(Fact.near, "sweep") == 0
    assert calling(Fact.seen, "rebuild") == 0
