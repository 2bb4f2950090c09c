"""The fields that a Popoto model declares; the only layer that knows Popoto."""

from ._blocks import partition
from ._forget import async_forget, forget
from .co_occurrence import CoOccurrenceField
from .existence import ExistenceFilter
from .frequency import FrequencySketch

__all__ = [
    "CoOccurrenceField",
    "ExistenceFilter",
    "FrequencySketch",
    "async_forget",
    "forget",
    "partition",
]
