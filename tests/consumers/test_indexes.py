"""Popoto's tools for indexes, over our fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ideas import TEXTS, Idea, ideas

KEYS = {name: f"Idea:a1:{name}" for name in TEXTS}


def answers() -> dict[str, Any]:
    return {
        "counts": Idea.often.get_frequency_batch(["tea", "mug", "pot", "never"]),
        "seen": Idea.seen.might_exist_batch(["green", "chipped", "never"]),
        "edges": Idea.near.get_linked_many(list(KEYS.values())),
        "reached": dict(Idea.near.propagate([KEYS["tea"]])),
        "complete": (Idea.seen.info().complete, Idea.often.info().complete),
        "found": sorted(record.name for record in Idea.query.filter(agent_id="a1")),
    }


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_indexes_rebuilt_three_times_give_the_same_answers(
    real_client: Any, batch_size: int
) -> None:
    saved = ideas()
    Idea.near.link(saved["tea"], saved["pot"], initial_weight=0.5)
    before = answers()
    assert before["counts"] == {"tea": 1, "mug": 1, "pot": 1, "never": 0}
    for _ in range(3):
        assert Idea.rebuild_indexes(batch_size=batch_size) == 4
        assert answers() == before


def test_indexes_of_a_model_with_our_fields_are_clean(real_client: Any) -> None:
    saved = ideas()
    Idea.near.link(saved["tea"], "an idea")
    report = Idea.check_indexes()
    assert report["total"] == 0
    assert report["legacy_hash"] == report["stale_bloom_staging"] == []
    real_client.delete(KEYS["tea"])
    assert Idea.check_indexes()["total"] > 0
    Idea.clean_indexes()
    assert Idea.check_indexes()["total"] == 0


def test_a_save_during_a_re_index_counts_once(real_client: Any) -> None:
    ideas()
    before = answers()
    reindexed(meanwhile=late)
    assert Idea.often.get_frequency("late") == 1
    assert Idea.seen.might_exist("late")
    assert answers()["counts"] == before["counts"]


def test_values_that_were_lost_are_whole_afterwards(real_client: Any) -> None:
    ideas()
    before = answers()
    real_client.delete(Idea.seen.info().key, Idea.often.info().key)
    reindexed(meanwhile=late)
    assert {**answers(), "found": before["found"]} == before
    assert Idea.often.get_frequency("late") == 1


def late() -> None:
    Idea.create(name="late", agent_id="a1", text="late")


def reindexed(meanwhile: Callable[[], object]) -> None:
    """Rebuild the indexes; ``meanwhile`` happens where Popoto has emptied them all."""
    fill = Idea._rebuild_from_records

    def happen_and_fill(batch_size: int) -> Any:
        meanwhile()
        return fill(batch_size)

    Idea._rebuild_from_records = happen_and_fill
    try:
        Idea.rebuild_indexes()
    finally:
        del Idea._rebuild_from_records
