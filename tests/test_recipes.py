"""The memory model, and the recipe that stores and asks it."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import popoto
import pytest
from popoto import KeyField, Model, StringField
from popoto.extraction import ExtractedFact
from popoto.recipes import ContextAssembler, DefaultMemory
from popoto.recipes import SubconsciousMemory as PopotoSubconsciousMemory
from support import contents

from popoto_recall import CoOccurrenceField, partition
from popoto_recall.recipes import AgentMemory, InheritsFields, SubconsciousMemory

ADA = "Ada Lovelace"
FACTS = {
    "The first program computed Bernoulli numbers": [ADA, "Charles Babbage"],
    "Her father was a poet": [ADA],
    "Soup was served at noon": ["Canteen"],
}
"""Texts, and the names that a provider finds in them: the first two share one, and no word."""

QUESTION = [{"role": "user", "content": "who wrote the first program?"}]
PROGRAM, FATHER, SOUP = FACTS


class Facts:
    """Finds the facts above, one per line."""

    def extract(self, text: str) -> list[ExtractedFact]:
        return [
            ExtractedFact(line, [f" {name} " for name in FACTS[line]]) for line in text.splitlines()
        ]


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
def test_a_memory_surfaces_because_of_a_name_that_it_shares(client: Any, model: Any) -> None:
    subconscious = remembering(model=model)
    assert recalled(subconscious) == [PROGRAM, FATHER]
    program, father = (by_text(model=model)[text] for text in (PROGRAM, FATHER))
    assert model.associations.get_linked(program) == [(father.db_key.redis_key, 0.1)]
    model.associations.unlink(program, father)
    assert recalled(subconscious) == [PROGRAM]


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
    assert [record.content for record in result.records] == [PROGRAM, FATHER]


def test_a_question_of_unknown_words_gets_nothing(client: Any) -> None:
    subconscious = remembering()
    asked = [{"role": "user", "content": "kubernetes?"}]
    assert subconscious.inject_context(asked)[0] == asked


# Mentions


def told(*names: str, agent_id: str = "a1") -> AgentMemory:
    memory = AgentMemory.create(agent_id=agent_id, content=" ".join(names))
    memory.mention(*names)
    return memory


def linked(memory: AgentMemory) -> dict[str, float]:
    texts = {m.db_key.redis_key: m.content for m in AgentMemory.query.all()}
    return {texts[pk]: weight for pk, weight in AgentMemory.associations.get_linked(memory)}


def test_each_shared_name_strengthens(client: Any) -> None:
    both = told("ada", "babbage")
    told("ada")
    told("babbage", "ada")
    assert linked(both) == {"ada": 0.1, "babbage ada": 0.2}


def test_a_name_leads_to_the_memories_that_mention_it(client: Any) -> None:
    ada = told("ada")
    assert AgentMemory.mentions.at(agent_id="a1").get_linked("ada") == [(ada.db_key.redis_key, 0.1)]
    ada.delete()
    assert AgentMemory.mentions.at(agent_id="a1").get_linked("ada") == []


def test_a_name_ties_to_no_more_memories_than_the_most(client: Any) -> None:
    for _ in range(25):
        told("ada")
    last = AgentMemory.create(memory_id="0" * 32, agent_id="a1", content="last")
    assert last.mention("ada") == len(AgentMemory.associations.get_linked(last, limit=100)) == 20
    assert last.mention() == 0


def test_a_name_that_is_empty_is_refused_before_anything_is_written(client: Any) -> None:
    memory = AgentMemory.create(agent_id="a1", content="text")
    with pytest.raises(ValueError, match="not empty"):
        memory.mention("ada", "")
    assert AgentMemory.mentions.at(agent_id="a1").get_linked("ada") == []


def test_agents_share_no_names(client: Any) -> None:
    told("ada")
    other = told("ada", agent_id="a2")
    assert linked(other) == {}
    assert AgentMemory.words.at(agent_id="a3").definitely_missing("ada")


def test_a_block_of_another_agent_is_not_overridden(client: Any) -> None:
    subconscious = remembering()
    memory = by_text()[PROGRAM]
    before = contents(client)
    with partition(agent_id="a2"):
        with pytest.raises(ValueError, match="different partitions"):
            memory.mention(ADA)
        with pytest.raises(ValueError, match="block around this call names agent_id='a2'"):
            subconscious.inject_context(QUESTION)
        with pytest.raises(ValueError, match="block around this call names agent_id='a2'"):
            subconscious.extract_memories(SOUP)
    assert contents(client) == before
    with partition(agent_id="a1", other="x"):
        assert memory.mention(ADA) == 1
        assert PROGRAM in recalled(subconscious)


def test_many_names_of_one_fact_are_cut_as_in_popoto(client: Any) -> None:
    names = [f"name{i}" for i in range(50)]
    memory = AgentMemory.create(agent_id="a1", content="text")
    SubconsciousMemory(agent_id="a1")._seed_associations(memory, ExtractedFact("text", names))
    kept = popoto.Defaults.EXTRACTION_MAX_ENTITIES_PER_FACT
    assert len(AgentMemory.mentions.get_linked(memory, limit=100)) == kept


# The recipe's options


def test_a_model_that_is_no_agent_memory_is_refused() -> None:
    with pytest.raises(TypeError, match="AgentMemory"):
        SubconsciousMemory(DefaultMemory, agent_id="a1")  # type: ignore[arg-type]


def test_another_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="mentions"):
        SubconsciousMemory(agent_id="a1", co_occurrence_field="mentions")


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
        _max_records_per_agent = 2

    for number in range(3):
        Capped.create(agent_id="a1", content=f"text {number}").mention("ada")
    assert Capped.query.count() == 2
    assert len(Capped.mentions.at(agent_id="a1").get_linked("ada")) == 2


def test_another_server_answers_the_same(client: Any) -> None:
    subconscious = remembering()
    stream = io.StringIO()
    AgentMemory.export_records(stream=stream)
    client.delete(*client.scan_iter())
    assert recalled(subconscious) == []
    stream.seek(0)
    AgentMemory.import_records(stream)
    assert recalled(subconscious) == [PROGRAM, FATHER]
    assert len(AgentMemory.mentions.at(agent_id="a1").get_linked(ADA)) == 2
