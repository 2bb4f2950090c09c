"""`ExistenceFilter` on every server: its answers, how it grows, and what is stored of it."""

from __future__ import annotations

import hashlib
import logging
import math
from typing import Any

import pytest
from kept import OLDER, Filter, at_once, by_its_twin, plain
from support import Spent

from popoto_recall.structures import bloom
from popoto_recall.structures.sizing import data_bytes

FILTER = Filter()
KEY = FILTER.key
HEAD_BYTES = len(FILTER.begins + b"default -\n") + 180

Page = FILTER.model()


def page(text: str, title: str = "a") -> Any:
    return Page.create(title=title, text=text)


def words(number: int, prefix: str = "in") -> list[str]:
    return [f"{prefix}{each}" for each in range(number)]


# Asking


@pytest.mark.parametrize("way", [at_once, by_its_twin], ids=["sync", "async"])
def test_what_was_saved_may_exist_and_nothing_else(client: Any, way: Any) -> None:
    page("Kubernetes deployment guide")
    for text in ("kubernetes", "KUBERNETES", "guide!", "Kubernetes deployment guide"):
        assert way(Page.kept, "might_exist", text) is True
        assert way(Page.kept, "definitely_missing", text) is False
    for text in ("zebra", "kubernete", "deployments", "is", ""):
        assert way(Page.kept, "might_exist", text) is False
        assert way(Page.kept, "definitely_missing", text) is True
    assert way(Page.kept, "might_exist_count", ["zebra", "guide", "guide", "is"]) == 1


TEXTS = {"tea": 1, "green tea": 2, "black tea": 1, "tea green coffee": 3, "tea coffee lion": 2}
"""Texts, and how many of their tokens were saved."""


@pytest.mark.parametrize("match", ["any", "all", 1, 2, 3, 100])
@pytest.mark.parametrize("way", [at_once, by_its_twin], ids=["sync", "async"])
def test_match_says_how_many_tokens_must_be_there(client: Any, way: Any, match: Any) -> None:
    """They may come from different records; all must be there of a text that has fewer."""
    page("green tea", "a")
    page("coffee", "b")
    expected = {}
    for text, hits in TEXTS.items():
        tokens = len(text.split())
        wanted = {"any": 1, "all": tokens}.get(match, match)
        expected[text] = hits >= min(wanted, tokens)
        assert way(Page.kept, "might_exist", text, match=match) is expected[text]
        assert way(Page.kept, "definitely_missing", text, match=match) is not expected[text]
    assert way(Page.kept, "might_exist_batch", TEXTS, match=match) == expected
    assert way(Page.kept, "might_exist_count", TEXTS, match=match) == sum(expected.values())


@pytest.mark.parametrize("match", ["ALL", "", None, 0, -1, 1.0, True, "2"])
def test_match_is_any_all_or_a_whole_number(client: Any, match: Any) -> None:
    for name, argument in (("might_exist", "tea"), ("might_exist_batch", ["tea"])):
        with pytest.raises(ValueError, match=r"^match is 'any', 'all' or a whole number >= 1"):
            at_once(Page.kept, name, argument, match=match)


def calls_of(client: Any, model: Any, asked: list[str]) -> int:
    """How many calls of a script a batch takes; each is answered as alone."""
    before = Spent(client).calls
    found = model.kept.might_exist_batch(asked)
    after = Spent(client).calls
    assert all(found[text] is text.startswith("in") for text in (*asked[:50], *asked[-50:]))
    return after - before


def test_a_batch_is_one_call_up_to_20_000_block_tests(real_client: Any) -> None:
    model = FILTER.model(capacity=1000, error_rate=1e-6, tokenizer=plain)
    model.create(title="a", text=" ".join(words(900)))
    assert model.kept.info().layers == 1
    assert model.kept.might_exist("in0")  # brings the script to the server
    for tokens, calls in ((20_000, 1), (20_001, 2), (60_000, 3)):
        assert calls_of(real_client, model, [*words(50), *words(tokens - 50, "out")]) == calls
    model.create(title="b", text=" ".join(words(3600)))
    assert model.kept.info().layers == 3
    for tokens, calls in ((6667, 1), (6668, 2), (20_002, 4)):
        assert calls_of(real_client, model, [*words(50), *words(tokens - 50, "out")]) == calls


def test_a_large_filter_does_not_hold_the_server_for_long(real_client: Any) -> None:
    large = FILTER.model(capacity=100_000)
    for part in range(10):
        text = " ".join(f"token{number}" for number in range(part * 20_000, (part + 1) * 20_000))
        large.create(title=str(part), text=text)
    spent = Spent(real_client)
    found = large.kept.might_exist_batch([f"token{number}" for number in range(400_000)])
    assert spent.per_call() < 0.05
    assert all(found[f"token{number}"] for number in range(200_000))
    assert sum(found.values()) < 200_000 * 1.02
    vast = FILTER.model(capacity=80_000_000)
    vast.kept.clear()
    assert spent.per_call() < 2
    assert real_client.memory_usage(KEY) < 1.3 * real_client.strlen(KEY)


def test_an_incomplete_filter_says_yes_to_all_and_warns_once(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bloom._warn_incomplete.cache_clear()
    OLDER.create(title="old", text="forgotten")
    with caplog.at_level(logging.WARNING, "popoto_recall"):
        for _ in range(2):
            assert Page.kept.might_exist("zebra", match="all") is True
            assert Page.kept.definitely_missing("zebra") is False
            assert Page.kept.might_exist_batch(["zebra", "lion"]) == {"zebra": True, "lion": True}
    assert Page.kept.might_exist_count(["zebra", "lion"]) == 2
    [warning] = [record.getMessage() for record in caplog.records]
    assert KEY in warning
    assert "rebuild()" in warning


# Growing


def test_past_its_capacity_it_grows_inside_the_add_that_fills_it(client: Any) -> None:
    """At seven times its capacity it said yes to 65 % of what it never saw, and logged nothing."""
    model = FILTER.model(capacity=100, tokenizer=plain)
    layers = []
    for part in range(16):
        model.create(title=str(part), text=" ".join(words(50, f"part{part}x")))
        layers.append(model.kept.info().layers)
    assert layers == [1, 1, 2, 2, 3, 3, 3, 3, *[4] * 8]
    saved = [word for part in range(16) for word in words(50, f"part{part}x")]
    assert model.kept.might_exist_count(saved) == 800
    assert model.kept.might_exist_count(words(10_000, "out")) <= 1.5 * 0.01 * 10_000
    info = model.kept.info()
    assert (info.capacity, info.declared_capacity) == (100, 100)
    assert info.complete


@pytest.mark.parametrize("capacity", [1, 7, 100])
def test_one_long_text_makes_a_small_filter_as_large_as_it_needs(
    client: Any, capacity: int
) -> None:
    model = FILTER.model(capacity=capacity, tokenizer=plain)
    model.create(title="a", text=" ".join(words(4500)))
    assert model.kept.might_exist_count(words(4500)) == 4500
    assert model.kept.might_exist_count(words(20_000, "out")) <= 1.5 * 0.01 * 20_000
    assert model.kept.info().layers == 1 + math.ceil(math.log2(4500 / capacity))


def test_what_it_holds_already_fills_nothing(client: Any) -> None:
    model = FILTER.model(capacity=100, tokenizer=plain)
    for number in range(5):
        model.create(title=str(number), text=" ".join(words(90)))
    info = model.kept.info()
    assert (info.items, info.layers) == (pytest.approx(90, abs=1), 1)
    model.create(title="more", text=" ".join(words(250)))
    for number in range(5):
        model.create(title=str(number), text=" ".join(words(250)))
    info = model.kept.info()
    assert (info.items, info.layers) == (pytest.approx(250, abs=3), 3)


def test_a_filter_that_grew_keeps_its_time_to_live(client: Any) -> None:
    model = FILTER.model(capacity=10, tokenizer=plain)
    model.create(title="a", text="tea")
    client.expire(KEY, 1000)
    model.create(title="b", text=" ".join(words(50)))
    assert model.kept.info().layers > 1
    assert 0 < client.ttl(KEY) <= 1000


def test_it_is_as_full_and_as_often_wrong_as_it_says(client: Any) -> None:
    model = FILTER.model(capacity=1000, tokenizer=plain)
    for number, tokens in enumerate((1000, 8000)):
        model.create(title=str(number), text=" ".join(words(tokens)))
        info = model.kept.info()
        data = client.get(KEY)[-(info.size - len(FILTER.begins + b"plain -\n") - 180) :]
        ones = sum(map(int.bit_count, data))
        assert info.fill_ratio == model.kept.fill_ratio() == ones / (8 * len(data))
        assert 0.98 * tokens <= info.items <= tokens
        found = model.kept.might_exist_count(words(40_000, "out")) / 40_000
        assert found == pytest.approx(info.false_positive_rate, rel=0.3)


@pytest.mark.parametrize(
    ("capacity", "error_rate", "tokens"),
    [(1, 0.01, 15), (10, 0.01, 15), (57, 0.01, 59), (120, 0.5, 160), (100, 0.01, 100)],
)
def test_a_rebuild_ends_and_makes_one_layer_that_is_large_enough(
    client: Any, capacity: int, error_rate: float, tokens: int
) -> None:
    """Of a small filter slightly over its capacity it never ended."""
    model = FILTER.model(capacity=capacity, error_rate=error_rate, tokenizer=plain)
    for number in range(3):
        model.create(title=str(number), text=" ".join(words(tokens)))
    for evicted in (False, True, False):
        if evicted:
            client.delete(KEY)
        assert model.kept.rebuild() == 3
        info = model.kept.info()
        assert info.layers == 1
        assert capacity <= info.capacity <= max(capacity, math.ceil(1.25 * tokens))
        assert info.false_positive_rate <= 1.2 * error_rate
    assert model.kept.might_exist_count(words(tokens)) == tokens


def test_a_rebuild_after_deletes_makes_it_as_small_as_declared(client: Any) -> None:
    model = FILTER.model(capacity=50, tokenizer=plain)
    records = [model.create(title=str(n), text=" ".join(words(100, f"{n}x"))) for n in range(5)]
    assert model.kept.rebuild() == 5
    assert model.kept.info().capacity >= 490
    for record in records[:-1]:
        record.delete()
    records[-1].text = "tea"
    records[-1].save()
    assert model.kept.rebuild() == 1
    assert (model.kept.info().capacity, model.kept.info().items) == (50, 1)


def test_a_rebuild_of_an_exactly_full_filter_makes_one_layer(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("popoto_recall.fields._rebuild._RECORDS_PER_STEP", 1)
    model = FILTER.model(capacity=20, error_rate=1e-6, tokenizer=plain)
    for title in "ab":
        model.create(title=title, text=" ".join(words(20)))
    client.delete(KEY)  # so that nothing tells how many there will be
    model.kept.rebuild()
    info = model.kept.info()
    assert (info.items, info.layers) == (20, 1)


# State


def test_a_filter_tells_its_state(client: Any) -> None:
    page("green tea")
    page("green tea and coffee", "b")
    for way in (at_once, by_its_twin):
        info = way(Page.kept, "info")
        assert (info.key, info.exists, info.complete, info.items) == (KEY, True, True, 3)
        assert (info.capacity, info.error_rate, info.layers) == (1000, 0.01, 1)
        assert info.size == HEAD_BYTES + data_bytes(1000, 0.01)
        assert info.fill_ratio == way(Page.kept, "fill_ratio")
        assert info.fill_ratio == pytest.approx(15 / 8 / data_bytes(1000, 0.01), rel=0.15)
        assert 0 < info.false_positive_rate < 0.001
        assert not info.rebuilding


def test_without_a_filter_it_says_what_would_be_made(client: Any) -> None:
    info = FILTER.model(capacity=5, error_rate=0.123456789).kept.info()
    assert (info.exists, info.layers, info.fill_ratio) == (False, 0, 0.0)
    assert (info.capacity, info.declared_capacity) == (5, 5)
    assert (info.error_rate, info.declared_error_rate) == (0.123456789, 0.123456789)


# What is stored

GOLDEN = bytes.fromhex(
    "726563616c6c2d626c6f6f6d20312064656661756c74202d0a31203030303030303030303030303034202d30"
    "3030303030303030303030303030302030322030303030303030333937203036203030303030303030303320"
    "30303030303030332030313838383920312e30303030652d30320a3120303030303030303030303030303420"
    "2d30303030303030303030303030303030203032203030303030303033393720303620303030303030303030"
    "332030303030303030332030313838383920312e30303030652d30320a040000104020000000000000000000"
    "0000000020000400000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000080000000000200040020000000000000800000020004000000000000100a100004000000000000"
    "0000000000000020012000010000000000000000000000800000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00"
)
"""A filter of capacity 3 that "green tea and black coffee" was saved into, so that it grew."""

LARGER = {
    "half": "a1a0f7bbf6b5c83ddd13219285269934dda574eb3f56cf8d1e06996135db1553",
    "full": "5bdef24e895492eb5dd58517c5ea69f6f6bf5b114359e2739a1c958340e825d8",
    "grown": "56cc4c33f3b3e35bf0b121943977fe8259e752dca69f197d945923f03736fefa",
}
"""SHA-256 of a filter of capacity 2,000 with so many tokens in it, added in several saves."""


def test_every_server_stores_the_same_bytes(client: Any) -> None:
    """And for ever the same: they decide which bits are asked."""
    golden = FILTER.model(capacity=3)
    golden.create(title="a", text="green tea and black coffee")
    assert client.get(KEY).hex() == GOLDEN.hex()


def test_a_filter_stored_by_the_first_version_is_readable(client: Any) -> None:
    client.set(KEY, GOLDEN)
    found = Page.kept.might_exist_batch(["green", "tea", "coffee", "black", "zebra", "lion"])
    assert [text for text, hit in found.items() if hit] == ["green", "tea", "coffee", "black"]
    info = Page.kept.info()
    assert (info.complete, info.items, info.layers, info.capacity) == (True, 4, 2, 3)


def test_every_server_stores_the_same_bytes_after_many_saves(client: Any) -> None:
    larger = FILTER.model(capacity=2000)
    for part in range(10):
        larger.create(title=str(part), text=" ".join(words(100 + 90 * part, "word")))
    assert hashlib.sha256(client.get(KEY)).hexdigest() == LARGER["half"]
    larger.create(title="all", text=" ".join(words(1100, "more")))
    assert hashlib.sha256(client.get(KEY)).hexdigest() == LARGER["full"]
    larger.create(title="all", text=" ".join(words(7000, "many")))
    assert hashlib.sha256(client.get(KEY)).hexdigest() == LARGER["grown"]
