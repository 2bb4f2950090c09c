"""What the two fields that follow a record's tokens share: fingerprint, tokenizer, hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeGuard, cast

from popoto.fields._tokenizer import MIN_TOKEN_LENGTH, STOP_WORDS, tokenize
from popoto.models.base import Model
from popoto.models.db_key import DB_key

from ..engine import Commands, Described
from ..errors import ArgumentError, ArgumentTypeError, OptionError
from ..structures.stored import Stored
from ..structures.tokens import Tokenize, Tokenizer, WordTokenizer
from ._base import as_text, run_or_queue
from ._operation import Steps, asynchronous, every_partition, procedure, write
from ._partitioned import PartitionedField
from ._rebuild import Progress, rebuild
from ._saving import saving
from ._scope import Scope, scope_of_record

Fingerprint = Callable[[Any], object]

DEFAULT_TOKENIZER = WordTokenizer(
    "default", tokenize, frozenset(word.encode() for word in STOP_WORDS), MIN_TOKEN_LENGTH
)
"""Popoto's own: lower case, words of 3 characters or more, no English stop words."""


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

    def stored(self, at: Scope) -> Stored:
        """The value that this field keeps."""
        raise NotImplementedError

    @write
    def clear(self, at: Scope, /, *, all_partitions: bool = False) -> Described[None]:
        """Replace what is stored, whatever its state, by an empty value that counts as complete.

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
        that was killed goes on where it was; one that another rebuild overtakes gives up. A call
        that names no partition rebuilds each of them.

        Args:
            progress: Called after each batch with the number of records done, and of all.
        Returns:
            Number of records.
        Raises:
            RebuildError: Another rebuild took over, or a process with other options saved.
            ValueError: ``fingerprint_fn`` returned None for a record.
        Cost: reads every record, in batches of 500.  Atomic: the change from old to new.
        """
        return partial(rebuild, at.model, self.stored(at), self.fingerprint_of, progress)

    async_clear = asynchronous(clear)
    async_rebuild = asynchronous(rebuild)

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

    def _add_of(self, instance: Model, *, saved: bool = True) -> Commands[None]:
        """What to add for a record; ``saved`` unless a re-index only shows it again."""
        own = instance.db_key.redis_key if saved else ""
        stored = self.stored(scope_of_record(self.partition_by, instance))
        return stored.add(self.fingerprint_of(instance), own=own)

    @classmethod
    def pre_save_validate(
        cls, model_instance: Model, field_name: str, field_value: object, **kwargs: Any
    ) -> None:
        """Compute what this save adds, while it can still be refused. Called by Popoto."""
        under_way = saving(model_instance)
        if under_way is not None:
            field = model_instance._meta.fields[field_name]
            under_way.prepared[field_name] = field._add_of(model_instance)

    @classmethod
    def on_save(
        cls,
        model_instance: Model,
        field_name: str,
        field_value: object,
        pipeline: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Add the record's tokens, in the save's own transaction. Called by Popoto."""
        under_way = saving(model_instance)
        commands = under_way.prepared.pop(field_name, None) if under_way else None
        if commands is None:
            # a re-index passes no ignore_errors; the class set it fills again tells nothing yet
            field = model_instance._meta.fields[field_name]
            commands = field._add_of(model_instance, saved="ignore_errors" in kwargs)
        return run_or_queue(pipeline, commands)

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


def named_tokenizer(split: Tokenize | None, name: str | None) -> Tokenizer:
    """A tokenizer under the name that stored values remember it by.

    Raises:
        OptionError: The name is no text, stands alone, or is that of Popoto's own rules.
    """
    if split is None:
        if name is not None:
            raise OptionError(f"tokenizer_name={name!r} names no tokenizer: pass tokenizer= too")
        return DEFAULT_TOKENIZER
    if name is not None and not isinstance(name, str):
        raise OptionError(f"tokenizer_name is a text, not {name!r}")
    known = str(getattr(split, "name", None) or getattr(split, "__qualname__", "custom"))
    chosen = name or ("custom" if "<lambda>" in known else known)
    if chosen == DEFAULT_TOKENIZER.name or not chosen.isprintable():
        raise OptionError(f"tokenizer_name={chosen!r} is taken, or cannot be printed")
    return Tokenizer(chosen, split)


def as_fingerprint(value: object) -> str:
    """A fingerprint that a caller asks about.

    Raises:
        ArgumentError: None, or not encodable as UTF-8.
        ArgumentTypeError: A record, or the key of one.
    """
    if isinstance(value, (Model, DB_key)):
        raise ArgumentTypeError(
            f"{value!s:.80} is a record, not a fingerprint: ask for its text, or for "
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
