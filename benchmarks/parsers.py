"""How redis-py packs commands and parses replies: by itself, or with hiredis.

It decides that once, by whether hiredis can be imported; here a connection is told.
"""

from __future__ import annotations

from typing import Any

from redis import connection
from redis._parsers import Encoder, _HiredisParser, _RESP2Parser

_ENCODE = Encoder("utf-8", "strict", decode_responses=False).encode

PYTHON: dict[str, Any] = {
    "parser_class": _RESP2Parser,
    "command_packer": connection.PythonRespSerializer(6000, _ENCODE),
}
"""Options of a connection without hiredis, the buffer as large as redis-py has it."""

HIREDIS: dict[str, Any] = (
    {"parser_class": _HiredisParser, "command_packer": connection.HiredisRespSerializer()}
    if connection.HIREDIS_AVAILABLE
    else {}
)
"""Options of a connection with hiredis; none where it is not installed."""
