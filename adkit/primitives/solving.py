"""Solving linear equations, also where there are too many or too few of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import NoRule, place
from ..tracing import Box, normalize, plain, value
from .matrices import adjoint, conj, folded, hermitian, pack, swap, times, unpack
from .svd import svdvals_p
from .table import General, dtype_of, implements, lined_up, shape_of


# -- as many equations as unknowns -------------------------------------------------------------------
def _columns(x: Any, b: Any) -> Any:
    """x as matrices of columns, where b, and so x, may be a vector."""
    return x[..., None] if len(shape_of(b)) == 1 else x


def _like_b(x: Any, b: Any) -> Any:
    return x[..., 0] if len(shape_of(b)) == 1 else x


def _solve_stacked(a: Any, rhs: Any) -> Any:
    """a^-1 rhs for right-hand sides stacked along a leading axis, with each matrix factorized once."""
    count, (rows, columns) = shape_of(rhs)[0], shape_of(rhs)[-2:]
    side_by_side = np.moveaxis(rhs, 0, -1)
    stack = shape_of(side_by_side)[:-3]
    found = np.linalg.solve(a, np.reshape(side_by_side, (*stack, rows, columns * count)))
    return np.moveaxis(np.reshape(found, (*shape_of(found)[:-1], columns, count)), -1, 0)


def _by_matrix(tangent: Any, out: Any, a: Any, b: Any) -> Any:
    return _like_b(-np.linalg.solve(a, np.matmul(tangent, _columns(out, b))), b)


def _by_matrix_stacked(tangents: Any, out: Any, a: Any, b: Any) -> Any:
    x = _columns(out, b)
    return _like_b(-_solve_stacked(a, np.matmul(lined_up(tangents, len(shape_of(x)) - len(shape_of(a))), x)), b)


def _by_right_side_stacked(tangents: Any, out: Any, a: Any, b: Any) -> Any:
    columns = _columns(tangents, b)
    return _like_b(_solve_stacked(a, lined_up(columns, len(shape_of(a)) - len(shape_of(columns)) + 1)), b)


def _pulled(cotangent: Any, a: Any, b: Any) -> Any:
    """The cotangent of the right-hand side, as columns."""
    return np.linalg.solve(swap(a), _columns(cotangent, b))


solve_p = General(
    "solve",
    np.linalg.solve,
    jvps=[_by_matrix, lambda tangent, out, a, b: np.linalg.solve(a, tangent)],
    vjps=[
        lambda cotangent, out, a, b: -np.matmul(_pulled(cotangent, a, b), swap(_columns(out, b))),
        lambda cotangent, out, a, b: _like_b(_pulled(cotangent, a, b), b),
    ],
    batched=[_by_matrix_stacked, _by_right_side_stacked],
)


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    return solve_p(a, b)


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = normalize(a), normalize(b)
    if axes is not None:
        order = list(range(len(shape_of(a))))
        for axis in axes:
            order.remove(axis)
            order.append(axis)
        a = np.transpose(a, order)
    shape = shape_of(a)[len(shape_of(b)) - len(shape_of(a)) :]
    count = math.prod(shape)
    if np.size(plain(a)) != count**2:
        return np.linalg.tensorsolve(plain(a), plain(b))  # NumPy's own error
    return np.reshape(np.linalg.solve(np.reshape(a, (count, count)), np.ravel(b)), shape)


# -- pseudo-inverses, where the rank stays as it is --------------------------------------------------
def _pinv_push(tangent: Any, out: Any, a: Any, *, rcond: Any, symmetric: bool) -> Any:
    if symmetric:
        tangent, a = hermitian(tangent, "L"), hermitian(a, "L")
    back = adjoint(tangent)
    beyond = back - times(back, a, out)
    before = back - times(out, a, back)
    return times(out, adjoint(out), beyond) + times(before, adjoint(out), out) - times(out, tangent, out)


def _pinv_pull(cotangent: Any, out: Any, a: Any, *, rcond: Any, symmetric: bool) -> Any:
    a = hermitian(a, "L") if symmetric else a
    p, g = swap(out), cotangent
    beyond = g - times(g, p, swap(a))
    before = g - times(swap(a), p, g)
    by_a = adjoint(times(conj(out), p, beyond) + times(before, p, conj(out))) - times(p, g, p)
    return folded(by_a, "L") if symmetric else by_a


def _pinv(a: Any, *, rcond: Any, symmetric: bool) -> Any:
    return np.linalg.pinv(a, rcond, symmetric)


pinv_p = General("pinv", _pinv, jvps=[_pinv_push], vjps=[_pinv_pull], batched=[_pinv_push])
_NOT_GIVEN: Any = object()


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _NOT_GIVEN) -> Any:
    a = normalize(a)
    if rcond is not None and rtol is not _NOT_GIVEN:
        raise ValueError("`rtol` and `rcond` can't be both set.")  # NumPy's words
    if rcond is None:
        rcond = 1e-15 if rtol is _NOT_GIVEN else rtol
    if rcond is None:
        rcond = max(shape_of(a)[-2:]) * np.finfo(dtype_of(a)).eps
    rcond = value(rcond)
    if np.any(rcond > _rounding(a)) and np.size(plain(a)):
        s = np.linalg.svd(plain(a), compute_uv=False, hermitian=hermitian)
        if np.any(_dropped(a, s, rcond)):
            return _truncated(a, np.asarray(rcond), hermitian)
    return pinv_p(a, rcond=rcond, symmetric=bool(hermitian))


def _rounding(a: Any) -> float:
    """What singular values of rank-deficient matrices may be instead of 0, for a largest one of 1."""
    return 1e3 * max(shape_of(a)[-2:]) * float(np.finfo(np.result_type(plain(a), np.float32)).eps)


def _dropped(a: Any, s: Any, rcond: Any) -> Any:
    """Which singular values are left out although they are not 0: the rank of the rules is not that of the matrix."""
    largest = np.max(s, axis=-1, keepdims=True, initial=0.0)
    return (s <= np.asarray(rcond)[..., None] * largest) & (s > _rounding(a) * largest)


def _truncated(a: Any, rcond: Any, hermitian: bool) -> Any:
    """The pseudo-inverse by singular vectors, as NumPy computes it."""
    u, s, vh = np.linalg.svd(np.conj(a), full_matrices=False, hermitian=hermitian)
    kept = plain(s) > rcond[..., None] * np.max(plain(s), axis=-1, keepdims=True)
    inverses = np.where(kept, 1 / np.where(kept, s, 1.0), 0.0)
    return np.matmul(swap(vh), inverses[..., None] * swap(u))


# -- least squares -----------------------------------------------------------------------------------
class _LeastSquares:
    """Solution, sums of squares and singular values of a x = b, as the rules read them."""

    def __init__(self, packed: Any, a: Any, b: Any, rcond: Any) -> None:
        m, n = shape_of(a)
        columns = math.prod(shape_of(b)[1:])
        residuals = shape_of(packed)[-1] - n * columns - min(m, n) - 1
        self.x, squares, s, rank = unpack(packed, (n, columns), (residuals,), (min(m, n),), (1,))
        self.squares, self.s, self.rank = np.real(squares), np.real(s), np.real(rank)
        self.has_squares = residuals > 0


def _lstsq(a: Any, b: Any, *, rcond: Any) -> Any:
    x, squares, rank, s = np.linalg.lstsq(a, b, rcond)
    return pack((_columns(x, b), 2), (squares, 1), (s, 1), (np.array([rank], s.dtype), 1))


def _inverse_of(a: Any, rcond: Any) -> Any:
    """The pseudo-inverse that least squares have used."""
    eps = np.finfo(plain(a).dtype).eps
    return np.linalg.pinv(a, eps * max(shape_of(a)) if rcond is None else rcond if rcond >= 0 else eps)


def _rest(f: _LeastSquares, a: Any, b: Any) -> Any:
    return _columns(b, b) - np.matmul(a, f.x)


def _lstsq_by_matrix(tangent: Any, out: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    f, p = _LeastSquares(out, a, b, rcond), _inverse_of(a, rcond)
    rest, back, moved = _rest(f, a, b), adjoint(tangent), np.matmul(tangent, f.x)
    before = times(back, adjoint(p), f.x)
    by_x = times(p, adjoint(p), back, rest) + before - times(p, a, before) - np.matmul(p, moved)
    by_squares = -2 * np.real(np.sum(conj(rest) * moved, axis=-2)) if f.has_squares else moved[..., 0, :0]
    none = np.zeros((*shape_of(by_x)[:-2], 1), dtype_of(out))
    return pack((by_x, 2), (by_squares, 1), (svdvals_p.jvps[0](tangent, f.s, a), 1), (none, 1))


def _lstsq_by_right_side(tangent: Any, out: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    f, step = _LeastSquares(out, a, b, rcond), _columns(tangent, b)
    by_squares = 2 * np.real(np.sum(conj(_rest(f, a, b)) * step, axis=-2)) if f.has_squares else step[..., 0, :0]
    none = np.zeros((*shape_of(step)[:-2], min(shape_of(a)) + 1), dtype_of(out))
    return pack((np.matmul(_inverse_of(a, rcond), step), 2), (by_squares, 1), (none, 1))


def _lstsq_matrix_pull(cotangent: Any, out: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    f, by, p = _LeastSquares(out, a, b, rcond), _LeastSquares(cotangent, a, b, rcond), _inverse_of(a, rcond)
    rest, g = _rest(f, a, b), by.x
    before = g - times(swap(a), swap(p), g)
    back = times(conj(p), swap(p), g, swap(rest)) + np.matmul(before, swap(np.matmul(adjoint(p), f.x)))
    by_a = adjoint(back) - times(swap(p), g, swap(f.x))
    if isinstance(by.s, Box) or np.any(by.s):
        by_a = by_a + svdvals_p.vjps[0](by.s, f.s, a)
    return by_a - 2 * np.matmul(conj(rest) * by.squares, swap(f.x)) if f.has_squares else by_a


def _lstsq_right_side_pull(cotangent: Any, out: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    f, by = _LeastSquares(out, a, b, rcond), _LeastSquares(cotangent, a, b, rcond)
    by_b = np.matmul(swap(_inverse_of(a, rcond)), by.x)
    return _like_b(by_b + 2 * conj(_rest(f, a, b)) * by.squares if f.has_squares else by_b, b)


lstsq_p = General(
    "lstsq",
    _lstsq,
    jvps=[_lstsq_by_matrix, _lstsq_by_right_side],
    vjps=[_lstsq_matrix_pull, _lstsq_right_side_pull],
    batched=[_lstsq_by_matrix, _lstsq_by_right_side],
)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = normalize(a), normalize(b)
    if len(shape_of(a)) != 2 or len(shape_of(b)) not in (1, 2):
        return np.linalg.lstsq(plain(a), plain(b), rcond)  # NumPy's own error
    f = _LeastSquares(lstsq_p(a, b, rcond=value(rcond)), a, b, rcond)
    if isinstance(a, Box) and rcond is not None and np.any(_dropped(a, plain(f.s), value(rcond))):
        raise NoRule(
            f"numpy.linalg.lstsq leaves out singular values that are not 0 (rcond={rcond}){place()}, and has no "
            "derivative rule then; write np.linalg.pinv(a, rcond) @ b"
        )
    return _like_b(f.x, b), f.squares, np.int32(plain(f.rank)[0]), f.s
