"""Reductions: an axis disappears. Axes are counted from the end, so that stacked tangents need no other rule."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..tracing import bind, is_traced, normalize, plain, value
from .table import (
    Constant,
    General,
    Linear,
    cast,
    dtype_of,
    everywhere,
    implements,
    like,
    refuse_out,
    shape_of,
    weighted,
)

Axes = tuple[int, ...]


def axes_from_end(a: Any, axis: Any) -> Axes:
    """Which axes are meant, as negative numbers."""
    n = np.ndim(plain(a))
    return tuple(i - n for i in (range(n) if axis is None else normalize_axis_tuple(axis, n)))


def restored(reduced: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """A reduced array with the axes of length 1 back in place, so that it broadcasts against x."""
    if keepdims:
        return reduced
    n = np.ndim(plain(x))
    lead = np.shape(plain(reduced))[: np.ndim(plain(reduced)) - (n - len(axis))]
    shape = [1 if i - n in axis else size for i, size in enumerate(np.shape(plain(x)))]
    return np.reshape(reduced, (*lead, *shape))


def _sum_transpose(cotangent: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    shape = shape_of(x)
    if len(axis) == len(shape):
        return everywhere(cotangent, shape)
    return np.broadcast_to(restored(cotangent, x, axis, keepdims), shape)


sum_p = Linear(
    "sum",
    lambda x, *, axis, keepdims: np.add.reduce(x, axis=axis, keepdims=keepdims),
    transpose=_sum_transpose,
    batched=lambda tangents, x, *, axis, keepdims: np.sum(tangents, axis=axis, keepdims=keepdims),
    flow="adds",
)
cumsum_p = Linear(
    "cumsum",
    lambda x, *, axis: np.cumsum(x, axis),
    transpose=lambda cotangent, x, *, axis: np.flip(np.cumsum(np.flip(cotangent, axis), axis), axis),
    batched=lambda tangents, x, *, axis: np.cumsum(tangents, axis),
    flow="adds",
)


def _extreme_shares(out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """The partials of max and min: the elements that attain the extreme share equally."""
    attained = like(x == restored(out, x, axis, keepdims), x)
    return attained / np.sum(attained, axis=axis, keepdims=True)


def _prod_partials(out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """Each element's product of the others along the axes, right through zeros: those before times those after."""
    n = np.ndim(plain(x))
    order = (*(i for i in range(n) if i - n not in axis), *(i + n for i in axis))
    moved = np.transpose(x, order)
    shape = shape_of(moved)
    rows = np.reshape(moved, (*shape[: n - len(axis)], math.prod(shape[n - len(axis) :])))
    others = _before(rows) * np.flip(_before(np.flip(rows, -1)), -1)
    return np.transpose(np.reshape(others, shape), tuple(int(i) for i in np.argsort(order)))


def _before(rows: Any) -> Any:
    """The product of the elements before each one along the last axis: a scan, doubling its reach at every step."""
    count = shape_of(rows)[-1]
    product = np.concatenate([np.ones_like(rows[..., :1]), rows[..., :-1]], axis=-1)
    reach = 1
    while reach < count:
        product = np.concatenate([product[..., :reach], product[..., reach:] * product[..., :-reach]], axis=-1)
        reach *= 2
    return product


def reduction(name: str, fun: Any, partials: Any, selects: bool = False) -> General:
    """The row of a reduction from its partials, an array of the shape of x: both directions multiply by it."""
    times: Any = weighted if selects else operator.mul

    def push(tangent: Any, out: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
        return np.sum(times(tangent, partials(out, x, axis, keepdims)), axis=axis, keepdims=keepdims)

    def pull(cotangent: Any, out: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
        return times(restored(cotangent, x, axis, keepdims), partials(out, x, axis, keepdims))

    def compute(x: Any, *, axis: Axes, keepdims: bool) -> Any:
        return fun(x, axis=axis, keepdims=keepdims)

    return General(name, compute, [push], [pull], batched=[push], selects=selects, flow="adds")


max_p = reduction("max", np.max, _extreme_shares, selects=True)
min_p = reduction("min", np.min, _extreme_shares, selects=True)
prod_p = reduction("prod", np.prod, _prod_partials)


def _reduce(primitive: Any, *functions: Any) -> None:
    """Let NumPy functions with the usual keywords of a reduction reach their primitive."""

    @implements(*functions)
    def implementation(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False) -> Any:
        refuse_out(out)
        a = normalize(a)
        if dtype is not None:
            a = cast(a, dtype)
        return primitive(a, axis=axes_from_end(a, axis), keepdims=bool(keepdims))


_reduce(sum_p, np.sum)
_reduce(prod_p, np.prod)


def _method_reduce(ufunc: np.ufunc, function: Any) -> None:
    """The method of a ufunc, which takes the first axis unless told otherwise."""

    @implements((ufunc, "reduce"))
    def implementation(array: Any, axis: Any = 0, dtype: Any = None, out: None = None, **options: Any) -> Any:
        if dtype is not None:
            array = cast(normalize(array), dtype)
        return function(array, axis=axis, out=out, **options)


_method_reduce(np.add, np.sum)
_method_reduce(np.multiply, np.prod)
_method_reduce(np.maximum, np.max)
_method_reduce(np.minimum, np.min)


def _reduce_extreme(primitive: Any, *functions: Any) -> None:
    """The same for max and min, which take no dtype."""

    @implements(*functions)
    def implementation(a: Any, axis: Any = None, out: None = None, keepdims: Any = False) -> Any:
        refuse_out(out)
        a = normalize(a)
        return primitive(a, axis=axes_from_end(a, axis), keepdims=bool(keepdims))


_reduce_extreme(max_p, np.max, np.amax)
_reduce_extreme(min_p, np.min, np.amin)


def _count(a: Any, axis: Axes) -> int:
    shape = shape_of(a)
    return math.prod(shape[i] for i in axis)


@implements(np.mean)
def mean(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False) -> Any:
    refuse_out(out)
    a = normalize(a)
    if dtype is None and dtype_of(a) == np.float16:
        # As NumPy does: the sum of many small numbers leaves the range of float16.
        return cast(np.mean(a, axis=axis, dtype=np.float32, keepdims=bool(keepdims)), np.float16)
    if dtype is not None:
        a = cast(a, dtype)
    axes = axes_from_end(a, axis)
    return sum_p(a, axis=axes, keepdims=bool(keepdims)) / _count(a, axes)


@implements(np.var)
def var(a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False) -> Any:
    refuse_out(out)
    a = normalize(a)
    axes = axes_from_end(a, axis)
    deviation = a - np.mean(a, axis=axes, dtype=dtype, keepdims=True)
    squares = np.real(deviation * np.conj(deviation))
    return sum_p(squares, axis=axes, keepdims=bool(keepdims)) / max(_count(a, axes) - ddof, 0)


@implements(np.std)
def std(a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False) -> Any:
    refuse_out(out)
    return np.sqrt(np.var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=bool(keepdims)))


@implements(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    refuse_out(out)
    a = normalize(a)
    if dtype is not None:
        a = cast(a, dtype)
    if axis is None:
        return cumsum_p(np.ravel(a), axis=-1)
    return cumsum_p(a, axis=axes_from_end(a, axis)[0])


def _query(fun: Any) -> None:
    """A function whose result carries no derivative, such as argmax."""
    primitive = Constant(fun.__name__, fun)

    @implements(fun)
    def implementation(*args: Any, **kwargs: Any) -> Any:
        operands = tuple(normalize(x) if is_traced(x) else x for x in args)
        return bind(primitive, operands, {key: value(x) for key, x in kwargs.items()})


for _fun in (np.argmax, np.argmin, np.argsort, np.any, np.all, np.count_nonzero, np.nonzero, np.searchsorted):
    _query(_fun)
for _fun in (np.allclose, np.array_equal, np.isclose):
    _query(_fun)
