"""The Bloom filter without a server: what it plans and sends, and how it reads replies."""

from __future__ import annotations

from typing import Any

import pytest
from kept import WORDS, answer

from popoto_recall.structures.bloom import Bloom
from popoto_recall.structures.hashing import DIGEST_BYTES


def bloom(capacity: int = 1000, error_rate: float = 0.01) -> Bloom:
    return Bloom(
        "$EF:Page:seen",
        "$Class:Page:reindex",
        ("$Class:Page",),
        (),
        WORDS,
        capacity,
        error_rate,
    )


def test_a_question_is_one_call_that_names_the_filter_alone() -> None:
    call = next(bloom().contains("green tea", 1).start())
    assert (call.script.name, call.keys) == ("bloom_contains", ("$EF:Page:seen",))
    assert len(call.args[-1]) == 2 * DIGEST_BYTES


def test_the_plan_says_what_a_value_is_made_of() -> None:
    assert bloom().plan.text == "06 0000001000 00000045 018889 1.0000e-02"
    assert bloom().plan.size == len(b"recall-bloom 1 words -\n") + 180 + 45 * 32
    assert {len(bloom(10**k, 10.0**-k).plan.text) for k in range(1, 7)} == {40}


@pytest.mark.parametrize(
    ("items", "capacity"), [(0, 1000), (999, 1000), (1000, 1250), (1001, 1252), (9000, 11_250)]
)
def test_a_rebuild_has_room_for_a_quarter_more_than_it_found(items: int, capacity: int) -> None:
    plan = bloom().plan_for(items)
    assert int(plan.text.split()[1]) == capacity
    assert not bloom().misfits(items, plan)


def test_a_rebuild_begins_again_if_its_plan_is_far_off() -> None:
    small, large = bloom().plan, bloom().plan_for(9000)
    assert [bloom().misfits(items, small) for items in (0, 999, 1000)] == [False, False, True]
    assert [bloom().misfits(items, large) for items in (2812, 2813, 11_249, 11_250)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_text_of_many_tokens_is_added_in_calls_of_2_000() -> None:
    calls = bloom().add(" ".join(f"t{number}" for number in range(4500)), own="Page:a").calls
    assert [len(call.args[7]) // DIGEST_BYTES for call in calls] == [2000, 2000, 500]  # type: ignore[arg-type]
    assert {call.args[6] for call in calls} == {"Page:a"}
    assert {call.args[4] for call in calls} == {bloom().plan.size}
    [call] = bloom().add("tea", makes=False).calls
    assert call.args[4] == 0


@pytest.mark.parametrize("text", [bytes, str])
def test_replies_read_the_same_decoded_or_not(text: type) -> None:
    reply: Any = (lambda value: value.encode()) if text is bytes else str
    texts = ["a b", "c", "d e f"]
    some, two, every = (bloom().contains_many(texts, enough) for enough in (1, 2, None))
    assert answer(some, reply("1100011")) == {"a b": True, "c": False, "d e f": True}
    assert answer(two, reply("1101011")) == {"a b": False, "c": True, "d e f": True}
    assert answer(every, reply("1100011")) == {"a b": False, "c": False, "d e f": False}
    assert answer(every, reply("1111111")) == {"a b": True, "c": True, "d e f": True}
    assert answer(some, reply("0")) == {"a b": True, "c": True, "d e f": True}
    assert answer(some, reply("?"), 1) == {"a b": False, "c": False, "d e f": False}
    assert answer(every, reply("?"), 0, reply("?")) == {"a b": True, "c": True, "d e f": True}


def test_a_question_goes_on_behind_what_was_answered_and_sends_no_token_twice() -> None:
    texts = [f"t{number}" for number in range(25_000)]
    calls = bloom().contains_many(texts, 1).start()
    sent = []
    call = next(calls)
    for hits in ("1" + "0" * 8000, "1" + "0" * 7999 + "1", "1" + "0" * 8000):
        sent.append(len(call.args[-1]) // DIGEST_BYTES)
        call = calls.send(call.parse(hits))
    sent.append(len(call.args[-1]) // DIGEST_BYTES)
    with pytest.raises(StopIteration) as stop:
        calls.send(call.parse("1" + "1" * 1000))
    assert sent == [20_000, 8000, 8000, 1000]
    found = stop.value.value
    assert list(found) == texts
    assert [text for text, hit in found.items() if hit] == ["t15999", *texts[24_000:]]


def test_a_filter_that_goes_in_the_middle_of_a_question_denies_nothing() -> None:
    texts = [f"t{number}" for number in range(30_000)]
    for last in (["0"], ["?", 0, "?"]):
        found = answer(bloom().contains_many(texts, 1), "1" + "0" * 20_000, *last)
        assert all(found.values())


def test_an_empty_batch_asks_nothing() -> None:
    with pytest.raises(StopIteration) as stop:
        next(bloom().contains_many([], 1).start())
    assert stop.value.value == {}
