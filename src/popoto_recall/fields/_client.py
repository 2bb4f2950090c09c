"""Which client a call uses: the one that Popoto has when the call is made."""

from __future__ import annotations

from contextvars import Context, ContextVar, copy_context
from typing import Any

from popoto.redis_db import get_REDIS_DB

_held: ContextVar[Any] = ContextVar("popoto_recall_client", default=None)


def client() -> Any:
    """The client of the call that is being carried out; outside of any, Popoto's own."""
    held = _held.get()
    return get_REDIS_DB() if held is None else held


def context_of_call() -> Context:
    """The present context, with the block and the client, for what is carried out later."""
    context = copy_context()
    context.run(_held.set, client())
    return context
