"""Linear algebra: solving, decompositions, norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .common import SQUARE, C, Patterns, Rows, rng_for

INF = np.inf
# Numbers of its own, so that no matrix here comes near a singular one because another family draws more.
V = rng_for("linalg").standard_normal
TALL, WIDE = V((4, 2)), V((2, 4))


def gram(x: Any) -> Any:
    """A symmetric positive definite matrix of order 2."""
    return x @ x.T


def larger(x: Any) -> Any:
    """One of order 3."""
    return x.T @ x + np.diag([1.0, 2.0, 4.0])


def pair(x: Any) -> Any:
    """A stack of two matrices of order 2."""
    return np.stack([x[:, :2], gram(x)])


def turning(x: Any) -> Any:
    """A matrix with two complex eigenvalues."""
    return x[:, :2] + np.array([[0.0, 5.0], [-5.0, 0.0]])


def definite(kind: Any, n: int) -> Any:
    a = kind((n, n))
    return a @ a.conj().T + np.eye(n)


def _norm(shape: tuple[int, ...], order: Any, axis: Any = None, keepdims: bool = False, kind: Any = V) -> Any:
    given = range(len(shape)) if axis is None else axis
    axes = tuple(i - len(shape) if i >= 0 else i for i in given)
    return (kind(shape),), {
        "order": order if isinstance(order, (int, float)) else 2,
        "numpys": order,
        "axis": axis,
        "axes": axes,
        "keepdims": keepdims,
    }


def W(shape: Any) -> Any:
    """Random complex numbers."""
    return V(shape) + 1j * V(shape)


def regular(kind: Any, shape: Any) -> Any:
    """A matrix, or a stack, with eigenvalues apart from each other and from 0."""
    return kind(shape) + np.diag(3.0 * np.arange(1, shape[-1] + 1))


KINDS = (V, W)
SQUARES = [(3, 3), (2, 2, 2)]
SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2)]
ROWS: Rows = {
    "rough": [((V(0),), {})],  # anywhere else its derivative is nan
    "det": [((kind(shape),), {}) for kind in KINDS for shape in [(1, 1), (3, 3), (2, 2, 2), (0, 0)]]
    + [((np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0]),), {}), ((np.diag([2.0, 0.0, 3.0]),), {})],
    "slogdet": [((regular(kind, shape),), {}) for kind in KINDS for shape in [(3, 3), (2, 2, 2)]],
    "inv": [((regular(kind, shape),), {}) for kind in KINDS for shape in [(1, 1), (3, 3), (2, 2, 2)]],
    "pinv": [((kind(shape),), {"rcond": 1e-15, "symmetric": False}) for kind in KINDS for shape in SHAPES]
    + [((definite(kind, 3),), {"rcond": 1e-15, "symmetric": True}) for kind in KINDS],
    "solve": [
        ((regular(kind, a), kind(b)), {})
        for kind in KINDS
        for a, b in [
            ((3, 3), (3,)),
            ((3, 3), (3, 2)),
            ((4, 3, 3), (3,)),
            ((4, 3, 3), (3, 2)),
            ((3, 3), (4, 3, 2)),
            ((4, 1, 3, 3), (5, 3, 2)),
        ]
    ],
    "lstsq": [
        ((kind(a), kind(b)), {"rcond": None})
        for kind in KINDS
        for a, b in [((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2,)), ((3, 3), (3, 2))]
    ],
    "eigh": [((regular(kind, shape),), {"uplo": u}) for kind in KINDS for u in "LU" for shape in [(3, 3), (2, 2, 2)]],
    "eigvalsh": [
        ((regular(kind, shape),), {"uplo": u}) for kind in KINDS for u in "LU" for shape in [(3, 3), (2, 2, 2)]
    ],
    "eig": [((regular(kind, shape),), {}) for kind in KINDS for shape in [(3, 3), (2, 2, 2)]],
    "eigvals": [((regular(kind, shape),), {}) for kind in KINDS for shape in [(3, 3), (2, 2, 2)]],
    "cholesky": [((definite(kind, 3),), {"upper": up}) for kind in KINDS for up in (False, True)]
    + [((np.stack([definite(V, 2), definite(V, 2)]),), {"upper": False})],
    "qr": [((kind(s),), {"mode": mode}) for kind in KINDS for mode in ("reduced", "complete") for s in SHAPES],
    "svd": [((kind(s),), {"full_matrices": False}) for kind in KINDS for s in SHAPES]
    + [((V(s),), {"full_matrices": True}) for s in [(3, 3), (4, 3), (2, 3)]],
    "svdvals": [((kind(s),), {}) for kind in KINDS for s in SHAPES],
    "norm": [
        _norm((3,), None),
        _norm((2, 3), None, keepdims=True),
        _norm((2, 3), "fro"),
        _norm((2, 3, 4), None),
        _norm((2, 3, 4), None, (-3, -1)),
        _norm((2, 3), None, (0,), True),
        *(_norm((2, 3), order, (-1,), False, kind) for order in (2, 3, 0.5, -1.5) for kind in KINDS),
    ],
}

PATTERNS: Patterns = {
    np.linalg.det: [
        lambda x: np.linalg.det(x[:, :2]),
        lambda x: np.linalg.det(larger(x)),
        lambda x: np.linalg.det(pair(x)),
        lambda x: np.linalg.det(x.T @ x),  # singular
        lambda x: np.linalg.det(np.stack([x[:, :2], 0 * x[:, :2]])),
        lambda x: np.linalg.det(x[:1, :1]),
        lambda x: np.imag(np.linalg.det(x[:, :2] + 1j * C[:, :2])),
    ],
    np.linalg.slogdet: [
        lambda x: np.linalg.slogdet(gram(x)),
        lambda x: np.linalg.slogdet(pair(x)),
        lambda x: np.imag(np.linalg.slogdet(x[:, :2] + 1j * C[:, :2]).sign),
    ],
    np.linalg.inv: [
        lambda x: np.linalg.inv(larger(x)),
        lambda x: np.linalg.inv(pair(x)),
        lambda x: np.imag(np.linalg.inv(x[:, :2] + 1j * C[:, :2])),
    ],
    np.linalg.pinv: [
        lambda x: np.linalg.pinv(x),
        lambda x: np.linalg.pinv(x.T @ x),  # of rank 2
        lambda x: np.linalg.pinv(x.T, rcond=1e-8),
        lambda x: np.linalg.pinv(x, rtol=None),
        lambda x: np.linalg.pinv(gram(x), hermitian=True),
        lambda x: np.linalg.pinv(pair(x), rtol=1e-9),
        lambda x: np.linalg.pinv(x, 0.9),  # of rank 1
        lambda x: np.linalg.pinv(gram(x), 0.9, hermitian=True),
    ],
    np.linalg.solve: [
        lambda x: np.linalg.solve(gram(x), x),
        lambda x: np.linalg.solve(SQUARE, x[0]),
        lambda x: np.linalg.solve(x[:, :2], [1.0, 2.0]),
        lambda x: np.linalg.solve(pair(x), x),
        lambda x: np.linalg.solve(pair(x), x[:, 0]),
        lambda x: np.linalg.solve(gram(x), pair(x)),
    ],
    np.linalg.tensorsolve: [
        lambda x: np.linalg.tensorsolve(SQUARE.reshape(3, 3, 1), x[0]),
        lambda x: np.linalg.tensorsolve(np.reshape(larger(x), (3, 1, 3)), np.ones((3, 1))),
        lambda x: np.linalg.tensorsolve(np.reshape(larger(x), (3, 3, 1)), np.ones((3, 1)), axes=(1,)),
    ],
    np.linalg.tensorinv: [
        lambda x: np.linalg.tensorinv(np.reshape(larger(x), (3, 1, 3))),
        lambda x: np.linalg.tensorinv(np.reshape(larger(x), (3, 1, 3)), ind=1),
    ],
    np.linalg.lstsq: [
        lambda x: np.linalg.lstsq(x.T, C[0])[:2],
        lambda x: np.linalg.lstsq(TALL, np.concatenate([x, C]), rcond=None)[0],
        lambda x: np.linalg.lstsq(x, C[:, :2], rcond=-1)[3],
        lambda x: np.linalg.lstsq(x.T, x[0], None)[1],
    ],
    np.linalg.eigh: [
        lambda x: np.linalg.eigh(gram(x)),
        lambda x: np.linalg.eigh(x[:, 1:], UPLO="U"),
        lambda x: np.linalg.eigh(pair(x)).eigenvectors,
        lambda x: np.abs(np.linalg.eigh(larger(x) + 1j * (SQUARE - SQUARE.T))[1]),
    ],
    np.linalg.eigvalsh: [
        lambda x: np.linalg.eigvalsh(larger(x)),
        lambda x: np.linalg.eigvalsh(x[:, :2], "U"),
        lambda x: np.linalg.eigvalsh(pair(x) + 1j * x[:, :2]),
    ],
    np.linalg.eig: [
        lambda x: np.linalg.eig(larger(x) @ np.diag([1.0, 2.0, 3.0])),
        lambda x: np.imag(np.linalg.eig(x[:, :2] + 1j * C[:, :2])[1]),
        lambda x: np.abs(np.linalg.eig(turning(x)).eigenvectors),
    ],
    np.linalg.eigvals: [
        lambda x: np.linalg.eigvals(larger(x) @ np.diag([1.0, 2.0, 3.0])),
        lambda x: np.imag(np.linalg.eigvals(turning(x))),
    ],
    np.linalg.cholesky: [
        lambda x: np.linalg.cholesky(larger(x)),
        lambda x: np.linalg.cholesky(gram(x), upper=True),
        lambda x: np.linalg.cholesky(np.stack([gram(x), gram(C)])),
        lambda x: np.imag(np.linalg.cholesky(larger(x) + 0.3j * (SQUARE - SQUARE.T))),
    ],
    np.linalg.qr: [
        lambda x: np.linalg.qr(x),
        lambda x: np.linalg.qr(x.T),
        lambda x: np.linalg.qr(x.T, mode="complete"),
        lambda x: np.linalg.qr(x, "r"),
        lambda x: np.linalg.qr(pair(x)).Q,
    ],
    np.linalg.svd: [
        lambda x: np.linalg.svd(x),
        lambda x: np.linalg.svd(x.T, full_matrices=False),
        lambda x: np.linalg.svd(x, compute_uv=False),
        lambda x: np.linalg.svd(gram(x) - 1.5 * np.eye(2), hermitian=True),
        lambda x: np.linalg.svd(larger(x) - 3 * np.eye(3), compute_uv=False, hermitian=True),
        lambda x: np.linalg.svd(np.concatenate([x.T, C.T]))[1],
        lambda x: np.linalg.svd(pair(x)).U,
    ],
    np.linalg.svdvals: [lambda x: np.linalg.svdvals(x), lambda x: np.linalg.svdvals(pair(x) + 1j * x[:, :2])],
    np.linalg.norm: [
        lambda x: np.linalg.norm(x),
        lambda x: np.linalg.norm(x, axis=0),
        lambda x: np.linalg.norm(x, "fro", keepdims=True),
        lambda x: np.linalg.norm(x, "f", axis=(1, 0)),
        lambda x: np.linalg.norm(x, "nuc"),
        lambda x: np.linalg.norm(x[0], 2),
        lambda x: np.linalg.norm(x[0].tolist()),
        *(lambda x, p=p: np.linalg.norm(x, p) for p in (1, -1, 2, -2, INF, -INF)),
        *(lambda x, p=p: np.linalg.norm(x[None], p, axis=(2, 1), keepdims=True) for p in (1, 2, -INF, "nuc", None)),
        *(lambda x, p=p: np.linalg.norm(x, p, axis=-1) for p in (1, -1, 2, -2, INF, -INF, 3, 0.5)),
        lambda x: np.linalg.norm(x, 1, 0, keepdims=True),
        lambda x: np.linalg.norm(x + 2j * C),
        lambda x: np.linalg.norm(x + 2j * C, 3, axis=0),
    ],
    np.linalg.vector_norm: [
        lambda x: np.linalg.vector_norm(x),
        lambda x: np.linalg.vector_norm(x, axis=1, keepdims=True),
        lambda x: np.linalg.vector_norm(x[None], axis=(0, -1), ord=3),
        lambda x: np.linalg.vector_norm(x, keepdims=True, ord=1),
    ],
    np.linalg.matrix_norm: [
        lambda x: np.linalg.matrix_norm(x),
        lambda x: np.linalg.matrix_norm(pair(x), ord=2),
        lambda x: np.linalg.matrix_norm(x, keepdims=True, ord=1),
    ],
    np.linalg.cond: [lambda x: np.linalg.cond(x), lambda x: np.linalg.cond(pair(x), -2)]
    + [lambda x, p=p: np.linalg.cond(gram(x), p) for p in (1, -1, 2, INF, -INF, "fro", "nuc")],
    np.linalg.matrix_power: [lambda x, n=n: np.linalg.matrix_power(x[:, :2], n) for n in (-3, -1, 1, 2, 3, 5)]
    + [lambda x: np.linalg.matrix_power(pair(x), 4)],
    np.linalg.matrix_transpose: [lambda x: np.linalg.matrix_transpose(x)],
    np.linalg.diagonal: [lambda x: np.linalg.diagonal(x), lambda x: np.linalg.diagonal(x[None], offset=1)],
    np.linalg.trace: [
        lambda x: np.linalg.trace(x),
        lambda x: np.linalg.trace(pair(x), offset=-1),
        lambda x: np.linalg.trace(x, dtype=np.float32),
    ],
}

QUERIES: Patterns = {
    np.linalg.matrix_rank: [
        lambda x: np.linalg.matrix_rank(x),
        lambda x: np.linalg.matrix_rank(x.T @ x),
        lambda x: np.linalg.matrix_rank(x, tol=1e3),
        lambda x: np.linalg.matrix_rank(pair(x), rtol=1e-9),
    ],
}
