"""The Bloom filter without a server: how large it is, what it sends, how it reads replies."""

from __future__ import annotations

import logging
import math
import random
from typing import Any

import pytest

from popoto_recall import ArgumentError, ArgumentTypeError
from popoto_recall.engine import Command, Commands
from popoto_recall.structures.bloom import Bloom, FilterInfo
from popoto_recall.structures.sizing import (
    BLOCK_BITS,
    BLOCK_BYTES,
    MAX_BYTES,
    capacity_of,
    data_bytes,
    false_positive_rate,
    rate_at,
    sizing,
)
from popoto_recall.structures.tokens import Tokenizer

RATES = [0.5, 0.3, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001, 1e-4, 1e-6, 1e-9, 1e-12, 1e-15]
CAPACITIES = [1, 2, 10, 99, 1000, 12_345, 100_000, 10_000_000]

WORDS = Tokenizer("words", str.split)


def bloom(capacity: int = 1000, error_rate: float = 0.01, key: str = "$EF:Page:seen") -> Bloom:
    return Bloom(key, ("$Class:Page",), (), WORDS, capacity, error_rate)


def only(operation: Any) -> Command[Any]:
    """The single call of an operation."""
    calls = operation.calls if isinstance(operation, Commands) else (operation,)
    assert len(calls) == 1
    call: Command[Any] = calls[0]
    return call


def answer(operation: Any, *replies: Any) -> Any:
    """What an operation makes of the server's replies."""
    if isinstance(operation, Command):
        return operation.parse(*replies)
    return operation.join(
        [call.parse(reply) for call, reply in zip(operation.calls, replies, strict=True)]
    )


# Sizes


@pytest.mark.parametrize("rate", RATES)
def test_the_expected_rate_of_a_full_filter_is_the_declared_one(rate: float) -> None:
    found = sizing(rate)
    assert 0.9 * rate < false_positive_rate(found.bits_per_item, found.probes) <= rate


@pytest.mark.parametrize("rate", RATES)
def test_hardly_a_filter_of_other_probes_would_be_smaller(rate: float) -> None:
    found = sizing(rate)
    smaller = found.bits_per_item / 1.06
    assert all(false_positive_rate(smaller, probes) > rate for probes in range(4, 25))


@pytest.mark.parametrize(("rate", "times"), [(0.05, 1.12), (0.01, 1.12), (0.001, 1.20)])
def test_a_filter_is_hardly_larger_than_the_best_possible(rate: float, times: float) -> None:
    optimum = -100_000 * math.log(rate) / math.log(2) ** 2 / 8
    assert bloom(100_000, rate).size <= times * optimum


def test_a_default_filter_fits_an_allocation_of_128_kb() -> None:
    assert bloom(100_000, 0.01).size < 2**17 - 16


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("capacity", CAPACITIES)
def test_a_size_is_made_for_its_capacity_and_little_more(capacity: int, rate: float) -> None:
    size = data_bytes(capacity, rate)
    assert size % BLOCK_BYTES == 0
    spare = 3 * BLOCK_BITS / sizing(rate).bits_per_item + math.sqrt(capacity)
    assert capacity <= capacity_of(size, rate) <= capacity + spare


def test_a_rate_that_no_filter_keeps_asks_for_more_than_is_allowed() -> None:
    assert all(data_bytes(1, rate) > MAX_BYTES for rate in (1e-40, 1e-300))


def simulated_rate(items: int, blocks: int, probes: int, seed: int) -> float:
    """Rate of a filter filled by chance, over all possible questions."""
    drawn = random.Random(seed)
    bits = [0] * blocks
    for _ in range(items):
        block = drawn.randrange(blocks)
        for _ in range(probes):
            bits[block] |= 1 << drawn.randrange(BLOCK_BITS)
    return sum((block.bit_count() / BLOCK_BITS) ** probes for block in bits) / blocks


@pytest.mark.parametrize("rate", [0.05, 0.01, 0.001])
@pytest.mark.parametrize("capacity", [20, 100, 300, 1000, 5000])
def test_filters_small_enough_to_scatter_keep_the_rate_too(capacity: int, rate: float) -> None:
    blocks, probes = data_bytes(capacity, rate) // BLOCK_BYTES, sizing(rate).probes
    runs = 100_000 // max(capacity, 300)
    rates = [simulated_rate(capacity, blocks, probes, seed) for seed in range(runs)]
    assert sum(found > 1.2 * rate for found in rates) <= runs / 500


def test_the_present_rate_follows_from_the_bits_that_are_set() -> None:
    rate, probes = 0.01, sizing(0.01).probes
    fill = 1 - (1 - 1 / BLOCK_BITS) ** (probes * BLOCK_BITS / sizing(rate).bits_per_item)
    assert rate_at(fill, probes) == pytest.approx(rate, rel=0.01)
    assert (rate_at(0.0, probes), rate_at(1.0, probes)) == (0.0, 1.0)


# What is sent


def test_a_question_is_one_call_that_names_filter_and_records() -> None:
    call = only(bloom().contains("green tea", "any"))
    assert call.script.name == "bloom_contains"
    assert call.keys == ("$EF:Page:seen", "$Class:Page")


def test_what_a_token_is_turned_into_never_changes() -> None:
    """A stored filter has to be readable for ever: these bytes decide which bits are asked."""
    stamp, good, last, size, probes, digests = only(bloom().contains("kubernetes", "any")).args
    assert stamp == (
        b"recall-bloom 1 capacity=1000 error_rate=0.01 tokenizer=words probes=5 "
        b"sum=1690246617           \n"
    )
    assert (probes, digests) == (5, bytes.fromhex("a22fdb2592f6363a26"))
    assert good == stamp + b"size=%011d state=good items=" % size
    assert last == len(stamp) + 64 - 1
    assert bloom().size == size == len(stamp) + 64 + 46 * 32


@pytest.mark.parametrize(("tokens", "calls"), [(20_000, 1), (20_001, 2), (60_000, 3)])
def test_a_question_of_many_tokens_goes_in_calls_of_20_000(tokens: int, calls: int) -> None:
    texts = [f"t{number}" for number in range(tokens)]
    assert len(bloom().contains_many(texts, "any").calls) == calls
    asked = bloom().contains(" ".join(texts), "any")
    assert len(asked.calls if isinstance(asked, Commands) else [asked]) == calls


def test_a_text_of_many_tokens_is_added_in_calls_of_2_000() -> None:
    calls = bloom().add(" ".join(f"t{number}" for number in range(4500)), own="Page:a").calls
    assert [len(call.args[9]) // 4 for call in calls] == [2000, 2000, 500]  # type: ignore[arg-type]
    assert {call.args[5] for call in calls} == {"Page:a"}
    assert [len(call.args[10:]) for call in calls] == [4000, 4000, 1000]


def test_an_empty_batch_asks_nothing() -> None:
    operation = bloom().contains_many([], "any")
    assert operation.calls == ()
    assert answer(operation) == {}


@pytest.mark.parametrize("match", ["ALL", "", None, "either"])
def test_match_is_any_or_all(match: Any) -> None:
    with pytest.raises(ArgumentError, match="match must be 'any' or 'all'"):
        bloom().contains("tea", match)
    with pytest.raises(ArgumentError, match="match must be 'any' or 'all'"):
        bloom().contains_many(["tea"], match)


def test_a_bare_string_is_no_batch() -> None:
    with pytest.raises(ArgumentTypeError, match=r"write \[text\]"):
        bloom().contains_many("tea", "any")  # type: ignore[arg-type]


# How replies read


@pytest.mark.parametrize("text", [bytes, str])
def test_replies_read_the_same_decoded_or_not(text: type) -> None:
    reply: Any = (lambda value: value.encode()) if text is bytes else str
    texts = ["a b", "c", "d e f"]
    some = bloom().contains_many(texts, "any")
    every = bloom().contains_many(texts, "all")
    assert answer(some, reply("1100011")) == {"a b": True, "c": False, "d e f": True}
    assert answer(every, reply("1100011")) == {"a b": False, "c": False, "d e f": False}
    assert answer(every, reply("1111111")) == {"a b": True, "c": True, "d e f": True}
    assert answer(bloom().contains("a b", "any"), reply("101")) is True
    assert answer(bloom().contains("a b", "all"), reply("101")) is False


def test_replies_of_several_calls_join_in_order() -> None:
    texts = [f"t{number}" for number in range(20_002)]
    found = answer(bloom().contains_many(texts, "any"), "1" + "0" * 20_000, "110")
    assert list(found) == texts
    assert [text for text, hit in found.items() if hit] == ["t20000"]
    apart = bloom().contains(" ".join(texts), "any")
    assert answer(apart, "1" + "0" * 20_000, "101") is True


def test_an_incomplete_filter_denies_nothing() -> None:
    assert answer(bloom().contains_many(["a", "b"], "all"), b"001") == {"a": True, "b": True}


def test_a_warning_comes_once_for_each_filter(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "popoto_recall"):
        for key in ("$EF:Once:a", "$EF:Once:b", "$EF:Once:a"):
            for reply in (b"00", b"01", b"21", b"20"):
                answer(bloom(key=key).contains("tea", "any"), reply)
    said = [record.getMessage() for record in caplog.records]
    assert [text.split("'")[1] for text in said] == ["$EF:Once:a"] * 2 + ["$EF:Once:b"] * 2
    assert "has not seen every record" in said[0]
    assert "holds more than its capacity" in said[1]


def test_a_filter_over_its_capacity_still_answers() -> None:
    assert answer(bloom().contains_many(["a", "b"], "any"), b"210") == {"a": True, "b": False}


def test_the_state_of_a_filter() -> None:
    size = bloom().size
    ones = (size - len(bloom().stamp) - 64) * 8 // 4
    assert answer(bloom().info(), [1, 500, size, ones]) == FilterInfo(
        key="$EF:Page:seen",
        exists=True,
        complete=True,
        capacity=1000,
        error_rate=0.01,
        items=500,
        fill_ratio=0.25,
        false_positive_rate=pytest.approx(0.00145, rel=0.01),
        size=size,
    )


def test_the_state_of_no_filter() -> None:
    state = answer(bloom().info(), [0, 0, 0, 0])
    assert (state.exists, state.complete, state.items, state.size) == (False, False, 0, 0)
    assert (state.fill_ratio, state.false_positive_rate, state.capacity) == (0.0, 0.0, 1000)


def test_a_filter_that_a_rebuild_made_larger_says_what_it_is_made_for() -> None:
    larger = bloom().outgrown(2000, bloom().size)
    state = answer(bloom().info(), [1, 2000, larger, 0])
    assert 2500 <= state.capacity < 2800
    assert bloom().outgrown(2500, larger) == 0


@pytest.mark.parametrize(("items", "fits"), [(0, True), (1000, True), (1001, False)])
def test_a_filter_is_outgrown_over_its_capacity(items: int, fits: bool) -> None:
    assert (bloom().outgrown(items, bloom().size) == 0) is fits
