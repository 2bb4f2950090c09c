"""`ExistenceFilter` on every server: answers, completeness, and values that are not its own."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import Callable
from typing import Any

import popoto
import pytest
from popoto import Model, StringField, UniqueKeyField, redis_db
from redis.exceptions import ResponseError
from support import Spent

from popoto_recall import (
    ArgumentTypeError,
    CorruptValueError,
    ExistenceFilter,
    ForeignLayoutError,
    MismatchError,
    StoredValueError,
    WrongTypeError,
)

Call = Callable[..., Any]

KEY = "$EF:Page:seen"


def declared(field: Any = None, **options: Any) -> Any:
    """The model `Page`, declared anew: without the field, with this one, or with these options."""
    fields: dict[str, Any] = {"title": UniqueKeyField(), "text": StringField()}
    if field is None:
        defaults = {"capacity": 1000, "fingerprint_fn": lambda page: page.text}
        field = ExistenceFilter(**{**defaults, **options})
    if field:
        fields["seen"] = field
    return type(Model)("Page", (Model,), {"__module__": __name__, **fields})


Page = declared()

OLDER = declared(field=False)
"""`Page` before it had the field."""


def whole(text: str) -> list[str]:
    """A tokenizer that leaves a text as it is."""
    return [text]


def page(text: str, title: str = "a") -> Any:
    return Page.create(title=title, text=text)


def at_once(name: str, *args: Any, **options: Any) -> Any:
    return getattr(Page.seen, name)(*args, **options)


def by_its_twin(name: str, *args: Any, **options: Any) -> Any:
    async def twin() -> Any:
        return await getattr(Page.seen, f"async_{name}")(*args, **options)

    return asyncio.run(twin())


def queued(name: str, *args: Any, **options: Any) -> Any:
    pipeline = redis_db.get_REDIS_DB().pipeline()
    assert getattr(Page.seen, name)(*args, pipeline=pipeline, **options) is None
    pipeline.execute()


@pytest.fixture(params=[at_once, by_its_twin], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest, client: Any) -> Call:
    """Carries out a read of ``Page.seen``, by name."""
    way: Call = request.param
    return way


@pytest.fixture(params=[at_once, by_its_twin, queued], ids=["sync", "async", "pipeline"])
def write(request: pytest.FixtureRequest, client: Any) -> Call:
    """Carries out a write of ``Page.seen``, by name."""
    way: Call = request.param
    return way


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged as a warning so far, as if nothing had been before this test."""
    from popoto_recall.structures import bloom

    bloom._warn_incomplete.cache_clear()
    bloom._warn_full.cache_clear()
    caplog.set_level(logging.WARNING, "popoto_recall")
    return lambda: [record.getMessage() for record in caplog.records]


# Asking


def test_what_was_saved_may_exist_and_nothing_else(ask: Call) -> None:
    page("Kubernetes deployment guide")
    for text in ("kubernetes", "KUBERNETES", "guide!", "Kubernetes deployment guide"):
        assert ask("might_exist", text) is True
        assert ask("definitely_missing", text) is False
    for text in ("zebra", "kubernete", "deployments", "is", ""):
        assert ask("might_exist", text) is False
        assert ask("definitely_missing", text) is True


def test_any_token_is_enough_unless_all_are_asked_for(ask: Call) -> None:
    page("green tea")
    assert ask("might_exist", "black tea") is True
    assert ask("might_exist", "black tea", match="all") is False
    assert ask("might_exist", "tea green", match="all") is True
    assert ask("definitely_missing", "black tea") is False
    assert ask("definitely_missing", "black tea", match="all") is True


def test_all_tokens_may_have_come_from_different_records(ask: Call) -> None:
    page("green tea", "a")
    page("black coffee", "b")
    assert ask("might_exist", "black tea", match="all") is True


def test_a_batch_answers_in_first_seen_order_each_once(ask: Call) -> None:
    page("green tea")
    asked = ["zebra", "tea", "lion", "tea", "black tea", "zebra"]
    found = ask("might_exist_batch", asked)
    assert list(found.items()) == [
        ("zebra", False),
        ("tea", True),
        ("lion", False),
        ("black tea", True),
    ]
    assert ask("might_exist_batch", asked, match="all")["black tea"] is False
    assert ask("might_exist_count", asked) == 2
    assert ask("might_exist_count", asked, match="all") == 1


def test_a_batch_may_be_anything_that_yields_texts(ask: Call) -> None:
    page("green tea")
    assert ask("might_exist_batch", (text for text in ("tea", "lion"))) == {
        "tea": True,
        "lion": False,
    }
    assert ask("might_exist_batch", {"tea": 1}) == {"tea": True}
    assert ask("might_exist_count", {"tea"}) == 1


def test_an_empty_batch_is_an_empty_answer(ask: Call) -> None:
    assert ask("might_exist_batch", []) == {}
    assert ask("might_exist_count", []) == 0


@pytest.mark.parametrize("text", ["tea", "", b"tea"])
@pytest.mark.parametrize("name", ["might_exist_batch", "might_exist_count"])
def test_a_bare_string_is_no_batch(ask: Call, name: str, text: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"write \[text\]"):
        ask(name, text)


def test_a_batch_agrees_with_single_questions(ask: Call) -> None:
    texts = ["green tea", "The one", "?!", "", "naïve", "a\nb", "x_1 y_2", "Tea tea"]
    for number, text in enumerate(texts[::2]):
        page(text, str(number))
    assert ask("might_exist_batch", texts) == {text: ask("might_exist", text) for text in texts}


@pytest.mark.parametrize("text", ["", "   ", "?!", "is it", "The One", "東京", "ab"])
def test_a_text_without_a_token_is_one_token(ask: Call, text: str) -> None:
    page(text)
    assert ask("might_exist", text) is True
    assert ask("might_exist", text.lower()) is True
    assert ask("might_exist", text + ".") is False


def test_bytes_are_text_in_utf_8(ask: Call) -> None:
    page("naïve")
    assert ask("might_exist", "naïve".encode()) is True
    assert ask("might_exist_batch", ["naïve".encode(), "naïve"]) == {"naïve": True}


@pytest.mark.parametrize("text", [None, "\ud800", "fine \udfff", b"\xff"])
def test_what_is_no_text_is_refused_before_anything_is_sent(ask: Call, text: Any) -> None:
    for name, argument in (("might_exist", text), ("might_exist_batch", ["fine", text])):
        with pytest.raises(ValueError, match=r"fingerprint|surrogate|UTF-8"):
            ask(name, argument)


def test_numbers_are_asked_as_their_text(ask: Call) -> None:
    page("order 12345")
    assert ask("might_exist", 12345) is True


def test_a_text_of_20_mb(client: Any) -> None:
    page("needle " + "word " * 4_000_000)
    assert Page.seen.info().items == 2
    assert Page.seen.might_exist("hay " * 5_000_000 + "needle") is True


def test_a_single_token_of_20_mb(client: Any) -> None:
    token = "x" * 20_000_000
    Page.create(title="a", text="short")
    long = declared(tokenizer=whole)
    long.seen.rebuild()
    long.seen.fingerprint_fn = lambda page: token
    long.create(title="b", text="short")
    assert long.seen.might_exist(token) is True
    assert long.seen.might_exist(token + "x") is False


def test_600_000_tokens_hold_the_server_for_milliseconds_only(real_client: Any) -> None:
    tokens = [f"token{number}" for number in range(600_000)]
    large = declared(capacity=600_000)
    large.create(title="a", text=" ".join(tokens[::2]))
    spent = Spent(real_client)
    found = large.seen.might_exist_batch(tokens)
    assert all(found[token] for token in tokens[::2])
    assert sum(found[token] for token in tokens[1::2]) < 0.012 * 300_000
    assert large.seen.might_exist(" ".join(tokens), match="all") is False
    assert spent.per_call() < 0.05


def test_saving_200_000_tokens_holds_it_for_milliseconds_at_a_time(real_client: Any) -> None:
    large = declared(capacity=200_000)
    spent = Spent(real_client)
    large.create(title="a", text=" ".join(f"token{number}" for number in range(200_000)))
    assert spent.per_call() < 0.05


def test_a_filter_of_100_mb_is_made_in_no_time(real_client: Any) -> None:
    large = declared(capacity=80_000_000)
    spent = Spent(real_client)
    large.seen.clear()
    assert spent.per_call() < 2
    assert real_client.memory_usage(KEY) < 1.3 * real_client.strlen(KEY)


def test_a_default_filter_takes_little_more_memory_than_any_could(real_client: Any) -> None:
    declared(capacity=100_000).seen.clear()
    optimum = -100_000 * math.log(0.01) / math.log(2) ** 2 / 8
    assert real_client.memory_usage(KEY) <= 1.15 * optimum


# State


def test_the_key_is_the_documented_one_and_holds_a_string(client: Any) -> None:
    page("tea")
    assert client.type(KEY) == b"string"
    assert Page.seen.info().key == KEY


def test_without_a_filter_and_without_records_nothing_exists(ask: Call) -> None:
    assert ask("might_exist", "tea") is False
    assert ask("fill_ratio") == 0.0
    state = ask("info")
    assert (state.exists, state.complete, state.items, state.size) == (False, True, 0, 0)


def test_a_filter_tells_its_state(ask: Call, client: Any) -> None:
    page("green tea")
    page("green tea and coffee", "b")
    state = ask("info")
    assert (state.exists, state.complete, state.items) == (True, True, 3)
    assert (state.capacity, state.error_rate) == (1000, 0.01)
    assert state.size == client.strlen(KEY)
    assert state.fill_ratio == ask("fill_ratio") == pytest.approx(15 / 11776, rel=0.15)
    assert 0 < state.false_positive_rate < 0.001


def test_a_full_filter_is_as_full_and_as_right_as_it_says(client: Any) -> None:
    full = declared(capacity=20_000, tokenizer=str.split)
    full.create(title="a", text=" ".join(f"in{number}" for number in range(20_000)))
    state = full.seen.info()
    assert 19_800 < state.items <= 20_000
    found = full.seen.might_exist_count([f"out{number}" for number in range(20_000)])
    assert found / 20_000 == pytest.approx(state.false_positive_rate, rel=0.2)
    assert state.false_positive_rate < 0.0105


def test_over_its_capacity_a_filter_warns_once_and_denies_nothing_saved(
    client: Any, warned: Callable[[], list[str]]
) -> None:
    small = declared(capacity=100, tokenizer=str.split)
    tokens = [f"in{number}" for number in range(1000)]
    small.create(title="a", text=" ".join(tokens))
    for _ in range(2):
        assert small.seen.might_exist_count(tokens) == 1000
    [warning] = warned()
    assert KEY in warning
    assert "rebuild()" in warning


def test_deleting_a_record_removes_nothing(client: Any) -> None:
    page("tea").delete()
    assert Page.seen.might_exist("tea") is True


def test_clear_leaves_an_empty_filter_that_is_complete(write: Call) -> None:
    page("tea")
    write("clear")
    assert Page.seen.might_exist("tea") is False
    state = Page.seen.info()
    assert (state.exists, state.complete, state.items, state.fill_ratio) == (True, True, 0, 0.0)
    page("coffee", "b")
    assert Page.seen.might_exist("coffee") is True


def test_a_cleared_filter_has_no_time_to_live(client: Any) -> None:
    page("tea")
    client.expire(KEY, 1000)
    Page.seen.clear()
    assert client.ttl(KEY) == -1


@pytest.mark.parametrize("options", [{"decode_responses": True}, {"protocol": 3}])
def test_answers_do_not_depend_on_how_the_client_reads(
    real_client: Any, running: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = running.client(**options)
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", other)
    tokens = [f"token{number}" for number in range(1000)]
    Page.create(title="a", text="naïve tea " + " ".join(tokens))
    assert Page.seen.might_exist("tea") is True
    assert Page.seen.might_exist("lion") is False
    assert Page.seen.might_exist_batch([*tokens, "naïve", "lion"]) == {
        **dict.fromkeys(tokens, True),
        "naïve": True,
        "lion": False,
    }
    state = Page.seen.info()
    assert (state.exists, state.complete, state.items) == (True, True, 1002)
    Page.seen.clear()
    assert Page.seen.fill_ratio() == 0.0
    other.set(KEY, "not ours")
    with pytest.raises(ForeignLayoutError, match=r"\$EF:Page:seen"):
        Page.seen.might_exist("tea")
    other.close()


# Completeness


def test_a_field_added_to_a_model_with_records_denies_nothing(
    ask: Call, warned: Callable[[], list[str]]
) -> None:
    OLDER.create(title="old", text="forgotten")
    for _ in range(2):
        assert ask("might_exist", "forgotten") is True
        assert ask("might_exist", "zebra", match="all") is True
        assert ask("definitely_missing", "zebra") is False
        assert ask("might_exist_batch", ["zebra", "lion"]) == {"zebra": True, "lion": True}
    assert ask("might_exist_count", ["zebra", "lion"]) == 2
    state = ask("info")
    assert (state.exists, state.complete) == (False, False)
    [warning] = warned()
    assert KEY in warning
    assert "rebuild()" in warning


def test_saves_do_not_make_it_complete_but_a_rebuild_does(client: Any) -> None:
    OLDER.create(title="old", text="forgotten")
    for number in range(3):
        page("tea", str(number))
        assert Page.seen.might_exist("zebra") is True
        assert Page.seen.info().complete is False
    Page.seen.rebuild()
    assert Page.seen.info().complete is True
    assert Page.seen.might_exist("forgotten") is True
    assert Page.seen.might_exist("zebra") is False


def test_the_save_that_takes_a_filter_over_its_capacity_says_so_in_it(client: Any) -> None:
    small = declared(capacity=1000, tokenizer=str.split)
    states = []
    for number in range(14):
        text = " ".join(f"word{number}x{n}" for n in range(100))
        small.create(title=f"p{number}", text=text)
        states.append(client.getrange("$EF:Page:seen", 0, 255).split(b"state=")[1][:4])
    assert states[:10] == [b"good"] * 10
    assert states[-2:] == [b"over"] * 2


def test_an_incomplete_filter_over_its_capacity_denies_nothing_either(client: Any) -> None:
    OLDER.create(title="old", text="forgotten")
    small = declared(capacity=10, tokenizer=str.split)
    small.create(title="a", text=" ".join(f"in{number}" for number in range(200)))
    asked = ["forgotten", *(f"out{number}" for number in range(100))]
    assert small.seen.might_exist_count(asked) == 101


def test_an_incomplete_filter_stays_so_when_the_old_records_go(client: Any) -> None:
    old = OLDER.create(title="old", text="forgotten")
    page("tea")
    old.delete()
    assert Page.seen.might_exist("forgotten") is True
    assert Page.seen.info().complete is False


def test_clear_makes_an_incomplete_filter_complete(client: Any) -> None:
    OLDER.create(title="old", text="forgotten")
    page("tea")
    Page.seen.clear()
    assert Page.seen.info().complete is True
    assert Page.seen.might_exist("forgotten") is False


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


def in_a_batch(record: Any) -> None:
    pipeline = popoto.batch()
    record.save(pipeline=pipeline)
    pipeline.execute()


def from_a_coroutine(record: Any) -> None:
    asyncio.run(record.async_save())


FIRST_WRITERS = [again, partially, under_another_name, in_a_pipeline, in_a_batch, from_a_coroutine]


@pytest.mark.parametrize("save", FIRST_WRITERS)
def test_an_evicted_filter_that_any_save_makes_anew_denies_nothing(
    client: Any, save: Callable[[Any], None]
) -> None:
    page("forgotten", "old")
    record = page("tea", "new")
    client.delete(KEY)
    record.text = "coffee"
    save(record)
    assert Page.seen.info().exists is True
    assert Page.seen.info().complete is False
    assert Page.seen.might_exist("forgotten") is True
    assert Page.seen.might_exist("coffee") is True


@pytest.mark.parametrize("save", FIRST_WRITERS)
def test_the_only_record_makes_a_filter_that_is_complete(
    client: Any, save: Callable[[Any], None]
) -> None:
    record = page("tea", "only")
    client.delete(KEY)
    save(record)
    assert Page.seen.info().complete is True
    assert Page.seen.might_exist("tea") is True
    assert Page.seen.might_exist("zebra") is False


def test_the_first_record_makes_a_filter_that_is_complete(client: Any) -> None:
    in_a_pipeline(Page(title="a", text="tea"))
    assert Page.seen.info().complete is True


def test_many_first_records_in_one_multi_make_a_filter_that_is_complete(client: Any) -> None:
    Page.bulk_create([Page(title=str(number), text=f"number{number}") for number in range(20)])
    assert Page.seen.info().complete is True
    assert Page.seen.might_exist_count([f"number{number}" for number in range(20)]) == 20
    assert Page.seen.might_exist("zebra") is False


def test_many_records_in_one_multi_do_not_hide_those_before_them(client: Any) -> None:
    OLDER.create(title="old", text="forgotten")
    pipeline = popoto.batch()
    for number in range(3):
        Page(title=str(number), text="tea").save(pipeline=pipeline)
    pipeline.execute()
    assert Page.seen.info().complete is False
    assert Page.seen.might_exist("forgotten") is True


def test_an_evicted_filter_with_all_records_gone_knows_nothing(client: Any) -> None:
    page("tea").delete()
    client.delete(KEY)
    assert Page.seen.might_exist("tea") is False
    page("coffee")
    assert Page.seen.info().complete is True


def test_an_expired_filter_is_like_an_evicted_one(client: Any) -> None:
    page("forgotten")
    client.pexpire(KEY, 1)
    time.sleep(0.01)
    assert not client.exists(KEY)
    assert Page.seen.might_exist("zebra") is True


# What is stored

GOLDEN = bytes.fromhex(
    "726563616c6c2d626c6f6f6d20312063617061636974793d3130206572726f725f726174653d302e30312074"
    "6f6b656e697a65723d64656661756c742070726f6265733d352073756d3d3338313630313937313320202020"
    "202020202020200a73697a653d30303030303030303235362073746174653d676f6f64206974656d733d3030"
    "3030303030303030303030340a30303030303030303030303030340a00000000060000000000020000000008"
    "0008000000080100000000100004400000000000000000000000000000000000000000000000000000000000"
    "000000000400000000040000800040000600004000040800000000000000000800000000"
)
"""A filter of capacity 10 that "green tea and black coffee" was saved into."""

LARGER = {
    "half": "ecbda705df6d694f205283c95a46607dbf245f65e44ade6027a8c27a0256cdc7",
    "full": "9563d161063f209aef7a95d82459131a01669bb8efb7adf4e976becf0bed6f82",
}
"""SHA-256 of a filter of capacity 2,000 with so many tokens in it, added in several saves."""


def test_every_server_stores_the_same_bytes(client: Any) -> None:
    golden = declared(capacity=10)
    golden.create(title="a", text="green tea and black coffee")
    assert client.get(KEY).hex() == GOLDEN.hex()


def test_a_filter_stored_by_the_first_version_is_readable(client: Any) -> None:
    golden = declared(capacity=10)
    client.set(KEY, GOLDEN)
    found = golden.seen.might_exist_batch(["green", "tea", "coffee", "black", "zebra", "lion"])
    assert [text for text, hit in found.items() if hit] == ["green", "tea", "coffee", "black"]
    state = golden.seen.info()
    assert (state.complete, state.items, state.size) == (True, 4, len(GOLDEN))


def test_every_server_stores_the_same_bytes_after_many_saves(client: Any) -> None:
    larger = declared(capacity=2000)
    for part in range(10):
        words = (f"word{number}" for number in range(part * 90, part * 90 + 100))
        larger.create(title=str(part), text=" ".join(words))
    assert hashlib.sha256(client.get(KEY)).hexdigest() == LARGER["half"]
    larger.create(title="all", text=" ".join(f"more{number}" for number in range(1100)))
    assert hashlib.sha256(client.get(KEY)).hexdigest() == LARGER["full"]


# Values that are not its own


def refused(client: Any, kind: type[StoredValueError], model: Any = Page, text: str = "") -> str:
    """Every way to use the filter raises this error, which names the key, and writes nothing."""
    before = client.dump(KEY)
    record = model(title="new", text="tea")
    pipeline = client.pipeline()
    model(title="other", text="tea").save(pipeline=pipeline)
    ways: list[Callable[[], Any]] = [
        lambda: model.seen.might_exist("tea"),
        lambda: model.seen.definitely_missing("tea"),
        lambda: model.seen.might_exist_batch(["tea"]),
        lambda: model.seen.might_exist_count(["tea"]),
        model.seen.fill_ratio,
        model.seen.info,
        record.save,
        lambda: record.save(update_fields=["text"]),
    ]
    said = set()
    for way in ways:
        with pytest.raises(kind, match=r"'\$EF:Page:seen' ") as error:
            way()
        assert type(error.value) is kind
        said.add(str(error.value))
    assert len(said) == 1
    [message] = said
    with pytest.raises(ResponseError) as queued_error:
        pipeline.execute()
    assert message in str(queued_error.value)
    assert client.dump(KEY) == before
    assert text in message
    assert "rebuild()" in message
    return message


def plain(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"capacity": 1001}, "was made with capacity=1000, the field says capacity=1001"),
        ({"error_rate": 0.02}, "with error_rate=0.01 probes=5, the field says error_rate=0.02"),
        ({"error_rate": 0.0101}, "error_rate=0.01, the field says error_rate=0.0101;"),
        ({"tokenizer": plain}, "with tokenizer=default, the field says tokenizer=plain;"),
        ({"tokenizer": lambda text: [text]}, "the field says tokenizer=custom;"),
        ({"tokenizer_name": "x y", "tokenizer": plain}, "the field says tokenizer=x%20y;"),
        (
            {"capacity": 1, "error_rate": 0.1, "tokenizer": plain},
            "capacity=1000 error_rate=0.01 tokenizer=default probes=5, the field says capacity=1 ",
        ),
    ],
)
def test_changed_options_are_refused(client: Any, options: dict[str, Any], text: str) -> None:
    page("tea")
    refused(client, MismatchError, declared(**options), text)


def test_the_options_of_long_names_are_compared_too(client: Any) -> None:
    long = declared(tokenizer=plain, tokenizer_name="é" * 1000)
    long.create(title="a", text="tea")
    refused(client, MismatchError, declared(), "tokenizer=%C3%A9")
    assert long.seen.might_exist("tea") is True


def test_the_same_options_written_otherwise_are_the_same(client: Any) -> None:
    page("tea")
    assert declared(error_rate=1e-2, hash_version=1).seen.might_exist("tea") is True


@pytest.mark.parametrize("version", [1, 2])
def test_a_filter_of_popotos_own_is_refused(client: Any, version: int) -> None:
    field = popoto.ExistenceFilter(
        capacity=1000, hash_version=version, fingerprint_fn=lambda page: page.text
    )
    theirs = declared(field)
    field.on_save(theirs(title="a", text="kubernetes deployment guide"), "seen", None)
    assert client.strlen(KEY) > 0
    refused(client, ForeignLayoutError, text="Popoto's own field, perhaps")


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\0" * 5000, b"recall-bloom 2 x", b"recall-sketch 1 "]
)
def test_any_other_string_is_refused(client: Any, data: bytes) -> None:
    client.set(KEY, data)
    refused(client, ForeignLayoutError, text=f"holds {len(data)} bytes that are no recall-bloom 1 ")


def test_another_type_is_refused(client: Any) -> None:
    for kind, add in {
        "list": lambda: client.rpush(KEY, "x"),
        "hash": lambda: client.hset(KEY, "x", 1),
        "set": lambda: client.sadd(KEY, "x"),
        "zset": lambda: client.zadd(KEY, {"x": 1}),
        "stream": lambda: client.xadd(KEY, {"x": 1}),
    }.items():
        client.delete(KEY)
        add()
        refused(client, WrongTypeError, text=f"holds a {kind} where a string belongs")


@pytest.fixture
def stored(client: Any) -> bytes:
    """A filter as it is stored, one token in it."""
    page("tea").delete()
    value: bytes = client.get(KEY)
    return value


def test_every_flipped_bit_of_stamp_and_state_is_noticed(client: Any, stored: bytes) -> None:
    kind = len(b"recall-bloom 1 ")
    for at in range(stored.index(b"size=") + 64):
        expected = ForeignLayoutError if at < kind else CorruptValueError
        for bit in range(8):
            damaged = bytearray(stored)
            damaged[at] ^= 1 << bit
            client.set(KEY, bytes(damaged))
            for ask in (lambda: Page.seen.might_exist("zebra"), Page.seen.info):
                with pytest.raises(expected, match=r"'\$EF:Page:seen' "):
                    ask()
        with pytest.raises(expected):
            page("coffee")
        assert client.get(KEY) == damaged


@pytest.mark.parametrize(
    "lengths", [range(200), [500, 1000, 1631]], ids=["in the head", "in the data"]
)
def test_a_value_cut_short_is_noticed(client: Any, stored: bytes, lengths: Any) -> None:
    kind = len(b"recall-bloom 1 ")
    for length in lengths:
        client.set(KEY, stored[:length])
        expected = ForeignLayoutError if length < kind else CorruptValueError
        for ask in (lambda: Page.seen.might_exist("tea"), Page.seen.info, lambda: page("coffee")):
            with pytest.raises(expected, match=r"'\$EF:Page:seen' "):
                ask()
        assert client.get(KEY) == stored[:length]


@pytest.mark.parametrize("more", [b"\0", b"\n", b"\0" * 32, b"x" * 1000])
def test_appended_bytes_are_noticed(client: Any, stored: bytes, more: bytes) -> None:
    client.append(KEY, more)
    refused(client, CorruptValueError, text=f"has {len(stored) + len(more)} bytes")


def test_two_values_run_together_are_noticed(client: Any, stored: bytes) -> None:
    client.set(KEY, stored[:96] + stored)
    refused(client, CorruptValueError)


def test_clear_puts_a_filter_in_place_of_anything(client: Any, write: Call) -> None:
    for data in (b"", b"not ours"):
        client.set(KEY, data)
        write("clear")
        assert Page.seen.info().complete is True
    client.delete(KEY)
    client.rpush(KEY, "x")
    write("clear")
    assert Page.seen.might_exist("x") is False
