"""The demo on a repository: given one file of a commit, which others does it change?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from popoto import Model, UniqueKeyField
from rich import box
from rich.console import Console, Group, RenderableType
from rich.progress import track
from rich.table import Table
from rich.text import Text

from .. import CoOccurrenceField, embedded
from ..errors import ArgumentError
from .commits import JUDGED, MOST_FILES, Commit, Past, Question, beside, history
from .judge import DEPTH, HEADINGS, Difference, Score, compared, judged, mean

MOST_COMMITS = 5000
"""The latest that are read; with more, the demo would take minutes."""

MOST_JUDGED = 500

EXAMPLES = 3
SHOWN = 5
"""How many of the first answers an example shows."""

WIDTH = 33
"""Of a path; of a longer one the end is shown."""


class RecallDemoFile(Model):
    """A file of the repository; no record is saved, since nodes of a graph need not be records."""

    path = UniqueKeyField()
    together = CoOccurrenceField()


class Answer(NamedTuple):
    """A question, and what was answered with the graph."""

    question: Question
    files: list[str]

    @property
    def plain(self) -> list[str]:
        """What is answered without the graph."""
        return list(self.question.hits)


@dataclass
class Exam:
    """Commits, learned one by one, and answers about those that came after what was learned.

    Attributes:
        commits: Oldest first.
        answers: In the order asked.
        seconds: Spent on asking the graph.
    """

    commits: list[Commit]
    answers: list[Answer] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def begin(self) -> int:
        """The first commit that is asked about."""
        return round(len(self.commits) * (1 - JUDGED))

    @property
    def stride(self) -> int:
        """Which of the last commits are asked about: every one, every second, ..."""
        return max(1, math.ceil((len(self.commits) - self.begin) / MOST_JUDGED))

    def sit(self, commits: Iterable[Commit]) -> None:
        """Ask about the last commits, each before it is learned."""
        past = Past()
        for number, commit in enumerate(commits):
            if number >= self.begin and (number - self.begin) % self.stride == 0:
                self.answers += map(self._answer, past.ask(number, commit))
            past.add(commit.files)
            if 2 <= len(commit.files) <= MOST_FILES:
                RecallDemoFile.together.co_occur(commit.files)

    def _answer(self, question: Question) -> Answer:
        start = perf_counter()
        found = RecallDemoFile.together.widen(
            beside(question), keep=1, seed_count=1, limit=DEPTH + 1
        )
        self.seconds += perf_counter() - start
        return Answer(question, [file for file, _ in found[1:]])


def run(console: Console, repository: Path) -> None:
    """Learn a repository's history, and show how well that tells what belongs to a change.

    Raises:
        ArgumentError: There is no history, or too little to ask about.
    """
    commits = history(repository, MOST_COMMITS)
    name = repository.resolve().name
    exam = Exam(commits)
    with embedded():
        console.print(_opening(name, exam))
        exam.sit(track(commits, "Learning", console=console))
    if not exam.answers:
        raise ArgumentError(
            f"{name} has too little history: none of its last commits changes several files that "
            "were known before; a shallow clone has but a few, `git fetch --unshallow` gets all"
        )
    console.print()
    console.print(_figures(exam))
    for answer in _examples(exam.answers):
        console.print(_example(exam.commits[answer.question.commit], answer))
    console.print(_cost(exam))


def _opening(name: str, exam: Exam) -> RenderableType:
    files = {file for commit in exam.commits for file in commit.files}
    return Text(
        f"{len(exam.commits):,} commits of {name}, {len(files):,} files. A graph ties files that "
        f"are changed together. Commit by commit it is first asked, then learns.\n"
    )


def _figures(exam: Exam) -> RenderableType:
    """How good the answers are, without and with the graph."""
    plain = [judged(answer.plain, answer.question.wanted) for answer in exam.answers]
    widened = [judged(answer.files, answer.question.wanted) for answer in exam.answers]
    commits = [answer.question.commit for answer in exam.answers]
    differences = compared(widened, plain, commits)
    table = _table()
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    table.add_row("path, popularity, recency", *_cells(plain))
    table.add_row("the same, with the graph", *_cells(widened), style="bold")
    table.add_row("difference", *(f"{part.value:+.3f}" for part in differences))
    table.add_row("95 % interval, from", *(f"{part.low:+.3f}" for part in differences), style="dim")
    table.add_row("to", *(f"{part.high:+.3f}" for part in differences), style="dim")
    which = "" if exam.stride == 1 else f", one of {exam.stride}"
    return Group(
        Text("Given one file of a commit, which others does it change?", "bold"),
        Text(
            f"{len(plain):,} questions about {len(set(commits)):,} commits of the last quarter"
            f"{which}; each was asked\nbefore it was learned. R@k: how often something right is "
            "among the first k; share:\nof all that is right, in the first ten.",
            "dim",
        ),
        table,
        _verdict(differences),
    )


def _cells(scores: list[Score]) -> list[str]:
    return [f"{part:.3f}" for part in mean(scores)]


def _verdict(differences: list[Difference]) -> Text:
    """What the figures say in words: as much as they bear, and no more."""
    first, _, ten, *_ = differences
    if first.low > 0 or ten.low > 0:
        return Text("What was changed together before tells more than names and habits do.\n")
    if first.high < 0 or ten.high < 0:
        return Text("Here the graph does harm: files that were changed together part ways.\n")
    return Text("The intervals include 0: this history is too short, or too even, to tell.\n")


def _examples(answers: list[Answer]) -> list[Answer]:
    """The first question about each of the latest commits: none is picked."""
    by_commit: dict[int, Answer] = {}
    for answer in answers:
        by_commit.setdefault(answer.question.commit, answer)
    return list(by_commit.values())[-EXAMPLES:]


def _example(commit: Commit, answer: Answer) -> RenderableType:
    day = datetime.fromtimestamp(commit.when, timezone.utc)
    table = _table("path, popularity, recency", "with the graph")
    wanted = answer.question.wanted
    for plain, widened in zip(answer.plain[:SHOWN], answer.files[:SHOWN], strict=False):
        table.add_row(_marked(plain, wanted), _marked(widened, wanted))
    more = len(wanted) > 1
    title = f"{day:%d %b %Y}: {answer.question.given} was changed. What else?"
    return Group(
        Text(title, "bold"),
        Text(f"{len(wanted)} other{'s were' if more else ' was'}; + marks them", "dim"),
        table,
    )


def _marked(file: str, wanted: Iterable[str]) -> Text:
    short = file if len(file) <= WIDTH else f"\u2026{file[1 - WIDTH :]}"
    return Text(f"+ {short}", "green") if file in wanted else Text(f"  {short}")


def _cost(exam: Exam) -> RenderableType:
    each = 1000 * exam.seconds / len(exam.answers)
    return Text(
        f"CoOccurrenceField.co_occur learned, CoOccurrenceField.widen answered, in {each:.1f} ms "
        "each, on a server inside this process that is written in Python; a real one is faster."
    )


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns or ("",):
        table.add_column(column, no_wrap=True)
    return table
