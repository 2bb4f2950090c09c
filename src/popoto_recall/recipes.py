"""A memory model to take in place of Popoto's `DefaultMemory`, and what stores and asks it.

Not imported with the library: Popoto's recipes take their time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterable
from copy import copy
from functools import partial
from typing import Any, TypeVar

from popoto import BM25Field, batch
from popoto.models.base import ModelBase
from popoto.recipes import AssemblyResult, DefaultMemory
from popoto.recipes import SubconsciousMemory as PopotoSubconsciousMemory

from .errors import ArgumentError, ArgumentTypeError
from .fields import CoOccurrenceField, ExistenceFilter, FrequencySketch
from .fields._base import as_count, as_text
from .fields._blocks import agreeing_partition
from .fields._client import context_of_call

__all__ = ["AgentMemory", "InheritsFields", "SubconsciousMemory"]

Memory = TypeVar("Memory", bound="AgentMemory")

FORWARD = (0.5, 0.45)
"""Weights of the edges to a memory from the one said before it, and from the one before that."""

BACKWARD = (0.25, 0.1)
"""Weights of the edges back: an answer stands after its question more often than before it."""

CANDIDATES = 50
"""How many hits by words `AgentMemory.recall` ranks again."""


class InheritsFields(ModelBase):
    """Metaclass of models whose subclasses keep their fields.

    A subclass gets a copy of each field that its bases have and it does not declare itself, since
    a Popoto field belongs to one model. ``Meta`` stays with the class that declares it.
    """

    def __new__(
        mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **options: Any
    ) -> InheritsFields:
        inherited: dict[str, Any] = {}
        for base in reversed(bases):
            meta = getattr(base, "_meta", None)
            inherited |= meta.fields if meta else {}
        inherited.pop("_auto_key", None)  # Popoto adds it to a model without a KeyField
        copies = {field_name: copy(field) for field_name, field in inherited.items()}
        return super().__new__(mcs, name, bases, {**copies, **attrs}, **options)


class ShortTextWords(BM25Field):
    """Popoto's index of words, set for texts of a sentence or two.

    Repeating a word says little there, and being long says nothing against a text.
    """

    BM25_K1 = 0.5
    BM25_B = 0.0


class AgentMemory(DefaultMemory, metaclass=InheritsFields):
    """Memories of agents, with a graph that says which go together.

    All that Popoto's `DefaultMemory` has: retrieval by words, decay, confidence, a cap on the
    number per agent, the firewall against secrets. Each agent's graph, filter and sketch are its
    own. A subclass has keys of its own, keeps the fields and may add to them.
    """

    content_bm25 = ShortTextWords(source="content")
    """What `recall` and `ContextAssembler` search by words."""

    associations = CoOccurrenceField(symmetric=False, partition_by="agent_id", seeds="keep")
    """Memories that go together: from each to those said after it, and less to those before."""

    words = ExistenceFilter(
        capacity=1_000, fingerprint_fn=lambda memory: memory.content, partition_by="agent_id"
    )
    """Every word the agent was told: a question of unknown words is not searched for. Small, since
    there may be many agents, and it grows."""

    counts = FrequencySketch(
        width=200,
        fingerprint_fn=lambda memory: memory.content,
        partition_by="agent_id",
        count_on="create",
    )
    """How many memories say a word; 7 KB an agent, at most 1.4 % of all words too high."""

    @classmethod
    def recall(
        cls: type[Memory], question: str, *, agent_id: Any, limit: int = 10
    ) -> list[tuple[Memory, float]]:
        """What an agent remembers that bears on a question.

        Memories are searched by words; then the associations of the best hits bring along what was
        said around them. The best hit by words always comes first.

        Args:
            question: In plain words.
            agent_id: The agent whose memories to search; no other's are ever returned.
            limit: Most memories wanted, >= 1.
        Returns:
            At most ``limit`` pairs of memory and score, best first. The first score is that of
            BM25, the others rank below it and are not comparable to it.
        Raises:
            ValueError: ``limit`` is not a whole number >= 1, or ``agent_id`` names no agent.
        Cost: one round trip if no memory has a word of the question, else six at least; all keys of
        the agent's memories are read.
        """
        limit = as_count("limit", limit)
        with agreeing_partition(agent_id=agent_id):
            if cls.words.definitely_missing(question):
                return []
            own = cls._keys_of(agent_id)
            hits = BM25Field.search(
                cls, "content_bm25", question, limit=max(CANDIDATES, limit), allowed_keys=own
            )
            ranked = cls.associations.widen(hits, keep=1, limit=limit + len(own))
        scores = dict([pair for pair in ranked if pair[0] in own][:limit])
        records = cls.query.get_many(list(scores))
        return [pair for pair in zip(records, scores.values(), strict=True) if pair[0] is not None]

    @classmethod
    def async_recall(
        cls: type[Memory], question: str, *, agent_id: Any, limit: int = 10
    ) -> Coroutine[Any, Any, list[tuple[Memory, float]]]:
        """`recall` in a worker thread, in the block and with the client of the call."""
        recall = partial(cls.recall, question, agent_id=agent_id, limit=limit)
        return asyncio.to_thread(context_of_call().run, recall)

    def follows(self, *previous: AgentMemory) -> int:
        """Tie this memory to those that were said before it, nearest first.

        An edge that exists already stays as it is.

        Args:
            previous: Memories of the same agent; those beyond the second are too far off, and are
                ignored.
        Returns:
            Number of memories that it is tied to.
        Raises:
            ValueError: One of them is this memory, or another agent's; nothing is written then.
        Cost: one round trip.  Atomic: all edges.
        """
        graph = type(self).associations
        near = list(zip(previous, FORWARD, BACKWARD, strict=False))
        with batch() as pipeline:
            for memory, forward, backward in near:
                graph.link(memory, self, initial_weight=forward, pipeline=pipeline)
                graph.link(self, memory, initial_weight=backward, pipeline=pipeline)
            pipeline.execute()
        return len(near)

    @classmethod
    def used(cls, records: Iterable[AgentMemory], delta: float = 0.05) -> int:
        """Strengthen the associations between memories that an answer really used.

        Not for everything that was retrieved: that is noise.

        Args:
            records: Memories of one agent, at most 64; those that were deleted meanwhile, or never
                stored, are left out.
            delta: Weight to add to each pair, unitless, > 0.
        Returns:
            Number of pairs that are tied now.
        Raises:
            ValueError: More than 64, of several agents, or ``delta`` out of range.
        Cost: one round trip.  Atomic: all pairs.
        """
        given = list(records)
        return cls.associations.co_occur(given, delta, records_only=True) if given else 0

    @classmethod
    def _keys_of(cls, agent_id: Any) -> set[str]:
        """Keys of an agent's memories."""
        keys = cls.query.filter_for_keys_set(agent_id=agent_id)
        return {as_text(key, "key") for key in keys}


class SubconsciousMemory(PopotoSubconsciousMemory):
    """Popoto's recipe over `AgentMemory`: facts are tied in the order in which they were said.

    Popoto's own links the names of a fact with each other, while its `ContextAssembler` follows the
    graph from memory to memory, so that the two never meet. Here each memory follows the two
    before it, also those of earlier calls on the same object, which stands for a conversation.
    Both directions work inside the agent's partition.

    Args:
        model_class: `AgentMemory`, the default, or a subclass.
        agent_id: The agent whose memories to store and ask for.
        options: As of Popoto's recipe. ``confidence_field`` is "confidence" by default;
            ``co_occurrence_field=None`` ties nothing.
    Raises:
        ArgumentTypeError: The model is no `AgentMemory`.
        ValueError: No ``agent_id``, or a ``co_occurrence_field`` other than "associations".
    """

    def __init__(
        self, model_class: type[AgentMemory] = AgentMemory, agent_id: Any = None, **options: Any
    ) -> None:
        if not (isinstance(model_class, type) and issubclass(model_class, AgentMemory)):
            raise ArgumentTypeError(f"model_class is an AgentMemory, not {model_class!r}")
        options = {
            "confidence_field": "confidence",
            "co_occurrence_field": "associations",
            **options,
        }
        if options["co_occurrence_field"] not in ("associations", None):
            raise ArgumentError(
                "memories are tied in 'associations': co_occurrence_field is that or None, not "
                f"{options['co_occurrence_field']!r}"
            )
        super().__init__(model_class, agent_id, **options)
        self._said: deque[AgentMemory] = deque(maxlen=len(FORWARD))  # the last one first

    def inject_context(
        self, messages: list[dict[str, Any]], **options: Any
    ) -> tuple[list[dict[str, Any]], AssemblyResult]:
        """Add the agent's memories that bear on the last question, as Popoto's recipe does."""
        with agreeing_partition(agent_id=self.agent_id):
            return super().inject_context(messages, **options)

    def extract_memories(self, response_text: str, **options: Any) -> list[Any]:
        """Store the facts of a text as memories, each tied to those said before it.

        Args:
            response_text: What was said.
            options: As of Popoto's recipe.
        Returns:
            The memories stored.
        """
        with agreeing_partition(agent_id=self.agent_id):
            return super().extract_memories(response_text, **options)

    def _seed_associations(self, instance: AgentMemory, fact: Any) -> None:
        """Tie one memory; called by Popoto's recipe once it is saved."""
        if self.co_occurrence_field is not None:
            instance.follows(*self._said)
            self._said.appendleft(instance)
