"""What the rules of linear algebra are written with: parts, adjoints, phases, and numbers that are equal.

A matrix is in the last two axes. Cotangents are not conjugated: that of X in Y = A X B is A^T g B^T, and that of X in
Y = X^H is g^H.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tracing import plain
from .table import General, dtype_of, is_complex, shape_of


# -- several arrays in one -------------------------------------------------------------------------
def pack(*parts: tuple[Any, int]) -> Any:
    """Arrays side by side in one: each part comes with how many of its last axes are not the stack's."""
    flat = [np.reshape(x, (*stack, math.prod(core))) for x, (stack, core) in ((x, _cut(x, n)) for x, n in parts)]
    stack = np.broadcast_shapes(*(shape_of(x)[:-1] for x in flat))
    return np.concatenate([np.broadcast_to(x, (*stack, *shape_of(x)[-1:])) for x in flat], axis=-1)


def _cut(x: Any, n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    shape = shape_of(x)
    return shape[: len(shape) - n], shape[len(shape) - n :]


def unpack(packed: Any, *cores: tuple[int, ...]) -> list[Any]:
    """The parts of a packed array, whose last axes have these lengths."""
    stack, parts, start = shape_of(packed)[:-1], [], 0
    for core in cores:
        stop = start + math.prod(core)
        part = packed[..., start:stop]
        # A part of a stack is an array of its own, as the results of NumPy's functions are.
        part = np.copy(part, "C") if len(stack) else part
        parts.append(part if len(core) == 1 else np.reshape(part, (*stack, *core)))
        start = stop
    return parts


# -- matrices --------------------------------------------------------------------------------------
def swap(x: Any) -> Any:
    """The transposes."""
    return np.swapaxes(x, -1, -2)


def adjoint(x: Any) -> Any:
    """The conjugate transposes."""
    return np.conj(swap(x)) if is_complex(x) else swap(x)


def conj(x: Any) -> Any:
    return np.conj(x) if is_complex(x) else x


def diagonal(x: Any) -> Any:
    """The diagonals."""
    return np.diagonal(x, axis1=-2, axis2=-1)


def as_diagonal(x: Any) -> Any:
    """Diagonal matrices."""
    n = shape_of(x)[-1]
    return np.where(np.eye(n, dtype=bool), x[..., None, :], 0.0)


def times(*factors: Any) -> Any:
    """A product of matrices, from left to right."""
    product = factors[0]
    for factor in factors[1:]:
        product = np.matmul(product, factor)
    return product


def inverse(x: Any) -> Any:
    """The inverses; nan where there is none."""
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        shape = shape_of(x)
        if len(shape) == 2:
            return x * np.nan
        parts = np.reshape(x, (-1, *shape[-2:]))
        return np.reshape(np.stack([inverse(part) for part in parts]), shape)


# -- one triangle of a Hermitian matrix --------------------------------------------------------------
def hermitian(x: Any, uplo: Any) -> Any:
    """The Hermitian matrix that LAPACK reads from one triangle of x, and from the real part of its diagonal."""
    triangle = x if uplo in "Ll" else swap(x)
    strict = np.tril(triangle, -1)
    full = strict + adjoint(strict) + as_diagonal(np.real(diagonal(x)))
    return full if uplo in "Ll" else swap(full)


def folded(cotangent: Any, uplo: Any) -> Any:
    """The transpose of that: a cotangent of the Hermitian matrix as one of the triangle that was read."""
    both = cotangent + adjoint(cotangent)
    triangle = np.tril(both, -1) if uplo in "Ll" else swap(np.tril(swap(both), -1))
    return triangle + as_diagonal(np.real(diagonal(cotangent)))


# -- the phase of complex vectors ------------------------------------------------------------------
def _rates(sums: Any, vectors: Any, at: Any) -> Any:
    """Numbers over the real components of vectors that fix their phase; 0 where those do not say it."""
    anchors = np.sum(np.where(at, vectors, 0.0), axis=-2)
    known, eps = plain(anchors), np.finfo(plain(anchors).dtype).eps
    unknown = (np.abs(known) <= 1e3 * eps) | (np.abs(known.imag) > 1e3 * eps)
    return np.where(unknown, 0.0, sums / np.where(unknown, 1.0, np.real(anchors)))


def turning(tangent: Any, vectors: Any, at: Any) -> Any:
    """How fast vectors must turn for the components `at`, one of each, to stay real while they have this tangent."""
    return -_rates(np.imag(np.sum(np.where(at, tangent, 0.0), axis=-2)), vectors, at)


def held(turn: Any, vectors: Any, at: Any) -> Any:
    """The transpose: given Im(g^T v), what the cotangent of the tangents gains."""
    return np.where(at, -1j * _rates(turn, vectors, at)[..., None, :], 0.0)


def in_row(vectors: Any, row: int) -> Any:
    """The components of one row."""
    return (np.arange(shape_of(vectors)[-2]) == row)[:, None] & np.ones(shape_of(vectors)[-1], bool)


# -- repeated eigenvalues and singular values --------------------------------------------------------
def noise(w: Any) -> Any:
    """Up to what distance these numbers, of one matrix along the last axis, are told apart by rounding alone."""
    numbers = np.abs(plain(w))
    return numbers.shape[-1] * np.finfo(numbers.dtype).eps * np.max(numbers, axis=-1, keepdims=True, initial=0.0)


def clusters(w: Any) -> Any:
    """Which of some ordered numbers are the same but for rounding, as a matrix of truth values."""
    steps = ~(np.abs(np.diff(plain(w), axis=-1)) <= noise(w))
    first = np.zeros((*steps.shape[:-1], min(1, shape_of(w)[-1])), int)
    label = np.concatenate([first, np.cumsum(steps, axis=-1)], axis=-1)
    return label[..., :, None] == label[..., None, :]


def shared(derivative: Any, same: Any) -> Any:
    """Derivatives of ordered numbers in which equal ones share equally."""
    size = np.sum(same, axis=-1)
    if np.all(size == 1):
        return derivative
    # What is not among the equal ones is left out, not multiplied by 0: it may have no derivative.
    return np.sum(np.where(same, derivative[..., None, :], 0.0), axis=-1) / size.astype(dtype_of(derivative))


def _refused(derivative: Any, *_: Any) -> Any:
    return np.where(plain(derivative) == 0, 0.0, np.nan * derivative)


# What rules give their zeros where the next derivative does not exist or cannot be known: the number itself, whose
# derivative is nan unless it is multiplied by 0.
rough_p = General("rough", lambda x: x, jvps=[_refused], vjps=[_refused], batched=[_refused], flow="adds")


def in_company(same: Any) -> Any:
    """Which numbers are equal to another one."""
    return np.sum(same, axis=-1) > 1


def settled(vectors: Any, unused: Any) -> Any:
    """Vectors, of which those that nothing depends on are constants: they may have no derivative to multiply by 0."""
    return np.where(unused[..., None, :], plain(vectors), vectors) if np.any(unused) else vectors


def unused_weights(weights: Any, unused: Any) -> Any:
    """The zeros by which those vectors are multiplied, with a derivative only if it is 0 too."""
    return np.where(unused, rough_p(weights), weights) if np.any(unused) else weights


def divided(x: Any, by: Any, zero: Any, harmless: Any = None) -> Any:
    """x / by. Where `by` is zero there is no derivative: nan, unless none is asked for, which shows where x is 0."""
    if not np.any(zero):
        return x / by
    harmless = plain(x) == 0 if harmless is None else harmless
    quotient = x / np.where(zero, np.ones((), dtype_of(by)), by)
    return np.where(zero & np.ones(shape_of(x), bool), np.where(harmless, 0.0, np.nan), quotient)


def over_gaps(x: Any, w: Any, same: Any, harmless: Any = None) -> Any:
    """x_ij / (w_j - w_i), and 0 on the diagonal."""
    n = shape_of(w)[-1]
    equal = same & ~np.eye(n, dtype=bool)
    return divided(off_diagonal(x), w[..., None, :] - w[..., :, None] + np.eye(n, dtype=dtype_of(w)), equal, harmless)


def off_diagonal(x: Any) -> Any:
    return np.where(np.eye(shape_of(x)[-1], dtype=bool), np.zeros((), dtype_of(x)), x)


def untouched(vectors: Any) -> Any:
    """The columns of these cotangents that are 0: nothing depends on those vectors."""
    return ~np.any(plain(vectors), axis=-2, keepdims=True)
