"""Taking over what Popoto's own fields left, after a changed import.

`survey` reads everything and says what would happen; `adopt` does it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import popoto
from popoto.models.base import Model

from ...engine.foreign import Mark
from ...errors import AdoptionError, ArgumentError, WrongTypeError
from ...structures.adoption import EdgeCounts
from .._base import RecallField, as_number
from ..co_occurrence import CoOccurrenceField
from ._graph import GraphSurvey, OldGraph, Progress
from ._move import Move, still_written
from ._values import ValueSurvey, still_saved, survey_values, take_over, title

__all__ = [
    "Adopted",
    "EdgeCounts",
    "GraphSurvey",
    "Progress",
    "Survey",
    "ValueSurvey",
    "adopt",
    "not_ours",
    "survey",
    "title",
]


@dataclass(frozen=True, slots=True)
class Survey:
    """What Popoto's own fields left of a model.

    Attributes:
        graphs: Of each graph that anything was found of.
        values: Filters and sketches that have to be made anew.
    """

    graphs: tuple[GraphSurvey, ...]
    values: tuple[ValueSurvey, ...]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do; edges that have no place to go may be left."""
        return not self.values and all(
            graph.counts.found == graph.counts.left and not graph.wrong for graph in self.graphs
        )

    def refusals(self, *, prune: bool = False, leave: bool = False) -> list[AdoptionError]:
        """Why `adopt` would refuse, with these options."""
        found = []
        for graph in self.graphs:
            if graph.crowded and not prune:
                found.append(_no_room(graph))
            if graph.counts.left and not leave:
                found.append(_no_place(graph))
        return found


@dataclass(frozen=True, slots=True)
class Adopted:
    """What `adopt` did.

    Attributes:
        graphs: What became of the edges of each graph that anything was found of, by field.
        values: Filters and sketches that were made anew.
    """

    graphs: dict[str, EdgeCounts]
    values: tuple[ValueSurvey, ...]

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to adopt; edges that have no place to go may be left."""
        return not self.values and all(
            counts.found == counts.left for counts in self.graphs.values()
        )


def not_ours(model: type[Model]) -> list[str]:
    """Names of the fields whose import was not changed: what they have cannot be adopted."""
    kinds = (popoto.CoOccurrenceField, popoto.ExistenceFilter, popoto.FrequencySketch)
    return [
        name
        for name, field in model._meta.fields.items()
        if isinstance(field, kinds) and not isinstance(field, RecallField)
    ]


def survey(model: type[Model], progress: Progress | None = None) -> Survey:
    """Read what Popoto's own fields left of a model, and change nothing.

    Args:
        model: A model that declares this library's fields, under the names that Popoto's had.
        progress: Told what is being looked at, how much of it is done, and of how many.
    Returns:
        What was found, and what would become of it.
    Raises:
        ValueError: The model has no field of this library.
        StillWrittenError: Popoto rebuilds a filter at this moment.
        WrongTypeError: A key of this library's graph holds something else.
    Cost: a SCAN of the server's keys per graph, and a read of every edge, 2,000 at a time.
    """
    fields = model._meta.fields.values()
    if not any(isinstance(field, RecallField) for field in fields):
        raise ArgumentError(
            f"{model.__name__} has no field of popoto_recall: change the import first"
        )
    graphs = [old.look(progress or _silent) for old in _old_graphs(model)]
    return Survey(
        tuple(graph for graph in graphs if graph.digests or graph.wrong),
        tuple(survey_values(model)),
    )


def adopt(
    model: type[Model],
    *,
    prune: bool = False,
    leave: bool = False,
    watch: float = 2.0,
    progress: Progress | None = None,
) -> Adopted:
    """Take over what Popoto's own fields left of a model.

    Edges go to this library's graph, both directions of each in one step, and leave their old
    place in that step; filters and sketches are made anew from the records. One that was
    interrupted goes on where it was when it is called again.

    Args:
        model: A model that declares this library's fields, under the names that Popoto's had.
        prune: Whether edges may be dropped where a node would have more than ``max_edges``.
        leave: Whether edges may stay in their old place that have none in the new graph: those
            between two partitions, and with names that are no UTF-8.
        watch: Seconds between two looks at everything; who writes meanwhile is found out.
        progress: Told what is being done, how much of it is done, and of how many.
    Returns:
        What became of every edge, and which values were made anew.
    Raises:
        ValueError: The model has no field of this library, or ``watch`` is negative.
        AdoptionError: Edges would be lost or left behind; nothing was changed.
        StillWrittenError: Another program writes to what is adopted; what was moved stands.
        WrongTypeError: A key of the graph holds something else.
        RebuildError: Popoto's `rebuild_indexes` is under way, or was killed.
    Cost: reads every edge three times and writes it once, 500 at a time; rebuilds the rest.
    Atomic: each step, so that every edge is in its old place or in its new one.
    """
    if as_number("watch", watch) < 0:
        raise ArgumentError(f"watch is a number of seconds >= 0, not {watch!r}")
    tell = progress or _silent
    before = survey(model, tell)
    _check(before, prune=prune, leave=leave)
    if before.nothing:
        return Adopted({graph.field: graph.counts for graph in before.graphs}, ())
    time.sleep(watch)
    _compare(before, survey(model, tell))
    moved = _move(model, before, prune, tell)
    for value in before.values:
        take_over(model, value, tell)
    _check_end(model, moved)
    results = {field: move.result for field, move in moved.items()}
    return Adopted(results, before.values)


def _check(seen: Survey, *, prune: bool, leave: bool) -> None:
    for graph in seen.graphs:
        for key, kind in graph.wrong.items():
            raise WrongTypeError(
                f"{key!r} holds a {kind} where edges of Popoto's own field belong; remove it "
                f"({len(graph.wrong)} such keys)"
            )
    if seen.nothing:
        return
    for refusal in seen.refusals(prune=prune, leave=leave):
        raise refusal


def _compare(before: Survey, after: Survey) -> None:
    """Raise if anything changed between two looks."""
    seen = {graph.field: graph.digests for graph in before.graphs}
    for graph in after.graphs:
        if changed := graph.changed(seen.pop(graph.field, {})):
            raise still_written(changed, "between two looks")
    for field in seen:
        olds = next(graph.olds for graph in before.graphs if graph.field == field)
        raise still_written([olds], "between two looks")
    for key, _ in _foreign(before).items() ^ _foreign(after).items():
        raise still_saved(key)


def _foreign(seen: Survey) -> dict[str, Mark]:
    return {value.key: value.foreign for value in seen.values if value.foreign}


def _move(model: type[Model], seen: Survey, prune: bool, tell: Progress) -> dict[str, Move]:
    moved = {}
    for graph in seen.graphs:
        old = OldGraph(model._meta.fields[graph.field])
        moved[graph.field] = Move(old, graph, prune=prune)
        moved[graph.field].run(tell)
    return moved


def _check_end(model: type[Model], moved: dict[str, Move]) -> None:
    """Look a last time for what came back."""
    for old in _old_graphs(model):
        left = moved[old.field.name].digests if old.field.name in moved else {}
        if changed := old.look(_silent).changed(left):
            raise still_written(changed, "after it was moved")
    for value in survey_values(model):
        raise still_saved(value.key)


def _old_graphs(model: type[Model]) -> list[OldGraph]:
    fields = model._meta.fields.values()
    return [OldGraph(field) for field in fields if isinstance(field, CoOccurrenceField)]


def _no_room(graph: GraphSurvey) -> AdoptionError:
    return AdoptionError(
        f"max_edges={graph.max_edges} of {graph.field!r} is too few. Nodes that would have more: "
        f"{graph.crowded}; edges that would be lost: up to {graph.excess}. Declare max_edges="
        f"{graph.needs} to keep them all, or accept the loss (prune); nothing was changed"
    )


def _no_place(graph: GraphSurvey) -> AdoptionError:
    counts = graph.counts
    return AdoptionError(
        f"edges of {graph.field!r} that have no place in the new graph: {counts.left} "
        f"({counts.elsewhere} whose ends are not in one partition, {counts.unreadable} with a name "
        "that is no UTF-8). Remove them, or let them stay where they are (leave); nothing was "
        "changed"
    )


def _silent(what: str, done: int, total: int) -> None:
    return None
