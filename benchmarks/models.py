"""The same model twice: with this library's fields, and with Popoto's own."""

from __future__ import annotations

from typing import Any

import popoto
from popoto import Model, StringField, UniqueKeyField

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch


def text_of(record: Any) -> str:
    text: str = record.text
    return text


class Ours(Model):
    key = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField()
    cites = CoOccurrenceField(symmetric=False)
    seen = ExistenceFilter(fingerprint_fn=text_of)
    often = FrequencySketch(fingerprint_fn=text_of)


class Twin(Model):
    key = UniqueKeyField()
    text = StringField()
    near = popoto.CoOccurrenceField()
    cites = popoto.CoOccurrenceField(symmetric=False)
    seen = popoto.ExistenceFilter(fingerprint_fn=text_of)
    often = popoto.FrequencySketch(fingerprint_fn=text_of)


class NewHash(Model):
    """Popoto's filter with the hash that it does not use by default."""

    key = UniqueKeyField()
    text = StringField()
    seen = popoto.ExistenceFilter(fingerprint_fn=text_of, hash_version=2)


class Plain(Model):
    """Without any of the three: what a save costs anyway."""

    key = UniqueKeyField()
    text = StringField()


class Hitters(Model):
    """With heavy hitters, which Popoto's sketch does not keep."""

    key = UniqueKeyField()
    text = StringField()
    often = FrequencySketch(fingerprint_fn=text_of, top=20)


def filter_models(capacity: int, error_rate: float) -> tuple[type[Model], ...]:
    """Models with a filter of these parameters: ours, Popoto's, and its other hash."""
    options = {"capacity": capacity, "error_rate": error_rate, "fingerprint_fn": text_of}

    class OursSized(Model):
        key = UniqueKeyField()
        text = StringField()
        seen = ExistenceFilter(**options)

    class TwinSized(Model):
        key = UniqueKeyField()
        text = StringField()
        seen = popoto.ExistenceFilter(**options)

    class NewHashSized(Model):
        key = UniqueKeyField()
        text = StringField()
        seen = popoto.ExistenceFilter(**options, hash_version=2)

    return OursSized, TwinSized, NewHashSized


def add(model: type[Model], field: str, text: str) -> None:
    """Tell one field of a save, without storing a record."""
    hook = type(model._meta.fields[field]).on_save
    hook(model(key="x", text=text), field, None, ignore_errors=False)
