"""Differences, integrals and interpolation, as people call them."""

from __future__ import annotations

import numpy as np

from .common import C, Patterns, Rows

KNOTS = np.array([-1.0, 0.2, 0.5, 2.0])
HEIGHTS = np.array([0.3, -1.0, 2.0, 0.7])
HEIGHTS_Z = HEIGHTS + 1j * HEIGHTS[::-1]
BETWEEN = np.array([[-0.9, 0.1, 0.3], [1.9, -3.0, 4.0]])
UNEVEN = np.array([0.0, 0.5, 2.0])

ROWS: Rows = {
    "interp": [
        ((BETWEEN, KNOTS, HEIGHTS), {}),
        ((BETWEEN[0, 1], KNOTS, HEIGHTS), {}),
        ((BETWEEN, KNOTS, HEIGHTS_Z), {}),
        ((BETWEEN[:0], KNOTS, HEIGHTS), {}),
        ((BETWEEN, KNOTS[:1], HEIGHTS[:1]), {}),
    ],
}

PATTERNS: Patterns = {
    np.diff: [
        lambda x: np.diff(x),
        lambda x: np.diff(x, n=2),
        lambda x: np.diff(x, axis=0),
        lambda x: np.diff(x, n=0),
        lambda x: np.diff(x, 9),
        lambda x: np.diff(x, prepend=0.0),
        lambda x: np.diff(x, 2, 0, x[:1], C),
        lambda x: np.diff(C, append=x[0, 0]),
        lambda x: np.diff(x, axis=-2, append=x[:, :3]),
        lambda x: np.diff([x[0, 0], 1.0, x[1, 1]]),
    ],
    np.ediff1d: [
        lambda x: np.ediff1d(x),
        lambda x: np.ediff1d(x, to_begin=0.5, to_end=[1.0, 2.0]),
        lambda x: np.ediff1d(C, to_end=x),
        lambda x: np.ediff1d(x.astype(np.float32), to_begin=x[0, 0]),
        lambda x: np.ediff1d(x[0, 0], 9.0),
    ],
    np.gradient: [
        lambda x: np.gradient(x),
        lambda x: np.gradient(x, 0.5),
        lambda x: np.gradient(x, axis=1),
        lambda x: np.gradient(x, axis=(-1,), edge_order=2),
        lambda x: np.gradient(x, 2.0, UNEVEN),
        lambda x: np.gradient(x, UNEVEN, axis=-1, edge_order=2),
        lambda x: np.gradient(x, 2 + x[0, 0]),
        lambda x: np.gradient(C, np.cumsum(np.exp(x[0])), axis=1),
        lambda x: np.gradient(C, np.cumsum(np.exp(x[0])), axis=1, edge_order=2),
        lambda x: np.gradient(x, [0.0, 1.0, 2.0], axis=1),
        lambda x: np.gradient(C, 2 + x[0, 0], axis=1, edge_order=2),
        lambda x: np.gradient(x.astype(np.float32), 0.5, axis=1),
        lambda x: np.gradient(x, [0, 2, 3], axis=1),
    ],
    np.trapezoid: [
        lambda x: np.trapezoid(x),
        lambda x: np.trapezoid(x, axis=0),
        lambda x: np.trapezoid(x, dx=0.5),
        lambda x: np.trapezoid(x, UNEVEN),
        lambda x: np.trapezoid(C, x[0]),
        lambda x: np.trapezoid(C, x, axis=-2),
        lambda x: np.trapezoid(x, dx=x[0, 0]),
        lambda x: np.trapezoid([x[0, 0], 2.0, x[1, 1]], [0.0, 1.0, 3.0]),
    ],
    np.interp: [
        lambda x: np.interp(x, KNOTS, HEIGHTS),
        lambda x: np.interp(3 * x, KNOTS, HEIGHTS),
        lambda x: np.interp(3 * x, KNOTS, HEIGHTS, left=-1.0, right=x[0, 0]),
        lambda x: np.interp(BETWEEN, np.sort(x[0]), x[1]),
        lambda x: np.interp(BETWEEN, np.sort(x[0]), x[1], left=0.0),
        lambda x: np.interp(1.5, np.cumsum(np.exp(x[0])), x[1]),
        lambda x: np.interp(x[0, 0], KNOTS, HEIGHTS),
        lambda x: np.interp(x, KNOTS, HEIGHTS, period=2.7),
        lambda x: np.interp(x, KNOTS, HEIGHTS, period=2.7 + 0.1 * x[0, 0]),
        lambda x: np.interp(BETWEEN, x[0], x[1], period=5.0),
        lambda x: np.real(np.interp(x, KNOTS, HEIGHTS_Z)),
        lambda x: np.interp([0, 1], [0, 3], x[0, :2]),
        lambda x: np.interp(BETWEEN, [0.5], x[0, :1]),
    ],
}

QUERIES: Patterns = {}
