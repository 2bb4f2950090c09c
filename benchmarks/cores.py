"""One core for the client, another for the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def pinned(server: int) -> Iterator[str]:
    """Keep this process on one core and a server's on another; says what was done.

    A round trip within a core takes half as long as one across two, and a scheduler that is free
    to choose changes its mind in the middle of a run.

    Args:
        server: Its process id.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield "not pinned to cores: this system cannot"
        return
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        yield "not pinned to cores: there is one"
        return
    own, other = min(before), max(before)
    for task in Path(f"/proc/{server}/task").iterdir():
        os.sched_setaffinity(int(task.name), {other})
    os.sched_setaffinity(0, {own})
    try:
        yield f"client pinned to core {own}, server to core {other}"
    finally:
        os.sched_setaffinity(0, before)
