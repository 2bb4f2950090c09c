"""`partition`: what a block names, where, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from contextvars import copy_context
from typing import Any

import pytest

from popoto_recall import ArgumentError, partition
from popoto_recall.fields._blocks import agreeing_partition, named_by_blocks


def named() -> dict[str, str]:
    return dict(named_by_blocks())


def test_an_inner_block_adds_and_overrides_by_name() -> None:
    with partition(agent="a1"):
        with partition(project=7):
            assert named() == {"agent": "a1", "project": "7"}
            with partition(agent="a2"):
                assert named() == {"agent": "a2", "project": "7"}
            assert named() == {"agent": "a1", "project": "7"}
        assert named() == {"agent": "a1"}
    assert named() == {}


def test_an_error_leaves_the_block() -> None:
    with pytest.raises(ZeroDivisionError), partition(agent="a1"):
        1 / 0  # noqa: B018
    assert named() == {}


def test_blocks_may_be_left_in_any_order() -> None:
    first, second = partition(agent="a1"), partition(project="p")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert named() == {"project": "p"}
    second.__exit__(None, None, None)
    assert named() == {}


def test_a_function_may_be_a_block() -> None:
    @partition(agent="a1")
    def inside() -> dict[str, str]:
        return named()

    assert inside() == inside() == {"agent": "a1"}
    assert named() == {}


def test_a_task_that_outlives_its_block_stays_inside() -> None:
    async def main() -> tuple[dict[str, str], ...]:
        left = asyncio.Event()

        async def later() -> tuple[dict[str, str], ...]:
            await left.wait()
            with partition(project="p"):
                inner = named()
            return named(), inner

        with partition(agent="outer"):
            with partition(agent="a1"):
                task = asyncio.create_task(later())
                await asyncio.sleep(0)
            left.set()
            return await task

    assert asyncio.run(main()) == ({"agent": "a1"}, {"agent": "a1", "project": "p"})


def test_tasks_do_not_see_each_others_blocks() -> None:
    async def one(agent: str) -> bool:
        with partition(agent=agent):
            for _ in range(5):
                await asyncio.sleep(0)
                if named() != {"agent": agent}:
                    return False
        return named() == {}

    async def all_of_them() -> list[bool]:
        return list(await asyncio.gather(*[one(f"a{i}") for i in range(20)]))

    assert all(asyncio.run(all_of_them()))


# Left in another context than it was entered in


def test_leaving_elsewhere_is_harmless() -> None:
    block = partition(agent="a1")
    entered, left = copy_context(), copy_context()
    entered.run(block.__enter__)
    left.run(block.__exit__, None, None, None)
    assert named() == left.run(named) == entered.run(named) == {}


def test_leaving_in_a_copy_of_the_context_leaves_both() -> None:
    block = partition(agent="a1")
    with partition(agent="outer"):
        entered = copy_context()
        entered.run(block.__enter__)
        copied = entered.run(copy_context)
        assert copied.run(named) == {"agent": "a1"}
        copied.run(block.__exit__, None, None, None)
        assert copied.run(named) == {"agent": "outer"}
        # nobody can leave it here any more; that no tenant is named is better than the wrong one
        assert entered.run(named) == {}


def test_a_block_that_nobody_can_leave_hides_the_names_that_it_overrode_and_no_others() -> None:
    block = partition(agent="a1")
    entered = copy_context()

    def enter() -> None:
        partitions.enter_context(partition(agent="outer", project="p"))
        block.__enter__()

    with ExitStack() as partitions:
        entered.run(enter)
        copy_context().run(block.__exit__, None, None, None)
        assert entered.run(named) == {"project": "p"}

        def inside() -> dict[str, str]:
            with partition(agent="a2"):
                return named()

        assert entered.run(inside) == {"agent": "a2", "project": "p"}
        assert entered.run(named) == {"project": "p"}
        entered.run(partitions.close)
        assert entered.run(named) == {}


def test_what_was_left_elsewhere_does_not_pile_up() -> None:
    from popoto_recall.fields._blocks import _blocks

    entered = copy_context()
    for _ in range(100):
        block = partition(agent="a1")
        entered.run(block.__enter__)
        copy_context().run(block.__exit__, None, None, None)
    assert len(entered.run(_blocks.get)) == 1


def dependency(agent: str) -> Iterator[str]:
    with partition(agent=agent):
        yield agent


def test_a_sync_dependency_of_a_web_framework_names_nothing_and_leaks_nothing() -> None:
    # each step in a thread of a pool, and in a copy of the request's context, as anyio does
    async def in_thread(call: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.to_thread(call, *args)

    async def request(agent: str) -> dict[str, str]:
        manager = contextmanager(dependency)(agent)
        await in_thread(manager.__enter__)
        try:
            return named()
        finally:
            await in_thread(manager.__exit__, None, None, None)

    async def requests() -> list[dict[str, str]]:
        return list(await asyncio.gather(*[request(f"a{i}") for i in range(50)]))

    assert asyncio.run(requests()) == [{}] * 50


def test_it_leaks_nothing_into_threads_that_serve_others_either() -> None:
    # a pool whose threads have one context each, for good
    with ThreadPoolExecutor(1) as enters, ThreadPoolExecutor(1) as leaves:
        for _ in range(3):
            manager = contextmanager(dependency)("a1")
            enters.submit(manager.__enter__).result()
            leaves.submit(manager.__exit__, None, None, None).result()
        assert enters.submit(named).result() == leaves.submit(named).result() == {}


def test_an_async_dependency_names_the_partition_of_its_request() -> None:
    @asynccontextmanager
    async def tenant(agent: str) -> AsyncIterator[None]:
        with partition(agent=agent):
            yield

    async def request(agent: str) -> bool:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(tenant(agent))
            await asyncio.sleep(0)
            seen = [named(), await asyncio.to_thread(named)]
        return seen == [{"agent": agent}] * 2 and named() == {}

    async def requests() -> list[bool]:
        return list(await asyncio.gather(*[request(f"a{i}") for i in range(20)]))

    assert all(asyncio.run(requests()))


# For Popoto's recipes


def test_an_agreeing_block_overrides_none() -> None:
    with agreeing_partition(agent=1):
        assert named() == {"agent": "1"}
    with partition(agent="1", project="p"):
        with agreeing_partition(agent=1):
            assert named() == {"agent": "1", "project": "p"}
        with (
            pytest.raises(ArgumentError, match=r"agent=2, but the block around .* agent='1'"),
            agreeing_partition(agent=2),
        ):
            pass
        assert named() == {"agent": "1", "project": "p"}
