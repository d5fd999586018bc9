"""The page that holds adkit against other engines: one problem after the other, the hand-written gradient = 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..records import Row
from . import cells, documents, remarks

Lines = Mapping[str, str]

# The methods that are adkit's own; what a person derived is nobody's.
OWN = ("forward", "reverse", "symbolic", "numerical")
HAND = "manual"
# The kernel counts memory in pages, some of them late: what is less cannot be told from nothing.
RESOLVED = 250_000
BEST, NATIVE = "◆", "†"
# What the first table has to have said below it.
_READING = (
    "Ratios of medians of interleaved rounds. <b>Bold</b>: the fastest, and what cannot be told from it. "
    f"{BEST}: the quickest of adkit's. {NATIVE}: the engine's own program for the problem, in its best idiom, where "
    "that is quicker than adkit's graph lowered to its operations (below, both). Every call hands over the numbers "
    "that are differentiated and hands back value and gradient, as NumPy arrays and Python numbers, and all of that is "
    "in its time; data that is not differentiated an engine may take over once."
)
_ORDINALS = {1: "1st", 2: "2nd", 3: "3rd"}


@dataclass(frozen=True)
class Race:
    """One problem at one size: all its rows, and of each line of the table the row that stands for it."""

    rows: Sequence[Row]
    chosen: Mapping[str, Row]

    @property
    def name(self) -> str:
        return cells.heading(self.rows)

    @property
    def hand(self) -> Row | None:
        """The derivative by hand."""
        return next((row for row in self.rows if row.method == HAND and _ran(row)), None)

    @property
    def own(self) -> Row | None:
        """The quickest of adkit's own."""
        return min((row for row in self._ranked if is_own(row)), key=_seconds, default=None)

    @property
    def first(self) -> list[Row]:
        """The fastest, and those that cannot be told from it."""
        return [row for row in self._ranked if row.fastest or row.tied]

    @property
    def place(self) -> int | None:
        """That of adkit among the engines, each by its quickest row; who cannot be told from the fastest is first."""
        mine = self.own
        if mine is None:
            return None
        if any(row is mine for row in self.first):
            return 1
        return 1 + len({engine(row) for row in self._ranked if not is_own(row) and _seconds(row) < _seconds(mine)})

    @property
    def _ranked(self) -> list[Row]:
        return [row for row in self.rows if _ran(row) and row.ranked and row.exact]


def races(rows: Sequence[Row], lines: Lines) -> list[Race]:
    """The races of a comparison; `lines` tells which methods stand in one line of the table."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.problem, row.size, row.derivative), []).append(row)
    return [Race(mine, _best_of_each(mine, lines)) for mine in found.values()]


def _best_of_each(rows: Sequence[Row], lines: Lines) -> dict[str, Row]:
    """The quickest row of each line, and where none of it ran, the first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(lines.get(row.method, row.method), []).append(row)
    return {label: min(mine, key=_seconds) for label, mine in groups.items()}


def _ran(row: Row) -> bool:
    return row.status == "ok" and row.steady_s is not None


def _seconds(row: Row) -> float:
    """The time of a row that ran; no row that did not is quicker."""
    return row.steady_s if row.steady_s is not None and row.status == "ok" else float("inf")


def base(row: Row) -> str:
    """The name of a method without its parameters."""
    return row.method.partition("(")[0]


def is_own(row: Row) -> bool:
    """Whether the method is adkit's."""
    return base(row) in OWN


def engine(row: Row) -> str:
    """Whose the method is."""
    return "adkit" if is_own(row) else base(row)


# -- the answer ------------------------------------------------------------------------------------
def answer(rows: Sequence[Row], lines: Lines) -> Iterator[str]:
    """Who is the fastest where, which place adkit has where it is not the first, and how far from by hand it stays."""
    run = [race for race in races(rows, lines) if race.first]
    if not run:
        return
    wins: dict[str, list[Race]] = {}
    for race in run:
        for name in dict.fromkeys(map(engine, race.first)):
            wins.setdefault(name, []).append(race)
    order = sorted(wins, key=lambda name: (-len(wins[name]), name))
    told = [_wins(name, wins[name], len(run)) for name in order]
    yield f"The fastest, or not to be told from it: {'; '.join(told)}."
    behind = [_behind(race) for race in run if race.place is None or race.place > 1]
    if behind:
        yield f"Elsewhere adkit is {'; '.join(behind)}."
    ratios = [(race.own.ratio_to_manual, race) for race in run if race.own and race.own.ratio_to_manual]
    if ratios:
        (low, least), (high, most) = (edge(ratios, key=lambda pair: pair[0]) for edge in (min, max))
        yield (
            f"adkit's quickest gradient takes {cells.three_digits(low)} ({least.name}) to {cells.three_digits(high)} "
            f"({most.name}) times as long as the hand-written one."
        )


def _wins(name: str, mine: Sequence[Race], of: int) -> str:
    """Who is first on how many; where they are few, on which."""
    where = "" if 2 * len(mine) > of else f" ({', '.join(race.name for race in mine)})"
    return f"{name} on {len(mine)} of {cells.plural(of, 'row')}{where}"


def _behind(race: Race) -> str:
    if race.own is None or race.place is None:
        return f"not there on {race.name}"
    winner = min(race.first, key=_seconds)
    times = cells.three_digits(_seconds(race.own) / _seconds(winner))
    return f"{ordinal(race.place)} on {race.name} ({times} times {winner.method})"


def ordinal(n: int) -> str:
    """As 1st, 2nd, 3rd, 4th."""
    return _ORDINALS.get(n, f"{n}th")


# -- the page --------------------------------------------------------------------------------------
def markdown(rows: Sequence[Row], lines: Lines, environment: Mapping[str, str]) -> list[str]:
    """The parts of the page: speed, where the time goes, memory, and how each row was checked."""
    run = races(rows, lines)
    return [
        "### One value and gradient, the hand-written one = 1",
        _speed(run),
        f"*{_READING}*",
        _conditions(rows, environment),
        _checked(rows),
        "### Preparing, the first call, and each call from then on",
        _times(run),
        "*prepare: recording, differentiating, generating and compiling, once for each signature. first call: the one "
        "after that. each call: the median, ~ where it is unstable. pays from: the number of calls from which on it is "
        "quicker, in all, to have prepared than to have taken adkit's reverse without preparing.*",
        "### Memory",
        _memory(run),
        f"*The peak of resident memory of the whole process during a call, above what it held before, so that every "
        f"allocator counts (+ what the method keeps from call to call: compiled code, buffers). Less than "
        f"{cells.byte_count(RESOLVED)} cannot be told from nothing.*",
        *_tapes(rows),
        "### Row by row",
        *(_remarks(race) for race in run),
    ]


def _table(headings: Sequence[str], body: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A table whose first columns are texts."""
    return documents.table(headings, body, [i >= texts for i in range(len(headings))])


def _labels(run: Sequence[Race]) -> list[str]:
    return list(dict.fromkeys(label for race in run for label in race.chosen))


def _word(row: Row | None) -> str:
    """What stands where a row has no number."""
    return "" if row is None else row.status


def _speed(run: Sequence[Race]) -> str:
    labels = [label for label in _labels(run) if any(_of_engine(race.chosen.get(label)) for race in run)]
    body = [
        [
            race.name,
            cells.seconds(race.hand.steady_s) if race.hand else "",
            *(_ratio(race, race.chosen.get(label)) for label in labels),
            _place(race),
        ]
        for race in run
    ]
    return _table(["", "hand-written", *labels, "adkit's place"], body)


def _of_engine(row: Row | None) -> bool:
    return row is not None and base(row) != HAND


def _ratio(race: Race, row: Row | None) -> str:
    """A cell of the first table: times the hand-written one, or seconds where nobody wrote one."""
    if row is None or not _ran(row):
        return _word(row)
    text = cells.seconds(row.steady_s) if row.ratio_to_manual is None else cells.three_digits(row.ratio_to_manual)
    text = f"<b>{text}</b>" if any(row is one for one in race.first) else text
    return f"{BEST + ' ' if row is race.own else ''}{text}{' ' + NATIVE if 'native=True' in row.method else ''}"


def _place(race: Race) -> str:
    engines = {engine(row) for row in race.rows if _ran(row) and base(row) != HAND}
    return "" if race.place is None else f"{ordinal(race.place)} of {len(engines)}"


def _conditions(rows: Sequence[Row], environment: Mapping[str, str]) -> str:
    """Which engines, and how many threads each of them had."""
    engines = dict.fromkeys(engine(row) for row in rows if base(row) != HAND)
    known = ", ".join(f"{name} {environment[name]}" for name in engines if name in environment)
    threads = int(environment["threads"]) if "threads" in environment else None
    where = (
        f"Each row has a process of its own, kept to {cells.plural(threads, 'processor')} and told to use "
        f"{cells.plural(threads, 'thread')}: NumPy's linear algebra, XLA and PyTorch alike."
        if threads
        else "Each engine had as many threads as it wanted."
    )
    return f"**Engines.** {known}. {where}"


def _checked(rows: Sequence[Row]) -> str:
    """What became of the gradients when they were compared, before anything was timed."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    others = "; ".join(f"{n} {status}" for status, n in counts.items() if status != "ok")
    right = [row for row in rows if row.status == "ok" and row.max_rel_error is not None and row.exact]
    worst = max(right, key=lambda row: row.max_rel_error or 0.0, default=None)
    by_hand = sum(row.reference.startswith("hand-derived") for row in right)
    told = (
        f" The largest relative error of a right one is {cells.error(worst.max_rel_error)} ({worst.method}, "
        f"{cells.heading([worst])})."
        if worst
        else ""
    )
    return (
        f"**Checked.** Every gradient was computed and compared before it was timed, {by_hand} of {len(right)} right "
        f"ones with the hand-written one: of {cells.plural(len(rows), 'row')}, {counts.get('ok', 0)} ok"
        f"{'; ' + others if others else ''}.{told}"
    )


# -- where the time goes -----------------------------------------------------------------------------
_COLUMNS: tuple[tuple[str, Callable[[Race, Row], str]], ...] = (
    ("method", lambda race, row: row.method),
    ("verdict", lambda race, row: cells.verdict(row)),
    ("error", lambda race, row: cells.error(row.max_rel_error)),
    ("prepare", lambda race, row: cells.seconds(row.prepare_s) if _prepares(row) else ""),
    ("first call", lambda race, row: cells.seconds(row.first_s)),
    ("each call", lambda race, row: ("~" if row.stability else "") + cells.seconds(row.steady_s)),
    ("× hand", lambda race, row: "" if row.ratio_to_manual is None else cells.three_digits(row.ratio_to_manual)),
    ("95 %", lambda race, row: _interval(row)),
    ("pays from", lambda race, row: _pays(race, row)),
)


def _times(run: Sequence[Race]) -> str:
    body = [[race.name if i == 0 else "", *_line(race, row)] for race in run for i, row in enumerate(race.rows)]
    return _table(["", *(heading for heading, _ in _COLUMNS)], body, texts=3)


def _line(race: Race, row: Row) -> list[str]:
    return [text(race, row) for _, text in _COLUMNS]


def _prepares(row: Row) -> bool:
    """Whether a method does anything once that is worth telling."""
    return (row.prepare_s or 0.0) > 1e-4


def _interval(row: Row) -> str:
    if row.manual_low is None or row.manual_high is None or row.method == HAND:
        return ""
    return f"{cells.three_digits(row.manual_low)} to {cells.three_digits(row.manual_high)}"


def _pays(race: Race, row: Row) -> str:
    """After how many calls a method that prepares has made up for it, beside adkit's reverse."""
    eager = next((one for one in race.rows if one.method == "reverse" and _ran(one)), None)
    if eager is None or not _ran(row) or not _prepares(row):
        return ""
    gain = _seconds(eager) - _seconds(row)
    ahead = (row.prepare_s or 0.0) + (row.first_s or 0.0) - (eager.first_s or 0.0)
    return "" if gain <= 0 else f"{max(1, int(ahead / gain) + 1):,}"


# -- memory ----------------------------------------------------------------------------------------
def _memory(run: Sequence[Race]) -> str:
    labels = _labels(run)
    body = [[race.name, *(_held(race.chosen.get(label)) for label in labels)] for race in run]
    return _table(["", *labels], body)


def _held(row: Row | None) -> str:
    if row is None or row.resident_bytes is None:
        return "" if row is not None and row.status == "ok" else _word(row)
    kept = f" + {cells.byte_count(row.kept_bytes)}" if (row.kept_bytes or 0) >= RESOLVED else ""
    return _resolved(row.resident_bytes) + kept


def _resolved(x: int) -> str:
    return f"< {cells.byte_count(RESOLVED)}" if x < RESOLVED else cells.byte_count(x)


def _tapes(rows: Sequence[Row]) -> list[str]:
    """What an operation on the tape takes, where there is one."""
    known = [row for row in rows if row.tape_bytes is not None and row.tape_length]
    if not known:
        return []
    body = [
        [
            cells.heading([row]),
            row.method,
            cells.count(row.tape_length),
            cells.byte_count(row.tape_bytes),
            cells.byte_count((row.tape_bytes or 0) / (row.tape_length or 1)),
        ]
        for row in known
    ]
    headings = ["", "method", "operations", "tape", "per operation"]
    return [
        "### The tape",
        _table(headings, body, texts=2),
        "*What is kept of the forward sweep until the reverse one; of operations on arrays, the arrays too.*",
    ]


# -- row by row ------------------------------------------------------------------------------------
def _remarks(race: Race) -> str:
    lines = [f"- {documents.escaped(line)}" for line in [*remarks.footing(race.rows), *remarks.notes(race.rows)]]
    return f"**{race.name}**\n\n" + "\n".join(lines)
