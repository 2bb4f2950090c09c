"""The demo's model, and where its records live."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from popoto import Model, StringField, UniqueKeyField, batch
from popoto.redis_db import get_REDIS_DB

from .. import CoOccurrenceField, ExistenceFilter, FrequencySketch, embedded
from .pages import Mention


class RecallDemoPage(Model):
    """One page of Python's own help."""

    name = UniqueKeyField()
    text = StringField(max_length=1_000_000)
    goes_with = CoOccurrenceField()
    words = ExistenceFilter(capacity=5_000, fingerprint_fn=lambda page: page.text)
    counts = FrequencySketch(fingerprint_fn=lambda page: page.text)


KEYS = ("*RecallDemoPage:*", "$Class:RecallDemoPage")
"""Patterns of all keys that the demo writes."""


def on_a_server() -> bool:
    """Whether the records go to the server of REDIS_URL, which Popoto reads at import."""
    return bool(os.environ.get("REDIS_URL"))


@contextmanager
def server(keep: bool) -> Iterator[Any]:
    """A client of the server, with none of the demo's records before, nor after unless kept."""
    if not on_a_server():
        for module in ("fakeredis", "lupa"):  # without lupa, fakeredis runs no scripts
            import_module(module)
        with embedded() as client:
            yield client
        return
    forget()
    try:
        yield get_REDIS_DB()
    finally:
        if not keep:
            forget()


def forget() -> None:
    """Delete the demo's records, with their edges, and what the filter and sketch remember."""
    RecallDemoPage.delete_all()
    for field in (RecallDemoPage.words, RecallDemoPage.counts):
        field.clear()  # whatever an earlier version left: info() would refuse it
        get_REDIS_DB().delete(field.info().key)


def link(mentions: Iterable[Mention], records: dict[str, RecallDemoPage]) -> None:
    """Strengthen an edge for each mention, all in one transaction."""
    with batch() as pipeline:
        for source, target, weight in mentions:
            RecallDemoPage.goes_with.strengthen(
                records[source], records[target], delta=weight, pipeline=pipeline
            )
        pipeline.execute()
