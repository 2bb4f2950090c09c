"""What the operations of a graph send, and how replies read. No server needed."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from popoto_recall.engine import Command
from popoto_recall.structures.activation import Activation
from popoto_recall.structures.graph import Graph

SYMMETRIC = Graph("E:", "E:", "N", 3, 1.0)
ASYMMETRIC = Graph("E:", "R:", "N", 3, 2.0)


def only(operation: Any) -> Command[Any]:
    """The one call of an operation."""
    if isinstance(operation, Command):
        return operation
    (call,) = operation.calls
    return call


def answer(operation: Any, *replies: Any) -> Any:
    """What an operation makes of the replies to its calls."""
    if isinstance(operation, Command):
        return operation.parse(replies[0])
    pairs = zip(operation.calls, replies, strict=True)
    return operation.join([call.parse(reply) for call, reply in pairs])


# What is sent


def test_a_write_names_the_keys_of_both_ends() -> None:
    pairs = [("a", "b", 0.5), ("c", "a", 0.5)]
    assert only(SYMMETRIC.link(pairs)).keys == ("N", "E:a", "E:b", "E:c", "E:a")
    assert only(ASYMMETRIC.strengthen(pairs)).keys == ("N", "E:a", "R:b", "E:c", "R:a")
    assert SYMMETRIC.unlink("a", "b").keys == ("N", "E:a", "E:b")
    assert ASYMMETRIC.unlink("a", "b").keys == ("N", "E:a", "R:b")


def test_a_set_names_the_reverse_index_where_there_is_one() -> None:
    assert only(SYMMETRIC.co_occur(["a", "b"], 0.5)).keys == ("N", "E:a", "E:b")
    assert only(ASYMMETRIC.co_occur(["a", "b"], 0.5)).keys == ("N", "E:a", "E:b", "R:a", "R:b")


def test_what_goes_or_moves_names_all_its_keys() -> None:
    assert ASYMMETRIC.delete(["a", "b"]).keys == ("N", "E:a", "R:a", "E:b", "R:b")
    assert ASYMMETRIC.rename("a", "b").keys == ("N", "E:a", "R:a", "E:b", "R:b")
    assert ASYMMETRIC.sweep("M:a", ["a"]).keys == ("M:a", "N", "E:a", "R:a")


def test_numbers_are_sent_to_the_last_digit() -> None:
    third, least = 1 / 3, 5e-324
    assert "0.3333333333333333" in only(SYMMETRIC.link([("a", "b", third)])).args
    assert "5e-324" in only(SYMMETRIC.strengthen([("a", "b", least)])).args
    assert repr(0.1 + 0.2) in only(SYMMETRIC.weaken("a", 0.1 + 0.2)).args
    assert repr(1e-17) in only(SYMMETRIC.propagate({"a": third}, 2, 0.5, 1e-17)).args
    assert "0.3333333333333333" in only(SYMMETRIC.propagate({"a": third}, 2, 0.5, 0.0)).args


def test_a_strengthen_sends_the_cap() -> None:
    assert "2.0" in only(ASYMMETRIC.strengthen([("a", "b", 0.5)])).args


def test_long_lists_go_in_calls_of_five_hundred() -> None:
    pairs = [(f"n{i}", "hub", 0.5) for i in range(1001)]
    calls = SYMMETRIC.link(pairs).calls
    assert [len(call.keys) for call in calls] == [1001, 1001, 3]
    assert [call.keys[1] for call in calls] == ["E:n0", "E:n500", "E:n1000"]
    nodes = [f"n{i}" for i in range(1001)]
    assert [len(call.keys) for call in SYMMETRIC.linked(nodes, 0.0, 20).calls] == [500, 500, 1]


def test_a_self_loop_anywhere_in_a_list_is_refused_before_anything_is_sent() -> None:
    pairs = [*[(f"n{i}", "hub", 0.5) for i in range(600)], ("hub", "hub", 0.5)]
    for operation in (SYMMETRIC.link, SYMMETRIC.strengthen):
        with pytest.raises(ValueError, match="cannot link 'hub' to itself: no self-loops"):
            operation(pairs)


def test_a_set_of_65_is_refused() -> None:
    nodes = [f"n{i}" for i in range(65)]
    assert len(only(SYMMETRIC.co_occur(nodes[:64], 0.5)).keys) == 65
    with pytest.raises(ValueError, match="at most 64 records, not 65"):
        SYMMETRIC.co_occur(nodes, 0.5)


# What needs no call


def test_factor_one_sends_nothing() -> None:
    assert SYMMETRIC.weaken("a", 1.0).calls == ()
    assert answer(SYMMETRIC.weaken("a", 1.0)) == 0


@pytest.mark.parametrize("nodes", [[], ["a"]])
def test_a_set_without_a_pair_sends_nothing(nodes: list[str]) -> None:
    assert SYMMETRIC.co_occur(nodes, 0.5).calls == ()
    assert answer(SYMMETRIC.co_occur(nodes, 0.5)) == 0


def test_empty_lists_send_nothing() -> None:
    assert answer(SYMMETRIC.link([])) == []
    assert answer(SYMMETRIC.strengthen([])) == []
    assert answer(SYMMETRIC.linked([], 0.0, 20)) == {}


def test_no_seeds_lead_nowhere() -> None:
    assert answer(SYMMETRIC.propagate({}, 2, 0.5, 0.01)) == {}


def test_depth_zero_gives_the_seeds_heaviest_first() -> None:
    seeds = {"c": 0.5, "b": 1.0, "a": 0.5}
    found = answer(SYMMETRIC.propagate(seeds, 0, 0.5, 0.01))
    assert list(found.items()) == [("b", 1.0), ("a", 0.5), ("c", 0.5)]
    assert list(answer(SYMMETRIC.propagate(seeds, 0, 0.5, 0.01, limit=2))) == ["b", "a"]
    assert not found.truncated


def test_depth_zero_has_paths_of_one_node() -> None:
    seeds = {"b": 1.0, "a": 0.5}
    found = answer(SYMMETRIC.propagate(seeds, 0, 0.5, 0.01, explain=True, limit=1))
    assert found.paths == {"b": [("b", 1.0)]}
    assert answer(SYMMETRIC.propagate(seeds, 0, 0.5, 0.01)).paths == {}


# How replies read


@pytest.mark.parametrize("text", [bytes, str], ids=["bytes", "decoded"])
def test_replies_read_the_same_decoded_or_not(text: type) -> None:
    def reply(value: str) -> Any:
        return value.encode() if text is bytes else value

    def joined(*texts: object) -> list[Any]:
        return [reply("\0"), reply("\0".join(map(str, texts)))]

    pairs = [("a", "b", 0.5), ("a", "c", 0.5)]
    assert answer(SYMMETRIC.link(pairs), reply("0.30000000000000004 0")) == [0.1 + 0.2, 0.0]
    assert answer(SYMMETRIC.linked(["a", "b"], 0.0, 20), joined(1, "é", 0.5, 0)) == {
        "a": [("é", 0.5)],
        "b": [],
    }
    walk = SYMMETRIC.propagate({"a": 1.0}, 2, 0.5, 0.01)
    assert answer(walk, [0, *joined("a", 0.5, 1, "é", 0.5, "", "")]) == {"é": 0.25}


def test_replies_of_several_calls_join_in_order() -> None:
    pairs = [(f"n{i}", "hub", 0.5) for i in range(501)]
    weights = [i / 1000 for i in range(501)]
    texts = [repr(weight) for weight in weights]
    replies = " ".join(texts[:500]).encode(), texts[500].encode()
    assert answer(SYMMETRIC.link(pairs), *replies) == weights


def walk(*steps: Any, truncated: int = 0) -> list[Any]:
    """A reply to `propagate`; two empty texts end a level."""
    texts: list[object] = []
    for step in steps:
        if step:
            node, factor, raised = step
            texts += [node, factor, len(raised), *chain.from_iterable(raised.items())]
        else:
            texts += ["", ""]
    return [truncated, b"\0", "\0".join(map(str, [*texts, "", ""])).encode()]


def test_an_activation_is_a_dict_heaviest_first_ties_by_pk() -> None:
    reply = walk(("s", 0.5, {"b": 0.5, "d": 2, "a": 0.5}), ("d", 0.25, {"c": 1}))
    found = answer(SYMMETRIC.propagate({"s": 1.0}, 2, 0.5, 0.01), reply)
    assert type(found) is Activation
    assert isinstance(found, dict)
    assert list(found) == ["d", "a", "b", "c"]
    limited = answer(SYMMETRIC.propagate({"s": 1.0}, 2, 0.5, 0.01, limit=2), reply)
    assert list(limited.items()) == [("d", 0.5), ("a", 0.25)]


def test_an_activation_says_that_it_was_cut_short() -> None:
    one = SYMMETRIC.propagate({"s": 1.0}, 2, 0.5, 0.01, max_reads=1)
    assert answer(one, walk(truncated=1)).truncated is True
    assert answer(one, walk(truncated=0)).truncated is False


def test_paths_are_those_of_the_scores_that_stay() -> None:
    reply = walk(("s", 0.5, {"a": 0.2, "b": 1}))
    found = answer(SYMMETRIC.propagate({"s": 1.0}, 2, 0.5, 0.01, explain=True, limit=1), reply)
    assert found.paths == {"b": [("s", 1.0), ("b", 1.0)]}
    assert answer(SYMMETRIC.propagate({"s": 1.0}, 2, 0.5, 0.01), walk()).paths == {}


def test_a_path_leads_over_what_the_level_before_raised() -> None:
    first = ("s", 0.5, {"a": 0.5, "b": 0.125})
    reply = walk(first, "", ("a", 0.125, {"b": 1, "c": 1}), ("b", 0.03125, {"d": 1}))
    found = answer(SYMMETRIC.propagate({"s": 1.0}, 2, 0.5, 0.01, explain=True), reply)
    assert found == {"a": 0.25, "b": 0.125, "c": 0.125, "d": 0.03125}
    assert found.paths["b"] == [("s", 1.0), ("a", 0.5), ("b", 1.0)]
    assert found.paths["d"] == [("s", 1.0), ("b", 0.125), ("d", 1.0)]


def test_a_graph_is_a_value() -> None:
    assert Graph("E:", "E:", "N", 3, 1.0) == SYMMETRIC != ASYMMETRIC
    assert hash(Graph("E:", "E:", "N", 3, 1.0)) == hash(SYMMETRIC)
    with pytest.raises(AttributeError):
        SYMMETRIC.max_edges = 4  # type: ignore[misc]
