"""Shape, as people call it."""

from __future__ import annotations

import itertools

import numpy as np

from .common import C, Patterns, Rows, draws

V = draws("shape")


def complex_numbers(shape):
    return V(shape) + 1j * V(shape)


ROWS: Rows = {
    "reshape": [((V((2, 3)),), {"shape": s}) for s in [(3, 2), (6,), (1, 2, 3, 1)]] + [((V(1),), {"shape": ()})],
    "transpose": [((V((2, 3, 4)),), {"axes": a}) for a in itertools.permutations(range(3))],
    "broadcast_to": [((V(s),), {"shape": (2, 3)}) for s in [(), (3,), (1, 3), (2, 1), (2, 3)]]
    + [((V((2, 1)),), {"shape": (4, 2, 3)})],
    "copy": [((x,), {"order": o}) for x in (V((2, 3)), V(()), complex_numbers(3)) for o in "KCF"],
    "astype": [((V((2, 3)),), {"dtype": np.dtype(d)}) for d in (float, np.float32, complex)],
    "item": [((V(()),), {}), ((np.float64(0.3),), {}), ((np.array(0.3 + 0.4j),), {})],
    "real": [((complex_numbers((2, 3)),), {})],
    "imag": [((complex_numbers((2, 3)),), {})],
    "conjugate": [((complex_numbers(s),), {}) for s in [(2, 3), ()]],
}

PATTERNS: Patterns = {
    np.ndarray.item: [
        lambda x: x.item(3),
        lambda x: x.item(1, 2) * x.astype(np.float32),
        lambda x: (x[:1, :1] * 1j).item((0, 0)) * x,
    ],
    np.reshape: [
        lambda x: np.reshape(x, -1),
        lambda x: np.reshape(x, (3, -1)),
        lambda x: np.reshape(x, (3, 2), order="F"),
        lambda x: np.reshape(x.T, (2, -1), order="A"),
        lambda x: np.reshape(x, (2, -1), order="A"),
        lambda x: np.reshape(x[:, ::2], -1, "A"),
        lambda x: np.reshape(x, (3, 2), copy=True),
        lambda x: np.reshape(x, (3, 2), copy=False),
        lambda x: np.reshape(x.T, 6, copy=True),
        lambda x: np.reshape(x.T, x.T.shape, copy=True),
        lambda x: np.reshape(x, (3, 2), "F", copy=True),
        lambda x: np.reshape(x.T, (3, 2), "A", copy=True),
        lambda x: np.reshape(x.T, (2, 3), "F"),
        lambda x: np.reshape(x[:0], (0, 5)),
        lambda x: x[1, 2].reshape(1, 1),
        lambda x: x[:1, 0].reshape(()),
        lambda x: x.reshape(6),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape([2, -1]),
        lambda x: x.reshape((1, -1), order="F"),
    ],
    np.transpose: [
        lambda x: np.transpose(x),
        lambda x: np.transpose(x, (1, 0)),
        lambda x: np.transpose(x, (0, 1)),
        lambda x: np.transpose(x, (-1, 0)),
        lambda x: np.permute_dims(x[None], (2, 0, 1)),
        lambda x: x.T,
        lambda x: x.transpose(1, 0),
        lambda x: x[None].transpose((1, 2, 0)),
        lambda x: x[0].T,
        lambda x: x[0, 0].T,
        lambda x: x[None].transpose(),
    ],
    np.matrix_transpose: [lambda x: np.matrix_transpose(x), lambda x: np.matrix_transpose(x[None]), lambda x: x.mT],
    np.swapaxes: [lambda x: np.swapaxes(x, 0, 1), lambda x: x[None].swapaxes(-1, 0), lambda x: x.swapaxes(1, 1)],
    np.moveaxis: [
        lambda x: np.moveaxis(x, 0, -1),
        lambda x: np.moveaxis(x[None], (0, 1), (-1, 0)),
        lambda x: np.moveaxis(x, [0, 1], [0, 1]),
    ],
    np.rollaxis: [
        lambda x: np.rollaxis(x, 1),
        lambda x: np.rollaxis(x[None], -1, 1),
        lambda x: np.rollaxis(x, 0, 2),
        lambda x: np.rollaxis(x, 0),
    ],
    np.unstack: [lambda x: np.unstack(x), lambda x: np.unstack(x, axis=-1), lambda x: np.unstack(x[0])],
    np.ravel: [
        lambda x: np.ravel(x),
        lambda x: x.ravel(order="F"),
        lambda x: np.ravel(x.T, "A"),
        lambda x: np.ravel(x.T, order="K"),
        lambda x: np.ravel(x[:, ::-2], order="K"),
        lambda x: np.moveaxis(x[None], 0, 1).ravel("K"),
        lambda x: np.ravel(x[0, 0]),
        lambda x: x.flatten("F"),
        lambda x: x.T.flatten(),
    ],
    np.squeeze: [
        lambda x: np.squeeze(x),
        lambda x: np.squeeze(x[None]),
        lambda x: np.squeeze(x[:, None, :1], axis=-1),
        lambda x: np.squeeze(x[:, None, :1, None], axis=(1, -1)),
        lambda x: x[:1].squeeze(0),
        lambda x: x[:1, :1].squeeze(),
    ],
    np.expand_dims: [
        lambda x: np.expand_dims(x, 0),
        lambda x: np.expand_dims(x, (0, -1)),
        lambda x: np.expand_dims(x.T, axis=1),
    ],
    np.atleast_1d: [lambda x: np.atleast_1d(x), lambda x: np.atleast_1d(x[0, 0]), lambda x: np.atleast_1d(x, x[0, 0])],
    np.atleast_2d: [lambda x: np.atleast_2d(x), lambda x: np.atleast_2d(x[0]), lambda x: np.atleast_2d(x[0, 0], x)],
    np.atleast_3d: [
        lambda x: np.atleast_3d(x),
        lambda x: np.atleast_3d(x[0]),
        lambda x: np.atleast_3d(x[0, 0], x, x[None]),
    ],
    np.flip: [
        lambda x: np.flip(x),
        lambda x: np.flip(x, 0),
        lambda x: np.flip(x, axis=(0, -1)),
        lambda x: np.flip(x, ()),
        lambda x: np.flip(x[0, 0]),
    ],
    np.fliplr: [lambda x: np.fliplr(x), lambda x: np.fliplr(x[..., None])],
    np.flipud: [lambda x: np.flipud(x), lambda x: np.flipud(x[0])],
    np.rot90: [lambda x, k=k: np.rot90(x, k) for k in range(-1, 5)]
    + [lambda x, a=a: np.rot90(x[..., None], 1, a) for a in [(1, 0), (0, -1), [-2, 2]]]
    + [lambda x: np.rot90(x[None], 3, (1, 2)), lambda x: np.rot90(x[None], k=2, axes=(0, 2))],
    np.broadcast_to: [
        lambda x: np.broadcast_to(x, (4, 2, 3)),
        lambda x: np.broadcast_to(x[0, 0], 3),
        lambda x: np.broadcast_to(x[:, :1], [2, 3], subok=True),
        lambda x: np.broadcast_to(x[:1], (0, 3)),
        lambda x: np.broadcast_to(x, x.shape),
    ],
    np.broadcast_arrays: [
        lambda x: np.broadcast_arrays(x, C),
        lambda x: np.broadcast_arrays(x, x[:, :1], 1.0),
        lambda x: np.broadcast_arrays(x[0], [[1.0], [2.0]], subok=True),
        lambda x: np.broadcast_arrays(x[0, 0]),
    ],
    np.meshgrid: [
        lambda x: np.meshgrid(x[0], x[1]),
        lambda x: np.meshgrid(x[0], [1.0, 2.0], indexing="ij"),
        lambda x: np.meshgrid(x[0], x[:, 1], sparse=True),
        lambda x: np.meshgrid(x[0], x[:, 0], x[1, :2], copy=False),
        lambda x: np.meshgrid(x, 2.0, x[0, 0], sparse=True, copy=False),
        lambda x: np.meshgrid(x[0]),
    ],
    np.ix_: [lambda x: np.ix_(x[0], x[:, 1]), lambda x: np.ix_(x[1])],
    np.copy: [
        lambda x: np.copy(x),
        lambda x: x.copy(),
        lambda x: x.T.copy("F"),
        lambda x: np.copy(x, order="F", subok=True),
        lambda x: x[0, 0].copy(),
    ],
    np.astype: [
        lambda x: np.astype(x, np.float32),
        lambda x: x.astype(float),
        lambda x: x.astype(np.float32, copy=False),
        lambda x: x.astype("f8", copy=False),
        lambda x: np.real(x.astype(complex)),
        lambda x: np.astype(x, np.complex64).imag,
    ],
    np.real: [
        lambda x: np.real(x),
        lambda x: np.real(np.exp(1j * x)),
        lambda x: (1j * x).real,
        lambda x: x.real,
        lambda x: np.real(x[0, 0]),
    ],
    np.imag: [lambda x: np.imag(np.exp(1j * x)), lambda x: ((1 + 2j) * x).imag, lambda x: (1j * x[0, 0]).imag],
    np.conjugate: [
        lambda x: np.conj(x),
        lambda x: np.imag(np.conjugate(1j * x)),
        lambda x: np.real(np.conj((1 + 2j) * x) ** 2),
        lambda x: (1j * x).conj().imag,
        lambda x: (1j * x).conjugate().imag,
        lambda x: x[0, 0].conj(),
    ],
    np.full_like: [lambda x: np.full_like(x, x[0, 0]), lambda x: np.full_like(x[0], x[0, 1], dtype=np.float32)],
}

QUERIES: Patterns = {
    np.shape: [lambda x: np.shape(x), lambda x: x.shape],
    np.ndim: [lambda x: np.ndim(x), lambda x: x.ndim],
    np.size: [lambda x: np.size(x), lambda x: x.size, lambda x: np.size(x, 1)],
    np.imag: [lambda x: np.imag(x), lambda x: x.imag],
    np.iscomplexobj: [lambda x: np.iscomplexobj(x), lambda x: np.iscomplexobj(1j * x)],
    np.isrealobj: [lambda x: np.isrealobj(x)],
    np.result_type: [lambda x: np.result_type(x, np.float32)],
    np.can_cast: [lambda x: np.can_cast(x.dtype, int)],
    np.diag_indices_from: [lambda x: np.diag_indices_from(x[:, :2])],
    np.tril_indices_from: [lambda x: np.tril_indices_from(x), lambda x: np.tril_indices_from(x, k=1)],
    np.triu_indices_from: [lambda x: np.triu_indices_from(x, -1)],
    np.array_repr: [lambda x: np.array_repr(x)],
}
