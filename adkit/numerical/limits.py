"""Bounds on the components, beyond which f is never called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .surroundings import Place

# The lowest and highest value of each component, an array or number for each leaf.
Limits = tuple[Sequence[Any], Sequence[Any]]


def at(limits: Limits | None, i: int, place: Place) -> tuple[float, float]:
    """The bounds of one component."""
    if limits is None:
        return -math.inf, math.inf
    lower, upper = (float(np.asarray(bound[i])[place]) for bound in limits)
    return lower, upper


def clipped(limits: Limits | None, i: int, x: Any) -> Any:
    """A leaf moved back within its bounds."""
    return x if limits is None else np.clip(x, limits[0][i], limits[1][i])
