"""What filters and sketches say beside Popoto's `rebuild_indexes`, and after it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import popoto
import pytest
from popoto import KeyField, Model, StringField, UniqueKeyField
from typer.testing import CliRunner

import popoto_recall
from popoto_recall import ExistenceFilter, FrequencySketch, IncompleteError, RebuildError
from popoto_recall.cli.app import app
from popoto_recall.engine import run
from popoto_recall.fields import _every, _rebuild
from popoto_recall.structures.reindex import begin, end

MARK = "$Class:Leaf:reindex"


def text_of(record: Any) -> str | None:
    """The text, None for a record that is to have no fingerprint."""
    return None if record.text == "none" else str(record.text)


class Leaf(Model):
    # what hooks do before the key's own field fills its set
    mine = ExistenceFilter(capacity=100, fingerprint_fn=text_of, partition_by="agent")
    name = KeyField()
    agent = KeyField(null=True)
    text = StringField()
    seen = ExistenceFilter(capacity=100, fingerprint_fn=text_of)
    both = ExistenceFilter(capacity=100, fingerprint_fn=text_of, partition_by=("agent", "name"))
    often = FrequencySketch(width=50, depth=4, fingerprint_fn=text_of)
    heard = FrequencySketch(width=50, depth=4, top=3, fingerprint_fn=text_of, partition_by="agent")


FIELDS = ["seen", "mine", "both", "often", "heard"]
"""Every filter and sketch."""

AT = {"agent": "a1", "name": "leaf"}
"""The partition that the tests are about."""


class Other(Model):
    name = UniqueKeyField()
    seen = ExistenceFilter(capacity=100)


class StoppedError(Exception):
    pass


@contextmanager
def emptied(what: Callable[[], object]) -> Iterator[None]:
    """Let something happen once, where a re-index of `Leaf` has emptied all indexes."""
    fill = Leaf._rebuild_from_records

    def happen_and_fill(batch_size: int) -> Any:
        restore()
        what()
        return fill(batch_size)

    def restore() -> None:
        if "_rebuild_from_records" in vars(Leaf):
            del Leaf._rebuild_from_records

    Leaf._rebuild_from_records = happen_and_fill
    try:
        yield
    finally:
        restore()


def reindexed(meanwhile: Callable[[], object]) -> None:
    with emptied(meanwhile):
        Leaf.rebuild_indexes()


def stopped(meanwhile: Callable[[], object] = lambda: None) -> None:
    """A re-index that ended where the indexes are empty."""

    def stop() -> None:
        meanwhile()
        raise StoppedError

    with pytest.raises(StoppedError):
        reindexed(stop)


@pytest.fixture
def leaves(client: Any) -> Any:
    """A model with records, and no filter or sketch left."""
    Leaf.create(name="leaf", agent="a1", text="green")
    Leaf.create(name="stem", agent="a1", text="brown")
    lose(client)
    return client


def under_way(client: Any) -> bool:
    """Whether the mark says so."""
    return bool(client.hlen(MARK) > 1)


def lose(client: Any) -> None:
    for key in client.keys("*[EF][FS]:Leaf*"):
        client.delete(key)


def admits(name: str) -> bool:
    """Whether a field admits, in every way of asking, that it has not seen every record."""
    field = getattr(Leaf, name)
    with popoto_recall.partition(**AT):
        if field.info().complete:
            return False
        if isinstance(field, ExistenceFilter):
            return bool(field.might_exist("green"))
        with pytest.raises(IncompleteError):
            field.get_frequency("green")
        if name == "heard":
            with pytest.raises(IncompleteError):
                field.top(1)
        return True


def rebuilt(name: str) -> int:
    with popoto_recall.partition(**AT):
        return int(getattr(Leaf, name).rebuild())


def denied(*texts: str) -> list[str]:
    """Fields that deny a text, all of them complete."""
    assert not any(map(admits, FIELDS))
    with popoto_recall.partition(**AT):
        filters = {name: getattr(Leaf, name).might_exist for name in ("seen", "mine", "both")}
        sketches = {name: getattr(Leaf, name).get_frequency for name in ("often", "heard")}
        asked = filters | sketches
        return [f"{name} {text}" for name, ask in asked.items() for text in texts if not ask(text)]


# What is missing, beside it and after it


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_value_is_incomplete_meanwhile(leaves: Any, name: str) -> None:
    said: list[bool] = []
    reindexed(lambda: said.append(admits(name)))
    assert said == [True]


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_lost_meanwhile_is_incomplete(leaves: Any, name: str) -> None:
    rebuilt(name)
    said: list[bool] = []

    def lose_and_ask() -> None:
        lose(leaves)
        said.append(admits(name))

    assert not admits(name)
    reindexed(lose_and_ask)
    assert said == [True]


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_made_meanwhile_is_incomplete(leaves: Any, name: str) -> None:
    said: list[bool] = []

    def save_and_ask() -> None:
        Leaf.create(name="leaf", agent="a1", text="green")
        said.append(admits(name))

    reindexed(save_and_ask)
    assert said == [True]


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_what_was_missing_or_incomplete_is_rebuilt_afterwards(leaves: Any, batch_size: int) -> None:
    assert all(map(admits, FIELDS))
    assert Leaf.rebuild_indexes(batch_size=batch_size) == 2
    assert denied("green") == []
    lose(leaves)
    Leaf.create(name="leaf", agent="a1", text="red")
    assert admits("seen")
    Leaf.rebuild_indexes(batch_size=batch_size)
    assert denied("red") == []
    assert Leaf.often.get_frequency("brown") == 1


def test_values_that_were_complete_stay_as_they_are(client: Any) -> None:
    Leaf.create(name="leaf", agent="a1", text="green")
    said: list[bool] = []
    for way in (reindexed, stopped):
        way(lambda: said.extend(map(admits, FIELDS)))
    assert said == [False] * 2 * len(FIELDS)
    Leaf.rebuild_indexes()
    assert Leaf.often.get_frequency("green") == 1


def test_words_written_behind_popotos_back_are_found_afterwards(leaves: Any) -> None:
    Leaf.rebuild_indexes()
    Leaf.raw_update(["Leaf:a1:leaf"], text="yellow")
    assert not Leaf.seen.might_exist("yellow")
    Leaf.rebuild_indexes()
    with popoto_recall.partition(**AT):
        assert Leaf.seen.might_exist("yellow")
        assert Leaf.mine.might_exist("yellow")
        assert Leaf.both.might_exist("yellow")


def test_a_rebuild_under_way_hears_of_words_written_behind_popotos_back(leaves: Any) -> None:
    told: list[int] = []

    def write_and_reindex(done: int, total: int) -> None:
        told.append(done)
        if told == [0, 2]:
            Leaf.raw_update(["Leaf:a1:leaf"], text="yellow")
            Leaf.rebuild_indexes()

    Leaf.rebuild_indexes()
    Leaf.seen.rebuild(progress=write_and_reindex)
    assert Leaf.seen.might_exist("yellow")


# It runs to its end and lists every record, whatever there is

STATES: dict[str, Callable[[Any], object]] = {
    "another program's filter": lambda client: client.set("$EF:Leaf:seen", "x" * 1000),
    "a list": lambda client: (client.delete("$EF:Leaf:seen"), client.rpush("$EF:Leaf:seen", "x")),
    "a later version": lambda client: client.set(
        "$EF:Leaf:seen", client.get("$EF:Leaf:seen").replace(b" 1 ", b" 2 ", 1)
    ),
    "a damaged filter": lambda client: client.setrange("$EF:Leaf:seen", 40, "damage"),
    "a sketch that is a hash": lambda client: (
        client.delete("$FS:Leaf:often"),
        client.hset("$FS:Leaf:often", "x", 1),
    ),
    "a lost set of records": lambda client: client.delete("$Class:Leaf"),
}


@pytest.mark.parametrize("batch_size", [1, 1000])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_it_lists_every_record_and_mends_what_was_stored(
    leaves: Any, state: Callable[[Any], object], batch_size: int
) -> None:
    Leaf.rebuild_indexes()
    state(leaves)
    assert Leaf.rebuild_indexes(batch_size=batch_size) == 2
    assert leaves.scard("$Class:Leaf") == 2
    assert not under_way(leaves)
    assert denied("green") == []
    assert rebuilt("seen") == rebuilt("often") == 2


WRITTEN: dict[str, dict[str, Any]] = {
    "a null partition": {"agent": None, "text": "free"},
    "no fingerprint": {"agent": "a1", "text": "none"},
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_it_lists_a_record_that_the_fields_cannot_take(
    leaves: Any, written: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bare = type(Model)(
        "Leaf",
        (Model,),
        {
            "__module__": __name__,
            "name": KeyField(),
            "agent": KeyField(null=True),
            "text": StringField(),
        },
    )
    odd = bare.create(name="odd", **written)
    Leaf.rebuild_indexes()
    caplog.clear()
    assert Leaf.rebuild_indexes(batch_size=1) == 3
    assert leaves.scard("$Class:Leaf") == 3
    assert not under_way(leaves)
    warned = any(r.levelno == logging.WARNING for r in caplog.records)
    assert warned is (written.get("agent", "a") is not None)  # null names no partition to miss it
    odd.delete()
    Leaf.rebuild_indexes()
    assert denied("green") == []


def test_a_fingerprint_function_that_fails_is_logged(
    leaves: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Leaf.seen, "fingerprint_fn", lambda leaf: leaf.absent)
    assert Leaf.rebuild_indexes() == 2
    assert leaves.scard("$Class:Leaf") == 2
    assert "absent" in caplog.text


# Stopped, killed, several


@pytest.mark.parametrize("name", FIELDS)
def test_after_one_that_was_stopped(leaves: Any, name: str) -> None:
    stopped()
    assert admits(name)
    Leaf.create(name="leaf", agent="a1", text="red")
    assert admits(name)
    rebuilt(name)
    assert admits(name)
    assert Leaf.rebuild_indexes() == 2
    assert denied("red") == []


def test_a_killed_one_leaves_its_mark(real_client: Any) -> None:
    Leaf.create(name="leaf", agent="a1", text="green")
    lose(real_client)
    child = os.fork()
    if not child:
        reindexed(lambda: os.kill(os.getpid(), signal.SIGKILL))
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert real_client.exists("$Class:Leaf") == 0
    assert all(map(admits, FIELDS))
    Leaf.rebuild_indexes()
    assert not under_way(real_client)
    assert denied("green") == []


@pytest.mark.parametrize("lost", [False, True])
def test_beside_one_of_a_model_without_records(client: Any, lost: bool) -> None:
    """Also where the set of all records was lost, and only seems to say that there are none."""
    Leaf.create(name="stem", agent="a1", text="green")
    client.delete(*["Leaf:a1:stem"] * (not lost), "$Class:Leaf")
    lose(client)
    said: list[bool] = []

    def save_and_ask() -> None:
        Leaf.create(name="leaf", agent="a1", text="green")
        said.append(admits("seen"))

    reindexed(save_and_ask)
    assert said == [True]
    assert denied("green") == []


def test_of_two_at_once_neither_takes_away_what_the_other_one_needs(leaves: Any) -> None:
    said: list[bool] = []

    def another() -> None:
        Leaf.rebuild_indexes()  # and with it goes the mark of the first
        leaves.delete("$Class:Leaf")  # as if the first had emptied it only now
        lose(leaves)
        Leaf.create(name="late", agent="a1", text="late")

    reindexed(another)
    assert not under_way(leaves)
    assert denied("green") == []
    assert Leaf.often.get_frequency("brown") == 1
    reindexed(lambda: stopped(lambda: said.append(admits("seen"))))
    assert under_way(leaves)
    Leaf.rebuild_indexes()
    assert not under_way(leaves)


def test_the_first_of_two_leaves_the_mark_of_the_second(leaves: Any) -> None:
    reindexed(lambda: run(leaves, begin(MARK, "second")))
    assert under_way(leaves)
    run(leaves, end(MARK, "second"))
    assert not under_way(leaves)


def test_an_asynchronous_one(leaves: Any) -> None:
    said: list[bool] = []
    with emptied(lambda: said.append(admits("seen"))):
        assert asyncio.run(Leaf.async_rebuild_indexes()) == 2
    assert said == [True]
    assert denied("green") == []


# A rebuild beside it


@pytest.mark.parametrize("name", ["seen", "often"])
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("when", ["where it lists", "after it listed"])
def test_a_rebuild_that_one_ran_beside_is_whole(
    leaves: Any, name: str, when: str, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    Leaf.rebuild_indexes()
    if lost:
        lose(leaves)
    left = [1]
    listed = _rebuild.members

    def reindex_once() -> None:
        if left:
            left.clear()
            Leaf.rebuild_indexes()

    def listed_while_empty(client: Any, key: str) -> set[str]:
        found: list[set[str]] = []
        if not left:
            return listed(client, key)
        left.clear()
        reindexed(lambda: found.append(listed(client, key)))
        return found[0]

    if when == "where it lists":
        monkeypatch.setattr(_rebuild, "members", listed_while_empty)
        assert getattr(Leaf, name).rebuild() == 2
    assert getattr(Leaf, name).rebuild(progress=lambda *_: reindex_once()) == 2
    assert denied("green") == []


@pytest.mark.parametrize("name", FIELDS)
def test_a_rebuild_while_the_sets_are_empty_is_incomplete_until_they_are_full(
    leaves: Any, name: str
) -> None:
    said: list[bool] = []

    def rebuild_and_ask() -> None:
        rebuilt(name)
        said.append(admits(name))

    reindexed(rebuild_and_ask)
    assert said == [True]
    assert denied("green") == []


def test_partitions_listed_beside_one_are_not_taken_for_all(
    leaves: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = _every.members

    def listed_while_empty(client: Any, key: str) -> set[str]:
        found: list[set[str]] = []
        with monkeypatch.context() as inside:
            inside.setattr(_every, "members", listed)
            reindexed(lambda: found.append(listed(client, key)))
        return found[0]

    monkeypatch.setattr(_every, "members", listed_while_empty)
    with pytest.raises(RebuildError, match="partitions of Leaf"):
        Leaf.mine.partitions()


def test_the_commands_do_not_take_missing_partitions_for_none(leaves: Any) -> None:
    stopped()
    result = CliRunner().invoke(app, ["rebuild", "test_reindex:Leaf", "--field", "mine"])
    assert result.exit_code != 0
    assert "rebuild_indexes()" in result.output


# The mark


def test_the_mark_is_nothing_to_popoto(leaves: Any) -> None:
    stopped()
    Leaf.clean_indexes()
    assert under_way(leaves)
    assert Leaf.check_indexes()["total"] == 0
    assert not Leaf.query.all()
    assert Leaf.rebuild_indexes() == 2
    assert {record.name for record in Leaf.query.all()} == {"leaf", "stem"}


def test_the_mark_of_one_model_says_nothing_of_another(leaves: Any) -> None:
    stopped()
    Other.create(name="x")
    assert Other.seen.info().complete


def test_a_mark_of_another_type_is_replaced(leaves: Any) -> None:
    leaves.sadd(MARK, "x")
    assert admits("seen")
    assert Leaf.rebuild_indexes() == 2
    assert denied("green") == []
    reindexed(lambda: (leaves.delete(MARK), leaves.sadd(MARK, "x")))
    assert leaves.scard("$Class:Leaf") == 2
    assert admits("seen")  # nobody knows what else went on
    Leaf.rebuild_indexes()
    assert denied("green") == []


def test_a_new_partition_is_complete_afterwards(leaves: Any) -> None:
    stopped()
    Leaf.rebuild_indexes()
    Leaf.create(name="leaf", agent="a2", text="green")
    with popoto_recall.partition(agent="a2"):
        assert Leaf.mine.info().complete


def test_a_subclass_that_has_no_field_of_its_own_is_re_indexed(client: Any) -> None:
    class Bare(Leaf):
        name = UniqueKeyField()

    Bare.create(name="x")
    assert Bare.rebuild_indexes() == 1
    assert client.hlen("$Class:Bare:reindex") == 1


def test_models_without_our_fields_are_not_watched() -> None:
    assert not hasattr(popoto.Model._rebuild_indexes_redis, "_recall_watched")
