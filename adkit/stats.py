"""What samples say: intervals of ratios, stability, differences of runs, growth, crossovers; NumPy only, seeded."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

RESAMPLED = 2000
# The resampled medians of so few samples scatter too little: by Student's t over the normal, and n over n - 1.
_WIDER = {2: 9.17, 3: 2.69, 4: 1.87}
# One sample says nothing of its scatter: within a run the next one is hardly ever twice as long, or half.
_OF_ONE = math.log(2) / 1.96

# When timings deserve a warning: scatter and outliers relative to the mean and the median, seconds, counts.
SCATTERED, OUTLYING, SHORT, FEW, LOADED = 0.1, 0.5, 1e-3, 5, 1.0
# A slope that changes by less than this over the sizes is one slope.
STRAIGHT = 0.05
# Powers between which one is looked for above an overhead, and how well it has to be known.
POWERS, VAGUE = (0.05, 6.0), 0.5

_MOST_DECADES = 50

Vector = np.ndarray[Any, np.dtype[np.float64]]
Cheaper = Literal["a", "b", ""]


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def straddles_one(self) -> bool:
        """Whether a ratio cannot be told from 1."""
        return self.low <= 1 <= self.high


@dataclass(frozen=True)
class Growth:
    """y grows as x to the power `slope`, plus or minus `error` (95 %), fitted to `n` sizes from `start` on.

    That is above a fixed `overhead`, where one shows.
    """

    slope: float
    error: float
    n: int
    start: float
    overhead: float = 0.0


@dataclass(frozen=True)
class Crossing:
    """Which of two is cheaper, `first` at small sizes and `last` at large ones; "" where no difference shows.

    Where they differ, `estimate` is the size at which it changes, `low` and `high` its 95 % interval; `times` counts
    the changes, of which this is the last.
    """

    first: Cheaper
    last: Cheaper
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    times: int = 0


# -- ratios ----------------------------------------------------------------------------------------
def ratio(a: Sequence[float], b: Sequence[float], seed: int = 0) -> Interval:
    """The ratio of the medians, with its bootstrap interval; samples of the same rounds are drawn together."""
    return _interval(_log_ratio(a, b), _ratio_draws(a, b, seed))


def difference(before: Sequence[float], after: Sequence[float], seed: int = 0) -> Interval:
    """How many times as long it takes after as before: runs of their own, so nothing is drawn together."""
    return _interval(_log_ratio(after, before), _draws(after, seed + 1) - _draws(before, seed))


def relative_difference(
    before: tuple[Sequence[float], Sequence[float]], after: tuple[Sequence[float], Sequence[float]], seed: int = 0
) -> Interval:
    """The same of ratios, each within its own run: what machines of different speed can be compared by."""
    value = _log_ratio(*after) - _log_ratio(*before)
    return _interval(value, _ratio_draws(*after, seed + 1) - _ratio_draws(*before, seed))


def spread(samples: Sequence[float]) -> float:
    """The distance of the quartiles."""
    low, high = np.quantile(np.asarray(samples, float), (0.25, 0.75))
    return float(high - low)


def _interval(value: float, draws: Vector) -> Interval:
    low, high = np.exp(np.quantile(draws, (0.025, 0.975)))
    return Interval(math.exp(value), float(low), float(high))


def _log_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    return math.log(np.median(a) / np.median(b))


def _draws(samples: Sequence[float], seed: int) -> Vector:
    """Logarithms of resampled medians."""
    return _medians(tuple(samples), len(samples), seed)


def _ratio_draws(a: Sequence[float], b: Sequence[float], seed: int) -> Vector:
    """Logarithms of ratios of resampled medians; what is slow has fewer rounds, the first of the quick one's."""
    together = min(len(a), len(b))
    # What is timed once scatters by itself.
    return _medians(tuple(a), together, seed) - _medians(tuple(b), together, seed, apart=len(b) == 1)


# In a sweep each method meets every other, on the same draws.
@functools.lru_cache(maxsize=512)
def _medians(samples: tuple[float, ...], together: int, seed: int, apart: bool = False) -> Vector:
    """Logarithms of resampled medians; the first rounds are drawn as another's are, the rest by themselves."""
    logs = np.log(np.asarray(samples, float))
    rest = together + _indices(len(logs) - together, seed + 1)
    draws = np.median(logs[np.hstack([_indices(together, seed), rest])], axis=1)
    return _widened(draws, logs, [seed, int(apart)])


@functools.lru_cache(maxsize=16)
def _indices(n: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Which of n samples are drawn."""
    return np.random.default_rng([seed, n]).integers(0, max(n, 1), (RESAMPLED, n))


def _widened(draws: Vector, logs: Vector, seed: list[int]) -> Vector:
    """Draws that scatter as they should where there are few samples."""
    if len(logs) == 1:
        return draws + _OF_ONE * np.random.default_rng(seed).standard_normal(RESAMPLED)
    center = np.median(logs)
    wide = center + _WIDER.get(len(logs), 1.0) * (draws - center)
    return np.clip(wide, np.min(logs) - math.log(2), np.max(logs) + math.log(2))


# -- stability -------------------------------------------------------------------------------------
def stability(samples: Sequence[float], loops: int, load: float | None = None) -> str:
    """Why timings are not to be relied on, in a few words; "" where nothing is wrong.

    `samples` are seconds per call, each the mean of `loops` calls; `load` is the machine's load average per core.
    """
    x = np.asarray(samples, float)
    middle = float(np.median(x))
    scatter = float(np.std(x, ddof=1) / np.mean(x)) if len(x) > 1 else 0.0
    said = [
        f"standard deviation {scatter:.0%} of the mean" if scatter > SCATTERED else "",
        f"slowest round {np.max(x) / middle:.1f} × the median" if np.max(x) > (1 + OUTLYING) * middle else "",
        f"fastest round {np.min(x) / middle:.1f} × the median" if np.min(x) < (1 - OUTLYING) * middle else "",
        f"rounds of only {middle * loops * 1e6:.0f} µs" if middle * loops < SHORT else "",
        f"only {len(x)} round{'s' * (len(x) != 1)}" if len(x) < FEW else "",
        f"load average {load:.1f} per core" if load is not None and load > LOADED else "",
    ]
    return "; ".join(filter(None, said))


# -- growth ----------------------------------------------------------------------------------------
def growth(x: Sequence[float], y: Sequence[float]) -> Growth | None:
    """The slope of log y over log x, above a fixed overhead where the curve bends; None for fewer than two sizes.

    Where the overhead hides the growth so far that its power cannot be told, the slope is that of the largest sizes,
    from where the curve is straight, three at least.
    """
    points = np.array(sorted((a, b) for a, b in zip(x, y, strict=True) if a > 0 and b > 0), float).reshape(-1, 2)
    u, v = np.log(points).T
    if len(np.unique(u)) < 2:
        return None
    # Beyond that, squares of relative numbers overflow: an expression written out has more nodes than that.
    fits = len(np.unique(u)) > 3 and np.ptp(v) < _MOST_DECADES * math.log(10)
    if fits and (found := _above_overhead(points[:, 0], points[:, 1], _bends_up(u, v))).error <= VAGUE:
        return found
    while len(np.unique(u)) > 3 and _bends_up(u, v):
        u, v = u[u > u[0]], v[u > u[0]]
    return Growth(*_line(u, v), len(u), float(points[-len(u), 0]))


def _above_overhead(x: Vector, y: Vector, bends: bool) -> Growth:
    """The power p for which c + a x**p is closest to y, in relative terms: for each p, c and a are linear.

    Where that is not what the points lie on, no overhead c shows, or what grows does not show beside it at three
    sizes, p is not known: its error is infinite.
    """
    z, ones = x / x[-1], 1 / y
    low, high = POWERS
    for _ in range(8):
        powers = np.linspace(low, high, 41)
        low, high = powers[np.clip(np.argmin(_misfit(ones, z, powers)[0]) + np.array([-1, 1]), 0, 40)]
    p = float((low + high) / 2)
    misfit, c, a = (float(part[0]) for part in _misfit(ones, z, np.array([p])))
    jacobian = np.column_stack([ones, ones * z**p, a * ones * z**p * np.log(z)])
    free = len(x) - 3
    variance = misfit / free * np.diag(np.linalg.pinv(jacobian.T @ jacobian))
    scatter = _student(free) * np.sqrt(np.maximum(variance, 0))
    fits = 1.01 * POWERS[0] < p < 0.99 * POWERS[1] and misfit < SCATTERED**2 * free
    # An overhead is what one expects; what counts from the second step on has the opposite of one, exactly.
    fixed = c > (0 if bends else scatter[0]) or c < -3 * scatter[0]
    shows = fixed and a * z[-3] ** p > STRAIGHT * abs(c) and fits
    return Growth(p, float(scatter[2]) if shows else math.inf, len(x), float(x[0]), c)


def _misfit(ones: Vector, z: Vector, powers: Vector) -> tuple[Vector, Vector, Vector]:
    """For each power the sum of squares, c and a."""
    b = ones * z ** powers[:, None]
    aa, ab, bb, a1, b1 = ones @ ones, b @ ones, np.sum(b * b, axis=1), ones.sum(), b.sum(axis=1)
    determinant = aa * bb - ab * ab
    c, a = (a1 * bb - b1 * ab) / determinant, (aa * b1 - ab * a1) / determinant
    return np.sum((c[:, None] * ones + a[:, None] * b - 1) ** 2, axis=1), c, a


def _line(u: Vector, v: Vector) -> tuple[float, float]:
    """The slope and half its 95 % interval; that of two points is not known."""
    du = u - u.mean()
    slope = float(du @ v / (du @ du))
    free = len(u) - 2
    if free < 1:
        return slope, math.inf
    residual = v - v.mean() - slope * du
    return slope, _student(free) * math.sqrt(float(residual @ residual) / free / float(du @ du))


def _bends_up(u: Vector, v: Vector) -> bool:
    """Whether the slope rises over the sizes, by enough to matter and more than scatter would have it."""
    design = np.vander((u - u.mean()) / np.ptp(u), 3)
    solution = np.linalg.lstsq(design, v, rcond=None)[0]
    # The bend is that of a scaled u: over its range the slope rises by twice that.
    rise = 2 * solution[0] / np.ptp(u)
    free = len(u) - 3
    residual = v - design @ solution
    variance = float(residual @ residual) / free * np.linalg.inv(design.T @ design)[0, 0]
    return bool(rise > STRAIGHT and solution[0] > _student(free) * math.sqrt(variance))


def _student(free: int) -> float:
    """The 97.5 % quantile of Student's t: exact for one and two degrees of freedom, by its expansion beyond."""
    exact = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
    z = 1.959964
    terms = (z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return exact.get(free, sum(term / free**k for k, term in enumerate(terms)))


# -- crossovers ------------------------------------------------------------------------------------
def crossover(
    x: Sequence[float], a: Sequence[Sequence[float]], b: Sequence[Sequence[float]], seed: int = 0
) -> Crossing:
    """Where the cheaper of a and b changes, between the sizes at which the samples tell them apart.

    `a` and `b` have the samples of each size in `x`; between sizes the logarithm of their ratio is taken as straight.
    """
    order = np.argsort(x)
    u = np.log(np.asarray(x, float)[order])
    center = np.array([_log_ratio(a[i], b[i]) for i in order])
    draws = np.column_stack([_ratio_draws(a[i], b[i], seed + int(i)) for i in order])
    low, high = np.quantile(draws, (0.025, 0.975), axis=0)
    cheaper: list[Cheaper] = [_cheaper(p, q) for p, q in zip(low.tolist(), high.tolist(), strict=True)]
    told = [i for i, name in enumerate(cheaper) if name]
    if not told:
        return Crossing("", "")
    changes = [(i, j) for i, j in itertools.pairwise(told) if cheaper[i] != cheaper[j]]
    if not changes:
        return Crossing(cheaper[told[0]], cheaper[told[0]])
    i, j = changes[-1]
    rising = np.vstack([center, draws])[:, i : j + 1] * (1 if cheaper[j] == "b" else -1)
    at = np.exp(_zeros(u[i : j + 1], rising))
    low, high = np.quantile(at[1:], (0.025, 0.975))
    return Crossing(cheaper[i], cheaper[j], float(at[0]), float(low), float(high), len(changes))


def _cheaper(low: float, high: float) -> Cheaper:
    """Which is cheaper, from the interval of the logarithm of a over b."""
    return "b" if low > 0 else "a" if high < 0 else ""


def _zeros(u: Vector, v: Vector) -> Vector:
    """Where each row of v, straight between the places u, turns positive for good."""
    below = np.where(v[:, :-1] <= 0, np.arange(v.shape[1] - 1), 0)
    k = np.max(below, axis=1)
    rows = np.arange(len(v))
    left, right = v[rows, k], v[rows, k + 1]
    part = np.clip(-left / np.where(right > left, right - left, 1.0), 0, 1)
    return u[k] + part * (u[k + 1] - u[k])
