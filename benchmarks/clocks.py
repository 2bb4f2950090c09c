"""How long the server has been on a core."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Protocol


class Clock(Protocol):
    """CPU time of the server.

    Attributes:
        name: Where the time is read.
        cost: Seconds that a reading itself adds.
    """

    name: str
    cost: float

    def seconds(self) -> float:
        """What all of its threads have spent since it began."""


class Schedstat:
    """Nanoseconds by the kernel's own account, parsing of commands and writing of replies included.

    Args:
        pid: Of the server.
    """

    name = "/proc/PID/task/*/schedstat"
    cost = 0.0

    def __init__(self, pid: int) -> None:
        self.tasks = Path(f"/proc/{pid}/task")

    def seconds(self) -> float:
        """The sum over threads; 0 where the kernel keeps no account."""
        files = self.tasks.glob("*/schedstat")
        return sum(int(file.read_text("ascii").split()[0]) for file in files) / 1e9


class InfoCpu:
    """What the server says of itself, in microseconds, the question included.

    Args:
        client: Client of the server.
    """

    name = "INFO cpu"
    cost = 0.0

    def __init__(self, client: Any) -> None:
        self.client = client
        readings = [self.seconds() for _ in range(51)]
        self.cost = median(after - before for before, after in pairwise(readings))

    def seconds(self) -> float:
        used = self.client.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"])


def waited(pid: int) -> float:
    """Seconds that a process could have run but another was on the core; NaN if not known."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    waits = [int(file.read_text("ascii").split()[1]) for file in files]
    return sum(waits) / 1e9 if any(waits) else math.nan


def clock_of(pid: int, client: Any) -> Clock:
    """The finest clock there is for a server."""
    clock = Schedstat(pid)
    return clock if clock.seconds() else InfoCpu(client)
