"""How far each number of the point may move, as a person writes it and by leaf."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..calls import Call, Leaves, kind_of
from ..containers import Structure, flatten_like, is_container, unflatten
from ..errors import ArgumentError, BadRequest, place
from ..numerical import Limits
from ..primitives.table import shape_of
from ..tracing import plain


def pair(bounds: Any) -> tuple[Any, Any] | None:
    """The lower and the upper bounds, also of a `scipy.optimize.Bounds`; None of what is no pair."""
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        return bounds.lb, bounds.ub
    return tuple(bounds) if isinstance(bounds, (tuple, list)) and len(bounds) == 2 else None


def limits(bounds: Any, call: Call) -> Limits | None:
    """Bounds of every leaf, each in its shape; the point must be within them."""
    if bounds is None:
        return None
    sides = pair(bounds)
    if sides is None:
        raise ArgumentError(f"bounds must be a pair (lower, upper), not {kind_of(bounds)}{place()}")
    found = _side(call, sides[0], -np.inf), _side(call, sides[1], np.inf)
    _require_inside(found, call)
    return found


def _side(call: Call, bound: Any, default: float) -> Leaves:
    """One side of the bounds, as an array in the shape of each leaf."""
    if bound is None or (np.ndim(bound) == 0 and not is_container(bound)):
        return _filled([bound] * len(call.leaves), call, default)
    parts = [bound] if call.single else bound
    if not isinstance(parts, (tuple, list)) or len(parts) != len(call.structures):
        raise ArgumentError(f"bounds for {len(call.structures)} arguments must be tuples of as many{place()}")
    found: Leaves = []
    for part, structure in zip(parts, call.structures, strict=True):
        flat = _alike(structure, part)
        if flat is None:
            raise ArgumentError(f"bounds must have the structure of what they bound{place()}, not {kind_of(part)}")
        found += flat
    return _filled(found, call, default)


def _alike(structure: Structure, part: Any) -> Leaves | None:
    """A bound for each leaf of an argument: one for all, or one each."""
    if structure is not None and (part is None or not is_container(part)):
        return flatten_like(structure, unflatten(structure, itertools.repeat(part)))
    return flatten_like(structure, part)


def _filled(found: Sequence[Any], call: Call, default: float) -> Leaves:
    """Bounds in the shapes of their leaves."""
    return [_fill(x, leaf, name, default) for x, leaf, name in zip(found, call.leaves, call.names, strict=True)]


def _fill(bound: Any, leaf: Any, name: str, default: float) -> Any:
    try:
        # Not what merely reads as a number, and no complex one.
        array = np.asarray(default if bound is None else bound).astype(float, casting="same_kind")
        return np.broadcast_to(array, shape_of(leaf))
    except (TypeError, ValueError):
        raise ArgumentError(
            f"the bounds of {name} must be numbers that broadcast to its shape {shape_of(leaf)}{place()}, not "
            f"{kind_of(bound)}"
        ) from None


def _require_inside(limits: Limits, call: Call) -> None:
    """Refuse a point that is outside its own bounds, which f must not be called at."""
    for leaf, lower, upper, name in zip(call.leaves, *limits, call.names, strict=True):
        x = np.asarray(plain(leaf), float)
        for k in np.argwhere(~(lower <= upper))[:1].tolist():
            low, high = lower[tuple(k)], upper[tuple(k)]
            raise BadRequest(f"the lower bound of {name}{k or ''} is {low:g} and the upper one {high:g}")
        for k in np.argwhere(~((lower <= x) & (x <= upper)))[:1].tolist():
            low, high = lower[tuple(k)], upper[tuple(k)]
            raise BadRequest(f"{name}{k or ''} is {x[tuple(k)]:g}, which is outside its bounds [{low:g}, {high:g}]")
