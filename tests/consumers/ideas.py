"""A model that gives Popoto's recipes all they ask for."""

from __future__ import annotations

from typing import Any

import popoto
from popoto import FloatField, KeyField, Model, StringField

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch


def text_of(record: Any) -> str:
    return str(record.text)


class Idea(Model):
    name = KeyField()
    agent_id = KeyField()
    text = StringField()
    importance = FloatField(default=1.0)
    relevance = popoto.DecayingSortedField(base_score_field="importance", partition_by="agent_id")
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of)
    often = FrequencySketch(fingerprint_fn=text_of)


class Owned(Model):
    """The same, with one structure per agent."""

    name = KeyField()
    agent_id = KeyField()
    text = StringField()
    importance = FloatField(default=1.0)
    relevance = popoto.DecayingSortedField(base_score_field="importance", partition_by="agent_id")
    words = popoto.BM25Field(source="text")
    near = CoOccurrenceField(partition_by="agent_id")
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of, partition_by="agent_id")
    often = FrequencySketch(fingerprint_fn=text_of, partition_by="agent_id")


TEXTS = {
    "tea": ("green tea", 3.0),
    "coffee": ("black coffee", 2.0),
    "mug": ("a chipped mug", 0.4),
    "pot": ("the old pot", 0.2),
}
"""Text and importance by name: without a graph, the pot comes last."""


def ideas(model: Any = Idea, agent_id: str = "a1") -> dict[str, Any]:
    """Saved records of a model, by name."""
    return {
        name: model.create(name=name, agent_id=agent_id, text=text, importance=importance)
        for name, (text, importance) in TEXTS.items()
    }


def names(result: Any) -> list[str]:
    """Names of the records that an assembler chose, best first."""
    return [record.name for record in result.records]
