"""Elementwise functions and operators, as people call them."""

from __future__ import annotations

import operator

import numpy as np

import adkit as ad

from .common import C, Patterns, Rows, V

ROWS: Rows = {
    "complex_absolute": [((V((2, 3)) + 1j * V((2, 3)),), {})],
}

PATTERNS: Patterns = {
    np.divmod: [lambda x: divmod(x, 0.7), lambda x: np.divmod(3 + x, 0.7)[1], lambda x: divmod(5.0, 3 + x)[1]],
    np.clip: [
        lambda x: np.clip(x, -0.5, 0.5),
        lambda x: np.clip(x, None, 0.1),
        lambda x: np.clip(x, 0, None),
        lambda x: x.clip(0.0, 1.0),
        lambda x: x.clip(min=0.0),
        lambda x: np.clip(C, -np.abs(x), x[0] * 0.1),
    ],
    np.add: [lambda x: x + C, lambda x: 1 + x, lambda x: operator.add([1.0, 2.0, 3.0], x), lambda x: np.add(x, [1])],
    np.subtract: [lambda x: x - C[0], lambda x: 1 - x, lambda x: C - x, lambda x: np.subtract.outer(x[0], C[0])],
    np.multiply: [lambda x: x * x[0], lambda x: 2 * x, lambda x: C * x, lambda x: np.multiply.outer(x[0], x[1])],
    np.divide: [lambda x: x / 3, lambda x: 1 / (3 + x), lambda x: C / np.exp(x)],
    np.power: [
        lambda x: x**2,
        lambda x: x**3.0,
        lambda x: 2.0**x,
        lambda x: (x * x) ** x,
        lambda x: np.power(x, [1, 2, 3]),
    ],
    np.remainder: [lambda x: x % 0.7, lambda x: 5.0 % (3 + x), lambda x: divmod(x, 0.7)[1]],
    np.absolute: [lambda x: abs(x), lambda x: np.abs(x), lambda x: np.abs(x + 1j * C)],
    np.negative: [lambda x: -x],
    np.positive: [lambda x: +x],
    np.sign: [lambda x: x * np.sign(x)],
    ad.value: [lambda x: x * ad.value(x).shape[0]],
}
