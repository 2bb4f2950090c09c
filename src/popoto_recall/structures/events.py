"""Entries of an event stream."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from ..engine import Command, load

LOG = load("stream_log")


def log(
    stream: str, entry: Mapping[str, str], longest: int, records: tuple[str, ...] = ()
) -> Command[int]:
    """Append an entry, if both of the two records exist that may be named.

    A stream that cannot take it stops nothing.
    """
    return Command(LOG, (stream, *records), (longest, *chain.from_iterable(entry.items())), int)
