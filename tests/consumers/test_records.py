"""Popoto's mixins and ways to save and load, over our fields."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import popoto
from ideas import TEXTS, Idea, ideas, text_of
from popoto import (
    EventStreamMixin,
    FloatField,
    Model,
    StringField,
    UniqueKeyField,
    WriteFilterMixin,
)

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch

KEYS = {name: f"Idea:a1:{name}" for name in TEXTS}


# Mixins


class Selective(WriteFilterMixin, Model):
    name = UniqueKeyField()
    text = StringField()
    importance = FloatField(default=0.5)
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of)
    often = FrequencySketch(fingerprint_fn=text_of)

    def compute_filter_score(self) -> float:
        return float(self.importance)


def test_what_the_write_filter_drops_is_never_seen(real_client: Any) -> None:
    assert Selective(name="a", text="noise", importance=0.01).save() is False
    assert Selective.seen.definitely_missing("noise")
    assert Selective.often.get_frequency("noise") == 0
    kept = Selective.create(name="b", text="signal", importance=0.9)
    assert Selective.seen.might_exist("signal")
    assert Selective.often.get_frequency("signal") == 1
    kept.importance = 0.01
    assert kept.save() is False
    assert Selective.often.get_frequency("signal") == 1


class Logged(EventStreamMixin, Model):
    _stream_name = "log"
    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField()


class PopotoLogged(EventStreamMixin, Model):
    _stream_name = "log"
    name = UniqueKeyField()
    text = StringField()
    near = popoto.CoOccurrenceField()


def log_of(client: Any, model: Any) -> list[dict[str, str]]:
    """What a model logs; the name of the class and the times are left out."""
    client.delete("stream:log", "log")
    for name in ("a", "b"):
        record = model.create(name=name, text="green tea")
    model.near.strengthen(model, f"{model.__name__}:a", f"{model.__name__}:b", 0.25)
    record.text = "black tea"
    record.save(update_fields=["text"])
    record.delete()
    (stream,) = (key for key in client.keys("*") if client.type(key) == b"stream")
    entries = client.xrange(stream)
    client.delete(stream)
    return [
        {
            name.decode(): value.decode().replace(model.__name__, "Model")
            for name, value in fields.items()
            if name not in (b"ts", b"timestamp")
        }
        for _, fields in entries
    ]


def test_a_stream_reads_as_with_popotos_own_fields(real_client: Any) -> None:
    ours, theirs = log_of(real_client, Logged), log_of(real_client, PopotoLogged)
    assert len(ours) >= 4
    assert ours == theirs


# Ways to save


def test_a_batch_saves_and_links_in_one_transaction(real_client: Any) -> None:
    tea = Idea(name="tea", agent_id="a1", text="green tea")
    cup = Idea(name="cup", agent_id="a1", text="tea cup")
    with popoto.batch() as pipeline:
        assert tea.save(pipeline=pipeline) is cup.save(pipeline=pipeline) is pipeline
        Idea.near.link(tea, cup, pipeline=pipeline)
        assert real_client.keys("*") == []
        pipeline.execute()
    assert Idea.near.get_linked(tea) == [("Idea:a1:cup", 0.1)]
    assert Idea.often.get_frequency("tea") == 2
    assert Idea.seen.info().complete


def test_bulk_create_counts_every_record(real_client: Any) -> None:
    records = [Idea(name=f"n{i}", agent_id="a1", text=f"word{i} same") for i in range(250)]
    Idea.bulk_create(records, batch_size=100)
    assert Idea.often.get_frequency("same") == 250
    assert Idea.seen.might_exist_count([f"word{i}" for i in range(250)]) == 250
    assert Idea.seen.info().complete
    Idea.bulk_delete(Idea.query.filter(agent_id="a1"))
    assert Idea.query.count() == 0


def test_async_methods_keep_the_fields_current(real_client: Any) -> None:
    async def live() -> None:
        tea = await Idea.async_create(name="tea", agent_id="a1", text="green tea")
        cup = await Idea.async_create(name="cup", agent_id="a1", text="tea cup")
        await Idea.near.async_link(tea, cup)
        tea.text = "black tea"
        await tea.async_save(update_fields=["text"])
        assert await Idea.often.async_get_frequency("tea") == 3
        assert await Idea.seen.async_might_exist("black")
        await Idea.async_bulk_create([Idea(name="pot", agent_id="a1", text="old pot")])
        assert await Idea.seen.async_might_exist("pot")
        await tea.async_delete()
        assert await Idea.near.async_get_linked(cup) == []

    asyncio.run(live())


# Ways to load


def test_lazily_loaded_records_are_pks(real_client: Any) -> None:
    ideas()
    tea, pot = (Idea.query.get(name=name, agent_id="a1") for name in ("tea", "pot"))
    loaded = {record.name: record for record in Idea.query.filter(agent_id="a1")}
    assert hasattr(loaded["tea"], "_lazy_fields")
    assert Idea.near.link(loaded["tea"], loaded["pot"]) == 0.1
    assert Idea.near.propagate(Idea.query.filter(name="tea").all()) == {KEYS["pot"]: 0.05}
    assert Idea.near.get_linked(tea) == [(KEYS["pot"], 0.1)]
    assert Idea.near.get_linked(Idea.load(db_key=KEYS["pot"])) == [(KEYS["tea"], 0.1)]
    loaded["tea"].delete()
    assert Idea.near.get_linked(pot) == []


def test_a_lazily_loaded_record_saves_its_tokens(real_client: Any) -> None:
    ideas()
    (tea,) = Idea.query.filter(name="tea").all()
    tea.importance = 4.0
    tea.save()
    assert Idea.often.get_frequency("green") == 2


class Fleeting(Model):
    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of)

    class Meta:
        ttl = 1


def test_edges_of_an_expired_record_go_with_a_sweep(real_client: Any) -> None:
    tea, cup = (Fleeting.create(name=name, text=name) for name in ("tea", "cup"))
    Fleeting.near.link(tea, cup)
    Fleeting.near.link(cup, "an idea")
    real_client.persist(cup.db_key.redis_key)
    assert Fleeting.near.sweep() == 0
    real_client.pexpire(tea.db_key.redis_key, 1)
    time.sleep(0.05)
    assert Fleeting.load(name="tea") is None
    assert Fleeting.near.sweep() == 1
    assert Fleeting.near.get_linked(cup) == [("an idea", 0.1)]


def test_an_expiring_record_leaves_filter_and_edges_their_own_lives(real_client: Any) -> None:
    tea, cup = (Fleeting.create(name=name, text=name) for name in ("tea", "cup"))
    Fleeting.near.link(tea, cup)
    assert 0 < real_client.ttl(tea.db_key.redis_key) <= 1
    assert real_client.ttl(Fleeting.seen.info().key) == -1
    assert real_client.ttl(Fleeting.near.get_edge_key(tea)) == -1
