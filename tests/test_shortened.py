"""Lua in fewer letters does the same as before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import popoto_recall
from popoto_recall.engine.shortened import shortened

FILES = sorted((Path(popoto_recall.__file__).parent / "lua").rglob("*.lua"))

ODD = """
-- A comment with 'a quote, and "another.
local first, last = 'a  --  b', 'it\\'s   first'   -- of 'a person

local function joined(first, ...)
  local rest = {...}
  for index, value in ipairs(rest) do first = first .. ',' .. value .. index end
  return first
end
local person = {first = first, last = last, [2] = - 3}
person.last = person.first == first and not (1 - 3 > 2) and -person[2] or 'no'
return {joined('x', last, 'y'), person.first, person.last, #person.first .. '',
  tostring(first ~= last), string.format('%d%%', 2 ^ 3 % 5)}
"""


def test_a_script_answers_as_before(client: Any) -> None:
    expected = client.eval(ODD, 0)
    assert expected == [b"x,it's   first1,y2", b"a  --  b", 3, b"8", b"true", b"3%"]
    assert client.eval(shortened(ODD), 0) == expected


def test_half_of_all_that_is_sent_is_saved() -> None:
    texts = [file.read_text("utf-8") for file in FILES]
    assert sum(len(shortened(text)) for text in texts) < sum(map(len, texts)) / 2


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("local total = 1\nreturn total + total\n", "local a=1\nreturn a+a\n"),
        ("for key, value in pairs(t) do end", "for a,b in pairs(t)do end"),
        (
            "local function times(one, two) return one * two + one end",
            "local function c(a,b)return a*b+a end",
        ),
        ("local size = 1\nlocal box = {size = size, wide = 2}", "local a=1\nlocal b={a=a,wide=2}"),
        ("function adders.bloom(value) return value end", "function adders.bloom(a)return a end"),
        ("local value = a + b", "local c=a+b"),
    ],
)
def test_what_a_script_declares_has_one_letter_everywhere(text: str, short: str) -> None:
    assert shortened(text) == short


@pytest.mark.parametrize("word", ["KEYS", "redis.call", "adders.bloom", "string.format"])
def test_what_lua_redis_and_the_caller_mean_something_by_stays(word: str) -> None:
    assert word in shortened(f"local call, format, adders, x = 1\nreturn {word}")


@pytest.mark.parametrize("text", ["name = 1", "a  --  b", "it\\'s   a name -- x"])
def test_texts_in_quotes_stay_as_they_are(text: str) -> None:
    assert shortened(f"local name = '{text}' -- not 'this'\n") == f"local a='{text}'\n"


def test_every_process_sends_the_same() -> None:
    """Else a server would be told each script again by each process, and keep them all."""
    code = "from popoto_recall.structures.bloom import CONTAINS; print(CONTAINS.sha)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1
