"""The rows that read alike in every engine whose arrays behave as NumPy's: primitives in terms of a few functions.

`xp` is the engine's namespace of functions with NumPy's names and parameters. Kinks follow the table: a norm at 0 has
derivative 0, and so has the length of (0, 0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .lowering import Function

ARITHMETIC = ("add", "subtract", "multiply", "divide", "power", "negative", "positive", "square", "reciprocal")
POWERS = ("sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2")
ANGLES = ("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh")
ANGLES += ("arctanh", "deg2rad", "radians", "rad2deg", "degrees")
KINKS = ("absolute", "fabs", "maximum", "minimum", "fmax", "fmin", "remainder", "fmod", "float_power")
# What carries no derivative; a graph holds them where masks flow on as data.
MASKS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "isnan", "isinf", "isfinite")
MASKS += ("logical_and", "logical_or", "logical_not", "logical_xor", "sign", "floor", "ceil", "rint", "trunc")
ELEMENTWISE = ARITHMETIC + POWERS + ANGLES + KINKS + MASKS


def moving(xp: Any) -> dict[str, Function]:
    """Elements picked, repeated, joined and put elsewhere."""
    return {
        "reshape": lambda x, *, shape: xp.reshape(x, shape),
        "transpose": lambda x, *, axes: xp.transpose(x, axes),
        "broadcast_to": lambda x, *, shape: xp.broadcast_to(x, shape),
        "copy": lambda x, *, order: x,
        "item": lambda x: xp.reshape(x, ()),
        "astype": lambda x, *, dtype: xp.astype(x, dtype),
        "concatenate": lambda *arrays, axis: xp.concatenate(arrays, axis),
        "stack": lambda *arrays, axis: xp.stack(arrays, axis),
        "roll": lambda x, *, shift, axis: xp.roll(x, shift, axis),
        "take": lambda x, *, indices, axis: xp.take(x, indices, axis),
        "permute": lambda x, *, order, axis: xp.take_along_axis(x, order, axis),
        "diagonal": lambda x, *, offset: xp.diagonal(x, offset, -2, -1),
        "where": lambda x, y, *, mask: xp.where(mask, x, y),
        "choose": lambda mask, x, y: xp.where(mask, x, y),
        "tied": lambda x, *, starts: _tied(xp, x, starts),
        "unwrap": lambda p, *, discont, axis, period: p + xp.stopped(xp.unwrap(p, discont, axis, period) - p),
    }


def _tied(xp: Any, x: Any, starts: Any) -> Any:
    """Equal elements, each the mean of its group, and so the derivatives."""
    size = math.prod(x.shape)
    counts = np.diff(starts, append=size)
    places = np.repeat(np.arange(len(starts)), counts)
    sums = xp.segment_sum(xp.reshape(x, (-1,)), places, len(starts))
    means = xp.take(sums, places, 0) / xp.array(counts[places].astype(float))
    return xp.reshape(means, x.shape)


def adding(xp: Any) -> dict[str, Function]:
    """Sums and products."""

    def sum_(x: Any, *, axis: Any, keepdims: bool, where: Any = True, dtype: Any = None) -> Any:
        # What where= leaves out is 0 already.
        return xp.sum(x if dtype is None else xp.astype(x, dtype), axis=axis, keepdims=keepdims)

    return {
        "sum": sum_,
        "sum_from": lambda x, initial, **params: sum_(x, **params) + initial,
        "cumsum": lambda x, *, axis: xp.cumsum(x, axis=axis),
        "cumprod": lambda x: xp.cumprod(x, axis=-1),
        "matmul": xp.matmul,
        "dot": lambda x, y: xp.tensordot(x, y, ([-1], [max(y.ndim - 2, 0)])),
        "einsum": lambda *operands, subscripts, optimize: xp.einsum(subscripts, *operands),
        "vecdot": lambda x, y: xp.sum(xp.conj(x) * y, axis=-1, keepdims=False),
        "matvec": lambda x, y: xp.sum(x * y[..., None, :], axis=-1, keepdims=False),
        "vecmat": lambda x, y: xp.sum(xp.conj(x)[..., :, None] * y, axis=-2, keepdims=False),
        "ldexp": lambda x, *, exponent: x * xp.array(np.ldexp(1.0, exponent)),
    }


def reducing(xp: Any) -> dict[str, Function]:
    """Reductions along axes that are no sums."""
    return {
        "max": lambda x, *, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims),
        "min": lambda x, *, axis, keepdims: xp.min(x, axis=axis, keepdims=keepdims),
        "prod": lambda x, *, axis, keepdims: xp.prod(x, axis=axis, keepdims=keepdims),
        "logaddexp.reduce": lambda x, *, axis, keepdims: xp.logsumexp(x, axis=axis, keepdims=keepdims),
        "hypot": lambda x, y: _length(xp, xp.stack((x + 0 * y, y + 0 * x), -1), (-1,), False),
        "hypot.reduce": lambda x, *, axis, keepdims: _length(xp, x, axis, keepdims),
        "norm": lambda x, *, order, numpys, axis, axes, keepdims: _norm(xp, x, order, axes, keepdims),
    }


def _length(xp: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The Euclidean norm, whose derivative at 0 is 0; scaled so that no square overflows."""
    size = xp.stopped(xp.max(xp.absolute(x), axis=axis, keepdims=True))
    scale = xp.where(size > 0, size, xp.ones_like(size))
    squares = xp.sum(xp.absolute(x / scale) ** 2, axis=axis, keepdims=True)
    zero = squares == 0
    length = scale * xp.where(zero, 0 * squares, xp.sqrt(xp.where(zero, xp.ones_like(squares), squares)))
    return length if keepdims else xp.sum(length, axis=axis, keepdims=False)


def _norm(xp: Any, x: Any, order: Any, axes: Any, keepdims: bool) -> Any:
    if order == 2:
        return _length(xp, x, axes, keepdims)
    total = xp.sum(xp.absolute(x) ** order, axis=axes, keepdims=keepdims)
    zero = total == 0
    return xp.where(zero, 0 * total, xp.where(zero, xp.ones_like(total), total) ** (1 / order))


def of_matrices(xp: Any) -> dict[str, Function]:
    """Linear algebra on stacks of matrices."""
    linalg = xp.linalg

    def eigh(a: Any, uplo: str) -> Any:
        return linalg.eigh(_hermitian(xp, a, uplo))

    def cholesky(a: Any, *, upper: bool) -> Any:
        factor = linalg.cholesky(_hermitian(xp, a, "U" if upper else "L"))
        return _adjoint(xp, factor) if upper else factor

    return {
        "det": linalg.det,
        "slogdet": lambda x: xp.stack(tuple(linalg.slogdet(x)), -1),
        "inv": linalg.inv,
        "solve": lambda a, b: linalg.solve(a, b),
        "cholesky": cholesky,
        "eigvalsh": lambda a, *, uplo: eigh(a, uplo)[0],
        "eigh": lambda a, *, uplo: _packed(xp, *eigh(a, uplo)),
        "svdvals": lambda a: xp.svdvals(a),
    }


def _packed(xp: Any, values: Any, vectors: Any) -> Any:
    flat = xp.reshape(vectors, (*vectors.shape[:-2], vectors.shape[-1] * vectors.shape[-2]))
    return xp.concatenate((values, flat), -1)


def _adjoint(xp: Any, x: Any) -> Any:
    return xp.conj(xp.transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)))


def _hermitian(xp: Any, a: Any, uplo: str) -> Any:
    """The matrices that one triangle of a stands for: a change of the other one changes nothing."""
    n = a.shape[-1]
    triangle = np.tri(n, k=0, dtype=bool) if str(uplo).upper() == "L" else np.tri(n, k=0, dtype=bool).T
    half, diagonal = xp.where(triangle, a, 0 * a), np.eye(n, dtype=bool)
    return half + xp.where(diagonal, 0 * a, _adjoint(xp, half))


def common(xp: Any) -> Mapping[str, Function]:
    """All of them."""
    return {**moving(xp), **adding(xp), **reducing(xp), **of_matrices(xp)}
