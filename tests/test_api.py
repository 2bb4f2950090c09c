"""The public names, signatures and errors, as they were promised."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import pkgutil
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import popoto
import pytest
import redis
from popoto.exceptions import ModelException
from support import FIELDS, KEY_BUILDERS, Topic, operations

import popoto_recall
from popoto_recall import RecallError, errors
from popoto_recall.structures.activation import Activation
from popoto_recall.structures.bloom import FilterInfo
from popoto_recall.structures.graph import GraphInfo
from popoto_recall.structures.sketch import SketchInfo

NAMES = """
    AdoptionError ArgumentError ArgumentTypeError CoOccurrenceField CorruptValueError
    ExistenceFilter FieldNotOnModelError ForeignLayoutError FrequencySketch IncompleteError
    OptionError OutOfMemoryError OutcomeUnknownError RebuildError RecallError StillWrittenError
    StoredValueError WrongTypeError async_forget embedded forget partition typed
"""

OPTIONS = """
    CoOccurrenceField(*, symmetric=True, max_edges=500, decay_factor=None, partition_by=None,
        seeds='leave')
    ExistenceFilter(*, capacity=100000, error_rate=0.01, fingerprint_fn=None, tokenizer=None,
        tokenizer_name=None, hash_version=2, partition_by=None)
    FrequencySketch(*, width=2000, depth=7, fingerprint_fn=None, tokenizer=None,
        tokenizer_name=None, top=0, count_on='save', partition_by=None)
"""
"""How each field is declared, beside type=str, null=True and default=None."""

OPERATIONS = """
    near.clear(progress=None, *, all_partitions=False)
    near.co_occur(pks, delta=0.05, *, records_only=False, pipeline=None)
    near.edges()
    near.get_edge_key(pk)
    near.get_edge_key_prefix()
    near.get_linked(pk, min_weight=0.01, limit=20)
    near.get_linked_many(pks, min_weight=0.01, limit=20)
    near.get_linked_records(pk, min_weight=0.01, limit=20)
    near.info()
    near.link(source, target, initial_weight=None, *, pipeline=None)
    near.link_many(pairs, initial_weight=None, *, pipeline=None)
    near.partitions()
    near.propagate(seed_pks, depth=2, decay_per_hop=None, threshold=0.01, *, limit=None,
        max_reads=None, explain=False)
    near.strengthen(source, target, delta=0.05, *, records_only=False, pipeline=None)
    near.strengthen_many(pairs, delta=0.05, *, records_only=False, pipeline=None)
    near.sweep(progress=None)
    near.unlink(source, target, *, pipeline=None)
    near.weaken_all(pk, factor=None, *, pipeline=None)
    near.weaken_graph(factor=None, progress=None)
    near.widen(hits, *, keep=5, limit=10, seed_count=5, depth=1, decay_per_hop=None,
        found_weight=1.0)
    often.clear(*, all_partitions=False, pipeline=None)
    often.get_frequency(fingerprint)
    often.get_frequency_batch(fingerprints)
    often.increment(fingerprint, by=1, *, pipeline=None)
    often.info()
    often.partitions()
    often.rebuild(progress=None)
    often.top(n=None)
    seen.clear(*, all_partitions=False, pipeline=None)
    seen.definitely_missing(fingerprint, match='any')
    seen.fill_ratio()
    seen.info()
    seen.might_exist(fingerprint, match='any')
    seen.might_exist_batch(fingerprints, match='any')
    seen.might_exist_count(fingerprints, match='any')
    seen.partitions()
    seen.rebuild(progress=None)
"""
"""Calls on a field; on its class the model comes first, and field_name= last."""

RESULTS: dict[Any, str] = {
    FilterInfo: "key exists complete capacity declared_capacity error_rate declared_error_rate "
    "tokenizer declared_tokenizer layers items fill_ratio false_positive_rate rebuilding size",
    GraphInfo: "prefix nodes edges most_edges bytes symmetric max_edges",
    SketchInfo: "key exists complete width declared_width depth declared_depth top declared_top "
    "tokenizer declared_tokenizer items error_bound rebuilding size",
}


def lines(table: str) -> list[str]:
    """Entries of a table, each in one line."""
    return re.sub(r"\n        +", " ", table).strip().splitlines()


def bare(signature: inspect.Signature, *without: str) -> str:
    kept = [part for part in signature.parameters.values() if part.name not in without]
    plain = [part.replace(annotation=inspect.Parameter.empty) for part in kept]
    return str(inspect.Signature(plain))


def test_the_public_names_are_these() -> None:
    assert popoto_recall.__all__ == NAMES.split()
    for name in NAMES.split():
        assert getattr(popoto_recall, name).__module__.startswith("popoto_recall.")


def test_the_options_are_these() -> None:
    shown = [
        f"{kind.__name__}{bare(inspect.signature(kind), 'type', 'null', 'default')}"
        for kind in FIELDS
    ]
    assert shown == [line.strip() for line in lines(OPTIONS)]


def test_the_operations_are_these() -> None:
    shown = [
        f"{field.name}.{name}{bare(inspect.signature(getattr(field, name)))}"
        for field in (Topic.near, Topic.often, Topic.seen)
        for name, operation in sorted(operations(type(field)).items())
        if not operation.asynchronous
    ]
    assert shown == [line.strip() for line in lines(OPERATIONS)]


def test_a_twin_takes_what_its_operation_takes() -> None:
    for field in (Topic.near, Topic.often, Topic.seen):
        for name, operation in operations(type(field)).items():
            if not operation.asynchronous and name not in KEY_BUILDERS:
                twin = getattr(field, f"async_{name}")
                assert inspect.signature(twin) == inspect.signature(getattr(field, name))


@pytest.mark.parametrize("kind", RESULTS)
def test_a_state_has_these_attributes(kind: Any) -> None:
    assert [field.name for field in fields(kind)] == RESULTS[kind].split()


def test_an_activation_is_a_dict_with_more_to_it() -> None:
    assert issubclass(Activation, dict)
    assert (Activation().truncated, Activation().paths) == (False, {})


def test_every_operation_is_type_checked() -> None:
    checked = (Path(__file__).parent / "typing" / "api.py").read_text("utf-8")
    missing = {
        f"{attribute}.{name}"
        for kind, attribute in zip(FIELDS, ("associations", "bloom", "freq"), strict=True)
        for name in operations(kind)
        if f"Memory.{attribute}.{name}(" not in checked
    }
    assert missing == set()


def test_every_operation_says_what_it_does() -> None:
    for kind in FIELDS:
        for name, operation in operations(kind).items():
            assert re.match(r"(`\w+`|[A-Z0-9]).*[.]", operation.describe.__doc__ or ""), name


@pytest.mark.parametrize("hook", ["on_save", "on_delete", "pre_save_validate"])
@pytest.mark.parametrize("kind", FIELDS)
def test_hooks_take_what_popoto_passes_by_name(kind: Any, hook: str) -> None:
    theirs = getattr(getattr(popoto, kind.__name__), hook)
    assert list(inspect.signature(getattr(kind, hook)).parameters) == list(
        inspect.signature(theirs).parameters
    )


# Errors


def tree() -> dict[str, tuple[str, set[str]]]:
    """The tree of the docstring of errors.py: each error's parent, and the types in brackets."""
    found: dict[str, tuple[str, set[str]]] = {}
    parents = ["RecallError"]
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"(    [ |`-]*-- )(\w+)(?: +\(([\w, ]+)\))?", line)
        if match:
            depth = len(match[1]) // 4 - 1
            del parents[depth:]
            found[match[2]] = (parents[-1], set(re.findall(r"\w+", match[3] or "")))
            parents.append(match[2])
    return found


def test_the_tree_of_errors_is_drawn_in_full() -> None:
    defined = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    ours = {name for name in defined if getattr(errors, name).__module__ == errors.__name__}
    assert set(tree()) == ours - {"RecallError"}
    assert ours == {name for name in NAMES.split() if name.endswith("Error")}


@pytest.mark.parametrize("name", tree())
def test_an_error_is_what_the_tree_says(name: str) -> None:
    parent, types = tree()[name]
    error = getattr(errors, name)
    assert getattr(errors, parent) in error.__bases__
    assert issubclass(error, RecallError)
    for other in types:
        assert issubclass(error, known(other))


def known(name: str) -> Any:
    """The type that a caller would catch under a name."""
    if name == "ModelException":
        return ModelException
    return getattr(redis, name, None) or getattr(builtins, name)


def test_an_out_of_memory_error_is_redis_pys_too() -> None:
    assert issubclass(errors.OutOfMemoryError, redis.exceptions.OutOfMemoryError)


def test_every_error_says_when() -> None:
    for name in tree():
        assert (getattr(errors, name).__doc__ or "").strip().endswith(".")


# Stubs


STUBS = Path(__file__).parent.parent / "typings"


@pytest.mark.parametrize("path", sorted(STUBS.rglob("*.pyi")), ids=lambda path: path.stem)
def test_stubs_say_of_popoto_what_it_is(path: Path) -> None:
    parts = path.relative_to(STUBS).with_suffix("").parts
    module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            check_parameters(getattr(module, node.name), node)
        elif isinstance(node, ast.ClassDef):
            check_class(module, node)


def check_class(module: Any, node: ast.ClassDef) -> None:
    cls = getattr(module, node.name)
    for base in node.bases:
        name = ast.unparse(base).partition("[")[0]
        resolved = pkgutil.resolve_name(name) if "." in name else getattr(module, name, None)
        assert issubclass(cls, resolved or getattr(builtins, name))
    for inner in node.body:
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner.name[:2] != "__":
            check_parameters(inspect.getattr_static(cls, inner.name), inner)


def check_parameters(value: Any, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if not isinstance(value, property):
        real = inspect.signature(getattr(value, "__func__", value)).parameters
        stub = [argument.arg for argument in node.args.args]
        assert list(real)[: len(stub)] == stub, node.name
