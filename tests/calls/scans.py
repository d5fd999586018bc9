"""Scans, as people call them."""

from __future__ import annotations

import numpy as np

from .common import MASK, C, Patterns, Rows, draws

V = draws("scans")

NANS = np.where(MASK, 0.0, np.nan)
TIED = np.array([1.0, 1.0, 0.0, 2.0, 2.0, 1.0, 2.0, 3.0])
SCANNED = [((V((2, 3)),), {}), ((V(7),), {}), ((V(1),), {}), ((V((2, 0)),), {})]

ROWS: Rows = {
    "cumsum": [((V((2, 3)),), {"axis": a}) for a in (-1, -2)] + [((V(4),), {"axis": -1})],
    "cumprod": [
        *SCANNED,
        ((np.array([2.0, 0.0, 3.0, 4.0]),), {}),
        ((np.array([0.0, 2.0, 0.0, 3.0]),), {}),
        ((V(3) + 1j * V(3),), {}),
    ],
    "maximum.accumulate": SCANNED,
    "minimum.accumulate": SCANNED,
    "fmax.accumulate": SCANNED,
    "fmin.accumulate": SCANNED,
    "logaddexp.accumulate": SCANNED,
    "logaddexp2.accumulate": SCANNED,
}

PATTERNS: Patterns = {
    np.cumsum: [
        lambda x: np.cumsum(x),
        lambda x: np.cumsum(x, axis=0),
        lambda x: x.cumsum(-1),
        lambda x: np.cumsum(x, axis=1, dtype=np.float32),
        lambda x: np.cumsum(x[0, 0]),
    ],
    np.cumprod: [
        lambda x: np.cumprod(x),
        lambda x: np.cumprod(x, axis=0),
        lambda x: x.cumprod(-1),
        lambda x: np.cumprod(x, axis=1, dtype=np.float32),
        lambda x: np.cumprod(np.where(MASK, x, 0.0), axis=1),
        lambda x: np.cumprod(x[0, 0]),
        lambda x: np.imag(np.cumprod(x * (C + 1j))),
    ],
    np.cumulative_sum: [
        lambda x: np.cumulative_sum(x[0]),
        lambda x: np.cumulative_sum(x, axis=-1, include_initial=True),
        lambda x: np.cumulative_sum(x, axis=0, dtype=np.float32),
        lambda x: np.cumulative_sum(x[0, 0], include_initial=True),
    ],
    np.cumulative_prod: [
        lambda x: np.cumulative_prod(x[0]),
        lambda x: np.cumulative_prod(x, axis=0, include_initial=True),
    ],
    np.nancumsum: [lambda x: np.nancumsum(x + NANS), lambda x: np.nancumsum(x + NANS, axis=1)],
    np.nancumprod: [lambda x: np.nancumprod(x + NANS), lambda x: np.nancumprod(x + NANS, axis=0)],
    (np.add, "accumulate"): [lambda x: np.add.accumulate(x), lambda x: np.add.accumulate(x, axis=1, dtype=np.float32)],
    (np.multiply, "accumulate"): [lambda x: np.multiply.accumulate(x), lambda x: np.multiply.accumulate(x, -1)],
    (np.maximum, "accumulate"): [
        lambda x: np.maximum.accumulate(x),
        lambda x: np.maximum.accumulate(x, axis=1),
        lambda x: np.maximum.accumulate(np.ravel(x)),
    ],
    (np.minimum, "accumulate"): [lambda x: np.minimum.accumulate(x), lambda x: np.minimum.accumulate(np.ravel(x))],
    (np.fmax, "accumulate"): [lambda x: np.nansum(np.fmax.accumulate(np.ravel(x + NANS)))],
    (np.fmin, "accumulate"): [lambda x: np.fmin.accumulate((x + NANS)[0, ::-1])],
    (np.logaddexp, "accumulate"): [
        lambda x: np.logaddexp.accumulate(x),
        lambda x: np.logaddexp.accumulate(np.ravel(x) * 5),
        lambda x: np.logaddexp.accumulate(np.concatenate([x[0, :1], [-np.inf], x[1]])),
    ],
    (np.logaddexp2, "accumulate"): [lambda x: np.logaddexp2.accumulate(x, axis=-1)],
}

QUERIES: Patterns = {}
