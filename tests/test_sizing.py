"""How large a Bloom filter has to be: the declared rate, for hardly more than the fewest bits."""

from __future__ import annotations

import math
import random

import pytest

from popoto_recall.structures.sizing import (
    BLOCK_BITS,
    BLOCK_BYTES,
    GROWTH_SHARE,
    MAX_BYTES,
    bits_to_grow,
    blocks_for,
    data_bytes,
    false_positive_rate,
    rate_at,
    sizing,
)

RATES = [0.5, 0.3, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001, 1e-4, 1e-6, 1e-9, 1e-12, 1e-15]

rates = pytest.mark.parametrize("rate", RATES)


def filled(bits_per_item: float, probes: int) -> float:
    """Share of bits that are set in a filter with as many items as it is made for."""
    return 1 - (1 - 1 / BLOCK_BITS) ** (probes * BLOCK_BITS / bits_per_item)


@rates
def test_the_expected_rate_of_a_full_filter_is_the_declared_one(rate: float) -> None:
    found = sizing(rate)
    assert 0.9 * rate < false_positive_rate(found.bits_per_item, found.probes) <= rate


@rates
def test_no_other_number_of_probes_makes_a_much_smaller_filter(rate: float) -> None:
    found = sizing(rate)
    others = range(4, 13)  # a digest has bytes for twelve
    smaller = found.bits_per_item / 1.09
    assert found.probes in others
    assert all(false_positive_rate(smaller, probes) > rate for probes in others)


@pytest.mark.parametrize(("rate", "times"), [(0.05, 1.12), (0.01, 1.12), (0.001, 1.20)])
def test_a_filter_is_hardly_larger_than_the_best_possible(rate: float, times: float) -> None:
    optimum = -100_000 * math.log(rate) / math.log(2) ** 2 / 8
    assert data_bytes(100_000, rate) <= times * optimum


@rates
@pytest.mark.parametrize("capacity", [1, 2, 10, 99, 1000, 12_345, 100_000, 10_000_000])
def test_a_size_is_made_for_its_capacity_and_little_more(capacity: int, rate: float) -> None:
    least = capacity * sizing(rate).bits_per_item / 8
    assert data_bytes(capacity, rate) % BLOCK_BYTES == 0
    spare = BLOCK_BYTES * (3 + math.sqrt(least / BLOCK_BYTES) / 2)
    assert least <= data_bytes(capacity, rate) <= least + spare


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
    found = [simulated_rate(capacity, blocks, probes, seed) for seed in range(runs)]
    assert sum(each > 1.2 * rate for each in found) <= runs / 500


@pytest.mark.parametrize("rate", [0.05, 0.01, 0.001, 1e-6])
def test_seven_layers_stay_within_one_and_a_half_times_the_rate(rate: float) -> None:
    bits, probes = sizing(rate)
    layers = [filled(bits, probes), *6 * [filled(bits_to_grow(rate), probes)]]
    assert rate_at(layers, probes) <= (1 + 6 * GROWTH_SHARE) * rate < 1.5 * rate


@pytest.mark.parametrize("rate", [0.05, 0.02, 0.01, 0.003, 0.001, 1e-4])
def test_layers_take_three_times_the_optimum_when_full_and_four_when_new(rate: float) -> None:
    """So that it is five at most when the allocator has added its quarter."""
    optimum = math.log2(1 / rate) / math.log(2) / 8
    size, capacity = data_bytes(10_000, rate), 10_000
    for _ in range(7):
        assert size <= 2.4 * capacity * optimum
        size += BLOCK_BYTES * blocks_for(capacity, bits_to_grow(rate))
        assert size <= 4.1 * capacity * optimum
        capacity *= 2


def test_the_present_rate_follows_from_the_bits_that_are_set() -> None:
    bits, probes = sizing(0.01)
    full = filled(bits, probes)
    assert rate_at([full], probes) == pytest.approx(0.01, rel=0.01)
    assert rate_at([full, full], probes) == pytest.approx(0.02, rel=0.02)
    assert rate_at([full, 0.0], probes) == rate_at([full], probes)
    assert (rate_at([], probes), rate_at([1.0, full], probes)) == (0.0, 1.0)
