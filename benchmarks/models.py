"""The same model twice: with this library's fields, and with Popoto's own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
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


class Hitters(Model):
    """With heavy hitters, which Popoto's sketch does not keep."""

    key = UniqueKeyField()
    text = StringField()
    often = FrequencySketch(fingerprint_fn=text_of, top=20)


class KeptOurs(Model):
    """With each of the three once."""

    key = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField()
    seen = ExistenceFilter(fingerprint_fn=text_of)
    often = FrequencySketch(fingerprint_fn=text_of)


class KeptTwin(Model):
    key = UniqueKeyField()
    text = StringField()
    near = popoto.CoOccurrenceField()
    seen = popoto.ExistenceFilter(fingerprint_fn=text_of)
    often = popoto.FrequencySketch(fingerprint_fn=text_of)


class KeptBare(Model):
    """Without any of the three: what a save costs anyway; its name is as long as theirs."""

    key = UniqueKeyField()
    text = StringField()


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


def adding(model: type[Model], field: str) -> Callable[[Model], None]:
    """What tells one field that a record is saved, without storing it."""
    hook = type(model._meta.fields[field]).on_save
    return lambda record: hook(record, field, None, ignore_errors=False)


def add(model: type[Model], field: str, text: str) -> None:
    """Tell one field of a save of such a record."""
    adding(model, field)(model(key="x", text=text))


def records(model: Any, texts: Callable[[], str]) -> Callable[[], Any]:
    """Makes records that were not there before, with the given texts in turn."""
    numbers = count()
    return lambda: model(key=f"k{next(numbers)}", text=texts())
