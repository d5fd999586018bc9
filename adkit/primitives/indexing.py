"""Indexing: elements picked out, and the branch that was taken. What is left out contributes exactly 0."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..errors import LostDerivative, place
from ..tracing import Box, is_traced, normalize, plain, value
from ..views import read_only
from .shape import Shape, copy_p, laid_as, model
from .table import (
    JointlyLinear,
    Linear,
    align,
    axis_from_end,
    cast,
    dtype_of,
    implements,
    primitives,
    refuse_out,
    shape_of,
)


# -- rows ------------------------------------------------------------------------------------------
def _pick(x: Any, *, index: Any) -> Any:
    number: Any = x if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x)[()]
    return number[index]


def _put(cotangent: Any, *, index: Any, shape: Shape) -> Any:
    """Zeros of this shape with the cotangent added at the index, repeated places accumulating."""
    out = np.zeros(shape, np.asarray(cotangent).dtype)
    if _takes_once(index):
        out[index] = cotangent
    else:
        _add_repeated(out, cotangent, index)
    return out


def _add_at(out: Any, cotangent: Any, *, index: Any) -> None:
    """out[index] += cotangent, in place, repeated places accumulating."""
    if _takes_once(index):
        out[index] += cotangent
    else:
        _add_repeated(out, cotangent, index)


def _add_repeated(out: Any, cotangent: Any, index: Any) -> None:
    axis, numbers = _axis_taken(index)
    if axis is None or out.size < WIDE * out.shape[axis] or np.ndim(cotangent) != out.ndim - 1 + numbers.ndim:
        np.add.at(out, index, cotangent)
    else:
        rows = np.reshape(cotangent, (*out.shape[:axis], numbers.size, *out.shape[axis + 1 :]))
        _add_rows(np.moveaxis(out, axis, 0), np.moveaxis(rows, axis, 0), numbers.reshape(-1))


# From this many numbers in a row on rows are sorted and those of one place added together; long ones one by one.
WIDE, LONG = 16, 256


def _axis_taken(index: Any) -> tuple[int | None, Any]:
    """The axis of which an array of numbers takes rows, if that is all that an index does; and the numbers."""
    *before, last = _parts(index)
    whole = all(type(part) is slice and part == slice(None) for part in before)
    return len(before) if whole and not _is_basic_part(last) else None, np.asarray(last)


def _add_rows(out: Any, rows: Any, numbers: Any) -> None:
    """out[numbers] += rows, where a number may come again."""
    if out.size >= LONG * len(out):
        for number, row in zip(numbers.tolist(), rows, strict=True):
            out[number] += row
        return
    numbers = numbers % len(out)
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    first = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]]))
    out[numbers[first]] += np.add.reduceat(rows[order], first, axis=0)


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def is_basic(index: Any) -> bool:
    """Whether an index only slices, so that no element is taken twice."""
    if type(index) is int:
        return True
    return all(map(_is_basic_part, _parts(index)))


def _is_basic_part(part: Any) -> bool:
    if isinstance(part, bool):
        return False
    return part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice))


def _takes_once(index: Any) -> bool:
    """Whether no place is named twice: by slices and masks, or by a single array of growing numbers."""
    if is_basic(index):
        return True
    arrays = [np.asarray(part) for part in _parts(index) if not _is_basic_part(part)]
    arrays = [array.reshape(-1) for array in arrays if array.dtype.kind != "b"]
    if len(arrays) != 1:
        return not arrays
    numbers = arrays[0]
    wraps = numbers.size and numbers[0] < 0 <= numbers[-1]
    return not wraps and bool(np.all(numbers[1:] > numbers[:-1]))


def _getitem_batched(tangents: Any, x: Any, *, index: Any) -> Any:
    if is_basic(index):
        return tangents[(slice(None), *_parts(index))]
    # Index arrays apart from each other would move to the front of the batch axis: take the elements by number.
    return np.reshape(tangents, (len(tangents), -1))[:, numbers_of(x)[index]]


def numbers_of(x: Any, start: int = 0) -> Any:
    """The elements of x numbered in C order, for NumPy to move about in their stead."""
    shape = shape_of(x)
    return np.arange(start, start + int(np.prod(shape))).reshape(shape)


getitem_p = Linear(
    "getitem",
    _pick,
    transpose=lambda cotangent, x, *, index: scatter_p(cotangent, index=index, shape=shape_of(x)),
    batched=_getitem_batched,
    selects=True,
    flow="moves",
    add_to=_add_at,
    put=lambda x, new, *, index: primitives["assign"](x, new, index=index),
)
scatter_p = Linear("scatter", _put, transpose=lambda cotangent, x, *, index, shape: cotangent[index], flow="moves")


def _take_transpose(cotangent: Any, x: Any, *, indices: Any, axis: int) -> Any:
    shape = shape_of(x)
    return scatter_p(cotangent, index=(*(slice(None),) * (len(shape) + axis), indices), shape=shape)


# Rows by number; an index would put the axis that has the numbers first in memory.
take_p = Linear(
    "take",
    lambda x, *, indices, axis: np.take(x, indices, axis),
    transpose=_take_transpose,
    batched=lambda tangents, x, *, indices, axis: np.take(tangents, indices, axis),
    selects=True,
    flow="moves",
)


def _embed(x: Any, *, offset: int, shape: Shape) -> Any:
    """Matrices of this shape with the vectors x on a diagonal and 0 elsewhere."""
    x = np.asarray(x)
    rows, columns = shape
    out = np.zeros((*x.shape[:-1], rows * columns), x.dtype)
    start = offset if offset >= 0 else -offset * columns
    out[..., start : start + x.shape[-1] * (columns + 1) : columns + 1] = x
    return out.reshape(*x.shape[:-1], *shape)


diagonal_p = Linear(
    "diagonal",
    lambda x, *, offset: np.diagonal(x, offset, -2, -1),
    transpose=lambda cotangent, x, *, offset: embed_p(cotangent, offset=offset, shape=shape_of(x)[-2:]),
    batched=lambda tangents, x, *, offset: np.diagonal(tangents, offset, -2, -1),
    selects=True,
    flow="moves",
    put=read_only,
)
embed_p = Linear(
    "embed",
    _embed,
    transpose=lambda cotangent, x, *, offset, shape: np.diagonal(cotangent, offset, -2, -1),
    batched=lambda tangents, x, *, offset, shape: embed_p(tangents, offset=offset, shape=shape),
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


def _chosen_share(i: int, cotangent: Any, mask: Any, x: Any, y: Any) -> Any:
    return np.where(mask if i == 1 else np.logical_not(mask), cotangent, 0.0)


def _choose_batched(tangents: list[Any], args: tuple[Any, ...], out: Any) -> Any:
    _, x, y = (align(t, a, out) for t, a in zip(tangents, args, strict=True))
    return np.where(args[0], x, y)


class _OfMask(JointlyLinear):
    """A row whose first argument is a mask, which has no derivative."""

    listed = False

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        if batched:
            return super().jvp(tangents, out, args, params, batched)
        pairs = zip(tangents[1:], args[1:], strict=True)
        return self(args[0], *(np.zeros(shape_of(x), dtype_of(out)) if t is None else t for t, x in pairs), **params)

    def reads(self, i: int, count: int) -> frozenset[int]:
        return frozenset({1})


# The same where the mask is itself a recorded value, which other inputs may change.
choose_p = _OfMask(
    "choose",
    lambda mask, x, y: np.where(mask, x, y),
    transpose=_chosen_share,
    batched=_choose_batched,
    selects=True,
    flow="moves",
)


# -- by index --------------------------------------------------------------------------------------
@implements(operator.getitem)
def getitem(x: Any, index: Any) -> Any:
    """x[index]; the index itself carries no derivative."""
    if type(index) is int:
        return getitem_p(x, index=index)
    return getitem_p(x, index=plain_index(index))


def plain_index(index: Any) -> Any:
    """An index without traced values, its arrays its own: f may change those it used."""
    if not isinstance(index, tuple):
        return _plain_part(index)
    parts = tuple([_plain_part(i) for i in index])
    return index if all(a is b for a, b in zip(parts, index, strict=True)) else parts


def _plain_part(index: Any) -> Any:
    """An index in an array of its own: f may change the one it used."""
    if not isinstance(index, (Box, list, tuple, np.ndarray)):
        return index
    array = np.array(plain_numbers(index))
    # An empty list is a list of no integers.
    return array if array.size or array.dtype.kind == "b" or isinstance(index, np.ndarray) else array.astype(int)


def plain_numbers(index: Any) -> Any:
    """An index, or the numbers of places, which must not be traced."""
    if is_traced(index):
        index = normalize(index)
        if dtype_of(index).kind in "biu":
            return value(index)
        raise LostDerivative(
            f"a traced value was used as an index or a count{place()}; write int(x), or ad.value(x).astype(int) of an "
            "array, which has derivative 0"
        )
    return index


def along(a: Any, axis: int, part: slice) -> Any:
    """A slice along an axis."""
    return a[(slice(None),) * normalize_axis_index(axis, len(shape_of(a))) + (part,)]


def taken(a: Any, numbers: Any, axis: int) -> Any:
    """What has these numbers along an axis; the numbers in an array of their own, for f may change the one it used."""
    return take_p(a, indices=np.array(numbers), axis=axis_from_end(a, axis))


def by_number(a: Any, numbers: Any) -> Any:
    """The elements of a that have these numbers in C order."""
    return np.ravel(a)[numbers]


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Any:
    refuse_out(out)
    a, axis = axis_of(np.atleast_1d(a), axis)
    numbers = np.asarray(plain_numbers(indices))
    if 0 in shape_of(a):
        return np.reshape(a, np.take(plain(a), numbers, axis, mode=mode).shape)  # type: ignore[call-overload]
    if mode != "raise" or numbers.dtype.kind not in "iu":
        numbers = np.take(np.arange(shape_of(a)[axis]), indices, mode=mode)  # type: ignore[call-overload]
    return taken(a, numbers, axis)


def axis_of(a: Any, axis: int | None) -> tuple[Any, int]:
    """An array and the axis that is meant: without one all its numbers are in a row."""
    a = normalize(a)
    return (np.ravel(a), 0) if axis is None else (a, normalize_axis_index(axis, len(shape_of(a))))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    return by_number(arr, np.take_along_axis(numbers_of(arr), plain_numbers(indices), axis))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    refuse_out(out)
    a, axis = axis_of(np.atleast_1d(a), axis)
    if 0 in shape_of(a):
        return np.reshape(a, np.compress(_mask(condition), plain(a), axis).shape)
    return taken(a, np.compress(_mask(condition), np.arange(shape_of(a)[axis])), axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return by_number(normalize(arr), np.flatnonzero(_mask(condition)))


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    arr, axis = axis_of(arr, axis)
    count = shape_of(arr)[axis]
    if not isinstance(obj, (int, np.integer)) or isinstance(obj, bool):
        return taken(arr, np.delete(np.arange(count), plain_numbers(obj)), axis)
    np.delete(np.empty(count, bool), obj)  # NumPy says what is out of bounds
    i = int(obj) % count
    return np.concatenate([along(arr, axis, slice(None, i)), along(arr, axis, slice(i + 1, None))], axis)


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """Without the zeros at the ends: which they are is f's decision, as in a comparison."""
    trim, shape = trim.lower(), shape_of(filt)
    if trim not in {"fb", "bf", "f", "b"}:
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    places = np.nonzero(np.not_equal(filt, 0)) if shape else ()
    index = [slice(None)] * len(shape)
    for i in range(len(shape)) if axis is None else normalize_axis_tuple(axis, len(shape)):
        if not len(places[i]):
            index[i] = slice(0, 0)
        else:
            start, stop = int(np.min(places[i])), int(np.max(places[i])) + 1
            index[i] = slice(start if "f" in trim else None, stop if "b" in trim else None)
    return filt[tuple(index)]


# -- diagonals and triangles -----------------------------------------------------------------------
@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    np.diagonal(model(a), offset, axis1, axis2)
    return diagonal_p(np.moveaxis(a, (axis1, axis2), (-2, -1)), offset=operator.index(offset))


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None) -> Any:
    refuse_out(out)
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    shape = shape_of(v)
    if len(shape) == 1:
        size = shape[0] + abs(k)
        return embed_p(v, offset=operator.index(k), shape=(size, size))
    if len(shape) != 2:
        raise ValueError("Input must be 1- or 2-d.")  # NumPy's words
    return np.diagonal(v, k)


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(v), k)


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*_sides(m), k=k, dtype=bool), m, 0)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*_sides(m), k=k - 1, dtype=bool), 0, m)


def _sides(m: Any) -> Shape:
    """The numbers of rows and columns; a vector counts as every row of a square."""
    shape = shape_of(m)[-2:]
    return shape * 2 if len(shape) == 1 else shape


# -- by choice -------------------------------------------------------------------------------------
_ABSENT = object()


@implements(np.where)
def where(condition: Any, x: Any = _ABSENT, y: Any = _ABSENT, /) -> Any:
    """The branch not taken contributes exactly 0. A scalar condition picks one branch and records nothing else."""
    if x is _ABSENT or y is _ABSENT:
        return np.where(_mask(condition), *(plain(part) for part in (x, y) if part is not _ABSENT))
    x, y, mask = normalize(x), normalize(y), _traced_mask(condition)
    if isinstance(mask, Box):
        return choose_p(mask, x, y)
    return where_p(x, y, mask=mask) if mask.ndim else _picked(x if mask else y, x, y)


def _mask(condition: Any) -> Any:
    """A condition as a mask of its own: f may change the array it used."""
    return np.array(value(_traced_mask(condition)), bool)


def _traced_mask(condition: Any) -> Any:
    """A condition as a mask, which is traced where a recorder lets it flow on as data."""
    condition = normalize(condition)
    if isinstance(condition, Box) and dtype_of(condition).kind != "b":
        condition = condition != 0
    return condition if isinstance(condition, Box) else np.array(condition, bool)


def _picked(branch: Any, x: Any, y: Any) -> Any:
    """One of the branches x and y in the shape and dtype that the two have together; a copy, as in NumPy."""
    shape, dtype = np.broadcast_shapes(shape_of(x), shape_of(y)), np.result_type(plain(x), plain(y))
    if shape_of(branch) != shape:
        branch = np.broadcast_to(branch, shape)
    if not isinstance(branch, Box):
        return np.array(branch, dtype)
    if dtype_of(branch) != dtype:
        return cast(branch, dtype)
    return copy_p(branch, order="K") if isinstance(plain(branch), np.ndarray) else branch


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    conditions, choices = list(condlist), [normalize(x) for x in (*choicelist, default)]
    shapes = [np.zeros(shape_of(c), dtype_of(c)) if isinstance(c, Box) else c for c in conditions]
    np.select(shapes, [False] * (len(choices) - 1))  # NumPy says what is wrong with them
    dtype = np.result_type(*map(plain, choices))
    *choices, out = [cast(x, dtype) for x in choices]
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        out = np.where(condition, choice, out)
    return out


@implements(np.choose)
def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    refuse_out(out)
    a = np.asarray(plain_numbers(a))
    given = [normalize(x) for x in choices]
    dtype = np.result_type(*map(plain, given))
    parts = np.broadcast_arrays(*(cast(x, dtype) for x in given), np.empty(a.shape, bool))[:-1]
    numbers = np.choose(a, [numbers_of(x, i * x.size) for i, x in enumerate(parts)], mode=mode)  # type: ignore[arg-type]
    return by_number(np.stack(parts), numbers)


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """The pieces of x through their functions, joined; an element of two pieces comes from the later one."""
    pieces: list[tuple[Any, Any]] = []

    def noting(fun: Any) -> Callable[[Any], Any]:
        return lambda numbers: pieces.append((numbers, fun)) or numbers

    # NumPy itself pairs conditions and functions, and takes the elements' numbers apart.
    condlist = [value(c) for c in condlist] if isinstance(condlist, (list, tuple)) else value(condlist)
    np.piecewise(numbers_of(x), condlist, [noting(fun) for fun in funclist])
    dtype, values, source, count = dtype_of(x), [np.zeros(1, dtype_of(x))], np.zeros(shape_of(x), int), 1
    for numbers, fun in pieces:
        piece = normalize(fun(by_number(x, numbers), *args, **kw) if callable(fun) else fun)
        values.append(np.ravel(cast(np.broadcast_to(piece, numbers.shape), dtype)))
        source.flat[numbers] = count + numbers_of(numbers)
        count += numbers.size
    return laid_as(np.concatenate(values)[source], x)
