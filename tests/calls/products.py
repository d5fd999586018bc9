"""Products, convolutions and polynomials, as people call them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .common import SQUARE, C, Patterns, Rows, draws

V = draws("products")

MODES = ("full", "same", "valid")


def W(shape: Any) -> Any:
    """Random complex numbers."""
    return V(shape) + 1j * V(shape)


ROWS: Rows = {
    "matmul": [
        ((V(a), V(b)), {})
        for a, b in [
            ((3,), (3,)),
            ((3,), (3, 2)),
            ((3,), (5, 3, 2)),
            ((3,), (4, 5, 3, 2)),
            ((2, 3), (3,)),
            ((2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((2, 3), (4, 5, 3, 2)),
            ((5, 2, 3), (3,)),
            ((5, 2, 3), (3, 4)),
            ((5, 2, 3), (5, 3, 4)),
            ((1, 2, 3), (5, 3, 4)),
            ((5, 2, 3), (4, 1, 3, 2)),
            ((4, 5, 2, 3), (3,)),
            ((4, 5, 2, 3), (3, 2)),
            ((4, 5, 2, 3), (5, 3, 2)),
            ((4, 1, 2, 3), (1, 5, 3, 2)),
            ((2, 0), (0, 3)),
            ((0, 3), (3, 2)),
        ]
    ],
    "dot": [
        ((V(a), V(b)), {})
        for a, b in [
            ((2, 3), (4, 3, 2)),
            ((4, 2, 3), (5, 3, 2)),
            ((3,), (2, 3, 1)),
            ((2, 4, 3), (3,)),
            ((2, 1, 3), (3, 2)),
        ]
    ],
    "vecdot": [((V(a), W(b)), {}) for a, b in [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 3), (5, 3))]],
    "matvec": [
        ((V(a), V(b)), {}) for a, b in [((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((4, 1, 2, 3), (5, 3))]
    ],
    "vecmat": [
        ((W(a), W(b)), {}) for a, b in [((2,), (2, 3)), ((4, 2), (2, 3)), ((2,), (4, 2, 3)), ((4, 1, 2), (5, 2, 3))]
    ],
    "einsum": [
        (tuple(V(shape) for shape in shapes), {"subscripts": subscripts, "optimize": optimize})
        for subscripts, *shapes in [
            ("ij,jk->ik", (2, 3), (3, 4)),
            ("ij,jk,kl", (2, 3), (3, 4), (4, 2)),
            ("ii", (3, 3)),
            ("iij->j", (3, 3, 2)),
            ("ii,ij->j", (3, 3), (3, 2)),
            ("ij,kl->k", (2, 3), (3, 4)),
            ("...ij,...j->...i", (5, 1, 2, 3), (4, 3)),
            ("i...->...", (2, 3)),
            ("ij,ij->ij", (1, 3), (2, 3)),
            ("ij,jk->i", (2, 1), (3, 4)),
            (",i->i", (), (3,)),
            ("ij->ij", (2, 0)),
        ]
        for optimize in (False, True)
    ]
    + [((W((2, 3)), V((3, 2))), {"subscripts": "ij,jk", "optimize": False})],
    "convolve": [
        ((V(n), V(m)), {"mode": mode})
        for n, m in [(1, 1), (4, 2), (2, 5), (3, 3)]
        for mode in ("full", "same", "valid")
    ],
    "correlate": [
        ((W(n), W(m)), {"mode": mode})
        for n, m in [(1, 1), (4, 2), (2, 5), (5, 3)]
        for mode in ("full", "same", "valid")
    ],
    "vander": [((V(3),), {"count": n, "increasing": up}) for n in (1, 4) for up in (False, True)],
}


PATTERNS: Patterns = {
    np.matmul: [lambda x: np.matmul(x, SQUARE), lambda x: SQUARE @ x.T, lambda x: x @ x.T, lambda x: C.T @ x],
    np.dot: [
        lambda x: np.dot(x, SQUARE),
        lambda x: np.dot(x, SQUARE[0]),
        lambda x: np.dot(2.0, x),
        lambda x: x.dot(x.T),
        lambda x: np.dot(x[0], x[1]),
        lambda x: np.dot(np.ones((4, 5, 3)), x.T),
        lambda x: np.dot(x, np.ones((5, 3, 4))),
        lambda x: np.dot(np.ones((2, 4, 2)), np.stack([x, x])),
        lambda x: np.dot([1.0, 2.0], x),
    ],
    np.vdot: [lambda x: np.vdot(x, C), lambda x: np.vdot(C, x), lambda x: np.vdot(x, x)],
    np.inner: [lambda x: np.inner(x, C), lambda x: np.inner(C[0], x), lambda x: np.inner(x, 3.0)],
    np.outer: [lambda x: np.outer(x, C), lambda x: np.outer([1.0, 2.0], x), lambda x: np.outer(x[0], x[1])],
    np.tensordot: [
        lambda x: np.tensordot(x, C),
        lambda x: np.tensordot(x, SQUARE, 1),
        lambda x: np.tensordot(x, C, 0),
        lambda x: np.tensordot(x, C, axes=(0, 0)),
        lambda x: np.tensordot(C, x, axes=([-1, 0], [1, 0])),
        lambda x: np.tensordot(np.ones((3, 4, 2)), x, axes=([2, 0], [0, 1])),
    ],
    np.einsum: [
        lambda x: np.einsum("ij,jk->ik", x, SQUARE),
        lambda x: np.einsum("ij,jk", x, SQUARE),
        lambda x: np.einsum("kj, ji", SQUARE, x.T),
        lambda x: np.einsum("ij,kj,kl->il", x, C, C, optimize=True),
        lambda x: np.einsum("ij,ij->", x, x, optimize="greedy"),
        lambda x: np.einsum("ii", x[:, :2]),
        lambda x: np.einsum("ii->i", x[:, 1:]),
        lambda x: np.einsum("ij->j", x),
        lambda x: np.einsum("ij,kl->k", x, C),
        lambda x: np.einsum("...j,jk->...k", x, SQUARE),
        lambda x: np.einsum("i...,i...->...", x, C[:, :1]),
        lambda x: np.einsum("...,...", x[:1], C),
        lambda x: np.einsum("ij,ij->ij", x[:, :1], x),
        lambda x: np.einsum(x, [0, 1], SQUARE, [1, 2]),
        lambda x: np.einsum(x, [0, 1], SQUARE, [1, 2], [2, 0]),
        lambda x: np.einsum(x, [..., 1], SQUARE, [1, 30], [30, ...]),
        lambda x: np.einsum("i,j,k->kji", x[0], x[1], C[0]),
        lambda x: np.einsum(",ij->ij", x[0, 0], C),
        lambda x: np.imag(np.einsum("ij,j->i", 1j * x, C[0] + 2j)),
        lambda x: np.einsum("ij,j", [[1.0, 2.0], [3.0, 4.0]], x[:, 0]),
    ],
    np.vecdot: [
        lambda x: np.vecdot(x, C),
        lambda x: np.vecdot(C[0], x),
        lambda x: np.vecdot(x, C, axis=0),
        lambda x: np.imag(np.vecdot(1j * x, C + 1j * x)),
    ],
    np.linalg.vecdot: [lambda x: np.linalg.vecdot(x, C), lambda x: np.linalg.vecdot(x, [1.0, 2.0], axis=0)],
    np.kron: [
        lambda x: np.kron(x, C),
        lambda x: np.kron(SQUARE, x),
        lambda x: np.kron(x, C[0]),
        lambda x: np.kron([1.0, 2.0], x),
        lambda x: np.kron(x, 2.0),
        lambda x: np.kron(x[0], np.ones((2, 1, 2))),
    ],
    np.cross: [
        lambda x: np.cross(x, C),
        lambda x: np.cross(C[0], x),
        lambda x: np.cross(x, x[0]),
        lambda x: np.cross(x.T, C.T, axis=0),
        lambda x: np.cross(x.T, C, axisa=0, axisb=1, axisc=0),
        lambda x: np.cross(x, [1.0, 2.0, 3.0]),
    ],
    np.linalg.cross: [lambda x: np.linalg.cross(x, C), lambda x: np.linalg.cross(x.T, C.T, axis=0)],
    np.linalg.outer: [lambda x: np.linalg.outer(x[0], C[1])],
    np.linalg.matmul: [lambda x: np.linalg.matmul(x, SQUARE), lambda x: np.linalg.matmul(SQUARE, x.T)],
    np.linalg.tensordot: [lambda x: np.linalg.tensordot(x, C), lambda x: np.linalg.tensordot(x, C, axes=(0, 0))],
    np.linalg.multi_dot: [
        lambda x: np.linalg.multi_dot([x, SQUARE]),
        lambda x: np.linalg.multi_dot([x, SQUARE, x.T]),
        lambda x: np.linalg.multi_dot([x[0], SQUARE, x.T, C]),
        lambda x: np.linalg.multi_dot([C[0], SQUARE, x[1]]),
        lambda x: np.linalg.multi_dot([x.T, x, SQUARE, C.T, [1.0, 2.0]]),
    ],
    np.convolve: [
        lambda x: np.convolve(x[0], C[0]),
        lambda x: np.convolve(C[0], np.ravel(x), "same"),
        lambda x: np.convolve(np.ravel(x), C[0], mode="valid"),
        lambda x: np.convolve(x[0], x[1]),
        lambda x: np.convolve(x[0, 0], [1.0, 2.0]),
    ],
    np.correlate: [
        lambda x: np.correlate(x[0], C[0]),
        lambda x: np.correlate(x[0, :2], C[0], "same"),
        lambda x: np.correlate(np.ravel(x), x[0], mode="full"),
        lambda x: np.imag(np.correlate(C[0], 1j * x[0] + C[1], "full")),
    ],
    np.polyval: [
        lambda x: np.polyval(x[0], C),
        lambda x: np.polyval([1.0, 2.0, 3.0], x),
        lambda x: np.polyval(x[0], x[1]),
        lambda x: np.polyval(x[0], 2.0),
    ],
    np.polyadd: [lambda x: np.polyadd(x[0], [1.0, 2.0]), lambda x: np.polyadd(2.0, x[1])],
    np.polysub: [lambda x: np.polysub(x[0], x[1, :2]), lambda x: np.polysub(C[0, :1], x[1])],
    np.polymul: [lambda x: np.polymul(x[0], x[1]), lambda x: np.polymul([0.0, 2.0], x[0])],
    np.polyder: [lambda x: np.polyder(x[0]), lambda x: np.polyder(np.ravel(x), 3), lambda x: np.polyder(x[0], m=0)],
    np.polyint: [
        lambda x: np.polyint(x[0]),
        lambda x: np.polyint(x[0], 2, k=x[1]),
        lambda x: np.polyint(x[0], m=2, k=3.0),
    ],
    np.poly: [lambda x: np.poly(x[0]), lambda x: np.poly(x[:, :2] @ x[:, :2].T), lambda x: np.poly([x[0, 0], 1.0])],
    np.roots: [
        lambda x: np.roots([1.0, x[0, 0] - 9.0, 1.0]),
        lambda x: np.abs(np.roots(np.stack([x[0, 0], 0.1, 5, 0]))),
    ],
    np.vander: [
        lambda x: np.vander(x[0]),
        lambda x: np.vander(x[0], 4, increasing=True),
        lambda x: np.vander(np.ravel(x), N=1),
    ],
    np.cov: [
        lambda x: np.cov(x),
        lambda x: np.cov(x[0]),
        lambda x: np.cov(x, C),
        lambda x: np.cov(x[0], x[1], bias=True),
        lambda x: np.cov(x, rowvar=False, ddof=0),
        lambda x: np.cov(x.T, C.T, False),
        lambda x: np.cov(x, fweights=[1, 2, 3]),
        lambda x: np.cov(x, fweights=[1, 2, 3], aweights=[0.5, 1.0, 2.0]),
        lambda x: np.cov(C, aweights=np.exp(x[0]), ddof=0),
        lambda x: np.cov(x, dtype=np.float32),
    ],
    np.corrcoef: [
        lambda x: np.corrcoef(x),
        lambda x: np.corrcoef(x[0], C[0]),
        lambda x: np.corrcoef(C, x),
        lambda x: np.corrcoef(x[0]),
        lambda x: np.corrcoef(np.concatenate([x.T, C.T], axis=1), rowvar=False),
    ],
}

QUERIES: Patterns = {
    np.einsum_path: [
        lambda x: np.einsum_path("ij,jk,kl->il", x, SQUARE, C.T),
        lambda x: np.einsum_path("ij,ij", C, x, optimize="optimal"),
    ],
}

if hasattr(np, "matvec"):
    PATTERNS |= {
        np.matvec: [lambda x: np.matvec(x, C), lambda x: np.matvec(SQUARE, x)],
        np.vecmat: [lambda x: np.vecmat(x, SQUARE), lambda x: np.imag(np.vecmat(1j * C[:, 0], x))],
    }
else:
    ROWS = {name: calls for name, calls in ROWS.items() if name not in ("matvec", "vecmat")}
