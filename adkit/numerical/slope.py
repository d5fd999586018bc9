"""The slope along one component by differences of fixed steps, chosen for each output of f apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import BadRequest
from ..tracing import plain
from .steps import epsilon_of, moves, step_sizes
from .surroundings import Axis

# Close to the end of a domain steps shrink by this factor, so many times.
SHRINK, RETREATS = 32.0, 4
# The weights of the central differences at h, 2h, 3h, by order.
WEIGHTS = {2: (1.0,), 4: (4 / 3, -1 / 3), 6: (3 / 2, -3 / 5, 1 / 10)}


class Estimate(NamedTuple):
    """The slope of each output, the step that it rests on, and whether values on both sides do; for all, or each."""

    value: Any
    step: Any
    two_sided: Any

    def status(self) -> Any:
        """What is to be said of each output's slope."""
        return np.where(_finite(self.value), np.where(self.two_sided, "ok", "edge"), "nonfinite")


class _Difference(NamedTuple):
    """A difference quotient, and f's values at its two innermost points, without their derivatives."""

    value: Any
    h: float
    above: Any
    below: Any
    two_sided: bool = True


def forward(axis: Axis, h: float) -> Estimate:
    """(f(x + h) - f(x)) / h; backward where there is no room, or no value, ahead."""
    t = next((t for t in (h, -h) if axis.fits(t)), None) or _widest(axis)
    value = (axis(t) - axis.base) / axis.reach(t)
    there = _finite(value)
    if not there.all() and axis.fits(-t):
        value = _choose(there, value, (axis(-t) - axis.base) / axis.reach(-t))
    return _estimate(axis, value, abs(t), there)


def _widest(axis: Axis) -> float:
    """The longest move within bounds, up or down."""
    t = max((axis.room(1), -axis.room(-1)), key=abs)
    while t and not axis.fits(t):
        t /= 2
    _require_room(axis, t)
    return t


def central(axis: Axis, step: float | None, order: int) -> Estimate:
    """A central difference on the scale of the component and of f that its values support.

    Where two scales are tried, the longer step is taken if the two agree within the rounding of the shorter, which has
    less of truncation and more of rounding; else the shorter. Where f has values on one side only, a one-sided
    difference of second order takes the place of the central one.
    """
    steps = step_sizes(axis.x, "central", step, axis.output, order)
    # What is left of the order at an edge is 2, which goes with shorter steps.
    shortened = 1.0 if step else epsilon_of(axis.x, axis.output) ** (1 / 3 - 1 / (order + 1))
    found = [_within_bounds(axis, h, order, shortened * h) for h in steps]
    value, reached, two_sided = found[0].value, found[0].h, found[0].two_sided
    if len(found) == 2:
        longer = _agree(axis, *found, look_for_noise=order == 2)
        value = _choose(longer, *(x.value for x in found))
        reached, two_sided = (np.where(longer, a, b) for a, b in zip(found[0][1::3], found[1][1::3], strict=True))
    if _finite(value).all() or not found[-1].two_sided:
        return _estimate(axis, value, reached, two_sided)
    return _beside(axis, Estimate(value, reached, two_sided & _finite(value)), found[-1], shortened * found[-1].h)


def _within_bounds(axis: Axis, h: float, order: int, at_edge: float) -> _Difference:
    """The central difference, or the one-sided one where bounds leave no room for it."""
    return _central(axis, h, order) if _fits(axis, h, order) else _one_sided(axis, at_edge)


def _fits(axis: Axis, h: float, order: int) -> bool:
    return axis.fits(order // 2 * h) and axis.fits(-(order // 2) * h)


def _central(axis: Axis, h: float, order: int) -> _Difference:
    total: Any = None
    inner: list[Any] = []
    for k, weight in enumerate(WEIGHTS[order], 1):
        above, below = axis(k * h), axis(-k * h)
        # The distance that floating point really moves, not the one that was asked for.
        term = (above - below) / (axis.reach(k * h) - axis.reach(-k * h))
        term = term if order == 2 else weight * term
        total = term if total is None else total + term
        inner += [plain(above), plain(below)]
    return _Difference(total, h, inner[0], inner[1])


def _agree(axis: Axis, longer: _Difference, shorter: _Difference, look_for_noise: bool) -> Any:
    """For each output, whether the longer step is the better one: no further off than rounding explains."""
    bar = 4 * epsilon_of(axis.x, axis.output) * np.maximum(np.abs(shorter.above), np.abs(shorter.below))
    if look_for_noise:
        bar = np.fmax(bar, 2 * _noise(plain(axis.base), longer, shorter))
    bar = bar / shorter.h
    off = np.abs(plain(longer.value) - plain(shorter.value))
    return ((off <= bar) & _finite(longer.value)) | (~_finite(shorter.value) & _finite(longer.value))


def _noise(base: Any, longer: _Difference, shorter: _Difference) -> Any:
    """A sample of f's own noise, which cancellation within f may put far above the rounding of its result.

    It is what the shorter step's second difference has beyond the share that a parabola through the longer one's
    explains. The steps of higher orders are too long for such a parabola.
    """
    bends = [np.abs(x.above - base + (x.below - base)) for x in (longer, shorter)]
    return np.minimum(bends[1], np.abs(bends[1] - bends[0] * (shorter.h / longer.h) ** 2))


def _beside(axis: Axis, found: Estimate, pair: _Difference, h: float) -> Estimate:
    """Slopes also for the outputs that have no value at one of the points: nearer to x, else on one side only."""
    value, reached, two_sided = _nearer(axis, found, h)
    for sign, there in ((1, pair.above), (-1, pair.below)):
        wanted = ~_finite(value) & np.isfinite(there) & _finite(axis.base)
        if np.any(wanted) and axis.fits(2 * sign * h):
            value = _choose(~wanted, value, _ending(axis, sign * h)[0])
            reached = np.where(wanted, h, reached)
    return _estimate(axis, value, reached, two_sided)


def _nearer(axis: Axis, found: Estimate, h: float) -> Estimate:
    """Central differences of shorter steps, for outputs whose domain ends close by."""
    value, reached, two_sided = found
    inside = np.zeros(_shape(value), bool)
    for _ in range(RETREATS):
        h /= SHRINK
        if two_sided.all() or not (axis.fits(h) and axis.fits(-h) and moves(axis.x, h)):
            break
        shorter = _central(axis, h, 2)
        # The first step that stays inside may reach almost to the end, where f may be steep: the next one is taken.
        wanted = inside & ~two_sided & _finite(shorter.value)
        value, reached = _choose(~wanted, value, shorter.value), np.where(wanted, h, reached)
        inside, two_sided = _finite(shorter.value), two_sided | wanted
    return Estimate(value, reached, two_sided)


def _one_sided(axis: Axis, h: float) -> _Difference:
    """Where bounds leave no room for a central difference."""
    sign = 1 if axis.room(1) >= axis.room(-1) else -1
    h = min(h, axis.room(sign) / 2)
    while h and not axis.fits(2 * sign * h):
        h /= 2
    _require_room(axis, h / SHRINK)
    value, near, far = _ending(axis, sign * h)
    return _Difference(value, h, near, far, False)


def _ending(axis: Axis, h: float) -> tuple[Any, Any, Any]:
    """The slope at the end of f's domain; nan where it grows as the step shrinks, as that of sqrt at 0 does.

    And f's values at the points that are nearest.
    """
    value, _, _ = _three_points(axis, h)
    nearer, *outs = _three_points(axis, h / SHRINK)
    rounding = 8 * epsilon_of(axis.x, axis.output) * np.abs(plain(axis.base)) * SHRINK / abs(h)
    bounded = np.abs(plain(nearer)) <= 2 * np.abs(plain(value)) + rounding
    return _choose(bounded, value, np.nan), *outs


def _three_points(axis: Axis, h: float) -> tuple[Any, Any, Any]:
    """The slope at the end of a parabola through f at x, x + h and x + 2h, and f at these two."""
    near, far = axis.reach(h), axis.reach(2 * h)
    at_near, at_far = axis(h), axis(2 * h)
    by_near, by_far = (at_near - axis.base) / near, (at_far - axis.base) / far
    return (far * by_near - near * by_far) / (far - near), plain(at_near), plain(at_far)


def _require_room(axis: Axis, h: float) -> None:
    if not moves(axis.x, h):
        raise BadRequest(
            f"a component of value {axis.x} has no room to move between the bounds {axis.lower:g} and {axis.upper:g}"
        )


def _estimate(axis: Axis, value: Any, step: Any, two_sided: Any) -> Estimate:
    axis.require_a_value()
    return Estimate(value, step, two_sided)


def _choose(mask: Any, chosen: Any, other: Any) -> Any:
    """chosen where mask says so; no operation at all where it does everywhere, since values may be traced."""
    if np.all(mask):
        return chosen
    return np.where(mask, chosen, other)[()] if np.any(mask) else other


def _finite(x: Any) -> Any:
    return np.isfinite(plain(x))


def _shape(x: Any) -> tuple[int, ...]:
    return np.shape(plain(x))
