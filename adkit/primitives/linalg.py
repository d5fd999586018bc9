"""Linear algebra: determinants, inverses, solving; decompositions and norms have files of their own."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tracing import bind, implementations, normalize, plain, value
from . import decompositions, norms, solving, svd
from .matrices import adjoint, inverse, swap, times
from .table import Constant, General, cast, dtype_of, implements, is_complex, refuse_out, shape_of

__all__ = ["decompositions", "norms", "solving", "svd"]
SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


# -- determinants ----------------------------------------------------------------------------------
def _cofactors(out: Any, x: Any) -> Any:
    """The derivative of the determinant by x; that of a singular matrix is finite."""
    shape = shape_of(x)
    inverses = inverse(x)
    regular = _is_regular(plain(x), plain(inverses))
    if np.all(regular):
        return _scalars(out) * swap(inverses)
    if len(shape) == 2:
        return _cofactors_near_singular(x)
    numbers = np.reshape(out, -1)
    each = [_cofactors(numbers[i], part) for i, part in enumerate(np.reshape(x, (-1, *shape[-2:])))]
    return np.reshape(np.stack(each), shape)


def _scalars(x: Any) -> Any:
    """Numbers that multiply matrices."""
    return np.reshape(x, (*shape_of(x), 1, 1))


def _is_regular(x: Any, inverses: Any) -> Any:
    """Whether inverses are good to half the digits."""
    with np.errstate(all="ignore"):
        sizes = [np.max(np.sum(np.abs(y), axis=-1), axis=-1, initial=0.0) for y in (x, inverses)]
        return sizes[0] * sizes[1] * np.sqrt(np.finfo(x.dtype).eps) < 1


def _cofactors_near_singular(x: Any) -> Any:
    """The cofactors of one matrix, by a formula that divides by no small number, now or when differentiated.

    Between its singular vectors, taken as constants, x is [[B, C], [D, E]] with B far from singular. What is left of E,
    S = E - D B^-1 C, is small and may be singular: its adjugate is computed as a polynomial, and with it that of x.
    """
    if not np.isfinite(plain(x)).all():
        return x * np.nan
    u, s, vh = np.linalg.svd(plain(x))
    r = int(np.sum(s > np.sqrt(np.finfo(s.dtype).eps) * s[0]))
    inner = times(adjoint(u), x, adjoint(vh))
    inverse_of_b = np.linalg.inv(inner[:r, :r])
    left, right = inverse_of_b @ inner[:r, r:], inner[r:, :r] @ inverse_of_b
    small, det = adjugate(inner[r:, r:] - right @ inner[:r, r:])
    upper = np.concatenate([det * inverse_of_b + times(left, small, right), -left @ small], axis=1)
    lower = np.concatenate([-small @ right, small], axis=1)
    scale = np.linalg.det(u) * np.linalg.det(vh) * np.linalg.det(inner[:r, :r])
    return swap(scale * times(adjoint(vh), np.concatenate([upper, lower]), adjoint(u)))


def adjugate(x: Any) -> tuple[Any, Any]:
    """Adjugate and determinant of one matrix by Faddeev and LeVerrier, who divide by counts only."""
    n = len(x)
    found: Any = np.eye(n, dtype=dtype_of(x))
    for k in range(1, n):
        product = x @ found
        found = np.eye(n, dtype=dtype_of(x)) * (np.trace(product) / k) - product
    # A matrix times its adjugate is its determinant times the identity.
    return found, np.trace(x @ found) / n


def _along(gradients: Any, tangent: Any) -> Any:
    """The slope of each matrix along its tangent; a gradient that is not finite does not count where that is 0."""
    return np.sum(_asked(gradients, np.any(plain(tangent), axis=(-2, -1))) * tangent, axis=(-2, -1))


def _times(cotangent: Any, gradients: Any) -> Any:
    return _scalars(cotangent) * _asked(gradients, plain(cotangent) != 0)


def _asked(gradients: Any, asked: Any) -> Any:
    left_out = ~np.isfinite(plain(gradients)).all(axis=(-2, -1)) & np.logical_not(asked)
    return np.where(left_out[..., None, None], 0.0, gradients) if np.any(left_out) else gradients


def _det_push(tangent: Any, out: Any, x: Any) -> Any:
    return _along(_cofactors(out, x), tangent)


det_p = General(
    "det",
    np.linalg.det,
    jvps=[_det_push],
    vjps=[lambda cotangent, out, x: _times(cotangent, _cofactors(out, x))],
    batched=[_det_push],
)


@implements(np.linalg.det)
def det(a: Any) -> Any:
    return det_p(a)


def _slogdet_push(tangent: Any, out: Any, x: Any) -> Any:
    step = _along(swap(inverse(x)), tangent)
    turn = 1j * np.imag(step) * out[..., 0] if is_complex(out) else np.zeros(shape_of(step), dtype_of(out))
    return np.stack([turn, np.real(step)], axis=-1)


def _slogdet_pull(cotangent: Any, out: Any, x: Any) -> Any:
    by_step = np.real(cotangent[..., 1])
    if is_complex(out):
        by_step = by_step - 1j * np.real(1j * cotangent[..., 0] * out[..., 0])
    return _times(by_step, swap(inverse(x)))


slogdet_p = General(
    "slogdet",
    lambda x: np.stack(np.linalg.slogdet(x), axis=-1),
    jvps=[_slogdet_push],
    vjps=[_slogdet_pull],
    batched=[_slogdet_push],
)


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    signs, logs = np.moveaxis(slogdet_p(a), -1, 0)
    return SlogdetResult(signs, np.real(logs))


# -- inverses --------------------------------------------------------------------------------------
def _inv_push(tangent: Any, out: Any, x: Any) -> Any:
    return -times(out, tangent, out)


inv_p = General(
    "inv",
    np.linalg.inv,
    jvps=[_inv_push],
    vjps=[lambda cotangent, out, x: -times(swap(out), cotangent, swap(out))],
    batched=[_inv_push],
)


@implements(np.linalg.inv)
def inv(a: Any) -> Any:
    return inv_p(a)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    if ind <= 0:
        raise ValueError("Invalid ind argument.")  # NumPy's words
    a = normalize(a)
    shape = shape_of(a)
    inverses = np.linalg.inv(np.reshape(a, (math.prod(shape[ind:]), -1)))
    return np.reshape(inverses, (*shape[ind:], *shape[:ind]))


# -- products of many ------------------------------------------------------------------------------
@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    """By repeated squaring, in NumPy's order."""
    a, n = normalize(a), operator.index(n)
    if n == 0 or len(shape_of(a)) < 2:
        return np.linalg.matrix_power(plain(a), n)
    square, n = np.linalg.inv(a) if n < 0 else a, abs(n)
    if n == 3:
        return np.matmul(np.matmul(square, square), square)
    result: Any = None
    while n:
        n, bit = divmod(n, 2)
        if bit:
            result = square if result is None else np.matmul(result, square)
        square = np.matmul(square, square) if n else square
    return result


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: None = None) -> Any:
    """The product in the order that takes the fewest multiplications."""
    refuse_out(out)
    parts = [normalize(a) for a in arrays]
    if len(parts) < 2:
        raise ValueError("Expecting at least two arrays.")  # NumPy's words
    first, last = len(shape_of(parts[0])), len(shape_of(parts[-1]))
    if len(parts) == 2:
        return np.dot(parts[0], parts[1])
    if first == 1:
        parts[0] = parts[0][None, :]
    if last == 1:
        parts[-1] = parts[-1][:, None]
    if any(len(shape_of(part)) != 2 for part in parts):
        return np.linalg.multi_dot(list(map(plain, arrays)))  # NumPy's own error
    product = _in_best_order(parts)
    if first == last == 1:
        return product[0, 0]
    return np.ravel(product) if 1 in (first, last) else product


def _in_best_order(parts: Sequence[Any]) -> Any:
    sizes = [shape_of(part)[0] for part in parts] + [shape_of(parts[-1])[1]]
    # For each run of factors the cost and where it is cut; of equal costs the first, as in NumPy.
    best: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(len(parts))}
    for length in range(1, len(parts)):
        for i in range(len(parts) - length):
            j = i + length
            best[i, j] = min(
                (sizes[i] * sizes[k + 1] * sizes[j + 1] + best[i, k][0] + best[k + 1, j][0], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        cut = best[i, j][1]
        return parts[i] if i == j else np.dot(product(i, cut), product(cut + 1, j))

    return product(0, len(parts) - 1)


# -- numpy.linalg's own spellings --------------------------------------------------------------------
@implements(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return swap(normalize(x))


@implements(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(normalize(x), offset, axis1=-2, axis2=-1)


@implements(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    x = normalize(x)
    return np.trace(x if dtype is None else cast(x, dtype), offset, axis1=-2, axis2=-1)


@implements(np.linalg.outer)
def outer(x1: Any, x2: Any, /) -> Any:
    x1, x2 = normalize(x1), normalize(x2)
    if len(shape_of(x1)) != 1 or len(shape_of(x2)) != 1:
        return np.linalg.outer(plain(x1), plain(x2))  # NumPy's own error
    return np.outer(x1, x2)


@implements(np.linalg.cross)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = normalize(x1), normalize(x2)
    if shape_of(x1)[axis] != 3 or shape_of(x2)[axis] != 3:
        return np.linalg.cross(plain(x1), plain(x2), axis=axis)  # NumPy's own error
    return np.cross(x1, x2, axis=axis)


@implements(np.linalg.matmul)
def matmul(x1: Any, x2: Any, /) -> Any:
    return np.matmul(x1, x2)


@implements(np.linalg.tensordot)
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return np.tensordot(x1, x2, axes)


@implements(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return implementations[np.vecdot](x1, x2, axis=axis)


matrix_rank_p = Constant("matrix_rank", np.linalg.matrix_rank)


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    return bind(matrix_rank_p, (normalize(A),), {"tol": value(tol), "hermitian": hermitian, "rtol": value(rtol)})
