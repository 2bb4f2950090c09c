"""The models that the tests share."""

from __future__ import annotations

from popoto import KeyField, Model, StringField, UniqueKeyField

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch


class Memory(Model):
    key = UniqueKeyField()
    agent_id = KeyField()
    content = StringField()
    associations = CoOccurrenceField(symmetric=True, max_edges=100)
    bloom = ExistenceFilter(capacity=100_000, error_rate=0.01, fingerprint_fn=lambda m: m.content)
    freq = FrequencySketch(fingerprint_fn=lambda m: m.content)


class Note(Model):
    """One KeyField, a small and an asymmetric graph, fields without a fingerprint function."""

    title = UniqueKeyField()
    body = StringField()
    near = CoOccurrenceField(max_edges=3)
    cites = CoOccurrenceField(symmetric=False, max_edges=3)
    seen = ExistenceFilter(capacity=1000)
    count = FrequencySketch(width=100, depth=4)


def memory(key: str, content: str = "", agent_id: str = "agent") -> Memory:
    """A saved `Memory`."""
    return Memory.create(key=key, agent_id=agent_id, content=content)
