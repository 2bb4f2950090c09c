"""What Popoto's own fields left of a model of the user's, taken over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from popoto.models.base import Model
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from ..fields.adoption import (
    EdgeCounts,
    Progress,
    Survey,
    ValueSurvey,
    adopt,
    not_ours,
    survey,
    title,
)

ROWS = {
    "moved": "moved",
    "one_sided": "   in one direction alone; the other was added",
    "two_weights": "   with two weights; the larger stands",
    "over_cap": "   over the highest weight; lowered to it",
    "known": "   in the new graph before; the larger weight stands",
    "self_loops": "dropped: from a node to itself",
    "not_positive": "dropped: weight not above 0",
    "over_max": "dropped: over max_edges",
    "elsewhere": "left in their old place: the ends are not in one partition",
    "unreadable": "left in their old place: a name that is no UTF-8",
}
"""The counts of edges, and what they are called."""


def preview(console: Console, model: type[Model], *, prune: bool, leave: bool) -> bool:
    """Print what `run` would do; whether it would do it."""
    with _bars(console) as tell:
        seen = survey(model, tell)
    if seen.nothing:
        console.print(_nothing(model))
    for graph in seen.graphs:
        _print_graph(console, f"{model.__name__}.{graph.field}, to be adopted", graph.counts)
    for key, kind in _wrong(seen):
        console.print(Text(f"{key!r} holds a {kind}, and no edges: remove it", "red"))
    _print_values(console, model, seen.values, "to be ")
    _print_not_ours(console, model)
    refusals = [] if seen.nothing else seen.refusals(prune=prune, leave=leave)
    for refusal in refusals:
        console.print(Text(f"It would refuse: {refusal}", "red"))
    console.print("Nothing was changed: this was a dry run.")
    return not refusals and not list(_wrong(seen))


def run(console: Console, model: type[Model], *, prune: bool, leave: bool, watch: float) -> None:
    """Adopt, with progress bars, and print what became of everything."""
    with _bars(console) as tell:
        done = adopt(model, prune=prune, leave=leave, watch=watch, progress=tell)
    if done.nothing:
        console.print(_nothing(model))
    for field, counts in done.graphs.items():
        _print_graph(console, f"{model.__name__}.{field}", counts)
    _print_values(console, model, done.values)
    _print_not_ours(console, model)


def _wrong(seen: Survey) -> Iterator[tuple[str, str]]:
    for graph in seen.graphs:
        yield from graph.wrong.items()


def _nothing(model: type[Model]) -> Text:
    return Text(f"Nothing to adopt of {model.__name__}.")


def _print_graph(console: Console, name: str, counts: EdgeCounts) -> None:
    table = Table(title=name, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("edges", justify="right")
    table.add_column("")
    table.add_row(f"{counts.found:,}", "found")
    for count, what in ROWS.items():
        number = getattr(counts, count)
        if number or count == "moved":
            table.add_row(f"{number:,}", what)
    console.print(table)


def _print_values(
    console: Console, model: type[Model], values: tuple[ValueSurvey, ...], will: str = ""
) -> None:
    for value in values:
        what = "removed, as each partition gets its own" if value.removed else "made anew"
        console.print(Text(f"{title(model, value)}: {will}{what}. {value.key!r} was {value.why}."))


def _print_not_ours(console: Console, model: type[Model]) -> None:
    for name in not_ours(model):
        what = f"{model.__name__}.{name} is a field of Popoto's: change its import to adopt it."
        console.print(Text(what, "yellow"))


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    """A function that shows how far things are, one bar each."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as bars:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell
