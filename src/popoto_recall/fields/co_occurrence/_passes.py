"""Work on a whole graph, in bounded steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from popoto.models.base import Model

from ...engine import missing, run
from ...engine.sorted_sets import listed, scored, sizes
from ...structures.graph import Graph, GraphInfo, Pair
from .._client import client
from ._names import key_of, names_of

Progress = Callable[[int], object]
"""Told how many nodes or records are done so far."""

_EDGES_PER_STEP = 5000
_NODES_PER_LOOK = 500


def weaken_graph(graph: Graph, factor: float, progress: Progress | None) -> int:
    """Weaken every edge once; the number that went."""
    if factor == 1:
        return 0
    size = _nodes_per_step(graph) if graph.symmetric else 1
    dropped = done = 0
    for nodes in _batches(nodes_of(graph), size):
        if graph.symmetric:
            dropped += run(client(), graph.weaken_once(nodes, factor))
        else:
            dropped += run(client(), graph.weaken(nodes[0], factor))
        done += len(nodes)
        if progress is not None:
            progress(done)
    return dropped


def sweep(graph: Graph, model: type[Model], progress: Progress | None) -> int:
    """Remove the edges of records that are gone; the number removed."""
    removed = done = 0
    for nodes in _batches(nodes_of(graph), _NODES_PER_LOOK):
        records = [key_of(model, node) for node in nodes]
        gone = missing(client(), [record for record in records if record is not None])
        for record in records:
            if record in gone:
                names = list(dict.fromkeys(names_of(model, record)))
                removed += run(client(), graph.sweep(record, names))  # which looks again
            done += 1
            if progress is not None:
                progress(done)
    return removed


def forget_graph(graph: Graph, progress: Progress | None = None) -> int:
    """Remove every edge, so that no key of the graph is left; the number removed.

    What is written meanwhile may stay. At any moment a symmetric edge has both its ends or none.
    """
    removed = done = 0
    for nodes in _batches(nodes_of(graph), _nodes_per_step(graph)):
        removed += run(client(), graph.delete(nodes))
        done += len(nodes)
        if progress is not None:
            progress(done)
    return removed


def edge_pages(graph: Graph) -> Iterator[list[Pair]]:
    """Every edge, a symmetric one once, some nodes' at a time."""
    for nodes in _batches(nodes_of(graph), _nodes_per_step(graph)):
        found = scored(client(), [graph.edges + node for node in nodes])
        yield [
            (node, target, weight)
            for node, targets in zip(nodes, found, strict=True)
            for target, weight in targets.items()
            if not graph.symmetric or node < target
        ]


def info(graph: Graph) -> GraphInfo:
    """What the graph holds."""
    families = list(dict.fromkeys((graph.edges, graph.mirrors)))
    nodes = edges = most_edges = 0
    sums = [size for _, size in sizes(client(), [graph.nodes])]
    for batch in _batches(nodes_of(graph), _NODES_PER_LOOK):
        found = [sizes(client(), [prefix + node for node in batch]) for prefix in families]
        degrees = [degree for degree, _ in found[0]]
        edges += sum(degrees)
        most_edges = max(most_edges, *degrees)
        nodes += sum(any(degree for degree, _ in sets) for sets in zip(*found, strict=True))
        sums += [size for sets in found for _, size in sets]
    known = [size for size in sums if size is not None]
    return GraphInfo(
        prefix=graph.edges,
        nodes=nodes,
        edges=edges // 2 if graph.symmetric else edges,
        most_edges=most_edges,
        bytes=sum(known) if len(known) == len(sums) else None,
        symmetric=graph.symmetric,
        max_edges=graph.max_edges,
    )


def nodes_of(graph: Graph) -> Iterator[str]:
    """The nodes that the graph's list has, each once."""
    seen: set[str] = set()
    for node in listed(client(), graph.nodes):
        if node not in seen:
            seen.add(node)
            yield node


def _nodes_per_step(graph: Graph) -> int:
    return min(max(1, _EDGES_PER_STEP // graph.max_edges), _NODES_PER_LOOK)


def _batches(nodes: Iterator[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for node in nodes:
        batch.append(node)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
