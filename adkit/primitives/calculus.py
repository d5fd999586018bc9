"""Differences, integrals and interpolation of sampled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..tracing import normalize, plain
from .indexing import along, scatter_p
from .reductions import MISSING
from .shape import laid_as
from .table import General, cast, dtype_of, float_dtype, implements, is_complex, shape_of


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = MISSING, append: Any = MISSING) -> Any:
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")  # NumPy's words
    a = normalize(a)
    if not shape_of(a):
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis_index(axis, len(shape_of(a)))
    a = _with_ends(a, axis, prepend, append)
    for _ in range(n):
        a = along(a, axis, slice(1, None)) - along(a, axis, slice(None, -1))
    return a


def _with_ends(a: Any, axis: int, prepend: Any, append: Any) -> Any:
    """The array between what stands before it and behind it."""
    shape = shape_of(a)
    edge = (*shape[:axis], 1, *shape[axis + 1 :])
    ends = [[] if end is MISSING else [normalize(end)] for end in (prepend, append)]
    before, behind = ([x if shape_of(x) else np.broadcast_to(x, edge) for x in end] for end in ends)
    return np.concatenate([*before, a, *behind], axis) if before or behind else a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    a = np.ravel(normalize(ary))
    ends = [None if end is None else np.ravel(normalize(end)) for end in (to_begin, to_end)]
    for name, end in zip(("to_begin", "to_end"), ends, strict=True):
        if end is not None and not np.can_cast(dtype_of(end), dtype_of(a), casting="same_kind"):
            rule = "with input `ary` under the `same_kind` rule."
            raise TypeError(f"dtype of `{name}` must be compatible {rule}")  # NumPy's words
    begin, end = ([] if x is None else [cast(x, dtype_of(a))] for x in ends)
    steps = a[1:] - a[:-1]
    return np.concatenate([*begin, steps, *end]) if begin or end else steps


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = normalize(y)
    axis = normalize_axis_index(axis, len(shape_of(y)))
    if x is None:
        width = normalize(dx)
    elif len(shape_of(x := normalize(x))) == 1:
        width = np.reshape(np.diff(x), (-1, *(1,) * (len(shape_of(y)) - axis - 1)))
    else:
        width = np.diff(x, axis=axis)
    return np.sum(width * (along(y, axis, slice(1, None)) + along(y, axis, slice(None, -1))) / 2.0, axis=axis)


# -- slopes ----------------------------------------------------------------------------------------
@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = normalize(f)
    if dtype_of(f).kind not in "fc":
        f = cast(f, float)
    n = len(shape_of(f))
    axes = tuple(range(n)) if axis is None else normalize_axis_tuple(axis, n)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")  # NumPy's words
    found = [
        _slopes(f, spacing, axis, edge_order) for axis, spacing in zip(axes, _spacings(f, varargs, axes), strict=True)
    ]
    return found[0] if len(axes) == 1 else tuple(found)


def _spacings(f: Any, given: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    """Per axis the distance of neighbours: one number, or one for each pair."""
    if not given:
        return [1.0] * len(axes)
    given = tuple(map(normalize, given))
    if len(given) == 1 and not shape_of(given[0]):
        return [given[0]] * len(axes)
    if len(given) != len(axes):
        raise TypeError("invalid number of arguments")  # NumPy's words
    return [_distances(x, shape_of(f)[axis]) if shape_of(x) else x for x, axis in zip(given, axes, strict=True)]


def _distances(x: Any, count: int) -> Any:
    if len(shape_of(x)) != 1:
        raise ValueError("distances must be either scalars or 1d")  # NumPy's words
    if shape_of(x)[0] != count:
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    distances = np.diff(cast(x, float_dtype(x)) if dtype_of(x).kind in "iu" else x)
    # A traced x may be moved to where they differ.
    return distances[0] if distances is plain(distances) and np.all(distances == distances[:1]) else distances


def _slopes(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Central differences inside, one-sided ones at the ends."""
    if shape_of(f)[axis] < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are "
            "required."
        )
    # The axis comes first, and what belongs to it broadcasts against the others.
    given, f = f, np.moveaxis(f, axis, 0)
    uniform = not shape_of(spacing)
    if not uniform:
        spacing = np.reshape(spacing, (-1, *(1,) * (len(shape_of(f)) - 1)))
    inner = _inner_uniform(f, spacing) if uniform else _inner(f, spacing)
    first, last = (spacing, spacing) if uniform else (spacing[:1], spacing[-1:])
    if edge_order == 1:
        ends = (f[1:2] - f[:1]) / first, (f[-1:] - f[-2:-1]) / last
    else:
        ends = _ends_uniform(f, spacing) if uniform else _ends(f, spacing)
    parts = [cast(part, dtype_of(f)) if dtype_of(part) != dtype_of(f) else part for part in (ends[0], inner, ends[1])]
    return laid_as(np.moveaxis(np.concatenate(parts, axis=0), 0, axis), given)


def _inner_uniform(f: Any, h: Any) -> Any:
    return (f[2:] - f[:-2]) / (2.0 * h)


def _inner(f: Any, h: Any) -> Any:
    h1, h2 = h[:-1], h[1:]
    a = -h2 / (h1 * (h1 + h2))
    b = (h2 - h1) / (h1 * h2)
    c = h1 / (h2 * (h1 + h2))
    return a * f[:-2] + b * f[1:-1] + c * f[2:]


def _ends_uniform(f: Any, h: Any) -> tuple[Any, Any]:
    first = -1.5 / h * f[:1] + 2.0 / h * f[1:2] + -0.5 / h * f[2:3]
    return first, 0.5 / h * f[-3:-2] + -2.0 / h * f[-2:-1] + 1.5 / h * f[-1:]


def _ends(f: Any, h: Any) -> tuple[Any, Any]:
    h1, h2 = h[:1], h[1:2]
    a = -(2.0 * h1 + h2) / (h1 * (h1 + h2))
    b = (h1 + h2) / (h1 * h2)
    c = -h1 / (h2 * (h1 + h2))
    first = a * f[:1] + b * f[1:2] + c * f[2:3]
    h1, h2 = h[-2:-1], h[-1:]
    a = h2 / (h1 * (h1 + h2))
    b = -(h2 + h1) / (h1 * h2)
    c = (2.0 * h2 + h1) / (h2 * (h1 + h2))
    return first, a * f[-3:-2] + b * f[-2:-1] + c * f[-1:]


# -- interpolation ---------------------------------------------------------------------------------
def _located(x: Any, xp: Any) -> tuple[Any, Any]:
    """For each x the interval of knots it lies in and how far in it lies, from 0 to 1."""
    n = shape_of(xp)[0]
    if n == 1:
        return np.zeros(shape_of(x), int), np.zeros(shape_of(x))
    below = np.clip(np.searchsorted(xp, x, "right") - 1, 0, n - 2)
    outside = (x < xp[0]) | (x > xp[-1])
    nearest = np.where(x > xp[-1], 1.0, 0.0)
    return below, np.where(outside, nearest, (x - xp[below]) / (xp[below + 1] - xp[below]))


def _slope(x: Any, xp: Any, fp: Any) -> Any:
    """The derivative by x: on a knot the mean of those on both sides, outside of the knots 0."""
    n = shape_of(xp)[0]
    if n == 1:
        return np.zeros(shape_of(x), dtype_of(fp))
    flat = np.zeros(1)
    slopes = np.concatenate([flat, np.diff(fp) / np.diff(xp), flat])
    left, right = np.searchsorted(xp, x, "left"), np.searchsorted(xp, x, "right")
    # Off the knots both are the same interval.
    return np.where(left == right, slopes[left], 0.5 * (slopes[left] + slopes[right]))


def _interp_by_knots(tangent: Any, out: Any, x: Any, xp: Any, fp: Any) -> Any:
    return -_slope(x, xp, fp) * np.interp(x, xp, tangent)


def _to_values(cotangent: Any, x: Any, xp: Any) -> Any:
    """The transpose of interpolation: every x hands its cotangent to the two knots around it."""
    below, part = _located(x, xp)
    above = np.minimum(below + 1, shape_of(xp)[0] - 1)
    return scatter_p(cotangent * (1 - part), index=below, shape=shape_of(xp)) + scatter_p(
        cotangent * part, index=above, shape=shape_of(xp)
    )


# np.interp(x, xp, fp): moving x and all knots together changes nothing, and the values of the knots come in linearly.
interp_p = General(
    "interp",
    lambda x, xp, fp: np.interp(x, xp, fp),
    jvps=[
        lambda tangent, out, x, xp, fp: _slope(x, xp, fp) * tangent,
        _interp_by_knots,
        lambda tangent, out, x, xp, fp: np.interp(x, xp, tangent),
    ],
    vjps=[
        lambda cotangent, out, x, xp, fp: _slope(x, xp, fp) * cotangent,
        lambda cotangent, out, x, xp, fp: _to_values(-_slope(x, xp, fp) * cotangent, x, xp),
        lambda cotangent, out, x, xp, fp: _to_values(cotangent, x, xp),
    ],
    selects=True,
    flow="adds",
)


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    if is_complex(x := normalize(x)) or is_complex(xp := normalize(xp)):
        np.interp(plain(x), plain(xp), plain(normalize(fp)))  # NumPy says that this may not be
    x, xp = (a if dtype_of(a) == np.float64 else cast(a, float) for a in (x, normalize(xp)))
    fp = normalize(fp)
    if not shape_of(xp) or not shape_of(fp) or shape_of(xp) != shape_of(fp) or not shape_of(xp)[0]:
        np.interp(np.zeros(1), plain(xp), plain(fp))  # NumPy says what may not be
    if period is not None:
        return _periodic(x, xp, fp, abs(normalize(period)))
    found = interp_p(x, xp, fp)
    if left is not None:
        found = np.where(x < xp[0], normalize(left), found)
    return found if right is None else np.where(x > xp[-1], normalize(right), found)


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> Any:
    """Knots in one period, and one more on either side."""
    if plain(period) == 0:
        raise ValueError("period must be a non-zero value")  # NumPy's words
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return np.interp(x, xp, np.concatenate([fp[-1:], fp, fp[:1]]))
