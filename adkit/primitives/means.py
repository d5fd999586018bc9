"""Means, variances and weighted averages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import warn
from ..tracing import normalize
from .reductions import MISSING, Axes, axes_from_end, is_given, kept, mask_of, sum_p
from .table import DOUBLE, cast, dtype_of, implements, refuse_out, shape_of


def root(squares: Any) -> Any:
    """The square root that makes a norm: its subgradient at the origin is 0, where it has no second derivative."""
    zero = squares == 0
    if not np.any(zero):
        return np.sqrt(squares)
    return np.where(zero, squares**1.5, np.sqrt(np.where(zero, np.ones((), dtype_of(squares)), squares)))


def count_of(a: Any, axes: Axes, where: Any = MISSING, keepdims: bool = False) -> Any:
    """How many elements are reduced to one: a number, or with where= an array."""
    shape = shape_of(a)
    if not is_given(where):
        return math.prod([shape[i] for i in axes])
    return np.sum(np.broadcast_to(mask_of(a, where), shape), axis=axes, dtype=np.intp, keepdims=keepdims)


def over(total: Any, count: Any) -> Any:
    """total / count in the dtype of the total, as NumPy divides sums."""
    dtype = dtype_of(total)
    if type(count) is int and (dtype == np.float64 or (count < 2048 and dtype.kind == "f")):
        return total / count  # exact, even in half precision
    quotient = total / np.asarray(count)
    return quotient if dtype_of(quotient) == dtype else cast(quotient, dtype)


def given(**options: Any) -> dict[str, Any]:
    """The options that say anything."""
    return {key: option for key, option in options.items() if option is not None and option is not MISSING}


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = MISSING,
    *,
    where: Any = MISSING,
) -> Any:
    refuse_out(out)
    a = normalize(a)
    given_dtype = dtype_of(a)
    if axis is dtype is None and keepdims is where is MISSING and given_dtype is DOUBLE:
        shape = shape_of(a)
        if count := math.prod(shape):
            return sum_p(a, axis=tuple(range(-len(shape), 0)), keepdims=False) / count
    if dtype is None and given_dtype == np.float16:
        # As NumPy does: the sum of many small numbers leaves the range of float16.
        return cast(np.mean(a, axis=axis, dtype=np.float32, keepdims=kept(keepdims), where=where), np.float16)
    axes = axes_from_end(a, axis)
    if dtype is None and not is_given(where) and (count := count_of(a, axes)):
        return over(sum_p(a, axis=axes, keepdims=kept(keepdims)), count)
    count = count_of(a, axes, where, kept(keepdims))
    if np.any(count == 0):
        warn("Mean of empty slice", RuntimeWarning)
    return over(np.sum(a, axis=axes, keepdims=kept(keepdims), **given(dtype=dtype, where=where)), count)


@implements(np.var)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: Any = 0,
    keepdims: Any = MISSING,
    *,
    where: Any = MISSING,
    mean: Any = MISSING,
    correction: Any = MISSING,
) -> Any:
    refuse_out(out)
    a, axes = normalize(a), axes_from_end(a, axis)
    ddof = ddof_of(ddof, correction)
    count = count_of(a, axes, where, kept(keepdims))
    options = given(dtype=dtype, where=where)
    if not options and ddof < count:
        center = over(sum_p(a, axis=axes, keepdims=True), count) if mean is MISSING else normalize(mean)
        return over(sum_p(_squared_length(a - center), axis=axes, keepdims=kept(keepdims)), count - ddof)
    if np.any(ddof >= count):
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
    if mean is MISSING:
        mean = over(np.sum(a, axis=axes, keepdims=True, **options), count_of(a, axes, where, True))
    squares = _squared_length(a - normalize(mean))
    free: Any = count - ddof if np.all(ddof < count) else np.maximum(count - ddof, 0)
    return over(np.sum(squares, axis=axes, keepdims=kept(keepdims), **options), free)


def _squared_length(z: Any) -> Any:
    if dtype_of(z).kind != "c":
        return z * z
    return np.square(np.real(z)) + np.square(np.imag(z))


def ddof_of(ddof: Any, correction: Any) -> Any:
    if correction is MISSING:
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")  # NumPy's words
    return correction


@implements(np.std)
def std(a: Any, axis: Any = None, dtype: Any = None, out: None = None, *options: Any, **named: Any) -> Any:
    return root(np.var(a, axis, dtype, out, *options, **named))


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = MISSING) -> Any:
    a = normalize(a)
    axes = axes_from_end(a, axis)
    keepdims = kept(keepdims)
    if weights is None:
        found = np.mean(a, axis=axes, keepdims=keepdims)
        scale: Any = dtype_of(found).type(math.prod(shape_of(a)) / math.prod(shape_of(found)))
    else:
        weights = _weights_like(a, normalize(weights), axis, axes)
        dtype = np.result_type(dtype_of(a), dtype_of(weights), *([] if dtype_of(a).kind in "fc" else ["f8"]))
        scale = np.sum(weights, axis=axes, dtype=dtype, keepdims=keepdims)
        if np.any(scale == 0.0):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")  # NumPy's words
        found = np.sum(cast(a, dtype) * cast(weights, dtype), axis=axes, keepdims=keepdims) / scale
    if not returned:
        return found
    return found, scale if shape_of(scale) == shape_of(found) else np.broadcast_to(scale, shape_of(found)).copy()


def _weights_like(a: Any, weights: Any, axis: Any, axes: Axes) -> Any:
    """Weights that broadcast against a: of its shape, or as long as the axes that are averaged over."""
    shape, given = shape_of(a), shape_of(weights)
    if given == shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")  # NumPy's words
    if given != tuple(shape[i] for i in axes):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    order = [int(i) for i in np.argsort(axes)]
    return np.reshape(np.transpose(weights, order), [n if i - len(shape) in axes else 1 for i, n in enumerate(shape)])
