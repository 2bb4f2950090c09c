"""What the demo prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..structures.bloom import FilterInfo
from ..structures.sketch import SketchInfo
from .meter import Asked, Cost
from .pages import BY_NAME

Step = tuple[str, float]
"""A page, and the weight of the edge that leads to it."""

FIRST_COLUMN = 20


class Word(NamedTuple):
    """What filter and sketch say of a word, and what counting says."""

    text: str
    seen: bool
    estimate: int
    counted: int
    kept: bool


def opening(python: str, pages: int, where: str) -> RenderableType:
    """What is about to happen."""
    return Text(
        f"The {pages} pages of help() in Python {python} become records of a Popoto model, "
        f"in {where}. Pages that help() names together are linked.\n"
    )


def explained(name: str, page: str) -> RenderableType:
    """Which page a name of help() leads to."""
    return Text(f"help() explains {name} on the page {page!r}.\n")


def linked(page: str, edges: Iterable[Step]) -> RenderableType:
    """A page's own edges."""
    table = _table("page", "weight")
    for name, weight in edges:
        table.add_row(Text(name), f"{weight:.2f}")
    if not table.rows:
        table.add_row("none: help() names no other page with it", "")
    return _titled(
        f"What goes with {page!r}?",
        f"CoOccurrenceField.get_linked; help() naming both adds {BY_NAME} to the weight",
        table,
    )


def reached(page: str, found: Sequence[tuple[float, list[Step]]]) -> RenderableType:
    """What a page leads to, and how."""
    table = _table("page", "score")
    table.add_column("best path")
    for score, (_, *steps) in found:
        path = " ".join(f"-{weight:.1f}-> {name}" for name, weight in steps)
        table.add_row(Text(steps[-1][0]), f"{score:.3f}", Text(path))
    if not table.rows:
        table.add_row("none", "", "")
    return _titled(
        f"What lies within two hops of {page!r}?",
        "CoOccurrenceField.propagate, explain=True; a hop multiplies by weight / 2",
        table,
    )


def words(rows: Sequence[Word]) -> RenderableType:
    """Whether words were ever seen, and how often."""
    table = _table("word")
    table.add_column("ever seen")
    table.add_column("pages, by the sketch", justify="right")
    table.add_column("by counting", justify="right")
    for word in rows:
        table.add_row(Text(word.text), _seen(word), str(word.estimate), str(word.counted))
    answer = _titled(
        "Was this word ever seen? On how many pages?",
        "ExistenceFilter.might_exist_batch, FrequencySketch.get_frequency_batch",
        table,
    )
    if all(word.kept for word in rows):
        return answer
    return Group(answer, Text("Words of less than 3 letters and very common ones are ignored.\n"))


def _seen(word: Word) -> Text:
    if not word.kept:
        return Text("ignored", style="yellow")
    return Text("yes", style="green") if word.seen else Text("no, never", style="red")


def filled(
    passed: int, asked: int, seen: FilterInfo, counts: SketchInfo, characters: int
) -> RenderableType:
    """How good the two answers are, and how small what gives them."""
    return Text(
        f"Of {asked:,} made-up words {passed} passed for seen; with the filter full, "
        f"{asked * seen.error_rate:.0f} would.\n"
        f"Stored: pages {_kib(characters)}, filter {_kib(seen.size)} ({seen.items:,} words), "
        f"sketch {_kib(counts.size)} ({counts.items:,} counts).\n"
    )


def _kib(size: int) -> str:
    return f"{size / 1024:,.0f} KB"


def costs(asked: Iterable[Asked], *, in_process: bool) -> RenderableType:
    """What each answer cost."""
    table = _table("question", "first time", "again")
    for question, first, again in asked:
        table.add_row(question, _cost(first), _cost(again))
    note = "The first time, the server has to be given the script; then it is one call."
    if in_process:
        note += "\nThe server in this process is written in Python; a real one is faster."
    return Group(
        _titled("What did each answer cost?", "milliseconds, calls to the server", table),
        Text(note),
    )


def _cost(cost: Cost) -> str:
    calls = "1 call " if cost.calls == 1 else f"{cost.calls} calls"
    return f"{cost.milliseconds:.1f} ms, {calls}"


def left(keys: Iterable[str], *, kept: bool) -> RenderableType:
    """Which keys the demo wrote on a server that is not its own."""
    what = "Left on the server" if kept else "Removed from the server again"
    return Text(f"\n{what}: the keys {' and '.join(keys)}")


def try_next(command: str) -> RenderableType:
    """How to ask one's own questions."""
    return Text.assemble(
        "\nAsk your own, for example\n",
        (f"  {command} demo --ask iterator --ask 'list comprehension'\n", "bold"),
        (f"  {command} demo --page LOOPING", "bold"),
    )


def _titled(title: str, how: str, table: Table) -> RenderableType:
    return Group(Text.assemble((title, "bold"), "\n", (how, "dim")), table)


def _table(first: str, *numbers: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(first, min_width=FIRST_COLUMN)
    for number in numbers:
        table.add_column(number, justify="right")
    return table
