"""Sorted order: sort and partition move values, quantiles interpolate between them.

Sorting moves: each place of the result has the derivative of the element that was put there, the first of equal ones
first. A quantile does not depend on the order of equal elements, and so they share its derivative equally.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..errors import NoRule, place
from ..tracing import Box, bind, normalize, plain, value
from .indexing import axis_of
from .reductions import Axes, kept, rows_of, shape_kept
from .shape import laid_as
from .table import Constant, General, Linear, axis_from_end, cast, dtype_of, implements, like, refuse_out, shape_of

# Elements put in another order along an axis, every one of them once.
permute_p = Linear(
    "permute",
    lambda x, *, order, axis: np.take_along_axis(x, order, axis),
    transpose=lambda cotangent, x, *, order, axis: permute_p(cotangent, order=np.argsort(order, axis), axis=axis),
    batched=lambda tangents, x, *, order, axis: permute_p(
        tangents, order=np.broadcast_to(order, shape_of(tangents)), axis=axis
    ),
    flow="moves",
)


def _partition_order(x: Any, kth: Any, axis: int, kind: Any) -> Any:
    """Where the elements of np.partition come from; np.argpartition may put them elsewhere."""
    parted, order = np.partition(x, kth, axis, kind), np.argpartition(x, kth, axis, kind)
    if np.array_equal(np.take_along_axis(x, order, axis), parted):
        return order
    parted = np.argsort(parted, axis, "stable")
    return np.take_along_axis(np.argsort(x, axis, "stable"), np.argsort(parted, axis), axis)


_partition_order_p = Constant("partition_order", _partition_order)


@implements(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")  # NumPy's words
    np.sort(np.zeros(0), kind=kind, stable=stable)  # NumPy says what may not be
    a, axis = axis_of(a, axis)
    axis = axis_from_end(a, axis)
    return laid_as(permute_p(a, order=np.argsort(a, axis=axis, kind="stable"), axis=axis), a)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: None = None) -> Any:
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")  # NumPy's words
    a, axis = axis_of(a, axis)
    axis = axis_from_end(a, axis)
    return laid_as(permute_p(a, order=bind(_partition_order_p, (a, value(kth), axis, kind)), axis=axis), a)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    found = np.sort(a)
    return found if dtype_of(found).kind == "c" else cast(found, complex)


# -- quantiles -------------------------------------------------------------------------------------
def group_means(tangent: Any, out: Any, x: Any, *, starts: Any) -> Any:
    """The mean of each group of elements in its places; groups begin at `starts` of the flattened array."""
    size = math.prod(shape_of(x))
    counts = np.diff(starts, append=size)
    flat = np.reshape(tangent, (-1, size))
    means = np.add.reduceat(flat, starts, axis=-1) / (like(counts, x) if dtype_of(x).kind in "fc" else counts)
    return np.reshape(np.repeat(means, counts, axis=-1), shape_of(tangent))


# Equal elements of sorted rows: the same numbers, whose derivatives are those of their mean.
tied_p = General(
    "tied", lambda x, *, starts: x, jvps=[group_means], vjps=[group_means], batched=[group_means], flow="adds"
)


def _ranked(rows: Any) -> Any:
    """Rows in ascending order; equal elements share their derivatives."""
    ordered = np.sort(rows)
    new = ordered[..., 1:] != ordered[..., :-1]
    if np.all(new):
        return ordered
    first = np.ones((*shape_of(ordered)[:-1], 1), bool)
    return tied_p(ordered, starts=np.flatnonzero(np.concatenate([first, new], axis=-1)))


def _passing_nan(found: Any, last: Any) -> Any:
    """What was found, and nan for rows that hold nan, which is sorted to the end."""
    bad = np.isnan(last)
    if not np.any(bad):
        return found
    return np.where(bad, last * np.nan, found) if shape_of(found) else last * np.nan


@implements(np.median)
def median(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    refuse_out(out)
    a = normalize(a)
    axes = reduced_axes(a, axis)
    found = median_of_rows(rows_of(a, axes))
    return np.reshape(found, shape_kept(a, axes)) if kept(keepdims) else found


def reduced_axes(a: Any, axis: Any) -> Axes:
    """Which axes are meant, as negative numbers; lists of them too, which sums do not take."""
    n = len(shape_of(a))
    return tuple(i - n for i in (range(n) if axis is None else normalize_axis_tuple(axis, n)))


def median_of_rows(rows: Any) -> Any:
    ranked, n = _ranked(rows), shape_of(rows)[-1]
    found = np.mean(ranked[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    return _passing_nan(found, ranked[..., -1]) if n else found


# alpha and beta of Hyndman and Fan's continuous estimators.
_PLOTTING_POSITIONS = {
    "interpolated_inverted_cdf": (0, 1),
    "hazen": (0.5, 0.5),
    "weibull": (0, 0),
    "median_unbiased": (1 / 3.0, 1 / 3.0),
    "normal_unbiased": (3 / 8.0, 3 / 8.0),
}


def _positions(n: int, q: Any, method: str) -> Any:
    """Where in n sorted elements the quantiles lie, from 0 to n - 1 and beyond in some methods; integers do not
    interpolate."""
    if method == "linear":
        return (n - 1) * q
    if method == "midpoint":
        return 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q))
    if method == "averaged_inverted_cdf":
        return n * value(q) - 1.0
    if method in _PLOTTING_POSITIONS:
        alpha, beta = _PLOTTING_POSITIONS[method]
        return n * q + (alpha + q * (1 - alpha - beta)) - 1
    # The others pick an element.
    return np.asarray(np.quantile(np.arange(n), value(q), method=method))  # type: ignore[call-overload]


def quantile_of_rows(rows: Any, q: Any, method: str, weak: bool) -> Any:
    """Quantiles along the last axis, which comes first in the result in the shape of q."""
    ranked = np.moveaxis(_ranked(rows), -1, 0)
    position = _positions(shape_of(rows)[-1], q, method)
    if dtype_of(position).kind in "iu":
        return _passing_nan(ranked[position], ranked[-1])
    below, above, part = _neighbours(shape_of(rows)[-1], position)
    if method == "averaged_inverted_cdf":
        part = np.where(part == 0, 0.5, 1.0).astype(dtype_of(position))
    shape = (*shape_of(position), *(1,) * (len(shape_of(ranked)) - 1))
    part, rest = np.reshape(part, shape), np.reshape(1 - part, shape)
    if weak:
        part, rest = (cast(x, dtype_of(rows) if dtype_of(rows).kind == "f" else float) for x in (part, rest))
    found = _between(ranked[below], ranked[above], part, rest)
    if isinstance(part, Box) and np.any(on_element := (part == 0) & np.reshape((below > 0) & (below < above), shape)):
        # There the slope by q is the mean of those on both sides.
        bend = 2 * ranked[below] - ranked[below - 1] - ranked[above]
        found = found + np.where(on_element, 0.5 * bend * part, 0.0)
    return _passing_nan(found, ranked[-1])


def _neighbours(n: int, position: Any) -> tuple[Any, Any, Any]:
    """The elements below and above a position, and which part of the way from one to the other it lies."""
    # NumPy interpolates between the last element and itself at the end; by a traced q that would have no slope.
    traced = isinstance(position, Box)
    floor = np.clip(np.floor(position), 0, n - 2 if traced and n > 1 else n - 1)
    beyond = (position < 0) | (position > n - 1 if traced else position >= n - 1)
    below = floor.astype(int)
    above = np.where(position < 0, 0, np.minimum(below + 1, n - 1))
    return below, above, np.where(beyond, 1.0 if traced else 0.0, position - floor)


def _between(x: Any, y: Any, part: Any, rest: Any) -> Any:
    """x + part (y - x), rounded as NumPy does."""
    step = y - x
    found = x + _part_of(step, part)
    late = part >= 0.5
    if not np.any(late):
        return found
    # What NumPy does not compute it does not warn of.
    return np.where(late, y - _part_of(np.where(late, step, 0.0), rest), found)


def _part_of(step: Any, part: Any) -> Any:
    """step * part, without the derivative of the step where the part is none of it."""
    if isinstance(part, Box) or np.all(part != 0) or not np.all(np.isfinite(step)):
        return step * part
    return np.where(part == 0, 0.0, step * part)


def quantile_implementation(function: Any, of_rows: Any, scale: int, of_nothing: Any = None) -> None:
    """Let a function of NumPy's see quantiles of rows; `of_nothing` answers for empty arrays."""

    @implements(function)
    def implementation(
        a: Any,
        q: Any,
        axis: Any = None,
        out: None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        refuse_out(out)
        if weights is not None:
            raise NoRule(
                f"{function.__name__} with weights= has no derivative rule{place()}; without weights it has one, or "
                "sort the values and interpolate their cumulated weights with np.interp"
            )
        a = normalize(a)
        # NumPy says what may not be.
        function(np.zeros(1, dtype_of(a)), plain(q) if isinstance(q, Box) else q, method=method)
        axes = reduced_axes(a, axis)
        if of_nothing is not None and not math.prod(shape_of(a)):
            return of_nothing(a, axis=axes, keepdims=kept(keepdims))
        weak = type(plain(q)) in (int, float)
        q = normalize(q)
        q = q if isinstance(q, Box) else np.asarray(q)
        found = of_rows(rows_of(a, axes), q if scale == 1 else np.true_divide(q, scale), method, weak)
        return np.reshape(found, (*shape_of(q), *shape_kept(a, axes))) if kept(keepdims) else found


quantile_implementation(np.quantile, quantile_of_rows, 1)
quantile_implementation(np.percentile, quantile_of_rows, 100)
