"""What a comparison leaves behind: one flat, frozen record per method, and what was compared."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

Status = Literal["ok", "wrong", "too large", "timeout", "skipped", "error", "not installed"]
STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True)
class Row:
    """One method on one problem of one size.

    Times are in seconds and medians; errors are those of the gradient against the reference, `max_rel_error` relative
    to the reference's largest component; None stands for what was not measured. `f_calls`, `passes` and
    `primitive_ops` count one value-and-gradient, and repeat exactly. A row that `is_reference` agrees with itself.
    """

    problem: str
    size: str
    method: str
    status: Status
    value: float | None = None
    reference: str = ""
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    tolerance: float | None = None
    prepare_s: float | None = None
    first_s: float | None = None
    steady_s: float | None = None
    f_s: float | None = None
    ratio_to_f: float | None = None
    f_calls: int | None = None
    passes: int | None = None
    primitive_ops: int | None = None
    tape_bytes: int | None = None
    peak_bytes: int | None = None
    inputs: int = 0
    point: str = ""
    fastest: bool = False
    is_reference: bool = False
    note: str = ""


COLUMNS = tuple(field.name for field in fields(Row))


def as_dict(row: Row) -> dict[str, Any]:
    """A row by column name, in the order of the columns."""
    return {name: getattr(row, name) for name in COLUMNS}
