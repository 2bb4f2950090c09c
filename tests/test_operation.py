"""Three ways to call every operation, its async twin, and what stands in their way."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import popoto
import pytest
from models import Memory, Note, memory
from popoto import Model, StringField, UniqueKeyField
from support import (
    ARGUMENTS,
    FIELDS,
    KEY_BUILDERS,
    A,
    B,
    C,
    D,
    Topic,
    calls,
    comparable,
    contents,
    operations,
    small_store,
    writes,
)

from popoto_recall import (
    ArgumentError,
    ArgumentTypeError,
    CoOccurrenceField,
    ExistenceFilter,
    FieldNotOnModelError,
    FrequencySketch,
)
from popoto_recall.fields._arguments import READERS

CALLS = [pytest.param(field, name, id=f"{field.name}.{name}") for field, name in calls()]
WRITES = [case for case in CALLS if writes(*case.values)]
OTHERS = [case for case in CALLS if not writes(*case.values)]


class Two(Model):
    """Two fields of a kind."""

    name = UniqueKeyField()
    first = ExistenceFilter(capacity=100)
    second = ExistenceFilter(capacity=100)


class Bare(Model):
    name = UniqueKeyField()
    text = StringField()


class Child(Topic):
    """Popoto gives it none of its parent's fields."""

    name = UniqueKeyField()


def outcome(client: Any, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a call on a small store gives, and leaves."""
    small_store(client)
    result = call(*args, **kwargs)
    result = asyncio.run(result) if inspect.iscoroutine(result) else result
    result = asyncio.run(listed(result)) if inspect.isasyncgen(result) else result
    return comparable(result), contents(client)


async def listed(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


# Three ways, and twins


def test_arguments_are_known_for_every_operation() -> None:
    assert {name for _, name in calls()} == set(ARGUMENTS)


@pytest.mark.parametrize(("field", "name"), CALLS)
def test_every_way_to_call_does_the_same(client: Any, field: Any, name: str) -> None:
    args = ARGUMENTS[name]
    on_class, on_field = getattr(type(field), name), getattr(field, name)
    expected = outcome(client, on_field, *args)
    assert outcome(client, on_field, Topic, *args) == expected
    assert outcome(client, on_class, Topic, *args) == expected
    assert outcome(client, getattr(field.at(), name), *args) == expected
    assert outcome(client, on_class, Topic, *args, field_name=field.name) == expected


@pytest.mark.parametrize(("field", "name"), CALLS)
def test_the_async_twin_does_the_same(client: Any, field: Any, name: str) -> None:
    if name in KEY_BUILDERS:
        assert not hasattr(field, f"async_{name}")
        return
    args, twin = ARGUMENTS[name], f"async_{name}"
    expected = outcome(client, getattr(field, name), *args)
    assert outcome(client, getattr(field, twin), *args) == expected
    assert outcome(client, getattr(field, twin), Topic, *args) == expected
    assert outcome(client, getattr(type(field), twin), Topic, *args) == expected


def test_no_twin_is_without_its_operation() -> None:
    for kind in FIELDS:
        found = operations(kind)
        twins = {name for name, operation in found.items() if operation.asynchronous}
        assert twins == {f"async_{name}" for name in set(found) - twins - KEY_BUILDERS}


@pytest.mark.parametrize(("field", "name"), WRITES)
def test_a_write_in_a_pipeline_waits_for_execute(client: Any, field: Any, name: str) -> None:
    args = ARGUMENTS[name]
    _, expected = outcome(client, getattr(field, name), *args)
    for call in (getattr(field, name), getattr(field, f"async_{name}")):
        small_store(client)
        before = contents(client)
        pipeline = popoto.batch()
        result = call(*args, pipeline=pipeline)
        assert (asyncio.run(result) if inspect.iscoroutine(result) else result) is None
        assert contents(client) == before
        pipeline.execute()
        assert contents(client) == expected


@pytest.mark.parametrize(("field", "name"), OTHERS)
def test_what_is_not_one_write_takes_no_pipeline(client: Any, field: Any, name: str) -> None:
    small_store(client)
    pipeline = popoto.batch()
    for way in (getattr(field, name), getattr(type(field), name)):
        with pytest.raises(TypeError, match="pipeline="):
            way(Topic, *ARGUMENTS[name], pipeline=pipeline)
        with pytest.raises(TypeError, match="pipeline="):
            way(Topic, *ARGUMENTS[name], pipeline=None)
    assert not pipeline.command_stack


@pytest.mark.parametrize("pipeline", ["later", object(), 0, False])
def test_a_pipeline_is_a_pipeline(client: Any, pipeline: Any) -> None:
    with pytest.raises(TypeError, match="pipeline= takes a redis-py Pipeline"):
        Note.near.link("a", "b", pipeline=pipeline)
    assert not client.keys()


def test_a_twin_can_be_a_task(client: Any) -> None:
    memory("a", "kubernetes")

    async def ask() -> list[bool]:
        questions = [Memory.bloom.async_might_exist(text) for text in ("kubernetes", "zebra")]
        return list(await asyncio.gather(*map(asyncio.create_task, questions)))

    assert asyncio.run(ask()) == [True, False]


# An instance is a record


def test_an_instance_is_a_record_wherever_it_stands(client: Any) -> None:
    a, b, c = memory("a"), memory("b"), memory("c")
    assert Memory.associations.link(a, b, 0.5) == 0.5
    assert Memory.associations.strengthen(a, b, 0.25) == 0.75
    assert Memory.associations.get_linked(a, 0.2, 5) == [("Memory:agent:b", 0.75)]
    assert Memory.associations.weaken_all(a, 0) == 1
    with pytest.raises(TypeError, match="initial_weight is a number"):
        Memory.associations.link(a, b, c)  # type: ignore[call-overload]
    assert not client.keys("$CoOc*")


@pytest.mark.parametrize("weight", [Decimal("0.5"), "0.5", b"0.5", True])
def test_what_is_no_weight_is_no_pk_either(client: Any, weight: Any) -> None:
    a, b = memory("a"), memory("b")
    with pytest.raises(TypeError, match="initial_weight is a number"):
        Memory.associations.link(a, b, weight)
    assert not client.keys("$CoOc*")


def test_a_call_on_the_class_takes_no_instance_for_its_model(client: Any) -> None:
    a, b = memory("a"), memory("b")
    with pytest.raises(TypeError, match=r"might_exist\(\) takes a model class first"):
        ExistenceFilter.might_exist(a, "x")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"link\(\) takes a model class first"):
        CoOccurrenceField.link(a, a, b)  # type: ignore[call-overload]


@pytest.mark.parametrize("form", [lambda record: record, lambda record: record.db_key])
def test_a_record_is_no_fingerprint(client: Any, form: Any) -> None:
    record = form(memory("a", "text"))
    for ask in (Memory.bloom.might_exist, Memory.bloom.definitely_missing):
        with pytest.raises(TypeError, match="is a record, not a fingerprint"):
            ask(record)
    for ask_many in (Memory.bloom.might_exist_batch, Memory.freq.get_frequency_batch):
        for fingerprints in (record, [record], ["text", record]):
            with pytest.raises(TypeError, match="is a record, not a fingerprint"):
                ask_many(fingerprints)  # type: ignore[operator]
    for tell in (Memory.freq.get_frequency, Memory.freq.increment):
        with pytest.raises(TypeError, match="is a record, not a fingerprint"):
            tell(record)  # type: ignore[operator]


def test_the_key_of_a_record_stands_for_it(client: Any) -> None:
    a, b = memory("a: 1"), memory("b")
    assert Memory.associations.link(a.db_key, b.db_key) == 0.1
    assert Memory.associations.get_linked(a.db_key) == Memory.associations.get_linked(a)
    assert list(Memory.associations.propagate([a.db_key])) == [b.db_key.redis_key]
    with pytest.raises(ValueError, match=r"not one string: write \[pk\]"):
        Memory.associations.co_occur(a.db_key)


def test_a_record_of_another_model_is_a_pk_where_one_is_open(client: Any) -> None:
    note = Note.create(title="n", body="text")
    a = memory("a")
    Memory.associations.link(note, a)
    assert Memory.associations.get_linked(a) == [("Note:n", 0.1)]


# Iterables


def test_every_parameter_that_names_records_is_read_as_such() -> None:
    others = {
        *("min_weight", "limit", "initial_weight", "delta", "factor", "progress", "depth"),
        *("decay_per_hop", "threshold", "max_reads", "explain", "fingerprint", "fingerprints"),
        *("match", "by", "n", "all_partitions", "records_only"),
        *("keep", "seed_count", "found_weight"),
    }
    found = {
        name
        for kind in FIELDS
        for operation in operations(kind).values()
        for name in operation.parameters
    }
    assert found - others <= set(READERS)


class Pairs(Mapping[Any, Any]):
    """A mapping that is no dict."""

    def __init__(self, pairs: list[tuple[Any, Any]]) -> None:
        self.pairs = pairs

    def __getitem__(self, key: Any) -> Any:
        return next(value for one, value in self.pairs if one == key)

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, _ in self.pairs])

    def __len__(self) -> int:
        return len(self.pairs)


FORMS: dict[str, Callable[[list[Any]], Any]] = {
    "generator": lambda found: (one for one in found),
    "zip": lambda found: (one for one, _ in zip(found, found, strict=True)),
    "deque": deque,
    "tuple": tuple,
    "dict": lambda found: dict.fromkeys(found, 1.0),
    "view": lambda found: dict.fromkeys(found).keys(),
    "mapping": lambda found: Pairs([(one, 1.0) for one in found]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("field", "name"), CALLS)
def test_an_iterable_is_as_good_as_a_list(client: Any, field: Any, name: str, form: str) -> None:
    args = ARGUMENTS[name]
    if not args or not isinstance(args[0], list):
        return
    expected = outcome(client, getattr(field, name), *args)
    for call in (getattr(field, name), getattr(field, f"async_{name}")):
        assert outcome(client, call, FORMS[form](args[0]), *args[1:]) == expected


def test_a_pair_may_be_any_two(client: Any) -> None:
    for pairs in (zip([A, B], [D, D], strict=True), [iter((A, D)), [B, D]], ({A: 1, D: 2}, (B, D))):
        small_store(client)
        assert Topic.near.link_many(pairs, 0.25) == [0.25, 0.25]
    a = Topic(name="a")
    for pair in ("ab", a, a.db_key, (A,), (A, B, C), 3):
        with pytest.raises(ValueError, match="a pair is two records or pks"):
            Topic.near.link_many([pair])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="pairs are several"):
        Topic.near.link_many(3)  # type: ignore[call-overload]


def test_a_mapping_of_seeds_that_is_no_dict_has_weights_too(client: Any) -> None:
    small_store(client)
    seeds = [(A, 0.5), (D, 1.0)]
    expected = Topic.near.propagate(dict(seeds))
    assert Topic.near.propagate(Pairs(seeds)) == expected != Topic.near.propagate([A, D])


def test_a_model_may_be_named_by_position_alone(client: Any) -> None:
    with pytest.raises(TypeError):
        Memory.bloom.might_exist("x", model=Memory)  # type: ignore[call-overload]


# Which field


def test_one_of_several_fields_is_picked_by_name(client: Any) -> None:
    Two.create(name="a")
    client.delete("$EF:Two:second")
    assert ExistenceFilter.info(Two, field_name="first").exists
    assert not ExistenceFilter.info(Two, field_name="second").exists


def test_several_fields_and_no_name_is_an_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match=r"needs field_name= .*\(it has: first, second\)"):
        ExistenceFilter.might_exist(Two, "x")


def test_an_unknown_name_is_an_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match=r"has no field 'third' \(it has: first, second\)"):
        ExistenceFilter.might_exist(Two, "x", field_name="third")


def test_the_name_of_another_kind_of_field_is_unknown() -> None:
    with pytest.raises(ValueError, match="has no field 'associations'"):
        ExistenceFilter.might_exist(Memory, "x", field_name="associations")


def test_a_model_without_such_a_field_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match=r"ExistenceFilter on Bare .*it has: none"):
        ExistenceFilter.might_exist(Bare, "x")
    with pytest.raises(ValueError, match=r"ExistenceFilter on Bare .*it has: none"):
        ExistenceFilter.might_exist(Bare, "x", field_name="bloom")


def test_a_call_on_the_class_needs_a_model() -> None:
    for args in ((), ("x",), ("a", "b"), (None, "x"), (object, "x")):
        with pytest.raises(
            TypeError, match=r"ExistenceFilter\.might_exist\(\) takes a model class first"
        ):
            ExistenceFilter.might_exist(*args)


def test_a_field_has_no_use_for_a_name() -> None:
    with pytest.raises(TypeError, match="field_name"):
        Memory.bloom.might_exist("x", field_name="bloom")  # type: ignore[call-overload]


# Access


def test_the_class_gives_the_field_and_a_record_none(client: Any) -> None:
    saved = memory("a", "kubernetes")
    for name, kind in zip(("associations", "bloom", "freq"), FIELDS, strict=True):
        assert type(getattr(Memory, name)) is kind
        assert getattr(saved, name) is None
        assert getattr(Memory(key="unsaved"), name) is None
        assert getattr(object.__new__(Memory), name) is None  # while Popoto decodes one
        assert getattr(Memory.load(key="a", agent_id="agent"), name) is None


def test_a_field_knows_its_model() -> None:
    assert Memory.bloom.owner is Memory
    assert Memory.bloom.name == "bloom"


SAYS_SO = "Child has no field 'seen' of its own: Popoto does not inherit fields"


def test_a_subclass_has_no_field_and_its_access_says_so() -> None:
    with pytest.raises(AttributeError, match=SAYS_SO):
        _ = Child.seen
    assert not hasattr(Child, "seen")


def test_a_field_refuses_a_subclass_as_its_model(client: Any) -> None:
    with pytest.raises(FieldNotOnModelError, match=SAYS_SO):
        Topic.seen.might_exist(Child, "x")
    with pytest.raises(FieldNotOnModelError, match=SAYS_SO):
        Topic.seen.at().might_exist(Child, "x")


def test_a_field_refuses_another_model() -> None:
    with pytest.raises(FieldNotOnModelError, match="Two has no field 'seen' of its own"):
        Topic.seen.might_exist(Two, "x")


def test_a_call_on_the_class_says_that_a_subclass_has_no_field() -> None:
    with pytest.raises(ValueError, match=r"on Child .*Popoto does not inherit fields"):
        ExistenceFilter.might_exist(Child, "x")


def test_a_record_of_a_subclass_touches_nothing_of_its_parents(client: Any) -> None:
    small_store(client)
    before = contents(client)
    child = Child.create(name="a")
    child.delete()
    assert contents(client) == before


def test_a_field_without_a_model_says_so() -> None:
    with pytest.raises(AttributeError, match="ExistenceFilter is not declared on a model yet"):
        ExistenceFilter().might_exist("x")
    with pytest.raises(AttributeError, match="FrequencySketch is not declared on a model yet"):
        FrequencySketch().clear()


def test_fields_of_one_kind_are_told_apart_by_identity() -> None:
    assert Two.first is not Two.second
    with pytest.raises(FieldNotOnModelError):
        Two.first.check_on(Topic)
    Two.first.check_on(Two)


# Help


@pytest.mark.parametrize(("field", "name"), CALLS)
def test_the_signature_shows_the_arguments_of_each_way(field: Any, name: str) -> None:
    _, _, *own = inspect.signature(operations(type(field))[name].describe).parameters
    pipeline = ["pipeline"] if writes(field, name) else []
    on_field = inspect.signature(getattr(field, name))
    on_class = inspect.signature(getattr(type(field), name))
    assert list(on_field.parameters) == own + pipeline
    assert list(on_class.parameters) == ["model", *own, *pipeline, "field_name"]


def test_a_signature_reads_like_the_call() -> None:
    assert str(inspect.signature(Memory.bloom.might_exist)).startswith("(fingerprint: ")
    shown = str(inspect.signature(CoOccurrenceField.strengthen))
    for part in ("model, /", "source: ", "target: ", "delta: 'float' = 0.05", "pipeline=None"):
        assert part in shown


@pytest.mark.parametrize(("field", "name"), CALLS)
def test_help_shows_the_docstring(field: Any, name: str) -> None:
    summary = operations(type(field))[name].describe.__doc__.splitlines()[0]
    for thing in (getattr(field, name), getattr(type(field), name)):
        shown = pydoc.render_doc(thing, renderer=pydoc.plaintext)
        assert f"{type(field).__name__}.{name}(" in shown
        assert summary in shown


@pytest.mark.parametrize("kind", FIELDS)
def test_help_of_a_field_lists_its_operations(kind: Any) -> None:
    shown = pydoc.render_doc(kind, renderer=pydoc.plaintext)
    for name, operation in operations(kind).items():
        assert name in shown
        assert operation.describe.__doc__.splitlines()[0] in shown


def test_an_operation_has_the_name_it_is_called_by() -> None:
    assert Memory.bloom.might_exist.__name__ == "might_exist"
    assert Memory.bloom.async_might_exist.__name__ == "async_might_exist"
    assert repr(Memory.bloom.async_might_exist).startswith("<ExistenceFilter.async_might_exist(")


def test_a_wrong_number_of_arguments_names_the_operation(client: Any) -> None:
    with pytest.raises(TypeError, match=r"link\(\) missing .*'source' and 'target'"):
        Memory.associations.link()
    with pytest.raises(TypeError, match=r"unlink\(\) takes"):
        Memory.associations.unlink("a", "b", "c")
    with pytest.raises(TypeError, match=r"link\(\) got an unexpected keyword argument 'weight'"):
        Memory.associations.link("a", "b", weight=0.5)
    assert not client.keys()


def test_errors_of_arguments_are_of_the_types_that_callers_catch() -> None:
    assert issubclass(ArgumentError, ValueError)
    assert issubclass(ArgumentTypeError, TypeError)
