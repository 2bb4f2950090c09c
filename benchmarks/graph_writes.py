"""Writes to the graph: single edges, many, all pairs of a set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, count
from typing import Any

from .measure import Variant
from .models import Ours, Twin
from .outcome import NO_OP, OURS, POPOTO, Outcome, faster, within
from .stage import Stage

A, B = "Ours:alpha", "Ours:beta"

IN_PIPELINE, IN_SCRIPT = "bare commands in a pipeline", "bare commands in a script"

DELTA = 0.0001
"""So small that no weight reaches the cap: every call of a comparison has something to write."""

BARE_CO_OCCUR = """
for i = 1, #KEYS do
  redis.call('ZMSCORE', KEYS[i], unpack(ARGV, 2))
  local update = {}
  for j = 1, #KEYS do
    if i ~= j then
      update[#update + 1] = ARGV[1]
      update[#update + 1] = ARGV[j + 1]
    end
  end
  redis.call('ZADD', KEYS[i], unpack(update))
  redis.call('ZCARD', KEYS[i])
end
return 0
"""


def numbered(prefix: str) -> Callable[[], str]:
    """Makes a name that was not there before."""
    numbers = count()
    return lambda: f"{prefix}{next(numbers)}"


def single_edges(stage: Stage) -> Iterator[Outcome]:
    near, twin, client = Ours.near, Twin.near, stage.client
    own, other = near.get_edge_key(A) + "~", near.get_edge_key(B) + "~"

    def bare(_: object) -> None:
        pipeline = client.pipeline(transaction=False)
        pipeline.zadd(own, {"b": 0.1}, nx=True)
        pipeline.zadd(other, {"a": 0.1}, nx=True)
        pipeline.execute()

    link, link_new, strengthen = "link, edge exists", "link, new edge", "strengthen"
    yield stage.compare(
        "one pair",
        [
            Variant(link, lambda _: near.link(A, B)),
            Variant(link_new, lambda pk: near.link(pk, pk + "~"), numbered("Ours:x")),
            Variant(strengthen, lambda _: near.strengthen(A, B)),
            stage.floor(lambda: near.link(A, B)),
            stage.ping(),
            Variant("ZADD NX twice, in a pipeline", bare),
            Variant("Popoto: link, edge exists", lambda _: twin.link(Twin, A, B)),
            Variant(
                "Popoto: link, new edge",
                lambda pk: twin.link(Twin, pk, pk + "~"),
                numbered("Twin:x"),
            ),
            Variant("Popoto: strengthen", lambda _: twin.strengthen(Twin, A, B)),
        ],
        [within(1.3, NO_OP, name) for name in (link, link_new, strengthen)],
    )
    yield _unlink(stage)


def _unlink(stage: Stage) -> Outcome:
    near, twin = Ours.near, Twin.near
    names = numbered("Ours:u")

    def linked(field: Any, *model: Any) -> Callable[[], str]:
        def fresh() -> str:
            name = names()
            field.link(*model, name, name + "~")
            return name

        return fresh

    return stage.compare(
        "unlink",
        [
            Variant(OURS, lambda pk: near.unlink(pk, pk + "~"), linked(near)),
            Variant(
                POPOTO,
                lambda pk: twin.unlink(Twin, pk, pk + "~"),
                linked(twin, Twin),
            ),
            stage.floor(lambda: near.unlink(A, B)),
        ],
    )


def many_pairs(stage: Stage) -> Iterator[Outcome]:
    """A hundred pairs at once, against a call for each."""
    near, twin = Ours.near, Twin.near
    pairs = [(f"Ours:m{number}", f"Ours:m{number + 1}") for number in range(100)]

    def one_by_one(method: Any) -> Callable[[object], None]:
        def call(_: object) -> None:
            for pair in pairs:
                method(Twin, *pair)

        return call

    for name, ours, theirs in (
        ("link_many", near.link_many, twin.link),
        ("strengthen_many", near.strengthen_many, twin.strengthen),
    ):
        yield stage.compare(
            f"{name} of 100 pairs",
            [
                Variant(OURS, lambda _, ours=ours: ours(pairs)),
                Variant(POPOTO, one_by_one(theirs)),
                stage.floor(lambda ours=ours: ours(pairs)),
            ],
        )


def all_pairs(stage: Stage) -> Iterator[Outcome]:
    for size, times in ((10, 25), (20, 40)):
        for state, delta in (("linked before", DELTA), ("linked before, all at the cap", 1.0)):
            members = [f"Ours:{delta}:{number}" for number in range(size)]
            title = f"co_occur of {size}, {state}"
            yield _co_occur(stage, title, times, lambda members=members: members, delta)
        names = numbered("Ours:set")

        def fresh(names: Callable[[], str] = names, size: int = size) -> list[str]:
            name = names()
            return [f"{name}:{number}" for number in range(size)]

        yield _co_occur(stage, f"co_occur of {size}, not linked before", times, fresh, DELTA)


def _co_occur(
    stage: Stage, title: str, times: float, fresh: Callable[[], Sequence[str]], delta: float
) -> Outcome:
    near, twin = Ours.near, Twin.near

    def popoto(members: Sequence[str]) -> None:
        for pair in combinations(members, 2):
            twin.strengthen(Twin, *pair, delta)

    return stage.compare(
        title,
        [
            Variant(OURS, lambda members: near.co_occur(members, delta), fresh),
            Variant(POPOTO, popoto, fresh),
            Variant(IN_PIPELINE, _bare(stage.client, delta), fresh),
            Variant(IN_SCRIPT, _bare_script(stage.client, delta), fresh),
            stage.floor(lambda: near.co_occur(fresh())),
        ],
        [
            faster(times),
            within(2.5, IN_PIPELINE, clock="server"),
            within(2.5, IN_SCRIPT, clock="server"),
        ],
    )


def _bare(client: Any, delta: float) -> Callable[[Sequence[str]], None]:
    """The commands that no version can do without, the new weights known beforehand."""
    weights = count(1)

    def call(members: Sequence[str]) -> None:
        weight = min(1.0, next(weights) * delta)
        pipeline = client.pipeline(transaction=False)
        for member in members:
            key = "bare:" + member
            pipeline.zmscore(key, members)
            pipeline.zadd(key, {other: weight for other in members if other != member})
            pipeline.zcard(key)
        pipeline.execute()

    return call


def _bare_script(client: Any, delta: float) -> Callable[[Sequence[str]], None]:
    """The same, in one script."""
    sha = client.script_load(BARE_CO_OCCUR)
    weights = count(1)

    def call(members: Sequence[str]) -> None:
        keys = ["inside:" + member for member in members]
        weight = min(1.0, next(weights) * delta)
        client.evalsha(sha, len(keys), *keys, weight, *members)

    return call
