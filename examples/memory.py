"""The model that the examples share: what an agent remembers."""

from popoto import KeyField, Model, StringField, UniqueKeyField

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch


class Memory(Model):
    key = UniqueKeyField()
    agent_id = KeyField()
    content = StringField()
    associations = CoOccurrenceField(symmetric=True, max_edges=100)
    bloom = ExistenceFilter(capacity=100_000, error_rate=0.01, fingerprint_fn=lambda m: m.content)
    freq = FrequencySketch(fingerprint_fn=lambda m: m.content)
