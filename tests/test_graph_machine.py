"""Random histories of two graphs, of records and of plain names, against dicts of dicts.

``RECALL_LONG=1`` takes more than ten thousand steps per server and model, not 2,500.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from graph_oracle import Edges, PlainGraph, assert_listed, assert_sound, stored
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from popoto import Model, UniqueKeyField
from popoto.models.db_key import DB_key

from popoto_recall import CoOccurrenceField

LONG = bool(os.environ.get("RECALL_LONG"))
EXAMPLES = 220 if LONG else 50
STEPS = 50


class Item(Model):
    title = UniqueKeyField()
    friends = CoOccurrenceField(max_edges=3)
    leads_to = CoOccurrenceField(symmetric=False, max_edges=4)


class Pair(Model):
    """The same with one edge per node."""

    title = UniqueKeyField()
    friends = CoOccurrenceField(max_edges=1)
    leads_to = CoOccurrenceField(symmetric=False, max_edges=5)


TITLES = ["a", "b", "c:d", "e*", "f g", "{&#58;}", "a-b", "a/-b"]
FREE = ["plain", "two words", "nul\0"]
WEIGHTS = st.one_of(
    st.sampled_from([0.001, 0.0015, 0.1, 0.25, 0.5, 1.0]),
    st.floats(1e-4, 1.0, allow_subnormal=False),
)
FACTORS = st.one_of(st.sampled_from([0, 0.5, 1]), st.floats(0, 1))
TITLE = st.sampled_from(TITLES)


def names_of(model: type[Model], title: str) -> tuple[str, str, str]:
    """Redis key, unescaped key and bare value of a record; a name that is another's key is not."""
    key, unescaped = (f"{model.__name__}:{part}" for part in (DB_key.clean(title), title))
    is_a_key = ":" not in title and DB_key.clean(DB_key.unclean(title)) == title
    return key, key if is_a_key else unescaped, title


def machine(model: Any, client: Any) -> type[RuleBasedStateMachine]:
    pool = [name for title in TITLES for name in names_of(model, title)] + FREE
    # few names more often than many, so that nodes fill up and meet again
    pk = st.one_of(st.sampled_from(pool[:4]), st.sampled_from(pool))
    ends = st.lists(pk, min_size=2, max_size=2, unique=True)
    sets = st.lists(pk, min_size=0, max_size=5)

    class Histories(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            for key in client.keys("*"):
                client.delete(key)
            self.records: dict[str, Any] = {}
            self.graphs = [
                (field, PlainGraph(field.symmetric, field.max_edges))
                for field in (model.friends, model.leads_to)
            ]

        @rule(title=TITLE)
        def save(self, title: str) -> None:
            if title in self.records:
                self.records[title].save()
            else:
                self.records[title] = model.create(title=title)

        @precondition(lambda self: self.records)
        @rule(data=st.data())
        def delete(self, data: st.DataObject) -> None:
            title = data.draw(st.sampled_from(sorted(self.records)))
            self.records.pop(title).delete()
            for _, plain in self.graphs:
                plain.delete(names_of(model, title))

        @precondition(lambda self: self.records)
        @rule(data=st.data(), new=TITLE, queued=st.booleans())
        def rename(self, data: st.DataObject, new: str, queued: bool) -> None:
            old = data.draw(st.sampled_from(sorted(self.records)))
            if new in self.records:
                return
            record = self.records[new] = self.records.pop(old)
            record.title = new
            pipeline = client.pipeline() if queued else None
            record.save(migrate_key=True, pipeline=pipeline)
            if pipeline is not None:
                pipeline.execute()
            for pair in renamed(names_of(model, old), names_of(model, new)):
                for _, plain in self.graphs:
                    plain.rename(*pair)

        @rule(ends=ends, weight=WEIGHTS)
        def link(self, ends: list[str], weight: float) -> None:
            for field, plain in self.graphs:
                assert field.link(*ends, weight) == plain.link(*ends, weight)

        @rule(ends=ends, delta=WEIGHTS, times=st.integers(1, 3))
        def strengthen(self, ends: list[str], delta: float, times: int) -> None:
            for field, plain in self.graphs:
                expected = [plain.strengthen(*ends, delta) for _ in range(times)]
                assert field.strengthen_many([ends] * times, delta) == expected

        @rule(pairs=st.lists(ends, max_size=4), weight=WEIGHTS)
        def link_many(self, pairs: list[list[str]], weight: float) -> None:
            for field, plain in self.graphs:
                expected = [plain.link(*pair, weight) for pair in pairs]
                assert field.link_many(pairs, weight) == expected

        @rule(pks=sets, delta=WEIGHTS)
        def co_occur(self, pks: list[str], delta: float) -> None:
            for field, plain in self.graphs:
                expected = plain.co_occur(list(dict.fromkeys(pks)), delta)
                assert field.co_occur(pks, delta) == expected

        @rule(ends=ends)
        def unlink(self, ends: list[str]) -> None:
            for field, plain in self.graphs:
                field.unlink(*ends)
                plain.unlink(*ends)

        @rule(pk=pk, factor=FACTORS)
        def weaken_all(self, pk: str, factor: float) -> None:
            for field, plain in self.graphs:
                assert field.weaken_all(pk, factor) == plain.weaken(pk, factor)

        @rule(factor=FACTORS)
        def weaken_graph(self, factor: float) -> None:
            for field, plain in self.graphs:
                assert field.weaken_graph(factor) == plain.weaken_graph(factor)

        @invariant()
        def the_store_is_sound_and_as_expected(self) -> None:
            for field, plain in self.graphs:
                edges = stored(client, field.get_edge_key_prefix())
                reverse = None if field.symmetric else stored(client, reverse_prefix(field))
                assert_sound(edges, reverse, field.max_edges)
                assert_listed(client, field.get_edge_key_prefix())
                assert edges == some(plain.edges)

    return Histories


def renamed(old: tuple[str, ...], new: tuple[str, ...]) -> list[tuple[str, str]]:
    """Which name takes the edges of which; one that is also the key goes where the key goes."""
    return list(dict(zip(old[::-1], new[::-1], strict=True)).items())


def reverse_prefix(field: Any) -> str:
    prefix: str = field.get_edge_key_prefix()
    return prefix.replace("$CoOcF", "$CoOcR", 1)


def some(edges: Edges) -> Edges:
    return {node: targets for node, targets in edges.items() if targets}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", [Item, Pair])
def test_any_history_leaves_the_graphs_whole(client: Any, model: Any) -> None:
    run_state_machine_as_test(
        machine(model, client),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            # the shortest failing history takes minutes to find: not where a failure blocks others
            phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
