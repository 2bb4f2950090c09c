"""`AgentMemory`: what follows what, what is recalled, and what was of use."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from popoto import BM25Field
from popoto.recipes import ContextAssembler

from popoto_recall import partition
from popoto_recall.recipes import BACKWARD, FORWARD, AgentMemory

TALK = (
    "Ada: What did you call the dog?",
    "Bo: Rex, after my uncle.",
    "Ada: Lovely weather for it.",
    "Bo: It rained all night.",
)
DOG, REX, WEATHER, RAIN = TALK
QUESTION = "What is the name of the dog?"


class OtherMemory(AgentMemory):
    pass


def talked(agent_id: str = "a1", model: Any = AgentMemory) -> dict[str, Any]:
    """Memories of a talk, each tied to those before it, by their texts."""
    said: dict[str, Any] = {}
    for text in TALK:
        memory = model.create(agent_id=agent_id, content=text)
        memory.follows(*reversed(said.values()))
        said[text] = memory
    return said


def recalled(question: str = QUESTION, agent_id: Any = "a1", **options: Any) -> list[str]:
    found = AgentMemory.recall(question, agent_id=agent_id, **options)
    return [memory.content for memory, _ in found]


def linked(memory: Any) -> dict[str, float]:
    texts = {other.db_key.redis_key: other.content for other in type(memory).query.all()}
    return {texts[pk]: weight for pk, weight in type(memory).associations.get_linked(memory)}


# Follows


def test_a_memory_is_tied_to_those_said_before_it(client: Any) -> None:
    said = talked()
    assert linked(said[DOG]) == {REX: FORWARD[0], WEATHER: FORWARD[1]}
    assert linked(said[WEATHER]) == {RAIN: FORWARD[0], REX: BACKWARD[0], DOG: BACKWARD[1]}
    assert linked(said[RAIN]) == {WEATHER: BACKWARD[0], REX: BACKWARD[1]}


def test_how_many_it_is_tied_to(client: Any) -> None:
    said = list(talked().values())
    new = AgentMemory.create(agent_id="a1", content="new")
    assert [new.follows(*said[:count]) for count in range(4)] == [0, 1, 2, 2]


def test_following_again_leaves_the_edges_as_they_are(client: Any) -> None:
    said = talked()
    AgentMemory.associations.strengthen(said[DOG], said[REX], delta=0.2)
    said[REX].follows(said[DOG])
    assert linked(said[DOG])[REX] == FORWARD[0] + 0.2
    assert linked(said[REX])[DOG] == BACKWARD[0]


def test_a_memory_follows_neither_itself_nor_another_agents(client: Any) -> None:
    said, other = talked(), talked("a2")[DOG]
    new = AgentMemory.create(agent_id="a1", content="new")
    for strange in (new, other):
        with pytest.raises(ValueError, match=r"itself|partition"):
            new.follows(said[DOG], strange)
    assert linked(new) == {}
    assert linked(said[DOG]) == {REX: FORWARD[0], WEATHER: FORWARD[1]}


# Recall


def test_what_was_said_next_comes_along(client: Any) -> None:
    talked()
    assert recalled() == [DOG, REX, WEATHER]
    assert recalled(limit=1) == [DOG]
    assert recalled(limit=2) == [DOG, REX]


def test_the_best_hit_comes_first_with_the_score_of_the_words(client: Any) -> None:
    said = talked()
    AgentMemory.create(agent_id="a1", content="a dog barked, a dog ate, and a dog slept")
    own = {memory.db_key.redis_key for memory in AgentMemory.query.filter(agent_id="a1")}
    words = BM25Field.search(AgentMemory, "content_bm25", QUESTION, allowed_keys=own)
    (first, score), *_ = AgentMemory.recall(QUESTION, agent_id="a1")
    assert (first.db_key.redis_key, score) == words[0]
    for other in list(said.values())[1:]:
        AgentMemory.associations.link(said[DOG], other, initial_weight=1.0)
    assert AgentMemory.recall(QUESTION, agent_id="a1")[0][0].db_key.redis_key == words[0][0]


@pytest.mark.parametrize("question", ["kubernetes", "", "?", "of the"])
def test_a_question_of_unknown_words_recalls_nothing(client: Any, question: str) -> None:
    talked()
    assert recalled(question) == []


def test_a_question_of_unknown_words_is_one_round_trip(real_client: Any) -> None:
    talked()
    recalled("kubernetes")
    real_client.config_resetstat()
    recalled("kubernetes")
    stats = real_client.info("commandstats")
    calls = {name: stats[name]["calls"] for name in stats if not name.startswith("cmdstat_config")}
    assert calls.pop("cmdstat_evalsha") == 1
    assert set(calls) <= {"cmdstat_get", "cmdstat_getrange", "cmdstat_strlen"}  # of the script


def test_before_anything_was_told_nothing_is_recalled(client: Any) -> None:
    assert recalled() == []


def test_agents_and_models_recall_nothing_of_each_other(client: Any) -> None:
    own, other = talked(), talked("a2")
    OtherMemory.create(agent_id="a1", content="Rex is a dog, too")
    foreign = other[RAIN].db_key.redis_key
    client.zadd(AgentMemory.associations.get_edge_key(own[DOG]), {foreign: 1.0, "Rex": 0.9})
    for agent in ("a1", "a2"):
        found = AgentMemory.recall(QUESTION, agent_id=agent)
        assert [memory.content for memory, _ in found] == [DOG, REX, WEATHER]
        assert {memory.agent_id for memory, _ in found} == {agent}
    assert [m.content for m, _ in OtherMemory.recall("dog", agent_id="a1")] == ["Rex is a dog, too"]


def test_others_who_say_a_word_more_often_crowd_no_memory_out(client: Any) -> None:
    talked()
    for _ in range(60):
        AgentMemory.create(agent_id="a2", content="name the dog, call the dog, call the name")
    assert recalled() == [DOG, REX, WEATHER]


def test_what_was_deleted_leaves_its_place_to_others(client: Any) -> None:
    said = talked()
    client.zadd(AgentMemory.associations.get_edge_key(said[DOG]), {"AgentMemory:a1:gone": 1.0})
    said[REX].delete()
    assert recalled(limit=2) == [DOG, WEATHER]


def test_more_can_be_asked_for_than_the_words_are_searched_for(client: Any) -> None:
    for number in range(60):
        AgentMemory.create(agent_id="a1", content=f"dog number {number}")
    assert len(recalled("dog", limit=55)) == 55


def test_async_recall_is_the_same(client: Any) -> None:
    talked()
    found = asyncio.run(AgentMemory.async_recall(QUESTION, agent_id="a1", limit=2))
    assert [memory.content for memory, _ in found] == [DOG, REX]


@pytest.mark.parametrize(
    ("options", "says"),
    [({"limit": 0}, "limit"), ({"limit": 1.5}, "limit"), ({"agent_id": None}, "agent_id")],
)
def test_what_makes_no_sense_is_refused(client: Any, options: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        recalled(**options)


def test_popotos_assembler_keeps_the_best_hit_too(client: Any) -> None:
    best = AgentMemory.create(agent_id="a1", content="the tea pot")
    for number in range(6):
        AgentMemory.create(agent_id="a1", content=f"tea cup {number}")
    assert recalled("tea pot")[0] == best.content
    last, _ = AgentMemory.recall("tea pot", agent_id="a1")[-1]  # a hit, and not a seed
    AgentMemory.associations.link(best, last, initial_weight=1.0)
    assembler = ContextAssembler(AgentMemory, {"relevance": 1.0})
    with partition(agent_id="a1"):
        found = assembler.assemble({"topic": "tea pot"}, agent_id="a1").records
    assert found[0].content == best.content
    assert last.content in [memory.content for memory in found]


# Used


def test_what_an_answer_used_is_strengthened_in_both_directions(client: Any) -> None:
    said = talked()
    assert AgentMemory.used([said[DOG], said[RAIN]]) == 1
    assert linked(said[DOG])[RAIN] == linked(said[RAIN])[DOG] == 0.05
    assert AgentMemory.used(iter([said[DOG], said[REX], said[DOG]]), delta=0.1) == 1
    assert linked(said[DOG])[REX] == FORWARD[0] + 0.1


def test_feedback_brings_no_deleted_memory_back(client: Any) -> None:
    said = talked()
    said[REX].delete()
    assert AgentMemory.used([said[DOG], said[REX], said[RAIN]]) == 1
    never_stored = AgentMemory(agent_id="a1", content="draft")
    assert AgentMemory.used([said[DOG], never_stored]) == 0
    assert AgentMemory.used([said[REX]]) == AgentMemory.used([]) == 0
    for gone in (said[REX], never_stored):
        assert AgentMemory.associations.get_linked(gone) == []
    assert linked(said[DOG]) == {WEATHER: FORWARD[1], RAIN: 0.05}


def test_memories_of_two_agents_are_used_by_no_answer(client: Any) -> None:
    with pytest.raises(ValueError, match="partitions"):
        AgentMemory.used([talked()[DOG], talked("a2")[REX]])
