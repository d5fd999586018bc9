"""Products of matrices and vectors: bilinear, so each direction is the product itself with one factor replaced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..tracing import normalize, plain
from .table import General, implements, refuse_out, shape_of


def _ndim(x: Any) -> int:
    return np.ndim(plain(x))


def _swap(x: Any) -> Any:
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


def _matmul_left(cotangent: Any, out: Any, x: Any, y: Any) -> Any:
    """The cotangent of x in x @ y; a vector counts as a row of x or as a column of y."""
    if _ndim(y) == 1:
        # Each row of x meets the one vector y.
        return cotangent[..., None] * y if _ndim(x) > 1 else cotangent * y
    if _ndim(x) == 1:
        return np.matmul(y, cotangent[..., None])[..., 0]
    return np.matmul(cotangent, _swap(y))


def _matmul_right(cotangent: Any, out: Any, x: Any, y: Any) -> Any:
    """The cotangent of y in x @ y."""
    if _ndim(x) == 1:
        return x[..., :, None] * cotangent[..., None, :] if _ndim(y) > 1 else cotangent * x
    if _ndim(y) == 1:
        return np.matmul(_swap(x), cotangent[..., None])[..., 0] if _ndim(x) > 2 else np.matmul(cotangent, x)
    return np.matmul(_swap(x), cotangent)


def _push_left_batched(tangents: Any, out: Any, x: Any, y: Any) -> Any:
    if _ndim(x) == 1 and _ndim(y) > 1:
        return np.matmul(_rows(tangents, y), y)[..., 0, :]
    if _ndim(y) > 2:
        tangents = _aligned(tangents, x, y)
    return np.matmul(tangents, y)


def _push_right_batched(tangents: Any, out: Any, x: Any, y: Any) -> Any:
    if _ndim(y) == 1:
        return np.matmul(x, _columns(tangents, x))[..., 0]
    if _ndim(x) == 1:
        return np.matmul(x, tangents)
    return np.matmul(x, _aligned(tangents, y, x))


def _rows(tangents: Any, y: Any) -> Any:
    """Stacked vectors as row matrices that broadcast against the matrices y."""
    return np.reshape(tangents, (len(tangents), *(1,) * (_ndim(y) - 1), -1))


def _columns(tangents: Any, x: Any) -> Any:
    """Stacked vectors as column matrices that broadcast against the matrices x."""
    lead = (1,) * max(_ndim(x) - 2, 0)
    return np.reshape(tangents, (len(tangents), *lead, -1, 1))


def _aligned(tangents: Any, x: Any, other: Any) -> Any:
    """Stacked matrices with unit axes so that they broadcast against the other factor as x does."""
    missing = max(_ndim(other) - _ndim(x), 0)
    shape = np.shape(plain(tangents))
    return np.reshape(tangents, (shape[0], *(1,) * missing, *shape[1:])) if missing else tangents


matmul_p = General(
    "matmul",
    np.matmul,
    jvps=[lambda tangent, out, x, y: np.matmul(tangent, y), lambda tangent, out, x, y: np.matmul(x, tangent)],
    vjps=[_matmul_left, _matmul_right],
    batched=[_push_left_batched, _push_right_batched],
    multilinear=True,
    flow="adds",
)
implements(np.matmul)(matmul_p)


@implements(np.dot)
def dot(a: Any, b: Any, out: None = None) -> Any:
    """A product of numbers, vectors, matrices; beyond two axes the last of a meets the last but one of b."""
    refuse_out(out)
    a, b = normalize(a), normalize(b)
    if not _ndim(a) or not _ndim(b):
        return a * b
    if _ndim(b) <= 2 and (_ndim(a) <= 2 or _ndim(b) == 2):
        return matmul_p(a, b)
    return np.tensordot(a, b, (-1, max(_ndim(b) - 2, 0)))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    return np.dot(np.conj(np.ravel(a)), np.ravel(b))


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    a, b = normalize(a), normalize(b)
    if not _ndim(a) or not _ndim(b):
        return a * b
    return np.tensordot(a, b, (-1, -1))


@implements(np.outer)
def outer(a: Any, b: Any, out: None = None) -> Any:
    refuse_out(out)
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Axes of a summed against axes of b: moved to the inside and multiplied as matrices."""
    a, b = normalize(a), normalize(b)
    left, right = _contracted(a, b, axes)
    kept_a = [i for i in range(_ndim(a)) if i not in left]
    kept_b = [i for i in range(_ndim(b)) if i not in right]
    shape = (*_sizes(a, kept_a), *_sizes(b, kept_b))
    rows = np.reshape(np.transpose(a, (*kept_a, *left)), (math.prod(_sizes(a, kept_a)), math.prod(_sizes(a, left))))
    columns = np.reshape(
        np.transpose(b, (*right, *kept_b)), (math.prod(_sizes(b, right)), math.prod(_sizes(b, kept_b)))
    )
    return np.reshape(np.matmul(rows, columns), shape)


def _sizes(x: Any, axes: list[int]) -> list[int]:
    """How long these axes are."""
    shape = shape_of(x)
    return [shape[i] for i in axes]


def _contracted(a: Any, b: Any, axes: Any) -> tuple[list[int], list[int]]:
    """Which axes of a and of b are summed, as positive numbers."""
    if np.ndim(axes) == 0:
        left, right = list(range(_ndim(a) - axes, _ndim(a))), list(range(axes))
    else:
        left, right = (list(normalize_axis_tuple(i, _ndim(x))) for i, x in zip(axes, (a, b), strict=True))
    if [shape_of(a)[i] for i in left] != [shape_of(b)[i] for i in right]:
        raise ValueError("shape-mismatch for sum")  # as NumPy says it
    return left, right
