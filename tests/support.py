"""Every public operation, with arguments that a small store answers to, and views of a store."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from popoto import Model, StringField, UniqueKeyField

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch
from popoto_recall.fields._operation import Operation
from popoto_recall.structures.graph import GraphInfo

FIELDS: tuple[Any, ...] = (CoOccurrenceField, ExistenceFilter, FrequencySketch)


class Topic(Model):
    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField(max_edges=5)
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=lambda topic: topic.text)
    often = FrequencySketch(width=100, depth=4, top=5, fingerprint_fn=lambda topic: topic.text)


A, B, C, D, GONE = (f"Topic:{name}" for name in ("a", "b", "c", "d", "gone"))

KEY_BUILDERS = {"get_edge_key_prefix", "get_edge_key"}
"""Operations without I/O, or with none before their result is used, and so without a twin."""

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "clear": (),
    "co_occur": ([A, B, C],),
    "definitely_missing": ("python",),
    "edges": (),
    "fill_ratio": (),
    "get_edge_key": (A,),
    "get_edge_key_prefix": (),
    "get_frequency": ("redis",),
    "get_frequency_batch": (["redis", "python"],),
    "get_linked": (A,),
    "get_linked_many": ([A, B],),
    "get_linked_records": (A,),
    "increment": ("redis", 3),
    "info": (),
    "link": (A, D, 0.25),
    "link_many": ([(A, D), (B, D)],),
    "might_exist": ("redis",),
    "might_exist_batch": (["redis", "python"],),
    "might_exist_count": (["redis", "python"],),
    "partitions": (),
    "propagate": ([A],),
    "rebuild": (),
    "strengthen": (A, B, 0.25),
    "strengthen_many": ([(A, B), (C, D)],),
    "sweep": (),
    "top": (3,),
    "unlink": (A, B),
    "weaken_all": (A, 0.5),
    "weaken_graph": (0.5,),
    "widen": ({A: 2.0, B: 1.0},),
}


def operations(kind: type) -> dict[str, Operation]:
    """Every operation of a field, twins included, by name."""
    found = {name: inspect.getattr_static(kind, name) for name in dir(kind)}
    return {name: value for name, value in found.items() if isinstance(value, Operation)}


def calls() -> list[tuple[Any, str]]:
    """Every operation that is no twin: the field of `Topic` and the name."""
    return [
        (field, name)
        for field in (Topic.near, Topic.seen, Topic.often)
        for name, operation in operations(type(field)).items()
        if not operation.asynchronous
    ]


def answered(field: Any, name: str) -> Any:
    """What an operation gives for its `ARGUMENTS`, in a form that compares."""
    return comparable(getattr(field, name)(*ARGUMENTS[name]))


def comparable(result: Any) -> Any:
    """All that an iterator gives; a state without its bytes, which vary with the allocator."""
    if isinstance(result, GraphInfo):
        return replace(result, bytes=None)
    return list(result) if isinstance(result, Iterator) else result


def writes(field: Any, name: str) -> bool:
    return operations(type(field))[name].writes


def small_store(client: Any) -> None:
    """Empty the server and fill it with what `ARGUMENTS` are about."""
    emptied(client)
    for name, text in zip("abcd", ("redis server", "redis cluster", "lua", "rust"), strict=True):
        Topic.create(name=name, text=text)
    Topic.near.link_many([(A, B), (B, C), (C, D), (A, GONE)], 0.5)


REBUILD = re.compile(rb"=[0-9a-f]{16}")
"""Which rebuild made a value: another one each time."""


def emptied(client: Any) -> None:
    for key in client.keys("*"):
        client.delete(key)


def contents(client: Any) -> dict[bytes, Any]:
    """All that is stored, by key, in a form that compares."""
    return {key: content(client, key) for key in client.keys("*")}


def content(client: Any, key: bytes) -> Any:
    kind = client.type(key)
    if kind == b"string":
        return REBUILD.sub(b"=id", client.get(key))
    if kind == b"list":
        return client.lrange(key, 0, -1)
    if kind == b"zset":
        return client.zrange(key, 0, -1, withscores=True)
    return {b"hash": client.hgetall, b"set": client.smembers}[kind](key)


class Spent:
    """Processor time that a server spends on scripts, from here on.

    Not the clock's: on a busy machine a server waits for others between two instructions.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.calls, self.seconds = self._so_far()

    def per_call(self) -> float:
        """Seconds, on average, since the last look."""
        calls, seconds = self._so_far()
        spent = (seconds - self.seconds) / (calls - self.calls)
        self.calls, self.seconds = calls, seconds
        return spent

    def _so_far(self) -> tuple[int, float]:
        stats, cpu = self.client.info("commandstats"), self.client.info("cpu")
        calls = [
            stats[name]["calls"] for name in ("cmdstat_evalsha", "cmdstat_eval") if name in stats
        ]
        return sum(calls), cpu["used_cpu_user"] + cpu["used_cpu_sys"]
