"""adkit selfcheck: would the harness notice?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from .app import RIGHT, WRONG, Form, Output, app, aside

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..selfcheck import SelfCheck


@app.command()
def selfcheck(
    everything: Annotated[bool, typer.Option("--all", help="A line for each place, not for each fault.")] = False,
    format: Form = None,
    output: Output = None,
) -> None:
    """Plant wrong rules in a reverse sweep, and wrong references: is each of them caught?

    Exit code: 0 when every fault was caught and nothing right was called wrong, 1 otherwise.
    """
    from .. import writing
    from ..errors import BadRequest

    form = writing.format_of(format, output)
    if form == "csv":
        raise BadRequest("a self-check is written as table, markdown or json")
    writing.require_folder(output)
    found = _run()
    if form == "table":
        writing.show(lambda _: _renderables(found, everything), output)
    else:
        writing.emit(found.to_markdown() if form == "markdown" else found.to_json(), output)
    raise typer.Exit(RIGHT if found else WRONG)


def _run() -> SelfCheck:
    """The self-check, with a line that moves where a person is watching."""
    from .. import selfcheck
    from .running import progress

    with aside(), progress() as advance:
        return selfcheck.run(report=lambda text: advance(-1, None, text))


def _renderables(found: SelfCheck, everything: bool) -> Iterator[RenderableType]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ..selfcheck.findings import HEADINGS

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    missed = {finding.planted for finding in found.missed}
    for cells in found.lines(everything):
        table.add_row(*map(Text, cells), style="bold red" if cells[0] in missed else "")
    yield table
    yield Text(f"{found.verdict}.", style="green" if found else "bold red")
