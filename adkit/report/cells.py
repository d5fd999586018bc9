"""How a row reads: the columns of every rendered table, stated once for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..records import Row

# Where the nodes of an expression are counted no further.
MOST = 10**300


@dataclass(frozen=True)
class Column:
    """A heading, the text of a row below it, and what it means; the highest rank goes first where width is short."""

    heading: str
    text: Callable[[Row], str]
    numeric: bool = True
    rank: int = 0
    meaning: str = ""
    counted: bool = False


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
    """A count, in powers of ten where it is beyond reading; `MOST` stands for all that is larger."""
    if x is None or abs(x) < 10**9:
        return "" if x is None else f"{x:,}"
    return f"> {float(MOST):.0e}" if x >= MOST else f"{float(x):.1e}"


def plural(n: int, word: str) -> str:
    """As "1 input" and "2 inputs"."""
    return f"{count(n)} {word}{'s' * (n != 1)}"


def percent(x: float) -> str:
    return "< 1 %" if x < 0.01 else f"{x:.0%}".replace("%", " %")


def verdict(row: Row) -> str:
    """The status, with a word for the quickest of the right rows, and for what was known or thought beforehand."""
    if row.status == "ok":
        words = {"fastest": row.fastest, "no difference": row.tied, "reference": row.is_reference}
        word = next((word for word, true in words.items() if true), "ok")
    else:
        word = row.status
    return word + (" (!)" if row.surprise else ", expected" if row.status != "ok" and row.as_expected else "")


def _time(row: Row) -> str:
    """The median, marked where it is not to be relied on."""
    return ("~" if row.stability else "") + seconds(row.steady_s)


def _scatter(row: Row) -> str:
    """Half the distance of the quartiles, relative to the median; a single round has none."""
    return percent(row.spread_s / row.steady_s / 2) if row.spread_s and row.steady_s else ""


def interval(row: Row) -> str:
    """That of the ratio to f."""
    low, high = row.ratio_low, row.ratio_high
    return "" if low is None or high is None else f"{three_digits(low)} to {three_digits(high)}"


def _flops(row: Row) -> str:
    """Estimated operations on numbers, as a multiple of those of f."""
    return three_digits(row.flops / row.f_flops) if row.flops is not None and row.f_flops else ""


def _optional(x: float | None) -> str:
    return "" if x is None else three_digits(x)


SIZE = Column("size", lambda row: row.size, numeric=False)
VALUE = Column("value", lambda row: "" if row.value is None else f"{row.value:.8g}", rank=5, meaning="what f returned")
NOTE = Column("note", lambda row: row.note, numeric=False)
# The essential ones first: what is right, how fast, how much; then what can be counted.
COLUMNS = (
    SIZE,
    Column("method", lambda row: row.method, numeric=False),
    Column("verdict", verdict, numeric=False),
    VALUE,
    Column(
        "error",
        lambda row: error(row.max_rel_error),
        rank=2,
        meaning="the largest error of a component, relative to the largest component of the reference",
    ),
    Column("allowed", lambda row: error(row.tolerance), rank=8, meaning="the error up to which a method is right"),
    Column("time", _time, meaning="one value-and-derivative, the median of interleaved rounds (~ unstable)"),
    Column("±", _scatter, rank=6, meaning="half the distance of the quartiles of the rounds"),
    Column("× f", lambda row: _optional(row.ratio_to_f), rank=1, meaning="time as a multiple of that of f itself"),
    Column("95 %", interval, rank=7, meaning="the interval of × f"),
    Column(
        "× hand",
        lambda row: _optional(row.ratio_to_manual) if row.ratio_to_manual != 1 else "",
        rank=6,
        meaning="time as a multiple of that of the derivative by hand, in the rounds they share",
    ),
    Column("peak", lambda row: byte_count(row.peak_bytes), rank=3, meaning="the most memory held at once"),
    Column(
        "resident",
        lambda row: byte_count(row.resident_bytes),
        rank=11,
        meaning="the most memory that the whole process took up beyond what it had, in pages",
    ),
    Column("kept", lambda row: byte_count(row.kept_bytes or None), rank=12, meaning="memory held from call to call"),
    Column(
        "prepare",
        lambda row: seconds(row.prepare_s) if (row.prepare_s or 0) > 1e-4 else "",
        rank=4,
        meaning="once before the first call, where it takes long: tracing, differentiating, building",
    ),
    Column("first call", lambda row: seconds(row.first_s), rank=12, meaning="the call after that"),
    Column("f calls", lambda row: count(row.f_calls), rank=5, meaning="evaluations of f", counted=True),
    Column("passes", lambda row: count(row.passes), rank=9, meaning="runs of f or of code made from it", counted=True),
    Column(
        "flops × f",
        _flops,
        rank=7,
        meaning="estimated operations on numbers, as a multiple of those of f",
        counted=True,
    ),
    Column("theory ≤", lambda row: _optional(row.bound), rank=7, meaning="the bound of theory for that", counted=True),
    Column("ops", lambda row: count(row.primitive_ops), rank=10, meaning="calls of primitives", counted=True),
    Column("tape", lambda row: byte_count(row.tape_bytes), rank=11, meaning="memory of the record", counted=True),
    Column(
        "nodes",
        lambda row: count(row.expression_nodes),
        rank=11,
        meaning="of the expression, where what occurs twice is stored once",
        counted=True,
    ),
    Column("as a tree", lambda row: count(row.tree_nodes), rank=11, meaning="nodes without that", counted=True),
    NOTE,
)


def legend(columns: Sequence[Column]) -> str:
    """What the columns mean, in a line."""
    said = [(column.counted, f"{column.heading}: {column.meaning}") for column in columns if column.meaning]
    counts = "; ".join(text for counted, text in said if counted)
    rest = "; ".join(text for counted, text in said if not counted)
    parts = (rest, counts and f"Counts, the same on every machine: {counts}")
    return " ".join(f"{part}." for part in parts if part)


LEGEND = legend(COLUMNS)


def shown(rows: Sequence[Row]) -> list[Column]:
    """The columns in which at least one row has something to say; a value that all agree on is said below."""
    hidden = {SIZE} if len({row.size for row in rows}) == 1 else set[Column]()
    hidden |= {VALUE} if _agreed(rows) else set()
    return [column for column in COLUMNS if column not in hidden and any(map(column.text, rows))]


def _agreed(rows: Sequence[Row]) -> bool:
    """Whether at each size all rows have found the same value."""
    found = {(row.size, VALUE.text(row)) for row in rows if row.value is not None}
    return len(found) == len({size for size, _ in found})


def heading(rows: Sequence[Row]) -> str:
    """What a table is about, as its title."""
    sizes = list(dict.fromkeys(row.size for row in rows if row.size))
    kind = " (Jacobian)" if rows[0].derivative == "jacobian" else ""
    return rows[0].problem + (f" {sizes[0]}" if len(sizes) == 1 else "") + kind


def machine(environment: Mapping[str, str]) -> str:
    """By what command, when and on what the numbers were measured, in a line."""
    named = ("cpu", "cores", "memory", "system", "command", "date", "load", "governor", "blas", "threads", "git")
    known = {name: environment[name] for name in named if environment.get(name)}
    versions = ", ".join(f"{name} {version}" for name, version in environment.items() if name not in named)
    cores = f"{known.get('cores', '?')} cores"
    where = ", ".join([cores, *(known[name] for name in ("memory", "system") if name in known)])
    command = f" by `{known['command']}`" if "command" in known else ""
    parts = [
        f"Measured{command} on {known.get('cpu', 'a processor')} ({where})",
        known.get("date", ""),
        f"load average {known['load']} before" if "load" in known else "",
        f"governor {known['governor']}" if "governor" in known else "",
        known.get("blas", ""),
        f"limited to {plural(int(known['threads']), 'thread')}" if "threads" in known else "",
    ]
    return ", ".join(filter(None, parts)) + f": {versions}" + (f" (git {known['git']})" if "git" in known else "") + "."


def by_problem(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each problem, in order; its gradient and its Jacobian are two tables."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.problem, row.derivative), []).append(row)
    return list(found.values())
