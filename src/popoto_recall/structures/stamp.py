"""The line of text at the start of a stored filter or sketch.

It names the kind, the version and the options that the value was made with, so that a value
and a field that disagree can say so. ``lua/lib/stamp.lua`` reads it.
"""

from __future__ import annotations

from urllib.parse import quote

STATE_BYTES = 64
"""Length of the state behind the stamp: whether the value is complete, its items and bytes."""

_ALIGNMENT = 32


def as_expected(line: bytes, size: int) -> tuple[bytes, bytes, int, int]:
    """What scripts know a value by that is in the state that it should be in.

    Returns:
        Its stamp; the stamp and the part of the state behind it that only a good value of this
        size has; the place of the last byte of the state; the size.
    """
    return line, b"%ssize=%011d state=good items=" % (line, size), len(line) + STATE_BYTES - 1, size


def stamp(kind: str, version: int, **options: object) -> bytes:
    """``kind version name=value ... sum=N``, padded to a multiple of 32 bytes.

    Values are percent-encoded, so that any text may stand in them.
    """
    pairs = [f"{name}={quote(str(value), safe='')}" for name, value in options.items()]
    text = " ".join([kind, str(version), *pairs]).encode()
    line = b"%s sum=%d" % (text, _checksum(text))
    return line.ljust(len(line) + -(len(line) + 1) % _ALIGNMENT) + b"\n"


def _checksum(text: bytes) -> int:
    total = 0
    for byte in text:
        total = (total * 31 + byte) % 2**32
    return total
