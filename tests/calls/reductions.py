"""Reductions and questions about arrays, as people call them."""

from __future__ import annotations

import numpy as np

from .common import REDUCED, C, Patterns, Rows, V

ROWS: Rows = {
    "sum": [((V((2, 3)),), p) for p in REDUCED] + [((V(()),), {"axis": (), "keepdims": False})],
    "cumsum": [((V((2, 3)),), {"axis": a}) for a in (-1, -2)] + [((V(4),), {"axis": -1})],
    "max": [((V((2, 3)),), p) for p in REDUCED],
    "min": [((V((2, 3)),), p) for p in REDUCED],
    "prod": [((V((2, 3)),), p) for p in REDUCED]
    + [
        ((V((3, 2, 5)),), {"axis": (-3, -1), "keepdims": False}),
        ((np.array([0.0, 2.0, 3.0]),), REDUCED[2]),
        ((np.array([0.0, 2.0, 0.0]),), REDUCED[2]),
    ],
}

PATTERNS: Patterns = {
    (np.add, "reduce"): [
        lambda x: np.add.reduce(x),
        lambda x: np.add.reduce(x, axis=None),
        lambda x: np.add.reduce(x, axis=1, keepdims=True),
        lambda x: np.add.reduce(x, dtype=np.float32),
    ],
    (np.multiply, "reduce"): [lambda x: np.multiply.reduce(x), lambda x: np.multiply.reduce(x, 1)],
    (np.maximum, "reduce"): [lambda x: np.maximum.reduce(x), lambda x: np.maximum.reduce(x, axis=(0, 1))],
    (np.minimum, "reduce"): [lambda x: np.minimum.reduce(x, axis=1), lambda x: np.minimum.reduce(x, keepdims=True)],
    np.sum: [
        lambda x: np.sum(x),
        lambda x: np.sum(x, 0),
        lambda x: np.sum(x, axis=-1),
        lambda x: np.sum(x, axis=(0, -1)),
        lambda x: np.sum(x, axis=()),
        lambda x: np.sum(x, keepdims=True),
        lambda x: np.sum(x, axis=0, keepdims=True),
        lambda x: np.sum(x, dtype=np.float32),
        lambda x: x.sum(),
        lambda x: x.sum(axis=0),
        lambda x: x.sum(axis=1, keepdims=True),
        lambda x: np.sum([x[0], x[1]], axis=0),
        lambda x: np.sum(x[0, 0]),
    ],
    np.mean: [
        lambda x: np.mean(x),
        lambda x: np.mean(x, 0),
        lambda x: np.mean(x, axis=(-1, 0), keepdims=True),
        lambda x: np.mean(x, axis=-1, dtype=np.float32),
        lambda x: x.mean(axis=1),
        lambda x: np.mean(x.astype(np.float32)),
        lambda x: np.mean(x[0, 0]),
    ],
    np.var: [
        lambda x: np.var(x),
        lambda x: np.var(x, 0),
        lambda x: np.var(x, axis=1, ddof=1, keepdims=True),
        lambda x: x.var(axis=(0, 1)),
    ],
    np.std: [
        lambda x: np.std(x),
        lambda x: np.std(x, axis=-1, ddof=1),
        lambda x: np.std(x, axis=0, keepdims=True),
        lambda x: x.std(),
    ],
    np.prod: [
        lambda x: np.prod(x),
        lambda x: np.prod(x, axis=0),
        lambda x: np.prod(x, axis=(0, 1), keepdims=True),
        lambda x: x.prod(axis=-1),
    ],
    np.max: [
        lambda x: np.max(x),
        lambda x: np.max(x, 0),
        lambda x: np.max(x, axis=-1, keepdims=True),
        lambda x: x.max(axis=(0, 1)),
    ],
    np.min: [
        lambda x: np.min(x),
        lambda x: np.min(x, 0),
        lambda x: np.min(x, axis=-1, keepdims=True),
        lambda x: x.min(axis=(0, 1)),
    ],
    np.cumsum: [
        lambda x: np.cumsum(x),
        lambda x: np.cumsum(x, axis=0),
        lambda x: x.cumsum(-1),
        lambda x: np.cumsum(x, axis=1, dtype=np.float32),
    ],
}

QUERIES: Patterns = {
    np.argmax: [lambda x: np.argmax(x), lambda x: x.argmax(axis=-1), lambda x: np.argmax(x, 0, keepdims=True)],
    np.argmin: [lambda x: np.argmin(x), lambda x: x.argmin(axis=0), lambda x: np.argmin(a=x)],
    np.argsort: [lambda x: np.argsort(x), lambda x: x.argsort(axis=0, kind="stable")],
    np.any: [lambda x: np.any(x > 0), lambda x: np.any(x), lambda x: x.any(axis=0)],
    np.all: [lambda x: np.all(x > 0), lambda x: x.all(axis=1, keepdims=True)],
    np.count_nonzero: [lambda x: np.count_nonzero(x), lambda x: np.count_nonzero(x > 0, axis=0)],
    np.nonzero: [lambda x: np.nonzero(x), lambda x: x.nonzero()],
    np.searchsorted: [
        lambda x: np.searchsorted([-1.0, 0.0, 1.0], x),
        lambda x: np.searchsorted(np.array([-1.0, 0.0, 1.0]), v=x, side="right"),
        lambda x: np.searchsorted(np.cumsum(x[0] * x[0]), 0.5),
    ],
    np.allclose: [lambda x: np.allclose(x, C), lambda x: np.allclose(C, b=x), lambda x: np.allclose(x, x, rtol=1e-3)],
    np.array_equal: [lambda x: np.array_equal(x, x), lambda x: np.array_equal(C, x)],
    np.isclose: [lambda x: np.isclose(x, 0.0, atol=1.0)],
}
