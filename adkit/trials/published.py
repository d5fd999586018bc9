"""Sums of squares at their standard starting points, from the published definitions.

J. J. Moré, B. S. Garbow, K. E. Hillstrom (1981), Testing unconstrained optimization software, ACM Transactions on
Mathematical Software 7, 17-41.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .case import Family

published = Family("Moré-Garbow-Hillstrom")


def _squares(name: str, start: Sequence[float], residuals: Callable[[Any, Any], list[Any]], **more: Any) -> None:
    """The sum of the squared residuals."""
    published.many(name, start, lambda m, x: sum(r * r for r in residuals(m, x)), source="Moré et al. (1981)", **more)


_squares("Rosenbrock", (-1.2, 1), lambda m, x: [10 * (x[1] - x[0] ** 2), 1 - x[0]])
_squares(
    "Freudenstein and Roth",
    (0.5, -2),
    lambda m, x: [
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
    ],
)
_squares("Powell badly scaled", (0, 1), lambda m, x: [1e4 * x[0] * x[1] - 1, m.exp(-x[0]) + m.exp(-x[1]) - 1.0001])
_squares("Brown badly scaled", (1, 1), lambda m, x: [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])
_squares("Beale", (1, 1), lambda m, x: [y - x[0] * (1 - x[1] ** i) for i, y in enumerate((1.5, 2.25, 2.625), start=1)])
_squares(
    "Jennrich and Sampson",
    (0.3, 0.4),
    lambda m, x: [2 + 2 * i - (m.exp(i * x[0]) + m.exp(i * x[1])) for i in range(1, 11)],
)


def _helix(m: Any, x: Any) -> list[Any]:
    """The angle of (x1, x2) in turns, from -1/4 to 3/4."""
    turns = m.arctan(x[1] / x[0]) / (2 * m.pi) + m.where(x[0] < 0, 0.5, 0.0)
    return [10 * (x[2] - 10 * turns), 10 * (m.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


_squares("helical valley", (-1, 0, 0), _helix)
_BARD = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)
_squares(
    "Bard",
    (1, 1, 1),
    lambda m, x: [y - (x[0] + i / ((16 - i) * x[1] + min(i, 16 - i) * x[2])) for i, y in enumerate(_BARD, start=1)],
)
_HALF_BELL = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521)
_BELL = (*_HALF_BELL, 0.3989, *reversed(_HALF_BELL))
_squares(
    "Gaussian",
    (0.4, 1, 0),
    lambda m, x: [x[0] * m.exp(-x[1] * ((8 - i) / 2 - x[2]) ** 2 / 2) - y for i, y in enumerate(_BELL, start=1)],
)
_MEYER = (
    *(34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744),
    *(8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872),
)
_squares(
    "Meyer",
    (0.02, 4000, 250),
    lambda m, x: [x[0] * m.exp(x[1] / (45 + 5 * i + x[2])) - y for i, y in enumerate(_MEYER, start=1)],
)
_squares(
    "Box, three variables",
    (0, 10, 20),
    lambda m, x: [
        m.exp(-t * x[0]) - m.exp(-t * x[1]) - x[2] * (m.exp(-t) - m.exp(-10 * t))
        for t in (0.1 * i for i in range(1, 11))
    ],
)
_squares(
    "Powell singular",
    (3, -1, 0, 1),
    lambda m, x: [
        x[0] + 10 * x[1],
        5**0.5 * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        10**0.5 * (x[0] - x[3]) ** 2,
    ],
)
_squares(
    "Wood",
    (-3, -1, -3, -1),
    lambda m, x: [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        90**0.5 * (x[3] - x[2] ** 2),
        1 - x[2],
        10**0.5 * (x[1] + x[3] - 2),
        10**-0.5 * (x[1] - x[3]),
    ],
)
_KOWALIK = tuple(
    zip(
        (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246),
        (4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625),
        strict=True,
    )
)
_squares(
    "Kowalik and Osborne",
    (0.25, 0.39, 0.415, 0.39),
    lambda m, x: [y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3]) for y, u in _KOWALIK],
)
_squares(
    "Brown and Dennis",
    (25, 5, -5, -1),
    lambda m, x: [
        (x[0] + t * x[1] - m.exp(t)) ** 2 + (x[2] + x[3] * m.sin(t) - m.cos(t)) ** 2
        for t in (i / 5 for i in range(1, 21))
    ],
)
_squares(
    "Biggs EXP6",
    (1, 2, 1, 1, 1, 1),
    lambda m, x: [
        x[2] * m.exp(-t * x[0])
        - x[3] * m.exp(-t * x[1])
        + x[5] * m.exp(-t * x[4])
        - (m.exp(-t) - 5 * m.exp(-10 * t) + 3 * m.exp(-4 * t))
        for t in (0.1 * i for i in range(1, 14))
    ],
)


def _watson(m: Any, x: Any) -> list[Any]:
    """A polynomial that solves a differential equation, at 29 places, and its conditions at 0."""
    out = [x[0], x[1] - x[0] ** 2 - 1]
    for t in (i / 29 for i in range(1, 30)):
        slope = sum(j * x[j] * t ** (j - 1) for j in range(1, len(x)))
        out.append(slope - sum(x[j] * t**j for j in range(len(x))) ** 2 - 1)
    return out


_squares("Watson, 6 variables", (0,) * 6, _watson)
_squares(
    "extended Rosenbrock, 10 variables",
    (-1.2, 1) * 5,
    lambda m, x: [r for i in range(0, 10, 2) for r in (10 * (x[i + 1] - x[i] ** 2), 1 - x[i])],
)
_squares(
    "penalty I, 4 variables",
    (1, 2, 3, 4),
    lambda m, x: [*(1e-5**0.5 * (x[i] - 1) for i in range(4)), sum(x[i] ** 2 for i in range(4)) - 0.25],
)


def _variable(m: Any, x: Any) -> list[Any]:
    weighted = sum((j + 1) * (x[j] - 1) for j in range(len(x)))
    return [*(x[j] - 1 for j in range(len(x))), weighted, weighted**2]


_squares("variably dimensioned, 5 variables", tuple(1 - j / 5 for j in range(1, 6)), _variable)
_squares(
    "trigonometric, 5 variables",
    (0.2,) * 5,
    lambda m, x: [5 - sum(m.cos(x[j]) for j in range(5)) + (i + 1) * (1 - m.cos(x[i])) - m.sin(x[i]) for i in range(5)],
)


def _tridiagonal(m: Any, x: Any) -> list[Any]:
    padded = [0.0, *(x[i] for i in range(len(x))), 0.0]
    return [(3 - 2 * b) * b - a - 2 * c + 1 for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)]


_squares("Broyden tridiagonal, 5 variables", (-1,) * 5, _tridiagonal)

FAMILIES = (published,)
