"""What Popoto's `rebuild_indexes` does not tell: that the sets of records are not to be trusted.

It empties them, and fills them again in batches. A filter or a sketch that is missed, or made,
meanwhile would find no records and take itself for complete, and a rebuild would list too few. So
a mark says that one is under way, from before they are emptied until they are full, and after a
re-index that was killed until one runs to its end. Once they are full, what is missing or
incomplete is rebuilt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any
from uuid import uuid4

from popoto.models.base import Model
from popoto.redis_db import get_REDIS_DB

from ..engine import run
from ..structures.reindex import begin, end, mark_of

_logger = logging.getLogger(__name__)

_under_way: ContextVar[bool] = ContextVar("popoto_recall_reindexing", default=False)


def reindexing() -> bool:
    """Whether hooks are called by a re-index, which shows them records that were saved before."""
    return _under_way.get()


def watch_reindex(model: type[Model]) -> None:
    """Wrap the model's re-index, unless an ancestor's is wrapped and inherited."""
    reindex: Any = model._rebuild_indexes_redis
    if hasattr(reindex, "_recall_watched"):
        return

    @wraps(reindex.__func__)
    def watched(cls: type[Model], *args: Any, **kwargs: Any) -> Any:
        mark, this_run = mark_of(cls._meta.db_class_key.redis_key), uuid4().hex
        run(get_REDIS_DB(), begin(mark, this_run))
        with _reindexing():
            done = reindex.__func__(cls, *args, **kwargs)
        # not after an error: the sets are not full
        marked = run(get_REDIS_DB(), end(mark, this_run))
        _rebuild_what_lacks_records(cls, trust=marked)
        return done

    watched._recall_watched = True  # type: ignore[attr-defined]
    model._rebuild_indexes_redis = classmethod(watched)  # type: ignore[assignment]


@contextmanager
def _reindexing() -> Iterator[None]:
    token = _under_way.set(True)
    try:
        yield
    finally:
        _under_way.reset(token)


def _rebuild_what_lacks_records(model: type[Model], *, trust: bool) -> None:
    """Rebuild filters and sketches that are missing or incomplete; log what cannot be.

    Args:
        trust: Whether what says that it is complete is. Another re-index, that began later, takes
            away the mark of this one, and then what was made meanwhile was not told.
    """
    for name, field in model._meta.fields.items():
        rebuild = getattr(field, "rebuild_after_reindex", None)
        if rebuild is None:
            continue
        try:
            rebuild(trust=trust)
        except Exception as error:  # a re-index of Popoto's always runs to its end
            _logger.warning(
                "%s.%s is incomplete after rebuild_indexes(), run rebuild(): %s",
                model.__name__,
                name,
                error,
            )
