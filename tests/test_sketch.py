"""The count-min sketch without a server: its shape, what it sends, how it reads replies."""

from __future__ import annotations

import math
from typing import Any

import pytest

from popoto_recall import ArgumentTypeError
from popoto_recall.engine import Command, Commands
from popoto_recall.structures.sketch import Sketch, SketchInfo, shape
from popoto_recall.structures.tokens import Tokenizer

WORDS = Tokenizer("words", str.split)


def sketch(width: int = 100, depth: int = 4, top: int = 0) -> Sketch:
    return Sketch("$FS:Page:count", ("$Class:Page",), (), WORDS, width, depth, top)


def only(operation: Any) -> Command[Any]:
    """The single call of an operation."""
    calls = operation.calls if isinstance(operation, Commands) else (operation,)
    assert len(calls) == 1
    call: Command[Any] = calls[0]
    return call


def answer(operation: Any, *replies: Any) -> Any:
    """What an operation makes of the server's replies."""
    if isinstance(operation, Command):
        return operation.parse(*replies)
    return operation.join(
        [call.parse(reply) for call, reply in zip(operation.calls, replies, strict=True)]
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
    assert sketch(2000, 7).size < 690_000 / 8


@pytest.mark.parametrize("depth", range(1, 5))
def test_up_to_four_rows_are_stored_as_declared(depth: int) -> None:
    assert shape(123, depth) == (depth, 123)


# What is sent


def test_a_question_is_one_call_that_names_sketch_and_records() -> None:
    call = only(sketch().count("green tea"))
    assert call.script.name == "sketch_count"
    assert call.keys == ("$FS:Page:count", "$Class:Page")


def test_what_a_token_is_turned_into_never_changes() -> None:
    """A stored sketch has to be readable for ever: these bytes decide which counters are its."""
    stamp, good, last, size, rows, columns, digests = only(sketch().count("kubernetes")).args
    assert stamp == (
        b"recall-sketch 1 width=100 depth=4 tokenizer=words rows=4 columns=100 top=0 "
        b"sum=883121977       \n"
    )
    assert (rows, columns) == (4, 100)
    assert digests == bytes.fromhex("7ae4519365684f8de24224fc75b706e3")
    assert good == stamp + b"size=%011d state=good items=" % size
    assert last == len(stamp) + 64 - 1
    assert sketch().size == size == len(stamp) + 64 + 4 * 100 * 4


@pytest.mark.parametrize(("depth", "tokens", "calls"), [(4, 5000, 1), (4, 5001, 2), (7, 15_000, 3)])
def test_many_tokens_go_in_calls_of_20_000_counters(depth: int, tokens: int, calls: int) -> None:
    texts = [f"t{number}" for number in range(tokens)]
    for operation in (
        sketch(depth=depth).count_many(texts),
        sketch(depth=depth).count(" ".join(texts)),
        sketch(depth=depth).add(" ".join(texts)),
    ):
        assert len(operation.calls) == calls


def test_an_empty_batch_asks_nothing() -> None:
    operation = sketch().count_many([])
    assert operation.calls == ()
    assert answer(operation) == {}


def test_a_bare_string_is_no_batch() -> None:
    with pytest.raises(ArgumentTypeError, match=r"write \[text\]"):
        sketch().count_many("tea")  # type: ignore[arg-type]


def test_an_add_says_how_often_and_for_which_record() -> None:
    assert only(sketch().add("tea", by=7, own="Page:a")).args[4:6] == ("Page:a", 7)
    assert only(sketch().add("tea")).args[4:6] == ("", 1)


def test_an_add_names_the_counters_that_a_question_looks_at() -> None:
    *_, rows, columns, digests = only(sketch().count("tea coffee")).args
    *_, cells, first, second, third, fourth = only(sketch().add("coffee")).args
    assert (rows, cells) == (4, 4)
    head = (sketch().size - 4 * 4 * 100) // 4
    wanted = [int.from_bytes(digests[i : i + 4], "big") % columns for i in range(16, 32, 4)]
    assert [first, second, third, fourth] == [
        b"#%d" % (head + row * columns + column) for row, column in enumerate(wanted)
    ]


# How replies read


@pytest.mark.parametrize("text", [bytes, str])
def test_replies_read_the_same_decoded_or_not(text: type) -> None:
    reply: Any = (lambda value: value.encode()) if text is bytes else str
    assert answer(sketch().count("a b"), reply("3,12")) == 3
    found = answer(sketch().count_many(["a b", "c", "a"]), reply("3,12,0,4294967295"))
    assert found == {"a b": 3, "c": 0, "a": 4_294_967_295}


def test_replies_of_several_calls_join_in_order() -> None:
    texts = [f"t{number}" for number in range(5001)]
    found = answer(sketch().count_many(texts), ",".join(map(str, range(5000))), "7")
    assert list(found) == texts
    assert list(found.values()) == [*range(5000), 7]
    assert answer(sketch().count(" ".join(texts)), ",".join(["9"] * 5000), "7") == 7


def test_the_state_of_a_sketch() -> None:
    assert answer(sketch().info(), [1, 500, 1760]) == SketchInfo(
        key="$FS:Page:count",
        exists=True,
        complete=True,
        width=100,
        depth=4,
        items=500,
        error_bound=pytest.approx(500 * math.e / 100),
        size=1760,
    )


def test_the_state_of_no_sketch() -> None:
    state = answer(sketch().info(), [0, 0, 0])
    assert (state.exists, state.complete, state.items, state.size) == (False, False, 0, 0)
    assert state.error_bound == 0
