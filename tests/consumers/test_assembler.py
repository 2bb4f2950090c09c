"""`ContextAssembler`, `RetrievalQuality` and `traverse` over our fields."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import popoto
import pytest
from ideas import Idea, Owned, ideas, names, text_of
from popoto import Model, StringField, UniqueKeyField
from popoto.recipes import ContextAssembler, RetrievalQuality
from popoto.recipes.graph_traversal import traverse

from popoto_recall import CoOccurrenceField, ExistenceFilter, partition

WEIGHTS = {"relevance": 1.0}


def assembler(model: Any = Idea, **options: Any) -> Any:
    return ContextAssembler(model, WEIGHTS, **{"retrieval_mode": "composite", **options})


def calls_of_scripts(real_client: Any) -> int:
    return int(real_client.info("commandstats").get("cmdstat_zunionstore", {"calls": 0})["calls"])


# Composite: by score


def test_the_graph_lifts_a_record_above_one_that_scores_higher(real_client: Any) -> None:
    saved = ideas()
    ranked = assembler(max_items=2, propagation_depth=1)
    four = ["tea", "coffee", "mug", "pot"]
    found, _ = ranked._pull_path({"topic": "tea"}, {"agent_id": "a1"})
    assert [record.name for record in found] == four
    Idea.near.link(saved["tea"], saved["pot"], initial_weight=1.0)
    found, _ = ranked._pull_path({"topic": "tea"}, {"agent_id": "a1"})
    assert [record.name for record in found] == ["tea", "coffee", "pot", "mug"]
    assert names(ranked.assemble({"topic": "tea"}, agent_id="a1")) == ["tea", "coffee"]


def test_what_no_record_says_is_answered_without_a_search(real_client: Any) -> None:
    ideas()
    real_client.config_resetstat()
    assert names(assembler().assemble({"topic": "kubernetes"}, agent_id="a1")) == []
    assert calls_of_scripts(real_client) == 0
    assert names(assembler().assemble({"topic": "which mug?"}, agent_id="a1"))[0] == "tea"
    assert calls_of_scripts(real_client) > 0


def test_a_filter_that_has_not_seen_every_record_hides_none(
    real_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ideas()
    real_client.delete(Idea.seen.info().key)
    assert len(names(assembler().assemble({"topic": "kubernetes"}, agent_id="a1"))) == 4
    caplog.clear()  # it was said, if not by an earlier test: once per filter


# Lexical and hybrid: by words, and by meaning


class Fact(Model):
    name = UniqueKeyField()
    text = StringField()
    words = popoto.BM25Field(source="text")
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of)


def facts(model: Any = Fact) -> dict[str, Any]:
    texts = {"deploy": "the deploy failed", "disk": "disk was full", "lunch": "soup again"}
    return {name: model.create(name=name, text=text) for name, text in texts.items()}


def test_words_find_a_record_and_the_graph_what_goes_with_it(real_client: Any) -> None:
    saved = facts()
    lexical = ContextAssembler(Fact, {}, retrieval_mode="lexical")
    assert names(lexical.assemble({"topic": "deploy"})) == ["deploy"]
    Fact.near.link(saved["deploy"], saved["disk"])
    assert names(lexical.assemble({"topic": "deploy"})) == ["deploy", "disk"]
    saved["disk"].delete()
    assert names(lexical.assemble({"topic": "deploy"})) == ["deploy"]


def test_names_with_spaces_in_the_graph_are_no_records(real_client: Any) -> None:
    saved = facts()
    Fact.near.link(saved["deploy"], "Release Friday", initial_weight=1.0)
    Fact.near.link("Release Friday", saved["disk"], initial_weight=1.0)
    lexical = ContextAssembler(Fact, {}, retrieval_mode="lexical")
    assert names(lexical.assemble({"topic": "deploy"})) == ["deploy", "disk"]


class Letters:
    """Vectors without a model: how often each letter stands in a text."""

    dimensions, max_batch_size = 26, 100

    def embed(self, texts: list[str], input_type: str | None = None) -> list[list[float]]:
        alphabet = "abcdefghijklmnopqrstuvwxyz"
        return [[float(text.count(letter)) for letter in alphabet] for text in texts]


@pytest.fixture
def embedded_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("numpy")
    monkeypatch.setenv("POPOTO_CONTENT_PATH", str(tmp_path))
    monkeypatch.setattr("popoto.fields.embedding_field._INVALIDATION_MODE", "none")

    class EmbeddedFact(Model):
        name = UniqueKeyField()
        text = StringField()
        words = popoto.BM25Field(source="text")
        meaning = popoto.EmbeddingField(source="text", provider=Letters())
        near = CoOccurrenceField()
        seen = ExistenceFilter(capacity=1000, fingerprint_fn=text_of)

    return EmbeddedFact


def test_hybrid_retrieval_goes_on_along_the_graph(real_client: Any, embedded_fact: Any) -> None:
    saved = facts(embedded_fact)
    hybrid = ContextAssembler(embedded_fact, {}, retrieval_mode="hybrid")
    before = names(hybrid.assemble({"topic": "my deploy"}))
    assert before[0] == "deploy"
    last = before[-1]
    embedded_fact.near.link(saved["deploy"], saved[last], initial_weight=1.0)
    after = names(hybrid.assemble({"topic": "my deploy"}))
    assert after.index(last) < before.index(last)
    assert names(hybrid.assemble({"topic": "kubernetes"})) == []


# Partitions


@pytest.mark.parametrize("mode", ["composite", "lexical"])
def test_partitioned_fields_serve_the_agent_of_the_block(real_client: Any, mode: str) -> None:
    own, other = ideas(Owned, "a1"), ideas(Owned, "a2")
    Owned.near.link(own["tea"], own["pot"], initial_weight=1.0)
    Owned.near.link(other["tea"], other["mug"], initial_weight=1.0)
    Owned.create(name="only", agent_id="a2", text="kubernetes", importance=0.1)
    ranked = assembler(Owned, max_items=2, retrieval_mode=mode)
    with partition(agent_id="a1"):
        found, _ = ranked._pull_path({"topic": "tea"}, {"agent_id": "a1"})
        assert {record.agent_id for record in found} == {"a1"}
        assert "pot" in [record.name for record in found][:3]
        assert names(ranked.assemble({"topic": "kubernetes"}, agent_id="a1")) == []
    with partition(agent_id="a2"):
        found, _ = ranked._pull_path({"topic": "tea"}, {"agent_id": "a2"})
        assert "mug" in [record.name for record in found][:3]
        assert ranked.assess({"topic": "kubernetes"}, {"agent_id": "a2"}).fok_score > 0.4


def test_outside_a_block_a_partitioned_filter_says_so(real_client: Any) -> None:
    ideas(Owned)
    with pytest.raises(ValueError, match=r"agent_id=.*popoto_recall\.partition"):
        assembler(Owned).assemble({"topic": "tea"}, agent_id="a1")


# Quality


def test_quality_knows_what_was_never_seen(real_client: Any) -> None:
    ideas()
    ranked = assembler()
    known = ranked.assess({"topic": "tea"}, {"agent_id": "a1"})
    assert known.per_cue_fok["tea"]["cue_familiarity"] == 1.0
    unknown = ranked.assess({"topic": "kubernetes"}, {"agent_id": "a1"})
    assert unknown.per_cue_fok["kubernetes"]["cue_familiarity"] == unknown.fok_score == 0.0


def test_quality_of_records_that_something_else_found(real_client: Any) -> None:
    found = list(ideas().values())
    quality = RetrievalQuality.from_records(
        found, {"topic": "tea", "other": "kubernetes"}, score_weights=WEIGHTS
    )
    familiar = {cue: parts["cue_familiarity"] for cue, parts in quality.per_cue_fok.items()}
    assert familiar == {"tea": 1.0, "kubernetes": 0.0}
    assert len(quality.score_distribution) == 4


# Traversal


def test_traverse_ranks_what_the_graph_reaches(real_client: Any) -> None:
    saved = ideas()
    keys = {name: record.db_key.redis_key for name, record in saved.items()}
    Idea.near.link(keys["tea"], keys["pot"], initial_weight=0.8)
    Idea.near.link(keys["pot"], keys["mug"], initial_weight=0.5)
    reached = traverse(Idea, [keys["tea"], keys["tea"]], co_occurrence_field=Idea.near)
    assert reached == [(keys["pot"], 0.4), (keys["mug"], 0.1)]
    weighed = traverse(
        Idea, [keys["tea"]], co_occurrence_field=Idea.near, decay_field_name="relevance"
    )
    assert [pk for pk, _ in weighed] == [keys["pot"], keys["mug"]]
    assert weighed[0][1] < 0.4


def test_traverse_goes_by_the_keys_that_it_is_given(
    real_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    own = ideas(Owned)
    Owned.near.link(own["tea"], own["pot"])
    seeds = [own["tea"].db_key.redis_key]
    found = [(own["pot"].db_key.redis_key, 0.05)]
    with partition(agent_id="a1"):
        assert traverse(Owned, seeds, co_occurrence_field=Owned.near) == found
    assert traverse(Owned, seeds, co_occurrence_field=Owned.near) == found
    assert not caplog.records
    with partition(agent_id="a2"):
        assert traverse(Owned, seeds, co_occurrence_field=Owned.near) == []
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "different partitions" in caplog.text
    caplog.clear()
