"""Elementwise functions: one row each, the function, its formula, and its partial derivatives.

At kinks the partials are the symmetric subgradients: abs and sign give 0 at 0, equal arguments of maximum and minimum
share equally, hypot gives 0 at the origin.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..tracing import implementations, plain, value
from .table import (
    Constant,
    Elementwise,
    General,
    choice,
    constant,
    elementwise,
    implements,
    is_complex,
    like,
    unless_nan,
)

LN2 = float(np.log(2.0))
LN10 = float(np.log(10.0))
RADIANS_PER_DEGREE = float(np.pi / 180)
DEGREES_PER_RADIAN = float(180 / np.pi)


# -- arithmetic ------------------------------------------------------------------------------------
def _power(x: Any, y: Any) -> Any:
    """x ** y as NumPy computes it: Python's own floats turn complex at a negative base."""
    out = x**y
    return np.power(x, y) if type(out) is complex and type(x) is not complex else out


def _power_by_base(out: Any, x: Any, y: Any) -> Any:
    """y x^(y-1). Where x and y are both 0 the base is replaced: 0 * 0^-1 would be nan, and x^0 is flat."""
    if plain(y) is y and getattr(y, "ndim", 0) == 0:
        return y * _power(x, y - 1) if y else 0.0 * y
    base: Any = np.where((x == 0) & (y == 0), 1.0, x)
    return y * base ** (y - 1)


def _power_by_exponent(out: Any, x: Any, y: Any) -> Any:
    """x^y log x, and 0 where the base is 0 and the exponent positive."""
    zero = (x == 0) & (y > 0)
    with np.errstate(all="ignore"):
        share = out * np.log(np.where(zero, 1.0, x))
        # There x^y log x is 0, and up to y = 1 it falls infinitely steeply by x, as -x^(y/2) does.
        steep = zero & (y <= 1)
        return np.where(steep, -(x ** (0.5 * y)), share) if np.any(steep) else share


def _over_square(x: Any, r: Any) -> Any:
    """x / r^2 where r^2 itself might overflow or underflow; 0 infinitely far out."""
    return np.where(np.isinf(r), 0.0, x / r / r)


elementwise(np.add, "x + y", 1, 1, fun=operator.add)
elementwise(np.subtract, "x - y", 1, -1, fun=operator.sub)
elementwise(np.multiply, "x * y", lambda out, x, y: y, lambda out, x, y: x, fun=operator.mul)
elementwise(
    np.divide, "x / y", lambda out, x, y: 1 / y, lambda out, x, y: -out / y, fun=operator.truediv, domain=(0.3, 2.0)
)
elementwise(np.power, "x**y", _power_by_base, _power_by_exponent, fun=_power, domain=(0.3, 2.0))
elementwise(np.float_power, "x**y", _power_by_base, _power_by_exponent, domain=(0.3, 2.0))
elementwise(np.negative, "-x", -1, fun=operator.neg)
elementwise(np.positive, "x", 1, fun=operator.pos)
elementwise(np.square, "x**2", lambda out, x: 2 * x)
elementwise(np.reciprocal, "1 / x", lambda out, x: -out * out, domain=(0.3, 2.0))
elementwise(np.remainder, "x - y*floor(x/y)", 1, lambda out, x, y: -(x // y), fun=operator.mod, domain=(1.1, 1.9))
elementwise(
    np.fmod,
    "sign(x)*(Abs(x) - Abs(y)*floor(Abs(x)/Abs(y)))",
    1,
    lambda out, x, y: -np.rint((x - out) / y),
    domain=(1.1, 1.9),
)

# -- powers, exponentials, logarithms --------------------------------------------------------------
elementwise(np.sqrt, "sqrt(x)", lambda out, x: 0.5 / out, domain=(0.1, 3.0))
elementwise(np.cbrt, "sign(x)*cbrt(Abs(x))", lambda out, x: 1 / (3 * out * out), domain=(0.1, 3.0))
elementwise(np.exp, "exp(x)", lambda out, x: out)
elementwise(np.exp2, "2**x", lambda out, x: LN2 * out)
elementwise(np.expm1, "exp(x) - 1", lambda out, x: np.exp(x))
elementwise(np.log, "log(x)", lambda out, x: 1 / x, domain=(0.1, 3.0))
elementwise(np.log2, "log(x)/log(2)", lambda out, x: 1 / (LN2 * x), domain=(0.1, 3.0))
elementwise(np.log10, "log(x)/log(10)", lambda out, x: 1 / (LN10 * x), domain=(0.1, 3.0))
elementwise(np.log1p, "log(1 + x)", lambda out, x: 1 / (1 + x), domain=(-0.8, 3.0))


def _share_of(power: np.ufunc) -> Any:
    """The share of b^x in b^x + b^y: 1 / (1 + b^(y - x)), with no exponent above 0. Equal infinities share equally."""

    def share(x: Any, y: Any) -> Any:
        d = x - y
        if np.any(np.isnan(d)):
            d = np.where(x == y, 0.0, d)
        return power(np.minimum(d, 0.0)) / (1 + power(-np.abs(d)))

    made: Any = share
    made.__name__, made.nin = f"{power.__name__}_share", 2
    return made


def _soft_maximum(ufunc: np.ufunc, formula: str, power: np.ufunc, base: str, scale: float) -> None:
    """log(b^x + b^y) to the base b; its partials, the shares of the two terms, add up to 1."""
    fun = _share_of(power)

    def slope(out: Any, x: Any, y: Any) -> Any:
        return scale * out * share(y, x)

    share = Elementwise(fun, f"1/(1 + {base}**(y - x))", slope, lambda out, x, y: -slope(out, x, y))
    elementwise(ufunc, formula, lambda out, x, y: share(x, y), lambda out, x, y: share(y, x))


_soft_maximum(np.logaddexp, "log(exp(x) + exp(y))", np.exp, "E", 1.0)
_soft_maximum(np.logaddexp2, "log(2**x + 2**y)/log(2)", np.exp2, "2", LN2)


# -- trigonometric and hyperbolic ------------------------------------------------------------------
def _cosine(x: Any) -> Any:
    """The cosine of an angle whose sine is x, up to its sign."""
    return np.sqrt((1 - x) * (1 + x))


def _side(root: Any, wanted: Any, out: Any) -> Any:
    """A root that is exact but for its sign; of a complex one, the root on that side of a cut where wanted(out) is."""
    if not is_complex(root):
        return root
    flipped = np.real(plain(root) * np.conj(wanted(plain(out)))) < 0
    return root * np.where(flipped, -1.0, 1.0)


def _arcsinh_slope(out: Any, x: Any) -> Any:
    return 1 / (_side(np.sqrt(1 + x * x), np.cosh, out) if is_complex(x) else np.hypot(1.0, x))


# Of a function with cuts in the plane the values tell the sides of a cut apart, and so the partials look at them there.
elementwise(np.sin, "sin(x)", lambda out, x: np.cos(x))
elementwise(np.cos, "cos(x)", lambda out, x: -np.sin(x))
elementwise(np.tan, "tan(x)", lambda out, x: 1 + out * out, domain=(-1.2, 1.2))
elementwise(np.arcsin, "asin(x)", lambda out, x: 1 / _side(_cosine(x), np.cos, out), domain=(-0.9, 0.9), uneven=True)
elementwise(np.arccos, "acos(x)", lambda out, x: -1 / _side(_cosine(x), np.sin, out), domain=(-0.9, 0.9), uneven=True)
elementwise(np.arctan, "atan(x)", lambda out, x: 1 / (1 + x * x))
elementwise(
    np.arctan2,
    "atan2(x, y)",
    lambda out, x, y: _over_square(y, np.hypot(x, y)),
    lambda out, x, y: -_over_square(x, np.hypot(x, y)),
    domain=(0.3, 2.0),
)
elementwise(np.sinh, "sinh(x)", lambda out, x: np.cosh(x))
elementwise(np.cosh, "cosh(x)", lambda out, x: np.sinh(x))
elementwise(np.tanh, "tanh(x)", lambda out, x: 1 - out * out)
elementwise(np.arcsinh, "asinh(x)", _arcsinh_slope, uneven=True)
elementwise(
    np.arccosh,
    "acosh(x)",
    lambda out, x: 1 / _side(np.sqrt(x - 1) * np.sqrt(x + 1), np.sinh, out),
    domain=(1.1, 3.0),
    uneven=True,
)
elementwise(np.arctanh, "atanh(x)", lambda out, x: 1 / ((1 - x) * (1 + x)), domain=(-0.9, 0.9))
elementwise(np.deg2rad, "pi*x/180", lambda out, x: RADIANS_PER_DEGREE)
elementwise(np.radians, "pi*x/180", lambda out, x: RADIANS_PER_DEGREE)
elementwise(np.rad2deg, "180*x/pi", lambda out, x: DEGREES_PER_RADIAN)
elementwise(np.degrees, "180*x/pi", lambda out, x: DEGREES_PER_RADIAN)


# -- kinks -----------------------------------------------------------------------------------------
def _won(out: Any, x: Any, y: Any) -> Any:
    """1 where x is the one chosen, 1/2 where both are, else 0; nan where neither equals the outcome."""
    x_won, y_won = like(out == x, out), like(out == y, out)
    return x_won / (x_won + y_won)


def _lost(out: Any, x: Any, y: Any) -> Any:
    return _won(out, y, x)


def towards(x: Any, out: Any) -> Any:
    """x / out, and 0 where out is 0: the partial of a norm, whose subgradient at the origin is 0."""

    def at_zero() -> Any:
        # Zero points nowhere, and has no second derivative: nan, as that of sqrt|x|, which is 0 there too.
        zero = out == 0
        return np.where(zero, np.sqrt(np.abs(x)), x / np.where(zero, 1.0, out))

    return unless_nan(x / out, at_zero)


absolute_p = elementwise(np.absolute, "Abs(x)", lambda out, x: np.sign(x), fun=operator.abs, domain=(0.1, 2.0))
elementwise(np.fabs, "Abs(x)", lambda out, x: np.sign(x), domain=(0.1, 2.0))
choice(np.maximum, "Max(x, y)", _won, _lost)
choice(np.minimum, "Min(x, y)", _won, _lost)
choice(np.fmax, "Max(x, y)", _won, _lost)
choice(np.fmin, "Min(x, y)", _won, _lost)
elementwise(np.hypot, "sqrt(x**2 + y**2)", lambda out, x, y: towards(x, out), lambda out, x, y: towards(y, out))

implements(value)(Constant("value", plain))

# -- constants: the derivative is zero wherever there is one ---------------------------------------
constant(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.floor_divide)
constant(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
constant(np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_and, np.logical_or, np.logical_not, np.logical_xor)


# -- complex numbers -------------------------------------------------------------------------------
def _push_length(tangent: Any, out: Any, z: Any) -> Any:
    return np.real(towards(np.conj(z), out) * tangent)


# The length of a complex number depends on its two parts: it has no derivative in the complex sense, and no partial.
complex_absolute_p = General(
    "complex_absolute",
    np.absolute,
    jvps=[_push_length],
    vjps=[lambda cotangent, out, z: cotangent * towards(np.conj(z), out)],
    batched=[_push_length],
    flow="adds",
)


def _push_direction(tangent: Any, out: Any, z: Any) -> Any:
    return 1j * out * _over_length(np.imag(np.conj(out) * tangent), z)


def _over_length(x: Any, z: Any) -> Any:
    return towards(x, np.absolute(z))


complex_sign_p = General(
    "complex_sign",
    np.sign,
    jvps=[_push_direction],
    vjps=[lambda cotangent, out, z: 1j * np.conj(out) * _over_length(np.imag(cotangent * out), z)],
    batched=[_push_direction],
)
sign_p = implementations[np.sign]


@implements(np.absolute)
def absolute(x: Any, /) -> Any:
    """|x| of a real or complex number."""
    return complex_absolute_p(x) if is_complex(x) else absolute_p(x)


@implements(np.sign)
def sign(x: Any, /) -> Any:
    """The sign of a real number; the direction of a complex one."""
    return complex_sign_p(x) if is_complex(x) else sign_p(x)


# -- in terms of rows ------------------------------------------------------------------------------
@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """The nearer of the bounds or the value itself; at a bound the derivative is shared, as in maximum."""
    if not (a_min is a_max is None or min is max is None):
        raise ValueError("Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden.")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    out = np.positive(a) if low is None else np.maximum(a, low)
    return out if high is None else np.minimum(out, high)


implements(np.divmod)(lambda x, y, /: (np.floor_divide(x, y), np.remainder(x, y)))
