"""Whole saves: a record with the three fields, with Popoto's, and with none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import popoto
from popoto import Model

from .graph_reads import in_turn
from .measure import Variant
from .models import KeptBare, KeptOurs, KeptTwin, records
from .outcome import NO_OP, OURS, POPOTO, Outcome, Row, at_most, within
from .stage import Stage
from .words import words

WORDS = 12
"""In the text of a record."""

BATCH = 100

BARE = "none of the three"

MODELS = ((OURS, KeptOurs), (POPOTO, KeptTwin), (BARE, KeptBare))

KILOBYTES = "{:.2f} KB"


def saves(stage: Stage) -> Iterator[Outcome]:
    made = {name: records(model, _texts()) for name, model in MODELS}
    yield _bytes(stage, made)
    no_op = stage.client.evalsha
    floor = Variant(NO_OP, lambda _: no_op(stage.no_op, 0))
    yield stage.compare(
        f"save of a record of {WORDS} words, each of the three fields",
        [*_each(stage, _save, made), floor],
        [
            within(0.9, POPOTO),
            within(0.6, POPOTO, clock="server"),
            within(1.1, POPOTO, clock="client"),
        ],
    )
    yield stage.compare(
        f"{BATCH} such saves in one batch()",
        _each(stage, _save_all, {name: _many(make) for name, make in made.items()}),
        [within(0.9, POPOTO)],
    )


def _each(
    stage: Stage, call: Callable[[Any], None], made: dict[str, Callable[[], Any]]
) -> list[Variant]:
    """The same with every model, by itself and over hiredis."""
    return [
        variant
        for name, fresh in made.items()
        for variant in stage.both(Variant(name, call, fresh))
    ]


def _texts() -> Callable[[], str]:
    return in_turn([" ".join(words(WORDS, first)) for first in range(0, 100 * WORDS, WORDS)])


def _bytes(stage: Stage, made: dict[str, Callable[[], Any]]) -> Outcome:
    """What a save has the server read, beyond that of a record with none of them."""
    rows = []
    for size in (1, BATCH):
        sent = {name: _sent(stage, make, size) for name, make in made.items()}
        of = "one save" if size == 1 else f"{size} saves in one batch(), each"
        for name in (OURS, POPOTO):
            target = at_most(6) if (name, size) == (OURS, 1) else None
            more = (sent[name] - sent[BARE]) / size / 1000
            rows.append(Row(f"{name}, {of}", more, target, KILOBYTES))
    return Outcome("bytes sent, beyond those of a record with none of the three", rows=rows)


def _sent(stage: Stage, make: Callable[[], Any], size: int) -> int:
    group = [make() for _ in range(size + 1)]
    _save(group.pop())
    return stage.bytes_sent(lambda: _save_all(group) if size > 1 else _save(group[0]))


def _many(make: Callable[[], Any]) -> Callable[[], list[Any]]:
    return lambda: [make() for _ in range(BATCH)]


def _save(record: Model) -> None:
    record.save()


def _save_all(group: Sequence[Model]) -> None:
    batch = popoto.batch()
    for record in group:
        record.save(pipeline=batch)
    batch.execute()
