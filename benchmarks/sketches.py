"""The sketch: counting, asking, heavy hitters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .filters import beside_module
from .graph_reads import in_turn
from .measure import Variant
from .models import Hitters, Ours, Twin, add, adding, records
from .outcome import NO_OP, OURS, POPOTO, Outcome, faster
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
            *stage.both(Variant(OURS, lambda text: Ours.often.increment(text), in_turn(known))),
            Variant("on_save", adding(Ours, "often"), records(Ours, in_turn(known))),
            Variant(POPOTO, adding(Twin, "often"), records(Twin, in_turn(known))),
            stage.floor(lambda: Ours.often.increment(known[0])),
            _bitfield(stage),
            *_module(stage, "CMS.INCRBY", [text.split() for text in known]),
            *_library([text.split() for text in known], "add"),
        ],
        [
            faster(4, clock="server", beyond=NO_OP),
            faster(4, clock="server", beyond=NO_OP, variant="on_save"),
            *beside_module("CMS.INCRBY"),
        ],
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
        execute = stage.client.execute_command
        execute("CMS.INITBYDIM", "module", 2000, 7)
        for text in texts(words(20_000)):
            execute(
                "CMS.INCRBY", "module", *(word for token in text.split() for word in (token, 1))
            )


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
                *stage.both(single if size == 1 else batch),
                Variant(POPOTO, lambda _, tokens=tokens: popoto(tokens)),
                stage.floor(lambda tokens=tokens: ours.get_frequency_batch(tokens)),
                *_module(stage, "CMS.QUERY", [tokens]),
                *_library([tokens], "check"),
            ],
            [*([faster(times)] if times else []), *beside_module("CMS.QUERY")],
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
    return Variant(name, lambda _: execute("BITFIELD", "bare", *arguments))


def _module(stage: Stage, command: str, groups: list[list[str]]) -> list[Variant]:
    if not stage.knows(command):
        return []
    execute = stage.client.execute_command
    if command == "CMS.INCRBY":
        groups = [[word for token in group for word in (token, "1")] for group in groups]
    name = f"RedisBloom {command}"
    return stage.both(
        Variant(name, lambda words: execute(command, "module", *words), in_turn(groups))
    )


def _library(groups: list[list[str]], method: str) -> list[Variant]:
    try:
        from probables import CountMinSketch
    except ModuleNotFoundError:
        return []
    each = getattr(CountMinSketch(width=2000, depth=7), method)

    def call(tokens: Sequence[str]) -> None:
        for token in tokens:
            each(token)

    return [Variant(LIBRARY, call, in_turn(groups), served=False)]
