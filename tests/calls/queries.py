"""Questions about arrays, as people ask them."""

from __future__ import annotations

import numpy as np

from .common import MASK, C, Patterns, Rows

NANS = np.where(MASK, 0.0, np.nan)

ROWS: Rows = {}

PATTERNS: Patterns = {}

QUERIES: Patterns = {
    np.argmax: [lambda x: np.argmax(x), lambda x: x.argmax(axis=-1), lambda x: np.argmax(x, 0, keepdims=True)],
    np.argmin: [lambda x: np.argmin(x), lambda x: x.argmin(axis=0), lambda x: np.argmin(a=x)],
    np.nanargmax: [lambda x: np.nanargmax(x + NANS), lambda x: np.nanargmax(x + NANS, 1, keepdims=True)],
    np.nanargmin: [lambda x: np.nanargmin(x + NANS), lambda x: np.nanargmin(x + NANS, axis=0)],
    np.any: [lambda x: np.any(x > 0), lambda x: np.any(x), lambda x: x.any(axis=0), lambda x: np.any(x, where=MASK)],
    np.all: [lambda x: np.all(x > 0), lambda x: x.all(axis=1, keepdims=True)],
    np.count_nonzero: [lambda x: np.count_nonzero(x), lambda x: np.count_nonzero(x > 0, axis=0)],
    np.nonzero: [lambda x: np.nonzero(x), lambda x: x.nonzero()],
    np.flatnonzero: [lambda x: np.flatnonzero(x > 0), lambda x: np.flatnonzero(x)],
    np.argwhere: [lambda x: np.argwhere(x), lambda x: np.argwhere(x > 0)],
    np.isin: [lambda x: np.isin(x, [0.0, 1.0]), lambda x: np.isin(C, x, invert=True), lambda x: np.isin(x, [x[0, 0]])],
    np.allclose: [lambda x: np.allclose(x, C), lambda x: np.allclose(C, b=x), lambda x: np.allclose(x, x, rtol=1e-3)],
    np.array_equal: [lambda x: np.array_equal(x, x), lambda x: np.array_equal(C, x)],
    np.array_equiv: [lambda x: np.array_equiv(x, x[:1]), lambda x: np.array_equiv([x[0], x[1]], x)],
    np.isclose: [lambda x: np.isclose(x, 0.0, atol=1.0)],
    (np.logical_and, "reduce"): [lambda x: np.logical_and.reduce(x), lambda x: np.logical_and.reduce(x > 0, axis=None)],
    (np.logical_or, "reduce"): [lambda x: np.logical_or.reduce(x, axis=1, keepdims=True)],
    (np.logical_xor, "reduce"): [lambda x: np.logical_xor.reduce(x)],
    (np.logical_and, "accumulate"): [lambda x: np.logical_and.accumulate(x)],
    (np.logical_or, "accumulate"): [lambda x: np.logical_or.accumulate(x, axis=1)],
    (np.logical_xor, "accumulate"): [lambda x: np.logical_xor.accumulate(x)],
    (np.logical_and, "reduceat"): [lambda x: np.logical_and.reduceat(x, [0, 1])],
    (np.logical_or, "reduceat"): [lambda x: np.logical_or.reduceat(x, [0, 2], axis=1)],
    (np.logical_xor, "reduceat"): [lambda x: np.logical_xor.reduceat(x, [0])],
    np.min_scalar_type: [lambda x: np.min_scalar_type(x)],
    np.common_type: [lambda x: np.common_type(x, np.zeros(2, np.float32)), lambda x: np.common_type(1j * x)],
    np.may_share_memory: [lambda x: np.may_share_memory(x, C)],
    np.shares_memory: [lambda x: np.shares_memory(x, C)],
    np.array_str: [lambda x: np.array_str(x, precision=3)],
    np.array2string: [lambda x: np.array2string(x, separator=",")],
}
