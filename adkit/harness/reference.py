"""What a gradient is judged against: something that does not share the method's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import numerical
from ..calls import Call
from ..containers import flatten
from ..errors import AdkitError, BadRequest
from ..methods import Manual, Method, Numerical, Symbolic
from ..vectors import leaves_like
from .precision import rounding

# Bars are so wide that hardly one in a thousand is broken; the errors under them are smaller by this at least.
ROOM = 4
# Differences are taken of at most so many components, drawn at random where there are more.
SAMPLED = 50

Vector = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Reference:
    """A gradient, as one flat vector; what it is; how far from the truth it may itself be (relative).

    `components` are the places in the gradient that it speaks of; None stands for all. `method` is the one that it is
    computed by, where that may be among those that are judged.
    """

    name: str
    gradient: Vector
    uncertainty: float = 0.0
    components: Vector | None = None
    method: Method | None = None


@dataclass(frozen=True)
class References:
    """What is known of f at the point."""

    value: float
    first: Reference

    @property
    def name(self) -> str:
        return self.first.name


def references_for(subject: Any) -> References:
    """What the methods are judged by."""
    call = subject.call()
    value = float(np.real(call.scalar(call.leaves)))
    if not np.isfinite(value):
        raise BadRequest(f"{subject.problem} is {value} at this point, so there is nothing to compare: choose another")
    return References(value, reference_for(call, subject.manual))


def reference_for(call: Call, manual: Manual | None) -> Reference:
    """What to judge by: a problem's own gradient by hand; else 50 digits; else finite differences.

    A gradient that a person hands in with a function of their own is there to be judged, not to judge by.
    """
    if manual is not None and manual.gradient is None:
        return Reference("hand-derived gradient", flat(manual.value_and_gradient(call, {})[1]), method=manual)
    try:
        return Reference("SymPy derivative in 50-digit mpmath", flat(Symbolic().reference(call)))
    except AdkitError:
        return differences(call)


def differences(call: Call) -> Reference:
    """Adaptive differences, of a sample of the components where there are many; of those that f has a slope in."""
    if any(np.iscomplexobj(leaf) for leaf in call.leaves):
        raise BadRequest("complex arguments have no reference to compare with but a problem's own gradient by hand")
    point = flat(call.leaves)
    # Steps must be long enough for the shortest of the numbers that they move.
    dtype = min((np.asarray(leaf).dtype for leaf in call.leaves), key=lambda dtype: dtype.itemsize, default=point.dtype)
    few = point.size <= SAMPLED
    chosen = np.arange(point.size) if few else np.random.default_rng(0).choice(point.size, SAMPLED, replace=False)

    def along(leaves: list[Any]) -> Any:
        moved = point.copy("K")
        moved[chosen] = leaves[0]
        return call.scalar(leaves_like(moved, call.leaves))

    found = numerical.differences(along, [point[chosen].astype(dtype)], numerical.Options("adaptive"), full=True)
    values, bars = found.value[0].astype(float), found.error[0].astype(float)
    known = np.isin(found.status[0], ("ok", "noisy", "edge")) & np.isfinite(values) & np.isfinite(bars)
    if not known.any():
        known[:], values, bars = True, np.nan_to_num(values), np.zeros_like(bars)
    scale = float(np.max(np.abs(values[known]), initial=0.0))
    uncertainty = max(float(np.max(bars[known], initial=0.0)) / ROOM / scale if scale else 0.0, rounding(call))
    name = "adaptive differences" if known.all() and few else f"adaptive differences of {known.sum()} components"
    places = None if known.all() and few else chosen[known]
    return Reference(name, values[known], uncertainty, places, Numerical(scheme="adaptive"))


def flat(leaves: list[Any]) -> Vector:
    """All leaves in one vector of doubles."""
    found = [_doubles(leaf) for leaf in flatten(leaves)[0]]
    return np.concatenate(found) if found else np.zeros(0)


def _doubles(leaf: Any) -> Vector:
    """The numbers of a leaf; a complex one counts as two."""
    leaf = np.atleast_1d(leaf)
    return (leaf.astype(complex).view(float) if leaf.dtype.kind == "c" else leaf.astype(float)).ravel()
