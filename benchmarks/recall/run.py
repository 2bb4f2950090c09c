"""Whether a graph helps to recall.

Dialogues in the form of LoCoMo, with their questions; and histories of commits: given one file of
a commit, which others does it change? R@k: the share of questions with something that was wanted
among the first k. share: how much of what was wanted is among the first ten. MRR: 1 / the place of
the first that was wanted. Intervals are of 95 %, by bootstrap over questions, or commits.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from popoto_recall.cli.commits import Commit, history
from popoto_recall.cli.judge import HEADINGS, Score, compared, mean
from popoto_recall.errors import ArgumentError

from ..stage import QUICK, newest_seven, staged
from . import dialogues as talk
from . import edges, histories, locomo, served
from .dialogues import Corpus, Setting

Row = tuple[str, list[Score]]

WIDTH = 165


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks recall",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--locomo", metavar="FILE", type=Path, help="dialogues; .json or .json.gz")
    parser.add_argument(
        "--git", metavar="REPO", type=Path, nargs="+", default=[], help="clones with a history"
    )
    parser.add_argument(
        "--history",
        metavar="FILE",
        type=Path,
        nargs="+",
        default=[],
        help="histories: [unix time, [paths]] a line, oldest first; .jsonl or .jsonl.gz",
    )
    parser.add_argument("--server", metavar="PATH", help="redis-server to run; newest 7 at hand")
    parser.add_argument(
        "--no-server", action="store_true", help="leave out what is asked through a server"
    )
    chosen = parser.parse_args(arguments)
    if not (chosen.locomo or chosen.git or chosen.history):
        parser.error("nothing to measure: give --locomo, --git or --history")
    return chosen


def main(arguments: Sequence[str]) -> None:
    chosen = options(arguments)
    console = Console(width=WIDTH)
    try:
        if chosen.locomo:
            of_dialogues(console, chosen)
        for name, commits in _histories(console, chosen):
            of_history(console, name, commits)
    except (ArgumentError, OSError) as error:
        raise SystemExit(str(error)) from None


def _histories(console: Console, chosen: argparse.Namespace) -> Iterator[tuple[str, list[Commit]]]:
    for path in chosen.history:
        commits, digest = histories.read(path)
        console.print(f"\n{path.name}  sha256 {digest}", highlight=False)
        yield path.name, commits
    for path in chosen.git:
        yield path.resolve().name, history(path)


# Dialogues


def of_dialogues(console: Console, chosen: argparse.Namespace) -> None:
    told, digest = locomo.read(chosen.locomo)
    console.print(f"{chosen.locomo.name}  sha256 {digest}", highlight=False)
    corpus = Corpus(told)
    turns = sum(len(dialogue.turns) for dialogue in told)
    console.print(
        f"{len(told)} dialogues, {turns} turns, {len(corpus.questions)} questions; "
        "BM25 with k1 .5, b 0",
        highlight=False,
    )
    show(console, "Words, and the graph of what follows what", list(_head(corpus)))
    show(console, "Other settings of widen", list(_other_settings(corpus)))
    show(console, "Edges of other kinds, the first five hits kept", list(_other_edges(corpus)))
    show(console, "The same, the first hit alone kept", list(_other_edges(corpus, keep=1)))
    _by_category(console, corpus)
    if not chosen.no_server:
        with staged(chosen.server or newest_seven(), QUICK, seed=1):
            show(console, "Through the library, on a server", list(served.ways(told)))


def _head(corpus: Corpus) -> Iterator[Row]:
    follow = corpus.graphs(edges.following)
    yield "words alone", corpus.words()
    yield "widen, its defaults (keep=5)", corpus.widened(Setting(), follow)
    yield "widen, keep=1", corpus.widened(Setting(keep=1), follow)
    yield "widen, keep=0: the head is not kept", corpus.widened(Setting(keep=0), follow)
    for keep, aim in ((5, ["ten"]), (1, ["five", "ten"])):
        scores, _ = corpus.left_out(keep, aim)
        yield f"keep={keep}, settings by leaving a dialogue out", scores
    yield "no graph: neighbours' words indexed, too", corpus.neighbours_indexed()


def _other_settings(corpus: Corpus) -> Iterator[Row]:
    follow = corpus.graphs(edges.following)
    yield "words alone", corpus.words()
    for option, values in (
        ("keep", (3, 10)),
        ("seed_count", (1, 3, 8)),
        ("found_weight", (0.5, 2.0)),
    ):
        for value in values:
            setting = Setting(**{"keep": 1, option: value})
            named = f"{option}={value}" if option == "keep" else f"keep=1, {option}={value}"
            yield named, corpus.widened(setting, follow)


def _other_edges(corpus: Corpus, keep: int = 5) -> Iterator[Row]:
    setting = Setting(keep=keep)
    yield "words alone", corpus.words()
    yield (
        "to the next two, and half as much back",
        corpus.widened(setting, corpus.graphs(edges.following)),
    )
    for name, graphs in talk.other_graphs(corpus).items():
        yield name, corpus.widened(setting, graphs)
    for name, strengthens in (
        ("all that was retrieved", talk.retrieved),
        ("what was confirmed", talk.confirmed),
    ):
        yield name, talk.by_feedback(corpus, setting, strengthens, lambda _: {})
        yield f"neighbours and {name}", talk.by_feedback(corpus, setting, strengthens)


def _by_category(console: Console, corpus: Corpus) -> None:
    kinds = [heard.asked.category for heard in corpus.questions]
    follow = corpus.graphs(edges.following)
    rows = {
        "words alone": corpus.words(),
        "widen": corpus.widened(Setting(), follow),
        "widen, keep=1": corpus.widened(Setting(keep=1), follow),
        "no graph, neighbours' words": corpus.neighbours_indexed(),
    }
    for category in locomo.CATEGORIES.values():
        own = [kind == category for kind in kinds]
        if any(own):
            show(
                console,
                f"{category}: {sum(own)} questions",
                [(name, _only(scores, own)) for name, scores in rows.items()],
            )


def _only(scores: Iterable[Score], own: Iterable[bool]) -> list[Score]:
    return [score for score, mine in zip(scores, own, strict=True) if mine]


# Histories


def of_history(console: Console, name: str, commits: Sequence[Commit]) -> None:
    judgement = histories.Judgement(commits)
    if not judgement.questions:
        raise ArgumentError(f"{name}: no commit of the last quarter changes several known files")
    groups = judgement.groups
    rows = [
        ("path, popularity and recency", judgement.alone()),
        ("the graph alone", judgement.graph_alone()),
        ("widen, its found_weight of 1", judgement.widened()),
        ("widen, found_weight=2", judgement.widened(2.0)),
        ("widen, edges that fade, half-life 180 days", judgement.widened(fading=True)),
    ]
    title = f"{name}: {len(commits)} commits, {len(groups)} questions about {len(set(groups))}"
    show(console, title, rows, groups)


# Tables


def show(
    console: Console, title: str, rows: Sequence[Row], groups: Sequence[object] | None = None
) -> None:
    """A table, with the differences to its first row."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1), header_style="dim")
    table.add_column("", no_wrap=True, min_width=46)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for heading in ("R@1", "R@5", "R@10"):
        table.add_column(f"{heading} difference", justify="right", no_wrap=True)
    (_, base), *_ = rows
    for name, scores in rows:
        told = [f"{part:.3f}" for part in mean(scores)]
        if scores is not base:
            told += map(str, compared(scores, base, groups or range(len(base)))[:3])
        table.add_row(name, *told)
    console.print()
    console.print(table, highlight=False)
