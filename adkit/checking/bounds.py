"""How far each number of the point may move."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls import Call
from ..errors import ArgumentError, BadRequest, place
from ..tracing import plain
from .referee import Vector


def limits(bounds: Any, call: Call) -> tuple[Vector, Vector]:
    """Lower and upper bound of every number of the point; infinite where there is none."""
    if bounds is None:
        bounds = (None, None)
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        bounds = (bounds.lb, bounds.ub)  # scipy.optimize.Bounds
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise ArgumentError(f"bounds must be a pair (lower, upper), not {bounds!r}{place()}")
    low, high = _side(bounds[0], -np.inf, call), _side(bounds[1], np.inf, call)
    point = np.concatenate([np.zeros(0), *(np.ravel(plain(leaf)).astype(float) for leaf in call.leaves)])
    if np.isnan(low).any() or np.isnan(high).any():
        raise BadRequest(f"the bounds must be numbers, and one is nan{place()}: None is for no bound")
    outside = np.flatnonzero((point < low) | (point > high))
    if outside.size:
        raise BadRequest(f"the point is outside its bounds, first at its number {int(outside[0])}{place()}")
    return low, high


def _side(bound: Any, default: float, call: Call) -> Vector:
    """One bound for every number."""
    if bound is None:
        bound = default
    alone = isinstance(bound, (int, float, np.number))
    leaves = [bound] * len(call.leaves) if alone else call._leaves_of(bound)
    if leaves is None:
        raise ArgumentError(f"the bounds have not the structure of the differentiated arguments{place()}")
    arrays = [np.asarray(default if b is None else b) for b in leaves]
    try:
        parts = [
            np.ravel(np.broadcast_to(b.astype(float, casting="safe"), np.shape(plain(x))))
            for b, x in zip(arrays, call.leaves, strict=True)
        ]
    except (ValueError, TypeError):
        raise ArgumentError(f"the bounds have not the shapes of the differentiated arguments{place()}") from None
    return np.concatenate([np.zeros(0), *parts])
