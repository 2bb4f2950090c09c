"""Random histories of two tenants: after each step, nothing of one is with the other.

A call names a tenant by `at`, by a block, by what stands for records among its arguments, or by
none of these. What it must do follows from that alone: it works for the only tenant that is named,
and is refused, with nothing sent, if there are none or two.

``RECALL_LONG=1`` takes ten times as many steps.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from types import MappingProxyType
from typing import Any

import popoto
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from popoto import KeyField, Model, StringField
from support import contents

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch, partition

LONG = bool(os.environ.get("RECALL_LONG"))
EXAMPLES = 250 if LONG else 25
STEPS = 40

TENANTS = {"a1": "{a1}", "b-2:c": "{b-2%3Ac}"}
"""Each, and the hash tag of its keys."""

WORDS = {"a1": "apple", "b-2:c": "banana"}
"""What only the records of a tenant say."""

NAMES = ["x", "y", "c-d", "p:q"]


def text_of(fact: Any) -> str:
    return str(fact.text)


class Fact(Model):
    name = KeyField()
    agent = KeyField()
    text = StringField()
    near = CoOccurrenceField(max_edges=3, partition_by="agent")
    cites = CoOccurrenceField(symmetric=False, max_edges=3, partition_by="agent")
    seen = ExistenceFilter(capacity=100, fingerprint_fn=text_of, partition_by="agent")
    often = FrequencySketch(width=200, top=5, fingerprint_fn=text_of, partition_by="agent")


def unsaved(tenant: str, name: str) -> Fact:
    return Fact(name=name, agent=tenant, text=WORDS[tenant])


KEYS = {unsaved(tenant, name).db_key.redis_key: tenant for tenant in TENANTS for name in NAMES}
"""Every key of a record, and whose it is."""

FREE = ["hub", *NAMES, *(f"Fact:{tenant}:{name}" for tenant in TENANTS for name in NAMES)]
"""Names, some of which are keys that Popoto would have escaped, and some keys all the same."""

FORMS: list[Callable[[Fact], Any]] = [
    lambda record: record,
    lambda record: record.db_key,
    lambda record: record.db_key.redis_key,
    lambda record: record.db_key.redis_key.encode(),
]

SEVERAL: list[Callable[[list[Any]], Any]] = [
    list,
    tuple,
    deque,
    iter,
    lambda found: (one for one in found),
    lambda found: dict(enumerate(found)).values(),
    lambda found: map(lambda one: one, found),  # noqa: C417
]

tenant = st.sampled_from(list(TENANTS))
named = st.one_of(st.none(), tenant)
record = st.builds(
    lambda form, who, name: form(unsaved(who, name)),
    st.sampled_from(FORMS),
    tenant,
    st.sampled_from(NAMES),
)
thing = st.one_of(record, st.sampled_from(FREE))
several = st.sampled_from(SEVERAL)
mode = st.sampled_from(["sync", "async", "pipeline", "async pipeline"])
graph = st.sampled_from(["near", "cites"])
kind = st.sampled_from(["near", "cites", "seen", "often"])


def pk(value: Any) -> str:
    """What stands for a record, as text."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Fact):
        value = value.db_key
    return str(getattr(value, "redis_key", value))


def tenant_of(value: Any) -> set[str]:
    return {KEYS[pk(value)]} if pk(value) in KEYS else set()


class Call:
    """A call on a field, in one of the ways to name a tenant."""

    def __init__(self, client: Any, field: str, at: str | None, block: str | None) -> None:
        self.client = client
        self.field = getattr(Fact, field)
        self.at = at
        self.block = block

    def named(self, *things: Any) -> set[str]:
        """The tenants that the call names, with these among its arguments."""
        found = {one for one in (self.at, self.block) if one is not None}
        return found.union(*map(tenant_of, things))

    def make(self, mode: str, name: str, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            if self.block is not None:
                stack.enter_context(partition(agent=self.block))
            field = self.field if self.at is None else self.field.at(agent=self.at)
            if "pipeline" in mode and "get" not in name and name != "propagate":
                kwargs["pipeline"] = popoto.batch()
            result = getattr(field, "async_" * ("async" in mode) + name)(*args, **kwargs)
        if inspect.iscoroutine(result):
            with partition(agent=next(iter(TENANTS))):  # that of the call counts
                result = asyncio.run(result)
        if "pipeline" in kwargs:
            kwargs["pipeline"].execute()
        return result

    def check(self, things: list[Any], mode: str, name: str, *args: Any, **kwargs: Any) -> Any:
        """Make the call, and see that it works for the tenant that it names, or not at all."""
        whose, before = self.named(*things), contents(self.client)
        result = refusal = None
        try:
            result = self.make(mode, name, *args, **kwargs)
        except ValueError as error:
            refusal = str(error)
        after = contents(self.client)
        if len(whose) != 1 or refusal is not None:
            assert refusal is not None, f"{name} of {whose}"
            assert after == before
            ends = list(map(pk, things))
            loops = len(set(ends)) < len(ends) and "self-loop" in refusal
            assert len(whose) != 1 or loops, refusal
            return None
        unchanged(before, after, whose.pop())
        return result


def unchanged(before: dict[bytes, Any], after: dict[bytes, Any], whose: str) -> None:
    """See that no key changed but those of one tenant's recall data."""
    tag = TENANTS[whose].encode()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {key for key in changed if tag not in key} == set()


def machine(client: Any) -> type[RuleBasedStateMachine]:
    class Histories(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            for key in client.keys("*"):
                client.delete(key)
            self.records: dict[tuple[str, str], Fact] = {}

        # Records, in whatever block

        @rule(who=tenant, name=st.sampled_from(NAMES), block=named)
        def save(self, who: str, name: str, block: str | None) -> None:
            with partition(**({} if block is None else {"agent": block})):
                fact = self.records.setdefault((who, name), unsaved(who, name))
                fact.save()

        @rule(data=st.data(), block=named)
        def delete(self, data: st.DataObject, block: str | None) -> None:
            if not self.records:
                return
            found = data.draw(st.sampled_from(sorted(self.records)))
            with partition(**({} if block is None else {"agent": block})):
                self.records.pop(found).delete()

        @rule(data=st.data(), who=tenant, name=st.sampled_from(NAMES), block=named)
        def move(self, data: st.DataObject, who: str, name: str, block: str | None) -> None:
            if not self.records or (who, name) in self.records:
                return
            fact = self.records.pop(data.draw(st.sampled_from(sorted(self.records))))
            fact.agent, fact.name, fact.text = who, name, WORDS[who]
            self.records[who, name] = fact
            with partition(**({} if block is None else {"agent": block})):
                fact.save(migrate_key=True)

        @rule(who=tenant, field=graph, to=st.lists(st.sampled_from([*KEYS, "hub"])), block=named)
        def import_edges(self, who: str, field: str, to: list[str], block: str | None) -> None:
            into = self.records.get((who, "x"))
            if into is None:
                return
            edges = dict.fromkeys(to, 0.5)
            with partition(**({} if block is None else {"agent": block})):
                getattr(Fact, field).import_state(into, field, {"key": "Fact:o:x", "edges": edges})

        # Calls

        @rule(
            field=graph,
            at=named,
            block=named,
            mode=mode,
            name=st.sampled_from(["link", "strengthen", "unlink"]),
            ends=st.tuples(thing, thing),
        )
        def write(self, field: str, at: Any, block: Any, mode: str, name: str, ends: Any) -> None:
            Call(client, field, at, block).check(list(ends), mode, name, *ends)

        @rule(
            field=graph,
            at=named,
            block=named,
            mode=mode,
            name=st.sampled_from(["link_many", "strengthen_many"]),
            ends=st.lists(thing, min_size=4, max_size=4),
            several=several,
        )
        def write_many(
            self, field: str, at: Any, block: Any, mode: str, name: str, ends: Any, several: Any
        ) -> None:
            pairs = several(list(zip(ends[::2], ends[1::2], strict=True)))
            Call(client, field, at, block).check(ends, mode, name, pairs)

        @rule(field=graph, at=named, block=named, mode=mode, ends=st.lists(thing), several=several)
        def co_occur(
            self, field: str, at: Any, block: Any, mode: str, ends: Any, several: Any
        ) -> None:
            Call(client, field, at, block).check(ends, mode, "co_occur", several(ends))

        @rule(field=graph, at=named, block=named, mode=mode, one=thing)
        def ask(self, field: str, at: Any, block: Any, mode: str, one: Any) -> None:
            call = Call(client, field, at, block)
            call.check([one], mode, "get_linked", one)
            call.check([one], "sync", "get_edge_key", one)
            found = call.check([one], mode, "get_linked_records", one)
            for linked, _ in found or ():
                assert {linked.agent} == call.named(one)

        @rule(field=graph, at=named, block=named, mode=mode, ends=st.lists(thing), several=several)
        def ask_many(
            self, field: str, at: Any, block: Any, mode: str, ends: Any, several: Any
        ) -> None:
            call = Call(client, field, at, block)
            call.check(ends, mode, "get_linked_many", several(ends))
            seeds: Any = several(ends)
            if not any(isinstance(end, list) for end in ends):  # a db_key is no key of a dict
                seeds = MappingProxyType(dict.fromkeys(ends, 1.0))
            call.check(ends, mode, "propagate", seeds)

        @rule(at=named, block=named, mode=mode)
        def count(self, at: Any, block: Any, mode: str) -> None:
            call = Call(client, "often", at, block)
            word = WORDS[min(call.named(), default="a1")]
            call.check([], mode, "increment", word, 2)
            call.check([], "sync", "get_frequency", word)

        @rule(field=kind, at=named, block=named)
        def clear(self, field: str, at: Any, block: Any) -> None:
            if field in ("seen", "often"):
                Call(client, field, at, block).check([], "sync", "clear")

        @rule(
            field=kind,
            at=named,
            block=named,
            mode=st.sampled_from(["sync", "async"]),
            name=st.sampled_from(["weaken_graph", "sweep", "rebuild", "partitions"]),
        )
        def keep_up(self, field: str, at: Any, block: Any, mode: str, name: str) -> None:
            call = Call(client, field, at, block)
            if not hasattr(call.field, name):
                return
            whose = call.named()
            if len(whose) != 1:
                before = contents(client)
                try:
                    call.make(mode, name)  # of nobody in particular, and so of all
                except ValueError:
                    assert contents(client) == before
                    assert len(whose) == 2
                return
            found = call.check([], mode, name)
            if name == "partitions":
                assert {one["agent"] for one in found} <= whose

        # What must hold

        @invariant()
        def every_key_is_somebodys(self) -> None:
            for key in map(bytes.decode, client.keys("$[ECF]*")):
                if key.startswith(("$EF:", "$FS:", "$CoOc")):
                    family, _, _, tag, *node = key.split(":", 4)
                    assert tag in TENANTS.values(), key
                    if family.startswith("$CoOc"):
                        self.check_nodes(tag, [*node, *map(bytes.decode, members(key))])

        def check_nodes(self, tag: str, nodes: list[str]) -> None:
            for node in nodes:
                assert node not in KEYS or TENANTS[KEYS[node]] == tag, (tag, node)

        @invariant()
        def nobody_knows_anothers_words(self) -> None:
            for who in TENANTS:
                seen, often = Fact.seen.at(agent=who), Fact.often.at(agent=who)
                others = [word for owner, word in WORDS.items() if owner != who]
                assert seen.might_exist_count(others) == 0
                assert set(often.get_frequency_batch(others).values()) == {0}
                assert {word for word, _ in often.top()} <= {WORDS[who]}

    def members(key: str) -> list[bytes]:
        found: list[bytes] = client.zrange(key, 0, -1)
        return found

    return Histories


@pytest.mark.timeout(900)
def test_nothing_of_a_tenant_is_with_another(client: Any) -> None:
    run_state_machine_as_test(
        machine(client),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
