"""Functions with a derivative of the person's own."""

from __future__ import annotations

import copy
import gc
import itertools
import math
import pickle

import numpy as np
import pytest

import adkit as ad
from adkit.primitives import primitives

EXACT = ["reverse", "forward"]
X = np.array([0.5, -1.2, 2.0])


def slopes(f, x):
    return ad.grad(f, method="numerical")(x)


# == what is stated in one direction holds in both =================================================
@ad.custom_derivative(partials=[lambda out, x, y: y * np.cos(x * y), lambda out, x, y: x * np.cos(x * y)])
def sine_of_product(x, y):
    """The sine of a product."""
    assert not isinstance(x, ad.tracing.Box)
    return np.sin(x * y)


@ad.custom_derivative(jvp=lambda tangents, out, x, y: np.cos(x * y) * (tangents[0] * y + x * tangents[1]))
def pushed(x, y):
    return np.sin(x * y)


@ad.custom_derivative(vjp=lambda cotangent, out, x, y: (cotangent * np.cos(x * y) * y, cotangent * np.cos(x * y) * x))
def pulled(x, y):
    return np.sin(x * y)


@ad.custom_derivative(
    jvp=lambda tangents, out, x, y: np.cos(x * y) * (tangents[0] * y + x * tangents[1]),
    vjp=lambda cotangent, out, x, y: (cotangent * np.cos(x * y) * y, cotangent * np.cos(x * y) * x),
)
def both(x, y):
    return np.sin(x * y)


FUNCTIONS = [sine_of_product, pushed, pulled, both]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("point", [(0.7, 1.3), (np.float64(0.7), 1.3), (X, X[::-1].copy())], ids=["float", "np", "nd"])
@pytest.mark.parametrize("method", EXACT)
def test_each_way_of_stating_gives_the_gradient(f, point, method):
    def plain(x, y):
        return np.sum(np.sin(x * y) * x)

    def g(x, y):
        return np.sum(f(x, y) * x)

    value, gradient = ad.value_and_grad(g, (0, 1), method=method)(*point)
    assert value == plain(*point)
    for found, expected in zip(gradient, ad.grad(plain, (0, 1))(*point), strict=True):
        assert type(found) is type(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    # one active argument, the other a constant
    for i in (0, 1):
        expected = ad.grad(plain, i)(*point)
        np.testing.assert_allclose(ad.grad(g, i, method=method)(*point), expected, rtol=1e-14)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(EXACT, EXACT)))
def test_rules_are_differentiated_again(f, outer, inner):
    for x in (0.7, X):
        expected = ad.grad(lambda x: np.sum(ad.grad(lambda x: np.sum(np.sin(x * 1.3) * x))(x)))(x)
        found = ad.grad(lambda x: np.sum(ad.grad(lambda x: np.sum(f(x, 1.3) * x), method=inner)(x)), method=outer)(x)
        np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_jacobians_and_products_go_through(f):
    def g(x):
        return f(x, x) * 2

    expected = np.diag(4 * X * np.cos(X * X))
    for method in (*EXACT, ad.Forward(chunk=1), ad.Forward(chunk=2)):
        np.testing.assert_allclose(ad.jacobian(g, method=method)(X), expected, rtol=1e-14)
    hessian = ad.hessian(lambda x: np.sum(2 * np.sin(x * x)))(X)
    np.testing.assert_allclose(ad.hessian(lambda x: np.sum(g(x)))(X), hessian)
    gradients, products = ad.hvp(lambda x: np.sum(g(x)), (X,), (np.ones(3),))
    np.testing.assert_allclose(gradients[0], np.diag(expected), rtol=1e-14)
    np.testing.assert_allclose(products[0], np.sum(hessian, axis=0), rtol=1e-12)


# == functions that adkit cannot look into =========================================================
sine = ad.custom_derivative(math.sin, partials=lambda out, x: math.cos(x))


def test_an_opaque_function():
    for method in EXACT:
        assert ad.grad(lambda x: sine(x) * x, method=method)(1.0) == pytest.approx(math.sin(1.0) + math.cos(1.0))
    with pytest.raises(ad.LostDerivative, match=r"math\.cos"):
        ad.grad(ad.grad(lambda x: sine(x) * x))(1.0)


@ad.custom_derivative(vjp=lambda cotangent, out, a, b: _solve_pullback(cotangent, out, a))
def solve(a, b):
    """The solution of a system, whose derivative needs the transposed system."""
    return np.linalg.inv(a) @ b


def _solve_pullback(cotangent, out, a):
    by_b = solve(a.T, cotangent)
    return -np.outer(by_b, out), by_b


MATRIX = np.array([[2.0, 0.5, 0.0], [0.3, 3.0, 0.1], [0.0, 0.2, 1.5]])


@pytest.mark.parametrize("method", EXACT)
def test_a_rule_may_use_the_function_itself(method):
    def f(a, b):
        return np.sum(solve(a, b) ** 2)

    by_a, by_b = ad.grad(f, (0, 1), method=method)(MATRIX, X)
    np.testing.assert_allclose(by_a, slopes(lambda a: np.sum(np.linalg.solve(a, X) ** 2), MATRIX), rtol=1e-7, atol=1e-9)
    inverse = np.linalg.inv(MATRIX)
    np.testing.assert_allclose(by_b, 2 * inverse.T @ inverse @ X, rtol=1e-12)
    np.testing.assert_allclose(ad.hessian(f, 1, method=method)(MATRIX, X), 2 * inverse.T @ inverse, rtol=1e-12)


def test_a_straight_through_estimator():
    rounded = ad.custom_derivative(np.round, partials=lambda out, x: np.ones_like(x))
    for method in EXACT:
        np.testing.assert_array_equal(ad.grad(lambda x: np.sum(rounded(x) ** 2), method=method)(X), 2 * np.round(X))


# == containers, several outputs, keywords =========================================================
def push_combined(tangents, out, p):
    (t,) = tangents
    return {"s": t["a"] + np.sum(t["b"]), "n": 0, "q": 2 * t["b"]}


@ad.custom_derivative(jvp=push_combined)
def combined(p):
    return {"s": p["a"] + np.sum(p["b"]), "n": len(p["b"]), "q": 2 * p["b"]}


@pytest.mark.parametrize("method", EXACT)
def test_arguments_and_outputs_may_be_containers(method):
    def f(p):
        out = combined(p)
        assert type(out["n"]) is int
        return out["s"] * np.sum(out["q"] ** 2) * out["n"]

    gradient = ad.grad(f, method=method)({"a": 2.0, "b": X})
    s, q2 = 2.0 + np.sum(X), np.sum(4 * X**2)
    assert gradient["a"] == pytest.approx(3 * q2)
    np.testing.assert_allclose(gradient["b"], 3 * (q2 + s * 8 * X), rtol=1e-13)


@ad.custom_derivative(vjp=lambda cotangents, out, x: (cotangents[0] * np.cos(x) - cotangents[1] * np.sin(x),))
def sincos(x):
    return np.sin(x), np.cos(x)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("x", [0.7, X], ids=["float", "array"])
def test_several_outputs(x, method):
    def f(x):
        s, c = sincos(x)
        return np.sum(s * c * c)

    expected = ad.grad(lambda x: np.sum(np.sin(x) * np.cos(x) ** 2))(x)
    np.testing.assert_allclose(ad.grad(f, method=method)(x), expected, rtol=1e-13)


@ad.custom_derivative(partials=lambda out, x, power=2: power * x ** (power - 1))
def powered(x, power=2):
    return x**power


@ad.custom_derivative(vjp=lambda cotangent, out, x, label, power=2: (cotangent * power * x ** (power - 1), None))
def labelled(x, label, power=2):
    assert label == "power"
    return x**power


@pytest.mark.parametrize("method", EXACT)
def test_keywords_and_what_is_no_number_are_constants(method):
    assert ad.grad(lambda x: powered(x) + powered(x, power=3), method=method)(2.0) == 16.0
    assert ad.grad(lambda x: labelled(x, "power") + labelled(x, "power", power=3), method=method)(2.0) == 16.0


class Spring:
    stiffness = 3.0

    @ad.custom_derivative(vjp=lambda cotangent, out, self, x: (None, cotangent * self.stiffness * x))
    def energy(self, x):
        return 0.5 * self.stiffness * float(x) ** 2


def test_methods_of_a_class():
    for method in EXACT:
        assert ad.grad(Spring().energy, method=method)(2.0) == 6.0


# == as a function =================================================================================
def test_on_plain_numbers_it_is_f():
    assert sine(1.0) == math.sin(1.0)
    assert type(sine(1.0)) is float
    assert sincos(0.0) == (0.0, 1.0)
    assert sine_of_product.__name__ == "sine_of_product"
    assert sine_of_product.__doc__ == "The sine of a product."


def test_it_is_pickled_by_its_name_and_copied_as_it_is():
    assert pickle.loads(pickle.dumps(pushed)) is pushed
    assert pickle.loads(pickle.dumps(ad.grad(sincos))).f is sincos
    assert copy.deepcopy(sine_of_product) is sine_of_product


def test_the_table_does_not_know_it():
    assert not [name for name in primitives if name.startswith("custom")]


def test_f_gets_arrays_of_its_own():
    @ad.custom_derivative(partials=lambda out, x: 2 * x)
    def squared_in_place(x):
        x *= x
        return x

    x = X.copy()
    for method in EXACT:
        np.testing.assert_array_equal(ad.grad(lambda x: np.sum(squared_in_place(x)), method=method)(x), 2 * X)
    np.testing.assert_array_equal(x, X)


def _doubled(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    "rules",
    [
        {"partials": lambda out, x: _doubled(x)},
        {"jvp": lambda t, out, x: _doubled(t[0]) * x},
        {"vjp": lambda c, out, x: (_doubled(c) * x,)},
        {"vjp": lambda c, out, x: (c * _doubled(out) / x,)},
    ],
)
def test_rules_get_arrays_of_their_own(rules):
    square = ad.custom_derivative(np.square, **rules)

    def f(x):
        y = x * 1.0
        return square(y) + y

    x, ones = X.copy(), np.ones(3)
    value, pullback = ad.vjp(f, x)
    for _ in range(2):
        np.testing.assert_array_equal(pullback(ones)[0], 2 * X + 1)
    np.testing.assert_array_equal(ad.jvp(square, (x,), (ones,))[1], 2 * X)
    np.testing.assert_array_equal(ad.jvp(f, (x,), (ones,))[1], 2 * X + 1)
    np.testing.assert_array_equal(ad.jacobian(f, method="forward")(x), np.diag(2 * X + 1))
    np.testing.assert_allclose(ad.hessian(lambda x: np.sum(f(x)))(x), 2 * np.eye(3), atol=1e-15)
    np.testing.assert_array_equal(value, X**2 + X)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(ones, np.ones(3))


def test_the_rule_is_called_once_for_all_arguments():
    calls = []

    @ad.custom_derivative(vjp=lambda c, out, x, y, z: calls.append(1) or (c * y * z, c * x * z, c * x * y))
    def product(x, y, z):
        return x * y * z

    assert ad.grad(product, (0, 1, 2))(2.0, 3.0, 5.0) == (15.0, 10.0, 6.0)
    assert len(calls) == 1


def test_a_million_gradients_would_not_grow():
    def f(x):
        return np.sum(powered(x * np.ones(600), power=3)) + sincos(x)[0]

    ad.grad(f)(2.0)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(100):
        ad.grad(f)(2.0)
    gc.collect()
    assert len(gc.get_objects()) - before < 2500  # rows that a bounded cache may hold


# == symbolic ======================================================================================
def test_a_formula_serves_the_symbolic_method():
    def wave(x, y):
        return math.sin(x) * y

    partials = [lambda out, x, y: np.cos(x) * y, lambda out, x, y: np.sin(x)]
    stated = ad.custom_derivative(wave, partials=partials, formula="sin(x)*y")
    assert ad.grad(lambda x: stated(x, x), method="symbolic")(0.7) == pytest.approx(math.sin(0.7) + 0.7 * math.cos(0.7))


@pytest.mark.parametrize("f", [lambda x: np.sum(sine_of_product(x, x)), lambda x: np.sum(pulled(x, x))])
def test_without_a_formula_the_symbolic_method_refuses(f):
    with pytest.raises(ad.NoRule, match="no formula of custom"):
        ad.grad(f, method="symbolic")(X)


# == what is refused ===============================================================================
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs a rule"),
        ({"partials": [np.cos], "jvp": np.cos}, "leave jvp and vjp away"),
        ({"vjp": np.cos, "formula": "sin(x)"}, "goes with partials"),
    ],
)
def test_contradictions_are_refused(options, message):
    with pytest.raises(ad.BadRequest, match=message):
        ad.custom_derivative(np.sin, **options)


def test_only_functions_can_have_a_derivative():
    with pytest.raises(ad.ArgumentError, match="needs a function"):
        ad.custom_derivative(3.0, partials=np.cos)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"vjp": lambda c, out, x, y: c}, "returned 1 cotangents for 2 arguments"),
        ({"vjp": lambda c, out, x, y: (c, np.ones(7))}, r"shape \(7,\) where \(3,\)"),
        ({"vjp": lambda c, out, x, y: ([c, c], c)}, r"shape \(2, 3\) where \(3,\)"),
        ({"vjp": lambda c, out, x, y: ("none", c)}, "where a number is needed|shape"),
        ({"jvp": lambda t, out, x, y: np.ones(2)}, r"shape \(2,\) where \(3,\)"),
        ({"jvp": lambda t, out, x, y: (t[0], t[1])}, "another structure|unequal|shape"),
        ({"partials": [lambda out, x: x]}, "1 partials for 2 arguments"),
    ],
)
def test_wrong_rules_are_refused(rules, message):
    f = ad.custom_derivative(lambda x, y: x * y, **rules)
    with pytest.raises(ad.AdkitError, match=message):
        ad.grad(lambda x, y: np.sum(f(x, y)), (0, 1))(X, X)


def test_an_output_without_derivative_is_refused():
    f = ad.custom_derivative(lambda x: "text", vjp=lambda c, out, x: (c,))
    with pytest.raises(ad.OutputError, match="nothing that has a derivative"):
        ad.grad(f)(1.0)


def test_a_traced_keyword_is_refused():
    with pytest.raises(ad.LostDerivative, match="power= as a constant"):
        ad.grad(lambda x: powered(2.0, power=x))(3.0)


CHANGED_CONSTANTS = {
    "vjp": ad.custom_derivative(lambda x, c: x * c, vjp=lambda cotangent, out, x, c: (cotangent * c, None)),
    "jvp": ad.custom_derivative(lambda x, c: x * c, jvp=lambda tangents, out, x, c: tangents[0] * c),
    "partials": ad.custom_derivative(lambda x, c: x * c, partials=[lambda out, x, c: c, lambda out, x, c: x]),
    "in a list": lambda x, c: ad.custom_derivative(
        lambda x, cs: x * cs[0], vjp=lambda g, out, x, cs: (g * cs[0], None)
    )(x, [c]),
    "keyword of a vjp": lambda x, c: ad.custom_derivative(lambda x, *, c: x * c, vjp=lambda g, out, x, c: (g * c,))(
        x, c=c
    ),
    "keyword of partials": lambda x, c: ad.custom_derivative(lambda x, *, c: x * c, partials=lambda out, x, c: c)(
        x, c=c
    ),
}


@pytest.mark.parametrize("way", CHANGED_CONSTANTS)
def test_a_constant_that_is_changed_after_use_is_remembered_as_it_was(way):
    def loss(x):
        c = np.array([3.0, 4.0])
        y = CHANGED_CONSTANTS[way](x, c)
        c[:] = 0.0
        return np.sum(y)

    assert ad.grad(loss)(np.array([1.0, 2.0])).tolist() == [3.0, 4.0]
