"""Lua scripts, read once from their files."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "lua"


@dataclass(frozen=True, slots=True)
class Script:
    """One atomic operation: a Lua text and the SHA that EVALSHA knows it by."""

    name: str
    text: str
    sha: str
    writes: bool


def load(name: str, *libraries: str, writes: bool = True) -> Script:
    """Read ``lua/<name>.lua``, with the named ``lua/lib`` files before it.

    Args:
        name: The script's file, without its ending.
        libraries: Files of ``lua/lib`` whose local functions it uses.
        writes: Whether it changes anything.

    Redis offers a script no way to call another, so local functions that several
    scripts need stand in a library and are sent as part of each.
    """
    files = [_FOLDER / "lib" / f"{library}.lua" for library in libraries]
    text = "\n".join(file.read_text("utf-8") for file in [*files, _FOLDER / f"{name}.lua"])
    return Script(name, text, sha1(text.encode(), usedforsecurity=False).hexdigest(), writes)
