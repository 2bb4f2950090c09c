"""The filter: asking, adding, upkeep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from popoto import Model

from .graph_reads import in_turn
from .measure import WITH_HIREDIS, Variant
from .models import NewHash, Ours, Twin, add, adding, records
from .outcome import NO_OP, OURS, POPOTO, Claim, Outcome, Row, at_most, beside, faster, within
from .stage import Stage
from .words import texts, words

FULL = 100_000
"""Capacity of a filter at its default options, and how many tokens are put into it."""

ABSENT = 10_000_000
"""Number of the first word that was never added."""

MODULE, LIBRARY, NEW_HASH = "RedisBloom BF.MEXISTS", "rbloom, in process", "Popoto, hash v2"


def filled(stage: Stage, *models: type[Model], number: int = FULL) -> None:
    """Put so many words into the filters of some models."""
    for model in models:
        for text in texts(words(number)):
            add(model, "seen", text)
    if stage.knows("BF.MEXISTS"):
        stage.client.execute_command("BF.RESERVE", "module", 0.01, FULL)
        for text in texts(words(number)):
            stage.client.execute_command("BF.MADD", "module", *text.split())


def asking(stage: Stage) -> Iterator[Outcome]:
    filled(stage, Ours, Twin)
    seen, twin = Ours.seen, Twin.seen
    absent, present = words(500, ABSENT), words(500)
    no, yes = "absent word", "present word"
    library = _library(words(FULL))
    yield stage.compare(
        "might_exist of one token",
        [
            *stage.both(Variant(no, lambda word: seen.might_exist(word), in_turn(absent))),
            Variant(yes, lambda word: seen.might_exist(word), in_turn(present)),
            stage.floor(lambda: seen.might_exist(absent[0])),
            stage.ping(),
            _getbits(stage),
            Variant("Popoto: absent", lambda word: twin.might_exist(Twin, word), in_turn(absent)),
            Variant("Popoto: present", lambda word: twin.might_exist(Twin, word), in_turn(present)),
            *_module(stage, "BF.EXISTS", lambda: in_turn([[word] for word in absent])),
            *_asked_in_process(library, in_turn(absent)),
        ],
        [within(1.10, NO_OP, no), within(1.10, NO_OP, yes), *beside_module("BF.EXISTS", no)],
    )
    loop = asyncio.new_event_loop()
    three = [" ".join(absent[at : at + 3]) for at in range(0, 300, 3)]
    yield stage.compare(
        "might_exist of three absent words",
        [
            Variant(OURS, lambda text: seen.might_exist(text), in_turn(three)),
            Variant(POPOTO, lambda text: twin.might_exist(Twin, text), in_turn(three)),
            stage.floor(lambda: seen.might_exist(three[0])),
        ],
        [faster(3.3)],
    )
    yield stage.compare(
        "definitely_missing, fill_ratio, info",
        [
            Variant(
                "definitely_missing", lambda word: seen.definitely_missing(word), in_turn(absent)
            ),
            Variant(
                "Popoto: definitely_missing",
                lambda word: twin.definitely_missing(Twin, word),
                in_turn(absent),
            ),
            Variant("fill_ratio", lambda _: seen.fill_ratio()),
            Variant("Popoto: fill_ratio", lambda _: twin.fill_ratio(Twin)),
            Variant("info", lambda _: seen.info()),
            Variant(
                "async_might_exist", lambda _: loop.run_until_complete(seen.async_might_exist("x"))
            ),
        ],
    )
    loop.close()


def _getbits(stage: Stage) -> Variant:
    """Seven bits in one trip: what a filter without a script would ask."""

    def call(_: object) -> None:
        pipeline = stage.client.pipeline(transaction=False)
        for bit in range(7):
            pipeline.getbit("$EF:Twin:seen", bit * 1000)
        pipeline.execute()

    return Variant("GETBIT 7 times, in a pipeline", call)


def _module(
    stage: Stage, command: str, fresh: Callable[[], Callable[[], Sequence[str]]]
) -> list[Variant]:
    if not stage.knows(command):
        return []
    execute = stage.client.execute_command
    name = f"RedisBloom {command}"
    return stage.both(Variant(name, lambda tokens: execute(command, "module", *tokens), fresh()))


def beside_module(command: str, variant: str = OURS) -> list[Claim]:
    """Ratios to a command of the module, which the library has no bound for."""
    module = f"RedisBloom {command}"
    return [
        beside(module, variant),
        beside(module + WITH_HIREDIS, variant + WITH_HIREDIS),
    ]


def _asked_in_process(library: Any, fresh: Callable[[], Any]) -> list[Variant]:
    return [Variant(LIBRARY, library.__contains__, fresh, served=False)] if library else []


def _library(tokens: Sequence[str]) -> Any:
    """The same tokens in a filter of this process; None without rbloom."""
    try:
        from rbloom import Bloom
    except ModuleNotFoundError:
        return None
    found = Bloom(FULL, 0.01)
    found.update(tokens)
    return found


BATCHES = ((10, 1.5), (100, 2.5), (1_000, 5.0), (10_000, 6.5))


def batches(stage: Stage) -> Iterator[Outcome]:
    filled(stage, Ours, Twin, NewHash)
    library = _library(words(FULL))
    for size, times in BATCHES:
        for kind, tokens in (
            ("absent", words(size, ABSENT)),
            ("half of them present", words(size // 2) + words(size // 2, ABSENT)),
        ):
            yield _batch(stage, size, kind, tokens, times, library)
    yield _longest(stage)


def _batch(
    stage: Stage, size: int, kind: str, tokens: list[str], times: float, library: Any
) -> Outcome:
    seen, twin = Ours.seen, Twin.seen
    title = f"might_exist_batch of {size:,}, {kind}"
    variants = [
        *stage.both(Variant(OURS, lambda _: seen.might_exist_batch(tokens))),
        Variant(POPOTO, lambda _: twin.might_exist_batch(Twin, tokens)),
        Variant(NEW_HASH, lambda _: NewHash.seen.might_exist_batch(NewHash, tokens)),
        stage.floor(lambda: seen.might_exist_batch(tokens)),
        Variant("might_exist_count", lambda _: seen.might_exist_count(tokens)),
        *_module(stage, "BF.MEXISTS", lambda: lambda: tokens),
    ]
    if library:
        ask = library.__contains__
        variants.append(Variant(LIBRARY, lambda _: [ask(token) for token in tokens], served=False))
    without, over_hiredis = beside_module("BF.MEXISTS")
    claims = [faster(times), faster(1.2, MODULE) if size >= 1_000 else without, over_hiredis]
    outcome = stage.compare(title, variants, claims)
    if size == 10_000:
        each = outcome.samples[OURS].at(0.5, "server") / size * 1e6
        outcome.rows.append(Row("server CPU per token", each, at_most(0.26), "{:.3f} µs"))
    return outcome


def _longest(stage: Stage) -> Outcome:
    """The longest that one call of a very large batch holds the server."""
    client = stage.client
    tokens = words(50_000) + words(50_000, ABSENT)
    client.config_set("slowlog-log-slower-than", 1000)
    client.slowlog_reset()
    for _ in range(5):
        Ours.seen.might_exist_batch(tokens)
    longest = max((entry["duration"] for entry in client.slowlog_get(100)), default=1000)
    title = "might_exist_batch of 100,000"
    figure = "longest single call"
    row = Row(figure, longest / 1000, at_most(50), "{:.1f} ms")
    return Outcome(title, rows=[row])


def saving(stage: Stage) -> Iterator[Outcome]:
    """What a save adds, without the save itself; the records are made beforehand."""
    filled(stage, Ours, Twin, NewHash, number=FULL // 2)
    known = [" ".join(words(10, first)) for first in range(0, 1000, 10)]
    for kind, times, fresh in (
        ("new", 1.7, _new_texts),
        ("present already", 3.5, lambda: in_turn(known)),
    ):
        yield stage.compare(
            f"on_save of ten words, {kind}",
            [
                *stage.both(Variant(OURS, adding(Ours, "seen"), records(Ours, fresh()))),
                Variant(POPOTO, adding(Twin, "seen"), records(Twin, fresh())),
                Variant(NEW_HASH, adding(NewHash, "seen"), records(NewHash, fresh())),
                stage.floor(lambda fresh=fresh: add(Ours, "seen", fresh()())),
                *_module(stage, "BF.MADD", lambda fresh=fresh: _split(fresh())),
            ],
            [faster(times, clock="server", beyond=NO_OP), *beside_module("BF.MADD")],
            rounds=100,
        )


def _new_texts() -> Callable[[], str]:
    numbers = count(ABSENT, 10)
    return lambda: " ".join(words(10, next(numbers)))


def _split(fresh: Callable[[], str]) -> Callable[[], list[str]]:
    return lambda: fresh().split()


def rebuilding(stage: Stage) -> Iterator[Outcome]:
    """Filters and sketches anew, from stored records."""
    number = stage.plan.records
    for key, text in enumerate(texts(words(10 * number), 10)):
        Ours.create(key=f"k{key}", text=text)
        Twin.create(key=f"k{key}", text=text)
    yield stage.compare(
        f"rebuild from {number:,} records of ten words",
        [
            Variant("filter", lambda _: Ours.seen.rebuild()),
            Variant("sketch", lambda _: Ours.often.rebuild()),
            Variant("Popoto: rebuild_indexes, both and more", lambda _: Twin.rebuild_indexes()),
        ],
    )
    yield stage.compare(
        "clear",
        [
            Variant("filter", lambda _: Ours.seen.clear()),
            Variant("sketch", lambda _: Ours.often.clear()),
            stage.floor(lambda: Ours.seen.clear()),
        ],
    )
