"""Shape and assembly: operations that move elements about. All are linear; each row adds its transpose."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..errors import LostDerivative, NoRule, place
from ..tracing import Box, implementations, normalize, plain, value
from .table import JointlyLinear, Linear, align, cast, dtype_of, implements, like, refuse_out, shape_of, sum_to

Shape = tuple[int, ...]


# -- one argument ----------------------------------------------------------------------------------
def _reshape_batched(tangents: Any, x: Any, *, shape: Shape) -> Any:
    return np.reshape(tangents, (len(tangents), *shape))


reshape_p = Linear(
    "reshape",
    lambda x, *, shape: np.reshape(x, shape),
    transpose=lambda cotangent, x, *, shape: np.reshape(cotangent, np.shape(x)),
    batched=_reshape_batched,
    flow="moves",
)
transpose_p = Linear(
    "transpose",
    lambda x, *, axes: np.transpose(x, axes),
    transpose=lambda cotangent, x, *, axes: np.transpose(cotangent, tuple(int(i) for i in np.argsort(axes))),
    batched=lambda tangents, x, *, axes: np.transpose(tangents, (0, *(i + 1 for i in axes))),
    flow="moves",
)
broadcast_to_p = Linear(
    "broadcast_to",
    lambda x, *, shape: np.broadcast_to(x, shape),
    transpose=lambda cotangent, x, *, shape: sum_to(cotangent, np.shape(x)),
    batched=lambda tangents, x, *, shape: np.broadcast_to(
        align(tangents, x, np.empty(shape, bool)), (len(tangents), *shape)
    ),
    flow="moves",
)
astype_p = Linear(
    "astype",
    lambda x, *, dtype: np.asarray(x).astype(dtype)[()],
    transpose=lambda cotangent, x, *, dtype: like(cotangent, x),
    batched=lambda tangents, x, *, dtype: np.astype(tangents, dtype),
    flow="moves",
)
real_p = Linear(
    "real",
    np.real,
    transpose=lambda cotangent, x: cotangent + 0j,
    batched=lambda tangents, x: np.real(tangents),
    flow="moves",
)
imag_p = Linear(
    "imag",
    np.imag,
    transpose=lambda cotangent, x: -1j * cotangent,
    batched=lambda tangents, x: np.imag(tangents),
    flow="moves",
)


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Any:
    """np.reshape in C order."""
    wanted = shape if shape is not None else newshape
    if order == "F":
        reversed_shape = tuple(reversed(_complete(a, wanted)))
        return np.transpose(np.reshape(np.transpose(a), reversed_shape))
    if order not in ("C", "A"):
        raise TypeError(f"reshape() got an unsupported 'order' {order!r}")
    return reshape_p(a, shape=_complete(a, wanted))


def _complete(a: Any, shape: Any) -> Shape:
    """A shape without -1."""
    return np.reshape(np.empty(np.shape(plain(a)), bool), shape).shape


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Any:
    n = np.ndim(plain(a))
    if n < 2 and axes is None:
        return a
    order = range(n)[::-1] if axes is None else [normalize_axis_index(i, n) for i in axes]
    return transpose_p(a, axes=tuple(order))


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return np.swapaxes(x, -1, -2)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(np.ndim(plain(a))))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose_p(a, axes=tuple(order))


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    n = np.ndim(plain(a))
    sources, destinations = normalize_axis_tuple(source, n), normalize_axis_tuple(destination, n)
    order = [i for i in range(n) if i not in sources]
    for position, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(position, axis)
    return transpose_p(a, axes=tuple(order))


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    return np.reshape(a, -1, order=order)  # type: ignore[call-overload]


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    return np.reshape(a, np.squeeze(np.empty(np.shape(plain(a)), bool), axis).shape)


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    return np.reshape(a, np.expand_dims(np.empty(np.shape(plain(a)), bool), axis).shape)


@implements(np.atleast_1d)
def atleast_1d(*arrays: Any) -> Any:
    return _at_least(np.atleast_1d, arrays)


@implements(np.atleast_2d)
def atleast_2d(*arrays: Any) -> Any:
    return _at_least(np.atleast_2d, arrays)


def _at_least(fun: Any, arrays: tuple[Any, ...]) -> Any:
    """The arrays in the shapes that fun gives them."""
    parts = [np.reshape(a, fun(np.empty(np.shape(plain(a)), bool)).shape) for a in map(normalize, arrays)]
    return parts[0] if len(parts) == 1 else tuple(parts)


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return broadcast_to_p(array, shape=(int(shape),) if np.ndim(shape) == 0 else tuple(shape))


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """A real dtype keeps the derivative; an integer or boolean one has none to keep."""
    if np.dtype(dtype).kind in "fc":
        return astype_p(x, dtype=np.dtype(dtype))
    raise LostDerivative(
        f"astype({np.dtype(dtype).name}) would lose the derivative of a traced value{place()}; write np.floor(x), or "
        f"ad.value(x).astype({np.dtype(dtype).name}) if the derivative is meant to be dropped"
    )


@implements(np.real)
def real(val: Any) -> Any:
    return real_p(val) if np.iscomplexobj(plain(val)) else val


@implements(np.imag)
def imag(val: Any) -> Any:
    return imag_p(val) if np.iscomplexobj(plain(val)) else np.zeros_like(plain(val))


@implements(np.conjugate, np.conj)
def conjugate(x: Any) -> Any:
    return np.real(x) - 1j * np.imag(x) if np.iscomplexobj(plain(x)) else x


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    return np.positive(a)


# -- indexing --------------------------------------------------------------------------------------
def _scatter(cotangent: Any, x: Any, *, index: Any) -> Any:
    return scatter_p(cotangent, index=index, shape=np.shape(x))


def _put(cotangent: Any, *, index: Any, shape: Shape) -> Any:
    """Zeros of this shape with the cotangent added at the index, repeated places accumulating."""
    out = np.zeros(shape, np.asarray(cotangent).dtype)
    _add_at(out, cotangent, index=index)
    return out


def _add_at(out: Any, cotangent: Any, *, index: Any) -> None:
    """out[index] += cotangent, in place, repeated places accumulating."""
    if is_basic(index):
        out[index] += cotangent
    else:
        np.add.at(out, index, cotangent)


def is_basic(index: Any) -> bool:
    """Whether an index only slices, so that no element is taken twice."""
    if type(index) is int:
        return True
    parts = index if isinstance(index, tuple) else (index,)
    return all(i is None or i is Ellipsis or isinstance(i, (int, np.integer, slice)) for i in parts)


def _getitem_batched(tangents: Any, x: Any, *, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if is_basic(index):
        return tangents[(slice(None), *parts)]
    # Index arrays apart from each other would move to the front of the batch axis: take the elements by number.
    places = np.arange(np.size(plain(x))).reshape(np.shape(plain(x)))[index]
    flat = np.reshape(tangents, (len(tangents), -1))
    return flat[:, places]


getitem_p = Linear(
    "getitem",
    lambda x, *, index: x[index],
    transpose=_scatter,
    batched=_getitem_batched,
    selects=True,
    flow="moves",
    add_to=_add_at,
)
scatter_p = Linear("scatter", _put, transpose=lambda cotangent, x, *, index, shape: cotangent[index], flow="moves")


@implements(operator.getitem)
def getitem(x: Any, index: Any) -> Any:
    """x[index]; the index itself carries no derivative."""
    if type(index) is int:
        return getitem_p(x, index=index)
    return getitem_p(x, index=tuple(map(_plain_index, index)) if isinstance(index, tuple) else _plain_index(index))


def _plain_index(index: Any) -> Any:
    """An index without traced values, in an array of its own: f may change the one it used."""
    if not isinstance(index, (Box, list, np.ndarray)):
        return index
    array = np.array(value(index))
    return array if array.size or array.dtype.kind == "b" else array.astype(int)


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Any:
    """np.take with the default bounds check."""
    refuse_out(out)
    if mode != "raise":
        raise NoRule(
            f"numpy.take with mode={mode!r} has no derivative rule{place()}; bring the indices into range first"
        )
    if axis is None:
        return np.ravel(a)[np.asarray(indices)]
    return a[(slice(None),) * normalize_axis_index(axis, np.ndim(plain(a))) + (np.asarray(indices),)]


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    moved = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = np.shape(plain(moved))[-2:]
    i = np.arange(max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)))
    return moved[..., i - min(offset, 0), i + max(offset, 0)]


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    n = np.ndim(plain(m))
    flipped = range(n) if axis is None else normalize_axis_tuple(axis, n)
    return m[tuple(slice(None, None, -1) if i in flipped else slice(None) for i in range(n))]


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    places = np.roll(np.arange(np.size(plain(a))).reshape(np.shape(plain(a))), shift, axis)
    return np.ravel(a)[places]


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    places = np.repeat(np.arange(np.size(plain(a))).reshape(np.shape(plain(a))), repeats, axis)
    return np.ravel(a)[places]


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    places = np.tile(np.arange(np.size(plain(A))).reshape(np.shape(plain(A))), reps)
    return np.ravel(A)[places]


# -- several arguments -----------------------------------------------------------------------------
def _concatenate_share(i: int, cotangent: Any, *arrays: Any, axis: int) -> Any:
    start = sum(np.shape(a)[axis] for a in arrays[:i])
    stop = start + np.shape(arrays[i])[axis]
    return cotangent[(slice(None),) * (np.ndim(arrays[i]) + axis) + (slice(start, stop),)]


# Axes count from the end, so that a leading axis of stacked tangents changes nothing.
concatenate_p = JointlyLinear(
    "concatenate",
    lambda *arrays, axis: np.concatenate(arrays, axis),
    transpose=_concatenate_share,
    batched=lambda tangents, args, out, *, axis: np.concatenate(tangents, axis),
    flow="moves",
)
stack_p = JointlyLinear(
    "stack",
    lambda *arrays, axis: np.stack(arrays, axis),
    transpose=lambda i, cotangent, *arrays, axis: cotangent[(..., i, *(slice(None),) * (-1 - axis))],
    batched=lambda tangents, args, out, *, axis: np.stack(tangents, axis),
    flow="moves",
)


def _select_batched(tangents: list[Any], args: tuple[Any, ...], out: Any, *, mask: Any) -> Any:
    x, y = (align(t, a, out) for t, a in zip(tangents, args, strict=True))
    return np.where(mask, x, y)


def _masked(mask: Any, cotangent: Any) -> Any:
    """The cotangent where the mask holds and 0 elsewhere; nothing non-finite passes a closed mask."""
    return np.where(mask, cotangent, 0.0)


where_p = JointlyLinear(
    "where",
    lambda x, y, *, mask: np.where(mask, x, y),
    transpose=lambda i, cotangent, x, y, *, mask: _masked(mask if i == 0 else ~mask, cotangent),
    batched=_select_batched,
    selects=True,
    flow="moves",
)


def _parts(arrays: Any) -> list[Any]:
    """The arrays of a sequence, or the rows of an array."""
    return [normalize(a) for a in arrays]


@implements(np.concatenate, np.concat)
def concatenate(arrays: Sequence[Any], /, axis: int | None = 0, out: None = None, *, dtype: Any = None) -> Any:
    refuse_out(out)
    parts = [a if dtype is None else cast(a, dtype) for a in _parts(arrays)]
    if axis is None:
        parts, axis = [np.ravel(a) for a in parts], 0
    n = np.ndim(plain(parts[0]))
    return concatenate_p(*parts, axis=normalize_axis_index(axis, n) - n)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0, out: None = None, *, dtype: Any = None) -> Any:
    refuse_out(out)
    parts = [a if dtype is None else cast(a, dtype) for a in _parts(arrays)]
    n = np.ndim(plain(parts[0])) + 1
    return stack_p(*parts, axis=normalize_axis_index(axis, n) - n)


@implements(np.hstack)
def hstack(tup: Sequence[Any]) -> Any:
    parts = [np.atleast_1d(a) for a in _parts(tup)]
    return np.concatenate(parts, axis=0 if np.ndim(plain(parts[0])) == 1 else 1)


@implements(np.vstack)
def vstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([np.atleast_2d(a) for a in _parts(tup)], axis=0)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    parts = [a if np.ndim(plain(a)) >= 2 else np.reshape(a, (-1, 1)) for a in _parts(tup)]
    return np.concatenate(parts, axis=1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([normalize(arr), normalize(values)], axis=axis)


@implements(np.where)
def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """The branch not taken contributes exactly 0. A scalar condition picks one branch and records nothing else."""
    # A mask of its own: f may change the one it used.
    mask = np.array(value(normalize(condition)), bool)
    if x is None or y is None:
        return np.where(mask)
    x, y = normalize(x), normalize(y)
    return where_p(x, y, mask=mask) if mask.ndim else _picked(x if mask else y, x, y)


def _picked(branch: Any, x: Any, y: Any) -> Any:
    """One of the branches x and y in the shape and dtype that the two have together."""
    shape, dtype = np.broadcast_shapes(shape_of(x), shape_of(y)), np.result_type(plain(x), plain(y))
    if dtype_of(branch) != dtype:
        branch = cast(branch, dtype)
    if shape_of(branch) != shape:
        branch = np.broadcast_to(branch, shape)
    return branch if isinstance(branch, Box) else np.array(branch)


# -- what carries no derivative --------------------------------------------------------------------
@implements(np.zeros_like)
def zeros_like(a: Any, dtype: Any = None, **options: Any) -> Any:
    return np.zeros_like(plain(a), dtype, **options)


@implements(np.ones_like)
def ones_like(a: Any, dtype: Any = None, **options: Any) -> Any:
    return np.ones_like(plain(a), dtype, **options)


@implements(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """An array like a, filled with a number that may be traced."""
    filled = np.full_like(plain(a), plain(fill_value), dtype, **options)
    if not isinstance(fill_value, Box):
        return filled
    return np.broadcast_to(cast(fill_value, filled.dtype), filled.shape)


for _query in (np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type, np.can_cast, np.array_repr):
    implementations[_query] = lambda *args, _query=_query, **kwargs: _query(*map(plain, args), **kwargs)
