"""A comparison as what people want of it: a DataFrame, Markdown, CSV, JSON, text, a table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..records import COLUMNS, Row, as_dict
from . import advice, cells, documents, growth, remarks, results

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal["ok", "wrong", "unexpected", "timeout", "nothing ran"]


class Comparison:
    """The rows of a comparison, one per problem, size and method.

    `bool(comparison)` is true when a method came out right, none wrong, and none failed with an error.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> comparison = ad.compare(lambda x: np.sin(x) * x, 2.0, methods=["forward", "reverse"], seconds=0.01)
        >>> comparison.table[["method", "status"]].values.tolist()
        [['forward', 'ok'], ['reverse', 'ok']]
        >>> print(comparison.to_markdown())
        ### ...
    """

    def __init__(
        self,
        rows: Sequence[Row],
        environment: Mapping[str, str],
        question: str = "",
        settings: Mapping[str, Any] | None = None,
        plan: str = "",
    ) -> None:
        """Rows, on what machine, to answer what, under what conditions, and by which comparison file."""
        self.rows = tuple(rows)
        self.environment = dict(environment)
        self.question = question
        self.settings = dict(settings or {})
        self.plan = plan

    @classmethod
    def from_json(cls, text: str, where: str = "this text") -> Comparison:
        """The comparison that `to_json` has written; `where`, say a file's name, is what a refusal blames.

        Example:
            >>> import adkit as ad
            >>> comparison = ad.compare("bivariate", methods="reverse", seconds=0.01)
            >>> ad.Comparison.from_json(comparison.to_json()).rows == comparison.rows
            True
        """
        return cls(**results.from_document(documents.from_json(text, where), where))

    @property
    def table(self) -> pd.DataFrame:
        """One flat row per method; the columns are those of `adkit.records.Row`."""
        import pandas as pd

        return pd.DataFrame([as_dict(row) for row in self.rows], columns=list(COLUMNS))

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows whose gradient was wrong, or whose method ended in an error, where that was not expected."""
        return tuple(row for row in self.rows if row.status in ("wrong", "error") and not row.as_expected)

    @property
    def outcome(self) -> Outcome:
        """How it went: the worst first of what was not declared beforehand; "ok" where there is nothing of the kind.

        "wrong" gradients; "unexpected" errors, expressions that are too large, and surprises in either direction;
        a "timeout"; "nothing ran" where no method came out right.
        """
        undeclared = {row.status for row in self.rows if not row.as_expected}
        if "wrong" in undeclared:
            return "wrong"
        if undeclared & {"error", "too large"} or any(row.surprise for row in self.rows):
            return "unexpected"
        if "timeout" in undeclared:
            return "timeout"
        # What was declared to end badly and did is an answer, too.
        ran = any(row.status == "ok" or (row.as_expected and row.status != "skipped") for row in self.rows)
        return "ok" if ran else "nothing ran"

    def __bool__(self) -> bool:
        return not self.failed and any(row.status == "ok" for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def recommendation(self) -> str:
        """Which method to use, why, and at what size that changes: a line for each problem."""
        return advice.recommendation(self.rows)

    def to_markdown(self) -> str:
        """A table per problem with what is needed to read it, how costs grow, and the recommendation."""
        swept = growth.sweeps(self.rows)
        parts = [markdown_table(rows) for rows in cells.by_problem(self.rows)]
        parts += [*map(growth.markdown, swept), *([f"*{growth.LEGEND}*"] if swept else []), advice.markdown(self.rows)]
        heading = [f"## {self.question}"] if self.question else []
        legend = cells.legend(self._columns())
        ending = [*([f"*{legend}*"] if legend else []), *remarks.overhead(self.rows), cells.machine(self.environment)]
        return "\n\n".join([*heading, *parts, *ending])

    def _columns(self) -> list[cells.Column]:
        """Those that any of the tables has."""
        shown = [column for rows in cells.by_problem(self.rows) for column in cells.shown(rows)]
        return [column for column in cells.COLUMNS if column in shown]

    def to_csv(self) -> str:
        """All columns, unrounded; the parameters as text."""
        parameters = [" ".join(f"{name}={x!r}" for name, x in row.parameters.items()) for row in self.rows]
        return self.table.assign(parameters=parameters).to_csv(index=False)

    def to_json(self) -> str:
        """All there is, raw samples too: schema 2 of `adkit.report.results`; `from_json` reads it back the same."""
        return documents.to_json(results.to_document(self))

    def __repr__(self) -> str:
        return self.to_markdown()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def markdown_table(rows: Sequence[Row]) -> str:
    """One problem: the times, the counts beside them, and what is needed to read both."""
    columns = [column for column in cells.shown(rows) if column is not cells.NOTE]
    timed = [column for column in columns if not column.counted]
    counted = [column for column in columns if column.counted]
    # Whose counts they are.
    named = [column for column in timed if column.heading in ("size", "method")]
    tables = [_table(rows, timed), *([_table(rows, [*named, *counted])] if counted else [])]
    lines = [f"- {documents.escaped(line)}" for line in [*remarks.footing(rows), *remarks.notes(rows)]]
    return "\n\n".join([f"### {cells.heading(rows)}", *tables, "\n".join(lines)])


def _table(rows: Sequence[Row], columns: Sequence[cells.Column]) -> str:
    body = [[column.text(row) for column in columns] for row in rows]
    return documents.table([column.heading for column in columns], body, [column.numeric for column in columns])
