"""What an async twin goes by: all as it was when the call was made, not when it is awaited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import popoto
import pytest
from popoto import Defaults, KeyField, Model, StringField

from popoto_recall import ArgumentError, CoOccurrenceField, ExistenceFilter, embedded, partition
from popoto_recall.fields._client import client as client_of_call
from popoto_recall.fields._operation import Pages, asynchronous, iteration
from popoto_recall.fields._scope import Scope


class Toy(CoOccurrenceField):
    """A graph that can be counted out."""

    @iteration
    def nodes(self, at: Scope, /, pks: Any, size: int = 2) -> Pages[tuple[str, int, str]]:
        """Tell of each pk in which partition, by which client and in which thread it was read."""
        if size < 1:
            raise ArgumentError("size must be >= 1")
        return self._pages(at, pks, size)

    def _pages(self, at: Scope, pks: list[str], size: int) -> Pages[tuple[str, int, str]]:
        for start in range(0, len(pks), size):
            where, thread = id(client_of_call()), threading.current_thread().name
            agent = "".join(at.values())
            yield [(f"{agent} {pk}", where, thread) for pk in pks[start : start + size]]

    async_nodes = asynchronous(nodes)


class Fact(Model):
    name = KeyField()
    agent = KeyField()
    text = StringField()
    near = Toy(partition_by="agent")
    seen = ExistenceFilter(
        capacity=100, fingerprint_fn=lambda fact: fact.text, partition_by="agent"
    )


def fact(name: str, agent: str, text: str = "") -> Fact:
    return Fact.create(name=name, agent=agent, text=text)


# Read at the call


def test_the_block_is_that_of_the_call(client: Any) -> None:
    a, _, c, _ = fact("a", "one", "apple"), fact("b", "one"), fact("c", "two"), fact("d", "two")

    async def ask() -> list[Any]:
        with partition(agent="one"):
            calls = [
                Fact.seen.async_might_exist("apple"),
                Fact.near.async_link("x", "y", 0.5),
                Fact.seen.async_rebuild(),
                Fact.near.async_get_linked_records("x"),
            ]
        with partition(agent="two"):
            return [await call for call in calls]

    assert asyncio.run(ask()) == [True, 0.5, 2, []]
    assert Fact.near.at(agent="one").get_linked("x") == [("y", 0.5)]
    assert Fact.near.at(agent="two").get_linked("x") == []
    assert (a.agent, c.agent) == ("one", "two")


def test_a_record_is_what_it_was_at_the_call(client: Any) -> None:
    a = Fact(name="a", agent="one")

    async def link() -> float:
        call = Fact.near.async_link(a, "x")
        a.agent = "two"
        return float(await call)

    assert asyncio.run(link()) == 0.1
    assert Fact.near.at(agent="one").get_linked("x") == [("Fact:one:a", 0.1)]


def test_iterables_are_read_at_the_call(client: Any) -> None:
    read: list[str] = []

    def noted(*names: str) -> Iterator[str]:
        for name in names:
            read.append(name)
            yield name

    pairs = [("x", "y")]

    async def ask() -> list[Any]:
        near = Fact.near.at(agent="one")
        calls = [near.async_link_many(pairs), near.async_co_occur(noted("p", "q"))]
        assert read == ["p", "q"]
        pairs[0] = ("changed", "later")
        return [await call for call in calls]

    assert asyncio.run(ask()) == [[0.1], 1]
    assert Fact.near.at(agent="one").get_linked("x") == [("y", 0.1)]


def test_defaults_are_read_at_the_call(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    near = Fact.near.at(agent="one")
    near.link("x", "y", 0.8)

    async def ask() -> list[Any]:
        calls = [near.async_link("x", "z"), near.async_weaken_graph(), near.async_propagate(["y"])]
        with monkeypatch.context() as patch:
            patch.setattr(Defaults, "CO_OCCURRENCE_INITIAL_WEIGHT", 0.9)
            patch.setattr(Defaults, "CO_OCCURRENCE_DECAY_FACTOR", 0.0)
            patch.setattr(Defaults, "CO_OCCURRENCE_DECAY_PER_HOP", 0.9)
            return [await call for call in calls]

    weight, dropped, found = asyncio.run(ask())
    assert (weight, dropped) == (0.1, 0)
    assert found == {"x": pytest.approx(0.38), "z": pytest.approx(0.01805)}


def test_the_client_is_that_of_the_call(client: Any) -> None:
    fact("a", "one", "apple")
    near = Fact.near.at(agent="one")
    near.link("x", "y", 0.5)

    async def ask() -> list[Any]:
        calls = [
            Fact.seen.at(agent="one").async_might_exist("apple"),
            near.async_strengthen("x", "y", 0.25),
            near.async_weaken_graph(0.5),
            Fact.near.async_weaken_graph(0.5),
            Fact.near.async_partitions(),
        ]
        with embedded() as other:
            found = [await call for call in calls]
            assert other.keys() == []
        return found

    assert asyncio.run(ask()) == [True, 0.75, 0, 0, [{"agent": "one"}]]
    assert near.get_linked("x") == [("y", 0.1875)]


def test_what_is_wrong_is_raised_when_it_is_awaited(client: Any) -> None:
    async def ask() -> None:
        near = Fact.near.at(agent="one")
        calls: list[tuple[type[Exception], Any]] = [
            (ArgumentError, Fact.seen.async_might_exist("x")),
            (TypeError, Fact.seen.at(agent="one").async_might_exist()),  # type: ignore[call-overload]
            (ArgumentError, near.async_link("x", "x", pipeline=popoto.batch())),
        ]
        for error, call in calls:
            assert asyncio.iscoroutine(call)
            with pytest.raises(error):
                await call

    asyncio.run(ask())


def test_a_pipeline_is_filled_when_the_twin_is_awaited(client: Any) -> None:
    async def ask() -> None:
        pipeline = popoto.batch()
        calls = [
            Fact.near.at(agent="one").async_link(f"x{i}", "y", pipeline=pipeline) for i in range(9)
        ]
        assert not pipeline.command_stack
        assert await asyncio.gather(*calls) == [None] * 9
        assert len(pipeline.execute()) == 9

    asyncio.run(ask())


# Iterations


async def listed(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


def both(call: Callable[[str], Any]) -> tuple[list[Any], list[Any]]:
    """What an iteration and its twin give."""
    return list(call("nodes")), asyncio.run(listed(call("async_nodes")))


def test_an_iteration_and_its_twin_give_the_same(client: Any) -> None:
    expected = ["one a", "one b", "one c"]
    for call in (
        lambda name: getattr(Fact.near.at(agent="one"), name)(iter("abc")),
        lambda name: getattr(Fact.near.at(agent="one"), name)(Fact, [*"abc"]),
        lambda name: getattr(Toy.at(Fact, agent="one"), name)(["a", "b", "c"], size=1),
    ):
        plain, later = both(call)
        assert [item for item, _, _ in plain] == [item for item, _, _ in later] == expected
        assert {thread for _, _, thread in plain} == {threading.current_thread().name}
        assert threading.current_thread().name not in {thread for _, _, thread in later}
    assert both(lambda name: getattr(Fact.near.at(agent="one"), name)([])) == ([], [])


def test_an_iteration_goes_by_what_was_when_it_was_called(client: Any) -> None:
    own = id(popoto.redis_db.get_REDIS_DB())

    async def later() -> list[Any]:
        with partition(agent="one"):
            found = Fact.near.async_nodes(["a"])
        with embedded(), partition(agent="two"):
            return await listed(found)

    with partition(agent="one"):
        plain = Fact.near.nodes(["a"])
    with embedded(), partition(agent="two"):
        found = list(plain)
    for item, where, _ in (*found, *asyncio.run(later())):
        assert (item, where) == ("one a", own)


def test_an_iteration_is_refused_as_other_calls_are(client: Any) -> None:
    for wrong, error in (
        (lambda name: getattr(Fact.near, name)(["a"]), ArgumentError),
        (lambda name: getattr(Fact.near.at(agent="one"), name)(["a"], 0), ArgumentError),
        (lambda name: getattr(Fact.near.at(agent="one"), name)(["a"], pipeline=None), TypeError),
    ):
        with pytest.raises(error):
            wrong("nodes")
        later = wrong("async_nodes")
        with pytest.raises(error):
            asyncio.run(listed(later))


def test_an_iteration_may_be_left_early(client: Any) -> None:
    async def first() -> str:
        async for item, _, _ in Fact.near.at(agent="one").async_nodes([*"abcdef"]):
            return str(item)
        return ""

    assert asyncio.run(first()) == "one a"
    assert next(Fact.near.at(agent="one").nodes([*"abcdef"]))[0] == "one a"
