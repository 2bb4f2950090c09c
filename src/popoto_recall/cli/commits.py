"""The history of a repository: given one file of a commit, which others does it change?"""

from __future__ import annotations

import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..errors import ArgumentError

MOST_FILES = 20
"""A commit of more files moves or formats things: it says little of what goes with what."""

JUDGED = 0.25
"""The share of commits, the last ones, that questions are asked about."""

CANDIDATES = 50
"""How many hits a ranking without a graph has."""

_RANK_CONSTANT = 60
_RANKED = 200
"""How far down each of the rankings is fused."""


class Commit(NamedTuple):
    """When it was made, in Unix time, and the paths it changes."""

    when: int
    files: tuple[str, ...]


def history(repository: Path, most: int | None = None) -> list[Commit]:
    """The commits of a repository, oldest first, without merges; the last ``most`` of them.

    Raises:
        ArgumentError: There is no history to read there, or no git to read it with.
    """
    command = ["git", "-c", "core.quotePath=false", "-C", str(repository), "log", "--no-merges"]
    command += ["--reverse", "--name-only", "--format=%x01%ct"]
    command += [f"--max-count={most}"] if most else []
    try:
        said = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError:
        raise ArgumentError("git is not installed") from None
    except subprocess.CalledProcessError as error:
        why = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise ArgumentError(f"no history at {str(repository)!r}: {why}") from None
    return list(_parsed(said.stdout.decode(errors="replace")))


def _parsed(log: str) -> Iterator[Commit]:
    for entry in log.split("\x01")[1:]:
        when, *files = filter(None, entry.splitlines())
        if files:
            yield Commit(int(when), tuple(dict.fromkeys(files)))


class Question(NamedTuple):
    """One file of a commit, and what was known before it.

    Attributes:
        commit: Its place in the history.
        given: The file.
        wanted: The other files, those that were known.
        hits: A ranking of all known files by path, popularity and recency.
    """

    commit: int
    given: str
    wanted: frozenset[str]
    hits: dict[str, float]


class Past:
    """What is known of the files before a commit."""

    def __init__(self) -> None:
        self.changes: Counter[str] = Counter()
        self._recent: dict[str, None] = {}
        self._with_word: defaultdict[str, set[str]] = defaultdict(set)
        self._words: dict[str, frozenset[str]] = {}

    def add(self, files: Iterable[str]) -> None:
        """Take note of a commit."""
        for file in files:
            self.changes[file] += 1
            self._recent.pop(file, None)
            self._recent[file] = None
            for word in self._words_of(file):
                self._with_word[word].add(file)

    def ask(self, number: int, commit: Commit) -> Iterator[Question]:
        """A question per file of a commit that is known, if another one is, too."""
        known = [file for file in commit.files if file in self.changes]
        if len(known) >= 2 and len(commit.files) <= MOST_FILES:
            popular = nlargest(_RANKED, self.changes, key=lambda file: (self.changes[file], file))
            for given in known:
                wanted = frozenset(known) - {given}
                yield Question(number, given, wanted, self.hits(given, popular))

    def hits(self, given: str, popular: Sequence[str]) -> dict[str, float]:
        """Known files by path, popularity and recency, fused by reciprocal rank."""
        scores: defaultdict[str, float] = defaultdict(float)
        for ranking in (self._alike(given), popular, islice(reversed(self._recent), _RANKED)):
            for place, file in enumerate(ranking, 1):
                scores[file] += 1 / (_RANK_CONSTANT + place)
        scores.pop(given, None)
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return dict(best[:CANDIDATES])

    def _alike(self, given: str) -> list[str]:
        """Files whose paths have the most words in common with this one's."""
        own = self._words_of(given)
        common = Counter(file for word in own for file in self._with_word[word])
        shares = {
            file: count / (len(own) + len(self._words[file]) - count)
            for file, count in common.items()
        }
        return nlargest(_RANKED, shares, key=lambda file: (shares[file], self.changes[file], file))

    def _words_of(self, file: str) -> frozenset[str]:
        if file not in self._words:
            self._words[file] = frozenset(re.findall(r"[a-z0-9]+", file.lower()))
        return self._words[file]


def beside(question: Question) -> dict[str, float]:
    """The given file and the hits, as a ranking to widen: the given one is kept and the seed."""
    return {question.given: max(question.hits.values(), default=1.0), **question.hits}
