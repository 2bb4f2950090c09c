"""Row 12: replicas, and a user who may do as little as possible.

Clients that decode replies, and both protocols, are tested for every operation in
test_engine.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from harness import check
from popoto import KeyField, Model, StringField, UniqueKeyField
from servers import Server
from support import Topic, answered, calls, small_store, writes
from test_failover import pair

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch

Start = Callable[..., Server]
Bind = Callable[..., redis.Redis]

STEPS = {"clear", "rebuild", "sweep", "weaken_graph"}
RECORDS = {"get_linked_records"}
"""Reads records, which Popoto cannot do with a client that decodes replies."""


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("decodes", [False, True], ids=["bytes", "decoding"])
def test_reads_work_on_a_replica(start: Start, bind: Bind, protocol: int, decodes: bool) -> None:
    primary, replica = pair(start)
    small_store(bind(primary.socket))
    asked = [
        (field, name)
        for field, name in calls()
        if not writes(field, name) and name not in STEPS and not (decodes and name in RECORDS)
    ]
    expected = [answered(field, name) for field, name in asked]
    assert primary.client().wait(1, 5000) == 1
    bind(replica.socket, protocol=protocol, decode_responses=decodes)
    found = [answered(field, name) for field, name in asked]
    check(12, len(asked), [f for f, e in zip(found, expected, strict=True) if f != e])
    with pytest.raises(redis.ResponseError, match=r"read only replica"):
        Topic.near.link("a", "z")


# The least that a user must be allowed

COMMANDS: dict[str, str] = {
    "connections, scripts, transactions": "evalsha eval script|load multi exec",
    "graph": "type zadd zcard zmscore zrange zrem zscan zscore zunionstore pttl pexpire del unlink"
    " memory|usage",
    "filter and sketch": "getrange strlen exists get set setrange scard hlen sinter bitcount"
    " bitfield zremrangebyrank",
    "rebuild": "sscan hget hset hgetall rename persist",
    "Popoto's records": "sadd srem",
}
KEYS = (
    "$CoOcF:Doc:* $CoOcR:Doc:* $CoOcN:Doc:* $EF:Doc:* $FS:Doc:* {$EF:Doc:* {$FS:Doc:* Doc:*"
    " $Class:Doc $Class:Doc:reindex $UniqueKeyF:Doc:* $KeyF:Doc:*"
)


class Doc(Model):
    name = UniqueKeyField()
    agent = KeyField()
    text = StringField()
    near = CoOccurrenceField(max_edges=3)
    cites = CoOccurrenceField(symmetric=False, max_edges=3)
    seen = ExistenceFilter(capacity=100, fingerprint_fn=lambda doc: doc.text)
    own = ExistenceFilter(capacity=100, partition_by=("agent", "name"))
    often = FrequencySketch(
        width=50, depth=4, top=3, partition_by="agent", fingerprint_fn=lambda doc: doc.text
    )
    every = FrequencySketch(width=50, top=3, fingerprint_fn=lambda doc: doc.text)


def acl(commands: Iterator[str] | list[str], keys: list[str]) -> list[str]:
    return ["reset", "on", "nopass", *(f"+{name}" for name in commands), *(f"~{k}" for k in keys)]


def work(admin: redis.Redis) -> list[Any]:
    """All that the fields do, and what it gave."""
    a, b, c, d, e = (Doc.create(name=n, agent="me", text=f"redis {n}xx") for n in "abcde")
    said: list[Any] = [Doc.near.co_occur([a, b, c]), Doc.cites.co_occur([a, b, c])]
    said += [Doc.near.link(a, d), Doc.near.strengthen(a, e), Doc.cites.strengthen(a, d)]
    said += [Doc.near.get_linked(a), Doc.near.propagate([a]), Doc.near.get_linked_records(a)]
    admin.pexpire(Doc.near.get_edge_key(b), 10**8)
    said += [Doc.near.weaken_all(b, factor=0.5), admin.pttl(Doc.near.get_edge_key(b)) > 0]
    said += [Doc.near.weaken_graph(0.5), Doc.cites.weaken_graph(0.5), Doc.near.unlink(a, b)]
    said += [Doc.seen.might_exist("redis"), Doc.own.at(name="a", agent="me").might_exist("x")]
    said += [
        Doc.create(name="f", agent="me", text=" ".join(f"word{i}" for i in range(150))).name,
        Doc.seen.info(),
        Doc.every.get_frequency("word1"),
        Doc.every.top(1),
        Doc.often.at(agent="me").info(),
        Doc.often.at(agent="me").top(1),
        Doc.near.sweep(),
        Doc.near.info().bytes is None,
    ]
    said += [
        Doc.often.at(agent="me").get_frequency("redis"),
        Doc.often.at(agent="me").increment("redis"),
    ]
    said += [
        Doc.seen.rebuild(),
        Doc.often.at(agent="me").rebuild(),
        Doc.often.at(agent="me").top(1),
        Doc.seen.clear(),
    ]
    admin.zadd(Doc.near.get_edge_key("Doc:me:gone"), {"Doc:me:b": 0.5})
    admin.zadd(Doc.near.get_edge_key(b), {"Doc:me:gone": 0.5})
    said += [Doc.near.sweep()]
    a.name = "z"
    said += [bool(a.save(migrate_key=True)), Doc.cites.get_linked(a), b.delete()]
    said += [sorted(Doc.near.get_linked(a)), sorted(admin.keys("*"))]
    return said


@pytest.fixture
def restricted(start: Start, bind: Bind) -> Callable[[list[str], list[str]], list[Any]]:
    """Does the work as a user with some commands and some keys, on an emptied server."""
    server = start()
    admin = server.client()

    def run(commands: list[str], keys: list[str]) -> list[Any]:
        admin.flushall()
        admin.script_flush()
        admin.execute_command("ACL", "SETUSER", "recall", *acl(commands, keys))
        bind(server.socket, username="recall", password="")
        return [repr(one) for one in work(admin)]

    return run


def allowed() -> list[str]:
    return " ".join(COMMANDS.values()).split()


def test_the_documented_user_can_do_everything(restricted: Any) -> None:
    assert restricted(allowed(), KEYS.split()) == restricted(["@all"], ["*"])
    check(12, 1, [])


def test_a_missing_permission_is_not_taken_for_another_type(restricted: Any) -> None:
    commands = [name for name in allowed() if name != "getrange"]
    with pytest.raises(redis.ResponseError, match=r"(?i)no ?perm|can't run this command"):
        restricted(commands, KEYS.split())


@pytest.mark.parametrize("what", ["command", "key"])
def test_without_any_one_of_them_something_fails(restricted: Any, what: str) -> None:
    expected = restricted(allowed(), KEYS.split())
    needless = []
    for left_out in allowed() if what == "command" else KEYS.split():
        commands = [name for name in allowed() if name != left_out]
        keys = [key for key in KEYS.split() if key != left_out]
        try:
            if restricted(commands, keys) == expected:
                needless.append(left_out)
        except (redis.RedisError, TypeError):
            continue
    check(12, len(allowed()), needless)
