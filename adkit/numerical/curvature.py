"""Second derivatives from f's values alone: second differences on the scale that the values support."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AdkitError
from ..tracing import plain
from . import limits
from .limits import Limits
from .steps import check, epsilon_of, step_sizes
from .surroundings import NO_VALUE, Axis, Function, Place, Surroundings, components, number

# Where to look in steps of h, and with which weights: for the first derivative times h, and the second times h^2, from
# both sides and from one.
FIRST = {True: {1: 0.5, -1: -0.5}, False: {0: -1.5, 1: 2.0, 2: -0.5}}
SECOND = {True: {1: 1.0, 0: -2.0, -1: 1.0}, False: {0: 2.0, 1: -5.0, 2: 4.0, 3: -1.0}}


class _Side:
    """One component: how it is moved for second differences on a scale."""

    def __init__(self, axis: Axis, h: float) -> None:
        self.where = axis.where
        self.both = axis.fits(h) and axis.fits(-h)
        sign = 1 if self.both or axis.room(1) >= axis.room(-1) else -1
        while not self.both and h and not axis.fits(3 * sign * h):
            h = min(h / 2, axis.room(sign) / 3)
        self.h = axis.reach(sign * h)

    def move(self, k: int) -> tuple[int, Place, float]:
        return (*self.where, k * self.h)


class _Differences:
    """Second differences of f around a point; f's values are not kept."""

    def __init__(self, f: Function, leaves: Sequence[Any], step: float | None, bounds: Limits | None) -> None:
        self.near = Surroundings(f, leaves)
        self.base: Any = self.near.at()
        self.sides: list[list[_Side]] = []
        for i, place in components(leaves):
            axis = Axis(self.near, self.base, i, place, *limits.at(bounds, i, place))
            steps = step_sizes(axis.x, "second", step, self.base)
            self.sides.append([_Side(axis, h) for h in steps])
        self.base = number(self.base)
        self.epsilon = epsilon_of(*leaves, self.base) if self.sides else 0.0

    def at(self, a: int, b: int) -> Any:
        """The second derivative by two components: from the longer steps where the shorter ones bear them out."""
        longer, _ = self._on(0, a, b)
        if len(self.sides[a]) == len(self.sides[b]) == 1:
            return longer
        shorter, rounding = self._on(-1, a, b)
        off = np.abs(plain(longer) - plain(shorter))
        trusted = np.isfinite(plain(longer)) & ((off <= rounding) | ~np.isfinite(plain(shorter)))
        return longer if np.all(trusted) else shorter

    def _on(self, scale: int, a: int, b: int) -> tuple[Any, float]:
        """A second difference, and how far rounding may have it off."""
        p, q = self.sides[a][scale], self.sides[b][scale]
        if a == b:
            points = [(w, (p.move(k),) if k else ()) for k, w in SECOND[p.both].items()]
        else:
            points = [
                (v * w, ((p.move(k),) if k else ()) + ((q.move(j),) if j else ()))
                for k, v in FIRST[p.both].items()
                for j, w in FIRST[q.both].items()
            ]
        values = [(w, self._value(moves)) for w, moves in points]
        size = sum(abs(w) * abs(float(plain(value))) for w, value in values)
        area = p.h * q.h
        return sum(w * value for w, value in values) / area, 4 * self.epsilon * size / abs(area)

    def _value(self, moves: tuple[Any, ...]) -> Any:
        """f with components moved; nan where it has no value."""
        try:
            return number(self.near.at(*moves)) if moves else self.base
        except NO_VALUE as error:
            if isinstance(error, AdkitError):
                raise
            return np.nan


def hessian(
    f: Function, leaves: Sequence[Any], step: float | None = None, bounds: Limits | None = None
) -> list[list[Any]]:
    """Second differences of f alone: block [i][j] in the shape leaf_i.shape + leaf_j.shape."""
    check("central", step)
    differences = _Differences(f, leaves, step, bounds)
    count = len(differences.sides)
    with np.errstate(all="ignore"):
        lower = [[differences.at(a, b) for b in range(a + 1)] for a in range(count)]
    rows = [[lower[max(a, b)][min(a, b)] for b in range(count)] for a in range(count)]
    return _in_blocks(rows, leaves)


def _in_blocks(rows: list[list[Any]], leaves: Sequence[Any]) -> list[list[Any]]:
    """A square matrix over all components, cut into blocks of shape leaf_i.shape + leaf_j.shape."""
    shapes = [np.shape(plain(leaf)) for leaf in leaves]
    ends = [0, *np.cumsum([math.prod(shape) for shape in shapes])]
    return [
        [
            _block(
                [x for row in rows[ends[i] : ends[i + 1]] for x in row[ends[j] : ends[j + 1]]], shapes[i] + shapes[j]
            )
            for j in range(len(leaves))
        ]
        for i in range(len(leaves))
    ]


def _block(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    return np.reshape(np.stack(numbers), shape) if numbers else np.zeros(shape)
