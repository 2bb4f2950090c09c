"""Our fields are Popoto's too: nothing that they inherit may touch the data in Popoto's way."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import popoto
import pytest
from models import Memory, Note, memory

import popoto_recall

FIELDS = ["CoOccurrenceField", "ExistenceFilter", "FrequencySketch"]

EXPRESSION = "builds a query expression, which Popoto then refuses: nothing is stored to query"
VALUE = "about the value in the record, and there is none"
NO_QUERY = "says that the field cannot be queried"
NO_STATE = "carries nothing: saves of the imported records fill filters and sketches"
KEY = "names a key, the same as ours; only overridden methods use it"
PURE = "arithmetic on the options; only overridden methods use it"
BEGIN = "has nothing to convert where hash_version() is 2, tested below"
TOKEN = "takes a token that _begin_v2_rebuild gives out, and there never is one"

ALLOWED = {
    **dict.fromkeys(["__eq__", "__ne__", "__gt__", "__lt__", "__ge__", "__le__"], EXPRESSION),
    "between": EXPRESSION,
    "is_valid": VALUE,
    "format_value_pre_save": VALUE,
    "get_filter_query_params": NO_QUERY,
    "filter_query": NO_QUERY,
    "get_special_use_field_db_key": "names a key for indexes of values; only such fields use it",
}
ALLOWED_ON = {
    "CoOccurrenceField": {},
    "ExistenceFilter": {
        "remap_references": VALUE,
        "export_state": NO_STATE,
        "import_state": NO_STATE,
        "_compute_params": PURE,
        "_compute_fingerprint": PURE,
        "_bloom_key": KEY,
        "_class_bloom_key": KEY,
        "_rebuild_lock_key": KEY,
        "_rebuild_staging_key": KEY,
        "_rebuild_keys": KEY,
        "_begin_v2_rebuild": BEGIN,
        "_renew_v2_rebuild": TOKEN,
        "_finish_v2_rebuild": TOKEN,
        "_refuse_v2_swap": TOKEN,
        "_abort_v2_rebuild": TOKEN,
    },
    "FrequencySketch": {
        "remap_references": VALUE,
        "export_state": NO_STATE,
        "import_state": NO_STATE,
        "_compute_fingerprint": PURE,
        "_cms_key": KEY,
    },
}


def inherited(name: str) -> Iterator[tuple[str, Any]]:
    """Methods that a field of ours takes over from Popoto as they are."""
    field, theirs = getattr(popoto_recall, name), getattr(popoto, name)
    order = field.__mro__
    ours = set().union(*(vars(cls) for cls in order[: order.index(theirs)]))
    for cls in theirs.__mro__[:-1]:
        for attribute, value in vars(cls).items():
            if attribute not in ours and attribute != "__init__" and is_method(value):
                yield attribute, value


def is_method(value: object) -> bool:
    return isinstance(value, (FunctionType, classmethod, staticmethod, property))


def allowed(name: str) -> dict[str, str]:
    return ALLOWED | ALLOWED_ON[name]


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_one_of_popotos(name: str) -> None:
    assert issubclass(getattr(popoto_recall, name), getattr(popoto, name))


@pytest.mark.parametrize("name", FIELDS)
def test_every_method_of_popotos_field_is_overridden_or_harmless(name: str) -> None:
    assert {method for method, _ in inherited(name)} - set(allowed(name)) == set()


@pytest.mark.parametrize("name", FIELDS)
def test_no_reason_outlives_the_method_it_is_for(name: str) -> None:
    assert set(allowed(name)) - {method for method, _ in inherited(name)} == set()


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_called_harmless_does_not_talk_to_a_server(name: str) -> None:
    harmless = {key for key, reason in allowed(name).items() if reason not in (BEGIN, TOKEN)}
    talkative = {
        method
        for method, value in inherited(name)
        if any(word in source(value) for word in ("get_REDIS_DB", "run_lua", "membership_"))
    }
    assert harmless & talkative == set()


def source(method: Any) -> str:
    return inspect.getsource(getattr(method, "__func__", method))


def test_popotos_names_of_keys_are_ours(client: Any) -> None:
    saved = memory("a", "kubernetes")
    assert Memory.bloom._bloom_key(saved) == Memory.bloom.info().key
    assert Memory.bloom._class_bloom_key(Memory) == Memory.bloom.info().key
    assert Memory.freq._cms_key(saved) == Memory.freq.info().key


def test_converting_filters_leaves_ours_as_it_is(client: Any) -> None:
    memory("a", "kubernetes networking")
    stored = client.get(Memory.bloom.info().key)
    assert Memory.rebuild_indexes(bloom_hash_version=2) == 1
    assert client.get(Memory.bloom.info().key) == stored
    assert Memory.bloom._begin_v2_rebuild(Memory) is None


def test_no_filter_is_reported_as_one_to_convert(client: Any) -> None:
    memory("a", "kubernetes")
    Note.create(title="n", body="text")
    for model in (Memory, Note):
        report = model.check_indexes()
        assert report["legacy_hash"] == report["stale_bloom_staging"] == []
        assert report["total"] == 0


def test_a_filter_or_sketch_exports_no_state(client: Any) -> None:
    saved = memory("a", "kubernetes")
    assert Memory.bloom.export_state(saved, "bloom", None) is None
    assert Memory.freq.export_state(saved, "freq", None) is None
