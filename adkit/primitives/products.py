"""Products of matrices and vectors: bilinear, so each direction is the product itself with one factor replaced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..tracing import normalize, plain
from .matrices import swap
from .table import General, cast, implements, is_complex, lined_up, refuse_out, shape_of


def _ndim(x: Any) -> int:
    return np.ndim(plain(x))


def _matmul_left(cotangent: Any, out: Any, x: Any, y: Any) -> Any:
    """The cotangent of x in x @ y; a vector counts as a row of x or as a column of y."""
    if type(x) is type(y) is type(cotangent) is np.ndarray and x.ndim == y.ndim == 2:
        return np.matmul(cotangent, y.T)
    if _ndim(y) == 1:
        # Each row of x meets the one vector y.
        return cotangent[..., None] * y if _ndim(x) > 1 else cotangent * y
    if _ndim(x) == 1:
        return np.matmul(y, cotangent[..., None])[..., 0]
    return np.matmul(cotangent, swap(y))


def _matmul_right(cotangent: Any, out: Any, x: Any, y: Any) -> Any:
    """The cotangent of y in x @ y."""
    if type(x) is type(y) is type(cotangent) is np.ndarray and x.ndim == 2 >= y.ndim:
        return np.matmul(x.T, cotangent) if y.ndim == 2 else np.matmul(cotangent, x)
    if _ndim(x) == 1:
        return x[..., :, None] * cotangent[..., None, :] if _ndim(y) > 1 else cotangent * x
    if _ndim(y) == 1:
        return np.matmul(swap(x), cotangent[..., None])[..., 0] if _ndim(x) > 2 else np.matmul(cotangent, x)
    return np.matmul(swap(x), cotangent)


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
    return lined_up(tangents, _ndim(other) - _ndim(x))


matmul_p = General(
    "matmul",
    np.matmul,
    jvps=[lambda tangent, out, x, y: np.matmul(tangent, y), lambda tangent, out, x, y: np.matmul(x, tangent)],
    vjps=[_matmul_left, _matmul_right],
    batched=[_push_left_batched, _push_right_batched],
    multilinear=True,
    flow="adds",
)


@implements(np.matmul)
def matmul(x1: Any, x2: Any, /) -> Any:
    return matmul_p(x1, x2)


def _dot_left(cotangent: Any, out: Any, x: Any, y: Any) -> Any:
    """The cotangent of x in a product of many axes: those of y that are kept come last."""
    kept = [i for i in range(_ndim(y)) if i != max(_ndim(y) - 2, 0)]
    return np.tensordot(cotangent, y, (list(range(_ndim(x) - 1, _ndim(out))), kept))


def _dot_right(cotangent: Any, out: Any, x: Any, y: Any) -> Any:
    first = list(range(_ndim(x) - 1))
    return np.moveaxis(np.tensordot(x, cotangent, (first, first)), 0, max(_ndim(y) - 2, 0))


# Products in which the last axis of x meets the last but one of y, and every other axis every other one.
dot_p = General(
    "dot",
    np.dot,
    jvps=[lambda tangent, out, x, y: np.dot(tangent, y), lambda tangent, out, x, y: np.dot(x, tangent)],
    vjps=[_dot_left, _dot_right],
    batched=[
        lambda tangents, out, x, y: np.dot(tangents, y),
        lambda tangents, out, x, y: np.moveaxis(
            np.tensordot(x, tangents, (-1, max(_ndim(y) - 1, 1))), max(_ndim(x) - 1, 0), 0
        ),
    ],
    multilinear=True,
    flow="adds",
)


@implements(np.dot)
def dot(a: Any, b: Any, out: None = None) -> Any:
    """A product of numbers, vectors, matrices; beyond two axes the last of a meets the last but one of b."""
    refuse_out(out)
    a, b = normalize(a), normalize(b)
    if not _ndim(a) or not _ndim(b):
        return a * b
    if _ndim(a) <= 2 and _ndim(b) <= 2:
        return matmul_p(a, b)
    return dot_p(a, b)


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
        raise ValueError("shape-mismatch for sum")  # NumPy's words
    return left, right


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Every element of a times all of b."""
    a, b = normalize(a), normalize(b)
    n = max(_ndim(a), _ndim(b))
    left, right = ((1,) * (n - _ndim(x)) + shape_of(x) for x in (a, b))
    product = np.multiply(
        np.reshape(a, [k for pair in zip(left, (1,) * n, strict=True) for k in pair]),
        np.reshape(b, [k for pair in zip((1,) * n, right, strict=True) for k in pair]),
    )
    return np.reshape(product, [i * k for i, k in zip(left, right, strict=True)])


@implements(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors in space; of vectors in the plane as long as NumPy has it, with its warning."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = normalize(a), normalize(b)
    if not _ndim(a) or not _ndim(b) or shape_of(a)[axisa] != 3 or shape_of(b)[axisb] != 3:
        np.cross(plain(a), plain(b), axisa, axisb, axisc)
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    (a0, a1, *a2), (b0, b1, *b2) = ([x[..., i] for i in range(shape_of(x)[-1])] for x in (a, b))
    upright = a0 * b1 - a1 * b0
    if a2 and b2:
        parts = [a1 * b2[0] - a2[0] * b1, a2[0] * b0 - a0 * b2[0], upright]
    elif a2:
        parts = [-(a2[0] * b1), a2[0] * b0, upright]
    elif b2:
        parts = [a1 * b2[0], -(a0 * b2[0]), upright]
    else:
        return upright
    return np.stack(parts, axisc)


# -- products of stacks of vectors and matrices ------------------------------------------------------
def _of_vectors(ufunc: Any, x_core: str, y_core: str, out_core: str, conjugated: bool) -> None:
    """The row of a product that knows a vector from a stack; the vector on the left may be conjugated."""
    by_x, by_y = f"...{out_core},...{y_core}->...{x_core}", f"...{out_core},...{x_core}->...{y_core}"
    conj = np.conj if conjugated else lambda x: x

    def stacked(tangents: Any, x: Any, core: str, other: Any, other_core: str) -> Any:
        return lined_up(tangents, _ndim(other) - len(other_core) - _ndim(x) + len(core))

    row = General(
        ufunc.__name__,
        ufunc,
        jvps=[lambda tangent, out, x, y: ufunc(tangent, y), lambda tangent, out, x, y: ufunc(x, tangent)],
        vjps=[
            lambda cotangent, out, x, y: conj(np.einsum(by_x, cotangent, y)),
            lambda cotangent, out, x, y: np.einsum(by_y, cotangent, conj(x)),
        ],
        batched=[
            lambda tangents, out, x, y: ufunc(stacked(tangents, x, x_core, y, y_core), y),
            lambda tangents, out, x, y: ufunc(x, stacked(tangents, y, y_core, x, x_core)),
        ],
        multilinear=True,
        flow="adds",
    )

    @implements(ufunc)
    def implementation(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
        if axis != -1 and ufunc is not np.vecdot:
            raise TypeError(f"{ufunc.__name__}() does not support a single axis")
        x1, x2 = (x if axis == -1 else np.moveaxis(x, axis, -1) for x in map(normalize, (x1, x2)))
        return row(x1, x2)


_of_vectors(np.vecdot, "i", "i", "", conjugated=True)
# New in NumPy 2.2.
if hasattr(np, "matvec"):
    _of_vectors(np.matvec, "ij", "j", "i", conjugated=False)
    _of_vectors(np.vecmat, "i", "ij", "j", conjugated=True)


# -- products of samples -----------------------------------------------------------------------------
@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """Covariances of variables; what is wrong with other arguments NumPy says."""
    given = [normalize(x) for x in (m, y) if x is not None]
    weights = [None if w is None else normalize(w) for w in (fweights, aweights)]
    with np.errstate(all="ignore"):
        wanted = np.cov(*map(plain, given), rowvar=rowvar, bias=bias, ddof=ddof, dtype=dtype, **_named(weights))
    samples = _samples(given, rowvar, wanted.dtype)
    if not shape_of(samples)[0]:
        return wanted
    ddof = (0 if bias else 1) if ddof is None else ddof
    w = _product(weights)
    total: Any = shape_of(samples)[1] if w is None else np.sum(w)
    average = np.mean(samples, axis=1) if w is None else np.sum(samples * w, axis=1) / cast(total, wanted.dtype)
    freedom = total - (ddof if weights[1] is None or not ddof else ddof * np.sum(w * weights[1]) / total)
    freedom = np.where(plain(freedom) <= 0, 0.0, freedom)
    deviations = samples - average[:, None]
    weighted = deviations if w is None else deviations * w
    return np.squeeze(cast(np.dot(deviations, np.conj(weighted.T)) * np.true_divide(1, freedom), wanted.dtype))


def _named(weights: Any) -> dict[str, Any]:
    return {name: plain(w) for name, w in zip(("fweights", "aweights"), weights, strict=True) if w is not None}


def _product(weights: Any) -> Any:
    given = [w for w in weights if w is not None]
    return math.prod(given[1:], start=given[0]) if given else None


def _samples(given: Any, rowvar: bool, dtype: Any) -> Any:
    """One row for each variable."""
    rows = [np.atleast_2d(cast(x, dtype)) for x in given]
    if not rowvar:
        rows = [x.T if _ndim(g) != 1 else x for x, g in zip(rows, given, strict=True)]
    return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=0)


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Covariances over both standard deviations."""
    c = np.cov(x, y, rowvar, dtype=dtype)
    if not _ndim(c):
        return c / c
    deviations = np.sqrt(np.real(np.diagonal(c)))
    found = c / deviations[:, None] / deviations[None, :]
    if not is_complex(found):
        return np.clip(found, -1, 1)
    return np.clip(np.real(found), -1, 1) + 1j * np.clip(np.imag(found), -1, 1)
