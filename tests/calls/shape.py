"""Shape, indexing and assembly, as people call them."""

from __future__ import annotations

import itertools
import operator

import numpy as np

from .common import INDICES, MASK, SHAPES, C, Patterns, Rows, V

ROWS: Rows = {
    "reshape": [((V((2, 3)),), {"shape": s}) for s in [(3, 2), (6,), (1, 2, 3, 1)]] + [((V(1),), {"shape": ()})],
    "transpose": [((V((2, 3, 4)),), {"axes": a}) for a in itertools.permutations(range(3))],
    "broadcast_to": [((V(s),), {"shape": (2, 3)}) for s in [(), (3,), (1, 3), (2, 1), (2, 3)]]
    + [((V((2, 1)),), {"shape": (4, 2, 3)})],
    "astype": [((V((2, 3)),), {"dtype": np.dtype(d)}) for d in (float, np.float32, complex)],
    "real": [((V((2, 3)) + 1j * V((2, 3)),), {})],
    "imag": [((V((2, 3)) + 1j * V((2, 3)),), {})],
    "getitem": [((V((2, 3)),), {"index": i}) for i in INDICES]
    + [((V((2, 3, 4)),), {"index": (np.array([0, 1]), slice(None), np.array([3, 0]))})],
    "scatter": [
        ((np.asarray(np.zeros((2, 3))[i]) + V(np.shape(np.zeros((2, 3))[i])),), {"index": i, "shape": (2, 3)})
        for i in INDICES
    ],
    "concatenate": [
        ((V((2, 3)), V((1, 3)), V((0, 3))), {"axis": -2}),
        ((V((2, 3)), V((2, 1))), {"axis": -1}),
        ((V(2), V(3)), {"axis": -1}),
    ],
    "stack": [((V((2, 3)), V((2, 3))), {"axis": a}) for a in (-1, -2, -3)] + [((V(()), V(()), V(())), {"axis": -1})],
    "where": [((V(a), V(b)), {"mask": MASK}) for a, b in itertools.product(SHAPES, SHAPES)]
    + [((V(a), V(b)), {"mask": MASK[0]}) for a, b in [((), (2, 3)), ((2, 1), ()), ((), ())]],
}

PATTERNS: Patterns = {
    np.reshape: [
        lambda x: np.reshape(x, -1),
        lambda x: np.reshape(x, (3, -1)),
        lambda x: np.reshape(x, (3, 2), order="F"),
        lambda x: x.reshape(6),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((1, -1), order="F"),
    ],
    np.transpose: [
        lambda x: np.transpose(x),
        lambda x: np.transpose(x, (1, 0)),
        lambda x: np.transpose(x, (-1, 0)),
        lambda x: x.T,
        lambda x: x.transpose(1, 0),
        lambda x: x[0].T,
        lambda x: x[None].transpose(),
    ],
    np.matrix_transpose: [lambda x: np.matrix_transpose(x), lambda x: np.matrix_transpose(x[None])],
    np.swapaxes: [lambda x: np.swapaxes(x, 0, 1), lambda x: x[None].swapaxes(-1, 0)],
    np.moveaxis: [lambda x: np.moveaxis(x, 0, -1), lambda x: np.moveaxis(x[None], (0, 1), (-1, 0))],
    np.ravel: [lambda x: np.ravel(x), lambda x: x.ravel(order="F"), lambda x: x.flatten()],
    np.squeeze: [
        lambda x: np.squeeze(x[None]),
        lambda x: np.squeeze(x[:, None, :1], axis=-1),
        lambda x: x[:1].squeeze(0),
    ],
    np.expand_dims: [lambda x: np.expand_dims(x, 0), lambda x: np.expand_dims(x, (0, -1))],
    np.atleast_1d: [lambda x: np.atleast_1d(x), lambda x: np.atleast_1d(x[0, 0]), lambda x: np.atleast_1d(x, x[0, 0])],
    np.atleast_2d: [lambda x: np.atleast_2d(x), lambda x: np.atleast_2d(x[0]), lambda x: np.atleast_2d(x[0, 0], x)],
    np.broadcast_to: [lambda x: np.broadcast_to(x, (4, 2, 3)), lambda x: np.broadcast_to(x[0, 0], 3)],
    np.astype: [
        lambda x: np.astype(x, np.float32),
        lambda x: x.astype(float),
        lambda x: x.astype(np.float32, copy=False),
        lambda x: np.real(x.astype(complex)),
    ],
    np.real: [lambda x: np.real(x), lambda x: np.real(np.exp(1j * x)), lambda x: (1j * x).real, lambda x: x.real],
    np.imag: [lambda x: np.imag(np.exp(1j * x)), lambda x: ((1 + 2j) * x).imag],
    np.conjugate: [lambda x: np.conj(x), lambda x: np.imag(np.conjugate(1j * x)), lambda x: x.conj()],
    np.copy: [lambda x: np.copy(x), lambda x: x.copy()],
    operator.getitem: [
        lambda x: x[1],
        lambda x: x[0, -1],
        lambda x: x[:, ::-1],
        lambda x: x[..., None, 1],
        lambda x: x[[1, 0, 0]],
        lambda x: x[[0, 1], [2, 2]],
        lambda x: x[:, [0, 0]],
        lambda x: x[x > 0.0],
        lambda x: x[[]],
        lambda x: x[np.argmax(x[:, 0])],
        lambda x: x[np.array([[0], [1]]), [0, 2]],
        lambda x: np.stack([row * 2 for row in x]),
        lambda x: x.T.flat[1] * 1.0 if isinstance(x, np.ndarray) else np.ravel(x.T)[1] * 1.0,
    ],
    np.take: [
        lambda x: np.take(x, [0, 5, 5]),
        lambda x: np.take(x, 1, axis=0),
        lambda x: np.take(x, [[2, 0]], axis=-1),
        lambda x: x.take([1], axis=1),
    ],
    np.diagonal: [
        lambda x: np.diagonal(x),
        lambda x: np.diagonal(x, 1),
        lambda x: x.diagonal(-1),
        lambda x: np.diagonal(x, 5),
        lambda x: np.diagonal(np.stack([x, x, x]), offset=1, axis1=-1, axis2=0),
    ],
    np.trace: [lambda x: np.trace(x), lambda x: np.trace(x, offset=-1), lambda x: np.trace(x[None], 0, 1, 2)],
    np.flip: [lambda x: np.flip(x), lambda x: np.flip(x, 0), lambda x: np.flip(x, axis=(0, -1))],
    np.roll: [lambda x: np.roll(x, 1), lambda x: np.roll(x, -2, axis=-1), lambda x: np.roll(x, (1, 1), axis=(0, 1))],
    np.repeat: [
        lambda x: np.repeat(x, 2),
        lambda x: np.repeat(x, 2, axis=-1),
        lambda x: x.repeat([1, 0, 2], axis=1),
        lambda x: np.repeat(x, [1, 3], axis=-2),
    ],
    np.tile: [
        lambda x: np.tile(x, 2),
        lambda x: np.tile(x, (2, 2)),
        lambda x: np.tile(x, (2, 1, 1)),
        lambda x: np.tile(x[0], 0),
    ],
    np.concatenate: [
        lambda x: np.concatenate([x, C]),
        lambda x: np.concatenate((x, C, x), axis=-1),
        lambda x: np.concatenate([x, x], axis=None),
        lambda x: np.concatenate([x[0], [1.0, 2.0]]),
        lambda x: np.concatenate(x),
        lambda x: np.concatenate([x, C], dtype=np.float32),
    ],
    np.stack: [
        lambda x: np.stack([x, C]),
        lambda x: np.stack([x, C], axis=-1),
        lambda x: np.stack([x[0, 0], 1.0, x[1, 1]]),
        lambda x: np.stack((x[0], x[1]), axis=1),
        lambda x: np.array([x[0, 0], 2 * x[0, 1]]) * x[:, 0],
    ],
    np.hstack: [lambda x: np.hstack([x, C]), lambda x: np.hstack([x[0], x[1, 0]])],
    np.vstack: [lambda x: np.vstack([x, C]), lambda x: np.vstack([x[0], [1.0, 2.0, 3.0]])],
    np.column_stack: [lambda x: np.column_stack([x[0], x[1]]), lambda x: np.column_stack([x, [1.0, 2.0]])],
    np.append: [lambda x: np.append(x, 1.0), lambda x: np.append(x, C, axis=0), lambda x: np.append([1.0], x)],
    np.where: [
        lambda x: np.where(x > 0.0, x, C),
        lambda x: np.where(MASK, x, 0.0),
        lambda x: np.where(MASK[0], 1.0, x),
        lambda x: np.where(True, x, C),
        lambda x: np.where(False, x[0], C[:1] * x[0]),
        lambda x: np.where([True, False], x[:, 0], x[:, 1]),
        lambda x: np.where(True, x[0, 0], C),
    ],
    np.full_like: [lambda x: np.full_like(x, x[0, 0]), lambda x: np.full_like(x[0], x[0, 1], dtype=np.float32)],
}

QUERIES: Patterns = {
    np.shape: [lambda x: np.shape(x), lambda x: x.shape],
    np.ndim: [lambda x: np.ndim(x), lambda x: x.ndim],
    np.size: [lambda x: np.size(x), lambda x: x.size, lambda x: np.size(x, 1)],
    np.iscomplexobj: [lambda x: np.iscomplexobj(x), lambda x: np.iscomplexobj(1j * x)],
    np.isrealobj: [lambda x: np.isrealobj(x)],
    np.result_type: [lambda x: np.result_type(x, np.float32)],
    np.can_cast: [lambda x: np.can_cast(x.dtype, int)],
    np.array_repr: [lambda x: np.array_repr(x)],
    np.zeros_like: [
        lambda x: np.zeros_like(x),
        lambda x: np.zeros_like(x, dtype=int),
        lambda x: np.zeros_like(x, shape=(2,)),
    ],
    np.ones_like: [lambda x: np.ones_like(x), lambda x: np.ones_like(x, shape=2)],
}
