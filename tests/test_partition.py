"""One structure per tenant, and nothing learned across."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from popoto import KeyField, Model, StringField

import popoto_recall
from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch
from popoto_recall.errors import ArgumentError, ArgumentTypeError, IncompleteError, OptionError


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
        fingerprint_fn=lambda fact: fact.text, partition_by=("agent", "project")
    )


HOSTILE = ["a:b", "{a}", "a*", "a?", "[a]", "a,b", "a b", "a\nb", "a\0b", "%7B", "ü", "../a"]


def fact(name: str, agent: str = "one", text: str = "", project: str = "p") -> Fact:
    return Fact.create(name=name, agent=agent, text=text, project=project)


def keys(client: Any, family: str) -> set[str]:
    return {key.decode() for key in client.scan_iter() if key.startswith(family.encode())}


def test_each_partition_has_a_key_with_its_values_as_the_hash_tag(client: Any) -> None:
    first = fact("x", text="apple")
    Fact.near.link(first, fact("y"))
    assert keys(client, "$EF") == {"$EF:Fact:seen:{one}"}
    assert keys(client, "$FS") == {"$FS:Fact:often:{one,p}"}
    assert Fact.near.at(agent="one").get_edge_key("pk") == "$CoOcF:Fact:near:{one}:pk"
    assert all(key.startswith("$CoOcF:Fact:near:{one}:Fact:") for key in keys(client, "$CoOcF"))


def test_a_save_is_seen_in_its_own_partition_alone(client: Any) -> None:
    fact("x", "one", "apple pie")
    fact("y", "two", "zebra")
    assert Fact.seen.at(agent="one").might_exist("apple")
    assert not Fact.seen.at(agent="two").might_exist("apple")
    assert Fact.seen.at(agent="two").might_exist("zebra")
    assert not Fact.seen.at(agent="nobody").might_exist("zebra")
    assert Fact.often.at(agent="one", project="p").get_frequency("apple") == 1
    assert Fact.often.at(agent="two", project="p").get_frequency("apple") == 0
    assert Fact.often.at(agent="one", project="q").get_frequency("apple") == 0


def test_a_call_takes_the_partition_from_the_records_it_is_given(client: Any) -> None:
    a, b = fact("a", text="apple"), fact("b")
    assert Fact.near.link(a, b) == 0.1
    assert Fact.near.get_linked(a) == [(b.db_key.redis_key, 0.1)]
    assert Fact.near.at(agent="one").get_linked("pk") == []
    assert Fact.near.co_occur([a, b]) == 1
    assert Fact.near.link_many([(a, b)]) == [pytest.approx(0.15)]
    assert list(Fact.near.propagate({a: 1.0})) == [b.db_key.redis_key]
    assert Fact.cites.link(a, b) == 0.1
    assert Fact.seen.might_exist(a, "apple")


def test_a_call_takes_the_partition_from_the_block_it_is_in(client: Any) -> None:
    fact("a", "one", "apple")
    with popoto_recall.partition(agent="one"):
        assert Fact.seen.might_exist("apple")
        assert not Fact.seen.at(agent="two").might_exist("apple")
        with popoto_recall.partition(project="p"):
            assert Fact.often.get_frequency("apple") == 1
        assert asyncio.run(Fact.seen.async_might_exist("apple"))
    with pytest.raises(ArgumentError, match="no partition named: pass agent="):
        Fact.seen.might_exist("apple")


def test_records_of_two_partitions_cannot_meet(client: Any) -> None:
    a, z = fact("a", "one"), fact("z", "two")
    with pytest.raises(ArgumentError, match="different partitions"):
        Fact.near.link(a, z)
    with pytest.raises(ArgumentError, match="is not in agent='two'"):
        Fact.near.at(agent="two").get_linked(a)
    assert keys(client, "$CoOcF") == set()


@pytest.mark.parametrize("value", [None, "lone \ud800"])
def test_a_value_that_names_no_partition_is_refused(client: Any, value: Any) -> None:
    with pytest.raises(ArgumentError):
        Fact.seen.at(agent=value).might_exist("apple")


def test_an_unknown_keyword_is_refused(client: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="unexpected keyword argument 'agnt'"):
        Fact.seen.might_exist("apple", agnt="one")


def test_partitions_named_with_delimiters_share_no_key(client: Any) -> None:
    for agent in HOSTILE:
        fact("x", agent, f"apple{HOSTILE.index(agent)}")
    assert len(keys(client, "$EF")) == len(HOSTILE)
    for mine, agent in enumerate(HOSTILE):
        found = [Fact.seen.at(agent=agent).might_exist(f"apple{i}") for i in range(len(HOSTILE))]
        assert found == [i == mine for i in range(len(HOSTILE))]


def test_a_joined_name_is_not_a_pair_of_names(client: Any) -> None:
    with popoto_recall.partition(agent="a,b", project="c"):
        joined = Fact.cites.get_edge_key("x")
    with popoto_recall.partition(agent="a", project="b,c"):
        assert Fact.cites.get_edge_key("x") != joined


def test_ten_thousand_questions_about_another_tenant_learn_nothing(real_client: Any) -> None:
    for i in range(300):
        fact(f"x{i}", "one", f"secret{i}")
    fact("y", "two", "mine")
    asked = [f"secret{i}" for i in range(300)] + [f"other{i}" for i in range(9700)]
    hits = Fact.seen.at(agent="two").might_exist_batch(asked)
    assert sum(hits[f"secret{i}"] for i in range(300)) <= 3
    assert sum(hits.values()) <= 10_000 * 0.012


def test_completeness_is_that_of_the_partition(client: Any) -> None:
    fact("a", "one", "apple")
    fact("b", "two", "pear")
    client.delete("$EF:Fact:seen:{one}", "$FS:Fact:often:{one,p}")
    assert Fact.seen.at(agent="one").might_exist("anything")
    assert not Fact.seen.at(agent="two").might_exist("anything")
    with pytest.raises(IncompleteError, match=r"often:\{one,p\}"):
        Fact.often.at(agent="one", project="p").get_frequency("apple")
    assert Fact.often.at(agent="one", project="q").get_frequency("apple") == 0
    assert Fact.seen.at(agent="one").rebuild() == 1
    assert Fact.often.at(agent="one", project="p").rebuild() == 1
    assert Fact.seen.at(agent="one").might_exist("apple")
    assert not Fact.seen.at(agent="one").might_exist("pear")
    assert Fact.often.at(agent="one", project="p").get_frequency("apple") == 1


def test_the_second_save_of_a_new_tenant_makes_nothing_incomplete(client: Any) -> None:
    fact("a", "one", "apple")
    fact("b", "two", "pear")
    Fact.bulk_create([Fact(name=f"c{i}", agent="three", text="fig", project="p") for i in range(3)])
    for agent in ("one", "two", "three"):
        assert Fact.seen.at(agent=agent).info().complete
        assert Fact.often.at(agent=agent, project="p").info().complete


def test_a_new_key_in_the_same_partition_keeps_the_edges(client: Any) -> None:
    a, b = fact("a"), fact("b")
    Fact.near.link(a, b)
    a.name = "c"
    a.save(migrate_key=True)
    assert Fact.near.get_linked(b) == [(a.db_key.redis_key, 0.1)]


def test_a_record_that_moves_to_another_partition_leaves_its_edges_behind(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    a, b = fact("a"), fact("b")
    Fact.near.link(a, b)
    a.agent = "two"
    with caplog.at_level(logging.WARNING, "popoto_recall"):
        a.save(migrate_key=True)
    assert "its 1 edges cannot follow" in caplog.text
    assert Fact.near.get_linked(b) == []
    assert Fact.near.get_linked(a) == []


def test_deleting_a_record_whose_partition_was_changed_in_memory_cleans_the_stored_one(
    client: Any,
) -> None:
    a, b = fact("a"), fact("b")
    Fact.near.link(a, b)
    a.agent = "two"
    a.delete()
    assert Fact.near.get_linked(b) == []


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("nothing", "'nothing' of Odd.near is not a KeyField"),
        ("text", "'text' of Odd.near is not a KeyField"),
        (("agent", "agent"), "each once"),
        ("target", "also a parameter"),
        (("agent", 3), "each once"),
    ],
)
def test_partition_by_names_key_fields(names: Any, text: str) -> None:
    with pytest.raises(OptionError, match=text):

        class Odd(Model):
            agent = KeyField()
            target = KeyField()
            text = StringField()
            near = CoOccurrenceField(partition_by=names)
