"""The server inside the process."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import popoto
import pytest
from models import Memory, Note, memory
from popoto import redis_db

from popoto_recall import embedded


@pytest.fixture(autouse=True)
def previous(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client that Popoto has before, and has again afterwards."""
    client = object()
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", client)
    yield client
    assert redis_db.POPOTO_REDIS_DB is client


def test_records_and_fields_work_in_it() -> None:
    with embedded():
        a, b = memory("a", "kubernetes networking"), memory("b", "kubernetes")
        assert Memory.associations.link(a, b) == 0.1
        assert Memory.bloom.might_exist("networking")
        assert Memory.freq.get_frequency("kubernetes") == 2
        assert len(Memory.query.all()) == 2


def test_it_gives_the_client_that_popoto_uses() -> None:
    with embedded() as client:
        assert redis_db.get_REDIS_DB() is popoto.get_redis() is client
        client.set("mine", "1")
        assert popoto.get_redis().get("mine") == b"1"


def test_the_previous_client_comes_back(previous: Any) -> None:
    with embedded():
        assert redis_db.get_REDIS_DB() is not previous
    assert redis_db.get_REDIS_DB() is previous


def test_the_previous_client_comes_back_after_an_error(previous: Any) -> None:
    with pytest.raises(KeyError), embedded():
        raise KeyError
    assert redis_db.get_REDIS_DB() is previous


def test_the_previous_async_client_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = object()
    monkeypatch.setattr(redis_db, "_POPOTO_ASYNC_REDIS_DB", before)
    with embedded():
        assert redis_db._POPOTO_ASYNC_REDIS_DB is not before
    assert redis_db._POPOTO_ASYNC_REDIS_DB is before


def test_it_begins_empty_each_time() -> None:
    with embedded():
        memory("a", "kubernetes")
    with embedded() as client:
        assert client.dbsize() == 0
        assert not Memory.bloom.might_exist("kubernetes")


def test_one_inside_another_is_its_own() -> None:
    with embedded() as outer:
        Note.near.link("a", "b")
        with embedded() as inner:
            assert inner is not outer
            assert Note.near.get_linked("a") == []
        assert Note.near.get_linked("a") == [("b", 0.1)]


def test_blocks_that_overlap_never_let_the_previous_client_in(previous: Any) -> None:
    """As in two threads: the one that was entered first ends first."""
    first, second = embedded(), embedded()
    first.__enter__()
    client = second.__enter__()
    first.__exit__(None, None, None)
    assert redis_db.get_REDIS_DB() is client
    assert Note.near.link("a", "b") == 0.1
    second.__exit__(None, None, None)
    assert redis_db.get_REDIS_DB() is previous


def test_any_order_of_blocks_ends_with_the_previous_client(previous: Any) -> None:
    for order in permutations(range(3)):
        blocks = [embedded() for _ in order]
        clients = [block.__enter__() for block in blocks]
        open_blocks = list(range(3))
        for ending in order:
            assert redis_db.get_REDIS_DB() is clients[open_blocks[-1]]
            blocks[ending].__exit__(None, None, None)
            open_blocks.remove(ending)
        assert redis_db.get_REDIS_DB() is previous


def test_threads_that_overlap_write_to_no_other_server(previous: Any) -> None:
    inside = threading.Barrier(2, timeout=10)

    def work(number: int) -> None:
        for _ in range(50):
            inside.wait()
            with embedded():
                assert redis_db.get_REDIS_DB() is not previous
                Note.near.link(f"a{number}", "b")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert redis_db.get_REDIS_DB() is previous


def test_async_calls_see_the_same_server() -> None:
    async def story() -> Any:
        saved = await Memory.async_create(key="a", agent_id="agent", content="kubernetes")
        await Memory.associations.async_link(saved, "b")
        client = await popoto.get_async_redis_db()
        return await client.exists("$EF:Memory:bloom"), await Memory.bloom.async_might_exist("zzz")

    with embedded():
        assert asyncio.run(story()) == (1, False)
        assert Memory.associations.get_linked("b") == [("Memory:agent:a", 0.1)]
    with embedded():  # another loop
        assert asyncio.run(story()) == (1, False)


def test_batches_work_in_it() -> None:
    with embedded():
        pipeline = popoto.batch()
        Note.near.link("a", "b", pipeline=pipeline)
        assert Note.near.get_linked("a") == []
        pipeline.execute()
        assert Note.near.get_linked("a") == [("b", 0.1)]


def test_popoto_guards_it_like_any_server() -> None:
    with embedded() as client, pytest.raises(ValueError, match=r"(?i)flush"):
        client.flushall()


def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, previous: Any
) -> None:
    monkeypatch.setitem(sys.modules, "fakeredis", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'popoto-recall\[embedded\]'"):
        embedded().__enter__()
    assert redis_db.get_REDIS_DB() is previous


def test_without_lua_the_error_names_the_extra_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lupa", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'popoto-recall\[embedded\]'"):
        embedded().__enter__()
