"""A filter or a sketch made anew from the stored records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from popoto.models.base import Model
from popoto.models.encoding import decode_popoto_model_hashmap
from popoto.redis_db import get_REDIS_DB

from ..engine import hashes, members, run
from ..structures.stored import Staged, Stored

Progress = Callable[[int, int], object]
"""Told how many records are done, and how many there are."""

_RECORDS_PER_STEP = 500


def rebuild(
    model: type[Model],
    stored: Stored,
    fingerprint_of: Callable[[Any], str],
    progress: Progress | None,
) -> int:
    """Fill a staged value with every record, larger if they do not fit, and swap it in.

    From the moment the staged value exists, every save adds to it too, so the records that are
    listed afterwards are all it can lack.
    """
    owner = uuid4().hex
    staged = run(get_REDIS_DB(), stored.stage(owner, stored.size, afresh=False))
    while True:
        keys = _record_keys(stored)
        items = _fill(model, stored, owner, staged, keys, fingerprint_of, progress)
        larger = stored.outgrown(items, staged.size)
        if not larger:
            break
        staged = run(get_REDIS_DB(), stored.stage(owner, larger, afresh=True))
    run(get_REDIS_DB(), stored.swap(owner))
    return len(keys)


def _record_keys(stored: Stored) -> list[str]:
    """Keys of the records in scope, sorted."""
    found = [members(get_REDIS_DB(), key) for key in stored.records]
    return sorted(set.intersection(*found))


def _fill(
    model: type[Model],
    stored: Stored,
    owner: str,
    staged: Staged,
    keys: Sequence[str],
    fingerprint_of: Callable[[Any], str],
    progress: Progress | None,
) -> int:
    items = staged.items
    done = sum(key <= staged.last for key in keys)
    for batch in _steps(keys[done:]):
        fingerprints = [fingerprint_of(record) for record in _load(model, batch)]
        done += len(batch)
        if fingerprints:
            items = run(get_REDIS_DB(), stored.fill(owner, fingerprints, batch[-1], done))
        if progress is not None:
            progress(done, len(keys))
    return items


def _load(model: type[Model], keys: Sequence[str]) -> list[Model]:
    """The records under some keys, read as a re-index reads them: nothing counts it as access."""
    found = zip(keys, hashes(get_REDIS_DB(), keys), strict=True)
    records = [
        decode_popoto_model_hashmap(model, content, source_redis_key=key)
        for key, content in found
        if content
    ]
    return [record for record in records if record is not None]


def _steps(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _RECORDS_PER_STEP):
        yield keys[start : start + _RECORDS_PER_STEP]
