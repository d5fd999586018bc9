"""The command line: a file for each command."""

from __future__ import annotations

import sys

import typer

from . import checking as checking
from . import comparing as comparing
from . import diffing as diffing
from . import listing as listing
from . import reporting as reporting
from . import selfchecking as selfchecking
from .app import USAGE, app

__all__ = ["app", "main"]


def main() -> None:
    """The entry point: a refusal is one sentence on standard error and exit code 2."""
    from ..errors import AdkitError

    try:
        app()
    except AdkitError as error:
        typer.echo(f"adkit: {error}", err=True)
        sys.exit(USAGE)
