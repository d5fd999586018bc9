"""Forward mode: dual numbers with one tangent or a stack of them, in as few runs of f as the stack allows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from counts import calls_of

import adkit as ad
from adkit import forward
from adkit.forward import Dual
from adkit.tracing import Box

A = np.array
grad = {method: lambda f, method=method: ad.grad(f, method=method) for method in ("forward", "reverse")}
forward_grad = grad["forward"]


class Counted:
    """f, and how often it was run."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.runs = 0

    def __call__(self, *args: Any) -> Any:
        self.runs += 1
        return self.f(*args)


# -- passes ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("n", "chunk", "runs"), [(1, 8, 1), (7, 8, 1), (8, 8, 1), (9, 8, 2), (9, 3, 3), (9, 1, 9)])
def test_one_run_serves_a_chunk_of_inputs(n, chunk, runs):
    f = Counted(lambda x: np.sum(x**2))
    np.testing.assert_array_equal(ad.grad(f, method=ad.Forward(chunk=chunk))(np.arange(n) + 1.0), 2 * np.arange(n) + 2)
    assert f.runs == runs


def test_a_gradient_in_a_few_inputs_of_any_kind_takes_one_run():
    f = Counted(lambda x, y, z: x * np.sum(y) + z[0]["a"] * y[0] + z[1])
    ad.grad(f, (0, 1, 2), method="forward")(1.0, np.ones(5), [{"a": 2.0}, 3.0])
    assert f.runs == 1


def test_a_directional_derivative_takes_one_run():
    f = Counted(lambda x: np.sum(np.exp(x)))
    value, tangent = ad.jvp(f, (np.zeros(1000),), (np.ones(1000),))
    assert (value, tangent, f.runs) == (1000.0, 1000.0, 1)


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5, 6, 7, 100])
def test_chunks_give_what_one_pass_gives(chunk):
    def f(x, tree):
        return np.sum(np.sin(x) * tree["w"][0] @ x) + tree["w"][1] * x[0] - np.max(tree["b"])

    args = (A([0.3, -0.7]), {"w": (A([[1.0, 2.0], [0.5, -1.0]]), 2.0), "b": A([3.0], np.float32)})
    expected = ad.grad(f, (0, 1))(*args)
    found = ad.grad(f, (0, 1), method=ad.Forward(chunk=chunk))(*args)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-14)
    np.testing.assert_allclose(found[1]["w"][0], expected[1]["w"][0], rtol=1e-14)
    assert found[1]["w"][1] == expected[1]["w"][1]
    assert found[1]["b"].dtype == np.float32
    assert found[1]["b"] == -1.0


def test_unit_directions_are_stacked_across_the_inputs():
    first, second, third = forward.seeds([2.0, np.zeros((2, 1)), np.zeros(3, np.float32)], 1, 4)
    assert first is None
    np.testing.assert_array_equal(second, A([[[1.0], [0.0]], [[0.0], [1.0]], [[0.0], [0.0]]]))
    np.testing.assert_array_equal(third, A([[0, 0, 0], [0, 0, 0], [1, 0, 0]]))
    assert third.dtype == np.float32


# -- what a dual number carries --------------------------------------------------------------------
def test_a_single_number_carries_floats():
    seen: list[Any] = []

    def f(x):
        y = x * x + 3 * x - x / 2
        seen.extend([x, y, y**2, -y, abs(y)])
        return y

    assert forward_grad(f)(3.0) == 8.5
    assert all(isinstance(dual.tangent, float) and type(dual.value) is float for dual in seen)


def test_tangents_have_the_shape_and_dtype_of_their_value():
    seen: list[Any] = []

    def f(x):
        y = np.maximum(x, 1) * np.ones((4, 1), np.float32)
        seen.extend([y, np.sum(y, axis=0), y[:, None, 1], np.where(y > 1, y, 0), y @ x, np.max(y, axis=1)])
        return sum(map(np.sum, seen))

    ad.grad(f, method="forward")(A([0.5, 1.0, 2.0], np.float32))
    for dual in seen:
        assert dual.tangent.shape == (3, *dual.shape)
        assert dual.tangent.dtype == dual.dtype == np.float32


def test_inactive_inputs_are_plain_numbers():
    def run(leaves):
        x, y = leaves
        assert isinstance(x, Dual)
        assert type(y) is float
        return [x * y, y * 2, x + x]

    outputs, tangents = forward.push(run, [2.0, 3.0], [1.0, None])
    assert outputs == [6.0, 6.0, 4.0]
    assert tangents == [3.0, None, 2.0]


def test_queries_and_constants_carry_no_tangent():
    def f(x):
        assert not isinstance(np.floor(x), Box)
        assert not isinstance(x > 1, Box)
        return x * np.floor(x)

    assert forward_grad(f)(2.5) == 2.0


# -- a second, guarded run -------------------------------------------------------------------------
def test_a_guarded_run_is_made_only_where_nan_came_out():
    f = Counted(lambda x: np.sum(np.sqrt(np.where(x > 0, x, 0.0))))
    np.testing.assert_array_equal(forward_grad(f)(A([1.0, 4.0])), [0.5, 0.25])
    assert f.runs == 1
    np.testing.assert_array_equal(forward_grad(f)(A([0.0, 4.0])), [0.0, 0.25])
    assert f.runs == 1 + 2


def test_a_guarded_run_keeps_honest_nan():
    assert np.isnan(forward_grad(lambda x: np.sqrt(x) ** 2)(0.0))
    found = forward_grad(lambda x: np.sum(np.where(A([True, False]), np.sqrt(x) ** 2, x)))(np.zeros(2))
    np.testing.assert_array_equal(found, [np.nan, 1.0])


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_a_guarded_run_of_every_kind_of_row(chunk):
    def f(x):
        y = np.where(x > 0, np.log(np.abs(x)), 1.0)  # elementwise rows, and the choice
        z = np.concatenate([y, y[::-1]])  # assembly, indexing
        m = np.reshape(z, (2, 3)) @ np.ones((3, 2))  # shape, products
        return np.sum(np.cumsum(m, axis=0)) + np.max(z) + np.prod(y + 2)

    x = A([0.0, 2.0, 5.0])
    with np.errstate(divide="ignore"):
        expected = ad.grad(f)(x)
        found = ad.grad(f, method=ad.Forward(chunk=chunk))(x)
    assert np.isfinite(expected).all()
    assert expected[0] == 0.0
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_a_tangent_of_zero_is_nothing_at_all():
    value, tangent = ad.jvp(lambda x: np.sqrt(x[0]) + x[1], (A([0.0, 1.0]),), (A([0.0, 1.0]),))
    assert (value, tangent) == (1.0, 1.0)


def test_infinite_derivatives_come_without_warnings():
    assert forward_grad(np.sqrt)(0.0) == np.inf
    assert forward_grad(lambda x: np.sum(np.sqrt(x)))(np.zeros(2)).tolist() == [np.inf, np.inf]
    assert np.isnan(ad.jvp(lambda x, y: x**y, (-2.0, 2.0), (0.0, 1.0))[1])


# -- one level and the next ------------------------------------------------------------------------
@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(grad, grad)))
def test_perturbations_are_not_confused(outer, inner):
    outer, inner = grad[outer], grad[inner]
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
    assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0
    assert outer(lambda x: inner(lambda y: x * y * y)(x) * x)(3.0) == 3 * 2 * 9.0
    assert outer(lambda x: inner(lambda x: x * x)(x) + x)(3.0) == 3.0
    assert outer(lambda x: x * inner(lambda y: x)(1.0))(3.0) == 0.0


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(grad, grad)))
def test_perturbations_of_arrays_are_not_confused(outer, inner):
    outer, inner = grad[outer], grad[inner]
    x = A([1.0, 2.0, 3.0])
    found = outer(lambda x: np.sum(x * inner(lambda y: np.sum(x * y * y))(x)))(x)
    np.testing.assert_array_equal(found, 6 * x**2)
    found = outer(lambda x: np.sum(x * inner(lambda y: np.sum(x + y))(np.ones(3))))(x)
    np.testing.assert_array_equal(found, np.ones(3))


@pytest.mark.parametrize("levels", list(itertools.product(grad, repeat=3)), ids="-".join)
def test_three_levels_in_every_order(levels):
    f: Callable[..., Any] = lambda x: np.exp(2 * x) * x  # noqa: E731
    for level in levels:
        f = grad[level](f)
    assert f(0.5) == pytest.approx((8 * 0.5 + 12) * np.exp(1.0), rel=1e-14)


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(grad, grad)))
def test_closures_that_the_inner_function_changes(outer, inner):
    outer, inner = grad[outer], grad[inner]

    def keeps_the_outer_value(x):
        kept = []
        slope = inner(lambda y: kept.append(2 * x) or x * y)(3.0)
        return slope * kept[0]

    def keeps_the_inner_value(x):
        kept = []
        slope = inner(lambda y: kept.append(x * y) or x * y)(3.0)
        return slope * kept[0]

    assert outer(keeps_the_outer_value)(5.0) == 20.0
    with pytest.raises(ad.EscapedValue, match=r"test_forward\.py"):
        outer(keeps_the_inner_value)(5.0)


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(grad, grad)))
def test_a_function_of_two_levels_at_once(outer, inner):
    outer, inner = grad[outer], grad[inner]

    def shifted(u):
        return inner(lambda x: np.sin(x + u) * u)(0.3)

    assert outer(shifted)(0.5) == pytest.approx(np.cos(0.8) - 0.5 * np.sin(0.8), rel=1e-14)


# -- values that outlive their gradient, f that raises, threads ------------------------------------
@pytest.mark.parametrize("x", [1.0, np.ones(2)], ids=["number", "array"])
@pytest.mark.parametrize("use", [lambda x: x + 1, lambda x: np.sin(x), lambda x: np.any(x > 0), lambda x: np.sum(x)])
def test_escaped_values_are_refused(x, use):
    escaped: list[Any] = []
    forward_grad(lambda x: escaped.append(x * 2.0) or np.sum(x))(x)
    with pytest.raises(ad.EscapedValue, match=r"test_forward\.py"):
        use(escaped[0])
    with pytest.raises(ad.EscapedValue):
        forward_grad(lambda y: np.sum(y * escaped[0]))(x)


def test_an_exception_in_f_leaves_no_trace():
    def fails(x):
        if np.sum(x) > 0:
            raise KeyError("mine")
        return np.sum(x)

    for _ in range(3):
        with pytest.raises(KeyError, match="mine"):
            forward_grad(fails)(1.0)
        with pytest.raises(KeyError, match="mine"):
            forward_grad(lambda x: np.sum(x * forward_grad(fails)(x)))(np.ones(3))
    np.testing.assert_array_equal(forward_grad(fails)(-np.ones(3)), np.ones(3))
    assert forward_grad(forward_grad(lambda y: y**3))(2.0) == 12.0


def test_threads_share_nothing():
    def work(k):
        x = float(k + 1)
        nested = forward_grad(lambda x: x * forward_grad(lambda y: x * y**3)(x))
        mixed = forward_grad(lambda x: np.sum(grad["reverse"](lambda y: np.sum(y**3))(x)))
        return [(nested(x), mixed(A([x, x]))[1]) for _ in range(30)]

    with ThreadPoolExecutor(8) as pool:
        for k, found in enumerate(pool.map(work, range(8))):
            assert set(found) == {(12 * (k + 1.0) ** 3, 6 * (k + 1.0))}


@pytest.mark.parametrize("method", [ad.Forward(chunk=1), ad.Forward(chunk=3), "forward"], ids=str)
def test_what_f_writes_into_an_argument_never_reaches_the_callers(method):
    """Also in a pass that moves the others only, where an argument is a plain array."""

    def f(x, y, z):
        x *= 2.0
        y -= x
        return np.sum(y * y) + np.real(z)

    x, y = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    gradient = ad.grad(f, (0, 1, 2), method=method)(x, y, 1.0 + 0.0j)
    np.testing.assert_array_equal(x, [1.0, 2.0])
    np.testing.assert_array_equal(y, [3.0, 5.0])
    np.testing.assert_allclose(gradient[0], -4 * (y - 2 * x))
    np.testing.assert_allclose(gradient[1], 2 * (y - 2 * x))
    assert gradient[2] == 1.0


# -- how little an operation does --------------------------------------------------------------------
def chained(*x):
    """Rosenbrock's valley in as many numbers as are given."""
    total = 0.0
    for a, b in itertools.pairwise(x):
        d = b - a * a
        total = total + 100 * d * d + (1 - a) ** 2
    return total


def test_a_gradient_in_64_numbers_takes_at_most_5_times_the_calls_of_one_direction():
    point = tuple(np.linspace(-1.0, 1.0, 64).tolist())
    gradient = ad.grad(chained, tuple(range(64)), method="forward")
    assert gradient(*point) == pytest.approx(ad.grad(chained, tuple(range(64)))(*point), rel=1e-12)

    def one():
        return ad.jvp(chained, point, (1.0,) * 64)

    one()
    assert calls_of(lambda: gradient(*point)) <= 5 * calls_of(one)


def test_a_dual_number_costs_two_calls_of_python():
    """One is the operator, the other the rule; nothing looks for traces, shapes or dtypes."""

    def steps(n: int) -> Callable[[], Any]:
        def f(x):
            for _ in range(n):
                x = 3 * x * (1 - x)
            return x

        return lambda: ad.jvp(f, (0.2,), (1.0,))

    few, many = steps(10), steps(110)
    few(), many()
    assert calls_of(many) - calls_of(few) == 2 * 3 * 100


def test_tangents_that_overflow_make_no_warning():
    """f's own numbers are NumPy's business; those of its derivative are not."""
    found = ad.grad(lambda x, y: (1e200 * x) * (1e200 * (1 / y)), (0, 1), method="forward")(0.0, 1.0)
    assert found == (np.inf, 0.0)
    assert ad.jvp(lambda x: np.sin(x) * 1e300, (0.0,), (1e300,))[1] == np.inf
    with pytest.warns(RuntimeWarning, match="overflow") as caught:
        ad.jvp(lambda x: np.sum(np.exp(x)), (A([1000.0]),), (A([1.0]),))
    assert len(caught) == 1


@pytest.mark.parametrize("pick", [lambda x: x[1], lambda x: x[-1], lambda x: x[1] * x[0] + np.sin(x[2])])
@pytest.mark.parametrize("method", [ad.Forward(chunk=2), "forward", "reverse"], ids=str)
def test_an_element_is_the_same_however_it_is_picked(pick, method):
    x = A([0.3, 0.7, 1.1])
    slowly = ad.grad(lambda x: pick(x[:]), method=method)(x)
    np.testing.assert_array_equal(ad.grad(pick, method=method)(x), slowly)
    with pytest.raises(IndexError):
        ad.grad(lambda x: x[3], method=method)(x)
