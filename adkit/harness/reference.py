"""What a gradient is judged against: something that does not share the method's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..calls import Call
from ..containers import flatten
from ..errors import AdkitError
from ..methods import Manual, Method, Numerical, Symbolic

# The largest relative error of a method whose only error is rounding, in units of the machine epsilon: 1e-12 in double.
ROUNDING = 4503.6
TRUNCATION = 1e-5


@dataclass(frozen=True)
class Reference:
    """A gradient, as one flat vector; what it is; and how far from the truth it may itself be (relative)."""

    name: str
    gradient: np.ndarray[Any, np.dtype[Any]]
    uncertainty: float = 0.0


def reference_for(call: Call, manual: Manual | None) -> Reference:
    """What to judge by: a problem's own gradient; else 50 digits; else the person's gradient; else differences.

    A gradient that a person hands in with a function of their own is there to be judged, not to judge by.
    """
    if manual is not None and manual.gradient is None:
        return Reference("hand-derived gradient", flat(manual.value_and_gradient(call, {})[1]))
    try:
        return Reference("SymPy derivative in 50-digit mpmath", flat(Symbolic().reference(call)))
    except AdkitError:
        pass
    if manual is not None:
        return Reference("gradient handed in", flat(manual.value_and_gradient(call, {})[1]))
    return Reference("central differences", flat(Numerical().value_and_gradient(call, {})[1]), TRUNCATION)


def flat(leaves: list[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """All leaves in one vector of doubles."""
    found = [np.asarray(leaf, float).ravel() for leaf in flatten(leaves)[0]]
    return np.concatenate(found) if found else np.zeros(0)


def tolerance(method: Method, reference: Reference, call: Call, condition: float) -> float:
    """How large a relative error may be: rounding amplified by the problem's condition, or truncation."""
    epsilon = max((float(np.finfo(np.asarray(leaf).dtype).eps) for leaf in call.leaves), default=2.0**-52)
    rounding = ROUNDING * epsilon * condition
    # What amplifies rounding also makes f bend faster than the step of a difference can follow.
    truncation = 0.0 if method.exact else TRUNCATION * condition * (epsilon / 2.0**-52) ** (2 / 3)
    return max(rounding, min(truncation, 0.01), reference.uncertainty)


def errors(gradient: np.ndarray[Any, np.dtype[Any]], reference: Reference) -> tuple[float, float]:
    """The largest absolute error, and the same relative to the reference's largest component; nan counts as inf."""
    if gradient.shape != reference.gradient.shape:
        return np.inf, np.inf
    if not gradient.size:
        return 0.0, 0.0
    both_infinite = np.isinf(gradient) & (gradient == reference.gradient)
    with np.errstate(invalid="ignore"):
        difference = np.where(both_infinite, 0.0, np.abs(gradient - reference.gradient))
    largest = float(np.max(np.where(np.isnan(difference), np.inf, difference)))
    scale = float(np.max(np.abs(reference.gradient)))
    return largest, largest / scale if scale > 0 else largest
