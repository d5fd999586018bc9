"""What has to be known to read a table, in lines below it: the reference, the cost of f, and what went otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..records import Row
from .cells import VALUE, count, plural, seconds, three_digits

# So many sizes have a line of their own; of more, the first and the last have.
LINES = 3
# So many unstable timings and remarks on what is right are told one by one; what went wrong is told of all.
NAMED = 3
QUIET = ("ok", "skipped")
# Amplification of errors from which on it is worth a line.
NOTABLE = 10.0


def footing(rows: Sequence[Row]) -> list[str]:
    """Per size the point, the inputs and the cost of f; the references; and how sharp the check is."""
    return [*_sizes(rows), *_references(rows), *_conditions(rows), *_weak(rows), *_unstable(rows)]


def notes(rows: Sequence[Row]) -> list[str]:
    """What rows have to say, each sentence once."""
    told = _told([row for row in rows if row.status in QUIET], lambda row: row.note, of=rows)
    more = [f"and {len(told) - NAMED} more like these (--format csv has all)"] if len(told) > NAMED else []
    loud = _told([row for row in rows if row.status not in QUIET], lambda row: row.note, of=rows)
    return [*_surprises(rows), *told[:NAMED], *more, *loud]


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
        plural(max(row.inputs for row in mine), "input"),
        plural(first.outputs, "output") if first.outputs != 1 else "",
        f"f is {value}" if value and alone else "",
        f"f itself takes {seconds(f_s)}" if f_s is not None else "",
    ]
    return ("" if alone else f"{size}: ") + "; ".join(filter(None, parts))


# -- the reference ---------------------------------------------------------------------------------
def _references(rows: Sequence[Row]) -> list[str]:
    """Each reference once; those that differ only in how far the second agrees, by the first and the last size."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.reference:
            found.setdefault(_AGREEMENT.sub("", row.reference), {}).setdefault(row.size, row.reference)
    if not found:
        return ["reference: none"]
    return [line for texts in found.values() for line in _of_one_kind(texts, len(found) > 1)]


# How far a second reference agrees with the first.
_AGREEMENT = re.compile(r"\b(exactly|to [-+.e0-9]+)")


def _of_one_kind(texts: Mapping[str, str], several: bool) -> list[str]:
    sizes, distinct = list(texts), set(texts.values())
    if len(distinct) == 1:
        return [f"reference{_at(sizes) if several else ''}: {texts[sizes[0]]}"]
    if len(sizes) <= LINES:
        return [f"reference at {size}: {text}" for size, text in texts.items()]
    return [f"reference at {sizes[0]}: {texts[sizes[0]]} ... at {sizes[-1]}: {texts[sizes[-1]]}"]


def _at(sizes: Sequence[str]) -> str:
    return f" at {', '.join(sizes)}"


def _conditions(rows: Sequence[Row]) -> list[str]:
    worst = max((row for row in rows if row.condition is not None), key=lambda row: row.condition or 0.0, default=None)
    if worst is None or worst.condition is None or worst.condition < NOTABLE or "amplifies" in worst.note:
        return []
    where = f" at {worst.size}" if len(sizes_of(rows)) > 1 else ""
    return [
        f"f amplifies relative errors {three_digits(worst.condition)} times{where}, and so much more is allowed there"
    ]


def _weak(rows: Sequence[Row]) -> list[str]:
    """What the check of a row that passed could not see."""
    passed = [row for row in rows if row.status == "ok"]
    return _told(passed, _unseen, "weak check of {}", rows)


def _unseen(row: Row) -> str:
    return f"{row.vacuous} would pass" if row.vacuous else _blind(row)


def _blind(row: Row) -> str:
    components = row.inputs * (row.outputs if row.derivative == "jacobian" else 1)
    blind = f"{count(row.blind)} of {plural(components, 'component')}"
    return f"an error of 1 % would pass in {blind}" if row.blind else ""


def overhead(rows: Sequence[Row]) -> list[str]:
    """What the loop that calls adds to every time, in a line."""
    found = [row.overhead_s for row in rows if row.overhead_s is not None]
    return [f"every time includes up to {seconds(max(found))} of the loop that calls"] if found else []


# -- what went otherwise ---------------------------------------------------------------------------
def _unstable(rows: Sequence[Row]) -> list[str]:
    """Which timings the machine has spoilt, and how: what is true of all is said once."""
    mine = [row for row in rows if row.stability]
    if not mine:
        return []
    timed = sum(row.steady_s is not None for row in rows)
    shared = [words for words in _words(mine[0]) if len(mine) > 1 and all(words in _words(row) for row in mine)]
    own = [(row, [words for words in _words(row) if words not in shared]) for row in mine]
    several = len(sizes_of(rows)) > 1
    told = [f"{row.method}{' ' + row.size if several else ''} ({'; '.join(words)})" for row, words in own if words]
    more = [f"and {len(told) - NAMED} more"] if len(told) > NAMED else []
    every = [f"all with {'; '.join(shared)}"] if shared else []
    return [f"~ {len(mine)} of {timed} timings are unstable: {'; '.join([*every, *told[:NAMED], *more])}"]


def _words(row: Row) -> list[str]:
    return row.stability.split("; ")


def _surprises(rows: Sequence[Row]) -> list[str]:
    return _told(rows, lambda row: f"{row.expected} was expected" if row.surprise else "", "(!) {}")


# -- each sentence once ----------------------------------------------------------------------------
def _told(rows: Sequence[Row], sentence: Callable[[Row], str], who: str = "{}", of: Sequence[Row] = ()) -> list[str]:
    """Sentences, each after those that it is about: methods, and where there are several sizes `of` all, at which."""
    about: dict[str, dict[tuple[str, str], list[str]]] = {}
    for row in rows:
        if said := sentence(row):
            about.setdefault(said, {}).setdefault((row.method, row.status), []).append(row.size)
    several = len(sizes_of(of or rows)) > 1
    return [f"{who.format(_names(methods, several))}: {said}" for said, methods in about.items()]


def _names(methods: Mapping[tuple[str, str], Sequence[str]], several: bool) -> str:
    """Methods, with what became of them where it is not that they were right."""
    parts = []
    for (method, status), sizes in methods.items():
        where = f" {', '.join(dict.fromkeys(sizes))}" if several or any(sizes) else ""
        parts.append(f"{method}{where}" + (f" ({status})" if status != "ok" else ""))
    return ", ".join(parts)
