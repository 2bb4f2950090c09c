"""Popoto's `ContextAssembler` over a graph that keeps the seeds: the best hit stays the best."""

from __future__ import annotations

import random
from typing import Any

import pytest
from popoto import BM25Field, Model, StringField, UniqueKeyField
from popoto.recipes import ContextAssembler

from popoto_recall import CoOccurrenceField, partition
from popoto_recall.recipes import AgentMemory

WORDS = ("ant", "bee", "cat", "dog", "eel", "fox")


class Kept(Model):
    name = UniqueKeyField()
    text = StringField()
    words = BM25Field(source="text")
    near = CoOccurrenceField(seeds="keep")


class Left(Model):
    name = UniqueKeyField()
    text = StringField()
    words = BM25Field(source="text")
    near = CoOccurrenceField()


def told(model: Any, rng: random.Random) -> list[str]:
    """Records of some words each; their keys."""
    return [
        model.create(name=f"r{number}", text=" ".join(rng.choices(WORDS, k=4))).db_key.redis_key
        for number in range(25)
    ]


def lost(model: Any, graphs: int) -> int:
    """How often the best hit is not the first record, over random graphs and questions."""
    rng = random.Random(11)
    keys = told(model, rng)
    assembler = ContextAssembler(model, {}, retrieval_mode="lexical")
    losses = 0
    for _ in range(graphs):
        for _ in range(rng.choice((3, 30))):
            one, other = rng.sample(keys, 2)
            model.near.link(one, other, rng.uniform(0.01, 1.0))
        question = " ".join(rng.sample(WORDS, rng.randint(1, 3)))
        hits = BM25Field.search(model, "words", question)
        found = assembler.assemble({"topic": question}).records
        losses += hits[0][0] != found[0].db_key.redis_key
    return losses


@pytest.mark.parametrize("graphs", [30])
def test_the_assembler_loses_no_best_hit_to_a_graph_that_keeps_the_seeds(
    real_client: Any, graphs: int
) -> None:
    assert lost(Kept, graphs) == 0


def test_it_loses_many_to_one_that_leaves_them_out(real_client: Any) -> None:
    assert lost(Left, 30) > 15


class LeavingMemory(AgentMemory):
    associations = CoOccurrenceField(symmetric=False, partition_by="agent_id")


@pytest.mark.parametrize(("model", "brought"), [(AgentMemory, False), (LeavingMemory, True)])
def test_in_composite_mode_kept_seeds_leave_no_room_for_what_the_graph_found(
    real_client: Any, model: Any, brought: bool
) -> None:
    told = [
        model.create(agent_id="a1", content=f"tea {number}", importance=1 - number / 100)
        for number in range(6)
    ]
    model.associations.link(told[0], told[5], initial_weight=1.0)
    assembler = ContextAssembler(model, {"relevance": 1.0}, max_items=3, retrieval_mode="composite")
    with partition(agent_id="a1"):
        found = assembler.assemble({"topic": "tea"}, agent_id="a1").records
    assert ("tea 5" in [memory.content for memory in found]) is brought
