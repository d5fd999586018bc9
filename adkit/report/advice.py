"""Which method to use, why, and where that changes: one or two sentences, from the rows alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .. import stats
from ..records import Row
from . import cells, documents, growth
from .remarks import sizes_of

# The winner may change so often along the sizes and still be told size by size.
RUNS = 3
# What is prepared for longer than so many calls take is worth a word.
WORTH = 10
# Seconds that are long to wait for something that is no quicker afterwards.
LONG = 1e-3
# An interval of a ratio that is as wide as this tells nothing, nor does its middle.
WIDE = 10.0
# So many sweeps of one problem have a sentence each.
WAYS = 4
# Memory is worth a word where another needs so many times as much.
MEMORY = 2.0


@dataclass(frozen=True)
class Choice:
    """At one size: the quickest, those that cannot be told from it, others that are right and exact, what failed.

    `by_hand` is what a person wrote and is right.
    """

    size: str
    best: Row
    tied: tuple[Row, ...]
    others: tuple[Row, ...]
    failed: tuple[Row, ...] = ()
    by_hand: tuple[Row, ...] = ()

    @property
    def names(self) -> list[str]:
        """Those that may be recommended, the quickest first."""
        return [row.method for row in (self.best, *self.tied)]

    def named(self, name: str) -> Row:
        """The row of one that may be recommended."""
        return next(row for row in (self.best, *self.tied) if row.method == name)


def recommendation(rows: Sequence[Row]) -> str:
    """One or two sentences for each problem, a line each."""
    return "\n".join(f"{heading}: {text}" for heading, text in recommendations(rows))


def recommendations(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """What each table is about, and what follows from it."""
    return [(cells.heading(mine), _of_problem(mine)) for mine in cells.by_problem(rows)]


def headlines(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """The same in a sentence each: of several sweeps, the first sentence of each."""
    found: list[tuple[str, str]] = []
    for heading, text in recommendations(rows):
        first, *others = text.split(" Over ")
        parts = [first, *(f"Over {other}" for other in others)]
        found.append((heading, " ".join(f"{part.partition('. ')[0].rstrip('.')}." for part in parts)))
    return found


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
    told = " ".join(_along(sweep) for sweep in _ways(rows)) or _told(rows, ordered, choices)
    nowhere = [mine[0].size for mine in ordered if _choice(mine) is None]
    parts = [told, *_nothing(nowhere), *_wrong(rows), *_weak(choices), *_unquiet(choices)]
    return _sentence_begins_small(" ".join(parts))


def _told(rows: Sequence[Row], ordered: Sequence[Sequence[Row]], choices: Sequence[Choice]) -> str:
    runs = list(_runs(choices))
    sizes = [mine[0].size for mine in ordered]
    told = _changing(rows, choices, runs) if len(runs) > 1 else _always(choices, runs[0][0], sizes)
    said = runs if len(runs) <= RUNS else []
    return told + "".join(_preparing(run[-1], name, len(sizes) > 1) for name, run in said)


def _ways(rows: Sequence[Row]) -> list[growth.Sweep]:
    """The sweeps of one problem, where there are several and they are all there is."""
    found = growth.sweeps(rows)
    covered = {id(row) for sweep in found for row in sweep.rows}
    whole = all(id(row) in covered for row in rows)
    return found if 1 < len(found) <= WAYS and whole else []


def _along(sweep: growth.Sweep) -> str:
    """What to use along one of several sweeps, its sizes by the letter that changes."""
    rows = [replace(row, size=sweep.place(row)) for row in sweep.rows]
    ordered = _by_size(rows)
    choices = [choice for mine in ordered if (choice := _choice(mine)) is not None]
    return f"Over{sweep.way.removeprefix('over')} {_told(rows, ordered, choices)}"


def _sentence_begins_small(text: str) -> str:
    """What goes on after a colon."""
    return text[:1].lower() + text[1:] if text.startswith("Over ") else text


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
    by_hand = tuple(row for row in rows if row.status == "ok" and row.exact and not row.ranked and row.steady_s)
    return Choice(best.size, best, tied, others, failed, by_hand)


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
    return f"{_use(last, name)} {name} {where}{tied}; at {last.size} it {_figures(last, name)}."


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
    return f"{_use(last, name)} {where}{found}. At {last.size} {name} {_figures(last, name)}."


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
    name = choice.best.method
    if choice.tied:
        names = " or ".join(choice.names)
        return f"{_use(choice, name)} {names}: no difference in time was found; {name} {_figures(choice, name)}."
    return f"{_use(choice, name)} {name}: it {_figures(choice, name)}."


def _figures(choice: Choice, name: str) -> str:
    """What it takes, beside the next best; its error and memory; and what a person's own code would save."""
    row = choice.named(name)
    rival = choice.others[0] if choice.others else None
    right = f"is right to {cells.error(row.max_rel_error)}" if row.max_rel_error else ""
    parts = list(filter(None, [_cost(row), _faster(row, rival), right, _memory(row, rival), _alone(choice)]))
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) + _by_hand(choice, row)


def _use(choice: Choice, name: str) -> str:
    return "of the automatic methods use" if _by_hand(choice, choice.named(name)) else "use"


def _by_hand(choice: Choice, row: Row) -> str:
    """How much quicker the gradient is that a person wrote, where it is."""
    found = [ratio for own in choice.by_hand if (ratio := _times_as_fast(own, row)) is not None and ratio.low > 1]
    best = max((ratio for ratio in found if not _wide(ratio.low, ratio.high)), key=lambda x: x.value, default=None)
    return "" if best is None else f"; what is written by hand is {cells.three_digits(best.value)} times as fast"


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
        return f"takes {cells.seconds(row.steady_s)} for a {row.derivative}"
    if row.ratio_low is not None and row.ratio_high is not None and _wide(row.ratio_low, row.ratio_high):
        return "was timed too unsteadily to tell how many times as long as f it takes"
    interval = f" ({cells.interval(row)})" if cells.interval(row) else ""
    return f"takes {cells.three_digits(row.ratio_to_f)} times as long as f{interval}"


def _wide(low: float, high: float) -> bool:
    return high >= WIDE * low


def _times_as_fast(row: Row, other: Row) -> stats.Interval | None:
    """How many times as fast the first is."""
    if not growth.samples(row) or not growth.samples(other):
        return None
    return stats.ratio(growth.samples(other), growth.samples(row))


def _faster(row: Row, rival: Row | None) -> str:
    """How many times as fast as the next best; what was seen once has won nothing yet."""
    found = None if rival is None else _times_as_fast(row, rival)
    if rival is None or found is None:
        return ""
    if len(row.samples) == 1:
        return f"was timed in a single round, too few to tell how much faster than {rival.method} it is"
    if _wide(found.low, found.high):
        return f"was timed too unsteadily to tell how much faster than {rival.method} it is"
    low, high = cells.three_digits(found.low), cells.three_digits(found.high)
    return f"is {cells.three_digits(found.value)} times as fast as {rival.method} ({low} to {high})"


def _memory(row: Row, rival: Row | None) -> str:
    if rival is None or not row.peak_bytes or not rival.peak_bytes:
        return ""
    apart = max(row.peak_bytes, rival.peak_bytes) / min(row.peak_bytes, rival.peak_bytes)
    words = f"needs {cells.byte_count(row.peak_bytes)} of memory ({rival.method} {cells.byte_count(rival.peak_bytes)})"
    return words if apart >= MEMORY else ""


def _preparing(choice: Choice, name: str, several: bool) -> str:
    """From how many derivatives on a long preparation pays, against the method that keeps up for longest."""
    row = choice.named(name)
    rivals = [x for x in (choice.best, *choice.tied, *choice.others) if _start(x) < _start(row)]
    last = max(rivals, key=lambda rival: _even(row, rival), default=None)
    if last is None or not row.steady_s or (calls := _even(row, last)) < WORTH:
        return ""
    what = f"At {choice.size} preparing {name}" if several else f"Preparing {name}" if choice.tied else "Preparing it"
    if calls < math.inf:
        pays = f", which pays from {_rounded(calls)} calls on; for fewer, use {last.method}."
        return f" {what} takes {cells.seconds(row.prepare_s)}{pays}"
    long = min(row.prepare_s or 0.0, _start(row) - _start(last)) >= LONG
    return f" {what} takes {cells.seconds(row.prepare_s)}, which {last.method} does without." if long else ""


def _even(row: Row, rival: Row) -> float:
    """After how many calls the slower start is made up for."""
    gain = (rival.steady_s or 0.0) - (row.steady_s or 0.0)
    return (_start(row) - _start(rival)) / gain if gain > 0 and not (rival.tied or row.tied) else math.inf


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
