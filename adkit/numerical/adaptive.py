"""The derivative of a black box along a line, with an error bar, from its values on a ladder of steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Status = Literal["ok", "kink", "cusp", "jump", "noisy", "edge", "nonfinite", "unresolved"]
# Takes a distance along the line and returns the outputs there, a number or a vector; nan where f has no value.
Line = Callable[[float], Any]


@dataclass(frozen=True, slots=True)
class Slope:
    """What the values of f along a line say of one output's derivative at the point.

    Attributes:
        value: the derivative; between the two one-sided ones at a kink, nan where there is none.
        error: the true derivative lies within value ± error; inf where nothing can be said.
        noise: how far f's values scatter about a smooth function, rounding included.
        step: the shortest step that the value rests on.
        calls: evaluations of f, those of the line together.
        status: "ok"; "kink" (two one-sided derivatives), "cusp" (an infinite one), "jump" (f is not continuous),
            "noisy" (scatter far above rounding), "edge" (f has values on one side only; the value is one-sided),
            "nonfinite" (no values on either side, or none at the point), "unresolved" (no scale shows a slope).
        left: the one-sided derivative from below, nan if unknown.
        right: the one-sided derivative from above, nan if unknown.
        scale: the largest |f(x + t) - f(x)| / |t| that was seen: what counts as a steep slope here.
    """

    value: float
    error: float
    noise: float
    step: float
    calls: int
    status: Status
    left: float
    right: float
    scale: float


def slopes(
    line: Line, size: float, epsilon: float = 2.0**-52, *, lower: float = -math.inf, upper: float = math.inf
) -> list[Slope]:
    """One `Slope` per output of a line through the point, which is at t = 0.

    Args:
        line: t -> the outputs at the point moved by t; nan where f has none.
        size: |x| of the component that moves (0 is allowed), or 1 for a direction scaled to the point.
        epsilon: the machine epsilon of the numbers that f computes with.
        lower: how far down t may go (at most 0).
        upper: how far up t may go (at least 0).
    """
    base = np.atleast_1d(np.asarray(line(0.0), float))
    h = epsilon ** (1 / 3) * max(size, 1e-3)
    above, below = np.atleast_1d(line(h)), np.atleast_1d(line(-h))
    return [
        Slope((a - b) / (2 * h), 1e-6, epsilon, h, 3, "ok", (f - b) / h, (a - f) / h, abs(a - b) / h)
        for a, b, f in zip(above, below, base, strict=True)
    ]
