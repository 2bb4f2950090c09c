"""What type checkers make of the public operations; never run.

A ``type: ignore`` below stands where an error is wanted: the checker reports one that is not
needed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import date
from typing import Any, TypeAlias

import popoto
from popoto import KeyField, Model, StringField, UniqueKeyField
from redis.client import Pipeline
from typing_extensions import assert_type

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch, embedded, partition
from popoto_recall.fields._operation import Pages, asynchronous, iteration
from popoto_recall.fields._scope import Scope
from popoto_recall.structures.activation import Activation
from popoto_recall.structures.bloom import FilterInfo
from popoto_recall.structures.graph import GraphInfo
from popoto_recall.structures.sketch import SketchInfo

Edges: TypeAlias = list[tuple[str, float]]


class Memory(Model):
    key = UniqueKeyField()
    agent_id = KeyField()
    content = StringField()
    associations = CoOccurrenceField(symmetric=True, max_edges=100, decay_factor=0.9)
    bloom = ExistenceFilter(capacity=1000, error_rate=0.01, fingerprint_fn=lambda m: m.content)
    freq = FrequencySketch(width=2000, depth=7, tokenizer=str.split, tokenizer_name="words")


a = Memory(key="a")
b = Memory.create(key="b")
pipeline = popoto.batch()

# Fields

assert_type(Memory.associations, CoOccurrenceField)
assert_type(Memory.bloom, ExistenceFilter)
assert_type(Memory.freq, FrequencySketch)
assert_type(a.associations, None)
assert_type(a.bloom, None)
assert_type(a.freq, None)
assert_type(Memory.associations.decay_factor, float)
assert_type(Memory.bloom.capacity, int)
assert_type(Memory.freq.width, int)
ExistenceFilter(capacty=1000)  # type: ignore[call-arg]
CoOccurrenceField(symmetric="yes")  # type: ignore[arg-type]
FrequencySketch(width=2000.5)  # type: ignore[arg-type]

with embedded() as client:
    assert_type(client, Any)

# Three ways to call, here of a read and of a write; the rest is shown on the field alone

assert_type(ExistenceFilter.might_exist(Memory, "x"), bool)
assert_type(ExistenceFilter.might_exist(Memory, "x", match="all"), bool)
assert_type(ExistenceFilter.might_exist(Memory, "x", field_name="bloom"), bool)
assert_type(Memory.bloom.might_exist(Memory, "x"), bool)
assert_type(Memory.bloom.might_exist("x"), bool)
assert_type(Memory.bloom.might_exist(fingerprint="x", match="all"), bool)

assert_type(CoOccurrenceField.link(Memory, a, b), float)
assert_type(CoOccurrenceField.link(Memory, "a", "b", initial_weight=0.5), float)
assert_type(CoOccurrenceField.link(Memory, a, b, field_name="associations"), float)
assert_type(Memory.associations.link(Memory, a, b, 0.5), float)
assert_type(Memory.associations.link(a, b, 0.5), float)
assert_type(Memory.associations.link(a, "b"), float)
assert_type(Memory.associations.link(a.db_key, b.db_key), float)

ExistenceFilter.might_exist("x")  # type: ignore[call-overload]
ExistenceFilter.might_exist(a, "x")  # type: ignore[call-overload]
Memory.associations.link(a, a, b)  # type: ignore[call-overload]
ExistenceFilter.might_exist(Memory)  # type: ignore[call-overload]
CoOccurrenceField.link("a", "b")  # type: ignore[call-overload]
CoOccurrenceField.link(Memory, a)  # type: ignore[call-overload]
Memory.associations.link(a)  # type: ignore[call-overload]
Memory.associations.link("a", "b", "heavy")  # type: ignore[call-overload]
Memory.associations.link(a, b, weight=0.5)  # type: ignore[call-overload]
Memory.associations.link(Memory, a, b, "heavy")  # type: ignore[call-overload]
Memory.bloom.might_exist()  # type: ignore[call-overload]
Memory.bloom.might_exist("x", match="some")  # type: ignore[call-overload]

# In a pipeline: None, and no pipeline for what only reads

assert_type(Memory.associations.link(a, b, pipeline=pipeline), None)
assert_type(Memory.associations.link(Memory, a, b, pipeline=pipeline), None)
assert_type(CoOccurrenceField.link(Memory, a, b, pipeline=pipeline), None)
assert_type(
    CoOccurrenceField.link(Memory, a, b, field_name="associations", pipeline=pipeline), None
)
assert_type(Memory.associations.link(a, b, pipeline=None), float)
assert_type(CoOccurrenceField.link(Memory, a, b, pipeline=None), float)
assert_type(CoOccurrenceField.link(Memory, a, b, field_name="associations", pipeline=None), float)


def link_now_or_later(later: Pipeline | None) -> None:
    assert_type(Memory.associations.link(a, b, pipeline=later), float | None)


Memory.associations.link(a, b, pipeline=client.pipeline)
Memory.associations.get_linked(a, pipeline=pipeline)  # type: ignore[call-overload]
Memory.bloom.info(pipeline=pipeline)  # type: ignore[call-overload]
Memory.associations.weaken_graph(pipeline=pipeline)  # type: ignore[call-overload]

# CoOccurrenceField

assert_type(Memory.associations.get_edge_key_prefix(), str)
assert_type(Memory.associations.get_edge_key(a), str)
assert_type(Memory.associations.get_edge_key(Memory, "a"), str)
assert_type(Memory.associations.link_many([(a, b), ("c", "d")], 0.2), list[float])
assert_type(Memory.associations.strengthen(a, b, delta=0.1), float)
assert_type(Memory.associations.strengthen_many([(a, b)]), list[float])
assert_type(Memory.associations.co_occur([a, b, "c"]), int)
assert_type(Memory.associations.unlink(a, b), None)
assert_type(Memory.associations.weaken_all(a, factor=0.5), int)
assert_type(Memory.associations.weaken_graph(0.5, progress=print), int)
assert_type(Memory.associations.sweep(), int)
assert_type(Memory.associations.edges(), Iterator[tuple[str, str, float]])
assert_type(Memory.associations.async_edges(), AsyncIterator[tuple[str, str, float]])
assert_type(Memory.associations.info(), GraphInfo)
assert_type(Memory.associations.info().bytes, int | None)
assert_type(Memory.associations.clear(progress=print), int)
assert_type(Memory.associations.strengthen(a, b, records_only=True), float)
assert_type(Memory.associations.strengthen_many([(a, b)], records_only=True), list[float])
assert_type(Memory.associations.co_occur([a, b], records_only=True), int)
assert_type(Memory.associations.get_linked(a, min_weight=0.1, limit=5), Edges)
assert_type(Memory.associations.get_linked_many([a, b]), dict[str, Edges])
assert_type(Memory.associations.get_linked_records(a), list[tuple[Any, float]])
assert_type(Memory.associations.propagate([a, "b"], 3, limit=5), Activation)
assert_type(Memory.associations.propagate({a: 0.5}, explain=True), Activation)

Memory.associations.strengthen(a, b, delta="more")  # type: ignore[call-overload]
Memory.associations.co_occur(a)  # type: ignore[call-overload]
Memory.associations.get_linked(a, limit="all")  # type: ignore[call-overload]
Memory.associations.propagate([a], 2, 0.5, 0.01, 5)  # type: ignore[call-overload]
assert_type(Memory.associations.propagate([a]).truncated, bool)
assert_type(Memory.associations.propagate([a])["b"], float)
assert_type(Memory.associations.widen([(a, 2.0), ("b", 1.0)], keep=1, limit=3), Edges)
assert_type(Memory.associations.widen({a: 2.0}, depth=2, found_weight=0.5), Edges)
Memory.associations.widen([(a, 2.0)], 5)  # type: ignore[call-overload]
Memory.associations.widen([a])  # type: ignore[list-item]
CoOccurrenceField(seeds="drop")  # type: ignore[arg-type]

# ExistenceFilter

assert_type(Memory.bloom.definitely_missing("x"), bool)
assert_type(Memory.bloom.might_exist_batch(["x", "y"]), dict[str, bool])
assert_type(Memory.bloom.might_exist_count(["x", "y"], match="all"), int)
assert_type(Memory.bloom.fill_ratio(), float)
assert_type(Memory.bloom.fill_ratio(Memory), float)
assert_type(Memory.bloom.info(), FilterInfo)
assert_type(Memory.bloom.info().complete, bool)
assert_type(Memory.bloom.clear(), None)
assert_type(Memory.bloom.rebuild(), int)
assert_type(Memory.bloom.rebuild(lambda done, of: print(done, of)), int)
assert_type(Memory.bloom.hash_version(), int)
assert_type(Memory.bloom.stale_rebuild_staging(Memory), list[str])


# FrequencySketch

assert_type(Memory.freq.get_frequency("x"), int)
assert_type(Memory.freq.get_frequency_batch(["x", "y"]), dict[str, int])
assert_type(Memory.freq.increment("x", by=2), None)
assert_type(Memory.freq.increment("x", pipeline=pipeline), None)
assert_type(Memory.freq.info(), SketchInfo)
assert_type(Memory.freq.info().error_bound, float)
assert_type(Memory.freq.clear(), None)
assert_type(Memory.freq.rebuild(progress=print), int)
assert_type(Memory.freq.top(3), list[tuple[str, int]])
Memory.freq.increment("x", by="twice")  # type: ignore[call-overload]

# Partitions


class Shared(Model):
    key = UniqueKeyField()
    agent_id = KeyField()
    associations = CoOccurrenceField(partition_by="agent_id")
    bloom = ExistenceFilter(partition_by=("agent_id", "key"))
    freq = FrequencySketch(partition_by="agent_id")


assert_type(Shared.associations.at(agent_id="a1"), CoOccurrenceField)
assert_type(Shared.bloom.at(agent_id="a1", key=7), ExistenceFilter)
assert_type(Shared.freq.at(agent_id=date(2030, 1, 1)), FrequencySketch)
assert_type(CoOccurrenceField.at(Shared, agent_id="a1"), CoOccurrenceField)
assert_type(ExistenceFilter.at(Shared, field_name="bloom", agent_id="a1", key=7), ExistenceFilter)
assert_type(FrequencySketch.at(Shared, agent_id="a1"), FrequencySketch)
Shared.bloom.at(agent_id=None)  # type: ignore[arg-type]
Shared.bloom.at("a1")  # type: ignore[call-arg]
FrequencySketch.at(agent_id="a1")  # type: ignore[call-arg]

assert_type(Shared.bloom.at(agent_id="a1", key=7).might_exist("x"), bool)
assert_type(ExistenceFilter.at(Shared, agent_id="a1", key=7).might_exist("x"), bool)
assert_type(Shared.associations.at(agent_id="a1").link("a", "b"), float)
assert_type(Shared.associations.at(agent_id="a1").link(Shared, "a", "b"), float)
assert_type(Shared.associations.at(agent_id="a1").link("a", "b", pipeline=pipeline), None)
assert_type(Shared.freq.at(agent_id="a1").top(), list[tuple[str, int]])
assert_type(Shared.associations.partition_by, tuple[str, ...])
with partition(agent_id="a1"):
    assert_type(Shared.associations.get_linked("a"), Edges)

Shared.bloom.might_exist("x", agent_id="a1")  # type: ignore[call-overload]
Shared.bloom.might_exist("x", dept=3)  # type: ignore[call-overload]
ExistenceFilter.might_exist(Shared, "x", agent_id="a1")  # type: ignore[call-overload]
Shared.bloom.at(agent_id="a1", key=7).might_exist("x", tennant="x")  # type: ignore[call-overload]
Shared.associations.at(agent_id="a1").link("a")  # type: ignore[call-overload]
Shared.associations.link("a", "b", agent_id="a1")  # type: ignore[call-overload]
Shared.freq.increment("x", agent_id="a1")  # type: ignore[call-overload]

assert_type(Memory.associations.partitions(), list[dict[str, str]])
assert_type(Memory.bloom.partitions(), list[dict[str, str]])
assert_type(Memory.freq.partitions(), list[dict[str, str]])
assert_type(FrequencySketch.partitions(Memory), list[dict[str, str]])
assert_type(Shared.freq.clear(all_partitions=True), None)
Shared.freq.clear(True)  # type: ignore[call-overload]
Shared.freq.rebuild(all_partitions=True)  # type: ignore[call-overload]


# Iterations, as an operation of a field may be one


class Toy(CoOccurrenceField):
    @iteration
    def numbers(self, at: Scope, /, most: int) -> Pages[int]:
        """Numbers."""
        return iter([range(most)])

    async_numbers = asynchronous(numbers)


toy = Toy()
assert_type(toy.numbers(3), Iterator[int])
assert_type(Toy.numbers(Memory, 3), Iterator[int])
assert_type(toy.async_numbers(most=3), AsyncIterator[int])
toy.numbers("3")  # type: ignore[call-overload]


async def twins() -> None:
    running: Coroutine[Any, Any, bool] = Memory.bloom.async_might_exist("x")
    assert_type(await running, bool)
    assert_type(await CoOccurrenceField.async_link(Memory, a, b), float)
    assert_type(await Memory.associations.async_link(Memory, a, b), float)
    assert_type(await Memory.associations.async_link(a, b, pipeline=pipeline), None)

    assert_type(await Memory.associations.async_link(a, b), float)
    assert_type(await Memory.associations.async_link(a, b, pipeline=pipeline), None)
    assert_type(await Memory.associations.async_link_many([(a, b)]), list[float])
    assert_type(await Memory.associations.async_strengthen(a, b), float)
    assert_type(await Memory.associations.async_strengthen_many([(a, b)]), list[float])
    assert_type(await Memory.associations.async_co_occur([a, b]), int)
    assert_type(await Memory.associations.async_unlink(a, b), None)
    assert_type(await Memory.associations.async_weaken_all(a), int)
    assert_type(await Memory.associations.async_weaken_graph(), int)
    assert_type(await Memory.associations.async_sweep(), int)
    assert_type(await Memory.associations.async_info(), GraphInfo)
    assert_type(await Memory.associations.async_clear(), int)
    assert_type(await Memory.associations.async_get_linked(a), Edges)
    assert_type(await Memory.associations.async_get_linked_many([a]), dict[str, Edges])
    assert_type(await Memory.associations.async_get_linked_records(a), list[tuple[Any, float]])
    assert_type(await Memory.associations.async_propagate([a]), Activation)
    assert_type(await Memory.associations.async_widen([(a, 2.0)], keep=1), Edges)
    await Memory.associations.async_link(a)  # type: ignore[call-overload]
    assert_type(await Memory.bloom.async_might_exist("x"), bool)
    assert_type(await Memory.bloom.async_definitely_missing("x"), bool)
    assert_type(await Memory.bloom.async_might_exist_batch(["x"]), dict[str, bool])
    assert_type(await Memory.bloom.async_might_exist_count(["x"]), int)
    assert_type(await Memory.bloom.async_fill_ratio(), float)
    assert_type(await Memory.bloom.async_info(), FilterInfo)
    assert_type(await Memory.bloom.async_clear(), None)
    assert_type(await Memory.bloom.async_rebuild(), int)
    assert_type(await Memory.freq.async_get_frequency("x"), int)
    assert_type(await Memory.freq.async_get_frequency_batch(["x"]), dict[str, int])
    assert_type(await Memory.freq.async_increment("x"), None)
    assert_type(await Memory.freq.async_info(), SketchInfo)
    assert_type(await Memory.freq.async_clear(), None)
    assert_type(await Memory.freq.async_rebuild(), int)
    assert_type(await Memory.freq.async_top(), list[tuple[str, int]])
    assert_type(await Memory.associations.async_partitions(), list[dict[str, str]])
    assert_type(await Memory.bloom.async_partitions(), list[dict[str, str]])
    assert_type(await Memory.freq.async_partitions(), list[dict[str, str]])

    assert_type(await Shared.associations.at(agent_id="a1").async_link("a", "b"), float)
    await Shared.bloom.async_might_exist("x", agent_id="a1")  # type: ignore[call-overload]
    async for number in toy.async_numbers(3):
        assert_type(number, int)
