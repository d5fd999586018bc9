"""Sweeps over a parameter: how each method's cost grows with it, and where the cheaper of two changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .. import stats
from ..records import Row
from . import cells, documents

# A slope needs so many sizes, and a sweep has them.
LEAST = 3
# A slope that is known no better than this says nothing.
OPEN = 1.0
F = "f itself"


@dataclass(frozen=True)
class Quantity:
    """What may grow: its name, and the number of a row."""

    name: str
    of: Callable[[Row], float | None]


# Those that matter most first: a narrow terminal shows fewer.
QUANTITIES = (
    Quantity("time", lambda row: row.steady_s),
    Quantity("flops", lambda row: row.flops),
    Quantity("peak", lambda row: row.peak_bytes),
    Quantity("ops", lambda row: row.primitive_ops),
    Quantity("nodes", lambda row: row.expression_nodes),
    Quantity("as a tree", lambda row: row.tree_nodes),
    Quantity("tape", lambda row: row.tape_bytes),
    Quantity("passes", lambda row: row.passes),
)


@dataclass(frozen=True)
class Sweep:
    """The rows of one problem that differ in one parameter; the others, in `fixed`, stay as they are."""

    problem: str
    parameter: str
    fixed: Mapping[str, float]
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """What is swept, in words."""
        kind = " (Jacobian)" if self.rows[0].derivative == "jacobian" else ""
        return f"{self.problem}{kind} {self.way}"

    @property
    def way(self) -> str:
        """Along which parameter, and what the others are."""
        fixed = ", ".join(f"{name} = {_number(x)}" for name, x in self.fixed.items())
        return f"over {self.parameter}" + (f" at {fixed}" if fixed else "")

    def place(self, row: Row) -> str:
        """Where on the way a row is."""
        return f"{self.parameter} = {_number(self.x(row))}"

    @property
    def values(self) -> list[float]:
        """Those of the parameter, from small to large."""
        return sorted({self.x(row) for row in self.rows})

    def x(self, row: Row) -> float:
        return row.parameters[self.parameter]

    def right(self) -> dict[str, list[Row]]:
        """The rows that are right, by method, from small to large."""
        found: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=self.x):
            if row.status == "ok":
                found.setdefault(row.method, []).append(row)
        return found


@dataclass(frozen=True)
class Meeting:
    """Two methods, and which is quicker where: in the crossing `a` is "a"."""

    a: str
    b: str
    low: float
    high: float
    crossing: stats.Crossing


def sweeps(rows: Sequence[Row]) -> list[Sweep]:
    """Every set of rows of one problem along one parameter, with all others fixed."""
    return [sweep for mine in cells.by_problem(rows) for alike in _alike(mine) for sweep in _along_each(alike)]


def _alike(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of sizes that have the same parameters: a problem may be swept in several ways."""
    shared: dict[str, frozenset[str]] = {}
    for row in rows:
        mine = frozenset(row.parameters)
        shared[row.size] = shared.get(row.size, mine) & mine
    groups: dict[frozenset[str], list[Row]] = {}
    for row in rows:
        groups.setdefault(shared[row.size], []).append(row)
    return list(groups.values())


def _along_each(rows: Sequence[Row]) -> Iterator[Sweep]:
    """Along each parameter that all rows have; what only a method has is not of the problem."""
    names = [name for name in rows[0].parameters if all(name in row.parameters for row in rows)]
    for name in names:
        groups: dict[tuple[tuple[str, float], ...], list[Row]] = {}
        for row in rows:
            others = tuple((other, x) for other, x in row.parameters.items() if other != name)
            groups.setdefault(others, []).append(row)
        for others, mine in groups.items():
            sweep = Sweep(rows[0].problem, name, dict(others), tuple(mine))
            if any(len({sweep.x(row) for row in found}) >= LEAST for found in sweep.right().values()):
                yield sweep


# -- growth ----------------------------------------------------------------------------------------
def slopes(sweep: Sweep) -> dict[str, dict[str, stats.Growth]]:
    """How each quantity of each method grows, f itself first: by method, then by quantity."""
    timed = {sweep.x(row): row.f_s for row in sweep.rows if row.f_s}
    found = {F: {"time": _grown(list(timed), list(timed.values()))}}
    for method, rows in sweep.right().items():
        found[method] = {quantity.name: _slope(sweep, rows, quantity) for quantity in QUANTITIES}
    known = {method: {name: grown for name, grown in mine.items() if grown} for method, mine in found.items()}
    return {method: mine for method, mine in known.items() if mine}


def _slope(sweep: Sweep, rows: Sequence[Row], quantity: Quantity) -> stats.Growth | None:
    points = [(sweep.x(row), y) for row in rows if (y := quantity.of(row)) is not None]
    return _grown([x for x, _ in points], [y for _, y in points])


def _grown(x: Sequence[float], y: Sequence[float]) -> stats.Growth | None:
    enough = len({a for a, b in zip(x, y, strict=True) if a > 0 and b > 0}) >= LEAST
    return stats.growth(x, y) if enough else None


def slope_text(grown: stats.Growth, sweep: Sweep) -> str:
    """A slope with its error, and from where on, if that is not the beginning."""
    error = f" ± {grown.error:.2f}" if grown.error >= 0.005 else ""
    start = f" from {_number(grown.start)}" if grown.start > sweep.values[0] else ""
    return f"{_signed(grown.slope)}{error}{start}"


# -- crossovers ------------------------------------------------------------------------------------
def meetings(sweep: Sweep) -> list[Meeting]:
    """Every two methods at the sizes at which both are right, forward and reverse first."""
    right = {method: rows for method, rows in sweep.right().items() if rows[0].ranked}
    pairs = sorted(itertools.combinations(right, 2), key=lambda pair: {*pair} != {"forward", "reverse"})
    found = (_meeting(sweep, a, b, right[a], right[b]) for a, b in pairs)
    return [meeting for meeting in found if meeting is not None]


def _meeting(sweep: Sweep, a: str, b: str, mine: Sequence[Row], theirs: Sequence[Row]) -> Meeting | None:
    first, second = ({sweep.x(row): samples(row) for row in rows if samples(row)} for rows in (mine, theirs))
    x = [value for value in first if value in second and value > 0]
    if len(x) < 2:
        return None
    crossing = stats.crossover(x, [first[value] for value in x], [second[value] for value in x])
    return Meeting(a, b, x[0], x[-1], crossing)


def samples(row: Row) -> tuple[float, ...]:
    """Seconds per call, one for each round; of a row that has lost them, the median."""
    return row.samples or (() if row.steady_s is None else (row.steady_s,))


def meeting_text(meeting: Meeting, parameter: str) -> str:
    """Which overtakes which and where, in a sentence."""
    crossing = meeting.crossing
    names = {"a": meeting.a, "b": meeting.b}
    span = f"from {parameter} = {_number(meeting.low)} to {_number(meeting.high)}"
    if not crossing.first or not crossing.last:
        return f"{meeting.a} and {meeting.b}: no difference {span}"
    slow = names["b" if crossing.last == "a" else "a"]
    if crossing.estimate is None or crossing.low is None or crossing.high is None:
        return f"{names[crossing.last]} is quicker than {slow} wherever a difference shows, {span}"
    between = f"95 %: {_number(crossing.low)} to {_number(crossing.high)}"
    more = f", for the last of {crossing.times} times" if crossing.times > 1 else ""
    return f"{names[crossing.last]} overtakes {slow} at {parameter} = {_number(crossing.estimate)} ({between}){more}"


def told(sweep: Sweep) -> list[str]:
    """The crossovers, and of forward and reverse also that there is none."""
    wanted = [m for m in meetings(sweep) if m.crossing.estimate is not None or {m.a, m.b} == {"forward", "reverse"}]
    return [meeting_text(meeting, sweep.parameter) for meeting in wanted]


# -- as a table ------------------------------------------------------------------------------------
LEGEND = (
    "Growth: y grows as the parameter to this power (1: in proportion; 0: not at all), the slope of log y over log x "
    "with its 95 % interval. Where a fixed overhead bends the curve, it is fitted too; where that leaves the power "
    "open, the slope is that of the largest sizes, from the one that is named."
)


def table(sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    """Headings, and a line for each method."""
    found = slopes(sweep)
    names = [q.name for q in QUANTITIES if any(q.name in mine for mine in found.values())]
    body = [[method, *(_cell(mine.get(name), sweep) for name in names)] for method, mine in found.items()]
    return ["growth of", *names], body


def _cell(grown: stats.Growth | None, sweep: Sweep) -> str:
    """What could be anything is not told."""
    return "" if grown is None or grown.error > OPEN else slope_text(grown, sweep)


def markdown(sweep: Sweep) -> str:
    """The slopes and the crossovers of one sweep."""
    headings, body = table(sweep)
    lines = "\n".join(f"- {documents.escaped(line)}" for line in told(sweep))
    parts = [f"### {sweep.title}", documents.table(headings, body, [i > 0 for i in range(len(headings))]), lines]
    return "\n\n".join(filter(None, parts))


def _signed(slope: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{slope:.2f}".replace("-0.00", "0.00")


def _number(x: float) -> str:
    """A size: whole where it is, else with three digits."""
    return f"{x:,.0f}" if float(x).is_integer() else cells.three_digits(x)
