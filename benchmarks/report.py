"""Tables for a terminal of 100 columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .measure import Sample
from .outcome import CLOCKS, Outcome, Row
from .suite import Result

STYLES = {"met": "green", "MISS": "bold red"}

COST_COLUMNS = tuple(
    column
    for clock in CLOCKS
    for column in ((clock, 8), *([("quartiles", 15)] if clock == "wall" else []), ("ratio", 7))
)
FIGURE_COLUMNS = (("result", 14), ("target", 12), ("", 14))


LEGEND = (
    "Medians of one run, its variants in turns. Ratio: against the first line of a comparison.\n"
    "Wall: what the caller waits; server and client: the CPU time that either spends. A figure\n"
    "with a bound is one that the library set out to reach: met, or MISS. Near ones change with\n"
    "machine and hour. Without hiredis, except in lines that name it."
)


def micros(seconds: float) -> str:
    """Microseconds with three digits that count; a dash for what was not measured."""
    if math.isnan(seconds):
        return "-"
    value = seconds * 1e6
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def spread(sample: Sample, clock: str) -> str:
    """The quartiles."""
    low, high = sample.at(0.25, clock), sample.at(0.75, clock)
    return "" if math.isnan(low) else f"{micros(low)}-{micros(high)}"


def times(sample: Sample, first: Sample, clock: str) -> str:
    ratio = sample.at(0.5, clock) / first.at(0.5, clock)
    if math.isnan(ratio):
        return "-"
    return f"{ratio:.2f}x" if ratio < 100 else f"{ratio:,.0f}x"


def cells(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    """A line per variant: name, wall, its quartiles, ratio, server, ratio, client, ratio."""
    first = next(iter(outcome.samples.values()))
    for name, sample in outcome.samples.items():
        line = [name]
        for clock in CLOCKS:
            line.append(micros(sample.at(0.5, clock)))
            if clock == "wall":
                line.append(spread(sample, clock))
            line.append(times(sample, first, clock))
        yield tuple(line)


def lines(heading: str, columns: Sequence[tuple[str, int]]) -> Table:
    """An empty table, its columns below those of every other with the same ones."""
    table = Table(
        box=None, padding=(0, 0, 0, 1), expand=True, show_header=bool(heading), header_style="dim"
    )
    table.add_column(heading, ratio=1, no_wrap=bool(heading))
    for name, width in columns:
        table.add_column(name, justify="right", width=width)
    return table


def costs(outcome: Outcome, heading: str) -> Table:
    table = lines(heading, COST_COLUMNS)
    for name, *line in cells(outcome):
        table.add_row(f"  {name}", *line)
    return table


def figures(rows: Iterable[Row]) -> Table:
    table = lines("", FIGURE_COLUMNS)
    for row in rows:
        verdict = Text(row.verdict, style=STYLES.get(row.verdict, ""))
        table.add_row(f"  {row.figure}", row.shown, row.wanted, verdict)
    return table


def show(console: Console, result: Result) -> None:
    """Print what a section found."""
    console.rule(result.title, align="left")
    heading = "  microseconds, median"
    for outcome in result.outcomes:
        console.print(Text(outcome.title, style="bold"))
        if outcome.samples:
            console.print(costs(outcome, heading))
            heading = ""
        if outcome.rows:
            console.print(figures(outcome.rows))
    for note in notes(result.outcomes):
        console.print(f"({note})")


def notes(outcomes: Iterable[Outcome]) -> list[str]:
    """What a reader has to know, each once."""
    return list(dict.fromkeys(outcome.note for outcome in outcomes if outcome.note))


def summary(results: Sequence[Result]) -> str:
    """How many targets were met, and which were not."""
    judged = [
        (f"{outcome.title}: {row.figure}", row)
        for result in results
        for outcome in result.outcomes
        for row in outcome.rows
        if row.target is not None
    ]
    missed = [f"MISS  {what}: {row.shown}, {row.wanted}" for what, row in judged if row.missed]
    met = sum(row.verdict == "met" for _, row in judged)
    rest = len(judged) - met - len(missed)
    return "\n".join([f"{met} targets met, {len(missed)} missed, {rest} not measured", *missed])
