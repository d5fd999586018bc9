"""A ladder of steps: the values of a black box at ever longer distances to both sides of a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

# Takes a distance along the line and returns the outputs there, a number or a vector; nan where f has no value.
Line = Callable[[float], Any]
# Whether the slopes are known so well that no longer step is needed.
Known = Callable[["Ladder"], bool]

RATIO = math.e**2  # of one step to the next; no power of two, of which f might round every multiple alike
SHORT = 1e-12  # the machine epsilon from which on there is room for shorter strides only
TINY = 1e-150  # a point as near to 0 says nothing of the scale of f
COUNTED = 40  # stairs that are told one from the other
HALVINGS = 6  # of an interval in which f leaps, if it does
MANY = 3  # steps that must tell the same before it is believed


class Ladder:
    """The outputs at ever longer steps to both sides of the point."""

    def __init__(self, line: Line, size: float, epsilon: float, lower: float, upper: float) -> None:
        self.line, self.epsilon = line, epsilon
        # What is next to 0 is taken for 0: the steps would have no digits left.
        self.size = size = float(size) if size > TINY else 0.0
        self.lower, self.upper = lower, upper
        self.calls = 0
        self.base = self._at(0.0)
        # Step, outputs above, outputs below; in the order of the steps.
        self.rungs: list[tuple[float, Any, Any]] = []
        self.first = 0.0
        self.known_leaps: dict[tuple[int, float], bool] = {}
        self.ratio = RATIO if epsilon < SHORT else RATIO / 2
        # x + h and x - h are exact where h is a multiple of this.
        self.grain = 4 * epsilon * 2.0 ** math.floor(math.log2(size)) if size else 0.0

    def _at(self, t: float) -> Any:
        """The outputs at a distance; nan beyond the limits."""
        if not self.lower <= t <= self.upper:
            return np.full_like(self.base, np.nan)
        self.calls += 1
        return np.atleast_1d(np.asarray(self.line(t), float))

    def _rung(self, h: float) -> tuple[float, Any, Any]:
        if self.grain:
            h = max(1, round(h / self.grain)) * self.grain if h < self.grain * 2**50 else h
        return h, self._at(h), self._at(-h)

    def climb(self, known: Known) -> None:
        """From steps so short that rounding hides the slope to such as are as long as the point is far from 0."""
        size = self.size or 1.0
        self.first = h = size * self.epsilon ** (2 / 3 if self.epsilon < SHORT else 3 / 4)
        top = max(size, 1.0) / 2
        while h <= top:
            self.rungs.append(self._rung(h))
            if self._strode():
                self.rungs[-1:-1] = [self._rung(h / self.ratio**i) for i in range(MANY - 1, 0, -1)]
            if self._ended(known):
                return
            # Where nothing moves nothing is learned: longer strides.
            h *= self.ratio ** (MANY if self._still(-1) else 1)

    def _strode(self) -> bool:
        """Whether f began to move within the last stride."""
        return len(self.rungs) > 1 and self._still(-2) and not self._still(-1)

    def descend(self) -> bool:
        """Shorter steps than the first, for what lies nearer to the point than those reach; whether there are any."""
        least = max(self.grain, 1e-300)
        shorter = [self.rungs[0][0] / self.ratio**i for i in range(MANY, 0, -1)] if self.rungs else []
        added = [self._rung(step) for step in shorter if step > least]
        self.rungs[:0] = added
        return bool(added)

    def stepped(self) -> bool:
        """Whether f stands still over the shortest steps and moves over longer ones: in stairs, it may be."""
        return len(self.rungs) > 2 and self._still(0) and self._still(1) and not self._still(-1)

    def fill(self) -> None:
        """Rungs between the longer ones, from the first that moves on."""
        moving = [h for h, above, below in self.rungs if np.any(above != self.base) or np.any(below != self.base)]
        between = [h * factor for h in moving[:-1][: 2 * MANY] for factor in (2.0, 4.0) if 2 * factor <= self.ratio + 1]
        self.rungs = sorted([*self.rungs, *map(self._rung, between)], key=lambda rung: rung[0])

    def leaps(self, i: int, slope: float, last: int) -> bool:
        """Whether an output leaves a slope, which holds up to a rung, in a leap rather than by and by."""
        steps = [0.0, *(h for h, _, _ in self.rungs)]
        key = i, steps[last]
        if key not in self.known_leaps:
            self.known_leaps[key] = self._leaps(i, slope, steps[last], steps[last + 1])
        return self.known_leaps[key]

    def _leaps(self, i: int, slope: float, near: float, far: float) -> bool:
        """The same, of a slope that holds at one step and not at the next: the half that strays more is halved."""
        side = max((1, -1), key=lambda side: abs(self._astray(i, slope, side * far)))
        ends = [(t, self._astray(i, slope, t)) for t in (side * near, side * far)]
        most = change = abs(ends[1][1] - ends[0][1])
        for _ in range(HALVINGS):
            middle = (ends[0][0] + ends[1][0]) / 2
            point = middle, self._astray(i, slope, middle)
            ends = max([ends[0], point], [point, ends[1]], key=lambda pair: abs(pair[1][1] - pair[0][1]))
            change = abs(ends[1][1] - ends[0][1])
            most = max(most, change)
        return change > max(most / 4, 16 * self.epsilon * abs(float(self.base[i])))

    def _astray(self, i: int, slope: float, t: float) -> float:
        """How far an output is from where a slope leads it."""
        return float(self._at(t)[i] - self.base[i]) - slope * t

    def _still(self, k: int) -> bool:
        """Whether f is at a rung what it is at the point."""
        _, above, below = self.rungs[k]
        return bool(np.all(above == self.base) and np.all(below == self.base))

    def _ended(self, known: Known) -> bool:
        """Whether longer steps can tell nothing any more: f has no values there, or the slopes are known well."""
        if len(self.rungs) <= 2 * MANY:
            return False
        return not self._sides(-1) >= self._sides(0) or (len(self.rungs) > 4 * MANY and known(self))

    def _sides(self, k: int) -> set[int]:
        """On which sides any output has a value at a rung."""
        _, above, below = self.rungs[k]
        return {side for side, values in ((1, above), (-1, below)) if np.isfinite(values).any()}

    def output(self, i: int) -> Samples:
        """One output's values."""
        h = [rung[0] for rung in self.rungs]
        return Samples(
            float(self.base[i]),
            h,
            [float(rung[1][i]) for rung in self.rungs],
            [float(rung[2][i]) for rung in self.rungs],
            self.size,
            self.epsilon,
            self.first,
            partial(self.leaps, i),
        )


@dataclass(frozen=True)
class Samples:
    """f at the point, and at the steps h above and below it."""

    base: float
    h: list[float]
    above: list[float]
    below: list[float]
    size: float
    epsilon: float
    first: float  # the step at which the climb began
    leaps: Callable[[float, int], bool]  # whether f leaves a slope after a rung in a leap

    def beyond(self, first: int) -> Samples:
        """The rungs from one on."""
        return replace(self, h=self.h[first:], above=self.above[first:], below=self.below[first:])

    @cached_property
    def reach(self) -> float:
        """How far f moves at most from its value at the point."""
        return max((abs(x - self.base) for x in (*self.above, *self.below) if math.isfinite(x)), default=0.0)

    @cached_property
    def floor(self) -> float:
        """The scatter that rounding alone makes; of an f that stands still at first, by all that it does later."""
        moves = [abs(x - self.base) for x in (*self.above, *self.below) if math.isfinite(x) and x != self.base]
        least = min(moves, default=0.0)
        # Where f first moves by roundings of its own value, it is these that it stood still by.
        hidden = self.still and not 0 < least <= 4 * self.epsilon * abs(self.base)
        seen = max(moves, default=0.0 if self.base else 1.0) if hidden else least
        return self.epsilon / 2 * max(abs(self.base), seen)

    @cached_property
    def still(self) -> bool:
        """Whether the shortest steps do not move f."""
        return self.above[:2] == self.below[:2] == [self.base, self.base]

    @cached_property
    def quantum(self) -> float:
        """The height of the stairs that f goes in: it stands still at first, and then moves by multiples of it."""
        moves = [[abs(x - self.base) for x in side if x != self.base] for side in (self.above, self.below)]
        seen = [x for x in (*moves[0], *moves[1]) if math.isfinite(x)]
        if not self.still or not all(moves) or not seen:
            return 0.0
        for height in (min(seen) / n for n in range(1, 5)):
            few = [x / height for x in seen if x < COUNTED * height]
            if len(few) > MANY and all(abs(n - round(n)) < 0.1 for n in few):
                return height
        return 0.0

    def rounding(self, k: int) -> float:
        """What the values of a rung round by."""
        values = (self.above[k], self.below[k], self.base)
        return self.epsilon / 2 * max(abs(x) for x in values if math.isfinite(x))

    def slope(self, k: int, side: int) -> float:
        """The difference quotient to one side."""
        return ((self.above[k] - self.base) if side > 0 else (self.base - self.below[k])) / self.h[k]

    def central(self, k: int) -> float:
        return (self.above[k] - self.below[k]) / (2 * self.h[k])

    @cached_property
    def bends(self) -> list[float]:
        """The second differences."""
        return [(a - self.base) + (b - self.base) for a, b in zip(self.above, self.below, strict=True)]


def finite(values: Sequence[float]) -> int:
    """How many of the first values are finite."""
    return next((i for i, x in enumerate(values) if not math.isfinite(x)), len(values))
