"""Row 9: hostile names, texts, numbers and sizes. Partitions: test_partition.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import check, sized
from popoto import Model, StringField, UniqueKeyField
from support import emptied

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch
from popoto_recall.engine import runner

MEGABYTE = 1 << 20
BUSY_MILLISECONDS = 50

TEXTS = [
    "') redis.call('FLUSHALL') --",
    "]] .. redis.call('DEL', KEYS[1]) .. [[",
    "a:b",
    "{a}",
    "}{",
    "*",
    "?",
    "[a-z]",
    "\\*",
    "a\0b",
    "\r\nFLUSHALL\r\n",
    "%7B%s%d",
    "{&#58;}",
    "naïve 日本 \U0001f600",
    " ",
    "x" * MEGABYTE,
]
BYTES = [b"plain", "naïve".encode()]
REFUSED: list[Any] = ["lone \ud800", "\udfff", b"\xff\xfe", None]
NO_PK: list[Any] = [*REFUSED, "", b"", True, False, ["a"], {"a": 1}, object]
NO_NUMBER: list[Any] = [math.nan, math.inf, -math.inf, -1, -0.5, True, "1", None, 10**400, b"1", 1j]


class Hostile(Model):
    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField()
    cites = CoOccurrenceField(symmetric=False)
    seen = ExistenceFilter(capacity=1000)
    often = FrequencySketch(width=200, depth=4, top=5)


def other_keys(client: Any, model: str = "Hostile") -> list[bytes]:
    """Keys that belong to none of the model's fields."""
    families = [
        f"{family}:{model}:".encode()
        for family in ("$CoOcF", "$CoOcR", "$CoOcN", "$EF", "$FS", "{$FS")
    ]
    return [key for key in client.keys("*") if not key.startswith(tuple(families))]


def refused(call: Callable[..., Any], *args: Any, **kwargs: Any) -> list[str]:
    """Nothing, if the call was refused as Python refuses a bad value."""
    try:
        said = call(*args, **kwargs)
    except (ValueError, TypeError):
        return []
    return [f"{call!r}{args!r:.80}{kwargs} answered {said!r:.80}"]


@pytest.mark.parametrize("text", TEXTS + BYTES, ids=lambda text: repr(text[:12]))
def test_a_hostile_pk_or_text_is_stored_and_found_exactly(real_client: Any, text: Any) -> None:
    name = text.decode() if isinstance(text, bytes) else text
    real_client.set("mine", "untouched")
    Hostile.near.link(text, "other", 0.5)
    Hostile.cites.co_occur([text, "other"])
    found: list[Any] = [] if Hostile.near.get_linked("other") == [(name, 0.5)] else ["near"]
    found += [] if name in Hostile.near.propagate(["other"]) else ["propagate"]
    found += [] if dict(Hostile.cites.get_linked("other")) == {name: 0.05} else ["cites"]
    found += [] if name in Hostile.near.get_linked_many([text]) else ["many"]
    Hostile.often.increment(text)
    found += [] if Hostile.often.get_frequency(text) == 1 else ["count"]
    found += [] if Hostile.seen.might_exist(text) is False else ["seen"]
    Hostile.near.weaken_all(text, 0)
    Hostile.near.unlink("other", text)
    found += Hostile.near.get_linked("other")
    check(9, 8, found + [key for key in other_keys(real_client) if key != b"mine"])
    assert real_client.get("mine") == b"untouched"


def test_what_cannot_be_stored_is_refused_and_nothing_is_written(real_client: Any) -> None:
    near, seen, often = Hostile.near, Hostile.seen, Hostile.often
    found: list[str] = []
    for pk in NO_PK:
        for call in (near.link, near.strengthen, near.unlink):
            found += refused(call, Hostile, pk, "other") + refused(call, Hostile, "other", pk)
        found += refused(near.co_occur, [pk, "a"]) + refused(near.propagate, [pk])
        found += refused(near.get_linked, Hostile, pk) + refused(near.weaken_all, Hostile, pk)
    for text in REFUSED:
        found += refused(seen.might_exist, text) + refused(often.increment, text)
        found += refused(seen.might_exist_batch, [text]) + refused(often.get_frequency, text)
    for number in NO_NUMBER:
        found += refused(often.increment, "a", number)
        if number != 10**400:  # as many as there are
            found += refused(near.get_linked, "a", limit=number)
        if number is not None:
            found += refused(often.top, number)
            found += refused(near.link, "a", "b", number)
            found += refused(near.propagate, ["a"], decay_per_hop=number)
            found += refused(near.weaken_all, "a", number)
        if number != math.inf and number != 10**400:
            found += refused(near.strengthen, "a", "b", number)
    check(9, len(NO_PK) * 10 + len(REFUSED) * 4 + len(NO_NUMBER) * 6, found)
    assert real_client.keys("*") == []


@pytest.mark.parametrize("name", ["a:b", "{a}", "*", "[a]", "a b", "') --", "ü", "x" * 2000])
def test_a_hostile_class_name_has_keys_of_its_own(real_client: Any, name: str) -> None:
    one, other = declared(name), declared("Plain")
    record = one.create(name="a", text="redis")
    plain = other.create(name="a", text="lua")
    one.near.link(record, "x", initial_weight=0.5)
    found = [] if one.near.get_linked("x") == [(record.db_key.redis_key, 0.5)] else ["not found"]
    found += [] if one.seen.might_exist("redis") and not one.seen.might_exist("lua") else ["seen"]
    found += other.near.get_linked("x")
    found += [] if one.near.sweep() == 0 else ["swept"]
    found += [] if one.seen.rebuild() == 1 and one.often.rebuild() == 1 else ["rebuilt"]
    record.delete()
    found += one.near.get_linked("x")
    found += [] if other.seen.might_exist("lua") and plain.name == "a" else ["the other"]
    check(9, 7, found)


def declared(name: str) -> Any:
    return type(
        name,
        (Model,),
        {
            "__module__": __name__,
            "name": UniqueKeyField(),
            "text": StringField(),
            "near": CoOccurrenceField(),
            "seen": ExistenceFilter(capacity=1000, fingerprint_fn=lambda record: record.text),
            "often": FrequencySketch(fingerprint_fn=lambda record: record.text),
        },
    )


# No single call keeps the server busy


@pytest.fixture
def longest(real_client: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    """Milliseconds of processor time that the server spends on each call, and its script."""
    times: list[tuple[float, str]] = []
    stat = Path(f"/proc/{real_client.info('server')['process_id']}/schedstat")
    if not stat.exists():
        pytest.skip("only Linux tells what a process spent")
    call = runner._call

    def timed(client: Any, command: Any) -> Any:
        before = int(stat.read_text().split()[0])
        reply = call(client, command)
        times.append(((int(stat.read_text().split()[0]) - before) / 1e6, command.script.name))
        return reply

    monkeypatch.setattr(runner, "_call", timed)
    return times


def too_long(times: list[tuple[float, str]]) -> list[tuple[float, str]]:
    return [one for one in times if one[0] > BUSY_MILLISECONDS]


class Large(Model):
    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1_000_000, fingerprint_fn=lambda large: large.text)
    often = FrequencySketch(fingerprint_fn=lambda large: large.text)


def test_a_huge_fingerprint_keeps_nobody_waiting(longest: list[tuple[float, str]]) -> None:
    text = " ".join(f"word{i:07}" for i in range(sized(2, 20) * MEGABYTE // 12))
    Large.often.increment(text)
    Large.seen.clear()
    assert Large.seen.might_exist(text) is False
    assert Large.often.get_frequency(text) >= 1
    check(9, len(longest), too_long(longest))


def test_a_batch_of_600_000_tokens_keeps_nobody_waiting(longest: list[tuple[float, str]]) -> None:
    Large.create(name="a", text="word0000001")
    asked = [f"word{i:07}" for i in range(600_000)]
    assert Large.seen.might_exist_batch(asked)["word0000001"]
    assert Large.often.get_frequency_batch(asked)["word0000001"] >= 1
    check(9, len(longest), too_long(longest))


def test_graph_calls_at_their_largest_keep_nobody_waiting(
    real_client: Any, longest: list[tuple[float, str]]
) -> None:
    runs = []
    for _ in range(3):  # others on the machine only ever make a call seem longer
        emptied(real_client)
        longest.clear()
        Large.near.link_many([(f"n{i}", "hub") for i in range(500)])
        Large.near.weaken_all("hub")
        Large.near.weaken_graph(0.9)
        Large.near.propagate(["n0", "n1"], max_reads=5000)
        for _ in range(2):  # the largest set that is allowed, new and known
            Large.near.co_occur([f"c{i}" for i in range(64)])
        runs.append(list(longest))
    own = [min(times) for times in zip(*runs, strict=True)]
    check(9, len(own), too_long(own))
