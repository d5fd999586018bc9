"""The logistic map in closed form: the formula that would be differentiated symbol by symbol.

With x = sin(t)^2 the map doubles the angle: l_k = sin(2^(k-1) t)^2, so that c_k = 1 - 2 l_k = cos(2^k t).
Since l_{k+1} = 4 l_k (1 - l_k), its slope is 4 c_k l_k' and 1 - l_{k+1} = c_k^2; therefore

    l_n = 4^(n-1) x (1 - x) c_1^2 ... c_{n-2}^2        l_n' = 4^(n-1) c_1 ... c_{n-1}
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from ..errors import BadRequest
from .logistic_map import condition
from .registry import problem


def logistic_map_closed(x: float, n: int) -> float:
    """f(x) = l_n in factors; l_4 = 64 x (1 - x) (1 - 2x)^2 (1 - 8x + 8x^2)^2"""
    if n == 1:
        return x
    out = 4 ** (n - 1) * x * (1 - x)
    for c in islice(cosines(x), n - 2):
        out = out * c**2
    return out


def cosines(x: float) -> Iterator[float]:
    """c_1 = 1 - 2x, c_2 = 1 - 8x + 8x^2, c_{k+1} = 2 c_k^2 - 1"""
    yield 1 - 2 * x
    c = 1 - 8 * x + 8 * x**2
    while True:
        yield c
        c = 2 * c**2 - 1


def gradient(x: float, n: int) -> float:
    """l_n' = 4^(n-1) c_1 ... c_{n-1}; l_4' = 64 (1 - 2x) (1 - 8x + 8x^2) (2 (1 - 8x + 8x^2)^2 - 1)"""
    return math.prod(islice(cosines(x), n - 1), start=4.0 ** (n - 1))


def point(n: int = 4) -> tuple[float, int]:
    """x = 0.2"""
    if n > 500:
        raise BadRequest(f"sizes of logistic_map_closed end at 500, before 4^(n-1) overflows; got {n}")
    return 0.2, n


problem(
    logistic_map_closed,
    point=point,
    gradient=gradient,
    condition=condition,
    source="Baydin et al. (2018), Automatic differentiation in machine learning: a survey, JMLR 18, Table 1",
)
