"""Lua scripts, read from their files when they are first used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha1
from pathlib import Path

from .shortened import shortened

_FOLDER = Path(__file__).parent.parent / "lua"

PLACE = "-- The library {} stands here.\n"
"""Where a script has a library that it does not need from its first line on.

A local function is made anew in every call that comes by it.
"""


@dataclass(frozen=True)
class Script:
    """One atomic operation, ``lua/<name>.lua``.

    Redis offers a script no way to call another, so local functions that several scripts need
    stand in a library and are sent as part of each.

    Attributes:
        name: The file, without its ending.
        libraries: Files of ``lua/lib`` whose local functions it uses.
        writes: Whether it changes anything.
        joins: Whether one call can do what several would, their keys and arguments one after the
            other.
    """

    name: str
    libraries: tuple[str, ...]
    writes: bool
    joins: bool = False

    @cached_property
    def text(self) -> str:
        """What the server runs, shortened, since a queued call carries all of it."""
        return shortened(self.source)

    @property
    def source(self) -> str:
        """The script with its libraries, each in its `PLACE` or before the script."""
        text = _read(f"{self.name}.lua")
        for library in reversed(self.libraries):
            own, place = _read(f"lib/{library}.lua"), PLACE.format(library)
            text = text.replace(place, own) if place in text else f"{own}\n{text}"
        return text

    @cached_property
    def sha(self) -> str:
        """What EVALSHA knows it by."""
        return sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def with_libraries(self, libraries: tuple[str, ...]) -> Script:
        """The same script with further libraries, behind those that it has."""
        every = dict.fromkeys((*self.libraries, *libraries))
        return load(self.name, *every, writes=self.writes, joins=self.joins)


@cache
def load(name: str, *libraries: str, writes: bool = True, joins: bool = False) -> Script:
    """A script by the names of its files; the same one for the same names."""
    return Script(name, libraries, writes, joins)


@cache
def _read(file: str) -> str:
    return (_FOLDER / file).read_text("utf-8")
