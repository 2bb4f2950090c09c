"""Dialogues: what a graph between their turns adds to a search by words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

from popoto_recall.cli.judge import DEPTH, Score, judged, mean
from popoto_recall.recipes import FORWARD
from popoto_recall.structures.widening import FOCUS, given_by, seeds_of, widened

from . import edges
from .edges import Edges
from .locomo import Asked, Dialogue
from .words import Index, counts, spread

Hits = dict[str, float]

NEAR = ((-1, 0.5), (1, 0.25), (-2, 0.4), (2, 0.2))
"""The control: how much the words of neighbours count in a turn's own document."""

FORWARDS = ((0.5,), (0.5, 0.4), (0.5, 0.5), (0.5, 0.4, 0.3))
BACK = (0.0, 0.5, 1.0)
SEED_COUNTS = (3, 5, 8)
FOCUSES = (1, 2, 3)
FOUND_WEIGHTS = (0.5, 1.0, 1.5)


class Setting(NamedTuple):
    """How hits are widened; the defaults are those of `widen`."""

    keep: int = 5
    seed_count: int = 5
    focus: int = FOCUS
    found_weight: float = 1.0

    def answer(self, hits: Hits, graph: Edges) -> list[str]:
        """As `widen` would at depth 1."""
        seeds = seeds_of(hits, self.seed_count, self.focus)
        near = {seed: graph.get(seed, ()) for seed in seeds}
        found = given_by(seeds, near, decay=0.5, cap=1.0)
        return [pk for pk, _ in widened(hits, found, self.keep, DEPTH, self.found_weight)]


class Heard(NamedTuple):
    """A question, and what words found for it."""

    dialogue: int
    asked: Asked
    hits: Hits


@dataclass
class Corpus:
    """Dialogues, ready to be asked about."""

    dialogues: Sequence[Dialogue]

    @cached_property
    def questions(self) -> list[Heard]:
        return list(self._searched(lambda texts: [counts(text) for text in texts]))

    @cached_property
    def control(self) -> list[Heard]:
        """The same questions, where each turn is found by its neighbours' words, too."""
        return list(self._searched(lambda texts: spread(texts, NEAR)))

    def _searched(
        self, indexed: Callable[[list[str]], Sequence[dict[str, float]]]
    ) -> Iterator[Heard]:
        for number, dialogue in enumerate(self.dialogues):
            documents: dict[str, Mapping[str, float]] = {}
            for session in dialogue.sessions:
                documents |= dict(zip(session, indexed(list(session.values())), strict=True))
            index = Index(documents)
            for asked in dialogue.questions:
                yield Heard(number, asked, index.search(asked.question))

    def graphs(self, make: Callable[[Dialogue], Edges]) -> list[Edges]:
        return [make(dialogue) for dialogue in self.dialogues]

    def words(self) -> list[Score]:
        """Of the search by words."""
        return [judged(list(heard.hits), heard.asked.wanted) for heard in self.questions]

    def neighbours_indexed(self) -> list[Score]:
        """Of the control: there is no graph in it."""
        return [judged(list(heard.hits), heard.asked.wanted) for heard in self.control]

    def widened(self, setting: Setting, graphs: Sequence[Edges]) -> list[Score]:
        """Of the widened search."""
        return [
            judged(setting.answer(heard.hits, graphs[heard.dialogue]), heard.asked.wanted)
            for heard in self.questions
        ]

    def left_out(self, keep: int, aim: Sequence[str]) -> tuple[list[Score], list[str]]:
        """Each dialogue with the setting that is best for the others, and these settings."""
        tried = dict(self._tried(keep))
        scores: list[Score] = []
        chosen = []
        for number in range(len(self.dialogues)):
            own = [heard.dialogue == number for heard in self.questions]
            best = max(tried, key=lambda name: _sum(tried[name], own, aim))
            chosen.append(best)
            scores += [score for score, mine in zip(tried[best], own, strict=True) if mine]
        return scores, chosen

    def _tried(self, keep: int) -> Iterator[tuple[str, list[Score]]]:
        for forward, back in product(FORWARDS, BACK):
            backward = [round(weight * back, 3) for weight in forward] if back else []
            graphs = self.graphs(lambda one: edges.following(one, forward, backward))  # noqa: B023
            for settings in product(SEED_COUNTS, FOCUSES, FOUND_WEIGHTS):
                setting = Setting(keep, *settings)
                name = f"forward {forward}, back {back:g}, {setting}"
                yield name, self.widened(setting, graphs)


def _sum(scores: Sequence[Score], own: Iterable[bool], aim: Sequence[str]) -> float:
    """Of the aims, over all but a dialogue's own questions."""
    others = [score for score, mine in zip(scores, own, strict=True) if not mine]
    found = mean(others)
    return sum(float(getattr(found, part)) for part in aim)


def other_graphs(corpus: Corpus) -> dict[str, list[Edges]]:
    """Edges that could be built instead of, or beside, those between neighbours."""
    follow = corpus.graphs(edges.following)
    named = corpus.graphs(lambda dialogue: edges.sharing(dialogue, edges.names))
    rare = corpus.graphs(lambda dialogue: edges.sharing(dialogue, edges.rare_words(dialogue)))
    return {
        "from each to the next alone": corpus.graphs(
            lambda dialogue: edges.following(dialogue, backward=())
        ),
        "the same in both directions": corpus.graphs(
            lambda dialogue: edges.following(dialogue, backward=FORWARD)
        ),
        "names in common": named,
        "neighbours and names in common": [
            edges.merged(*pair) for pair in zip(follow, named, strict=True)
        ],
        "rare words in common": rare,
    }


def by_feedback(
    corpus: Corpus,
    setting: Setting,
    strengthens: Callable[[Heard], Sequence[str]],
    begin: Callable[[Dialogue], Edges] = edges.following,
) -> list[Score]:
    """With some edges to begin with, and what the other half of the questions strengthened."""
    halves = [number % 2 for number in range(len(corpus.questions))]
    follow = corpus.graphs(begin)
    graphs = [
        [
            edges.merged(follow[number], edges.strengthened(sets))
            for number, sets in enumerate(_sets(corpus, halves, 1 - half, strengthens))
        ]
        for half in (0, 1)
    ]
    return [
        judged(setting.answer(heard.hits, graphs[half][heard.dialogue]), heard.asked.wanted)
        for heard, half in zip(corpus.questions, halves, strict=True)
    ]


def _sets(
    corpus: Corpus, halves: Sequence[int], half: int, strengthens: Callable[[Heard], Sequence[str]]
) -> list[list[Sequence[str]]]:
    """Per dialogue what one half of the questions strengthens."""
    sets: list[list[Sequence[str]]] = [[] for _ in corpus.dialogues]
    for heard, own in zip(corpus.questions, halves, strict=True):
        if own == half:
            sets[heard.dialogue].append(strengthens(heard))
    return sets


def retrieved(heard: Heard) -> list[str]:
    """All of the first five, whether or not it was of use."""
    return list(heard.hits)[:5]


def confirmed(heard: Heard) -> list[str]:
    """Those of the first ten that answer the question."""
    return [pk for pk in list(heard.hits)[:DEPTH] if pk in heard.asked.wanted]
