"""The sketch: counting, asking, heavy hitters; and a whole save."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from popoto import Model

from .graph_reads import in_turn
from .graph_writes import numbered
from .measure import Variant
from .models import Hitters, Ours, Plain, Twin, add
from .outcome import OURS, POPOTO, Outcome, faster
from .stage import Stage
from .words import texts, words

LIBRARY = "pyprobables, in process"

BARE_COUNTERS = 40
"""Ten tokens in four rows."""


def counting(stage: Stage) -> Iterator[Outcome]:
    _filled(stage)
    known = [" ".join(words(10, first)) for first in range(0, 1000, 10)]
    yield stage.compare(
        "increment of ten words",
        [
            Variant(OURS, lambda text: Ours.often.increment(text), in_turn(known)),
            Variant("on_save", lambda text: add(Ours, "often", text), in_turn(known)),
            Variant(POPOTO, lambda text: add(Twin, "often", text), in_turn(known)),
            stage.floor(lambda: Ours.often.increment(known[0])),
            _bitfield(stage),
            *_module(stage, "CMS.INCRBY", [text.split() for text in known]),
            *_library([text.split() for text in known], "add"),
        ],
        [faster(4, clock="server"), faster(4, clock="server", variant="on_save")],
    )
    yield from _asking(stage)
    yield _hitters(stage, known)


def _filled(stage: Stage) -> None:
    """Twenty thousand words in every sketch, so that no counter is left at zero."""
    for text in texts(words(20_000)):
        add(Twin, "often", text)
        for model in (Ours, Hitters):
            add(model, "often", text)
    if stage.knows("CMS.QUERY"):
        stage.client.execute_command("CMS.INITBYDIM", "module", 2000, 7)


def _asking(stage: Stage) -> Iterator[Outcome]:
    ours, twin = Ours.often, Twin.often

    def popoto(tokens: Sequence[str]) -> None:
        for token in tokens:
            twin.get_frequency(Twin, token)

    for size, times in ((1, None), (10, 8), (100, 30), (1_000, None)):
        tokens = words(size)
        single = Variant(OURS, lambda _, token=tokens[0]: ours.get_frequency(token))
        batch = Variant(OURS, lambda _, tokens=tokens: ours.get_frequency_batch(tokens))
        yield stage.compare(
            "get_frequency" if size == 1 else f"get_frequency_batch of {size:,}",
            [
                single if size == 1 else batch,
                Variant(POPOTO, lambda _, tokens=tokens: popoto(tokens)),
                stage.floor(lambda tokens=tokens: ours.get_frequency_batch(tokens)),
                *_module(stage, "CMS.QUERY", [tokens]),
                *_library([tokens], "check"),
            ],
            [faster(times)] if times else [],
        )


def _hitters(stage: Stage, known: Sequence[str]) -> Outcome:
    hitters = Hitters.often
    return stage.compare(
        "heavy hitters, 20 kept",
        [
            Variant("top", lambda _: hitters.top(20)),
            Variant("increment of ten words", lambda text: hitters.increment(text), in_turn(known)),
            Variant("info", lambda _: hitters.info()),
            stage.floor(lambda: hitters.top(20)),
        ],
    )


def _bitfield(stage: Stage) -> Variant:
    arguments: list[object] = ["OVERFLOW", "SAT"]
    for number in range(BARE_COUNTERS):
        arguments += ["INCRBY", "u32", 32 * (number * 401 % 16_000), 1]
    execute = stage.client.execute_command
    name = f"BITFIELD of {BARE_COUNTERS} counters"
    return Variant(name, lambda _: execute("BITFIELD", "bare", *arguments), commands=("bitfield",))


def _module(stage: Stage, command: str, groups: list[list[str]]) -> list[Variant]:
    if not stage.knows(command):
        return []
    execute = stage.client.execute_command
    if command == "CMS.INCRBY":
        groups = [[word for token in group for word in (token, "1")] for group in groups]
    return [
        Variant(
            f"RedisBloom {command}",
            lambda words: execute(command, "module", *words),
            in_turn(groups),
            (command.lower(),),
        )
    ]


def _library(groups: list[list[str]], method: str) -> list[Variant]:
    try:
        from probables import CountMinSketch
    except ModuleNotFoundError:
        return []
    each = getattr(CountMinSketch(width=2000, depth=7), method)

    def call(tokens: Sequence[str]) -> None:
        for token in tokens:
            each(token)

    return [Variant(LIBRARY, call, in_turn(groups), ())]


TRANSACTION = ("exec",)
"""What counts of a save: EXEC, whose time is that of all commands and scripts queued for it."""


def whole_saves(stage: Stage) -> Iterator[Outcome]:
    """A record with all three fields, and without."""
    known = in_turn([" ".join(words(10, first)) for first in range(0, 1000, 10)])

    def record(model: Any) -> Any:
        names = numbered("k")
        return lambda: model(key=names(), text=known())

    yield stage.compare(
        "save of a record of ten words, all three fields",
        [
            Variant(OURS, _save, record(Ours), TRANSACTION),
            Variant(POPOTO, _save, record(Twin), TRANSACTION),
            Variant("without the three fields", _save, record(Plain), TRANSACTION),
        ],
        rounds=100,
    )


def _save(record: Model) -> None:
    record.save()
