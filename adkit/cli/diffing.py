"""adkit diff: what got worse between two runs of the same comparison?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import RIGHT, WRONG, Form, Output, app

if TYPE_CHECKING:
    from ..report import Comparison


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="Results to compare with, from adkit compare -o BEFORE.json.")],
    after: Annotated[Path, typer.Argument(help="Results of the same comparison, later or elsewhere.")],
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="What counts as worse: quantities and by how many percent they may grow, as in "
            '"primitive_ops:0%,f_calls:0%,steady_s:20%". Default: counts 0 %, peak memory and times 20 %.'
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show what stayed the same, too.")] = False,
    format: Form = None,
    output: Output = None,
) -> None:
    """Compare two runs row by row: counts exactly, times only where the 95 % interval is beyond what is allowed.

    Between different machines the ratio to f stands for the time. A row whose inputs or whose value of f are not the
    same is not compared. Whatever --fail-on says, a right row that is gone, a gradient that is less right than it was
    and a value of f that differs are told.

    Exit code: 0 when nothing got worse, 1 when something did or f is another, 2 when the request makes no sense.
    """
    from .. import writing
    from ..report import terminal
    from ..report.diff import Difference, rules

    form = writing.format_of(format, output)
    writing.require_folder(output)
    found = Difference(_read(before), _read(after), None if fail_on is None else rules(fail_on))
    if form == "table":
        writing.show(lambda _: terminal.difference(found, everything), output)
    else:
        markdown, csv = lambda: found.to_markdown(everything), lambda: found.table.to_csv(index=False)
        writing.emit({"markdown": markdown, "csv": csv, "json": found.to_json}[form](), output)
    if output is not None:
        typer.echo(f"{found.summary} ({output})", err=True)
    raise typer.Exit(RIGHT if found else WRONG)


def _read(path: Path) -> Comparison:
    """The results in a file."""
    from ..errors import BadRequest
    from ..report import Comparison

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    return Comparison.from_json(text, str(path))
