"""Assembly: arrays joined, repeated, split and padded."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..errors import NoRule, place
from ..tracing import Box, is_traced, normalize, plain
from .indexing import along, axis_of, numbers_of, plain_numbers, taken
from .shape import broadcast_to_p, laid_as, model, owned, reshaped
from .table import JointlyLinear, Linear, axis_from_end, cast, dtype_of, implements, refuse_out, shape_of


# -- rows ------------------------------------------------------------------------------------------
def _concatenate_share(i: int, cotangent: Any, *arrays: Any, axis: int) -> Any:
    start = sum(shape_of(a)[axis] for a in arrays[:i])
    stop = start + shape_of(arrays[i])[axis]
    return cotangent[(slice(None),) * (len(shape_of(arrays[i])) + axis) + (slice(start, stop),)]


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
roll_p = Linear(
    "roll",
    lambda x, *, shift, axis: np.roll(x, shift, axis),
    transpose=lambda cotangent, x, *, shift, axis: np.roll(cotangent, tuple(-s for s in shift), axis),
    batched=lambda tangents, x, *, shift, axis: np.roll(tangents, shift, axis),
    flow="moves",
)


# -- joined ----------------------------------------------------------------------------------------
def _parts(arrays: Any, dtype: Any = None, casting: Any = "same_kind") -> list[Any]:
    """The arrays of a sequence, or the rows of an array, in the dtype asked for."""
    if not hasattr(arrays, "__getitem__"):
        raise TypeError("The first input argument needs to be a sequence")  # NumPy's words of a generator
    parts = [normalize(a) for a in arrays]
    if dtype is None and casting == "same_kind":
        return parts
    # NumPy says what may be cast, and into what.
    found = np.concatenate([np.empty(0, dtype_of(a)) for a in parts], dtype=dtype, casting=casting)
    return [a if dtype_of(a) == found.dtype else cast(a, found.dtype) for a in parts]


@implements(np.concatenate, np.concat)
def concatenate(
    arrays: Sequence[Any],
    /,
    axis: int | None = 0,
    out: None = None,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:
    refuse_out(out)
    parts = _parts(arrays, dtype, casting)
    if axis is None:
        parts, axis = [np.ravel(a) for a in parts], 0
    if not shape_of(parts[0]):
        raise ValueError("zero-dimensional arrays cannot be concatenated")  # NumPy's words
    return concatenate_p(*parts, axis=axis_from_end(parts[0], axis))


@implements(np.stack)
def stack(
    arrays: Sequence[Any], axis: int = 0, out: None = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    refuse_out(out)
    parts = _parts(arrays, dtype, casting)
    n = len(shape_of(parts[0])) + 1
    return stack_p(*parts, axis=normalize_axis_index(axis, n) - n)


@implements(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    parts = [np.atleast_1d(a) for a in _parts(tup)]
    return np.concatenate(parts, axis=0 if len(shape_of(parts[0])) == 1 else 1, dtype=dtype, casting=casting)


@implements(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    return np.concatenate([np.atleast_2d(a) for a in _parts(tup)], axis=0, dtype=dtype, casting=casting)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in _parts(tup)], axis=2)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    parts = [a if len(shape_of(a)) >= 2 else np.reshape(a, (-1, 1)) for a in _parts(tup)]
    return np.concatenate(parts, axis=1)


@implements(np.block)
def block(arrays: Any) -> Any:
    # NumPy says what is wrong with the nesting and the shapes, and how many axes the result has.
    n = np.block(_each(arrays, lambda a: model(normalize(a)))).ndim
    depth, innermost = 0, arrays
    while isinstance(innermost, list):
        depth, innermost = depth + 1, innermost[0]
    return _joined(arrays, -depth, n) if depth else np.copy(normalize(arrays))


def _each(nested: Any, fun: Callable[[Any], Any]) -> Any:
    """A function of every entry of nested lists."""
    return [_each(part, fun) for part in nested] if isinstance(nested, list) else fun(nested)


def _joined(nested: Any, axis: int, n: int) -> Any:
    """Nested lists joined along the axis and those after it; entries have n axes."""
    if isinstance(nested, list):
        return np.concatenate([_joined(part, axis + 1, n) for part in nested], axis=axis)
    a = normalize(nested)
    return reshaped(a, (1,) * (n - len(shape_of(a))) + shape_of(a))


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([normalize(arr), normalize(values)], axis=axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values = normalize(arr), cast(normalize(values), dtype_of(normalize(arr)))
    arr, axis = axis_of(arr, axis)
    n = len(shape_of(arr))
    if np.size(plain_numbers(obj)) == 1 and np.asarray(obj).dtype.kind in "iu":
        return _inserted(arr, np.asarray(obj), values, axis, n)
    # The numbers of the elements are inserted by NumPy itself, and the elements taken by number.
    numbers = numbers_of(arr)
    places = np.insert(numbers, obj, numbers_of(values, numbers.size), axis)
    return np.concatenate([np.ravel(arr), np.ravel(values)])[places]


def _inserted(arr: Any, place: Any, values: Any, axis: int, n: int) -> Any:
    """Values inserted at one place along an axis; a place in a list keeps the values' axes where they are."""
    values = np.reshape(values, (*(1,) * (n - len(shape_of(values))), *shape_of(values)))
    values = values if place.ndim else np.moveaxis(values, 0, axis)
    shape, i = list(shape_of(arr)), int(place.reshape(-1)[0])
    np.insert(np.empty(shape[axis], bool), i, False)  # NumPy says what is out of bounds
    before, after = along(arr, axis, slice(None, i)), along(arr, axis, slice(i, None))
    shape[axis] = shape_of(values)[axis]
    return np.concatenate([before, np.broadcast_to(values, shape), after], axis)


# -- taken apart -----------------------------------------------------------------------------------
# NumPy's own, which take whatever can be sliced and transposed.
for _fun in (np.array_split, np.split, np.hsplit, np.vsplit, np.dsplit):
    implements(_fun)(inspect.unwrap(_fun))


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    arr = normalize(arr)
    axis = normalize_axis_index(axis, len(shape_of(arr)))
    moved = np.moveaxis(arr, axis, -1)
    lead = shape_of(moved)[:-1]
    results = [normalize(func1d(moved[(*index, ...)], *args, **kwargs)) for index in np.ndindex(lead)]
    if not results:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")  # NumPy's words
    # The first result says of which shape and dtype all are.
    shape, dtype = shape_of(results[0]), dtype_of(results[0])
    stacked = np.stack([cast(np.broadcast_to(r, shape), dtype) for r in results])
    axes = range(len(shape))
    return np.moveaxis(np.reshape(stacked, lead + shape), [len(lead) + i for i in axes], [axis + i for i in axes])


@implements(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    n = len(shape_of(a))
    for axis in np.atleast_1d(axes).tolist():
        axis = axis + n if axis < 0 else axis
        out = func(a, axis)
        if np.ndim(out) != np.ndim(a):
            out = np.expand_dims(out, axis)
        if np.ndim(out) != np.ndim(a):
            raise ValueError("function is not returning an array of the correct shape")  # NumPy's words
        a = out
    return a


# -- repeated --------------------------------------------------------------------------------------
@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(np.roll(np.ravel(a), shift, 0), shape_of(a))
    n = len(shape_of(a))
    pairs = np.broadcast(plain_numbers(shift), normalize_axis_tuple(axis, n, allow_duplicate=True))
    if pairs.ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")  # NumPy's words
    shifts, axes = zip(*((int(s), int(i) - n) for s, i in pairs), strict=True) if pairs.size else ((), ())
    return roll_p(a, shift=shifts, axis=axes)


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    a, axis = axis_of(np.atleast_1d(a), axis)
    shape = shape_of(a)
    if np.size(plain_numbers(repeats)) != 1 or math.prod(shape) <= FEW_NUMBERS:
        return taken(a, np.repeat(np.arange(shape[axis]), repeats), axis)
    count = np.repeat(np.zeros(1, bool), repeats).size
    if 0 < count <= FEW_TIMES:
        spread = np.stack([a] * count, axis + 1)
    else:
        spread = np.broadcast_to(np.expand_dims(a, axis + 1), (*shape[: axis + 1], count, *shape[axis + 1 :]))
    return owned(reshaped(spread, (*shape[:axis], shape[axis] * count, *shape[axis + 1 :])), a)


# So few numbers are taken by number faster than spread out; so few arrays are added faster one by one than by axis.
FEW_NUMBERS, FEW_TIMES = 1000, 8


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    A, reps = normalize(A), tuple(map(operator.index, np.atleast_1d(plain_numbers(reps))))
    n = max(len(reps), len(shape_of(A)))
    sizes, counts = ((1,) * (n - len(x)) + x for x in (shape_of(A), reps))
    pairs = list(zip(counts, sizes, strict=True))
    apart = reshaped(A, tuple(m for _, size in pairs for m in (1, size)))
    spread = broadcast_to_p(apart, shape=tuple(m for pair in pairs for m in pair))
    out = owned(reshaped(spread, tuple(count * size for count, size in pairs)), A)
    return laid_as(out, A) if shape_of(out) == shape_of(A) else out


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    shape = np.resize(np.zeros(0, bool), new_shape).shape
    wanted, given = math.prod(shape), math.prod(shape_of(a))
    if not wanted or not given:
        return np.zeros(shape, dtype_of(a))
    return np.reshape(np.tile(np.ravel(a), -(-wanted // given))[:wanted], shape)


# -- padded ----------------------------------------------------------------------------------------
# What stands before and after an array along an axis, where `left` and `right` places are missing. Some modes fill them
# in several rounds. `period` is how long the axis was at first, `pair` the mode's option on both sides.
def _constant(a: Any, axis: int, left: int, right: int, period: int, pair: Any) -> tuple[Any, Any]:
    return _wide(pair[0], a, axis, left), _wide(pair[1], a, axis, right)


def _wide(x: Any, a: Any, axis: int, width: int) -> Any:
    """x along an axis of an array a, this many times, in the dtype of a."""
    shape = shape_of(a)
    return np.broadcast_to(cast(x, dtype_of(a)), (*shape[:axis], width, *shape[axis + 1 :]))


def _edges(a: Any, axis: int) -> tuple[Any, Any]:
    return along(a, axis, slice(None, 1)), along(a, axis, slice(-1, None))


def _edge(a: Any, axis: int, left: int, right: int, period: int, pair: Any) -> tuple[Any, Any]:
    return _constant(a, axis, left, right, period, _edges(a, axis))


def _reflect(a: Any, axis: int, left: int, right: int, period: int, pair: Any, repeated: int = 0) -> tuple[Any, Any]:
    """A mirror at both ends, with the edge repeated in it or not."""
    if period == 1:
        return _edge(a, axis, left, right, period, pair)
    size = shape_of(a)[axis]
    whole = size // period * period if repeated else (size - 1) // (period - 1) * (period - 1)
    before, after = min(whole, left), min(whole, right)
    first, last = 1 - repeated, size - 1 + repeated
    chunks = along(a, axis, slice(first, first + before)), along(a, axis, slice(last - after, last))
    mirrored = tuple(np.flip(chunk, axis) for chunk in chunks)
    if pair == "odd":
        mirrored = tuple(2 * edge - chunk for edge, chunk in zip(_edges(a, axis), mirrored, strict=True))
    return mirrored[0], mirrored[1]


def _symmetric(a: Any, axis: int, left: int, right: int, period: int, pair: Any) -> tuple[Any, Any]:
    return _reflect(a, axis, left, right, period, pair, repeated=1)


def _wrap(a: Any, axis: int, left: int, right: int, period: int, pair: Any) -> tuple[Any, Any]:
    size = shape_of(a)[axis]
    whole = size // period * period
    before, after = min(whole, left), min(whole, right)
    start = size - whole
    return along(a, axis, slice(whole - before, whole)), along(a, axis, slice(start, start + after))


def _linear_ramp(a: Any, axis: int, left: int, right: int, period: int, pair: Any) -> tuple[Any, Any]:
    first, last = _edges(a, axis)
    return _ramp(pair[0], first, axis, left), np.flip(_ramp(pair[1], last, axis, right), axis)


def _ramp(start: Any, stop: Any, axis: int, width: int) -> Any:
    """From start on to stop, which is not reached: np.linspace, step by step."""
    dtype = np.result_type(plain(start), dtype_of(stop), 0.0)
    delta = cast(stop, dtype) - cast(start, dtype)
    counts = np.arange(width, dtype=dtype).reshape([-1 if i == axis else 1 for i in range(len(shape_of(stop)))])
    step = delta / max(width, 1)
    # Where a step is too small for a number NumPy divides first.
    ramp = counts / width * delta if width and np.any(plain(step) == 0) else counts * step
    return cast(ramp + start, dtype_of(stop))


def _statistic(fun: Any) -> Callable[..., tuple[Any, Any]]:
    """The mode that fills in a statistic of the numbers near each end."""

    def sides(a: Any, axis: int, left: int, right: int, period: int, pair: Any) -> tuple[Any, Any]:
        before, after = (period if length is None else min(int(length), period) for length in pair)
        first = fun(along(a, axis, slice(0, before)), axis=axis, keepdims=True)
        if before == after == period:
            return _wide(first, a, axis, left), _wide(first, a, axis, right)
        last = fun(along(a, axis, slice(period - after, period)), axis=axis, keepdims=True)
        return _wide(first, a, axis, left), _wide(last, a, axis, right)

    return sides


# Each mode's way to fill the sides, its option and what that is unless given.
_MODES: dict[str, tuple[Callable[..., tuple[Any, Any]], str, Any]] = {
    "constant": (_constant, "constant_values", 0),
    "empty": (_constant, "", 0),
    "edge": (_edge, "", None),
    "reflect": (_reflect, "reflect_type", "even"),
    "symmetric": (_symmetric, "reflect_type", "even"),
    "wrap": (_wrap, "", None),
    "linear_ramp": (_linear_ramp, "end_values", 0),
    "maximum": (_statistic(np.max), "stat_length", None),
    "minimum": (_statistic(np.min), "stat_length", None),
    "mean": (_statistic(np.mean), "stat_length", None),
    "median": (_statistic(np.median), "stat_length", None),
}


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    if callable(mode):
        raise NoRule(
            f"numpy.pad with a function as mode writes into the padded array{place()}; join the parts with "
            "np.concatenate instead"
        )
    shape = shape_of(array)
    # NumPy says what is wrong with the arguments.
    tiny = np.zeros([min(size, 2) for size in shape], dtype_of(array))
    with np.errstate(all="ignore"):
        np.pad(tiny, pad_width, mode, **{name: 0 if is_traced(x) else x for name, x in kwargs.items()})
    sides, name, default = _MODES[mode]
    option = kwargs.get(name, default)
    a = array
    for axis, (left, right) in enumerate(_widths(pad_width, len(shape))):
        pair = option if isinstance(option, str) else _pair(option, len(shape), axis)
        while left or right:
            before, after = sides(a, axis, left, right, shape[axis], pair)
            left, right = left - shape_of(before)[axis], right - shape_of(after)[axis]
            a = np.concatenate([x for x in (before, a, after) if shape_of(x)[axis]], axis)
    return np.copy(array) if a is array else a


def _widths(pad_width: Any, n: int) -> list[tuple[int, int]]:
    """How many places to add before and after, for each of n axes."""
    if isinstance(pad_width, dict):
        given = {axis % n: width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(axis, 0), 2) for axis in range(n)]
    return [(int(left), int(right)) for left, right in np.broadcast_to(np.asarray(pad_width), (n, 2))]


def _pair(option: Any, n: int, axis: int) -> tuple[Any, Any]:
    """An option on both sides of an axis."""
    option = normalize(option)
    pairs = np.broadcast_to(option, (n, 2))
    pair = pairs[axis, 0], pairs[axis, 1]
    # One number for all axes or sides keeps its dtype, others become Python's own: ramps differ in precision by that.
    kept = isinstance(option, Box) or np.size(option) < 2 or (np.size(option) == 2 and np.shape(option) != (2, 1))
    return pair if kept else (pair[0].item(), pair[1].item())
