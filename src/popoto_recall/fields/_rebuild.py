"""A filter or a sketch made anew from the stored records, while reads and saves go on.

The rules were model-checked (`tests/test_rebuild_model.py`):

- A rebuild writes its id into the value and makes a staged one, which expires; saves add to both.
- The staged value takes the value's place only if that still names the rebuild.
- A rebuild that lost its place waits for the one that took it and shares its result, or begins
  again. It does not take the place of another then: two that did would never end.
- What was listed beside a re-index makes no complete value. If that has ended by then, the rebuild
  begins again; if not, the re-index rebuilds what it finds incomplete at its end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from popoto.models.base import Model
from popoto.models.encoding import decode_popoto_model_hashmap

from ..engine import hashes, members, run
from ..errors import StoredValueError
from ..structures.reindex import seen
from ..structures.value import Plan, Value
from ._client import client
from ._scope import in_no_partition

_logger = logging.getLogger(__name__)

Progress = Callable[[int, int], object]
"""Told how many records are done, and how many there are."""

_RECORDS_PER_STEP = 500
_SECONDS_BETWEEN_LOOKS = 0.05


class Rebuild:
    """One run of `rebuild`.

    Args:
        model: Whose records are read.
        value: What is made anew.
        fingerprint_of: The text of a record whose tokens count.
        progress: Told after each step, and before the swap.
    """

    def __init__(
        self,
        model: type[Model],
        value: Value,
        fingerprint_of: Callable[[Any], str],
        progress: Progress | None,
    ) -> None:
        self.model = model
        self.value = value
        self.fingerprint_of = fingerprint_of
        self.progress = progress
        self.client = client()
        self.records = 0

    def run(self) -> int:
        """Carry it out; the number of records read."""
        yields = False
        while not (self._attempt(yields=yields) or self._made_by_another()):
            yields = True
        return self.records

    def _attempt(self, *, yields: bool) -> bool:
        """Try once; whether it came to its end. Nobody waits for one that fails."""
        rebuild = uuid4().hex[:16]
        try:
            return self._made_by(rebuild, yields=yields)
        except BaseException:
            with suppress(Exception):
                run(self.client, self.value.abandon(rebuild))
            raise

    def _made_by(self, rebuild: str, *, yields: bool) -> bool:
        plan = self._plan()
        items = self._fill(rebuild, plan, yields=yields)
        if items >= 0 and self.value.misfits(items, plan):
            items = self._fill(rebuild, self.value.plan_for(items), yields=False)
        if items < 0 or not run(self.client, self.value.swap(rebuild, complete=self._listed_all)):
            return False
        return self._listed_all or self._left_to_a_reindex()

    def _plan(self) -> Plan:
        """What the items in the value as it is call for."""
        try:
            state = run(self.client, self.value.state())
        except StoredValueError:
            state = None
        return self.value.plan_for(state.items if state else 0)

    def _fill(self, rebuild: str, plan: Plan, *, yields: bool) -> int:
        """Fill a staged value with every record; its items, -1 if it was lost."""
        if not run(self.client, self.value.begin(rebuild, plan, yields=yields)):
            return -1
        keys = self._list()
        self.records = items = done = 0
        self._tell(done, len(keys))
        for batch in _steps(keys):
            fingerprints = [self.fingerprint_of(record) for record in self._load(batch)]
            self.records += len(fingerprints)
            done += len(batch)
            if fingerprints:
                items = run(self.client, self.value.fill(rebuild, fingerprints))
            if items < 0:
                break
            self._tell(done, len(keys))
        return items

    def _tell(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)

    def _list(self) -> list[str]:
        """Keys of the records in scope; notes whether they are all, as far as can be known."""
        before = run(self.client, seen(self.value.mark))
        found = [members(self.client, key) for key in self.value.records]
        after = run(self.client, seen(self.value.mark))
        self._listed_all = before == after and not before.under_way
        return sorted(set.intersection(*found))

    def _left_to_a_reindex(self) -> bool:
        """Whether one under way will rebuild what is incomplete; looked at after the swap."""
        if not run(self.client, seen(self.value.mark)).under_way:
            return False
        _logger.warning(
            "%r stays incomplete until rebuild_indexes() has run to its end", self.value.key
        )
        return True

    def _load(self, keys: Sequence[str]) -> list[Model]:
        """The records under some keys, read as a re-index reads them: nothing counts as access."""
        found = zip(keys, hashes(self.client, keys), strict=True)
        records = [
            decode_popoto_model_hashmap(self.model, content, source_redis_key=key)
            for key, content in found
        ]
        names = self.value.partition_by
        return [record for record in records if record and not in_no_partition(names, record)]

    def _made_by_another(self) -> bool:
        """Wait for the rebuild that took over; whether it came to its end."""
        other = run(self.client, self.value.look())
        while other.at_work:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            latest = run(self.client, self.value.look())
            if latest.done and latest.id == other.id:
                return latest.same
            other = latest
        return False


def _steps(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _RECORDS_PER_STEP):
        yield keys[start : start + _RECORDS_PER_STEP]
