"""Run methods on subjects: each is checked first, and only what is right is timed and ranked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace

from .. import stats
from ..errors import AdkitError
from ..methods import Manual
from ..records import Row, Status
from .benches import Away, Bench, Here, LostError
from .contenders import Contender, blank, default_contenders
from .environment import load_per_core, undisturbed
from .reference import BY_HAND, References
from .settings import Settings
from .subjects import Subject
from .threads import threads_limited
from .timing import Batch, Timing, interleaved

Report = Callable[[str], None]
# What is timed beside the methods: f, and a call that does nothing.
F, NOTHING = "f", "nothing"


def run(
    subject: Subject,
    chosen: Sequence[Contender] | None = None,
    settings: Settings | None = None,
    report: Report = lambda _: None,
) -> list[Row]:
    """One row per method, those that are right marked with their time, the quickest of the exact ones as fastest.

    Raises:
        AdkitError: f has no value or no derivative at this point that anything could be compared with.
    """
    settings = settings or Settings()
    chosen = default_contenders(subject) if chosen is None else chosen
    with ExitStack() as stack:
        stack.enter_context(threads_limited(settings.threads))
        stack.enter_context(undisturbed())
        laid = _Laid(subject, settings, stack, tuple(name for c in chosen for name in c.method.imports))
        report(f"{subject.problem} {subject.size} reference")
        try:
            home = laid.out(None)
            references = home.references()
        except LostError as lost:
            # What f itself does not survive, no method does.
            status: Status = "timeout" if lost.late else "error"
            return [blank(subject, c, status, f"without a reference: f {lost}") for c in chosen]
        rows: list[Row] = []
        benches: dict[int, Bench] = {}
        for i, contender in enumerate(chosen):
            report(" ".join(filter(None, (subject.problem, subject.size, contender.name))))
            bench = laid.out(contender)
            rows.append(_checked(subject, contender, bench, references, settings))
            if rows[-1].status == "ok":
                benches[i] = bench
            else:
                bench.close()
        report(" ".join(filter(None, (subject.problem, subject.size, "timing"))))
        _time(rows, benches, home, settings)
        rows = against_manual(rows, [isinstance(c.method, Manual) for c in chosen])
    if any(name in references.odd for name in BY_HAND.values()):
        rows = [_with_false_hand(row) for row in rows]
    return ranked(rows)


def _with_false_hand(row: Row) -> Row:
    """A row of a problem whose own derivative by hand is not what the others say: nobody expected that."""
    note = f"the {BY_HAND[row.derivative]} that the problem brings is not what {row.reference.partition(' (')[0]} says"
    return row.noted(note, surprise=True)


class _Laid:
    """Benches laid out for one subject, and cleared away when it is done."""

    def __init__(self, subject: Subject, settings: Settings, stack: ExitStack, imports: tuple[str, ...]) -> None:
        self.subject, self.settings, self.stack, self.imports = subject, settings, stack, imports

    def out(self, contender: Contender | None) -> Bench:
        """A bench for a method, or for f itself."""
        source = self.subject.source
        away = self.settings.isolate and source is not None and (contender is None or contender.source is not None)
        if away and source is not None:
            return self.stack.enter_context(closing(Away(source, contender, self.settings, self.imports)))
        return self.stack.enter_context(closing(Here(self.subject, contender, self.settings)))


def _checked(subject: Subject, contender: Contender, bench: Bench, references: References, settings: Settings) -> Row:
    """The row of a method; one whose process did not survive says so."""
    try:
        return bench.check(references)
    except LostError as lost:
        if lost.late:
            note = f"no derivative after {settings.timeout:g} s; its process was stopped"
            return blank(subject, contender, "timeout", note, references.name)
        return blank(subject, contender, "error", f"its process {lost}", references.name)
    except AdkitError as error:
        return blank(subject, contender, "error", str(error), references.name)


def _time(rows: list[Row], benches: dict[int, Bench], home: Bench, settings: Settings) -> None:
    """Steady-state times of f and of every method that is right, interleaved; set in their rows.

    One that fails only now is a row that says so, and the others are timed without it.
    """
    while benches:
        try:
            _time_all(rows, benches, home, settings)
        except _GoneError as gone:
            mine = gone.name not in (F, NOTHING)
            note = f"right at first, but {'it' if mine else gone.name} {gone} when it was called again and again"
            for i in [int(gone.name)] if mine else list(benches):
                rows[i] = rows[i].noted(note, status="timeout" if gone.late else "error")
                benches.pop(i).close()
        else:
            return


class _GoneError(Exception):
    """What was timed did not come back; `name` says which it was."""

    def __init__(self, name: str, reason: str, late: bool) -> None:
        super().__init__(reason)
        self.name, self.late = name, late


def _guarded(name: str, batch: Batch) -> Batch:
    """A batch whose failure tells whose it is."""

    def guarded(loops: int) -> float:
        try:
            return batch(loops)
        except LostError as lost:
            raise _GoneError(name, str(lost), lost.late) from None
        except Exception as error:
            raise _GoneError(name, f"raised {type(error).__name__}: {error}", late=False) from None

    return guarded


def _time_all(rows: list[Row], benches: Mapping[int, Bench], home: Bench, settings: Settings) -> None:
    batches = {str(i): bench.batch("method") for i, bench in benches.items()}
    batches |= {F: home.batch(F), NOTHING: home.batch(NOTHING)}
    left = settings.seconds if settings.until is None else max(0.01, settings.until - time.monotonic())
    guarded = {name: _guarded(name, batch) for name, batch in batches.items()}
    timings = interleaved(guarded, left, settings.seed)
    for i, bench in benches.items():
        # One that answers otherwise by now is wrong, and has no time.
        if fault := _fault(bench):
            rows[i] = replace(rows[i], status="wrong", note=fault)
        else:
            rows[i] = timed(rows[i], timings[str(i)], timings[F], timings[NOTHING].median, settings.seed)


def _fault(bench: Bench) -> str:
    """What is wrong with a method after it was timed, if anything is."""
    try:
        return bench.still()
    except LostError as lost:
        return f"after many calls it {lost}"


def timed(row: Row, found: Timing, f: Timing, overhead_s: float, seed: int) -> Row:
    """A row with its times, and how many times that of f they are."""
    ratio = stats.ratio(found.samples, f.samples, seed)
    return replace(
        row,
        steady_s=found.median,
        spread_s=stats.spread(found.samples),
        f_s=f.median,
        overhead_s=overhead_s,
        ratio_to_f=ratio.value,
        ratio_low=ratio.low,
        ratio_high=ratio.high,
        samples=found.samples,
        f_samples=f.samples,
        loops=found.loops,
        stability=stats.stability(found.samples, found.loops, load_per_core()),
    )


def against_manual(rows: Sequence[Row], by_hand: Sequence[bool]) -> list[Row]:
    """The rows with how many times that of the derivative by hand their times are, in the rounds that they share."""
    hand = next((row for row, mine in zip(rows, by_hand, strict=True) if mine and row.samples), None)
    return [row if hand is None or not row.samples else _against(row, hand) for row in rows]


def _against(row: Row, hand: Row) -> Row:
    ratio = stats.ratio(row.samples, hand.samples, row.seed)
    return replace(row, ratio_to_manual=ratio.value, manual_low=ratio.low, manual_high=ratio.high)


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The rows, the quickest right one among the exact methods marked, and those that cannot be told from it.

    What a person wrote by hand is no contender.
    """
    contenders = [row for row in rows if row.status == "ok" and row.exact and row.ranked and row.samples]
    best = min(contenders, key=lambda row: row.steady_s or 0.0, default=None)
    tied = [row for row in contenders if best and row is not best and _alike(row, best)]
    return [replace(row, fastest=row is best, tied=any(row is other for other in tied)) for row in rows]


def _alike(row: Row, best: Row) -> bool:
    """Whether their times could be the same."""
    return stats.ratio(row.samples, best.samples, row.seed).straddles_one
