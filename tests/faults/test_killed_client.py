"""Row 3: a client killed in the middle of an operation leaves all of it or nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from harness import Case, Fork, check, half_edges, half_records, record_keys, sized
from popoto.redis_db import get_REDIS_DB

KILLS = sized(4, 34)
"""For each of the six kinds of operation: 204 in the long form."""


def existing(number: int) -> list[str]:
    """Keys of some stored records."""
    keys = sorted(key.decode() for key in record_keys(get_REDIS_DB(), Case))
    return random.sample(keys, min(number, len(keys)))


def loaded() -> Any:
    """One of the stored records."""
    return Case.query.get(redis_key=existing(1)[0])


def create(_: int) -> None:
    """Save a new record, with a text that no other has."""
    name = f"n{random.getrandbits(60)}"
    Case.create(name=name, text=f"text{name}")


def link(i: int) -> None:
    a, b = existing(2)
    Case.near.link(a, b, 0.25)
    Case.cites.strengthen(a, b)


def co_occur(i: int) -> None:
    Case.near.co_occur(existing(5))
    Case.cites.co_occur(existing(5))


def weaken(i: int) -> None:
    link(i)
    Case.near.weaken_all(existing(1)[0], 0.4)
    Case.cites.weaken_all(existing(1)[0], 0.01)


def delete(i: int) -> None:
    link(i)
    loaded().delete()
    create(i)


def rename(i: int) -> None:
    link(i)
    case = loaded()
    case.name = f"n{random.getrandbits(60)}"
    case.save(migrate_key=True)


def save(i: int) -> None:
    create(i)
    if len(existing(99)) > 40:
        loaded().delete()


def again(work: Callable[[int], None]) -> Callable[[Any], None]:
    def run(say: Callable[[Any], None]) -> None:
        random.seed()
        for i in range(100_000):
            work(i)
            say(i)

    return run


@pytest.mark.parametrize("work", [link, co_occur, weaken, delete, rename, save])
def test_a_killed_client_leaves_nothing_half_done(
    real_client: Any, work: Callable[[int], None]
) -> None:
    for i in range(20):
        create(i)
    done = 0
    for _ in range(KILLS):
        fork = Fork(again(work))
        fork.wait_until_at_work()
        time.sleep(random.uniform(0, 0.05))
        said = fork.kill()
        done += len(said)
        errors = [line for line in said if isinstance(line, str)]
        check(3, 1, errors + half_edges(real_client) + half_records(real_client))
    assert done >= KILLS
