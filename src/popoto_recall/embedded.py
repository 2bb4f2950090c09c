"""A server inside the process, for trying things out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from popoto import redis_db

_Clients = tuple[Any, Any]
"""Popoto's client and its async one."""

_lock = Lock()
_covered: list[tuple[_Clients, _Clients]] = []
"""The clients of each block that is open, and those that they took the place of; oldest first."""


@contextmanager
def embedded() -> Iterator[Any]:
    """Bind Popoto to an in-process server; the previous client comes back afterwards.

    Everything in it is gone at the end. Threads and tasks share the binding, as they share
    Popoto's client: where two blocks overlap, the one that was entered last is bound until it
    ends, and the previous client comes back when both have ended.

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
    client = redis_db.GuardedRedis(
        connection_pool=fakeredis.FakeRedis(server=server).connection_pool
    )
    clients = client, fakeredis.FakeAsyncRedis(server=server)
    _enter(clients)
    try:
        yield client
    finally:
        _leave(clients)


def _enter(clients: _Clients) -> None:
    with _lock:
        _covered.append((clients, _bound()))
        _bind(clients)


def _leave(clients: _Clients) -> None:
    """Bind what was bound before, unless a block that began later goes on: then that one does."""
    with _lock:
        place = next(i for i, (entered, _) in enumerate(_covered) if entered is clients)
        _, previous = _covered.pop(place)
        if place == len(_covered):
            _bind(previous)
        else:
            later, _ = _covered[place]
            _covered[place] = (later, previous)


def _bound() -> _Clients:
    return redis_db.POPOTO_REDIS_DB, redis_db._POPOTO_ASYNC_REDIS_DB


def _bind(clients: _Clients) -> None:
    redis_db.POPOTO_REDIS_DB, redis_db._POPOTO_ASYNC_REDIS_DB = clients
