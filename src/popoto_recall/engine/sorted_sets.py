"""Reads of sorted sets, in steps that keep nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from ..errors import WrongTypeError
from .reader import _text_under

_STEP = 1000


def listed(client: redis.Redis, key: str) -> Iterator[str]:
    """Members of a sorted set; each that stays in it is given, some perhaps twice."""
    with _text_under(key), _typed(key):
        for member, _ in client.zscan_iter(key, count=_STEP):
            yield member.decode() if isinstance(member, bytes) else member


@contextmanager
def _typed(key: str) -> Iterator[None]:
    try:
        yield
    except redis.ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
        raise WrongTypeError(f"{key!r} holds something else where a zset belongs") from error
