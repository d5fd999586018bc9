"""What samples say: intervals of ratios, growth, crossovers; NumPy only, seeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLED = 2000


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


def ratio(a: Sequence[float], b: Sequence[float], seed: int = 0) -> Interval:
    """The ratio of the medians, with its bootstrap interval; samples of the same rounds are drawn together."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    value = float(np.median(x) / np.median(y))
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(x), (RESAMPLED, len(x)))
    second = first if len(x) == len(y) else rng.integers(0, len(y), (RESAMPLED, len(y)))
    ratios = np.median(x[first], axis=1) / np.median(y[second], axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return Interval(value, float(low), float(high))


def spread(samples: Sequence[float]) -> float:
    """The distance of the quartiles."""
    low, high = np.quantile(np.asarray(samples, float), (0.25, 0.75))
    return float(high - low)
