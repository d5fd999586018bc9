"""Decompositions of matrices, each a row whose output holds all factors, so that the work is done once.

What a decomposition leaves free follows LAPACK, so that differences see the same: eigenvectors of `eig` have length 1
and their largest component is real; those of a complex Hermitian matrix have a real component in the first row (the
last one with UPLO="U").

Of a Hermitian matrix NumPy reads one triangle, and so do the rules: the gradient is that of the entries that are read,
and 0 in the other triangle. Equal eigenvalues of it share a derivative equally. The vectors of equal eigenvalues have
no derivative: nan, unless nothing depends on them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import NoRule, place
from ..tracing import normalize, plain
from .matrices import (
    adjoint,
    as_diagonal,
    clusters,
    conj,
    diagonal,
    folded,
    held,
    hermitian,
    in_company,
    in_row,
    inverse,
    noise,
    over_gaps,
    pack,
    settled,
    shared,
    swap,
    times,
    turning,
    unpack,
    untouched,
    unused_weights,
)
from .table import General, dtype_of, implements, is_complex, shape_of

EigResult = type(np.linalg.eig(np.eye(1)))
EighResult = type(np.linalg.eigh(np.eye(1)))
QRResult = type(np.linalg.qr(np.eye(1)))


# -- eigenvalues and eigenvectors ------------------------------------------------------------------
def _eigen(out: Any) -> list[Any]:
    n = _order(out)
    return unpack(out, (n,), (n, n))


def _order(out: Any) -> int:
    """n, where n + n^2 numbers are packed."""
    return (math.isqrt(4 * shape_of(out)[-1] + 1) - 1) // 2


def _eigen_push(change: Any, w: Any, vectors: Any, inverse_of_vectors: Any, same: Any) -> tuple[Any, Any]:
    """Tangents of eigenvalues and of eigenvectors, of these none along the vector itself."""
    turned = times(inverse_of_vectors, change, vectors)
    return diagonal(turned), np.matmul(vectors, over_gaps(turned, w, same))


def _eigen_pull(
    by_values: Any, by_vectors: Any, w: Any, vectors: Any, inverse_of_vectors: Any, same: Any, harmless: Any
) -> Any:
    """The transpose."""
    turned = over_gaps(np.matmul(swap(vectors), by_vectors), w, same, harmless) + as_diagonal(by_values)
    return times(swap(inverse_of_vectors), turned, swap(vectors))


def _eigh_push(tangent: Any, out: Any, a: Any, *, uplo: Any) -> Any:
    w, vectors = _eigen(out)
    w = np.real(w)
    same = clusters(w)
    by_values, by_vectors = _eigen_push(hermitian(tangent, uplo), w, vectors, adjoint(vectors), same)
    if is_complex(vectors):
        turn = turning(by_vectors, vectors, in_row(vectors, 0 if uplo in "Ll" else shape_of(a)[-1] - 1))
        by_vectors = by_vectors + 1j * vectors * turn[..., None, :]
    return pack((shared(np.real(by_values), same), 1), (by_vectors, 2))


def _eigh_pull(cotangent: Any, out: Any, a: Any, *, uplo: Any) -> Any:
    w, vectors = _eigen(out)
    w = np.real(w)
    same = clusters(w)
    by_values, by_vectors = _eigen(cotangent)
    harmless = untouched(by_vectors)
    if is_complex(vectors):
        turn = np.imag(np.sum(by_vectors * vectors, axis=-2))
        at = in_row(vectors, 0 if uplo in "Ll" else shape_of(a)[-1] - 1)
        by_vectors = by_vectors + held(turn, vectors, at)
    by_values = shared(np.real(by_values), same)
    if np.all(harmless):
        unused = in_company(same) & (plain(by_values) == 0)
        vectors, by_values = settled(vectors, unused), unused_weights(by_values, unused)
    return folded(_eigen_pull(by_values, by_vectors, w, vectors, adjoint(vectors), same, harmless), uplo)


def _largest(vectors: Any) -> Any:
    """The largest component of each vector."""
    sizes = np.abs(plain(vectors))
    return np.arange(sizes.shape[-2])[:, None] == np.argmax(sizes, axis=-2)[..., None, :]


def _gaps_vanish(w: Any) -> Any:
    """Which of some numbers in any order are the same but for rounding."""
    numbers = plain(w)
    return ~(np.abs(numbers[..., None, :] - numbers[..., :, None]) > noise(numbers)[..., None])


def _eig_push(tangent: Any, out: Any, a: Any) -> Any:
    w, vectors = _eigen(out)
    by_values, by_vectors = _eigen_push(tangent, w, vectors, inverse(vectors), _gaps_vanish(w))
    growth = np.real(np.sum(conj(vectors) * by_vectors, axis=-2))
    by_vectors = by_vectors - vectors * growth[..., None, :]
    if is_complex(vectors) and np.size(plain(vectors)):
        turn = turning(by_vectors, vectors, _largest(vectors))
        by_vectors = by_vectors + 1j * vectors * turn[..., None, :]
    return pack((by_values, 1), (by_vectors, 2))


def _eig_pull(cotangent: Any, out: Any, a: Any) -> Any:
    w, vectors = _eigen(out)
    by_values, by_vectors = _eigen(cotangent)
    harmless = untouched(by_vectors)
    along = np.sum(by_vectors * vectors, axis=-2)
    by_vectors = by_vectors - conj(vectors) * np.real(along)[..., None, :]
    if is_complex(vectors) and np.size(plain(vectors)):
        by_vectors = by_vectors + held(np.imag(along), vectors, _largest(vectors))
    return _eigen_pull(by_values, by_vectors, w, vectors, inverse(vectors), _gaps_vanish(w), harmless)


def _packed_eigen(result: Any) -> Any:
    return pack((result[0], 1), (result[1], 2))


eigh_p = General(
    "eigh",
    lambda a, *, uplo: _packed_eigen(np.linalg.eigh(a, uplo)),
    jvps=[_eigh_push],
    vjps=[_eigh_pull],
    batched=[_eigh_push],
)
eig_p = General(
    "eig",
    lambda a: _packed_eigen(np.linalg.eig(a)),
    jvps=[_eig_push],
    vjps=[_eig_pull],
    batched=[_eig_push],
)


def _eigvalsh_push(tangent: Any, out: Any, a: Any, *, uplo: Any) -> Any:
    vectors = np.linalg.eigh(a, uplo)[1]
    along = np.sum(conj(vectors) * np.matmul(hermitian(tangent, uplo), vectors), axis=-2)
    return shared(np.real(along), clusters(out))


def _eigvalsh_pull(cotangent: Any, out: Any, a: Any, *, uplo: Any) -> Any:
    vectors = np.linalg.eigh(a, uplo)[1]
    same = clusters(out)
    by_values = shared(cotangent, same)
    unused = in_company(same) & (plain(by_values) == 0)
    vectors, by_values = settled(vectors, unused), unused_weights(by_values, unused)
    return folded(np.matmul(conj(vectors) * by_values[..., None, :], swap(vectors)), uplo)


# NumPy computes eigenvalues alone by another algorithm, with other last digits; their derivative needs the vectors.
eigvalsh_p = General(
    "eigvalsh",
    lambda a, *, uplo: np.linalg.eigvalsh(a, uplo),
    jvps=[_eigvalsh_push],
    vjps=[_eigvalsh_pull],
    batched=[_eigvalsh_push],
)


def _vectors_of(out: Any, a: Any) -> Any:
    """The eigenvectors that belong to these eigenvalues, in their order."""
    w, vectors = np.linalg.eig(a)
    distance = np.abs(plain(out)[..., :, None] - plain(w)[..., None, :])
    if np.all(diagonal(distance) <= 1e3 * noise(out)):
        return vectors
    order = np.argmin(distance, axis=-1)
    return np.matmul(vectors, np.where(order[..., None, :] == np.arange(shape_of(w)[-1])[:, None], 1.0, 0.0))


def _eigvals_push(tangent: Any, out: Any, a: Any) -> Any:
    vectors = _vectors_of(out, a)
    return np.sum(swap(inverse(vectors)) * np.matmul(tangent, vectors), axis=-2)


def _eigvals_pull(cotangent: Any, out: Any, a: Any) -> Any:
    vectors = _vectors_of(out, a)
    return np.matmul(swap(inverse(vectors)) * cotangent[..., None, :], swap(vectors))


eigvals_p = General("eigvals", np.linalg.eigvals, jvps=[_eigvals_push], vjps=[_eigvals_pull], batched=[_eigvals_push])


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: Any = "L") -> Any:
    a = normalize(a)
    w, vectors = _eigen(eigh_p(a, uplo=UPLO))
    return EighResult(np.real(w), vectors)


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    return EigResult(*_eigen(eig_p(a)))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    return eigvalsh_p(a, uplo=UPLO)


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    return eigvals_p(a)


# -- Cholesky --------------------------------------------------------------------------------------
def _half(x: Any) -> Any:
    """The elements below the diagonal, and half of those on it."""
    return np.tril(x) - 0.5 * as_diagonal(diagonal(x))


def _cholesky_push(tangent: Any, out: Any, a: Any, *, upper: bool) -> Any:
    factor = adjoint(out) if upper else out
    inner = inverse(factor)
    pushed = np.matmul(factor, _half(times(inner, hermitian(tangent, "U" if upper else "L"), adjoint(inner))))
    return adjoint(pushed) if upper else pushed


def _cholesky_pull(cotangent: Any, out: Any, a: Any, *, upper: bool) -> Any:
    factor, by_factor = (adjoint(out), adjoint(cotangent)) if upper else (out, cotangent)
    inner = inverse(factor)
    pulled = times(swap(inner), _half(np.matmul(swap(factor), by_factor)), conj(inner))
    return folded(pulled, "U" if upper else "L")


cholesky_p = General(
    "cholesky",
    lambda a, *, upper: np.linalg.cholesky(a, upper=upper),
    jvps=[_cholesky_push],
    vjps=[_cholesky_pull],
    batched=[_cholesky_push],
)


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    return cholesky_p(a, upper=bool(upper))


# -- QR --------------------------------------------------------------------------------------------
def _qr_parts(out: Any, a: Any, mode: Any) -> list[Any]:
    m, n = shape_of(a)[-2:]
    columns = m if mode == "complete" else min(m, n)
    return unpack(out, (m, columns), (columns, n))


def _qr_push(tangent: Any, out: Any, a: Any, *, mode: Any) -> Any:
    """Q^H dQ = W is anti-Hermitian, and from dA = dQ R + Q dR what is below the diagonal of (Q^H dA - W R) is 0."""
    (q, r), k = _qr_parts(out, a, mode), min(shape_of(a)[-2:])
    thin, r = q[..., :, :k], r[..., :k, :]
    outer = np.matmul(tangent[..., :, :k], inverse(r[..., :, :k]))
    inside = np.matmul(adjoint(thin), outer)
    strict = np.tril(inside, -1)
    spin = strict - adjoint(strict)
    if is_complex(spin):
        spin = spin + as_diagonal(1j * np.imag(diagonal(inside)))
    by_q = outer - np.matmul(thin, inside - spin)
    by_r = np.triu(np.matmul(adjoint(thin), tangent) - np.matmul(spin, r))
    if shape_of(q)[-1] > k:
        by_q, by_r = _completed_push(by_q, q, k), _with_rows_of_zeros(by_r, shape_of(q)[-1] - k)
    return pack((by_q, 2), (by_r, 2))


def _qr_pull(cotangent: Any, out: Any, a: Any, *, mode: Any) -> Any:
    (q, r), (by_q, by_r), k = _qr_parts(out, a, mode), _qr_parts(cotangent, a, mode), min(shape_of(a)[-2:])
    if shape_of(q)[-1] > k:
        by_q = _completed_pull(by_q, q, k)
    thin, r, by_r = q[..., :, :k], r[..., :k, :], np.triu(by_r[..., :k, :])
    by_spin = np.matmul(swap(thin), by_q) - np.matmul(by_r, swap(r))
    strict = np.tril(by_spin - adjoint(by_spin), -1)
    by_inside = strict - np.matmul(swap(thin), by_q)
    if is_complex(by_spin):
        by_inside = by_inside + as_diagonal(1j * np.imag(diagonal(by_spin)))
    by_outer = by_q + np.matmul(conj(thin), by_inside)
    by_left = np.matmul(by_outer, swap(inverse(r[..., :, :k])))
    by_a = np.matmul(conj(thin), by_r)
    return np.concatenate([by_a[..., :, :k] + by_left, by_a[..., :, k:]], axis=-1)


def _with_rows_of_zeros(x: Any, count: int) -> Any:
    shape = shape_of(x)
    return np.concatenate([x, np.zeros((*shape[:-2], count, shape[-1]), dtype_of(x))], axis=-2)


# LAPACK's Q is I - V T V^H with V unit lower trapezoidal. So its first columns Q1 = [Q11; Q21] determine the others:
# Q2 = [0; I] + ([I; 0] - Q1) Z with Z = (I - Q11)^-H Q21^H.
def _completing(q: Any, k: int) -> tuple[Any, Any, Any]:
    """(I - Q11)^-1, Z, and [I; 0] - Q1."""
    m = shape_of(q)[-2]
    rest = np.eye(m, k) - q[..., :, :k]
    inner = inverse(rest[..., :k, :])
    return inner, -np.matmul(adjoint(inner), adjoint(rest[..., k:, :])), rest


def _completed_push(by_first: Any, q: Any, k: int) -> Any:
    """The tangent of Q from that of its first k columns."""
    inner, z, rest = _completing(q, k)
    by_z = np.matmul(adjoint(inner), adjoint(by_first[..., k:, :]) + np.matmul(adjoint(by_first[..., :k, :]), z))
    return np.concatenate([by_first, np.matmul(rest, by_z) - np.matmul(by_first, z)], axis=-1)


def _completed_pull(by_q: Any, q: Any, k: int) -> Any:
    """The transpose."""
    inner, z, rest = _completing(q, k)
    by_first, by_others = by_q[..., :, :k], by_q[..., :, k:]
    by_sum = times(conj(inner), swap(rest), by_others)
    top, bottom = adjoint(np.matmul(by_sum, swap(z))), adjoint(by_sum)
    return by_first - np.matmul(by_others, swap(z)) + np.concatenate([top, bottom], axis=-2)


def _qr(a: Any, *, mode: Any) -> Any:
    q, r = np.linalg.qr(a, mode)
    return pack((q, 2), (r, 2))


qr_p = General("qr", _qr, jvps=[_qr_push], vjps=[_qr_pull], batched=[_qr_push])


@implements(np.linalg.qr)
def qr(a: Any, mode: Any = "reduced") -> Any:
    a = normalize(a)
    if mode == "raw":
        raise NoRule(f"numpy.linalg.qr with mode='raw' has no derivative rule{place()}; use 'reduced' or 'complete'")
    if mode not in ("reduced", "complete", "r"):
        return np.linalg.qr(plain(a), mode)  # NumPy's own error
    kind = "reduced" if mode == "r" else mode
    q, r = _qr_parts(qr_p(a, mode=kind), a, kind)
    return r if mode == "r" else QRResult(q, r)
