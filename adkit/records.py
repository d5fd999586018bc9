"""What comparing and checking leave behind: one flat, frozen record per method, and one per component."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

Status = Literal["ok", "wrong", "too large", "timeout", "skipped", "error", "not installed"]
STATUSES: tuple[str, ...] = get_args(Status)
# What the difficult cases are tried with: ways to a derivative, or checkers of gradients.
TRIALS = ("derivatives", "checkers")
# What is asked of a method: of f with one output its gradient, of any f its Jacobian.
Derivative = Literal["gradient", "jacobian"]
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

    Times are in seconds, `prepare_s` and `first_s` of one call, `steady_s` the median of many; None stands for what was
    not measured. `ratio_to_f` is the ratio of the medians, `ratio_low` and `ratio_high` its 95 % interval;
    `ratio_to_manual` is that to the derivative by hand, from the rounds they share, with its interval from `manual_low`
    to `manual_high`; `spread_s` is the distance of the quartiles, `overhead_s` what the loop itself costs per call.
    `peak_bytes` is the peak of what Python and NumPy allocate during a call, `resident_bytes` that of the memory the
    whole process takes up, whoever allocates; `kept_bytes` is what a method holds from call to call.
    Errors are those of the derivative against the reference: `max_rel_error` relative to the reference's largest
    component, `norm_rel_error` in the Euclidean norm, `max_ulps` in units of the last place of each component.
    `vacuous` names the false derivatives that would pass too, `blind` counts the components in which an error of 1 %
    would. Counts are those of one value-and-derivative, and repeat exactly: `f_ops` and `f_flops` are those of f,
    `bound` is what theory allows `flops` to be as a multiple of `f_flops`. A row that `is_reference` agrees with
    itself; one that is `tied` cannot be told from the fastest.
    """

    problem: str
    size: str
    method: str
    status: Status
    value: float | None = None
    reference: str = ""
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    norm_rel_error: float | None = None
    max_ulps: float | None = None
    tolerance: float | None = None
    condition: float | None = None
    vacuous: str = ""
    blind: int | None = None
    prepare_s: float | None = None
    first_s: float | None = None
    steady_s: float | None = None
    spread_s: float | None = None
    f_s: float | None = None
    overhead_s: float | None = None
    ratio_to_f: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    ratio_to_manual: float | None = None
    manual_low: float | None = None
    manual_high: float | None = None
    f_calls: int | None = None
    passes: int | None = None
    primitive_ops: int | None = None
    f_ops: int | None = None
    flops: int | None = None
    f_flops: int | None = None
    bound: float | None = None
    tape_length: int | None = None
    tape_bytes: int | None = None
    expression_nodes: int | None = None
    tree_nodes: int | None = None
    peak_bytes: int | None = None
    resident_bytes: int | None = None
    kept_bytes: int | None = None
    derivative: Derivative = "gradient"
    inputs: int = 0
    outputs: int = 1
    parameters: Mapping[str, float] = field(default_factory=dict[str, float])
    point: str = ""
    seed: int = 0
    inputs_hash: str = ""
    exact: bool = True
    ranked: bool = True
    fastest: bool = False
    tied: bool = False
    is_reference: bool = False
    expected: str = ""
    surprise: bool = False
    stability: str = ""
    note: str = ""
    # Raw: seconds per call, one for each round; each is the mean of so many calls.
    samples: tuple[float, ...] = ()
    f_samples: tuple[float, ...] = ()
    loops: int | None = None

    def noted(self, note: str, **changes: Any) -> Row:
        """The same with one note more, and with other changes."""
        return replace(self, note="; ".join(filter(None, [self.note, note])), **changes)

    @property
    def as_expected(self) -> bool:
        """Whether the status was declared beforehand; `expected` may name several, as "ok or wrong"."""
        return self.status in self.expected.split(" or ")


# What a table shows of a row: all but the raw samples.
RAW = ("samples", "f_samples", "loops")
COLUMNS = tuple(f.name for f in fields(Row) if f.name not in RAW)


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


TRIAL_COLUMNS = tuple(f.name for f in fields(Trial))
