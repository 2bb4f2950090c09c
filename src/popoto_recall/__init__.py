"""Agent memory for Popoto models: association graph, Bloom filter, count-min sketch."""

from .embedded import embedded
from .errors import (
    AdoptionError,
    ArgumentError,
    ArgumentTypeError,
    CorruptValueError,
    FieldNotOnModelError,
    ForeignLayoutError,
    IncompleteError,
    OptionError,
    OutcomeUnknownError,
    OutOfMemoryError,
    RebuildError,
    RecallError,
    StillWrittenError,
    StoredValueError,
    WrongTypeError,
)
from .fields import (
    CoOccurrenceField,
    ExistenceFilter,
    FrequencySketch,
    async_forget,
    forget,
    partition,
)
from .refusals import typed

__all__ = [
    "AdoptionError",
    "ArgumentError",
    "ArgumentTypeError",
    "CoOccurrenceField",
    "CorruptValueError",
    "ExistenceFilter",
    "FieldNotOnModelError",
    "ForeignLayoutError",
    "FrequencySketch",
    "IncompleteError",
    "OptionError",
    "OutOfMemoryError",
    "OutcomeUnknownError",
    "RebuildError",
    "RecallError",
    "StillWrittenError",
    "StoredValueError",
    "WrongTypeError",
    "async_forget",
    "embedded",
    "forget",
    "partition",
    "typed",
]
