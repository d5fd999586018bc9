"""The public contract of grad and its relatives, for every method."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import pickle
import threading
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import sympy

import adkit as ad

EXACT = ["forward", "reverse", "symbolic"]
METHODS = [*EXACT, "numerical"]
TOLERANCE = {"numerical": 1e-6}
X = np.array([0.7, -1.3, 2.1])
W = np.arange(6.0).reshape(2, 3) / 5 - 0.4
Pair = namedtuple("Pair", "a b")


def close(found, wanted, method="reverse", **options):
    """Equal up to what the method can do, in the same containers, types and shapes."""
    if isinstance(wanted, dict):
        assert type(found) is dict
        assert list(found) == list(wanted)
        found, wanted = list(found.values()), list(wanted.values())
    if isinstance(wanted, (list, tuple)):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            close(one, other, method, **options)
        return
    assert type(found) is type(wanted), (found, wanted)
    assert np.shape(found) == np.shape(wanted)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    tolerance = {"rtol": 1e-12, "atol": 1e-12} if method not in TOLERANCE else {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(found, wanted, **{**tolerance, **options})


def scalar(x1, x2):
    return x1 * x2 + np.sin(x1)


def energy(x):
    return np.sum(np.sin(x) * x**2)


def energy_gradient(x):
    return np.cos(x) * x**2 + 2 * x * np.sin(x)


# -- the result has the structure, shape and dtype of the argument ---------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        (3.0, 12.0),
        (3, 12.0),
        (np.float64(3.0), np.float64(12.0)),
        (np.float32(3.0), np.float32(12.0)),
        (np.float16(3.0), np.float16(12.0)),
        (np.int32(3), np.float64(12.0)),
        (np.uint8(3), np.float64(12.0)),
        (np.array(3.0), np.array(12.0)),
        (np.array([3.0]), np.array([12.0])),
        (np.array([[3.0]]), np.array([[12.0]])),
        (np.array([3]), np.array([12.0])),
        (np.array([3.0], np.float32), np.array([12.0], np.float32)),
        (np.array([3.0], np.float16), np.array([12.0], np.float16)),
        (np.array([3.0], object), np.array([12.0])),
        (np.array([3], object), np.array([12.0])),
    ],
)
def test_a_gradient_is_of_the_kind_of_its_argument(x, wanted, method):
    rough = method == "numerical" and np.asarray(wanted).dtype != float
    options = {"rtol": 0.05 if wanted.dtype == np.float16 else 1e-3} if rough else {}
    close(ad.grad(lambda x: 2 * x**2, method=method)(x), wanted, method, **options)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (2, 1, 2), (0, 2), ()])
def test_arguments_of_any_rank(shape, method):
    x = np.random.default_rng(0).normal(size=shape)
    close(ad.grad(energy, method=method)(x), np.asarray(energy_gradient(x)), method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("f", "x", "value"),
    [
        (lambda x: x * 2.0, 1.5, 3.0),
        (lambda x: x * 2, np.float32(1.5), np.float32(3.0)),
        (lambda x: np.sum(x), np.ones(2), np.float64(2.0)),
        (lambda x: x, np.ones((1, 1)), np.float64(1.0)),
        (lambda x: x * 2.0, np.array(1.5), np.float64(3.0)),
    ],
)
def test_values_are_numbers_as_f_gives_them(f, x, value, method):
    found, _ = ad.value_and_grad(f, method=method)(x)
    assert found == value
    assert isinstance(found, (float, np.generic))
    if method != "symbolic":
        assert type(found) is type(value)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("f", "point", "wanted"),
    [
        (lambda p: p[0] * p[1], [2.0, 3.0], [3.0, 2.0]),
        (lambda p: p[0] * p[1], (2, 3.0), (3.0, 2.0)),
        (lambda p: p["a"] * np.sum(p["b"]), {"b": X, "a": 2.0}, {"b": 2 * np.ones(3), "a": float(X.sum())}),
        (lambda p: p[0]["w"][1] ** 2, [{"w": (1.0, 3.0)}, [4.0]], [{"w": (0.0, 6.0)}, [0.0]]),
        (lambda p: p.a * p.b, Pair(2.0, 3.0), Pair(3.0, 2.0)),
        (lambda p: p["a"] ** 2, OrderedDict(a=3.0), {"a": 6.0}),
        (lambda p: sum(w for w in p) * 2.0, [1.0] * 3, [2.0] * 3),
        (lambda p: 1.0, [], []),
        (lambda p: 1.0, {"a": (), "b": [2.0]}, {"a": (), "b": [0.0]}),
    ],
)
def test_gradients_have_the_containers_of_their_arguments(f, point, wanted, method):
    close(ad.grad(f, method=method)(point), wanted, method)


def test_f_sees_plain_containers():
    seen = []

    def f(p):
        seen.append([type(part) for part in (p, p["list"], p["tuple"])])
        return p["list"][0]

    class Special(list):
        pass

    for method in METHODS:
        ad.grad(f, method=method)(OrderedDict(list=Special([1.0]), tuple=(2.0,)))
    assert all(kinds == [dict, list, tuple] for kinds in seen)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("argnums", "wanted"),
    [
        (0, 5 + np.cos(2.0)),
        (1, 2.0),
        (-1, 2.0),
        (-2, 5 + np.cos(2.0)),
        ((1,), (2.0,)),
        ((-1,), (2.0,)),
        ((0, 1), (5 + np.cos(2.0), 2.0)),
        ((1, 0), (2.0, 5 + np.cos(2.0))),
        ([0, 1], (5 + np.cos(2.0), 2.0)),
        (np.int64(1), 2.0),
    ],
)
def test_argnums(argnums, wanted, method):
    wanted = tuple(map(float, wanted)) if isinstance(wanted, tuple) else float(wanted)
    found = ad.grad(scalar, argnums, method=method)(2.0, 5.0)
    assert isinstance(found, tuple) == isinstance(wanted, tuple)
    close(found, wanted, method)


@pytest.mark.parametrize("argnums", ["x", 1.0, None, (), True, ((0,), 1), (0, 0), (0, -2), 2, -3])
def test_argnums_that_make_no_sense(argnums):
    with pytest.raises(ad.BadRequest, match="argnum"):
        ad.grad(scalar, argnums)(2.0, 5.0)


@pytest.mark.parametrize("method", METHODS)
def test_keywords_are_passed_through(method):
    f = lambda x, *, power, weights=None: np.sum(x**power) if weights is None else np.sum(weights * x)  # noqa: E731
    close(ad.grad(f, method=method)(X, power=2), 2 * X, method)
    close(ad.grad(f, method=method)(X, power=2, weights=X + 1), X + 1, method)


def test_an_argument_given_by_keyword_or_by_default_can_be_differentiated():
    def f(x, y=3.0):
        return x * y

    assert ad.grad(f)(x=2.0) == 3.0
    assert ad.grad(f, 1)(2.0) == 2.0
    assert ad.grad(f, (0, 1))(y=5.0, x=2.0) == (5.0, 2.0)
    assert ad.jacobian(f)(x=2.0) == 3.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "f", [lambda x: 3.0, lambda x: 3, lambda x: np.float32(1), lambda x: x[0] > 0, lambda x: len(x)]
)
def test_what_does_not_depend_on_the_argument_has_gradient_zero(f, method):
    close(ad.grad(f, method=method)(X), np.zeros(3), method)
    close(ad.hessian(f, method=method)(X), np.zeros((3, 3)), method)


@pytest.mark.parametrize("method", METHODS)
def test_unused_arguments_have_gradient_zero(method):
    found = ad.grad(lambda x, y, z: 2.0 * x, (0, 1, 2), method=method)(1.0, X, np.ones(2, np.float32))
    close(found, (2.0, np.zeros(3), np.zeros(2, np.float32)), method)


# -- has_aux ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_aux_comes_along_plain_and_from_the_point_itself(method):
    def f(x):
        return np.sum(x**2), {"sum": np.sum(x), "twice": 2 * x, "note": "hello", "parts": [x[0], x[1]]}

    (value, aux), gradient = ad.value_and_grad(f, method=method, has_aux=True)(X)
    close(gradient, 2 * X, method)
    assert value == pytest.approx(np.sum(X**2))
    assert aux["sum"] == np.sum(X)
    assert aux["note"] == "hello"
    assert aux["parts"] == [X[0], X[1]]
    assert type(aux["twice"]) is np.ndarray
    np.testing.assert_array_equal(aux["twice"], 2 * X)
    gradient, other = ad.grad(f, method=method, has_aux=True)(X)
    close(gradient, 2 * X, method)
    assert other["sum"] == aux["sum"]


@pytest.mark.parametrize("method", METHODS)
def test_aux_of_an_inner_gradient_keeps_the_derivative_of_the_outer_one(method):
    def f(x):
        _, aux = ad.grad(lambda y: (x * y**2, x * y), has_aux=True, method=method)(x)
        return aux

    assert ad.grad(f)(3.0) == 6.0


def test_object_arrays_in_aux_become_numbers():
    _, aux = ad.grad(lambda x: (x, np.array([x, 2 * x])), has_aux=True)(1.5)
    close(aux, np.array([1.5, 3.0]))


@pytest.mark.parametrize("out", [1.0, (1.0,), (1.0, 2.0, 3.0), [1.0, 2.0], None])
def test_aux_that_is_not_there(out):
    with pytest.raises(ad.OutputError, match="pair"):
        ad.grad(lambda x: out, has_aux=True)(1.0)


# -- jacobian and hessian --------------------------------------------------------------------------
@pytest.mark.parametrize("method", [*METHODS, "auto"])
@pytest.mark.parametrize("out_shape", [(), (1,), (2,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("in_shape", [(), (1,), (3,), (2, 2), (0,), (3, 0)])
def test_a_jacobian_has_the_shape_of_the_output_and_the_input(in_shape, out_shape, method):
    rng = np.random.default_rng(1)
    A, x = rng.normal(size=(*out_shape, *in_shape)), rng.normal(size=in_shape)
    axes = len(in_shape)

    def f(x):
        return np.tensordot(A, x**2, axes) if axes else A * x**2

    close(ad.jacobian(f, method=method)(x), np.asarray(A * 2 * x)[()], method)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_jacobians_of_numbers_are_numbers(method):
    close(ad.jacobian(lambda x: x**2, method=method)(3.0), 6.0, method)
    close(ad.jacobian(lambda x: x**2, method=method)(np.float32(3.0)), np.float32(6.0), method, rtol=1e-3)
    close(ad.hessian(lambda x: x**3, method=method)(3.0), 18.0, method, rtol=1e-5)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_a_jacobian_of_containers_is_a_container_of_containers(method):
    def f(p):
        return {"product": p[0] * p[1], "rest": [p[0] ** 2]}

    found = ad.jacobian(f, method=method)((2.0, X))
    wanted = {"product": (X, 2 * np.eye(3)), "rest": [(4.0, np.zeros(3))]}
    close(found, wanted, method)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_a_jacobian_for_several_arguments_is_a_tuple(method):
    f = lambda x, A: A @ x  # noqa: E731
    by_matrix = np.einsum("ik,j->ikj", np.eye(2), X)
    close(ad.jacobian(f, (1, 0), method=method)(X, W), (by_matrix, W), method)
    close(ad.jacobian(f, (0,), method=method)(X, W), (W,), method)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_jacobians_keep_the_dtype_of_their_argument(dtype, method):
    x = np.ones(2, dtype)
    assert ad.jacobian(lambda x: x * x, method=method)(x).dtype == dtype
    assert ad.jacobian(lambda x: x * np.ones(2), method=method)(x).dtype == dtype
    assert ad.hessian(lambda x: np.sum(x * x), method=method)(x).dtype == dtype


@pytest.mark.parametrize("method", [*METHODS, "auto"])
@pytest.mark.parametrize("f", [lambda x: np.ones(2), lambda x: np.arange(2), lambda x: x[:2] > 0])
def test_a_jacobian_of_what_does_not_depend_on_the_argument_is_zero(f, method):
    close(ad.jacobian(f, method=method)(X), np.zeros((2, 3)), method)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
@pytest.mark.parametrize("shape", [(3,), (2, 2), (1,), (0,)])
def test_a_hessian_has_the_shape_of_the_input_twice(shape, method):
    x = np.random.default_rng(2).normal(size=shape)
    found = ad.hessian(lambda x: np.sum(x**3) + np.sum(x) ** 2, method=method)(x)
    diagonal = np.zeros((x.size, x.size))
    np.fill_diagonal(diagonal, 6 * x.ravel())
    close(found, (diagonal + 2).reshape(shape * 2), method, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_a_hessian_of_containers_is_a_container_of_containers(method):
    found = ad.hessian(lambda p: p["a"] ** 2 * np.sum(p["x"]), method=method)({"a": 2.0, "x": X})
    mixed = 4 * np.ones(3)
    wanted = {"a": {"a": float(2 * X.sum()), "x": mixed}, "x": {"a": mixed, "x": np.zeros((3, 3))}}
    close(found, wanted, method, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_a_hessian_for_several_arguments_is_a_tuple_of_tuples(method):
    found = ad.hessian(lambda x, y: x**2 * y**3, (0, 1), method=method)(2.0, 3.0)
    close(found, ((54.0, 108.0), (108.0, 72.0)), method, rtol=1e-5)
    close(ad.hessian(lambda x, y: x**2 * y**3, (1,), method=method)(2.0, 3.0), ((72.0,),), method, rtol=1e-5)


def test_auto_takes_the_direction_with_fewer_passes():
    runs = []

    def f(x):
        runs.append(1)
        return np.sum(x) * np.ones(2)

    ad.jacobian(f)(np.ones(200))
    assert len(runs) == 1  # one tape, swept twice: forward would have taken four passes more


# -- jvp, vjp, hvp ---------------------------------------------------------------------------------
def test_jvp_speaks_in_tuples():
    value, tangent = ad.jvp(scalar, (2.0, 5.0), (1.0, 10.0))
    assert value == pytest.approx(10 + np.sin(2.0))
    assert tangent == pytest.approx(5 + np.cos(2.0) + 20)


def test_vjp_speaks_in_tuples():
    value, pullback = ad.vjp(scalar, 2.0, 5.0)
    assert value == pytest.approx(10 + np.sin(2.0))
    close(pullback(2.0), (float(10 + 2 * np.cos(2.0)), 4.0))
    close(pullback(1.0), (float(5 + np.cos(2.0)), 2.0))


def test_hvp_is_a_pair_of_tuples():
    gradients, products = ad.hvp(energy, (X,), (np.array([1.0, 2.0, 3.0]),))
    assert isinstance(gradients, tuple)
    assert isinstance(products, tuple)
    close(gradients[0], energy_gradient(X))
    close(products[0], ad.hessian(energy)(X) @ np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (0,)])
def test_hvp_is_the_hessian_times_the_direction(shape):
    rng = np.random.default_rng(3)
    x, v = rng.normal(size=shape), rng.normal(size=shape)
    f = lambda x: np.sum(np.exp(x) * x) * np.sum(x**2)  # noqa: E731
    (_,), (product,) = ad.hvp(f, (x,), (v,))
    close(np.asarray(product), np.asarray(np.tensordot(ad.hessian(f)(x), v, len(shape))))


def test_directions_come_in_the_containers_of_the_primals():
    def f(p):
        return {"out": p[0] * p[1]["x"], "square": (p[0] ** 2,)}

    primal, direction = [2.0, {"x": X}], [1.0, {"x": np.ones(3)}]
    value, tangent = ad.jvp(f, (primal,), (direction,))
    close(value, {"out": 2 * X, "square": (4.0,)})
    close(tangent, {"out": X + 2, "square": (4.0,)})
    value, pullback = ad.vjp(f, primal)
    close(pullback({"square": (1.0,), "out": np.ones(3)}), ([float(X.sum() + 4), {"x": 2 * np.ones(3)}],))
    _, products = ad.hvp(lambda p: p[0] * np.sum(p[1]["x"] ** 2), (primal,), (direction,))
    close(products, ([float(2 * X.sum()), {"x": 2 * X + 4}],))


def test_directions_in_a_dict_are_found_by_their_keys():
    f = lambda p: p["a"] ** 2 * p["b"]  # noqa: E731
    assert ad.jvp(f, ({"a": 2.0, "b": 3.0},), ({"b": 0.0, "a": 1.0},)) == (12.0, 12.0)
    assert ad.vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)[1]({"b": 0.0, "a": 1.0}) == (1.0,)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_directions_keep_the_dtype_of_what_they_belong_to(dtype):
    x = np.ones(2, dtype)
    value, tangent = ad.jvp(lambda x: x * x, (x,), (np.ones(2),))
    assert value.dtype == tangent.dtype == dtype
    value, pullback = ad.vjp(lambda x: x * x, x)
    assert pullback(np.ones(2))[0].dtype == dtype
    (gradient,), (product,) = ad.hvp(lambda x: np.sum(x * x), (x,), (np.ones(2),))
    assert gradient.dtype == product.dtype == dtype


def test_integers_have_float_derivatives():
    assert ad.jvp(lambda x: x**2, (3,), (1,)) == (9.0, 6.0)
    close(ad.jvp(lambda x: x**2, (np.array([3]),), (np.array([1]),))[1], np.array([6.0]))
    close(ad.vjp(lambda x: x**2, 3)[1](1), (6.0,))
    close(ad.jvp(lambda x: np.arange(3), (1.0,), (1.0,)), (np.arange(3), np.zeros(3)))


@pytest.mark.parametrize(
    "use",
    [
        lambda f: ad.jvp(f, (X,), (np.ones(2),)),
        lambda f: ad.jvp(f, (X,), (X, X)),
        lambda f: ad.jvp(f, (X,), ([X],)),
        lambda f: ad.jvp(f, (X,), ([[1.0], 2.0],)),
        lambda f: ad.jvp(f, X, X),
        lambda f: ad.jvp(f, 1.0, 1.0),
        lambda f: ad.jvp(f, (1.0,), (None,)),
        lambda f: ad.jvp(f, (1.0,), ("a",)),
        lambda f: ad.jvp(f, (1.0,), (True,)),
        lambda f: ad.jvp(f, (1.0,), (1j,)),
        lambda f: ad.jvp(f, (), ()),
        lambda f: ad.vjp(f),
        lambda f: ad.vjp(f, X)[1](np.ones(2)),
        lambda f: ad.vjp(f, X)[1](1.0),
        lambda f: ad.vjp(f, X)[1](None),
        lambda f: ad.vjp(f, X)[1](1j * X),
        lambda f: ad.vjp(lambda x: (x, x), X)[1]([X]),
        lambda f: ad.vjp(lambda x: {"a": x}, X)[1]({"b": X}),
        lambda f: ad.hvp(lambda x: np.sum(f(x)), (X,), (np.ones((3, 1)),)),
    ],
)
def test_directions_that_do_not_fit_are_refused(use):
    with pytest.raises(ad.ArgumentError, match=r"test_transforms\.py"):
        use(lambda x: x * x)


# -- nothing is shared with the caller -------------------------------------------------------------
def arrays_in(result):
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [array for part in result for array in arrays_in(part)]
    return [result] if isinstance(result, np.ndarray) else []


IDENTITIES = [
    lambda x: x,
    lambda x: x[:],
    lambda x: x.T,
    lambda x: x.reshape(-1),
    lambda x: (x, x),
    lambda x: [x, {"again": x[:2]}],
    lambda x: np.ones(3),
    lambda x: CONSTANT,
    lambda x: x + CONSTANT,
]
CONSTANT = np.array([1.0, 2.0, 3.0])
SUMS = [
    lambda x: np.sum(x),
    lambda x: np.sum(x * CONSTANT),
    lambda x: np.sum(x * x) / 2,
    lambda x: x @ x / 2,
    lambda x: x[0],
    lambda x: np.sum(x) + np.sum(x.T),
    lambda x: 1.0,
]
X2, V, U = np.array([0.7, -1.3, 2.1]), np.ones(3), np.full(3, 2.0)
OUTPUTS = [
    *[lambda f=f, m=m: ad.jacobian(f, method=m)(X2) for f in IDENTITIES for m in [*METHODS, "auto"]],
    *[lambda f=f: ad.jvp(f, (X2,), (V,)) for f in IDENTITIES],
    *[lambda f=f: ad.vjp(f, X2)[0] for f in IDENTITIES],
    *[
        lambda m=m: ad.value_and_grad(lambda x: (np.sum(x), IDENTITIES[5](x)), method=m, has_aux=True)(X2)
        for m in METHODS
    ],
    *[lambda f=f, m=m: ad.value_and_grad(f, method=m)(X2) for f in SUMS for m in METHODS],
    *[lambda f=f, m=m: ad.hessian(f, method=m)(X2) for f in SUMS for m in METHODS],
    *[lambda f=f: ad.hvp(f, (X2,), (V,)) for f in SUMS],
    *[lambda f=f: ad.grad(lambda x, y: f(x) + f(y), (0, 1))(X2, X2) for f in SUMS],
    lambda: ad.vjp(lambda x: x, X2)[1](U),
    lambda: ad.vjp(lambda x, y: x + y, X2, X2)[1](U),
    lambda: ad.vjp(lambda x: (x, x[:]), X2)[1]((U, V)),
    lambda: ad.grad(lambda x: np.sum(x * x) / 2, method=ad.Manual(lambda x: x))(X2),
    lambda: ad.grad(lambda x: np.sum(x * x) / 2, method=ad.Manual(lambda x: CONSTANT))(X2),
]


@pytest.mark.parametrize("use", OUTPUTS)
def test_results_are_the_callers_own_and_writeable(use):
    given = [X2, V, U, CONSTANT]
    before = [array.copy() for array in given]
    arrays = arrays_in(use())
    for i, array in enumerate(arrays):
        assert type(array) is np.ndarray
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in [*given, *arrays[:i], *arrays[i + 1 :]])
    for array, kept in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("method", METHODS)
def test_read_only_arguments_are_fine(method):
    x = X.copy()
    x.flags.writeable = False
    gradient = ad.grad(energy, method=method)(x)
    close(gradient, energy_gradient(X), method)
    assert gradient.flags.writeable


def test_a_pullback_remembers_the_point_it_was_made_at():
    x = X.copy()
    _, pullback = ad.vjp(lambda x: x**2, x)
    x[:] = 100.0
    close(pullback(np.ones(3)), (2 * X,))
    for size in (3, 10_000):
        weights = np.arange(float(size))
        _, pullback = ad.vjp(lambda x, weights=weights: x * weights, np.ones(size))
        weights[:] = 100.0
        close(pullback(np.ones(size)), (np.arange(float(size)),))


# -- composition -----------------------------------------------------------------------------------
def wave(x):
    return np.sin(x) * np.exp(-x / 2)


def wave_by_sympy(order):
    x = sympy.Symbol("x")
    f = sympy.sin(x) * sympy.exp(-x / 2)
    return float(sympy.diff(f, x, order).subs(x, sympy.Rational(7, 10)).evalf(30))


WAVE = {order: wave_by_sympy(order) for order in (1, 2, 3, 4)}


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("method", EXACT)
def test_gradients_of_gradients(method, order):
    f = wave
    for _ in range(order):
        f = ad.grad(f, method=method)
    assert f(0.7) == pytest.approx(WAVE[order], rel=1e-12)


@pytest.mark.parametrize("outer", METHODS)
@pytest.mark.parametrize("inner", METHODS)
def test_any_method_differentiates_what_any_other_computes(inner, outer):
    found = ad.grad(ad.grad(wave, method=inner), method=outer)(0.7)
    assert found == pytest.approx(WAVE[2], rel=1e-4 if "numerical" in (inner, outer) else 1e-12)


@pytest.mark.parametrize("a", ["forward", "reverse", "symbolic"])
@pytest.mark.parametrize("b", ["forward", "reverse", "symbolic"])
@pytest.mark.parametrize("c", ["forward", "reverse", "symbolic"])
def test_three_levels_of_any_methods(a, b, c):
    f = ad.grad(ad.grad(ad.grad(wave, method=a), method=b), method=c)
    assert f(0.7) == pytest.approx(WAVE[3], rel=1e-12)


@pytest.mark.parametrize("outer", METHODS)
@pytest.mark.parametrize("inner", METHODS)
def test_a_jacobian_of_a_gradient_is_the_hessian(inner, outer):
    found = ad.jacobian(ad.grad(energy, method=inner), method=outer)(X)
    rough = {"rtol": 1e-4, "atol": 1e-4} if "numerical" in (inner, outer) else {}
    close(found, ad.hessian(energy)(X), **rough)


@pytest.mark.parametrize("outer", ["auto", *METHODS])
@pytest.mark.parametrize("inner", EXACT)
def test_a_hessian_of_a_function_that_takes_a_gradient_inside(inner, outer):
    f = lambda x: np.sum(ad.grad(lambda y: np.sum(y**3), method=inner)(x) * x)  # noqa: E731
    close(ad.hessian(f, method=outer)(X), np.diag(18 * X), outer, rtol=1e-4, atol=1e-4)


def test_transforms_inside_each_other():
    at, one = 0.7, 1.0
    second = WAVE[2]
    assert ad.jvp(lambda x: ad.vjp(wave, x)[1](one)[0], (at,), (one,))[1] == pytest.approx(second)
    assert ad.vjp(lambda x: ad.jvp(wave, (x,), (one,))[1], at)[1](one)[0] == pytest.approx(second)
    assert ad.jvp(lambda x: ad.jvp(wave, (x,), (one,))[1], (at,), (one,))[1] == pytest.approx(second)
    assert ad.vjp(lambda x: ad.vjp(wave, x)[1](one)[0], at)[1](one)[0] == pytest.approx(second)
    assert ad.grad(lambda x: ad.hvp(wave, (x,), (one,))[0][0])(at) == pytest.approx(second)
    assert ad.grad(lambda x: ad.hvp(wave, (x,), (one,))[1][0])(at) == pytest.approx(WAVE[3])
    assert ad.hessian(ad.hessian(wave))(at) == pytest.approx(WAVE[4])


@pytest.mark.parametrize("outer", EXACT)
@pytest.mark.parametrize("inner", [*EXACT, "numerical"])
def test_inner_derivatives_by_what_the_outer_one_differentiates(inner, outer):
    """d/dy of the inner derivative: perturbations of the two levels must not be confused."""
    tolerance = {"rel": 1e-5} if inner == "numerical" else {"rel": 1e-12}
    f = lambda y: ad.grad(lambda x: x**2 * y**2, method=inner)(3.0)  # noqa: E731
    assert ad.grad(f, method=outer)(2.0) == pytest.approx(24.0, **tolerance)
    g = lambda y: np.sum(ad.hessian(lambda x: np.sum(x**3 * y), method=inner)(X))  # noqa: E731
    assert ad.grad(g, method=outer)(2.0) == pytest.approx(6 * X.sum(), rel=1e-5)
    h = lambda y: y * ad.grad(lambda x: x + y, method=inner)(1.0)  # noqa: E731
    assert ad.grad(h, method=outer)(5.0) == pytest.approx(1.0, **tolerance)


def test_perturbations_that_leave_through_the_closure():
    """ForwardDiff.jl issue 443: a tangent that leaves its level through a mutable closure."""
    kept = [0.0]

    def f(x):
        kept[0] = x
        return x

    ad.grad(f, method="forward")(2.0)
    with pytest.raises(ad.EscapedValue):
        ad.grad(lambda y: y * kept[0], method="forward")(3.0)


def test_nested_containers_in_nested_transforms():
    def loss(p):
        return np.sum(p["w"] ** 2) * p["b"]

    found = ad.jacobian(lambda p: ad.grad(loss)(p)["w"])({"w": X, "b": 3.0})
    close(found, {"w": 6 * np.eye(3), "b": 2 * X})
    close(ad.hessian(loss)({"w": X, "b": 3.0})["w"]["b"], 2 * X)


def test_object_arrays_of_the_outer_level_are_arguments_of_the_inner_one():
    f = lambda x: np.sum(ad.grad(energy)(np.array([x[0], 2 * x[1]])))  # noqa: E731
    found = ad.grad(f)(X[:2])
    wanted = np.array([1, 2]) * np.diag(ad.hessian(energy)(X[:2] * [1, 2]))
    close(found, wanted)


# -- f may be any callable -------------------------------------------------------------------------
class Model:
    scale = 3.0

    def method(self, x):
        """Doubles and scales."""
        return self.scale * x**2

    @classmethod
    def of_class(cls, x):
        return cls.scale * x**2

    @staticmethod
    def static(x):
        return 3.0 * x**2

    def __call__(self, x):
        return self.scale * x**2

    slope = ad.grad(method, 1)


def times(k, x):
    return k * x**2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "f",
    [
        Model().method,
        Model.of_class,
        Model.static,
        Model(),
        functools.partial(times, 3.0),
        functools.partial(times, k=3.0),
        lambda x: 3.0 * x**2,
        functools.wraps(times)(lambda x: times(3.0, x)),
    ],
)
def test_any_callable(f, method):
    if isinstance(f, functools.partial) and f.keywords:
        assert ad.grad(lambda x: f(x=x), method=method)(2.0) == pytest.approx(12.0)
    else:
        assert ad.grad(f, method=method)(2.0) == pytest.approx(12.0)


def test_a_transform_in_a_class_is_a_method():
    assert Model().slope(2.0) == 12.0
    assert Model.slope(Model(), 2.0) == 12.0


@pytest.mark.parametrize("method", METHODS)
def test_recursion_generators_and_comprehensions(method):
    def power(x, n):
        return x if n == 1 else x * power(x, n - 1)

    def terms(x):
        for i in range(4):
            yield x**i

    assert ad.grad(power, method=method)(2.0, 5) == pytest.approx(80.0)
    assert ad.grad(lambda x: sum(terms(x)), method=method)(2.0) == pytest.approx(17.0)
    assert ad.grad(lambda x: sum([x * i for i in range(4)]), method=method)(2.0) == pytest.approx(6.0)


@pytest.mark.parametrize("method", METHODS)
def test_control_flow_on_traced_values(method):
    def f(x):
        while x < 10:
            x = x * 2
        if x > 12:
            x = x + 1
        return max(x, 1.0) * min(x, 100.0) + sorted([x, 3.0, 20.0])[1]

    slope = 2 * 12.8 * 8 + 2 * 8 + 8
    gradient = ad.grad(f, method=method)
    assert gradient(1.6) == pytest.approx(slope + 0.0, rel=1e-6)
    assert gradient(10.5) == pytest.approx(2 * 10.5 + 1, rel=1e-6)
    assert gradient(1.6) == pytest.approx(slope + 0.0, rel=1e-6)


@pytest.mark.parametrize("bad", [3, "f", None, [abs]])
def test_only_functions_are_differentiated(bad):
    for transform in (ad.grad, ad.value_and_grad, ad.jacobian, ad.hessian):
        with pytest.raises(ad.ArgumentError, match="a function is needed"):
            transform(bad)
    with pytest.raises(ad.ArgumentError, match="a function is needed"):
        ad.jvp(bad, (1.0,), (1.0,))


# -- what a transform is ---------------------------------------------------------------------------
def documented(x, y=2.0, *, k=1):
    """What it does."""
    return x * y * k


@pytest.mark.parametrize("transform", [ad.grad, ad.value_and_grad, ad.jacobian, ad.hessian])
def test_a_transform_looks_like_its_function(transform):
    made = transform(documented)
    assert made.__name__ == "documented"
    assert made.__doc__ == "What it does."
    assert made.__module__ == documented.__module__
    assert made.__wrapped__ is documented
    assert inspect.signature(made) == inspect.signature(documented)
    assert "documented" in repr(made)
    assert "0x" not in repr(made)


@pytest.mark.parametrize("transform", [ad.grad, ad.value_and_grad, ad.jacobian, ad.hessian])
@pytest.mark.parametrize("method", ["forward", ad.Forward(chunk=3), "symbolic", ad.Numerical(step=1e-4)])
def test_transforms_can_be_pickled_and_copied(transform, method):
    made = transform(documented, (0, 1), method=method)
    wanted = made(3.0, 4.0)
    for other in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert other.method == made.method
        assert other(3.0, 4.0) == wanted


def test_minimize_takes_value_and_grad():
    scipy = pytest.importorskip("scipy")
    f = ad.value_and_grad(scipy.optimize.rosen)
    found = scipy.optimize.minimize(f, np.array([-1.2, 1.0, 0.5]), jac=True, method="BFGS")
    assert found.success
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-4)
    hess = ad.hessian(scipy.optimize.rosen)
    found = scipy.optimize.minimize(f, np.array([-1.2, 1.0]), jac=True, hess=hess, method="trust-exact")
    np.testing.assert_allclose(found.x, np.ones(2), atol=1e-6)


# -- failures leave nothing behind -----------------------------------------------------------------
class MineError(Exception):
    pass


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("transform", [ad.grad, ad.value_and_grad, ad.jacobian, ad.hessian])
def test_an_exception_of_fs_own_comes_out_unchanged(transform, method):
    error = MineError("mine")

    def f(x):
        if x.ndim == 1:
            raise error
        return x

    with pytest.raises(MineError) as caught:
        transform(f, method=method)(X)
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert caught.traceback[-1].name == "f"
    close(ad.grad(energy, method=method)(X), energy_gradient(X), method)


@pytest.mark.parametrize(
    "raised", [TypeError("mine 'Variable'"), ValueError("object arrays are mine"), ValueError("mine is read-only")]
)
def test_errors_of_fs_own_that_look_like_refusals_come_out_unchanged(raised):
    def f(x, data):
        raise raised

    with pytest.raises(type(raised)) as caught:
        ad.grad(f)(1.0, np.ones(3))
    assert caught.value is raised


@pytest.mark.parametrize("method", EXACT)
def test_an_inner_failure_leaves_the_outer_gradient_right(method):
    def f(x):
        with contextlib.suppress(ZeroDivisionError):
            ad.grad(lambda y: y * (1 / 0), method=method)(x)
        return x * ad.grad(lambda y: y * x, method=method)(1.0)

    assert ad.grad(f, method=method)(3.0) == 6.0


def test_threads_do_not_see_each_other():
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(50):
            x = rng.normal()
            with contextlib.suppress(ZeroDivisionError):
                ad.grad(lambda y: y * (1 / 0))(x)
            found = ad.grad(lambda x: x * ad.grad(lambda y: x * y**2)(x), method="forward")(x)  # d/dx 2x^3
            if abs(found - 6 * x**2) > 1e-12 * max(1, x**2):
                wrong.append((seed, x, found))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_may_share_a_transform():
    gradient = ad.grad(lambda x: x**2 if x > 0 else -x, method="symbolic")
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for x in rng.normal(size=40):
            if gradient(x) != (2 * x if x > 0 else -1.0):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "use",
    [
        lambda f: f(),
        lambda f: f(1.0, 2.0, 3.0),
        lambda f: f(1.0, z=2.0),
        lambda f: f(1.0, x=2.0),
    ],
)
def test_a_wrong_number_of_arguments_is_pythons_own_error(use):
    with pytest.raises(TypeError) as expected:
        use(documented)
    with pytest.raises(TypeError) as found:
        use(ad.grad(documented))
    assert not isinstance(found.value, ad.AdkitError)
    assert str(found.value) == str(expected.value)


# -- complex numbers -------------------------------------------------------------------------------
Z = np.array([1 + 2j, 0.5 - 1j])


@pytest.mark.parametrize("method", ["forward", "reverse"])
def test_the_gradient_of_a_real_function_of_complex_numbers(method):
    """df/dx - i df/dy, the convention of JAX and HIPS autograd."""
    close(ad.grad(lambda z: np.sum(np.real(z * np.conj(z))), method=method)(Z), 2 * np.conj(Z))
    close(ad.grad(lambda z: np.imag(z * z), method=method)(1 + 2j), complex(4 - 2j))


@pytest.mark.parametrize("method", ["forward", "reverse", "auto"])
def test_complex_jacobians(method):
    close(ad.jacobian(lambda z: z * z, method=method)(Z), np.diag(2 * Z))
    close(ad.jacobian(lambda x: np.exp(1j * x), method=method)(X), np.diag(1j * np.exp(1j * X)))
    by_z, by_x = ad.jacobian(lambda z, x: np.real(z * np.conj(z)) * x, (0, 1), method=method)(1 + 2j, 3.0)
    close((by_z, by_x), (complex(6 - 12j), 5.0))


def test_vjp_is_the_transpose_without_conjugation():
    _, pullback = ad.vjp(lambda z: (2 + 1j) * z, Z)
    close(pullback(np.array([1j, 1 + 0j])), ((2 + 1j) * np.array([1j, 1 + 0j]),))


@pytest.mark.parametrize("method", ["symbolic", "numerical"])
def test_methods_on_the_reals_refuse_complex_arguments(method):
    with pytest.raises(ad.ArgumentError, match="complex"):
        ad.grad(lambda z: np.abs(z), method=method)(1j)


# -- ad.value --------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", EXACT)
def test_value_drops_the_derivative(method):
    assert ad.grad(lambda x: x * ad.value(x), method=method)(3.0) == 3.0
    assert ad.value(X) is X
    assert ad.value("text") == "text"


def test_value_gives_plain_numbers_at_any_depth():
    seen = []

    def f(x):
        ad.grad(lambda y: seen.append((ad.value(y), ad.value(np.array([y[0], x[0]])))) or np.sum(x * y))(x)
        return np.sum(x)

    ad.grad(f)(X)
    close(seen, [(X, X[[0, 0]])])


def test_what_is_done_to_a_value_does_not_reach_the_computation():
    def f(x):
        y = x * x
        ad.value(x)[:] = 100.0
        ad.value(y)[:] = 100.0
        return np.sum(y * x)

    x = X.copy()
    close(ad.grad(f)(x), 3 * X**2)
    np.testing.assert_array_equal(x, X)


# == dataclasses ===================================================================================
@dataclass
class Network:
    weight: np.ndarray
    bias: float
    scales: list[float]


NETWORK = Network(np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5, [1.0, 2.0])


def misfit(model, x):
    assert type(model) is Network
    return np.sum(np.tanh(model.weight @ x * model.scales[0] + model.bias)) * model.scales[1]


@pytest.mark.parametrize("method", ["reverse", "forward", "symbolic", "numerical"])
def test_dataclasses_reach_f_and_come_back_as_such(method):
    x = np.array([0.3, -0.2])
    gradient = ad.grad(misfit, method=method)(NETWORK, x)
    slope = 2 / np.cosh(NETWORK.weight @ x + 0.5) ** 2
    assert type(gradient) is Network
    np.testing.assert_allclose(gradient.weight, np.outer(slope, x), rtol=1e-8)
    assert gradient.bias == pytest.approx(np.sum(slope))
    assert gradient.scales == pytest.approx([slope @ NETWORK.weight @ x, misfit(NETWORK, x) / 2])


def test_dataclasses_in_hessians_and_products():
    x = np.array([0.3, -0.2])
    blocks = ad.hessian(misfit)(NETWORK, x)
    assert type(blocks) is type(blocks.weight) is Network
    assert blocks.weight.bias.shape == (2, 2)
    np.testing.assert_allclose(blocks.bias.weight, blocks.weight.bias, rtol=1e-12)
    (gradient, _), (product, _) = ad.hvp(misfit, (NETWORK, x), (NETWORK, np.zeros(2)))
    assert type(gradient) is type(product) is Network
    along = (
        np.sum(blocks.bias.weight * NETWORK.weight) + blocks.bias.bias * 0.5 + np.dot(blocks.bias.scales, [1.0, 2.0])
    )
    assert product.bias == pytest.approx(along)


def test_a_field_that_is_no_number_is_named():
    with pytest.raises(ad.ArgumentError, match=r"argument 0\.bias is a str"):
        ad.grad(misfit)(Network(NETWORK.weight, "none", [1.0, 2.0]), np.ones(2))
