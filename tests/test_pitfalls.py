"""What users of automatic differentiation stumble on, on plain NumPy code: the right number, or one clear sentence."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import threading
import weakref

import numpy as np
import pytest

import adkit as ad

A = np.array
X = A([0.4, -1.2, 2.1])
EXACT = ["reverse", "forward"]
METHODS = [*EXACT, "symbolic", "numerical"]
every_method = pytest.mark.parametrize("method", METHODS)
exact_method = pytest.mark.parametrize("method", EXACT)


def agrees(f, x, expected, method):
    bar = 1e-7 if method == "numerical" else 1e-12
    np.testing.assert_allclose(ad.grad(f, method=method)(x), expected, rtol=bar, atol=bar)


# == plain NumPy ===================================================================================
@every_method
def test_plain_numpy_functions(method):
    def f(x):
        y = np.where(x > 0, np.sin(x), x * x)
        return np.sum(np.einsum("i,ij->j", y, np.outer(x, [1.0, 2.0]))) + np.sum(np.concatenate([y, [1.0]]))

    slope = np.where(X > 0, np.cos(X), 2 * X)
    value = np.where(X > 0, np.sin(X), X * X)
    agrees(f, X, 3 * (slope * X + value) + slope, method)


@every_method
def test_arrays_of_traced_numbers(method):
    agrees(
        lambda x: np.sum(np.array([x[0] * x[1], x[2]]) ** 2),
        X,
        [2 * X[0] * X[1] ** 2, 2 * X[0] ** 2 * X[1], 2 * X[2]],
        method,
    )
    agrees(lambda x: np.array([[x[0]], [2 * x[1]]]) @ A([3.0]) @ A([1.0, 1.0]), X, [3, 6, 0], method)


@exact_method
def test_numpys_functions_of_lists_of_traced_numbers(method):
    for fun in (np.sum, np.mean, np.var, np.std, np.max, np.prod, np.median):
        expected = ad.grad(lambda x, fun=fun: fun(x * [1.0, 2.0, 3.0]))(X)
        agrees(lambda x, fun=fun: fun([x[0], 2 * x[1], 3 * x[2]]), X, expected, method)


@exact_method
def test_assignment_into_a_plain_array_names_the_line_and_three_ways_out(method):
    def f(x):
        o = np.zeros(3)
        for i in range(3):
            o[i] = x[i]
        return np.sum(o)

    with pytest.raises(ad.LostDerivative, match=r"test_pitfalls\.py.*`o\[i\] = x\[i\]`") as caught:
        ad.grad(f, method=method)(X)
    for way in ("np.zeros_like(x)", "np.zeros(n, like=x)", "np.stack(parts)"):
        assert way in str(caught.value)


@every_method
def test_assignment_into_an_array_like_x(method):
    def f(x):
        o, p = np.zeros_like(x), np.zeros(3, like=x)
        for i in range(3):
            o[i] = x[i] ** 2
            p[i] = o[i] * x[0]
        return np.sum(o) + np.sum(p)

    expected = 2 * X * (1 + X[0])
    expected[0] += np.sum(X * X)
    agrees(f, X, expected, method)


@every_method
def test_assignment_to_traced_elements_and_in_place_operators(method):
    def f(x):
        y = x * 2
        y[0] = 5.0
        y += 1
        y *= y
        return np.sum(y)

    agrees(f, X, [0.0, 4 * (2 * X[1] + 1), 4 * (2 * X[2] + 1)], method)


@every_method
def test_in_place_changes_of_the_argument_leave_the_callers_array_alone(method):
    def f(x):
        x += 1
        return np.sum(x * x)

    x = X.copy()
    agrees(f, x, 2 * (X + 1), method)
    np.testing.assert_array_equal(x, X)


@exact_method
def test_a_view_of_an_array_modified_later(method):
    def f(x):
        y = x * 1.0
        v = y[1:]
        y[1] = x[0] ** 2
        return np.sum(v * v)

    agrees(f, X, [4 * X[0] ** 3, 0, 2 * X[2]], method)


# == leaving the traced world ======================================================================
@pytest.mark.parametrize("method", [*EXACT, "symbolic"])
@pytest.mark.parametrize("f", [lambda x: math.sin(x) * x, lambda x: float(x) * x, lambda x: x * int(x.astype(int))])
def test_conversions_are_refused_and_not_dropped(f, method):
    with pytest.raises(ad.LostDerivative, match=r"test_pitfalls\.py.*(np\.sin|ad\.value)"):
        ad.grad(f, method=method)(np.float64(1.0))


@every_method
def test_integers_are_promoted(method):
    agrees(lambda x: x**3, 3, 27.0, method)
    gradient = ad.grad(lambda x: np.sum(x * x), method=method)(A([1, 2, 3]))
    assert gradient.dtype == float
    np.testing.assert_allclose(gradient, [2, 4, 6], rtol=1e-8)


@every_method
@pytest.mark.parametrize("x", [True, "1.0", A([True]), None])
def test_truth_values_and_texts_are_refused(x, method):
    with pytest.raises(ad.ArgumentError, match=r"test_pitfalls\.py"):
        ad.grad(lambda x: x * 2.0, method=method)(x)


@exact_method
def test_copies_and_casts_carry_the_derivative(method):
    for copied in (
        lambda x: x.copy(),
        lambda x: x.astype(float),
        lambda x: np.asarray(x),
        lambda x: np.array(x),
        copy.copy,
        copy.deepcopy,
        lambda x: copy.deepcopy({"x": [x]})["x"][0],
    ):
        agrees(lambda x, copied=copied: np.sum(copied(x) ** 2), X, 2 * X, method)


@exact_method
def test_scipy_interp_and_solve_need_no_wrapper(method):
    special = pytest.importorskip("scipy.special")
    s = special.expit(X)
    agrees(lambda x: np.sum(special.expit(x)), X, s * (1 - s), method)
    agrees(lambda x: np.interp(x[0], [0.0, 1.0, 2.0], [0.0, 3.0, 4.0]), X, [3, 0, 0], method)
    agrees(lambda x: np.linalg.solve(np.diag(x), X) @ X, X, -np.ones(3), method)


@exact_method
def test_flip_asarray_and_append_have_rules(method):
    agrees(lambda x: np.flip(x)[0] + np.append(np.asarray(x), 1.0)[1] * 2, X, [0, 2, 1], method)


def test_a_missing_rule_names_the_operation_the_line_and_what_is_near():
    with pytest.raises(ad.NoRule, match=r"numpy\.isnat has no derivative rule at .*test_pitfalls\.py.*similar name"):
        ad.grad(lambda x: np.isnat(x) * x)(1.0)


# == singular points and kinks =====================================================================
@every_method
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_a_branch_that_is_not_taken_contributes_nothing(method):
    if method == "numerical":
        pytest.skip("differences step across the edge of the domain")
    assert ad.grad(lambda x: np.where(x > 0, np.sqrt(x), 0.0), method=method)(0.0) == 0.0
    agrees(lambda x: np.sum(np.where(x > 0, np.log(np.abs(x)), x)), X, [1 / X[0], 1, 1 / X[2]], method)
    np.testing.assert_array_equal(
        ad.grad(lambda x: np.sum(np.where(x == 0, 1.0, np.sin(x) / x)), method=method)(np.zeros(2)), [0, 0]
    )


@exact_method
def test_roots_and_norms_at_zero(method):
    zeros = np.zeros(3)
    assert ad.grad(np.sqrt, method=method)(0.0) == np.inf
    np.testing.assert_array_equal(ad.grad(np.linalg.norm, method=method)(zeros), zeros)
    np.testing.assert_array_equal(ad.grad(lambda x: np.linalg.norm(x) ** 2, method=method)(zeros), zeros)
    np.testing.assert_array_equal(ad.grad(np.std, method=method)(zeros), zeros)


@pytest.mark.parametrize("method", [*EXACT, "symbolic"])
def test_ties_are_shared(method):
    assert ad.grad(abs, method=method)(0.0) == 0.0
    assert ad.grad(lambda x: np.maximum(x, 0.0), method=method)(0.0) == 0.5
    np.testing.assert_array_equal(ad.grad(np.max, method=method)(A([2.0, 1.0, 2.0])), [0.5, 0, 0.5])


def test_the_origin_of_a_nan_is_named():
    def f(x):
        r2 = np.sum(x * x)
        return np.sqrt(r2)

    report = ad.explain_nan(f, np.zeros(2))
    assert report.operation == "sqrt"
    assert report.inputs == (0.0,)
    assert "`np.sqrt(r2)`" in report.place


# == programs ======================================================================================
@every_method
def test_control_flow_on_values(method):
    def f(x):
        total = 0.0
        for part in sorted(x.tolist()):
            while part < 1.0:
                part = part + 1.0
            total = total + (part**2 if part > 1.5 else 3 * part)
        return total + max(x[0], x[1]) + min(1.0, x[2]) + abs(x[1]) + sum(x)

    expected = [3.0, 2 * (X[1] + 3), 2 * X[2]]
    agrees(f, X, A(expected) + [1, 0, 0] + [0, -1, 0] + 1, method)


@exact_method
def test_builtins_see_a_number(method):
    seen = {}

    def f(x):
        seen["text"] = f"{x[0]:.3f} {x[1]}"
        quotient, rest = divmod(x[2], 0.75)
        seen["len"], seen["round"] = len(x), round(x[0], 1)
        a, *others = x
        return pow(a, 3) + rest + quotient + sum(others) + (1.0 < x[2] < 3.0)

    agrees(f, X, [3 * X[0] ** 2, 1, 2], method)
    assert seen == {"text": "0.400 -1.2", "len": 3, "round": 0.4}


@pytest.mark.parametrize("inner", EXACT)
@pytest.mark.parametrize("outer", EXACT)
def test_perturbations_are_not_confused(inner, outer):
    # d/dx (x d/dy (x + y)) = 1
    assert ad.grad(lambda x: x * ad.grad(lambda y: x + y, method=inner)(1.0), method=outer)(1.0) == 1.0
    # d/dx (x d/dy (x y)) = 2 x
    assert ad.grad(lambda x: x * ad.grad(lambda y: x * y, method=inner)(2.0), method=outer)(3.0) == 6.0


@pytest.mark.parametrize("inner", EXACT)
@pytest.mark.parametrize("outer", EXACT)
def test_a_closure_that_keeps_a_number_of_an_inner_level_cannot_confuse(inner, outer):
    def f(x):
        kept = []

        def g(y):
            kept.append(y * x)
            return y * kept[0]

        return ad.grad(g, method=inner)(x) + kept[0]

    with pytest.raises(ad.EscapedValue):
        ad.grad(f, method=outer)(2.0)


def test_threads_share_nothing():
    def work(k, results):
        def f(x):
            return x * ad.grad(lambda y: np.sin(x * y) * y, method=EXACT[k % 2])(x)

        for _ in range(50):
            results.append(ad.grad(f, method=EXACT[k // 2 % 2])(0.5 + k))

    def exact(x):
        g = ad.grad(lambda x: x * (np.sin(x * x) + x * x * np.cos(x * x)), method="symbolic")
        return g(x)

    found = [[] for _ in range(8)]
    threads = [threading.Thread(target=work, args=(k, found[k])) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, results in enumerate(found):
        assert len(results) == 50
        np.testing.assert_allclose(results, exact(0.5 + k), rtol=1e-12)


@exact_method
def test_an_exception_leaves_nothing_behind(method):
    def fails(x):
        y = np.zeros_like(x)
        y[0] = x[0]
        ad.grad(lambda t: np.sum(t * y))(x)
        raise KeyError("mine")

    for _ in range(3):
        with pytest.raises(KeyError, match="mine"):
            ad.grad(fails, method=method)(X)
        agrees(lambda x: ad.grad(lambda t: np.sum(t**3))(x) @ x, X, 9 * X**2, method)


@exact_method
def test_a_hundred_thousand_operations_in_a_row(method):
    def f(x):
        for _ in range(100_000):
            x = x * 1.00001
        return x

    assert ad.grad(f, method=method)(1.0) == pytest.approx(math.exp(100_000 * math.log(1.00001)))


@every_method
def test_an_array_as_output_is_refused_by_its_shape(method):
    with pytest.raises(ad.OutputError, match=r"shape \(3,\).*ad\.jacobian.*ad\.vjp"):
        ad.grad(lambda x: x * 2, method=method)(X)


@every_method
def test_an_output_that_does_not_depend_on_the_input_has_zero_gradient(method):
    np.testing.assert_array_equal(ad.grad(lambda x: 3.0, method=method)(X), np.zeros(3))
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(np.floor(x)), method=method)(X), np.zeros(3))


@every_method
def test_a_list_as_output_is_refused_by_its_kind(method):
    with pytest.raises(ad.OutputError, match="returned a list"):
        ad.grad(lambda x: [x[0], x[1]], method=method)(X)


@exact_method
def test_an_escaped_number_is_refused(method):
    kept = []
    ad.grad(lambda x: kept.append(x) or x * x, method=method)(1.0)
    with pytest.raises(ad.EscapedValue, match="has_aux=True"):
        kept[0] * 2


def test_errors_of_the_backward_pass_name_the_persons_line():
    broken = ad.custom_derivative(np.sin, vjp=lambda cotangent, out, x: (np.ones(7),))
    with pytest.raises(ad.ArgumentError, match=r"test_pitfalls\.py"):
        ad.grad(lambda x: np.sum(broken(x)))(X)


def test_the_tape_is_gone_after_the_gradient():
    class Payload(np.ndarray):
        pass

    watched = []

    def f(x):
        y = np.exp(x * np.ones(10_000))
        watched.append(weakref.ref(ad.tracing.plain(y)))
        return np.sum(y * y)

    ad.grad(f)(0.1)
    gc.collect()
    assert watched[0]() is None


@exact_method
def test_hessians_are_symmetric_and_products_need_no_hessian(method):
    def f(x):
        return np.prod(np.sin(x)) + x @ x

    hessian = ad.hessian(f, method=method)(X)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-13)
    np.testing.assert_allclose(ad.hvp(f, (X,), (X,))[1][0], hessian @ X, rtol=1e-12)


def test_auto_takes_the_direction_with_fewer_passes():
    calls = []

    def wide(x):
        calls.append(type(x).__name__)
        return np.outer(np.ones(100), x)

    ad.jacobian(wide)(np.ones(2))
    assert "Dual" in calls
    calls.clear()
    ad.jacobian(lambda x: calls.append(type(x).__name__) or np.sum(x))(np.ones(200))
    assert "Dual" not in calls


def cube(x):
    return x**3


def test_gradients_are_pickled_and_copied():
    gradient = ad.grad(cube)
    assert pickle.loads(pickle.dumps(gradient))(2.0) == 12.0
    assert copy.deepcopy(gradient)(2.0) == 12.0


@every_method
def test_single_precision_stays_single(method):
    x = X.astype(np.float32)
    assert ad.grad(lambda x: np.sum(np.sin(x) * 2.0), method=method)(x).dtype == np.float32


@every_method
def test_a_python_float_gives_a_python_float(method):
    assert type(ad.grad(lambda x: np.sin(x) * x, method=method)(1.0)) is float


# == rules that others have wrong ==================================================================
WRONG_ELSEWHERE = {
    "repeat with a negative axis": lambda x: np.repeat(x.reshape(2, 3), 2, axis=-1),
    "2-D tile": lambda x: np.tile(x.reshape(2, 3), (2, 2)),
    "diag of a matrix that is not square": lambda x: np.diag(x.reshape(2, 3)),
    "norm with keepdims": lambda x: np.linalg.norm(x.reshape(2, 3), axis=1, keepdims=True),
    "where that broadcasts": lambda x: np.where(A([[True], [False]]), x, x[:1]),
    "cross that broadcasts": lambda x: np.cross(x.reshape(2, 3), x[:3]),
    "transpose with negative axes": lambda x: np.transpose(x.reshape(1, 2, 3), (-1, 0, -2)),
    "2-D sort": lambda x: np.sort(x.reshape(2, 3), axis=0),
    "prod through zeros": lambda x: np.prod((x - x[1]).reshape(2, 3), axis=1),
}


@pytest.mark.parametrize("name", WRONG_ELSEWHERE)
@exact_method
def test_rules_that_are_easy_to_get_wrong(name, method):
    f = WRONG_ELSEWHERE[name]
    x = A([0.3, -0.7, 1.1, 2.0, -1.4, 0.9])
    weights = np.cos(np.arange(f(x).size)).reshape(f(x).shape)
    slope = [np.sum(weights * (f(x + s) - f(x - s))) / 2e-6 for s in 1e-6 * np.eye(6)]
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(weights * f(x)), method=method)(x), slope, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("outer", EXACT)
@pytest.mark.parametrize("inner", EXACT)
def test_mixed_second_derivative_of_a_power_at_exponent_zero(inner, outer):
    # d2/dxdy x**y = x**(y-1) (1 + y log x), which is 1/x at y = 0
    mixed = ad.grad(lambda x, y: ad.grad(lambda x, y: x**y, 1, method=inner)(x, y), 0, method=outer)
    assert mixed(2.0, 0.0) == pytest.approx(0.5)
