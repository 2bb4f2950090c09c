"""Work on a whole graph, in bounded steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from popoto.models.base import Model
from popoto.models.db_key import DB_key

from ...engine import run, scan
from ...structures.graph import Graph
from .._client import client

Progress = Callable[[int], object]
"""Told how many nodes or records are done so far."""

_EDGES_PER_STEP = 5000


def weaken_graph(graph: Graph, factor: float, progress: Progress | None) -> int:
    """Weaken every edge once; the number that went."""
    if factor == 1:
        return 0
    size = max(1, _EDGES_PER_STEP // graph.max_edges) if graph.symmetric else 1
    dropped = done = 0
    for nodes in _batches(_nodes(graph.edges), size):
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
    removed = 0
    for done, node in enumerate(_nodes(*dict.fromkeys((graph.edges, graph.mirrors))), 1):
        if _is_key(model, node):
            record = DB_key(DB_key.from_redis_key(node)).redis_key  # escaped, if it was not
            names = list(dict.fromkeys(names_of(model, record)))
            removed += run(client(), graph.sweep(record, names))
        if progress is not None:
            progress(done)
    return removed


def names_of(model: type[Model], redis_key: str) -> tuple[str, ...]:
    """The names that a record may be linked under: its key, that unescaped, its bare value.

    A bare value that reads like the key of a record stands for that record.
    """
    parts = [str(part) for part in DB_key.from_redis_key(redis_key)]
    bare = parts[1:] if len(model._meta.key_field_names) == 1 else []
    return (
        redis_key,
        ":".join(parts),
        *(value if not _is_key(model, value) else redis_key for value in bare),
    )


def _is_key(model: type[Model], node: str) -> bool:
    """Whether a node has the form of a record's key: unescaped ones have more parts."""
    parts = node.split(":")
    return (
        parts[0] == str(model._meta.db_class_key.redis_key)
        and len(parts) == model._meta.db_key_length
    )


def _nodes(*prefixes: str) -> Iterator[str]:
    """Nodes that have a key under any of the prefixes, each once.

    SCAN may return a key twice, and a node may have a key under both prefixes.
    """
    seen: set[str] = set()
    for prefix in prefixes:
        for key in scan(client(), prefix):
            node = key[len(prefix) :]
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
