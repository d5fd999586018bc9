"""Fourier transforms: linear, each the transpose of another."""

from __future__ import annotations

import numpy as np

from .common import C, Patterns, Rows, draws

V = draws("fft")

NORMS = (None, "backward", "ortho", "forward")
Z = V((2, 3)) + 1j * V((2, 3))

ROWS: Rows = {
    "fft": [
        ((x,), {"inverse": inverse, "n": n, "axis": axis, "norm": norm})
        for x in (V((2, 3)), V((2, 3)) + 1j * V((2, 3)))
        for inverse, n, axis, norm in [
            (False, 3, -1, None),
            (True, 3, -1, "ortho"),
            (False, 2, -1, "forward"),
            (True, 5, -1, None),
            (False, 4, -2, "ortho"),
            (True, 1, -2, "forward"),
        ]
    ],
    "rfft": [
        ((V((2, 5)),), {"n": n, "axis": -1, "norm": norm}) for n in (1, 2, 3, 4, 5, 6, 9) for norm in ("ortho", None)
    ]
    + [((V((3, 2)),), {"n": n, "axis": -2, "norm": "forward"}) for n in (2, 3, 4)],
    "irfft": [
        ((V((2, 4)) + 1j * V((2, 4)),), {"n": n, "axis": -1, "norm": norm})
        for n in (1, 2, 3, 5, 6, 7, 10)
        for norm in ("ortho", None)
    ]
    + [((V((3, 2)) + 1j * V((3, 2)),), {"n": n, "axis": -2, "norm": "forward"}) for n in (2, 4, 5)]
    + [((V((2, 3)),), {"n": 4, "axis": -1, "norm": None})],
}

PATTERNS: Patterns = {
    np.fft.fft: [
        lambda x: np.fft.fft(x),
        lambda x: np.fft.fft(x + 1j * C, 2),
        lambda x: np.fft.fft(a=x, n=5, axis=0, norm="ortho"),
        lambda x: np.fft.fft([x[0, 0], 1.0] * x[0, :2], axis=-1, norm="forward"),
        lambda x: np.fft.fft(x.astype(np.float32)),
        lambda x: np.fft.fft((x + 1j * x).astype(np.complex64)),
        lambda x: np.fft.fft(x[:, None], axis=1),
        lambda x: x[0, 0] * np.fft.fftfreq(5, d=x[0, 1]),
        lambda x: x[0, 0] * np.fft.rfftfreq(4),
    ],
    np.fft.ifft: [lambda x: np.fft.ifft(x * Z, axis=-2), lambda x: np.fft.ifft(x, 4, -1, "forward")],
    np.fft.rfft: [
        lambda x: np.fft.rfft(x),
        lambda x: np.fft.rfft(x, 4, 0),
        lambda x: np.fft.rfft(x[0], 2, norm="ortho"),
        lambda x: np.fft.rfft(x.astype(np.float32), norm="forward"),
    ],
    np.fft.irfft: [
        lambda x: np.fft.irfft(x * Z),
        lambda x: np.fft.irfft(x),
        lambda x: np.fft.irfft(x * Z, 5, norm="ortho"),
        lambda x: np.fft.irfft(x * Z, n=2, axis=0),
        lambda x: np.fft.irfft((x * Z).astype(np.complex64), 3),
    ],
    np.fft.hfft: [lambda x: np.fft.hfft(x * Z), lambda x: np.fft.hfft(x * Z, 3, axis=0, norm="ortho")],
    np.fft.ihfft: [lambda x: np.fft.ihfft(x), lambda x: np.fft.ihfft(x, n=4, norm="forward")],
    np.fft.fft2: [
        lambda x: np.fft.fft2(x),
        lambda x: np.fft.fft2(x * Z, s=(3, 2)),
        lambda x: np.fft.fft2(x[None] * Z, axes=(0, -1), norm="ortho"),
    ],
    np.fft.ifft2: [lambda x: np.fft.ifft2(x * Z, (-1, 4), norm="forward")],
    np.fft.fftn: [
        lambda x: np.fft.fftn(x),
        lambda x: np.fft.fftn(x * Z, axes=(1,)),
        lambda x: np.fft.fftn(x, s=(2, 4), axes=(1, 0), norm="ortho"),
        lambda x: np.fft.fftn(x, axes=(0, 0)),
        lambda x: np.fft.fftn(x, axes=()),
    ],
    np.fft.ifftn: [lambda x: np.fft.ifftn(x * Z), lambda x: np.fft.ifftn(x, [3], [0])],
    np.fft.rfft2: [lambda x: np.fft.rfft2(x), lambda x: np.fft.rfft2(x, (3, 4), (1, 0), "ortho")],
    np.fft.irfft2: [lambda x: np.fft.irfft2(x * Z), lambda x: np.fft.irfft2(x * Z, s=(3, 5), norm="forward")],
    np.fft.rfftn: [lambda x: np.fft.rfftn(x[:, None]), lambda x: np.fft.rfftn(x, axes=(-1, -2))],
    np.fft.irfftn: [
        lambda x: np.fft.irfftn((x * Z)[:, :, None] * np.ones(3)),
        lambda x: np.fft.irfftn(x * Z, (5, 2), axes=(1, 0)),
    ],
    np.fft.fftshift: [
        lambda x: np.fft.fftshift(x),
        lambda x: np.fft.fftshift(x, axes=1),
        lambda x: np.fft.fftshift(x * Z, (0, -1)),
    ],
    np.fft.ifftshift: [lambda x: np.fft.ifftshift(x), lambda x: np.fft.ifftshift(x, axes=(-1,))],
}

QUERIES: Patterns = {}
