"""The same dialogues through the library: `AgentMemory` on a server, asked in every way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from popoto import BM25Field
from popoto.recipes import ContextAssembler, DefaultMemory

from popoto_recall import CoOccurrenceField, partition
from popoto_recall.cli.judge import DEPTH, Score, judged
from popoto_recall.recipes import AgentMemory

from .locomo import Dialogue

TOKENS = 100_000
"""So many that the assembler leaves none out for want of room."""


class LeavingMemory(AgentMemory):
    """With the seeds left out of what the graph finds, as Popoto's own field does."""

    associations = CoOccurrenceField(symmetric=False, partition_by="agent_id")


class Told:
    """A model that was told the dialogues, a memory per turn, each tied to those before it."""

    def __init__(self, model: Any, dialogues: Sequence[Dialogue]) -> None:
        self.model = model
        self.dialogues = dialogues
        self.turns: dict[str, str] = {}
        self._drawn = random.Random(1)  # for keys, by which ties go: the same in every run
        for dialogue in dialogues:
            for session in dialogue.sessions:
                self._tell(dialogue.name, session)

    def _tell(self, agent: str, session: dict[str, str]) -> None:
        said: list[Any] = []
        for turn, text in session.items():
            key = f"{self._drawn.getrandbits(128):032x}"
            memory = self.model.create(memory_id=key, agent_id=agent, content=text)
            if issubclass(self.model, AgentMemory):
                memory.follows(*reversed(said))
            said.append(memory)
            self.turns[memory.db_key.redis_key] = turn

    def scores(self, ask: Callable[[Any, str, str], list[str]]) -> list[Score]:
        """Of every question, in order."""
        return list(chain.from_iterable(self._of(dialogue, ask) for dialogue in self.dialogues))

    def _of(self, dialogue: Dialogue, ask: Callable[[Any, str, str], list[str]]) -> Iterator[Score]:
        for asked in dialogue.questions:
            keys = ask(self.model, dialogue.name, asked.question)
            yield judged([self.turns[key] for key in keys], asked.wanted)


def by_words(model: Any, agent: str, question: str) -> list[str]:
    """Popoto's own index."""
    own = {key.decode() for key in model.query.filter_for_keys_set(agent_id=agent)}
    found = BM25Field.search(model, "content_bm25", question, limit=DEPTH, allowed_keys=own)
    return [key for key, _ in found]


def by_recall(model: Any, agent: str, question: str) -> list[str]:
    """`AgentMemory.recall`."""
    found = model.recall(question, agent_id=agent, limit=DEPTH)
    return [memory.db_key.redis_key for memory, _ in found]


def by_widen(model: Any, agent: str, question: str, **options: int) -> list[str]:
    """`widen`, over the same hits."""
    own = {key.decode() for key in model.query.filter_for_keys_set(agent_id=agent)}
    hits = BM25Field.search(model, "content_bm25", question, limit=50, allowed_keys=own)
    with partition(agent_id=agent):
        return [key for key, _ in model.associations.widen(hits, limit=DEPTH, **options)]


def by_assembler(model: Any, agent: str, question: str) -> list[str]:
    """Popoto's `ContextAssembler`, in its lexical mode."""
    assembler = ContextAssembler(model, {"relevance": 1.0}, max_items=DEPTH, max_tokens=TOKENS)
    with partition(agent_id=agent):
        result = assembler.assemble({"topic": question}, agent_id=agent)
    return [memory.db_key.redis_key for memory in result.records]


def ways(dialogues: Sequence[Dialogue]) -> Iterator[tuple[str, list[Score]]]:
    """Every way to ask, and what it gives; the first is the base."""
    told = Told(AgentMemory, dialogues)
    yield "words alone, AgentMemory", told.scores(by_words)
    yield "AgentMemory.recall", told.scores(by_recall)
    yield "widen with its defaults", told.scores(by_widen)
    yield "widen, keep=1, depth=2", told.scores(partial(by_widen, keep=1, depth=2))
    yield "ContextAssembler over AgentMemory", told.scores(by_assembler)
    leaving = Told(LeavingMemory, dialogues)
    yield "the same, seeds left out", leaving.scores(by_assembler)
    plain = Told(DefaultMemory, dialogues)
    yield "words alone, Popoto's DefaultMemory", plain.scores(by_words)
