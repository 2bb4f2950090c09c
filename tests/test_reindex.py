"""What filters and sketches say while Popoto's `rebuild_indexes` has emptied its indexes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from popoto import KeyField, Model, StringField, UniqueKeyField
from typer.testing import CliRunner

from popoto_recall import ExistenceFilter, FrequencySketch, IncompleteError, RebuildError
from popoto_recall.cli.app import app
from popoto_recall.fields import _every, _rebuild

MARK = "$Class:Leaf:reindex"


def text_of(record: Any) -> str:
    return str(record.text)


class Leaf(Model):
    # what hooks do before the key's own field fills its set
    mine = ExistenceFilter(capacity=100, fingerprint_fn=text_of, partition_by="agent")
    name = KeyField()
    agent = KeyField()
    text = StringField()
    seen = ExistenceFilter(capacity=100, fingerprint_fn=text_of)
    both = ExistenceFilter(capacity=100, fingerprint_fn=text_of, partition_by=("agent", "name"))
    often = FrequencySketch(width=50, depth=4, fingerprint_fn=text_of)
    heard = FrequencySketch(width=50, depth=4, top=3, fingerprint_fn=text_of, partition_by="agent")


FIELDS: dict[str, dict[str, str]] = {
    "seen": {},
    "mine": {"agent": "a1"},
    "both": {"agent": "a1", "name": "leaf"},
    "often": {},
    "heard": {"agent": "a1"},
}
"""Every filter and sketch, and the partition with records."""


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
    return bool(client.get(MARK).startswith(b"under way"))


def lose(client: Any) -> None:
    for key in client.keys("$[EF][FS]*"):
        client.delete(key)


def admits(name: str) -> bool:
    """Whether a field admits, in every way of asking, that it has not seen every record."""
    field, partition = getattr(Leaf, name), FIELDS[name]
    if field.at(**partition).info().complete:
        return False
    if isinstance(field, ExistenceFilter):
        return bool(field.at(**partition).might_exist("green"))
    with pytest.raises(IncompleteError):
        field.at(**partition).get_frequency("green")
    if name == "heard":
        with pytest.raises(IncompleteError):
            field.at(**partition).top(1)
    return True


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_value_is_incomplete_meanwhile(leaves: Any, name: str) -> None:
    said: list[bool] = []
    reindexed(lambda: said.append(admits(name)))
    assert said == [True]
    assert admits(name)


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_lost_meanwhile_is_incomplete(leaves: Any, name: str) -> None:
    getattr(Leaf, name).at(**FIELDS[name]).rebuild()
    said: list[bool] = []

    def lose_and_ask() -> None:
        lose(leaves)
        said.append(admits(name))

    assert not admits(name)
    reindexed(lose_and_ask)
    assert said == [True]


@pytest.mark.parametrize("name", FIELDS)
def test_a_save_meanwhile_makes_nothing_complete(leaves: Any, name: str) -> None:
    reindexed(lambda: Leaf.create(name="leaf", agent="a1", text="green"))
    assert admits(name)


@pytest.mark.parametrize("name", FIELDS)
def test_the_hooks_of_a_re_index_make_nothing_complete(leaves: Any, name: str) -> None:
    Leaf.rebuild_indexes(batch_size=1)
    assert admits(name)


@pytest.mark.parametrize("name", FIELDS)
def test_after_a_re_index_that_was_stopped(leaves: Any, name: str) -> None:
    stopped()
    assert admits(name)
    Leaf.create(name="leaf", agent="a1", text="red")
    assert admits(name)
    with pytest.raises(RebuildError, match="rebuild_indexes"):
        getattr(Leaf, name).at(**FIELDS[name]).rebuild()
    assert leaves.keys("*:staging*") == []
    assert Leaf.rebuild_indexes() == 2
    assert admits(name)
    assert getattr(Leaf, name).at(**FIELDS[name]).rebuild() == (1 if name == "both" else 2)
    assert not admits(name)


def test_a_killed_re_index_leaves_its_mark(real_client: Any) -> None:
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


def test_a_new_model_and_a_new_partition_are_complete_afterwards(client: Any) -> None:
    reindexed(lambda: Leaf.create(name="leaf", agent="a1", text="green"))
    assert not any(map(admits, FIELDS))
    stopped()
    Leaf.rebuild_indexes()
    assert not under_way(client)
    Leaf.create(name="leaf", agent="a2", text="green")
    assert Leaf.mine.at(agent="a2").info().complete


def test_values_that_were_complete_stay_so(client: Any) -> None:
    Leaf.create(name="leaf", agent="a1", text="green")
    said: list[bool] = []
    reindexed(lambda: said.extend(map(admits, FIELDS)))
    stopped(lambda: said.extend(map(admits, FIELDS)))
    assert said == [False] * 2 * len(FIELDS)


@pytest.mark.parametrize("name", ["seen", "often"])
@pytest.mark.parametrize("before", ["the first step", "the swap"])
def test_a_rebuild_notices_a_re_index_that_ran_beside_it(
    leaves: Any, name: str, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose records it may have listed while the sets were empty."""
    field: Any = getattr(Leaf, name)

    def reindex(*_: Any) -> None:
        Leaf.rebuild_indexes()

    if before == "the swap":
        with pytest.raises(RebuildError, match="ran meanwhile"):
            field.rebuild(progress=reindex)
    else:
        listed = _rebuild._record_keys
        monkeypatch.setattr(_rebuild, "_record_keys", lambda stored: reindex() or listed(stored))
        with pytest.raises(RebuildError, match="ran meanwhile"):
            field.rebuild()
    monkeypatch.undo()
    assert admits(name)
    assert field.rebuild() == 2
    assert not admits(name)


@pytest.mark.parametrize("name", ["seen", "often"])
def test_a_rebuild_under_way_stands_still_and_goes_on(
    leaves: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("popoto_recall.fields._rebuild._RECORDS_PER_STEP", 1)
    field: Any = getattr(Leaf, name)
    done: list[int] = []

    def reindex_after_one(count: int, _: int) -> None:
        done.append(count)
        if count == 1:
            stopped()

    with pytest.raises(RebuildError, match="rebuild_indexes"):
        field.rebuild(progress=reindex_after_one)
    Leaf.rebuild_indexes()
    assert field.rebuild(progress=reindex_after_one) == 2
    assert done == [1, 2]
    assert not admits(name)


def test_of_two_at_once_the_one_that_began_last_removes_the_mark(leaves: Any) -> None:
    reindexed(Leaf.rebuild_indexes)
    assert not under_way(leaves)
    reindexed(stopped)
    assert under_way(leaves)
    assert all(map(admits, FIELDS))
    Leaf.rebuild_indexes()
    assert not under_way(leaves)


def test_an_asynchronous_one(leaves: Any) -> None:
    said: list[bool] = []
    with emptied(lambda: said.append(admits("seen"))):
        assert asyncio.run(Leaf.async_rebuild_indexes()) == 2
    assert said == [True]
    assert not under_way(leaves)


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
    assert Leaf.rebuild_indexes() == 2
    assert not under_way(leaves)


def test_a_subclass_that_has_no_field_of_its_own_is_re_indexed(client: Any) -> None:
    class Bare(Leaf):
        name = UniqueKeyField()

    Bare.create(name="x")
    assert Bare.rebuild_indexes() == 1
    assert client.get("$Class:Bare:reindex").startswith(b"done")


def test_models_without_our_fields_are_not_watched() -> None:
    assert not hasattr(Model._rebuild_indexes_redis, "_recall_watched")


def test_partitions_listed_beside_a_re_index_are_not_taken_for_all(
    leaves: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = _every.members

    def listed_while_empty(client: Any, key: str) -> set[str]:
        found: list[set[str]] = []
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
