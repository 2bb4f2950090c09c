"""What needs no script: looks at keys and at Popoto's records, and the removal of keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.client import NEVER_DECODE

from ..errors import CorruptValueError

_STEP = 1000
_SPECIAL = r"[*?\[\]\\]"


def scan(client: redis.Redis, *prefixes: str) -> Iterator[str]:
    """Keys that begin with one of some prefixes, in steps of about a thousand; some perhaps twice.

    One pass over the server. The prefixes are of one length and differ in letters alone.
    """
    columns = [sorted(set(column)) for column in zip(*prefixes, strict=True)]
    pattern = "".join(_one_of(column) for column in columns) + "*"
    with _text_under(pattern):
        for found in client.scan_iter(match=pattern, count=_STEP):
            key = found.decode() if isinstance(found, bytes) else found
            if key.startswith(prefixes):
                yield key


def _one_of(letters: Sequence[str]) -> str:
    """What matches one of these in a pattern of the server."""
    return f"[{''.join(letters)}]" if len(letters) > 1 else re.sub(_SPECIAL, r"\\\g<0>", letters[0])


def members(client: redis.Redis, key: str) -> set[str]:
    """Members of a set, read in steps of about a thousand."""
    with _text_under(key):
        found = client.sscan_iter(key, count=_STEP)
        return {item.decode() if isinstance(item, bytes) else item for item in found}


def exists(client: redis.Redis, key: str) -> bool:
    """Whether anything is stored under a key."""
    return bool(client.exists(key))


def discard(client: redis.Redis, *keys: str) -> None:
    """Remove values, however large, without keeping anyone waiting."""
    client.unlink(*keys)


def missing(client: redis.Redis, keys: Sequence[str]) -> set[str]:
    """Those of some keys that nothing is stored under; one round trip."""
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.exists(key)
    return {key for key, found in zip(keys, pipeline.execute(), strict=True) if not found}


def hashes(client: redis.Redis, keys: Sequence[str]) -> list[dict[Any, Any]]:
    """The hash under each key, empty for none; one round trip.

    In bytes, as Popoto writes them, also from a client that decodes replies.
    """
    pipeline: Any = client.pipeline(transaction=False)
    for key in keys:
        pipeline.execute_command("HGETALL", key, **{NEVER_DECODE: True})
    found: list[dict[Any, Any]] = pipeline.execute()
    return found


@contextmanager
def _text_under(where: str) -> Iterator[None]:
    """Raise what is no UTF-8 as a typed error, whether or not the client decodes it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise CorruptValueError(f"{where!r} holds {error.object!r:.80}: no UTF-8") from error
