"""Which texts are keys of records, and what such a key says."""

from __future__ import annotations

import re
from functools import lru_cache

from popoto.models.base import Model
from popoto.models.db_key import DB_key

_ESCAPED = re.compile(r"['?*^\[\]/-]|\{&#58;\}")
"""What Popoto never leaves as it is in a key, and what it writes for a colon."""


def is_record_key(model: type[Model], text: str) -> bool:
    """Whether a text is the key of a record of the model, be it stored or not.

    It begins with the model's class and has one segment for each KeyField, written as Popoto
    writes it.
    """
    return values_in_key(model, text, ()) is not None


def values_in_key(model: type[Model], text: str, names: tuple[str, ...]) -> tuple[str, ...] | None:
    """What the key of a record says of some KeyFields; None if the text is no such key."""
    prefix, segments, positions = _form(model, names)
    if not text.startswith(prefix):
        return None
    parts = text.split(":")
    if len(parts) != segments:
        return None
    if _ESCAPED.search(text):
        parts = DB_key.from_redis_key(text)
        if parts.redis_key != text:
            return None
    return tuple([parts[position] for position in positions])


@lru_cache(maxsize=1024)
def _form(model: type[Model], names: tuple[str, ...]) -> tuple[str, int, tuple[int, ...]]:
    """How the model's keys begin, how many segments they have, and where some KeyFields stand."""
    meta = model._meta
    positions = tuple(meta.get_db_key_index_position(name) for name in names)
    return f"{meta.db_class_key.redis_key}:", meta.db_key_length, positions
