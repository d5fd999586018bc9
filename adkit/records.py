"""What comparing and checking leave behind: one flat, frozen record per method, and one per component."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

Status = Literal["ok", "wrong", "too large", "timeout", "skipped", "error", "not installed"]
STATUSES: tuple[str, ...] = get_args(Status)
Verdict = Literal[
    "AGREE",
    "WRONG",
    "KINK",
    "CUSP",
    "JUMP",
    "NOISY",
    "DOMAIN_EDGE",
    "NONFINITE",
    "NONDETERMINISTIC",
    "UNRESOLVED",
]
VERDICTS: tuple[str, ...] = get_args(Verdict)
# What passes if not only agreement does: each of these says that the gradient is consistent with what was seen.
LENIENT = ("AGREE", "KINK", "DOMAIN_EDGE", "NOISY", "UNRESOLVED")

# A derivative was found or refused; a gradient passed, failed or was left undecided.
Outcome = Literal["found", "refused", "passed", "failed", "undecided", "raised", "not installed"]


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


@dataclass(frozen=True)
class Component:
    """One derivative: of one output of f (None where f returns one number) by one number among its arguments.

    `analytic` is the gradient that is judged, `numerical` what differences of f say; where they agree they are no
    further apart than `bar`. `left` and `right` are the one-sided derivatives, `noise` the scatter of f's values; nan
    stands for what is not known.
    """

    argument: str
    index: tuple[int, ...]
    output: tuple[int, ...] | None
    x: float
    analytic: float
    numerical: float
    bar: float
    abs_error: float
    rel_error: float
    step: float
    verdict: Verdict
    hint: str = ""
    left: float = math.nan
    right: float = math.nan
    noise: float = math.nan

    @property
    def place(self) -> str:
        """What a person would call the number that moves: argument 0['w'][2, 1]."""
        return self.argument + (f"[{', '.join(map(str, self.index))}]" if self.index else "")


# The order in which other code reads a component.
COMPONENT_COLUMNS = (
    *("argument", "index", "x", "analytic", "numerical", "bar", "abs_error", "rel_error", "step", "verdict", "hint"),
    *("output", "left", "right", "noise"),
)


@dataclass(frozen=True)
class Trial:
    """One tool on one difficult case: a derivative that it found, or a gradient that it was given to check.

    `truth` is the derivative in question, rounded once from a hundred digits, nan where there is none. A tool that
    finds derivatives has a `value`, its `rel_error` and, if it claims one, `claimed` (absolute) and whether it `held`;
    one that checks gradients has a `gradient` and its `kind`. `outcome` is what the tool did, in `verdict` its own
    words; `named` says whether it named what f is like at the point, None where there is nothing to name.
    """

    tool: str
    case: str
    family: str
    situation: str
    outcome: Outcome
    component: int | None = None
    gradient: str = ""
    kind: str = ""
    truth: float | None = None
    value: float | None = None
    rel_error: float | None = None
    claimed: float | None = None
    held: bool | None = None
    named: bool | None = None
    verdict: str = ""
    calls: int | None = None
    note: str = ""


TRIAL_COLUMNS = tuple(field.name for field in fields(Trial))
