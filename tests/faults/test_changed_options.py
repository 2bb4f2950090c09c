"""Row 13: what is stored was made with other options, or by Popoto's own field."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import popoto
import pytest
import redis
from harness import check
from popoto import KeyField, Model, StringField, UniqueKeyField
from support import ARGUMENTS, operations

import popoto_recall
from popoto_recall import (
    ExistenceFilter,
    ForeignLayoutError,
    FrequencySketch,
    IncompleteError,
    MismatchError,
    StoredValueError,
    WrongTypeError,
)

KEYS = {"seen": "$EF:Page:seen", "often": "$FS:Page:often"}
OTHERS = {"clear", "rebuild", "partitions"}
"""Operations that work whatever is stored."""


def text(page: Any) -> str:
    return str(page.text)


def spaced(value: str) -> list[str]:
    return value.split()


class Other:
    name = "other"

    def __call__(self, value: str) -> list[str]:
        return value.split()


OPTIONS: dict[str, dict[str, Any]] = {
    "seen": {"capacity": 1000, "error_rate": 0.01, "tokenizer": spaced, "fingerprint_fn": text},
    "often": {"width": 100, "depth": 4, "top": 5, "tokenizer": spaced, "fingerprint_fn": text},
}
KINDS: dict[str, Any] = {"seen": ExistenceFilter, "often": FrequencySketch}


def declared(name: str, field: Any = None, **changed: Any) -> Any:
    """The model `Page`, declared anew with one field of ours: a given one, or its options."""
    field = field or KINDS[name](**{**OPTIONS[name], **changed})
    return type(Model)(
        "Page",
        (Model,),
        {
            "__module__": __name__,
            "title": UniqueKeyField(),
            "agent": KeyField(),
            "area": KeyField(),
            "text": StringField(),
            name: field,
        },
    )


Way = Callable[[], Any]


def asked(field: Any) -> dict[str, Way]:
    """Every operation, and every twin, that looks at what is stored."""
    ways: dict[str, Way] = {}
    for name, operation in operations(type(field)).items():
        plain = name.removeprefix("async_")
        if plain not in OTHERS:
            args = (3,) if plain == "top" else ARGUMENTS[plain]
            ways[name] = way(getattr(field, name), args, operation.asynchronous)
    return ways


def way(call: Callable[..., Any], args: tuple[Any, ...], asynchronous: bool) -> Way:
    return (lambda: asyncio.run(call(*args))) if asynchronous else (lambda: call(*args))


def unsaved(model: Any, name: str) -> Any:
    return model(title=name, text=name, **ONE)


def saved(model: Any) -> dict[str, Way]:
    """Every way to save, each of a new record but for those that save it again."""
    record = unsaved(model, "first")
    return {
        "save": record.save,
        "again": record.save,
        "update_fields": lambda: record.save(update_fields=["text"]),
        "renamed": lambda: renamed(record, "renamed"),
        "async_save": lambda: asyncio.run(unsaved(model, "async").async_save()),
    }


def renamed(record: Any, name: str) -> None:
    record.title = record.text = name
    record.save(migrate_key=True)


def queued(model: Any) -> dict[str, Way]:
    """Every way to save in a pipeline, from which redis-py's own error comes."""
    return {
        "bulk_create": lambda: model.bulk_create([unsaved(model, "bulk")]),
        "batch": lambda: in_a_batch(unsaved(model, "batch"), transaction=True),
        "without a transaction": lambda: in_a_batch(unsaved(model, "other"), transaction=False),
    }


def in_a_batch(record: Any, *, transaction: bool) -> None:
    with popoto.batch(transaction=transaction) as pipeline:
        record.save(pipeline=pipeline)
        pipeline.execute()


STORED = {"before", "renamed", "async", "bulk", "batch", "other"}
"""Texts of the records in the end; a refused save has stored its record too."""


def refusal(call: Way, kind: type[redis.ResponseError], facts: list[str]) -> list[str]:
    """Nothing, if the call is refused with the error that it should be, which names the facts."""
    try:
        said = call()
    except redis.ResponseError as error:
        if type(error) is not kind:
            return [f"{error!r} is no {kind.__name__}"]
        lacks = [fact for fact in facts if fact not in str(error)]
        return [f"{error} lacks {lacks}"] if lacks else []
    return [f"answered {said!r}"]


def assert_refused(
    client: Any, model: Any, name: str, kind: type[StoredValueError], facts: list[str]
) -> None:
    """Refused in every way, nothing written over; what was saved is found after a rebuild."""
    field, key = getattr(model, name), KEYS[name]
    facts = [f"'{key}' ", "rebuild()", *facts]
    before = client.dump(key)
    at_once = {**asked(field), **saved(model)}
    found = [f"{way}: {x}" for way, call in at_once.items() for x in refusal(call, kind, facts)]
    for way, call in queued(model).items():
        found += [f"{way}: {x}" for x in refusal(call, redis.ResponseError, facts)]
    found += [] if client.dump(key) == before else ["written over"]
    assert {record.text for record in model.query.all()} == STORED
    assert field.rebuild() == len(STORED)
    check(13, len(at_once) + 3 + len(STORED), found + lost(field, sorted(STORED)))


def lost(field: Any, texts: list[str]) -> list[str]:
    """Texts of stored records that are denied, or not counted once."""
    if field.name == "seen":
        return [f"{t} denied" for t, hit in field.might_exist_batch(texts).items() if not hit]
    counts = field.get_frequency_batch(texts)
    return [f"{text} counted {times}" for text, times in counts.items() if times != 1]


CHANGES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("seen", {"capacity": 1001}, ["capacity=1000", "capacity=1001"]),
    ("seen", {"capacity": 999}, ["capacity=1000", "capacity=999"]),
    ("seen", {"error_rate": 0.02}, ["error_rate=0.01", "error_rate=0.02"]),
    ("seen", {"error_rate": 0.0101}, ["error_rate=0.01,", "error_rate=0.0101"]),
    ("seen", {"tokenizer": None}, ["tokenizer=spaced", "tokenizer=default"]),
    ("seen", {"tokenizer": Other()}, ["tokenizer=spaced", "tokenizer=other"]),
    ("seen", {"tokenizer": lambda value: [value]}, ["tokenizer=spaced", "tokenizer=custom"]),
    ("seen", {"tokenizer_name": "2"}, ["tokenizer=spaced", "tokenizer=2"]),
    ("often", {"width": 101}, ["width=100", "width=101"]),
    ("often", {"depth": 3}, ["depth=4", "depth=3"]),
    ("often", {"depth": 5}, ["depth=4", "depth=5"]),
    ("often", {"top": 4}, ["top=5", "top=4"]),
    ("often", {"top": 6}, ["top=5", "top=6"]),
    ("often", {"tokenizer": None}, ["tokenizer=spaced", "tokenizer=default"]),
    ("often", {"tokenizer_name": "2"}, ["tokenizer=spaced", "tokenizer=2"]),
    (
        "often",
        {"width": 50, "depth": 2, "top": 3},
        ["width=100", "depth=4", "top=5", "width=50", "depth=2", "top=3"],
    ),
]


@pytest.mark.parametrize(
    ("name", "changed", "facts"), CHANGES, ids=[f"{one[0]} {', '.join(one[1])}" for one in CHANGES]
)
def test_changed_options_are_refused_by_both_values(
    real_client: Any, name: str, changed: dict[str, Any], facts: list[str]
) -> None:
    unsaved(declared(name), "before").save()
    assert_refused(real_client, declared(name, **changed), name, MismatchError, facts)


def theirs(name: str, version: int) -> Any:
    """Popoto's own field."""
    if name == "seen":
        return popoto.ExistenceFilter(capacity=1000, fingerprint_fn=text, hash_version=version)
    return popoto.FrequencySketch(width=100, depth=4, fingerprint_fn=text)


def left_by(name: str, field: Any) -> None:
    """A record, and what Popoto's own field wrote for it.

    Not in one transaction: that field fails at the second server that a process uses.
    """
    record = unsaved(declared(name, field), "before")
    unsaved(declared(name, StringField(null=True)), "before").save()
    field.on_save(record, name, None)


FOREIGN: dict[str, tuple[str, int, type[StoredValueError], str]] = {
    "filter, version 1": ("seen", 1, ForeignLayoutError, "bytes that are no recall-bloom 1"),
    "filter, version 2": ("seen", 2, ForeignLayoutError, "bytes that are no recall-bloom 1"),
    "sketch": ("often", 0, WrongTypeError, "holds a hash where a string belongs"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_popotos_own_field_wrote_is_refused_by_name(real_client: Any, what: str) -> None:
    name, version, kind, says = FOREIGN[what]
    left_by(name, theirs(name, version))
    assert_refused(real_client, declared(name), name, kind, [says, "Popoto's own field"])


# Other partitions have other keys; what is stored there, if anything, has not seen the records.

PARTITIONS: list[Any] = [None, "agent", "area", ("agent", "area"), ("area", "agent")]
ONE, TWO = {"agent": "one", "area": "here"}, {"agent": "here", "area": "one"}
"""Each has the other's values under the other name."""


def unnoticed(field: Any, text: str, named: dict[str, str]) -> list[str]:
    """What denies a record, or answers with a count that lacks it."""
    if field.name == "seen":
        asked: list[Way] = [
            lambda: field.at(**named).might_exist(text),
            lambda: not field.at(**named).definitely_missing(text),
            lambda: field.at(**named).might_exist_batch([text])[text],
            lambda: field.at(**named).might_exist_count([text]),
        ]
        return [f"{text} of {named} is denied" for ask in asked if answer(ask) == 0]
    asked = [
        lambda: field.at(**named).get_frequency(text),
        lambda: field.at(**named).get_frequency_batch([text])[text],
        lambda: dict(field.at(**named).top(5)).get(text, 0),
    ]
    return [f"{text} of {named} is not counted" for ask in asked if answer(ask) == 0]


def answer(ask: Way) -> Any:
    """What is said; None where it is said that it is not known."""
    try:
        return ask()
    except (IncompleteError, MismatchError):
        return None


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("old", PARTITIONS, ids=str)
@pytest.mark.parametrize("new", PARTITIONS, ids=str)
def test_other_partitions_deny_nothing_and_count_nothing_wrong(
    real_client: Any, name: str, old: Any, new: Any
) -> None:
    before = declared(name, partition_by=old)
    model = declared(name, partition_by=new)
    field = getattr(model, name)
    before.create(title="a", text="before", **ONE)
    found = unnoticed(field, "before", named(field, ONE))
    model.create(title="b", text="later", **ONE)
    found += unnoticed(field, "before", named(field, ONE))
    found += unnoticed(field, "later", named(field, ONE))
    assert field.at(**named(field, ONE)).rebuild() == 2
    with popoto_recall.partition(**ONE):
        found += lost(field, ["before", "later"])
    check(13, 14, found)


def named(field: Any, values: dict[str, str]) -> dict[str, str]:
    return {one: values[one] for one in field.partition_by}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("old", "new"), [("agent", "area"), (("agent", "area"), ("area", "agent"))], ids=str
)
def test_what_other_partitions_left_under_the_same_values_is_no_answer(
    real_client: Any, name: str, old: Any, new: Any
) -> None:
    before = declared(name, partition_by=old)
    field = getattr(declared(name, partition_by=new), name)
    before.create(title="a", text="first", **ONE)
    before.create(title="b", text="second", **TWO)
    found = unnoticed(field, "first", named(field, ONE))
    found += unnoticed(field, "second", named(field, TWO))
    check(13, 8, found)
