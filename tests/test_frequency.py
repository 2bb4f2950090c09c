"""`FrequencySketch` on every server: counts, completeness, and values that are not its own."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import popoto
import pytest
from popoto import Model, StringField, UniqueKeyField, redis_db
from redis.exceptions import ResponseError
from support import Spent

from popoto_recall import (
    ArgumentTypeError,
    CorruptValueError,
    ForeignLayoutError,
    FrequencySketch,
    IncompleteError,
    MismatchError,
    StoredValueError,
    WrongTypeError,
)
from popoto_recall.structures.sketch import shape

Call = Callable[..., Any]

KEY = "$FS:Page:count"
MOST = 2**32 - 1


def declared(field: Any = None, **options: Any) -> Any:
    """The model `Page`, declared anew: without the field, with this one, or with these options."""
    fields: dict[str, Any] = {"title": UniqueKeyField(), "text": StringField()}
    if field is None:
        defaults = {"width": 100, "depth": 4, "fingerprint_fn": lambda page: page.text}
        field = FrequencySketch(**{**defaults, **options})
    if field:
        fields["count"] = field
    return type(Model)("Page", (Model,), {"__module__": __name__, **fields})


Page = declared()

OLDER = declared(field=False)
"""`Page` before it had the field."""


def plain(text: str) -> list[str]:
    return text.split()


def page(text: str, title: str = "a") -> Any:
    return Page.create(title=title, text=text)


def at_once(name: str, *args: Any, **options: Any) -> Any:
    return getattr(Page.count, name)(*args, **options)


def by_its_twin(name: str, *args: Any, **options: Any) -> Any:
    async def twin() -> Any:
        return await getattr(Page.count, f"async_{name}")(*args, **options)

    return asyncio.run(twin())


def queued(name: str, *args: Any, **options: Any) -> Any:
    pipeline = redis_db.get_REDIS_DB().pipeline()
    assert getattr(Page.count, name)(*args, pipeline=pipeline, **options) is None
    pipeline.execute()


@pytest.fixture(params=[at_once, by_its_twin], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest, client: Any) -> Call:
    """Carries out a read of ``Page.count``, by name."""
    way: Call = request.param
    return way


@pytest.fixture(params=[at_once, by_its_twin, queued], ids=["sync", "async", "pipeline"])
def write(request: pytest.FixtureRequest, client: Any) -> Call:
    """Carries out a write of ``Page.count``, by name."""
    way: Call = request.param
    return way


# Asking


def test_every_save_counts_and_the_rarest_token_decides(ask: Call) -> None:
    page("green tea", "a")
    page("black tea", "b").save()
    assert ask("get_frequency", "tea") == 3
    assert ask("get_frequency", "TEA!") == 3
    assert ask("get_frequency", "black tea") == 2
    assert ask("get_frequency", "green tea") == 1
    assert ask("get_frequency", "black coffee") == 0
    assert ask("get_frequency", "unseen") == 0


def test_a_word_counts_once_in_a_record(ask: Call) -> None:
    page("tea tea Tea TEA")
    assert ask("get_frequency", "tea") == 1


def test_a_batch_answers_in_first_seen_order_each_once(ask: Call) -> None:
    page("green tea", "a")
    page("black tea", "b")
    found = ask("get_frequency_batch", ["zebra", "tea", "green tea", "tea", "zebra"])
    assert list(found.items()) == [("zebra", 0), ("tea", 2), ("green tea", 1)]


def test_a_batch_may_be_anything_that_yields_texts(ask: Call) -> None:
    page("green tea")
    assert ask("get_frequency_batch", (text for text in ("tea", "lion"))) == {"tea": 1, "lion": 0}
    assert ask("get_frequency_batch", {b"tea": 1}) == {"tea": 1}


def test_an_empty_batch_is_an_empty_answer(ask: Call) -> None:
    assert ask("get_frequency_batch", []) == {}


@pytest.mark.parametrize("text", ["tea", "", b"tea"])
def test_a_bare_string_is_no_batch(ask: Call, text: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"write \[text\]"):
        ask("get_frequency_batch", text)


def test_a_batch_agrees_with_single_questions(ask: Call) -> None:
    texts = ["green tea", "The one", "?!", "", "naïve", "a\nb", "x_1 y_2", "Tea tea"]
    for number, text in enumerate(texts[::2]):
        page(text, str(number))
    assert ask("get_frequency_batch", texts) == {text: ask("get_frequency", text) for text in texts}


@pytest.mark.parametrize("text", ["", "   ", "?!", "is it", "The One", "東京", "ab"])
def test_a_text_without_a_token_is_one_token(ask: Call, text: str) -> None:
    page(text)
    assert ask("get_frequency", text.lower()) == 1


@pytest.mark.parametrize("text", [None, "\ud800", "fine \udfff", b"\xff"])
def test_what_is_no_text_is_refused_before_anything_is_sent(client: Any, text: Any) -> None:
    for call in (
        lambda: Page.count.get_frequency(text),
        lambda: Page.count.get_frequency_batch(["fine", text]),
        lambda: Page.count.increment(text),
    ):
        with pytest.raises(ValueError, match=r"fingerprint|surrogate|UTF-8"):
            call()
    assert client.keys("*") == []


def test_a_text_of_20_mb(client: Any) -> None:
    Page.count.increment("needle " + "word " * 4_000_000)
    assert Page.count.get_frequency("needle") == 1
    assert Page.count.get_frequency("word needle") == 1


def test_600_000_tokens_hold_the_server_for_milliseconds_only(real_client: Any) -> None:
    tokens = [f"token{number}" for number in range(600_000)]
    large = declared(width=200_000)
    spent = Spent(real_client)
    large.count.increment(" ".join(tokens[::2]))
    assert spent.per_call() < 0.05
    found = large.count.get_frequency_batch(tokens)
    assert all(found[token] > 0 for token in tokens[::2])
    assert large.count.get_frequency(" ".join(tokens[::2])) > 0
    assert spent.per_call() < 0.05


# Counting


def test_increment_counts_without_a_record(write: Call) -> None:
    write("increment", "green tea")
    write("increment", "tea", 5)
    write("increment", "tea", by=10)
    assert Page.count.get_frequency("tea") == 16
    assert Page.count.get_frequency("green") == 1


@pytest.mark.parametrize("by", [0, -1, 1.0, 1.5, True, "1", None, MOST + 1, 10**30, math.inf])
def test_increment_is_by_a_whole_number_that_a_counter_holds(client: Any, by: Any) -> None:
    with pytest.raises(ValueError, match=r"^by is "):
        Page.count.increment("tea", by=by)
    assert client.keys("*") == []


def test_a_counter_stops_at_its_end(write: Call) -> None:
    write("increment", "tea", by=MOST - 1)
    for expected in (MOST, MOST, MOST):
        write("increment", "tea")
        assert Page.count.get_frequency("tea") == expected
    write("increment", "tea", by=MOST)
    page("tea")
    assert Page.count.get_frequency("tea") == MOST
    assert Page.count.get_frequency("coffee") == 0


def test_a_counter_at_its_end_leaves_its_neighbours_alone(client: Any) -> None:
    one_row = declared(width=3, depth=1)
    for _ in range(3):
        one_row.count.increment("tea", by=MOST)
    counters = client.get(KEY)[-12:]
    assert sorted(counters[at : at + 4] for at in (0, 4, 8)) == [b"\0" * 4] * 2 + [b"\xff" * 4]


def test_the_number_of_tokens_counted_stops_too(client: Any) -> None:
    page("tea")
    size = client.strlen(KEY)
    items = 10**14 - 5
    state = f"size={size:011d} state=good items={items:014d}\n{items:014d}\n"
    client.setrange(KEY, client.get(KEY).index(b"\n") + 1, state)
    assert Page.count.info().items == items
    for _ in range(3):
        Page.count.increment("tea coffee", by=MOST)
        assert Page.count.info().items == 10**14 - 1
    assert client.strlen(KEY) == size
    assert Page.count.get_frequency_batch(["tea", "lion"]) == {"tea": MOST, "lion": 0}


def test_deleting_a_record_removes_nothing(client: Any) -> None:
    page("tea").delete()
    assert Page.count.get_frequency("tea") == 1


# Heavy hitters

TOP = f"{KEY}:top"


def hitters(top: int = 3, **options: Any) -> Any:
    return declared(top=top, width=2000, tokenizer=plain, **options)


def test_the_heaviest_tokens_come_heaviest_first(client: Any) -> None:
    model = hitters()
    for number, text in enumerate(["a b", "a c", "a b d", "e", "a b c"]):
        model.create(title=str(number), text=text)
    assert model.count.top(3) == [("a", 4), ("b", 3), ("c", 2)]
    assert model.count.top(1) == asyncio.run(model.count.async_top(1)) == [("a", 4)]
    model.count.increment("e", by=9)
    assert model.count.top(2) == [("e", 10), ("a", 4)]
    assert client.zcard(TOP) == 3


def test_the_heaviest_of_a_skewed_stream_are_found(client: Any) -> None:
    model = hitters(top=20)
    stream = zipf(3000, 7)
    for start in range(0, len(stream), 3):
        model.count.increment(" ".join(stream[start : start + 3]))
    true = Counter(
        token for start in range(0, len(stream), 3) for token in {*stream[start : start + 3]}
    )
    found = dict(model.count.top(20))
    assert all(found[token] >= true[token] for token in found)
    assert {token for token, _ in true.most_common(10)} <= set(found)


@pytest.mark.parametrize("n", [0, -1, 4, 1.0, "1", True])
def test_no_more_are_told_than_are_kept(client: Any, n: Any) -> None:
    with pytest.raises(ValueError, match=r"top=3|whole number"):
        hitters().count.top(n)
    with pytest.raises(ValueError, match=r"top=0|whole number"):
        Page.count.top(n)


def test_without_a_number_as_many_are_told_as_are_kept_up_to_ten(client: Any) -> None:
    model = hitters()
    for word in ("one", "two", "three", "four"):
        model.count.increment(word * 2)
    assert len(model.count.top()) == 3
    with pytest.raises(ValueError, match="top=0"):
        Page.count.top()


def test_a_sketch_without_counts_has_no_heaviest(client: Any) -> None:
    model = hitters()
    assert model.count.top(3) == []
    model.count.clear()
    assert model.count.top(3) == []


def test_clear_takes_the_heaviest_along(client: Any) -> None:
    model = hitters()
    model.count.increment("a")
    model.count.clear()
    assert not client.exists(TOP)
    assert model.count.top(3) == []
    model.count.increment("b")
    assert model.count.top(3) == [("b", 1)]


def test_the_heaviest_of_an_evicted_sketch_do_not_come_back(client: Any) -> None:
    model = hitters()
    model.count.increment("old", by=9)
    client.delete(KEY)
    assert model.count.top(3) == []
    model.count.increment("new")
    assert model.count.top(3) == [("new", 1)]


def test_evicted_heaviest_are_missed_until_a_rebuild(client: Any) -> None:
    model = hitters()
    model.create(title="a", text="old new")
    model.count.increment("old", by=9)
    client.delete(TOP)
    for _ in range(2):
        with pytest.raises(IncompleteError, match=r"'\$FS:Page:count' .*rebuild\(\)"):
            model.count.top(3)
        model.count.increment("new")
    assert model.count.get_frequency("old") == 10
    model.count.rebuild()
    assert model.count.top(3) == [("old", 1), ("new", 1)]


def test_heaviest_of_another_type_are_refused(client: Any) -> None:
    model = hitters()
    model.count.increment("a")
    before = client.dump(KEY)
    client.delete(TOP)
    client.set(TOP, "x")
    for call in (lambda: model.count.top(1), lambda: model.count.increment("a")):
        with pytest.raises(WrongTypeError, match=rf"'\{TOP}' holds a string"):
            call()
    assert client.dump(KEY) == before


def test_a_sketch_may_count_creations_only(client: Any) -> None:
    model = declared(count_on="create")
    record = model.create(title="a", text="tea")
    record.save()
    record.save(update_fields=["text"])
    model.query.get(title="a").save()
    assert model.count.get_frequency("tea") == 1
    model.create(title="b", text="tea")
    assert model.count.get_frequency("tea") == 2


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
        model.count.increment(token, by=times)
    found: dict[str, int] = model.count.get_frequency_batch(list(dict.fromkeys(stream)))
    return found


@pytest.mark.parametrize("draw", [uniform, zipf])
@pytest.mark.parametrize(("width", "depth"), [(100, 1), (200, 3), (200, 5), (200, 7)])
def test_estimates_are_never_under_and_seldom_far_over(
    real_client: Any, draw: Callable[[int, int], list[str]], width: int, depth: int
) -> None:
    stream = draw(50_000, 7)
    true = Counter(stream)
    model = declared(width=width, depth=depth, tokenizer=plain)
    found = counted(model, stream)
    assert all(found[token] >= count for token, count in true.items())
    bound = model.count.info().error_bound
    assert bound == pytest.approx(math.e * len(stream) / width)
    far = sum(found[token] - count > bound for token, count in true.items())
    assert far <= math.exp(-depth) * len(true)


def test_what_was_never_counted_is_seldom_far_over_either(real_client: Any) -> None:
    model = declared(width=200, depth=3, tokenizer=plain)
    counted(model, uniform(50_000, 7))
    bound = model.count.info().error_bound
    found = model.count.get_frequency_batch([f"other{number}" for number in range(20_000)])
    assert sum(count > bound for count in found.values()) <= math.exp(-3) * len(found)


# State


def test_the_key_is_the_documented_one_and_holds_a_string(client: Any) -> None:
    page("tea")
    assert client.type(KEY) == b"string"
    assert Page.count.info().key == KEY
    assert set(client.keys("$FS:*")) == {KEY.encode()}


def test_without_a_sketch_and_without_records_everything_is_unseen(ask: Call) -> None:
    assert ask("get_frequency", "tea") == 0
    assert ask("get_frequency_batch", ["tea", "lion"]) == {"tea": 0, "lion": 0}
    state = ask("info")
    assert (state.exists, state.complete, state.items, state.size) == (False, True, 0, 0)


def test_a_sketch_tells_its_state(ask: Call, client: Any) -> None:
    page("green tea")
    Page.count.increment("tea", by=3)
    state = ask("info")
    assert (state.exists, state.complete, state.items) == (True, True, 5)
    assert (state.width, state.depth) == (100, 4)
    assert state.error_bound == pytest.approx(5 * math.e / 100)
    assert state.size == client.strlen(KEY)


def test_clear_leaves_an_empty_sketch_that_is_complete(write: Call) -> None:
    page("tea")
    write("clear")
    assert Page.count.get_frequency("tea") == 0
    state = Page.count.info()
    assert (state.exists, state.complete, state.items) == (True, True, 0)


@pytest.mark.parametrize("options", [{"decode_responses": True}, {"protocol": 3}])
def test_answers_do_not_depend_on_how_the_client_reads(
    real_client: Any, running: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = running.client(**options)
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", other)
    tokens = [f"token{number}" for number in range(100)]
    model = declared(width=10_000)
    model.create(title="a", text="naïve tea " + " ".join(tokens))
    model.count.increment("tea", by=200)
    assert model.count.get_frequency("tea") == 201
    assert model.count.get_frequency_batch([*tokens, "naïve", "lion"]) == {
        **dict.fromkeys(tokens, 1),
        "naïve": 1,
        "lion": 0,
    }
    assert model.count.info().items == 302
    model.count.clear()
    assert model.count.get_frequency("tea") == 0
    other.set(KEY, "not ours")
    with pytest.raises(ForeignLayoutError, match=r"\$FS:Page:count"):
        model.count.get_frequency("tea")
    other.close()


# Completeness


def test_a_field_added_to_a_model_with_records_does_not_answer(ask: Call) -> None:
    OLDER.create(title="old", text="forgotten")
    for name, argument in (("get_frequency", "tea"), ("get_frequency_batch", ["tea"])):
        with pytest.raises(IncompleteError, match=r"'\$FS:Page:count' .*run rebuild\(\)"):
            ask(name, argument)
    state = ask("info")
    assert (state.exists, state.complete) == (False, False)


def test_saves_do_not_make_it_complete_but_a_rebuild_does(client: Any) -> None:
    OLDER.create(title="old", text="forgotten tea")
    for number in range(2):
        page("tea", str(number))
        Page.count.increment("tea")
        with pytest.raises(IncompleteError):
            Page.count.get_frequency("tea")
        assert Page.count.info().complete is False
    Page.count.rebuild()
    assert Page.count.info().complete is True
    assert Page.count.get_frequency_batch(["tea", "forgotten"]) == {"tea": 3, "forgotten": 1}


def test_an_increment_makes_no_sketch_that_hides_records(client: Any) -> None:
    OLDER.create(title="old", text="forgotten")
    Page.count.increment("tea")
    assert Page.count.info().complete is False


def test_clear_makes_an_incomplete_sketch_complete(client: Any) -> None:
    OLDER.create(title="old", text="forgotten")
    page("tea")
    Page.count.clear()
    assert Page.count.get_frequency("forgotten") == 0


def again(record: Any) -> None:
    record.save()


def partially(record: Any) -> None:
    record.save(update_fields=["text"])


def under_another_name(record: Any) -> None:
    record.title = "renamed"
    record.save(migrate_key=True)


def in_a_pipeline(record: Any) -> None:
    pipeline = redis_db.get_REDIS_DB().pipeline()
    record.save(pipeline=pipeline)
    pipeline.execute()


def from_a_coroutine(record: Any) -> None:
    asyncio.run(record.async_save())


FIRST_WRITERS = [again, partially, under_another_name, in_a_pipeline, from_a_coroutine]


@pytest.mark.parametrize("save", FIRST_WRITERS)
def test_an_evicted_sketch_that_any_save_makes_anew_does_not_answer(
    client: Any, save: Callable[[Any], None]
) -> None:
    page("forgotten", "old")
    record = page("tea", "new")
    client.delete(KEY)
    save(record)
    assert Page.count.info().complete is False
    with pytest.raises(IncompleteError):
        Page.count.get_frequency("forgotten")


@pytest.mark.parametrize("save", FIRST_WRITERS)
def test_the_only_record_makes_a_sketch_that_is_complete(
    client: Any, save: Callable[[Any], None]
) -> None:
    record = page("tea", "only")
    client.delete(KEY)
    save(record)
    assert Page.count.get_frequency("tea") == 1


def test_many_first_records_in_one_multi_make_a_sketch_that_is_complete(client: Any) -> None:
    Page.bulk_create([Page(title=str(number), text=f"tea cup{number}") for number in range(20)])
    assert Page.count.get_frequency("tea") == 20


# What is stored

GOLDEN = bytes.fromhex(
    "726563616c6c2d736b6574636820312077696474683d352064657074683d3220746f6b656e697a65723d6465"
    "6661756c7420726f77733d3220636f6c756d6e733d3520746f703d302073756d3d3530343735383520202020"
    "202020202020200a73697a653d30303030303030303230302073746174653d676f6f64206974656d733d3030"
    "3030303030303030303330320a30303030303030303030303330320a0000012d000000000000000000000000"
    "00000001000000000000000000000000000000000000012e"
)
"""A sketch of width 5 and depth 2 that counted "green tea" once and "tea" 300 times more."""

LARGER = "2c38f1125d4543edc3b8e49af00d7cf8c88dfddbc885497389003b3ec6528d7e"
"""SHA-256 of a sketch of the default shape that counted a few thousand tokens."""


def test_every_server_stores_the_same_bytes(client: Any) -> None:
    golden = declared(width=5, depth=2)
    golden.create(title="a", text="green tea")
    golden.count.increment("tea", by=300)
    assert client.get(KEY).hex() == GOLDEN.hex()


def test_a_sketch_stored_by_the_first_version_is_readable(client: Any) -> None:
    golden = declared(width=5, depth=2)
    client.set(KEY, GOLDEN)
    found = golden.count.get_frequency_batch(["green", "tea", "coffee", "zebra"])
    assert found == {"green": 1, "tea": 301, "coffee": 0, "zebra": 0}
    assert golden.count.info().items == 302


def test_every_server_stores_the_same_bytes_after_many_saves(client: Any) -> None:
    larger = declared(width=2000, depth=7)
    for part in range(10):
        words = (f"word{number}" for number in range(part * 90, part * 90 + 200))
        larger.create(title=str(part), text=" ".join(words))
    larger.count.increment(" ".join(f"more{number}" for number in range(1500)), by=MOST)
    assert hashlib.sha256(client.get(KEY)).hexdigest() == LARGER


# Values that are not its own


def refused(client: Any, kind: type[StoredValueError], model: Any = Page, text: str = "") -> None:
    """Every way to use the sketch raises this error, which names the key, and writes nothing."""
    before = client.dump(KEY)
    record = model(title="new", text="tea")
    pipeline = client.pipeline()
    model(title="other", text="tea").save(pipeline=pipeline)
    ways: list[Callable[[], Any]] = [
        lambda: model.count.get_frequency("tea"),
        lambda: model.count.get_frequency_batch(["tea"]),
        lambda: model.count.increment("tea"),
        model.count.info,
        record.save,
        lambda: record.save(update_fields=["text"]),
    ]
    said = set()
    for way in ways:
        with pytest.raises(kind, match=r"'\$FS:Page:count' ") as error:
            way()
        assert type(error.value) is kind
        said.add(str(error.value))
    [message] = said
    with pytest.raises(ResponseError) as queued_error:
        pipeline.execute()
    assert message in str(queued_error.value)
    assert client.dump(KEY) == before
    assert text in message
    assert "rebuild()" in message


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"width": 101}, "was made with width=100 columns=100, the field says width=101 "),
        ({"depth": 3}, "was made with depth=4 rows=4, the field says depth=3 rows=3;"),
        ({"depth": 5}, "was made with depth=4 columns=100, the field says depth=5 columns="),
        ({"tokenizer": plain}, "with tokenizer=default, the field says tokenizer=plain;"),
        ({"top": 5}, "was made with top=0, the field says top=5;"),
    ],
)
def test_changed_options_are_refused(client: Any, options: dict[str, Any], text: str) -> None:
    page("tea")
    refused(client, MismatchError, declared(**options), text)


def test_a_sketch_of_popotos_own_is_refused(client: Any) -> None:
    field = popoto.FrequencySketch(width=100, depth=4, fingerprint_fn=lambda page: page.text)
    theirs = declared(field)
    field.on_save(theirs(title="a", text="green tea"), "count", None)
    assert client.hlen(KEY) > 0
    refused(client, WrongTypeError, text="holds a hash where a string belongs (Popoto's own field")


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 5000, b"recall-sketch 2 ", b"recall-bloom 1 "])
def test_any_other_string_is_refused(client: Any, data: bytes) -> None:
    client.set(KEY, data)
    refused(
        client, ForeignLayoutError, text=f"holds {len(data)} bytes that are no recall-sketch 1 "
    )


@pytest.fixture
def stored(client: Any) -> bytes:
    """A sketch as it is stored, one token counted."""
    page("tea").delete()
    value: bytes = client.get(KEY)
    return value


def test_every_flipped_bit_of_stamp_and_state_is_noticed(client: Any, stored: bytes) -> None:
    kind = len(b"recall-sketch 1 ")
    for at in range(stored.index(b"size=") + 64):
        expected = ForeignLayoutError if at < kind else CorruptValueError
        for bit in range(8):
            damaged = bytearray(stored)
            damaged[at] ^= 1 << bit
            client.set(KEY, bytes(damaged))
            for ask in (lambda: Page.count.get_frequency("zebra"), Page.count.info):
                with pytest.raises(expected, match=r"'\$FS:Page:count' "):
                    ask()
        for count in (lambda: page("coffee"), lambda: Page.count.increment("coffee")):
            with pytest.raises(expected):
                count()
        assert client.get(KEY) == damaged


@pytest.mark.parametrize(
    "lengths", [range(200), [300, 1000, 1759]], ids=["in the head", "in the data"]
)
def test_a_value_cut_short_is_noticed(client: Any, stored: bytes, lengths: Any) -> None:
    kind = len(b"recall-sketch 1 ")
    for length in lengths:
        client.set(KEY, stored[:length])
        expected = ForeignLayoutError if length < kind else CorruptValueError
        for ask in (
            lambda: Page.count.get_frequency("tea"),
            Page.count.info,
            lambda: page("coffee"),
        ):
            with pytest.raises(expected, match=r"'\$FS:Page:count' "):
                ask()
        assert client.get(KEY) == stored[:length]


@pytest.mark.parametrize("more", [b"\0", b"\n", b"\0" * 32, b"x" * 1000])
def test_appended_bytes_are_noticed(client: Any, stored: bytes, more: bytes) -> None:
    client.append(KEY, more)
    refused(client, CorruptValueError, text=f"has {len(stored) + len(more)} bytes")


def test_clear_puts_a_sketch_in_place_of_anything(client: Any, write: Call) -> None:
    client.rpush(KEY, "x")
    write("clear")
    assert Page.count.get_frequency("x") == 0
    assert client.strlen(KEY) == len(client.get(KEY)) == Page.count.info().size


def test_the_stored_shape_is_the_one_that_was_declared(client: Any) -> None:
    for width, depth in ((1, 1), (3, 2), (10, 9), (2000, 7), (7, 32)):
        model = declared(width=width, depth=depth)
        model.count.clear()
        rows, columns = shape(width, depth)
        model.count.increment("tea", by=2)
        assert model.count.get_frequency("tea") == 2
        assert client.strlen(KEY) - client.get(KEY).index(b"size=") == 64 + rows * columns * 4
