"""One difficult case is one entry: a formula, a point, and what is true there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from . import exact

# What f is like at the point, along one component. "rough" is smooth, with rounding errors far above those of f's last
# digit, so that "noisy" is as right a word as none; "infinite" is a domain edge with a vertical tangent.
Situation = Literal["smooth", "rough", "noisy", "kink", "cusp", "jump", "edge", "infinite", "nonfinite"]


@dataclass(frozen=True)
class Case:
    """f at a point. The formula f(m, x) takes NumPy, or its counterpart of a hundred digits, as m.

    Attributes:
        name: what is difficult, in a few words.
        family: with which other cases it belongs.
        formula: f(m, x) of a vector x; NumPy's names are looked up in m.
        point: x.
        situation: what f is like there, for all components or one by one.
        computed: what runs in floating point instead of the formula: the formula with noise, or in single precision.
        true: the gradient as a formula of its own, where a hundred digits cannot find it by differences, or are slow.
        noise: by how much what is computed may differ from the formula, rounding to double precision aside.
        width: over which distance in x the function changes; by default |x|, or 1 at 0.
        scale: how steep f is nearby, where its slope at the point is much less by accident.
        source: where the function comes from.
    """

    name: str
    family: str
    formula: exact.Formula
    point: tuple[float, ...]
    situation: Situation | tuple[Situation, ...] = "smooth"
    computed: Callable[[Any], Any] | None = None
    true: exact.Formula | None = None
    noise: float = 0.0
    width: float | None = None
    scale: float = 0.0
    source: str = ""

    def __call__(self, x: Any) -> Any:
        """f in floating point; nan and infinities come without a warning."""
        with np.errstate(all="ignore"):
            return self.formula(np, x) if self.computed is None else self.computed(x)

    @property
    def x(self) -> Any:
        """The point as an array, a new one each time."""
        return np.array(self.point)

    @property
    def situations(self) -> tuple[Situation, ...]:
        """What f is like along each component."""
        return self.situation if isinstance(self.situation, tuple) else (self.situation,) * len(self.point)

    @cached_property
    def truth(self) -> tuple[float, ...]:
        """The true gradient, rounded once; nan where f has no derivative, one-sided at an edge."""
        if self.true is not None:
            return exact.rounded(self.true, self.point)
        return tuple(self._partial(i, situation) for i, situation in enumerate(self.situations))

    def _partial(self, i: int, situation: Situation) -> float:
        if situation in ("kink", "cusp", "jump", "infinite", "nonfinite"):
            return math.nan
        return exact.partial(self.formula, self.point, i)

    def sides(self, i: int) -> tuple[float, float]:
        """The derivatives from below and above along a component that has a kink."""
        return exact.partial(self.formula, self.point, i, -1), exact.partial(self.formula, self.point, i, 1)

    def width_of(self, i: int) -> float:
        """Over which distance in component i the function changes."""
        return self.width or abs(self.point[i]) or 1.0

    def line(self, i: int) -> Callable[[float], float]:
        """f along component i: t -> f(x + t e_i), nan where it raises."""

        def along(t: float) -> float:
            moved = self.x
            moved[i] += t
            try:
                return float(self(moved))
            except (ArithmeticError, ValueError):
                return math.nan

        return along

    @property
    def epsilon(self) -> float:
        """The machine epsilon of the numbers that f returns."""
        dtype = np.asarray(self(self.x)).dtype
        return float(np.finfo(dtype).eps) if dtype.kind == "f" else 2.0**-52


def of_number(formula: Callable[[Any, Any], Any]) -> exact.Formula:
    """A formula of one number as one of a vector with one component."""
    return lambda m, x: formula(m, x[0])


def constant(*slopes: float) -> exact.Formula:
    """A gradient that is known without calculation."""
    return lambda m, x: slopes


class Family:
    """The cases that belong together; each is added by one call."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []

    def one(self, name: str, x: float, formula: Callable[[Any, Any], Any], **more: Any) -> None:
        """A function of one number."""
        computed = more.pop("computed", None)
        if computed is not None:
            more["computed"] = lambda p: computed(p[0])
        if "true" in more:
            more["true"] = constant(more["true"])
        self.cases.append(Case(name, self.name, of_number(formula), (float(x),), **more))

    def many(self, name: str, x: Sequence[float], formula: exact.Formula, **more: Any) -> None:
        """A function of several numbers."""
        self.cases.append(Case(name, self.name, formula, tuple(map(float, x)), **more))
