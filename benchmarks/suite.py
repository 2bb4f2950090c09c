"""All there is to run, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import (
    accuracy,
    busy,
    filters,
    graph_reads,
    graph_upkeep,
    graph_writes,
    growth,
    saves,
    sketches,
    tenants,
    widening,
)
from .outcome import Outcome
from .stage import Stage


class Section(NamedTuple):
    """A part of the benchmark, which begins with an empty server."""

    title: str
    run: Callable[[Stage], Iterator[Outcome]]


SECTIONS = (
    Section("Graph: single edges", graph_writes.single_edges),
    Section("Graph: many edges", graph_writes.many_pairs),
    Section("Graph: all pairs of a set", graph_writes.all_pairs),
    Section("Graph: spreading activation", graph_reads.activation),
    Section("Graph: widening a ranking", widening.widening),
    Section("Graph: neighbours as records", graph_reads.records),
    Section("Graph: a busy server", busy.busy_server),
    Section("Graph: weakening", graph_upkeep.weakening),
    Section("Graph: deleting", graph_upkeep.deletion),
    Section("Graph: sweeping", graph_upkeep.sweeping),
    Section("Filter: one question", filters.asking),
    Section("Filter: batches", filters.batches),
    Section("Filter: saving", filters.saving),
    Section("Sketch: counting and asking", sketches.counting),
    Section("Saves", saves.saves),
    Section("Rebuilding", filters.rebuilding),
    Section("Tenants", tenants.tenants),
    Section("Memory", accuracy.memory),
    Section("False positives", accuracy.false_positives),
    Section("Over-count", accuracy.over_count),
    Section("Growth: size of the graph", growth.graph_size),
    Section("Growth: edges of a node", growth.fan_out),
    Section("Growth: questions to a fuller filter", growth.question_time),
    Section("Growth: a filter beyond its capacity", growth.beyond_capacity),
)


class Result(NamedTuple):
    """What a section found."""

    title: str
    outcomes: list[Outcome]


def run(
    stage: Stage, wanted: Callable[[str], bool], told: Callable[[str], None]
) -> Iterator[Result]:
    """Run the wanted sections; ``told`` hears of each when it begins."""
    for section in SECTIONS:
        if wanted(section.title):
            told(section.title)
            stage.empty()
            yield Result(section.title, list(section.run(stage)))
