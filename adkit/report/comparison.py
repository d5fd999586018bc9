"""A comparison as what people want of it: a DataFrame, Markdown, CSV, JSON, text, a table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..records import COLUMNS, Row, as_dict
from . import cells, documents

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1


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

    def __init__(self, rows: Sequence[Row], environment: Mapping[str, str], question: str = "") -> None:
        self.rows = tuple(rows)
        self.environment = dict(environment)
        self.question = question

    @property
    def table(self) -> pd.DataFrame:
        """One flat row per method; the columns are those of `adkit.records.Row`."""
        import pandas as pd

        return pd.DataFrame([as_dict(row) for row in self.rows], columns=list(COLUMNS))

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows whose gradient was wrong, or whose method ended in an error."""
        return tuple(row for row in self.rows if row.status in ("wrong", "error"))

    def __bool__(self) -> bool:
        return not self.failed and any(row.status == "ok" for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_markdown(self) -> str:
        """A Markdown table per problem, with what is needed to read it."""
        parts = [_markdown_table(rows) for rows in cells.by_problem(self.rows)]
        heading = [f"## {self.question}"] if self.question else []
        return "\n\n".join([*heading, *parts, f"*{cells.LEGEND}*", cells.machine(self.environment)])

    def to_csv(self) -> str:
        """All columns, unrounded."""
        return self.table.to_csv(index=False)

    def to_json(self) -> str:
        """All columns, unrounded; infinities and nan as strings, what was not measured as null."""
        rows = [as_dict(row) for row in self.rows]
        document = {"schema": SCHEMA, "question": self.question, "environment": self.environment, "rows": rows}
        return documents.to_json(document)

    def __repr__(self) -> str:
        return self.to_markdown()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def _markdown_table(rows: Sequence[Row]) -> str:
    columns = [column for column in cells.shown(rows) if column is not cells.NOTE]
    body = [[column.text(row) for column in columns] for row in rows]
    table = documents.table([column.heading for column in columns], body, [column.numeric for column in columns])
    notes = "  \n".join(documents.escaped(line) for line in [*cells.footing(rows), *cells.notes(rows)])
    return f"### {cells.heading(rows)}\n\n{table}\n\n{notes}"
