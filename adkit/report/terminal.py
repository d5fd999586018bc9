"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..records import Row
from . import advice, cells, diff, growth, remarks

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from .diff import Difference

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
    yield from _growth(rows, width)
    if legend := cells.legend(_in_order(told)):
        yield Padding(Text(legend), (0, 2))
    yield _lines([*remarks.overhead(rows), *_left_out([column for column in missing if column not in told])])
    yield ""
    yield from _advice(rows)


def _growth(rows: Sequence[Row], width: int) -> Iterator[RenderableType]:
    """The slopes and crossovers of every sweep, and what a slope is."""
    from rich.padding import Padding
    from rich.text import Text

    swept = growth.sweeps(rows)
    for sweep in swept:
        yield _slopes(sweep, width)
        yield _lines(growth.told(sweep))
        yield ""
    if swept:
        yield Padding(Text(growth.LEGEND), (0, 2, 1, 2))


def _slopes(sweep: growth.Sweep, width: int) -> RenderableType:
    """As many quantities as fit."""
    from rich.console import Console

    headings, body = growth.table(sweep)
    right = [i > 0 for i in range(len(headings))]
    tables = [_plain(sweep.title, headings[:n], body, right[:n]) for n in range(len(headings), 1, -1)]
    console = Console(width=10_000)
    return next((table for table in tables if console.measure(table).maximum <= width), tables[-1])


def _plain(title: str, headings: Sequence[str], body: Sequence[Sequence[str]], right: Sequence[bool]) -> Table:
    """A table of text, each line as far as there are headings."""
    from rich.text import Text

    table = _blank(title)
    for heading, to_the_right in zip(headings, right, strict=True):
        table.add_column(heading, justify="right" if to_the_right else "left", no_wrap=heading != "note")
    for line in body:
        table.add_row(*map(Text, line[: len(headings)]))
    return table


def difference(found: Difference, everything: bool = False) -> Iterator[RenderableType]:
    """What changed between two runs, and how it went in a sentence."""
    from rich.text import Text

    headings, body = found.lines(everything)
    if body:
        yield _plain("", headings, body, [heading in diff.NUMERIC for heading in headings])
    if found.remarks:
        yield _lines(found.remarks)
    yield Text(found.summary, style="bold" if found else "bold red")


def _advice(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """What to use, at the very end, where it is read."""
    from rich.text import Text

    yield Text("Recommendation", style="bold")
    yield _lines([f"{heading}: {text}" for heading, text in advice.recommendations(rows)])


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
    from rich.text import Text

    table = _blank(cells.heading(rows))
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


def _blank(title: str) -> Table:
    """A table without columns yet, under its title."""
    from rich import box
    from rich.table import Table

    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )


def listing(entries: Sequence[tuple[str, str, str]]) -> Iterator[RenderableType]:
    """Names, each with a few words beside it and what it stands for below."""
    from rich.padding import Padding
    from rich.text import Text

    width = max(len(name) for name, _, _ in entries)
    for name, beside, below in entries:
        yield Text.assemble((f"{name:<{width}}", "bold"), f"  {beside}")
        yield Padding(Text(below), (0, 0, 0, 4))
    yield ""
