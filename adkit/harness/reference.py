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
from ..numerical import DOUBLE
from ..vectors import leaves_like

# The largest relative error of a method whose only error is rounding, in units of the machine epsilon: 1e-12 in double.
ROUNDING = 1e-12 / DOUBLE
# Of finite differences, for an f whose scale of variation is that of its arguments.
TRUNCATION = 1e-5
# Beyond this nothing counts as agreement, however ill-conditioned f is, or however short its numbers.
LOOSEST = 0.01

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
    uncertainty = max(float(np.max(bars[known], initial=0.0)) / ROOM / scale if scale else 0.0, _rounding(call))
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


def tolerance(method: Method, reference: Reference, call: Call, condition: float) -> float:
    """How large a relative error may be: rounding amplified by the problem's condition, or truncation."""
    rounding = _rounding(call) * condition
    # What amplifies rounding also makes f bend faster than the step of a difference can follow.
    truncation = 0.0 if method.exact else _truncation(call) * condition
    return max(rounding, truncation, reference.uncertainty)


def _rounding(call: Call) -> float:
    """The relative error of a method whose only error is rounding."""
    return min(ROUNDING * _epsilon(call), LOOSEST / 2)


def _truncation(call: Call) -> float:
    """The relative error of differences in the precision of the arguments."""
    return min(TRUNCATION * (_epsilon(call) / DOUBLE) ** (2 / 3), LOOSEST / 2)


def _epsilon(call: Call) -> float:
    """The machine epsilon of the shortest numbers among the arguments."""
    return numerical.epsilon_of(*call.leaves) or DOUBLE


def errors(gradient: Vector, reference: Reference) -> tuple[float, float]:
    """The largest absolute error, and the same relative to the reference's largest component; nan counts as inf."""
    difference = _differences(gradient, reference)
    if difference is None:
        return np.inf, np.inf
    if not difference.size:
        return 0.0, 0.0
    largest = float(np.max(difference))
    scale = _scale(reference)
    return largest, largest / scale if scale > 0 else largest


def _scale(reference: Reference) -> float:
    """The largest finite component."""
    return float(np.max(np.abs(reference.gradient), where=np.isfinite(reference.gradient), initial=0.0))


def _differences(gradient: Vector, reference: Reference) -> Vector | None:
    """The absolute error of each component that the reference speaks of; None if the sizes do not agree."""
    if reference.components is not None:
        gradient = gradient[reference.components] if gradient.size > np.max(reference.components) else gradient
    if gradient.shape != reference.gradient.shape:
        return None
    nan = np.isnan(gradient) & np.isnan(reference.gradient)
    same = (gradient == reference.gradient) | nan  # also where both are infinite
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(gradient - reference.gradient))
    return np.where(np.isnan(difference), np.inf, difference)


def worst(gradient: Vector, reference: Reference, call: Call, allowed: float) -> str:
    """Which component is furthest off, and how many are off, in words."""
    difference = _differences(gradient, reference)
    if difference is None:
        return f"the gradient has {gradient.size} components where {reference.gradient.size} are needed"
    k = int(np.argmax(difference))
    place = k if reference.components is None else int(reference.components[k])
    off = int(np.sum(difference > allowed * _scale(reference)))
    return (
        f"{off} of {difference.size} components differ, most {component(call, place)}: {gradient[place]:.6g} where the "
        f"reference has {reference.gradient[k]:.6g}"
    )


def component(call: Call, place: int) -> str:
    """What a person would call a component of the flat gradient: argument 0['w'][2, 1]."""
    for name, leaf in zip(call.names, call.leaves, strict=True):
        if place < np.size(leaf):
            index = ", ".join(str(int(i)) for i in np.unravel_index(place, np.shape(leaf)))
            return f"{name}[{index}]" if index else name
        place -= np.size(leaf)
    raise IndexError(place)
