"""SciPy's special functions."""

from __future__ import annotations

import numpy as np
from scipy import special as sc
from scipy.special import _ufuncs

from .common import C, Patterns, Rows, V

P = np.abs(V((2, 3))) + 0.1
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
    sc.ellipj: [lambda x: sc.ellipj(x, 0.3), lambda x: sc.ellipj(x[0], [[0.1], [0.5]])],
}

QUERIES: Patterns = {}
