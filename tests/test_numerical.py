"""Finite differences: accuracy at all scales as documented, bounds, edges; f a black box that does what it likes."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adkit as ad
from adkit.calls import Call
from adkit.numerical import step_size, step_sizes

X = np.array([0.7, -1.3, 2.1])
SCHEMES = ["central", "forward", "complex"]
# What the docstring of ad.Numerical promises where f varies on the scale max(1, |x|), with room for its constant.
ACCURACY = {"central": 1e-9, "forward": 1e-6, "complex": 1e-14}


def slopes(f, x, **options):
    return ad.grad(lambda x: np.sum(f(x)), method=ad.Numerical(**options))(x)


# -- accuracy --------------------------------------------------------------------------------------
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.sin, np.cos),
        (np.exp, np.exp),
        (lambda x: x**3 + 1, lambda x: 3 * x**2),
        (np.arctan, lambda x: 1 / (1 + x * x)),
    ],
)
def test_the_accuracy_of_a_scheme(f, slope, scheme):
    x = np.array([0.3, 0.9, -1.1, 2.0])
    np.testing.assert_allclose(slopes(f, x, scheme=scheme), slope(x), rtol=ACCURACY[scheme])


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_accuracy_where_f_varies_with_the_size_of_its_argument(scheme, scale):
    """Steps grow with |x| beyond 1; below, the change of f over the step has to be a small part of f's slope."""
    x = 1.7 * scale
    unit = max(1.0, scale)
    f = lambda x: np.sin(x / unit)  # noqa: E731
    found = ad.grad(f, method=ad.Numerical(scheme=scheme))(x)
    assert found == pytest.approx(np.cos(x / unit) / unit, rel=2 * ACCURACY[scheme] * max(1, 1 / abs(np.cos(1.7))))


def test_the_step_is_chosen_for_each_component():
    x = np.array([1e-8, 1.0, 1e8])
    found = np.diag(ad.jacobian(lambda x: x**2, method="numerical")(x))
    np.testing.assert_allclose(found, 2 * x, rtol=1e-9, atol=1e-9)
    assert [step_size(c, "central") for c in x] == pytest.approx([6.055e-6, 6.055e-6, 605.5], rel=1e-3)


# -- every scale -----------------------------------------------------------------------------------
# A function in NumPy, the same in mpmath, where to look, and what the slope is relative to: 1 for the slope itself.
DIFFICULT = {
    "a parabola far from its centre": (lambda x: (x - 1) ** 2, lambda x: (x - 1) ** 2, 1e-12),
    "x^3 near its flat point": (lambda x: x**3, lambda x: x**3, 1e-8),
    "a short wave": (lambda x: np.sin(1e8 * x), lambda x: mpmath.sin(10**8 * x), 5e-9),
    "a short wave on a pedestal": (lambda x: 1e3 + np.sin(1e8 * x), lambda x: mpmath.sin(10**8 * x), 5e-9),
    "log near its edge": (np.log, mpmath.log, 1e-9),
    "1/x near its pole": (lambda x: 1 / x, lambda x: 1 / x, 1e-6),
    "sqrt near its edge": (np.sqrt, mpmath.sqrt, 1e-8),
    "a root near its edge, in Python's floats": (lambda x: x**1.5, lambda x: x ** mpmath.mpf(1.5), 1e-8),
    "log near an edge of its own": (lambda x: np.log(x - 1), lambda x: mpmath.log(x - 1), 1 + 2.0**-20),
    "x^2 far out": (lambda x: x * x, lambda x: x * x, 1e5),
    "waves of length 1 far out": (np.sin, mpmath.sin, 1e5),
    "waves of length 1 very far out": (np.sin, mpmath.sin, 1e8),
    "exp": (np.exp, mpmath.exp, 1.0),
    "exp far out": (np.exp, mpmath.exp, 300.0),
    "a tiny function": (lambda x: 1e-15 * np.sin(x), lambda x: mpmath.mpf(1e-15) * mpmath.sin(x), 2.0),
    "a tiny function of a small number": (
        lambda x: 1e-15 * np.sin(x),
        lambda x: mpmath.mpf(1e-15) * mpmath.sin(x),
        1e-3,
    ),
    "a wide function": (lambda x: np.arctan(x / 1e12), lambda x: mpmath.atan(x / mpmath.mpf(10**12)), 3e12),
    "a cancellation": (lambda x: (1 + x) - 1, lambda x: x, 1e-6),
    "a gentle function of a tiny number": (np.sin, mpmath.sin, 1e-12),
}
# An edge so near that the digits of x itself are short: 1e-6 of them are left.
ROUGH = {"log near an edge of its own": 1e-4}


@pytest.mark.parametrize("name", DIFFICULT)
def test_the_default_is_safe_on_the_scale_of_x_and_on_that_of_1(name):
    f, exact, x = DIFFICULT[name]
    found = ad.grad(f, method="numerical")(x)
    with mpmath.workdps(60):
        assert found == pytest.approx(float(mpmath.diff(exact, mpmath.mpf(x))), rel=ROUGH.get(name, 1e-7))


@pytest.mark.parametrize("order", [2, 4, 6])
@pytest.mark.parametrize("x", [10.0**k for k in range(-12, 13)])
def test_functions_that_vary_with_the_size_of_their_argument(x, order):
    """At each power of ten the slope of log, of a power and of a root is as good as at 1."""
    method = ad.Numerical(order=order)
    for f, slope in ((np.log, 1 / x), (lambda x: x**3, 3 * x**2), (np.sqrt, 0.5 / np.sqrt(x))):
        assert ad.grad(f, method=method)(x) == pytest.approx(slope, rel=1e-8)


@given(st.floats(1e-12, 1e12), st.booleans(), st.sampled_from([1, 2, 3]))
def test_powers_of_any_number(size, negative, power):
    x = -size if negative else size
    assert ad.grad(lambda x: x**power, method="numerical")(x) == pytest.approx(power * x ** (power - 1), rel=1e-7)


@given(st.floats(1e-12, 1e12))
def test_the_default_calls_f_as_often_as_it_says_at_every_scale(x):
    calls = []
    method = ad.Numerical()
    ad.grad(lambda x: calls.append(1) or x * x, method=method)(x)
    assert len(calls) == method.passes(Call(lambda x: x, 0, (x,))) == 1 + 2 * len(step_sizes(x, "central"))


def test_two_calls_a_component_where_there_is_one_scale_and_four_where_there_are_two():
    per_component = {x: ad.Numerical().passes(Call(abs, 0, (x,))) - 1 for x in (0.0, 1e-3, 0.5, 1.0, 5.0, 1e3)}
    assert per_component == {0.0: 2, 1e-3: 4, 0.5: 2, 1.0: 2, 5.0: 2, 1e3: 4}


def test_the_scale_is_chosen_for_each_output_apart():
    """The first varies on the scale of x, the second on that of 1, where the shorter step sees only rounding."""
    found = ad.jacobian(lambda x: np.array([np.log(x), 1 + (x - 1) ** 2]), method="numerical")(1e-9)
    np.testing.assert_allclose(found, [1e9, -2.0], rtol=1e-9)


@pytest.mark.parametrize(("order", "bar"), [(2, 1e-9), (4, 3e-12), (6, 1e-12)])
def test_higher_orders_are_more_exact_where_f_is_smooth(order, bar):
    x = np.array([0.3, 0.9, -1.1, 2.0])
    np.testing.assert_allclose(slopes(np.sin, x, order=order), np.cos(x), rtol=bar)


def test_a_polynomial_of_the_order_is_differentiated_exactly_by_any_step():
    for order in (2, 4, 6):
        found = ad.grad(lambda x, n=order: x**n, method=ad.Numerical(order=order, step=0.25))(1.0)
        assert found == pytest.approx(order, rel=1e-13)


def test_noise_is_not_taken_for_a_slope_on_the_scale_of_x():
    noisy = lambda x: np.sin(x) + 1e-10 * np.cos(1e15 * x)  # noqa: E731
    assert ad.grad(noisy, method="numerical")(1e-3) == pytest.approx(np.cos(1e-3), rel=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"order": 3},
        {"order": True},
        {"order": 4, "scheme": "forward"},
        {"scheme": "adaptive", "step": 1e-3},
        {"bounds": 1.0},
        {"bounds": (0.0, 1.0, 2.0)},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ad.BadRequest):
        ad.Numerical(**options)


# -- where f has no value on one side --------------------------------------------------------------
def raising(error):
    def f(x):
        if x < 0:
            raise error("beyond")
        return x * (3.0 - x)

    return f


@pytest.mark.parametrize(
    "error", [ValueError, ZeroDivisionError, FloatingPointError, OverflowError, ArithmeticError, np.linalg.LinAlgError]
)
@pytest.mark.parametrize("scheme", ["central", "forward", "adaptive"])
def test_where_f_raises_on_one_side_the_slope_is_of_the_other(scheme, error):
    found = ad.grad(raising(error), method=ad.Numerical(scheme=scheme))(0.0)
    assert found == pytest.approx(3.0, rel=1e-7)


@pytest.mark.parametrize("order", [2, 4, 6])
@pytest.mark.parametrize("beyond", [np.nan, np.inf])
@pytest.mark.parametrize("side", [-1, 1])
def test_where_f_is_not_finite_on_one_side_too(side, beyond, order):
    f = lambda x: (x + 1) ** 2 if side * x >= 0 else beyond  # noqa: E731
    assert ad.grad(f, method=ad.Numerical(order=order))(0.0) == pytest.approx(2.0, rel=1e-9)


def test_one_sided_slopes_of_some_outputs_leave_the_others_central():
    found = ad.Numerical().full_output(lambda x: np.array([np.sqrt(x) ** 2 + x, np.sin(x)]), 0.0)
    np.testing.assert_allclose(found.value, [2.0, 1.0], rtol=1e-9)
    assert found.status.tolist() == ["edge", "ok"]


def test_an_edge_close_by_is_not_stepped_over():
    """The default step of 6e-6 leaves the domain; a shorter one, not a one-sided long one, is right."""
    for gap in (1e-6, 1e-7, 1e-8):
        x = 1 + gap
        found = ad.grad(lambda x: math.log(x - 1), method="numerical")(x)
        assert found == pytest.approx(1 / (x - 1), rel=0.05)


@pytest.mark.parametrize("options", [{}, {"bounds": (0.0, None)}])
def test_an_infinite_slope_at_an_edge_is_not_given_a_number(options):
    with np.errstate(all="ignore"):
        assert not np.isfinite(ad.grad(np.sqrt, method=ad.Numerical(**options))(0.0))


def test_where_f_raises_everywhere_else_the_exception_is_its_own():
    def f(x):
        if x != 1.0:
            raise ValueError("only here")
        return x

    with pytest.raises(ValueError, match="only here"):
        ad.grad(f, method="numerical")(1.0)


def test_an_exception_at_the_point_itself_is_fs_own():
    with pytest.raises(ValueError, match="math domain"):
        ad.grad(lambda x: math.log(x), method="numerical")(-1.0)


def test_what_adkit_refuses_is_refused_at_moved_points_too():
    def f(x):
        return x if x == 1.0 else [x, x]

    with pytest.raises(ad.OutputError, match="a gradient needs one number"):
        ad.grad(f, method="numerical")(1.0)


def test_a_shape_that_depends_on_the_numbers_is_refused():
    with pytest.raises(ad.OutputError, match="shape"):
        ad.jacobian(lambda x: np.ones(2 if x > 1.0 else 3), method="numerical")(1.0)


# -- bounds ----------------------------------------------------------------------------------------
def watched(f):
    """f, and the points that it was called at."""
    seen = []

    def watching(x):
        seen.append(np.copy(ad.value(x)))
        return f(x)

    return watching, seen


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"order": 4},
        {"order": 6},
        {"scheme": "forward"},
        {"scheme": "adaptive"},
        {"scheme": "complex"},
        {"step": 0.3},
    ],
    ids=str,
)
def test_f_is_never_called_out_of_bounds(options):
    lower, upper = np.array([0.0, 0.5, -1.0, 1e-9]), np.array([1.0, 0.5 + 1e-7, 1e5, 1.0])
    for x in (lower, upper, (lower + upper) / 2, np.nextafter(lower, upper), np.nextafter(upper, lower)):
        f, seen = watched(lambda x: 3 * x + x**2)
        found = ad.jacobian(f, method=ad.Numerical(bounds=(lower, upper), **options))(x)
        assert all((lower <= point.real).all() and (point.real <= upper).all() for point in seen)
        atol = 0.31 if options.get("scheme") == "forward" or "step" in options else 1e-4
        np.testing.assert_allclose(found, np.diag(3 + 2 * x), rtol=1e-4, atol=atol)


def test_second_differences_stay_within_bounds_too():
    lower, upper = np.array([0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1e-3])
    for x in (lower, upper, np.array([0.5, 1e-6, 1e-3])):
        f, seen = watched(lambda x: np.exp(x[0]) * x[1] ** 2 + x[2] * x[0] + x[2] ** 2)
        found = ad.hessian(f, method=ad.Numerical(bounds=(lower, upper)))(x)
        assert all((lower <= point).all() and (point <= upper).all() for point in seen)
        wanted = ad.hessian(lambda x: np.exp(x[0]) * x[1] ** 2 + x[2] * x[0] + x[2] ** 2)(x)
        np.testing.assert_allclose(found, wanted, atol=1e-4)


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e3), st.floats(0, 1), st.sampled_from([2, 4, 6]))
def test_bounds_anywhere(low, width, where, order):
    high = low + width
    x = min(max(low + where * width, low), high)
    f, seen = watched(lambda x: 3.0 * x + 1.0)
    assert ad.grad(f, method=ad.Numerical(bounds=(low, high), order=order))(x) == pytest.approx(3.0, rel=1e-3)
    assert all(low <= point <= high for point in seen)


@pytest.mark.parametrize("order", [2, 4, 6])
def test_an_edge_is_met_with_steps_of_its_own(order):
    found = ad.grad(np.exp, method=ad.Numerical(order=order, bounds=(1.0, None)))(1.0)
    assert found == pytest.approx(np.e, rel=1e-9)
    beyond = ad.grad(lambda x: np.exp(x) if x >= 1 else np.nan, method=ad.Numerical(order=order))(1.0)
    assert beyond == pytest.approx(np.e, rel=1e-9)


def test_bounds_that_are_finer_than_the_numbers_are_no_room():
    for scheme in ("central", "forward"):
        with pytest.raises(ad.BadRequest, match="no room"):
            ad.grad(lambda x: x, method=ad.Numerical(scheme=scheme, bounds=(1.0, 1 + 1e-7)))(np.float32(1.0))


@pytest.mark.parametrize(
    ("bounds", "x"),
    [
        ((0.0, None), {"a": X**2, "b": [0.0]}),
        ((None, {"a": 5.0, "b": [0.0]}), {"a": X**2, "b": [0.0]}),
        (({"a": np.zeros(3), "b": [None]}, None), {"a": X**2, "b": [0.0]}),
        ((-np.inf, np.inf), {"a": X**2, "b": [0.0]}),
    ],
)
def test_bounds_may_be_numbers_or_structures(bounds, x):
    f = lambda p: np.sum(p["a"] ** 2) + 3 * p["b"][0]  # noqa: E731
    found = ad.grad(f, method=ad.Numerical(bounds=bounds))(x)
    np.testing.assert_allclose(found["a"], 2 * X**2, rtol=1e-8)
    assert found["b"] == [pytest.approx(3.0)]


def test_bounds_of_scipy_are_bounds():
    optimize = pytest.importorskip("scipy.optimize")
    f, seen = watched(np.sum)
    ad.grad(f, method=ad.Numerical(bounds=optimize.Bounds(X, X + 1)))(X)
    assert ad.check_grad(f, X, grad=np.ones_like, bounds=optimize.Bounds(X, X + 1))
    assert all((point >= X).all() and (point <= X + 1).all() for point in seen)


def test_bounds_of_several_arguments_are_tuples():
    method = ad.Numerical(bounds=((0.0, None), (None, 2.0)))
    found = ad.grad(lambda x, y: x * y, (0, 1), method=method)(0.0, 2.0)
    assert found == (pytest.approx(2.0), 0.0)


@pytest.mark.parametrize(
    ("bounds", "x", "error", "words"),
    [
        ((0.0, 1.0), 2.0, ad.BadRequest, "argument 0 is 2, which is outside its bounds"),
        ((np.zeros(3), None), X, ad.BadRequest, r"argument 0\[1\] is -1.3"),
        ((1.0, 0.0), 0.5, ad.BadRequest, "the lower bound"),
        ((1.0, 1.0), 1.0, ad.BadRequest, "no room"),
        ((np.zeros(2), None), X, ad.ArgumentError, "broadcast"),
        (("low", None), 1.0, ad.ArgumentError, "numbers"),
        (("1", None), 1.0, ad.ArgumentError, "numbers"),
        ((1j, None), 1.0, ad.ArgumentError, "numbers"),
        (({"a": 0.0}, None), X, ad.ArgumentError, "broadcast"),
        (([0.0, 1.0], None), [1.0, 2.0, 3.0], ad.ArgumentError, "structure"),
        ((np.nan, None), 1.0, ad.BadRequest, "lower bound"),
    ],
)
def test_bounds_that_cannot_be_are_refused(bounds, x, error, words):
    with pytest.raises(error, match=words):
        ad.grad(lambda x: np.sum(x), method=ad.Numerical(bounds=bounds))(x)


# -- adaptive, and all that is known ---------------------------------------------------------------
ADAPTIVE = ad.Numerical(scheme="adaptive")


@pytest.mark.parametrize("name", [name for name in DIFFICULT if name != "a root near its edge, in Python's floats"])
def test_the_adaptive_value_is_within_its_error(name):
    f, exact, x = DIFFICULT[name]
    found = ADAPTIVE.full_output(f, x)
    with mpmath.workdps(60):
        slope = float(mpmath.diff(exact, mpmath.mpf(x)))
    assert abs(found.value - slope) <= found.error + 1e-14 * abs(slope)
    assert found.error <= 1e-3 * abs(slope)


def test_full_output_has_the_structure_of_the_gradient():
    x = {"w": X, "b": (0.5,)}
    for method in (ADAPTIVE, ad.Numerical(), ad.Numerical(scheme="forward"), ad.Numerical(scheme="complex")):
        found = method.full_output(lambda p: np.sum(p["w"] ** 2) * p["b"][0], x)
        for part in (found.value, found.error, found.noise, found.step, found.status):
            assert np.shape(part["w"]) == (3,)
            assert np.shape(part["b"][0]) == ()
        np.testing.assert_allclose(found.value["w"], X, rtol=1e-6)
        assert set(found.status["w"]) == {"ok"}
        assert found.calls > 4


def test_full_output_of_arrays_has_the_shape_of_the_jacobian():
    found = ADAPTIVE.full_output(lambda x: np.outer(x, [1.0, 2.0]), X)
    assert found.value.shape == found.error.shape == found.status.shape == (3, 2, 3)
    np.testing.assert_allclose(found.value, ad.jacobian(lambda x: np.outer(x, [1.0, 2.0]))(X), atol=1e-9)


def test_full_output_takes_argnums_and_keywords():
    found = ad.Numerical().full_output(lambda x, y, *, k: k * x * y, 2.0, 3.0, argnums=(1, 0), k=10.0)
    assert found.value == (pytest.approx(20.0), pytest.approx(30.0))


def test_full_output_counts_the_calls():
    for method in (ADAPTIVE, ad.Numerical(), ad.Numerical(order=6), ad.Numerical(scheme="forward")):
        f, seen = watched(lambda x: np.sum(x * x))
        assert method.full_output(f, X).calls == len(seen)


def test_fixed_schemes_claim_nothing():
    found = ad.Numerical().full_output(np.sin, 1.0)
    assert np.isnan(found.error)
    assert np.isnan(found.noise)
    assert found.step == pytest.approx(6.055e-6, rel=1e-3)


def test_the_adaptive_scheme_says_what_it_met():
    found = ADAPTIVE.full_output(lambda x: np.array([abs(x), np.sin(x), x < 0.5, np.nan * x]), 0.0)
    assert found.status[0] == "kink"
    assert found.status[1] == "ok"
    assert found.value[1] == pytest.approx(1.0, rel=1e-9)
    assert found.status[3] == "nonfinite"


@pytest.mark.parametrize("scheme", ["central", "forward", "adaptive"])
def test_nothing_to_differentiate(scheme):
    method = ad.Numerical(scheme=scheme)
    assert ad.grad(lambda x: 1.0 + np.sum(x), method=method)(np.zeros(0)).shape == (0,)
    assert ad.jacobian(lambda x: x[:0], method=method)(X).shape == (0, 3)
    assert method.full_output(lambda x: 1.0 + np.sum(x), np.zeros((0, 2))).status.shape == (0, 2)


def test_adaptive_steps_are_refused_where_they_are_differentiated():
    with pytest.raises(ad.OutputError, match="scheme='central'"):
        ad.grad(lambda x: ad.grad(lambda y: y**3, method=ADAPTIVE)(x))(1.0)


def test_adaptive_gradients_come_like_any_other():
    value, gradient = ad.value_and_grad(lambda p: np.sum(p["w"] ** 3), method=ADAPTIVE)({"w": X})
    assert value == np.sum(X**3)
    np.testing.assert_allclose(gradient["w"], 3 * X**2, rtol=1e-9)


# -- dtypes ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-9), (np.float32, 1e-3), (np.float16, 0.05)])
@pytest.mark.parametrize("scheme", ["central", "complex"])
def test_the_step_knows_the_dtype(scheme, dtype, rtol):
    x = np.array([0.5, 1.5], dtype)
    found = slopes(np.sin, x, scheme=scheme)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.astype(float), np.cos(x.astype(float)), rtol=rtol)


def test_a_function_of_integers_is_differentiated_as_one_of_floats():
    assert ad.grad(lambda x: x**2, method="numerical")(3) == pytest.approx(6.0)


def test_the_division_is_by_the_distance_really_moved():
    """At 1e8 floating point moves in units of 1.5e-8 only, and not by this step; the line is still exact."""
    assert ad.grad(lambda x: 2 * x, method=ad.Numerical(step=1.3e-7))(1e8) == 2.0
    assert ad.grad(lambda x: 2 * x, method=ad.Numerical(scheme="forward", step=1.3e-7))(1e8) == 2.0


@pytest.mark.parametrize("step", [1e-30, 1e-17])
@pytest.mark.parametrize("scheme", ["central", "forward"])
def test_a_step_that_vanishes_is_refused(scheme, step):
    with pytest.raises(ad.BadRequest, match="vanishes"):
        ad.grad(lambda x: x**2, method=ad.Numerical(scheme=scheme, step=step))(1.0)
    with pytest.raises(ad.BadRequest, match="vanishes"):
        ad.hessian(lambda x: x**2, method=ad.Numerical(scheme=scheme, step=step))(1.0)


def test_second_differences():
    found = ad.hessian(lambda x: np.sin(x[0]) * x[1] ** 2 + x[2], method="numerical")(X)
    exact = ad.hessian(lambda x: np.sin(x[0]) * x[1] ** 2 + x[2])(X)
    np.testing.assert_allclose(found, exact, atol=1e-6)
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e4])
def test_second_differences_at_every_scale(scale):
    x = scale * np.array([0.7, 1.9])
    f = lambda x: x[0] ** 2 * x[1] + np.log(x[1])  # noqa: E731
    exact = ad.hessian(f)(x)
    np.testing.assert_allclose(
        ad.hessian(f, method="numerical")(x), exact, rtol=1e-4, atol=1e-6 * np.max(np.abs(exact))
    )


@pytest.mark.parametrize("x", [1e-9, 1e-3, 1.0])
def test_second_differences_of_a_function_that_raises_close_by(x):
    assert ad.hessian(lambda x: math.log(x), method="numerical")(x) == pytest.approx(-1 / x**2, rel=1e-5)


def test_a_jacobian_of_several_outputs_and_arguments():
    f = lambda x, y: [np.sin(x) * y, np.sum(x)]  # noqa: E731
    found, wanted = (ad.jacobian(f, (0, 1), method=m)(X, 2.0) for m in ("numerical", "forward"))
    for ours, theirs in zip(found, wanted, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-9)


# -- the complex step ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.abs(x)),
        lambda x: np.sqrt(np.sum(np.abs(x) ** 2)),
        lambda x: np.sum(x * np.conj(x)),
        lambda x: np.sum(np.real(x) * x),
        lambda x: np.sum(x.real**2),
        lambda x: np.linalg.norm(x),
        lambda x: np.sum(np.hypot(x.real, x.imag)),
    ],
)
def test_the_complex_step_is_refused_where_f_is_not_analytic(f):
    with pytest.raises(ad.OutputError, match=r"analytic|complex numbers"):
        ad.grad(f, method=ad.Numerical(scheme="complex"))(X)
    assert np.isfinite(ad.grad(f, method=ad.Numerical())(X)).all()


@pytest.mark.parametrize("f", [lambda x: float(x), lambda x: np.arctan2(x, 1.0), lambda x: np.floor(x)])
def test_the_complex_step_is_refused_where_f_takes_no_complex_numbers(f):
    with pytest.raises(ad.OutputError, match="scheme='central'"):
        ad.grad(f, method=ad.Numerical(scheme="complex"))(0.5)


def test_the_complex_step_has_no_rounding():
    f = lambda x: np.exp(x) / (np.cos(x) ** 3 + np.sin(x) ** 3)  # noqa: E731 Squire and Trapp's own example
    assert ad.grad(f, method=ad.Numerical(scheme="complex"))(1.5) == pytest.approx(ad.grad(f)(1.5), rel=1e-15)


def test_a_function_with_complex_values_is_for_jacobian():
    with pytest.raises(ad.OutputError, match="complex"):
        ad.grad(lambda x: 1j * x, method="numerical")(1.0)
    with pytest.raises(ad.OutputError, match="complex"):
        ad.grad(lambda x: 1j * x, method=ad.Numerical(scheme="complex"))(1.0)
    assert ad.jacobian(lambda x: 1j * x**2, method="numerical")(1.5) == pytest.approx(3j)
    with pytest.raises(ad.OutputError, match="real numbers"):
        ad.jacobian(lambda x: 1j * x, method=ad.Numerical(scheme="complex"))(1.0)


# -- f is a black box ------------------------------------------------------------------------------
@pytest.mark.parametrize("scheme", SCHEMES)
def test_f_may_change_its_argument(scheme):
    def f(x):
        x += 1
        x *= x
        return np.sum(x)

    x = X.copy()
    np.testing.assert_allclose(ad.grad(f, method=ad.Numerical(scheme=scheme))(x), 2 * (X + 1), rtol=1e-6)
    np.testing.assert_array_equal(x, X)


BUFFER = np.zeros(3)


def into_a_buffer(x):
    np.multiply(x, x, out=BUFFER)
    return BUFFER


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: x, np.eye(3)),
        (lambda x: x[::-1], np.eye(3)[::-1]),
        (lambda x: x[:2], np.eye(3)[:2]),
        (into_a_buffer, np.diag(2 * X)),
        (lambda x: [x, x[0]], None),
    ],
)
def test_f_may_return_its_argument_or_the_same_array_each_time(f, wanted):
    found = ad.jacobian(f, method="numerical")(X)
    if wanted is None:
        found, wanted = np.vstack(found), np.eye(3)[[0, 1, 2, 0]]
    np.testing.assert_allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize("scheme", ["central", "forward"])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_f_may_return_the_same_number_in_the_same_array_each_time(shape, scheme):
    out = np.zeros(shape)

    def f(x):
        out[...] = np.sum(x * x)
        return out

    value, gradient = ad.value_and_grad(f, method=ad.Numerical(scheme=scheme))(X)
    assert value == np.sum(X * X)
    np.testing.assert_allclose(gradient, 2 * X, rtol=1e-6)


def test_f_need_not_be_traceable():
    def f(x):
        o = np.zeros(3)
        for i in range(3):
            o[i] = float(x[i]) ** 2
        return float(np.linalg.norm(np.fft.fft(o)))

    g = lambda x: np.sqrt(3 * np.sum(x**4))  # noqa: E731 Parseval
    np.testing.assert_allclose(ad.grad(f, method="numerical")(X), ad.grad(g)(X), rtol=1e-8)


def test_nan_in_one_output_does_not_poison_the_others():
    found = ad.jacobian(lambda x: np.array([x[0] ** 2, np.nan * x[1], x[2]]), method="numerical")(X)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], [[2 * X[0], 0, 0], [0, 0, 1]], atol=1e-8)


def test_a_pole_beside_the_point_gives_no_warning():
    found = ad.jacobian(lambda x: np.array([np.log(x[0]), x[1]]), method="numerical")(np.array([1e-9, 1.0]))
    np.testing.assert_allclose(found, [[1e9, 0.0], [0.0, 1.0]], rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool])
def test_outputs_in_small_integers_do_not_wrap_around(dtype):
    found = ad.jacobian(lambda x: np.array([x[0] < 0.7]).astype(dtype), method=ad.Numerical(step=0.5))(X)
    assert found[0, 0] == pytest.approx(-1.0)


@pytest.mark.parametrize("f", [lambda x: 3, lambda x: True, lambda x: np.int64(2), lambda x: np.array([1.0])])
def test_outputs_that_are_no_floats(f):
    value, gradient = ad.value_and_grad(f, method="numerical")(X)
    assert value == f(X)
    np.testing.assert_array_equal(gradient, np.zeros(3))


def test_the_value_is_fs_own():
    assert type(ad.value_and_grad(lambda x: x * 2.0, method="numerical")(1.5)[0]) is float
    assert type(ad.value_and_grad(lambda x: x * 2, method="numerical")(np.float32(1.5))[0]) is np.float32


@pytest.mark.parametrize("scheme", ["central", "forward"])
@pytest.mark.parametrize("outer", ["forward", "reverse", "symbolic"])
def test_differences_can_be_differentiated(outer, scheme):
    inner = ad.grad(lambda x: np.sum(x**3), method=ad.Numerical(scheme=scheme))
    found = ad.jacobian(inner, method=outer)(X)
    np.testing.assert_allclose(found, np.diag(6 * X), atol=1e-5)


def test_an_exception_at_a_shifted_point_is_fs_own():
    def f(x):
        if x != 1.0:
            raise KeyError("shifted")
        return x

    with pytest.raises(KeyError, match="shifted"):
        ad.grad(f, method="numerical")(1.0)
