"""A server inside the process, for trying things out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from popoto import redis_db


@contextmanager
def embedded() -> Iterator[Any]:
    """Bind Popoto to an in-process server; the previous client comes back afterwards.

    Everything in it is gone at the end. Threads and tasks share the binding, as they share
    Popoto's client.

    Yields:
        The client that Popoto uses meanwhile.
    Raises:
        ModuleNotFoundError: The extra ``embedded`` is not installed.
    """
    try:
        import fakeredis
        import lupa  # type: ignore[import-untyped]  # noqa: F401  its servers need it for scripts
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "embedded() needs fakeredis: pip install 'popoto-recall[embedded]'"
        ) from error
    server = fakeredis.FakeServer()
    previous = redis_db.POPOTO_REDIS_DB, redis_db._POPOTO_ASYNC_REDIS_DB
    client = redis_db.GuardedRedis(
        connection_pool=fakeredis.FakeRedis(server=server).connection_pool
    )
    redis_db.POPOTO_REDIS_DB = client
    redis_db._POPOTO_ASYNC_REDIS_DB = fakeredis.FakeAsyncRedis(server=server)
    try:
        yield client
    finally:
        redis_db.POPOTO_REDIS_DB, redis_db._POPOTO_ASYNC_REDIS_DB = previous
