"""Signs, exponents, neighbours and angles of numbers: functions in terms of elementwise rows, and rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import refusals
from ..errors import NoRule, place
from ..tracing import implementations, normalize, plain, value
from .elementwise import DEGREES_PER_RADIAN
from .table import (
    Constant,
    General,
    Linear,
    align,
    cast,
    constant,
    dtype_of,
    implements,
    is_complex,
    parameter,
    shape_of,
)

# -- rounding and questions: the derivative is zero wherever there is one --------------------------
constant(np.fix, np.round, np.around, np.spacing)
constant(np.isreal, np.iscomplex, np.isposinf, np.isneginf)


# -- signs -----------------------------------------------------------------------------------------
def _side_of_0(y: Any) -> Any:
    """1 or -1; of a Python number a Python number, which leaves the precision to the other argument."""
    side = np.copysign(1.0, y)
    return side if isinstance(y, (np.ndarray, np.generic)) else float(side)


_sign_of = Constant("copysign", _side_of_0)
_step = Constant("heaviside", np.heaviside)


@implements(np.copysign)
def copysign(x: Any, y: Any, /) -> Any:
    return abs(normalize(x)) * _sign_of(y)


@implements(np.heaviside)
def heaviside(x: Any, y: Any, /) -> Any:
    """A step; the value given for 0 passes through there."""
    x, y = normalize(x), normalize(y)
    return np.where(x == 0, y, _step(x, 0.0))


# -- powers of two, whole and broken parts, neighbours ---------------------------------------------
ldexp_p = Linear(
    "ldexp",
    lambda x, *, exponent: np.ldexp(x, exponent),
    transpose=lambda cotangent, x, *, exponent: np.ldexp(cotangent, exponent),
    batched=lambda tangents, x, *, exponent: np.ldexp(align(tangents, x, np.ldexp(plain(x), exponent)), exponent),
    flow="adds",
)
_exponent = Constant("frexp", lambda x: np.frexp(x)[1])
_whole = Constant("modf", lambda x: np.modf(x)[1])
_distance = Constant("nextafter", lambda x, y: np.nextafter(x, y) - x)


@implements(np.ldexp)
def ldexp(x: Any, exponent: Any, /) -> Any:
    """x * 2**exponent, which carries no derivative: NumPy takes whole numbers only."""
    return ldexp_p(x, exponent=parameter(exponent))


@implements(np.frexp)
def frexp(x: Any, /) -> tuple[Any, Any]:
    exponent = _exponent(x)
    return np.ldexp(x, -exponent), exponent


@implements(np.modf)
def modf(x: Any, /) -> tuple[Any, Any]:
    x = normalize(x)
    with np.errstate(invalid="ignore"):
        broken = np.where(np.isinf(x), 0.0 * _sign_of(x), np.fmod(x, 1.0)) if np.any(np.isinf(x)) else np.fmod(x, 1.0)
    return broken, _whole(x)


@implements(np.nextafter)
def nextafter(x: Any, y: Any, /) -> Any:
    """x and a step as long as the numbers near x are apart."""
    return np.add(x, _distance(x, y))


# -- complex numbers -------------------------------------------------------------------------------
_half_turn = Constant("angle", np.angle)


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    z = normalize(z)
    if not is_complex(z):
        return _half_turn(z, deg)
    radians = np.arctan2(np.imag(z), np.real(z))
    return radians * DEGREES_PER_RADIAN if deg else radians


_is_close_to_real = Constant("real_if_close", lambda a, tol: np.isrealobj(np.real_if_close(a, tol)))


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    a = normalize(a)
    return np.real(a) if _is_close_to_real(a, tol) else a


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """p and whole periods."""
    p, period = normalize(p), value(period)
    n = len(shape_of(p))
    return unwrap_p(p, discont=value(discont), axis=axis if axis < 0 else axis - n, period=period)


unwrap_p = General(
    "unwrap",
    np.unwrap,
    jvps=[lambda tangent, out, p, **params: tangent],
    vjps=[lambda cotangent, out, p, **params: cotangent],
    batched=[lambda tangents, out, p, **params: tangents],
    flow="moves",
)


# -- what is not finite ----------------------------------------------------------------------------
@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    x = normalize(x)
    if not copy:
        raise refusals.in_place("np.nan_to_num(..., copy=False)")
    if is_complex(x):
        return _replaced(np.real(x), nan, posinf, neginf) + 1j * _replaced(np.imag(x), nan, posinf, neginf)
    return _replaced(x, nan, posinf, neginf)


def _replaced(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    dtype = dtype_of(x)
    limits = np.finfo(dtype)
    x = np.where(np.isnan(x), cast(nan, dtype), x)
    x = np.where(np.isposinf(x), cast(limits.max if posinf is None else posinf, dtype), x)
    return np.where(np.isneginf(x), cast(limits.min if neginf is None else neginf, dtype), x)


# -- what is meant for whole numbers ---------------------------------------------------------------
_OF_MASKS = {
    np.bitwise_and: np.logical_and,
    np.bitwise_or: np.logical_or,
    np.bitwise_xor: np.logical_xor,
    np.invert: np.logical_not,
}


def _refuse(ufunc: np.ufunc) -> None:
    @implements(ufunc)
    def refuse(*args: Any) -> Any:
        if ufunc in _OF_MASKS and all(dtype_of(x).kind == "b" for x in args):
            return _OF_MASKS[ufunc](*args)  # masks that a recorder lets flow on as data
        raise NoRule(
            f"{refusals.public_name(ufunc)} is meant for whole numbers, and a traced value is a real one{place()}: "
            "call it on ad.value(x).astype(int), which has derivative 0"
        )


WHOLE = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.bitwise_count)
WHOLE += (np.gcd, np.lcm)
for _ufunc in WHOLE:
    _refuse(_ufunc)


# -- the methods of ufuncs -------------------------------------------------------------------------
def _outer(ufunc: np.ufunc) -> None:
    """Every element of one argument meets every element of the other."""

    @implements((ufunc, "outer"))
    def implementation(x: Any, y: Any, /) -> Any:
        x, y = normalize(x), normalize(y)
        return ufunc(np.reshape(x, (*shape_of(x), *(1,) * len(shape_of(y)))), y)


def _has_outer(function: Any) -> bool:
    """Whether a function is one of two numbers, and not of vectors or matrices."""
    return isinstance(function, np.ufunc) and function.nin == 2 and function.signature is None


for _ufunc in [f for f in implementations if _has_outer(f) and f not in (*WHOLE, np.ldexp)]:
    _outer(_ufunc)
