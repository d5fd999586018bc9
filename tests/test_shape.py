"""Views and copies, indices, warnings and errors of shape, indexing and assembly, beyond what every function proves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calls import assembly, indexing, rng_for, shape

import adkit as ad
from adkit.refusals import public_name
from adkit.tracing import plain

EXACT = ["reverse", "forward"]
X = rng_for("test_shape").standard_normal((2, 3))
CALLS = {**shape.PATTERNS, **indexing.PATTERNS, **assembly.PATTERNS}
# Elsewhere than in this family.
CALLS = {function: calls for function, calls in CALLS.items() if function is not np.full_like}


def arrays_in(out: Any) -> list[Any]:
    return [np.asarray(plain(part)) for part in (out if isinstance(out, (list, tuple)) else [out])]


def normalized(out: Any) -> Any:
    """An output without arrays of objects, which NumPy makes of lists of traced numbers."""
    return np.zeros(0) if isinstance(out, np.ndarray) and out.dtype.hasobject else out


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("function", CALLS, ids=public_name)
def test_views_are_views_and_copies_are_copies(function, method):
    for number, call in enumerate(CALLS[function]):
        expected = [np.shares_memory(part, X) for part in arrays_in(call(X))]
        found: list[Any] = []

        def f(x, call=call, found=found):
            found += [np.shares_memory(part, plain(x)) for part in arrays_in(normalized(call(x)))]
            return np.sum(x)

        ad.grad(f, method=method)(X)
        assert found == expected, number


def layout(x: Any) -> Any:
    """How an array lies in memory: what steps its axes take."""
    return [(size, step) for size, step in zip(x.shape, x.strides, strict=True) if size > 1 and x.size]


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("function", CALLS, ids=public_name)
def test_values_lie_in_memory_as_numpys_do(function, method):
    """On it depends what is a view of the value later on."""
    for number, call in enumerate(CALLS[function]):
        expected = list(map(layout, arrays_in(call(X))))
        found: list[Any] = []

        def f(x, call=call, found=found):
            found += map(layout, arrays_in(call(x)))
            return np.sum(x)

        ad.grad(f, method=method)(X)
        assert found == expected, number


# == arguments that NumPy refuses ==================================================================
BAD = {
    "reshape to another size": lambda x: np.reshape(x, 5),
    "reshape by two -1": lambda x: np.reshape(x, (-1, -1)),
    "reshape in an unknown order": lambda x: np.reshape(x, 6, "Q"),
    "reshape without a copy": lambda x: np.reshape(x.T, 6, copy=False),
    "ravel in an unknown order": lambda x: np.ravel(x, "Q"),
    "transpose of too few axes": lambda x: np.transpose(x, (0,)),
    "transpose of an axis twice": lambda x: np.transpose(x, (0, 0)),
    "transpose of an axis too many": lambda x: np.transpose(x, (0, 2)),
    "swapaxes out of bounds": lambda x: np.swapaxes(x, 0, 2),
    "moveaxis out of bounds": lambda x: np.moveaxis(x, 2, 0),
    "moveaxis of an axis twice": lambda x: np.moveaxis(x, (0, 0), (0, 1)),
    "moveaxis of unequal numbers": lambda x: np.moveaxis(x, (0, 1), 0),
    "rollaxis out of bounds": lambda x: np.rollaxis(x, 0, 5),
    "matrix_transpose of a vector": lambda x: np.matrix_transpose(x[0]),
    "squeeze of a long axis": lambda x: np.squeeze(x, 0),
    "expand_dims out of bounds": lambda x: np.expand_dims(x, 4),
    "expand_dims of an axis twice": lambda x: np.expand_dims(x, (0, 0)),
    "flip out of bounds": lambda x: np.flip(x, 2),
    "fliplr of a vector": lambda x: np.fliplr(x[0]),
    "flipud of a number": lambda x: np.flipud(x[0, 0]),
    "rot90 of a vector": lambda x: np.rot90(x[0]),
    "rot90 in one axis": lambda x: np.rot90(x, 1, (0, 0)),
    "rot90 in three axes": lambda x: np.rot90(x, 1, (0, 1, 2)),
    "broadcast_to a smaller shape": lambda x: np.broadcast_to(x, (2, 1)),
    "broadcast_to fewer axes": lambda x: np.broadcast_to(x, 3),
    "broadcast_to a negative shape": lambda x: np.broadcast_to(x[0], (-1, 3)),
    "broadcast_arrays that do not fit": lambda x: np.broadcast_arrays(x, np.ones(2)),
    "unstack of a number": lambda x: np.unstack(x[0, 0]),
    "meshgrid by unknown indexing": lambda x: np.meshgrid(x[0], x[1], indexing="yx"),
    "ix_ of a matrix": lambda x: np.ix_(x),
    "index out of bounds": lambda x: x[2],
    "negative index out of bounds": lambda x: x[0, -4],
    "too many indices": lambda x: x[0, 0, 0],
    "index of an index array out of bounds": lambda x: x[[0, 2]],
    "mask of another shape": lambda x: x[np.ones(3, bool)],
    "index arrays that do not fit": lambda x: x[[0, 1], [0, 1, 2]],
    "index of a float": lambda x: x[1.0],
    "index of an empty float array": lambda x: x[np.zeros(0)],
    "index of a float array": lambda x: x[np.ones(1)],
    "index of a string": lambda x: x["a"],
    "two ellipses": lambda x: x[..., ...],
    "ragged index": lambda x: x[[0, [1]]],
    "take out of bounds": lambda x: np.take(x, [6]),
    "take out of axes": lambda x: np.take(x, [0], axis=2),
    "take in an unknown mode": lambda x: np.take(x, [0], mode="none"),
    "take from nothing": lambda x: np.take(x[:0], [0]),
    "take_along_axis of floats": lambda x: np.take_along_axis(x, np.ones((2, 3)), 0),
    "take_along_axis of another dimension": lambda x: np.take_along_axis(x, np.ones(2, int), 0),
    "compress out of bounds": lambda x: np.compress([0, 0, 1], x, axis=0),
    "compress by a matrix": lambda x: np.compress(np.ones((2, 3)), x),
    "extract out of bounds": lambda x: np.extract(np.ones(7), x),
    "delete out of bounds": lambda x: np.delete(x, 6),
    "delete of an axis out of bounds": lambda x: np.delete(x, 0, axis=2),
    "delete of many out of bounds": lambda x: np.delete(x, [0, 3], axis=1),
    "trim_zeros by an unknown letter": lambda x: np.trim_zeros(x[0], "x"),
    "diagonal of a vector": lambda x: np.diagonal(x[0]),
    "diagonal along one axis": lambda x: np.diagonal(x, 0, 1, 1),
    "trace of a vector": lambda x: np.trace(x[0]),
    "diag of a cube": lambda x: np.diag(x[None]),
    "diag of a number": lambda x: np.diag(x[0, 0]),
    "where of one branch": lambda x: np.where(x > 0, x),
    "where that does not fit": lambda x: np.where([True, False], x, x),
    "select of unequal numbers": lambda x: np.select([x > 0], [x, x]),
    "select of nothing": lambda x: np.select([], [], x),
    "select by numbers": lambda x: np.select([np.ones(3)], [x]),
    "choose out of bounds": lambda x: np.choose([2], x),
    "choose by floats": lambda x: np.choose([1.0], x),
    "choose that does not fit": lambda x: np.choose([0, 1], [x, x]),
    "piecewise of too many functions": lambda x: np.piecewise(x, [x > 0], [1, 2, 3]),
    "piecewise that does not fit": lambda x: np.piecewise(x, [x > 9, x < 9], [1, lambda v: np.ones(7)]),
    "concatenate of nothing": lambda x: np.concatenate([x[0, 0]]),
    "concatenate of different shapes": lambda x: np.concatenate([x, x.T]),
    "concatenate of different dimensions": lambda x: np.concatenate([x, x[0]]),
    "concatenate out of axes": lambda x: np.concatenate([x, x], 2),
    "concatenate of a generator": lambda x: np.concatenate(row for row in x),
    "concatenate in a dtype that may not be": lambda x: np.concatenate([x, x], dtype="f4", casting="safe"),
    "stack of different shapes": lambda x: np.stack([x, x[0]]),
    "stack out of axes": lambda x: np.stack([x, x], 3),
    "stack of a generator": lambda x: np.stack(row for row in x),
    "hstack of different shapes": lambda x: np.hstack([x, x.T]),
    "hstack of different dimensions": lambda x: np.hstack([x, x[0]]),
    "vstack of a map": lambda x: np.vstack(map(np.sin, x)),
    "vstack of different shapes": lambda x: np.vstack([x, x.T]),
    "dstack of different shapes": lambda x: np.dstack([x, x.T]),
    "column_stack of different shapes": lambda x: np.column_stack([x[0], x[:, 0]]),
    "block of unequal depths": lambda x: np.block([[x], x]),
    "block of unequal shapes": lambda x: np.block([[x], [x.T]]),
    "block of a tuple": lambda x: np.block([(x, x)]),
    "block of nothing": lambda x: np.block([[x], []]),
    "append of different shapes": lambda x: np.append(x, [1.0], axis=0),
    "insert out of bounds": lambda x: np.insert(x, 7, 1.0),
    "insert of what does not fit": lambda x: np.insert(x, 1, [1.0, 2.0], axis=0),
    "insert of many out of bounds": lambda x: np.insert(x, [0, 9], 1.0),
    "insert at a float": lambda x: np.insert(x, 1.0, 1.0),
    "split into unequal parts": lambda x: np.split(x, 2, axis=1),
    "array_split into no parts": lambda x: np.array_split(x, 0),
    "split out of axes": lambda x: np.split(x, 2, axis=2),
    "vsplit of a vector": lambda x: np.vsplit(x[0], 3),
    "dsplit of a matrix": lambda x: np.dsplit(x, 2),
    "roll out of axes": lambda x: np.roll(x, 1, axis=2),
    "roll by unequal numbers": lambda x: np.roll(x, (1, 2, 3), axis=(0, 1)),
    "repeat a negative number of times": lambda x: np.repeat(x, -1),
    "repeat a broken number of times": lambda x: np.repeat(x, np.array([1.5, 2.0]), axis=0),
    "repeat by unequal numbers": lambda x: np.repeat(x, [1, 2], axis=1),
    "tile a negative number of times": lambda x: np.tile(x, -1),
    "tile a broken number of times": lambda x: np.tile(x, 1.5),
    "resize to a negative shape": lambda x: np.resize(x, (-1, 2)),
    "pad by a negative number": lambda x: np.pad(x, -1),
    "pad by a broken number": lambda x: np.pad(x, 1.5),
    "pad in an unknown mode": lambda x: np.pad(x, 1, "nowhere"),
    "pad with another mode's option": lambda x: np.pad(x, 1, "edge", constant_values=1),
    "pad of too many widths": lambda x: np.pad(x, ((1, 1),) * 3),
    "pad of nothing": lambda x: np.pad(x[:0], 1, "edge"),
    "pad by a statistic of nothing": lambda x: np.pad(x, 1, "maximum", stat_length=0),
    "apply_along_axis of nothing": lambda x: np.apply_along_axis(np.sum, 0, x[:, :0]),
    "apply_along_axis out of axes": lambda x: np.apply_along_axis(np.sum, 2, x),
    "apply_over_axes to another shape": lambda x: np.apply_over_axes(lambda a, i: a[0, 0], x, 0),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_raise_numpys_errors(name, method):
    with pytest.raises(Exception) as expected:  # noqa: PT011
        BAD[name](X)
    kind = next(kind for kind in (TypeError, ValueError, IndexError) if isinstance(expected.value, kind))
    with pytest.raises(kind) as found:
        ad.grad(lambda x: np.sum(BAD[name](x)), method=method)(X)
    assert not isinstance(found.value, ad.AdkitError)
