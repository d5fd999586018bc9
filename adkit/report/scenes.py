"""What a figure shows, before it is drawn: panels of lines through points, and marks for the cells that have none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from .. import stats
from ..errors import BadRequest, unknown
from ..records import Row
from ..stats import Crossing
from .quantities import Quantity, Span, quantity

Kind = Literal["line", "points", "dots"]
# Over what points stand that are no numbers.
CATEGORIES = ("size", "problem")
# Columns of a row that serve as parameters.
_FIELDS = ("inputs", "outputs")


@dataclass(frozen=True)
class Drawing:
    """A figure as a plan asks for it: the quantities `y`, a panel each, over a parameter `x`, or over sizes.

    Lines are drawn over a parameter; points stand side by side over sizes, and dots in a row beside each size, of each
    line of the figure the quickest.
    `over` names the problem that is drawn (all, each in panels of its own, if empty), `where` fixes parameters,
    `sizes` and `methods` choose among them by pattern, `label` is what the parameter is called on its axis, with its
    unit, and `crossing` names two methods whose crossover is shown.
    """

    kind: Kind
    x: str
    y: tuple[str, ...]
    title: str = ""
    over: str = ""
    where: Mapping[str, float] = field(default_factory=dict[str, float])
    sizes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    label: str = ""
    crossing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """A measured cell; `wrong` ones are shown, and not joined to the others."""

    x: float
    y: float
    span: Span | None = None
    wrong: bool = False


@dataclass(frozen=True)
class Mark:
    """A cell without a value, and why in a word."""

    x: float
    word: str


@dataclass(frozen=True)
class Series:
    """A method in a panel: what was measured, what is missing, and what is allowed by x."""

    label: str
    method: str
    points: tuple[Point, ...] = ()
    marks: tuple[Mark, ...] = ()
    bounds: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Panel:
    """One pair of axes. `ticks` are the names of what stands at 0, 1, 2, ... where x is no number."""

    title: str
    quantity: Quantity
    axis: str
    series: tuple[Series, ...]
    ticks: tuple[str, ...] = ()
    crossing: Crossing | None = None
    # Whether the categories stand below each other, and values are read across.
    across: bool = False


@dataclass(frozen=True)
class Scene:
    """A figure: panels in columns, and what is said of it to those who cannot see it."""

    title: str
    panels: tuple[Panel, ...]
    columns: int

    @property
    def alt(self) -> str:
        """The figure in a sentence."""
        what = ", ".join(dict.fromkeys(panel.quantity.axis for panel in self.panels))
        labels = ", ".join(dict.fromkeys(series.label for panel in self.panels for series in panel.series))
        return f"{self.title}: {what} over {self.panels[0].axis}; {labels}"

    @property
    def caption(self) -> str:
        """What bands, whiskers and dotted lines are; empty where there are none."""
        spans = [p.quantity.spans for p in self.panels if any(q.span for s in p.series for q in s.points)]
        return "; ".join(f"bands and whiskers: {words}" for words in dict.fromkeys(spans))


def scene(drawing: Drawing, rows: Sequence[Row], lines: Mapping[str, str], where: str) -> Scene:
    """What a drawing shows of rows; `lines` is the line that a method's rows are on, `where` who asked for it.

    Raises:
        BadRequest: nothing is left to draw.
    """
    chosen = _chosen(drawing, rows, lines, where)
    quantities = [quantity(name, where) for name in drawing.y]
    if drawing.kind != "line":
        panels = [_of_categories(drawing, chosen, q, lines) for q in quantities]
        return Scene(drawing.title, tuple(panels), columns=1)
    problems = list(dict.fromkeys(row.problem for row in chosen))
    panels = [
        _of_parameter(drawing, [row for row in chosen if row.problem == name], q, lines, name if problems[1:] else "")
        for name in problems
        for q in quantities
    ]
    return Scene(drawing.title, tuple(panels), columns=len(quantities) if quantities[1:] else min(len(problems), 2))


def _chosen(drawing: Drawing, rows: Sequence[Row], lines: Mapping[str, str], where: str) -> list[Row]:
    """The rows that are drawn."""
    of_problem = [row for row in rows if drawing.over in ("", row.problem)]
    if not of_problem:
        raise BadRequest(f"{where} is over {drawing.over!r}, of which there are no results")
    has = [row for row in of_problem if drawing.x in CATEGORIES or parameter(row, drawing.x) is not None]
    if not has:
        known = dict.fromkeys(name for row in of_problem for name in (*row.parameters, *_FIELDS))
        raise BadRequest(f"{where} has x = {drawing.x!r}, which no result has; known: {', '.join(known)}")
    found = [row for row in has if _is_chosen(drawing, row, lines)]
    if not found:
        raise BadRequest(f"{where} draws nothing: no result fits its where, sizes and methods")
    return found


def _is_chosen(drawing: Drawing, row: Row, lines: Mapping[str, str]) -> bool:
    fits = all(parameter(row, name) == x for name, x in drawing.where.items())
    names = (row.method, lines.get(row.method, row.method))
    return fits and _matches((row.size,), drawing.sizes) and _matches(names, drawing.methods)


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether one of the names fits one of the patterns, if there are any."""
    return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def parameter(row: Row, name: str) -> float | None:
    """A parameter of the problem or of the method, or the number of inputs or outputs."""
    if name in row.parameters:
        return float(row.parameters[name])
    return float(getattr(row, name)) if name in _FIELDS else None


# -- over a number -------------------------------------------------------------------------------
def _of_parameter(drawing: Drawing, rows: Sequence[Row], q: Quantity, lines: Mapping[str, str], title: str) -> Panel:
    groups: dict[str, list[tuple[float, Row]]] = {}
    besides = _besides(drawing, rows)
    for row in rows:
        x = parameter(row, drawing.x)
        assert x is not None
        label = ", ".join([lines.get(row.method, row.method), *(f"{n} = {parameter(row, n):g}" for n in besides)])
        groups.setdefault(label, []).append((x, row))
    series = [_series(label, sorted(cells, key=lambda cell: cell[0]), q) for label, cells in groups.items()]
    axis = drawing.label or f"{drawing.x} (number)"
    shown = tuple(one for one in series if one.points or one.marks)
    return Panel(title, q, axis, shown, crossing=_crossing(drawing, rows) if q.of_samples else None)


def _crossing(drawing: Drawing, rows: Sequence[Row]) -> Crossing | None:
    """Where the cheaper of the two methods changes, if it does."""
    if not drawing.crossing:
        return None
    for name in drawing.crossing:
        if name not in {row.method for row in rows}:
            raise unknown("method in a crossing:", name, {row.method for row in rows})
    a, b = ({parameter(row, drawing.x): row.samples for row in rows if row.method == m} for m in drawing.crossing)
    xs = sorted(x for x in a if x and a[x] and b.get(x))
    found = stats.crossover(xs, [a[x] for x in xs], [b[x] for x in xs]) if len(xs) > 1 else None
    return found if found and found.estimate is not None else None


def _besides(drawing: Drawing, rows: Sequence[Row]) -> list[str]:
    """The parameters that tell apart rows of one method at one x: each of their values is a line of its own."""
    at: dict[tuple[str, float | None], list[Row]] = {}
    for row in rows:
        at.setdefault((row.method, parameter(row, drawing.x)), []).append(row)
    names = dict.fromkeys(name for row in rows for name in row.parameters if name != drawing.x)
    return [name for name in names if any(len({row.parameters.get(name) for row in some}) > 1 for some in at.values())]


def _series(label: str, cells: Sequence[tuple[float, Row]], q: Quantity) -> Series:
    """A method's cells. What no right row has, the method does not have: there is nothing to mark then."""
    right = [row for _, row in cells if row.status == "ok"]
    if right and all(q.of(row) is None for row in right):
        return Series(label, cells[0][1].method)
    points = [(x, row, y) for x, row in cells if (y := _finite(q.of(row))) is not None and _is_shown(row)]
    shown = {id(row) for _, row, _ in points}
    return Series(
        label,
        cells[0][1].method,
        tuple(Point(x, y, q.span(row), row.status == "wrong") for x, row, y in points),
        tuple(Mark(x, _word(row)) for x, row in cells if id(row) not in shown),
        tuple((x, bound) for x, row in cells if (bound := q.bound(row)) is not None),
    )


def _is_shown(row: Row) -> bool:
    """Whether what was measured stands for something; a wrong row is shown as wrong."""
    return row.status in ("ok", "wrong")


def _finite(x: float | None) -> float | None:
    return x if x is not None and math.isfinite(x) else None


def _word(row: Row) -> str:
    return row.status if row.status != "ok" else "not measured"


# -- over sizes ----------------------------------------------------------------------------------
def _of_categories(drawing: Drawing, rows: Sequence[Row], q: Quantity, lines: Mapping[str, str]) -> Panel:
    """Points over the sizes of the problems, or over the problems."""
    name = (lambda row: f"{row.problem}\n{row.size}".strip()) if drawing.x == "size" else (lambda row: row.problem)
    ticks = list(dict.fromkeys(map(name, rows)))
    groups: dict[str, list[tuple[float, Row]]] = {}
    for row in rows:
        groups.setdefault(lines.get(row.method, row.method), []).append((float(ticks.index(name(row))), row))
    across = drawing.kind == "dots"
    if across:
        groups = {label: _quickest_of_each(cells) for label, cells in groups.items()}
    series = [_series(label, cells, q) for label, cells in groups.items()]
    shown = tuple(s for s in series if s.points or s.marks)
    return Panel("", q, drawing.label or "problem and size", shown, tuple(ticks), across=across)


def _quickest_of_each(cells: Sequence[tuple[float, Row]]) -> list[tuple[float, Row]]:
    """Of the rows of a line that stand in one place, the quickest; the first where none has a time."""

    def rank(row: Row) -> float:
        return row.steady_s if row.steady_s is not None and row.status == "ok" else math.inf

    return [(x, min((row for at, row in cells if at == x), key=rank)) for x in dict.fromkeys(x for x, _ in cells)]
