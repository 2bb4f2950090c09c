"""The only layer that talks to a server."""

from .command import Command, Commands
from .reader import hashes, members, scan
from .runner import check_buffering, queue, run, typed_errors
from .script import Script, load

__all__ = [
    "Command",
    "Commands",
    "Script",
    "check_buffering",
    "hashes",
    "load",
    "members",
    "queue",
    "run",
    "scan",
    "typed_errors",
]
