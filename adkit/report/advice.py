"""Which method to use, why, and where that changes: one or two sentences, from the rows alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .. import stats
from ..records import Row
from . import cells, documents, growth
from .remarks import sizes_of

# The winner may change so often along the sizes and still be told size by size.
RUNS = 3
# What is prepared for longer than so many calls take is worth a word.
WORTH = 10
# Memory is worth a word where another needs so many times as much.
MEMORY = 2.0


@dataclass(frozen=True)
class Choice:
    """At one size: the quickest, those that cannot be told from it, others that are right and exact, what failed."""

    size: str
    best: Row
    tied: tuple[Row, ...]
    others: tuple[Row, ...]
    failed: tuple[Row, ...] = ()

    @property
    def names(self) -> list[str]:
        """Those that may be recommended, the quickest first."""
        return [row.method for row in (self.best, *self.tied)]


def recommendation(rows: Sequence[Row]) -> str:
    """One or two sentences for each problem, a line each."""
    return "\n".join(f"{heading}: {text}" for heading, text in recommendations(rows))


def recommendations(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """What each table is about, and what follows from it."""
    return [(cells.heading(mine), _of_problem(mine)) for mine in cells.by_problem(rows)]


def markdown(rows: Sequence[Row]) -> str:
    """The same as a paragraph, or where there are several problems, as a list."""
    found = [(documents.escaped(heading), documents.escaped(text)) for heading, text in recommendations(rows)]
    if len(found) == 1:
        return f"**Recommendation.** For {found[0][0]}, {found[0][1]}"
    return "\n".join(["**Recommendation.**", "", *(f"- {heading}: {text}" for heading, text in found)])


def _of_problem(rows: Sequence[Row]) -> str:
    ordered = _by_size(rows)
    choices = [choice for mine in ordered if (choice := _choice(mine)) is not None]
    if not choices:
        return " ".join([_without(rows), *_wrong(rows)])
    runs = list(_runs(choices))
    sizes = [mine[0].size for mine in ordered]
    told = _changing(rows, choices, runs) if len(runs) > 1 else _always(choices, runs[0][0], sizes)
    nowhere = [mine[0].size for mine in ordered if _choice(mine) is None]
    parts = [told, *_nothing(nowhere), *_wrong(rows), *_weak(choices), *_unquiet(choices)]
    return " ".join(parts)


# -- at one size -----------------------------------------------------------------------------------
def _contenders(rows: Iterable[Row]) -> list[Row]:
    """What is right, exact and timed, the quickest first; what a person wrote by hand is no contender."""
    found = [row for row in rows if row.status == "ok" and row.exact and row.ranked and row.steady_s]
    return sorted(found, key=lambda row: (not row.fastest, row.steady_s))


def _choice(rows: Sequence[Row]) -> Choice | None:
    found = _contenders(rows)
    if not found:
        return None
    best, *rest = found
    tied, others = tuple(r for r in rest if r.tied), tuple(r for r in rest if not r.tied)
    failed = tuple(row for row in rows if row.exact and row.status in ("timeout", "too large", "error"))
    return Choice(best.size, best, tied, others, failed)


def _by_size(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each size: along a sweep from small to large, else as they came."""
    found = [[row for row in rows if row.size == size] for size in sizes_of(rows)]
    swept = growth.sweeps(rows)
    return sorted(found, key=lambda mine: swept[0].x(mine[0])) if len(swept) == 1 else found


# -- along the sizes -------------------------------------------------------------------------------
def _runs(choices: Sequence[Choice]) -> Iterator[tuple[str, list[Choice]]]:
    """Sizes in a row at which one method is as good as any: the one that stays so for longest."""
    start = 0
    while start < len(choices):
        lengths = {name: _length(choices[start:], name) for name in choices[start].names}
        name = max(lengths, key=lambda name: lengths[name])
        yield name, list(choices[start : start + lengths[name]])
        start += lengths[name]


def _length(choices: Iterable[Choice], name: str) -> int:
    return len(list(itertools.takewhile(lambda choice: name in choice.names, choices)))


def _always(choices: Sequence[Choice], name: str, sizes: Sequence[str]) -> str:
    """One method is the answer wherever there is one; the figures are those of the largest size."""
    last = choices[-1]
    if len(sizes) == 1:
        return _at_one(last)
    mine = [choice.size for choice in choices]
    where = f"up to {last.size}" if mine == sizes[: len(mine)] and len(mine) > 1 else f"at {', '.join(mine)}"
    where = "at every size" if mine == sizes else where
    ties = [choice for choice in choices if choice.tied]
    tied = f" (at {', '.join(c.size for c in ties)} no quicker than {_others(ties, name)})" if ties else ""
    return f"use {name} {where}{tied}; at {last.size} it {_figures(last, name)}."


def _others(ties: Iterable[Choice], name: str) -> str:
    names = dict.fromkeys(other for choice in ties for other in choice.names if other != name)
    return " or ".join(names)


def _changing(rows: Sequence[Row], choices: Sequence[Choice], runs: Sequence[tuple[str, list[Choice]]]) -> str:
    """The answer depends on the size."""
    name, last = runs[-1][0], choices[-1]
    if len(runs) > RUNS:
        wins = {method: sum(len(run) for other, run in runs if other == method) for method, _ in runs}
        count = ", ".join(f"{method} at {n}" for method, n in sorted(wins.items(), key=lambda item: -item[1]))
        return f"it depends on the size: of {len(choices)} sizes {count}; see the table."
    where = "; ".join(f"{method} {_where(run, choices)}" for method, run in runs)
    found = _crossovers(rows, [method for method, _ in runs])
    return f"use {where}{found}. At {last.size} {name} {_figures(last, name)}."


def _where(run: Sequence[Choice], choices: Sequence[Choice]) -> str:
    first, last = run[0].size, run[-1].size
    if first == last:
        return f"at {first}"
    if run[0] is choices[0]:
        return f"up to {last}"
    return f"from {first} on" if run[-1] is choices[-1] else f"from {first} to {last}"


def _crossovers(rows: Sequence[Row], names: Sequence[str]) -> str:
    """Where a sweep says that one overtakes the next."""
    swept = growth.sweeps(rows)
    if len(swept) != 1:
        return ""
    wanted = [{*pair} for pair in itertools.pairwise(names)]
    met = [m for m in growth.meetings(swept[0]) if {m.a, m.b} in wanted and m.crossing.estimate is not None]
    return f" ({'; '.join(growth.meeting_text(m, swept[0].parameter) for m in met)})" if met else ""


# -- why -------------------------------------------------------------------------------------------
def _at_one(choice: Choice) -> str:
    """The answer where there is one size."""
    if choice.tied:
        names = " or ".join(choice.names)
        return f"use {names}: no difference in time was found; {choice.best.method} {_figures(choice)}."
    return f"use {choice.best.method}: it {_figures(choice)}.{_preparing(choice)}"


def _figures(choice: Choice, name: str = "") -> str:
    """What it takes, beside the next best; its error and memory."""
    row = next(row for row in (choice.best, *choice.tied) if not name or row.method == name)
    rival = choice.others[0] if choice.others else None
    right = f"is right to {cells.error(row.max_rel_error)}" if row.max_rel_error else ""
    parts = list(filter(None, [f"takes {_cost(row)}", _faster(row, rival), right, _memory(row, rival), _alone(choice)]))
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _alone(choice: Choice) -> str:
    """What gave nothing at this size."""
    named: dict[str, list[str]] = {}
    for row in choice.failed:
        named.setdefault(row.status, []).append(row.method)
    return f"leaves behind {', '.join(f'{_all(names)} ({status})' for status, names in named.items())}" if named else ""


def _all(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _cost(row: Row) -> str:
    if row.ratio_to_f is None:
        return f"{cells.seconds(row.steady_s)} for a {row.derivative}"
    interval = f" ({cells.interval(row)})" if cells.interval(row) else ""
    return f"{cells.three_digits(row.ratio_to_f)} times as long as f{interval}"


def _faster(row: Row, rival: Row | None) -> str:
    """How many times as fast as the next best."""
    if rival is None or not growth.samples(row) or not growth.samples(rival):
        return ""
    found = stats.ratio(growth.samples(rival), growth.samples(row))
    low, high = cells.three_digits(found.low), cells.three_digits(found.high)
    return f"is {cells.three_digits(found.value)} times as fast as {rival.method} ({low} to {high})"


def _memory(row: Row, rival: Row | None) -> str:
    if rival is None or not row.peak_bytes or not rival.peak_bytes:
        return ""
    apart = max(row.peak_bytes, rival.peak_bytes) / min(row.peak_bytes, rival.peak_bytes)
    words = f"needs {cells.byte_count(row.peak_bytes)} of memory ({rival.method} {cells.byte_count(rival.peak_bytes)})"
    return words if apart >= MEMORY else ""


def _preparing(choice: Choice) -> str:
    """From how many derivatives on a long preparation pays."""
    best = choice.best
    sooner = min((best, *choice.others), key=_start)
    if sooner is best or not best.steady_s or not sooner.steady_s or sooner.steady_s <= best.steady_s:
        return ""
    calls = (_start(best) - _start(sooner)) / (sooner.steady_s - best.steady_s)
    words = f"Preparing it takes {cells.seconds(best.prepare_s)}, which pays from {_rounded(calls)} calls on"
    return f" {words}; for fewer, use {sooner.method}." if calls >= WORTH else ""


def _rounded(x: float) -> str:
    """Two digits: more are not known."""
    return f"{float(f'{x:.1e}'):,.0f}"


def _start(row: Row) -> float:
    """The time until the first derivative."""
    return (row.prepare_s or 0.0) + (row.first_s or 0.0)


# -- what else has to be said ----------------------------------------------------------------------
def _without(rows: Sequence[Row]) -> str:
    """No exact method of a contender came out right, or none was timed."""
    right = [row for row in rows if row.status == "ok"]
    if any(row.exact and row.ranked for row in right):
        names = _all(list(dict.fromkeys(row.method for row in right if row.exact and row.ranked)))
        return f"{names} came out right, but nothing was timed."
    if different := [row for row in right if not row.exact]:
        best = min(different, key=lambda row: row.max_rel_error or 0.0)
        calls = f" with {cells.count(best.f_calls)} evaluations of f" if best.f_calls else ""
        why = "nothing exact works here" if any(row.exact and row.ranked for row in rows) else "nothing exact was tried"
        return f"{why}; {best.method} is right to {cells.error(best.max_rel_error)}{calls}."
    if right:
        return f"only {_all(list(dict.fromkeys(row.method for row in right)))} came out right: nothing to choose."
    became = dict.fromkeys(row.status for row in rows)
    return f"nothing can be recommended, since nothing came out right ({', '.join(became)})."


def _nothing(sizes: Sequence[str]) -> list[str]:
    return [f"At {', '.join(sizes)} nothing exact came out right."] if sizes else []


def _wrong(rows: Sequence[Row]) -> list[str]:
    wrong = list(dict.fromkeys(row.method for row in rows if row.status == "wrong"))
    return [f"Wrong: {_all(wrong)}."] if wrong else []


def _weak(choices: Sequence[Choice]) -> list[str]:
    weak = [choice.size for choice in choices if choice.best.vacuous]
    where = f" at {', '.join(weak)}" if any(weak) and len(choices) > 1 else ""
    return [f"The check is weak{where}: {choices[-1].best.vacuous or 'a false derivative'} would pass."] if weak else []


def _unquiet(choices: Sequence[Choice]) -> list[str]:
    """Timings that are not to be relied on."""
    shaky = any(row.stability for choice in choices for row in (choice.best, *choice.others[:1]))
    return ["The machine was not quiet: repeat before relying on small differences."] if shaky else []
