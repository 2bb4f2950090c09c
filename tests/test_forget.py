"""All that is known of one tenant, removed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from popoto import KeyField, Model, StringField, UniqueKeyField

import popoto_recall
from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch


def text_of(record: Any) -> str:
    text: str = record.text
    return text


class Tale(Model):
    name = UniqueKeyField()
    agent = KeyField()
    text = StringField()
    near = CoOccurrenceField(partition_by="agent")
    cites = CoOccurrenceField(symmetric=False, partition_by="agent")
    seen = ExistenceFilter(capacity=100, fingerprint_fn=text_of, partition_by="agent")
    often = FrequencySketch(width=50, top=5, fingerprint_fn=text_of, partition_by="agent")


class Half(Model):
    name = UniqueKeyField()
    agent = KeyField()
    near = CoOccurrenceField(partition_by="agent")
    seen = ExistenceFilter(capacity=100)


def told(agent: str) -> list[Tale]:
    """Two records of a tenant, tied both ways."""
    records = [Tale.create(name=f"{agent}{n}", agent=agent, text=f"tea {n}00") for n in range(2)]
    Tale.near.link(*records)
    Tale.cites.link(*records)
    return records


def deleted(agent: str) -> None:
    for record in Tale.query.filter(agent=agent):
        record.delete()


def keys_of(client: Any, agent: str) -> list[Any]:
    return [key for key in client.keys("$*") if f"{{{agent}}}" in str(key)]


def test_no_key_of_a_tenant_is_left_and_others_keep_theirs(client: Any) -> None:
    for agent in ("a1", "a2"):
        told(agent)
    deleted("a1")
    popoto_recall.forget(Tale, agent="a1")
    assert keys_of(client, "a1") == []
    assert Tale.near.at(agent="a2").get_linked("Tale:a2:a20") == [("Tale:a2:a21", 0.1)]
    assert Tale.often.at(agent="a2").top(1) == [("tea", 2)]
    assert Tale.seen.at(agent="a2").might_exist("tea")


def test_edges_of_names_that_are_no_records_go_too(client: Any) -> None:
    Tale.near.at(agent="a1").link("tea", "cup")
    Tale.cites.at(agent="a1").link("tea", "cup")
    popoto_recall.forget(Tale, agent="a1")
    assert keys_of(client, "a1") == []


@pytest.mark.parametrize("name", ["seen", "often"])
def test_a_rebuild_that_is_under_way_brings_nothing_back(client: Any, name: str) -> None:
    told("a1")

    def forget(done: int, total: int) -> None:
        if done == total > 0:
            deleted("a1")
            popoto_recall.forget(Tale, agent="a1")

    getattr(Tale, name).at(agent="a1").rebuild(progress=forget)
    assert keys_of(client, "a1") == []


def test_it_can_be_called_for_a_tenant_that_was_never_there(client: Any) -> None:
    popoto_recall.forget(Tale, agent="nobody")
    assert client.keys("*") == []


def test_late_feedback_brings_no_key_back(client: Any) -> None:
    a, b = told("a1")
    deleted("a1")
    popoto_recall.forget(Tale, agent="a1")
    assert Tale.near.strengthen(a, b, records_only=True) == 0.0
    assert Tale.near.co_occur([a, b], records_only=True) == 0
    assert keys_of(client, "a1") == []


def test_a_field_that_cannot_tell_the_tenant_apart_is_named_and_nothing_goes(client: Any) -> None:
    Half.create(name="x", agent="a1")
    Half.near.at(agent="a1").link("x", "y")
    with pytest.raises(ValueError, match=r"Half\.seen is partitioned by nothing"):
        popoto_recall.forget(Half, agent="a1")
    assert Half.near.at(agent="a1").get_linked("x")


def test_what_it_is_called_with_is_checked(client: Any) -> None:
    record = told("a1")[0]
    with pytest.raises(ValueError, match="partitioned by agent"):
        popoto_recall.forget(Tale)
    with pytest.raises(ValueError, match="partitioned by agent"):
        popoto_recall.forget(Tale, tenant="a1")
    with pytest.raises(TypeError, match="a model class"):
        popoto_recall.forget(record, agent="a1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="None"):
        popoto_recall.forget(Tale, agent=None)  # type: ignore[arg-type]
    with popoto_recall.partition(agent="a2"), pytest.raises(ValueError, match="a2"):
        popoto_recall.forget(Tale, agent="a1")
    assert len(keys_of(client, "a1")) == 9


def test_the_async_twin_goes_by_the_block_of_the_call(client: Any) -> None:
    told("a1")

    async def ask() -> None:
        with popoto_recall.partition(agent="a1"):
            forgotten = popoto_recall.async_forget(Tale, agent="a1")
        with popoto_recall.partition(agent="a2"):
            await forgotten

    asyncio.run(ask())
    assert keys_of(client, "a1") == []
