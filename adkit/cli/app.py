"""The commands' common ground: the application, options that several of them have, exit codes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ..writing import Format

# Exit codes, of which README says what they mean.
RIGHT, WRONG, USAGE, TIMEOUT, UNEXPECTED, NOTHING = range(6)
INTERRUPTED = 130

# Options that several commands have.
At = Annotated[
    str | None,
    typer.Option(
        help='The point for FILE.py:f, e.g. --at "2.0, [1, 2, 3]" (lists become arrays); or point.json, .npy or .npz; '
        "or the name of a function that returns it."
    ),
]
Argnums = Annotated[
    str | None,
    typer.Option(help="Which arguments of FILE.py:f to differentiate, e.g. 0,1. Default: all but whole numbers."),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]
Form = Annotated[Format | None, typer.Option("--format", "-f", help="Default: table, or what the suffix of -o says.")]

app = typer.Typer(
    name="adkit",
    help="Every way to the derivative of a NumPy function, checked and timed side by side.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"adkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that go before the command."""


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What f prints goes where it does not mix with the results, and what NumPy warns of is in them."""
    import numpy as np

    with contextlib.redirect_stdout(sys.stderr), np.errstate(all="ignore"):
        yield
