"""The page of documentation that a run becomes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template

from . import pictures
from .measure import WITH_HIREDIS
from .outcome import MODULE, Outcome
from .report import cells, micros, notes, summary
from .suite import Result

TEMPLATE = Path(__file__).parent / "page.md"


def write(path: Path, facts: Mapping[str, str], results: Sequence[Result]) -> None:
    """Write the page, and its pictures beside it."""
    drawn = pictures.draw(results, path.parent)
    text = Template(TEMPLATE.read_text("utf-8")).substitute(
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        summary=summary(results).splitlines()[0],
        targets="\n".join(_targets(results)),
        module="\n".join(_module(results)),
        pictures="\n\n".join(f"![{alt}]({name})" for name, alt in drawn.items()),
        costs="\n".join(_costs(results)),
    )
    path.write_text(text, "utf-8")


def _targets(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        outcomes = [outcome for outcome in result.outcomes if outcome.rows]
        if outcomes:
            yield from (f"### {result.title}", "", *_figures(outcomes), "")
            for note in notes(outcomes):
                yield from (f"({note})", "")


def _figures(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "| | result | target | |"
    yield "|---|--:|--:|---|"
    for outcome in outcomes:
        yield f"| **{outcome.title}** | | | |"
        for row in outcome.rows:
            verdict = "**MISS**" if row.missed else row.verdict
            yield f"| {row.figure} | {row.shown} | {row.wanted} | {verdict} |"


def _module(results: Sequence[Result]) -> Iterator[str]:
    """What the module's commands take beside the library's, without and with hiredis."""
    measured = [
        (outcome, name)
        for result in results
        for outcome in result.outcomes
        for name in outcome.samples
        if name.startswith(MODULE) and not name.endswith(WITH_HIREDIS)
    ]
    if not measured:
        yield "This run had no module; `python -m benchmarks --module PATH` loads one."
        return
    yield "| microseconds, median | popoto-recall | RedisBloom | popoto-recall | RedisBloom |"
    yield "|---|--:|--:|--:|--:|"
    yield "| | without hiredis | without | with hiredis | with |"
    for outcome, name in measured:
        own = next(iter(outcome.samples))
        names = (own, name, own + WITH_HIREDIS, name + WITH_HIREDIS)
        found = [outcome.samples[n].at(0.5) if n in outcome.samples else math.nan for n in names]
        yield f"| {outcome.title} | " + " | ".join(map(micros, found)) + " |"


def _costs(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        outcomes = [outcome for outcome in result.outcomes if outcome.samples]
        if outcomes:
            yield from (f"### {result.title}", "")
            yield "| | wall | quartiles | ratio | server | ratio | client | ratio |"
            yield "|---|--:|--:|--:|--:|--:|--:|--:|"
            for outcome in outcomes:
                yield f"| **{outcome.title}** | | | | | | | |"
                yield from ("| " + " | ".join(line) + " |" for line in cells(outcome))
            yield ""
