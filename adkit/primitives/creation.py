"""New arrays like a traced one: traced themselves, so that f can write traced numbers into them.

An array of integers or truth values stays plain: it could not hold a derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tracing import Box, creators, holds_boxes, normalize, plain
from .table import cast, dtype_of, implements, shape_of


def _lifted(array: Any, like: Any) -> Any:
    """A plain array as one of the trace that `like` belongs to."""
    return like.owner.lift(array) if dtype_of(array).kind in "fc" and isinstance(array, np.ndarray) else array


def _like(fun: Any) -> None:
    @implements(fun)
    def implementation(a: Any, /, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None) -> Any:
        return _lifted(fun(plain(a), dtype, order, shape=shape), a)


for _fun in (np.zeros_like, np.ones_like, np.empty_like):
    _like(_fun)


@implements(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
) -> Any:
    """An array like a, filled with numbers that may be traced."""
    fill = normalize(fill_value)
    filled = np.full_like(plain(a), plain(fill), dtype, order, shape=shape)
    if not isinstance(fill, Box):
        return _lifted(filled, a)
    return np.copy(np.broadcast_to(cast(fill, filled.dtype), filled.shape))


def _created(fun: Any) -> None:
    """A function that makes an array from a shape or from plain numbers."""

    @implements(fun)
    def implementation(*args: Any, like: Any, **options: Any) -> Any:
        return _lifted(fun(*args, **options), like)


for _fun in (np.zeros, np.ones, np.empty, np.arange, np.eye, np.identity, np.tri, np.fromiter, np.fromfunction):
    _created(_fun)
    creators.add(_fun)


@implements(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *, device: Any = None, like: Any) -> Any:
    if dtype is None:
        dtype = dtype_of(normalize(fill_value))
    return np.full_like(np.empty(shape, dtype, order, like=like), fill_value, dtype)


def _converted(fun: Any, copies: bool) -> None:
    """A function that makes an array of what is given, which may hold traced numbers."""

    @implements(fun)
    def implementation(a: Any, dtype: Any = None, *args: Any, like: Any, **options: Any) -> Any:
        if not holds_boxes((a,)):
            return _lifted(fun(a, dtype, *args, **options), like)
        out = normalize(a)
        if dtype is not None and np.dtype(dtype) != dtype_of(out):
            return cast(out, dtype)
        return np.copy(out) if copies else out


for _fun in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require):
    _converted(_fun, copies=_fun is np.array)
    creators.add(_fun)
creators.add(np.full)


# -- numbers between two numbers -------------------------------------------------------------------
@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """Numbers from start to stop, step by step as NumPy computes them."""
    start, stop = normalize(start), normalize(stop)
    # NumPy says what is wrong with the arguments, and of which dtype the numbers are.
    exact = np.linspace(plain(start), plain(stop), num, endpoint, axis=axis, device=device).dtype
    parts = num - 1 if endpoint else num
    delta = cast(stop, exact) - cast(start, exact)
    counts = np.arange(num, dtype=exact).reshape(-1, *(1,) * len(shape_of(delta)))
    step = delta / parts if parts > 0 else np.nan
    if parts > 0 and np.any(step == 0):
        # Where a step is too small for a number NumPy divides first.
        numbers = counts / parts * delta + start
    else:
        numbers = counts * (step if parts > 0 else delta) + start
    if endpoint and num > 1:
        numbers[-1, ...] = stop
    numbers = np.moveaxis(numbers, 0, axis) if axis else numbers
    numbers = numbers if dtype is None or np.dtype(dtype) == exact else np.astype(numbers, dtype)
    return (numbers, step) if retstep else numbers


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    base = normalize(base)
    if (n := len(shape_of(base))) > 0:
        n = max(n, len(shape_of(normalize(start))), len(shape_of(normalize(stop))))
        start, stop, base = (_with_axes(x, n) for x in (start, stop, base))
        base = np.expand_dims(base, axis)
    out = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return out if dtype is None else cast(out, dtype)


def _with_axes(x: Any, n: int) -> Any:
    """x with axes of length 1 in front, so that it has n."""
    x = normalize(x)
    return np.reshape(x, (*(1,) * (n - len(shape_of(x))), *shape_of(x)))


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Numbers at equal ratios, between the ends as they were given."""
    start, stop = normalize(start), normalize(stop)
    model = np.geomspace(plain(start), plain(stop), num, endpoint, dtype, axis)
    both = start + stop
    sign = np.sign(start)
    first, last = start / sign, stop / sign
    out = np.logspace(np.log10(first), np.log10(last), num, endpoint)
    ends = [np.reshape(x + 0 * both, (1, *shape_of(both))) for x in (first, last)]
    if num > 1 and endpoint:
        out = np.concatenate([ends[0], out[1:-1], ends[1]])
    elif num > 0:
        out = np.concatenate([ends[0], out[1:]])
    return cast(np.moveaxis(out * sign, 0, axis), model.dtype)
