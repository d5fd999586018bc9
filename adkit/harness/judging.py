"""How a derivative is judged: how far it is from the reference, how far it may be, and what that would let pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..calls import Call
from ..methods import Method
from ..numerical import DOUBLE
from .precision import rounding, truncation
from .reference import Reference
from .wanted import Vector, largest, width

# False derivatives that a check worth its name must not let pass.
FALSE = {"zeros": 0.0, "a flipped sign": -1.0, "an error of 1 %": 1.01}


@dataclass(frozen=True)
class Errors:
    """How far a derivative is from the reference.

    Attributes:
        absolute: the largest error of a component; nan counts as infinite.
        relative: the same relative to the reference's largest finite component.
        norm: the Euclidean norm of the error relative to that of the reference.
        ulps: the largest error in units of the last place of the component; of those that are not 0.
    """

    absolute: float = np.inf
    relative: float = np.inf
    norm: float = np.inf
    ulps: float = np.inf


def tolerance(method: Method, reference: Reference, call: Call, condition: float) -> float:
    """How large a relative error may be: rounding amplified by the problem's condition, or truncation."""
    amplified = rounding(call) * condition
    # What amplifies rounding also makes f bend faster than the step of a difference can follow.
    bent = 0.0 if method.exact else truncation(call) * condition
    return max(amplified, bent, reference.uncertainty)


def errors(gradient: Vector, reference: Reference, epsilon: float = DOUBLE) -> Errors:
    """How far a derivative is from the reference, in numbers of this epsilon; infinitely if it has another size."""
    difference = differences(gradient, reference)
    if difference is None:
        return Errors()
    if not difference.size:
        return Errors(0.0, 0.0, 0.0, 0.0)
    largest, scale = float(np.max(difference)), scale_of(reference)
    truth = np.where(np.isfinite(reference.gradient), reference.gradient, 0.0)
    with np.errstate(over="ignore"):
        size, off = float(np.linalg.norm(truth)), float(np.linalg.norm(difference))
        last = np.spacing(np.abs(truth)) * (epsilon / DOUBLE)
        ulps = float(np.max(difference / last, where=truth != 0, initial=0.0))
    return Errors(largest, largest / scale if scale else largest, off / size if size else off, ulps)


def scale_of(reference: Reference) -> float:
    """The largest finite component."""
    return largest(reference.gradient)


def differences(gradient: Vector, reference: Reference) -> Vector | None:
    """The absolute error of each component that the reference speaks of; None if the sizes do not agree."""
    if reference.components is not None:
        enough = gradient.size > np.max(reference.components, initial=-1)
        gradient = gradient[reference.components] if enough else gradient
    if gradient.shape != reference.gradient.shape:
        return None
    nan = np.isnan(gradient) & np.isnan(reference.gradient)
    same = (gradient == reference.gradient) | nan  # also where both are infinite
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(gradient - reference.gradient))
    return np.where(np.isnan(difference), np.inf, difference)


# -- slopes along directions -----------------------------------------------------------------------
def off_course(gradient: Vector, reference: Reference, call: Call, allowed: float) -> str:
    """In which direction a gradient contradicts the reference, in words; "" if in none."""
    if not reference.slopes.size:
        return ""
    along = reference.weights(call.leaves)
    terms = along * gradient
    rounded = allowed * np.maximum(np.abs(terms), np.abs(along) * scale_of(reference)).sum(axis=1)
    found, wanted = terms.sum(axis=1), reference.slopes
    wrong = ~(np.abs(found - wanted) <= reference.slope_bars + rounded)
    if not wrong.any():
        return ""
    k = int(np.argmax(wrong))
    return (
        f"along a random direction through all {gradient.size:,} components the slope is {found[k]:.6g} where the "
        f"reference has {wanted[k]:.6g}"
    )


# -- what a check would let pass -------------------------------------------------------------------
def vacuous(reference: Reference, allowed: float) -> str:
    """Which false derivatives would pass with this tolerance, in words; "" if none of them."""
    truth = np.where(np.isfinite(reference.gradient), reference.gradient, 0.0)
    if not truth.size:
        return ""
    return ", ".join(
        name for name, factor in FALSE.items() if errors(factor * truth, _with(reference, truth)).relative <= allowed
    )


def blind(reference: Reference, allowed: float) -> int:
    """In how many of the components that are not 0 an error of 1 % would pass."""
    size = np.abs(reference.gradient[np.isfinite(reference.gradient)])
    return int(np.sum((size > 0) & (0.01 * size <= allowed * scale_of(reference))))


def _with(reference: Reference, truth: Vector) -> Reference:
    return Reference(reference.name, truth)


# -- words -----------------------------------------------------------------------------------------
def worst(gradient: Vector, reference: Reference, call: Call, allowed: float) -> str:
    """Which component is furthest off, and how many are off, in words."""
    difference = differences(gradient, reference)
    if difference is None:
        return f"the gradient has {gradient.size} components where {reference.gradient.size} are needed"
    k = int(np.argmax(difference))
    place = k if reference.components is None else int(reference.components[k])
    off = int(np.sum(difference > allowed * scale_of(reference)))
    return (
        f"{off} of {difference.size} components differ, most {component(call, place)}: {gradient[place]:.6g} where the "
        f"reference has {reference.gradient[k]:.6g}"
    )


def component(call: Call, place: int) -> str:
    """What a person would call a component of the flat derivative: argument 0['w'][2, 1], of output 3 by argument 0."""
    inputs = sum(map(width, call.leaves))
    output, place = divmod(place, inputs)
    name = _input(call, place)
    return f"of output {output} by {name}" if output else name


def _input(call: Call, place: int) -> str:
    for name, leaf in zip(call.names, call.leaves, strict=True):
        if place < width(leaf):
            parts = width(leaf) // max(np.size(leaf), 1)
            index = ", ".join(str(int(i)) for i in np.unravel_index(place // parts, np.shape(leaf)))
            part = (".real", ".imag")[place % parts] if parts == 2 else ""
            return (f"{name}[{index}]" if index else name) + part
        place -= width(leaf)
    raise IndexError(place)
