"""Carries commands out: at once, or in a caller's pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import redis
from redis.client import Pipeline
from redis.exceptions import NoScriptError, ResponseError

from .. import errors
from ..refusals import typed
from .command import Command, Commands, Described
from .wire import executes_once, send

T = TypeVar("T")


def run(client: redis.Redis, operation: Described[T]) -> T:
    """Carry an operation out now.

    Raises:
        StoredValueError: A script refused what the server holds.
        OutcomeUnknownError: The reply to a write was lost.
        redis.RedisError: The server could not be reached, or refused the call.
    """
    if isinstance(operation, Command):
        return _call(client, operation)
    if isinstance(operation, Commands):
        return operation.join([_call(client, command) for command in operation.calls])
    steps = operation.start()
    reply = None
    while True:
        try:
            command = steps.send(reply)
        except StopIteration as stop:
            return cast(T, stop.value)
        reply = _call(client, command)


def _call(client: redis.Redis, command: Command[T]) -> T:
    script, keys = command.script, command.keys
    words = ("EVALSHA", script.sha, len(keys), *keys, *command.args)
    try:
        try:
            reply = send(client, words, writes=script.writes)
        except NoScriptError:
            # Loading keeps it where servers evict what EVAL cached (7.4 on); calling it
            # by its text, not its SHA, survives a SCRIPT FLUSH between the two.
            client.script_load(script.text)
            reply = send(client, ("EVAL", script.text, *words[2:]), writes=script.writes)
    except ResponseError as error:
        if (known := typed(error)) is not error:
            raise known from error
        raise
    except UnicodeDecodeError as error:  # of a client that decodes replies itself
        named = ", ".join(map(repr, keys))
        raise errors.CorruptValueError(
            f"{named:.500} led to {error.object!r:.80}: no UTF-8"
        ) from error
    return command.parse(reply)


def queue(pipeline: Pipeline, operation: Command[Any] | Commands[Any]) -> None:
    """Queue an operation in a caller's pipeline, so that no script can be missing.

    What the pipeline holds is then sent once. The first call of a script in a MULTI carries
    its text; the later ones, which the server runs after it in the same transaction, only the
    SHA.
    """
    check_pipeline(pipeline)
    executes_once(pipeline)
    for command in operation.calls if isinstance(operation, Commands) else (operation,):
        script = command.script
        if script.sha in _scripts_queued(pipeline):
            pipeline.evalsha(script.sha, len(command.keys), *command.keys, *command.args)
        else:
            pipeline.eval(script.text, len(command.keys), *command.keys, *command.args)
            _scripts_queued(pipeline).add(script.sha)


def _scripts_queued(pipeline: Any) -> set[str]:
    """SHAs of the scripts whose text already stands in this very MULTI.

    Any, because ``transaction`` is a method of a client, and a flag only of its pipelines.
    """
    if not (pipeline.transaction or pipeline.explicit_transaction):
        return set()
    stack, shas = getattr(pipeline, "_recall_scripts", (None, set[str]()))
    if stack is not pipeline.command_stack:  # reset() and execute() begin a new list
        shas = set()
        pipeline._recall_scripts = (pipeline.command_stack, shas)
    return shas


def check_pipeline(pipeline: object) -> None:
    """Refuse what cannot hold a queued write.

    Raises:
        ArgumentTypeError: Not a redis-py pipeline.
        ArgumentError: The pipeline watches keys and would run the call at once.
    """
    if not isinstance(pipeline, Pipeline):
        raise errors.ArgumentTypeError(
            f"pipeline= takes a redis-py Pipeline or popoto.batch(), not {type(pipeline).__name__}"
        )
    check_buffering(pipeline)


def check_buffering(pipeline: object) -> None:
    """Refuse a pipeline that would run a call at once; what is none is let through.

    Raises:
        ArgumentError: The pipeline watches keys.
    """
    if not isinstance(pipeline, Pipeline):
        return
    if pipeline.watching and not pipeline.explicit_transaction:
        raise errors.ArgumentError(
            "the pipeline is watching keys and would run this call at once; call multi() first"
        )


@contextmanager
def typed_errors() -> Iterator[None]:
    """Raise what a script refused, and what the server had no memory for, as a typed error."""
    try:
        yield
    except ResponseError as error:
        if (known := typed(error)) is not error:
            raise known from error
        raise
