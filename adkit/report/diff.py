"""Two runs of the same comparison: what got worse, in counts exactly and in times beyond what scatter explains."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Literal

from .. import stats
from ..errors import BadRequest, unknown
from ..records import Row
from . import cells, documents, growth

if TYPE_CHECKING:
    import pandas as pd

    from .comparison import Comparison

SCHEMA = 1
# What may be compared: exactly; by significance; and as the plain numbers that they are.
COUNTS = ("f_calls", "passes", "primitive_ops", "f_ops", "flops", "f_flops", "tape_length", "tape_bytes")
COUNTS += ("expression_nodes", "tree_nodes")
TIMES = ("steady_s", "ratio_to_f", "f_s", "prepare_s", "first_s")
PLAIN = ("peak_bytes", "max_rel_error", "max_abs_error")
DEFAULT = (
    "f_calls:0%,passes:0%,primitive_ops:0%,flops:0%,tape_length:0%,expression_nodes:0%,peak_bytes:20%,steady_s:20%"
)
# On the same machine in this sense times may be compared, elsewhere only ratios of times.
MACHINE = ("cpu", "cores", "system", "python", "numpy", "blas")
# The further from right, the worse; those of one kind are as bad as each other.
_BADNESS = {"ok": 0, "skipped": 1, "timeout": 1, "too large": 1, "error": 2, "wrong": 3}

# Values of f that are further apart than this, or than what the row allows, are those of two functions.
SAME_VALUE, NO_VALUE = 1e-9, 1e-15
# An error that grew so many times is worth a word even where it is allowed; below the first all are alike.
ROUNDING, GREW = 2.2e-16, 100.0

Verdict = Literal["another f", "worse", "better", "same", "not comparable"]
VERDICTS: tuple[Verdict, ...] = ("another f", "worse", "not comparable", "better", "same")
GONE = "only before"


@dataclass(frozen=True)
class Rule:
    """How much more of a quantity is let pass, relative to what it was."""

    quantity: str
    allowed: float


@dataclass(frozen=True)
class Change:
    """One quantity of one row, before and after; `ratio` is after over before, `low` and `high` its 95 % interval."""

    problem: str
    size: str
    derivative: str
    method: str
    quantity: str
    verdict: Verdict
    before: float | str | None = None
    after: float | str | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Which row it is a change of."""
        return self.problem, self.size, self.derivative, self.method


def rules(text: str) -> list[Rule]:
    """What is let pass, from text such as "primitive_ops:0%,steady_s:20%".

    Raises:
        BadRequest: a quantity that no row has, or what is no percentage.
    """
    found = [_rule(item.strip()) for item in text.split(",") if item.strip()]
    if not found:
        raise BadRequest("--fail-on names nothing; leave it out for the default")
    return found


def _rule(item: str) -> Rule:
    name, _, limit = (part.strip() for part in item.partition(":"))
    if name not in COUNTS + TIMES + PLAIN:
        raise unknown("quantity in --fail-on", name, COUNTS + TIMES + PLAIN)
    try:
        allowed = float(limit.removesuffix("%")) / 100
    except ValueError:
        allowed = math.nan
    if not limit.endswith("%") or not 0 <= allowed < math.inf:
        raise BadRequest(f"--fail-on: {name!r} needs a percentage of what it was, as in {name}:20%, not {limit!r}")
    return Rule(name, allowed)


class Difference:
    """What changed from one run of a comparison to another; true where nothing got worse and f is still the same.

    Attributes:
        changes: one `Change` for each row and quantity: rows of another f first, then worse, then not comparable.
        same_machine: whether times may be compared; elsewhere `ratio_to_f` stands for them.
    """

    def __init__(self, before: Comparison, after: Comparison, allowed: Iterable[Rule] | None = None) -> None:
        """Compare row by row; without rules of one's own by those of `DEFAULT`.

        Raises:
            BadRequest: the two have no row in common that could be compared.
        """
        keys = [key for key in MACHINE if before.environment.get(key) != after.environment.get(key)]
        self.other = {key: (before.environment.get(key, "?"), after.environment.get(key, "?")) for key in keys}
        self.same_machine = not keys
        chosen = _for_machine(rules(DEFAULT) if allowed is None else allowed, self.same_machine)
        found = list(_changes(before.rows, after.rows, chosen))
        self.loads = tuple(run.environment.get("load", "") for run in (before, after))
        if not any(change.verdict != "not comparable" and change.note != GONE for change in found):
            why = "; ".join(dict.fromkeys(change.note for change in found)) or "neither has a row"
            raise BadRequest(f"the two results have nothing in common that could be compared: {why}")
        self.changes = tuple(sorted(found, key=lambda change: VERDICTS.index(change.verdict)))

    def __bool__(self) -> bool:
        return not self.of("worse") and not self.of("another f")

    def of(self, verdict: Verdict) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.verdict == verdict]

    @property
    def summary(self) -> str:
        """How it went, in a sentence."""
        rows = {verdict: len({change.row for change in self.of(verdict)}) for verdict in VERDICTS}
        total = len({change.row for change in self.changes})
        parts = [f"{n} {verdict}" for verdict, n in rows.items() if n and verdict != "same"]
        return f"{', '.join(parts) or 'nothing changed'}, of {total} row{'s' * (total != 1)}"

    @property
    def remarks(self) -> list[str]:
        """What has to be known to read the table."""
        other = "; ".join(f"{key}: {a}, then {b}" for key, (a, b) in self.other.items())
        machine = [f"not the same machine ({other}): ratio_to_f stands for steady_s"] if other else []
        slower = any(change.quantity in TIMES for change in self.of("worse"))
        load = f"load average before each run: {' then '.join(x or 'not known' for x in self.loads)}"
        return [*machine, *([load] if slower and any(self.loads) else [])]

    @property
    def table(self) -> pd.DataFrame:
        """One line for each row and quantity."""
        import pandas as pd

        return pd.DataFrame([asdict(x) for x in self.changes], columns=[f.name for f in fields(Change)])

    def lines(self, everything: bool = False) -> tuple[list[str], list[list[str]]]:
        """Headings, and the changes in text; those that are the same only if everything is wanted."""
        headings = ["problem", "method", "verdict", "quantity", "before", "after", "times", "95 %", "note"]
        chosen = [change for change in self.changes if everything or change.verdict != "same"]
        body = [_line(change) for change in chosen]
        kept = [i for i in range(len(headings)) if any(line[i] for line in body)]
        return [headings[i] for i in kept], [[line[i] for i in kept] for line in body]

    def to_markdown(self, everything: bool = False) -> str:
        """The summary, and a table of what changed."""
        headings, body = self.lines(everything)
        tables = [documents.table(headings, body, [name in NUMERIC for name in headings])] if body else []
        remarks = [f"- {documents.escaped(line)}" for line in self.remarks]
        return "\n\n".join([f"**{self.summary}**", *tables, *remarks])

    def to_json(self) -> str:
        """All of it, unrounded."""
        changes = [asdict(change) for change in self.changes]
        document = {"schema": SCHEMA, "kind": "difference", "summary": self.summary, "same_machine": self.same_machine}
        return documents.to_json({**document, "changes": changes})


# -- row by row ------------------------------------------------------------------------------------
def _for_machine(chosen: Iterable[Rule], same: bool) -> list[Rule]:
    """Between machines, f's own time is not compared, and that of a method only as a multiple of it."""
    if same:
        return list(chosen)
    named = {"steady_s": "ratio_to_f"}
    return [Rule(named.get(rule.quantity, rule.quantity), rule.allowed) for rule in chosen if rule.quantity != "f_s"]


def _changes(before: Sequence[Row], after: Sequence[Row], chosen: Sequence[Rule]) -> Iterator[Change]:
    old, new = _by_key(before), _by_key(after)
    for key in dict.fromkeys([*old, *new]):
        a, b = old.get(key), new.get(key)
        if a is None or b is None:
            yield _alone(a, b)
        else:
            yield from _of_row(a, b, chosen)


def _alone(a: Row | None, b: Row | None) -> Change:
    """A row that only one run has: it is worse that what was right is gone."""
    lost = a is not None and a.status == "ok"
    return _change(b or a, "status", "worse" if lost else "not comparable", note=GONE if b is None else "only after")


def _by_key(rows: Iterable[Row]) -> dict[tuple[str | int, ...], Row]:
    """Rows by what they are about, those that are about the same in order."""
    found: dict[tuple[str | int, ...], Row] = {}
    for row in rows:
        n, key = 0, (row.problem, row.size, row.derivative, row.method)
        while (*key, n) in found:
            n += 1
        found[(*key, n)] = row
    return found


def _of_row(a: Row, b: Row, chosen: Iterable[Rule]) -> Iterator[Change]:
    if a.inputs_hash and b.inputs_hash and a.inputs_hash != b.inputs_hash:
        yield _change(b, "inputs_hash", "not comparable", a.inputs_hash, b.inputs_hash, note="the inputs differ")
        return
    if _another_f(a, b):
        yield _change(b, "value", "another f", a.value, b.value, note="the value of f differs: not comparable")
        return
    yield _status(a, b)
    if a.status == b.status == "ok":
        yield from _checked(a, b)
        for rule in chosen:
            if (found := _quantity(a, b, rule)) is not None:
                yield found


def _another_f(a: Row, b: Row) -> bool:
    """Whether f returned something else for the same inputs, by more than rounding explains."""
    if a.value is None or b.value is None or not a.status == b.status == "ok":
        return False
    if math.isnan(a.value) or math.isnan(b.value):
        return math.isnan(a.value) != math.isnan(b.value)
    allowed = max(SAME_VALUE, *(row.tolerance or 0.0 for row in (a, b) if row.exact), 0.0)
    return not math.isclose(a.value, b.value, rel_tol=allowed, abs_tol=NO_VALUE)


def _checked(a: Row, b: Row) -> Iterator[Change]:
    """What was right and still is, but less so: an error that jumped up, a check that sees nothing any more."""
    before, after = a.max_rel_error, b.max_rel_error
    if before is not None and after is not None and (why := _jumped(before, after, b.tolerance)):
        yield _change(b, "max_rel_error", "worse", before, after, note=why)
    if b.vacuous != a.vacuous and not (a.vacuous and b.vacuous):
        note = f"{b.vacuous} would pass now" if b.vacuous else ""
        yield _change(b, "vacuous", "worse" if b.vacuous else "better", a.vacuous, b.vacuous, note=note)


def _jumped(before: float, after: float, allowed: float | None) -> str:
    """Why an error got worse, in a few words."""
    if math.isnan(after):
        return "" if math.isnan(before) else "not a number any more"
    if allowed is not None and after > max(allowed, before):
        return f"beyond what is allowed ({cells.error(allowed)})"
    return f"more than {GREW:.0f} times as large" if after > GREW * max(before, ROUNDING) else ""


def _status(a: Row, b: Row) -> Change:
    """Whether the status got worse; what is not installed says nothing."""
    if a.status != b.status and "not installed" in (a.status, b.status):
        return _change(b, "status", "not comparable", a.status, b.status, note="not installed in one of the two")
    apart = _BADNESS.get(b.status, 0) - _BADNESS.get(a.status, 0)
    verdict: Verdict = "worse" if apart > 0 else "better" if apart < 0 else "same"
    return _change(b, "status", verdict, a.status, b.status, note=b.note if apart > 0 else "")


def _quantity(a: Row, b: Row, rule: Rule) -> Change | None:
    """One quantity, if the first has it."""
    before, after = getattr(a, rule.quantity), getattr(b, rule.quantity)
    if before is None or math.isnan(before):
        return None
    if after is None or math.isnan(after):
        lost = rule.quantity in COUNTS + TIMES
        return _change(b, rule.quantity, "worse", before, after, note="not measured any more") if lost else None
    if rule.quantity in TIMES and before > 0 and after > 0:
        found = _timed(a, b, rule.quantity)
    else:
        exact = after / before if before else math.inf if after > before else 1.0
        found = stats.Interval(exact, exact, exact)
    verdict = _judged(found, rule.allowed)
    interval = (found.low, found.high) if rule.quantity in TIMES else (None, None)
    note = _unsteady(a, b) if rule.quantity in TIMES and verdict == "worse" else ""
    return _change(b, rule.quantity, verdict, before, after, found.value, *interval, note=note)


def _unsteady(a: Row, b: Row) -> str:
    """Why a time that got worse may be no news."""
    told = [f"unstable {when}: {row.stability}" for when, row in (("before", a), ("after", b)) if row.stability]
    return "; ".join(told)


def _timed(a: Row, b: Row, quantity: str) -> stats.Interval:
    """How many times as long it takes, and how sure that is: of what is timed once, hardly."""
    if quantity == "ratio_to_f" and a.f_samples and b.f_samples and a.samples and b.samples:
        return stats.relative_difference((a.samples, a.f_samples), (b.samples, b.f_samples))
    if quantity == "steady_s":
        return stats.difference(growth.samples(a), growth.samples(b))
    if quantity == "f_s" and a.f_samples and b.f_samples:
        return stats.difference(a.f_samples, b.f_samples)
    return stats.difference([getattr(a, quantity)], [getattr(b, quantity)])


def _judged(found: stats.Interval, allowed: float) -> Verdict:
    """Worse or better only where the whole interval is beyond what is allowed."""
    if found.low > 1 + allowed:
        return "worse"
    return "better" if found.high < 1 / (1 + allowed) else "same"


def _change(
    row: Row | None,
    quantity: str,
    verdict: Verdict,
    before: float | str | None = None,
    after: float | str | None = None,
    *numbers: float | None,
    note: str = "",
) -> Change:
    assert row is not None
    about = row.problem, row.size, row.derivative, row.method
    return Change(*about, quantity, verdict, before, after, *numbers, note=note)


# -- as text ---------------------------------------------------------------------------------------
NUMERIC = ("before", "after", "times", "95 %")


def _line(change: Change) -> list[str]:
    kind = "Jacobian" if change.derivative == "jacobian" else ""
    about = " ".join(filter(None, [change.problem, change.size, kind]))
    values = [_value(change.quantity, x) for x in (change.before, change.after)]
    times = "" if change.ratio is None else f"{change.ratio:.3g}"
    interval = "" if change.low is None or change.high is None else f"{change.low:.3g} to {change.high:.3g}"
    return [about, change.method, change.verdict, change.quantity, *values, times, interval, change.note]


def _value(quantity: str, x: float | str | None) -> str:
    if x is None or isinstance(x, str):
        return x or ""
    if quantity.endswith("_s"):
        return cells.seconds(x)
    if quantity.endswith("_bytes"):
        return cells.byte_count(x)
    if quantity.endswith("_error"):
        return cells.error(x)
    return cells.count(x) if isinstance(x, int) else cells.three_digits(x)
