"""The pages of Python's own help, and which of them name each other.

`pydoc` has a text for each page and, for every name that ``help()`` knows, either the page that
explains it and further names to look up, or just another name.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import combinations
from pydoc import Helper
from pydoc_data.topics import topics as texts
from typing import NamedTuple

__all__ = ["Mention", "close_to", "find", "mentions", "texts"]

Entry = str | tuple[str, ...]
"""Another name, or a page and names to look up."""

BY_NAME = 0.2
"""What it adds to an edge that a page's entry names another page."""

BY_SYMBOL = 0.1
"""What it adds that ``help('%')`` and the like name two pages together."""

_named: dict[str, Entry] = {**Helper.keywords, **Helper.topics}
_symbols: dict[str, str] = {
    symbol: entry for symbol, entry in Helper.symbols.items() if isinstance(entry, str)
}


class Mention(NamedTuple):
    """Two pages that belong together, and how much one mention says so."""

    source: str
    target: str
    weight: float


def find(name: str) -> str | None:
    """The page under a name: its own, or one that ``help()`` knows, in any case."""
    for known in (name, name.lower(), name.upper()):
        if known in texts:
            return known
        page = _explains(known)
        if page is not None:
            return page
    return None


def close_to(name: str) -> list[str]:
    """Names like this one that `find` knows."""
    known = {known.lower(): known for known in [*_named, *texts] if find(known)}
    return [known[match] for match in get_close_matches(name.lower(), known, n=3)]


def mentions() -> Iterator[Mention]:
    """Every time that the help names two pages together."""
    for name, entry in _named.items():
        source = _explains(name)
        others = entry[1].split() if isinstance(entry, tuple) else []
        for target in map(_explains, others):
            if source and target and source != target:
                yield Mention(source, target, BY_NAME)
    for names in _symbols.values():
        together = sorted({page for page in map(_explains, names.split()) if page})
        for source, target in combinations(together, 2):
            yield Mention(source, target, BY_SYMBOL)


def _explains(name: str, *, redirects: int = 5) -> str | None:
    """The page that explains a name, following names that stand for others."""
    entry = _named.get(name)
    if isinstance(entry, tuple):
        return entry[0] if entry[0] in texts else None
    if not entry or not redirects:
        return None
    return _explains(entry.split()[0], redirects=redirects - 1)
