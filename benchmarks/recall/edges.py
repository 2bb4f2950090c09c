"""Edges between the turns of a dialogue: those that help, and some that do not."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import TypeAlias

from popoto_recall.recipes import BACKWARD, FORWARD

from .locomo import Dialogue
from .words import counts

Edges: TypeAlias = Mapping[str, list[tuple[str, float]]]
"""Each node's edges, heaviest first."""

MOST_NAMED = 20
"""How many earlier turns one name or word ties a new turn to."""


def heaviest_first(weights: Mapping[str, Mapping[str, float]]) -> Edges:
    return {
        source: sorted(targets.items(), key=lambda edge: (-edge[1], edge[0]))
        for source, targets in weights.items()
    }


def following(
    dialogue: Dialogue,
    forward: Sequence[float] = FORWARD,
    backward: Sequence[float] = BACKWARD,
) -> Edges:
    """From each turn to those after and before it in its session, nearest first."""
    weights: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for session in dialogue.sessions:
        turns = list(session)
        for distance, weight in enumerate(forward, 1):
            for source, target in zip(turns, turns[distance:], strict=False):
                weights[source][target] = weight
        for distance, weight in enumerate(backward, 1):
            for source, target in zip(turns[distance:], turns, strict=False):
                weights[source][target] = weight
    return heaviest_first(weights)


def sharing(dialogue: Dialogue, labels: Callable[[str], set[str]]) -> Edges:
    """Between turns that have labels in common, 0.1 for each of them."""
    weights: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    labelled: defaultdict[str, list[str]] = defaultdict(list)
    for turn, text in dialogue.turns.items():
        for label in labels(text):
            for other in labelled[label][-MOST_NAMED:]:
                weights[turn][other] = min(1.0, weights[turn][other] + 0.1)
                weights[other][turn] = weights[turn][other]
            labelled[label].append(turn)
    return heaviest_first(weights)


def names(text: str) -> set[str]:
    """Words with a capital that begin no sentence."""
    _, _, said = text.partition(": ")
    return set(re.findall(r"(?<![.!?] )(?<!^)\b[A-Z][a-z]{2,}\b", said))


def rare_words(dialogue: Dialogue, most: int = 5) -> Callable[[str], set[str]]:
    """Gives the words of a text that stand in few turns, but in several."""
    turns_with = Counter(word for text in dialogue.turns.values() for word in set(counts(text)))
    return lambda text: {word for word in counts(text) if 2 <= turns_with[word] <= most}


def strengthened(sets: Iterable[Sequence[str]]) -> Edges:
    """Between all members of each set, as by `co_occur`."""
    weights: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for members in sets:
        for one, two in permutations(members, 2):
            weights[one][two] = min(1.0, weights[one][two] + 0.05)
    return heaviest_first(weights)


def merged(first: Edges, second: Edges) -> Edges:
    """Both, the weights added."""
    weights: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for edges in (first, second):
        for source, targets in edges.items():
            for target, weight in targets:
                weights[source][target] = min(1.0, weights[source][target] + weight)
    return heaviest_first(weights)
