"""Servers of one test alone, and the counts at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import harness
import pytest
import redis
from popoto import redis_db
from servers import Server


@pytest.fixture
def start(binary: str) -> Iterator[Callable[..., Server]]:
    """Starts servers, with options as in redis.conf, that end with the test."""
    started: list[Server] = []

    def start(**options: object) -> Server:
        started.append(Server(binary, **options))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def bind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., redis.Redis]]:
    """Makes a client of a unix socket the one that Popoto uses in this test."""
    bound: list[redis.Redis] = []

    def bind(socket: str, **options: Any) -> redis.Redis:
        bound.append(redis_db.GuardedRedis(unix_socket_path=socket, **options))
        monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", bound[-1])
        return bound[-1]

    yield bind
    for client in bound:
        client.close()


@pytest.fixture
def proxy() -> Iterator[Callable[[str], harness.Proxy]]:
    """Starts proxies in front of a socket."""
    started: list[harness.Proxy] = []

    def proxy(target: str) -> harness.Proxy:
        started.append(harness.Proxy(target))
        return started[-1]

    yield proxy
    for one in started:
        one.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line per row: what was tried, how often, and how often it went wrong."""
    if harness.TALLY:
        terminalreporter.section("faults")
    for row, (tried, violations) in sorted(harness.TALLY.items()):
        terminalreporter.write_line(
            f"row {row:2}  {harness.ROWS[row]:50} {tried:>10,} tried  {violations} violations"
        )
