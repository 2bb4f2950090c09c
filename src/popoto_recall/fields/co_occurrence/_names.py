"""The names that a record goes by in a graph.

A record is linked under its key, ``Note:a{&#58;}b``. Callers also write the key without Popoto's
escapes, ``Note:a:b``, and, where the model has one KeyField, its bare value, ``a:b``. Such a text
may be the key of another record: then it names that one alone.
"""

from __future__ import annotations

from popoto.models.base import Model
from popoto.models.db_key import DB_key


def names_of(model: type[Model], redis_key: str) -> tuple[str, ...]:
    """The record's key, that unescaped, and its bare value if there is one.

    The key stands in for a name that belongs to another record.
    """
    parts = [str(part) for part in DB_key.from_redis_key(redis_key)]
    unescaped = ":".join(parts)
    bare = parts[1:] if len(model._meta.key_field_names) == 1 else []
    return (
        redis_key,
        redis_key if is_key(model, unescaped) else unescaped,
        *(redis_key if _resembles_key(model, value) else value for value in bare),
    )


def is_key(model: type[Model], name: str) -> bool:
    """Whether a name is the key of a record, as Popoto writes it, of one that may not exist."""
    return _resembles_key(model, name) and all(
        DB_key.clean(DB_key.unclean(part)) == part for part in name.split(":")[1:]
    )


def key_of(model: type[Model], name: str) -> str | None:
    """The key of the record that a name stands for, if the name resembles a key."""
    if not _resembles_key(model, name):
        return None
    return name if is_key(model, name) else DB_key(name.split(":")).redis_key


def _resembles_key(model: type[Model], name: str) -> bool:
    """Whether a name is a key, or one without escapes; a value with a colon has more parts."""
    parts = name.split(":")
    return (
        parts[0] == str(model._meta.db_class_key.redis_key)
        and len(parts) == model._meta.db_key_length
    )
