"""Filters and sketches made anew from the stored records."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from popoto import Model, StringField, UniqueKeyField
from redis.exceptions import ResponseError

from popoto_recall import ExistenceFilter, FrequencySketch
from popoto_recall.errors import ArgumentError, MismatchError, RebuildError, WrongTypeError
from popoto_recall.fields import _rebuild


class Leaf(Model):
    """Its sketch keeps no heavy hitters, so that a save that finds all well is a short one."""

    name = UniqueKeyField()
    seen = ExistenceFilter(capacity=200)
    often = FrequencySketch(width=500, depth=4)


class Page(Model):
    name = UniqueKeyField()
    text = StringField()
    seen = ExistenceFilter(capacity=200, fingerprint_fn=lambda page: page.text)
    often = FrequencySketch(width=500, depth=4, top=5, fingerprint_fn=lambda page: page.text)


@pytest.fixture
def pages(client: Any, monkeypatch: pytest.MonkeyPatch) -> list[Model]:
    monkeypatch.setattr(_rebuild, "_RECORDS_PER_STEP", 10)
    return Page.bulk_create([page(i) for i in range(60)])


def page(number: int) -> Page:
    return Page(name=f"p{number:03}", text=f"word{number} common third{number % 3}")


def lose(client: Any) -> None:
    client.delete("$EF:Page:seen", "$FS:Page:often", "$FS:Page:often:top")


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
    return [key for key in client.scan_iter() if b":staging" in key or b":progress" in key]


def test_a_rebuild_brings_back_what_was_lost(client: Any, pages: list[Model]) -> None:
    lose(client)
    assert Page.seen.rebuild() == Page.often.rebuild() == 60
    assert_whole()
    assert staged(client) == []


def test_a_rebuild_is_the_same_however_often_it_runs(client: Any, pages: list[Model]) -> None:
    pages[0].save()
    assert Page.often.get_frequency("common") == 61
    values = set()
    for _ in range(3):
        Page.often.rebuild()
        Page.seen.rebuild()
        values.add((client.get("$FS:Page:often"), client.get("$EF:Page:seen")))
    assert len(values) == 1
    assert_whole()


def test_progress_tells_how_many_are_done(client: Any, pages: list[Model]) -> None:
    told: list[tuple[int, int]] = []
    Page.seen.rebuild(progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 60) for done in range(10, 61, 10)]
    assert asyncio.run(Page.often.async_rebuild()) == 60


def test_saves_made_meanwhile_are_in_it(client: Any, pages: list[Model]) -> None:
    lose(client)

    def save_one_more(done: int, total: int) -> None:
        Page.create(name=f"late{done}", text=f"late{done} common")

    Page.seen.rebuild(progress=save_one_more)
    late = [f"late{done}" for done in range(10, 61, 10)]
    assert all(Page.seen.might_exist_batch(late).values())
    Page.often.rebuild(progress=lambda done, total: pages[done % 60].save())
    assert Page.often.get_frequency("common") >= 66


def test_saves_beside_a_complete_value_are_in_the_new_one_too(client: Any) -> None:
    Leaf.create(name="first")
    assert Leaf.seen.info().complete
    assert Leaf.often.info().complete
    Leaf.seen.rebuild(progress=lambda done, total: Leaf.create(name="second"))
    assert Leaf.seen.might_exist("second")
    Leaf.often.rebuild(progress=lambda done, total: Leaf.create(name="third"))
    assert Leaf.often.get_frequency("third") == 1


def test_a_progress_of_another_type_is_named(client: Any, pages: list[Model]) -> None:
    client.set("$EF:Page:seen:progress", "x")
    with pytest.raises(WrongTypeError, match="'\\$EF:Page:seen:progress' holds a string"):
        Page.seen.rebuild()
    client.delete("$EF:Page:seen:progress")
    client.hset("$EF:Page:seen:progress", mapping={"under_way": 0})
    assert Page.seen.rebuild() == 60
    assert_whole()


def test_what_a_server_will_not_hold_leaves_the_old_value(real_client: Any) -> None:
    Leaf.create(name="first")
    before = real_client.get("$EF:Leaf:seen")
    real_client.config_set("proto-max-bulk-len", "1mb")

    class Leaf2(Model):
        name = UniqueKeyField()
        seen = ExistenceFilter(capacity=2_000_000)

    real_client.rename("$EF:Leaf:seen", "$EF:Leaf2:seen")
    try:
        with pytest.raises(ResponseError, match="maximum"):
            Leaf2.seen.clear()
    finally:
        real_client.config_set("proto-max-bulk-len", "512mb")
    assert real_client.get("$EF:Leaf2:seen") == before


def test_the_old_filter_serves_until_the_new_one_takes_its_place(
    client: Any, pages: list[Model]
) -> None:
    Page.seen.rebuild(progress=lambda done, total: assert_whole())


def test_a_filter_that_outgrew_its_capacity_is_made_larger(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    Page.bulk_create([page(i) for i in range(400)])
    assert Page.seen.info().items > 200
    before = Page.seen.info()
    Page.seen.might_exist("word1")
    Page.seen.rebuild()
    info = Page.seen.info()
    assert info.capacity > info.items > 200
    assert info.false_positive_rate < 0.01 < before.false_positive_rate
    assert_whole(400)
    Page.create(name="more", text="another")
    assert Page.seen.might_exist("another")


def test_a_rebuild_mends_whatever_is_stored(client: Any, pages: list[Model]) -> None:
    for damage in (b"", b"\0" * 4000, client.get("$EF:Page:seen")[:100]):
        client.set("$EF:Page:seen", damage)
        Page.seen.rebuild()
    client.delete("$FS:Page:often")
    client.hset("$FS:Page:often", "0:1", 3)
    Page.often.rebuild()
    assert_whole()


def test_a_changed_option_takes_effect_with_a_rebuild(
    client: Any, pages: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Page.seen, "error_rate", 0.001)
    with pytest.raises(
        MismatchError, match=r"made with error_rate=0\.01 .* the field says error_rate=0\.001 "
    ):
        Page.seen.might_exist("word1")
    Page.seen.rebuild()
    assert_whole()


def test_a_rebuild_that_another_one_overtakes_gives_up(client: Any, pages: list[Model]) -> None:
    def overtake(done: int, total: int) -> None:
        if done == 20:
            Page.often.rebuild()

    with pytest.raises(RebuildError, match="belongs to another rebuild"):
        Page.often.rebuild(progress=overtake)
    assert_whole()
    assert staged(client) == []


def test_a_save_with_other_options_ends_a_rebuild(
    client: Any, pages: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_as_before(done: int, total: int) -> None:
        with monkeypatch.context() as old:
            old.setattr(Page.often, "width", 500)
            if done == 20:
                Page.create(name="old", text="saved by the other process")

    monkeypatch.setattr(Page.often, "width", 600)
    with pytest.raises(RebuildError):
        Page.often.rebuild(progress=save_as_before)
    assert Page.often.rebuild() == 61
    assert Page.often.get_frequency("process") == 1


def test_a_clear_ends_a_rebuild(client: Any, pages: list[Model]) -> None:
    with pytest.raises(RebuildError):
        Page.seen.rebuild(progress=lambda done, total: Page.seen.clear())
    assert staged(client) == []


def test_a_record_without_a_fingerprint_stops_it(
    client: Any, pages: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Page.seen, "fingerprint_fn", lambda page: None)
    with pytest.raises(ArgumentError, match="returned None"):
        Page.seen.rebuild()
    monkeypatch.undo()
    assert_whole()


def test_a_killed_rebuild_goes_on_where_it_was(real_client: Any, running: Any) -> None:
    Page.bulk_create([page(i) for i in range(60)])
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
        "PYTHONPATH": str(Path(__file__).parent),
    }
    ended = subprocess.run([sys.executable, "-c", script], env=environment, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert len(staged(real_client)) == 3
    Page.create(name="since", text="common since")
    told: list[int] = []
    Page.often.rebuild(progress=lambda done, total: told.append(done))
    assert told[0] > 30
    assert Page.often.get_frequency("common") in (61, 62)
    assert Page.often.get_frequency("word10") == 1
    assert staged(real_client) == []
