"""Difference quotients over a ladder of steps, extrapolated to the step 0, each with an error bar."""

from __future__ import annotations

import math
from typing import NamedTuple

from .ladder import Samples, finite

SIGMAS = 3.0  # how many times the scatter a value may be off
ORDERS = 3  # rows of extrapolation
MARGINS = 6, 8  # by which bars are wider than scatter and truncation are estimated
WITNESSES = 2  # shorter steps than the one that an estimate rests on: where scatter would show


class Story(NamedTuple):
    """An estimate with its bar, the step that it rests on, and the last rung that it explains."""

    value: float
    error: float
    step: float
    last: int
    noise: float


class Quotients:
    """Difference quotients by step, whose error is a series in h (one-sided) or h² (central)."""

    def __init__(self, samples: Samples, side: int) -> None:
        self.samples, self.side, self.h = samples, side, samples.h
        values = [samples.central(k) if side == 0 else samples.slope(k, side) for k in range(len(samples.h))]
        self.values = values[: finite(values)]
        self.power = 2 if side == 0 else 1
        self.weight = 1.0 if side == 0 else 2.0  # how much scatter of f a quotient takes in, over h
        self.rows = [self.values]
        for j in range(1, ORDERS + 1):
            self.rows.append(self._extrapolated(j))
        # Asked for at every level of scatter, and the same at each.
        self.rounded = [max(samples.rounding(k), self._argument(k)) for k in range(len(self.values))]
        self.left = [self._left(k) for k in range(len(self.values))]

    def _extrapolated(self, j: int) -> list[float]:
        """Neville's next row: the error's j-th power of h eliminated."""
        last, h, p = self.rows[-1], self.h, self.power
        found = []
        for k in range(len(last) - 1):
            ratio = (h[k + j] / h[k]) ** p
            found.append(last[k] + (last[k] - last[k + 1]) / (ratio - 1))
        return found

    def scatter(self, k: int, noise: float) -> float:
        """How far scatter may move the quotient of a rung."""
        return SIGMAS * self.weight * max(noise, self.rounded[k]) / self.h[k]

    def _argument(self, k: int) -> float:
        """What f's values may be off by because f rounds its argument, in its first operation say."""
        s = self.samples
        steepest = max((abs(x) for x in (s.slope(k, 1), s.slope(k, -1)) if math.isfinite(x)), default=0.0)
        return s.epsilon * s.size * steepest / 4

    def truncation(self, k: int, j: int) -> float:
        """What the last extrapolation changed, which is more than what it left; or all that is left, as it falls."""
        return max(abs(self.rows[j][k] - self.rows[j - 1][k]), self.left[k])

    def _left(self, k: int) -> float:
        """How far off a quotient is whose error falls more slowly than the series says, by the next two."""
        if k + 2 >= len(self.values):
            return 0.0
        near, far = abs(self.values[k + 1] - self.values[k]), abs(self.values[k + 2] - self.values[k + 1])
        falls = far / near if near else 0.0
        regular = (self.h[k + 1] / self.h[k]) ** self.power
        return near / (falls - 1) if regular**0.4 < falls < 0.8 * regular else 0.0

    def agreeing(self, noise: float) -> tuple[int, float, float]:
        """How many rungs from the shortest on have a slope in common at this noise, and within what bounds."""
        low, high, count = -math.inf, math.inf, 0
        for k, centre in enumerate(self.rows[1]):
            bar = self.scatter(k, noise) + self.truncation(k, 1)
            if max(low, centre - bar) > min(high, centre + bar):
                break
            low, high, count = max(low, centre - bar), min(high, centre + bar), k + 1
        return count, low, high

    def story(self, noise: float, limit: int) -> Story | None:
        """The narrowest estimate from the rungs that agree at this noise, of which there are at most `limit`."""
        count, low, high = self.agreeing(noise)
        count = min(count, limit)
        if count < 2:
            return None
        found = self._narrowest(noise, count, low, high)
        if found is None:
            return None
        # The argument is rounded too, in the first operation of f if not before.
        inside = self.samples.epsilon * self.samples.size * abs(found.value) / 8
        scatter = max(noise, inside, self._residual(found, count))
        return self._narrowest(scatter, count, low, high) or found

    def _narrowest(self, noise: float, count: int, low: float, high: float) -> Story | None:
        """The estimate with the narrowest bar, as long as none of a longer step contradicts those of shorter ones."""
        best: Story | None = None
        for k in range(count):
            scatter = self.scatter(k, noise)
            j = min(range(1, min(ORDERS, count - k) + 1), key=lambda j: self.truncation(k, j))
            value, error = self.rows[j][k], scatter + self.truncation(k, j)
            if max(low, value - error) > min(high, value + error):
                break
            low, high = max(low, value - error), min(high, value + error)
            bar = MARGINS[0] * scatter + MARGINS[1] * self.truncation(k, j)
            if (k >= WITNESSES or count <= WITNESSES) and (best is None or bar <= best.error):
                best = Story(value, bar, self.h[k], count, noise)
        return best

    def _residual(self, found: Story, count: int) -> float:
        """The scatter that is seen: of the shorter steps, where nothing else moves the quotients."""
        return max((self._off(k, found.value) for k in range(count) if self._is_scatter(k, found)), default=0.0)

    def _off(self, k: int, value: float) -> float:
        """What f would have to be off by to make the quotient of a rung what it is."""
        return abs(self.values[k] - value) * self.h[k] / self.weight

    def _is_scatter(self, k: int, found: Story) -> bool:
        """Whether the step is so short that the bend of f does not show beside the scatter."""
        growth = (self.h[k + 1] / self.h[k]) ** self.power
        return self.h[k] <= found.step and self.truncation(k, 1) * growth < self.scatter(k, found.noise)
