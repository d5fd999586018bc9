"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..records import Row
from . import cells, remarks

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES = {"ok": "", "wrong": "bold red", "error": "red", "timeout": "yellow", "too large": "yellow", "skipped": "dim"}


def renderables(rows: Sequence[Row], width: int) -> Iterator[RenderableType]:
    """One table per problem, each followed by what is needed to read it, and one legend."""
    from rich.padding import Padding
    from rich.text import Text

    told: list[cells.Column] = []
    missing: list[cells.Column] = []
    for mine in cells.by_problem(rows):
        columns = _fitting(mine, width)
        told += columns
        missing += [column for column in _columns(mine) if column not in columns]
        yield _table(mine, columns)
        yield _lines([*remarks.footing(mine), *remarks.notes(mine)])
        yield ""
    yield Padding(Text(cells.legend(_in_order(told))), (0, 2))
    yield _lines([*remarks.overhead(rows), *_left_out([column for column in missing if column not in told])])


def _lines(lines: Sequence[str]) -> RenderableType:
    """Lines of a list, what they go on with below their own beginning."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    for line in lines:
        grid.add_row("-", Text(line))
    return Padding(grid, (0, 0, 0, 1))


def _in_order(columns: Sequence[cells.Column]) -> list[cells.Column]:
    """Each once, in the order of a table."""
    return [column for column in cells.COLUMNS if column in columns]


def _fitting(rows: Sequence[Row], width: int) -> list[cells.Column]:
    """As many columns as fit: those of the highest rank go first. Sizes and notes have no column here."""
    from rich.console import Console

    console = Console(width=10_000)
    columns = _columns(rows)
    while console.measure(_table(rows, columns)).maximum > width and any(column.rank for column in columns):
        columns.remove(max(reversed(columns), key=lambda column: column.rank))
    return columns


def _columns(rows: Sequence[Row]) -> list[cells.Column]:
    return [column for column in cells.shown(rows) if column not in (cells.SIZE, cells.NOTE)]


def _left_out(columns: Sequence[cells.Column]) -> list[str]:
    """What a wider terminal would show."""
    names = ", ".join(column.heading for column in _in_order(columns))
    return [f"too wide for this terminal: {names} (--format markdown shows all)"] if names else []


def _table(rows: Sequence[Row], columns: Sequence[cells.Column]) -> RenderableType:
    """Sizes, where there are several, head their rows: a column of their own would cost the width of another."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=cells.heading(rows),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for column in columns:
        table.add_column(column.heading, justify="right" if column.numeric else "left", no_wrap=True)
    several = len({row.size for row in rows}) > 1
    for i, row in enumerate(rows):
        if several and (i == 0 or row.size != rows[i - 1].size):
            table.add_section()
            table.add_row(Text(row.size, style="bold"))
        style = "green" if row.fastest else _STYLES.get(row.status, "")
        table.add_row(*(Text(column.text(row)) for column in columns), style=style)
    return table


def listing(entries: Sequence[tuple[str, str, str]]) -> Iterator[RenderableType]:
    """Names, each with a few words beside it and what it stands for below."""
    from rich.padding import Padding
    from rich.text import Text

    width = max(len(name) for name, _, _ in entries)
    for name, beside, below in entries:
        yield Text.assemble((f"{name:<{width}}", "bold"), f"  {beside}")
        yield Padding(Text(below), (0, 0, 0, 4))
    yield ""
