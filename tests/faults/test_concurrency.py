"""Row 11: threads and tasks share one process, which forks in the middle.

A child has the locks of its parent as they were, and none of the threads that would give them
back. For one of those `redis.ConnectionPool.reset` waits in the child (redis-py 8.1); the pool that
Popoto makes does not: a child goes on with a client of that kind, or makes one of its own.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import popoto
import pytest
import redis
from harness import Fork, Wide, check, half_edges, sized
from popoto import redis_db

WORKERS = 16
ROUNDS = 20
FORKS = sized(2, 8)


def work(me: str, began: Callable[[], object] = lambda: None) -> None:
    for i in range(ROUNDS):
        Wide.often.increment("shared")
        Wide.near.strengthen("hub", f"{me}.{i}", 0.25)
        with popoto.batch() as pipeline:
            Wide.often.increment("shared", pipeline=pipeline)
            pipeline.execute()
        if i % 5 == 0:
            Wide.create(name=f"{me}.{i}", text=f"shared {me}x{i}")
        if i == 0:
            began()


async def work_async(me: str, began: Callable[[], object] = lambda: None) -> None:
    for i in range(ROUNDS):
        await Wide.often.async_increment("shared", 2)
        await Wide.near.async_strengthen("hub", f"{me}.{i}", 0.25)
        if i % 5 == 0:
            await Wide(name=f"{me}.{i}", text=f"shared {me}x{i}").async_save()
        if i == 0:
            began()


def attempt(run: Callable[[], Any], errors: list[str]) -> None:
    try:
        run()
    except Exception as error:
        errors.append(repr(error))


async def all_tasks(began: Callable[[], object]) -> None:
    await asyncio.gather(*(work_async(f"task{n}", began) for n in range(WORKERS)))


def in_fork(me: str, renew: Callable[[], object]) -> Callable[[Any], None]:
    def run(say: Callable[[Any], None]) -> None:
        renew()
        work(me)
        asyncio.run(work_async(f"{me}task"))

    return run


@pytest.fixture
def hasty() -> Iterator[None]:
    """Python changes threads all the time, so that a fork finds every lock held."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


Bind = Callable[[type[redis.ConnectionPool]], None]


@pytest.fixture
def bind(real_client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bind]:
    """Makes a new client, with a pool of some kind, the one that Popoto uses."""
    path = real_client.connection_pool.connection_kwargs["path"]
    pools: list[redis.ConnectionPool] = []

    def bind(kind: type[redis.ConnectionPool]) -> None:
        pools.append(kind(connection_class=redis.UnixDomainSocketConnection, path=path))
        client = redis_db.GuardedRedis(connection_pool=pools[-1])
        monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", client)

    yield bind
    for pool in pools:
        pool.disconnect()


def run_all(forks: int, renew: Callable[[], object]) -> list[str]:
    """Threads, tasks, and forks once all of them are at work; what went wrong."""
    errors: list[str] = []
    began = threading.Semaphore(0)
    threads = [
        threading.Thread(
            target=attempt, args=(lambda n=n: work(f"thread{n}", began.release), errors)
        )
        for n in range(WORKERS)
    ]
    tasks = lambda: asyncio.run(all_tasks(began.release))  # noqa: E731
    threads.append(threading.Thread(target=attempt, args=(tasks, errors)))
    for thread in threads:
        thread.start()
    for _ in range(2 * WORKERS):
        assert began.acquire(timeout=20)
    children = [Fork(in_fork(f"fork{n}", renew)) for n in range(forks)]
    for thread in threads:
        thread.join()
    return errors + [line for child in children for line in child.said()]


def miscounted(workers: int) -> list[str]:
    """What is not exactly the sum of what the workers did."""
    wrong = []
    total = workers * (2 * ROUNDS + ROUNDS // 5)
    if (counted := Wide.often.get_frequency("shared")) != total:
        wrong.append(f"counted {counted} of {total}")
    linked = dict(Wide.near.get_linked("hub", limit=10_000))
    if len(linked) != workers * ROUNDS:
        wrong.append(f"{len(linked)} edges of {workers * ROUNDS}")
    return wrong + [f"{node} has {weight}" for node, weight in linked.items() if weight != 0.25]


@pytest.mark.parametrize(
    ("pool", "renews"),
    [(redis.BlockingConnectionPool, False), (redis.ConnectionPool, True)],
    ids=["a client as Popoto makes it", "any client, another in the child"],
)
@pytest.mark.usefixtures("hasty")
def test_totals_are_exact(
    real_client: Any, bind: Bind, pool: type[redis.ConnectionPool], renews: bool
) -> None:
    bind(pool)
    wrong = run_all(FORKS, (lambda: bind(pool)) if renews else lambda: None)
    workers = 2 * WORKERS + 2 * FORKS
    wrong += miscounted(workers)
    check(11, workers * ROUNDS * 3, wrong + half_edges(real_client, Wide.near, None))


def test_a_process_that_forks_before_it_has_threads_shares_its_client(
    real_client: Any, bind: Bind
) -> None:
    """As servers do that load the program first and then fork their workers."""
    bind(redis.ConnectionPool)
    work("parent")
    children = [Fork(in_fork(f"fork{n}", lambda: None)) for n in range(FORKS)]
    work("parent2")
    wrong = [line for child in children for line in child.said()]
    wrong += miscounted(2 + 2 * FORKS)
    check(11, (2 + 2 * FORKS) * ROUNDS * 3, wrong + half_edges(real_client, Wide.near, None))
