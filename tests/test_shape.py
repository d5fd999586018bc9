"""Views and copies, indices, warnings and errors of shape, indexing and assembly, beyond what every function proves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calls import assembly, indexing, rng_for, shape

import adkit as ad
from adkit import primitives
from adkit.graph import record
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


@pytest.mark.parametrize(
    "call", [lambda x: x.flatten(), lambda x: x.conj(), lambda x: x.T.copy()], ids=["flatten", "conj", "copy"]
)
def test_methods_copy_as_those_of_an_ndarray_do(call):
    def memory(out, x):
        return np.shares_memory(plain(out), plain(x)), plain(out).flags.c_contiguous

    found: list[Any] = []
    ad.grad(lambda x: (found.append(memory(call(x), x)), np.sum(x))[1])(X)
    assert found == [memory(call(X), X)]


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


# == arrays made of traced values ==================================================================
W = rng_for("made").standard_normal((2, 3))
MADE = {
    "np.array": lambda x: np.sum(W * np.array(x)),
    "np.asarray": lambda x: np.sum(np.asarray(x) * W),
    "np.asanyarray": lambda x: np.sum(np.asanyarray(x) @ W.T * W[:, :2]),
    "np.ascontiguousarray": lambda x: np.ascontiguousarray(x).sum(),
    "np.asfortranarray": lambda x: np.sum(np.asfortranarray(x) ** 2),
    "np.asarray_chkfinite": lambda x: np.mean(np.asarray_chkfinite(x)),
    "np.require": lambda x: np.sum(np.require(x) * W),
    "np.array of a number": lambda x: np.array(x[0, 0]) * 3.0,
    "np.array of rows": lambda x: np.sum(np.array([x[1], 2.0 * x[0]]) * W),
    "np.array of numbers": lambda x: np.sum(np.array([[x[0, 0], 1.0], [2, x[1, 2]]]) * W[:, :2]),
    "as the argument of a function": lambda x: np.sum(np.tanh(x) * np.concatenate([np.array(x), W], axis=1)[:, :3]),
    "in where": lambda x: np.sum(np.where(W > 0, np.array(x), x)),
    "np.r_": lambda x: np.sum(np.r_[x[0], 1.0, [x[1, 1]]] ** 2),
    "np.r_ along an axis": lambda x: np.sum(np.r_["0,2", x[0], W[0], x[1]] * np.arange(9.0).reshape(3, 3)),
    "np.c_": lambda x: np.sum(np.c_[x, W[:, :1]] @ np.arange(4.0)),
    "np.s_": lambda x: np.sum(x[np.s_[:, ::2]] ** 2),
    "np.ndenumerate": lambda x: sum((i + 2 * j) * e for (i, j), e in np.ndenumerate(x)),
    "np.ndindex": lambda x: sum(x[index] * W[index] for index in np.ndindex(x.shape)),
    "np.nditer": lambda x: sum(e.item() ** 2 for e in np.nditer(x, flags=["refs_ok"])),
    "np.vectorize": lambda x: np.sum(np.vectorize(lambda t, w: t * t if w > 0 else w * np.sin(t))(x, W)),
    ".flat": lambda x: sum(e * w for e, w in zip(x.flat, W.flat, strict=True)),
    ".item": lambda x: x.item(1) * x.item((1, 2)) * x[0, 0].item(),
    ".tolist": lambda x: sum(map(sum, x.tolist())),
    ".flatten": lambda x: np.sum(x.flatten() * W.ravel()),
    ".conj": lambda x: np.sum(x.conj() * W),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", MADE)
def test_arrays_made_of_traced_values_can_be_used(name, method):
    expected = ad.grad(MADE[name], method="numerical")(X)
    value, gradient = ad.value_and_grad(MADE[name], method=method)(X)
    np.testing.assert_allclose(value, MADE[name](X), rtol=1e-14)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-7)


REFUSED = {
    "np.array with a dtype": lambda x: np.array(x, dtype=float),
    "np.asarray with a dtype": lambda x: np.asarray(x, float),
    "np.array of a number with a dtype": lambda x: np.array(x[0, 0], dtype=float),
    "np.require with a dtype": lambda x: np.require(x, float),
    "np.fromiter": lambda x: np.fromiter(x[0], float),
    "np.nditer": lambda x: sum(np.nditer(x)),
    "np.frompyfunc": lambda x: np.frompyfunc(abs, 1, 1)(x),
    "np.vectorize into floats": lambda x: np.vectorize(abs, otypes=[float])(x),
    "np.pad of a plain array with a traced value": lambda x: np.pad(W, 1, constant_values=x[0, 0]),
    "np.pad by a function": lambda x: np.pad(x, 1, lambda *args: None),
    "np.unravel_index": lambda x: np.unravel_index(x, (2, 3)),
    "np.ravel_multi_index": lambda x: np.ravel_multi_index((x, x), (2, 3)),
    "astype(int)": lambda x: x.astype(int),
    "astype(bool)": lambda x: np.astype(x, bool),
    "astype(object)": lambda x: x.astype(object),
    "astype(str)": lambda x: x.astype(str),
    "concatenate into integers": lambda x: np.concatenate([x, x], dtype=int, casting="unsafe"),
    "take into an array": lambda x: np.take(x, [0], None, np.zeros(1)),
    "compress into an array": lambda x: np.compress([True], x, 0, np.zeros((1, 3))),
    "choose into an array": lambda x: np.choose([0, 1, 0], x, np.zeros(3)),
    "trace into an array": lambda x: np.trace(x, 0, 0, 1, None, np.zeros(())),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_lose_a_derivative_is_refused(name, method):
    with pytest.raises((ad.LostDerivative, ad.NoRule), match=r"at .*test_shape\.py"):
        ad.grad(lambda x: np.sum(REFUSED[name](x)), method=method)(X)


# == numbers of other kinds ========================================================================
@pytest.mark.parametrize("method", EXACT)
def test_complex_to_real_warns_as_numpy_does_and_keeps_the_real_part(method):
    z = np.array([1 + 2j, 3 - 1j])
    for f in (lambda z: z.astype(float), lambda z: np.astype(z, np.float32)):
        with pytest.warns(np.exceptions.ComplexWarning, match="discards the imaginary part") as caught:
            found = ad.grad(lambda z, f=f: np.sum(f(z)), method=method)(z)
        assert {one.filename for one in caught} == {__file__}
        np.testing.assert_array_equal(found, [1.0, 1.0])


@pytest.mark.parametrize("method", EXACT)
def test_conjugates_are_numpys_to_the_sign_of_zero(method):
    z = np.array([1 + 0j, complex(-0.0, -0.0), complex(np.inf, 1.0), complex(np.nan, np.inf)])
    seen: list[Any] = []
    ad.grad(lambda z: (seen.append(ad.value(np.conj(z))), np.sum(z).real)[1], method=method)(z)
    for part in ("real", "imag"):
        np.testing.assert_array_equal(np.signbit(getattr(seen[0], part)), np.signbit(getattr(np.conj(z), part)))
    np.testing.assert_array_equal(seen[0], np.conj(z))


@pytest.mark.parametrize("function", CALLS, ids=public_name)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_complex_arrays_are_moved_about_as_real_ones(function):
    """The adjoint identity, Re of a product without conjugates; where NumPy's function takes complex numbers."""
    rng = rng_for(public_name(function))
    z, tangent = rng.standard_normal((2, 2, 3)) + 1j * rng.standard_normal((2, 2, 3))
    for number, call in enumerate(CALLS[function]):
        try:
            expected = arrays_in(call(z))
        except TypeError:
            continue
        pushed = arrays_in(ad.jvp(call, (z,), (tangent,))[1])
        value, pullback = ad.vjp(call, z)
        cotangents = [
            (rng.standard_normal(x.shape) + 1j * rng.standard_normal(x.shape) * np.iscomplexobj(x)).astype(x.dtype)
            for x in expected
        ]
        (pulled,) = pullback(type(value)(cotangents) if type(value) in (list, tuple) else cotangents[0])
        identity = sum(np.sum(c * p).real for c, p in zip(cotangents, pushed, strict=True))
        single = any(x.dtype in (np.float32, np.complex64) for x in expected)
        np.testing.assert_allclose(
            np.sum(pulled * tangent).real, identity, 1e-4 if single else 1e-10, 1e-4, str(number)
        )
        for found, wanted in zip(arrays_in(value), expected, strict=True):
            np.testing.assert_array_equal(found, wanted, strict=True)


MIXTURES = {
    "float32 and float64": lambda x: np.concatenate([x, np.ones(2)]),
    "float32 and a number": lambda x: np.hstack([x, 1.0]),
    "float32 and an integer": lambda x: np.stack([x[0], 1]),
    "float32 and int16": lambda x: np.concatenate([x, np.ones(2, np.int16)]),
    "float32 and int64": lambda x: np.vstack([x, np.arange(3)]),
    "float32 and complex": lambda x: np.append(x, 1j).real,
    "float32 beside a list": lambda x: np.column_stack([x, [1.0, 2.0, 3.0]]),
    "float32 beside a traced list": lambda x: np.concatenate([x, [x[0], 2.0]]),
    "float32 in a block": lambda x: np.block([[x, 1.0], [np.ones(4, np.float16)]]),
    "float32 or a number": lambda x: np.where([True, False, True], x, 1.0),
    "float32 or float64": lambda x: np.where([True, False, True], x, np.ones(3)),
    "float32 selected": lambda x: np.select([[True, False, True]], [x], 1.0),
    "float32 selected beside float64": lambda x: np.select([[True, False, True]], [x], np.ones(3)),
    "float32 chosen": lambda x: np.choose([0, 1, 0], [x, 2.0]),
    "float32 chosen beside float64": lambda x: np.choose([0, 1, 0], [x, np.ones(3)]),
    "float32 padded": lambda x: np.pad(x, 1, constant_values=1 / 3),
    "float32 ramps": lambda x: np.pad(x, 3, "linear_ramp", end_values=((0.1, 0.7),)),
    "float32 inserted": lambda x: np.insert(np.ones(3), 1, x),
    "float64 inserted": lambda x: np.insert(x, [0, 1], np.array([1 / 3, 2 / 3])),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", MIXTURES)
def test_dtypes_meet_as_in_numpy(name, method):
    x = np.array([0.3, 0.7, 1.9], np.float32)
    seen: list[Any] = []

    def f(x):
        seen.append(np.asarray(plain(MIXTURES[name](x))))
        return np.sum(MIXTURES[name](x))

    gradient = ad.grad(f, method=method)(x)
    assert gradient.dtype == np.float32
    assert seen[0].dtype == MIXTURES[name](x).dtype
    np.testing.assert_array_equal(seen[0], MIXTURES[name](x))


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.float32(2.0), np.array(2.0)], ids=lambda x: type(x).__name__)
def test_numbers_are_arrays_without_axes(x, method):
    for f in (
        lambda x: np.sum(np.reshape(x, (1, 1))),
        lambda x: np.sum(np.tile(x, 3)) / 3,
        lambda x: np.sum(np.repeat(x, [2])) / 2,
        lambda x: np.sum(np.pad(np.atleast_1d(x), 1, "edge")) / 3,
        lambda x: np.hstack([x, 1.0])[0],
        lambda x: np.block([x, x])[1],
        lambda x: np.take(x, [0])[0],
        lambda x: np.broadcast_to(x, 3)[1],
        lambda x: np.flip(np.squeeze(x)),
        lambda x: np.copy(x)[()],
        lambda x: np.roll(x, 1),
        lambda x: np.where(True, x, 0.0),
        lambda x: np.select([True], [x]),
        lambda x: np.choose(0, [x, 1.0]),
        lambda x: np.piecewise(x, [x > 0], [lambda v: v, 0.0]),
        lambda x: np.diagflat(x)[0, 0],
        lambda x: np.meshgrid(x, x)[1][0, 0],
        lambda x: np.append(x, 1.0)[0],
        lambda x: np.insert(x, 0, 1.0)[1],
        lambda x: np.resize(x, 3)[2],
        lambda x: np.real(np.conj(x)),
        lambda x: np.broadcast_arrays(x, np.zeros(2))[0][1],
    ):
        value, gradient = ad.value_and_grad(f, method=method)(x)
        assert value == 2.0
        assert gradient == 1.0
        assert type(gradient) is type(x)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_empty_arrays_may_be_moved_about(shape, method):
    for f in (
        lambda x: np.flip(x),
        lambda x: np.roll(x, 2),
        lambda x: np.tile(x, (2, 2)),
        lambda x: np.repeat(x, 3, axis=0),
        lambda x: np.pad(x, 1),
        lambda x: np.pad(x, 0, "wrap"),
        lambda x: np.hstack([x, x]),
        lambda x: np.block([[x, x], [x, x]]),
        lambda x: np.split(x, [0])[1],
        lambda x: np.delete(x, []),
        lambda x: np.insert(x, 0, 1.0),
        lambda x: np.take(x, np.zeros(0, int)),
        lambda x: np.compress([], x),
        lambda x: np.extract(np.zeros(x.shape), x),
        lambda x: x[x > 0],
        lambda x: np.resize(x, 4),
        lambda x: np.tril(x),
        lambda x: np.diag(x),
        lambda x: np.trim_zeros(x.ravel()),
        lambda x: np.where(x > 0, x, 1.0),
        lambda x: np.select([x > 0], [x]),
        lambda x: np.choose(np.zeros(x.shape, int), [x, x]),
        lambda x: np.piecewise(x, [x > 0], [np.sin]),
        lambda x: np.meshgrid(x, [1.0])[0],
        lambda x: np.copy(x.T).astype(np.float32),
    ):
        x = np.zeros(shape)
        value, gradient = ad.value_and_grad(lambda x, f=f: np.sum(f(x)), method=method)(x)
        assert value == np.sum(f(x))
        assert gradient.shape == shape


@pytest.mark.parametrize("method", [*EXACT, ad.Forward(chunk=2)])
def test_large_arrays_are_repeated_as_small_ones(method, monkeypatch):
    for number, call in enumerate(assembly.PATTERNS[np.repeat]):

        def gradients(call=call):
            weights = rng_for("repeat").standard_normal(call(X).shape)
            return ad.value_and_grad(lambda x: np.sum(weights * np.sin(call(x))), method=method)(X)

        expected = gradients()
        with monkeypatch.context() as patch:
            patch.setattr(primitives.assembly, "FEW_NUMBERS", 0)
            test_views_are_views_and_copies_are_copies(np.repeat, "reverse")
            test_values_lie_in_memory_as_numpys_do(np.repeat, "reverse")
            value, gradient = gradients()
        assert value == expected[0], number
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-14, atol=1e-14)


# == no more work than there is ====================================================================
@pytest.mark.parametrize(
    ("f", "operations"),
    [
        (lambda x: np.roll(x, 7), 3),
        (lambda x: np.roll(x, 7, 1), 1),
        (lambda x: np.roll(x, (1, 2), (0, 1)), 1),
        (lambda x: np.flip(x), 1),
        (lambda x: np.reshape(x, x.shape), 0),
        (lambda x: np.moveaxis(x, 0, 0), 0),
        (lambda x: np.rot90(x), 2),
        (lambda x: np.take(x, [1, 2], 1), 1),
        (lambda x: np.diag(x), 1),
        (lambda x: np.tril(x), 1),
        (lambda x: np.pad(x, 3), 2),
        (lambda x: np.delete(x, 1, 0), 3),
        (lambda x: np.concatenate(np.split(x, 5)), 6),
        (lambda x: np.hstack([x, x]), 1),
        (lambda x: np.where(np.ones((10, 10)) > 0, x, 0.0), 1),
    ],
)
def test_few_operations_are_recorded(f, operations):
    graph = record(lambda leaves: f(leaves[0]), [np.ones((10, 10))])
    assert len(graph.nodes) == operations
