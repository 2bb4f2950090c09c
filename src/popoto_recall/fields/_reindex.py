"""What Popoto's `rebuild_indexes` does not tell: that the sets of records are not to be trusted.

It empties them, and fills them again in batches. A filter or a sketch that is missed, or made,
meanwhile would find no records and take itself for complete, and a rebuild would list too few. So
a mark says that one is under way, from before they are emptied until they are full, and after a
re-index that was killed until one runs to its end.
"""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import uuid4

from popoto.models.base import Model
from popoto.redis_db import get_REDIS_DB

from ..engine import run
from ..structures.reindex import begin, end


def watch_reindex(model: type[Model]) -> None:
    """Wrap the model's re-index, unless an ancestor's is wrapped and inherited."""
    reindex: Any = model._rebuild_indexes_redis
    if hasattr(reindex, "_recall_watched"):
        return

    @wraps(reindex.__func__)
    def watched(cls: type[Model], *args: Any, **kwargs: Any) -> Any:
        records, own = cls._meta.db_class_set_key.redis_key, uuid4().hex
        run(get_REDIS_DB(), begin(records, own))
        done = reindex.__func__(cls, *args, **kwargs)
        run(get_REDIS_DB(), end(records, own))  # not after an error: the sets are not full
        return done

    watched._recall_watched = True  # type: ignore[attr-defined]
    model._rebuild_indexes_redis = classmethod(watched)  # type: ignore[assignment]
