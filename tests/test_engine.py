"""Scripts that cannot go missing, and errors that arrive as what they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import popoto
import pytest
import redis
from models import Memory, Note
from popoto import redis_db
from redis.backoff import NoBackoff
from redis.retry import Retry
from servers import Server
from support import (
    ARGUMENTS,
    GONE,
    A,
    B,
    C,
    D,
    Topic,
    answered,
    calls,
    contents,
    small_store,
    writes,
)

import popoto_recall
from popoto_recall import (
    CoOccurrenceField,
    ForeignLayoutError,
    OutcomeUnknownError,
    OutOfMemoryError,
    RecallError,
    StoredValueError,
    WrongTypeError,
)
from popoto_recall.engine import Command, Commands, Script, run

LOADS = {"get_linked_records", "rebuild"}
"""Operations that read records."""

STEPS = {"rebuild", "sweep", "weaken_graph"}
"""Operations that write in several steps, each atomic."""

CALLS = [pytest.param(field, name, id=f"{field.name}.{name}") for field, name in calls()]


@pytest.fixture
def own(binary: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of this test alone, which is Popoto's meanwhile."""
    server = Server(binary)
    client = redis_db.GuardedRedis(unix_socket_path=server.socket)
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", client)
    yield server
    client.close()
    server.close()


# Direct calls


@pytest.mark.parametrize(("field", "name"), CALLS)
def test_a_direct_call_survives_a_script_flush(client: Any, field: Any, name: str) -> None:
    small_store(client)
    expected = answered(field, name)
    small_store(client)
    client.script_flush()
    assert answered(field, name) == expected


def test_a_direct_call_survives_a_restart_of_the_server(own: Server) -> None:
    assert Note.near.link("a", "b", 0.5) == 0.5
    assert not Memory.bloom.might_exist("zebra")
    own.restart()
    assert Note.near.link("a", "b", 0.25) == 0.25
    assert not Memory.bloom.might_exist("zebra")


def test_a_direct_call_is_one_command_once_the_script_is_loaded(real_client: Any) -> None:
    for call in (lambda: Note.near.link("a", "b"), lambda: Note.near.get_linked("a")):
        call()
        real_client.config_resetstat()
        call()
        calls_of = {name: stat["calls"] for name, stat in real_client.info("commandstats").items()}
        assert calls_of["cmdstat_evalsha"] == 1
        assert not {
            name for name in calls_of if name.startswith(("cmdstat_eval_", "cmdstat_script"))
        }
        assert "cmdstat_eval" not in calls_of


def test_the_client_is_looked_up_at_each_call(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Note.near.link("a", "b")
    with monkeypatch.context() as patch:
        patch.setattr(redis_db, "POPOTO_REDIS_DB", redis.Redis(port=1, retry=None))
        with pytest.raises(redis.ConnectionError):
            Note.near.get_linked("a")
    assert Note.near.get_linked("a") == [("b", 0.1)]


def test_replies_read_the_same_when_the_client_decodes_them(
    real_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = real_client.connection_pool.connection_kwargs["path"]
    for options in ({"decode_responses": True}, {"protocol": 2}, {"protocol": 3}):
        decoding = redis_db.GuardedRedis(unix_socket_path=path, **options)
        for field, name in calls():
            if name in LOADS and "decode_responses" in options:
                continue  # Popoto's records are binary: it cannot read them with such a client
            small_store(real_client)
            expected = answered(field, name)
            small_store(real_client)
            with monkeypatch.context() as patch:
                patch.setattr(redis_db, "POPOTO_REDIS_DB", decoding)
                assert answered(field, name) == expected, (name, options)
        decoding.close()


# Replies that are lost


def losing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[int]:
    """Lose the next reply, after the server has done what it was asked; how many were read."""
    connection = redis.connection.UnixDomainSocketConnection
    original, read = connection.read_response, [0]

    def read_response(self: Any, *args: Any, **options: Any) -> Any:
        reply = original(self, *args, **options)
        read[0] += 1
        if read[0] == 1:
            self.disconnect()
            raise error
        return reply

    monkeypatch.setattr(connection, "read_response", read_response)
    return read


@pytest.mark.parametrize("kind", [redis.ConnectionError, redis.TimeoutError])
def test_a_write_whose_reply_is_lost_is_not_sent_again(
    real_client: Any, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    Note.near.strengthen("a", "b", 0.25)
    losing(monkeypatch, kind("lost"))
    with pytest.raises(OutcomeUnknownError, match="may or may not have been applied") as lost:
        Note.near.strengthen("a", "b", 0.25)
    assert isinstance(lost.value, kind)
    assert Note.near.get_linked("a") == [("b", 0.5)]
    assert Note.near.strengthen("a", "b", 0.25) == 0.75


def test_a_read_whose_reply_is_lost_is_sent_again_as_the_client_is_set_up(
    own: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = own.client(retry=Retry(NoBackoff(), 1), retry_on_error=[redis.ConnectionError])
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", again)
    Note.near.link("a", "b", 0.5)
    read = losing(monkeypatch, redis.ConnectionError("lost"))
    assert Note.near.get_linked("a") == [("b", 0.5)]
    assert read[0] > 1
    again.close()


def test_a_server_that_is_still_loading_has_not_applied_a_write(
    real_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Note.near.link("a", "b")
    losing(monkeypatch, redis.BusyLoadingError("LOADING"))
    with pytest.raises(redis.BusyLoadingError):
        Note.near.link("a", "b")


def test_a_server_that_is_not_there_has_not_applied_a_write(
    own: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = redis.Redis(unix_socket_path=f"{own.socket}-no", retry=None)
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", nobody)
    with pytest.raises(redis.ConnectionError) as refused:
        Note.near.link("a", "b")
    assert not isinstance(refused.value, RecallError)


def test_calls_give_their_connection_back(own: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = redis.ConnectionPool(
        connection_class=redis.connection.UnixDomainSocketConnection,
        path=own.socket,
        max_connections=1,
    )
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", redis.Redis(connection_pool=pool))
    Note.near.strengthen("a", "b")
    for _ in range(3):
        Note.near.link("a", "b")
        with monkeypatch.context() as patch:
            losing(patch, redis.ConnectionError("lost"))
            with pytest.raises(OutcomeUnknownError):
                Note.near.strengthen("a", "b")
        with own.client() as client:
            client.set(Note.near.get_edge_key("x"), "in the way")
        with pytest.raises(WrongTypeError):
            Note.near.link("x", "b")
    pool.disconnect()


def test_a_client_of_a_single_connection_works(
    own: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = redis.Redis(unix_socket_path=own.socket, single_connection_client=True)
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", single)
    assert Note.near.link("a", "b", 0.5) == 0.5
    assert Note.near.get_linked("a") == [("b", 0.5)]
    assert single.connection not in single.connection_pool._available_connections
    single.close()


# Queued calls

Opened = Callable[[Any], Any]
PIPELINES: dict[str, Opened] = {
    "transaction": lambda client: client.pipeline(),
    "no transaction": lambda client: client.pipeline(transaction=False),
    "batch": lambda client: popoto.batch(),
    "batch without transaction": lambda client: popoto.batch(transaction=False),
}
OPENED = pytest.mark.parametrize("opened", PIPELINES.values(), ids=PIPELINES)


@OPENED
def test_a_queued_call_survives_a_script_flush(client: Any, opened: Opened) -> None:
    pipeline = opened(client)
    Note.near.link("a", "b", 0.5, pipeline=pipeline)
    Note.near.link("a", "c", 0.25, pipeline=pipeline)
    client.script_flush()
    assert len(pipeline.execute()) == 2
    assert Note.near.get_linked("a") == [("b", 0.5), ("c", 0.25)]


@OPENED
def test_a_pipeline_that_was_reset_starts_over(client: Any, opened: Opened) -> None:
    pipeline = opened(client)
    Note.near.link("a", "dropped", pipeline=pipeline)
    pipeline.reset()
    Note.near.link("a", "b", pipeline=pipeline)
    client.script_flush()
    assert len(pipeline.execute()) == 1
    assert Note.near.get_linked("a") == [("b", 0.1)]


@OPENED
def test_a_pipeline_that_was_executed_starts_over(client: Any, opened: Opened) -> None:
    pipeline = opened(client)
    Note.near.link("a", "b", pipeline=pipeline)
    pipeline.execute()
    client.script_flush()
    Note.near.link("a", "c", pipeline=pipeline)
    assert len(pipeline.execute()) == 1
    assert dict(Note.near.get_linked("a")) == {"b": 0.1, "c": 0.1}


@OPENED
def test_a_pipeline_that_failed_starts_over(client: Any, opened: Opened) -> None:
    pipeline = opened(client)
    client.set(Note.near.get_edge_key("a"), "in the way")
    Note.near.link("a", "b", pipeline=pipeline)
    with pytest.raises(redis.ResponseError):
        pipeline.execute()
    client.script_flush()
    Note.near.link("b", "c", pipeline=pipeline)
    pipeline.execute()
    assert Note.near.get_linked("b") == [("c", 0.1)]


def test_a_save_in_a_batch_survives_a_script_flush(client: Any) -> None:
    pipeline = popoto.batch()
    for name in "abc":
        Topic(name=name, text="redis").save(pipeline=pipeline)
    client.script_flush()
    pipeline.execute()
    assert Topic.often.get_frequency("redis") == 3
    assert Topic.seen.info().complete


@pytest.mark.parametrize("opened", [PIPELINES["transaction"], PIPELINES["batch"]])
def test_the_text_of_a_script_travels_once_per_transaction(client: Any, opened: Opened) -> None:
    pipeline = opened(client)
    for target in "bcd":
        Note.near.link("a", target, pipeline=pipeline)
        Note.near.strengthen("a", target, pipeline=pipeline)
    sent = [args for args, _ in pipeline.command_stack]
    assert [args[0] for args in sent] == ["EVAL", "EVAL"] + ["EVALSHA"] * 4
    assert len(pipeline.execute()) == 6
    assert len(Note.near.get_linked("a")) == 3


def test_without_a_transaction_every_call_carries_its_text(client: Any) -> None:
    # another client's SCRIPT FLUSH may come between two of them
    pipeline = client.pipeline(transaction=False)
    for target in "bcd":
        Note.near.link("a", target, pipeline=pipeline)
    assert [args[0] for args, _ in pipeline.command_stack] == ["EVAL"] * 3


def test_what_the_caller_queues_between_keeps_its_reply(client: Any) -> None:
    pipeline = popoto.batch()
    pipeline.set("mine", "1")
    Note.near.link("a", "b", 0.5, pipeline=pipeline)
    pipeline.get("mine")
    Note.near.link("a", "c", 0.5, pipeline=pipeline)
    pipeline.incr("mine")
    replies = pipeline.execute()
    assert replies[0::2] == [True, b"1", 2]


# Pipelines that cannot hold a call


def test_a_watching_pipeline_is_refused_before_it_runs_the_call(client: Any) -> None:
    pipeline = client.pipeline()
    pipeline.watch("mine")
    with pytest.raises(ValueError, match=r"call multi\(\) first"):
        Note.near.link("a", "b", pipeline=pipeline)
    with pytest.raises(ValueError, match=r"call multi\(\) first"):
        Topic(name="a", text="redis").save(pipeline=pipeline)
    pipeline.reset()
    assert not client.keys("*")


def test_a_watching_pipeline_that_buffers_again_is_taken(client: Any) -> None:
    pipeline = client.pipeline()
    pipeline.watch("mine")
    pipeline.multi()
    Note.near.link("a", "b", pipeline=pipeline)
    Note.near.link("a", "c", pipeline=pipeline)
    assert [args[0] for args, _ in pipeline.command_stack] == ["EVAL", "EVALSHA"]
    assert not client.keys("*")
    pipeline.execute()
    assert len(Note.near.get_linked("a")) == 2


def test_a_watch_that_was_broken_leaves_nothing(client: Any) -> None:
    pipeline = client.pipeline()
    pipeline.watch("mine")
    client.set("mine", "changed")
    pipeline.multi()
    Note.near.link("a", "b", pipeline=pipeline)
    with pytest.raises(redis.WatchError):
        pipeline.execute()
    assert Note.near.get_linked("a") == []


@pytest.mark.parametrize("wrong", ["client", "text", "asyncio"])
def test_what_is_no_pipeline_is_refused(client: Any, wrong: str) -> None:
    pipeline = {
        "client": client,
        "text": "later",
        "asyncio": redis.asyncio.Redis().pipeline(),
    }[wrong]
    with pytest.raises(TypeError, match="redis-py Pipeline or popoto"):
        Note.near.link("a", "b", pipeline=pipeline)
    with pytest.raises(TypeError, match="redis-py Pipeline or popoto"):
        asyncio.run(Note.near.async_link("a", "b", pipeline=pipeline))
    assert not client.keys("*")


def test_a_read_takes_no_pipeline(client: Any) -> None:
    with pytest.raises(TypeError, match="takes no pipeline="):
        Note.near.get_linked("a", pipeline=popoto.batch())  # type: ignore[call-overload]


# Errors


def stored(client: Any, key: str, data: bytes | None) -> None:
    """Put something there, of another type if it is no data."""
    client.delete(key)
    if data is None:
        client.rpush(key, "in the way")
    else:
        client.set(key, data)


REFUSALS: dict[str, tuple[type[StoredValueError], bytes | None]] = {
    "another type": (WrongTypeError, None),
    "another layout": (ForeignLayoutError, b"\x00" * 300),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_is_typed_at_once_and_from_execute_by_typed(client: Any, what: str) -> None:
    kind, data = REFUSALS[what]
    stored(client, "$FS:Topic:often", data)
    with pytest.raises(kind, match=r"^'\$FS:Topic:often' ") as direct:
        Topic.often.increment("redis")
    pipeline = popoto.batch()
    Topic.often.increment("redis", pipeline=pipeline)
    with pytest.raises(redis.ResponseError) as queued:
        pipeline.execute()
    assert not isinstance(queued.value, RecallError)
    known = popoto_recall.typed(queued.value)
    assert (type(known), str(known)) == (kind, str(direct.value))


def test_a_refusal_comes_out_of_save_and_delete_typed(client: Any) -> None:
    topic = Topic.create(name="a", text="redis")
    stored(client, "$EF:Topic:seen", None)
    with pytest.raises(WrongTypeError, match=r"'\$EF:Topic:seen' holds a list"):
        topic.save()
    stored(client, "$CoOcF:Topic:near:Topic:a", None)
    with pytest.raises(WrongTypeError, match=r"'\$CoOcF:Topic:near:Topic:a' holds a list"):
        topic.delete()


def test_a_refusal_comes_out_of_a_twin_typed(client: Any) -> None:
    stored(client, "$CoOcF:Note:near:a", None)
    with pytest.raises(WrongTypeError):
        asyncio.run(Note.near.async_link("a", "b"))
    with pytest.raises(WrongTypeError):
        asyncio.run(Note.near.async_get_linked("a"))


def script(text: str) -> Script:
    """A script that has no file."""
    made = Script("made_here", (), writes=False)
    vars(made).update(text=text)
    return made


def test_an_error_of_the_server_that_is_none_of_ours_stays_what_it_is(client: Any) -> None:
    broken = script("return redis.call('NO_SUCH_COMMAND')")
    with pytest.raises(redis.ResponseError) as caught:
        run(client, Command(broken, (), (), int))
    assert not isinstance(caught.value, RecallError)
    assert caught.value.__cause__ is not caught.value


def test_several_commands_join_into_one_result(client: Any) -> None:
    echo = script("return ARGV[1]")
    calls = tuple(Command(echo, (), (number,), int) for number in (1, 2, 3))
    assert run(client, Commands(calls, sum)) == 6
    assert run(client, Commands((), sum)) == 0


# A key of another type


KEYS = [Topic.near.get_edge_key(pk) for pk in (A, B, D)] + ["$EF:Topic:seen", "$FS:Topic:often"]


@pytest.mark.parametrize(("field", "name"), CALLS)
def test_another_type_under_a_key_is_named_and_nothing_is_written(
    client: Any, field: Any, name: str
) -> None:
    for key in KEYS:
        small_store(client)
        stored(client, key, None)
        before = dumped(client)
        refusal = refusal_of(getattr(field, name), *ARGUMENTS[name])
        assert refusal is None or str(refusal).startswith(f"'{key}' holds a list, ")
        assert refusal is None or name in STEPS or dumped(client) == before


def refusal_of(call: Callable[..., Any], *args: Any) -> WrongTypeError | None:
    try:
        call(*args)
    except WrongTypeError as error:
        return error
    return None


def dumped(client: Any) -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.keys("*")}


NEEDED = {
    "near.link": KEYS[0],
    "near.strengthen": KEYS[1],
    "near.weaken_all": KEYS[0],
    "near.get_linked": KEYS[0],
    "near.propagate": KEYS[0],
    "near.co_occur": KEYS[1],
    "near.unlink": KEYS[0],
    "seen.might_exist": KEYS[3],
    "seen.info": KEYS[3],
    "often.increment": KEYS[4],
    "often.get_frequency": KEYS[4],
    "often.info": KEYS[4],
}


@pytest.mark.parametrize(("call", "key"), NEEDED.items(), ids=NEEDED)
def test_another_type_under_a_key_that_is_needed_is_an_error(
    client: Any, call: str, key: str
) -> None:
    small_store(client)
    stored(client, key, None)
    field, name = call.split(".")
    with pytest.raises(WrongTypeError):
        getattr(getattr(Topic, field), name)(*ARGUMENTS[name])


# No memory left


@pytest.fixture
def full(own: Server) -> Iterator[redis.Redis]:
    """A server with a small store in it that takes nothing more."""
    client = own.client()
    small_store(client)
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    yield client
    client.close()


def test_without_memory_what_grows_is_refused_whole(full: redis.Redis) -> None:
    before = contents(full)
    for field, name in calls():
        if (writes(field, name) or name in STEPS) and name not in ("unlink", "sweep"):
            with pytest.raises(OutOfMemoryError):
                getattr(field, name)(*ARGUMENTS[name])
            assert contents(full) == before, name


def test_without_memory_reads_go_on(full: redis.Redis) -> None:
    assert Topic.near.get_linked(A)
    assert Topic.near.propagate([A])
    assert Topic.seen.might_exist("redis")
    assert Topic.often.get_frequency("redis") == 2
    assert Topic.often.top(1) == [("redis", 2)]


def test_without_memory_edges_can_be_removed(full: redis.Redis) -> None:
    Topic.near.unlink(A, B)
    assert dict(Topic.near.get_linked(A)) == {GONE: 0.5}
    assert Topic.near.sweep() == 1
    assert Topic.near.get_linked(A) == []
    topic = Topic(name="b")
    CoOccurrenceField.on_delete(topic, "near", None)
    assert Topic.near.get_linked(C) == [(D, 0.5)]


def test_without_memory_a_delete_is_done_or_refused_whole(full: redis.Redis) -> None:
    before = contents(full)
    topic = Topic.load(name="b")
    assert topic is not None
    try:
        topic.delete()
    except OutOfMemoryError:  # such a server may refuse any MULTI, and Popoto deletes in one
        assert contents(full) == before
    else:
        assert Topic.load(name="b") is None
        assert Topic.near.get_linked(C) == [(D, 0.5)]


def test_without_memory_a_save_is_refused_whole(full: redis.Redis) -> None:
    before = contents(full)
    with pytest.raises(OutOfMemoryError):
        Topic.create(name="new", text="redis")
    topic = Topic.load(name="a")
    assert topic is not None
    topic.text = "changed"
    with pytest.raises(OutOfMemoryError):
        topic.save()
    assert contents(full) == before


def test_without_memory_a_transaction_is_refused_whole(full: redis.Redis) -> None:
    before = contents(full)
    pipeline = popoto.batch()
    Topic.near.link(A, D, pipeline=pipeline)
    Topic.often.increment("redis", pipeline=pipeline)
    with pytest.raises(redis.ResponseError, match="maxmemory"):
        pipeline.execute()
    assert contents(full) == before


def test_with_memory_again_everything_goes_on(full: redis.Redis) -> None:
    with pytest.raises(OutOfMemoryError):
        Topic.near.link(A, D)
    full.config_set("maxmemory", 0)
    assert Topic.near.link(A, D) == 0.1
