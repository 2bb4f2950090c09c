"""Work on a whole graph, in bounded steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from popoto.models.base import Model
from popoto.redis_db import get_REDIS_DB

from ...engine import run
from ...engine.sorted_sets import listed
from ...structures.graph import Graph
from ._names import key_of, names_of

Progress = Callable[[int], object]
"""Told how many nodes or records are done so far."""

_EDGES_PER_STEP = 5000


def weaken_graph(graph: Graph, factor: float, progress: Progress | None) -> int:
    """Weaken every edge once; the number that went."""
    if factor == 1:
        return 0
    size = max(1, _EDGES_PER_STEP // graph.max_edges) if graph.symmetric else 1
    dropped = done = 0
    for nodes in _batches(nodes_of(graph), size):
        if graph.symmetric:
            dropped += run(get_REDIS_DB(), graph.weaken_once(nodes, factor))
        else:
            dropped += run(get_REDIS_DB(), graph.weaken(nodes[0], factor))
        done += len(nodes)
        if progress is not None:
            progress(done)
    return dropped


def sweep(graph: Graph, model: type[Model], progress: Progress | None) -> int:
    """Remove the edges of records that are gone; the number removed."""
    removed = 0
    for done, node in enumerate(nodes_of(graph), 1):
        record = key_of(model, node)
        if record is not None:
            names = list(dict.fromkeys(names_of(model, record)))
            removed += run(get_REDIS_DB(), graph.sweep(record, names))
        if progress is not None:
            progress(done)
    return removed


def nodes_of(graph: Graph) -> Iterator[str]:
    """The nodes that the graph's list has, each once."""
    seen: set[str] = set()
    for node in listed(get_REDIS_DB(), graph.nodes):
        if node not in seen:
            seen.add(node)
            yield node


def _batches(nodes: Iterator[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for node in nodes:
        batch.append(node)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
