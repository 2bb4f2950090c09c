"""Text on its way to the server and back."""

from __future__ import annotations

from ..errors import ArgumentError


def utf8(value: str, what: str) -> bytes:
    """Encode ``value``.

    Raises:
        ArgumentError: It holds a lone surrogate, which no server could give back.
    """
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(f"{what} {value!a:.80} holds a lone surrogate") from error


def decoded(reply: bytes | str) -> str:
    """A reply as text, whether or not the client decodes replies itself."""
    return reply.decode() if isinstance(reply, bytes) else reply
