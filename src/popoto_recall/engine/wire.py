"""How a call reaches the server: one command, one connection.

A read is sent as often as the client's own retries say, a write a single time, since one whose
reply was lost may have been applied, and most are not the same twice. redis-py's
`execute_command` would send both alike, and a small call would take a quarter longer.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from ..errors import OutcomeUnknownError

_VERSION = tuple(int(part) for part in redis.__version__.split(".")[:2])
_COMMAND_NAME = ("EVALSHA",) if _VERSION < (5, 3) else ()
"""What a pool is asked for a connection with; required once, deprecated since redis-py 5.3."""

_ONCE = Retry(NoBackoff(), 0)


def send(client: Any, words: tuple[Any, ...], *, writes: bool) -> Any:
    """Send a command, with as many retries as it bears; its reply.

    ``client`` is Any, because redis-py leaves its connections untyped.
    """
    exchange = _exchange_once if writes else _exchange
    if client.connection is not None:  # a client that has a single one
        with getattr(client, "single_connection_lock", nullcontext()):
            return exchange(client.connection, words)
    connection = client.connection_pool.get_connection(*_COMMAND_NAME)
    try:
        return exchange(connection, words)
    finally:
        client.connection_pool.release(connection)


def _exchange(connection: Any, words: tuple[Any, ...]) -> Any:
    def ask() -> Any:
        connection.send_packed_command([_packed(words)])
        return connection.read_response()

    return connection.retry.call_with_retry(ask, lambda _: connection.disconnect())


def _exchange_once(connection: Any, words: tuple[Any, ...]) -> Any:
    try:
        connection.send_packed_command([_packed(words)])
        return connection.read_response()
    except BusyLoadingError:  # a ConnectionError too, but a reply: nothing was applied
        raise
    except (RedisConnectionError, RedisTimeoutError) as error:
        connection.disconnect()
        raise _unknown(error) from error


def _packed(words: tuple[str | bytes | int, ...]) -> bytes:
    """A command as the protocol writes it."""
    packed = [b"*%d\r\n" % len(words)]
    for word in words:
        if not isinstance(word, bytes):
            word = str(word).encode()
        packed.append(b"$%d\r\n%b\r\n" % (len(word), word))
    return b"".join(packed)


def executes_once(pipeline: Any) -> None:
    """Make the next ``execute()`` of a pipeline send what it holds without retries."""
    if "execute" not in vars(pipeline):
        pipeline.execute = partial(_execute_once, pipeline)


def _execute_once(pipeline: Any, *args: Any, **kwargs: Any) -> Any:
    del pipeline.execute  # what is queued later may be none of ours
    if not pipeline.command_stack:
        return pipeline.execute(*args, **kwargs)
    if pipeline.connection is None:
        pipeline.connection = pipeline.connection_pool.get_connection(*_COMMAND_NAME)
    connection = pipeline.connection
    retry, connection.retry = connection.retry, _ONCE

    def reset() -> None:  # which gives the connection back to others
        connection.retry = retry
        del pipeline.reset
        pipeline.reset()

    pipeline.reset = reset
    try:
        return pipeline.execute(*args, **kwargs)
    except BusyLoadingError:
        raise
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise _unknown(error) from error


def _unknown(error: Exception) -> OutcomeUnknownError:
    return OutcomeUnknownError(f"no reply, so the write may or may not have been applied: {error}")
