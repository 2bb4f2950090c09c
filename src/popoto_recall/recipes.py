"""A memory model to take in place of Popoto's `DefaultMemory`, and what stores and asks it.

Not imported with the library: Popoto's recipes take their time.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from popoto.fields.constants import Defaults
from popoto.models.base import ModelBase
from popoto.recipes import AssemblyResult, DefaultMemory
from popoto.recipes import SubconsciousMemory as PopotoSubconsciousMemory

from .errors import ArgumentError, ArgumentTypeError
from .fields import CoOccurrenceField, ExistenceFilter, FrequencySketch
from .fields._blocks import agreeing_partition

__all__ = ["AgentMemory", "InheritsFields", "SubconsciousMemory"]

MEMORIES_PER_NAME = 20
"""Most memories that one name ties a new one to."""


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


class AgentMemory(DefaultMemory, metaclass=InheritsFields):
    """Memories of agents, with a graph that says which go together.

    All that Popoto's `DefaultMemory` has: retrieval by words, decay, confidence, a cap on the
    number per agent, the firewall against secrets. Each agent's graphs, filter and sketch are its
    own. A subclass has keys of its own, keeps the fields and may add to them.
    """

    associations = CoOccurrenceField(partition_by="agent_id")
    """Memories that go together; `ContextAssembler` follows it from what the words find."""

    mentions = CoOccurrenceField(partition_by="agent_id")
    """Names, and the memories that mention them."""

    words = ExistenceFilter(
        capacity=20_000, fingerprint_fn=lambda memory: memory.content, partition_by="agent_id"
    )
    """Every word the agent was told: a question of unknown words is not searched for."""

    counts = FrequencySketch(
        fingerprint_fn=lambda memory: memory.content, partition_by="agent_id", count_on="create"
    )
    """How many memories say a word."""

    def mention(self, *names: str) -> int:
        """Tie this memory to others of its agent that mention the same names.

        Each name that two memories share strengthens their association by Popoto's
        ``Defaults.EXTRACTION_ENTITY_PAIR_LINK_WEIGHT``, 0.1.

        Args:
            names: Of people, things, places; compared as they are.
        Returns:
            Number of memories that it was tied to: at most 20 per name.
        Raises:
            ValueError: A name is empty, or the call is inside a block of another agent; nothing is
                written then.
        Cost: three round trips.  Atomic: each. Names are noted first, so that of two memories
        stored at the same time at least one finds the other.
        """
        model, own = type(self), self.db_key.redis_key
        mentions = model.mentions.at(agent_id=self.agent_id)
        mentions.link_many([(self, name) for name in names])
        known = mentions.get_linked_many(names, limit=MEMORIES_PER_NAME + 1)
        others = [
            pk
            for memories in known.values()
            for pk in [pk for pk, _ in memories if pk != own][:MEMORIES_PER_NAME]
        ]
        delta = Defaults.EXTRACTION_ENTITY_PAIR_LINK_WEIGHT
        associations = model.associations.at(agent_id=self.agent_id)
        associations.strengthen_many([(self, pk) for pk in others], delta=delta)
        return len(set(others))


class SubconsciousMemory(PopotoSubconsciousMemory):
    """Popoto's recipe over `AgentMemory`: facts that name the same things are tied together.

    Popoto's own links the names with each other, while its `ContextAssembler` follows the graph
    from memory to memory, so that the two never meet. Here the memories themselves are tied, and
    both directions work inside the agent's partition.

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

    def inject_context(
        self, messages: list[dict[str, Any]], **options: Any
    ) -> tuple[list[dict[str, Any]], AssemblyResult]:
        """Add the agent's memories that bear on the last question, as Popoto's recipe does."""
        with agreeing_partition(agent_id=self.agent_id):
            return super().inject_context(messages, **options)

    def extract_memories(self, response_text: str, **options: Any) -> list[Any]:
        """Store the facts of a text as memories, and tie those that name the same things.

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
            stripped = (str(name).strip() for name in fact.entities if name)
            names = list(dict.fromkeys(filter(None, stripped)))
            instance.mention(*names[: Defaults.EXTRACTION_MAX_ENTITIES_PER_FACT])
