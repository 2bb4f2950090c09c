"""The line that a stored value begins with."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

import popoto_recall
from popoto_recall.structures.stamp import STATE_BYTES, stamp

STATE = Path(popoto_recall.__file__).parent / "lua" / "lib" / "state.lua"


def test_a_stamp_is_the_line_it_always_was() -> None:
    assert stamp("kind", 1, capacity=5, name="a b") == (
        b"kind 1 capacity=5 name=a%20b sum=463310721                     \n"
    )


@pytest.mark.parametrize("length", range(70))
def test_a_stamp_is_one_line_that_ends_at_a_multiple_of_32(length: int) -> None:
    line = stamp("kind", 1, name="x" * length)
    assert len(line) % 32 == 0
    assert line.index(b"\n") == len(line) - 1


@pytest.mark.parametrize("value", ["a b=c\nd", "naïve 日本", "%", "", "x" * 5000, 3, 0.01])
def test_any_value_can_be_read_back(value: object) -> None:
    found = re.search(rb" name=(\S*) ", stamp("kind", 1, name=value))
    assert found is not None
    assert unquote(found[1].decode()) == str(value)


def test_every_difference_shows_in_the_checksum() -> None:
    lines = [stamp("kind", 1, name=name) for name in ("ab", "ba", "aa", "abb", "")]
    sums = {line.split(b"sum=")[1] for line in lines}
    assert len(sums) == len(lines)


def test_scripts_expect_a_state_of_the_same_length() -> None:
    assert f"local STATE_BYTES = {STATE_BYTES}\n" in STATE.read_text("utf-8")
