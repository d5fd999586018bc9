"""The Rosenbrock function: a curved valley of any dimension, each number coupled with the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from .registry import problem

Array = NDArray[np.float64]


def rosenbrock(x: Array) -> np.floating[Any]:
    """f(x) = sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2"""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def value_and_gradient(x: Array) -> tuple[np.floating[Any], Array]:
    """f and -400 x_i d_i - 2 (1 - x_i) + 200 d_{i-1}, where d_i = x_{i+1} - x_i^2"""
    d, short = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * x[:-1] * d - 2 * short
    gradient[1:] += 200 * d
    return np.sum(100 * d**2 + short**2), gradient


def point(n: int = 10) -> tuple[Array]:
    """(-1.2, 1, -1.2, 1, ...), from where minimizers start"""
    if n < 2:
        raise BadRequest(f"sizes of rosenbrock begin at 2, the first dimension that has a valley; got {n}")
    return (np.where(np.arange(n) % 2, 1.0, -1.2),)


problem(
    rosenbrock,
    point=point,
    value_and_gradient=value_and_gradient,
    source="Rosenbrock (1960), An automatic method for finding the greatest or least value of a function, Computer "
    "Journal 3; in n dimensions as in More, Garbow & Hillstrom (1981), Testing unconstrained optimization software",
)
