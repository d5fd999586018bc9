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
        "roll": lambda x, *, shift, axis: xp.roll(x, shift, axis) if shift != () else x,
        "take": lambda x, *, indices, axis: xp.take(x, indices, axis),
        "permute": lambda x, *, order, axis: xp.take_along_axis(x, order, axis),
        "diagonal": lambda x, *, offset: xp.diagonal(x, offset, -2, -1),
        "where": lambda x, y, *, mask: xp.where(mask, x, y),
        "choose": lambda mask, x, y: xp.where(mask, x, y),
        "getitem": lambda x, *, index: picked(xp, x, index),
        "tied": lambda x, *, starts: _tied(xp, x, starts),
        "unwrap": lambda p, *, discont, axis, period: p + xp.stopped(xp.unwrap(p, discont, axis, period) - p),
    }


def numbers_at(shape: Any, index: Any) -> Any:
    """The elements of an array of this shape that an index means, by their numbers in C order."""
    return np.ascontiguousarray(np.arange(math.prod(shape)).reshape(shape)[index])


def picked(xp: Any, x: Any, index: Any) -> Any:
    """x[index]: slices that go forwards as they are, anything else by the numbers of the elements."""
    parts = index if isinstance(index, tuple) else (index,)
    if all(map(_is_plain_part, parts)):
        return x[index]
    return xp.take(xp.reshape(x, (-1,)), numbers_at(x.shape, index), 0)


def _is_plain_part(part: Any) -> bool:
    if isinstance(part, slice):
        return part.step is None or part.step > 0
    return part is None or part is Ellipsis or (isinstance(part, (int, np.integer)) and not isinstance(part, bool))


def written(shape: Any, index: Any) -> tuple[Any, tuple[int, ...]]:
    """Of every element after an assignment, where it comes from: its own number, or beyond those the place in the item;
    and the shape of what is written. What was written last stays, where an index names an element again."""
    size = math.prod(shape)
    source = np.arange(size)
    targets = numbers_at(shape, index)
    source[targets.reshape(-1)] = size + np.arange(targets.size)
    return source, targets.shape


def assigned(xp: Any, x: Any, item: Any, index: Any) -> Any:
    """x with an item at an index."""
    x, item = xp.arrays(x, item)
    source, shape = written(x.shape, index)
    item = xp.reshape(item, tuple(item.shape)[max(item.ndim - len(shape), 0) :])
    both = xp.concatenate((xp.reshape(x, (-1,)), xp.reshape(xp.broadcast_to(item, shape), (-1,))), 0)
    return xp.reshape(xp.take(both, source, 0), x.shape)


def added_at(xp: Any, x: Any, item: Any, index: Any) -> Any:
    """x with an item added at an index, wherever that repeats a place."""
    x, item = xp.arrays(x, item)
    numbers = numbers_at(x.shape, index)
    more = xp.reshape(xp.broadcast_to(item, numbers.shape), (-1,))
    return x + xp.reshape(xp.segment_sum(more, numbers.reshape(-1), math.prod(x.shape)), x.shape)


def scattered(xp: Any, x: Any, index: Any, shape: Any) -> Any:
    """Zeros of this shape with x added at the index."""
    flat = xp.segment_sum(xp.reshape(x, (-1,)), numbers_at(shape, index).reshape(-1), math.prod(shape))
    return xp.reshape(flat, shape)


def embedded(xp: Any, x: Any, offset: int, shape: Any) -> Any:
    """Matrices of this shape with the vectors x on a diagonal."""
    stack = tuple(x.shape[:-1])
    places = np.diagonal(np.arange(math.prod(shape)).reshape(shape), offset)[: x.shape[-1]]
    whole = np.arange(math.prod(stack))[:, None] * math.prod(shape) + places
    size = math.prod(stack) * math.prod(shape)
    return xp.reshape(xp.segment_sum(xp.reshape(x, (-1,)), whole.reshape(-1), size), (*stack, *shape))


def summed_slices(xp: Any, x: Any, indices: Any, axis: int) -> Any:
    """np.add.reduceat."""
    before = (slice(None),) * (x.ndim + axis)
    ends = np.maximum(np.append(indices[1:], x.shape[axis]), indices + 1)
    slices = [x[(*before, slice(int(i), int(j)))] for i, j in zip(indices, ends, strict=True)]
    return xp.stack([xp.sum(part, axis=(axis,), keepdims=False) for part in slices], axis)


def _tied(xp: Any, x: Any, starts: Any) -> Any:
    """Equal elements, each the mean of its group, and so the derivatives."""
    size = math.prod(x.shape)
    counts = np.diff(starts, append=size)
    places = np.repeat(np.arange(len(starts)), counts)
    sums = xp.segment_sum(xp.reshape(x, (-1,)), places, len(starts))
    means = xp.take(sums, places, 0) / xp.array(counts[places].astype(float))
    return xp.reshape(means, x.shape)


def adding(xp: Any) -> dict[str, Function]:
    """Sums and products, and what is put among zeros."""

    def sum_(x: Any, *, axis: Any, keepdims: bool, where: Any = True, dtype: Any = None) -> Any:
        x = x if where is True else xp.where(where, x, 0 * x)
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
        "assign": lambda x, item, *, index: assigned(xp, x, item, index),
        "add.at": lambda x, item, *, index: added_at(xp, x, item, index),
        "scatter": lambda x, *, index, shape: scattered(xp, x, index, shape),
        "embed": lambda x, *, offset, shape: embedded(xp, x, offset, shape),
        "add.reduceat": lambda x, *, indices, axis: summed_slices(xp, x, indices, axis),
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
    scaled = x / scale
    # The square of |x| has second derivatives that engines get wrong at 0.
    squares = xp.sum(xp.absolute(scaled) ** 2 if xp.is_complex(x) else scaled * scaled, axis=axis, keepdims=True)
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
    """Linear algebra on stacks of matrices. Eigenvectors are not among it, whose signs every library chooses."""
    linalg = xp.linalg

    def cholesky(a: Any, *, upper: bool) -> Any:
        factor = linalg.cholesky(_hermitian(xp, a, "U" if upper else "L"))
        return _adjoint(xp, factor) if upper else factor

    return {
        "det": linalg.det,
        "slogdet": lambda x: xp.stack(tuple(linalg.slogdet(x)), -1),
        "inv": linalg.inv,
        "solve": lambda a, b: linalg.solve(a, b),
        "cholesky": cholesky,
        "eigvalsh": lambda a, *, uplo: linalg.eigvalsh(_hermitian(xp, a, uplo)),
        "svdvals": lambda a: xp.svdvals(a),
    }


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
