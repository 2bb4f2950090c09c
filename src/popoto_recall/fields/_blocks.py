"""`partition`: a block of code that works in one partition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from popoto.models.canonical_key import canonical_key_str

from ..errors import ArgumentError
from ..structures.text import utf8


@dataclass(eq=False, slots=True)
class _Block:
    """What one block names.

    Attributes:
        values: Texts of the values, by name.
        abandoned: It was left in another context than it was entered in, where it may stand for
            ever: it names nothing any more, and hides what other blocks name so.
    """

    values: Mapping[str, str]
    abandoned: bool = False


_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("popoto_recall_partition", default=())
"""The blocks that the present code is inside of, outermost first."""


@contextmanager
def partition(**values: object) -> Iterator[None]:
    """Name the partition for every call inside the block.

    A call whose records, keys or `at` name another partition is refused. Threads and tasks that
    begin inside the block with a copy of its context, as those of `asyncio` do, are inside it too.

    Args:
        values: Values of KeyFields, by name. An inner block adds to an outer one, and overrides
            it where both name the same KeyField.
    Raises:
        ValueError: A value is None, or holds a lone surrogate.
    """
    block = _Block({name: text_of(name, value) for name, value in values.items()})
    token = _blocks.set((*_still_of_use(_blocks.get()), block))
    try:
        yield
    finally:
        others = tuple(other for other in _blocks.get() if other is not block)
        try:
            _blocks.reset(token)
        except ValueError:  # where it was entered, nobody can leave it
            block.abandoned = True
        _blocks.set(others)


@contextmanager
def agreeing_partition(**values: object) -> Iterator[None]:
    """A `partition` that overrides no other, for calls of Popoto's that can name none.

    Raises:
        ValueError: A block around it names another partition.
    """
    named = named_by_blocks()
    for name, value in values.items():
        text = text_of(name, value)
        if named.get(name, text) != text:
            raise ArgumentError(
                f"{name}={value!r}, but the block around this call names {name}={named[name]!r}"
            )
    with partition(**values):
        yield


def named_by_blocks() -> Mapping[str, str]:
    """What the blocks around the present code name."""
    blocks = _blocks.get()
    if not blocks:
        return _NOTHING
    if len(blocks) == 1 and not blocks[0].abandoned:
        return blocks[0].values
    named: dict[str, str] = {}
    for block in blocks:
        if block.abandoned:
            for name in block.values:
                named.pop(name, None)
        else:
            named.update(block.values)
    return named


_NOTHING: Mapping[str, str] = {}


def _still_of_use(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """The blocks without those that neither name anything nor hide what another names."""
    named: set[str] = set()
    for block in blocks:
        if not block.abandoned:
            named |= block.values.keys()
        elif not named & block.values.keys():
            continue
        else:
            named -= block.values.keys()
        yield block


def text_of(name: str, value: object) -> str:
    """The value of a KeyField as keys have it.

    Raises:
        ArgumentError: None, or not encodable as UTF-8.
    """
    if value is None:
        raise ArgumentError(f"{name}=None names no partition")
    text = canonical_key_str(value)
    utf8(text, name)
    return text
