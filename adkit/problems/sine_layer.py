"""A layer of sines: n numbers in, m numbers out, and the Jacobian between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .registry import problem

Array = NDArray[np.float64]


def sine_layer(x: Array, W: Array) -> Array:
    """f(x) = sin(W x)"""
    return np.sin(W @ x)


def jacobian(x: Array, W: Array) -> Array:
    """diag(cos(W x)) W"""
    return np.cos(W @ x)[:, np.newaxis] * W


def point(n: int = 10, m: int = 10, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Random x, and weights that keep W x of order one"""
    return rng.standard_normal(n), rng.standard_normal((m, n)) / np.sqrt(n)


problem(
    sine_layer,
    point=point,
    jacobian=jacobian,
    source="Sitzmann et al. (2020), Implicit neural representations with periodic activation functions: one layer",
)
