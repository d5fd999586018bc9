"""Elementwise functions and operators, as people call them."""

from __future__ import annotations

import operator

import numpy as np

import adkit as ad

from .common import MASK, C, Patterns, Rows, draws

V = draws("elementwise")

EXPONENTS = np.array([3, -2, 0])
HOLES = np.where(MASK, np.nan, 0.0)

ROWS: Rows = {
    "complex_absolute": [((V((2, 3)) + 1j * V((2, 3)),), {})],
    "complex_sign": [((V((2, 3)) + 1j * V((2, 3)),), {})],
    "ldexp": [
        ((V((2, 3)),), {"exponent": EXPONENTS}),
        ((V(()),), {"exponent": EXPONENTS}),
        ((V(2),), {"exponent": -1}),
    ],
    "unwrap": [((3 * V((2, 5)),), {"discont": None, "axis": a, "period": 2 * np.pi}) for a in (-1, -2)],
    "sinc": [((V((2, 3)),), {}), ((5 * V(()),), {}), ((V(2) + 1j * V(2),), {})],
    "spherical_bessel": [((3 * V((2, 3)),), {"n": n}) for n in (1, 2, 4)],
    "i0": [((3 * V((2, 3)),), {}), ((V(()),), {})],
    "modified_bessel": [((3 * V((2, 3)),), {"n": n}) for n in (1, 2, 3)],
}

PATTERNS: Patterns = {
    np.divmod: [lambda x: divmod(x, 0.7), lambda x: np.divmod(3 + x, 0.7)[1], lambda x: divmod(5.0, 3 + x)[1]],
    np.clip: [
        lambda x: np.clip(x, -0.5, 0.5),
        lambda x: np.clip(x, None, 0.1),
        lambda x: np.clip(x, 0, None),
        lambda x: np.clip(x, a_min=-0.5, a_max=0.2),
        lambda x: np.clip(x, max=0.2),
        lambda x: np.clip(x, min=-0.3, max=[0.1, 0.2, 0.3]),
        lambda x: np.clip(a=x, a_min=None, a_max=None),
        lambda x: np.clip(x),
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
    np.sign: [lambda x: x * np.sign(x), lambda x: np.sign(x + 1j * C)],
    ad.value: [lambda x: x * ad.value(x).shape[0]],
    np.copysign: [
        lambda x: np.copysign(x, C),
        lambda x: np.copysign(x, -1),
        lambda x: x * np.copysign(C[0], x),
        lambda x: np.copysign(x[0, 0], x),
        lambda x: np.copysign(x.astype(np.float32), -1),
    ],
    np.heaviside: [
        lambda x: np.heaviside([0.0, 1.0, -1.0], x),
        lambda x: np.heaviside(C, x[0]),
        lambda x: x * np.heaviside(x, 0.5),
        lambda x: np.heaviside(0.0, x[0, 0]),
        lambda x: np.heaviside(0 * x, x),
    ],
    np.ldexp: [
        lambda x: np.ldexp(x, 3),
        lambda x: np.ldexp(x, EXPONENTS),
        lambda x: np.ldexp(x[0, 0], [1, 2]),
        lambda x: np.ldexp(x.astype(np.float32), -1),
    ],
    np.frexp: [
        lambda x: np.frexp(x)[0],
        lambda x: np.frexp(100 * x)[0] * np.frexp(100 * x)[1],
        lambda x: np.frexp(0.01 * x[0, 0])[0],
        lambda x: np.frexp(np.float32(1.4) + x.astype(np.float32) / 20)[0],
    ],
    np.modf: [lambda x: np.modf(3 * x)[0], lambda x: np.modf(x[0, 0])[0], lambda x: x * np.modf(3 * x)[1]],
    np.nextafter: [
        lambda x: np.nextafter(x, 3),
        lambda x: np.nextafter(x, C[0]),
        lambda x: np.nextafter(x, -x),
        lambda x: x * np.nextafter(2.0, x),
        lambda x: np.nextafter(x.astype(np.float32), np.float32(3)),
    ],
    np.angle: [
        lambda x: np.angle(x + 1j * C),
        lambda x: np.angle(C + 1j * x, deg=True),
        lambda x: np.angle(np.exp(1j * x[0, 0]), True),
        lambda x: x * np.angle(x),
        lambda x: x * np.angle(x, deg=True),
        lambda x: np.angle((x + 1j * C).astype(np.complex64)),
    ],
    np.real_if_close: [
        lambda x: np.real_if_close(x),
        lambda x: np.real_if_close(x + 1e-15j),
        lambda x: np.real_if_close(x + 1e-5j, tol=1e-4),
        lambda x: np.real(np.real_if_close(x + 1e-5j)),
    ],
    np.unwrap: [
        lambda x: np.unwrap(5 * x),
        lambda x: np.unwrap(5 * x, axis=0),
        lambda x: np.unwrap(3 * x, discont=4.0, axis=-1),
        lambda x: np.unwrap(3 * x[0], period=2.0),
        lambda x: np.unwrap(5 * x[:, ::-1], axis=1) * x,
    ],
    np.nan_to_num: [
        lambda x: np.nan_to_num(x),
        lambda x: np.nan_to_num(x + HOLES),
        lambda x: np.nan_to_num(x + HOLES, nan=2.5),
        lambda x: np.nan_to_num(x + HOLES, nan=C * x),
        lambda x: np.nan_to_num([1.0, np.inf, -np.inf] * np.exp(0.1 * x), posinf=3.0, neginf=x[0, 0]),
        lambda x: np.real(np.nan_to_num(x + HOLES + 1j * x)),
        lambda x: np.nan_to_num(x.astype(np.float32) + HOLES.astype(np.float32), nan=1.5),
    ],
    np.sinc: [lambda x: np.sinc(x), lambda x: np.sinc(x[0] * 0.1), lambda x: np.sinc(x.astype(np.float32))],
    np.i0: [lambda x: np.i0(x), lambda x: np.i0(5 * x[0]), lambda x: np.i0(x.astype(np.float32))],
    np.emath.sqrt: [
        lambda x: np.emath.sqrt(x),
        lambda x: np.emath.sqrt(np.abs(x)),
        lambda x: np.emath.sqrt(x[0, 0]),
        lambda x: np.emath.sqrt(x + 1j * C),
        lambda x: np.emath.sqrt(x.astype(np.float32)),
    ],
    np.emath.log: [lambda x: np.emath.log(x), lambda x: np.emath.log(np.exp(x))],
    np.emath.log2: [lambda x: np.emath.log2(x)],
    np.emath.log10: [lambda x: np.emath.log10(x)],
    np.emath.logn: [lambda x: np.emath.logn(2, x), lambda x: np.emath.logn(5 + x, C)],
    np.emath.power: [
        lambda x: np.emath.power(x, 0.3),
        lambda x: np.emath.power(x, 2),
        lambda x: np.emath.power(C, x),
        lambda x: np.emath.power(np.abs(x), [-1, -2, 3]),
    ],
    np.emath.arcsin: [lambda x: np.emath.arcsin(0.3 * x), lambda x: np.emath.arcsin(x * 3)],
    np.emath.arccos: [lambda x: np.emath.arccos(0.3 * x), lambda x: np.emath.arccos(x * 3)],
    np.emath.arctanh: [lambda x: np.emath.arctanh(0.3 * x), lambda x: np.emath.arctanh(x * 3)],
}

QUERIES: Patterns = {
    # Newer NumPy advises against it.
    **({np.fix: [lambda x: np.fix(3 * x)]} if np.lib.NumpyVersion(np.__version__) < "2.5.0" else {}),
    np.round: [lambda x: np.round(x), lambda x: np.round(x, 2), lambda x: x.round(decimals=1)],
    np.around: [lambda x: np.around(x, decimals=1)],
    np.isreal: [lambda x: np.isreal(x), lambda x: np.isreal(x + np.array([0j, 1j, 0j]))],
    np.iscomplex: [lambda x: np.iscomplex(x + np.array([0j, 1j, 0j]))],
    np.isposinf: [lambda x: np.isposinf(x * [np.inf, 1.0, np.inf])],
    np.isneginf: [lambda x: np.isneginf(x)],
}
