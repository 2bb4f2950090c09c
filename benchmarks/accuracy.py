"""How large, and how right: memory, false positives, over-count."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from popoto import Model

from .models import Ours, Twin, add, filter_models
from .outcome import OURS, POPOTO, Outcome, Row, at_least, at_most
from .stage import Stage
from .words import FAMILIES, family, texts, words, zipf

PERCENT = "{:.3f} %"
RATES = ((0.05, 1.12), (0.01, 1.12), (0.001, 1.20))

DRAWN, DISTINCT = 200_000, 20_000
"""Tokens of the stream that is counted, and different words among them."""


def memory(stage: Stage) -> Iterator[Outcome]:
    """Bytes against the fewest that any Bloom filter does with."""
    title = "bytes of a filter of 100,000 tokens"
    rows = []
    for rate, times in RATES:
        ours, _, _ = filter_models(100_000, rate)
        fill(ours, words(100_000))
        stored = stage.client.strlen(f"$EF:{ours.__name__}:seen")
        figure = f"STRLEN at {rate:.1%}, against the optimum"
        rows.append(Row(figure, stored / optimum(100_000, rate), at_most(times)))
        stage.empty()
    yield Outcome(title, rows=[*rows, *_defaults(stage)])


def optimum(capacity: int, error_rate: float) -> float:
    """Bytes, from Bloom's formula with the best number of probes."""
    return capacity * -math.log(error_rate) / math.log(2) ** 2 / 8


def _defaults(stage: Stage) -> list[Row]:
    for model in (Ours, Twin):
        for text in texts(words(100_000)):
            add(model, "seen", text)
    ours, theirs = (_usage(stage, model, "$EF", "seen") for model in (Ours, Twin))
    least = optimum(100_000, 0.01)
    return [
        Row("MEMORY USAGE by default, of the optimum", ours / least, at_most(1.15)),
        Row("MEMORY USAGE by default, Popoto, of the optimum", theirs / least),
        Row("MEMORY USAGE by default", ours, form="{:,.0f} bytes"),
    ]


def _usage(stage: Stage, model: type[Model], family_: str, field: str) -> int:
    used: int = stage.client.memory_usage(f"{family_}:{model.__name__}:{field}")
    return used


def false_positives(stage: Stage) -> Iterator[Outcome]:
    capacity = stage.plan.capacity
    note = "" if capacity == 100_000 else f"capacity {capacity:,}, not 100,000"
    for name in FAMILIES:
        stage.empty()
        yield _rates(stage, name, capacity, 0.01, note)
    for rate in (0.05, 0.001):
        stage.empty()
        yield _rates(stage, "words", capacity, rate, note)


def _rates(stage: Stage, name: str, capacity: int, error_rate: float, note: str) -> Outcome:
    """The share of absent tokens that a full filter says yes to."""
    asked = max(4 * capacity, int((100 if stage.plan.impatient else 400) / error_rate))
    title = f"false positives, {name}, declared {error_rate:.1%}"
    absent = family(name, asked, first=capacity)
    ours, *others = filter_models(capacity, error_rate)
    fill(ours, family(name, capacity))
    figure, target = f"{OURS}, {asked:,} asked", at_most(120 * error_rate)
    rows = [Row(figure, 100 * rate_of(ours, absent), target, PERCENT, note)]
    if stage.plan.impatient:
        others, absent = others[:1], absent[:20_000]
    for called, model in zip((POPOTO, "Popoto, hash v2"), others, strict=False):
        fill(model, family(name, capacity))
        rows.append(Row(called, 100 * rate_of(model, absent), form=PERCENT))
    return Outcome(title, rows=rows, note=note)


def fill(model: type[Model], tokens: Sequence[str]) -> None:
    for text in texts(tokens):
        add(model, "seen", text)


def rate_of(model: type[Model], absent: Sequence[str]) -> float:
    """How often the filter of a model says yes to these."""
    field: Any = model._meta.fields["seen"]
    hits = 0
    for start in range(0, len(absent), 5000):
        hits += field.might_exist_count(model, absent[start : start + 5000])
    return hits / len(absent)


def over_count(stage: Stage) -> Iterator[Outcome]:
    """Estimates against the truth, for words as frequent as a text has them."""
    truth: Counter[str] = Counter()
    for text in texts(zipf(DRAWN, DISTINCT, seed=17), 200):
        truth.update(set(text.split()))
        for model in (Ours, Twin):
            add(model, "often", text)
    total, bound = truth.total(), math.e * truth.total() / Ours.often.width
    title = f"over-count of {total:,} tokens, {len(truth):,} different"
    tokens = list(truth)
    ours = Ours.often.get_frequency_batch(tokens)
    over = [ours[token] - truth[token] for token in tokens]
    share = 100 * sum(1 for value in over if value > bound) / len(over)
    asked = tokens[:: max(1, len(tokens) // 2000)]
    theirs = [Twin.often.get_frequency(Twin, token) - truth[token] for token in asked]
    size, twin_size = (_usage(stage, model, "$FS", "often") for model in (Ours, Twin))
    bound_text = f"over by more than e*N/width = {bound:.0f}"
    yield Outcome(
        title,
        rows=[
            Row(bound_text, share, at_most(100 * math.exp(-7)), PERCENT),
            Row("under the truth", min(0, *over), at_least(0), "{:.0f}"),
            Row("over by, on average", sum(over) / len(over), form="{:.1f}"),
            Row("over by, on average, Popoto", sum(theirs) / len(theirs), form="{:.1f}"),
            Row("over by, at most", max(over), form="{:.0f}"),
            Row("MEMORY USAGE, of Popoto's", size / twin_size, at_most(1 / 8), "{:.3f}x"),
        ],
    )
