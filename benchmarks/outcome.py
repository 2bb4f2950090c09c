"""What was measured, and what it was measured for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from .measure import WITH_HIREDIS, Sample

CLOCKS = {"wall": "wall time", "server": "server CPU", "client": "client CPU"}

OURS, POPOTO, NO_OP = "popoto-recall", "Popoto", "no-op EVALSHA"

MODULE = "RedisBloom"
"""What the names of its variants begin with."""

LEAST = 1e-9
"""Seconds that anything takes."""

NO_MODULE = "no module here"
NOT_INSTALLED = "not installed here"


@dataclass(frozen=True)
class Target:
    """A bound that a figure has to keep."""

    bound: float
    at_least: bool

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def sign(self) -> str:
        return ">=" if self.at_least else "<="


def at_least(bound: float) -> Target:
    return Target(bound, at_least=True)


def at_most(bound: float) -> Target:
    return Target(bound, at_least=False)


@dataclass(frozen=True)
class Row:
    """A figure beside its target.

    Attributes:
        figure: What the value is.
        value: NaN if it could not be measured here.
        target: None if there is none.
        form: How value and bound are written.
        note: Why there is no value, or what is smaller than in the full table.
    """

    figure: str
    value: float
    target: Target | None = None
    form: str = "{:.2f}x"
    note: str = ""

    @property
    def verdict(self) -> str:
        if math.isnan(self.value):
            return self.note or "not measured"
        if self.target is None:
            return ""
        return "met" if self.target.met(self.value) else "MISS"

    @property
    def missed(self) -> bool:
        return self.verdict == "MISS"

    @property
    def shown(self) -> str:
        return "-" if math.isnan(self.value) else self.form.format(self.value)

    @property
    def wanted(self) -> str:
        target = self.target
        return f"{target.sign()} {self.form.format(target.bound)}" if target else ""


@dataclass(frozen=True)
class Claim:
    """A ratio of two variants' costs, and the bound it has to keep.

    ``other`` over ``variant`` where that has to be large (`faster`), ``variant`` over ``other``
    where it has to be small (`within`) or is only shown (`beside`). What ``beyond`` takes, such as
    a script that does nothing, is taken off both.
    """

    variant: str
    other: str
    target: Target | None
    clock: str = "wall"
    quantile: float = 0.5
    absent: str = NO_MODULE
    beyond: str = ""

    def row(self, samples: Mapping[str, Sample], note: str = "") -> Row:
        beyond = f" beyond a {self.beyond}," if self.beyond else ""
        other = self.other.removesuffix(WITH_HIREDIS)
        figure = f"{CLOCKS[self.clock]}{beyond} against {other}"
        if self.quantile != 0.5:
            figure = f"p{self.quantile * 100:.0f} of the {figure}"
        if self.variant != OURS:
            figure = f"{self.variant.removeprefix(OURS + ', ')}: {figure}"
        if self.other not in samples:
            return Row(figure, math.nan, self.target, note=self.absent)
        floor = samples[self.beyond].at(0.5, self.clock) if self.beyond else 0.0
        own = max(samples[self.variant].at(self.quantile, self.clock) - floor, LEAST)
        others = max(samples[self.other].at(0.5, self.clock) - floor, LEAST)
        ratio = others / own if self.target and self.target.at_least else own / others
        return Row(figure, ratio, self.target, note=note)


def faster(times: float, other: str = POPOTO, variant: str = OURS, **rest: str) -> Claim:
    """That a variant is at least so many times as fast as another."""
    return Claim(variant, other, at_least(times), **rest)


def within(times: float, other: str, variant: str = OURS, **rest: str) -> Claim:
    """That a variant takes at most so many times as long as another."""
    return Claim(variant, other, at_most(times), **rest)


def beside(other: str, variant: str = OURS, **rest: str) -> Claim:
    """How many times as long as another a variant takes, whatever that is."""
    return Claim(variant, other, None, **rest)


@dataclass
class Outcome:
    """What was measured of one thing.

    Attributes:
        title: What was measured.
        samples: By variant; the first one's median is what the others are divided by.
        rows: Figures, with and without a target.
        note: What a reader has to know of it.
        curve: The picture it is a point of; "" for none.
        at: Where on its horizontal axis.
    """

    title: str
    samples: dict[str, Sample] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    note: str = ""
    curve: str = ""
    at: float = 0
