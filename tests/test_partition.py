"""One structure per tenant, and nothing learned across."""

from __future__ import annotations

import asyncio
import io
import logging
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from types import MappingProxyType
from typing import Any

import popoto
import pytest
from models import Memory, memory
from popoto import AutoKeyField, KeyField, Model, StringField
from support import contents

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


# What names a partition


def test_a_call_takes_the_partition_from_the_records_it_is_given(client: Any) -> None:
    a, b = fact("a", text="apple"), fact("b")
    assert Fact.near.link(a, b) == 0.1
    assert Fact.near.get_linked(a) == [(b.db_key.redis_key, 0.1)]
    assert Fact.near.at(agent="one").get_linked("pk") == []
    assert Fact.near.co_occur([a, b]) == 1
    assert Fact.near.link_many([(a, b)]) == [pytest.approx(0.15)]
    assert list(Fact.near.propagate({a: 1.0})) == [b.db_key.redis_key]
    assert Fact.cites.link(a, b) == 0.1
    assert Fact.near.link("name", a) == 0.1


KEY_OF: dict[str, Callable[[Fact], Any]] = {
    "record": lambda record: record,
    "db_key": lambda record: record.db_key,
    "text": lambda record: record.db_key.redis_key,
    "bytes": lambda record: record.db_key.redis_key.encode(),
}
"""What stands for a record."""


@pytest.mark.parametrize("form", KEY_OF)
def test_keys_are_as_good_as_records(client: Any, form: str) -> None:
    of = KEY_OF[form]
    a, b = of(fact("a: 1/2")), of(fact("b-c"))
    assert Fact.near.link(a, b) == 0.1
    assert Fact.near.co_occur([a, b]) == 1
    assert Fact.near.link_many([(a, "name")]) == [0.1]
    assert len(Fact.near.propagate([a])) == len(Fact.near.propagate(iter([a]))) == 2
    assert len(Fact.near.get_linked(a)) == 2
    assert Fact.cites.link(a, b) == 0.1
    assert Fact.near.at(agent="one").get_linked("name")


@pytest.mark.parametrize("form", KEY_OF)
def test_a_record_that_is_not_stored_has_a_key_all_the_same(client: Any, form: str) -> None:
    Fact.near.link(KEY_OF[form](Fact(name="x", agent="one", project="p")), "name")
    assert keys(client, "$CoOcF") == {
        "$CoOcF:Fact:near:{one}:name",
        "$CoOcF:Fact:near:{one}:Fact:one:x:p",
    }


NO_KEYS = [
    *("Fact:one:x", "Fact:one:x:p:more", "Facts:one:x:p", "fact:one:x:p", "Fact", "one", "x"),
    *("Fact:o-ne:x:p", "Fact:one:x*:p", "Fact:o?ne:x/-:p"),
    *(":Fact:one:x:p", "Other:one:x:p", "Fact one x p"),
]
"""Fewer or more segments, another class, or not as Popoto writes it."""


@pytest.mark.parametrize("name", NO_KEYS)
def test_other_texts_are_names_that_belong_to_no_tenant(client: Any, name: str) -> None:
    with pytest.raises(ArgumentError, match="no partition named"):
        Fact.near.get_linked(name)
    for agent in ("one", "two"):
        assert Fact.near.at(agent=agent).link(name, "hub") == 0.1


def test_at_gives_the_field_in_one_partition(client: Any) -> None:
    fact("a", "one", "apple")
    mine = Fact.seen.at(agent="one")
    assert isinstance(mine, ExistenceFilter)
    assert (mine.name, mine.owner, mine.capacity) == ("seen", Fact, 1000)
    assert mine.might_exist("apple")
    assert mine.might_exist(Fact, "apple")
    assert asyncio.run(mine.async_might_exist("apple"))
    assert ExistenceFilter.at(Fact, agent="one").might_exist("apple")
    assert not ExistenceFilter.at(Fact, agent="two").might_exist("apple")
    graph = CoOccurrenceField.at(Fact, field_name="near", agent="one")
    with popoto.batch() as pipeline:
        assert graph.link("a", "b", pipeline=pipeline) is None
        pipeline.execute()
    assert graph.get_linked("a") == [("b", 0.1)]
    assert mine.at(agent="one").might_exist("apple")
    assert Fact.seen.at(agent="two").info().key == "$EF:Fact:seen:{two}"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "agent= is missing"),
        ({"agnt": "one"}, "agent= is missing, agnt= is unknown"),
        ({"agent": "one", "project": "p"}, "project= is unknown"),
    ],
)
def test_at_takes_exactly_the_names_of_partition_by(values: Any, text: str) -> None:
    for at in (Fact.seen.at, partial(ExistenceFilter.at, Fact)):
        with pytest.raises(ArgumentTypeError, match=f"partitioned by agent; in at\\(\\), {text}"):
            at(**values)


def test_at_of_a_field_without_partitions_takes_none(client: Any) -> None:
    assert not Memory.bloom.at().might_exist("x")
    assert not ExistenceFilter.at(Memory).might_exist("x")
    with pytest.raises(TypeError, match=r"Memory.bloom is partitioned by nothing; .*agent_id="):
        Memory.bloom.at(agent_id="a1")


def test_at_on_the_class_picks_a_field_as_calls_do() -> None:
    with pytest.raises(ValueError, match=r"needs field_name= .*\(it has: near, cites\)"):
        CoOccurrenceField.at(Fact, agent="one")
    with pytest.raises(TypeError, match=r"ExistenceFilter\.at\(\) takes a model class first"):
        ExistenceFilter.at(fact, agent="one")  # type: ignore[arg-type]


def test_a_field_stays_in_the_partition_that_at_gave() -> None:
    with pytest.raises(ValueError, match="another partition"):
        Fact.seen.at(agent="one").at(agent="two")


@pytest.mark.parametrize("value", [None, "lone \ud800"])
def test_a_value_that_names_no_partition_is_refused(client: Any, value: Any) -> None:
    with pytest.raises(ArgumentError):
        Fact.seen.at(agent=value)
    with pytest.raises(ArgumentError), popoto_recall.partition(agent=value):
        pass


def test_operations_take_no_partition(client: Any) -> None:
    hint = r"keyword argument 'agent'; name the partition by seen\.at\(agent=\.\.\.\)\.might_exist"
    for ask in (Fact.seen.might_exist, Fact.seen.at(agent="one").might_exist):
        with pytest.raises(ArgumentTypeError, match=hint):
            ask("apple", agent="one")  # type: ignore[call-overload]
    with pytest.raises(ArgumentTypeError, match=hint):
        ExistenceFilter.might_exist(Fact, "apple", agent="one")  # type: ignore[call-overload]
    with pytest.raises(ArgumentTypeError, match=r"unexpected keyword argument 'agnt'$"):
        Fact.seen.might_exist("apple", agnt="one")  # type: ignore[call-overload]


def test_without_a_partition_a_call_says_how_to_name_one(client: Any) -> None:
    said = (
        r"no partition named: call at\(agent=\.\.\., project=\.\.\.\)\.get_frequency\(\), pass a "
    )
    with pytest.raises(ArgumentError, match=said):
        Fact.often.get_frequency("apple")
    said = r"partition\(project=\.\.\.\)"
    with popoto_recall.partition(agent="one"), pytest.raises(ArgumentError, match=said):
        Fact.often.get_frequency("apple")
    with pytest.raises(ArgumentError, match="no partition named"):
        Fact.often.info()


# Everything agrees


WAYS: dict[str, Callable[..., Any]] = {
    "at": lambda call, at, block, *args: getattr(Fact.near.at(agent=at), call)(*args),
    "block": lambda call, at, block, *args: inside(block, getattr(Fact.near, call), *args),
    "both": lambda call, at, block, *args: inside(
        block, getattr(Fact.near.at(agent=at), call), *args
    ),
    "neither": lambda call, at, block, *args: getattr(Fact.near, call)(*args),
}


def inside(agent: str, call: Callable[..., Any], *args: Any) -> Any:
    with popoto_recall.partition(agent=agent):
        return call(*args)


def calls_about(a: Any, b: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Calls with two of what stands for records, in every kind of argument."""
    yield "link", (a, b)
    yield "strengthen", (a, b)
    yield "unlink", (a, b)
    yield "link_many", ([(a, b)],)
    yield "link_many", (zip([a], [b], strict=True),)
    yield "strengthen_many", (deque([(a, b)]),)
    yield "co_occur", ([a, b],)
    yield "co_occur", ((one for one in (a, b)),)
    yield "get_linked_many", ({0: a, 1: b}.values(),)
    yield "propagate", ([a, b],)
    if isinstance(a, list):
        return  # a db_key is no key of a dict
    yield "propagate", ({a: 1.0, b: 0.5},)
    yield "propagate", (MappingProxyType({a: 1.0, b: 0.5}),)
    yield "propagate", ({a: 1.0, b: 0.5}.keys(),)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", KEY_OF)
def test_what_names_different_partitions_sends_nothing(client: Any, form: str, way: str) -> None:
    a, z = fact("a", "one"), fact("z", "two")
    before = contents(client)
    for call, args in calls_about(KEY_OF[form](a), KEY_OF[form](z)):
        with pytest.raises(ArgumentError, match="different partitions in one call"):
            WAYS[way](call, "one", "one", *args)
    if way != "neither":
        for call, args in calls_about(KEY_OF[form](z), "name"):
            with pytest.raises(ArgumentError, match="different partitions in one call: the "):
                WAYS[way](call, "one", "one", *args)
    assert contents(client) == before


def test_at_and_the_block_agree(client: Any) -> None:
    with popoto_recall.partition(agent="one"):
        with pytest.raises(
            ArgumentError,
            match="the field is in agent='two', the block in agent='one'",
        ):
            Fact.seen.at(agent="two").might_exist("apple")
        assert Fact.seen.at(agent="one").might_exist("apple") is False
        with pytest.raises(ArgumentError, match="different partitions"):
            Fact.often.at(agent="two", project="p").get_frequency("apple")
        assert Fact.often.at(agent="one", project="p").get_frequency("apple") == 0


def test_what_is_named_is_compared_as_keys_have_it(client: Any) -> None:
    a = fact("a", "7")
    with popoto_recall.partition(agent=7):
        assert Fact.near.link(a, "name") == 0.1
        assert Fact.near.at(agent=7).get_linked("name") == [(a.db_key.redis_key, 0.1)]


def test_a_field_without_partitions_takes_no_notice_of_a_block(client: Any) -> None:
    a, b = memory("a", agent_id="one"), memory("b", agent_id="two")
    with popoto_recall.partition(agent_id="three"):
        assert Memory.associations.link(a, b) == 0.1


def test_hooks_are_not_stopped_by_a_block(client: Any) -> None:
    with popoto_recall.partition(agent="two", project="q"):
        a, b = fact("a", "one", "apple"), fact("b", "one")
    Fact.near.link(a, b)
    with popoto_recall.partition(agent="two", project="q"):
        a.text = "pear"
        a.save()
        b.name = "c"
        b.save(migrate_key=True)
        stream = io.StringIO()
        Fact.export_records(stream=stream)
        b.delete()
    assert Fact.near.get_linked(a) == []
    assert Fact.seen.at(agent="one").might_exist("pear")
    client.delete(*client.scan_iter())
    stream.seek(0)
    with popoto_recall.partition(agent="two", project="q"):
        Fact.import_records(stream)
    assert Fact.near.get_linked(a) == [(b.db_key.redis_key, 0.1)]
    assert keys(client, "$CoOcF:Fact:near:{two}") == set()


# What is found is checked too


def test_records_of_others_are_never_loaded(client: Any) -> None:
    a, b, z = fact("a", "one"), fact("b", "one"), fact("z", "two", "secret")
    Fact.near.link(a, b)
    theirs = [z.db_key.redis_key, "Fact:one:b", "Fact:o-ne:b:p", "Fact:two:z:p", "name"]
    client.zadd(Fact.near.get_edge_key(a), dict.fromkeys(theirs, 0.5))
    assert Fact.near.get_linked_records(a) == [(b, 0.1)]
    assert asyncio.run(Fact.near.async_get_linked_records(a)) == [(b, 0.1)]


@pytest.mark.parametrize("field", ["near", "cites"])
def test_an_import_takes_no_edge_into_another_partition(
    client: Any, field: str, caplog: pytest.LogCaptureFixture
) -> None:
    graph = getattr(Fact, field)
    a, b, z = fact("a", "one"), fact("b", "one"), fact("z", "two")
    state = {
        "key": a.db_key.redis_key,
        "edges": {b.db_key.redis_key: 0.5, z.db_key.redis_key: 0.9, "name": 0.25},
    }
    graph.import_state(a, field, state)
    assert graph.get_linked(a) == [(b.db_key.redis_key, 0.5), ("name", 0.25)]
    assert "1 edges of 'Fact:one:a:p' lead to records of other partitions" in caplog.text


# Null


class Loose(Model):
    """Its partition may be null, so that a record is in none."""

    name = KeyField()
    agent = KeyField(null=True)
    text = StringField(null=True)


class LooseGraph(Loose):
    name = KeyField()
    agent = KeyField(null=True)
    text = StringField(null=True)
    field = CoOccurrenceField(partition_by="agent")


class LooseFilter(Loose):
    name = KeyField()
    agent = KeyField(null=True)
    text = StringField(null=True)
    field = ExistenceFilter(capacity=100, partition_by="agent")


class LooseSketch(Loose):
    name = KeyField()
    agent = KeyField(null=True)
    text = StringField(null=True)
    field = FrequencySketch(partition_by="agent")


LOOSE = pytest.mark.parametrize("model", [LooseGraph, LooseFilter, LooseSketch])


@LOOSE
def test_a_record_in_no_partition_is_not_saved(client: Any, model: Any) -> None:
    for save in (
        lambda record: record.save(),
        lambda record: record.save(update_fields=["text"]),
        lambda record: record.save(pipeline=popoto.batch()),
        lambda record: asyncio.run(record.async_save()),
    ):
        with pytest.raises(ValueError, match="agent=None names no partition"):
            save(model(name="x", text="text"))
    assert client.keys() == []


@LOOSE
def test_one_that_exists_can_be_deleted_and_exported(
    client: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(model.field), "pre_save_validate", classmethod(lambda *_, **__: None))
        patch.setattr(type(model.field), "on_save", classmethod(lambda *_, **__: None))
        record = model.create(name="x", text="text")
    stream = io.StringIO()
    assert not model.export_records(stream=stream).warnings
    assert '"name": "x"' in stream.getvalue()
    if model is not LooseFilter:
        assert model.rebuild_indexes() == 1
    assert record.delete()
    left = {key for key in client.keys("*") if b":reindex" not in key}
    assert left == set()


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
        ("field_name", "also a parameter"),
        (("agent", 3), "each once"),
    ],
)
def test_partition_by_names_key_fields(names: Any, text: str) -> None:
    with pytest.raises(OptionError, match=text):

        class Odd(Model):
            agent = KeyField()
            field_name = KeyField()
            text = StringField()
            near = CoOccurrenceField(partition_by=names)


def test_partition_by_names_no_auto_key_field() -> None:
    """Every record would be a tenant, and Popoto keeps no set of its records to rebuild from."""
    with pytest.raises(OptionError, match=r"'own' of Odd\.near is an AutoKeyField"):

        class Odd(Model):
            own = AutoKeyField()
            near = CoOccurrenceField(partition_by="own")

    with pytest.raises(OptionError, match=r"'_auto_key' of Hidden\.seen is an AutoKeyField"):

        class Hidden(Model):
            text = StringField()
            seen = ExistenceFilter(partition_by="_auto_key")
