"""The derivative of a black box along a line, with an error bar, from its values on a ladder of steps.

The ladder is climbed from steps that are tiny beside the point: what is near to the point (a kink, a pole, the edge of
the domain, another period) then ends the climb, and cannot be mistaken for the slope. Three questions are asked of the
values: how much they scatter (the least scatter that lets the shortest steps tell one story), which story it is (a
slope, two one-sided slopes, an infinite one, a jump), and which extrapolation of it has the narrowest bar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

Status = Literal["ok", "kink", "cusp", "jump", "noisy", "edge", "nonfinite", "unresolved"]
# Takes a distance along the line and returns the outputs there, a number or a vector; nan where f has no value.
Line = Callable[[float], Any]
Numbers = Sequence[float]

EPSILON = 2.0**-52
RATIO = 8.0  # of one step to the next; a power of two, so that x + h is exact
SHORT = 1e-12  # the machine epsilon from which on there is room for shorter strides only
SIGMAS = 3.0  # how many times the scatter a value may be off
ORDERS = 3  # rows of extrapolation
MARGIN = 2  # by which bars are wider than estimated
MANY = 3  # steps that must tell the same story before it is believed
WITNESSES = 2  # shorter steps than the one that an estimate rests on: where scatter would show
DESCENTS = 2  # how many times shorter steps are asked for
RIPPLE = 1e-4  # of what f does, at most: a ripple
CONVERGED = 1e-11  # a relative error that longer steps need not improve
CRAMPED = 1e-8  # a relative error that shorter steps may improve, where the estimate rests on the shortest
RESOLVED = 0.02  # the widest bar, relative to the slopes that were seen, that a story may end with
SCATTER = 1e3  # how many roundings of f count as noise


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
        alternative: where f has a ripple (rounding to a few digits is one), its slope over steps within the ripple is
            not that over longer ones: of the two, the one that is not `value`. Else nan.
        alternative_error: the bar of the alternative.
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
    alternative: float = math.nan
    alternative_error: float = math.nan


def slopes(
    line: Line, size: float, epsilon: float = EPSILON, *, lower: float = -math.inf, upper: float = math.inf
) -> list[Slope]:
    """One `Slope` per output of a line through the point, which is at t = 0.

    Args:
        line: t -> the outputs at the point moved by t; nan where f has none.
        size: |x| of the component that moves (0 is allowed), or 1 for a direction scaled to the point.
        epsilon: the machine epsilon of the numbers that f computes with.
        lower: how far down t may go (at most 0).
        upper: how far up t may go (at least 0).
    """
    ladder = Ladder(line, size, epsilon, lower, upper)
    ladder.climb()
    found = ladder.judged()
    if ladder.stepped():
        ladder.fill()
        found = ladder.judged()
    for _ in range(DESCENTS):
        if all(map(ladder.settled, found)) or not ladder.descend():
            break
        # A kink that is still one is seen best from further away.
        pairs = zip(found, ladder.judged(), strict=True)
        found = [old if old.status == new.status == "kink" else new for old, new in pairs]
    return [replace(slope, calls=ladder.calls) for slope in found]


class Ladder:
    """The outputs at ever longer steps to both sides of the point."""

    def __init__(self, line: Line, size: float, epsilon: float, lower: float, upper: float) -> None:
        self.line, self.size, self.epsilon = line, size, epsilon
        self.lower, self.upper = lower, upper
        self.calls = 0
        self.base = self._at(0.0)
        # Step, outputs above, outputs below; in the order of the steps.
        self.rungs: list[tuple[float, Any, Any]] = []
        self.first = 0.0
        # About 0 every step is exact, and powers of two would all be rounded alike.
        self.ratio = (RATIO if epsilon < SHORT else RATIO / 2) - (not size)

    def _at(self, t: float) -> Any:
        """The outputs at a distance; nan beyond the limits."""
        if not self.lower <= t <= self.upper:
            return np.full_like(self.base, np.nan)
        self.calls += 1
        return np.atleast_1d(np.asarray(self.line(t), float))

    def _rung(self, h: float) -> tuple[float, Any, Any]:
        return h, self._at(h), self._at(-h)

    def climb(self) -> None:
        """From steps so short that rounding hides the slope to such as are as long as the point is far from 0."""
        size = self.size or 1.0
        self.first = h = _power_of_two(size * self.epsilon ** (2 / 3 if self.epsilon < SHORT else 3 / 4))
        top = max(size, 1.0) / 2
        while h <= top:
            self.rungs.append(self._rung(h))
            if self._strode():
                self.rungs[-1:-1] = [self._rung(h / self.ratio**i) for i in range(MANY - 1, 0, -1)]
            if self._ended():
                return
            # Where nothing moves nothing is learned: longer strides.
            h *= self.ratio ** (MANY if self._still(-1) else 1)

    def _strode(self) -> bool:
        """Whether f began to move within the last stride."""
        return len(self.rungs) > 1 and self._still(-2) and not self._still(-1)

    def descend(self) -> bool:
        """Shorter steps than the first, for what lies nearer to the point than those reach; whether there are any."""
        least = max(2 * self.epsilon * self.size, 1e-300)
        shorter = [self.rungs[0][0] / self.ratio**i for i in range(MANY, 0, -1)] if self.rungs else []
        added = [self._rung(step) for step in shorter if step > least]
        self.rungs[:0] = added
        return bool(added)

    def settled(self, slope: Slope) -> bool:
        """Whether shorter steps would tell nothing more."""
        if slope.status == "ok" and len(self.rungs) > WITNESSES:
            return slope.step > self.rungs[WITNESSES][0] or slope.error <= CRAMPED * abs(slope.value)
        return slope.status in ("ok", "edge", "nonfinite")

    def stepped(self) -> bool:
        """Whether f stands still over the shortest steps and moves over longer ones: in stairs, it may be."""
        return len(self.rungs) > 2 and self._still(0) and self._still(1) and not self._still(-1)

    def fill(self) -> None:
        """Rungs between the longer ones, from the first that moves on."""
        moving = [h for h, above, below in self.rungs if np.any(above != self.base) or np.any(below != self.base)]
        between = [h * factor for h in moving[:-1][: 2 * MANY] for factor in (2.0, 4.0) if 2 * factor <= self.ratio + 1]
        self.rungs = sorted([*self.rungs, *map(self._rung, between)], key=lambda rung: rung[0])

    def _still(self, k: int) -> bool:
        """Whether f is at a rung what it is at the point."""
        _, above, below = self.rungs[k]
        return bool(np.all(above == self.base) and np.all(below == self.base))

    def _ended(self) -> bool:
        """Whether longer steps can tell nothing any more: f has no values there, or the slopes are known well."""
        if len(self.rungs) <= 2 * MANY:
            return False
        if not self._sides(-1) >= self._sides(0):
            return True
        if len(self.rungs) <= 4 * MANY:
            return False
        found = self.judged()
        return all(slope.status == "ok" and slope.error <= CONVERGED * abs(slope.value) for slope in found)

    def _sides(self, k: int) -> set[int]:
        """On which sides any output has a value at a rung."""
        _, above, below = self.rungs[k]
        return {side for side, values in ((1, above), (-1, below)) if np.isfinite(values).any()}

    def _output(self, i: int) -> Samples:
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
        )

    def judged(self) -> list[Slope]:
        return [judge(self._output(i)) for i in range(self.base.size)]


def _power_of_two(x: float) -> float:
    return 2.0 ** math.floor(math.log2(max(x, 1e-300)))


class Samples(NamedTuple):
    """f at the point, and at the steps h above and below it."""

    base: float
    h: list[float]
    above: list[float]
    below: list[float]
    size: float
    epsilon: float
    first: float  # the step at which the climb began

    def beyond(self, first: int) -> Samples:
        """The rungs from one on."""
        return self._replace(h=self.h[first:], above=self.above[first:], below=self.below[first:])

    @property
    def floor(self) -> float:
        """The scatter that rounding alone makes; of an f that stands still at first, by all that it does later."""
        moves = [abs(x - self.base) for x in (*self.above, *self.below) if math.isfinite(x) and x != self.base]
        seen = max(moves, default=0.0 if self.base else 1.0) if self.still else min(moves, default=0.0)
        return self.epsilon / 2 * max(abs(self.base), seen)

    @property
    def still(self) -> bool:
        """Whether the shortest steps do not move f."""
        return self.above[:2] == self.below[:2] == [self.base, self.base]

    @property
    def quantum(self) -> float:
        """The height of the stairs that f goes in: it stands still at first, and then moves by multiples of it."""
        moves = [(abs(a - self.base), abs(b - self.base)) for a, b in zip(self.above, self.below, strict=True)]
        first = next((k for k, pair in enumerate(moves) if any(pair)), len(moves))
        seen = [x for pair in moves[first : first + 3] for x in pair if x and math.isfinite(x)]
        both = all(any(side) for side in zip(*moves[first : first + 3], strict=True))
        if first < 2 or len(seen) < 3 or not both:
            return 0.0
        for height in (min(seen) / n for n in range(1, 5)):
            few = [x / height for x in seen if x < 40 * height]
            if len(few) >= 3 and all(abs(n - round(n)) < 0.1 for n in few):
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

    def bend(self, k: int) -> float:
        """The second difference."""
        return (self.above[k] - self.base) + (self.below[k] - self.base)


class Story(NamedTuple):
    """An estimate with its bar, the step that it rests on, and the last rung that it explains."""

    value: float
    error: float
    step: float
    last: int
    noise: float


def _finite(values: Numbers) -> int:
    """How many of the first values are finite."""
    return next((i for i, x in enumerate(values) if not math.isfinite(x)), len(values))


# -- one sequence of difference quotients --------------------------------------------------------
class Quotients:
    """Difference quotients by step, whose error is a series in h (one-sided) or h² (central)."""

    def __init__(self, samples: Samples, side: int) -> None:
        self.samples, self.side, self.h = samples, side, samples.h
        values = [samples.central(k) if side == 0 else samples.slope(k, side) for k in range(len(samples.h))]
        self.values = values[: _finite(values)]
        self.power = 2 if side == 0 else 1
        self.weight = 1.0 if side == 0 else 2.0  # how much scatter of f a quotient takes in, over h
        self.rows = [self.values]
        for j in range(1, ORDERS + 1):
            self.rows.append(self._extrapolated(j))

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
        return SIGMAS * self.weight * (noise + self.samples.rounding(k)) / self.h[k]

    def truncation(self, k: int, j: int) -> float:
        """What the last extrapolation changed, which is more than what it left; or all that is left, as it falls."""
        return max(abs(self.rows[j][k] - self.rows[j - 1][k]), self._left(k))

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
            value, error = min(self._estimates(k, noise, count), key=lambda pair: pair[1])
            if max(low, value - error) > min(high, value + error):
                break
            low, high = max(low, value - error), min(high, value + error)
            if (k >= WITNESSES or count <= WITNESSES) and (best is None or error <= best.error):
                best = Story(value, error, self.h[k], count, noise)
        return best and best._replace(error=MARGIN * best.error)

    def _estimates(self, k: int, noise: float, count: int) -> Iterator[tuple[float, float]]:
        """The extrapolations that start at a rung, each with its bar."""
        for j in range(1, min(ORDERS, count - k) + 1):
            yield self.rows[j][k], self.scatter(k, noise) + self.truncation(k, j)

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


# -- which story ---------------------------------------------------------------------------------
def judge(samples: Samples) -> Slope:
    """The story that the values tell with the least scatter."""
    if not math.isfinite(samples.base) or not samples.h:
        return _nothing(samples, "nonfinite")
    sides = [side for side, values in ((1, samples.above), (-1, samples.below)) if _finite(values[:2]) == 2]
    if not sides:
        return _nothing(samples, "nonfinite")
    if len(sides) == 1:
        return _one_sided(samples, sides[0])
    return _two_sided(samples)


def _levels(samples: Samples) -> Iterator[float]:
    """Levels of scatter to try, from rounding up."""
    moves = [abs(x - samples.base) for x in (*samples.above, *samples.below) if math.isfinite(x)]
    level, most = max(samples.floor, samples.quantum / 2), max(moves, default=0.0)
    yield level
    if not level:
        return
    while level < most / 4:
        level *= 4
        yield level


def _two_sided(samples: Samples) -> Slope:
    central, right, left = (Quotients(samples, side) for side in (0, 1, -1))
    fallback: Story | None = None
    for noise in _levels(samples):
        story = central.story(noise, _smooth(samples, noise))
        sides = _sides(samples, right, left, noise)
        if story is not None and _believed(story, samples, noise):
            if sides is not None and sides.status == "kink" and 64 * story.error > abs(sides.right - sides.left):
                return sides  # the bends that end the story are those of a small kink
            return _rippled(samples, story) or _smooth_slope(samples, story)
        if story is not None and (fallback is None or story.error < fallback.error):
            fallback = story
        found = sides or _jump(samples, noise) or _cusp(samples, noise)
        if found is not None:
            return found
    if fallback is None:
        return _nothing(samples, "unresolved")
    found = _rippled(samples, fallback) or _smooth_slope(samples, fallback)
    return found if found.status == "noisy" and fallback.last >= MANY else replace(found, status="unresolved")


def _rippled(samples: Samples, story: Story) -> Slope | None:
    """What longer steps tell, where that is another slope and the ripple between the two is small beside what f does.

    A ripple as low as f rounds is rounding. A higher one may be meant, and is meant if it is there at many steps.
    """
    tail = samples.beyond(story.last)
    if len(tail.h) <= MANY:
        return None
    central = Quotients(tail, 0)
    moved = max((abs(x - samples.base) for x in (*tail.above, *tail.below) if math.isfinite(x)), default=0.0)
    for noise in _levels(tail):
        if noise > RIPPLE * moved:
            return None
        wide = central.story(noise, _smooth(tail, noise))
        if wide is None or wide.last < MANY or wide.error > RESOLVED * max(abs(wide.value), _steepness(tail, wide)):
            continue
        if abs(wide.value - story.value) <= wide.error + story.error:
            continue
        found = _smooth_slope(tail, wide)
        meant = sum(h >= samples.first for h in samples.h[: story.last]) > MANY and not samples.still
        if found.status == "noisy" and meant:
            return replace(_smooth_slope(samples, story), alternative=wide.value, alternative_error=wide.error)
        return replace(found, alternative=story.value, alternative_error=story.error)
    return None


def _smooth(samples: Samples, noise: float) -> int:
    """How many rungs from the shortest on bend as a smooth function does: second differences that vanish as h²."""
    bends = [samples.bend(k) for k in range(_finite([samples.bend(k) for k in range(len(samples.h))]))]
    h = samples.h
    for k in range(len(bends) - 1):
        allowed = 4 * SIGMAS * (noise + samples.rounding(k))
        longer = [abs(bends[i]) * (h[k] / h[i]) ** 1.8 for i in range(k + 1, min(k + 3, len(bends)))]
        if abs(bends[k]) > allowed + max(longer):
            return k
    return len(bends)


def _believed(story: Story, samples: Samples, noise: float) -> bool:
    """Whether enough steps tell the story, and it says something."""
    enough = story.last >= MANY or noise <= 4 * samples.floor
    witnessed = samples.h.index(story.step) >= WITNESSES
    steep = max(abs(story.value), _steepness(samples, story))
    allowed = max(RESOLVED * steep, 1e-6 * abs(samples.base) / max(samples.size, 1.0))
    return enough and witnessed and (story.error <= allowed or (samples.still and story.value == 0))


def _steepness(samples: Samples, story: Story) -> float:
    """The slopes seen about the step of a story and beyond."""
    first = samples.h.index(story.step)
    return _steepest(samples, first, min(story.last + 2, len(samples.h)))


def _steepest(samples: Samples, first: int, last: int) -> float:
    found = [abs(samples.slope(k, side)) for k in range(first, last) for side in (1, -1)]
    return max((x for x in found if math.isfinite(x)), default=0.0)


def _smooth_slope(samples: Samples, story: Story) -> Slope:
    moved = [abs(x - samples.base) for k in range(story.last) for x in (samples.above[k], samples.below[k])]
    reach = max([abs(samples.base), samples.size * abs(story.value), *(x for x in moved if math.isfinite(x))])
    noisy = story.noise > SCATTER * max(samples.epsilon * reach, 2 * samples.floor)
    status: Status = "noisy" if noisy else "ok"
    found = _slope(samples, story, status, story.value, story.value)
    return replace(found, alternative=0.0, alternative_error=0.0) if noisy and samples.quantum else found


def _slope(samples: Samples, story: Story, status: Status, left: float, right: float) -> Slope:
    steep = _steepness(samples, story)
    return Slope(story.value, story.error, story.noise, story.step, 0, status, left, right, steep)


def _nothing(samples: Samples, status: Status) -> Slope:
    steep = _steepest(samples, 0, len(samples.h))
    return Slope(math.nan, math.inf, math.nan, math.nan, 0, status, math.nan, math.nan, steep)


def _sides(samples: Samples, right: Quotients, left: Quotients, noise: float) -> Slope | None:
    """The slopes to both sides, where each is known: a kink if they differ, else a slope of an f that bends sharply."""
    above, below = (quotients.story(noise, len(samples.h)) for quotients in (right, left))
    if above is None or below is None or not all(_believed(side, samples, noise) for side in (above, below)):
        return None
    gap, bars = abs(above.value - below.value), above.error + below.error
    if bars > RESOLVED * max(abs(above.value), abs(below.value), gap, _steepness(samples, above)):
        return None
    is_kink = gap > 2 * bars
    story = Story(
        (above.value + below.value) / 2,
        gap / 2 + max(above.error, below.error),
        max(above.step, below.step),
        min(above.last, below.last),
        max(above.noise, below.noise),
    )
    if not is_kink:
        return _smooth_slope(samples, story)
    return _slope(samples, story, "kink", below.value, above.value)


def _powers(samples: Samples, side: int, noise: float) -> list[float]:
    """With which power of h f moves away from its value at the point, rung by rung, where that is above the scatter."""
    values = samples.above if side > 0 else samples.below
    moves = [x - samples.base for x in values[: _finite(values)]]
    found: list[float] = []
    for k in range(len(moves) - 1):
        clear = min(abs(moves[k]), abs(moves[k + 1])) > 10 * SIGMAS * (noise + samples.rounding(k))
        if not clear or (moves[k] < 0) != (moves[k + 1] < 0):
            break
        grown = math.log(abs(moves[k + 1])) - math.log(abs(moves[k]))
        found.append(grown / math.log(samples.h[k + 1] / samples.h[k]))
    return found


def _jump(samples: Samples, noise: float) -> Slope | None:
    """Values that keep away from that at the point, however short the step."""
    for side in (1, -1):
        powers = _powers(samples, side, noise)[:MANY]
        if len(powers) == MANY and all(abs(p) < 0.02 for p in powers):
            return replace(_nothing(samples, "jump"), noise=noise)
    return None


def _cusp(samples: Samples, noise: float) -> Slope | None:
    """Values that move with a power of h below 1: an infinite slope to one side at least."""
    found = {}
    for side in (1, -1):
        powers = _powers(samples, side, noise)[: MANY + 1]
        steady = len(powers) > MANY and max(powers) - min(powers) < 0.1
        if steady and 0.02 <= powers[0] < 0.9:
            found[side] = math.copysign(math.inf, samples.slope(0, side))
    if not found:
        return None
    left, right = found.get(-1, math.nan), found.get(1, math.nan)
    value = left if left == right else math.nan
    return replace(_nothing(samples, "cusp"), noise=noise, value=value, left=left, right=right)


def _one_sided(samples: Samples, side: int) -> Slope:
    """The slope to the one side on which f has values."""
    quotients = Quotients(samples, side)
    for noise in _levels(samples):
        story = quotients.story(noise, len(samples.h))
        if story is not None and _believed(story, samples, noise):
            found = _slope(samples, story, "edge", math.nan, math.nan)
            return replace(found, right=story.value) if side > 0 else replace(found, left=story.value)
        powers = _powers(samples, side, noise)[: MANY + 1]
        if len(powers) > MANY and max(powers) - min(powers) < 0.1 and 0.02 <= powers[0] < 0.9:
            value = math.copysign(math.inf, samples.slope(0, side))
            found = replace(_nothing(samples, "edge"), value=value, error=0.0, noise=noise, step=samples.h[0])
            return replace(found, right=value) if side > 0 else replace(found, left=value)
    return _nothing(samples, "unresolved")
