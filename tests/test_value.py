"""What holds for filters and sketches alike, on every server: the value says how it is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import popoto
import pytest
from kept import (
    KINDS,
    OLDER,
    SAVES,
    Call,
    Kind,
    at_once,
    by_its_twin,
    declared,
    plain,
    queued,
    tenants,
)
from popoto import redis_db
from redis.exceptions import ResponseError

from popoto_recall import (
    ArgumentTypeError,
    CorruptValueError,
    ExistenceFilter,
    ForeignLayoutError,
    FrequencySketch,
    OptionError,
    StoredValueError,
    WrongTypeError,
    partition,
    typed,
)
from popoto_recall.fields import _rebuild

STATE_BYTES = 180


@pytest.fixture(params=KINDS, autouse=True)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def model(kind: Kind) -> Any:
    return kind.model()


def page(model: Any, text: str = "green tea", title: str = "a", **values: Any) -> Any:
    return model.create(title=title, text=text, **values)


# What is stored


def test_it_is_a_string_under_the_documented_key_and_says_how_it_is_read(
    client: Any, kind: Kind
) -> None:
    model = kind.model(tokenizer=plain, tokenizer_name="two words/é")
    page(model)
    assert client.keys("*kept*") == [kind.key.encode()]
    value = client.get(kind.key)
    assert value.startswith(kind.begins + b"two%20words%2F%C3%A9 -\n")
    info = model.kept.info()
    assert (info.key, info.size, info.tokenizer) == (kind.key, len(value), "two words/é")


def test_without_a_value_and_without_records_nothing_exists(
    client: Any, kind: Kind, model: Any
) -> None:
    assert kind.answers(model.kept)
    info = model.kept.info()
    assert (info.exists, info.items, info.size, info.rebuilding) == (False, 0, 0, False)


def test_what_a_deleted_record_had_is_left_until_a_rebuild(
    client: Any, kind: Kind, model: Any
) -> None:
    page(model).delete()
    assert kind.knows(model.kept, "tea")
    assert model.kept.rebuild() == 0
    assert not kind.knows(model.kept, "tea")
    assert client.keys("*kept*") == []


@pytest.mark.parametrize("write", [at_once, by_its_twin, queued], ids=["sync", "async", "pipeline"])
def test_clear_leaves_an_empty_value_that_is_complete(
    client: Any, kind: Kind, model: Any, write: Call
) -> None:
    page(model)
    client.expire(kind.key, 1000)
    write(model.kept, "clear")
    assert not kind.knows(model.kept, "tea")
    assert kind.answers(model.kept)
    info = model.kept.info()
    assert (info.exists, info.items, client.ttl(kind.key)) == (True, 0, -1)
    page(model, "coffee", "b")
    assert kind.knows(model.kept, "coffee")


@pytest.mark.parametrize("options", [{"decode_responses": True}, {"protocol": 3}])
def test_answers_do_not_depend_on_how_the_client_reads(
    real_client: Any,
    running: Any,
    kind: Kind,
    model: Any,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = [f"word{number}" for number in range(20)]
    page(model, "naïve tea " + " ".join(words))
    reads: list[tuple[Any, ...]] = [
        (kind.ask, "naïve"),
        (f"{kind.ask}_batch", [*words, "lion"]),
        ("info",),
    ]
    expected = [at_once(model.kept, *read) for read in reads]
    with running.client(**options) as other:
        monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", other)
        assert [at_once(model.kept, *read) for read in reads] == expected
        page(model, "more", "b")
        model.kept.rebuild()
        assert kind.knows(model.kept, "more")
        assert kind.answers(model.kept)
        other.set(kind.key, "not ours")
        with pytest.raises(ForeignLayoutError, match="Page:kept"):
            model.kept.info()


def test_a_tenant_with_ten_short_memories_takes_at_most_10_kb(real_client: Any) -> None:
    options: dict[str, Any] = {"fingerprint_fn": lambda page: page.text, "partition_by": "agent"}
    model = tenants(
        seen=ExistenceFilter(capacity=1000, **options), often=FrequencySketch(width=200, **options)
    )
    for number in range(10):
        text = f"short memory {number} of what agent{number} said about topic{number} yesterday"
        page(model, text, str(number), agent="a1", team="t")
    keys = [key for key in real_client.keys("*") if key.startswith((b"$EF:", b"$FS:", b"{$"))]
    assert sorted(keys) == [b"$EF:Page:seen:{a1}", b"$FS:Page:often:{a1}"]
    assert sum(map(real_client.memory_usage, keys)) <= 10_000


# Texts


def test_tokens_are_those_that_records_and_questions_are_split_into(
    client: Any, kind: Kind, model: Any
) -> None:
    assert model.kept.tokens("The Green TEA, green is_not at") == ["green", "tea", "is_not"]
    for alone in ("", "   ", "?!", "is it", "東京", "ab"):
        assert model.kept.tokens(alone.upper()) == [alone]
        page(model, alone)
        assert kind.knows(model.kept, alone)
        assert not kind.knows(model.kept, f"{alone}.")
    assert kind.model(tokenizer=plain).kept.tokens("b a b") == ["b", "a"]
    assert model.kept.tokens(12345) == model.kept.tokens(b"12345") == ["12345"]


def test_a_record_is_no_fingerprint(client: Any, kind: Kind, model: Any) -> None:
    """It was asked for by the text of the object, and a stored record was denied."""
    record = page(model)
    before = client.dump(kind.key)
    calls = [
        (kind.ask, record),
        (f"{kind.ask}_batch", ["tea", record]),
        ("tokens", record),
        *[(name, record) for name, _ in kind.writes],
    ]
    for call in calls:
        with pytest.raises(ArgumentTypeError, match="'Page:a' is a record, not a fingerprint"):
            at_once(model.kept, *call)
    assert client.dump(kind.key) == before


@pytest.mark.parametrize("text", [None, "\ud800", "fine \udfff", b"\xff"])
def test_what_is_no_text_is_refused_before_anything_is_sent(
    client: Any, kind: Kind, model: Any, text: Any
) -> None:
    for name, argument in (
        (kind.ask, text),
        (f"{kind.ask}_batch", ["fine", text]),
        *[(name, text) for name, _ in kind.writes],
    ):
        with pytest.raises(ValueError, match=r"fingerprint|surrogate|UTF-8"):
            at_once(model.kept, name, argument)
    assert client.keys("*") == []


@pytest.mark.parametrize("text", ["tea", "", b"tea"])
def test_a_bare_string_is_no_batch(client: Any, kind: Kind, model: Any, text: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"write \[text\]"):
        at_once(model.kept, f"{kind.ask}_batch", text)


def test_a_batch_answers_as_single_questions_do_in_first_seen_order(
    client: Any, kind: Kind, model: Any
) -> None:
    texts = ["green tea", "The one", "?!", "", "naïve", "a\nb", "x_1 y_2", "Tea tea", "?!", "1"]
    for number, text in enumerate(texts[::2]):
        page(model, text, str(number))
    single = [(text, at_once(model.kept, kind.ask, text)) for text in dict.fromkeys(texts)]
    for way in (at_once, by_its_twin):
        for given in (texts, iter(texts), dict.fromkeys(texts), [text.encode() for text in texts]):
            assert list(way(model.kept, f"{kind.ask}_batch", given).items()) == single
    assert at_once(model.kept, f"{kind.ask}_batch", []) == {}


def test_texts_and_tokens_of_20_mb(client: Any, kind: Kind) -> None:
    model = kind.model()
    page(model, "needle " + "word " * 4_000_000)
    assert kind.knows(model.kept, "word " * 4_000_000 + "needle")
    whole = kind.model(tokenizer=lambda text: [text])
    whole.kept.clear()
    page(whole, "x" * 20_000_000)
    assert kind.knows(whole.kept, "x" * 20_000_000)
    assert not kind.knows(whole.kept, "x" * 20_000_001)


# Completeness


def test_what_is_added_to_a_model_with_records_does_not_answer_until_a_rebuild(
    client: Any, kind: Kind, model: Any
) -> None:
    old = page(OLDER, "forgotten", "old")
    assert not kind.answers(model.kept)
    assert not model.kept.info().exists
    for number in range(2):
        page(model, "tea", str(number))
        assert not kind.answers(model.kept)
    old.delete()
    assert not kind.answers(model.kept)
    page(OLDER, "forgotten", "old")
    assert model.kept.rebuild() == 3
    assert client.ttl(kind.key) == -1
    assert kind.answers(model.kept)
    assert all(kind.knows(model.kept, text) for text in ("forgotten", "tea"))


def test_clear_makes_an_incomplete_value_complete(client: Any, kind: Kind, model: Any) -> None:
    page(OLDER, "forgotten", "old")
    page(model)
    model.kept.clear()
    assert kind.answers(model.kept)
    assert not kind.knows(model.kept, "forgotten")


@pytest.mark.parametrize("save", SAVES)
def test_an_evicted_value_that_any_save_makes_anew_does_not_answer(
    client: Any, kind: Kind, model: Any, save: Callable[[Any], None]
) -> None:
    page(model, "forgotten", "old")
    record = page(model, "tea", "new")
    client.delete(kind.key)
    record.text = "coffee"
    save(record)
    assert model.kept.info().exists
    assert not kind.answers(model.kept)
    model.kept.rebuild()
    assert all(kind.knows(model.kept, text) for text in ("forgotten", "coffee"))


@pytest.mark.parametrize("save", SAVES)
def test_the_only_record_makes_a_value_that_is_complete(
    client: Any, kind: Kind, model: Any, save: Callable[[Any], None]
) -> None:
    record = page(model, "tea", "only")
    client.delete(kind.key)
    save(record)
    assert model.kept.info().exists
    assert kind.answers(model.kept)
    assert kind.knows(model.kept, "tea")


def test_first_records_in_one_multi_make_it_complete_unless_there_were_others(
    client: Any, kind: Kind, model: Any
) -> None:
    words = [f"number{number}" for number in range(20)]
    model.bulk_create([model(title=word, text=word) for word in words])
    assert kind.answers(model.kept)
    assert all(kind.knows(model.kept, word) for word in words)
    client.delete(kind.key)
    pipeline = popoto.batch()
    for word in words:
        model(title=word, text=word).save(pipeline=pipeline)
    pipeline.execute()
    assert not kind.answers(model.kept)


def test_an_expired_value_is_like_an_evicted_one(client: Any, kind: Kind, model: Any) -> None:
    record = page(model, "forgotten")
    client.pexpire(kind.key, 1)
    time.sleep(0.01)
    assert not kind.answers(model.kept)
    record.delete()
    assert kind.answers(model.kept)
    assert not kind.knows(model.kept, "forgotten")


# Options that change


def test_changed_options_change_nothing_before_a_rebuild_or_a_clear(
    client: Any, kind: Kind, model: Any
) -> None:
    """Every save failed, of the new processes and then of the old ones, and stored its record."""
    for options in kind.other_options:
        changed = kind.model(**options)
        for make in ("rebuild", "clear"):
            model.kept.clear()
            before = model.kept.info()
            for number, each in enumerate([model, changed] * 2):
                page(each, f"tea word{number}", str(number))
                for other in (model, changed):
                    assert kind.knows(other.kept, f"word{number}")
                    assert kind.answers(other.kept)
            now = changed.kept.info()
            for name, value in options.items():
                assert getattr(now, name) == getattr(before, name) != value
                assert getattr(now, f"declared_{name}") == value
            getattr(changed.kept, make)()
            now = model.kept.info()
            page(model, "later", "later")
            assert all(getattr(now, name) == value for name, value in options.items())
            assert kind.answers(model.kept)
            assert all(kind.knows(each.kept, "later") for each in (model, changed))


def test_another_tokenizer_makes_it_incomplete_for_both_and_fails_no_save(
    client: Any, kind: Kind, model: Any
) -> None:
    changed = kind.model(tokenizer=plain)
    page(model)
    assert kind.answers(model.kept)
    assert not kind.answers(changed.kept)
    page(changed, "Coffee", "b")
    for each, own in ((model, "default"), (changed, "plain")):
        assert not kind.answers(each.kept)
        info = each.kept.info()
        assert (info.tokenizer, info.declared_tokenizer) == ("default", own)
    page(model, "milk", "c")
    changed.kept.rebuild()
    assert kind.answers(changed.kept)
    assert all(kind.knows(changed.kept, text) for text in ("green", "Coffee", "milk"))
    assert not kind.answers(model.kept)


def test_a_rebuild_ends_incomplete_while_processes_with_the_old_tokenizer_save(
    client: Any, kind: Kind, model: Any
) -> None:
    changed = kind.model(tokenizer=plain)
    page(model)
    changed.kept.rebuild(progress=lambda done, total: page(model, "milk", "c"))
    assert not kind.answers(changed.kept)
    changed.kept.rebuild()
    assert kind.answers(changed.kept)


def test_names_of_tokenizers_are_short_enough_to_be_read_by_others(client: Any, kind: Kind) -> None:
    long = kind.model(tokenizer=plain, tokenizer_name="é" * 255)
    page(long)
    page(kind.model(), "coffee", "b")
    assert not kind.answers(kind.model().kept)
    assert kind.model().kept.info().tokenizer == "é" * 255
    with pytest.raises(OptionError, match="longer than 255 characters"):
        kind.field(tokenizer=plain, tokenizer_name="é" * 256)


# Partitions


def test_partitions_know_nothing_of_each_other(client: Any, kind: Kind) -> None:
    model = tenants(kept=kind.field(partition_by="agent"))
    for agent, text in (("a1", "tea"), ("a2", "coffee")):
        page(model, text, agent, agent=agent, team="t")
    for agent, known in (("a1", [True, False]), ("a2", [False, True]), ("a3", [False, False])):
        with partition(agent=agent):
            assert kind.answers(model.kept)
            assert [kind.knows(model.kept, text) for text in ("tea", "coffee")] == known


@pytest.mark.parametrize(
    ("mine", "theirs"), [(["agent"], ["team"]), (["agent", "team"], ["team", "agent"])]
)
def test_partitions_of_other_names_do_not_read_each_other(
    client: Any, kind: Kind, mine: list[str], theirs: list[str]
) -> None:
    """Tenants whose values are spelled alike share a key; neither is told what the other has."""
    ours, other = (tenants(kept=kind.field(partition_by=names)) for names in (mine, theirs))
    page(ours, agent="x", team="x")
    with partition(**dict.fromkeys(mine, "x")):
        assert kind.answers(ours.kept)
    with partition(**dict.fromkeys(theirs, "x")):
        assert not kind.answers(other.kept)
    page(other, "coffee", "b", agent="x", team="x")
    with partition(**dict.fromkeys(mine, "x")):
        assert not kind.answers(ours.kept)


def test_a_record_saved_without_multi_is_not_denied_by_a_rebuild_in_between(
    client: Any, kind: Kind
) -> None:
    """Popoto lists it in its partition only after the field that is declared before the key."""
    model = tenants(kept=kind.field(partition_by="agent"))
    queued = 1
    while queued:
        page(model, "first", agent="x", team="t")
        pipeline = popoto.batch(transaction=False)
        model(title="b", text="second", agent="x", team="t").save(pipeline=pipeline)
        commands, queued = pipeline.command_stack, queued + 1
        for number, (args, _) in enumerate(commands, 1):
            client.execute_command(*args)
            if number == queued:
                with partition(agent="x"):
                    model.kept.rebuild()
        with partition(agent="x"):
            assert all(kind.knows(model.kept, text) for text in ("first", "second"))
            assert kind.answers(model.kept)
        if queued > len(commands):
            break
        for key in client.keys("*"):
            client.delete(key)


# Values that are not its own


def refused(client: Any, kind: Kind, error: type[StoredValueError]) -> str:
    """Every use raises this error, which names key and way out, and leaves what is stored."""
    model = kind.model()
    before = client.dump(kind.key)
    record = model(title="new", text="tea")
    pipeline = client.pipeline()
    model(title="other", text="tea").save(pipeline=pipeline)
    ways: list[Callable[[], Any]] = [
        *[lambda call=call: at_once(model.kept, *call) for call in (*kind.reads, *kind.writes)],
        record.save,
        lambda: record.save(update_fields=["text"]),
    ]
    said = set()
    for way in ways:
        with pytest.raises(error) as raised:
            way()
        said.add((type(raised.value), str(raised.value)))
    with pytest.raises(ResponseError) as queued_error:
        pipeline.execute()
    known = typed(queued_error.value)
    assert {(type(known), str(known))} == said
    assert client.dump(kind.key) == before
    message = str(known)
    assert f"'{kind.key}' " in message
    assert "rebuild()" in message
    return message


def test_a_value_of_popotos_own_is_refused(client: Any, kind: Kind) -> None:
    theirs = declared(kept=kind.popotos())
    theirs.kept.on_save(theirs(title="a", text="kubernetes deployment guide"), "kept", None)
    error = WrongTypeError if client.type(kind.key) == b"hash" else ForeignLayoutError
    assert "Popoto's own field, perhaps" in refused(client, kind, error)


@pytest.mark.parametrize("data", [b"x", b"\0" * 5000, b"recall-other 1 default -\n", b"\n", b"1"])
def test_any_other_string_is_refused(client: Any, kind: Kind, data: bytes) -> None:
    client.set(kind.key, data)
    refused(client, kind, ForeignLayoutError)


def test_a_value_of_the_other_kind_is_refused(client: Any, kind: Kind) -> None:
    other = KINDS["sketch" if kind is KINDS["filter"] else "filter"]
    page(other.model())
    client.rename(other.key, kind.key)
    refused(client, kind, ForeignLayoutError)


def test_a_value_of_a_later_version_is_refused(client: Any, kind: Kind, model: Any) -> None:
    page(model)
    for version in (b"2", b"9", b"10"):
        later = client.get(kind.key).replace(b" 1 ", b" %s " % version, 1)
        client.set(kind.key, later)
        assert "update this process" in refused(client, kind, ForeignLayoutError)
        model.kept.clear()


@pytest.mark.parametrize("type", ["list", "hash", "set", "zset", "stream"])
def test_another_type_is_refused(client: Any, kind: Kind, type: str) -> None:
    put(client, kind.key, type)
    assert "does not belong there" in refused(client, kind, WrongTypeError)


def put(client: Any, key: str, type: str) -> None:
    """Something of a type."""
    client.delete(key)
    {
        "list": lambda: client.rpush(key, "x"),
        "hash": lambda: client.hset(key, "x", 1),
        "set": lambda: client.sadd(key, "x"),
        "zset": lambda: client.zadd(key, {"x": 1}),
        "stream": lambda: client.xadd(key, {"x": 1}),
        "string": lambda: client.set(key, "not ours"),
    }[type]()


@pytest.fixture
def stored(client: Any, kind: Kind, model: Any) -> bytes:
    """A value as it is stored, one token in it."""
    page(model, "tea")
    value: bytes = client.get(kind.key)
    return value


@pytest.mark.timeout(300)
def test_no_flipped_bit_of_the_head_makes_a_wrong_answer(
    client: Any, kind: Kind, model: Any, stored: bytes
) -> None:
    state = stored.index(b"\n") + 1
    for at in range(state + STATE_BYTES):
        for bit in range(8):
            damaged = bytearray(stored)
            damaged[at] ^= 1 << bit
            client.set(kind.key, bytes(damaged))
            uses = [
                lambda: kind.knows(model.kept, "unheard-of"),
                lambda: not model.kept.info().complete,
                lambda: page(model, "tea"),
            ]
            found = {outcome(use, kind.key) for use in uses[: 3 if bit == at % 8 else 2]}
            assert found <= {"CorruptValueError"} or at < state
            assert "denied" not in found


def outcome(use: Callable[[], object], key: str) -> str:
    """What comes of using a damaged value."""
    try:
        return "no harm" if use() else "denied"
    except StoredValueError as error:
        return type(error).__name__ if f"'{key}' " in str(error) else "denied"


def test_a_value_cut_short_or_grown_is_refused(
    client: Any, kind: Kind, model: Any, stored: bytes
) -> None:
    head = stored.index(b"\n") + 1 + STATE_BYTES
    lengths = [len(kind.begins), head - STATE_BYTES, head - 1, head, head + 1, len(stored) - 1]
    for data in (
        *[stored[:length] for length in lengths],
        *[stored + more for more in (b"\0", b"\n", b"\0" * 32, stored)],
        stored[:head] + stored,
    ):
        client.set(kind.key, data)
        refused(client, kind, CorruptValueError)


@pytest.mark.parametrize("make", ["clear", "rebuild"])
@pytest.mark.parametrize("type", ["string", "list", "hash", "set", "zset", "stream"])
def test_clear_and_rebuild_replace_whatever_is_there(
    client: Any, kind: Kind, model: Any, make: str, type: str
) -> None:
    put(client, kind.key, type)
    with pytest.raises(StoredValueError):
        page(model, "refused")  # its record is stored all the same
    getattr(model.kept, make)()
    assert kind.answers(model.kept)
    assert kind.knows(model.kept, "refused") is (make == "rebuild")
    page(model, "later", "b")
    assert kind.knows(model.kept, "later")


def test_a_save_that_is_refused_while_a_rebuild_runs_is_not_denied_after_it(
    client: Any, kind: Kind, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_rebuild, "_RECORDS_PER_STEP", 1)
    model.bulk_create([model(title=str(number), text=f"word{number}") for number in range(3)])

    def damage_and_save(done: int, total: int) -> None:
        if (done, total) == (2, 3):
            put(client, kind.key, "list")
            with pytest.raises(WrongTypeError):
                page(model, "refused", "a0")

    assert model.kept.rebuild(progress=damage_and_save) == 4
    assert kind.answers(model.kept)
    assert all(kind.knows(model.kept, text) for text in ("word0", "word2", "refused"))


def test_a_key_beside_it_is_none_of_its_business(client: Any, kind: Kind, model: Any) -> None:
    """What lies under the key of the staged value, of whatever type, stops no save or read."""
    page(model)
    for type in ("string", "list", "hash"):
        put(client, f"{{{kind.key}}}:staging", type)
        page(model, "coffee")
        assert kind.answers(model.kept)
        model.kept.rebuild()
        assert kind.knows(model.kept, "coffee")
