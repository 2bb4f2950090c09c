"""Timing of variants, in turns.

All variants of a comparison run in one process against one server, a few calls each in turn, the
order drawn anew for every round. What disturbs the machine disturbs them all alike, so ratios of
their medians hold where times do not.
"""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter, process_time
from typing import Any

from .clocks import Clock

TURN_SECONDS = 0.002
MOST_CALLS = 40
MOST_ROUNDS = 400

SETTLING_SECONDS = 0.0001
"""Until the server sleeps again after a reply: the time of one that runs is booked late."""

WITH_HIREDIS = ", hiredis"
"""What follows the name of a variant whose replies hiredis parses."""


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Variant:
    """One way to do something.

    Attributes:
        name: How the table calls it.
        call: Does it once, with what ``fresh`` made.
        fresh: Makes the input of one call, before the clock starts.
        served: Whether a server takes part.
        hiredis: Whether redis-py packs and parses with hiredis, or by itself.
    """

    name: str
    call: Callable[[Any], object]
    fresh: Callable[[], Any] = _nothing
    served: bool = True
    hiredis: bool = False

    def with_hiredis(self) -> Variant:
        """The same over hiredis."""
        return replace(self, name=self.name + WITH_HIREDIS, hiredis=True)


@dataclass
class Sample:
    """What one variant cost, in seconds.

    Attributes:
        wall: Of each call, at the caller.
        server: CPU time of the server per call, of each turn.
        client: The same of this process.
    """

    wall: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)

    def at(self, share: float, clock: str = "wall") -> float:
        """The quantile: 0.5 for the median."""
        return quantile(getattr(self, clock), share)


def quantile(values: Sequence[float], share: float) -> float:
    """Between the two nearest of the sorted values, where it falls between; NaN for none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


class Meter:
    """Compares variants.

    Args:
        clock: Of the server they run on.
        seconds: How long one comparison takes, as long as every variant has had its turns.
        turns: Fewest that each variant has.
        seed: Of the order they come in.
        switch: Told before each turn whether it is one over hiredis.
    """

    def __init__(
        self,
        clock: Clock,
        seconds: float,
        turns: int,
        seed: int,
        switch: Callable[[bool], None] = lambda hiredis: None,
    ) -> None:
        self.clock = clock
        self.seconds = seconds
        self.turns = turns
        self.random = random.Random(seed)
        self.switch = switch

    def compare(
        self, variants: Sequence[Variant], rounds: int = MOST_ROUNDS, calls: int = 0
    ) -> dict[str, Sample]:
        """Run all variants in turns; what each cost.

        Args:
            rounds: Most turns that each has, where inputs are used up.
            calls: In each turn, where all have to see the same inputs; 0: what fits a turn.
        """
        samples = {variant.name: Sample() for variant in variants}
        fitting = {variant.name: calls or self._calls_per_turn(variant) for variant in variants}
        end, done = perf_counter() + self.seconds, 0
        gc.collect()
        gc.disable()
        try:
            while done < self.turns or (done < rounds and perf_counter() < end):
                for variant in self.random.sample(variants, len(variants)):
                    self._turn(variant, fitting[variant.name], samples[variant.name])
                done += 1
        finally:
            gc.enable()
            self.switch(False)
        return samples

    def once(self, variants: Sequence[Variant]) -> dict[str, Sample]:
        """Run each variant a single time, where that takes seconds; what each cost."""
        samples = {}
        for variant in variants:
            self.switch(variant.hiredis)
            given = variant.fresh()
            server, client, start = self._server_seconds(), process_time(), perf_counter()
            variant.call(given)
            wall, client = perf_counter() - start, process_time() - client
            server = max(0.0, self._server_seconds() - server - self.clock.cost)
            samples[variant.name] = Sample([wall], [server], [client])
        self.switch(False)
        return samples

    def _calls_per_turn(self, variant: Variant) -> int:
        """As many as take a few milliseconds; the first call of all brings a script along."""
        self.switch(variant.hiredis)
        variant.call(variant.fresh())
        given = variant.fresh()
        start = perf_counter()
        variant.call(given)
        return max(1, min(MOST_CALLS, int(TURN_SECONDS / (perf_counter() - start))))

    def _turn(self, variant: Variant, calls: int, sample: Sample) -> None:
        self.switch(variant.hiredis)
        inputs = [variant.fresh() for _ in range(calls + 1)]
        before = self._server_seconds() if variant.served else 0.0
        busy = process_time()
        call = variant.call
        call(inputs.pop())  # the caches hold what the question before it left
        for given in inputs:
            start = perf_counter()
            call(given)
            sample.wall.append(perf_counter() - start)
        sample.client.append((process_time() - busy) / (calls + 1))
        if variant.served:
            spent = self._server_seconds() - before - self.clock.cost
            sample.server.append(max(0.0, spent) / (calls + 1))

    def _server_seconds(self) -> float:
        time.sleep(SETTLING_SECONDS)
        return self.clock.seconds()
