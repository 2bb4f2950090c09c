"""Entry point of the command ``popoto-recall``."""

from __future__ import annotations

import sys

_EXTRA = {"typer", "rich", "fakeredis", "lupa"}


def main() -> None:
    """Run the command line, or say what has to be installed for it."""
    try:
        from .app import app

        app()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        sys.exit(f"popoto-recall needs {package}: pip install 'popoto-recall[demo]'")
