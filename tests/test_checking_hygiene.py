"""What f and grad may do wrong besides the numbers: each is an error or a finding that says what and where."""

from __future__ import annotations

import itertools
import math
import os
import warnings

import numpy as np
import pytest

import adkit as ad

X = np.array([1.0, 2.0])
HERE = os.path.abspath(__file__)


def square(x):
    return np.sum(x**2)


def finding(report, text):
    return any(text in sentence for sentence in report.findings)


# -- gradients that are no gradients ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("grad", "sentence"),
    [
        (lambda x: np.array([2.0]), r"by argument 0 has shape \(1,\), where \(2,\) is needed"),
        (lambda x: 2.0, r"by argument 0 has shape \(\), where \(2,\) is needed"),
        (lambda x: 2 * x[:, None], r"by argument 0 has shape \(2, 1\), where \(2,\) is needed"),
        (np.zeros((3,)), r"handed in by argument 0 has shape \(3,\), where \(2,\) is needed"),
        (lambda x: x > 0, "dtype bool"),
        (lambda x: ["a", "b"], "where real numbers are needed"),
        (lambda x: np.array([None, 1.0]), "dtype object"),
        (lambda x: x * 1j, "complex"),
        (lambda x: None, "None, where numbers"),
        (lambda x: "2", "'2', where numbers"),
        (lambda x: [1.0, [2.0]], "unequal parts"),
        (lambda x: (square(x), 2 * x), r"a pair, it seems \(value, gradient\)"),
    ],
)
def test_a_gradient_of_the_wrong_kind_is_refused(grad, sentence):
    with pytest.raises(ad.ArgumentError, match=sentence):
        ad.check_grad(square, X, grad=grad)


def test_a_jacobian_has_the_shape_of_output_and_input():
    with pytest.raises(ad.ArgumentError, match=r"\(3, 2\), where \(2, 3\) is needed: it looks transposed"):
        ad.check_grad(lambda x: x[:2] * x[2], np.ones(3), grad=np.zeros((3, 2)))


def test_containers_must_match():
    with pytest.raises(ad.ArgumentError, match="structure"):
        ad.check_grad(lambda p: p["a"] ** 2, {"a": 1.0}, grad=lambda p: {"b": 2.0})


def test_a_gradient_that_raises_is_named_with_its_line():
    def broken(x):
        raise KeyError("weights")

    with pytest.raises(ad.BadRequest, match=r"the gradient \(broken, .*KeyError: 'weights' at .*test_checking_hygiene"):
        ad.check_grad(square, X, grad=broken)


def test_a_gradient_that_writes_into_its_arguments_does_not_pass():
    def doubling(x):
        x *= 2
        return x

    report = ad.check_grad(square, X, grad=doubling)
    assert report.counts == {"AGREE": 2}
    assert not report
    assert finding(report, "the gradient changes argument 0")


def test_a_gradient_that_reuses_its_array_is_read_at_once():
    out = np.empty(2)

    def into(x):
        return np.multiply(2, x, out=out)

    assert ad.check_grad(square, X, grad=into)


def test_a_random_gradient_does_not_pass():
    draws = np.random.default_rng(0)
    report = ad.check_grad(square, X, grad=lambda x: 2 * x + 1e-3 * draws.normal(size=2), atol=1.0)
    assert not report
    assert finding(report, "NONDETERMINISTIC: two calls of the gradient")


# -- functions that are no functions ---------------------------------------------------------------
@pytest.mark.parametrize("out", ["a", None, b"x", object(), 1j, np.array(["a"])])
def test_outputs_that_are_no_real_numbers_are_refused(out):
    with pytest.raises(ad.OutputError):
        ad.check_grad(lambda x: out, X, grad=X)


@pytest.mark.parametrize("x", ["1.0", None, True, 1 + 2j, np.array([1j])])
def test_arguments_that_are_no_real_numbers_are_refused(x):
    with pytest.raises(ad.ArgumentError):
        ad.check_grad(lambda x: 1.0, x, grad=1.0)


def test_what_f_raises_at_the_point_is_said_with_its_line():
    def broken(x):
        return x[7]

    with pytest.raises(ad.BadRequest, match=r"at the point itself broken .* raised IndexError: .* at .*hygiene.py:\d+"):
        ad.check_grad(broken, X, grad=X)


def test_what_f_raises_nearby_is_no_value():
    def fragile(x):
        if not np.array_equal(x, X):
            raise RuntimeError("only here")
        return 1.0

    report = ad.check_grad(fragile, X, grad=0 * X)
    assert not report
    assert finding(report, "near the point f raised RuntimeError: only here at " + HERE)


def test_an_output_that_changes_its_shape_is_no_value():
    report = ad.check_grad(lambda x: 1.0 if np.array_equal(x, X) else x, X, grad=0 * X)
    assert not report
    assert finding(report, "f returned another shape")


def test_a_function_that_writes_into_its_argument_does_not_pass():
    def doubling(x):
        x *= 2
        return np.sum(x**2)

    given = X.copy()
    report = ad.check_grad(doubling, given, grad=lambda x: 8 * x)
    assert np.array_equal(given, X)
    assert report.counts == {"AGREE": 2}
    assert not report
    assert not ad.check_grad(doubling, given, grad=lambda x: 8 * x, strict=False)
    assert finding(report, "changes argument 0: it must not write into its arguments")


def test_arguments_that_are_held_fixed_are_protected_too():
    def storing(x, state):
        state["count"] += 1
        return np.sum(x**2) * state["weights"][0]

    state = {"count": np.zeros(1), "weights": np.ones(2)}
    report = ad.check_grad(storing, X, state, grad=lambda x, state: 2 * x)
    assert not report
    assert state["count"] == 0
    assert finding(report, "changes argument 1")


def test_an_output_that_is_an_alias_is_read_at_once():
    out = np.zeros(2)

    def into(x):
        out[:] = x**2
        return out

    assert ad.check_grad(into, X, grad=lambda x: np.diag(2 * x))


def test_a_random_function_does_not_pass_and_its_scatter_is_said():
    draws = np.random.default_rng(0)
    report = ad.check_grad(lambda x: square(x) + 1e-3 * draws.normal(), X, grad=lambda x: 2 * x, strict=False)
    assert report.counts == {"NONDETERMINISTIC": 2}
    assert not report
    assert finding(report, "f is not deterministic: its values at the same point differ by")


def test_a_function_that_wears_out_is_noticed_at_the_end():
    calls = itertools.count()
    report = ad.check_grad(lambda x: square(x) + (next(calls) > 20), X, grad=lambda x: 2 * x)
    assert report.counts == {"NONDETERMINISTIC": 2}
    assert not report


def test_roundings_that_differ_from_call_to_call_are_forgiven():
    calls = itertools.count()
    assert ad.check_grad(lambda x: square(x) * (1 + 2e-16 * (next(calls) % 2)), X, grad=lambda x: 2 * x)


def test_a_function_that_looks_at_the_type_of_its_argument_is_found_out():
    report = ad.check_grad(lambda x: x * 2 if isinstance(x, float) else x * 3, 1.0)
    assert finding(report, "does f look at the type of its arguments?")


def test_an_f_that_cannot_be_traced_needs_a_gradient():
    with pytest.raises(ad.LostDerivative):
        ad.check_grad(lambda x: float(x) ** 2, 3.0)


# -- requests --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"order": 3}, "order must be 1"),
        ({"hessian": X}, "order=2"),
        ({"order": 2, "grad": X}, "hand in grad as a function"),
        ({"rtol": -1}, "rtol must be a number"),
        ({"atol": "1"}, "atol must be a number"),
        ({"seed": 0.5}, "seed must be"),
        ({"components": "some"}, "unknown choice of components 'some'"),
        ({"components": -1}, "components must be"),
        ({"argnums": 1}, "argnums=1"),
        ({"method": "revers"}, "Did you mean 'reverse'"),
        ({"bounds": (3, None)}, "outside its bounds"),
    ],
)
def test_requests_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(ad.BadRequest, match=sentence):
        ad.check_grad(square, X, **options)


@pytest.mark.parametrize("bounds", [0, (0,), (np.zeros(3), None), ({"a": 0}, None), (0, "1")])
def test_bounds_of_the_wrong_kind_are_refused(bounds):
    with pytest.raises(ad.ArgumentError, match="bounds"):
        ad.check_grad(square, X, bounds=bounds)


def test_a_vector_has_no_hessian():
    with pytest.raises(ad.OutputError, match="one number"):
        ad.check_grad(lambda x: x**2, X, order=2)


# -- bounds, precision, what stays untouched -------------------------------------------------------
def test_bounds_are_never_crossed():
    low, high = np.array([1e-3, 1.0]), np.array([1.0, 2.0])

    def inside(x):
        assert np.all((low <= x) & (x <= high))
        return np.sum(np.sqrt(x))

    report = ad.check_grad(inside, np.array([1e-3, 1.5]), grad=lambda x: 0.5 / np.sqrt(x), bounds=(low, high))
    assert report.counts == {"AGREE": 2}
    assert not report.findings


def test_a_component_without_room_is_not_certified():
    report = ad.check_grad(square, X, grad=lambda x: 2 * x, bounds=(np.array([1.0, 0.0]), np.array([1.0, 3.0])))
    assert report.counts == {"UNRESOLVED": 1, "AGREE": 1}


def test_short_floats_are_checked_in_double_precision_where_f_takes_it():
    report = ad.check_grad(square, X.astype(np.float32), grad=lambda x: 2 * x)
    assert report
    assert report.sensitivity < 1e-10
    assert not ad.check_grad(square, X.astype(np.float32), grad=lambda x: 2.0001 * x)


def single(x):
    return np.sum(np.asarray(x, np.float32) ** 3)


@pytest.mark.parametrize("function", [single, lambda x: float(single(x))])
def test_an_f_that_computes_in_float32_is_held_to_that(function):
    x = np.array([1.1, 2.3])
    report = ad.check_grad(function, x, grad=lambda x: 3 * x**2)
    assert report
    assert finding(report, "f computes in float32")
    assert 1e-9 < report.sensitivity < 0.1
    wrong = ad.check_grad(function, x, grad=lambda x: 3.15 * x**2)
    assert wrong.counts == {"WRONG": 2}


def test_float16_arguments():
    assert ad.check_grad(square, X.astype(np.float16), grad=lambda x: 2 * x)
    assert ad.check_grad(square, X.astype(np.float16))


def test_warnings_of_f_stay_inside():
    def loud(x):
        warnings.warn("careful", stacklevel=1)
        return np.log(x)

    assert ad.check_grad(loud, 1e-3, grad=lambda x: 1 / x)


def test_global_random_state_is_untouched_and_runs_repeat():
    x = np.linspace(0.5, 2, 300)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    reports = [ad.check_grad(square, x, grad=lambda x: 2 * x, seed=3) for _ in range(2)]
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert reports[0].to_json() == reports[1].to_json()


def test_bounds_that_are_nan_are_refused():
    with pytest.raises(ad.BadRequest, match="is nan"):
        ad.check_grad(np.sum, np.ones(3), bounds=(np.nan, None))


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (1.0 - 1e-14, 1.0 + 1e-14)])
@pytest.mark.parametrize("n", [1, 3, 300])
def test_bounds_without_room_are_named_and_nothing_passes_unchecked(bounds, n):
    report = ad.check_grad(lambda x: np.sum(x**2), np.ones(n), grad=lambda x: 3 * x, bounds=bounds, strict=False)
    assert not report
    assert report.counts.keys() == {"UNRESOLVED"}
    assert "room" in report.components[0].hint
    assert any("nothing could be checked" in finding for finding in report.findings)


# -- what f is computed in, and how well -------------------------------------------------------------
def test_whole_numbers_are_no_sign_of_short_floats():
    report = ad.check_grad(np.floor, 2.0, grad=0.0)
    assert report.counts == {"JUMP": 1}
    assert not any("computes in" in finding for finding in report.findings)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_values_of_a_short_dtype_are_known_by_their_digits(dtype):
    report = ad.check_grad(
        lambda x: np.sum(np.sin(x)).astype(dtype).astype(float), np.linspace(0.1, 2, 5), grad=np.cos, strict=False
    )
    assert report
    assert any(f"f computes in {np.dtype(dtype).name}" in finding for finding in report.findings)


@pytest.mark.parametrize("option", [{"strict": "no"}, {"progress": 1}])
def test_switches_are_true_or_false(option):
    with pytest.raises(ad.BadRequest, match="must be True"):
        ad.check_grad(np.sin, 1.0, **option)


def test_the_keys_of_a_dict_that_are_amiss_are_named():
    point = {"w": 1.0, "b": 2.0}
    with pytest.raises(ad.ArgumentError, match="'b' is missing; 'c' is extra"):
        ad.check_grad(lambda p: p["w"] * p["b"], point, grad=lambda p: {"w": p["b"], "c": p["w"]})


def test_a_relation_is_said_once():
    report = ad.check_grad(lambda x: x**2, 3.0, grad=lambda x: 2.2 * x)
    assert str(report).count("times the true one") == 1
    detached = str(ad.check_grad(square, X, grad=lambda x: 0 * x))
    assert "is detached" in detached
    assert "the gradient is 0 where" not in detached


def test_a_gradient_that_is_near_the_true_one_may_be_one_of_a_solver():
    report = ad.check_grad(square, X, grad=lambda x: 2.002 * x)
    assert "rtol=1e-03 allows for it" in report.components[0].hint
    assert ad.check_grad(square, X, grad=lambda x: 2.002 * x, rtol=1e-3)


def test_a_hessian_that_adkit_cannot_find_may_be_handed_in():
    def f(x):
        return math.exp(float(x[0])) * float(x[1])

    def gradient(x):
        return np.array([math.exp(x[0]) * x[1], math.exp(x[0])])

    with pytest.raises(ad.LostDerivative, match=r"hand it in as hessian="):
        ad.check_grad(f, np.array([0.3, 0.4]), grad=gradient, order=2)
    slope = math.exp(0.3)
    hessian = np.array([[0.4 * slope, slope], [slope, 0.0]])
    assert ad.check_grad(f, np.array([0.3, 0.4]), grad=gradient, order=2, hessian=hessian)
    assert not ad.check_grad(f, np.array([0.3, 0.4]), grad=gradient, order=2, hessian=1.01 * hessian)
