"""What scripts refuse, in sentences: they say a code and a key, and this says what it means."""

from __future__ import annotations

import re
from collections.abc import Callable

from redis.exceptions import ResponseError

from . import errors


def incomplete(key: str) -> str:
    """Records exist that a value has not counted."""
    return f"'{key}' has not counted all the records there are; run rebuild()"


def wrong_type(type_and_key: str) -> str:
    """A key holds another Redis type; that, a space, and the key."""
    found, key = type_and_key.split(" ", 1)
    return (
        f"'{key}' holds a {found}, which does not belong there (left by Popoto's own field, "
        "perhaps); remove the key, or run rebuild() if it is a filter's or a sketch's"
    )


def _foreign(key: str) -> str:
    return (
        f"'{key}' holds a value that another program laid out (Popoto's own field, perhaps); run "
        "rebuild(), or delete the key"
    )


def _later(key: str) -> str:
    return (
        f"'{key}' holds a value in the layout of a later version of popoto-recall; update this "
        "process, or run rebuild() to go back to its own layout"
    )


def _corrupt(key: str) -> str:
    return f"'{key}' holds a damaged value; run rebuild(), or delete the key"


REFUSALS: dict[str, tuple[type[errors.StoredValueError], Callable[[str], str]]] = {
    "RECALL_TYPE": (errors.WrongTypeError, wrong_type),
    "RECALL_FOREIGN": (errors.ForeignLayoutError, _foreign),
    "RECALL_LATER": (errors.ForeignLayoutError, _later),
    "RECALL_CORRUPT": (errors.CorruptValueError, _corrupt),
    "RECALL_INCOMPLETE": (errors.IncompleteError, incomplete),
}
"""By the code that a script begins its refusal with."""

_CODED = re.compile(rf"(?:^|caused error: )({'|'.join(REFUSALS)}) (.*)", re.DOTALL)
"""A refusal, at once or as a pipeline quotes it, behind the command that it names."""

_NO_MEMORY = "command not allowed when used memory > 'maxmemory'"


def typed(error: Exception) -> Exception:
    """The typed error that a reply of the server stands for.

    For what a caller's own pipeline raises: there the refusal of a script, or of a server without
    memory, arrives as redis-py's `ResponseError`.

    Args:
        error: Any error.
    Returns:
        The `StoredValueError` that it stands for, else the error itself. No I/O.
    """
    if isinstance(error, errors.RecallError) or not isinstance(error, ResponseError):
        return error
    if coded := _CODED.search(str(error)):
        kind, explain = REFUSALS[coded[1]]
        return kind(explain(coded[2]))
    if _NO_MEMORY in str(error):
        return errors.OutOfMemoryError(f"nothing was written: OOM {_NO_MEMORY}")
    return error
