"""A mark that stands while Popoto fills a model's sets of records again.

Until then they tell nothing of how many records there are. ``lua/lib/stamp.lua`` looks for it.
"""

from __future__ import annotations

from ..engine import Command, load

BEGIN = load("reindex_begin")
END = load("reindex_end")


def mark_of(records: str) -> str:
    """Key of the mark, beside the set of all records of a model."""
    return f"{records}:reindex"


def begin(records: str, run: str) -> Command[int]:
    """Set the mark, before the sets are emptied; the ``run`` that began last owns it."""
    return Command(BEGIN, (records, mark_of(records)), (run,), int)


def end(records: str, run: str) -> Command[int]:
    """Remove the mark, after the sets were filled."""
    return Command(END, (mark_of(records),), (run,), int)
