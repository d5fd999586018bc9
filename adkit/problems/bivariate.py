"""f(x1, x2) = x1 x2 + sin(x1): the smallest function in which one variable is used twice."""

from __future__ import annotations

import numpy as np

from .registry import problem


def bivariate(x1: float, x2: float) -> float:
    """f(x1, x2) = x1 x2 + sin(x1)"""
    return x1 * x2 + np.sin(x1)


def gradient(x1: float, x2: float) -> tuple[float, float]:
    """(x2 + cos(x1), x1)"""
    return x2 + np.cos(x1), x1


def point() -> tuple[float, float]:
    """(2, 5)"""
    return 2.0, 5.0


problem(
    bivariate,
    point=point,
    gradient=gradient,
    argnums=(0, 1),
    source="Wikipedia, 'Automatic differentiation': the worked example of forward and reverse accumulation",
    default=True,
)
