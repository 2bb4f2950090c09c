"""The only layer that talks to a server."""

from .command import Command, Commands
from .runner import check_pipeline, queue, run, typed_errors
from .script import Script, load

__all__ = [
    "Command",
    "Commands",
    "Script",
    "check_pipeline",
    "load",
    "queue",
    "run",
    "typed_errors",
]
