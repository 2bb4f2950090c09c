"""Row 7: damage to what is stored is refused by name, and nothing is written.

A key of another type is tested for every operation in test_engine.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import Case, check, sized
from popoto import redis_db
from support import contents

from popoto_recall import CorruptValueError, StoredValueError
from popoto_recall.structures.value import STATE_BYTES

FILTER, SKETCH, TOP = "$EF:Case:seen", "$FS:Case:often", "{$FS:Case:often}:top"
NO_TEXT = b"\xff\xfe"
EVERY = sized(5, 1)

Call = Callable[[], Any]
CALLS: dict[str, list[Call]] = {
    FILTER: [
        lambda: Case.seen.might_exist("redis"),
        lambda: Case.seen.info(),
        lambda: Case.create(name="b", text="server"),
    ],
    SKETCH: [
        lambda: Case.often.get_frequency("redis"),
        lambda: Case.often.top(1),
        lambda: Case.often.info(),
        lambda: Case.often.increment("redis"),
    ],
}


@pytest.fixture
def stored(real_client: Any) -> Any:
    Case.create(name="a", text="redis server")
    return real_client


def head(value: bytes) -> int:
    """Bytes before the data: the line that says what it is, and its state."""
    return value.index(b"\n") + 1 + STATE_BYTES


def damaged(value: bytes) -> Iterator[bytes]:
    """The value with each bit of its head flipped in turn, and cut at every byte of it."""
    for bit in range(0, head(value) * 8, EVERY):
        at, mask = bit // 8, 1 << bit % 8
        yield value[:at] + bytes([value[at] ^ mask]) + value[at + 1 :]
    for length in range(1, head(value), EVERY):
        yield value[:length]
    yield value[:-1]
    yield value + b"\0"


@pytest.mark.parametrize("key", [FILTER, SKETCH])
def test_a_damaged_head_is_refused_by_name(stored: Any, key: str) -> None:
    value = stored.get(key)
    found, tried = [], 0
    for damage in damaged(value):
        stored.set(key, damage)
        same = damage.startswith(value[: value.index(b"\n") + 1])
        for call in CALLS[key]:
            tried += 1
            found += refusal(call, key) if same else refusal_or_doubt(call, key)
        if same and stored.get(key) != damage:
            found.append(f"written over: {damage[:300]!r}")
    stored.set(key, value)
    check(7, tried, found)


def refusal(call: Call, key: str) -> list[str]:
    """Nothing, if the call was refused with an error that names the key."""
    try:
        said = call()
    except StoredValueError as error:
        return [] if f"'{key}'" in str(error) else [f"does not name the key: {error}"]
    return [f"answered {said!r}"]


def refusal_or_doubt(call: Call, key: str) -> list[str]:
    """Nothing, if it was refused, or taken for another tokenizer's, which denies nothing."""
    try:
        said = call()
    except StoredValueError as error:
        return [] if f"'{key}'" in str(error) else [f"does not name the key: {error}"]
    doubts = said is True or said is None or getattr(said, "complete", None) is False
    return [] if doubts or isinstance(said, Case) else [f"answered {said!r}"]


NAMES: dict[str, tuple[str, Call]] = {
    "get_linked": ("'$CoOcF:Case:near:a'", lambda: Case.near.get_linked("a")),
    "get_linked_many": (
        "'$CoOcF:Case:near:a'",
        lambda: Case.near.get_linked_many(["x", "a", "y"]),
    ),
    "propagate": ("'$CoOcF:Case:near:*'", lambda: Case.near.propagate(["a"])),
    "explained": ("'$CoOcF:Case:near:*'", lambda: Case.near.propagate(["a"], explain=True)),
    "sweep": ("'$CoOcF:Case:near:*'", lambda: Case.near.sweep()),
    "weaken_graph": ("'$CoOcF:Case:near:*'", lambda: Case.near.weaken_graph(0.5)),
    "top": (f"'{TOP}'", lambda: Case.often.top(2)),
    "rebuild": ("'$Class:Case'", lambda: Case.seen.rebuild()),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("decodes", [False, True], ids=["bytes", "decoding"])
def test_a_member_that_is_no_text_is_refused_by_name(
    stored: Any, monkeypatch: pytest.MonkeyPatch, name: str, decodes: bool
) -> None:
    named, call = NAMES[name]
    stored.zadd("$CoOcF:Case:near:a", {NO_TEXT: 0.5})
    stored.zadd(b"$CoOcF:Case:near:" + NO_TEXT, {"a": 0.5})
    stored.zadd(TOP, {NO_TEXT: 9})
    stored.sadd("$Class:Case", NO_TEXT)
    before = contents(stored)
    if decodes:
        path = stored.connection_pool.connection_kwargs["path"]
        client = redis_db.GuardedRedis(unix_socket_path=path, decode_responses=True)
        monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", client)
        named = "UTF-8"
    with pytest.raises(CorruptValueError) as refused:
        call()
    after = {key: value for key, value in contents(stored).items() if b":staging" not in key}
    if name == "rebuild":  # which has noted in the filter that it began
        del before[FILTER.encode()], after[FILTER.encode()]
        assert Case.seen.might_exist("redis")
    check(7, 1, [] if named in str(refused.value) and after == before else [str(refused.value)])


def test_writes_go_on_beside_a_member_that_is_no_text(stored: Any) -> None:
    stored.zadd("$CoOcF:Case:near:a", {NO_TEXT: 0.5})
    Case.near.co_occur(["a", "b"])
    assert Case.near.weaken_all("a", 0) == 2
    assert Case.near.get_linked("a") == []
    check(7, 2, [])
