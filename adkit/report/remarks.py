"""What has to be known to read a table, in lines below it: the reference, the cost of f, and what went otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..records import Row
from .cells import VALUE, count, error, seconds

# So many sizes have a line of their own; of more, the first and the last have.
LINES = 3
# So many unstable timings are named one by one.
NAMED = 3
# Amplification of errors from which on it is worth a line.
NOTABLE = 10.0


def footing(rows: Sequence[Row]) -> list[str]:
    """Per size the point, the inputs and the cost of f; the references; and how sharp the check is."""
    return [*_sizes(rows), *_references(rows), *_conditions(rows), *_weak(rows), *_unstable(rows)]


def notes(rows: Sequence[Row]) -> list[str]:
    """What rows have to say, each sentence once."""
    return [*_surprises(rows), *_told(rows, lambda row: row.note)]


def sizes_of(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row.size for row in rows))


# -- per size --------------------------------------------------------------------------------------
def _sizes(rows: Sequence[Row]) -> list[str]:
    sizes = sizes_of(rows)
    if len(sizes) > LINES:
        return [f"{_about(rows, sizes[0])} ... {_about(rows, sizes[-1])}"]
    return [_about(rows, size, alone=len(sizes) == 1) for size in sizes]


def _about(rows: Sequence[Row], size: str, alone: bool = False) -> str:
    """The point, how many numbers go in and out, the value of f and what it takes."""
    mine = [row for row in rows if row.size == size]
    first = mine[0]
    value = next((VALUE.text(row) for row in mine if row.value is not None and row.status == "ok"), "")
    f_s = next((row.f_s for row in mine if row.f_s is not None), None)
    parts = [
        f"at {first.point}" if first.point else "",
        _numbers(max(row.inputs for row in mine), "input"),
        _numbers(first.outputs, "output") if first.outputs != 1 else "",
        f"f is {value}" if value and alone else "",
        f"f itself takes {seconds(f_s)}" if f_s is not None else "",
    ]
    return ("" if alone else f"{size}: ") + "; ".join(filter(None, parts))


def _numbers(n: int, word: str) -> str:
    return f"{count(n)} {word}{'s' * (n != 1)}"


# -- the reference ---------------------------------------------------------------------------------
def _references(rows: Sequence[Row]) -> list[str]:
    found: dict[str, list[str]] = {}
    for row in rows:
        sizes = found.setdefault(row.reference or "none", [])
        sizes.extend([row.size] * (row.size not in sizes))
    # A row that never got so far knows of no reference.
    found.pop("none", None) if len(found) > 1 else None
    return [f"reference{_at(sizes) if len(found) > 1 else ''}: {text}" for text, sizes in found.items()]


def _at(sizes: Sequence[str]) -> str:
    return f" at {', '.join(sizes)}"


def _conditions(rows: Sequence[Row]) -> list[str]:
    worst = max((row for row in rows if row.condition is not None), key=lambda row: row.condition or 0.0, default=None)
    if worst is None or worst.condition is None or worst.condition < NOTABLE:
        return []
    where = f" at {worst.size}" if len(sizes_of(rows)) > 1 else ""
    return [f"f amplifies relative errors {error(worst.condition)} times{where}, and so much more is allowed there"]


def _weak(rows: Sequence[Row]) -> list[str]:
    """What the check could not see."""
    who = "weak check of {}"
    return [*_told(rows, lambda row: row.vacuous and f"{row.vacuous} would pass", who), *_told(rows, _blind, who)]


def _blind(row: Row) -> str:
    blind = f"{count(row.blind)} of {_numbers(row.inputs, 'component')}"
    return f"an error of 1 % would pass in {blind}" if row.blind else ""


def overhead(rows: Sequence[Row]) -> list[str]:
    """What the loop that calls adds to every time, in a line."""
    found = [row.overhead_s for row in rows if row.overhead_s is not None]
    return [f"every time includes up to {seconds(max(found))} of the loop that calls"] if found else []


# -- what went otherwise ---------------------------------------------------------------------------
def _unstable(rows: Sequence[Row]) -> list[str]:
    """Which timings the machine has spoilt, and how."""
    mine = [row for row in rows if row.stability]
    several = len(sizes_of(rows)) > 1
    named = "; ".join(f"{row.method}{' ' + row.size if several else ''} ({row.stability})" for row in mine[:NAMED])
    more = f"; and {len(mine) - NAMED} more" if len(mine) > NAMED else ""
    timed = sum(row.steady_s is not None for row in rows)
    return [f"~ {len(mine)} of {timed} timings are unstable: {named}{more}"] if mine else []


def _surprises(rows: Sequence[Row]) -> list[str]:
    return _told(rows, lambda row: f"{row.expected} was expected" if row.surprise else "", "(!) {}")


# -- each sentence once ----------------------------------------------------------------------------
def _told(rows: Sequence[Row], sentence: Callable[[Row], str], who: str = "{}") -> list[str]:
    """Sentences, each after those that it is about: methods, and where there are several sizes, at which."""
    about: dict[str, dict[tuple[str, str], list[str]]] = {}
    for row in rows:
        if said := sentence(row):
            about.setdefault(said, {}).setdefault((row.method, row.status), []).append(row.size)
    several = len(sizes_of(rows)) > 1
    return [f"{who.format(_names(methods, several))}: {said}" for said, methods in about.items()]


def _names(methods: Mapping[tuple[str, str], Sequence[str]], several: bool) -> str:
    """Methods, with what became of them where it is not that they were right."""
    parts = []
    for (method, status), sizes in methods.items():
        where = f" {', '.join(dict.fromkeys(sizes))}" if several or any(sizes) else ""
        parts.append(f"{method}{where}" + (f" ({status})" if status != "ok" else ""))
    return ", ".join(parts)
