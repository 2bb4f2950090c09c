"""BM25 in plain Python, over texts with the tokens of Popoto's own index."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from popoto.fields._tokenizer import tokenize

K1 = 0.5
B = 0.0

CANDIDATES = 50


def counts(text: str) -> dict[str, float]:
    """How often each token stands in a text."""
    return dict(Counter(tokenize(text, unique=False)))


class Index:
    """Documents by their tokens.

    Args:
        documents: How much each token counts in each document, by its pk.
        k1, b: As in BM25: how soon repetition stops to count, how much length does.
    """

    def __init__(
        self, documents: Mapping[str, Mapping[str, float]], k1: float = K1, b: float = B
    ) -> None:
        self.k1, self.b = k1, b
        self._size = len(documents)
        self._lengths = {pk: sum(tokens.values()) for pk, tokens in documents.items()}
        self._mean = sum(self._lengths.values()) / self._size
        self._postings: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
        for pk, tokens in documents.items():
            for token, count in tokens.items():
                self._postings[token].append((pk, count))

    def search(self, question: str, limit: int = CANDIDATES) -> dict[str, float]:
        """The best documents, best first, with their scores."""
        scores: defaultdict[str, float] = defaultdict(float)
        for token in counts(question):
            found = self._postings.get(token, [])
            rarity = math.log(1 + (self._size - len(found) + 0.5) / (len(found) + 0.5))
            for pk, count in found:
                saturation = self.k1 * (1 - self.b + self.b * self._lengths[pk] / self._mean)
                scores[pk] += rarity * count * (self.k1 + 1) / (count + saturation)
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return dict(best[:limit])


def spread(texts: Sequence[str], near: Iterable[tuple[int, float]]) -> list[dict[str, float]]:
    """Tokens of each text, and some of what stands before and after it.

    Args:
        texts: In their order.
        near: How far off a neighbour stands, and how much its tokens count.
    """
    own = [counts(text) for text in texts]
    mixed: list[dict[str, float]] = []
    for place, tokens in enumerate(own):
        total: defaultdict[str, float] = defaultdict(float, tokens)
        for offset, share in near:
            if 0 <= place + offset < len(own):
                for token, count in own[place + offset].items():
                    total[token] += share * count
        mixed.append(dict(total))
    return mixed
