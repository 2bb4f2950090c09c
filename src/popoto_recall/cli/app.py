"""The commands of ``popoto-recall`` and their options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from redis import exceptions
from rich.console import Console

from ..errors import RecallError
from ..refusals import typed
from . import adopt as take_over
from . import pages, tour
from . import rebuild as remake
from .records import on_a_server

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"popoto-recall {version('popoto-recall')}")
        raise typer.Exit


@app.callback()
def popoto_recall(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Agent memory for Popoto models: what goes with this, was it ever seen, how often."""


def _known(name: str | None) -> str | None:
    """Refuse a page that there is not, before anything is saved."""
    if name is not None and pages.find(name) is None:
        close = ", ".join(pages.close_to(name))
        hint = f"Close to it: {close}." if close else "Nothing is close to it; try 'exceptions'."
        raise typer.BadParameter(f"Python's help has no page {name!r}. {hint}")
    return name


@app.command()
def demo(
    ask: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD",
            help="Ask whether this word (or these words, in quotes) was ever seen, and on how "
            "many pages. May be given several times.",
        ),
    ] = None,
    page: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=_known,
            help="Ask what goes with this page: 'exceptions', or a name that help() knows, "
            "like LOOPING.",
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Leave the data on the server of REDIS_URL, to look at."),
    ] = False,
    git: Annotated[
        bool,
        typer.Option("--git", help="Learn the history of REPO instead, and ask about its end."),
    ] = False,
    repository: Annotated[
        Path | None,
        typer.Argument(metavar="REPO", help="With --git: a clone; by default this folder."),
    ] = None,
) -> None:
    """Save the pages of Python's own help as records, link those that name each other, and ask.

    Without an option it asks some questions of each kind; with --ask or --page, yours.

    The records live in a server inside this process and go with it. If the environment variable
    REDIS_URL is set, they go to that server instead, under keys of their own, and are removed
    at the end.

    With --git, it learns which files of a repository are changed together, and shows how well that
    tells, given one file of a commit, which others it changes.
    """
    if git:
        if ask or page or keep:
            raise typer.BadParameter("--git goes with no other option")
        _demo_of_a_repository(repository or Path())
        return
    if repository is not None:
        raise typer.BadParameter("a repository is named behind --git")
    if keep and not on_a_server():
        raise typer.BadParameter("there is nothing to keep without a server: set REDIS_URL")
    console = Console()
    with _giving_up(console):
        try:
            tour.run(console, words=ask or [], page=page, keep=keep)
        except exceptions.ConnectionError as error:
            _give_up(
                console,
                f"Cannot reach the server of REDIS_URL: {error}\n"
                "Without REDIS_URL, the demo runs on a server inside this process.",
            )


def _demo_of_a_repository(repository: Path) -> None:
    from . import git

    console = Console()
    with _giving_up(console):
        git.run(console, repository)


@app.command()
def rebuild(
    model: Annotated[
        str,
        typer.Argument(metavar="MODULE:MODEL", help="The model, as in 'myapp.models:Memory'."),
    ],
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only this filter or sketch. May be given several times."
        ),
    ] = None,
) -> None:
    """Make a model's filters and sketches anew from its stored records.

    For a field added to a model that has records, for lost or damaged keys, after a change of
    options, and for a filter that outgrew its capacity. The old ones go on serving until each
    new one takes its place; saves made meanwhile are in it. One that is interrupted goes on where
    it was when it is run again.

    It works on the server of REDIS_URL, as the model's own program does.
    """
    console = Console()
    with _refusing_parameters():
        found = remake.load_model(model)
        fields = remake.rebuilt_fields(found, field or [])
    with _giving_up(console):
        remake.run(console, found, fields)


@app.command()
def adopt(
    model: Annotated[
        str,
        typer.Argument(metavar="MODULE:MODEL", help="The model, as in 'myapp.models:Memory'."),
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would become of everything, and change nothing."),
    ] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Drop the lightest edges where a node would have over max_edges."
        ),
    ] = False,
    leave: Annotated[
        bool,
        typer.Option(
            "--leave",
            help="Leave edges in their old place that have none in the new graph: those between "
            "two partitions, and with names that are no UTF-8.",
        ),
    ] = False,
    watch: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="How long to look whether another program still writes."
        ),
    ] = 2.0,
) -> None:
    """Take over what Popoto's own fields left of a model, after a changed import.

    Edges move into the new graph, each in one step; those known in one direction alone get the
    other, weights over the cap are lowered, and a report says what became of all of them. Filters
    and sketches are made anew from the records.

    It refuses while another program writes with Popoto's own fields, and where edges would be
    lost. One that is interrupted goes on where it was when it is run again.

    It works on the server of REDIS_URL, as the model's own program does.
    """
    console = Console()
    with _refusing_parameters():
        found = remake.load_model(model)
    with _giving_up(console):
        if not dry_run:
            take_over.run(console, found, prune=prune, leave=leave, watch=watch)
        elif not take_over.preview(console, found, prune=prune, leave=leave):
            raise typer.Exit(1)


@contextmanager
def _refusing_parameters() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def _giving_up(console: Console) -> Iterator[None]:
    try:
        yield
    except (RecallError, exceptions.RedisError) as error:
        _give_up(console, str(typed(error)))


def _give_up(console: Console, why: str) -> None:
    console.print(why, style="bold red", markup=False)
    raise typer.Exit(1)
