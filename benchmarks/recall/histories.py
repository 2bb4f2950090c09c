"""Histories: given one file of a commit, what a graph of commits adds to path and popularity."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, permutations
from pathlib import Path

from popoto_recall.cli.commits import (
    JUDGED,
    MOST_FILES,
    Commit,
    Past,
    Question,
    beside,
)
from popoto_recall.cli.judge import DEPTH, Score, judged
from popoto_recall.structures.widening import EDGES_PER_SEED, given_by, widened

DAY = 24 * 60 * 60
HALF_LIFE = 180 * DAY

DELTA = 0.05
CAP = 1.0

Edge = tuple[str, float]


class Commits:
    """A graph of files that were changed together, without a server.

    Args:
        half_life: Seconds after which an edge weighs half as much; None: weights stay.
    """

    def __init__(self, half_life: float | None = None) -> None:
        self.half_life = half_life
        self._edges: defaultdict[str, dict[str, tuple[float, int]]] = defaultdict(dict)

    def add(self, commit: Commit) -> None:
        """Strengthen all pairs, as `co_occur` does."""
        if len(commit.files) > MOST_FILES:
            return
        for one, two in permutations(commit.files, 2):
            weight = self._faded(*self._edges[one].get(two, (0.0, commit.when)), commit.when)
            self._edges[one][two] = (min(CAP, weight + DELTA), commit.when)

    def linked(self, file: str, now: int) -> list[Edge]:
        """The heaviest edges, as `get_linked` gives them."""
        found = self._edges.get(file, {})
        weights = {other: self._faded(*found[other], now) for other in found}
        ranked = sorted(weights.items(), key=lambda edge: (-edge[1], edge[0]))
        return ranked[:EDGES_PER_SEED]

    def _faded(self, weight: float, then: int, now: int) -> float:
        if self.half_life is None:
            return weight
        return float(weight * 0.5 ** (max(0, now - then) / self.half_life))


@dataclass
class Judgement:
    """The questions of a history, each with the edges of its file as they were before it."""

    commits: Sequence[Commit]

    @cached_property
    def questions(self) -> list[tuple[Question, list[Edge], list[Edge]]]:
        return list(self._asked())

    def _asked(self) -> Iterator[tuple[Question, list[Edge], list[Edge]]]:
        past, lasting, fading = Past(), Commits(), Commits(HALF_LIFE)
        begin = round(len(self.commits) * (1 - JUDGED))
        for number, commit in enumerate(self.commits):
            if number >= begin:
                for question in past.ask(number, commit):
                    both = [
                        graph.linked(question.given, commit.when) for graph in (lasting, fading)
                    ]
                    yield question, both[0], both[1]
            past.add(commit.files)
            lasting.add(commit)
            fading.add(commit)

    @property
    def groups(self) -> list[int]:
        """The commit that each question is about."""
        return [question.commit for question, _, _ in self.questions]

    def alone(self) -> list[Score]:
        """Path, popularity and recency, without a graph."""
        return [judged(list(question.hits), question.wanted) for question, _, _ in self.questions]

    def graph_alone(self) -> list[Score]:
        """Nothing but the edges of the file."""
        return [judged([pk for pk, _ in edges], q.wanted) for q, edges, _ in self.questions]

    def widened(self, found_weight: float = 1.0, *, fading: bool = False) -> list[Score]:
        """The two fused by `widen`, behind the file itself."""
        return [
            judged(fused(question, faded if fading else edges, found_weight), question.wanted)
            for question, edges, faded in self.questions
        ]


def fused(question: Question, edges: Iterable[Edge], found_weight: float) -> list[str]:
    """As `widen` answers where the given file is the first hit, kept, and the only seed."""
    found = given_by({question.given: 1.0}, {question.given: edges}, decay=0.5, cap=CAP)
    answer = widened(beside(question), found, 1, DEPTH + 1, found_weight)
    return [pk for pk, _ in islice(answer, 1, None)]


def read(path: Path) -> tuple[list[Commit], str]:
    """A history of a file, ``[unix time, [paths]]`` a line, oldest first; and its SHA-256."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    commits = [
        Commit(when, tuple(dict.fromkeys(files)))
        for when, files in map(json.loads, text.splitlines())
    ]
    return commits, hashlib.sha256(data).hexdigest()
