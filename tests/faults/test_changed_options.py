"""Row 13: options drift while processes of both kinds work; and what other programs wrote."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

import popoto
import pytest
import redis
from harness import Fork, check, sized
from popoto import KeyField, Model, StringField, UniqueKeyField
from support import ARGUMENTS, operations

import popoto_recall
from popoto_recall import (
    ExistenceFilter,
    ForeignLayoutError,
    FrequencySketch,
    IncompleteError,
    StoredValueError,
    WrongTypeError,
    typed,
)

KEYS = {"seen": "$EF:Page:seen", "often": "$FS:Page:often"}
REPLACING = {"clear", "rebuild"}
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
        if plain not in {*REPLACING, "partitions"}:
            args = (3,) if plain == "top" else ARGUMENTS[plain]
            ways[name] = way(getattr(field, name), args, operation.asynchronous)
    return ways


def way(call: Callable[..., Any], args: tuple[Any, ...], asynchronous: bool) -> Way:
    return (lambda: asyncio.run(call(*args))) if asynchronous else (lambda: call(*args))


def unsaved(model: Any, name: str) -> Any:
    return model(title=name, text=name, **ONE)


def saves(model: Any, prefix: str = "") -> dict[str, Way]:
    """Every way to save, each of a new record but for those that save it again."""
    record = unsaved(model, f"{prefix}first")
    return {
        "save": record.save,
        "again": record.save,
        "update_fields": lambda: record.save(update_fields=["text"]),
        "renamed": lambda: renamed(record, f"{prefix}renamed"),
        "async_save": lambda: asyncio.run(unsaved(model, f"{prefix}async").async_save()),
        "bulk_create": lambda: model.bulk_create([unsaved(model, f"{prefix}bulk")]),
        "batch": lambda: in_a_batch(unsaved(model, f"{prefix}batch"), transaction=True),
        "without a transaction": lambda: in_a_batch(
            unsaved(model, f"{prefix}other"), transaction=False
        ),
    }


def renamed(record: Any, name: str) -> None:
    record.title = record.text = name
    record.save(migrate_key=True)


def in_a_batch(record: Any, *, transaction: bool) -> None:
    with popoto.batch(transaction=transaction) as pipeline:
        record.save(pipeline=pipeline)
        pipeline.execute()


SAVED = ("renamed", "async", "bulk", "batch", "other")
"""Texts of the records in the end; a refused save has stored its record too."""


def unknown(field: Any, texts: list[str]) -> list[str]:
    """Texts of stored records that are denied; none if it is said that not all are known."""
    if field.name == "seen":
        return [text for text, hit in field.might_exist_batch(texts).items() if not hit]
    try:
        return [text for text, times in field.get_frequency_batch(texts).items() if not times]
    except IncompleteError:
        return []


# Options that drift

DRIFTS: list[tuple[str, dict[str, Any]]] = [
    ("seen", {"capacity": 1001}),
    ("seen", {"capacity": 10}),
    ("seen", {"error_rate": 0.2}),
    ("seen", {"capacity": 50_000, "error_rate": 0.0001}),
    ("often", {"width": 101}),
    ("often", {"width": 20, "depth": 1}),
    ("often", {"depth": 9}),
    ("often", {"top": 0}),
    ("often", {"top": 50}),
]
OTHERWISE: list[tuple[str, dict[str, Any]]] = [
    (name, changed)
    for name in KINDS
    for changed in (
        {"tokenizer": None},
        {"tokenizer": Other()},
        {"tokenizer": lambda value: [value]},
        {"tokenizer_name": "2"},
    )
]


def named(drifts: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [f"{name} {changed}"[:40] for name, changed in drifts]


@pytest.mark.parametrize(("name", "changed"), DRIFTS, ids=named(DRIFTS))
def test_both_processes_go_on_whatever_the_options(
    real_client: Any, name: str, changed: dict[str, Any]
) -> None:
    before, after = declared(name), declared(name, **changed)
    unsaved(before, "before").save()
    texts, found, tried = ["before"], [], 0
    for prefix, model in (("a", before), ("b", after)):
        for save in saves(model, prefix).values():
            save()
        texts += [prefix + text for text in SAVED]
        for reader in (before, after):
            found += unknown(getattr(reader, name), texts)
            found += [] if getattr(reader, name).info().complete else ["incomplete"]
            tried += len(texts)
    for model in (after, before, after):
        field = getattr(model, name)
        assert field.rebuild() == len(texts)
        info = field.info()
        for option in changed:
            stored, wanted = getattr(info, option), getattr(info, f"declared_{option}")
            fits = stored >= wanted if option == "capacity" else stored == wanted
            found += [] if fits else [f"{option} stays"]
        found += unknown(getattr(before, name), texts) + unknown(getattr(after, name), texts)
        tried += 2 * len(texts)
    check(13, tried, found)


def test_heavy_hitters_that_missed_a_save_are_not_shown(real_client: Any) -> None:
    before, after = declared("often"), declared("often", top=0)
    for model, texts in ((before, ("light", "heavy")), (after, ("heavy", "heavy", "heavy"))):
        for i, text in enumerate(texts):
            model.create(title=f"{model.often.heavy_hitters}x{i}", text=text, **ONE)
    with pytest.raises(IncompleteError):
        before.often.top(1)
    assert before.often.get_frequency("heavy") == 4
    before.often.rebuild()
    check(13, 1, [] if before.often.top(1) == [("heavy", 4)] else ["not the heaviest"])


@pytest.mark.parametrize(("name", "changed"), OTHERWISE, ids=named(OTHERWISE))
def test_another_tokenizer_denies_nothing_and_fails_no_save(
    real_client: Any, name: str, changed: dict[str, Any]
) -> None:
    before, after = declared(name), declared(name, **changed)
    old, new = getattr(before, name), getattr(after, name)
    unsaved(before, "before").save()
    found: list[str] = unknown(new, ["before"])
    assert not new.info().complete
    assert new.info().tokenizer == old.info().declared_tokenizer
    for prefix, model in (("a", after), ("b", before)):
        for save in saves(model, prefix).values():
            save()
    texts = ["before", *(prefix + text for prefix in "ab" for text in SAVED)]
    found += unknown(new, texts) + unknown(old, texts)
    assert not new.info().complete
    assert not old.info().complete
    assert new.rebuild() == len(texts)
    assert new.info().complete
    assert not old.info().complete
    found += unknown(new, texts) + unknown(old, texts)
    unsaved(before, "late").save()
    found += unknown(new, ["late"]) + unknown(old, ["late"])
    assert not new.info().complete
    check(13, 6 * len(texts), found)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("seen", {"capacity": 10, "error_rate": 0.001}),
        ("seen", {"tokenizer": None}),
        ("often", {"width": 300, "depth": 2, "top": 0}),
        ("often", {"tokenizer": None}),
    ],
    ids=str,
)
def test_old_and_new_processes_side_by_side_beside_rebuilds(
    real_client: Any, name: str, changed: dict[str, Any]
) -> None:
    models = {"old": declared(name), "new": declared(name, **changed)}
    until = time.monotonic() + sized(1, 10)
    forks = [
        Fork(work_beside(model, f"{kind}{n}", until))
        for kind, model in models.items()
        for n in range(2)
    ]
    while time.monotonic() < until:
        for model in models.values():
            getattr(model, name).rebuild()
    said = [line for fork in forks for line in fork.said()]
    errors = [line for line in said if isinstance(line, str)]
    texts = [line[0] for line in said if not isinstance(line, str)]
    denied = [line[1] for line in said if not isinstance(line, str) and line[1]]
    for model in models.values():
        denied += unknown(getattr(model, name), texts)
    new = getattr(models["new"], name)
    assert new.rebuild() == len(texts)
    assert new.info().complete
    check(13, 4 * len(texts), errors + denied + unknown(new, texts))


def work_beside(model: Any, me: str, until: float) -> Callable[[Callable[[Any], None]], None]:
    def run(say: Callable[[Any], None]) -> None:
        for i in count():
            if time.monotonic() > until:
                return
            text = f"{me}x{i}"
            random.choice([save_at_once, save_queued])(unsaved(model, text))
            say(
                [text, unknown(getattr(model, next(n for n in KINDS if hasattr(model, n))), [text])]
            )

    return run


def save_at_once(record: Any) -> None:
    record.save()


def save_queued(record: Any) -> None:
    in_a_batch(record, transaction=random.random() < 0.5)


# What other programs wrote


def assert_refused(
    client: Any, model: Any, name: str, kind: type[StoredValueError], says: str
) -> None:
    """Refused in every way, nothing written over; what was saved is found after a rebuild."""
    field, key = getattr(model, name), KEYS[name]
    facts = [f"'{key}' ", "rebuild()", says]
    before = client.dump(key)
    ways = {**asked(field), **saves(model)}
    found = [f"{way}: {x}" for way, call in ways.items() for x in refusal(call, kind, facts)]
    found += [] if client.dump(key) == before else ["written over"]
    texts = ["before", *SAVED]
    assert {record.text for record in model.query.all()} == {*texts}
    assert field.rebuild() == len(texts)
    check(13, len(ways) + len(texts), found + unknown(field, texts))
    assert field.info().complete


def refusal(call: Way, kind: type[redis.ResponseError], facts: list[str]) -> list[str]:
    """Nothing, if the call is refused with the error that it should be, which names the facts."""
    try:
        said = call()
    except redis.ResponseError as error:
        known = typed(error)
        if type(known) is not kind:
            return [f"{error!r} is no {kind.__name__}"]
        lacks = [fact for fact in facts if fact not in str(known)]
        return [f"{known} lacks {lacks}"] if lacks else []
    return [f"answered {said!r}"]


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
    "filter, version 1": ("seen", 1, ForeignLayoutError, "another program laid out"),
    "filter, version 2": ("seen", 2, ForeignLayoutError, "another program laid out"),
    "sketch": ("often", 0, WrongTypeError, "does not belong there"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_popotos_own_field_wrote_is_refused_by_name(real_client: Any, what: str) -> None:
    name, version, kind, says = FOREIGN[what]
    left_by(name, theirs(name, version))
    assert_refused(real_client, declared(name), name, kind, says)


# Other partitions have other keys; what is stored there, if anything, has not seen the records.

PARTITIONS: list[Any] = [None, "agent", "area", ("agent", "area"), ("area", "agent")]
ONE, TWO = {"agent": "one", "area": "here"}, {"agent": "here", "area": "one"}
"""Each has the other's values under the other name."""


def unnoticed(field: Any, text: str, values: dict[str, str]) -> list[str]:
    """What denies a record, or answers with a count that lacks it."""
    if field.name == "seen":
        asked: list[Way] = [
            lambda: field.might_exist(text),
            lambda: not field.definitely_missing(text),
            lambda: field.might_exist_batch([text])[text],
            lambda: field.might_exist_count([text]),
        ]
    else:
        asked = [
            lambda: field.get_frequency(text),
            lambda: field.get_frequency_batch([text])[text],
            lambda: dict(field.top(5)).get(text, 0),
        ]
    with inside(field, values):
        return [f"{text} of {values} is denied" for ask in asked if answer(ask) == 0]


def answer(ask: Way) -> Any:
    """What is said; None where it is said that it is not known."""
    try:
        return ask()
    except IncompleteError:
        return None


def inside(field: Any, values: dict[str, str]) -> AbstractContextManager[None]:
    return popoto_recall.partition(**{name: values[name] for name in field.partition_by})


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
    found = unnoticed(field, "before", ONE)
    model.create(title="b", text="later", **ONE)
    found += unnoticed(field, "before", ONE)
    found += unnoticed(field, "later", ONE)
    found += unnoticed(getattr(before, name), "later", ONE) if old == new else []
    with inside(field, ONE):
        assert field.rebuild() == 2
        assert field.info().complete
        found += unknown(field, ["before", "later"])
    check(13, 14, found)


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
    check(13, 8, unnoticed(field, "first", ONE) + unnoticed(field, "second", TWO))
