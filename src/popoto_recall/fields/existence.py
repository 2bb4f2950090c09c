"""`ExistenceFilter`: have I ever seen this?"""

from __future__ import annotations

import logging
import operator
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import popoto
from popoto.models.base import Model

from ..engine import Described, then
from ..errors import ArgumentError, OptionError
from ..structures.bloom import Bloom, FilterInfo
from ..structures.sizing import MAX_BYTES, data_bytes
from ..structures.tokens import Tokenize, Tokenizer
from ._base import as_number, count_option, run_or_queue
from ._operation import ModelRef, asynchronous, read
from ._scope import Scope, scope_of_record
from ._tokens import Fingerprint, TokenField, as_fingerprint, as_fingerprints

FAMILY = "$EF"

Match: TypeAlias = "Literal['any', 'all'] | int"

_logger = logging.getLogger(__name__)


class ExistenceFilter(TokenField, popoto.ExistenceFilter):
    """A Bloom filter over the tokens of every record ever saved.

    It never says no to something saved; it says yes to something else at most about
    ``error_rate`` of the time. Past its capacity it grows by itself, and stays within 1.5 times
    that rate up to 64 times the capacity. Deleting a record removes nothing.

    Args:
        capacity: Distinct tokens it is made for, >= 1. A changed value takes effect at the next
            `rebuild` or `clear`, as does a changed ``error_rate``.
        error_rate: False-positive rate with that many in it, in (0, 1).
        fingerprint_fn: Takes a record, returns the text whose tokens are added. None: the
            record's key.
        tokenizer: Takes a text, returns its tokens. None: Popoto's own rules.
        tokenizer_name: Name that the filter remembers the tokenizer by. None: its ``name``
            attribute, else its qualified name, for a lambda "custom".
        partition_by: KeyField, or several, whose values each have a filter of their own.
        hash_version, type, null, default: Accepted at the values that Popoto's own field has.
    Raises:
        OptionError: An option is out of range.

    Key: ``$EF:{ClassName}:{field}``, a string that carries its own version and parameters.
    """

    families = (FAMILY,)
    roundtrip_policy = "rebuild"
    roundtrip_note = None

    def __init__(
        self,
        *,
        capacity: int = 100_000,
        error_rate: float = 0.01,
        fingerprint_fn: Fingerprint | None = None,
        tokenizer: Tokenize | None = None,
        tokenizer_name: str | None = None,
        hash_version: int = 2,
        partition_by: str | Iterable[str] | None = None,
        type: object = str,
        null: object = True,
        default: object = None,
    ) -> None:
        if hash_version not in (1, 2):
            raise OptionError(f"hash_version is 1 or 2, not {hash_version!r}; it has no effect")
        self.capacity = count_option("capacity", capacity)
        self.error_rate = _error_rate(error_rate)
        if data_bytes(self.capacity, self.error_rate) > MAX_BYTES:
            raise OptionError(
                f"capacity={capacity} at error_rate={error_rate} takes more than 256 MB"
            )
        self._init_partition(partition_by)
        self._init_tokens(fingerprint_fn, tokenizer, tokenizer_name)
        self._init_popoto(type, null, default)

    @read
    def might_exist(
        self, at: Scope, /, fingerprint: object, match: Match = "any"
    ) -> Described[bool]:
        """Whether something like this may have been saved.

        Args:
            fingerprint: Text, split into tokens like a record's.
            match: "any" token is enough, "all" must be present, or so many (all, if there are
                fewer), a whole number >= 1.
        Returns:
            False: certainly never saved. True: saved, or a false positive, or the filter has not
            seen every record.
        Raises:
            ValueError: ``match`` is none of these.
            StoredValueError: What is stored is not a filter that this version can read.
        Cost: one round trip, O(tokens * layers).
        Source: Bloom (1970).
        """
        return self.stored(at).contains(as_fingerprint(fingerprint), _enough(match))

    @read
    def definitely_missing(
        self, at: Scope, /, fingerprint: object, match: Match = "any"
    ) -> Described[bool]:
        """The inverse of `might_exist`: True only for what was certainly never saved."""
        return then(
            self.stored(at).contains(as_fingerprint(fingerprint), _enough(match)), operator.not_
        )

    @read
    def might_exist_batch(
        self,
        at: Scope,
        /,
        fingerprints: Iterable[object],
        match: Match = "any",
    ) -> Described[dict[str, bool]]:
        """`might_exist` of many at once.

        Args:
            fingerprints: n texts.
            match: As in `might_exist`.
        Returns:
            Dict of at most n, first-seen order, duplicates folded.
        Raises:
            TypeError: A bare string.
            ValueError, StoredValueError: As in `might_exist`.
        Cost: one round trip per 20,000 blocks, of which each token has one in each layer.
        """
        return self.stored(at).contains_many(as_fingerprints(fingerprints), _enough(match))

    @read
    def might_exist_count(
        self,
        at: Scope,
        /,
        fingerprints: Iterable[object],
        match: Match = "any",
    ) -> Described[int]:
        """How many distinct fingerprints of a batch `might_exist` would say yes to."""
        found = self.stored(at).contains_many(as_fingerprints(fingerprints), _enough(match))
        return then(found, lambda hits: sum(hits.values()))

    @read
    def fill_ratio(self, at: Scope, /) -> Described[float]:
        """Set bits over all bits, 0.0 when there is no filter yet.

        Cost: one round trip, O(size).
        """
        return then(self.stored(at).info(), lambda info: info.fill_ratio)

    @read
    def info(self, at: Scope, /) -> Described[FilterInfo]:
        """State of the stored filter: completeness, items, present false-positive rate, size.

        Cost: one round trip, O(size).
        """
        return self.stored(at).info()

    async_might_exist = asynchronous(might_exist)
    async_definitely_missing = asynchronous(definitely_missing)
    async_might_exist_batch = asynchronous(might_exist_batch)
    async_might_exist_count = asynchronous(might_exist_count)
    async_fill_ratio = asynchronous(fill_ratio)
    async_info = asynchronous(info)

    def hash_version(self, model: ModelRef | None = None) -> int:
        """2, as Popoto counts: positions are exact. The stored filter names its own version."""
        return 2

    def stale_rebuild_staging(self, model: ModelRef | None = None) -> list[str]:
        """No key of Popoto's rebuild can be left over: it never runs on this field."""
        return []

    def _show_again(self, instance: Model, pipeline: Any) -> Any:
        # words that were written behind Popoto's back are found after a re-index
        try:
            stored = self.stored(scope_of_record(self.partition_by, instance))
            adds = stored.add(self.fingerprint_of(instance), makes=False)
        except Exception as error:  # whatever the fingerprint function raises
            _logger.warning("%s.%s: %r", type(instance).__name__, self.name, error)
            return pipeline
        return run_or_queue(pipeline, adds)

    def stored(self, at: Scope) -> Bloom:
        """The filter that this field keeps."""
        return _bloom(at, self.name, self.tokenizer, self.capacity, self.error_rate)


@lru_cache(maxsize=1024)
def _bloom(at: Scope, field: str, tokenizer: Tokenizer, capacity: int, error_rate: float) -> Bloom:
    return Bloom(
        at.key(FAMILY, field), at.mark(), at.records(), at.names(), tokenizer, capacity, error_rate
    )


def _enough(match: Match) -> int | None:
    """How many tokens have to be present; None for all."""
    if match == "all":
        return None
    if match == "any":
        return 1
    if isinstance(match, bool) or not isinstance(match, int) or match < 1:
        raise ArgumentError(f"match is 'any', 'all' or a whole number >= 1, not {match!r}")
    return match


def _error_rate(value: Any) -> float:
    try:
        rate = as_number("error_rate", value)
    except (TypeError, ValueError) as error:
        raise OptionError(str(error)) from None
    if not 0 < rate < 1:
        raise OptionError(f"error_rate is in (0, 1), not {rate!r}")
    return rate
