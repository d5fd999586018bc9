"""Norms and condition numbers. At the zero vector a norm has derivative 0, the mean of all its slopes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..tracing import normalize, plain, value
from .matrices import inverse
from .reductions import Axes, axes_from_end, restored, shape_kept
from .table import General, cast, dtype_of, implements, shape_of


def _partials(out: Any, x: Any, order: Any, axes: Axes, keepdims: bool) -> Any:
    """The derivative of a norm whose p-th power is the sum of those of the lengths: (|x| / norm)^(p - 1) sign x."""
    length = restored(out, x, axes, keepdims)
    zero = plain(length) == 0
    length = np.where(zero, np.ones((), dtype_of(length)), length) if np.any(zero) else length
    direction = np.conj(x) / length
    if order != 2:
        none = plain(x) == 0
        ratio = np.where(none, 1.0, np.abs(x)) / length
        direction = np.where(none, 0.0, np.sign(np.conj(x)) * ratio ** (order - 1))
    # Zero points nowhere, and has no second derivative: nan, as that of sqrt|x|, which is 0 there too.
    return np.where(zero, np.sqrt(np.abs(x)), direction) if np.any(zero) else direction


def _compute(x: Any, *, order: Any, numpys: Any, axis: Any, axes: Axes, keepdims: bool) -> Any:
    return np.linalg.norm(x, numpys, axis, keepdims)


def _push(tangent: Any, out: Any, x: Any, *, order: Any, numpys: Any, axis: Any, axes: Axes, keepdims: bool) -> Any:
    return np.real(np.sum(tangent * _partials(out, x, order, axes, keepdims), axis=axes, keepdims=keepdims))


def _pull(cotangent: Any, out: Any, x: Any, *, order: Any, numpys: Any, axis: Any, axes: Axes, keepdims: bool) -> Any:
    return restored(cotangent, x, axes, keepdims) * _partials(out, x, order, axes, keepdims)


# The norms that are powers of sums of powers; `numpys` and `axis` are what NumPy is asked for.
norm_p = General("norm", _compute, jvps=[_push], vjps=[_pull], batched=[_push], flow="adds")


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    x, order, keepdims = normalize(x), value(ord), bool(keepdims)
    numpys: Any = np.linalg.norm
    if axis is not None and not isinstance(axis, tuple):
        if not hasattr(axis, "__index__"):
            return numpys(plain(x), order, axis, keepdims)  # NumPy's own error
        axis = (operator.index(axis),)
    axes = axes_from_end(x, axis)
    euclidean = (None, "fro", "f") if len(axes) == 2 else (None,)
    if order in euclidean and (axis is None or len(axes) in (1, 2)):
        return norm_p(x, order=2, numpys=order, axis=axis, axes=axes, keepdims=keepdims)
    if len(axes) == 1 and not isinstance(order, str):
        return _of_vectors(x, order, axis, axes, keepdims)
    if len(axes) == 2 and order in _OF_MATRICES:
        return _of_matrices(x, order, axes, keepdims)
    return numpys(plain(x), order, axis, keepdims)


_OF_MATRICES = frozenset({1, -1, 2, -2, np.inf, -np.inf, "nuc"})


def _of_vectors(x: Any, ord: Any, axis: Any, axes: Axes, keepdims: bool) -> Any:
    if ord == 0:
        return np.linalg.norm(plain(x), 0, axes, keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if np.isinf(ord):
        if ord > 0 and shape_of(x)[axes[0]] == 0:
            return np.linalg.norm(plain(x), ord, axes, keepdims)
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axes, keepdims=keepdims)
    return norm_p(x, order=ord, numpys=ord, axis=axis, axes=axes, keepdims=keepdims)


def _of_matrices(x: Any, ord: Any, axes: Axes, keepdims: bool) -> Any:
    if 0 in (shape_of(x)[i] for i in axes):
        return np.linalg.norm(plain(x), ord, axes, keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        row, column = axes if abs(ord) == 1 else axes[::-1]
        sums = np.sum(np.abs(x), axis=row, keepdims=True)
        found = (np.max if ord > 0 else np.min)(sums, axis=column, keepdims=True)
    else:
        s = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), compute_uv=False)
        reduced = np.sum(s, axis=-1) if ord == "nuc" else (np.max if ord > 0 else np.min)(s, axis=-1)
        found = restored(reduced, x, axes, False)
    return found if keepdims else np.squeeze(found, axis=axes)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of the elements along any number of axes."""
    x = normalize(x)
    n = len(shape_of(x))
    meant = axes_from_end(x, axis)
    if axis is None:
        found = np.linalg.norm(np.ravel(x), ord, 0)
    elif isinstance(axis, tuple):
        kept = [i for i in range(n) if i - n not in meant]
        moved = np.transpose(x, (*meant, *kept))
        found = np.linalg.norm(np.reshape(moved, (-1, *shape_of(moved)[len(meant) :])), ord, 0)
    else:
        found = np.linalg.norm(x, ord, axis)
    return np.reshape(found, shape_kept(x, meant)) if keepdims else found


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """How much of a relative error solving may make."""
    x = normalize(x)
    with np.errstate(all="ignore"):
        if p is None or p in (2, -2):
            s = np.linalg.svd(x, compute_uv=False)
            found = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        else:
            # As NumPy has it, the inverse of single precision is taken in double precision.
            wide = cast(x, np.result_type(dtype_of(x), np.float64))
            product = np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(inverse(wide), p, (-2, -1))
            found = cast(product, dtype_of(np.real(plain(x))))
    # As NumPy has it: infinite, unless x itself is not a number.
    undefined = np.isnan(plain(found)) & ~np.isnan(plain(x)).any(axis=(-2, -1))
    return np.where(undefined, np.inf * (1 + np.linalg.norm(x, axis=(-2, -1))), found) if np.any(undefined) else found
