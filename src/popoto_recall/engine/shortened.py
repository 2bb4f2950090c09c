"""Lua as the server gets it: without comments and needless spaces, its own names in short.

A save carries the text of its script, since EVALSHA inside MULTI could meet a server that lost it.
The server hashes that text each time, so half of it is worth a page of code here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, product
from string import ascii_letters

_TEXT = r"'(?:\\.|[^'\\])*'"
_COMMENT = re.compile(rf"({_TEXT})|^ *--.*\n|^\n| +-- .*$", re.MULTILINE)
_SPACE = re.compile(rf"({_TEXT})|^ +| *([=~<>+*/%,(){{}}\[\]#-]+|\.\.) *", re.MULTILINE)
_WORD = re.compile(rf"{_TEXT}|[A-Za-z_]\w*")
_DECLARED = re.compile(
    r"\b(?:local|for) +(?!function)([\w, ]+)|\bfunction *(\w*)[.\w]*\(([\w, .]*)\)"
)

_KEPT = """
and break do else elseif end false for function if in local nil not or repeat return then true until
while adders ARGV KEYS byte call ceil char concat err error_reply find floor format gsub insert
ipairs match math max min next ok pairs pcall redis remove rep sort sqrt string sub table tonumber
type unpack
"""
_LUA = frozenset(_KEPT.split())
"""Words that mean something to Lua, to Redis or to the caller, and stay."""


def shortened(text: str) -> str:
    """The same script in fewer letters.

    A name that the script declares is one or two letters everywhere, also where a table has a field
    of that name. Texts in quotes stay as they are.
    """
    text = _SPACE.sub(r"\1\2", _COMMENT.sub(r"\1", text))
    lists = chain.from_iterable(_DECLARED.findall(text))
    declared = {name for names in lists for name in re.findall(r"\w+", names)}
    words = Counter(_WORD.findall(text))
    names = sorted(declared - _LUA, key=lambda name: (-words[name], name))
    free = (name for name in _short_names() if name not in _LUA and name not in words)
    short = dict(zip(names, free, strict=False))
    return _WORD.sub(lambda match: short.get(match[0], match[0]), text)


def _short_names() -> Iterator[str]:
    return chain(ascii_letters, map("".join, product(ascii_letters, repeat=2)))
