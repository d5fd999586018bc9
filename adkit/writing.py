"""Results to the terminal or into a file that is complete or not there."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .errors import BadRequest, unknown

if TYPE_CHECKING:
    from rich.console import RenderableType

Format = Literal["table", "markdown", "csv", "json"]
SUFFIXES: dict[str, Format] = {"": "table", ".txt": "table", ".md": "markdown", ".csv": "csv", ".json": "json"}


def format_of(format: Format | None, output: Path | None) -> Format:
    """The format that was asked for, or that the suffix of the output file says."""
    suffix = output.suffix if output else ""
    if format is None and suffix not in SUFFIXES:
        raise unknown("suffix", suffix, [known for known in SUFFIXES if known])
    return format or SUFFIXES[suffix]


def require_folder(output: Path | None) -> None:
    """Better now than after the work."""
    if output is not None and not output.parent.is_dir():
        raise BadRequest(f"cannot write {output}: there is no folder {output.parent}")


def make_folder(output: Path) -> None:
    """The folder of a results file, made where only it is missing."""
    try:
        output.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise BadRequest(f"cannot make the folder {output.parent}: {error.strerror or error}") from None


def is_watched(output: Path | None) -> bool:
    """Whether a person sees the output as it comes, in colours and as wide as the terminal is."""
    return output is None and sys.stdout.isatty()


def show(renderables: Callable[[int], Iterable[RenderableType]], output: Path | None) -> None:
    """Tables that are made for a width; into a file or a pipe, as wide as they need to be."""
    from rich.console import Console

    buffer = io.StringIO()
    console = Console() if is_watched(output) else Console(file=buffer, width=200)
    for renderable in renderables(console.width):
        console.print(renderable, highlight=False)
    if not is_watched(output):
        emit("\n".join(line.rstrip() for line in buffer.getvalue().splitlines()), output)


def emit(text: str, output: Path | None) -> None:
    """Print or store a text, which ends in one line break."""
    if output is None:
        print(text.rstrip("\n"), flush=True)
    else:
        _store(text.rstrip("\n") + "\n", output)


def _store(text: str, output: Path) -> None:
    """Write a file that is complete or not there."""
    whole = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        whole.write_text(text, encoding="utf-8")
        whole.replace(output)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise BadRequest(f"cannot write {output}: {error.strerror or error}") from None
