"""Sends a write a single time, whatever retries a client is set up with.

A write whose reply was lost may have been applied, and most are not the same twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


def send_once(client: Any, *words: Any) -> Any:
    """Send a command on one connection; its reply."""
    connection = client.connection or client.connection_pool.get_connection(*_COMMAND_NAME)
    try:
        with _unknown_if_lost():
            connection.send_command(*words)
            return client.parse_response(connection, words[0])
    except OutcomeUnknownError:
        connection.disconnect()
        raise
    finally:
        if connection is not client.connection:
            client.connection_pool.release(connection)


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
    retry, connection.retry = connection.retry, Retry(NoBackoff(), 0)
    try:
        with _unknown_if_lost():
            return pipeline.execute(*args, **kwargs)
    finally:
        connection.retry = retry


@contextmanager
def _unknown_if_lost() -> Iterator[None]:
    try:
        yield
    except BusyLoadingError:  # a ConnectionError too, but a reply: nothing was applied
        raise
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise OutcomeUnknownError(
            f"no reply, so the write may or may not have been applied: {error}"
        ) from error
