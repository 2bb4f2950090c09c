"""A mark that tells of Popoto's filling a model's sets of records again.

While one is under way the sets tell nothing of how many records there are, and what was listed from
them before may lack some. ``lua/lib/records.lua`` looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..engine import Command, load
from .text import decoded

BEGIN = load("reindex_begin")
END = load("reindex_end")
SEEN = load("reindex_seen", writes=False)
NONE = load("records_none", "records", writes=False)


class Reindexes(NamedTuple):
    """Re-indexes of a model: how many ever began, and how many are under way or were killed."""

    begun: int
    under_way: int


def mark_of(class_name: str) -> str:
    """Key of a model's mark."""
    return f"$Class:{class_name}:reindex"


def begin(mark: str, run: str) -> Command[int]:
    """Note a re-index, before the sets are emptied."""
    return Command(BEGIN, (mark,), (run,), int)


def end(mark: str, run: str) -> Command[bool]:
    """Note that it is done, after the sets were filled; whether it was marked all the time."""
    return Command(END, (mark,), (run,), lambda reply: bool(int(reply)))


def seen(mark: str) -> Command[Reindexes]:
    """What there is of re-indexes now."""
    return Command(SEEN, (mark,), (), _reindexes)


def no_records(mark: str, sets: Sequence[str]) -> Command[bool]:
    """Whether there is certainly no record that a value made now would not have seen."""
    return Command(NONE, (mark, *sets), ("",), lambda reply: bool(int(reply)))


def _reindexes(reply: Sequence[Any]) -> Reindexes:
    begun, under_way = reply
    return Reindexes(int(decoded(begun)), int(under_way))
