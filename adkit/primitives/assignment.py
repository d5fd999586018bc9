"""Assignment: what is written to the elements of a traced array, as NumPy's functions and statements write it.

A write makes a new array; the handles of the old one, and of all that shares its memory, stand for the new one from
then on (`views.rewrite`). The caller's own arrays never change.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import refusals
from ..tracing import Box, normalize, plain, value
from ..views import link_of, rewrite
from .indexing import getitem_p, is_basic, numbers_of, plain_index, plain_numbers
from .shape import model
from .table import JointlyLinear, implements, lined_up, shape_of, sum_to


# -- the row ---------------------------------------------------------------------------------------
def _assigned(x: Any, item: Any, *, index: Any) -> Any:
    out = np.array(x)
    # Into an array of objects, an array without axes would be put as such.
    out[index] = item[()] if isinstance(item, np.ndarray) else item
    return out


def _share(i: int, cotangent: Any, x: Any, item: Any, *, index: Any) -> Any:
    """x keeps the cotangent of what was not written to; the item gets that of the elements where it is what is left."""
    if i == 0:
        return assign_p(cotangent, 0.0, index=index)
    share = cotangent[index]
    if not is_basic(index) and not np.all(left := _last_written(shape_of(x), index)):
        share = np.where(left, share, 0.0)
    shape = shape_of(item)
    surplus = max(len(shape) - len(shape_of(share)), 0)  # axes of length 1 that NumPy drops
    return np.reshape(sum_to(share, shape[surplus:]), shape)


def _last_written(shape: tuple[int, ...], index: Any) -> Any:
    """Which of the elements at an index that may repeat places are still there after the assignment."""
    written = np.empty(shape, int)
    order = np.arange(written[index].size).reshape(written[index].shape)
    written[index] = order
    return written[index] == order


def _assign_batched(tangents: list[Any], args: tuple[Any, ...], out: Any, *, index: Any) -> Any:
    x_tangents, item_tangents = tangents
    parts = index if isinstance(index, tuple) else (index,)
    if not is_basic(index) and len(parts) > 1:
        # Index arrays apart from each other would change places with the batch axis.
        return np.stack([assign_p(x, item, index=index) for x, item in zip(x_tangents, item_tangents, strict=True)])
    missing = model(out)[index].ndim - len(shape_of(args[1]))
    surplus = max(-missing, 0)  # axes of length 1 that NumPy drops
    items = np.squeeze(item_tangents, tuple(range(1, surplus + 1))) if surplus else lined_up(item_tangents, missing)
    return assign_p(x_tangents, items, index=(slice(None), *parts))


assign_p = JointlyLinear("assign", _assigned, transpose=_share, batched=_assign_batched, selects=True, flow="moves")


# -- statements and functions ----------------------------------------------------------------------
def _require_traced(x: Any, name: str) -> Any:
    """What is written to must be a traced array; a plain one cannot hold a derivative."""
    if not isinstance(x, Box):
        raise refusals.written_into(name)
    if type(plain(x)) is not np.ndarray:
        raise TypeError(f"{type(plain(x)).__name__!r} object does not support item assignment")
    return x


@implements(operator.setitem)
def setitem(x: Any, index: Any, item: Any) -> None:
    """x[index] = item."""
    _require_traced(x, "item assignment")
    index = plain_index(index)
    if isinstance(item, Box) and _is_window(item, x, index):
        return  # the end of `x[index] += ...`, which has written through the view
    rewrite(x, assign_p(x, _number(item), index=index))


def _is_window(item: Box, x: Box, index: Any) -> bool:
    """Whether an item is the view of x at this index."""
    link = link_of(item)
    return link.base is x and link.row is getitem_p and link.params["index"] is index


def _number(item: Any) -> Any:
    return item if isinstance(item, Box) else normalize(item)


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """All elements, or those where a mask holds."""
    _require_traced(dst, "numpy.copyto")
    src = normalize(src)
    if not np.can_cast(kind := np.result_type(plain(src)), dst.dtype, casting):
        raise TypeError(f"Cannot cast array data from {kind!r} to {dst.dtype!r} according to the rule {casting!r}")
    if (mask := value(normalize(where))) is not True:
        src = np.where(np.broadcast_to(mask, dst.shape), src, dst)
    dst[...] = src


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    """Elements of the flattened array; what is given is taken over and over."""
    _require_traced(a, "numpy.put")
    places = np.take(np.arange(a.size), plain_numbers(ind), mode=mode).ravel()
    _put_flat(a, places, _repeated(v, places.size))


def _repeated(v: Any, count: int) -> Any:
    """The first `count` of the elements, taken over and over."""
    flat = np.ravel(normalize(v))
    return flat if len(flat) == count or not len(flat) else flat[np.arange(count) % len(flat)]


def _put_flat(a: Any, places: Any, items: Any) -> None:
    if len(places) and len(items):
        a[np.unravel_index(places, a.shape)] = items


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """The elements where a mask holds, by the elements given one after the other."""
    _require_traced(arr, "numpy.place")
    places = np.flatnonzero(value(normalize(mask)))
    if len(places) and not np.size(plain(normalize(vals))):
        raise ValueError("Cannot insert from an empty array!")  # NumPy's words
    _put_flat(arr, places, _repeated(vals, len(places)))


@implements(np.putmask)
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    """The elements where a mask holds, each by the element at its own place."""
    _require_traced(a, "numpy.putmask")
    places = np.flatnonzero(value(normalize(mask)))
    _put_flat(a, places, _repeated(values, a.size)[places])


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    _require_traced(arr, "numpy.put_along_axis")
    places = np.take_along_axis(numbers_of(arr), np.asarray(plain_numbers(indices)), axis)
    _put_flat(arr, places.ravel(), np.ravel(np.broadcast_to(normalize(values), places.shape)))


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    _require_traced(a, "numpy.fill_diagonal")
    marked = np.zeros(a.shape, bool)
    np.fill_diagonal(marked, True, wrap)
    places = np.flatnonzero(marked)
    _put_flat(a, places, _repeated(val, len(places)))


# -- ufunc.at --------------------------------------------------------------------------------------
def _at(ufunc: np.ufunc) -> None:
    """In-place application at an index, once for every time that it names an element."""

    @implements((ufunc, "at"))
    def implementation(a: Any, indices: Any, *operands: Any) -> None:
        _require_traced(a, f"numpy.{ufunc.__name__}.at")
        numbers = numbers_of(a)[plain_index(indices)]
        flat = [np.ravel(np.broadcast_to(normalize(b), numbers.shape)) for b in operands]
        for turn in _turns(numbers.ravel()):
            where = np.unravel_index(numbers.ravel()[turn], a.shape)
            a[where] = ufunc(a[where], *[b[turn] for b in flat])


def _turns(numbers: Any) -> list[Any]:
    """The positions of the numbers, in groups in which no number stands twice, repeats in their order."""
    order = np.argsort(numbers, kind="stable")
    ranked = numbers[order]
    first = np.searchsorted(ranked, ranked)
    turn = np.empty(len(numbers), int)
    turn[order] = np.arange(len(numbers)) - first
    return [np.flatnonzero(turn == k) for k in range(turn.max(initial=-1) + 1)]


for _ufunc in (np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.power, np.negative, np.square):
    _at(_ufunc)


def _added(a: Any, b: Any, *, index: Any) -> Any:
    out = np.array(a)
    np.add.at(out, index, b)
    return out


def _added_share(i: int, cotangent: Any, a: Any, b: Any, *, index: Any) -> Any:
    return cotangent if i == 0 else sum_to(cotangent[index], shape_of(b))


add_at_p = JointlyLinear(
    "add.at",
    _added,
    transpose=_added_share,
    batched=lambda tangents, args, out, *, index: np.stack(
        [add_at_p(a, b, index=index) for a, b in zip(*tangents, strict=True)]
    ),
    flow="adds",
)


@implements((np.add, "at"))
def add_at(a: Any, indices: Any, b: Any) -> None:
    """Sums accumulate wherever the index repeats a place."""
    _require_traced(a, "numpy.add.at")
    rewrite(a, add_at_p(a, _number(b), index=plain_index(indices)))
