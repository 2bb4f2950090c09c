"""What the two fields that follow a record's tokens share: fingerprint, tokenizer, hooks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard, cast

from popoto.fields._tokenizer import MIN_TOKEN_LENGTH, STOP_WORDS, tokenize
from popoto.models.base import Model
from popoto.models.db_key import DB_key

from ..engine import Command, Commands, Described, discard, merged, run
from ..errors import ArgumentError, ArgumentTypeError, OptionError, StoredValueError
from ..structures.tokens import Tokenize, Tokenizer, WordTokenizer
from ..structures.value import Value
from ._base import as_text, run_or_queue
from ._client import client
from ._every import partitions_in
from ._operation import Steps, asynchronous, every_partition, procedure, write
from ._partitioned import PartitionedField
from ._rebuild import Progress, Rebuild
from ._reindex import reindexing
from ._saving import saving
from ._scope import Scope, in_no_partition, scope_of_record, whole

_logger = logging.getLogger(__name__)

Fingerprint = Callable[[Any], object]

DEFAULT_TOKENIZER = WordTokenizer(
    "default", tokenize, frozenset(word.encode() for word in STOP_WORDS), MIN_TOKEN_LENGTH
)
"""Popoto's own: lower case, words of 3 characters or more, no English stop words."""

_LONGEST_NAME = 255
"""So that a process with another tokenizer finds the end of the stored name."""


class TokenField(PartitionedField):
    """A field that every save tells the tokens of the record's fingerprint."""

    follows_every_save = True
    fingerprint_fn: Fingerprint | None
    tokenizer: Tokenizer

    def _init_tokens(
        self,
        fingerprint_fn: Fingerprint | None,
        tokenizer: Tokenize | None,
        tokenizer_name: str | None,
    ) -> None:
        for option, function in (("fingerprint_fn", fingerprint_fn), ("tokenizer", tokenizer)):
            if function is not None and not callable(function):
                raise OptionError(f"{option} is a function, not {function!r}")
        self.fingerprint_fn = fingerprint_fn
        self.tokenizer = named_tokenizer(tokenizer, tokenizer_name)

    def stored(self, at: Scope) -> Value:
        """The value that this field keeps."""
        raise NotImplementedError

    def tokens(self, text: object) -> list[str]:
        """The tokens that a text is split into, as records and questions are.

        Args:
            text: A fingerprint.
        Returns:
            Distinct tokens, in order; at least one. No I/O.
        Raises:
            TypeError: A record, which is no fingerprint.
        """
        return [token.decode() for token in self.tokenizer.tokens(as_fingerprint(text))]

    @write
    def clear(self, at: Scope, /, *, all_partitions: bool = False) -> Described[None]:
        """Replace what is stored, whatever its state, by an empty value that counts as complete.

        It is made by the field's present options. Records that exist are in it only once they are
        saved again.

        Args:
            all_partitions: Do so in every partition, if the call names none.
            pipeline: Queue the call there; not for all partitions.
        Cost: one round trip per partition.  Atomic: each.
        """
        return self.stored(at).clear()

    @every_partition
    @procedure
    def rebuild(self, at: Scope, /, progress: Progress | None = None) -> Steps[int]:
        """Make the value anew from the stored records, with the field's present options.

        It is filled beside the old one, which goes on serving, and takes its place in one step,
        complete and, if it is a filter, large enough. Saves made meanwhile are in it. A rebuild
        that was killed leaves keys that expire within ten minutes; run it again. Of two at the same
        time the later one does the work, and the other waits for it. A call that names
        no partition rebuilds each of them.

        Args:
            progress: Called after each 500 records with the number done, and of all.
        Returns:
            Number of records read.
        Raises:
            ValueError: ``fingerprint_fn`` returned None for a record.
        Cost: reads every record, in batches of 500.  Atomic: the change from old to new.
        """
        return Rebuild(at.model, self.stored(at), self.fingerprint_of, progress).run

    async_clear = asynchronous(clear)
    async_rebuild = asynchronous(rebuild)

    def rebuild_after_reindex(self, *, trust: bool) -> None:
        """Rebuild in each partition what does not know every record.

        Args:
            trust: Whether to go by what a value says of itself.
        """
        for at in partitions_in(self, whole(self.owner)):
            stored = self.stored(at)
            try:
                _, complete = run(client(), stored.answering())
            except StoredValueError:
                complete = False
            if not (complete and trust):
                _logger.info("rebuilding %s", stored.key)
                Rebuild(at.model, stored, self.fingerprint_of, self._log_progress).run()

    def forget_partition(self, at: Scope) -> None:
        discard(client(), *self.stored(at).keys)

    def fingerprint_of(self, instance: Model) -> str:
        """The text of a record whose tokens count.

        Raises:
            ArgumentError: ``fingerprint_fn`` returned None.
        """
        if self.fingerprint_fn is None:
            key: str = instance.db_key.redis_key
            return key
        fingerprint = self.fingerprint_fn(instance)
        if fingerprint is None:
            raise ArgumentError(
                f"fingerprint_fn of {type(instance).__name__}.{self.name} returned None for "
                f"{instance.db_key.redis_key!r}"
            )
        return as_text(fingerprint, "fingerprint")

    def _log_progress(self, done: int, total: int) -> None:
        _logger.info("%s.%s: %d of %d records", self.owner.__name__, self.name, done, total)

    def _adds(self, instance: Model) -> list[Command[None]]:
        """What a save of a record adds."""
        stored = self.stored(scope_of_record(self.partition_by, instance))
        under_way = saving(instance)
        own = under_way.key if under_way else instance.db_key.redis_key
        return [*stored.add(self.fingerprint_of(instance), own=own).calls]

    @classmethod
    def pre_save_validate(
        cls, model_instance: Model, field_name: str, field_value: object, **kwargs: Any
    ) -> None:
        """Compute what this save adds, while it can still be refused. Called by Popoto."""
        under_way = saving(model_instance)
        if under_way is not None:
            field = model_instance._meta.fields[field_name]
            under_way.prepared += field._adds(model_instance)

    @classmethod
    def on_save(
        cls,
        model_instance: Model,
        field_name: str,
        field_value: object,
        pipeline: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Add the record's tokens, in the save's own transaction. Called by Popoto.

        The first of a record's fields that is told adds for all, in one call.
        """
        field = model_instance._meta.fields[field_name]
        under_way = saving(model_instance)
        if under_way is None and reindexing():
            if in_no_partition(field.partition_by, model_instance):
                return pipeline
            return field._show_again(model_instance, pipeline)
        if under_way is None:
            return _send(pipeline, field._adds(model_instance))
        if not under_way.prepared:
            return pipeline
        prepared, under_way.prepared = under_way.prepared, []
        if prepared and pipeline is not None and not pipeline.transaction:
            _list_first(model_instance, pipeline)
        return _send(pipeline, prepared)

    def _show_again(self, instance: Model, pipeline: Any) -> Any:
        """What a re-index does: add to a value that is there, and fail for no record."""
        return pipeline

    @classmethod
    def on_delete(
        cls,
        model_instance: Model,
        field_name: str,
        field_value: object,
        pipeline: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Nothing to do: a token may belong to other records too. Called by Popoto."""
        return pipeline


def _list_first(instance: Model, pipeline: Any) -> None:
    """Have a record listed, in every partition, before its tokens are added.

    In a pipeline without MULTI a rebuild can run between two commands. Popoto adds a record to the
    set of a KeyField only where that is declared.
    """
    fields = instance._meta.fields.values()
    names = {field.partition_by for field in fields if isinstance(field, TokenField)}
    scopes = [scope_of_record(name, instance) for name in names if name]
    for records in sorted({key for at in scopes for key in at.records()}):
        pipeline.sadd(records, instance.db_key.redis_key)


def _send(pipeline: Any, adds: list[Command[None]]) -> Any:
    return run_or_queue(pipeline, Commands(tuple(merged(adds)), lambda _: None))


def named_tokenizer(split: Tokenize | None, name: str | None) -> Tokenizer:
    """A tokenizer under the name that stored values remember it by.

    Raises:
        OptionError: The name is no text, stands alone, is that of Popoto's own rules, or too long.
    """
    if split is None:
        if name is not None:
            raise OptionError(f"tokenizer_name={name!r} names no tokenizer: pass tokenizer= too")
        return DEFAULT_TOKENIZER
    if name is not None and not isinstance(name, str):
        raise OptionError(f"tokenizer_name is a text, not {name!r}")
    known = str(getattr(split, "name", None) or getattr(split, "__qualname__", "custom"))
    chosen = name or ("custom" if "<lambda>" in known else known)
    if chosen == DEFAULT_TOKENIZER.name or not chosen.isprintable() or len(chosen) > _LONGEST_NAME:
        raise OptionError(
            f"tokenizer_name={chosen!r:.80} is taken, cannot be printed, or is longer than "
            f"{_LONGEST_NAME} characters"
        )
    return Tokenizer(chosen, split)


def as_fingerprint(value: object) -> str:
    """A fingerprint that a caller asks about.

    Raises:
        ArgumentError: None, or not encodable as UTF-8.
        ArgumentTypeError: A record, or the key of one.
    """
    if isinstance(value, (Model, DB_key)):
        raise ArgumentTypeError(
            f"'{value!s:.80}' is a record, not a fingerprint: ask for its text, or for "
            "record.db_key.redis_key if the field has no fingerprint_fn"
        )
    if value is None:
        raise ArgumentError("None is no fingerprint")
    return as_text(value, "fingerprint")


def as_fingerprints(values: Iterable[object]) -> list[str] | str:
    """Fingerprints of a batch; a bare string stays one, and is refused further down."""
    if isinstance(values, (str, bytes)):
        return str(values)
    if isinstance(values, (Model, DB_key)):
        return [as_fingerprint(values)]  # which refuses it
    listed = list(values)
    if _are_ascii(listed):
        return listed
    return [as_fingerprint(value) for value in listed]


def _are_ascii(values: list[object]) -> TypeGuard[list[str]]:
    """Whether nothing is left to check, found out faster than one by one."""
    return set(map(type, values)) == {str} and "".join(cast("list[str]", values)).isascii()
