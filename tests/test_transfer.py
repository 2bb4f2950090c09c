"""Export and import through Popoto's own transfer."""

from __future__ import annotations

import io
from typing import Any

import pytest
from popoto import Model, StringField

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch


class Leaf(Model):
    """A model without a KeyField: its records get new keys when an import asks for them."""

    text = StringField()
    near = CoOccurrenceField(max_edges=3)
    cites = CoOccurrenceField(symmetric=False)
    seen = ExistenceFilter(capacity=1000, fingerprint_fn=lambda leaf: leaf.text)
    often = FrequencySketch(fingerprint_fn=lambda leaf: leaf.text)


@pytest.fixture
def exported(client: Any) -> io.StringIO:
    leaves = {text: Leaf.create(text=text) for text in ("apple", "pear", "fig", "alone")}
    Leaf.near.link(Leaf, leaves["apple"], leaves["pear"], 0.3)
    Leaf.near.link(Leaf, leaves["pear"], leaves["fig"], 0.7)
    Leaf.cites.link(Leaf, leaves["apple"], leaves["pear"], 0.2)
    Leaf.cites.link(Leaf, leaves["fig"], leaves["apple"], 0.9)
    stream = io.StringIO()
    Leaf.export_records(stream=stream)
    client.delete(*client.scan_iter())
    stream.seek(0)
    return stream


def by_text(field: Any) -> dict[str, list[tuple[str, float]]]:
    leaves = {leaf.text: leaf for leaf in Leaf.query.all()}
    texts = {leaf.db_key.redis_key: text for text, leaf in leaves.items()}
    return {
        text: [(texts[pk], weight) for pk, weight in field.get_linked(leaf)]
        for text, leaf in leaves.items()
    }


@pytest.mark.parametrize("preserve_keys", [True, False])
def test_an_imported_model_answers_the_same(exported: io.StringIO, preserve_keys: bool) -> None:
    Leaf.import_records(exported, preserve_keys=preserve_keys)
    assert by_text(Leaf.near) == {
        "apple": [("pear", 0.3)],
        "pear": [("fig", 0.7), ("apple", 0.3)],
        "fig": [("pear", 0.7)],
        "alone": [],
    }
    assert by_text(Leaf.cites) == {
        "apple": [("pear", 0.2)],
        "pear": [],
        "fig": [("apple", 0.9)],
        "alone": [],
    }
    assert Leaf.seen.might_exist_batch(["apple", "kiwi"]) == {"apple": True, "kiwi": False}
    assert Leaf.often.get_frequency_batch(["fig", "kiwi"]) == {"fig": 1, "kiwi": 0}


def test_importing_twice_changes_nothing(exported: io.StringIO) -> None:
    Leaf.import_records(exported)
    before = by_text(Leaf.near), by_text(Leaf.cites)
    exported.seek(0)
    Leaf.import_records(exported, on_conflict="overwrite")
    assert (by_text(Leaf.near), by_text(Leaf.cites)) == before


def test_an_import_keeps_to_max_edges_and_the_cap(client: Any) -> None:
    leaf = Leaf.create(text="hub")
    key = leaf.db_key.redis_key
    state = {"key": key, "edges": {f"n{i}": i * 0.3 for i in range(1, 6)}}
    Leaf.near.import_state(leaf, "near", state)
    assert Leaf.near.get_linked(leaf) == [("n5", 1.0), ("n4", 1.0), ("n3", pytest.approx(0.9))]
    assert Leaf.near.get_linked("n4") == [(key, 1.0)]
    assert Leaf.near.get_linked("n1") == []


@pytest.mark.parametrize("order", [("cup", "tea"), ("tea", "cup")])
def test_what_popoto_knew_in_one_direction_is_kept(client: Any, order: tuple[str, str]) -> None:
    leaves = {name: Leaf.create(text=name) for name in order}
    cup, tea = (leaves[name].db_key.redis_key for name in ("cup", "tea"))
    told = {"cup": {"pot": 0.2, tea: 0.3}, "tea": {cup: 0.4, "milk": 0.1}}
    for name in order:
        Leaf.near.import_state(leaves[name], "near", {"edges": told[name], "max_edges": 3})
    assert Leaf.near.get_linked(cup) == [(tea, 0.4), ("pot", 0.2)]
    assert Leaf.near.get_linked(tea) == [(cup, 0.4), ("milk", 0.1)]
    assert Leaf.near.get_linked("pot") == [(cup, 0.2)]


def test_of_what_is_merged_the_heaviest_stay(client: Any) -> None:
    leaf = Leaf.create(text="hub")
    Leaf.near.link_many([(leaf, "a"), (leaf, "b")], 0.5)
    Leaf.near.import_state(leaf, "near", {"edges": {"c": 0.6, "d": 0.2, "b": 0.1}, "max_edges": 3})
    assert Leaf.near.get_linked(leaf) == [("c", 0.6), ("b", 0.5), ("a", 0.5)]
    assert Leaf.near.get_linked("d") == []


def test_an_import_takes_no_heavier_edge_of_a_full_neighbour(client: Any) -> None:
    leaf = Leaf.create(text="hub")
    Leaf.near.link_many([("full", "x"), ("full", "y"), ("full", "z")], 0.5)
    state = {"key": leaf.db_key.redis_key, "edges": {"full": 0.2, "free": 0.1}}
    Leaf.near.import_state(leaf, "near", state)
    assert Leaf.near.get_linked("full") == [("z", 0.5), ("y", 0.5), ("x", 0.5)]
    assert Leaf.near.get_linked(leaf) == [("free", 0.1)]
    state["edges"]["full"] = 0.6
    Leaf.near.import_state(leaf, "near", state)
    assert len(Leaf.near.get_linked("full")) == 3
    assert Leaf.near.get_linked(leaf) == [("full", 0.6), ("free", 0.1)]


def test_an_import_replaces_the_edges_that_leave_the_record(client: Any) -> None:
    leaf = Leaf.create(text="hub")
    key = leaf.db_key.redis_key
    Leaf.cites.link(leaf, "old")
    Leaf.cites.link("other", leaf)
    Leaf.cites.import_state(leaf, "cites", {"key": key, "edges": {"new": 0.5}})
    assert Leaf.cites.get_linked(leaf) == [("new", 0.5)]
    assert Leaf.cites.get_linked("other") == [(key, 0.1)]
    Leaf.delete(leaf)
    assert Leaf.cites.get_linked("other") == []
