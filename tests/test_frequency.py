"""`FrequencySketch` on every server: its counts, heavy hitters, and what is stored of it."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis
from kept import OLDER, Call, Sketch, at_once, by_its_twin, plain, queued, tenants
from popoto import redis_db
from support import Spent

from popoto_recall import IncompleteError, WrongTypeError, partition
from popoto_recall.structures.sketch import shape

SKETCH = Sketch()
KEY = SKETCH.key
MOST = 2**32 - 1

Page = SKETCH.model()

reading = pytest.mark.parametrize("ask", [at_once, by_its_twin], ids=["sync", "async"])
writing = pytest.mark.parametrize(
    "write", [at_once, by_its_twin, queued], ids=["sync", "async", "pipeline"]
)


def page(text: str, title: str = "a") -> Any:
    return Page.create(title=title, text=text)


# Counting


@reading
def test_every_save_counts_and_the_rarest_token_decides(client: Any, ask: Call) -> None:
    page("green tea tea TEA", "a")
    page("black tea", "b").save()
    asked = {"tea": 3, "TEA!": 3, "black tea": 2, "green tea": 1, "black coffee": 0, "unseen": 0}
    for text, times in asked.items():
        assert ask(Page.kept, "get_frequency", text) == times
    assert ask(Page.kept, "get_frequency_batch", asked) == asked


@writing
def test_increment_counts_without_a_record(client: Any, write: Call) -> None:
    write(Page.kept, "increment", "green tea")
    write(Page.kept, "increment", "tea", 5)
    write(Page.kept, "increment", "tea", by=10)
    assert Page.kept.get_frequency_batch(["tea", "green"]) == {"tea": 16, "green": 1}
    Page.kept.clear()
    OLDER.create(title="old", text="forgotten")
    client.delete(KEY)
    write(Page.kept, "increment", "tea")
    assert not SKETCH.answers(Page.kept)


@pytest.mark.parametrize("by", [0, -1, 1.0, 1.5, True, "1", None, MOST + 1, 10**30, math.inf])
def test_increment_is_by_a_whole_number_that_a_counter_holds(client: Any, by: Any) -> None:
    with pytest.raises(ValueError, match=r"^by is "):
        Page.kept.increment("tea", by=by)
    assert client.keys("*") == []


@writing
def test_a_counter_stops_at_its_end(client: Any, write: Call) -> None:
    write(Page.kept, "increment", "tea", by=MOST - 1)
    for _ in range(3):
        write(Page.kept, "increment", "tea")
        assert Page.kept.get_frequency_batch(["tea", "coffee"]) == {"tea": MOST, "coffee": 0}
    write(Page.kept, "increment", "tea", by=MOST)
    assert Page.kept.get_frequency("tea") == MOST
    assert Page.kept.info().items == 2 * MOST + 2


def test_the_number_of_tokens_counted_stops_too(client: Any) -> None:
    page("tea")
    near = client.get(KEY).replace(b"1 %014d " % 1, b"1 %014d " % (10**14 - 5))
    client.set(KEY, near)
    for _ in range(3):
        Page.kept.increment("tea coffee", by=MOST)
        assert Page.kept.info().items == 10**14 - 1
    assert Page.kept.get_frequency_batch(["tea", "lion"]) == {"tea": MOST, "lion": 0}


def test_many_tokens_hold_the_server_for_milliseconds_only(real_client: Any) -> None:
    tokens = [f"token{number}" for number in range(300_000)]
    large = SKETCH.model(width=200_000)
    spent = Spent(real_client)
    large.kept.increment(" ".join(tokens[::2]))
    assert spent.per_call() < 0.05
    found = large.kept.get_frequency_batch(tokens)
    assert all(found[token] > 0 for token in tokens[::2])
    assert large.kept.get_frequency(" ".join(tokens[::2])) > 0
    assert spent.per_call() < 0.05


@pytest.mark.parametrize(("tokens", "calls"), [(5000, 1), (5001, 2), (15_001, 4)])
def test_a_batch_is_one_call_up_to_20_000_counters(
    real_client: Any, tokens: int, calls: int
) -> None:
    asked = [f"token{number}" for number in range(tokens)]
    Page.kept.increment(asked[-1])
    spent = Spent(real_client)
    before = spent.calls
    found = Page.kept.get_frequency_batch(asked)
    spent.per_call()
    assert spent.calls - before == calls
    assert list(found) == asked
    assert found[asked[-1]] == 1


# Creations


def creations(**options: Any) -> Any:
    return SKETCH.model(count_on="create", **options)


def dropped(record: Any) -> None:
    """Queue a save, and never carry it out."""
    record.save(pipeline=redis_db.get_REDIS_DB().pipeline(), migrate_key=True)


def overtaken(record: Any) -> None:
    """Queue a save in a transaction that another writer overtakes."""
    client = redis_db.get_REDIS_DB()
    pipeline = client.pipeline()
    pipeline.watch("watched")
    pipeline.multi()
    record.save(pipeline=pipeline, migrate_key=True)
    client.incr("watched")
    with pytest.raises(redis.WatchError):
        pipeline.execute()


def test_a_record_is_counted_when_it_is_first_stored_and_never_again(client: Any) -> None:
    model = creations()
    record = model.create(title="a", text="tea")
    record.save()
    record.save(update_fields=["text"])
    queued_again = client.pipeline()
    record.save(pipeline=queued_again)
    queued_again.execute()
    record.title = "renamed"
    record.save(migrate_key=True)
    model.query.get(title="renamed").save()
    model(title="renamed", text="tea").save()  # a fresh instance over a stored record
    assert model.kept.get_frequency("tea") == 1
    model.create(title="b", text="tea")
    assert model.kept.get_frequency("tea") == 2


@pytest.mark.parametrize("lose", [dropped, overtaken])
def test_a_record_whose_first_save_was_lost_is_counted(client: Any, lose: Any) -> None:
    model = creations()
    record = model(title="a", text="tea")
    for _ in range(2):
        lose(record)
        assert model.kept.get_frequency("tea") == 0
    record.save()
    record.save()
    assert model.kept.get_frequency("tea") == 1


def test_a_record_that_was_deleted_is_counted_when_it_is_saved_again(client: Any) -> None:
    model = creations()
    record = model.create(title="a", text="tea")
    record.delete()
    model.kept.clear()
    record.save()
    record.save()
    assert model.kept.get_frequency("tea") == 1


@pytest.mark.parametrize("lose", [None, dropped, overtaken])
@pytest.mark.parametrize("loaded", [False, True])
def test_a_record_that_arrives_from_another_partition_is_counted(
    client: Any, loaded: bool, lose: Any
) -> None:
    model = tenants(kept=SKETCH.field(count_on="create", partition_by="agent"))
    record = model.create(title="a", text="tea", agent="a1", team="t")
    if loaded:
        record = model.query.get(title="a", agent="a1", team="t")
    record.agent = "a2"
    if lose:
        lose(record)
    for _ in range(2):
        record.save(migrate_key=True)
    record.title = "renamed"
    record.save(migrate_key=True)
    for agent in ("a1", "a2"):
        with partition(agent=agent):
            assert model.kept.get_frequency("tea") == 1


# Heavy hitters

TOP = f"{{{KEY}}}:top"


def hitters(top: int = 3, **options: Any) -> Any:
    return SKETCH.model(**{"top": top, "width": 2000, "tokenizer": plain, **options})


def test_the_heaviest_tokens_come_heaviest_first(client: Any) -> None:
    model = hitters()
    for number, text in enumerate(["a b", "a c", "a b d", "e", "a b c"]):
        model.create(title=str(number), text=text)
    assert model.kept.top(3) == model.kept.top() == [("a", 4), ("b", 3), ("c", 2)]
    assert model.kept.top(1) == asyncio.run(model.kept.async_top(1)) == [("a", 4)]
    model.kept.increment("e", by=9)
    assert model.kept.top(2) == [("e", 10), ("a", 4)]
    assert client.zcard(TOP) == 3
    model.kept.rebuild()
    assert dict(model.kept.top(2)) == {"a": 4, "b": 3}


def test_the_heaviest_of_a_skewed_stream_are_found(client: Any) -> None:
    model = hitters(top=20)
    stream = zipf(3000, 7)
    true: Counter[str] = Counter()
    for start in range(0, len(stream), 3):
        model.kept.increment(" ".join(stream[start : start + 3]))
        true.update({*stream[start : start + 3]})
    found = dict(model.kept.top(20))
    assert all(found[token] >= true[token] for token in found)
    assert {token for token, _ in true.most_common(10)} <= set(found)


@pytest.mark.parametrize("n", [0, -1, 4, 1.0, "1", True])
def test_no_more_are_told_than_are_kept(client: Any, n: Any) -> None:
    with pytest.raises(ValueError, match=r"top=3|whole number"):
        hitters().kept.top(n)
    with pytest.raises(ValueError, match=r"top=0|whole number"):
        Page.kept.top(n)
    with pytest.raises(ValueError, match="top=0"):
        Page.kept.top()


def test_what_has_no_counts_has_no_heaviest(client: Any) -> None:
    model = hitters()
    assert model.kept.top(3) == []
    model.kept.increment("old", by=9)
    model.kept.clear()
    assert not client.exists(TOP)
    assert model.kept.top(3) == []
    model.kept.increment("old", by=9)
    client.delete(KEY)  # evicted
    assert model.kept.top(3) == []
    model.kept.increment("new")
    assert model.kept.top(3) == [("new", 1)]


def lost(client: Any) -> None:
    client.delete(TOP)


def counted_by_a_process_that_keeps_none(client: Any) -> None:
    hitters(top=0).kept.increment("old")


@pytest.mark.parametrize("lose", [lost, counted_by_a_process_that_keeps_none])
def test_heaviest_that_were_lost_are_missed_until_a_rebuild(client: Any, lose: Any) -> None:
    model = hitters()
    model.create(title="a", text="old new")
    model.kept.increment("old", by=9)
    lose(client)
    for _ in range(2):
        with pytest.raises(IncompleteError, match=r"'\$FS:Page:kept' .*rebuild\(\)"):
            model.kept.top(3)
        model.kept.increment("new")
    assert model.kept.get_frequency("new") == 3
    assert model.kept.info().top == 3
    model.kept.rebuild()
    assert model.kept.top(3) == [("old", 1), ("new", 1)]
    assert model.kept.info().top == 3


def test_a_field_that_begins_to_keep_them_has_none_before_a_rebuild(client: Any) -> None:
    hitters(top=0).create(title="a", text="tea")
    model = hitters()
    model.create(title="b", text="tea")
    assert (model.kept.info().top, model.kept.info().declared_top) == (0, 3)
    with pytest.raises(IncompleteError, match=r"rebuild\(\)"):
        model.kept.top()
    assert model.kept.get_frequency("tea") == 2
    model.kept.rebuild()
    assert model.kept.top() == [("tea", 2)]


def test_a_save_that_is_refused_for_its_heaviest_is_not_forgotten(client: Any) -> None:
    """The record was stored, and then counted 0 times by a sketch that called itself complete."""
    model = hitters()
    model.create(title="a", text="tea")
    client.delete(TOP)
    client.set(TOP, "x")
    for call in (
        lambda: model.kept.top(1),
        lambda: model.kept.increment("tea"),
        lambda: model.create(title="b", text="coffee"),
    ):
        with pytest.raises(WrongTypeError, match=rf"'{TOP}'".replace("$", r"\$")):
            call()
    client.delete(TOP)
    assert not SKETCH.answers(model.kept)
    assert model.kept.rebuild() == 2
    assert model.kept.get_frequency_batch(["tea", "coffee"]) == {"tea": 1, "coffee": 1}


def test_a_rebuild_beside_such_a_save_ends_without_it_or_incomplete(client: Any) -> None:
    model = hitters()
    model.create(title="b", text="tea")

    def save_one_that_is_refused(done: int, total: int) -> None:
        if done == total:
            client.delete(TOP, f"{{{KEY}}}:staging:top")
            client.set(TOP, "x")
            with pytest.raises(WrongTypeError):
                model.create(title="a", text="coffee")

    model.kept.rebuild(progress=save_one_that_is_refused)
    assert SKETCH.knows(model.kept, "coffee")
    model.kept.rebuild()
    assert model.kept.get_frequency_batch(["tea", "coffee"]) == {"tea": 1, "coffee": 1}
    assert SKETCH.answers(model.kept)


# Accuracy


def uniform(number: int, seed: int) -> list[str]:
    return random.Random(seed).choices([f"word{at}" for at in range(5000)], k=number)


def zipf(number: int, seed: int) -> list[str]:
    ranks = range(1, 5001)
    return random.Random(seed).choices(
        [f"word{at}" for at in ranks], [1 / rank for rank in ranks], k=number
    )


def counted(model: Any, stream: Sequence[str]) -> dict[str, int]:
    """What a sketch makes of a stream of tokens, for each of them."""
    for token, times in Counter(stream).items():
        model.kept.increment(token, by=times)
    found: dict[str, int] = model.kept.get_frequency_batch(list(dict.fromkeys(stream)))
    return found


@pytest.mark.parametrize("draw", [uniform, zipf])
@pytest.mark.parametrize(("width", "depth"), [(100, 1), (200, 3), (200, 5), (200, 7)])
def test_estimates_are_never_under_and_seldom_far_over(
    real_client: Any, draw: Callable[[int, int], list[str]], width: int, depth: int
) -> None:
    stream = draw(50_000, 7)
    true = Counter(stream)
    model = SKETCH.model(width=width, depth=depth, tokenizer=plain)
    found = counted(model, stream)
    assert all(found[token] >= count for token, count in true.items())
    bound = model.kept.info().error_bound
    assert bound == pytest.approx(math.e * len(stream) / width)
    far = sum(found[token] - count > bound for token, count in true.items())
    assert far <= math.exp(-depth) * len(true)


def test_what_was_never_counted_is_seldom_far_over_either(real_client: Any) -> None:
    model = SKETCH.model(width=200, depth=3, tokenizer=plain)
    counted(model, uniform(50_000, 7))
    bound = model.kept.info().error_bound
    found = model.kept.get_frequency_batch([f"other{number}" for number in range(20_000)])
    assert sum(count > bound for count in found.values()) <= math.exp(-3) * len(found)


# State


def test_a_sketch_tells_its_state(client: Any) -> None:
    page("green tea")
    Page.kept.increment("tea", by=3)
    for way in (at_once, by_its_twin):
        info = way(Page.kept, "info")
        assert (info.key, info.exists, info.complete, info.items) == (KEY, True, True, 5)
        assert (info.width, info.depth, info.top) == (100, 4, 0)
        assert (info.declared_width, info.declared_depth, info.declared_top) == (100, 4, 0)
        assert info.error_bound == pytest.approx(5 * math.e / 100)
        assert info.size == client.strlen(KEY)


def test_an_incomplete_sketch_answers_nothing(client: Any) -> None:
    OLDER.create(title="old", text="forgotten")
    for name, argument in (("get_frequency", "tea"), ("get_frequency_batch", ["tea"])):
        for way in (at_once, by_its_twin):
            with pytest.raises(IncompleteError, match=r"'\$FS:Page:kept' .*run rebuild\(\)"):
                way(Page.kept, name, argument)
    with pytest.raises(IncompleteError):
        hitters().kept.top(1)


def test_a_rebuild_counts_each_record_once_however_often_it_runs(client: Any) -> None:
    record = page("tea")
    record.save()
    Page.kept.increment("tea", by=5)
    assert Page.kept.get_frequency("tea") == 7
    values = set()
    for _ in range(3):
        assert Page.kept.rebuild() == 1
        assert Page.kept.get_frequency("tea") == 1
        values.add(client.get(KEY)[-Page.kept.info().size + 220 :])
    assert len(values) == 1


# What is stored

GOLDEN = bytes.fromhex(
    "726563616c6c2d736b6574636820312064656661756c74202d0a31203030303030303030303030333032202d"
    "3030303030303030303030303030303020303120303030303030303234362030322030303030303030303030"
    "3035203030303030303030303030352030303030322030303030300a31203030303030303030303030333032"
    "202d303030303030303030303030303030302030312030303030303030323436203032203030303030303030"
    "30303035203030303030303030303030352030303030322030303030300a0000012d00000000000000010000"
    "0000000000000000000000000001000000000000012d00000000"
)
"""A sketch of width 5 and depth 2 that counted "green tea" once and "tea" 300 times more."""

LARGER = "bd32aa5f5edd2590cf904dbce7e675c5462f1699af4f99441688a629eb5f3e72"
"""SHA-256 of a sketch of the default shape that counted a few thousand tokens."""


def test_every_server_stores_the_same_bytes(client: Any) -> None:
    """And for ever the same: they decide which counters are whose."""
    golden = SKETCH.model(width=5, depth=2)
    golden.create(title="a", text="green tea")
    golden.kept.increment("tea", by=300)
    assert client.get(KEY).hex() == GOLDEN.hex()


def test_a_sketch_stored_by_the_first_version_is_readable(client: Any) -> None:
    client.set(KEY, GOLDEN)
    found = Page.kept.get_frequency_batch(["green", "tea", "coffee", "zebra"])
    assert found == {"green": 1, "tea": 301, "coffee": 0, "zebra": 0}
    assert (Page.kept.info().items, Page.kept.info().width) == (302, 5)


def test_every_server_stores_the_same_bytes_after_many_saves(client: Any) -> None:
    larger = SKETCH.model(width=2000, depth=7)
    for part in range(10):
        words = (f"word{number}" for number in range(part * 90, part * 90 + 200))
        larger.create(title=str(part), text=" ".join(words))
    larger.kept.increment(" ".join(f"more{number}" for number in range(1500)), by=MOST)
    assert hashlib.sha256(client.get(KEY)).hexdigest() == LARGER


def test_any_shape_counts(client: Any) -> None:
    for width, depth in ((1, 1), (3, 2), (10, 9), (2000, 7), (7, 32)):
        model = SKETCH.model(width=width, depth=depth)
        model.kept.clear()
        model.kept.increment("tea", by=2)
        assert model.kept.get_frequency("tea") == 2
        rows, columns = shape(width, depth)
        assert client.strlen(KEY) >= 4 * rows * columns
