"""What a filter and a sketch have in common: one self-describing value, and how it is made anew.

The stored value says itself how it is to be read; its field's options are asked only when a value
is made. ``lua/lib/value.lua`` has the layout.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple, TypeVar
from urllib.parse import quote, unquote

from ..engine import Command, Commands, Script, Steps, load
from .hashing import DIGEST_BYTES, digests
from .reindex import no_records
from .text import decoded
from .tokens import Tokenizer, chunks

T = TypeVar("T")

BEGIN = load("value_begin", "value", "keep")
LOOK = load("value_look", "value", writes=False)
ABANDON = load("value_abandon", "value")
SWAP = load("value_swap", "value")
CLEAR = load("value_clear", "value")
INFO = load("value_info", "value", "layers", writes=False)


def adding(*libraries: str) -> Script:
    """The script that adds to values, for kinds with these libraries."""
    return load("tokens_add", "value", "adds", "records", *libraries, joins=True)


def filling(*libraries: str) -> Script:
    """The script that fills a staged value of a kind with these libraries."""
    return load("tokens_fill", "value", "keep", "adds", *libraries)


STATE_BYTES = 180
"""Of the state behind the identity: a line of 90 bytes, twice."""

LAYOUT_VERSION = 1

STAGED_MILLISECONDS = 600_000
"""How long a staged value is kept after the last step of the rebuild that fills it."""

_TOKENS_PER_CALL = 2_000


class Plan(NamedTuple):
    """How a new value is laid out: its bytes in all, and 40 letters that its kind reads."""

    size: int
    text: str


class Rebuilder(NamedTuple):
    """A rebuild that a value names.

    Attributes:
        id: Which one, empty for none.
        at_work: It fills a staged value.
        done: It made the value.
        same: The value was made with this tokenizer, for a partition of these names.
    """

    id: str
    at_work: bool
    done: bool
    same: bool


@dataclass(frozen=True, slots=True)
class State:
    """What a stored value says of itself.

    Attributes:
        tokenizer: Name of the one that it was made with.
        complete: Whether it has seen every record, by the tokenizer that asks.
        items: Tokens added, or counted.
        rebuilding: Whether a rebuild was begun that has not ended.
        size: Bytes.
        plan: Numbers that its kind reads.
        ones: Set bits of each layer, of a Bloom filter.
    """

    tokenizer: str
    complete: bool
    items: int
    rebuilding: bool
    size: int
    plan: tuple[str, ...]
    ones: tuple[int, ...]


@dataclass(frozen=True)
class Value(ABC):
    """One stored value.

    Attributes:
        key: Where it is stored.
        mark: Key of the mark of re-indexes.
        records: Keys of the sets whose common members are the records it should have seen.
        partition_by: Names of the fields whose values the partition's key holds.
        tokenizer: How fingerprints become tokens.
    """

    kind: ClassVar[str]
    libraries: ClassVar[tuple[str, ...]]
    """How scripts add to it: files of ``lua/lib`` that define ``adders[kind]``."""

    key: str
    mark: str
    records: tuple[str, ...]
    partition_by: tuple[str, ...]
    tokenizer: Tokenizer

    @cached_property
    @abstractmethod
    def plan(self) -> Plan:
        """How a value is made by the field's options."""

    @property
    def stand_in(self) -> Plan:
        """How a value is made that only takes adds until a rebuild replaces it."""
        return self.plan

    def plan_for(self, items: int) -> Plan:
        """How a rebuild makes a value for so many items."""
        return self.plan

    def misfits(self, items: int, plan: Plan) -> bool:
        """Whether so many items call for another plan than the one they were filled into."""
        return False

    @cached_property
    def beside(self) -> tuple[str, ...]:
        """Keys of what belongs to the value, and to the staged one; none or two."""
        return ()

    @property
    def _adders(self) -> tuple[str, ...]:
        return self.libraries

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that it may have."""
        return (self.key, self.staging, *self.beside)

    def texts(self, tokens: Sequence[bytes]) -> Sequence[bytes]:
        """What has to be known of tokens beside their digests."""
        return ()

    @cached_property
    def identity(self) -> bytes:
        """The line that the value begins with."""
        names = ",".join(self.partition_by) or "-"
        tokenizer = quote(self.tokenizer.name, safe="")
        return f"recall-{self.kind} {LAYOUT_VERSION} {tokenizer} {names}\n".encode()

    @cached_property
    def staging(self) -> str:
        """Where a rebuild fills the value that will take this one's place.

        In the slot of the value: a key without a hash tag stands in one as a whole.
        """
        return _beside(self.key, "staging")

    def add(
        self, fingerprint: str, *, own: str = "", by: int = 1, makes: bool = True
    ) -> Commands[None]:
        """Add a fingerprint's tokens.

        Args:
            own: Key of the record that is being saved.
            by: What to add to counters.
            makes: Whether a missing value is made.
        """
        tokens, hashed = _hashed(self.tokenizer, fingerprint)
        calls = []
        for first in range(0, len(tokens), _TOKENS_PER_CALL):
            last = first + _TOKENS_PER_CALL
            part = hashed[first * DIGEST_BYTES : last * DIGEST_BYTES]
            calls.append(self._add_part(self.texts(tokens[first:last]), part, own, by, makes))
        return Commands(tuple(calls), _nothing)

    def fill(self, rebuild: str, fingerprints: Sequence[str]) -> Commands[int]:
        """Add the tokens of stored records to the staged value; its items, -1 if it is lost."""
        tokens = self._to_fill(self.tokenizer.batch(fingerprints).tokens)
        keys = (self.key, self.staging, *self.beside[1:])
        first = (self.kind, self.identity, f">{rebuild}", STAGED_MILLISECONDS)
        script = filling(*self._adders)
        calls = [
            Command(script, keys, (*first, digests(part), *self.texts(part)), int)
            for part in chunks(tokens, _TOKENS_PER_CALL)
        ]
        return Commands(tuple(calls), lambda replies: -1 if -1 in replies else replies[-1])

    def begin(self, rebuild: str, plan: Plan, *, yields: bool) -> Command[bool]:
        """Begin a rebuild; False if it ``yields`` and another one is at work."""
        own = f">{rebuild}"
        keys = (self.key, self.staging, *self.beside[1:])
        args = (self.identity, own, *self.stand_in, *plan, STAGED_MILLISECONDS, int(yields))
        return Command(BEGIN, keys, args, lambda reply: decoded(reply) == own)

    def swap(self, rebuild: str, *, complete: bool) -> Command[bool]:
        """End a rebuild: the staged value takes this one's place. False if it is lost."""
        args = (self.identity, f">{rebuild}", int(complete))
        return Command(SWAP, self.keys, args, lambda reply: bool(int(reply)))

    def abandon(self, rebuild: str) -> Command[bool]:
        """Give up a rebuild. False if it was lost before."""
        keys = (self.staging, *self.beside[1:])
        args = (self.identity, f">{rebuild}")
        return Command(ABANDON, keys, args, lambda reply: bool(int(reply)))

    def look(self) -> Command[Rebuilder]:
        """Which rebuild is at work, or made the value."""
        return Command(LOOK, (self.key, self.staging), (self.identity,), _rebuilder)

    def clear(self) -> Command[None]:
        """Put an empty, complete value in its place."""
        return Command(CLEAR, self.keys, (self.identity, *self.plan), _nothing)

    def state(self) -> Command[State | None]:
        """What the value says of itself, None if there is none."""
        return Command(INFO, (self.key,), (self.identity,), self._state)

    def answering(self) -> Steps[tuple[State | None, bool]]:
        """What the value says of itself, and whether it answers for every record."""

        def steps() -> Generator[Command[Any], Any, tuple[State | None, bool]]:
            state, none = yield from self.found(self.state())
            if state is None:
                return None, none
            return state, state.complete

        return Steps(steps)

    def found(self, read: Command[T | None]) -> Generator[Command[Any], Any, tuple[T | None, bool]]:
        """What a read finds, None if there is no value; and then, whether there is no record.

        It reads again before it says that records lack a value: their first save may have come
        between.
        """
        reply = yield read
        if reply is None and not (yield self.no_records()):
            return (yield read), False
        return reply, True

    def no_records(self) -> Command[bool]:
        """Whether there is certainly no record that a missing value would have to know."""
        return no_records(self.mark, self.records)

    def _to_fill(self, tokens: Sequence[bytes]) -> Sequence[bytes]:
        return tokens

    def _add_part(
        self, texts: Sequence[bytes], hashed: bytes, own: str, by: int, makes: bool
    ) -> Command[None]:
        keys = (self.key, self.staging, *self.beside, self.mark, *self.records)
        size, text = self.plan
        args: tuple[str | bytes | int, ...] = (
            self.kind,
            len(keys),
            3 + len(self.beside),
            self.identity,
            size if makes else 0,
            text,
            own,
            hashed,
            by,
            len(texts),
            *texts,
        )
        return Command(adding(*self._adders), keys, args, _nothing)

    def _state(self, reply: Sequence[Any]) -> State | None:
        if not reply:
            return None
        identity, complete, items, rebuild, size, plan, *ones = reply
        line = decoded(identity, self.key)
        return State(
            tokenizer=unquote(line.split(" ")[2]),
            complete=line == self.identity.decode() and int(complete) == 1,
            items=int(items),
            rebuilding=decoded(rebuild).startswith(">"),
            size=int(size),
            plan=tuple(decoded(plan).split()),
            ones=tuple(map(int, ones)),
        )


@lru_cache(maxsize=4)
def _hashed(tokenizer: Tokenizer, fingerprint: str) -> tuple[list[bytes], bytes]:
    """Tokens and their digests: often two fields of a record have the same."""
    tokens = tokenizer.tokens(fingerprint)
    return tokens, digests(tokens)


def _beside(key: str, what: str) -> str:
    return f"{key}:{what}" if key.endswith("}") else f"{{{key}}}:{what}"


def beside(key: str, staging: str, what: str) -> tuple[str, str]:
    """Keys of something that belongs to a value, and to the staged one."""
    return _beside(key, what), f"{staging}:{what}"


def _rebuilder(reply: Sequence[Any]) -> Rebuilder:
    rebuild, filled, same = reply
    mark, name = decoded(rebuild)[:1], decoded(rebuild)[1:]
    at_work = mark == ">" and int(filled) == 1
    return Rebuilder(name if mark != "-" else "", at_work, mark == "=", int(same) == 1)


def _nothing(_: Any) -> None:
    return None
