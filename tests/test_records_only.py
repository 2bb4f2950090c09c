"""`records_only`: late feedback brings no edges of deleted records back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graph_oracle import assert_listed, everything
from models import Note
from popoto import EventStreamMixin, Model, UniqueKeyField, redis_db

from popoto_recall import CoOccurrenceField

FIELDS = pytest.mark.parametrize("field", [Note.near, Note.cites], ids=["symmetric", "asymmetric"])


class Logged(EventStreamMixin, Model):
    name = UniqueKeyField()
    near = CoOccurrenceField()


def _async(operation: Callable[..., Any], *args: Any) -> Any:
    return asyncio.run(operation(*args, records_only=True))


def call(field: Any, name: str, *args: Any) -> Any:
    """Carry a write out by its async twin after a look that the plain one does the same."""
    return _async(getattr(field, f"async_{name}"), *args)


@pytest.fixture
def notes(client: Any) -> list[Note]:
    """Three records, of which the last is gone."""
    found = [Note.create(title=title, body="") for title in ("a", "b:c", "gone")]
    found[2].delete()
    return found


@FIELDS
def test_records_that_exist_are_strengthened(client: Any, notes: list[Note], field: Any) -> None:
    a, b, _ = notes
    assert field.strengthen(Note, a, b, 0.25, records_only=True) == 0.25
    assert call(field, "strengthen", Note, a, b, 0.25) == 0.5
    assert field.strengthen_many([(a, b), (b, a)], 0.25, records_only=True) == (
        [0.75, 1.0] if field.symmetric else [0.75, 0.25]
    )
    assert field.co_occur([a, b], 0.125, records_only=True) == 1


@FIELDS
@pytest.mark.parametrize("other", ["Note:gone", "gone", "a", "Note:b:c", "Other:a", "entity"])
def test_what_is_no_record_is_left(client: Any, notes: list[Note], field: Any, other: str) -> None:
    """Also a name that other data lie under, and names of a record beside its key."""
    client.set("entity", "text")
    client.set("Other:a", "text")
    before = everything(client)
    assert field.strengthen(notes[0], other, records_only=True) == 0.0
    assert field.strengthen(other, notes[0], records_only=True) == 0.0
    assert call(field, "strengthen", notes[0], other) == 0.0
    assert field.strengthen_many([(notes[0], other)] * 2, records_only=True) == [0.0, 0.0]
    assert field.co_occur([notes[0], other], records_only=True) == 0
    assert everything(client) == before


@FIELDS
def test_pairs_keep_their_order(client: Any, notes: list[Note], field: Any) -> None:
    a, b, gone = notes
    pairs = [(a, gone), (a, b), ("x", a), (gone, "y"), (a, b)]
    assert field.strengthen_many(pairs, 0.25, records_only=True) == [0, 0.25, 0, 0, 0.5]
    assert call(field, "strengthen_many", pairs * 300, 0.0001)[-1] == pytest.approx(0.56)
    assert_listed(client, field.get_edge_key_prefix())


@FIELDS
def test_of_a_set_those_that_exist_take_part(client: Any, notes: list[Note], field: Any) -> None:
    a, b, gone = notes
    c = Note.create(title="c", body="")
    assert field.co_occur([gone, a, "x", b, c], 0.25, records_only=True) == 3
    assert call(field, "co_occur", [gone, a, "x", b, c], 0.25) == 3
    keys = sorted(note.db_key.redis_key for note in (a, b, c))
    for key in keys:
        assert sorted(field.get_linked(key)) == [(k, 0.5) for k in keys if k != key]
    assert_listed(client, field.get_edge_key_prefix())


@FIELDS
def test_without_it_names_are_as_good_as_records(
    client: Any, notes: list[Note], field: Any
) -> None:
    assert field.strengthen(notes[0], notes[2]) == 0.05
    assert field.co_occur([notes[0], "x"], records_only=False) == 1


def test_a_record_deleted_before_execute_gets_no_edge(client: Any, notes: list[Note]) -> None:
    a, b, _ = notes
    pipeline = redis_db.get_REDIS_DB().pipeline()
    for field in (Note.near, Note.cites):
        assert field.strengthen(a, b, pipeline=pipeline, records_only=True) is None
        assert field.strengthen_many([(a, b)], pipeline=pipeline, records_only=True) is None
        assert field.co_occur([a, b], pipeline=pipeline, records_only=True) is None
    b.delete()
    pipeline.execute()
    assert client.keys("$CoOc*") == []


def test_arguments_are_checked_whether_or_not_the_records_exist(client: Any) -> None:
    with pytest.raises(ValueError, match="self-loop"):
        Note.near.strengthen("x", "x", records_only=True)
    with pytest.raises(ValueError, match="self-loop"):
        Note.near.strengthen_many([("x", "x")], records_only=True)
    with pytest.raises(ValueError, match="delta"):
        Note.near.co_occur(["x", "y"], 0, records_only=True)
    with pytest.raises(ValueError, match="at most 64"):
        Note.near.co_occur([f"n{i}" for i in range(65)], records_only=True)


def test_an_event_is_logged_only_of_what_happened(client: Any) -> None:
    a, b = (Logged.create(name=name) for name in "ab")
    keys = [key for key in client.keys("*") if client.type(key) == b"stream"]
    before = sum(map(client.xlen, keys))
    for other in (b, "Logged:gone", "entity"):
        Logged.near.strengthen(a, other, records_only=True)
    assert sum(map(client.xlen, keys)) == before + 1
