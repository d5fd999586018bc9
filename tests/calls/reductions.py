"""Reductions, as people call them."""

from __future__ import annotations

import numpy as np

from .common import MASK, REDUCED, C, Patterns, Rows, draws

V = draws("reductions")

W = np.abs(C) + 0.5
CZ = C + 1j * C[::-1]
NANS = np.where(MASK, 0.0, np.nan)
ONE = {"axis": (-1,), "keepdims": False}

ROWS: Rows = {
    "sum": [((V((2, 3)),), p) for p in REDUCED]
    + [
        ((V(()),), {"axis": (), "keepdims": False}),
        ((V((2, 3)),), {"axis": (-1,), "keepdims": False, "where": MASK}),
        ((V((2, 3)),), {"axis": (-2, -1), "keepdims": True, "where": MASK[0]}),
        ((V((2, 3)),), {"axis": (-2,), "keepdims": True, "dtype": np.dtype(np.float32)}),
        ((V((2, 3)),), {"axis": (-2,), "keepdims": False, "dtype": np.dtype(complex)}),
    ],
    "sum_from": [((V((2, 3)), V(())), p) for p in REDUCED]
    + [((V((2, 3)), V(())), {"axis": (-1,), "keepdims": False, "where": MASK})],
    "max": [((V((2, 3)),), p) for p in REDUCED],
    "min": [((V((2, 3)),), p) for p in REDUCED],
    "fmax.reduce": [((V((2, 3)),), p) for p in REDUCED],
    "fmin.reduce": [((V((2, 3)),), p) for p in REDUCED],
    "logaddexp.reduce": [((V((2, 3)),), p) for p in REDUCED],
    "logaddexp2.reduce": [((V((2, 3)),), p) for p in REDUCED],
    "hypot.reduce": [((V((2, 3)),), p) for p in REDUCED if p["axis"]],
    "prod": [((V((2, 3)),), p) for p in REDUCED]
    + [
        ((V((3, 2, 5)),), {"axis": (-3, -1), "keepdims": False}),
        ((np.array([0.0, 2.0, 3.0]),), REDUCED[2]),
        ((np.array([0.0, 2.0, 0.0]),), REDUCED[2]),
        ((V(3) + 1j * V(3),), REDUCED[2]),
    ],
    "add.reduceat": [((V((2, 5)),), {"indices": np.array(i), "axis": -1}) for i in ([0], [0, 2], [3, 1, 0, 4], [1, 1])]
    + [((V((2, 5)),), {"indices": np.array([1, 0]), "axis": -2})],
}

PATTERNS: Patterns = {
    (np.add, "reduce"): [
        lambda x: np.add.reduce(x),
        lambda x: np.add.reduce(x, axis=None),
        lambda x: np.add.reduce(x, axis=1, keepdims=True),
        lambda x: np.add.reduce(x, dtype=np.float32),
        lambda x: np.add.reduce(x, 1, initial=2.0, where=MASK),
    ],
    (np.multiply, "reduce"): [
        lambda x: np.multiply.reduce(x),
        lambda x: np.multiply.reduce(x, 1),
        lambda x: np.multiply.reduce(x, initial=x[0, 0], where=MASK),
    ],
    (np.maximum, "reduce"): [
        lambda x: np.maximum.reduce(x),
        lambda x: np.maximum.reduce(x, axis=(0, 1)),
        lambda x: np.maximum.reduce(x, 1, initial=0.0, where=MASK),
    ],
    (np.minimum, "reduce"): [lambda x: np.minimum.reduce(x, axis=1), lambda x: np.minimum.reduce(x, keepdims=True)],
    (np.fmax, "reduce"): [
        lambda x: np.fmax.reduce(x),
        lambda x: np.fmax.reduce(x + NANS, axis=None),
        lambda x: np.fmax.reduce(x + NANS, axis=-1, initial=-0.1, keepdims=True),
    ],
    (np.fmin, "reduce"): [lambda x: np.fmin.reduce(x + NANS, 1), lambda x: np.fmin.reduce(x, axis=(0, 1))],
    (np.logaddexp, "reduce"): [
        lambda x: np.logaddexp.reduce(x),
        lambda x: np.logaddexp.reduce(x, axis=None),
        lambda x: np.logaddexp.reduce(x, axis=(0, -1), keepdims=True),
        lambda x: np.logaddexp.reduce(x, -1, where=MASK),
        lambda x: np.logaddexp.reduce(x, -1, initial=x[0, 1]),
        lambda x: np.logaddexp.reduce(np.where(MASK, x, -np.inf), axis=1),
    ],
    (np.logaddexp2, "reduce"): [
        lambda x: np.logaddexp2.reduce(x),
        lambda x: np.logaddexp2.reduce(x, -1, keepdims=True),
    ],
    (np.hypot, "reduce"): [
        lambda x: np.hypot.reduce(x),
        lambda x: np.hypot.reduce(x, axis=None),
        lambda x: np.hypot.reduce(x, axis=1, where=MASK, keepdims=True),
    ],
    (np.add, "reduceat"): [
        lambda x: np.add.reduceat(x, [0, 1, 0]),
        lambda x: np.add.reduceat(x, [0, 2, 1], axis=-1),
        lambda x: np.add.reduceat(x, [1], 1, dtype=np.float32),
    ],
    (np.maximum, "reduceat"): [
        lambda x: np.maximum.reduceat(x, [0, 2], axis=-1),
        lambda x: np.maximum.reduceat(x, [0]),
    ],
    (np.minimum, "reduceat"): [lambda x: np.minimum.reduceat(x, [0, 1, 0])],
    (np.fmax, "reduceat"): [lambda x: np.fmax.reduceat(x + NANS, [0, 2], 1)],
    (np.fmin, "reduceat"): [lambda x: np.fmin.reduceat(x, [0, 1], 1)],
    np.sum: [
        lambda x: np.sum(x),
        lambda x: np.sum(x, 0),
        lambda x: np.sum(x, axis=-1),
        lambda x: np.sum(x, axis=(0, -1)),
        lambda x: np.sum(x, axis=()),
        lambda x: np.sum(x, axis=np.int64(1)),
        lambda x: np.sum(x, keepdims=True),
        lambda x: np.sum(x, None, None, None, True),
        lambda x: np.sum(x, axis=0, keepdims=np._NoValue),
        lambda x: np.sum(x, axis=0, keepdims=True),
        lambda x: np.sum(x, dtype=np.float32),
        lambda x: x.sum(),
        lambda x: x.sum(axis=0),
        lambda x: x.sum(axis=1, keepdims=True),
        lambda x: np.sum([x[0], x[1]], axis=0),
        lambda x: np.sum(x[0, 0]),
        lambda x: np.sum(x, where=MASK),
        lambda x: np.sum(x, axis=1, where=MASK[0], keepdims=True),
        lambda x: np.sum(x, 1, where=x > 0),
        lambda x: np.sum(x, axis=0, initial=2.0),
        lambda x: np.sum(x, axis=-1, initial=x[0, 0], where=MASK, keepdims=True),
        lambda x: x.sum(0, initial=1.0, where=True),
        lambda x: np.real(np.sum(x * CZ, axis=0)),
        lambda x: np.real(np.sum(x, dtype=complex)),
        lambda x: np.sum(x[:0], axis=0) + x[0],
    ],
    np.mean: [
        lambda x: np.mean(x),
        lambda x: np.mean(x, 0),
        lambda x: np.mean(x, axis=(-1, 0), keepdims=True),
        lambda x: np.mean(x, axis=-1, dtype=np.float32),
        lambda x: x.mean(axis=1),
        lambda x: np.mean(x.astype(np.float32)),
        lambda x: np.mean(x[0, 0]),
        lambda x: np.mean(x, where=MASK),
        lambda x: np.mean(x, axis=1, where=MASK, keepdims=True),
        lambda x: np.mean(x.astype(np.float32), axis=0, where=MASK),
        lambda x: np.imag(np.mean(x * CZ)),
        lambda x: np.mean(x, axis=()),
    ],
    np.var: [
        lambda x: np.var(x),
        lambda x: np.var(x, 0),
        lambda x: np.var(x, axis=1, ddof=1, keepdims=True),
        lambda x: x.var(axis=(0, 1)),
        lambda x: np.var(x, axis=1, where=MASK),
        lambda x: np.var(x, where=MASK, ddof=0.5, keepdims=True),
        lambda x: np.var(x, axis=1, correction=1),
        lambda x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)),
        lambda x: np.var(C, axis=0, mean=x[:1]),
        lambda x: np.var(x * CZ, axis=1),
        lambda x: np.var(x.astype(np.float32), axis=1),
        lambda x: np.var(x, dtype=np.float32),
    ],
    np.std: [
        lambda x: np.std(x),
        lambda x: np.std(x, axis=-1, ddof=1),
        lambda x: np.std(x, axis=0, keepdims=True),
        lambda x: x.std(),
        lambda x: np.std(x, 1, where=MASK, mean=0.1),
        lambda x: np.std(x * CZ, correction=1),
        lambda x: x.std(-1, None, None, 1, True),
    ],
    np.average: [
        lambda x: np.average(x),
        lambda x: np.average(x, axis=1, keepdims=True),
        lambda x: np.average(x, axis=(0, 1)),
        lambda x: np.average(x, weights=W),
        lambda x: np.average(C, weights=x * x),
        lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0]),
        lambda x: np.average(x, axis=0, weights=x[:, 0] ** 2, keepdims=True),
        lambda x: np.average(x, axis=1, weights=W, returned=True),
        lambda x: np.average(x.T, axis=(1, 0), weights=W),
        lambda x: np.average([x[0], x[1]], axis=0),
        lambda x: np.average(C, axis=0, weights=x[:, 0] ** 2, returned=True),
    ],
    np.prod: [
        lambda x: np.prod(x),
        lambda x: np.prod(x, axis=0),
        lambda x: np.prod(x, axis=(0, 1), keepdims=True),
        lambda x: x.prod(axis=-1),
        lambda x: np.prod(x, where=MASK),
        lambda x: np.prod(x, axis=1, initial=2.0, keepdims=True),
        lambda x: np.prod(x, 0, initial=x[1, 2], where=MASK),
        lambda x: np.prod(x, dtype=np.float32),
        lambda x: np.real(np.prod(x * CZ)),
        lambda x: np.prod(x, axis=0, keepdims=np._NoValue),
    ],
    np.max: [
        lambda x: np.max(x),
        lambda x: np.max(x, 0),
        lambda x: np.max(x, axis=-1, keepdims=True),
        lambda x: x.max(axis=(0, 1)),
        lambda x: np.max(x, axis=()),
        lambda x: np.max(x, axis=1, initial=0.1),
        lambda x: np.max(x, axis=1, initial=x[0, 0] + 0.01, where=MASK, keepdims=True),
        lambda x: np.max(x[:, :0], axis=1, initial=x[0, 0]),
        lambda x: np.max(x, initial=np.float64(10.0)) * x,
        lambda x: x.max(0, None, True),
    ],
    np.min: [
        lambda x: np.min(x),
        lambda x: np.min(x, 0),
        lambda x: np.min(x, axis=-1, keepdims=True),
        lambda x: x.min(axis=(0, 1)),
        lambda x: np.min(x, 0, where=MASK, initial=2.0),
        lambda x: np.min(x.astype(np.float32), 0, initial=0.0),
    ],
    np.ptp: [lambda x: np.ptp(x), lambda x: np.ptp(x, 1, keepdims=True), lambda x: np.ptp(x, axis=(0, 1))],
    np.nansum: [
        lambda x: np.nansum(x),
        lambda x: np.nansum(x + NANS, axis=1, keepdims=True),
        lambda x: np.nansum(x + NANS, 0, initial=x[0, 0], where=MASK[0]),
        lambda x: np.nansum(x + NANS, dtype=np.float32),
    ],
    np.nanprod: [lambda x: np.nanprod(x + NANS), lambda x: np.nanprod(x + NANS, axis=1, initial=2.0, keepdims=True)],
    np.nanmean: [
        lambda x: np.nanmean(x),
        lambda x: np.nanmean(x + NANS),
        lambda x: np.nanmean(x + NANS, axis=-1, keepdims=True),
        lambda x: np.nanmean(x + NANS, where=C > -1),
        lambda x: np.nanmean((x + NANS).astype(np.float32), 0),
        lambda x: np.nanmean(x + NANS, axis=0, dtype=np.float32),
    ],
    np.nanvar: [
        lambda x: np.nanvar(x),
        lambda x: np.nanvar(x + NANS),
        lambda x: np.nanvar(x + NANS, axis=1, ddof=1, keepdims=True),
        lambda x: np.nanvar(x + NANS, axis=1, correction=0.5, mean=x[:, :1]),
        lambda x: np.nanvar(np.concatenate([x, x + NANS]), axis=0, where=np.arange(4)[:, None] != 1),
        lambda x: np.nanvar((x + NANS) * CZ),
    ],
    np.nanstd: [
        lambda x: np.nanstd(x + NANS),
        lambda x: np.nanstd(x + NANS, axis=1, ddof=1),
        lambda x: np.nanstd(x, 0),
    ],
    np.nanmax: [
        lambda x: np.nanmax(x),
        lambda x: np.nanmax(x + NANS, axis=1),
        lambda x: np.nanmax(x + NANS, axis=0, keepdims=True, initial=-0.2, where=MASK[1]),
    ],
    np.nanmin: [lambda x: np.nanmin(x + NANS), lambda x: np.nanmin(x + NANS, axis=-1, keepdims=True)],
}
