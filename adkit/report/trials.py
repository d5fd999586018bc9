"""Trials as a report: how each tool did, where it went wrong, and how the trials were run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING

from ..records import TRIAL_COLUMNS, Trial
from . import cells, documents, trial_results

if TYPE_CHECKING:
    import pandas as pd

# So many cases are listed of a peer; of adkit all.
LISTED = 8
_DIFFERENTIABLE = ("smooth", "rough", "noisy", "edge")
_WORDS = {
    "smooth": "smooth",
    "rough": "smooth, with rounding errors that show",
    "noisy": "noisy",
    "kink": "kinks",
    "cusp": "cusps",
    "jump": "jumps",
    "edge": "edges of the domain",
    "infinite": "edges of the domain with an infinite slope",
    "nonfinite": "no finite value",
}


class TrialReport:
    """The rows of trials of one kind; true when adkit kept its promises in all of them."""

    def __init__(
        self,
        rows: Sequence[Trial],
        environment: Mapping[str, str],
        question: str = "",
        conditions: Sequence[str] = (),
    ) -> None:
        self.rows = tuple(rows)
        self.conditions = tuple(conditions)
        self.environment = dict(environment)
        self.question = question

    @property
    def table(self) -> pd.DataFrame:
        """One flat row per trial; the columns are those of `adkit.records.Trial`."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(TRIAL_COLUMNS))

    @property
    def of_gradients(self) -> bool:
        """Whether gradients were checked, and not derivatives found."""
        return any(row.gradient for row in self.rows)

    def __bool__(self) -> bool:
        mine = [row for row in self.rows if row.tool.startswith("adkit")]
        if self.of_gradients:
            return not any(_passed_wrong(row) or _failed_right(row) for row in mine)
        claims = [row.held for row in mine if _has_claim(row)]
        return sum(map(bool, claims)) >= 0.99 * len(claims)

    def to_markdown(self) -> str:
        """The question, the tables, the cases that went wrong, and how it was run."""
        parts = _of_checkers(self.rows) if self.of_gradients else _of_derivatives(self.rows)
        heading = [f"## {self.question}"] if self.question else []
        return "\n\n".join([*heading, *parts, *self._how(), cells.machine(self.environment)])

    def _how(self) -> list[str]:
        """How it was run."""
        lines = "\n".join(f"- {line}" for line in self.conditions)
        return ["### How it was run", lines] if lines else []

    def to_csv(self) -> str:
        """All columns, unrounded."""
        return self.table.to_csv(index=False)

    def to_json(self) -> str:
        """All there is: schema 2 of `adkit.report.trial_results`; `from_json` reads it back the same."""
        document = trial_results.to_document(self.rows, self.environment, self.question, self.conditions)
        return documents.to_json(document)

    @classmethod
    def from_json(cls, text: str, where: str = "this text") -> TrialReport:
        """The report that `to_json` has written; `where`, say a file's name, is what a refusal blames."""
        return cls(**trial_results.from_document(documents.from_json(text, where), where))

    @property
    def reading(self) -> str:
        """The tables in a few sentences."""
        return _reading_of_checkers(_tools(self.rows)) if self.of_gradients else _reading_of_derivatives(self.rows)


# -- what a row is, in this report -----------------------------------------------------------------
def _passed_wrong(row: Trial) -> bool:
    return row.kind == "wrong" and row.outcome == "passed"


def _failed_right(row: Trial) -> bool:
    return row.kind == "right" and row.outcome in ("failed", "raised")


def _has_claim(row: Trial) -> bool:
    return row.held is not None and row.situation in _DIFFERENTIABLE


def _silently_off(row: Trial) -> bool:
    """More than a tenth off, with no sign of it."""
    assert row.rel_error is not None
    return row.outcome == "found" and row.rel_error > 0.1 and row.held is not True


def _tools(rows: Iterable[Trial]) -> dict[str, list[Trial]]:
    """The rows of each tool, in order."""
    found: dict[str, list[Trial]] = {}
    for row in rows:
        found.setdefault(row.tool, []).append(row)
    return found


def _families(rows: Iterable[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for row in rows:
        found.setdefault(row.family, []).append(row)
    return found


# -- counts ----------------------------------------------------------------------------------------
Test = Callable[[Trial], bool]


def _count(rows: Iterable[Trial], among: Test, test: Test) -> str:
    """As "3 of 120"; nothing where there is nothing to count."""
    chosen = [row for row in rows if among(row)]
    return f"{sum(map(test, chosen)):,} of {len(chosen):,}" if chosen else ""


def _calls(rows: Iterable[Trial]) -> str:
    calls = [row.calls for row in rows if row.calls]
    return f"{median(calls):,.0f}" if calls else ""


def _line(tool: str, rows: Sequence[Trial], columns: Iterable[tuple[str, Test, Test]]) -> list[str]:
    if all(row.outcome == "not installed" for row in rows):
        return [tool, "not installed"]
    return [tool, *(_count(rows, among, test) for _, among, test in columns), _calls(rows)]


def _table(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    width = len(headings)
    full = [[*line, *[""] * (width - len(line))] for line in body]
    return documents.table(headings, full, [i > 0 for i in range(width)])


# -- checkers --------------------------------------------------------------------------------------
_CHECKER_COLUMNS: tuple[tuple[str, Test, Test], ...] = (
    ("wrong gradients passed", lambda r: r.kind == "wrong", _passed_wrong),
    ("right ones called wrong", lambda r: r.kind == "right", _failed_right),
    ("right ones left undecided", lambda r: r.kind == "right", lambda r: r.outcome == "undecided"),
    ("cause named", lambda r: r.named is not None, lambda r: r.named is True),
)


def _of_checkers(rows: Sequence[Trial]) -> list[str]:
    tools = _tools(rows)
    headings = ["checker", *(heading for heading, _, _ in _CHECKER_COLUMNS), "calls of f"]
    parts = [
        _table(headings, [_line(tool, mine, _CHECKER_COLUMNS) for tool, mine in tools.items()]),
        _sizes(rows),
        f"**The reading.** {_reading_of_checkers(tools)}",
        "*Wrong gradients passed*: of those planted. *Right ones called wrong*: failed, or ended in an error. *Left "
        "undecided*: neither passed nor called wrong; the words say why. *Cause named*: of the gradients at kinks, "
        "cusps, jumps, edges and under noise, those for which anything in what the tool says names that. *Calls of f*: "
        "median.",
        "### Wrong passed and right called wrong, by family",
        _by_family(rows, _checker_cell),
        "### Wrong gradients passed, by the mistake",
        _by_mistake(rows),
        "### Where there is something to name, by what it is",
        _by_situation(rows),
        "### Case by case",
    ]
    return [*parts, *(_checker_list(tool, mine) for tool, mine in tools.items())]


def _reading_of_checkers(tools: Mapping[str, Sequence[Trial]]) -> str:
    """The tables in a few sentences."""
    peers = {tool: rows for tool, rows in tools.items() if not tool.startswith("adkit") and any(map(_is_tried, rows))}
    mine = [row for tool, rows in tools.items() if tool.startswith("adkit") for row in rows]
    if not mine or not peers:
        return "Only one kind of tool was tried."
    wrong, right = sum(map(_passed_wrong, mine)), sum(map(_failed_right, mine))
    of_peers = [(sum(map(_passed_wrong, rows)), sum(map(_failed_right, rows))) for rows in peers.values()]
    passed, failed = zip(*of_peers, strict=True)
    return (
        f"adkit passed {wrong:,} of the wrong gradients and called {right} of the right ones wrong. "
        f"Its peers, in their default configuration, passed {min(passed):,} to {max(passed):,} and called "
        f"{min(failed)} to {max(failed)} wrong. A gradient under noise or at the edge of a domain adkit does not pass "
        "unless asked to be lenient: it says which it is, and how far the gradient is from what it saw."
    )


def _sizes(rows: Sequence[Trial]) -> str:
    """How many cases and gradients there were."""
    one = next(iter(_tools(rows).values()))
    cases = len({row.case for row in one})
    kinds = {kind: sum(row.kind == kind for row in one) for kind in ("wrong", "right", "allowed")}
    return (
        f"{cases} functions at a point each; {kinds['wrong']:,} wrong gradients, {kinds['right']} right ones, and "
        f"{kinds['allowed']} that lie between the one-sided derivatives at a kink, which are neither."
    )


def _checker_cell(rows: Sequence[Trial]) -> str:
    if all(row.outcome == "not installed" for row in rows):
        return ""
    return f"{sum(map(_passed_wrong, rows))} + {sum(map(_failed_right, rows))}"


def _by_family(rows: Sequence[Trial], cell: Callable[[Sequence[Trial]], str]) -> str:
    tools = list(_tools(rows))
    body = []
    for family, mine in _families(rows).items():
        by_tool = _tools(mine)
        body.append([family, f"{len(by_tool.get(tools[0], [])):,}", *(cell(by_tool.get(tool, [])) for tool in tools)])
    return _table(["family", "trials", *tools], body)


def _by_situation(rows: Sequence[Trial]) -> str:
    tools = list(_tools(rows))
    body = []
    for situation, words in _WORDS.items():
        mine = _tools(row for row in rows if row.situation == situation and row.named is not None)
        if mine:
            body.append([words, *(_count(mine.get(tool, []), _is_tried, lambda r: r.named is True) for tool in tools)])
    return _table(["named", *tools], body)


def _by_mistake(rows: Sequence[Trial]) -> str:
    tools = list(_tools(rows))
    body = []
    for mistake in dict.fromkeys(row.gradient for row in rows if row.kind == "wrong"):
        mine = _tools(row for row in rows if row.kind == "wrong" and row.gradient == mistake)
        body.append([mistake, *(_count(mine.get(tool, []), _is_tried, _passed_wrong) for tool in tools)])
    return _table(["mistake", *tools], body)


def _is_tried(row: Trial) -> bool:
    return row.outcome != "not installed"


def _checker_list(tool: str, rows: Sequence[Trial]) -> str:
    lines = [_checker_item("passed though wrong", row) for row in rows if _passed_wrong(row)]
    right = [row for row in rows if row.kind == "right" and row.outcome != "passed"]
    lines += [_checker_item("right, but called wrong", row) for row in right if _failed_right(row)]
    lines += [_checker_item("right, but undecided", row) for row in right if row.outcome == "undecided"]
    lines += [_checker_item(f"{row.situation} not named", row) for row in rows if row.named is False]
    return _listed(tool, lines)


def _checker_item(what: str, row: Trial) -> str:
    said = row.verdict or row.note
    return f"{what}: {row.case} ({row.family}), gradient: {row.gradient}; it said {said[:80]}"


def _listed(tool: str, lines: Sequence[str]) -> str:
    """All lines of adkit; of a peer a few, evenly taken."""
    if not lines:
        return f"**{tool}**: nothing to list."
    shown = lines if tool.startswith("adkit") else lines[:: max(1, -(-len(lines) // LISTED))]
    more = f" ({len(shown)} of {len(lines):,})" if len(shown) < len(lines) else ""
    return "\n".join([f"**{tool}**{more}:", "", *(f"- {documents.escaped(line)}" for line in shown)])


# -- derivatives -----------------------------------------------------------------------------------
def _has_derivative(row: Trial) -> bool:
    return row.situation in _DIFFERENTIABLE


def _within(limit: float) -> Test:
    return lambda r: r.outcome == "found" and r.rel_error is not None and r.rel_error < limit


_DERIVATIVE_COLUMNS: tuple[tuple[str, Test, Test], ...] = (
    ("right to 1e-6", _has_derivative, _within(1e-6)),
    ("right to 1e-3", _has_derivative, _within(1e-3)),
    ("10 % off, unsaid", _has_derivative, lambda r: r.rel_error is not None and _silently_off(r)),
    ("claimed error held", _has_claim, lambda r: r.held is True),
    ("claim off by over 10 ×", _has_claim, lambda r: _far_off(r)),
    ("refused", _has_derivative, lambda r: r.outcome in ("refused", "raised")),
    ("a number where there is none", lambda r: not _has_derivative(r), lambda r: r.outcome == "found"),
    ("cause named", lambda r: r.named is not None, lambda r: r.named is True),
)


def _of_derivatives(rows: Sequence[Trial]) -> list[str]:
    drawn = [row for row in rows if row.family.startswith("random")]
    named = [row for row in rows if not row.family.startswith("random")]
    parts = ["### Difficult functions", _derivative_table(named)]
    if drawn:
        parts += ["### Random functions, of random scales", _derivative_table(drawn)]
    parts += [
        f"**The reading.** {_reading_of_derivatives(rows)}",
        "*Right to*: relative to the true derivative (absolute where that is 0), which mpmath finds with a hundred "
        "digits. *10 % off, unsaid*: with no claim, or with one that does not hold. *Claimed error held*: the true "
        "derivative lies within it, or the tool refused to give a number. *Claim off by over 10 ×*: more than ten "
        "times as wrong as claimed. *A number where there is none*: at kinks, cusps, jumps and where f is not finite. "
        "*Calls of f*: median.",
        "### Claimed error not held and 10 % off unsaid, by family",
        _by_family(rows, _derivative_cell),
        "### Where there is something to name, by what it is",
        _by_situation(rows),
        "### Case by case",
    ]
    return [*parts, *(_derivative_list(tool, mine) for tool, mine in _tools(rows).items())]


def _reading_of_derivatives(rows: Sequence[Trial]) -> str:
    """The tables in a few sentences."""
    parts = []
    for tool, mine in _tools(rows).items():
        claims = [row for row in mine if _has_claim(row)]
        if claims:
            held, far = sum(row.held is True for row in claims), sum(map(_far_off, claims))
            parts.append(f"of {tool} {held:,} of {len(claims):,} claims hold, and {far:,} are off by over ten times")
    return f"Taken together, {'; '.join(parts)}. The other tools claim nothing."


def _far_off(row: Trial) -> bool:
    """More than ten times as wrong as claimed."""
    if row.held or row.claimed is None or row.value is None or row.truth is None:
        return False
    return not abs(row.value - row.truth) <= 10 * row.claimed


def _derivative_table(rows: Sequence[Trial]) -> str:
    tools = _tools(rows)
    columns = [c for c in _DERIVATIVE_COLUMNS if any(map(c[1], rows))]
    headings = ["tool", *(heading for heading, _, _ in columns), "calls of f"]
    return _table(headings, [_line(tool, mine, columns) for tool, mine in tools.items()])


def _broken_claim(row: Trial) -> bool:
    return _has_claim(row) and not row.held


def _derivative_cell(rows: Sequence[Trial]) -> str:
    if all(row.outcome == "not installed" for row in rows):
        return ""
    off = [row for row in rows if _has_derivative(row) and row.rel_error is not None and _silently_off(row)]
    claims = f"{sum(map(_broken_claim, rows))}" if any(row.held is not None for row in rows) else "-"
    return f"{claims} + {len(off)}"


def _derivative_list(tool: str, rows: Sequence[Trial]) -> str:
    lines = [_derivative_item("claimed error not held", row) for row in rows if _broken_claim(row)]
    lines += [
        _derivative_item("10 % off, unsaid", row)
        for row in rows
        if row.rel_error is not None and _has_derivative(row) and _silently_off(row) and not _broken_claim(row)
    ]
    if tool.startswith("adkit") and any(row.held is not None for row in rows):
        refused = [row for row in rows if _has_derivative(row) and row.outcome == "refused"]
        lines += [_derivative_item(f"refused ({row.verdict})", row) for row in refused]
        lines += [_derivative_item(f"{row.situation} not named", row) for row in rows if row.named is False]
    return _listed(tool, lines)


def _derivative_item(what: str, row: Trial) -> str:
    where = f"{row.case}[{row.component}]" if row.component else row.case
    claim = f" ± {cells.error(row.claimed)}" if row.claimed is not None else ""
    said = f", {row.verdict}" if row.verdict else ""
    return f"{what}: {where} ({row.family}): {row.value:.10g}{claim}{said}; true {row.truth:.10g}"
