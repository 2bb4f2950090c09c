"""Entries of an event stream."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from ..engine import Command, load

LOG = load("stream_log")


def log(stream: str, entry: Mapping[str, str], longest: int) -> Command[int]:
    """Append an entry; a stream that cannot take it stops nothing."""
    return Command(LOG, (stream,), (longest, *chain.from_iterable(entry.items())), int)
