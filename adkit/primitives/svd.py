"""Singular values and vectors.

Complex singular vectors have the phase that LAPACK gives them: a real component in the first row of V, or of U where
the matrix is wide. Equal singular values share a derivative equally, and a singular value 0 has derivative 0, as abs
has. Vectors that could be others, of equal values or in what full matrices add, have no derivative: nan, unless
nothing depends on them. (Of real ones, what is added is fixed but for its sign if it is one vector.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tracing import normalize, plain
from .matrices import (
    adjoint,
    as_diagonal,
    clusters,
    conj,
    diagonal,
    divided,
    held,
    in_company,
    in_row,
    noise,
    off_diagonal,
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
from .table import General, implements, is_complex, shape_of

SVDResult = type(np.linalg.svd(np.eye(1)))


def _svd_parts(out: Any, a: Any, full_matrices: bool) -> list[Any]:
    m, n = shape_of(a)[-2:]
    k = min(m, n)
    return unpack(out, (m, m if full_matrices else k), (k,), (n if full_matrices else k, n))


def _over_sums(x: Any, s: Any, zero: Any, harmless: Any = None) -> Any:
    """x_ij / (s_i + s_j) of an anti-Hermitian x, or of what only its anti-Hermitian part counts."""
    zero = zero[..., None, :] & zero[..., :, None]
    sums = np.where(zero, 1.0, s[..., None, :] + s[..., :, None])
    if not is_complex(x):
        x, zero = off_diagonal(x), zero & ~np.eye(shape_of(s)[-1], dtype=bool)
    return divided(x, sums, zero, harmless)


class _Factors:
    """A singular value decomposition, as its rules read it."""

    def __init__(self, out: Any, a: Any, full_matrices: bool) -> None:
        self.u, s, vh = _svd_parts(out, a, full_matrices)
        self.v, self.s, self.k = adjoint(vh), np.real(s), shape_of(s)[-1]
        self.thin_u, self.thin_v = self.u[..., :, : self.k], self.v[..., :, : self.k]
        self.same, self.zero = clusters(self.s), plain(self.s) <= noise(self.s)
        m, n = shape_of(a)[-2:]
        self.tall, self.wide = m > n, m < n
        # The factor whose first row LAPACK makes real.
        self.anchored = self.thin_u if self.wide else self.thin_v


def _svd_push(tangent: Any, out: Any, a: Any, *, full_matrices: bool) -> Any:
    """U^H dU and V^H dV are anti-Hermitian: twice their sum and their difference follow from P = U^H dA V."""
    f = _Factors(out, a, full_matrices)
    right = np.matmul(tangent, f.thin_v)
    p = np.matmul(adjoint(f.thin_u), right)
    both, apart = 0.5 * over_gaps(p + adjoint(p), f.s, f.same), 0.5 * _over_sums(p - adjoint(p), f.s, f.zero)
    by_u, by_v = np.matmul(f.thin_u, both + apart), np.matmul(f.thin_v, both - apart)
    if f.tall:
        by_u = by_u + _outside(right - np.matmul(f.thin_u, p), f)
    if f.wide:
        by_v = by_v + _outside(np.matmul(adjoint(tangent), f.thin_u) - np.matmul(f.thin_v, adjoint(p)), f)
    if is_complex(p):
        turn = turning(by_u if f.wide else by_v, f.anchored, in_row(f.anchored, 0))[..., None, :]
        by_u, by_v = by_u + 1j * f.thin_u * turn, by_v + 1j * f.thin_v * turn
    by_u, by_v = _with_complement(by_u, f.u, f.k), _with_complement(by_v, f.v, f.k)
    by_s = shared(np.where(f.zero, 0.0, np.real(diagonal(p))), f.same)
    return pack((by_u, 2), (by_s, 1), (adjoint(by_v), 2))


def _outside(x: Any, f: _Factors) -> Any:
    """What a change adds outside of the space of the vectors."""
    return divided(x, f.s[..., None, :], f.zero[..., None, :])


def _svd_pull(cotangent: Any, out: Any, a: Any, *, full_matrices: bool) -> Any:
    f = _Factors(out, a, full_matrices)
    by_u, by_s, by_vh = _svd_parts(cotangent, a, full_matrices)
    by_u, by_v = _without_complement(by_u, f.u, f.k), _without_complement(adjoint(by_vh), f.v, f.k)
    if is_complex(by_u):
        turn = np.imag(np.sum(by_u * f.thin_u, axis=-2) + np.sum(by_v * f.thin_v, axis=-2))
        gained = held(turn, f.anchored, in_row(f.anchored, 0))
        by_u, by_v = (by_u + gained, by_v) if f.wide else (by_u, by_v + gained)
    harmless = untouched(by_u) & untouched(by_v)
    by_s = _without_kinks(shared(np.real(by_s), f.same), f.zero)
    if np.all(harmless):
        unused = (f.zero | in_company(f.same)) & (plain(by_s) == 0)
        f.thin_u, f.thin_v = settled(f.thin_u, unused), settled(f.thin_v, unused)
        by_s = unused_weights(by_s, unused)
    inside_u, inside_v = np.matmul(swap(f.thin_u), by_u), np.matmul(swap(f.thin_v), by_v)
    both = 0.5 * over_gaps(inside_u + inside_v, f.s, f.same, harmless)
    apart = 0.5 * _over_sums(inside_u - inside_v, f.s, f.zero, harmless)
    by_p = both + adjoint(both) + apart - adjoint(apart) + as_diagonal(by_s)
    if f.tall:
        outside = _outside(by_u, f)
        by_p = by_p - np.matmul(swap(f.thin_u), outside)
        return np.matmul(np.matmul(conj(f.thin_u), by_p) + outside, swap(f.thin_v))
    if f.wide:
        outside = adjoint(_outside(by_v, f))
        by_p = by_p - np.matmul(outside, conj(f.thin_v))
        return np.matmul(conj(f.thin_u), np.matmul(by_p, swap(f.thin_v)) + outside)
    return times(conj(f.thin_u), by_p, swap(f.thin_v))


def _without_kinks(by_s: Any, zero: Any) -> Any:
    """No cotangent for singular values that are 0: as abs there, they have derivative 0."""
    return np.where(zero & (plain(by_s) != 0), 0.0, by_s) if np.any(zero) else by_s


def _with_complement(tangent: Any, vectors: Any, k: int) -> Any:
    """Tangents of the first k vectors with those of the others, which follow from them if there is no choice."""
    count = shape_of(vectors)[-1] - k
    if not count:
        return tangent
    others = -times(vectors[..., :, :k], adjoint(tangent), vectors[..., :, k:])
    return np.concatenate([tangent, np.nan * others if _has_choice(vectors, count) else others], axis=-1)


def _has_choice(vectors: Any, count: int) -> bool:
    """Whether so many vectors could be others, by more than their sign."""
    return count > 1 or is_complex(vectors)


def _without_complement(cotangent: Any, vectors: Any, k: int) -> Any:
    """The transpose."""
    count = shape_of(vectors)[-1] - k
    if not count:
        return cotangent
    first, others = cotangent[..., :, :k], cotangent[..., :, k:]
    if _has_choice(vectors, count):
        return first * np.nan if np.any(plain(others)) else first
    return first - times(conj(vectors[..., :, k:]), adjoint(others), conj(vectors[..., :, :k]))


def _svd(a: Any, *, full_matrices: bool) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices)
    return pack((u, 2), (s, 1), (vh, 2))


svd_p = General("svd", _svd, jvps=[_svd_push], vjps=[_svd_pull], batched=[_svd_push])


def _svdvals_push(tangent: Any, out: Any, a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    along = np.real(np.sum(conj(u) * np.matmul(tangent, adjoint(vh)), axis=-2))
    return shared(np.where(plain(s) <= noise(s), 0.0, along), clusters(s))


def _svdvals_pull(cotangent: Any, out: Any, a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    same = clusters(s)
    by_s = _without_kinks(shared(cotangent, same), plain(s) <= noise(s))
    unused = (in_company(same) | (plain(s) <= noise(s))) & (plain(by_s) == 0)
    by_s = unused_weights(by_s, unused)
    return np.matmul(conj(settled(u, unused)) * by_s[..., None, :], conj(swap(settled(swap(vh), unused))))


svdvals_p = General(
    "svdvals",
    lambda a: np.linalg.svd(a, compute_uv=False),
    jvps=[_svdvals_push],
    vjps=[_svdvals_pull],
    batched=[_svdvals_push],
)


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    a = normalize(a)
    if hermitian:
        return _svd_of_hermitian(a) if compute_uv else _from_largest(np.abs(np.linalg.eigvalsh(a)))[0]
    if not compute_uv:
        return svdvals_p(a)
    u, s, vh = _svd_parts(svd_p(a, full_matrices=bool(full_matrices)), a, bool(full_matrices))
    return SVDResult(u, np.real(s), vh)


def _svd_of_hermitian(a: Any) -> Any:
    """From eigenvalues and eigenvectors, as NumPy has it."""
    w, vectors = np.linalg.eigh(a)
    signs = np.copysign(1.0, plain(w))[..., None, :]
    s, order = _from_largest(np.abs(w))
    columns = order[..., None, :]
    u = _along(vectors, columns, -1)
    return SVDResult(u, s, adjoint(u * np.take_along_axis(signs, columns, axis=-1)))


def _from_largest(s: Any) -> tuple[Any, Any]:
    """Numbers in descending order, and that order."""
    order = np.argsort(plain(s), axis=-1)[..., ::-1]
    return _along(s, order, -1), order


def _along(x: Any, places: Any, axis: int) -> Any:
    """Elements of x picked along its last axis."""
    index = np.indices(np.broadcast_shapes(shape_of(x), (*shape_of(places)[:-1], 1)), sparse=True)
    return x[(*index[:-1], places)]


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    return np.linalg.svd(x, compute_uv=False)
