"""What can go wrong, as types.

Every error of the library is a `RecallError`, and also the standard, Popoto or
redis-py type that a caller would already catch::

    RecallError
    |-- ArgumentError          (ValueError)      a value that no call accepts
    |-- ArgumentTypeError      (TypeError)       a value of the wrong type
    |-- OptionError            (ModelException)  a field declared with a bad value
    |-- FieldNotOnModelError   (AttributeError)  a field used through a model without it
    |-- OutcomeUnknownError    (ConnectionError, TimeoutError)  the reply to a write was lost
    |-- AdoptionError          (RuntimeError)    edges of Popoto's fields would be lost
    |   `-- StillWrittenError      another program writes what is to be adopted
    `-- StoredValueError       (ResponseError)   what the server holds is not ours to use
        |-- WrongTypeError         another Redis type under the key
        |-- ForeignLayoutError     a value that another program laid out
        |-- CorruptValueError      a value of ours, damaged
        |-- IncompleteError        records exist that the value never saw
        |-- RebuildError           Popoto's re-index is under way or was killed
        `-- OutOfMemoryError       the server is at maxmemory; nothing was written

The `StoredValueError` branch is raised inside the server, by the scripts. In a
caller's own pipeline `execute()` raises redis-py's `ResponseError` with the
same text.
"""

from __future__ import annotations

from popoto.exceptions import ModelException
from redis import exceptions as redis_exceptions


class RecallError(Exception):
    """Base of every error that this library raises."""


class ArgumentError(RecallError, ValueError):
    """An argument whose value no call accepts; nothing was sent."""


class ArgumentTypeError(RecallError, TypeError):
    """An argument of the wrong type; nothing was sent."""


class OptionError(RecallError, ModelException):
    """A field declared with a value that it cannot work with."""


class FieldNotOnModelError(RecallError, AttributeError):
    """A field used through a model that does not have it."""


class OutcomeUnknownError(
    RecallError, redis_exceptions.ConnectionError, redis_exceptions.TimeoutError
):
    """The reply to a write was lost: it was applied once, or not at all."""


class AdoptionError(RecallError, RuntimeError):
    """What Popoto's own fields left cannot all be taken over; nothing of it is lost."""


class StillWrittenError(AdoptionError):
    """Another program still writes what is to be adopted."""


class StoredValueError(RecallError, redis_exceptions.ResponseError):
    """What the server holds under a key cannot be used; nothing was written."""


class WrongTypeError(StoredValueError):
    """The key holds another Redis type."""


class ForeignLayoutError(StoredValueError):
    """The key holds a value that another program laid out."""


class CorruptValueError(StoredValueError):
    """The key holds a value of this library that was damaged."""


class IncompleteError(StoredValueError):
    """Records exist that the stored value never saw; `rebuild` mends it."""


class RebuildError(StoredValueError):
    """Popoto's `rebuild_indexes` is under way or was killed, so that not all records are listed."""


class OutOfMemoryError(StoredValueError, redis_exceptions.OutOfMemoryError):
    """The server reached its maxmemory; nothing was written."""
