"""Indexing and choice, as people call them."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from .common import INDICES, MASK, SHAPES, C, Patterns, Rows, draws

V = draws("indexing")

CUBE = np.arange(24).reshape(2, 3, 4)
# Every kind of index beside every other, on an array of shape (2, 3, 4).
MIXED: list[Any] = [
    (np.array([0, 1]), slice(None), np.array([3, 0])),
    (slice(None), np.array([0, 0]), np.array([3, 3])),
    (0, slice(None), [1, 1]),
    ([1, 0, 0], 1),
    (..., [0, 3]),
    (None, [1, 1], ..., None),
    ([[0], [1]], slice(1, None), [0, 2]),
    (MASK, 2),
    (MASK, slice(None, None, -2)),
    (slice(None), np.array([True, False, True]), 1),
    ([0, 1], MASK[0], slice(None)),
    (np.array([True, False]), [0, 2], 1),
    (True, 1),
    (np.True_, slice(None), 0),
    (..., np.False_),
    (np.array(1), slice(None), -1),
    (np.int64(1), ..., np.array([2, 2])),
    ((1, 1), (0, 0)),
    CUBE > 11,
    (slice(5, 1), [0]),
    (np.uint8(1), [2], None, [3]),
    [1, 0],
    [[1, 1], [0, 1]],
    [True, False],
    [],
]

ROWS: Rows = {
    "getitem": [((V((2, 3)),), {"index": i}) for i in INDICES] + [((V((2, 3, 4)),), {"index": i}) for i in MIXED],
    "scatter": [
        ((np.asarray(np.zeros(shape)[i]) + V(np.shape(np.zeros(shape)[i])),), {"index": i, "shape": shape})
        for shape, indices in [((2, 3), INDICES), ((2, 3, 4), MIXED[:-1])]
        for i in indices
    ],
    "take": [
        ((V((2, 3, 20)),), {"indices": i, "axis": a})
        for i in [np.array(1), np.array([1, -1, 1]), np.array([[0, 0], [1, 0]]), np.zeros(0, int)]
        for a in (-1, -2, -3)
    ],
    "diagonal": [((V(s),), {"offset": k}) for s in [(2, 3), (3, 2), (2, 3, 3)] for k in (-4, -1, 0, 1, 2)],
    "embed": [
        ((V((*lead, n)),), {"offset": k, "shape": s})
        for lead in [(), (2,)]
        for n, k, s in [
            (2, 0, (2, 2)),
            (2, 1, (3, 3)),
            (2, -1, (3, 3)),
            (2, 0, (2, 3)),
            (2, 1, (2, 3)),
            (1, -1, (2, 3)),
        ]
    ],
    "where": [((V(a), V(b)), {"mask": MASK}) for a, b in itertools.product(SHAPES, SHAPES)]
    + [((V(a), V(b)), {"mask": MASK[0]}) for a, b in [((), (2, 3)), ((2, 1), ()), ((), ())]],
}


def cube(x):
    """An array of shape (2, 3, 4) made of x."""
    return np.stack([x, 2.0 * x, x, C * x], axis=-1)


def heads(x):
    return np.sum(x) * x


PATTERNS: Patterns = {
    operator.getitem: [lambda x, i=i: cube(x)[i] for i in MIXED]
    + [
        lambda x: x[1],
        lambda x: x[0, -1],
        lambda x: x[:, ::-1],
        lambda x: x[..., None, 1],
        lambda x: x[0, 1, ...],
        lambda x: x[()],
        lambda x: x[0, 0][()],
        lambda x: x[0, 0][None],
        lambda x: x[np.array(1)],
        lambda x: x[np.uint8(1)],
        lambda x: x[[1, 0, 0]],
        lambda x: x[[-1, 1, 1]],
        lambda x: x[:, [0, 2]],
        lambda x: x[[0, 1], [2, 2]],
        lambda x: x[:, [0, 0]],
        lambda x: x[x > 0.0],
        lambda x: x[x[:, 0] > 0.0, 1],
        lambda x: x[[]],
        lambda x: x[:0][[]],
        lambda x: x[np.argmax(x[:, 0])],
        lambda x: x[np.array([[0], [1]]), [0, 2]],
        lambda x: np.stack([row * 2 for row in x]),
        lambda x: x.T.flat[1] * 1.0 if isinstance(x, np.ndarray) else np.ravel(x.T)[1] * 1.0,
    ],
    np.take: [
        lambda x: np.take(x, [0, 5, 5]),
        lambda x: np.take(x, 1, axis=0),
        lambda x: np.take(x, [[2, 0]], axis=-1),
        lambda x: np.take(x, [7, -8, 3], mode="wrap"),
        lambda x: np.take(x, [7, -8, 3], mode="clip", axis=1),
        lambda x: np.take(x, -1, 1, mode="clip"),
        lambda x: np.take(x, []),
        lambda x: np.take(x, [True, False], axis=1),
        lambda x: np.take(x, np.uint8(1), axis=0),
        lambda x: x.take([1], axis=1),
        lambda x: x.take(3),
        lambda x: x[0, 0].take([0, 0]),
    ],
    np.take_along_axis: [
        lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
        lambda x: np.take_along_axis(x, np.array([[0, 1, 1], [1, 0, 0]]), axis=0),
        lambda x: np.take_along_axis(x, np.array([[-1], [0]]), -1),
        lambda x: np.take_along_axis(x, np.array([5, 5]), None),
        lambda x: np.take_along_axis(x.T, np.array([[1]]), axis=1),
    ],
    np.compress: [
        lambda x: np.compress([True, False], x, axis=0),
        lambda x: np.compress([0, 1, 1], x, axis=-1),
        lambda x: np.compress([False, True], x),
        lambda x: x.compress([True, False, True], axis=1),
        lambda x: np.compress(x[0] > 0.0, x[1]),
    ],
    np.extract: [
        lambda x: np.extract(MASK, x),
        lambda x: np.extract(x > 0.0, x),
        lambda x: np.extract([1, 0, 1], x),
        lambda x: np.extract([0.0, 1.0], x[0]),
    ],
    np.delete: [
        lambda x: np.delete(x, 1),
        lambda x: np.delete(x, -1, axis=1),
        lambda x: np.delete(x, slice(None, None, 2), axis=1),
        lambda x: np.delete(x, [0, 2, 2], 1),
        lambda x: np.delete(x, [True, False], axis=0),
        lambda x: np.delete(x, []),
    ],
    np.trim_zeros: [
        lambda x: np.trim_zeros(np.concatenate([[0.0, 0.0], x[0], [0.0]])),
        lambda x: np.trim_zeros(np.concatenate([[0.0, 0.0], x[0], [0.0]]), "f"),
        lambda x: np.trim_zeros(np.concatenate([[0.0, 0.0], x[0], [0.0]]), trim="B"),
        lambda x: np.trim_zeros(x[0] * np.zeros(3)),
        lambda x: np.trim_zeros(x[0]),
    ],
    np.diagonal: [
        lambda x: np.diagonal(x),
        lambda x: np.diagonal(x, 1),
        lambda x: x.diagonal(-1),
        lambda x: np.diagonal(x, 5),
        lambda x: np.diagonal(np.stack([x, x, x]), offset=1, axis1=-1, axis2=0),
        lambda x: cube(x).diagonal(1, 2, 0),
    ],
    np.trace: [
        lambda x: np.trace(x),
        lambda x: x.trace(),
        lambda x: np.trace(x, offset=-1),
        lambda x: np.trace(x[None], 0, 1, 2),
        lambda x: np.trace(x, dtype=np.float32),
        lambda x: np.trace(cube(x), 1, axis1=-1, axis2=1),
    ],
    np.diag: [
        lambda x: np.diag(x),
        lambda x: np.diag(x, -1),
        lambda x: np.diag(x.T, k=1),
        lambda x: np.diag(x, 7),
        lambda x: np.diag(x[0]),
        lambda x: np.diag(x[0], 2),
        lambda x: np.diag(x[0], k=-1),
        lambda x: np.diag(x[0, :0], 2),
    ],
    np.diagflat: [lambda x: np.diagflat(x), lambda x: np.diagflat(x[0], -1), lambda x: np.diagflat(x[0, 0], k=1)],
    np.tril: [
        lambda x: np.tril(x),
        lambda x: np.tril(x, 1),
        lambda x: np.tril(x[0], k=-1),
        lambda x: np.tril(cube(x), -1),
    ],
    np.triu: [lambda x: np.triu(x), lambda x: np.triu(x, -1), lambda x: np.triu(x[0]), lambda x: np.triu(cube(x), k=2)],
    np.where: [
        lambda x: np.where(x > 0.0, x, C),
        lambda x: np.where(MASK, x, 0.0),
        lambda x: np.where(MASK, 1, x),
        lambda x: np.where(MASK[0], 1.0, x),
        lambda x: np.where(x, x, C),
        lambda x: np.where(True, x, C),
        lambda x: np.where(True, x, x),
        lambda x: np.where(False, x[0], C[:1] * x[0]),
        lambda x: np.where([True, False], x[:, 0], x[:, 1]),
        lambda x: np.where(True, x[0, 0], C),
        lambda x: np.where(False, x.astype(np.float32), 1.0),
        lambda x: np.where([[True], [False]], [x[0, 0], 1.0, x[0, 1]], x),
    ],
    np.select: [
        lambda x: np.select([x > 1.0, x > 0.0], [x, 2 * x]),
        lambda x: np.select([x > 1.0, x > 0.0], [x * x, C], default=x[0]),
        lambda x: np.select([MASK, MASK[0]], [1, x[:, :1]], x[0, 0]),
        lambda x: np.select([True, MASK], [x.astype(np.float32), 3.0], default=1),
        lambda x: np.select((x[0] > 0.0,), (x,), 1.0),
    ],
    np.choose: [
        lambda x: np.choose([1, 0, 1], x),
        lambda x: np.choose([[0], [1]], [x, C]),
        lambda x: np.choose(np.array([[0, 2, 1]]), (x, 1.0, x[0])),
        lambda x: np.choose([-1, 0, 5], [x, C], mode="clip"),
        lambda x: np.choose([-1, 0, 5], [x, C], None, "wrap"),
        lambda x: np.choose(1, [C, x]),
        lambda x: np.array([1, 0, 1]).choose([x[0], x[1]]) * 1.0,
    ],
    np.piecewise: [
        lambda x: np.piecewise(x, [x < 0.0, x >= 0.0], [lambda v: v * v, lambda v: 3.0 * v]),
        lambda x: np.piecewise(x, [x < 0.0], [-1.0, lambda v, a, b: a * v + b], 2.0, b=0.5),
        lambda x: np.piecewise(x[0], x[0] > 0.0, [heads]),
        lambda x: np.piecewise(x, [MASK, x > 0.0], [lambda v: v * v, 5, np.sin]),
        lambda x: np.piecewise(x[0, 0], [x[0, 0] > 0.0], [np.sin, np.exp]),
        lambda x: np.piecewise(x[0], [[True, False, True]], [np.sum, x[1, 1]]),
        lambda x: np.piecewise(x.astype(np.float32), [x > 0.0], [lambda v: v * np.ones(v.shape), 1e-3]),
    ],
}

QUERIES: Patterns = {
    np.where: [lambda x: np.where(x), lambda x: np.where(x > 0.0), lambda x: np.where([1, 0], x[0, 0] > 0, 1)],
    np.piecewise: [lambda x: np.piecewise(np.arange(3.0), [x[0] > 0.0], [1.0, 2.0])],
}
