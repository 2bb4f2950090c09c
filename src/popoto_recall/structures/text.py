"""Text on its way to the server and back."""

from __future__ import annotations

from typing import Any, AnyStr

from ..errors import ArgumentError, CorruptValueError


def utf8(value: str, what: str) -> bytes:
    """Encode ``value``.

    Raises:
        ArgumentError: It holds a lone surrogate, which no server could give back.
    """
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(f"{what} {value!a:.80} holds a lone surrogate") from error


def decoded(reply: bytes | str, where: str = "the server") -> str:
    """A reply as text, whether or not the client decodes replies itself.

    Raises:
        CorruptValueError: It is no UTF-8; ``where`` is the key that it was found under.
    """
    if isinstance(reply, str):
        return reply
    try:
        return reply.decode()
    except UnicodeDecodeError as error:
        raise CorruptValueError(f"{where!r} holds {reply!r:.80}: no UTF-8") from error


def separated(between: AnyStr, texts: AnyStr) -> list[AnyStr]:
    """Texts that a script joined (``lua/lib/texts.lua``)."""
    found: list[Any] = texts.split(between)  # type checkers lose track of AnyStr here
    return found if texts else []
