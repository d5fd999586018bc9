"""Finite differences: accuracy as documented, and f a black box that may do what it likes with its arrays."""

from __future__ import annotations

import numpy as np
import pytest

import adkit as ad
from adkit.numerical import step_size

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


def test_a_scale_finer_than_the_default_step_needs_a_step_of_its_own():
    f = lambda x: np.sin(1e8 * x)  # noqa: E731
    exact = 1e8 * np.cos(0.5)
    assert abs(ad.grad(f, method="numerical")(5e-9) / exact - 1) > 0.1
    assert ad.grad(f, method=ad.Numerical(step=1e-13))(5e-9) == pytest.approx(exact, rel=1e-8)


def test_the_step_is_chosen_for_each_component():
    x = np.array([1e-8, 1.0, 1e8])
    found = np.diag(ad.jacobian(lambda x: x**2, method="numerical")(x))
    np.testing.assert_allclose(found, 2 * x, rtol=1e-9, atol=1e-9)
    assert [step_size(c, "central") for c in x] == pytest.approx([6.055e-6, 6.055e-6, 605.5], rel=1e-3)


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
    assert not np.isfinite(found[0, 0])
    assert found[1, 1] == pytest.approx(1.0)


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
