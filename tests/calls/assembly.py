"""Arrays joined, repeated, split and padded, as people do it."""

from __future__ import annotations

import numpy as np

from adkit.tracing import implementations

from .common import C, Patterns, Rows, draws

V = draws("assembly")

ROWS: Rows = {
    "concatenate": [
        ((V((2, 3)), V((1, 3)), V((0, 3))), {"axis": -2}),
        ((V((2, 3)), V((2, 1))), {"axis": -1}),
        ((V(2), V(3)), {"axis": -1}),
    ],
    "stack": [((V((2, 3)), V((2, 3))), {"axis": a}) for a in (-1, -2, -3)] + [((V(()), V(()), V(())), {"axis": -1})],
    "roll": [
        ((V((2, 3)),), {"shift": s, "axis": a})
        for s, a in [((1,), (-1,)), ((-4, 1), (-1, -2)), ((1, 1), (-1, -1)), ((), ())]
    ],
}


def rows(x):
    return [[x[:, :1], x], [C, x[:, 1:2]]]


# The median is of another family.
MEDIAN = ["median"] if np.median in implementations else []
PADS = [
    lambda x, mode=mode, width=width: np.pad(x, width, mode)
    for mode in ["edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean", *MEDIAN]
    for width in [1, (2, 1), [(0, 3), (7, 5)], ((9,), (0,))]
]

PATTERNS: Patterns = {
    np.concatenate: [
        lambda x: np.concatenate([x, C]),
        lambda x: np.concatenate((x, C, x), axis=-1),
        lambda x: np.concatenate([x, x], axis=None),
        lambda x: np.concatenate([x, 1.0, [2.0]], axis=None),
        lambda x: np.concatenate([x[0], [1.0, 2.0]]),
        lambda x: np.concatenate([x[0], [x[1, 1], 2]]),
        lambda x: np.concatenate(x),
        lambda x: np.concatenate([x]),
        lambda x: np.concatenate([x, np.zeros((0, 3))]),
        lambda x: np.concatenate([x, C], dtype=np.float32),
        lambda x: np.concatenate([x.astype(np.float32), C.astype(np.float32)]),
        lambda x: np.concatenate([x, C.astype(np.float32)]),
        lambda x: np.concatenate([x, [[1, 2, 3]]], casting="safe"),
        lambda x: np.concat([x, C.astype(np.float32)], dtype=np.float32, casting="unsafe"),
    ],
    np.stack: [
        lambda x: np.stack([x, C]),
        lambda x: np.stack([x, C], axis=-1),
        lambda x: np.stack([x[0, 0], 1.0, x[1, 1]]),
        lambda x: np.stack((x[0], x[1]), axis=1),
        lambda x: np.stack([x[0], [1, 2, 3]], dtype=np.float32, casting="same_kind"),
        lambda x: np.stack(x),
        lambda x: np.array([x[0, 0], 2 * x[0, 1]]) * x[:, 0],
    ],
    np.hstack: [
        lambda x: np.hstack([x, C]),
        lambda x: np.hstack([x[0], x[1, 0]]),
        lambda x: np.hstack([x[0], [1.0, x[0, 0]], 2, np.float32(3.0)]),
        lambda x: np.hstack([x[0, 0].astype(np.float32), np.float32(1.0)]),
        lambda x: np.hstack([x, C], dtype=np.float32),
        lambda x: np.hstack(x),
    ],
    np.vstack: [
        lambda x: np.vstack([x, C]),
        lambda x: np.vstack([x[0], [1.0, 2.0, 3.0]]),
        lambda x: np.vstack([x[0], [x[0, 0], 2.0, 3.0]], casting="no"),
        lambda x: np.vstack((x[0, 0], 1.0), dtype="f4"),
    ],
    np.dstack: [lambda x: np.dstack([x, C]), lambda x: np.dstack([x[0], [1, 2, 3]]), lambda x: np.dstack((x[0, 0], 1))],
    np.column_stack: [
        lambda x: np.column_stack([x[0], x[1]]),
        lambda x: np.column_stack([x, [1.0, 2.0]]),
        lambda x: np.column_stack([x[0, 0], 1.0]),
        lambda x: np.column_stack(x),
    ],
    np.block: [
        lambda x: np.block(rows(x)),
        lambda x: np.block([x[0], 1.0, x[0, 0], 2]),
        lambda x: np.block([[x[0]], [C], [3, 2.0, x[1, 1]]]),
        lambda x: np.block([[[x]], [[C]]]),
        lambda x: np.block([x]),
        lambda x: np.block(x),
        lambda x: np.block([[x, np.float32(1) * np.ones((2, 1), np.float32)], [np.zeros((1, 4), int)]]),
    ],
    np.append: [
        lambda x: np.append(x, 1.0),
        lambda x: np.append(x, C, axis=0),
        lambda x: np.append([1.0], x),
        lambda x: np.append(x, [x[0]], axis=0),
        lambda x: np.append(x, []),
    ],
    np.insert: [
        lambda x: np.insert(x, 1, 5.0),
        lambda x: np.insert(x, 1, x[0, 0], axis=1),
        lambda x: np.insert(x, -1, x[:, 0], axis=1),
        lambda x: np.insert(x, [0, 2], x[:, :2], axis=1),
        lambda x: np.insert(x, [1], [[1.0], [2.0]], axis=1),
        lambda x: np.insert(x, slice(0, 2), [x[0, 0], 7], axis=1),
        lambda x: np.insert(x, [2, 2, 0], x[1]),
        lambda x: np.insert(x, 2, x[0], axis=0),
        lambda x: np.insert(C, 1, x[0], axis=0),
        lambda x: np.insert([1.0, 2.0], 1, x[0]),
        lambda x: np.insert(x.astype(np.float32), 0, 1e-3),
    ],
    np.array_split: [
        lambda x: np.array_split(x, 2, axis=1),
        lambda x: np.array_split(x.ravel(), 4),
        lambda x: np.array_split(x, [1, 5, 2], axis=-1),
        lambda x: np.array_split(x, np.array([1])),
        lambda x: np.array_split(x, 5),
    ],
    np.split: [
        lambda x: np.split(x, 2),
        lambda x: np.split(x, 3, axis=1),
        lambda x: np.split(x, (1, 2), axis=-1),
        lambda x: np.split(x[0], [-1]),
        lambda x: np.split(x, []),
    ],
    np.hsplit: [lambda x: np.hsplit(x, 3), lambda x: np.hsplit(x[0], [2]), lambda x: np.hsplit(x, [1, 2])],
    np.vsplit: [lambda x: np.vsplit(x, 2), lambda x: np.vsplit(x, [1, 1])],
    np.dsplit: [lambda x: np.dsplit(x[None], 3), lambda x: np.dsplit(x[None], [2])],
    np.apply_along_axis: [
        lambda x: np.apply_along_axis(lambda row: np.sum(row * row), 1, x),
        lambda x: np.apply_along_axis(np.cumsum, 0, x),
        lambda x: np.apply_along_axis(lambda v, a, b: a * v[:1] + b, -1, x, 2.0, b=x[0, 0]),
        lambda x: np.apply_along_axis(lambda v: np.outer(v, v), 0, x[None]),
        lambda x: np.apply_along_axis(lambda v: [v[0], 1.0], 1, x),
        lambda x: np.apply_along_axis(np.diag, -1, x),
        lambda x: np.apply_along_axis(lambda v: np.max(v), 0, x[0]),
    ],
    np.apply_over_axes: [
        lambda x: np.apply_over_axes(np.sum, x, [0, 1]),
        lambda x: np.apply_over_axes(np.sum, x, -1),
        lambda x: np.apply_over_axes(np.cumsum, x, (1, 0)),
        lambda x: np.apply_over_axes(np.max, x[None], 1),
    ],
    np.roll: [
        lambda x: np.roll(x, 1),
        lambda x: np.roll(x, 0),
        lambda x: np.roll(x, -2, axis=-1),
        lambda x: np.roll(x, (1, 1), axis=(0, 1)),
        lambda x: np.roll(x, (1, 1), axis=(1, 1)),
        lambda x: np.roll(x, 2, axis=(0, 1)),
        lambda x: np.roll(x, [1, -5], 1),
        lambda x: np.roll(x[0], 8, (0,)),
        lambda x: np.roll(x[0, 0], 3),
        lambda x: np.roll(x[:, :0], 3, 1),
    ],
    np.repeat: [
        lambda x: np.repeat(x, 2),
        lambda x: np.repeat(x, 1),
        lambda x: np.repeat(x, 1, axis=0),
        lambda x: np.repeat(x, 0),
        lambda x: np.repeat(x, 2, axis=-1),
        lambda x: np.repeat(x, [2], axis=0),
        lambda x: x.repeat([1, 0, 2], axis=1),
        lambda x: np.repeat(x, [1, 3], axis=-2),
        lambda x: np.repeat(x, [0, 1, 2, 0, 3, 1]),
        lambda x: np.repeat(x[:1, :1], 3, axis=1),
        lambda x: np.repeat(x[0, 0], 4),
        lambda x: np.repeat(x, 11, axis=1),
        lambda x: np.repeat(x[:1, :1], [9], axis=1),
    ],
    np.tile: [
        lambda x: np.tile(x, 2),
        lambda x: np.tile(x, 1),
        lambda x: np.tile(x, (1, 1, 1)),
        lambda x: np.tile(x, (2, 2)),
        lambda x: np.tile(x, (2, 1, 1)),
        lambda x: np.tile(x, [2, 1, 3]),
        lambda x: np.tile(x[0], 0),
        lambda x: np.tile(x, (1, 0)),
        lambda x: np.tile(x[None, 0], np.array([3, 2])),
        lambda x: np.tile(x[0, 0], 3),
        lambda x: np.tile(x[0, 0], (2, 2)),
        lambda x: np.tile(x[0, 0], ()),
    ],
    np.resize: [
        lambda x: np.resize(x, (3, 4)),
        lambda x: np.resize(x, 4),
        lambda x: np.resize(x, (2, 3)),
        lambda x: np.resize(x, (13,)),
        lambda x: np.resize(x[0, 0], (2, 2)),
    ],
    np.pad: [
        lambda x: np.pad(x, 1),
        lambda x: np.pad(x, 0),
        lambda x: np.pad(x, ((0, 0), (0, 2))),
        lambda x: np.pad(x, (1, 2), constant_values=3.0),
        lambda x: np.pad(x, 1, "constant", constant_values=x[0, 0]),
        lambda x: np.pad(x, 1, "constant", constant_values=[(x[0, 0], 2.0), (3, x[0, 1])]),
        lambda x: np.pad(x, [(1, 0), (0, 2)], constant_values=x[:, :2]),
        lambda x: np.pad(x[0, 0], 0),
        lambda x: np.pad(x[:, :0], 1),
        lambda x: np.pad(x[0], (4, 5), mode="reflect", reflect_type="odd"),
        lambda x: np.pad(x, (4, 11), mode="reflect", reflect_type="odd"),
        lambda x: np.pad(x, ((0, 4), (7, 2)), mode="symmetric", reflect_type="odd"),
        lambda x: np.pad(x[:, :1], 2, mode="reflect", reflect_type="odd"),
        lambda x: np.pad(x[:, :1], 2, mode="symmetric", reflect_type="odd"),
        lambda x: np.pad(x[:, :1], 2, mode="wrap"),
        lambda x: np.pad(x, (2, 3), "linear_ramp", end_values=5.0),
        lambda x: np.pad(x, (2, 3), "linear_ramp", end_values=(x[0, 0], 1)),
        lambda x: np.pad(x, (2, 3), "linear_ramp", end_values=((0.1, 0.2), (0.3, 0.4))),
        lambda x: np.pad(x.astype(np.float32), (2, 3), "linear_ramp", end_values=((0.1, 0.2), (0.3, 0.4))),
        lambda x: np.pad(x.astype(np.float32), (2, 3), "linear_ramp", end_values=(0.1, 0.2)),
        lambda x: np.pad(x.astype(np.float32), 1, "constant", constant_values=1e-3),
        lambda x: np.pad(x, 2, "mean", stat_length=2),
        lambda x: np.pad(x, 2, "maximum", stat_length=((1, 2), (2, 7))),
        lambda x: np.pad(x, 2, "minimum", stat_length=(1,)),
        lambda x: np.pad(x[:, :0], ((2, 1), (0, 0)), "edge"),
        *PADS,
    ],
}
