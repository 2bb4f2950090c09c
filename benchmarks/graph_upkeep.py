"""Upkeep of the graph: weakening, deleting, sweeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from .graph_reads import planted
from .graph_writes import numbered
from .graphs import copy, directed, pk, plant, reverse, uniform
from .measure import Variant
from .models import Ours, Twin
from .outcome import OURS, POPOTO, Outcome, faster
from .stage import Stage

SCAN = "SCAN for its edges, none removed"
NATIVE = "ZUNIONSTORE, ZREMRANGEBYSCORE"


def weakening(stage: Stage) -> Iterator[Outcome]:
    client = stage.client
    template = {f"n{number}": 0.5 + number / 1000 for number in range(500)}
    client.zadd("template", template)

    def node(field: Any, *model: Any) -> Callable[[], str]:
        """A node with 500 edges of its own for each call."""
        names = numbered("Ours:w")

        def fresh() -> str:
            name = names()
            client.copy("template", field.get_edge_key(*model, name))
            return name

        return fresh

    def native(key: str) -> None:
        pipeline = client.pipeline(transaction=False)
        pipeline.zunionstore(key, {key: 0.95})
        pipeline.zremrangebyscore(key, "-inf", "(0.001")
        pipeline.execute()

    ours, twin = Ours.cites, Twin.cites
    bare = node(ours)
    yield stage.compare(
        "weaken_all of 500 edges, asymmetric",
        [
            Variant(OURS, ours.weaken_all, node(ours)),
            Variant(POPOTO, lambda pk: twin.weaken_all(Twin, pk), node(twin, Twin)),
            Variant(
                NATIVE,
                lambda name: native(ours.get_edge_key(name)),
                lambda: bare() and "Ours:w0",
            ),
            stage.floor(lambda: ours.weaken_all("Ours:w0")),
        ],
        [faster(4)],
    )
    yield _symmetric(stage)
    yield _whole_graph(stage)


def _symmetric(stage: Stage) -> Outcome:
    """With the mirrors of the edges, which Popoto leaves as they are."""
    near, twin = Ours.near, Twin.near
    near.link_many([("Ours:hub", f"Ours:{number}") for number in range(500)], 1.0)
    for number in range(500):
        twin.link(Twin, "Twin:hub", f"Twin:{number}", 1.0)
    return stage.compare(
        "weaken_all of 500 edges, symmetric",
        [
            Variant(OURS, lambda _: near.weaken_all("Ours:hub", 0.9999)),
            Variant("Popoto, mirrors stay", lambda _: twin.weaken_all(Twin, "Twin:hub", 0.9999)),
        ],
    )


def _whole_graph(stage: Stage) -> Outcome:
    stage.empty()
    edges = planted(stage, 2_000, uniform)
    near, twin = Ours.near, Twin.near

    def popoto(_: object) -> None:
        for node in edges:
            twin.weaken_all(Twin, pk(node), 0.9999)

    return stage.compare(
        "weaken_graph, 2,000 nodes and 20,000 edges",
        [
            Variant(OURS, lambda _: near.weaken_graph(0.9999)),
            Variant("Popoto: weaken_all of every node", popoto),
        ],
    )


def deletion(stage: Stage) -> Iterator[Outcome]:
    nodes = stage.plan.scanned
    edges = directed(nodes, 10, uniform, seed=11)
    ours, theirs = Ours.cites.get_edge_key_prefix(), Twin.cites.get_edge_key_prefix(Twin)
    plant(stage.client, ours, edges)
    copy(stage.client, ours, theirs, edges)
    plant(stage.client, ours.replace("$CoOcF:", "$CoOcR:"), reverse(edges))

    def record(model: Any) -> Callable[[], Any]:
        names = numbered("n")
        return lambda: model(key=names())

    def scan(_: object) -> int:
        return sum(1 for _ in stage.client.scan_iter(match=ours + "*", count=1000))

    yield stage.compare(
        f"delete a node, asymmetric, {nodes:,} nodes",
        [
            Variant(OURS, _deleting(Ours), record(Ours)),
            Variant(SCAN, scan),
            Variant("Popoto, edges to it stay", _deleting(Twin), record(Twin)),
        ],
        [faster(100, SCAN)],
    )


def _deleting(model: Any) -> Callable[[Any], None]:
    hook = type(model.cites).on_delete

    def call(record: Any) -> None:
        hook(record, "cites", None)

    return call


def sweeping(stage: Stage) -> Iterator[Outcome]:
    """Looking for edges of records that are gone: Popoto has nothing like it."""
    number = stage.plan.records
    for key in range(number):
        Ours.create(key=f"s{key}", text="record")
    keys = [f"Ours:s{key}" for key in range(number)]
    Ours.near.link_many(pairwise(keys))
    yield stage.compare(
        f"sweep of {number:,} records, none gone",
        [
            Variant(OURS, lambda _: Ours.near.sweep()),
            Variant(
                "SCAN of the same keys",
                lambda _: sum(1 for _ in stage.client.scan_iter(count=1000)),
            ),
        ],
    )
