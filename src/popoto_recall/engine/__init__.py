"""The only layer that talks to a server."""

from .command import Command, Commands, Described, Steps, merged, steps_of, then
from .reader import discard, exists, hashes, members, missing, scan
from .runner import check_buffering, queue, run, typed_errors
from .script import Script, load

__all__ = [
    "Command",
    "Commands",
    "Described",
    "Script",
    "Steps",
    "check_buffering",
    "discard",
    "exists",
    "hashes",
    "load",
    "members",
    "merged",
    "missing",
    "queue",
    "run",
    "scan",
    "steps_of",
    "then",
    "typed_errors",
]
