"""What answers cost."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Cost(NamedTuple):
    """What one asking cost."""

    milliseconds: float
    calls: int


class Asked(NamedTuple):
    """A question, and its costs."""

    question: str
    first: Cost
    again: Cost


class Meter:
    """Asks every question twice: the first time, the server also has to be given the script."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.asked: list[Asked] = []

    def ask(self, question: str, operation: Callable[[], T]) -> T:
        """Carry an operation out and note its costs."""
        answer, first = self._timed(operation)
        _, again = self._timed(operation)
        self.asked.append(Asked(question, first, again))
        return answer

    def _timed(self, operation: Callable[[], T]) -> tuple[T, Cost]:
        calls = 0
        pool = self.client.connection_pool
        connect = pool.get_connection

        def counted(*args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            return connect(*args, **options)

        pool.get_connection = counted  # every call to the server takes a connection for itself
        start = perf_counter()
        try:
            answer = operation()
            return answer, Cost((perf_counter() - start) * 1000, calls)
        finally:
            del pool.get_connection  # the class's own method shows again
