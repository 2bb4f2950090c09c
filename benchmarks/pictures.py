"""Pictures of how costs grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .outcome import Outcome
from .suite import Result

STYLES = {
    "popoto-recall": {"color": "#c2410c", "marker": "o"},
    "popoto-recall, all": {"color": "#c2410c", "marker": "o"},
    "popoto-recall, limit 20": {"color": "#1d4ed8", "marker": "s"},
    "Popoto": {"color": "#525252", "marker": "^", "linestyle": "--"},
    "RedisBloom": {"color": "#15803d", "marker": "D", "linestyle": ":"},
}

Point = tuple[str, float, float]
"""Name of a line, and a point of it."""


def draw(results: Sequence[Result], folder: Path) -> dict[str, str]:
    """Draw what there is to draw; the names of the files, and what they show in words."""
    drawn = {}
    for curve, (name, points, decorate, alt) in PICTURES.items():
        outcomes = [o for result in results for o in result.outcomes if o.curve == curve]
        if outcomes:
            _picture(folder / name, [p for o in outcomes for p in points(o)], decorate)
            drawn[name] = alt
    return drawn


def _picture(path: Path, points: Sequence[Point], decorate: Callable[[Any], None]) -> None:
    import matplotlib  # takes a while, and a page without pictures needs none
    from matplotlib.figure import Figure

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "popoto-recall", "svg.fonttype": "none"})
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name in dict.fromkeys(name for name, _, _ in points):
        own = [(x, y) for other, x, y in points if other == name]
        axes.plot(*zip(*own, strict=True), label=name, linewidth=1.6, **STYLES[name])
    decorate(axes)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def _server_times(outcome: Outcome) -> Iterator[Point]:
    for name, sample in outcome.samples.items():
        yield name, outcome.at, sample.at(0.5, "server") * 1000


def _rates(outcome: Outcome) -> Iterator[Point]:
    for row in outcome.rows:
        if row.figure in STYLES:
            yield row.figure, outcome.at, row.value


def _against_size(axes: Any) -> None:
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="nodes of the graph",
        ylabel="server CPU of one call, ms",
        title="propagate from a hub at depth 2",
    )


def _against_fill(axes: Any) -> None:
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="tokens in the filter, times its capacity",
        ylabel="false positives, %",
        title="A filter declared for 1 %, filled with made-up words",
    )
    axes.axhline(1, color="#a3a3a3", linewidth=0.8)
    axes.axvline(1, color="#a3a3a3", linewidth=0.8)


PICTURES: dict[str, tuple[str, Callable[[Outcome], Iterator[Point]], Any, str]] = {
    "graph size": (
        "propagate-by-size.svg",
        _server_times,
        _against_size,
        "Server CPU of propagate against the size of the graph",
    ),
    "filter fill": (
        "false-positives-by-fill.svg",
        _rates,
        _against_fill,
        "Rate of false positives against what is in the filter",
    ),
}
"""By curve: file, points of an outcome, decoration, description."""
