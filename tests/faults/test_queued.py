"""Row 14: queued calls, whatever becomes of their pipeline, and of the scripts meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import popoto
import pytest
import redis
from harness import check
from support import ARGUMENTS, A, B, Topic, calls, contents, small_store, writes

from popoto_recall import CoOccurrenceField, RecallError, StoredValueError, WrongTypeError, typed

Open = Callable[[Any], Any]
Step = Callable[[Any], Any]
Flush = Callable[[Any, Any, bool], None]

PIPELINES: dict[str, Open] = {
    "transaction": lambda client: client.pipeline(),
    "no transaction": lambda client: client.pipeline(transaction=False),
    "batch": lambda client: popoto.batch(),
    "batch without transaction": lambda client: popoto.batch(transaction=False),
    "after watch": lambda client: watching(client, buffers=True),
}


def watching(client: Any, *, buffers: bool) -> Any:
    pipeline = client.pipeline()
    pipeline.watch("mine")
    if buffers:
        pipeline.multi()
    return pipeline


def never(client: Any, pipeline: Any, at_end: bool) -> None:
    """Scripts stay."""


def before_execute(client: Any, pipeline: Any, at_end: bool) -> None:
    if at_end:
        client.script_flush()


def between(client: Any, pipeline: Any, at_end: bool) -> None:
    """Another client's flush while calls are queued and, outside a MULTI, between two of them."""
    client.script_flush()
    if not (pipeline.transaction or pipeline.explicit_transaction):
        pipeline.script_flush()


OPENED = pytest.mark.parametrize("opened", PIPELINES.values(), ids=PIPELINES)
FLUSHED = pytest.mark.parametrize("flush", [never, before_execute, between])

WRITES = [(field, name) for field, name in calls() if writes(field, name)]
"""Every operation that can be queued."""


def save(pipeline: Any, name: str) -> None:
    Topic(name=name, text=f"redis {name}text").save(pipeline=pipeline)


def delete(pipeline: Any, name: str) -> None:
    topic = Topic.load(name=name)
    assert topic is not None
    topic.delete(pipeline=pipeline)


def write(field: Any, name: str) -> Step:
    return lambda pipeline: getattr(field, name)(*ARGUMENTS[name], pipeline=pipeline)


def steps() -> list[Step]:
    """All that can be queued, twice each, as calls that take the pipeline."""
    each = [write(field, name) for field, name in WRITES]
    saves = [partial(save, name=name) for name in ("new", "a", "newer")]
    return [*each, *saves, *each, partial(delete, name="b"), *saves]


def done(client: Any, times: int = 1) -> dict[bytes, Any]:
    """What is stored when all of it was called at once, so often."""
    small_store(client)
    for time in range(times):
        for step in steps():
            step(None)
        if time < times - 1:
            restored()
    return contents(client)


def restored() -> None:
    """The record that the steps delete."""
    Topic.create(name="b", text="redis cluster")


def enqueue(client: Any, pipeline: Any, flush: Flush) -> None:
    for step in steps():
        step(pipeline)
        flush(client, pipeline, False)
    flush(client, pipeline, True)


def differing(client: Any, expected: dict[bytes, Any]) -> list[Any]:
    """Keys whose content is another."""
    found = contents(client)
    return [key for key in {*found, *expected} if found.get(key) != expected.get(key)]


@OPENED
@FLUSHED
def test_nothing_queued_is_missing(real_client: Any, opened: Open, flush: Flush) -> None:
    expected = done(real_client)
    small_store(real_client)
    pipeline = opened(real_client)
    enqueue(real_client, pipeline, flush)
    pipeline.execute()
    check(14, len(steps()), differing(real_client, expected))


@OPENED
@FLUSHED
def test_a_pipeline_is_reset_and_used_again(real_client: Any, opened: Open, flush: Flush) -> None:
    expected = done(real_client)
    small_store(real_client)
    pipeline = opened(real_client)
    enqueue(real_client, pipeline, flush)
    pipeline.reset()
    enqueue(real_client, pipeline, flush)
    pipeline.execute()
    check(14, len(steps()), differing(real_client, expected))


@OPENED
@FLUSHED
def test_a_pipeline_is_executed_twice(real_client: Any, opened: Open, flush: Flush) -> None:
    expected = done(real_client, 2)
    small_store(real_client)
    pipeline = opened(real_client)
    enqueue(real_client, pipeline, flush)
    pipeline.execute()
    assert pipeline.execute() == []
    restored()
    enqueue(real_client, pipeline, flush)
    pipeline.execute()
    check(14, 2 * len(steps()), differing(real_client, expected))


@OPENED
@FLUSHED
def test_a_pipeline_that_was_refused_is_used_again(
    real_client: Any, opened: Open, flush: Flush
) -> None:
    expected = done(real_client)
    small_store(real_client)
    real_client.set("$CoOcF:Topic:near:odd", "in the way")
    pipeline = opened(real_client)
    Topic.near.link("odd", "b", pipeline=pipeline)
    with pytest.raises(redis.ResponseError):
        pipeline.execute()
    real_client.delete("$CoOcF:Topic:near:odd")
    enqueue(real_client, pipeline, flush)
    pipeline.execute()
    check(14, len(steps()), differing(real_client, expected))


# WATCH


def test_a_watching_pipeline_is_refused_and_nothing_is_sent(real_client: Any) -> None:
    small_store(real_client)
    before = contents(real_client)
    pipeline = watching(real_client, buffers=False)
    found = [wrong for step in steps() for wrong in taken(step, pipeline)]
    pipeline.multi()
    found += ["something was queued"] * bool(pipeline.execute())
    check(14, len(steps()), found + differing(real_client, before))


def taken(step: Step, pipeline: Any) -> list[str]:
    """Nothing, if the call was refused."""
    try:
        step(pipeline)
    except ValueError as error:
        return [] if "call multi() first" in str(error) else [str(error)]
    return ["taken"]


@FLUSHED
def test_a_watch_that_is_broken_leaves_nothing_and_can_be_tried_again(
    real_client: Any, flush: Flush
) -> None:
    expected = done(real_client)
    small_store(real_client)
    before = contents(real_client)
    pipeline = watching(real_client, buffers=True)
    enqueue(real_client, pipeline, flush)
    real_client.set("mine", "changed")
    with pytest.raises(redis.WatchError):
        pipeline.execute()
    real_client.delete("mine")
    found = differing(real_client, before)
    pipeline.watch("mine")
    pipeline.multi()
    enqueue(real_client, pipeline, flush)
    pipeline.execute()
    check(14, 2 * len(steps()), found + differing(real_client, expected))


# An error of ours among the caller's own commands

REFUSED: dict[str, tuple[str, Step]] = {
    "edges": (
        "$CoOcF:Topic:near:odd",
        lambda pipeline: Topic.near.link("odd", A, pipeline=pipeline),
    ),
    "filter": ("$EF:Topic:seen", lambda pipeline: save(pipeline, "refused")),
    "sketch": ("$FS:Topic:often", lambda pipeline: Topic.often.increment("x", pipeline=pipeline)),
}


@pytest.fixture(params=REFUSED)
def in_the_way(request: pytest.FixtureRequest, real_client: Any) -> tuple[str, Any]:
    """A store in which something of another type stands; its key, and a call that meets it."""
    key, call = REFUSED[request.param]
    small_store(real_client)
    real_client.delete(key)
    real_client.rpush(key, "in the way")
    return key, call


@OPENED
@FLUSHED
def test_what_stands_around_a_refused_call_takes_effect(
    real_client: Any, in_the_way: tuple[str, Any], opened: Open, flush: Flush
) -> None:
    key, call = in_the_way
    pipeline = opened(real_client)
    for number, step in enumerate((first, call, last)):
        step(pipeline)
        flush(real_client, pipeline, number == 2)
    with pytest.raises(redis.ResponseError) as refused:
        pipeline.execute()
    text = f"RECALL_TYPE {key}"
    found = [] if text in str(refused.value) else [str(refused.value)]
    found += ["typed"] * isinstance(refused.value, RecallError)
    named = typed(refused.value)
    found += [] if isinstance(named, WrongTypeError) and f"'{key}'" in str(named) else [str(named)]
    check(14, 4, found + around(real_client))
    assert real_client.lrange(key, 0, -1) == [b"in the way"]


def first(pipeline: Any) -> None:
    pipeline.set("first", 1)
    Topic.near.strengthen("x", "y", 0.25, pipeline=pipeline)


def last(pipeline: Any) -> None:
    Topic.near.strengthen("y", "z", 0.25, pipeline=pipeline)
    Topic.near.link("z", "w", 0.25, pipeline=pipeline)
    pipeline.set("last", 2)


def around(client: Any) -> list[str]:
    """What lacks of the first and the last commands."""
    found = [] if client.mget("first", "last") == [b"1", b"2"] else ["the caller's own"]
    linked = Topic.near.get_linked_many(["x", "y", "z"])
    expected = {"x": {"y"}, "y": {"x", "z"}, "z": {"y", "w"}}
    return found + [
        node for node, names in expected.items() if {n for n, _ in linked[node]} != names
    ]


def test_replies_are_told_apart_when_errors_are_not_raised(real_client: Any) -> None:
    small_store(real_client)
    real_client.rpush("$CoOcF:Topic:near:odd", "in the way")
    pipeline = popoto.batch()
    first(pipeline)
    Topic.near.link("odd", A, pipeline=pipeline)
    last(pipeline)
    replies = pipeline.execute(raise_on_error=False)
    errors = [str(reply) for reply in replies if isinstance(reply, redis.ResponseError)]
    assert [type(reply) for reply in replies[2:3]] == [redis.ResponseError]
    assert errors[0] == "RECALL_TYPE $CoOcF:Topic:near:odd"
    check(14, len(replies), errors[1:] + around(real_client))


@OPENED
@FLUSHED
def test_the_record_of_a_refused_save_is_stored_and_never_denied(
    real_client: Any, opened: Open, flush: Flush
) -> None:
    small_store(real_client)
    real_client.set("$EF:Topic:seen", "in the way")
    pipeline = opened(real_client)
    for number, name in enumerate(("new", "newer")):
        save(pipeline, name)
        flush(real_client, pipeline, number == 1)
    with pytest.raises(redis.ResponseError, match=r"RECALL_FOREIGN \$EF:Topic:seen"):
        pipeline.execute()
    found = [name for name in ("new", "newer") if Topic.load(name=name) is None]
    texts = ["newtext", "newertext", "redis"]
    with pytest.raises(StoredValueError):
        Topic.seen.might_exist_batch(texts)
    Topic.seen.rebuild()
    found += [text for text, hit in Topic.seen.might_exist_batch(texts).items() if not hit]
    check(14, 5, found)


def test_a_save_or_delete_of_ones_own_raises_it_typed(real_client: Any) -> None:
    small_store(real_client)
    topic = Topic.load(name="a")
    assert topic is not None
    real_client.delete("$EF:Topic:seen", Topic.near.get_edge_key(A))
    real_client.rpush("$EF:Topic:seen", "in the way")
    real_client.rpush(Topic.near.get_edge_key(A), "in the way")
    topic.text = "changed"
    with pytest.raises(WrongTypeError, match=r"'\$EF:Topic:seen' holds another Redis type"):
        topic.save()
    with pytest.raises(
        WrongTypeError, match=r"'\$CoOcF:Topic:near:Topic:a' holds another Redis type"
    ):
        topic.delete()
    with pytest.raises(
        WrongTypeError, match=r"'\$CoOcF:Topic:near:Topic:a' holds another Redis type"
    ):
        CoOccurrenceField.link(Topic, A, B)
    check(14, 3, [])
