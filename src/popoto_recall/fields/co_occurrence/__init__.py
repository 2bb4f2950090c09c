"""`CoOccurrenceField`: what goes with this?"""

from .field import CoOccurrenceField

__all__ = ["CoOccurrenceField"]
