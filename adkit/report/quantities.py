"""What can be drawn of a row: a quantity, what it is called, its unit, and how far it may be off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import unknown
from ..records import Row

Span = tuple[float, float]


@dataclass(frozen=True)
class Quantity:
    """A number of a row.

    `span` is its interval where there is one, and `spans` says what that is; `bound` is what it is allowed to be. One
    that is `telling` of wrong rows too, as errors are, is drawn through them. Times are `of_samples`.
    """

    name: str
    label: str
    unit: str
    of: Callable[[Row], float | None]
    span: Callable[[Row], Span | None] = lambda row: None
    spans: str = ""
    bound: Callable[[Row], float | None] = lambda row: None
    telling: bool = False
    of_samples: bool = False
    # What 1 stands for, where everything is held against that.
    one: str = ""

    @property
    def axis(self) -> str:
        """The label of an axis."""
        return f"{self.label} ({self.unit})"


def _field(name: str) -> Callable[[Row], float | None]:
    """A column of the row as it is."""

    def of(row: Row) -> float | None:
        found = getattr(row, name)
        return None if found is None else float(found)

    return of


def _quartiles(row: Row) -> Span | None:
    """Between which the middle half of the rounds lies."""
    if len(row.samples) < 2:
        return None
    low, high = np.quantile(np.asarray(row.samples, float), (0.25, 0.75))
    return float(low), float(high)


def _interval_of_ratio(row: Row) -> Span | None:
    return None if row.ratio_low is None or row.ratio_high is None else (row.ratio_low, row.ratio_high)


def _interval_by_hand(row: Row) -> Span | None:
    return None if row.manual_low is None or row.manual_high is None else (row.manual_low, row.manual_high)


def _flops_ratio(row: Row) -> float | None:
    return row.flops / row.f_flops if row.flops is not None and row.f_flops else None


_ALL = (
    Quantity(
        "steady_s",
        "time per call",
        "s",
        _field("steady_s"),
        _quartiles,
        "the middle half of the rounds",
        of_samples=True,
    ),
    Quantity(
        "ratio_to_f", "time per call", "× f", _field("ratio_to_f"), _interval_of_ratio, "the 95 % interval of the ratio"
    ),
    Quantity(
        "ratio_to_manual",
        "time per call",
        "× hand-written",
        _field("ratio_to_manual"),
        _interval_by_hand,
        "the 95 % interval of the ratio",
        one="hand-written",
    ),
    Quantity("prepare_s", "time to prepare", "s", _field("prepare_s")),
    Quantity("first_s", "time of the first call", "s", _field("first_s")),
    Quantity(
        "max_rel_error",
        "largest error",
        "relative",
        _field("max_rel_error"),
        bound=lambda row: row.tolerance,
        telling=True,
    ),
    Quantity("norm_rel_error", "error in the norm", "relative", _field("norm_rel_error"), telling=True),
    Quantity("max_ulps", "largest error", "units in the last place", _field("max_ulps"), telling=True),
    Quantity("flops", "arithmetic", "flops", _field("flops")),
    Quantity("flops_ratio", "arithmetic", "flops of f", _flops_ratio, bound=lambda row: row.bound),
    Quantity("primitive_ops", "primitives", "operations", _field("primitive_ops")),
    Quantity("f_calls", "evaluations of f", "calls", _field("f_calls")),
    Quantity("passes", "passes", "runs of f", _field("passes")),
    Quantity("tape_length", "tape", "operations", _field("tape_length")),
    Quantity("tape_bytes", "tape", "bytes", _field("tape_bytes")),
    Quantity("peak_bytes", "peak of memory", "bytes", _field("peak_bytes")),
    Quantity("resident_bytes", "peak of resident memory", "bytes", _field("resident_bytes")),
    Quantity("kept_bytes", "memory kept between calls", "bytes", _field("kept_bytes")),
    Quantity("expression_nodes", "expression, shared", "nodes", _field("expression_nodes")),
    Quantity("tree_nodes", "expression, written out", "nodes", _field("tree_nodes")),
)
QUANTITIES = {quantity.name: quantity for quantity in _ALL}


def quantity(name: str, where: str = "a figure") -> Quantity:
    """A quantity by name.

    Raises:
        BadRequest: there is none of this name; `where` says who asked.
    """
    if name not in QUANTITIES:
        raise unknown(f"quantity in {where}:", name, QUANTITIES)
    return QUANTITIES[name]
