"""Many tenants with little each: what one takes on the server, and work on one and on all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from statistics import mean
from typing import Any

import popoto
from popoto import KeyField, Model, StringField

import popoto_recall
from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch

from .graph_reads import in_turn
from .measure import Sample, Variant
from .models import text_of
from .outcome import Outcome, Row, at_most
from .stage import Stage
from .words import word

MEMORIES = 10
"""Of each tenant."""

WORDS = 8
"""Of each memory."""

VOCABULARY = 5_000
"""Words that all tenants have in common."""

FEWER = 10
"""The first server has so many times fewer tenants than the second."""

TENANTS_PER_BATCH = 20
LOOKED_AT = 200
"""Tenants whose keys are added up."""

BYTES = "{:,.0f} bytes"
MOST = 2.0
"""How many times the CPU time work on one tenant may take beside ten times the tenants, and work on
all of them, for each, that of work on one."""


class Tenant(Model):
    """A memory of an agent, which is a tenant."""

    name = KeyField()
    agent_id = KeyField()
    text = StringField()
    near = CoOccurrenceField(partition_by="agent_id")
    seen = ExistenceFilter(capacity=1_000, fingerprint_fn=text_of, partition_by="agent_id")
    often = FrequencySketch(width=200, fingerprint_fn=text_of, partition_by="agent_id")


FIELDS: tuple[Any, ...] = (Tenant.near, Tenant.seen, Tenant.often)


def tenants(stage: Stage) -> Iterator[Outcome]:
    few, many = stage.plan.tenants // FEWER, stage.plan.tenants
    used = load(stage, range(few))
    one_of_few = _one(stage, few)
    yield one_of_few
    used += load(stage, range(few, many))
    one_of_many = _one(stage, many)
    one_of_many.rows = list(_rows(one_of_many, one_of_few, f"one of {few:,}"))
    yield one_of_many
    all_of_many = _all(stage, many)
    all_of_many.rows = list(_rows(all_of_many, one_of_many, "one alone"))
    yield all_of_many
    yield _bytes(stage, many, used)


def _rows(outcome: Outcome, other: Outcome, called: str) -> Iterator[Row]:
    """What is common to both, in CPU time of server and client, which a busy machine leaves be."""
    for name in [name for name in outcome.samples if name in other.samples]:
        own, others = (
            each.samples[name].at(0.5, "server") + each.samples[name].at(0.5, "client")
            for each in (outcome, other)
        )
        yield Row(f"{name}: CPU against {called}", own / others, at_most(MOST))


def agent(number: int) -> str:
    return f"agent{number:06}"


def load(stage: Stage, numbers: range) -> int:
    """Store the memories of some tenants, each tied to the two before it; bytes that it took."""
    before = _in_use(stage)
    for first in range(numbers.start, numbers.stop, TENANTS_PER_BATCH):
        batch = popoto.batch()
        for number in range(first, min(first + TENANTS_PER_BATCH, numbers.stop)):
            _save(memories(agent(number), number), batch)
        batch.execute()
    return _in_use(stage) - before


def _in_use(stage: Stage) -> int:
    used: int = stage.client.info("memory")["used_memory"]
    return used


def memories(agent_id: str, seed: int) -> list[Model]:
    """Ten short ones of a tenant, not yet stored."""
    return [
        Tenant(name=f"m{number}", agent_id=agent_id, text=_text(seed * MEMORIES + number))
        for number in range(MEMORIES)
    ]


def _text(number: int) -> str:
    first = number * WORDS
    return " ".join(word((first + place) * 7 % VOCABULARY) for place in range(WORDS))


def _save(records: list[Model], batch: Any) -> None:
    for record in records:
        record.save(pipeline=batch)
    Tenant.near.link_many(_pairs(records), 0.5, pipeline=batch)


def _pairs(records: list[Model]) -> list[tuple[Model, Model]]:
    """Each record and the two after it."""
    return [pair for step in (1, 2) for pair in zip(records, records[step:], strict=False)]


def _one(stage: Stage, number: int) -> Outcome:
    """Work on one of so many tenants, another one each time."""
    agents = in_turn([agent(at) for at in range(0, number, max(1, number // LOOKED_AT))])
    work = _work(lambda field, agent_id: field.at(agent_id=agent_id))
    own = [Variant(name, call, agents) for name, call in work.items()]
    return stage.compare(
        f"one of {number:,} tenants of {MEMORIES} memories",
        [*own, Variant("forget", _forget, _without_records())],
    )


def _all(stage: Stage, number: int) -> Outcome:
    """Work on all of so many tenants, once; what it takes for each."""
    listing = Variant("partitions", lambda _: Tenant.seen.partitions())
    work = _work(lambda field, _: field)
    found = stage.meter.once([listing, *(Variant(name, call) for name, call in work.items())])
    samples = {
        name: Sample(*([seconds / number for seconds in spent] for spent in clocks))
        for name, sample in found.items()
        for clocks in [(sample.wall, sample.server, sample.client)]
    }
    return Outcome(f"all {number:,} tenants of {MEMORIES} memories, for each of them", samples)


def _work(field_of: Callable[[Any, str], Any]) -> dict[str, Callable[[str], object]]:
    """What is done to one tenant, or to all, by name."""
    near, seen, often = FIELDS
    return {
        "weaken_graph": lambda agent_id: field_of(near, agent_id).weaken_graph(0.9999),
        "sweep, none gone": lambda agent_id: field_of(near, agent_id).sweep(),
        "rebuild of the filter": lambda agent_id: field_of(seen, agent_id).rebuild(),
        "rebuild of the sketch": lambda agent_id: field_of(often, agent_id).rebuild(),
    }


def _without_records() -> Callable[[], str]:
    """Makes tenants whose records have been deleted, with edges that late feedback brought back."""
    numbers = count()

    def fresh() -> str:
        agent_id = f"gone{next(numbers)}"
        records = memories(agent_id, 0)
        batch = popoto.batch()
        for record in records:
            record.save(pipeline=batch)
        batch.execute()
        batch = popoto.batch()
        for record in records:
            record.delete(pipeline=batch)
        Tenant.near.link_many(_pairs(records), 0.5, pipeline=batch)
        batch.execute()
        return agent_id

    return fresh


def _forget(agent_id: str) -> None:
    """Remove what the three fields know of a tenant."""
    popoto_recall.forget(Tenant, agent_id=agent_id)


def _bytes(stage: Stage, number: int, used: int) -> Outcome:
    """What a tenant takes, by MEMORY USAGE of its keys; and all, by what the server has in use."""
    some = [agent(at) for at in range(0, number, max(1, number // LOOKED_AT))]
    found = {
        "filter": [_usage(stage, _values_of(one)[0]) for one in some],
        "sketch": [_usage(stage, _values_of(one)[1]) for one in some],
        "graph": [Tenant.near.at(agent_id=one).info().bytes or 0 for one in some],
        "records": [
            sum(_usage(stage, record.db_key.redis_key) for record in memories(one, 0))
            for one in some
        ],
    }
    both = map(sum, zip(found["filter"], found["sketch"], strict=True))
    rows = [
        Row("filter and sketch together, at most", max(both), at_most(10_000), BYTES),
        *(Row(f"{name}, on average", mean(sizes), form=BYTES) for name, sizes in found.items()),
        Row("all that the server has in use, Popoto's indexes too", used / number, form=BYTES),
    ]
    title = f"bytes of a tenant of {MEMORIES} memories of {WORDS} words, {number:,} tenants"
    return Outcome(title, rows=rows)


def _values_of(agent_id: str) -> tuple[str, str]:
    """Keys of the filter and the sketch."""
    return f"$EF:Tenant:seen:{{{agent_id}}}", f"$FS:Tenant:often:{{{agent_id}}}"


def _usage(stage: Stage, key: str) -> int:
    used: int = stage.client.memory_usage(key, samples=0)
    return used
