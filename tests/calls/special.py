"""SciPy's special functions."""

from __future__ import annotations

import numpy as np
from scipy import special as sc
from scipy.special import _ufuncs

from .common import C, Patterns, Rows, draws

V = draws("special")

P = np.abs(V((2, 3))) + 0.1
LARGE = np.array([1.0, 2.0, 9.0])
Z = V((2, 3)) + 1j * V((2, 3))

ROWS: Rows = {
    "scipy.special.wofz": [((x,), {}) for x in (V((2, 3)), Z, 30 * np.abs(V(3)), V(()) * (1 + 2j))],
    "scipy.special.lambertw": [
        ((x,), {"k": k, "tol": 1e-8}) for x, k in [(P, 0), (Z, 0), (Z, -1), (-P, 1), (Z[0], [0, 1, 2])]
    ],
    "scipy.special.airy": [((x,), {"others": ()}) for x in (V((2, 3)), Z, V(()))],
    "scipy.special.sici": [((x,), {"others": ()}) for x in (P, Z)],
    "scipy.special.shichi": [((x,), {"others": ()}) for x in (P, Z)],
    "scipy.special.fresnel": [((x,), {"others": ()}) for x in (V((2, 3)), Z)],
    "scipy.special.logsumexp": [
        (x, {"axis": axis, "signed": signed})
        for axis in [(-1,), (-2,), (-2, -1)]
        for x, signed in [((V((2, 3)),), False), ((V((2, 3)), P), False), ((V((2, 3)), V((2, 3))), True), ((Z,), False)]
    ],
    "scipy.special.softmax": [((V((2, 3)),), {"axis": axis}) for axis in [(-1,), (-2,), (-2, -1)]],
    "scipy.special.log_softmax": [((V((2, 3)),), {"axis": axis}) for axis in [(-1,), (-2,), (-2, -1)]],
    "scipy.special.ellipj": [
        ((V((2, 3)),), {"others": (0.3,)}),
        ((V((2, 3)),), {"others": (np.array([0.1, 0.5, 0.9]),)}),
    ],
}

PATTERNS: Patterns = {
    sc.wofz: [lambda x: sc.wofz(x), lambda x: sc.wofz(0.5 * x + 0.2j * C)],
    _ufuncs._lambertw: [
        lambda x: sc.lambertw(np.exp(x)),
        lambda x: sc.lambertw(x + 1j * C, k=-1),
        lambda x: sc.lambertw(x[0, 0] + 5, [0, 1, -1]),
    ],
    sc.airy: [lambda x: sc.airy(x), lambda x: sc.airy(x[0, 0])[2], lambda x: sc.airy(x + 1j * C)[1]],
    sc.sici: [lambda x: sc.sici(x), lambda x: sc.sici(x.astype(np.float32))[0]],
    sc.shichi: [lambda x: sc.shichi(x)],
    sc.fresnel: [lambda x: sc.fresnel(x)],
    sc.logsumexp: [
        lambda x: sc.logsumexp(x),
        lambda x: sc.logsumexp(x, 0),
        lambda x: sc.logsumexp(x, axis=(0, -1), keepdims=True),
        lambda x: sc.logsumexp(x, axis=-1, b=P),
        lambda x: sc.logsumexp(C, b=np.exp(x[0]), keepdims=True),
        lambda x: sc.logsumexp(x, axis=1, b=[1.0, -2.0, 3.0], return_sign=True)[0],
        lambda x: x[:, 0] * sc.logsumexp(a=x, axis=1, b=[1.0, -2.0, 0.3], return_sign=True)[1],
        lambda x: sc.logsumexp(x[0, 0]),
        lambda x: sc.logsumexp([x[0, 0], 1.0, x[1, 1]]),
        lambda x: sc.logsumexp(x.astype(np.float32), axis=0),
        lambda x: sc.logsumexp(x + 1j * C, axis=0),
        lambda x: sc.logsumexp(x, axis=()),
    ],
    sc.softmax: [
        lambda x: sc.softmax(x),
        lambda x: sc.softmax(x, axis=-1),
        lambda x: sc.softmax(x[0], 0),
        lambda x: sc.softmax(x.astype(np.float32), axis=(0, 1)),
    ],
    sc.log_softmax: [
        lambda x: sc.log_softmax(x),
        lambda x: sc.log_softmax(x, axis=0),
        lambda x: sc.log_softmax(x[0, 0]),
        lambda x: sc.log_softmax([x[0, 0], 2 * x[0, 1]]),
    ],
    sc.polygamma: [
        lambda x: sc.polygamma(0, np.exp(x)),
        lambda x: sc.polygamma([0, 1, 2], 3 + x),
        lambda x: sc.polygamma(1, 3 + x[0, 0]),
    ],
    sc.zeta: [lambda x: sc.zeta(2.5, 3 + x), lambda x: sc.zeta([2.0, 3.0, 4.0], q=np.exp(x))],
    sc.multigammaln: [lambda x: sc.multigammaln(4 + x, 3), lambda x: sc.multigammaln(4 + x[0, 0], 1)],
    sc.comb: [
        lambda x: sc.comb(8 + x, 3),
        lambda x: sc.comb(5, x + 2.5),
        lambda x: sc.comb(3 + x, 2, repetition=True),
        lambda x: sc.comb(x + LARGE, 4),
    ],
    sc.perm: [lambda x: sc.perm(8 + x, 3), lambda x: sc.perm(x + LARGE, 4)],
    sc.ellipj: [lambda x: sc.ellipj(x, 0.3), lambda x: sc.ellipj(x[0], [[0.1], [0.5]])],
}

QUERIES: Patterns = {}
