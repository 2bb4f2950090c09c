"""Entry point of the command ``popoto-recall``."""

from __future__ import annotations

import sys

_CLI = {"typer", "rich"}
_EXTRA = {*_CLI, "fakeredis", "lupa"}


def main() -> None:
    """Run the command line, or say what has to be installed for it."""
    try:
        try:
            from .app import app
        except ValueError as error:  # of Popoto, which connects when it is imported
            sys.exit(f"REDIS_URL: {error}")
        app()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        extra = "cli" if package in _CLI else "demo"
        sys.exit(f"popoto-recall needs {package}: pip install 'popoto-recall[{extra}]'")
