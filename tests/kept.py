"""A model whose filter or sketch is declared in many ways, and the ways to use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import popoto
from popoto import KeyField, Model, StringField, UniqueKeyField, redis_db

from popoto_recall import ExistenceFilter, FrequencySketch, IncompleteError
from popoto_recall.structures.tokens import Tokenizer

Call = Callable[..., Any]


def text_of(record: Any) -> str:
    return str(record.text)


def plain(text: str) -> list[str]:
    """A tokenizer that makes every word a token."""
    return text.split()


def declared(**kept: Any) -> Any:
    """The model `Page`, declared anew with these fields beside a title and a text."""
    fields: dict[str, Any] = {"title": UniqueKeyField(), "text": StringField(), **kept}
    return type(Model)("Page", (Model,), {"__module__": __name__, **fields})


def tenants(**kept: Any) -> Any:
    """The same for the pages of agents and teams; these are declared behind the fields."""
    return declared(title=KeyField(), **kept, agent=KeyField(), team=KeyField())


OLDER = declared()
"""`Page` before it had the field."""


class Kind:
    """What a filter and a sketch have in common, for tests of both."""

    key: str
    begins: bytes
    ask: str
    """The read that takes one text."""
    options: dict[str, Any]
    other_options: tuple[dict[str, Any], ...]
    reads: tuple[tuple[Any, ...], ...]
    writes: tuple[tuple[Any, ...], ...] = ()

    def field(self, **options: Any) -> Any:
        return self.make(**{**self.options, "fingerprint_fn": text_of, **options})

    def make(self, **options: Any) -> Any:
        raise NotImplementedError

    def popotos(self) -> Any:
        """Popoto's own field with the same options."""
        raise NotImplementedError

    def model(self, **options: Any) -> Any:
        return declared(kept=self.field(**options))

    def knows(self, field: Any, text: str) -> bool:
        """Whether it says that this was saved, or cannot tell."""
        with suppress(IncompleteError):
            return bool(getattr(field, self.ask)(text))
        return True

    def answers(self, field: Any) -> bool:
        """Whether it answers for every record, as `info` says too."""
        found = not self.knows(field, "unheard-of")
        assert field.info().complete is found
        return found


class Filter(Kind):
    key = "$EF:Page:kept"
    begins = b"recall-bloom 1 "
    ask = "might_exist"
    options = {"capacity": 1000}
    other_options = ({"capacity": 200}, {"capacity": 50_000, "error_rate": 0.2})
    reads = (
        ("might_exist", "tea"),
        ("definitely_missing", "tea"),
        ("might_exist_batch", ["tea"]),
        ("might_exist_count", ["tea"]),
        ("fill_ratio",),
        ("info",),
    )

    def make(self, **options: Any) -> Any:
        return ExistenceFilter(**options)

    def popotos(self) -> Any:
        return popoto.ExistenceFilter(**self.options, fingerprint_fn=text_of)


class Sketch(Kind):
    key = "$FS:Page:kept"
    begins = b"recall-sketch 1 "
    ask = "get_frequency"
    options = {"width": 100, "depth": 4}
    other_options = ({"width": 7}, {"width": 900, "depth": 9}, {"top": 5})
    reads = (("get_frequency", "tea"), ("get_frequency_batch", ["tea"]), ("info",))
    writes = (("increment", "tea"),)

    def make(self, **options: Any) -> Any:
        return FrequencySketch(**options)

    def popotos(self) -> Any:
        return popoto.FrequencySketch(**self.options, fingerprint_fn=text_of)


KINDS = {"filter": Filter(), "sketch": Sketch()}


# Ways to call an operation


def at_once(field: Any, name: str, *args: Any, **options: Any) -> Any:
    return getattr(field, name)(*args, **options)


def by_its_twin(field: Any, name: str, *args: Any, **options: Any) -> Any:
    async def twin() -> Any:
        return await getattr(field, f"async_{name}")(*args, **options)

    return asyncio.run(twin())


def queued(field: Any, name: str, *args: Any, **options: Any) -> Any:
    pipeline = redis_db.get_REDIS_DB().pipeline()
    assert getattr(field, name)(*args, pipeline=pipeline, **options) is None
    pipeline.execute()


# Ways to save a record


def again(record: Any) -> None:
    record.save()


def partially(record: Any) -> None:
    record.save(update_fields=["text"])


def under_another_name(record: Any) -> None:
    record.title = "renamed"
    record.save(migrate_key=True)


def in_a_pipeline(record: Any) -> None:
    pipeline = redis_db.get_REDIS_DB().pipeline()
    record.save(pipeline=pipeline)
    pipeline.execute()


def in_a_batch(record: Any) -> None:
    pipeline = popoto.batch()
    record.save(pipeline=pipeline)
    pipeline.execute()


def from_a_coroutine(record: Any) -> None:
    asyncio.run(record.async_save())


SAVES = [again, partially, under_another_name, in_a_pipeline, in_a_batch, from_a_coroutine]


# Without a server

WORDS = Tokenizer("words", str.split)


def answer(operation: Any, *replies: Any) -> Any:
    """What an operation makes of the server's replies, each to the next call."""
    calls = operation.start()
    call = next(calls)
    try:
        for reply in replies:
            call = calls.send(call.parse(reply))
    except StopIteration as stop:
        return stop.value
    raise AssertionError(f"{call.script.name} is not answered")
