"""How a gradient is judged: how far it is from the reference, and how far it may be."""

from __future__ import annotations

import numpy as np

from ..calls import Call
from ..methods import Method
from .precision import rounding, truncation
from .reference import Reference, Vector


def tolerance(method: Method, reference: Reference, call: Call, condition: float) -> float:
    """How large a relative error may be: rounding amplified by the problem's condition, or truncation."""
    amplified = rounding(call) * condition
    # What amplifies rounding also makes f bend faster than the step of a difference can follow.
    bent = 0.0 if method.exact else truncation(call) * condition
    return max(amplified, bent, reference.uncertainty)


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
