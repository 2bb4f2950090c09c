"""The demo's model, exported from one server and imported on another."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from popoto import redis_db
from servers import Server

from popoto_recall.cli.pages import mentions, texts
from popoto_recall.cli.records import RecallDemoPage, link

WORDS = ["lambda", "iterator", "exception", "kubernetes"]


def fill(pages: int) -> None:
    """Save some pages of Python's help, and link those that name each other."""
    chosen = [mention for mention in mentions() if mention.source != mention.target][:pages]
    named = sorted({page for mention in chosen for page in (mention.source, mention.target)})
    records = {name: RecallDemoPage.create(name=name, text=texts[name]) for name in named}
    link(chosen, records)


def answers() -> dict[str, Any]:
    keys = sorted(record.db_key.redis_key for record in RecallDemoPage.query.all())
    return {
        "pages": keys,
        "seen": RecallDemoPage.words.might_exist_batch(WORDS),
        "complete": RecallDemoPage.words.info().complete,
        "counts": RecallDemoPage.counts.get_frequency_batch(WORDS),
        "goes with": RecallDemoPage.goes_with.get_linked_many(keys, limit=100),
        "reached": {key: dict(RecallDemoPage.goes_with.propagate([key])) for key in keys[:5]},
    }


@pytest.fixture
def servers(binary: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Binds Popoto to the first or the second of two servers."""
    pair = [Server(binary), Server(binary)]

    def bind(number: int) -> None:
        client = redis_db.GuardedRedis(unix_socket_path=pair[number].socket)
        monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", client)

    yield bind
    for server in pair:
        server.close()


def test_another_server_answers_the_same(servers: Callable[[int], None]) -> None:
    servers(0)
    fill(40)
    before = answers()
    assert before["seen"] == {"lambda": True, **dict.fromkeys(WORDS[1:3], True), WORDS[3]: False}
    assert any(before["goes with"].values())
    stream = io.StringIO()
    RecallDemoPage.export_records(stream=stream)
    servers(1)
    assert RecallDemoPage.query.count() == 0
    for _ in range(2):
        stream.seek(0)
        RecallDemoPage.import_records(stream, on_conflict="skip")
        assert answers() == before
