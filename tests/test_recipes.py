"""The memory model, and the recipe that stores and asks it."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from popoto import KeyField, Model, StringField
from popoto.extraction import ExtractedFact
from popoto.recipes import ContextAssembler, DefaultMemory
from popoto.recipes import SubconsciousMemory as PopotoSubconsciousMemory

from popoto_recall import CoOccurrenceField, partition
from popoto_recall.recipes import AgentMemory, InheritsFields, SubconsciousMemory

FACTS = (
    "The first program computed Bernoulli numbers",
    "Her father was a poet",
    "Soup was served at noon",
    "Rain fell on the garden",
)
"""Texts in the order in which they are said; none has a word of another."""

QUESTION = [{"role": "user", "content": "who wrote the first program?"}]
PROGRAM, FATHER, SOUP, RAIN = FACTS


class Facts:
    """Finds a fact per line, and a name in each that all have in common."""

    def extract(self, text: str) -> list[ExtractedFact]:
        return [ExtractedFact(line, ["Ada", "Babbage"]) for line in text.splitlines()]


class ProjectMemory(AgentMemory):
    project = StringField(default="none")


def remembering(recipe: Any = SubconsciousMemory, model: Any = AgentMemory, **options: Any) -> Any:
    """A recipe that was told the facts."""
    options = {"agent_id": "a1", "extraction_provider": Facts(), **options}
    subconscious = recipe(model, **options)
    assert len(subconscious.extract_memories("\n".join(FACTS))) == len(FACTS)
    return subconscious


def recalled(subconscious: Any) -> list[str]:
    """What the recipe adds to the question."""
    _, result = subconscious.inject_context(QUESTION)
    return [record.content for record in result.records]


def by_text(agent_id: str = "a1", model: Any = AgentMemory) -> dict[str, Any]:
    return {memory.content: memory for memory in model.query.filter(agent_id=agent_id)}


# What is linked is what is asked for


@pytest.mark.parametrize("model", [AgentMemory, ProjectMemory])
def test_a_memory_surfaces_because_it_was_said_next(client: Any, model: Any) -> None:
    subconscious = remembering(model=model)
    assert recalled(subconscious) == list(FACTS)
    texts = by_text(model=model)
    for other in (FATHER, SOUP):
        model.associations.unlink(texts[PROGRAM], texts[other])
    assert recalled(subconscious) == [PROGRAM]


def test_facts_follow_those_of_earlier_texts(client: Any) -> None:
    subconscious = SubconsciousMemory(agent_id="a1", extraction_provider=Facts())
    for text in FACTS:
        subconscious.extract_memories(text)
    texts = {memory.db_key.redis_key: text for text, memory in by_text().items()}
    rain = AgentMemory.associations.get_linked(by_text()[RAIN])
    assert [(texts[pk], weight) for pk, weight in rain] == [(SOUP, 0.25), (FATHER, 0.1)]
    assert recalled(subconscious) == list(FACTS)


def test_names_become_no_nodes(client: Any) -> None:
    remembering()
    with partition(agent_id="a1"):
        assert AgentMemory.associations.get_linked("Ada") == []


def test_it_does_not_with_popotos_default_memory(client: Any) -> None:
    subconscious = remembering(
        PopotoSubconsciousMemory, DefaultMemory, co_occurrence_field="associations"
    )
    assert recalled(subconscious) == [PROGRAM]


def test_it_does_not_with_popotos_recipe_over_our_model(client: Any) -> None:
    with partition(agent_id="a1"):
        subconscious = remembering(PopotoSubconsciousMemory, co_occurrence_field="associations")
        assert recalled(subconscious) == [PROGRAM]


def test_nothing_is_tied_on_demand(client: Any) -> None:
    assert recalled(remembering(co_occurrence_field=None)) == [PROGRAM]


def test_an_assembler_of_its_own_finds_it_too(client: Any) -> None:
    remembering()
    assembler = ContextAssembler(AgentMemory, {"relevance": 1.0})
    with partition(agent_id="a1"):
        result = assembler.assemble({"topic": "first program"}, agent_id="a1")
    assert [record.content for record in result.records] == list(FACTS)


def test_a_question_of_unknown_words_gets_nothing(client: Any) -> None:
    subconscious = remembering()
    asked = [{"role": "user", "content": "kubernetes?"}]
    assert subconscious.inject_context(asked)[0] == asked


# The recipe's options


def test_a_model_that_is_no_agent_memory_is_refused() -> None:
    with pytest.raises(TypeError, match="AgentMemory"):
        SubconsciousMemory(DefaultMemory, agent_id="a1")  # type: ignore[arg-type]


def test_another_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="elsewhere"):
        SubconsciousMemory(agent_id="a1", co_occurrence_field="elsewhere")


def test_an_agent_has_to_be_named_and_options_known() -> None:
    with pytest.raises(ValueError, match="agent_id"):
        SubconsciousMemory()
    with pytest.raises(TypeError, match="unknown"):
        SubconsciousMemory(agent_id="a1", unknown=1)


def test_the_library_does_not_import_its_recipes() -> None:
    code = "import popoto_recall, sys; print('popoto_recall.recipes' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


# Fields


def test_a_subclass_keeps_the_fields_and_has_keys_of_its_own(client: Any) -> None:
    own = set(ProjectMemory._meta.fields)
    assert own == {*AgentMemory._meta.fields, "project"} > set(DefaultMemory._meta.fields)
    ProjectMemory.create(agent_id="a1", content="green tea", project="x")
    assert ProjectMemory.words.at(agent_id="a1").might_exist("tea")
    assert ProjectMemory.counts.at(agent_id="a1").get_frequency("tea") == 1
    assert AgentMemory.query.count() == 0
    assert AgentMemory.words.at(agent_id="a1").definitely_missing("tea")


def test_popotos_default_memory_loses_them() -> None:
    class Lost(DefaultMemory):
        pass

    assert set(Lost._meta.fields) == {"_auto_key"}


def test_every_model_has_fields_of_its_own() -> None:
    for name, field in ProjectMemory._meta.fields.items():
        assert field is not AgentMemory._meta.fields.get(name)
        assert getattr(ProjectMemory, name) is field
    assert AgentMemory.words.owner is AgentMemory
    assert ProjectMemory.words.owner is ProjectMemory


class Rooted(Model, metaclass=InheritsFields):
    text = StringField()
    near = CoOccurrenceField(max_edges=3)


class Keyed(Rooted):
    name = KeyField()
    near = CoOccurrenceField(max_edges=9)


class Other(Model, metaclass=InheritsFields):
    near = CoOccurrenceField(max_edges=5)
    far = CoOccurrenceField()


class Mixed(Keyed, Other):
    pass


def test_a_field_that_is_declared_again_wins() -> None:
    assert "_auto_key" in Rooted._meta.fields
    assert list(Keyed._meta.fields) == ["text", "near", "name"]
    assert (Rooted.near.max_edges, Keyed.near.max_edges) == (3, 9)


def test_the_first_base_wins() -> None:
    assert set(Mixed._meta.fields) == {"near", "name", "text", "far"}
    assert Mixed.near.max_edges == 9


def test_the_cap_on_memories_holds_and_takes_their_edges_along(client: Any) -> None:
    class Capped(AgentMemory):
        _max_records_per_agent = 3

    said: list[Any] = []
    for number in range(4):
        memory = Capped.create(agent_id="a1", content=f"text {number}")
        memory.follows(*reversed(said))
        said.append(memory)
    assert Capped.query.count() == 3
    linked = Capped.associations.get_linked_many(said)
    reached = {pk for edges in linked.values() for pk, _ in edges}
    assert reached == {memory.db_key.redis_key for memory in said[1:]}


def test_another_server_answers_the_same(client: Any) -> None:
    subconscious = remembering()
    stream = io.StringIO()
    AgentMemory.export_records(stream=stream)
    client.delete(*client.scan_iter())
    assert recalled(subconscious) == []
    stream.seek(0)
    AgentMemory.import_records(stream)
    assert recalled(subconscious) == list(FACTS)
