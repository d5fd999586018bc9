"""Sorting, quantiles and distinct values, as people call them."""

from __future__ import annotations

import numpy as np

from .common import MASK, C, Patterns, Rows, draws

V = draws("order")

NANS = np.where(MASK, 0.0, np.nan)
WIDE = np.array([[0.3, -1.0, 2.5, 0.7, -0.2], [1.1, 0.4, -0.6, 0.9, 0.05]])
METHODS = [
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
]

ROWS: Rows = {
    "permute": [
        ((V((2, 3)),), {"order": np.array([[2, 0, 1], [1, 2, 0]]), "axis": -1}),
        ((V((2, 3)),), {"order": np.array([[1, 0, 1], [0, 1, 0]]), "axis": -2}),
        ((V(0),), {"order": np.zeros(0, int), "axis": -1}),
    ],
    # The row is called with equal elements where it says so; elsewhere it is the identity.
    "tied": [((V((2, 2)),), {"starts": np.arange(4)})],
}

PATTERNS: Patterns = {
    np.sort: [
        lambda x: np.sort(x),
        lambda x: np.sort(x, axis=0),
        lambda x: np.sort(x, axis=None),
        lambda x: np.sort(x, -1, "stable"),
        lambda x: np.sort(x, axis=-2, stable=True),
        lambda x: np.sort(x[0])[::-1],
        lambda x: np.real(np.sort(x * (1 + 2j))),
    ],
    np.partition: [
        lambda x: np.partition(x, 1),
        lambda x: np.partition(x, 1, axis=0),
        lambda x: np.partition(x, (0, 3), axis=None),
        lambda x: np.partition(np.concatenate([x, WIDE], axis=1), [2, -2]),
    ],
    np.sort_complex: [lambda x: np.real(np.sort_complex(x)), lambda x: np.imag(np.sort_complex((1 + 2j) * x))],
    np.median: [
        lambda x: np.median(x),
        lambda x: np.median(x, axis=0),
        lambda x: np.median(x, axis=1, keepdims=True),
        lambda x: np.median(x, axis=(0, 1), keepdims=True),
        lambda x: np.median(x[None], axis=[0, -1]),
        lambda x: np.median(x.astype(np.float32), 1),
        lambda x: np.median([x[0, 0], 2.0, x[1, 1]]),
        lambda x: np.median(x, -1, None, True),
        lambda x: np.median(x[0, 0]),
    ],
    np.quantile: [
        lambda x: np.quantile(x, 0.3),
        lambda x: np.quantile(x, [0.0, 0.25, 0.8, 1.0]),
        lambda x: np.quantile(x, [[0.2, 0.4]], axis=1),
        lambda x: np.quantile(x, [0.2, 0.7], axis=(0, 1), keepdims=True),
        lambda x: np.quantile(x, 0.7, axis=0, keepdims=True),
        lambda x: np.quantile(x.astype(np.float32), 0.7),
        lambda x: np.quantile(x, 1, axis=1),
        lambda x: np.quantile(x, 0.5, overwrite_input=True),
        *[lambda x, m=m: np.quantile(np.concatenate([x, WIDE], 1), [0.3, 0.5, 0.9], 1, method=m) for m in METHODS],
        *[lambda x, m=m: np.quantile(x, 0.4 + 0.01 * x[0, 0], method=m) for m in METHODS],
        lambda x: np.quantile(x, 0.97 + 0.01 * x[0, 0], axis=1, method="hazen"),
        lambda x: np.quantile(x, 0.03 + 0.01 * x[0], method="weibull"),
        lambda x: np.quantile(C, 1 / (1 + np.exp(x[0])), axis=1),
    ],
    np.percentile: [
        lambda x: np.percentile(x, 30),
        lambda x: np.percentile(x, [10, 95.0], axis=-1),
        lambda x: np.percentile(x, 75, 0, method="weibull", keepdims=True),
        lambda x: np.percentile(x.astype(np.float32), 35.5),
        lambda x: np.percentile(C, 50 + 10 * x[0, 0]),
    ],
    np.nanmedian: [
        lambda x: np.nanmedian(x),
        lambda x: np.nanmedian(x + NANS),
        lambda x: np.nanmedian(x + NANS, axis=1, keepdims=True),
        lambda x: np.nanmedian(x + NANS, axis=(0, 1)),
        lambda x: np.nanmedian((x + NANS).astype(np.float32), axis=0),
    ],
    np.nanquantile: [
        lambda x: np.nanquantile(x, 0.3, axis=1),
        lambda x: np.nanquantile(x + NANS, 0.3),
        lambda x: np.nanquantile(x + NANS, [0.3, 0.6], axis=1),
        lambda x: np.nanquantile(x + NANS, [[0.3], [0.6]], axis=0, keepdims=True, method="hazen"),
    ],
    np.nanpercentile: [
        lambda x: np.nanpercentile(x + NANS, 30, axis=1),
        lambda x: np.nanpercentile(x + NANS, [10, 20.0]),
    ],
    np.unique: [
        lambda x: np.unique(x),
        lambda x: np.unique(x[[0, 0, 1]]),
        lambda x: np.unique(x[[1, 0, 1]], axis=0),
        lambda x: np.unique(x, axis=-1),
        lambda x: np.unique(x, return_counts=True)[0],
        lambda x: np.unique(x + NANS, equal_nan=True)[:4],
    ],
}

QUERIES: Patterns = {
    np.argsort: [lambda x: np.argsort(x), lambda x: x.argsort(axis=0, kind="stable")],
    np.argpartition: [lambda x: np.argpartition(x, 1), lambda x: x.argpartition(1, axis=None)],
    np.lexsort: [lambda x: np.lexsort(x), lambda x: np.lexsort((x[0], x[1])), lambda x: np.lexsort(keys=[x[1], x[0]])],
    np.searchsorted: [
        lambda x: np.searchsorted([-1.0, 0.0, 1.0], x),
        lambda x: np.searchsorted(np.array([-1.0, 0.0, 1.0]), v=x, side="right"),
        lambda x: np.searchsorted(np.cumsum(x[0] * x[0]), 0.5),
        lambda x: x[0].searchsorted(0.0, sorter=np.argsort(x[0])),
    ],
    np.digitize: [lambda x: np.digitize(x, [-1.0, 0.0, 1.0]), lambda x: np.digitize(0.1, np.sort(x[0]), right=True)],
}
