"""`FrequencySketch`: how often?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import popoto
from popoto.models.base import Model
from popoto.redis_db import get_REDIS_DB

from ..engine import Command, Described, exists
from ..errors import ArgumentError, OptionError
from ..structures.sketch import COUNTER_BYTES, MAX_BYTES, MAX_COUNT, Sketch, SketchInfo, shape
from ..structures.tokens import Tokenize, Tokenizer
from ._base import as_count, count_option
from ._operation import asynchronous, read, write
from ._scope import Scope
from ._tokens import Fingerprint, TokenField, as_fingerprint, as_fingerprints

FAMILY = "$FS"
MAX_HITTERS = 10_000


class FrequencySketch(TokenField, popoto.FrequencySketch):
    """A count-min sketch over the tokens of every save.

    An estimate is never under the true count, and over it by more than ``e * N / width`` (N
    tokens counted) with probability ``e^-depth`` at most. Saving a record twice counts it twice;
    deleting one removes nothing.

    Args:
        width: Sets how far over an estimate may be, >= 1. A changed value takes effect at the next
            `rebuild` or `clear`, as does a changed ``depth`` or ``top``.
        depth: Sets how sure that is, >= 1.
        fingerprint_fn: Takes a record, returns the text whose tokens are counted. None: the
            record's key.
        tokenizer: Takes a text, returns its tokens. None: Popoto's own rules.
        tokenizer_name: Name that the sketch remembers the tokenizer by. None: its ``name``
            attribute, else its qualified name, for a lambda "custom".
        top: Heavy hitters to keep for `top`, at most 10,000; 0: none.
        count_on: "save" counts every save, "create" a record when it is first stored, also in
            another partition. That takes one more look at the server, unless the record was loaded
            or saved before and the field is not partitioned.
        partition_by: KeyField, or several, whose values each have a sketch of their own.
        type, null, default: Accepted at the values that Popoto's own field has.
    Raises:
        OptionError: An option is out of range.

    Key: ``$FS:{ClassName}:{field}``, a string that carries its own version and parameters.
    """

    families = (FAMILY,)
    roundtrip_policy = "partial"

    def __init__(
        self,
        *,
        width: int = 2000,
        depth: int = 7,
        fingerprint_fn: Fingerprint | None = None,
        tokenizer: Tokenize | None = None,
        tokenizer_name: str | None = None,
        top: int = 0,
        count_on: str = "save",
        partition_by: str | Iterable[str] | None = None,
        type: object = str,
        null: object = True,
        default: object = None,
    ) -> None:
        self.width = count_option("width", width)
        self.depth = count_option("depth", depth)
        if not _fits(self.width, self.depth):
            raise OptionError(f"width={width} and depth={depth} take more than 64 MB")
        self.heavy_hitters = count_option("top", top, least=0)
        if self.heavy_hitters > MAX_HITTERS:
            raise OptionError(f"top is at most {MAX_HITTERS}, not {top}")
        if count_on not in ("save", "create"):
            raise OptionError(f"count_on is 'save' or 'create', not {count_on!r}")
        self.count_on = count_on
        self._init_partition(partition_by)
        self._init_tokens(fingerprint_fn, tokenizer, tokenizer_name)
        self._init_popoto(type, null, default)

    @read
    def get_frequency(self, at: Scope, /, fingerprint: object) -> Described[int]:
        """How often something like this was saved: the least of its tokens' estimates.

        Args:
            fingerprint: Text, split into tokens like a record's.
        Returns:
            Saves, never fewer than there were; 0 for the unseen.
        Raises:
            IncompleteError: Records exist that the sketch has not counted, or it has another
                tokenizer.
            StoredValueError: What is stored is not a sketch that this version can read.
        Cost: one round trip, O(tokens * rows).
        Source: Cormode & Muthukrishnan (2005), point query.
        """
        return self.stored(at).count(as_fingerprint(fingerprint))

    @read
    def get_frequency_batch(
        self, at: Scope, /, fingerprints: Iterable[object]
    ) -> Described[dict[str, int]]:
        """`get_frequency` of many at once.

        Args:
            fingerprints: n texts.
        Returns:
            Dict of at most n, first-seen order, duplicates folded.
        Raises:
            TypeError: A bare string.
            IncompleteError, StoredValueError: As `get_frequency`.
        Cost: one round trip per 20,000 counters, rows for each token.
        """
        return self.stored(at).count_many(as_fingerprints(fingerprints))

    @write
    def increment(self, at: Scope, /, fingerprint: object, by: int = 1) -> Described[None]:
        """Count the tokens of a fingerprint without saving a record.

        Args:
            fingerprint: Text, split into tokens like a record's.
            by: How often, in [1, 2^32 - 1]; counters stop at 2^32 - 1.
            pipeline: Queue the call there.
        Raises:
            ValueError: ``by`` out of range.
            StoredValueError: What is stored is not a sketch that this version can read.
        Cost: one round trip, O(tokens * rows).  Atomic up to 20,000 counters.
        Source: Cormode & Muthukrishnan (2005), update.
        """
        if as_count("by", by) > MAX_COUNT:
            raise ArgumentError(f"by is at most {MAX_COUNT}, not {by}")
        return self.stored(at).add(as_fingerprint(fingerprint), by=by)

    @read
    def top(self, at: Scope, /, n: int | None = None) -> Described[list[tuple[str, int]]]:
        """The tokens that were counted most often.

        Args:
            n: How many, at most the field's ``top=``. None: 10, or all if it keeps fewer.
        Returns:
            At most n pairs of token and count, highest first; a count is never under the true one.
        Raises:
            ValueError: n out of range, or the field keeps none (``top=0``).
            IncompleteError, StoredValueError: As `get_frequency`.
        Cost: one round trip, O(n).
        Source: Cormode & Muthukrishnan (2005), heavy hitters.
        """
        wanted = max(1, min(10, self.heavy_hitters)) if n is None else as_count("n", n)
        if wanted > self.heavy_hitters:
            raise ArgumentError(f"{self.name} keeps top={self.heavy_hitters} tokens, not {wanted}")
        return self.stored(at).heaviest(wanted)

    @read
    def info(self, at: Scope, /) -> Described[SketchInfo]:
        """State of the stored sketch: completeness, tokens counted, error bound, size.

        Cost: one round trip.
        """
        return self.stored(at).info()

    async_get_frequency = asynchronous(get_frequency)
    async_get_frequency_batch = asynchronous(get_frequency_batch)
    async_increment = asynchronous(increment)
    async_top = asynchronous(top)
    async_info = asynchronous(info)

    def _adds(self, instance: Model) -> list[Command[None]]:
        if self.count_on == "create" and self._was_stored(instance):
            return []
        return super()._adds(instance)

    def _was_stored(self, instance: Model) -> bool:
        """Whether the record was stored before this save, in this partition.

        What Popoto remembers of an instance also tells of saves whose pipeline was never carried
        out, and of a record that was deleted since.
        """
        saved = instance._saved_field_values
        if instance._is_persisted and saved and not self.partition_by:
            return True
        moved = any(saved.get(name) != getattr(instance, name) for name in self.partition_by)
        before = saved and not moved
        return exists(get_REDIS_DB(), instance._redis_key if before else instance.db_key.redis_key)

    def stored(self, at: Scope) -> Sketch:
        """The sketch that this field keeps."""
        return _sketch(at, self.name, self.tokenizer, self.width, self.depth, self.heavy_hitters)


@lru_cache(maxsize=1024)
def _sketch(
    at: Scope, field: str, tokenizer: Tokenizer, width: int, depth: int, top: int
) -> Sketch:
    return Sketch(
        at.key(FAMILY, field), at.mark(), at.records(), at.names(), tokenizer, width, depth, top
    )


def _fits(width: int, depth: int) -> bool:
    try:
        rows, columns = shape(width, depth)
    except OverflowError:
        return False
    return rows * columns * COUNTER_BYTES <= MAX_BYTES
