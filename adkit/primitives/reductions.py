"""Reductions: an axis disappears. Axes are counted from the end, so that stacked tangents need no other rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..tracing import bind, implementations, normalize, plain
from .table import Constant, General, Linear, implements

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
    return np.broadcast_to(restored(cotangent, x, axis, keepdims), np.shape(x))


sum_p = Linear(
    "sum",
    lambda x, *, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
    transpose=_sum_transpose,
    batched=lambda tangents, x, *, axis, keepdims: np.sum(tangents, axis=axis, keepdims=keepdims),
)
cumsum_p = Linear(
    "cumsum",
    lambda x, *, axis: np.cumsum(x, axis),
    transpose=lambda cotangent, x, *, axis: np.flip(np.cumsum(np.flip(cotangent, axis), axis), axis),
    batched=lambda tangents, x, *, axis: np.cumsum(tangents, axis),
)


def _extreme_shares(out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """The partials of max and min: the elements that attain the extreme share equally."""
    attained = 1.0 * (x == restored(out, x, axis, keepdims))
    return attained / np.sum(attained, axis=axis, keepdims=True)


def _prod_partials(x: Any, axis: Axes) -> Any:
    """Each element's product of the others along the axes, right through zeros: prefix times suffix products."""
    n = np.ndim(plain(x))
    kept = tuple(i - n for i in range(n) if i - n not in axis)
    order = tuple(i + n for i in (*kept, *axis))
    moved = np.transpose(x, order)
    lead = np.shape(plain(moved))[: len(kept)]
    rows = np.reshape(moved, (*lead, -1))
    count = np.shape(plain(rows))[-1]
    before, after = [np.ones(lead)], [np.ones(lead)]
    for j in range(count - 1):
        before.append(before[-1] * rows[..., j])
        after.append(after[-1] * rows[..., count - 1 - j])
    others = np.stack([b * a for b, a in zip(before, reversed(after), strict=True)], axis=-1) if count else rows
    return np.transpose(np.reshape(others, np.shape(plain(moved))), tuple(int(i) for i in np.argsort(order)))


def _weighted_sum(tangents: Any, weights: Any, axis: Axes, keepdims: bool) -> Any:
    return np.sum(tangents * weights, axis=axis, keepdims=keepdims)


def reduction(name: str, fun: Any, partials: Any) -> General:
    """The row of a reduction from its partials, an array of the shape of x: both directions multiply by it."""

    def push(tangent: Any, out: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
        return _weighted_sum(tangent, partials(out, x, axis, keepdims), axis, keepdims)

    def pull(cotangent: Any, out: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
        return restored(cotangent, x, axis, keepdims) * partials(out, x, axis, keepdims)

    def compute(x: Any, *, axis: Axes, keepdims: bool) -> Any:
        return fun(x, axis=axis, keepdims=keepdims)

    return General(name, compute, [push], [pull], batched=[push])


max_p = reduction("max", np.max, _extreme_shares)
min_p = reduction("min", np.min, _extreme_shares)
prod_p = reduction("prod", np.prod, lambda out, x, axis, keepdims: _prod_partials(x, axis))


def _reduce(primitive: Any, *functions: Any) -> None:
    """Let NumPy functions with the usual keywords of a reduction reach their primitive."""

    @implements(*functions)
    def implementation(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False) -> Any:
        a = normalize(a)
        if dtype is not None:
            a = np.astype(a, dtype)
        return primitive(a, axis=axes_from_end(a, axis), keepdims=bool(keepdims))


_reduce(sum_p, np.sum)
_reduce(max_p, np.max, np.amax)
_reduce(min_p, np.min, np.amin)
_reduce(prod_p, np.prod)


def _count(a: Any, axis: Any) -> int:
    return int(np.prod([np.shape(plain(a))[i] for i in axes_from_end(a, axis)]))


@implements(np.mean)
def mean(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False) -> Any:
    a = normalize(a)
    return np.sum(a, axis=axis, dtype=dtype, keepdims=bool(keepdims)) / _count(a, axis)


@implements(np.var)
def var(a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False) -> Any:
    a = normalize(a)
    deviation = a - np.mean(a, axis=axis, dtype=dtype, keepdims=True)
    squares = deviation * np.conj(deviation)
    return np.real(np.sum(squares, axis=axis, keepdims=bool(keepdims))) / (_count(a, axis) - ddof)


@implements(np.std)
def std(a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False) -> Any:
    return np.sqrt(np.var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=bool(keepdims)))


@implements(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    a = normalize(a)
    if axis is None:
        return np.cumsum(np.ravel(a), axis=0)
    return cumsum_p(a, axis=axes_from_end(a, axis)[0])


def _query(fun: Any) -> None:
    """A reduction whose result carries no derivative, such as argmax."""
    primitive = Constant(fun.__name__, fun)
    implementations[fun] = lambda a, *args, **kwargs: bind(primitive, (normalize(a), *args), kwargs)


for _fun in (np.argmax, np.argmin, np.argsort, np.any, np.all, np.count_nonzero, np.nonzero, np.searchsorted):
    _query(_fun)
for _fun in (np.allclose, np.array_equal, np.isclose, np.floor_divide):
    implementations[_fun] = Constant(f"{_fun.__name__}", _fun)
