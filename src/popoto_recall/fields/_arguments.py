"""What an operation is given, read once, when the call is made.

Records and pks become text, and iterables become lists, before anything is decided. So it makes no
difference in which form they came, and nothing is read later that may have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from popoto.models.base import Model
from popoto.models.db_key import DB_key

from ..errors import ArgumentError, ArgumentTypeError
from ._base import as_pk

Given = list[tuple[object, str]]
"""Records and pks, each as it was given and as text."""


def _pk(value: object, given: Given) -> str:
    text = as_pk(value)
    given.append((value, text))
    return text


def _pks(value: Any, given: Given) -> Any:
    """Several pks; what are none is left to the operation to refuse."""
    if isinstance(value, DB_key):
        return value.redis_key
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return value
    return [_pk(pk, given) for pk in value]


def _seeds(value: Any, given: Given) -> Any:
    if isinstance(value, Mapping):
        return {_pk(pk, given): weight for pk, weight in value.items()}
    return _pks(value, given)


def _pairs(value: object, given: Given) -> list[tuple[str, str]]:
    pairs = [_pair(pair, "two records or pks") for pair in _several(value, "pairs")]
    return [(_pk(source, given), _pk(target, given)) for source, target in pairs]


def _hits(value: object, given: Given) -> list[tuple[str, Any]]:
    found = value.items() if isinstance(value, Mapping) else _several(value, "hits")
    pairs = [_pair(pair, "a record or pk and its score") for pair in found]
    return [(_pk(pk, given), score) for pk, score in pairs]


def _several(value: object, name: str) -> Iterable[object]:
    if not isinstance(value, Iterable):
        raise ArgumentTypeError(f"{name} are several, not a {type(value).__name__}")
    return value


def _pair(value: object, what: str) -> tuple[object, ...]:
    if type(value) is tuple and len(value) == 2:
        return value  # by far the most frequent
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, DB_key, Model)):
        pair = tuple(value)
        if len(pair) == 2:
            return pair
    raise ArgumentError(f"a pair is {what}, not {value!r:.80}")


READERS: Mapping[str, Callable[[Any, Given], Any]] = {
    "pk": _pk,
    "source": _pk,
    "target": _pk,
    "pks": _pks,
    "seed_pks": _seeds,
    "pairs": _pairs,
    "hits": _hits,
}
"""How the parameters that name records are read, by their names."""
