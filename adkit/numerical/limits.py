"""Bounds on the components, beyond which f is never called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import BadRequest
from .surroundings import Place, component, components

# The lowest and highest value of each component, an array or number for each leaf.
Limits = tuple[Sequence[Any], Sequence[Any]]


def at(limits: Limits | None, i: int, place: Place) -> tuple[float, float]:
    """The bounds of one component."""
    if limits is None:
        return -math.inf, math.inf
    lower, upper = (float(np.asarray(bound[i])[place]) for bound in limits)
    return lower, upper


def require_inside(limits: Limits | None, leaves: Sequence[Any], names: Sequence[str]) -> None:
    """Refuse a point that is outside its own bounds, which f must not be called at."""
    if limits is None:
        return
    for i, where in components(leaves):
        x, (lower, upper) = float(component(leaves[i], where)), at(limits, i, where)
        if lower > upper or math.isnan(lower) or math.isnan(upper):
            raise BadRequest(f"the lower bound of {names[i]}{_index(where)} is {lower:g} and the upper one {upper:g}")
        if not lower <= x <= upper:
            raise BadRequest(f"{names[i]}{_index(where)} is {x:g}, which is outside its bounds [{lower:g}, {upper:g}]")


def clipped(limits: Limits | None, i: int, x: Any) -> Any:
    """A leaf moved back within its bounds."""
    return x if limits is None else np.clip(x, limits[0][i], limits[1][i])


def _index(place: Place) -> str:
    return str(list(place)) if place else ""
