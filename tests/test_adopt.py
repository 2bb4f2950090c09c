"""Taking over what Popoto's own fields left, which really write it here."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import popoto
import pytest
from popoto import KeyField, Model, StringField, UniqueKeyField, redis_db

import popoto_recall
from popoto_recall import AdoptionError, StillWrittenError, WrongTypeError
from popoto_recall.engine import run
from popoto_recall.engine.foreign import mark
from popoto_recall.fields._scope import Scope
from popoto_recall.fields.adoption import EdgeCounts, adopt, survey
from popoto_recall.structures.adoption import Entry, carry

Weights = dict[str, dict[str, float]]


def text_of(record: Any) -> str:
    text: str = record.text
    return text


def idea(fields: Any, **options: Any) -> Any:
    """The same model, with the fields of either library."""

    class Idea(Model):
        name = UniqueKeyField()
        text = StringField()
        near = fields.CoOccurrenceField(**options)
        cites = fields.CoOccurrenceField(symmetric=False, **options)
        seen = fields.ExistenceFilter(capacity=500, fingerprint_fn=text_of)
        often = fields.FrequencySketch(width=200, depth=4, fingerprint_fn=text_of)

    return Idea


def fact(fields: Any, **options: Any) -> Any:
    class Fact(Model):
        name = KeyField()
        agent = KeyField()
        text = StringField()
        near = fields.CoOccurrenceField(**options)
        seen = fields.ExistenceFilter(capacity=500, fingerprint_fn=text_of, **options)
        often = fields.FrequencySketch(width=200, depth=4, fingerprint_fn=text_of, **options)

    return Fact


Theirs, Ours = idea(popoto), idea(popoto_recall)
OLD = "$CoOccurrencF:Idea:near:"


@pytest.fixture(autouse=True)
def no_script_remembered() -> None:
    """Popoto's own fields take a script for loaded that was once, on whatever server."""
    redis_db._LOADED_SHAS.clear()


def field(model: Any, name: str) -> Any:
    """A field of Popoto's, which is called with the model first."""
    return model._meta.fields[name]


def link(source: str, target: str, weight: float = 0.5, name: str = "near") -> None:
    field(Theirs, name).link(Theirs, source, target, weight)


def sets(client: Any, prefix: str) -> Weights:
    """The sorted sets under a prefix, by what follows it."""
    return {
        key.decode()[len(prefix) :]: {
            member.decode(): weight for member, weight in client.zrange(key, 0, -1, withscores=True)
        }
        for key in client.keys("*")
        if key.startswith(prefix.encode())
    }


def graph(client: Any, name: str = "near") -> Weights:
    return sets(client, f"$CoOcF:Idea:{name}:")


def dumps(client: Any) -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.keys("*")}


def heaviest(old: Weights) -> Weights:
    """The symmetric graph that old sets stand for."""
    new: Weights = {}
    for source, targets in old.items():
        for target, weight in targets.items():
            weight = min(max(weight, old.get(target, {}).get(source, weight)), 1.0)
            if source != target and weight > 0:
                new.setdefault(source, {})[target] = weight
                new.setdefault(target, {})[source] = weight
    return new


def edges(weights: Weights) -> int:
    """Edges of a symmetric graph."""
    return len({frozenset((a, b)) for a, targets in weights.items() for b in targets})


def check_invariants(client: Any, max_edges: int) -> None:
    weights = graph(client)
    for source, targets in weights.items():
        assert len(targets) <= max_edges
        for target, weight in targets.items():
            assert source != target
            assert 0 < weight <= 1
            assert weights[target][source] == weight


def by_hand(client: Any, nodes: int, chance: random.Random) -> None:
    """What Popoto's own writes do not leave, or seldom."""
    for i in range(0, 100, 2):
        client.zadd(f"{OLD}Idea:n{i}", {f"Idea:only{i}": 0.25, f"Idea:n{i}": 0.5})
        client.zadd(f"{OLD}Idea:heavy{i}", {f"Idea:n{i}": 3.5, "Idea:far": float("inf")})
        client.zadd(f"{OLD}Idea:n{i + 1}", {f"Idea:none{i}": 0, f"Idea:under{i}": -1})
    for key in client.keys(OLD + "*")[:300]:
        member = chance.choice(client.zrange(key, 0, -1))
        client.zadd(key, {member: chance.random()})


def written(client: Any, model: Any, nodes: int, pairs: int) -> Weights:
    """A graph that Popoto writes; its pruning leaves one-sided edges."""
    chance = random.Random(1)
    near = field(model, "near")
    for _ in range(pairs):
        a, b = (f"Idea:n{number}" for number in chance.sample(range(nodes), 2))
        near.link(model, a, b, chance.uniform(0.01, 1))
        if chance.random() < 0.2:
            near.strengthen(model, a, b, 0.3)
    near.weaken_all(model, "Idea:n1", 0.5)
    by_hand(client, nodes, chance)
    return sets(client, OLD)


def size(server: str) -> tuple[int, int]:
    """Nodes and links; the server in the process is slow."""
    return (200, 1400) if server == "fakeredis" else (1500, 12_500)


def test_a_large_graph_moves_and_every_edge_is_explained(client: Any, server: str) -> None:
    nodes, pairs = size(server)
    old = written(client, idea(popoto, max_edges=14), nodes, pairs)
    wanted, ours = heaviest(old), idea(popoto_recall, max_edges=200)
    if server != "fakeredis":
        assert edges(old) >= 10_000
    assert any(source not in old.get(target, {}) for source in old for target in old[source])

    counts = adopt(ours, watch=0).graphs["near"]

    assert graph(client) == wanted
    check_invariants(client, 200)
    assert client.keys("$CoOccurrencF:*") == []
    assert counts.found == edges(old)
    assert counts.moved == edges(wanted)
    assert counts.found == counts.moved + counts.self_loops + counts.not_positive
    assert counts == EdgeCounts(moved=counts.moved, **conditions(old))
    assert all(conditions(old).values())


def conditions(old: Weights) -> dict[str, int]:
    """What there was to mend and to drop, counted another way."""
    pairs = {tuple(sorted((a, b))) for a, targets in old.items() for b in targets}
    both = {(a, b): (old.get(a, {}).get(b), old.get(b, {}).get(a)) for a, b in pairs}
    loops = sum(a == b for a, b in both)
    real = [known for (a, b), known in both.items() if a != b]
    good = [known for known in real if max(weight for weight in known if weight is not None) > 0]
    return {
        "one_sided": sum(None in known for known in good),
        "two_weights": sum(None not in known and known[0] != known[1] for known in good),
        "over_cap": sum(any(weight and weight > 1 for weight in known) for known in good),
        "self_loops": loops,
        "not_positive": len(real) - len(good),
    }


def test_what_a_survey_promises_is_what_happens(client: Any) -> None:
    written(client, idea(popoto, max_edges=8), 60, 300)
    ours = idea(popoto_recall, max_edges=200)
    promised = survey(ours).graphs[0]
    assert promised.counts == adopt(ours, watch=0).graphs["near"]
    assert promised.needs == max(map(len, graph(client).values()))


def test_a_survey_changes_nothing(client: Any) -> None:
    Theirs.create(name="a", text="green tea")
    written(client, Theirs, 40, 100)
    before = dumps(client)
    seen = survey(Ours)
    assert [value.field for value in seen.values] == ["seen", "often"]
    assert seen.graphs[0].counts.moved > 100
    assert dumps(client) == before


def test_an_asymmetric_graph_moves_with_its_reverse_index(client: Any) -> None:
    chance = random.Random(2)
    for _ in range(300):
        a, b = chance.sample("abcdefghijklmnopqrstuvwxyz", 2)
        link(a, b, chance.random(), "cites")
    client.zadd("$CoOccurrencF:Idea:cites:a", {"a": 0.5, "over": 7, "nothing": 0})
    old = sets(client, "$CoOccurrencF:Idea:cites:")
    counts = adopt(Ours, watch=0).graphs["cites"]
    assert (counts.self_loops, counts.not_positive, counts.over_cap) == (1, 1, 1)
    assert counts.one_sided == counts.two_weights == 0
    old["a"] = {b: min(w, 1.0) for b, w in old["a"].items() if b not in ("a", "nothing")}
    assert graph(client, "cites") == old
    back = sets(client, "$CoOcR:Idea:cites:")
    assert {(a, b) for a in old for b in old[a]} == {(a, b) for b in back for a in back[b]}
    assert counts.moved == sum(map(len, old.values()))


def test_deleting_a_record_removes_its_adopted_edges(client: Any) -> None:
    Theirs.bulk_create([Theirs(name=name, text="tea") for name in "abc"])
    client.zadd(OLD + "Idea:b", {"Idea:a": 0.5})
    link("Idea:c", "Idea:a", name="cites")
    adopt(Ours, watch=0)
    Ours.query.get(name="a").delete()
    assert not graph(client)
    assert not graph(client, "cites")


def test_what_the_new_graph_has_already_is_merged(client: Any) -> None:
    link("a", "b", 0.5)
    link("a", "c", 0.5)
    Ours.near.link("a", "b", 0.25)
    Ours.near.link("a", "c", 0.75)
    Ours.near.link("a", "d", 0.125)
    counts = adopt(Ours, watch=0).graphs["near"]
    assert counts == EdgeCounts(moved=2, known=2)
    assert Ours.near.get_linked("a") == [("c", 0.75), ("b", 0.5), ("d", 0.125)]
    check_invariants(client, 500)


# Room


def crowd(client: Any) -> Any:
    """Twelve one-sided edges that would all get the same node, and ours with room for ten."""
    for i in range(12):
        client.zadd(f"{OLD}n{i}", {"hub": (i + 1) / 20})
    return idea(popoto_recall, max_edges=10)


def test_too_little_room_is_refused_and_what_would_do_is_named(client: Any) -> None:
    ours = crowd(client)
    before = dumps(client)
    with pytest.raises(AdoptionError, match=r"max_edges=10 .*more: 1;.* up to 2\..*max_edges=12"):
        adopt(ours, watch=0)
    assert dumps(client) == before
    counts = adopt(idea(popoto_recall, max_edges=12), watch=0).graphs["near"]
    assert counts == EdgeCounts(moved=12, one_sided=12)


def test_what_the_new_graph_has_counts_for_room(client: Any) -> None:
    ours = idea(popoto_recall, max_edges=3)
    ours.near.link_many([("hub", name) for name in "ab"])
    client.zadd(OLD + "hub", {"b": 0.5, "c": 0.5})
    client.zadd(OLD + "d", {"hub": 0.5})
    client.zadd(OLD + "a", {"hub": 0.5})
    assert survey(ours).graphs[0].needs == 4
    with pytest.raises(AdoptionError, match="max_edges=4"):
        adopt(ours, watch=0)


def test_a_node_without_an_old_set_counts_for_room_too(client: Any) -> None:
    ours = idea(popoto_recall, max_edges=3)
    ours.near.link_many([("hub", name) for name in "ab"])
    client.zadd(OLD + "d", {"hub": 0.5})
    client.zadd(OLD + "e", {"hub": 0.5})
    with pytest.raises(AdoptionError, match="max_edges=4"):
        adopt(ours, watch=0)


def test_pruning_keeps_the_heaviest_and_counts_the_rest(client: Any) -> None:
    counts = adopt(crowd(client), prune=True, watch=0).graphs["near"]
    assert (counts.moved, counts.over_max, counts.found) == (10, 2, 12)
    assert sorted(graph(client)["hub"]) == sorted(f"n{i}" for i in range(2, 12))
    assert client.keys("$CoOccurrencF:*") == []


def test_pruning_keeps_the_heavier_ones_that_were_there(client: Any) -> None:
    ours = idea(popoto_recall, max_edges=2)
    ours.near.link_many([("hub", "a"), ("hub", "b")], 0.5)
    link("hub", "c", 0.25)
    counts = adopt(ours, prune=True, watch=0).graphs["near"]
    assert counts == EdgeCounts(over_max=1)
    assert sorted(graph(client)["hub"]) == ["a", "b"]


def test_a_pruned_graph_keeps_the_invariants(client: Any, server: str) -> None:
    nodes, pairs = (100, 700) if server == "fakeredis" else (600, 5000)
    old = written(client, idea(popoto, max_edges=14), nodes, pairs)
    counts = adopt(idea(popoto_recall, max_edges=14), prune=True, watch=0).graphs["near"]
    check_invariants(client, 14)
    assert counts.over_max > 0
    assert counts.found == edges(old)
    assert counts.moved == edges(graph(client))


@pytest.mark.parametrize("weight", [0.5, 0.0625])
def test_room_that_is_gone_meanwhile_loses_nothing(client: Any, weight: float) -> None:
    ours = idea(popoto_recall, max_edges=2)
    for other in "bc":
        link("a", other, 0.125)
    before = sets(client, OLD)

    def fill(what: str, done: int, total: int) -> None:
        if "looking" in what:
            ours.near.link_many([("a", "x"), ("a", "y")], weight)

    with pytest.raises(AdoptionError, match="has no room"):
        adopt(ours, watch=0, progress=once(fill, after=2))
    assert sets(client, OLD) == before
    assert {"x", "y"} == set(graph(client)["a"])


def once(act: Callable[[str, int, int], object], after: int = 1) -> Callable[..., None]:
    """Calls ``act`` at one call alone."""
    calls = 0

    def tell(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == after:
            act(*args)

    return tell


# What cannot be moved


def test_a_name_that_is_no_text_stays_if_that_is_allowed(client: Any) -> None:
    link("a", "ö€😀")
    client.zadd(
        OLD + "a", {b"\xff\xfe": 0.5, b"\xe2\x28\xa1": 0.25, b"\xf0\xc2\x90\x90\x80\x80": 0.125}
    )
    before = dumps(client)
    with pytest.raises(AdoptionError, match=r"of 'near' .*: 3 \(0 .* 3 with a name"):
        adopt(Ours, watch=0)
    assert dumps(client) == before
    counts = adopt(Ours, leave=True, watch=0).graphs["near"]
    assert counts == EdgeCounts(moved=1, unreadable=3)
    assert graph(client) == {"a": {"ö€😀": 0.5}, "ö€😀": {"a": 0.5}}
    assert client.zcard(OLD + "a") == 3
    again = adopt(Ours, watch=0)
    assert again.nothing
    assert again.graphs == {"near": EdgeCounts(unreadable=3)}


def test_names_that_are_no_text_are_not_taken_for_a_change(client: Any) -> None:
    for i in range(8):
        link(f"p{i}", f"q{i}")
        client.zadd(f"{OLD}{'pq'[i % 2]}{i}", {b"\xff": 0.5})
    counts = adopt(Ours, leave=True, watch=0).graphs["near"]
    assert counts == EdgeCounts(moved=8, unreadable=8)


@pytest.mark.parametrize("prefix", [OLD, "$CoOcF:Idea:near:"])
def test_a_key_of_another_type_is_named(client: Any, prefix: str) -> None:
    link("a", "b")
    client.set(prefix + "c", "text")
    if prefix != OLD:
        client.zadd(OLD + "c", {"d": 0.5})
    before = dumps(client)
    with pytest.raises(WrongTypeError, match=r"near:c' holds a string"):
        adopt(Ours, watch=0)
    assert dumps(client) == before


def test_a_key_of_another_type_is_in_the_survey(client: Any) -> None:
    client.set(OLD + "c", "text")
    client.zadd(OLD + "a", {"c": 0.5})
    seen = survey(Ours)
    assert seen.graphs[0].wrong == {OLD + "c": "string"}
    assert not seen.nothing


# Partitions


def test_edges_go_to_the_partition_of_both_their_ends(client: Any) -> None:
    theirs, ours = fact(popoto), fact(popoto_recall, partition_by="agent")
    for agent in ("one", "t:wo"):
        for name in "ab":
            theirs.create(name=name, agent=agent, text=f"{agent} tea")
    keys = {record.db_key.redis_key for record in theirs.query.all()}
    one = sorted(key for key in keys if "one" in key)
    two = sorted(keys - set(one))
    near = field(theirs, "near")
    near.link(theirs, *one, 0.5)
    near.link(theirs, *two, 0.25)
    near.link(theirs, one[0], two[0], 0.75)
    near.link(theirs, "an idea", two[0], 0.125)
    near.link(theirs, "Other:one:a", one[0], 0.125)
    before = dumps(client)
    with pytest.raises(AdoptionError, match=r"of 'near' .*: 3 \(3 whose ends"):
        adopt(ours, watch=0)
    assert dumps(client) == before

    done = adopt(ours, leave=True, watch=0)

    assert done.graphs["near"] == EdgeCounts(moved=2, elsewhere=3)
    assert ours.near.at(agent="one").get_linked(one[0]) == [(one[1], 0.5)]
    assert ours.near.at(agent="t:wo").get_linked(two[0]) == [(two[1], 0.25)]
    left = sets(client, "$CoOccurrencF:Fact:near:")
    assert left == {
        one[0]: {two[0]: 0.75, "Other:one:a": 0.125},
        two[0]: {one[0]: 0.75, "an idea": 0.125},
        "an idea": {two[0]: 0.125},
        "Other:one:a": {one[0]: 0.125},
    }
    assert adopt(ours, watch=0).nothing


def test_each_partition_gets_its_filter_and_the_common_one_goes(client: Any) -> None:
    theirs, ours = fact(popoto), fact(popoto_recall, partition_by="agent")
    for agent in ("one", "t:wo"):
        theirs.create(name="a", agent=agent, text=f"green {agent}")
    done = adopt(ours, watch=0)
    assert len(done.values) == 6
    assert sorted(value.key for value in done.values if value.removed) == [
        "$EF:Fact:seen",
        "$FS:Fact:often",
    ]
    assert client.exists("$EF:Fact:seen", "$FS:Fact:often") == 0
    assert ours.seen.at(agent="one").info().complete
    assert ours.often.at(agent="t:wo").get_frequency("green") == 1
    assert not ours.seen.at(agent="t:wo").might_exist("one")
    assert adopt(ours, watch=0).nothing


def test_the_common_filter_stays_until_each_partition_has_its_own(client: Any) -> None:
    theirs, ours = fact(popoto), fact(popoto_recall, partition_by="agent")
    theirs.create(name="a", agent="one", text="tea")

    def fail(what: str, done: int, total: int) -> None:
        if "rebuilding" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adopt(ours, watch=0, progress=fail)
    assert client.exists("$EF:Fact:seen", "$FS:Fact:often") == 2
    adopt(ours, watch=0)
    assert ours.seen.at(agent="one").might_exist("tea")


def test_a_common_filter_that_changes_is_not_removed(client: Any) -> None:
    theirs, ours = fact(popoto), fact(popoto_recall, partition_by="agent")
    theirs.create(name="a", agent="one", text="tea")

    def save(what: str, done: int, total: int) -> None:
        if "rebuilding" in what and theirs.query.count() == 1:
            theirs.create(name="b", agent="one", text="coffee")

    with pytest.raises(StillWrittenError, match=r"EF:Fact:seen' changed"):
        adopt(ours, watch=0, progress=save)
    assert client.exists("$EF:Fact:seen", "$FS:Fact:often") == 2


# Filters and sketches


def test_filters_and_sketches_are_made_anew(client: Any) -> None:
    for name in "abc":
        Theirs.create(name=name, text=f"green tea {name}xyz")
    done = adopt(Ours, watch=0)
    assert [(value.field, value.removed) for value in done.values] == [
        ("seen", False),
        ("often", False),
    ]
    assert Ours.seen.info().complete
    assert Ours.seen.might_exist("axyz")
    assert not Ours.seen.might_exist("coffee")
    assert Ours.often.get_frequency("green") == 3


def test_what_is_ours_and_complete_stays_as_it_is(client: Any) -> None:
    Ours.create(name="a", text="tea")
    Ours.near.link("Idea:a", "Idea:b")
    before = dumps(client)
    assert adopt(Ours, watch=0).nothing
    assert dumps(client) == before


@pytest.mark.parametrize("state", ["missing", "damaged", "list"])
def test_what_is_ours_and_cannot_answer_is_made_anew(client: Any, state: str) -> None:
    Ours.create(name="a", text="tea")
    key = "$EF:Idea:seen"
    if state == "damaged":
        client.setrange(key, 100, b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
    else:
        client.delete(key)
        if state == "list":
            client.rpush(key, "x")
    done = adopt(Ours, watch=0)
    assert [value.field for value in done.values] == ["seen"]
    assert Ours.seen.info().complete
    assert adopt(Ours, watch=0).nothing


def test_there_is_nothing_to_adopt_twice(client: Any) -> None:
    assert adopt(Ours).nothing
    Theirs.create(name="a", text="tea")
    link("a", "b")
    assert not adopt(Ours, watch=0).nothing
    before = dumps(client)
    assert adopt(Ours, watch=0).nothing
    assert dumps(client) == before


# Another program that writes


def test_a_value_is_marked_by_all_that_a_save_changes(client: Any) -> None:
    client.setbit("filter", 1000, 1)
    client.hset("sketch", "0:1", 1)
    before = mark(client, "filter"), mark(client, "sketch")
    assert before == (mark(client, "filter"), mark(client, "sketch"))
    client.setbit("filter", 500, 1)
    client.hincrby("sketch", "0:1", 1)
    assert mark(client, "filter") != before[0]
    assert mark(client, "sketch") != before[1]


@contextmanager
def writer(write: Callable[[int], object]) -> Iterator[None]:
    """A thread that writes all the time."""
    stop = threading.Event()

    def work() -> None:
        for i in range(100_000):
            write(i)
            if stop.wait(0.005):
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


WRITES: dict[str, Callable[[int], object]] = {
    "edges": lambda i: field(Theirs, "near").strengthen(Theirs, "a", f"b{i % 50}", 1e-6),
    "fewer": lambda i: field(Theirs, "near").unlink(Theirs, "m", f"n{i}"),
    "decay": lambda i: field(Theirs, "near").weaken_all(Theirs, "m", 0.9999),
    "saves": lambda i: Theirs.create(name=f"n{i}", text=f"tea{i}"),
}


@pytest.mark.parametrize("what", WRITES)
def test_a_program_that_still_writes_is_seen_and_nothing_changes(client: Any, what: str) -> None:
    Theirs.create(name="a", text="tea")
    for i in range(300):
        client.zadd(OLD + "m", {f"n{i}": 0.5})
    said = "' changed: a program" if what == "saves" else "changed between two looks"
    with writer(WRITES[what]), pytest.raises(StillWrittenError, match=said):
        adopt(Ours, watch=0.3)
    assert graph(client) == {}
    assert client.type("$FS:Idea:often") == b"hash"


def test_nothing_of_what_a_program_writes_on_is_lost(client: Any) -> None:
    """Without a look at it beforehand, so that it is in the middle of the move."""
    for i in range(200):
        link(f"a{i % 20}", f"b{i}", 0.25)
    linked: list[tuple[str, str]] = []

    def write(i: int) -> None:
        link(f"a{i % 20}", f"c{i}", 0.75)
        linked.append((f"a{i % 20}", f"c{i}"))

    with writer(write):
        for _ in range(5):
            with pytest.raises(StillWrittenError):
                adopt(Ours, watch=0.05)
    adopt(Ours, watch=0)
    weights = graph(client)
    assert all(weights[a][b] == weights[b][a] == 0.75 for a, b in linked)
    assert edges(weights) == 200 + len(linked)


@pytest.mark.parametrize("target", ["b", "new"])
def test_a_set_that_changes_while_it_is_moved_is_seen(client: Any, target: str) -> None:
    for i in range(30):
        link(f"a{i}", f"b{i}")

    def write(what: str, done: int, total: int) -> None:
        if "moving" in what and done == 2:
            for i in range(30):
                field(Theirs, "near").strengthen(Theirs, f"a{i}", f"{target}{i}", 0.125)

    with pytest.raises(StillWrittenError, match="1 key of Popoto's own fields changed while"):
        adopt(Ours, watch=0, progress=write)
    old, new = sets(client, OLD), graph(client)
    for i in range(30):
        assert f"b{i}" in old.get(f"a{i}", {}) or f"b{i}" in new[f"a{i}"]
    adopt(Ours, watch=0)
    new = graph(client)
    assert all(new[f"a{i}"][f"{target}{i}"] >= 0.125 for i in range(30))
    check_invariants(client, 500)


def test_a_direction_that_appears_while_its_edge_is_moved_is_seen(client: Any) -> None:
    for i in range(10):
        client.zadd(f"{OLD}a{i}", {f"b{i}": 0.5})

    def write(what: str, done: int, total: int) -> None:
        if "moving" in what and done == 1:
            for i in range(10):
                client.zadd(f"{OLD}b{i}", {f"a{i}": 0.75})

    with pytest.raises(StillWrittenError, match="while it was being moved"):
        adopt(Ours, watch=0, progress=write)
    adopt(Ours, watch=0)
    assert all(graph(client)[f"a{i}"] == {f"b{i}": 0.75} for i in range(10))


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        (Entry("b", "0.25", "0.5", None), 2),
        (Entry("b", "0.5", "0.25", None), 2),
        (Entry("b", "0.5", None, None), 2),
        (Entry("c", "0.5", "0.5", None), 2),
        (Entry("b", "0.5", "0.5", None), 3),
    ],
)
def test_a_step_refuses_what_is_not_as_it_was_seen(client: Any, entry: Entry, size: int) -> None:
    link("a", "b")
    client.zadd(OLD + "a", {"d": 0.5})
    before = dumps(client)
    where = Ours.near.graph(Scope(Ours))
    stale = carry(OLD, where, "a", [Entry("d", "0.5", None, None), entry], size, prune=False)
    assert run(client, stale).outcomes == ""
    assert dumps(client) == before
    entries = [Entry("b", "0.5", "0.5", None), Entry("d", "0.5", None, None)]
    assert run(client, carry(OLD, where, "a", entries, 2, prune=False)).outcomes == "nn"


def test_a_set_that_comes_back_is_seen(client: Any) -> None:
    link("a", "b")

    def write(what: str, done: int, total: int) -> None:
        if "moving" in what and done == total:
            link("a", "c")

    with pytest.raises(StillWrittenError, match=r"2 keys .* after it was moved, '.*near:a'"):
        adopt(Ours, watch=0, progress=write)
    assert adopt(Ours, watch=0).graphs["near"] == EdgeCounts(moved=1)
    assert sorted(graph(client)["a"]) == ["b", "c"]


def test_a_save_before_the_change_of_values_is_seen(client: Any) -> None:
    Theirs.create(name="a", text="tea")

    def save(what: str, done: int, total: int) -> None:
        if "seen: rebuilding" in what and Theirs.query.count() == 1:
            Theirs.create(name="b", text="coffee")

    with pytest.raises(StillWrittenError, match=r"EF:Idea:seen' changed"):
        adopt(Ours, watch=0, progress=save)
    assert client.type("$FS:Idea:often") == b"hash"
    adopt(Ours, watch=0)
    assert Ours.seen.might_exist("coffee")
    assert Ours.often.get_frequency("coffee") == 1


def test_a_rebuild_of_popotos_is_waited_for(client: Any) -> None:
    Theirs.create(name="a", text="tea")
    token = field(Theirs, "seen")._begin_v2_rebuild(Theirs)
    with pytest.raises(StillWrittenError, match=r"rebuild of .*seen' is under way"):
        adopt(Ours, watch=0)
    field(Theirs, "seen")._abort_v2_rebuild(Theirs, token)
    adopt(Ours, watch=0)


def test_it_watches_for_as_long_as_it_is_told(client: Any) -> None:
    link("a", "b")
    start = time.monotonic()
    adopt(Ours, watch=0.4)
    assert time.monotonic() - start >= 0.4
    with pytest.raises(ValueError, match="watch"):
        adopt(Ours, watch=-1)


# A kill


@pytest.mark.parametrize("after", [1, 40, 90])
def test_a_kill_loses_nothing_and_the_next_run_goes_on(real_client: Any, after: int) -> None:
    chance = random.Random(after)
    for _ in range(400):
        a, b = chance.sample(range(100), 2)
        link(f"n{a}", f"n{b}", chance.random())
    Theirs.create(name="a", text="tea")
    old = sets(real_client, OLD)

    def kill(what: str, done: int, total: int) -> None:
        if "moving" in what and done == after:
            os.kill(os.getpid(), signal.SIGKILL)

    forked(lambda: adopt(Ours, watch=0, progress=kill))
    left, moved = sets(real_client, OLD), graph(real_client)
    assert left
    assert moved
    assert edges(left) + edges(moved) == edges(old)
    assert heaviest({**moved, **{a: {**moved.get(a, {}), **left[a]} for a in left}}) == heaviest(
        old
    )
    counts = adopt(Ours, watch=0).graphs["near"]
    assert counts.found == counts.moved == edges(left)
    assert graph(real_client) == heaviest(old)
    check_invariants(real_client, 500)
    assert Ours.seen.info().complete


def forked(work: Callable[[], object]) -> None:
    """Run something in a copy of this process, which is killed on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


# What else it is told


def test_a_node_with_many_edges_moves_in_pieces(client: Any, server: str) -> None:
    many = 1200 if server == "fakeredis" else 5000
    pipeline = client.pipeline()
    for i in range(many):  # Popoto's strengthen never prunes
        field(Theirs, "near").strengthen(Theirs, "hub", f"n{i}", 0.25, pipeline=pipeline)
    pipeline.execute()
    counts = adopt(idea(popoto_recall, max_edges=many), watch=0).graphs["near"]
    assert counts == EdgeCounts(moved=many)
    assert len(graph(client)["hub"]) == many
    check_invariants(client, many)


def test_a_client_that_decodes_replies_adopts_as_well(
    real_client: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link("ä", "b")
    real_client.zadd(OLD + "b", {b"\xff": 0.5})
    decoding = running.client(decode_responses=True)
    monkeypatch.setattr(redis_db, "POPOTO_REDIS_DB", decoding)
    done = adopt(Ours, leave=True, watch=0)
    decoding.connection_pool.disconnect()
    assert done.graphs["near"] == EdgeCounts(moved=1, unreadable=1)


@pytest.mark.usefixtures("client")
def test_a_model_without_fields_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="Idea has no field of popoto_recall"):
        survey(Theirs)
