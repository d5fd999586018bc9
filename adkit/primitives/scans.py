"""Scans: each element meets all those before it along an axis.

The derivative of every scan here solves y[k] = factor[k] y[k-1] + term[k], which no zero and no tie disturbs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tracing import normalize
from .indexing import axis_of
from .table import General, Linear, axis_from_end, cast, dtype_of, implements, like, refuse_out, shape_of, weighted

cumsum_p = Linear(
    "cumsum",
    lambda x, *, axis: np.cumsum(x, axis),
    transpose=lambda cotangent, x, *, axis: np.flip(np.cumsum(np.flip(cotangent, axis), axis), axis),
    batched=lambda tangents, x, *, axis: np.cumsum(tangents, axis),
    flow="adds",
)


def _recurrence(factors: Any, terms: Any, times: Any) -> Any:
    """y[k] = factors[k] y[k-1] + terms[k] along the last axis, doubling its reach at every step."""
    y, count, reach = terms, shape_of(terms)[-1], 1
    while reach < count:
        y = np.concatenate([y[..., :reach], y[..., reach:] + times(y[..., :-reach], factors[..., reach:])], axis=-1)
        factors = np.concatenate([factors[..., :reach], factors[..., reach:] * factors[..., :-reach]], axis=-1)
        reach *= 2
    return y


def _shifted(x: Any, first: float) -> Any:
    """Each element's predecessor along the last axis, `first` before the first one."""
    return np.concatenate([np.full((*shape_of(x)[:-1], 1), first, dtype_of(x)), x[..., :-1]], axis=-1)


def scan(name: str, fun: Any, coefficients: Callable[..., Any], selects: bool = False) -> General:
    """The row of a scan along the last axis from `coefficients(out, x)`, the factors of its recurrence and the weights
    of the tangents in it."""
    times: Any = weighted if selects else operator.mul

    def push(tangent: Any, out: Any, x: Any) -> Any:
        factors, weights = coefficients(out, x)
        return _recurrence(factors, times(tangent, weights), times)

    def pull(cotangent: Any, out: Any, x: Any) -> Any:
        factors, weights = coefficients(out, x)
        back = _recurrence(_shifted(np.flip(factors, -1), 0.0), np.flip(cotangent, -1), times)
        return times(np.flip(back, -1), weights)

    return General(name, fun, [push], [pull], batched=[push], selects=selects, flow="adds")


def _of_extremes(least: int) -> Callable[..., Any]:
    """The coefficients of a running maximum or minimum: those that have attained it so far share equally."""

    def coefficients(out: Any, x: Any) -> Any:
        attained = x == out
        lasting = np.concatenate([np.zeros_like(attained[..., :1]), out[..., 1:] == out[..., :-1]], axis=-1)
        total = np.cumsum(attained, axis=-1)
        count = total - np.maximum.accumulate(np.where(lasting, 0, total - attained), axis=-1)
        weights = attained / np.maximum(count, least)
        return like(np.where(lasting, 1.0 - weights, 0.0), x), like(weights, x)

    return coefficients


_of_infinities = _of_extremes(0)


def _of_powers(exp: Any) -> Callable[..., Any]:
    """The coefficients of the running logarithm of a sum of powers; infinite terms share where it is infinite."""

    def coefficients(out: Any, x: Any) -> Any:
        infinite = np.isinf(out)
        some = np.any(infinite)
        before, own = (
            exp(np.where(infinite, 0.0, term - out) if some else term - out) for term in (_shifted(out, -np.inf), x)
        )
        # They add up to 1 also where the logarithm is lost in a huge number.
        before, own = before / (before + own), own / (before + own)
        if not some:
            return before, own
        shares = _of_infinities(out, x)
        return np.where(infinite, shares[0], before), np.where(infinite, shares[1], own)

    return coefficients


cumprod_p = scan("cumprod", lambda x: np.cumprod(x, -1), lambda out, x: (x, _shifted(out, 1.0)))
ACCUMULATED: dict[Any, General] = {
    ufunc: scan(f"{ufunc.__name__}.accumulate", lambda x, ufunc=ufunc: ufunc.accumulate(x, -1), coefficients, selects)
    for ufunc, coefficients, selects in [
        (np.maximum, _of_extremes(0), True),
        (np.minimum, _of_extremes(0), True),
        (np.fmax, _of_extremes(1), True),
        (np.fmin, _of_extremes(1), True),
        (np.logaddexp, _of_powers(np.exp), True),
        (np.logaddexp2, _of_powers(np.exp2), True),
    ]
} | {np.multiply: cumprod_p}


def _accumulate(ufunc: np.ufunc, a: Any, axis: Any, dtype: Any, out: None) -> Any:
    """A ufunc's running result along an axis; of the flattened array where that is None."""
    refuse_out(out)
    a = normalize(a)
    if dtype is not None:
        a = cast(a, dtype)
    a, axis = axis_of(a, axis)
    axis = axis_from_end(a, axis)
    if ufunc is np.add:
        return cumsum_p(a, axis=axis)
    if axis == -1:
        return ACCUMULATED[ufunc](a)
    return np.swapaxes(ACCUMULATED[ufunc](np.swapaxes(a, axis, -1)), axis, -1)


@implements(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    return _accumulate(np.add, a, axis, dtype, out)


@implements(np.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    return _accumulate(np.multiply, a, axis, dtype, out)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    return _accumulate(np.add, np.where(np.isnan(a), 0.0, a), axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    return _accumulate(np.multiply, np.where(np.isnan(a), 1.0, a), axis, dtype, out)


def _cumulative(function: Any, ufunc: np.ufunc) -> None:
    @implements(function)
    def implementation(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: None = None, include_initial: bool = False
    ) -> Any:
        x = np.atleast_1d(x)
        if axis is None and len(shape_of(x)) > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = 0 if axis is None else axis
        found = _accumulate(ufunc, x, axis, dtype, out)
        if not include_initial:
            return found
        shape = list(shape_of(x))
        shape[axis] = 1
        return np.concatenate([np.full(shape, ufunc.identity, dtype_of(found)), found], axis=axis)


_cumulative(np.cumulative_sum, np.add)
_cumulative(np.cumulative_prod, np.multiply)


def _method_accumulate(ufunc: np.ufunc) -> None:
    @implements((ufunc, "accumulate"))
    def implementation(array: Any, axis: int = 0, dtype: Any = None, out: None = None) -> Any:
        return _accumulate(ufunc, array, axis, dtype, out)


for _ufunc in (np.add, *ACCUMULATED):
    _method_accumulate(_ufunc)
