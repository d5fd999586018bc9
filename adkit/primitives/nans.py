"""Reductions that leave nan out: nan contributes exactly 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import warn
from ..tracing import normalize
from .means import count_of, ddof_of, given, over, root
from .order import median_of_rows, quantile_implementation, quantile_of_rows, reduced_axes
from .reductions import MISSING, axes_from_end, kept, reduced, rows_of, shape_kept
from .table import cast, dtype_of, implements, refuse_out, shape_of


def _known(a: Any, fill: float) -> tuple[Any, Any]:
    """An array with a number for nan, and where it had none."""
    a = normalize(a)
    missing = np.isnan(a)
    return (np.where(missing, np.asarray(fill, dtype_of(a)), a) if np.any(missing) else a), ~missing


@implements(np.nansum)
def nansum(a: Any, axis: Any = None, dtype: Any = None, out: None = None, *options: Any, **named: Any) -> Any:
    return np.sum(_known(a, 0.0)[0], axis, dtype, out, *options, **named)


@implements(np.nanprod)
def nanprod(a: Any, axis: Any = None, dtype: Any = None, out: None = None, *options: Any, **named: Any) -> Any:
    return reduced(np.multiply, _known(a, 1.0)[0], axis, dtype, out, *options, **named)


def _extreme(function: Any, ufunc: np.ufunc) -> None:
    @implements(function)
    def implementation(a: Any, axis: Any = None, out: None = None, *options: Any, **named: Any) -> Any:
        found = reduced(ufunc, a, axis, None, out, *options, **named)
        if np.any(np.isnan(found)):
            warn("All-NaN slice encountered", RuntimeWarning)
        return found


_extreme(np.nanmax, np.fmax)
_extreme(np.nanmin, np.fmin)


@implements(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = MISSING, *, where: Any = MISSING
) -> Any:
    refuse_out(out)
    a, known = _known(a, 0.0)
    axes = axes_from_end(a, axis)
    if where is not MISSING:
        known = known & np.asarray(where)
    count = count_of(a, axes, known, kept(keepdims))
    if np.any(count == 0):
        warn("Mean of empty slice", RuntimeWarning)
    total = np.sum(a, axis=axes, keepdims=kept(keepdims), **given(dtype=dtype, where=where))
    return _divided(total, count)


def _divided(total: Any, count: Any) -> Any:
    """The mean of known numbers, and nan of none without another word."""
    with np.errstate(all="ignore"):
        return over(total, count)


@implements(np.nanvar)
def nanvar(
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
    ddof = ddof_of(ddof, correction)
    a, known = _known(a, 0.0)
    axes = axes_from_end(a, axis)
    known = known & np.asarray(True if where is MISSING else where)
    options = given(dtype=dtype, where=where)
    if mean is MISSING:
        mean = _divided(np.sum(a, axis=axes, keepdims=True, **options), count_of(a, axes, known, True))
    deviation = np.where(known, cast(a - normalize(mean), dtype_of(a)), np.asarray(0.0, dtype_of(a)))
    free = count_of(a, axes, known, kept(keepdims)) - ddof
    squares = deviation * np.conj(deviation)
    found = _divided(np.sum(np.real(squares), axis=axes, keepdims=kept(keepdims), **options), free)
    if np.any(free <= 0):
        warn("Degrees of freedom <= 0 for slice.", RuntimeWarning)
        found = np.where(free <= 0, np.asarray(np.nan, dtype_of(found)), found)
    return found


@implements(np.nanstd)
def nanstd(a: Any, *options: Any, **named: Any) -> Any:
    return root(np.nanvar(a, *options, **named))


# -- order -----------------------------------------------------------------------------------------
def _row_by_row(of_known: Any, rows: Any, shape: tuple[int, ...]) -> Any:
    """What `of_known` makes of the known numbers of each row, in this shape after the shape of the rows."""
    missing = np.isnan(rows)
    if not np.any(missing):
        return of_known(rows)
    lead = shape_of(rows)[:-1]
    found = []
    for index in np.ndindex(lead):
        if np.all(missing[index]):
            warn("All-NaN slice encountered", RuntimeWarning)
            found.append(np.full(shape, np.nan, dtype_of(rows)))
        else:
            found.append(of_known(rows[index][~missing[index]]))
    joined = np.reshape(np.stack(found), (*lead, *shape))
    return np.moveaxis(joined, range(len(lead), len(lead) + len(shape)), range(len(shape)))


@implements(np.nanmedian)
def nanmedian(
    a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = MISSING
) -> Any:
    refuse_out(out)
    a = normalize(a)
    axes = reduced_axes(a, axis)
    if not math.prod(shape_of(a)):
        return np.nanmean(a, axis=axes, keepdims=kept(keepdims))
    found = _row_by_row(median_of_rows, rows_of(a, axes), ())
    return np.reshape(found, shape_kept(a, axes)) if kept(keepdims) else found


def _known_quantile_of_rows(rows: Any, q: Any, method: str, weak: bool) -> Any:
    return _row_by_row(lambda known: quantile_of_rows(known, q, method, weak), rows, shape_of(q))


quantile_implementation(np.nanquantile, _known_quantile_of_rows, 1, np.nanmean)
quantile_implementation(np.nanpercentile, _known_quantile_of_rows, 100, np.nanmean)
