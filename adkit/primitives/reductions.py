"""Reductions: an axis disappears. Axes are counted from the end, so that stacked tangents need no other rule."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..tracing import normalize, plain, value
from .elementwise import towards
from .indexing import scatter_p
from .table import (
    General,
    JointlyLinear,
    Linear,
    axis_from_end,
    cast,
    dtype_of,
    everywhere,
    implements,
    like,
    parameter,
    refuse_out,
    shape_of,
    weighted,
)

Axes = tuple[int, ...]
# NumPy's own mark of an argument that was not given.
MISSING: Any = np._NoValue


def axes_from_end(a: Any, axis: Any) -> Axes:
    """Which axes are meant, as negative numbers."""
    n = len(shape_of(a))
    if axis is None:
        return tuple(range(-n, 0))
    if type(axis) is int and -n <= axis < n:
        return (axis if axis < 0 else axis - n,)
    if n == 0 and axis in (0, -1):
        return ()
    if isinstance(axis, list):
        raise TypeError("'list' object cannot be interpreted as an integer")  # NumPy's words
    return tuple([i - n for i in normalize_axis_tuple(axis, n)])


def kept(keepdims: Any) -> bool:
    """What keepdims= means; np._NoValue, which is true, means no."""
    return keepdims is not MISSING and bool(keepdims)


def is_given(where: Any) -> bool:
    """Whether where= says anything."""
    return where is not MISSING and where is not True


def restored(reduced: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """A reduced array with the axes of length 1 back in place, so that it broadcasts against x."""
    if keepdims:
        return reduced
    n = np.ndim(plain(x))
    lead = np.shape(plain(reduced))[: np.ndim(plain(reduced)) - (n - len(axis))]
    return np.reshape(reduced, (*lead, *shape_kept(x, axis)))


def shape_kept(x: Any, axis: Axes) -> tuple[int, ...]:
    """The shape of x with these axes reduced to length 1."""
    n = len(shape_of(x))
    return tuple(1 if i - n in axis else size for i, size in enumerate(shape_of(x)))


# -- sums ------------------------------------------------------------------------------------------
def _sum_transpose(cotangent: Any, x: Any, *, axis: Axes, keepdims: bool, where: Any = True, dtype: Any = None) -> Any:
    shape = shape_of(x)
    if len(axis) == len(shape):
        share = everywhere(cotangent, shape)
    else:
        share = np.broadcast_to(restored(cotangent, x, axis, keepdims), shape)
    return share if where is True else np.where(where, share, 0.0)


def _sum_share(i: int, cotangent: Any, x: Any, initial: Any, **params: Any) -> Any:
    return np.sum(cotangent) if i else _sum_transpose(cotangent, x, **params)


def _sum_batched(tangents: Any, args: Any, out: Any, **params: Any) -> Any:
    of_x, of_initial = tangents
    return np.sum(of_x, **params) + np.reshape(of_initial, (-1, *(1,) * len(shape_of(out))))


sum_p = Linear(
    "sum",
    lambda x, *, axis, keepdims, **options: np.add.reduce(x, axis=axis, keepdims=keepdims, **options),
    transpose=_sum_transpose,
    batched=lambda tangents, x, **params: np.sum(tangents, **params),
    flow="adds",
)
sum_from_p = JointlyLinear(
    "sum_from",
    lambda x, initial, **params: np.add.reduce(x, initial=initial, **params),
    transpose=_sum_share,
    batched=_sum_batched,
    flow="adds",
)


@implements(np.sum)
def sum_(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = MISSING,
    initial: Any = MISSING,
    where: Any = MISSING,
) -> Any:
    refuse_out(out)
    a = normalize(a)
    if dtype is None and initial is MISSING and where is MISSING:
        return sum_p(a, axis=axes_from_end(a, axis), keepdims=keepdims is not MISSING and bool(keepdims))
    params: dict[str, Any] = {"axis": axes_from_end(a, axis), "keepdims": kept(keepdims)}
    if dtype is not None:
        params["dtype"] = real_or_complex(a, dtype)
    if is_given(where):
        params["where"] = mask_of(a, where)
        # What is left out contributes exactly 0; where= is kept because NumPy adds in another order with it.
        a = np.where(params["where"], a, 0.0 if dtype_of(a).kind in "fc" else 0)
    return sum_p(a, **params) if initial is MISSING else sum_from_p(a, normalize(initial), **params)


def mask_of(a: Any, where: Any) -> Any:
    """A mask for the elements of a, in an array of its own: f may change the one it used."""
    mask = value(where)
    if isinstance(mask, np.ndarray) and mask.dtype != bool:
        np.add.reduce(np.zeros(mask.shape), where=mask)  # NumPy says that this may not be
    mask = np.array(mask, bool)
    np.broadcast_to(mask, shape_of(a))
    return mask


def real_or_complex(a: Any, dtype: Any) -> np.dtype[Any]:
    """The dtype to reduce in, which must be able to hold a derivative."""
    wanted = np.dtype(dtype)
    if wanted.kind not in "fc":
        cast(a, wanted)  # refused where a is traced
    return wanted


# -- reductions by their partials ------------------------------------------------------------------
def shared_equally(attained: Any, x: Any, axis: Axes) -> Any:
    """Weights that the elements of x marked in a mask have in equal parts; nan where none is."""
    attained = like(attained, x)
    return attained / np.sum(attained, axis=axis, keepdims=True)


def _extreme_shares(out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """The partials of max and min: the elements that attain the extreme share equally."""
    return shared_equally(x == restored(out, x, axis, keepdims), x, axis)


def _known_extreme_shares(out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """The same where nan is left out: nothing flows to it, not even where there is nothing else."""
    attained = like(x == restored(out, x, axis, keepdims), x)
    return attained / np.maximum(np.sum(attained, axis=axis, keepdims=True), 1)


def _prod_partials(out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """Each element's product of the others along the axes, right through zeros: those before times those after."""
    rows = rows_of(x, axis)
    others = _before(rows) * np.flip(_before(np.flip(rows, -1)), -1)
    apart = np.reshape(others, (*shape_of(rows)[:-1], *(shape_of(x)[i] for i in axis)))
    return np.moveaxis(apart, range(-len(axis), 0), axis)


def _before(rows: Any) -> Any:
    """The product of the elements before each one along the last axis."""
    return np.concatenate([np.ones_like(plain(rows)[..., :1]), np.cumprod(rows[..., :-1], axis=-1)], axis=-1)


def _softmax(exp: Any) -> Callable[..., Any]:
    """The partials of the logarithm of a sum of powers; infinite terms share equally where the sum is infinite."""

    def partials(out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
        total = restored(out, x, axis, keepdims)
        infinite = np.isinf(total)
        some = np.any(infinite)
        weights = exp(np.where(infinite, 0.0, x - total) if some else x - total)
        # They add up to 1 also where the logarithm is lost in a huge number.
        weights = weights / np.sum(weights, axis=axis, keepdims=True)
        return np.where(infinite, shared_equally(x == total, x, axis), weights) if some else weights

    return partials


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
fmax_p = reduction("fmax.reduce", np.fmax.reduce, _known_extreme_shares, selects=True)
fmin_p = reduction("fmin.reduce", np.fmin.reduce, _known_extreme_shares, selects=True)
prod_p = reduction("prod", np.prod, _prod_partials)
logsumexp_p = reduction("logaddexp.reduce", np.logaddexp.reduce, _softmax(np.exp), selects=True)
logsumexp2_p = reduction("logaddexp2.reduce", np.logaddexp2.reduce, _softmax(np.exp2), selects=True)
hypot_p = reduction(
    "hypot.reduce", np.hypot.reduce, lambda out, x, axis, keepdims: towards(x, restored(out, x, axis, keepdims))
)
# The row of each ufunc's reduction, and what changes nothing in it.
BY_UFUNC: dict[np.ufunc, tuple[General, float]] = {
    np.multiply: (prod_p, 1.0),
    np.maximum: (max_p, -np.inf),
    np.minimum: (min_p, np.inf),
    np.fmax: (fmax_p, np.nan),
    np.fmin: (fmin_p, np.nan),
    np.logaddexp: (logsumexp_p, -np.inf),
    np.logaddexp2: (logsumexp2_p, -np.inf),
    np.hypot: (hypot_p, 0.0),
}


def reduced(
    ufunc: np.ufunc, a: Any, axis: Any = None, dtype: Any = None, out: None = None, *options: Any, **named: Any
) -> Any:
    """The reduction by a ufunc, with the usual keywords: keepdims, initial and where."""
    refuse_out(out)
    a = normalize(a)
    if dtype is not None:
        a = cast(a, dtype)
    if options or named:
        return _reduced_with_options(ufunc, a, axis, *options, **named)
    return BY_UFUNC[ufunc][0](a, axis=axes_from_end(a, axis), keepdims=False)


def _reduced_with_options(
    ufunc: np.ufunc, a: Any, axis: Any, keepdims: Any = MISSING, initial: Any = MISSING, where: Any = MISSING
) -> Any:
    primitive, neutral = BY_UFUNC[ufunc]
    axes = axes_from_end(a, axis)
    if is_given(where):
        if ufunc.identity is None and initial is MISSING:
            ufunc.reduce(np.zeros(1), where=False)  # NumPy says that this may not be
        # What is left out contributes exactly 0.
        a = np.where(mask_of(a, where), a, np.asarray(neutral, dtype_of(a)))
    if initial is MISSING or initial is None:
        return primitive(a, axis=axes, keepdims=kept(keepdims))
    total = primitive(_led_by(cast(normalize(initial), dtype_of(a)), a, axes), axis=(-1,), keepdims=False)
    return np.reshape(total, shape_kept(a, axes)) if kept(keepdims) else total


def rows_of(a: Any, axes: Axes) -> Any:
    """An array whose last axis runs over all that is reduced."""
    n = len(shape_of(a))
    others = [i for i in range(n) if i - n not in axes]
    moved = np.transpose(a, [*others, *(i + n for i in axes)]) if n else a
    return np.reshape(moved, (*(shape_of(a)[i] for i in others), math.prod(shape_of(a)[i] for i in axes)))


def _led_by(initial: Any, a: Any, axes: Axes) -> Any:
    """Rows of what is reduced, the initial value before all others."""
    rows = rows_of(a, axes)
    return np.concatenate([np.broadcast_to(initial, (*shape_of(rows)[:-1], 1)), rows], axis=-1)


@implements(np.prod)
def prod(a: Any, axis: Any = None, dtype: Any = None, out: None = None, *options: Any, **named: Any) -> Any:
    return reduced(np.multiply, a, axis, dtype, out, *options, **named)


def _extreme(ufunc: np.ufunc, *functions: Any) -> None:
    """max and min, which take no dtype."""

    @implements(*functions)
    def implementation(a: Any, axis: Any = None, out: None = None, *options: Any, **named: Any) -> Any:
        return reduced(ufunc, a, axis, None, out, *options, **named)


_extreme(np.maximum, np.max, np.amax)
_extreme(np.minimum, np.min, np.amin)


def _method_reduce(ufunc: np.ufunc) -> None:
    """The method of a ufunc, which takes the first axis unless told otherwise."""

    @implements((ufunc, "reduce"))
    def implementation(array: Any, axis: Any = 0, dtype: Any = None, out: None = None, *o: Any, **named: Any) -> Any:
        if ufunc is np.add:
            return np.sum(array, axis, dtype, out, *o, **named)
        return reduced(ufunc, array, axis, dtype, out, *o, **named)


for _ufunc in (np.add, *BY_UFUNC):
    _method_reduce(_ufunc)


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: Any = MISSING) -> Any:
    refuse_out(out)
    keepdims = kept(keepdims)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


# -- reductions of slices --------------------------------------------------------------------------
def _reduceat_transpose(cotangent: Any, x: Any, *, indices: Any, axis: int) -> Any:
    """What each element is added to: its slice, and the slices that are only itself."""
    n, starts = shape_of(x)[axis], np.asarray(indices)
    lengths = np.maximum(np.diff(starts, append=n), 1)
    spread = np.repeat(np.moveaxis(cotangent, axis, -1), lengths, axis=-1)
    places = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - starts, lengths)
    if len(places) != n or np.any(places != np.arange(n)):
        lead = shape_of(spread)[:-1]
        spread = scatter_p(spread, index=(*map(slice, lead), places), shape=(*lead, n))
    return np.moveaxis(spread, -1, axis)


add_reduceat_p = Linear(
    "add.reduceat",
    lambda x, *, indices, axis: np.add.reduceat(x, indices, axis),
    transpose=_reduceat_transpose,
    batched=lambda tangents, x, *, indices, axis: np.add.reduceat(tangents, indices, axis),
    selects=True,
    flow="adds",
)


def _reduceat(ufunc: np.ufunc) -> None:
    @implements((ufunc, "reduceat"))
    def implementation(array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: None = None) -> Any:
        refuse_out(out)
        array, indices = normalize(array), np.asarray(parameter(indices))
        if dtype is not None:
            array = cast(array, dtype)
        axis = axis_from_end(array, axis)
        # NumPy says what may not be.
        np.add.reduceat(np.broadcast_to(0.0, shape_of(array)), indices, axis)
        if ufunc is np.add:
            return add_reduceat_p(array, indices=indices, axis=axis)
        ends = np.maximum(np.append(indices[1:], shape_of(array)[axis]), indices + 1)
        moved = np.moveaxis(array, axis, 0)
        parts = [ufunc.reduce(moved[i:j]) if i + 1 < j else moved[i] for i, j in zip(indices, ends, strict=True)]
        return np.moveaxis(np.stack(parts), 0, axis)


for _ufunc in (np.add, np.maximum, np.minimum, np.fmax, np.fmin):
    _reduceat(_ufunc)
