"""The only layer that talks to a server."""

from .command import Command, Commands, Described, then
from .reader import hashes, members, scan, string
from .runner import check_buffering, queue, run, typed_errors
from .script import Script, load

__all__ = [
    "Command",
    "Commands",
    "Described",
    "Script",
    "check_buffering",
    "hashes",
    "load",
    "members",
    "queue",
    "run",
    "scan",
    "string",
    "then",
    "typed_errors",
]
