"""The same formula with a hundred digits: NumPy's names over mpmath, and true derivatives by tiny differences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mpmath.ctx_mp import MPContext

# A context of one's own: nobody else's precision changes.
_MP = MPContext()
_MP.dps = 100


def _each(function: Callable[..., Any], inputs: int = 1) -> Callable[..., Any]:
    """A function of numbers that takes arrays of them too."""
    return np.frompyfunc(function, inputs, 1)


def _number(x: Any) -> Any:
    return _MP.mpf(float(x)) if isinstance(x, (int, float, np.number)) else x


def _of(name: str) -> Callable[..., Any]:
    function = getattr(_MP, name)
    return _each(lambda x: function(_number(x)))


class Exact:
    """What the formulas of the cases take from NumPy, on numbers of a hundred digits."""

    sin, cos, tan, exp, log, sqrt = map(_of, ("sin", "cos", "tan", "exp", "log", "sqrt"))
    tanh, cosh, sinh, log1p, expm1 = map(_of, ("tanh", "cosh", "sinh", "log1p", "expm1"))
    arcsin, arctan, arccos = map(_of, ("asin", "atan", "acos"))
    cbrt = _each(lambda x: _MP.sign(x) * _MP.cbrt(abs(x)))
    abs = _each(abs)
    sign = _each(lambda x: _MP.sign(_number(x)))
    floor = _of("floor")
    maximum = _each(lambda x, y: y if y > x else x, 2)
    minimum = _each(lambda x, y: y if y < x else x, 2)
    where = _each(lambda condition, x, y: x if condition else y, 3)
    sum = staticmethod(np.sum)
    max = staticmethod(np.max)
    pi = np.pi


Formula = Callable[[Any, Any], Any]


def at(point: Sequence[float]) -> Any:
    """A point as an array of exact numbers."""
    return np.array([_MP.mpf(float(x)) for x in point], dtype=object)


def value(f: Formula, point: Sequence[float]) -> float:
    """What f is at a point, rounded once."""
    return float(f(Exact, at(point)))


def partial(f: Formula, point: Sequence[float], i: int, side: int = 0) -> float:
    """The derivative of f with respect to one component, rounded once; from above (side 1) or below (-1) at a kink."""

    def along(t: Any) -> Any:
        moved = at(point)
        moved[i] = t
        return f(Exact, moved)

    return float(_MP.diff(along, _MP.mpf(float(point[i])), direction=side))


def rounded(formula: Formula, point: Sequence[float]) -> tuple[float, ...]:
    """A gradient that is given as a formula, evaluated with all digits and rounded once."""
    return tuple(float(x) for x in formula(Exact, at(point)))


@functools.cache
def digits() -> int:
    """With how many digits is calculated."""
    return int(_MP.dps)
