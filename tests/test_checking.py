"""Planted faults and right gradients: each wrong one is caught and named, no right one is called wrong."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import adkit as ad

POINT = np.array([0.3, -0.7, 1.1, 2.4, -1.6, 0.9])
MATRIX = np.arange(1.0, 10.0).reshape(3, 3) / 7


def f(x):
    return np.sum(np.sin(x) * x)


def gradient(x):
    return np.cos(x) * x + np.sin(x)


def with_one(x, k=2, factor=1.01):
    """The gradient with one component that is out by a factor."""
    found = gradient(x)
    found.flat[k] *= factor
    return found


def verdicts(report):
    return {c.verdict for c in report.components}


def the_component(report):
    (component,) = report.components
    return component


# -- gradients that are wrong ----------------------------------------------------------------------
WRONG: dict[str, tuple[Any, Any, Any, str]] = {
    "sign": (f, POINT, lambda x: -gradient(x), "every component is -1 times the true one: the sign is wrong"),
    "factor 2": (f, POINT, lambda x: 2 * gradient(x), "2 times the true one: a factor 1/2 is missing"),
    "factor 1/2": (f, POINT, lambda x: gradient(x) / 2, "1/2 times the true one: a factor 2 is missing"),
    "one per cent": (f, POINT, lambda x: 1.01 * gradient(x), "every component is 1.01 times the true one"),
    "one part in a million": (f, POINT, lambda x: gradient(x) * (1 + 1e-6), ""),
    "one component": (f, POINT, with_one, "one component alone is wrong; the 5 others that were judged are not"),
    "sum for mean": (lambda x: np.mean(np.sin(x) * x), POINT, gradient, "is a sum taken for a mean?"),
    "mean for sum": (f, POINT, lambda x: gradient(x) / 6, "is a mean taken for a sum?"),
    "transposed": (f, MATRIX, lambda x: gradient(x).T, "the gradient by argument 0 is transposed"),
    "reshaped": (f, MATRIX[:2], lambda x: gradient(x).T.reshape(2, 3), "in the wrong order: that of its transpose"),
    "reversed": (f, POINT, lambda x: gradient(x)[::-1], "the gradient by argument 0 is reversed"),
    "index off by one": (f, POINT, lambda x: np.roll(gradient(x), 1), "shifted by 1 place: an index is off"),
    "permuted": (f, POINT, lambda x: gradient(x)[[1, 0, 3, 2, 5, 4]], "permuted: the right numbers in the wrong"),
    "rows": (
        f,
        MATRIX,
        lambda x: gradient(x) * [[1.0], [2.0], [3.0]],
        "each row of argument 0 has a factor of its own",
    ),
    "detached": (f, POINT, lambda x: 0 * x, "argument 0 is detached: its gradient is 0 throughout"),
    "regularisation": (
        lambda x: f(x) + 0.05 * np.sum(x**2),
        POINT,
        gradient,
        "a term like 0.05 * np.sum(x**2) is missing",
    ),
    "constant": (lambda x: f(x) + 0.3 * np.sum(x), POINT, gradient, "off by the same -0.3"),
    "tiny, wrong sign": (lambda x: 1e-8 * np.sin(x), 0.3, lambda x: -1e-8 * np.cos(x), "the sign is wrong"),
    "below a large offset": (lambda x: 1e10 + x**2, 1.0, 2.02, "1.01 times the true one"),
    "Jacobian transposed": (
        lambda x: np.array([x[0] * x[1], x[0] + x[1]]),
        np.array([2.0, 3.0]),
        np.array([[3.0, 1.0], [2.0, 1.0]]),
        "transposed (rows are inputs, columns outputs)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_gradient_is_caught_and_its_cause_named(case):
    function, x, grad, cause = WRONG[case]
    report = ad.check_grad(function, x, grad=grad)
    assert not report
    assert report.components[0].verdict == "WRONG"
    assert any(cause in finding for finding in (*report.findings, ""))


def test_a_constant_with_few_digits_is_not_certified_and_not_called_a_mistake():
    report = ad.check_grad(lambda x: np.sin(x) / 3, 0.7, grad=lambda x: np.cos(x) * 0.3333333333)
    assert not report
    assert report.counts == {"UNRESOLVED": 1}
    assert "a constant has few digits" in report.components[0].hint


def test_the_rounding_of_an_ill_conditioned_gradient_is_no_mistake():
    hilbert = 1 / (np.arange(8)[:, None] + np.arange(8) + 1)
    report = ad.check_grad(lambda x: np.sum(np.linalg.solve(hilbert, x) ** 2), np.ones(8))
    assert "WRONG" not in verdicts(report)


def test_an_accumulation_that_is_missing_is_caught():
    def shared(x):
        return x[0] * x[1] + x[0] ** 2

    report = ad.check_grad(shared, np.array([2.0, 3.0]), grad=lambda x: np.array([2 * x[0], x[0]]))
    assert [(c.index, c.verdict) for c in report.components] == [((0,), "WRONG"), ((1,), "AGREE")]


def test_swapped_arguments_are_named():
    def energy(a, b):
        return np.sum(a**2 * b)

    report = ad.check_grad(
        energy, POINT, POINT[::-1].copy(), argnums=(0, 1), grad=lambda a, b: (a**2, 2 * a * b), progress=False
    )
    assert "the gradients by argument 0 and argument 1 are swapped" in report.findings


def test_the_gradient_by_another_argument_is_named():
    report = ad.check_grad(lambda a, b: np.sum(a**2 * b), POINT, POINT + 3, grad=lambda a, b: a**2)
    assert "this is the gradient by argument 1" in report.findings


def test_one_detached_argument_is_named_and_the_other_agrees():
    report = ad.check_grad(
        lambda a, b: np.sum(a**2 * b), POINT, POINT + 3, argnums=(0, 1), grad=lambda a, b: (2 * a * b, 0 * a)
    )
    assert report.counts == {"WRONG": 6, "AGREE": 6}
    assert "argument 1 is detached: its gradient is 0 throughout, while f depends on it" in report.findings


def test_reverse_mode_is_asked_for_its_opinion():
    report = ad.check_grad(f, POINT, grad=with_one)
    assert "adkit's reverse mode agrees with the differences" in report.findings


def test_a_value_kept_from_the_derivative_is_wrong_by_the_differences():
    def half(x):
        return x**2 * ad.value(x)

    assert ad.check_grad(half, 2.0).counts == {"WRONG": 1}
    report = ad.check_grad(half, 2.0, grad=8.0)
    assert any("is part of f kept from both?" in finding for finding in report.findings)


# -- gradients that are right ----------------------------------------------------------------------
RIGHT: dict[str, tuple[Any, Any, Any]] = {
    "vector": (f, POINT, gradient),
    "matrix": (f, MATRIX, gradient),
    "values": (f, POINT, gradient(POINT)),
    "list": (f, POINT, lambda x: gradient(x).tolist()),
    "number": (lambda x: x**3, 2.0, 12.0),
    "whole number": (lambda x: x**2, 3, 6),
    "array without axes": (lambda x: x**2, np.array(3.0), np.array(6.0)),
    "black box": (lambda x: float(x) ** 2, 3.0, 6.0),
    "one number in an array": (lambda x: np.atleast_1d(f(x)), POINT, gradient),
    "Jacobian of one": (lambda x: np.atleast_1d(f(x)), POINT, lambda x: gradient(x)[None]),
    "constant": (lambda x: 1.0, 2.0, 0.0),
    "always 0": (lambda x: 0.0, 2.0, 0.0),
    "unused": (lambda x: x[0] ** 2, POINT, lambda x: np.eye(6)[0] * 2 * x[0]),
    "minimum": (lambda x: (x - 1) ** 2, 1.0, 0.0),
    "tiny minimum": (lambda x: (x - 1e-8) ** 2, 1e-8, 0.0),
    "tiny": (lambda x: 1e-8 * np.sin(x), 0.3, lambda x: 1e-8 * np.cos(x)),
    "log near its edge": (np.log, 1e-9, lambda x: 1 / x),
    "sqrt near its edge": (np.sqrt, 1e-7, lambda x: 0.5 / np.sqrt(x)),
    "kink nearby": (lambda x: np.abs(x - 1e-9), 0.0, -1.0),
    "offset": (lambda x: 1e10 + x**2, 1.0, 2.0),
    "huge": (lambda x: x**3, 1e100, 3e200),
    "minute": (lambda x: x**3, 1e-100, 3e-200),
    **{f"square at {x:g}": (lambda x: x**2, x, lambda x: 2 * x) for x in (1e5, 1e6, 1e8, -1e8, 1e12, 1e-12)},
}


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_gradient_agrees(case):
    function, x, grad = RIGHT[case]
    report = ad.check_grad(function, x, grad=grad)
    assert verdicts(report) == {"AGREE"}
    assert report


@pytest.mark.parametrize("method", ["forward", "reverse", "symbolic", "numerical", ad.Numerical(scheme="forward")])
def test_adkits_own_gradients_agree_by_every_method(method):
    assert ad.check_grad(f, POINT, method=method)


def test_tolerances_excuse_a_difference():
    assert not ad.check_grad(f, POINT, grad=lambda x: gradient(x) * 1.001)
    assert ad.check_grad(f, POINT, grad=lambda x: gradient(x) * 1.001, rtol=0.01)
    assert ad.check_grad(f, POINT, grad=lambda x: gradient(x) + 1e-5, atol=1e-4)


# -- what is neither -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("function", "grad", "left", "right"),
    [(np.abs, 0.0, -1, 1), (np.abs, -1.0, -1, 1), (lambda x: max(x, 0.0), 0.5, 0, 1)],
)
def test_a_subgradient_at_a_kink_passes_only_leniently(function, grad, left, right):
    strict = ad.check_grad(function, 0.0, grad=grad)
    component = the_component(strict)
    assert component.verdict == "KINK"
    assert (component.left, component.right) == pytest.approx((left, right))
    assert not strict
    assert ad.check_grad(function, 0.0, grad=grad, strict=False)


def test_outside_the_subgradients_it_is_wrong():
    report = ad.check_grad(np.abs, 0.0, grad=1.5, strict=False)
    assert the_component(report).verdict == "WRONG"
    assert "the gradient does not lie between" in the_component(report).hint
    assert not report


def rough(x):
    """A smooth function with a scatter of 1e-9, the same at each call."""
    return np.sum(x**2) + 1e-9 * np.sin(1e12 * np.sum(x))


def jump(x):
    return np.where(x >= 1, x + 1, x)


def guarded(x):
    if x > 1:
        raise ValueError("too large")
    return x**2


@pytest.mark.parametrize(
    ("function", "x", "grad", "verdict", "lenient"),
    [
        (np.cbrt, 0.0, 1.0, "CUSP", False),
        (lambda x: np.sqrt(np.abs(x)), 0.0, 0.0, "CUSP", False),
        (jump, 1.0, 1.0, "JUMP", False),
        (rough, POINT[:3], lambda x: 2 * x, "NOISY", True),
        (guarded, 1.0, 2.0, "DOMAIN_EDGE", True),
        (np.sqrt, 0.0, math.inf, "DOMAIN_EDGE", True),
        (np.sqrt, 0.0, 1.0, "CUSP", False),
        (np.sqrt, 0.0, math.nan, "NONFINITE", False),
        (lambda x: x**2, 3.0, math.nan, "NONFINITE", False),
        (lambda x: x**2, 3.0, math.inf, "NONFINITE", False),
        (np.log, 0.0, 1.0, "NONFINITE", False),
        (lambda x: x**2, math.nan, 1.0, "NONFINITE", False),
    ],
)
def test_each_difficulty_has_its_name(function, x, grad, verdict, lenient):
    assert verdicts(ad.check_grad(function, x, grad=grad)) == {verdict}
    assert not ad.check_grad(function, x, grad=grad)
    assert bool(ad.check_grad(function, x, grad=grad, strict=False)) is lenient


def test_noise_hides_no_fault_above_it():
    assert verdicts(ad.check_grad(rough, POINT[:3], grad=lambda x: 2.02 * x)) == {"WRONG"}


def test_a_wrong_gradient_at_the_edge_is_wrong():
    report = ad.check_grad(guarded, 1.0, grad=3.0)
    assert verdicts(report) == {"WRONG"}
    assert any("ValueError: too large" in finding and __file__ in finding for finding in report.findings)


def test_a_gradient_that_is_nan_where_f_is_smooth_leads_to_its_operation():
    report = ad.check_grad(lambda x: np.sum(np.sqrt(x**4)), np.array([1.0, 0.0]))
    assert report.components[0].verdict == "NONFINITE"
    assert any("sqrt(0.0)" in finding and __file__ in finding for finding in report.findings)


def test_one_output_that_is_nan_spoils_no_other():
    report = ad.check_grad(lambda x: np.array([x[0] ** 2, np.log(x[1])]), np.array([1.0, -1.0]))
    assert {(c.output, c.verdict) for c in report.components} == {((0,), "AGREE"), ((1,), "NONFINITE")}


# -- random functions ------------------------------------------------------------------------------
UNARY = [np.sin, np.cos, np.exp, np.tanh, np.square, np.arctan, lambda x: 1 / (1 + x * x), lambda x: np.log(1 + x * x)]
BINARY = [np.add, np.multiply, np.subtract, lambda a, b: a / (1 + b * b)]


def random_function(random):
    """A composition of a few operations, of any scale."""
    steps = [
        (random.integers(2), random.integers(8), random.integers(4), *random.integers(4, size=2)) for _ in range(4)
    ]
    scale = 10.0 ** random.uniform(-6, 6)

    def function(x):
        values = [x, np.cumsum(x), x[::-1], np.sin(x)]
        for both, i, j, a, b in steps:
            values.append(BINARY[j](values[-1 - a], values[-1 - b]) if both else UNARY[i](values[-1 - a]))
        return scale * np.sum(values[-1])

    return function


@pytest.mark.parametrize("seed", range(60))
def test_right_gradients_of_random_functions_are_never_wrong_and_faults_never_agree(seed):
    random = np.random.default_rng(seed)
    function = random_function(random)
    x = random.normal(size=random.integers(1, 5)) * 10.0 ** random.uniform(-3, 1)
    with np.errstate(all="ignore"):
        right = ad.grad(function)(x)
    if not np.all(np.isfinite(right)) or not np.any(right):
        return  # overflows, or does not depend on x
    assert "WRONG" not in verdicts(ad.check_grad(function, x, grad=right))
    k = int(np.argmax(np.abs(right)))
    faulty = right.copy()
    faulty[k] *= 1.01
    report = ad.check_grad(function, x, grad=faulty)
    assert not report
    assert {c.index: c.verdict for c in report.components}[(k,)] != "AGREE"


# -- forms of arguments ----------------------------------------------------------------------------
@dataclasses.dataclass
class Layer:
    weight: Any
    bias: Any


def test_containers_are_taken_apart_and_named():
    def loss(layer, data):
        return np.sum((data["x"] @ layer.weight + layer.bias) ** 2)

    layer, data = Layer(MATRIX, np.ones(3)), {"x": POINT[:3]}
    report = ad.check_grad(loss, layer, data)
    assert report
    assert {c.argument for c in report.components} == {"argument 0.weight", "argument 0.bias"}

    def hand(layer, data):
        residual = 2 * (data["x"] @ layer.weight + layer.bias)
        return Layer(np.outer(data["x"], residual), residual)

    assert ad.check_grad(loss, layer, data, grad=hand)


def test_a_gradient_by_all_arguments_serves_for_one():
    assert ad.check_grad(lambda x, y: x * y**2, 3.0, 4.0, argnums=1, grad=lambda x, y: (y**2, 2 * x * y))
    assert ad.check_grad(lambda x, y: x * y**2, 3.0, 4.0, argnums=-1, grad=lambda x, y: 2 * x * y)


def test_keyword_arguments_reach_f_and_grad():
    def power(x, n):
        return x**n

    assert ad.check_grad(power, 2.0, kwargs={"n": 3}, grad=lambda x, n: n * x ** (n - 1))


def test_an_output_in_a_container_has_a_jacobian_of_its_own():
    def pair(x):
        return x[0] * x[1], x**2

    x = POINT[:2]
    report = ad.check_grad(pair, x, grad=lambda x: (x[::-1], 2 * np.diag(x)))
    assert report
    assert {c.output for c in report.components} == {(0,), (1, 0), (1, 1)}
    assert ad.check_grad(pair, x)


def test_nothing_to_check_passes_and_says_so():
    report = ad.check_grad(np.sum, np.zeros(0))
    assert report
    assert any("nothing to check" in finding for finding in report.findings)


# -- second order ----------------------------------------------------------------------------------
def test_the_hessian_is_checked_against_differences_of_the_gradient():
    report = ad.check_grad(f, POINT[:3], order=2)
    assert report.counts == {"AGREE": 12}
    assert ad.check_grad(f, POINT[:3], order=2, grad=gradient, hessian=lambda x: np.diag(2 * np.cos(x) - np.sin(x) * x))


def test_a_wrong_hessian_is_named():
    report = ad.check_grad(lambda x: x**3, 2.0, order=2, grad=lambda x: 3 * x**2, hessian=lambda x: 3 * x)
    assert [(c.argument, c.verdict) for c in report.components] == [
        ("Hessian, argument 0", "WRONG"),
        ("argument 0", "AGREE"),
    ]


def test_an_asymmetric_hessian_is_named():
    report = ad.check_grad(lambda x: x[0] * x[1], POINT[:2], order=2, hessian=np.array([[0.0, 1.0], [0.0, 0.0]]))
    assert any("the Hessian is not symmetric" in finding for finding in report.findings)


@pytest.mark.parametrize("argnums", [(0, 1), (1, 0), (0,)])
def test_hessians_of_several_arguments(argnums):
    assert ad.check_grad(lambda x, y: np.sum(x * y**2), POINT[:2], POINT[2:4], argnums=argnums, order=2)


def test_hessians_of_containers():
    assert ad.check_grad(lambda p: p["a"] * np.sum(p["b"] ** 2), {"a": 2.0, "b": POINT[:2]}, order=2)


# -- what a bar may excuse ---------------------------------------------------------------------------
@pytest.mark.parametrize("tiny", [1e-8, 1e-12, 1e-16, 1e-20])
def test_a_number_of_another_scale_beside_it_excuses_no_component(tiny):
    def f(x):
        return np.sin(x[0] / tiny) + x[1] ** 2

    x = np.array([tiny, 1.0])
    steep = np.cos(1.0) / tiny
    assert ad.check_grad(f, x, grad=np.array([steep, 2.0]))
    for wrong in (-2.0, 2.002, 0.0, 3.0):
        report = ad.check_grad(f, x, grad=np.array([steep, wrong]))
        assert [c.index for c in report.components if c.verdict == "WRONG"] == [(1,)]


@pytest.mark.parametrize("offset", [1e12, 1e14, 1e16, 1e20])
def test_a_slope_that_drowns_in_the_rounding_of_f_is_not_certified(offset):
    assert not ad.check_grad(lambda x: offset + x**2, 1.0, grad=-2.0)


@pytest.mark.parametrize("claim", [2.0, -1.0, 0.99, 100.0, 1e8])
def test_where_f_is_0_a_wrong_gradient_is_wrong(claim):
    report = ad.check_grad(lambda x: np.sin(x - 1.0), 1.0, grad=claim, strict=False)
    assert not report
    assert report.counts == {"WRONG": 1}


def test_a_factor_next_to_1_is_shown_with_its_digits():
    x = np.array([1.0, 2.0, 3.0])
    report = ad.check_grad(lambda x: np.sum(x**2), x, grad=2 * x * (1 - 4e-6))
    assert "0.999996 times" in report.findings[0]
    report = ad.check_grad(lambda x: np.sum(x**2), x, grad=2 * x * (1 - 4e-9))
    assert not any("is 1 times" in finding for finding in report.findings)


def test_where_f_has_vanished_a_slope_that_is_claimed_is_wrong():
    report = ad.check_grad(lambda x: np.log1p(np.exp(x)), -800.0, grad=0.123, strict=False)
    assert report.counts == {"WRONG": 1}


def test_keyword_arguments_that_are_none_are_refused():
    with pytest.raises(ad.BadRequest, match="kwargs must be a dict"):
        ad.check_grad(np.sum, np.ones(2), kwargs=3)  # type: ignore[arg-type]
