"""`SubconsciousMemory` and `MemoryLifecycle` over our fields."""

from __future__ import annotations

import logging
from typing import Any

import popoto
import pytest
from ideas import Idea, ideas, text_of
from popoto import FloatField, KeyField, Model, StringField
from popoto.extraction import ExtractedFact
from popoto.recipes import MemoryLifecycle, SubconsciousMemory

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch, partition

ADA, ENGINE, BABBAGE = "Ada Lovelace", "Analytical Engine", "Charles Babbage"


class Named:
    """Finds one fact, and names that the test gives."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def extract(self, text: str) -> list[ExtractedFact]:
        return [ExtractedFact(text, self.names, importance=1.0, confidence=0.9)]


def remembering(model: Any = Idea, *names: str) -> Any:
    return SubconsciousMemory(
        model,
        agent_id="a1",
        content_field="text",
        extraction_provider=Named(*names),
        co_occurrence_field="near",
    )


class Said(Model):
    agent_id = KeyField()
    memory_id = popoto.AutoKeyField()
    text = StringField()
    importance = FloatField(default=1.0)
    relevance = popoto.DecayingSortedField(base_score_field="importance", partition_by="agent_id")
    words = popoto.BM25Field(source="text")
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of)
    often = FrequencySketch(fingerprint_fn=text_of)


class OwnSaid(Model):
    agent_id = KeyField()
    memory_id = popoto.AutoKeyField()
    text = StringField()
    importance = FloatField(default=1.0)
    relevance = popoto.DecayingSortedField(base_score_field="importance", partition_by="agent_id")
    words = popoto.BM25Field(source="text")
    near = CoOccurrenceField(partition_by="agent_id")
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of, partition_by="agent_id")


def test_names_with_spaces_are_linked(real_client: Any) -> None:
    subconscious = remembering(Said, ADA, ENGINE, f" {ADA} ", BABBAGE)
    subconscious.extract_memories("she programmed what he had designed")
    others = [(ENGINE, 0.1), (BABBAGE, 0.1)]
    assert sorted(Said.near.get_linked(ADA)) == sorted(others)
    assert Said.near.propagate([ADA], depth=1) == {ENGINE: 0.05, BABBAGE: 0.05}


def test_a_memory_is_found_counted_and_given_back(real_client: Any) -> None:
    subconscious = remembering(Said)
    subconscious.extract_memories("the deploy failed on friday")
    assert Said.seen.might_exist("friday")
    assert Said.often.get_frequency("deploy") == 1
    messages, result = subconscious.inject_context([{"role": "user", "content": "which deploy?"}])
    assert "the deploy failed on friday" in messages[-1]["content"]
    subconscious.report_outcomes(result)
    assert Said.often.get_frequency("deploy") == 1


def test_a_question_of_unknown_words_gets_nothing(real_client: Any) -> None:
    subconscious = remembering(Said)
    subconscious.extract_memories("the deploy failed on friday")
    asked = [{"role": "user", "content": "kubernetes?"}]
    assert subconscious.inject_context(asked)[0] == asked


def test_a_partitioned_model_remembers_and_answers_inside_a_block(real_client: Any) -> None:
    subconscious = remembering(OwnSaid, ADA, ENGINE)
    with partition(agent_id="a1"):
        subconscious.extract_memories("she programmed what he had designed")
        _, result = subconscious.inject_context([{"role": "user", "content": "programmed"}])
    assert len(result.records) == 1
    assert OwnSaid.near.at(agent_id="a1").get_linked(ADA) == [(ENGINE, 0.1)]
    assert OwnSaid.near.at(agent_id="a2").get_linked(ADA) == []


def test_outside_a_block_popoto_keeps_the_memory_and_logs_the_lost_link(
    real_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    saved = remembering(OwnSaid, ADA, ENGINE).extract_memories("she programmed")
    assert len(saved) == 1
    assert OwnSaid.near.at(agent_id="a1").get_linked(ADA) == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "popoto_recall.partition" in caplog.text
    caplog.clear()


class Tiered(Model):
    tier = KeyField(default="episodic")
    name = KeyField()
    text = StringField()
    importance = FloatField(default=1.0)
    relevance = popoto.DecayingSortedField(base_score_field="importance")
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of)
    often = FrequencySketch(fingerprint_fn=text_of)


def lifecycle(**options: Any) -> Any:
    return MemoryLifecycle(Tiered, importance_field="relevance", **options)


def test_a_promoted_memory_keeps_its_edges(real_client: Any) -> None:
    tea, cup = (Tiered.create(name=name, text=name) for name in ("tea", "cup"))
    Tiered.near.link(tea, cup, initial_weight=0.5)
    promoting = lifecycle(
        should_promote=lambda record, _: "semantic" if record.name == "tea" else None
    )
    assert promoting.tick()["promoted"] == 1
    assert Tiered.near.get_linked(cup) == [("Tiered:tea:semantic", 0.5)]
    assert Tiered.near.get_linked("Tiered:tea:episodic") == []


def test_a_forgotten_memory_leaves_no_edges_and_restores(real_client: Any) -> None:
    tea, cup = (Tiered.create(name=name, text=name) for name in ("tea", "cup"))
    Tiered.near.link(tea, cup, initial_weight=0.5)
    forgetting = lifecycle(should_forget=lambda record, _: record.name == "tea")
    assert forgetting.tick()["tombstoned"] == 1
    assert Tiered.near.get_linked(cup) == []
    assert Tiered.seen.might_exist("tea")
    (tombstone,) = forgetting.list_tombstones()
    assert tombstone.fingerprint == "tea"
    assert forgetting.restore(tombstone).text == "tea"
    assert Tiered.near.get_linked(cup) == []


def test_a_deleted_memory_takes_its_edges_along(real_client: Any) -> None:
    saved = ideas()
    Idea.near.link(saved["tea"], saved["pot"])
    saved["tea"].delete()
    assert Idea.near.get_linked(saved["pot"]) == []
