"""A mark that tells of Popoto's filling a model's sets of records again.

While it is under way they tell nothing of how many records there are, and what was listed from
them before may lack some. ``lua/lib/stamp.lua`` looks at it.
"""

from __future__ import annotations

from ..engine import Command, load

BEGIN = load("reindex_begin")
END = load("reindex_end")


def mark_of(records: str) -> str:
    """Key of the mark, beside the set of all records of a model."""
    return f"{records}:reindex"


def is_under_way(mark: str) -> bool:
    """Whether a mark says that the sets are being filled, or that this was stopped."""
    return mark.startswith("under way")


def begin(records: str, run: str) -> Command[int]:
    """Set the mark, before the sets are emptied; the ``run`` that began last owns it."""
    return Command(BEGIN, (records, mark_of(records)), (run,), int)


def end(records: str, run: str) -> Command[int]:
    """Say that it is done, after the sets were filled."""
    return Command(END, (mark_of(records),), (run,), int)
