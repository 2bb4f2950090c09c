"""Reads of sorted sets, in steps that keep nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from ..errors import WrongTypeError
from ..refusals import wrong_type
from .reader import _text_under

_STEP = 1000


def listed(client: redis.Redis, key: str) -> Iterator[str]:
    """Members of a sorted set; each that stays in it is given, some perhaps twice."""
    with _text_under(key), _typed(client, key):
        for member, _ in client.zscan_iter(key, count=_STEP):
            yield member.decode() if isinstance(member, bytes) else member


def scored(client: redis.Redis, keys: Sequence[str]) -> Iterator[dict[str, float]]:
    """Members and scores of some sorted sets, one after the other; all begin in one round trip."""
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.zscan(key, 0, count=_STEP)
    firsts = pipeline.execute(raise_on_error=False)
    for key, first in zip(keys, firsts, strict=True):
        with _text_under(key), _typed(client, key):
            yield dict(_members(client, key, first))


def _members(client: redis.Redis, key: str, page: Any) -> Iterator[tuple[str, float]]:
    while True:
        if isinstance(page, Exception):
            raise page
        cursor, members = page
        for member, score in members:
            yield member.decode() if isinstance(member, bytes) else member, score
        if not cursor:
            return
        page = client.zscan(key, cursor, count=_STEP)


def sizes(client: redis.Redis, keys: Sequence[str]) -> list[tuple[int, int | None]]:
    """Members of some sorted sets, and bytes of memory, None where the server does not tell."""
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.zcard(key)
        pipeline.memory_usage(key)
    replies = iter(pipeline.execute(raise_on_error=False))
    found = []
    for key, count, used in zip(keys, replies, replies, strict=True):
        with _typed(client, key):
            if isinstance(count, Exception):
                raise count
        found.append((count, None if isinstance(used, Exception) else used or 0))
    return found


@contextmanager
def _typed(client: redis.Redis, key: str) -> Iterator[None]:
    try:
        yield
    except redis.ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
        kind: Any = client.type(key)
        kind = kind.decode() if isinstance(kind, bytes) else kind
        raise WrongTypeError(wrong_type(f"{kind} {key}")) from error
