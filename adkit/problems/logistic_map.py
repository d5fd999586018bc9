"""The logistic map as code: a loop whose formula, written out, doubles in degree at every step."""

from __future__ import annotations

from .registry import problem


def logistic_map(x: float, n: int) -> float:
    """f(x) = l_n, where l_1 = x and l_{k+1} = 4 l_k (1 - l_k)"""
    for _ in range(n - 1):
        x = 4 * x * (1 - x)
    return x


def value_and_gradient(x: float, n: int) -> tuple[float, float]:
    """l_n and its slope: l_1' = 1 and l_{k+1}' = 4 (1 - 2 l_k) l_k'"""
    slope = 1.0
    for _ in range(n - 1):
        x, slope = 4 * x * (1 - x), 4 * (1 - 2 * x) * slope
    return x, slope


def point(n: int = 4) -> tuple[float, int]:
    """x = 0.2"""
    return 0.2, n


def condition(n: int) -> float:
    """The map is chaotic: a step doubles the rounding errors made before it."""
    return 2.0 ** min(n, 1023)  # the largest power of two that a double holds


problem(
    logistic_map,
    point=point,
    value_and_gradient=value_and_gradient,
    condition=condition,
    source="Baydin et al. (2018), Automatic differentiation in machine learning: a survey, JMLR 18, Table 1",
    default=True,
)
