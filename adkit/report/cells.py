"""How a row reads: the columns of every rendered table, stated once for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..records import Row


@dataclass(frozen=True)
class Column:
    """A heading, and the text of a row below it."""

    heading: str
    text: Callable[[Row], str]
    numeric: bool = True


def seconds(x: float | None) -> str:
    """A time in the unit that keeps it between 1 and 1000."""
    return _scaled(x, [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s")])


def byte_count(x: float | None) -> str:
    """A size of memory in decimal units."""
    return _scaled(x, [(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")])


def _scaled(x: float | None, units: Sequence[tuple[float, str]]) -> str:
    if x is None:
        return ""
    size, unit = next((u for u in reversed(units) if abs(x) >= u[0]), units[0])
    return f"{three_digits(x / size)} {unit}"


def three_digits(x: float) -> str:
    """Three significant digits, without an exponent from 0.01 to a million."""
    if x == 0:
        return "0"
    if not 0.01 <= abs(x) < 1e6:
        return f"{x:.2e}"
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def error(x: float | None) -> str:
    """An error, of which the order of magnitude matters."""
    return "" if x is None else "0" if x == 0 else f"{x:.1e}"


def count(x: int | None) -> str:
    return "" if x is None else f"{x:,}"


def verdict(row: Row) -> str:
    """The status, with a word for the quickest of the right rows and for the one that the others are judged by."""
    if row.status == "ok" and (row.fastest or row.is_reference):
        return "fastest" if row.fastest else "reference"
    return row.status


SIZE = Column("size", lambda row: row.size, numeric=False)
NOTE = Column("note", lambda row: row.note, numeric=False)
COLUMNS = (
    SIZE,
    Column("method", lambda row: row.method, numeric=False),
    Column("verdict", verdict, numeric=False),
    Column("value", lambda row: "" if row.value is None else f"{row.value:.8g}"),
    Column("error", lambda row: error(row.max_rel_error)),
    Column("time", lambda row: seconds(row.steady_s)),
    Column("× f", lambda row: "" if row.ratio_to_f is None else three_digits(row.ratio_to_f)),
    Column("f calls", lambda row: count(row.f_calls)),
    Column("peak", lambda row: byte_count(row.peak_bytes)),
    Column("passes", lambda row: count(row.passes)),
    Column("prepare", lambda row: seconds(row.prepare_s) if (row.prepare_s or 0) > 1e-4 else ""),
    Column("first call", lambda row: seconds(row.first_s)),
    Column("ops", lambda row: count(row.primitive_ops)),
    NOTE,
)
LEGEND = (
    "time: one value-and-gradient, median of interleaved rounds (× f: as a multiple of f itself). error: the largest "
    "error of a component, relative to the largest component. f calls, passes (runs of f or of code made from it), "
    "ops (primitive operations) and peak (memory) are of one value-and-gradient, when everything is prepared."
)


def shown(rows: Sequence[Row]) -> list[Column]:
    """The columns in which at least one row has something to say."""
    one_size = len({row.size for row in rows}) == 1
    return [column for column in COLUMNS if any(column.text(row) for row in rows) and not (column is SIZE and one_size)]


def heading(rows: Sequence[Row]) -> str:
    """What a table is about, as its title."""
    sizes = list(dict.fromkeys(row.size for row in rows if row.size))
    return rows[0].problem + (f" {sizes[0]}" if len(sizes) == 1 else "")


def footing(rows: Sequence[Row]) -> list[str]:
    """What has to be known to read a table: per size the number of inputs, the cost of f, and the reference."""
    lines: list[str] = []
    sizes = list(dict.fromkeys(row.size for row in rows))
    for size in sizes:
        mine = [row for row in rows if row.size == size]
        f_s = next((row.f_s for row in mine if row.f_s is not None), None)
        reference = next((row.reference for row in mine if row.reference), "none")
        inputs = f"{mine[0].inputs:,} input" + ("s" if mine[0].inputs != 1 else "")
        cost = f"f itself takes {seconds(f_s)}; " if f_s is not None else ""
        point = f"at {mine[0].point}; " if mine[0].point else ""
        lines.append(f"{size + ': ' if len(sizes) > 1 else ''}{point}{inputs}; {cost}reference: {reference}")
    return lines


def notes(rows: Sequence[Row]) -> list[str]:
    """The notes of rows as lines of their own, for tables without a column for them."""
    return [f"{row.method} {row.size}".strip() + f" ({row.status}): {row.note}" for row in rows if row.note]


def machine(environment: Mapping[str, str]) -> str:
    """By what command and on what the numbers were measured, in a line."""
    kept = ("cpu", "cores", "system", "command")
    versions = ", ".join(f"{name} {version}" for name, version in environment.items() if name not in kept)
    command = f"by `{environment['command']}` " if "command" in environment else ""
    where = f"{environment['cpu']} ({environment['cores']} cores, {environment['system']})"
    return f"Measured {command}on {where}: {versions}."


def by_problem(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each problem, in order."""
    return [[row for row in rows if row.problem == name] for name in dict.fromkeys(row.problem for row in rows)]
