"""Shape: one array seen otherwise. What is a view in NumPy is a view here, and what is a copy a copy."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..errors import LostDerivative, place, warn
from ..tracing import Box, normalize, plain
from ..views import read_only
from .table import Linear, align, dtype_of, implements, is_complex, like, shape_of, sum_to

Shape = tuple[int, ...]


# -- rows ------------------------------------------------------------------------------------------
def _undoing(axes: Any) -> tuple[int, ...]:
    """The order of axes that a transposition in this order had before."""
    return tuple(int(i) for i in np.argsort(axes))


reshape_p = Linear(
    "reshape",
    lambda x, *, shape: np.reshape(x, shape),
    transpose=lambda cotangent, x, *, shape: np.reshape(cotangent, shape_of(x)),
    batched=lambda tangents, x, *, shape: np.reshape(tangents, (len(tangents), *shape)),
    flow="moves",
    put=lambda x, new, *, shape: np.reshape(new, np.shape(x)),
)
transpose_p = Linear(
    "transpose",
    lambda x, *, axes: np.transpose(x, axes),
    transpose=lambda cotangent, x, *, axes: np.transpose(cotangent, _undoing(axes)),
    batched=lambda tangents, x, *, axes: np.transpose(tangents, (0, *(i + 1 for i in axes))),
    flow="moves",
    put=lambda x, new, *, axes: np.transpose(new, _undoing(axes)),
)
broadcast_to_p = Linear(
    "broadcast_to",
    lambda x, *, shape: np.broadcast_to(x, shape),
    transpose=lambda cotangent, x, *, shape: sum_to(cotangent, shape_of(x)),
    batched=lambda tangents, x, *, shape: np.broadcast_to(
        align(tangents, x, np.empty(shape, bool)), (len(tangents), *shape)
    ),
    flow="moves",
    put=read_only,
)
copy_p = Linear(
    "copy",
    lambda x, *, order: np.array(x, order=order),
    transpose=lambda cotangent, x, *, order: cotangent,
    batched=lambda tangents, x, *, order: tangents,
    flow="moves",
)
astype_p = Linear(
    "astype",
    lambda x, *, dtype: x.astype(dtype) if isinstance(x, np.ndarray) else np.asarray(x).astype(dtype)[()],
    transpose=lambda cotangent, x, *, dtype: like(cotangent, x),
    batched=lambda tangents, x, *, dtype: np.astype(tangents, dtype),
    flow="moves",
)
# A Python number, whose precision gives way to that of what it meets.
item_p = Linear(
    "item",
    lambda x: np.asarray(x).item(),
    transpose=lambda cotangent, x: cotangent,
    batched=lambda tangents, x: np.astype(tangents, complex if is_complex(x) else float),
    flow="moves",
)
implements(np.ndarray.item)(item_p)
real_p = Linear(
    "real",
    np.real,
    transpose=lambda cotangent, x: cotangent + 0j,
    batched=lambda tangents, x: np.real(tangents),
    flow="moves",
    put=lambda z, new: new + 1j * np.imag(z),
)
imag_p = Linear(
    "imag",
    np.imag,
    transpose=lambda cotangent, x: -1j * cotangent,
    batched=lambda tangents, x: np.imag(tangents),
    flow="moves",
    put=lambda z, new: np.real(z) + 1j * new,
)
conjugate_p = Linear(
    "conjugate",
    np.conjugate,
    transpose=lambda cotangent, x: np.conjugate(cotangent),
    batched=lambda tangents, x: np.conjugate(tangents),
    flow="moves",
)


# -- the same numbers in another shape -------------------------------------------------------------
@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: Any = "C", *, newshape: Any = None, copy: bool | None = None) -> Any:
    complete = _complete(a, shape if shape is not None else newshape, order)
    if copy is False:
        np.reshape(plain(a), complete, order, copy=False)  # NumPy says where it cannot
    by_columns = _is_by_columns(a, order)
    out = np.transpose(reshaped(np.transpose(a), complete[::-1])) if by_columns else reshaped(a, complete)
    return owned(out, a, order) if copy else out


def reshaped(a: Any, shape: Shape) -> Any:
    """An array in a shape without -1; nothing is done where it has that shape."""
    return a if isinstance(a, Box) and shape_of(a) == shape else reshape_p(a, shape=shape)


def model(a: Any) -> Any:
    """A plain array of the shape of a: what NumPy does to it shows shapes and raises NumPy's own errors."""
    return np.empty(shape_of(a), bool)


def _complete(a: Any, shape: Any, order: Any) -> Shape:
    """A shape without -1."""
    return np.reshape(model(a), shape, order).shape


def _is_by_columns(a: Any, order: Any) -> bool:
    """Whether an order reads the first index fastest; "A" asks how the array lies in memory."""
    order = str(order or "C").upper()
    return order == "F" or (order == "A" and np.asarray(plain(a)).flags.fnc)


def owned(out: Any, a: Any, order: Any = "C") -> Any:
    """out in memory of its own, where it is a view of a, or of one number again and again."""
    array = np.asarray(plain(out))
    view = not array.flags.writeable or np.may_share_memory(array, np.asarray(plain(a)))
    return np.copy(out, order) if view else out


@implements(np.ravel)
def ravel(a: Any, order: Any = "C") -> Any:
    if str(order).upper() == "K":
        a, order = np.transpose(a, _in_memory(np.asarray(plain(a)))), "C"
    return np.reshape(a, -1, order)


def _in_memory(x: Any) -> list[int]:
    """The axes from the longest to the shortest step; numbers that stand for many keep them as they are."""
    axes = list(range(x.ndim))
    if not all(step for size, step in zip(x.shape, x.strides, strict=True) if size > 1):
        return axes
    return sorted(axes, key=lambda i: -abs(x.strides[i]))


def laid_as(out: Any, a: Any) -> Any:
    """out with its axes in memory in the order of those of a, as NumPy makes a result in the image of an argument."""
    array, model = plain(out), plain(a)
    if not isinstance(array, np.ndarray) or not isinstance(model, np.ndarray) or array.ndim < 2:
        return out
    axes = _in_memory(model)
    if array.transpose(axes).flags.c_contiguous:
        return out
    return np.transpose(np.copy(np.transpose(out, axes), "C"), np.argsort(axes).tolist())


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    return reshaped(a, np.squeeze(model(a), axis).shape)


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    return reshaped(a, np.expand_dims(model(a), axis).shape)


def _at_least(fun: Any) -> None:
    """Arrays in the shapes that a function gives them."""

    @implements(fun)
    def implementation(*arrays: Any) -> Any:
        parts = [reshaped(a, fun(model(a)).shape) for a in map(normalize, arrays)]
        return parts[0] if len(parts) == 1 else tuple(parts)


_at_least(np.atleast_1d)
_at_least(np.atleast_2d)
_at_least(np.atleast_3d)


# -- axes in another order -------------------------------------------------------------------------
@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Any:
    n = len(shape_of(a))
    return _transposed(a, tuple(range(n)[::-1] if axes is None else [normalize_axis_index(i, n) for i in axes]))


def _transposed(a: Any, order: tuple[int, ...]) -> Any:
    return a if order == tuple(range(len(shape_of(a)))) else transpose_p(a, axes=order)


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    np.matrix_transpose(model(x))
    return np.swapaxes(x, -1, -2)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    n = len(shape_of(a))
    order = list(range(n))
    i, j = normalize_axis_index(axis1, n), normalize_axis_index(axis2, n)
    order[i], order[j] = j, i
    return _transposed(a, tuple(order))


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    n = len(shape_of(a))
    sources, destinations = normalize_axis_tuple(source, n), normalize_axis_tuple(destination, n)
    order = [i for i in range(n) if i not in sources]
    for position, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(position, axis)
    return _transposed(a, tuple(order))


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    n = len(shape_of(m))
    flipped = range(n) if axis is None else normalize_axis_tuple(axis, n)
    return m[tuple(slice(None, None, -1) if i in flipped else slice(None) for i in range(n))]


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    np.fliplr(model(m))
    return m[:, ::-1]


@implements(np.flipud)
def flipud(m: Any) -> Any:
    np.flipud(model(m))
    return m[::-1, ...]


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    np.rot90(model(m), k, axes)
    first, second = axes
    if k % 2 == 0:
        return np.flip(m, (first, second)) if k % 4 else m
    return np.swapaxes(np.flip(m, second if k % 4 == 1 else first), first, second)


# NumPy's own, which takes whatever can be sliced and transposed.
for _fun in (np.rollaxis, np.unstack):
    implements(_fun)(inspect.unwrap(_fun))


# -- broadcasting ----------------------------------------------------------------------------------
@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return broadcast_to_p(array, shape=(int(shape),) if np.ndim(shape) == 0 else tuple(shape))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    arrays = [a if isinstance(a, Box) else np.asarray(a) for a in map(normalize, args)]
    shape = np.broadcast_shapes(*map(shape_of, arrays))
    return tuple(a if shape_of(a) == shape else np.broadcast_to(a, shape) for a in arrays)


# An open mesh that is not copied is a list in older NumPy, and a tuple in newer.
_OPEN_MESH: Any = type(np.meshgrid(0, copy=False, sparse=True))


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    n = len(xi)
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    axes = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else range(n)
    parts: Any = [_along(axis, n, x) for axis, x in zip(axes, xi, strict=True)]
    parts = _OPEN_MESH(parts) if sparse else np.broadcast_arrays(*parts)
    return tuple(np.copy(part, order="C") for part in parts) if copy else parts


def _along(axis: int, n: int, x: Any) -> Any:
    """The numbers of x along one of n axes."""
    return np.reshape(normalize(x), [-1 if i == axis else 1 for i in range(n)])


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """An open mesh; traced numbers in it are not indices, but may be coordinates."""
    if any(isinstance(x, Box) and x.ndim != 1 for x in args):
        raise ValueError("Cross index must be 1 dimensional")
    n = len(args)
    return tuple(_along(i, n, x) if isinstance(x, Box) else np.ix_(*[x] * n)[i] for i, x in enumerate(args))


# -- the same array in other numbers ---------------------------------------------------------------
@implements(np.copy)
def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    return copy_p(a, order=order)


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """A real or complex dtype keeps the derivative; an integer or boolean one has none to keep."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "fc":
        raise LostDerivative(
            f"astype({dtype.name}) would lose the derivative of a traced value{place()}; write np.floor(x), or "
            f"ad.value(x).astype({dtype.name}) if the derivative is meant to be dropped"
        )
    if not copy and dtype == dtype_of(x):
        return x
    if is_complex(x) and dtype.kind == "f":
        message = "Casting complex values to real discards the imaginary part"  # NumPy's words
        warn(message, np.exceptions.ComplexWarning)
        x = np.real(x)
    return astype_p(x, dtype=dtype)


@implements(np.real)
def real(val: Any) -> Any:
    return real_p(val) if is_complex(val) else val


@implements(np.imag)
def imag(val: Any) -> Any:
    return imag_p(val) if is_complex(val) else np.imag(plain(val))


@implements(np.conjugate, np.conj)
def conjugate(x: Any, /) -> Any:
    return conjugate_p(x) if is_complex(x) else np.positive(x)
