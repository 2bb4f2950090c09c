"""Tokenizers to use in place of the default: short and technical terms, and CJK text.

Both take what Unicode calls equivalent for the same: letter and accent as one character or as two
(NFC, NFD), full and half width, ligatures, capitals. Their tokens are part of what is stored: a
tokenizer whose tokens change needs another name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from unicodedata import category, normalize

from .fields._tokens import DEFAULT_TOKENIZER

__all__ = ["cjk", "technical"]

_SHORT_WORDS = "a i am an as at be by do he if in is it me my no of on or so to up we"

_LEFT_OUT = {word.decode() for word in DEFAULT_TOKENIZER.stop_words} | {*_SHORT_WORDS.split()}

_IGNORED = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20e3\ufe00-\ufe0f"
    r"\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
"""Beside format characters: joiners, fillers, variation selectors, keycaps, tones of skin."""

_PICTURES = re.compile(r"[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_FLAG_LETTERS = r"\U0001f1e6-\U0001f1ff"

_SAME_AS = {"\u2010": "-", "\u2212": "-", "\u2019": "'", "\u02bc": "'", "\u2044": "/"}
"""Hyphen, minus, apostrophes, the slash of fractions."""

_RUN = re.compile(
    r"([\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"
    r"\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u318f\u31a0-\u31bf\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    r"\U0001aff0-\U0001b16f\U00020000-\U0003ffff]+)"
)
"""Han, Hiragana, Katakana, Bopomofo and Hangul, without a border between them."""

_LETTER = rf"[^\x00-/:-@\[-^`{{-\x7f{_FLAG_LETTERS}]"
"""Of a word: letters, digits, underscores, and all beyond ASCII that `_Letters` left."""

_MARK = r"[\u0300-\u036f\u3099\u309a]"
"""What accents that stand alone become behind a space; no word begins with one."""

_CHUNK = re.compile(
    rf"(?:(?<!\.)\.)?(?!{_MARK}){_LETTER}+(?:[./&'+#-]+{_LETTER}+)*[+#]*|[{_FLAG_LETTERS}]{{1,2}}"
)
"""What stands together, from which terms are taken."""

_CONTRACTION = re.compile(rf"'(?:[stdm]|ll|re|ve)(?!{_LETTER})")

_NAME = (
    rf"(?:(?<!\.)(?<!{_LETTER})\.(?![0-9]))?{_LETTER}+(?:[.-]{_LETTER}+)*"
    r"(?:(?<![0-9])(?:\+\+[0-9]*|[+#])(?![+#0-9a-z_]))?"
)
_TERM = re.compile(rf"{_NAME}(?:[/&]{_NAME})*")
_PART = re.compile(rf"{_LETTER}+(?:\+\+(?=[0-9]))?")


def technical(text: str) -> list[str]:
    """Words of any length, with the signs that belong to them: ``C++``, ``node.js``, ``TCP/IP``.

    What ``.``, ``-``, ``/`` or ``&`` joins is a token, and so are its parts. Left out are Popoto's
    stop words and English words of one and two letters. If nothing is left, the whole text is the
    one token.

    Args:
        text: Any text.
    Returns:
        Distinct tokens in the order they appear in.
    """
    return _tokens(text, _terms)


def cjk(text: str) -> list[str]:
    """Pairs of neighbours in Chinese, Japanese and Korean; `technical` for the rest.

    Any part of two characters or more of a run of Han, Kana and Hangul has tokens of that run
    alone. A character between others that are none of these is a token by itself.

    Args:
        text: Any text.
    Returns:
        Distinct tokens in the order they appear in.
    """
    return _tokens(text, _terms_and_pairs)


def _tokens(text: str, split: Callable[[str], Iterator[str]]) -> list[str]:
    if text.isascii() and text.isalnum():
        return [text.lower()]  # even if it is left out, since it is all there is
    found = dict.fromkeys(split(_folded(text)))
    return list(found) or [normalize("NFKC", text).casefold()]


def _terms_and_pairs(folded: str) -> Iterator[str]:
    between = True
    for piece in _RUN.split(folded):
        if between:
            yield from _terms(piece)
        elif len(piece) == 1:
            yield piece
        else:
            yield from map("".join, pairwise(piece))
        between = not between


class _Letters(dict[int, "int | str | None"]):
    """What becomes of a character beyond ASCII in a text: itself, a space, or nothing.

    Characters that this Python's Unicode does not know yet are taken for letters.
    """

    def __missing__(self, code: int) -> int | str | None:
        self[code] = found = self._kept(chr(code)) if code >= 128 else code
        return found

    @staticmethod
    def _kept(character: str) -> int | str | None:
        kind = category(character)
        if character in _SAME_AS:
            return _SAME_AS[character]
        if _IGNORED.match(character) or (kind == "Cf" and character != "\u200b"):
            return None
        if re.match(f"[{_FLAG_LETTERS}]", character):
            return ord(character)
        if _PICTURES.match(character) and kind in ("So", "Cn"):
            return f" {character} "
        return " " if kind[0] in "ZPS" or kind in ("Cc", "Cf") else ord(character)


_LETTERS = _Letters()


def _folded(text: str) -> str:
    """The same for all texts that Unicode calls equivalent, width and case aside."""
    if text.isascii():
        return text.lower()
    text = text.replace("\u2122", " ").replace("\u2120", " ")  # (TM) would become letters
    return normalize("NFKC", normalize("NFKC", text).casefold().translate(_LETTERS))


def _terms(folded: str) -> Iterator[str]:
    for chunk in _CHUNK.findall(folded):
        if chunk.isalnum():
            if chunk not in _LEFT_OUT:
                yield chunk
        else:
            for term in _TERM.findall(_CONTRACTION.sub(" ", chunk)) or [chunk]:
                yield from (word for word in _with_parts(term) if word not in _LEFT_OUT)


def _with_parts(term: str) -> Iterator[str]:
    yield term
    for name in re.split("[/&]", term):
        yield name
        for found in _PART.findall(name):
            for part in (found, found.removesuffix("++")):
                if len(part) > 2 or (len(part) == 2 and not part.isdecimal()):
                    yield part
