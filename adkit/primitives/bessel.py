"""np.sinc and np.i0, whose derivatives are Bessel functions of higher order that NumPy does not have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tracing import normalize
from .table import by_slope, implements


# -- sin(pi x) / (pi x) ----------------------------------------------------------------------------
def _spherical(y: Any, *, n: int) -> Any:
    """The spherical Bessel function j_n for n >= 1: a series near 0, where the recurrence would lose digits."""
    near = np.abs(y) <= n + 1
    return np.where(near, _series(np.where(near, y, 0.0), n), _recurrence(np.where(near, n + 2.0, y), n))


def _series(y: Any, n: int) -> Any:
    term = y**n / math.prod(range(1, 2 * n + 2, 2))
    total = term
    for k in range(1, 20 + 2 * n):
        term = term * y * y / (-2.0 * k * (2 * n + 1 + 2 * k))
        total = total + term
    return total


def _recurrence(y: Any, n: int) -> Any:
    """Upward from sin(y)/y; y is at least as large as n."""
    below, at = np.sin(y) / y, (np.sin(y) / y - np.cos(y)) / y
    for m in range(1, n):
        below, at = at, (2 * m + 1) / y * at - below
    return at


def _spherical_slope(out: Any, y: Any, *, n: int) -> Any:
    below = np.sinc(y / np.pi) if n == 1 else spherical_p(y, n=n - 1)
    return (n * below - (n + 1) * spherical_p(y, n=n + 1)) / (2 * n + 1)


spherical_p = by_slope("spherical_bessel", _spherical, _spherical_slope)
sinc_p = by_slope("sinc", np.sinc, lambda out, x: -np.pi * spherical_p(np.pi * x, n=1))
implements(np.sinc)(lambda x: sinc_p(normalize(x)))


# -- the modified Bessel functions of the first kind -----------------------------------------------
_NODES = (np.arange(64) + 0.5) * (np.pi / 128)


def _modified(x: Any, *, n: int) -> Any:
    """I_n for n >= 1: the mean of exp(x cos t) cos(n t) over the circle, by the midpoint rule on a quarter of it."""
    total = 0.0
    for cosine, weight in zip(np.cos(_NODES), np.cos(n * _NODES), strict=True):
        # Less what has mean 0, so that a small x keeps its digits.
        wave = np.sinh(float(cosine) * x) if n % 2 else 2 * np.sinh(float(cosine) / 2 * x) ** 2
        total = total + float(weight) / 64 * wave
    return total


def _modified_slope(out: Any, x: Any, *, n: int) -> Any:
    below = np.i0(x) if n == 1 else modified_p(x, n=n - 1)
    return (below + modified_p(x, n=n + 1)) / 2


modified_p = by_slope("modified_bessel", _modified, _modified_slope)
i0_p = by_slope("i0", np.i0, lambda out, x: modified_p(x, n=1))
implements(np.i0)(lambda x: i0_p(normalize(x)))
