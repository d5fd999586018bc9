"""The answer to the question of a comparison file, in a few sentences drawn from the rows: which sort a file says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..records import Row
from . import advice, cells, growth, peers
from .remarks import sizes_of

Lines = Mapping[str, str]


def answer(kind: str, rows: Sequence[Row], lines: Lines) -> str:
    """The sentences of a sort (a key of `ANSWERS`); `lines` is what a method's rows are called together."""
    return " ".join(ANSWERS[kind](rows, lines)) or "Nothing ran."


def _recommendation(rows: Sequence[Row], lines: Lines) -> Iterator[str]:
    """The first sentence that is recommended for each problem."""
    for heading, text in advice.headlines(rows):
        yield f"{heading}: {text}"


def _crossovers(rows: Sequence[Row], lines: Lines) -> Iterator[str]:
    """Where reverse overtakes forward, or forward reverse, along each sweep."""
    for sweep in growth.sweeps(rows):
        for meeting in growth.meetings(sweep):
            if {meeting.a, meeting.b} == {"forward", "reverse"}:
                yield f"{sweep.title}: {growth.meeting_text(meeting, sweep.parameter)}."


def _growth(rows: Sequence[Row], lines: Lines) -> Iterator[str]:
    """The powers of time and of memory that are known well, along each sweep."""
    for sweep in growth.sweeps(rows):
        slopes = growth.slopes(sweep)
        parts = [
            f"{what} as {_powers(sweep, found)}"
            for what, quantity in (("time", "time"), ("arithmetic", "flops"), ("the tape", "tape"), ("memory", "peak"))
            if (found := {m: s[quantity].slope for m, s in slopes.items() if quantity in s and s[quantity].error < 0.5})
        ]
        if parts:
            yield f"{sweep.title}: {'; '.join(parts)}."


def _powers(sweep: growth.Sweep, slopes: Mapping[str, float]) -> str:
    """Methods that grow alike together: n^1.0 (forward, reverse)."""
    groups: dict[str, list[str]] = {}
    for method, slope in slopes.items():
        groups.setdefault(f"{sweep.parameter}^{slope + 0.0:.1f}".replace("^-0.0", "^0.0"), []).append(method)
    return ", ".join(f"{power} ({', '.join(methods)})" for power, methods in groups.items())


def _errors(rows: Sequence[Row], lines: Lines) -> Iterator[str]:
    """The least error along a sweep of a method's own parameter; else the errors at the ends of the sizes."""
    for mine in cells.by_problem(rows):
        groups: dict[str, list[Row]] = {}
        for row in mine:
            if row.max_rel_error is not None:
                groups.setdefault(lines.get(row.method, row.method), []).append(row)
        if not groups:
            continue
        tell = (
            _at_its_best if any(len({row.method for row in found}) > 1 for found in groups.values()) else _at_the_ends
        )
        yield f"{cells.heading(mine)}: {'; '.join(tell(line, found) for line, found in groups.items())}."


def _at_its_best(line: str, rows: Sequence[Row]) -> str:
    best = min(rows, key=_error)
    where = ", ".join(f"{name} = {x:g}" for name, x in best.parameters.items())
    return f"{line} is off by {cells.error(best.max_rel_error)} at best" + (f" (at {where})" if where else "")


def _at_the_ends(line: str, rows: Sequence[Row]) -> str:
    first, last = rows[0], rows[-1]
    told = f"{line} is off by {cells.error(first.max_rel_error)} at {first.size}"
    return told if first is last else f"{told} and {cells.error(last.max_rel_error)} at {last.size}"


def _error(row: Row) -> float:
    return float("inf") if row.max_rel_error is None else row.max_rel_error


def _swell(rows: Sequence[Row], lines: Lines) -> Iterator[str]:
    """How many nodes an expression has as a tree and with shared parts, at the sizes at which both are known."""
    for mine in cells.by_problem(rows):
        known = [
            row for row in mine if row.tree_nodes and row.expression_nodes and row.tree_nodes > row.expression_nodes
        ]
        if not known:
            continue
        last = known[-1]
        yield (
            f"{cells.heading(mine)}: at {last.size} the derivative has {cells.count(last.tree_nodes)} nodes written "
            f"out and {cells.count(last.expression_nodes)} with its parts shared."
        )
        large = [row for row in mine if row.status == "too large"]
        if large:
            sizes = sizes_of(mine)
            before = sizes[max(sizes.index(large[0].size) - 1, 0)]
            yield f"{lines.get(large[0].method, large[0].method)} comes to an end after {before}."


# By the word that a comparison file has for it.
ANSWERS: dict[str, Callable[[Sequence[Row], Lines], Iterator[str]]] = {
    "recommendation": _recommendation,
    "crossovers": _crossovers,
    "growth": _growth,
    "errors": _errors,
    "swell": _swell,
    "peers": peers.answer,
}
