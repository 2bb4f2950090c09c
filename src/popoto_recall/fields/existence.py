"""`ExistenceFilter`: have I ever seen this?"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import popoto

from ..engine import Described, then
from ..errors import OptionError
from ..structures.bloom import Bloom, FilterInfo
from ..structures.sizing import MAX_BYTES, data_bytes
from ..structures.tokens import Tokenize, Tokenizer
from ._base import as_number, count_option
from ._operation import ModelRef, asynchronous, read
from ._scope import Scope
from ._tokens import Fingerprint, TokenField, as_fingerprint, as_fingerprints

FAMILY = "$EF"


class ExistenceFilter(TokenField, popoto.ExistenceFilter):
    """A Bloom filter over the tokens of every record ever saved.

    It never says no to something saved; it says yes to something else at most about
    ``error_rate`` of the time, as long as no more than ``capacity`` tokens are in it. Deleting a
    record removes nothing.

    Args:
        capacity: Distinct tokens it is made for, >= 1.
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
    def might_exist(self, at: Scope, /, fingerprint: object, match: str = "any") -> Described[bool]:
        """Whether something like this may have been saved.

        Args:
            fingerprint: Text, split into tokens like a record's.
            match: "any" token is enough, or "all" must be present.
        Returns:
            False: certainly never saved. True: saved, or a false positive, or the filter has not
            seen every record.
        Raises:
            StoredValueError: What is stored is not a filter with this field's options.
        Cost: one round trip, O(tokens).
        Source: Bloom (1970).
        """
        return self.stored(at).contains(as_fingerprint(fingerprint), match)

    @read
    def definitely_missing(
        self, at: Scope, /, fingerprint: object, match: str = "any"
    ) -> Described[bool]:
        """The inverse of `might_exist`: True only for what was certainly never saved."""
        return then(self.stored(at).contains(as_fingerprint(fingerprint), match), operator.not_)

    @read
    def might_exist_batch(
        self,
        at: Scope,
        /,
        fingerprints: Iterable[object],
        match: str = "any",
    ) -> Described[dict[str, bool]]:
        """`might_exist` of many at once.

        Args:
            fingerprints: n texts.
            match: As in `might_exist`.
        Returns:
            Dict of at most n, first-seen order, duplicates folded.
        Raises:
            TypeError: A bare string.
            StoredValueError: What is stored is not a filter with this field's options.
        Cost: one round trip per 20,000 tokens.
        """
        return self.stored(at).contains_many(as_fingerprints(fingerprints), match)

    @read
    def might_exist_count(
        self,
        at: Scope,
        /,
        fingerprints: Iterable[object],
        match: str = "any",
    ) -> Described[int]:
        """How many distinct fingerprints of a batch `might_exist` would say yes to."""
        found = self.stored(at).contains_many(as_fingerprints(fingerprints), match)
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

    def stored(self, at: Scope) -> Bloom:
        """The filter that this field keeps."""
        return _bloom(at, self.name, self.tokenizer, self.capacity, self.error_rate)


@lru_cache(maxsize=1024)
def _bloom(at: Scope, field: str, tokenizer: Tokenizer, capacity: int, error_rate: float) -> Bloom:
    key = at.key(FAMILY, field)
    return Bloom(key, at.records(), at.names(), tokenizer, capacity, error_rate)


def _error_rate(value: Any) -> float:
    try:
        rate = as_number("error_rate", value)
    except (TypeError, ValueError) as error:
        raise OptionError(str(error)) from None
    if not 0 < rate < 1:
        raise OptionError(f"error_rate is in (0, 1), not {rate!r}")
    return rate
