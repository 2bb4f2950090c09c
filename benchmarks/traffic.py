"""What calls send, as the server sees it: nothing here depends on how a client sends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(rb"\\(x[0-9a-f]{2}|.)")
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}

_SCRIPTS = (b"EVALSHA", b"EVAL", b"EVALSHA_RO", b"EVAL_RO")


def scripts_sent(client: Any, call: Callable[[], object]) -> list[list[bytes]]:
    """The scripts that a call has the server run: command, SHA or text, number of keys, the rest.

    Args:
        client: Client of the server that the call talks to.
    """
    marker = uuid4().hex
    sent = []
    with client.monitor() as monitor:
        call()
        client.echo(marker)
        while marker.encode() not in (line := monitor.connection.read_response()):
            source, _, words = line.partition(b"] ")
            if not source.endswith(b" lua"):
                sent.append([_unescaped(word) for word in _WORD.findall(words)])
    return [words for words in sent if words[0].upper() in _SCRIPTS]


def _unescaped(word: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes.fromhex(code[1:].decode()) if len(code) > 1 else _PLAIN.get(code, code)

    return _ESCAPED.sub(plain, word)


def bytes_sent(client: Any, call: Callable[[], object]) -> int:
    """How many bytes a call has the server read."""

    def received() -> int:
        return int(client.info("stats")["total_net_input_bytes"])

    first = received()
    question = received() - first
    before = received()
    call()
    return received() - before - question
