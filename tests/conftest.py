"""Every test that talks to a server runs on all of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from popoto import redis_db
from servers import Server, binaries

import popoto_recall

BINARIES = binaries()
NO_SERVER = "no redis-server found: apt-get install redis-server"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "client" in metafunc.fixturenames:
        metafunc.parametrize("server", ["fakeredis", *(BINARIES or ["real"])], scope="session")
    elif "real_client" in metafunc.fixturenames or "binary" in metafunc.fixturenames:
        metafunc.parametrize("server", [*(BINARIES or ["real"])], scope="session")


@pytest.fixture(scope="session")
def running(server: str) -> Iterator[Server | None]:
    """The private server of this parameter; None for the one in the process."""
    if server == "fakeredis":
        yield None
        return
    private = Server(_binary(server))
    yield private
    private.close()


@pytest.fixture
def client(running: Server | None) -> Iterator[Any]:
    """The client that Popoto uses in this test, its server empty."""
    if running is None:
        with popoto_recall.embedded() as embedded:
            yield embedded
        return
    yield from _bound(running)


@pytest.fixture
def real_client(running: Server) -> Iterator[Any]:
    """Like `client`, on real servers alone."""
    yield from _bound(running)


@pytest.fixture
def binary(server: str) -> str:
    """Path of a redis-server, for tests that start their own."""
    return _binary(server)


@pytest.fixture(scope="session")
def hangul_locale(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for a server whose strings compare as in en_US.UTF-8, where Hangul is all alike."""
    folder = tmp_path_factory.mktemp("locales")
    words = ["localedef", "-i", "en_US", "-f", "UTF-8", str(folder / "en_US.UTF-8")]
    try:
        subprocess.run(words, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no localedef, or no sources of en_US: apt-get install locales")
    return {"LOCPATH": str(folder), "LC_ALL": "en_US.UTF-8"}


def _binary(server: str) -> str:
    if server in BINARIES:
        return BINARIES[server]
    if os.environ.get("CI"):
        pytest.fail(NO_SERVER)
    pytest.skip(NO_SERVER)


def _bound(server: Server) -> Iterator[Any]:
    pool = server.client().connection_pool
    previous = redis_db.POPOTO_REDIS_DB
    redis_db.POPOTO_REDIS_DB = client = redis_db.GuardedRedis(connection_pool=pool)
    server.client().flushall()
    try:
        yield client
    finally:
        redis_db.POPOTO_REDIS_DB = previous
        pool.disconnect()
