"""The count-min sketch without a server: its shape, what it sends, how it reads replies."""

from __future__ import annotations

import math
from typing import Any

import pytest
from kept import WORDS, answer

from popoto_recall import IncompleteError
from popoto_recall.structures.hashing import DIGEST_BYTES
from popoto_recall.structures.sketch import Sketch, fitted, shape


def sketch(width: int = 100, depth: int = 4, top: int = 0) -> Sketch:
    return Sketch(
        "$FS:Page:count", "$Class:Page:reindex", ("$Class:Page",), (), WORDS, width, depth, top
    )


# Shapes


@pytest.mark.parametrize("width", [1, 2, 10, 100, 2000, 50_000])
@pytest.mark.parametrize("depth", [*range(1, 17), 20, 32])
def test_a_stored_shape_keeps_the_promise_of_width_and_depth(width: int, depth: int) -> None:
    rows, columns = shape(width, depth)
    one_row_breaks_it = width / (math.e * columns)
    assert one_row_breaks_it**rows <= math.exp(-depth) * (1 + 1e-9)


@pytest.mark.parametrize("depth", range(1, 33))
def test_a_stored_shape_is_not_much_larger_than_width_times_depth(depth: int) -> None:
    rows, columns = shape(2000, depth)
    assert rows <= depth
    assert rows * columns <= 1.4 * 2000 * depth


def test_the_default_shape_is_less_than_an_eighth_of_popotos_hash() -> None:
    """Popoto's takes about 690 KB once most of its 14,000 counters have been used."""
    assert sketch(2000, 7).plan.size < 690_000 / 8


@pytest.mark.parametrize("depth", range(1, 5))
def test_up_to_four_rows_are_stored_as_declared(depth: int) -> None:
    assert shape(123, depth) == (depth, 123)


@pytest.mark.parametrize("width", [1, 5, 100, 200, 2000, 50_000])
def test_the_memory_that_is_taken_anyway_becomes_columns(width: int) -> None:
    head = 206
    rows, columns = fitted(width, 7, head)
    assert (rows, columns) >= shape(width, 7)
    assert head + 4 * rows * columns <= 1.25 * (head + 4 * rows * shape(width, 7).columns) + 16


# What is sent


def test_a_question_is_one_call_that_names_the_sketch_alone() -> None:
    call = next(sketch().count("green tea").start())
    assert (call.script.name, call.keys) == ("sketch_count", ("$FS:Page:count",))
    assert len(call.args[-1]) == 2 * DIGEST_BYTES


def test_the_plan_says_what_a_value_is_made_of() -> None:
    rows, columns = fitted(2000, 7, len(sketch().identity) + 180)
    assert sketch(2000, 7, 5).plan.text == f"{rows:02} {columns:012} 000000002000 00007 00005"
    assert sketch(2000, 7).plan.size == len(sketch().identity) + 180 + 4 * rows * columns


def test_an_add_says_how_often_and_for_which_record() -> None:
    [call] = sketch().add("tea", by=7, own="Page:a").calls
    assert call.args[6:] == ("Page:a", call.args[7], 7, 0)
    [call] = sketch(top=3).add("tea coffee").calls
    assert call.args[8:] == (1, 2, b"tea", b"coffee")


# How replies read


@pytest.mark.parametrize("text", [bytes, str])
def test_replies_read_the_same_decoded_or_not(text: type) -> None:
    reply: Any = (lambda value: value.encode()) if text is bytes else str
    assert answer(sketch().count("a b"), reply("3,12")) == 3
    found = answer(sketch().count_many(["a b", "c", "a"]), reply("3,12,0,4294967295"))
    assert found == {"a b": 3, "c": 0, "a": 4_294_967_295}
    assert answer(sketch().count("a"), reply("?"), 1) == 0
    with pytest.raises(IncompleteError, match=r"'\$FS:Page:count' .*rebuild"):
        answer(sketch().count("a"), reply("?"), 0, reply("?"))
    assert answer(sketch(top=3).heaviest(2), [reply("tea"), reply("3")]) == [("tea", 3)]
    assert answer(sketch(top=3).heaviest(2), reply("?"), 1) == []


def test_a_question_goes_on_behind_what_was_answered() -> None:
    texts = [f"t{number}" for number in range(5001)]
    found = answer(sketch().count_many(texts), ",".join(map(str, range(5000))), "7")
    assert list(found) == texts
    assert list(found.values()) == [*range(5000), 7]
    assert answer(sketch().count(" ".join(texts)), ",".join(["9"] * 5000), "7") == 7
