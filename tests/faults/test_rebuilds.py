"""Row 15: rebuilds beside saves, rebuilds, re-indexes, evictions, other programs, kills, clear.

Every order of single steps is tried in test_rebuild_model.py; here they are real processes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from harness import Case, Fork, check, sized, stored_texts

from popoto_recall import StoredValueError

FIELDS = {"filter": Case.seen, "sketch": Case.often}
KEYS = ["$EF:Case:seen", "$FS:Case:often"]
STAGED = ["{$EF:Case:seen}:staging", "{$FS:Case:often}:staging"]
HITTERS = ["{$FS:Case:often}:top", "{$FS:Case:often}:staging:top"]
SECONDS = sized(1, 15)

Work = Callable[[Callable[[Any], None]], None]


def denied(texts: list[str]) -> list[str]:
    """Texts that a filter or a sketch denies, without saying that it does not know every record."""
    found: list[str] = []
    for ask in (Case.seen.might_exist_batch, Case.often.get_frequency_batch):
        with suppress(StoredValueError):  # incomplete, or of another type
            found += [text for text, yes in ask(texts).items() if not yes]
    return found


def until(end: float, work: Callable[[int], Any]) -> Work:
    def run(say: Callable[[Any], None]) -> None:
        for i in count():
            if time.monotonic() > end:
                return
            say(work(i))

    return run


def save(me: str, forgets: bool) -> Callable[[int], Any]:
    """Saves a record, and asks for it."""

    def work(i: int) -> list[str]:
        text = f"{me}x{i}"
        with suppress(StoredValueError):  # of another type; the record is stored
            Case.create(name=f"{me}.{i}", text=text)
        return [] if forgets else denied([text])

    return work


def rebuild(field: Any) -> Callable[[int], Any]:
    def work(_: int) -> list[str]:
        field.rebuild()
        return []

    return work


def reindex(_: int) -> list[str]:
    Case.rebuild_indexes()
    return []


def evict(client: Any) -> None:
    client.delete(random.choice(KEYS + STAGED + HITTERS))


def plant(client: Any) -> None:
    key = random.choice(KEYS + STAGED + HITTERS)
    with client.pipeline() as pipeline:
        pipeline.delete(key)
        pipeline.rpush(key, "in the way")
        pipeline.execute()


def clear(client: Any) -> None:
    random.choice([Case.seen, Case.often]).clear()


def nothing(client: Any) -> None:
    return None


TROUBLE: dict[str, Callable[[Any], None]] = {
    "nothing else": nothing,
    "evictions": evict,
    "another type": plant,
    "clear": clear,
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("reindexes", [False, True], ids=["", "a re-index"])
def test_nothing_is_denied_beside_rebuilds_and(
    real_client: Any, trouble: str, reindexes: bool
) -> None:
    end = time.monotonic() + SECONDS
    works = [until(end, save(f"s{n}", trouble == "clear")) for n in range(2)]
    works += [until(end, rebuild(field)) for field in FIELDS.values() for _ in range(2)]
    works += [until(end, reindex)] * reindexes
    forks = [Fork(work) for work in works]
    while time.monotonic() < end:
        TROUBLE[trouble](real_client)
        time.sleep(0.02)
    said = [line for fork in forks for line in fork.said()]
    errors = [line for line in said if isinstance(line, str)]
    found = errors + [text for line in said if not isinstance(line, str) for text in line]
    if trouble == "nothing else":
        found += [name for name, field in FIELDS.items() if not field.info().complete]
    check(15, len(said), found)
    assert_whole(real_client, known=trouble != "clear")


def assert_whole(client: Any, *, known: bool) -> None:
    """Nothing is denied, and a rebuild makes everything whole."""
    texts = list(stored_texts(client, Case).values())
    found = denied(texts) if known else []
    for field in FIELDS.values():
        assert field.rebuild() == len(texts)
        assert field.info().complete
    found += [key for key in STAGED + HITTERS[1:] if client.exists(key)]
    found += [key for key in KEYS if client.ttl(key) != -1]
    check(15, 2 * len(texts), found + denied(texts))


KILLS = sized(5, 60)


@pytest.mark.parametrize("lost", [False, True], ids=["", "of a lost value"])
@pytest.mark.parametrize("kind", FIELDS)
def test_a_killed_rebuild_denies_nothing_and_leaves_what_expires(
    real_client: Any, kind: str, lost: bool
) -> None:
    field, key = FIELDS[kind], KEYS[[*FIELDS].index(kind)]
    for i in range(300):
        Case.create(name=f"n{i}", text=f"text{i}")
    for kill in range(KILLS):
        if lost:
            real_client.delete(key, HITTERS[0])
        before = set(real_client.keys("*"))
        fork = Fork(lambda say: field.rebuild(progress=lambda done, total: say(done)))
        fork.wait_until_at_work()
        time.sleep(random.uniform(0, 0.02))
        at_its_end = 300 in fork.kill()
        left = set(real_client.keys("*")) - before
        stays = [one for one in left if real_client.ttl(one) == -1 and not at_its_end]
        Case.create(name=f"late{kill}", text=f"late{kill}")
        texts = list(stored_texts(real_client, Case).values())
        check(15, len(texts), [*denied(texts), *stays])
    assert_whole(real_client, known=True)
