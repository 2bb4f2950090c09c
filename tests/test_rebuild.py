"""Filters and sketches made anew from the stored records.

Every order of what can happen meanwhile: test_rebuild_model.py.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from popoto import Model, StringField, UniqueKeyField
from redis.exceptions import ResponseError
from support import contents

from popoto_recall import ExistenceFilter, FrequencySketch, IncompleteError, StoredValueError
from popoto_recall.errors import ArgumentError
from popoto_recall.fields import _rebuild

FILTER, SKETCH, TOP = "$EF:Page:seen", "$FS:Page:often", "{$FS:Page:often}:top"
STAGED_TOP = "{$FS:Page:often}:staging:top"


class Page(Model):
    name = UniqueKeyField()
    text = StringField()
    seen = ExistenceFilter(capacity=200, fingerprint_fn=lambda page: page.text)
    often = FrequencySketch(width=500, depth=4, top=5, fingerprint_fn=lambda page: page.text)


FIELDS = pytest.mark.parametrize("field", [Page.seen, Page.often], ids=["filter", "sketch"])


@pytest.fixture
def pages(client: Any, monkeypatch: pytest.MonkeyPatch) -> list[Model]:
    monkeypatch.setattr(_rebuild, "_RECORDS_PER_STEP", 10)
    return Page.bulk_create([page(i) for i in range(60)])


def page(number: int) -> Page:
    return Page(name=f"p{number:03}", text=f"word{number} common third{number % 3}")


def lose(client: Any) -> None:
    client.delete(FILTER, SKETCH, TOP)


def assert_whole(records: int = 60) -> None:
    asked = [f"word{i}" for i in range(records)]
    assert all(Page.seen.might_exist_batch(asked).values())
    assert not Page.seen.might_exist("nothing")
    assert min(Page.often.get_frequency_batch(asked).values()) == 1
    assert Page.often.get_frequency("common") == records
    assert Page.often.top(1) == [("common", records)]
    assert Page.seen.info().complete
    assert Page.often.info().complete


def staged(client: Any) -> list[bytes]:
    return [key for key in client.scan_iter() if b":staging" in key]


def once(what: Callable[[], object], at: int = 20) -> Callable[[int, int], None]:
    """Progress during which something happens, a single time."""
    left = [what]

    def progress(done: int, total: int) -> None:
        if left and done >= at:
            left.pop()()

    return progress


def known(field: Any, word: str) -> bool:
    return bool(field.might_exist(word) if field is Page.seen else field.get_frequency(word))


def test_it_brings_back_what_was_lost(client: Any, pages: list[Model]) -> None:
    lose(client)
    assert Page.seen.rebuild() == asyncio.run(Page.often.async_rebuild()) == 60
    assert_whole()
    assert staged(client) == []
    assert {client.ttl(key) for key in (FILTER, SKETCH, TOP)} == {-1}


def test_it_is_the_same_however_often_it_runs(client: Any, pages: list[Model]) -> None:
    pages[0].save()
    assert Page.often.get_frequency("common") == 61
    for _ in range(3):
        Page.often.rebuild()
        Page.seen.rebuild()
        assert_whole()


def test_progress_tells_how_many_are_done(client: Any, pages: list[Model]) -> None:
    told: list[tuple[int, int]] = []
    Page.seen.rebuild(progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 60) for done in range(0, 61, 10)]


def test_records_whose_hash_is_gone_are_not_counted(client: Any, pages: list[Model]) -> None:
    client.delete("Page:p001", "Page:p002")
    assert Page.seen.rebuild() == 58


@FIELDS
@pytest.mark.parametrize("lost", [True, False])
def test_saves_made_meanwhile_are_in_it(
    client: Any, pages: list[Model], field: Any, lost: bool
) -> None:
    if lost:
        lose(client)
    field.rebuild(progress=lambda done, _: Page.create(name=f"late{done}", text=f"late{done}"))
    assert all(known(field, f"late{done}") for done in range(0, 61, 10))
    assert field.info().complete


def test_the_old_one_serves_until_the_new_one_takes_its_place(
    client: Any, pages: list[Model]
) -> None:
    Page.seen.rebuild(progress=lambda done, total: assert_whole())
    Page.often.rebuild(progress=lambda done, total: assert_whole())


@pytest.mark.parametrize(
    ("capacity", "error_rate", "tokens"),
    [(1, 0.01, 15), (10, 0.01, 15), (57, 0.01, 59), (120, 0.5, 160), (200, 0.01, 3000)],
)
def test_a_filter_over_its_capacity_is_rebuilt_large_enough(
    client: Any,
    capacity: int,
    error_rate: float,
    tokens: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Page.seen, "capacity", capacity)
    monkeypatch.setattr(Page.seen, "error_rate", error_rate)
    words = [f"word{i}" for i in range(tokens)]
    for i in range(3):
        Page.create(name=f"p{i}", text=" ".join(words[i::3]))
    for lost in (False, True):
        client.delete(*[FILTER] * lost or ["none"])
        told: list[int] = []
        Page.seen.rebuild(progress=lambda done, _, told=told: told.append(done))
        assert told.count(0) <= 2
        info = Page.seen.info()
        assert info.layers == 1
        assert info.capacity >= info.items
        assert info.false_positive_rate <= 1.2 * error_rate
        assert all(Page.seen.might_exist_batch(words).values())


def test_one_that_grew_for_what_is_deleted_since_shrinks(client: Any, pages: list[Model]) -> None:
    large = Page.create(name="large", text=" ".join(f"gone{i}" for i in range(3000)))
    large.delete()
    assert Page.seen.info().layers > 1
    Page.seen.rebuild()
    Page.often.rebuild()
    assert Page.seen.info().capacity == 200
    Page.often.rebuild()
    assert_whole()


OPTIONS = [("seen", "error_rate", 0.001), ("seen", "capacity", 300), ("often", "width", 600)]


@pytest.mark.parametrize(("name", "option", "value"), OPTIONS)
def test_a_changed_option_takes_effect_with_it(
    client: Any,
    pages: list[Model],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    option: str,
    value: float,
) -> None:
    field = getattr(Page, name)
    before = getattr(field, option)
    monkeypatch.setattr(field, option, value)
    assert_whole()
    assert getattr(field.info(), option) == before
    field.rebuild()
    assert getattr(field.info(), option) == value
    assert_whole()


DAMAGES: dict[str, Callable[[Any, str], object]] = {
    "zeros": lambda client, key: client.set(key, b"\0" * 4000),
    "a cut value": lambda client, key: client.set(key, client.get(key)[:100]),
    "a list": lambda client, key: (client.delete(key), client.rpush(key, "x")),
    "a later version": lambda client, key: client.set(
        key, client.get(key).replace(b" 1 ", b" 2 ", 1)
    ),
}


@FIELDS
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_it_mends_whatever_is_stored(
    client: Any, pages: list[Model], field: Any, damage: Callable[[Any, str], object]
) -> None:
    damage(client, field.info().key)
    with pytest.raises(StoredValueError, match=r"rebuild\(\)"):
        field.info()
    assert field.rebuild() == 60
    assert_whole()


# Beside everything

BESIDE: dict[str, Callable[[Any, Any], object]] = {
    "another one": lambda client, field: field.rebuild(),
    "clear": lambda client, field: field.clear(),
    "a re-index": lambda client, field: Page.rebuild_indexes(),
    "the eviction of the value": lambda client, field: client.delete(field.info().key),
    "the eviction of the staged value": lambda client, field: client.delete(*staged(client)),
    "the eviction of both": lambda client, field: client.delete(field.info().key, *staged(client)),
    "another type under the key": lambda client, field: plant(client, field.info().key),
    "another type in the staged one's place": lambda client, field: plant(
        client, next(key for key in staged(client) if key.endswith(b":staging"))
    ),
}


def plant(client: Any, key: str | bytes) -> None:
    client.delete(key)
    client.rpush(key, "in the way")


@FIELDS
@pytest.mark.parametrize("what", BESIDE.values(), ids=BESIDE)
def test_it_runs_to_its_end_beside(
    client: Any, pages: list[Model], field: Any, what: Callable[[Any, Any], object]
) -> None:
    assert field.rebuild(progress=once(lambda: what(client, field))) == 60
    assert_whole()
    assert staged(client) == []


@FIELDS
def test_a_save_that_is_refused_meanwhile_is_not_denied_afterwards(
    client: Any, pages: list[Model], field: Any
) -> None:
    def refused() -> None:
        plant(client, field.info().key)
        with pytest.raises(StoredValueError):
            Page.create(name="late", text="refused")

    field.rebuild(progress=once(refused))
    assert known(field, "refused")
    assert field.info().complete


def test_nor_is_one_refused_for_what_lies_under_the_heavy_hitters_key(
    client: Any, pages: list[Model]
) -> None:
    def refused() -> None:
        plant(client, TOP)
        with pytest.raises(StoredValueError, match="top"):
            Page.create(name="late", text="refused")

    Page.often.rebuild(progress=once(refused))
    assert Page.often.get_frequency("refused") == 1
    assert Page.often.top(1) == [("common", 60)]


def test_a_sketch_that_refused_a_save_knows_that_it_lacks_it(
    client: Any, pages: list[Model]
) -> None:
    plant(client, TOP)
    with pytest.raises(StoredValueError):
        Page.create(name="late", text="refused")
    with pytest.raises(IncompleteError):
        Page.often.get_frequency("refused")
    Page.often.rebuild()
    assert Page.often.get_frequency("refused") == 1


def test_another_type_in_place_of_the_staged_heavy_hitters_is_replaced(
    client: Any, pages: list[Model]
) -> None:
    Page.often.rebuild(progress=once(lambda: plant(client, STAGED_TOP)))
    assert_whole()
    assert staged(client) == []


def test_of_what_the_staged_heavy_hitters_lack_none_is_shown(
    client: Any, pages: list[Model]
) -> None:
    Page.often.rebuild(progress=once(lambda: client.delete(STAGED_TOP)))
    assert Page.often.get_frequency("common") == 60
    with pytest.raises(IncompleteError):
        Page.often.top(1)
    Page.often.rebuild()
    assert_whole()


@FIELDS
@pytest.mark.parametrize("late", [False, True])
def test_what_is_forgotten_meanwhile_does_not_come_back(
    client: Any, pages: list[Model], field: Any, late: bool
) -> None:
    def forget() -> None:
        Page.delete_all()
        client.delete(FILTER, SKETCH, TOP, *staged(client))

    field.rebuild(progress=once(forget, at=60 if late else 20))
    assert [key for key in client.keys("*") if b"$" in key and b"F" in key[:4]] == []
    assert staged(client) == []
    assert not known(field, "common")


@FIELDS
def test_a_save_with_another_tokenizer_leaves_it_incomplete(
    client: Any, pages: list[Model], field: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ExistenceFilter(tokenizer=str.split).tokenizer

    def save_as_before() -> None:
        with monkeypatch.context() as before:
            before.setattr(field, "tokenizer", other)
            Page.create(name="old", text="saved by the other process")

    field.rebuild(progress=once(save_as_before))
    assert not field.info().complete
    field.rebuild()
    assert field.info().complete
    assert known(field, "process")


def test_a_record_without_a_fingerprint_stops_it(
    client: Any, pages: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(Page.seen, "fingerprint_fn", lambda page: None)
        with pytest.raises(ArgumentError, match="returned None"):
            Page.seen.rebuild()
    assert_whole()
    assert Page.seen.rebuild() == 60
    assert_whole()


def test_nobody_waits_for_one_that_failed(client: Any, pages: list[Model]) -> None:
    def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            Page.seen.rebuild(progress=lambda done, total: 1 // 0)

    began = time.monotonic()
    Page.seen.rebuild(progress=once(fail))
    assert time.monotonic() - began < 10
    assert_whole()


@pytest.mark.parametrize("lost", [True, False])
def test_a_killed_one_leaves_only_keys_that_expire_and_is_run_again(
    real_client: Any, running: Any, lost: bool
) -> None:
    Page.bulk_create([page(i) for i in range(60)])
    if lost:
        lose(real_client)
    before = set(real_client.keys("*"))
    script = textwrap.dedent("""
        import os, signal
        from popoto_recall.fields import _rebuild
        from test_rebuild import Page
        _rebuild._RECORDS_PER_STEP = 10
        def stop(done, total):
            if done == 30:
                os.kill(os.getpid(), signal.SIGKILL)
        Page.often.rebuild(progress=stop)
    """)
    environment = {
        **os.environ,
        "REDIS_URL": f"unix://{running.socket}",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    ended = subprocess.run([sys.executable, "-c", script], env=environment, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    Page.create(name="since", text="common since")
    left = {key: real_client.ttl(key) for key in set(real_client.keys("*")) - before}
    left = {key: seconds for key, seconds in left.items() if b"since" not in key}
    assert len(left) == (4 if lost else 2) + lost  # the filter of the save, too
    assert all(0 < seconds <= 600 for key, seconds in left.items() if key != FILTER.encode())
    assert Page.often.rebuild() == 61
    assert Page.often.get_frequency("common") == 61
    assert staged(real_client) == []
    assert real_client.ttl(SKETCH) == real_client.ttl(TOP) == -1


def test_what_a_server_will_not_hold_leaves_the_old_value(
    real_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Page.create(name="first", text="word")
    before = contents(real_client)
    real_client.config_set("proto-max-bulk-len", "1mb")
    monkeypatch.setattr(Page.seen, "capacity", 2_000_000)
    try:
        for attempt in (Page.seen.clear, Page.seen.rebuild):
            with pytest.raises(ResponseError, match="maximum"):
                attempt()
    finally:
        real_client.config_set("proto-max-bulk-len", "512mb")
    assert contents(real_client) == before
