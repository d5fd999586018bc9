"""Products of matrices and vectors, as people call them."""

from __future__ import annotations

import numpy as np

from .common import SQUARE, C, Patterns, Rows, V

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
}
