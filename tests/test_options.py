"""What a field may be declared with, what names a record, and when defaults are read."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import popoto
import pytest
from models import Memory, Note, memory
from popoto import AutoKeyField, Defaults, KeyField, Model, StringField
from popoto.exceptions import ModelException

from popoto_recall import (
    CoOccurrenceField,
    ExistenceFilter,
    FrequencySketch,
    OptionError,
    RecallError,
)

NO_COUNT = [0, -1, 1.5, 2.0, True, "3", None, math.nan, [3]]
NO_FUNCTION = ["text", 3, [], 1.5]
UNUSUAL = {"type": [int, "str", None], "null": [False, None, 1], "default": ["", 0, dict]}

WRONG: dict[Any, dict[str, list[Any]]] = {
    CoOccurrenceField: {
        "symmetric": [1, 0, "yes", None],
        "max_edges": NO_COUNT,
        "decay_factor": [1, 1.0, 1.5, -0.1, math.nan, math.inf, "0.5", True, False],
        **UNUSUAL,
    },
    ExistenceFilter: {
        "capacity": [*NO_COUNT, 10**12],
        "error_rate": [0, 1, -0.01, 1.5, math.nan, math.inf, "0.01", None, True],
        "hash_version": [0, 3, "2", None],
        "fingerprint_fn": NO_FUNCTION,
        "tokenizer": NO_FUNCTION,
        **UNUSUAL,
    },
    FrequencySketch: {
        "width": [*NO_COUNT, 10**9],
        "depth": [*NO_COUNT, 10**9],
        "top": [-1, 1.5, True, "3", None, 10_001],
        "count_on": ["update", None, True, ""],
        "fingerprint_fn": NO_FUNCTION,
        "tokenizer": NO_FUNCTION,
        **UNUSUAL,
    },
}

RIGHT: dict[Any, list[dict[str, Any]]] = {
    CoOccurrenceField: [
        {"symmetric": False, "max_edges": 1},
        {"decay_factor": 0},
        {"decay_factor": 0.999},
        {"decay_factor": None},
    ],
    ExistenceFilter: [
        {"capacity": 1, "error_rate": 0.5},
        {"capacity": 10_000_000, "error_rate": 1e-6},
        {"hash_version": 1},
        {"hash_version": 2},
        {"fingerprint_fn": str, "tokenizer": str.split, "tokenizer_name": "words"},
    ],
    FrequencySketch: [
        {"width": 1, "depth": 1},
        {"width": 2003, "depth": 7},
        {"top": 0},
        {"top": 10_000},
        {"count_on": "create"},
        {"fingerprint_fn": None, "tokenizer": None},
    ],
}

USUAL = {"type": str, "null": True, "default": None}


def named(cases: dict[Any, dict[str, list[Any]]]) -> list[Any]:
    return [
        pytest.param(kind, option, value, id=f"{kind.__name__}-{option}-{value!r:.20}")
        for kind, options in cases.items()
        for option, values in options.items()
        for value in values
    ]


@pytest.mark.parametrize(("kind", "option", "value"), named(WRONG))
def test_a_bad_option_is_refused_by_name_and_value(kind: Any, option: str, value: Any) -> None:
    with pytest.raises(ModelException) as refusal:
        kind(**{option: value})
    assert type(refusal.value) is OptionError
    assert isinstance(refusal.value, RecallError)
    said = str(refusal.value).lower()
    assert option in said
    assert repr(value).lower() in said


@pytest.mark.parametrize(
    ("kind", "options"), [(kind, options) for kind, all_ in RIGHT.items() for options in all_]
)
def test_a_good_option_is_kept(kind: Any, options: dict[str, Any]) -> None:
    field = kind(**options, **USUAL)
    kept = {"capacity", "error_rate", "width", "depth", "symmetric", "max_edges", "fingerprint_fn"}
    for option in kept & set(options):
        assert getattr(field, option) == options[option]


@pytest.mark.parametrize("kind", WRONG)
def test_an_unknown_option_is_a_type_error_that_names_it(kind: Any) -> None:
    with pytest.raises(TypeError, match="capacty"):
        kind(capacty=100)


def test_an_option_of_another_field_is_unknown() -> None:
    with pytest.raises(TypeError, match="hash_version"):
        FrequencySketch(hash_version=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="capacity"):
        FrequencySketch(capacity=100)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", WRONG)
def test_options_have_names(kind: Any) -> None:
    with pytest.raises(TypeError, match="positional"):
        kind(100)


def test_a_bad_option_is_refused_where_the_field_is_declared() -> None:
    with pytest.raises(ModelException, match="capacity is a whole number >= 1, not 0"):

        class Declared(Model):
            name = KeyField()
            bloom = ExistenceFilter(capacity=0)


def test_a_filter_has_a_largest_size() -> None:
    ExistenceFilter(capacity=150_000_000)
    with pytest.raises(ModelException, match=r"capacity=300000000 .* more than 256 MB"):
        ExistenceFilter(capacity=300_000_000)


def test_a_sketch_has_a_largest_size() -> None:
    FrequencySketch(width=1_000_000, depth=7)
    with pytest.raises(ModelException, match=r"width=16777217 and depth=1 take more than 64 MB"):
        FrequencySketch(width=16_777_217, depth=1)


@pytest.mark.parametrize("kind", WRONG)
def test_one_field_object_on_two_models_is_refused_where_the_second_is_declared(kind: Any) -> None:
    shared = kind()

    class First(Model):
        key = KeyField()
        mine = shared

    with pytest.raises(OptionError, match=r"cannot be both First\.mine and Second\.other"):

        class Second(Model):
            key = KeyField()
            other = shared

    assert First.mine is shared
    assert (shared.owner, shared.name) == (First, "mine")


@pytest.mark.parametrize("kind", WRONG)
def test_one_field_object_under_two_names_is_refused(kind: Any) -> None:
    shared = kind()
    with pytest.raises(OptionError, match=r"cannot be both Twice\.one and Twice\.two"):

        class Twice(Model):
            key = KeyField()
            one = shared
            two = shared


def test_a_copy_of_a_field_is_another_field() -> None:
    class First(Model):
        key = KeyField()
        mine = CoOccurrenceField()

    class Second(Model):
        key = KeyField()
        mine = copy(First.mine)

    assert (First.mine.owner, Second.mine.owner) == (First, Second)


def test_without_options_a_field_is_what_popoto_documents() -> None:
    graph, bloom, sketch = CoOccurrenceField(), ExistenceFilter(), FrequencySketch()
    assert (graph.symmetric, graph.max_edges, graph.decay_factor) == (True, 500, 0.95)
    assert (bloom.capacity, bloom.error_rate, bloom.fingerprint_fn) == (100_000, 0.01, None)
    assert (sketch.width, sketch.depth, sketch.fingerprint_fn) == (2000, 7, None)


# Partitions


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("names", ["body", "no_such_field", ("agent_id", "body")])
def test_a_partition_is_named_by_key_fields(kind: Any, names: Any) -> None:
    with pytest.raises(ModelException, match=r"partition_by='\w+' of Note2\.field is not a Key"):
        type(
            "Note2",
            (Model,),
            {
                "__module__": __name__,
                "agent_id": KeyField(),
                "body": StringField(),
                "field": kind(partition_by=names),
            },
        )


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("names", [3, ("a", "a"), ("a", None)])
def test_a_partition_is_named_by_names(kind: Any, names: Any) -> None:
    with pytest.raises(ModelException, match="partition_by names KeyFields, each once, not "):
        kind(partition_by=names)


@pytest.mark.parametrize("kind", WRONG)
def test_a_partition_is_not_named_like_a_parameter_of_at(kind: Any) -> None:
    with pytest.raises(ModelException, match="partition_by='field_name' is also a parameter"):
        kind(partition_by="field_name")
    for name in ("source", "fingerprint", "by", "pipeline", "model"):
        assert kind(partition_by=name).partition_by == (name,)


@pytest.mark.parametrize("kind", WRONG)
def test_a_partition_is_not_named_by_an_auto_key(kind: Any) -> None:
    with pytest.raises(ModelException, match=r"partition_by='uid' of Note3\.field is an AutoKey"):
        type(
            "Note3",
            (Model,),
            {"__module__": __name__, "uid": AutoKeyField(), "field": kind(partition_by="uid")},
        )


# What names a record


class Color(str, Enum):
    RED = "red"


class Size(Enum):
    BIG = "big"


EAST = timezone(timedelta(hours=2))


PKS: list[tuple[Any, str]] = [
    ("a", "a"),
    (" spaces, and: colons ", " spaces, and: colons "),
    ("{braces}", "{braces}"),
    ("Zoë \N{SNOWMAN}\n", "Zoë \N{SNOWMAN}\n"),
    ("None", "None"),
    (0, "0"),
    (-7, "-7"),
    (1.5, "1.5"),
    (Decimal("1.50"), "1.50"),
    (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (PurePosixPath("a/b"), "a/b"),
    (Fraction(1, 3), "1/3"),
    (math.inf, "inf"),
    (date(2026, 1, 2), "2026-01-02"),
    (time(3, 4), "03:04:00"),
    (datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00.000000Z"),
    (datetime(2026, 1, 2, 3, 4, tzinfo=EAST), "2026-01-02T01:04:00.000000Z"),
    (Color.RED, "red"),
    (b"bytes", "bytes"),
    ("Zoë".encode(), "Zoë"),
]

NO_PKS: list[tuple[Any, type[Exception]]] = [
    (None, ValueError),
    ("", ValueError),
    (b"", ValueError),
    (True, ValueError),
    (False, ValueError),
    ("lone \ud800 surrogate", ValueError),
    (b"\xff\xfe", ValueError),
    (math.nan, ValueError),
    (Decimal("NaN"), ValueError),
    (Decimal("-sNaN5"), ValueError),
    (datetime.max.replace(tzinfo=timezone(timedelta(hours=-2))), ValueError),
    (PurePosixPath("lone \ud800 surrogate"), ValueError),
    (["a"], TypeError),
    (("a", "b"), TypeError),
    ({"a": 1}, TypeError),
    ({"a"}, TypeError),
    (frozenset("a"), TypeError),
    ({}.keys(), TypeError),
    (bytearray(b"a"), TypeError),
    ((name for name in "ab"), TypeError),
    (int, TypeError),
    (object(), TypeError),
    (len, TypeError),
    (1 + 2j, TypeError),
    (timedelta(1), TypeError),
    (Size.BIG, TypeError),
    (popoto.batch(), TypeError),
    (Note.near, TypeError),
]

WAYS: dict[str, Callable[[Any], Any]] = {
    "link from": lambda pk: Note.near.link(pk, "other"),
    "link to": lambda pk: Note.near.link("other", pk),
    "link_many": lambda pk: Note.near.link_many([("other", "another"), ("other", pk)]),
    "strengthen": lambda pk: Note.cites.strengthen("other", pk),
    "strengthen_many": lambda pk: Note.cites.strengthen_many([(pk, "other")]),
    "co_occur": lambda pk: Note.near.co_occur(["other", "another", pk]),
    "unlink": lambda pk: Note.near.unlink("other", pk),
    "weaken_all": lambda pk: CoOccurrenceField.weaken_all(Note, pk, field_name="near"),
    "get_linked": lambda pk: Note.near.get_linked(Note, pk),
    "get_linked_many": lambda pk: Note.near.get_linked_many(["other", pk]),
    "propagate": lambda pk: Note.near.propagate(["other", pk]),
    "get_edge_key": lambda pk: Note.near.get_edge_key(Note, pk),
}


@pytest.mark.parametrize(("value", "pk"), PKS, ids=[repr(value) for value, _ in PKS])
def test_a_scalar_names_a_record_by_its_text(client: Any, value: Any, pk: str) -> None:
    Note.near.link(value, "other", 0.5)
    assert client.exists(f"$CoOcF:Note:near:{pk}")
    assert Note.near.get_linked("other") == [(pk, 0.5)]
    assert Note.near.get_linked(value) == [("other", 0.5)]
    assert Note.near.propagate(["other"]) == {pk: 0.25}


@pytest.mark.parametrize("value", [7, Decimal("1.50"), datetime(2026, 1, 2, tzinfo=EAST)])
def test_the_bare_value_of_a_key_names_its_record(client: Any, value: Any) -> None:
    class Entry(Model):
        key = KeyField(type=type(value))
        near = CoOccurrenceField()

    record = Entry.create(key=value)
    Entry.near.link(value, "other")
    record.delete()
    assert Entry.near.get_linked("other") == []


def test_a_record_is_named_by_its_key(client: Any) -> None:
    saved = memory("a")
    Memory.associations.link(saved, Memory(key="b: 1", agent_id="agent"))
    assert Memory.associations.get_linked(saved) == [("Memory:agent:b{&#58;} 1", 0.1)]
    assert client.exists("$CoOcF:Memory:associations:Memory:agent:a")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("value", "error"),
    NO_PKS,
    ids=[f"{type(value).__name__}{n}" for n, (value, _) in enumerate(NO_PKS)],
)
def test_what_names_no_record_is_refused_before_anything_is_sent(
    client: Any, way: str, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error) as refusal:
        WAYS[way](value)
    assert isinstance(refusal.value, RecallError)
    assert client.dbsize() == 0


def test_what_names_no_record_is_not_queued(client: Any) -> None:
    pipeline = popoto.batch()
    for value, error in NO_PKS:
        with pytest.raises(error):
            Note.near.link("other", value, pipeline=pipeline)
    assert not pipeline.command_stack


@pytest.mark.parametrize("several", ["abc", b"abc"])
def test_a_bare_string_is_not_several_records(client: Any, several: Any) -> None:
    for call in (Note.near.propagate, Note.near.co_occur, Note.near.get_linked_many):
        with pytest.raises(ValueError, match=r"write \[pk\]"):
            call(several)  # type: ignore[operator]
    assert client.dbsize() == 0


# Fingerprints that are asked about


@pytest.mark.parametrize("value", [None, "lone \ud800 surrogate", b"\xff"])
def test_what_is_no_text_is_refused_before_anything_is_sent(client: Any, value: Any) -> None:
    for call in (Memory.bloom.might_exist, Memory.freq.get_frequency, Memory.freq.increment):
        with pytest.raises(ValueError, match="fingerprint"):
            call(value)  # type: ignore[operator]
    for call in (Memory.bloom.might_exist_batch, Memory.freq.get_frequency_batch):
        with pytest.raises(ValueError, match="fingerprint"):
            call(["fine", value])  # type: ignore[operator]
    assert client.dbsize() == 0


def test_a_batch_is_no_bare_string(client: Any) -> None:
    for call in (
        Memory.bloom.might_exist_batch,
        Memory.bloom.might_exist_count,
        Memory.freq.get_frequency_batch,
    ):
        for text in ("kubernetes", b"kubernetes"):
            with pytest.raises(TypeError, match=r"write \[text\]"):
                call(text)  # type: ignore[operator]


# Defaults


def test_the_initial_weight_is_read_at_the_call(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_INITIAL_WEIGHT", 0.375)
    assert Note.near.link("a", "b") == 0.375
    assert Note.near.link_many([("a", "c")]) == [0.375]


def test_the_cap_is_read_at_the_call(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"in \(0, 1\], not 2"):
        Note.near.link("a", "b", 2)
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_WEIGHT_CAP", 2.5)
    assert Note.near.link("a", "b", 2) == 2
    assert Note.near.strengthen("a", "b", 9) == 2.5
    with pytest.raises(ValueError, match=r"decay_per_hop must be in \(0, 0\.4\), not 0\.5"):
        Note.near.propagate(["a"])


def test_the_decay_per_hop_is_read_at_the_call(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Note.near.link("a", "b", 1)
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_DECAY_PER_HOP", 0.75)
    assert Note.near.propagate(["a"]) == {"b": 0.75}


def test_the_decay_factor_is_read_at_the_call(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Note.near.link("a", "b", 1)
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_DECAY_FACTOR", 0.25)
    assert Note.near.decay_factor == 0.25
    Note.near.weaken_all("a")
    assert Note.near.get_linked("a") == [("b", 0.25)]
    Note.near.weaken_graph()
    assert Note.near.get_linked("a") == [("b", 0.0625)]


def test_a_declared_decay_factor_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    field = CoOccurrenceField(decay_factor=0.5)
    monkeypatch.setattr(Defaults, "CO_OCCURRENCE_DECAY_FACTOR", 0.25)
    assert field.decay_factor == 0.5
    assert CoOccurrenceField(decay_factor=0).decay_factor == 0
