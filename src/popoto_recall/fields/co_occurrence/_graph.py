"""What the parts of `CoOccurrenceField` share: its graph, and the arguments that name records."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from popoto import Defaults

from ...errors import ArgumentError, ArgumentTypeError
from ...structures.graph import Graph
from .._base import as_pk
from .._partitioned import PartitionedField
from .._scope import Scope

EDGES = "$CoOcF"
REVERSE = "$CoOcR"
NODES = "$CoOcN"


class GraphField(PartitionedField):
    """A field that keeps a graph."""

    families = (EDGES, NODES)
    symmetric: bool
    max_edges: int

    def graph(self, at: Scope) -> Graph:
        """Where a graph lives, and its limits."""
        cap = float(Defaults.CO_OCCURRENCE_WEIGHT_CAP)
        return _graph(at, self.name, self.symmetric, self.max_edges, cap)


@lru_cache(maxsize=1024)
def _graph(at: Scope, field: str, symmetric: bool, max_edges: int, cap: float) -> Graph:
    edges = at.key(EDGES, field) + ":"
    mirrors = edges if symmetric else at.key(REVERSE, field) + ":"
    return Graph(edges, mirrors, at.key(NODES, field), max_edges, cap)


def distinct_pks(name: str, pks: Iterable[object]) -> list[str]:
    """Distinct pks, in first-seen order."""
    if isinstance(pks, (str, bytes)):
        raise ArgumentError(f"{name} takes several pks, not one string: write [pk]")
    if not isinstance(pks, Iterable):
        raise ArgumentTypeError(f"{name} takes several pks, not {type(pks).__name__}")
    return list(dict.fromkeys(map(as_pk, pks)))
