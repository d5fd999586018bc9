"""Gradients of many components: what they cost, and that one wrong number among 100 000 is found and named."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import adkit as ad
from adkit.calls import Call
from adkit.checking import screening
from adkit.checking.claim import given
from adkit.checking.inspection import Inspection, Settings
from adkit.checking.referee import Referee

N = 100_000
X = np.random.default_rng(0).normal(size=N)
FEWER = X[:10_000]


def f(x):
    return np.sum(x * x * (x + 1))


def gradient(x):
    return x * (3 * x + 2)


def with_faults(places, factor=1.01):
    """The gradient with some components out by a factor."""

    def grad(x):
        found = gradient(x)
        found[places] *= factor
        return found

    return grad


CLEAN = {
    "separable": (f, X),
    "coupled": (lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), X),
    "mean": (lambda x: np.mean(x**2), X),
    "norm": (lambda x: np.sqrt(np.sum(x**2)), X),
    "many scales": (lambda x: np.mean(x**2), X * 10.0 ** np.linspace(-6, 3, N)),
    "near the edge of the domain": (lambda x: np.sum(np.log(x)), np.abs(X) + 1e-9),
    "equal": (lambda x: np.sum(x**3), np.ones(N)),
    "zeros": (lambda x: np.sum(np.exp(x)), np.zeros(N)),
    "few that matter": (lambda x: x[3] * x[5] + x[7] ** 2, X),
}


@pytest.mark.parametrize("case", CLEAN)
def test_a_right_gradient_of_any_size_costs_about_300_calls(case):
    report = ad.check_grad(*CLEAN[case])
    assert report
    assert report.f_calls <= 330
    assert report.checked + report.screened == N


@pytest.mark.parametrize("k", [0, 777, 50_000, N - 1])
def test_one_wrong_component_is_found_and_named_within_a_few_hundred_calls(k):
    report = ad.check_grad(f, X, grad=with_faults(k))
    assert not report
    assert [c.index for c in report.failed] == [(k,)]
    assert report.components[0].verdict == "WRONG"
    assert report.components[0].hint == "1.01 times the true one"
    assert report.f_calls < 600


def test_several_wrong_components_are_all_named():
    report = ad.check_grad(f, X, grad=with_faults([5, 777, 4444]))
    assert {c.index for c in report.failed} == {(5,), (777,), (4444,)}
    assert report.f_calls < 1000


def test_of_very_many_some_are_named_and_the_rest_is_said_to_be_there():
    report = ad.check_grad(f, FEWER, grad=with_faults(slice(None, None, 500)))
    assert len(report.failed) == 12
    assert any("there are more like them" in finding for finding in report.findings)
    assert report.verdict.startswith("At least 12 of the 10,000 components")


def test_what_is_wrong_everywhere_needs_no_search():
    report = ad.check_grad(f, FEWER, grad=lambda x: 2 * gradient(x))
    assert "every component is 2 times the true one: a factor 1/2 is missing" in report.findings
    assert report.f_calls < 1000


def test_a_permutation_does_not_cancel():
    report = ad.check_grad(f, FEWER, grad=lambda x: gradient(x)[::-1])
    assert "the gradient by argument 0 is reversed" in report.findings


def test_two_swapped_components_do_not_cancel():
    def swapped(x):
        found = gradient(x)
        found[[10, 20]] = found[[20, 10]]
        return found

    assert {c.index for c in ad.check_grad(f, FEWER, grad=swapped).failed} == {(10,), (20,)}


def test_kinks_are_found_among_smooth_components():
    x = np.where(FEWER == 0, 1.0, FEWER)
    x[[77, 5000]] = 0
    report = ad.check_grad(lambda x: np.sum(np.abs(x)), x, grad=np.sign)
    assert {(c.index, c.verdict) for c in report.failed} == {((77,), "KINK"), ((5000,), "KINK")}
    assert ad.check_grad(lambda x: np.sum(np.abs(x)), x, grad=np.sign, strict=False)


def test_a_component_that_is_nan_is_looked_at_first():
    report = ad.check_grad(f, FEWER, grad=with_faults(123, np.nan))
    assert [(c.index, c.verdict) for c in report.failed] == [((123,), "NONFINITE")]


def test_noise_is_named_and_nothing_is_certified():
    def rough(x):
        return f(x) + 1e-6 * np.sin(1e14 * np.sum(x))

    report = ad.check_grad(rough, FEWER, grad=gradient)
    assert not report
    assert set(report.counts) <= {"NOISY", "UNRESOLVED"}


def test_a_small_leaf_beside_a_large_one_is_screened_by_itself():
    def loss(p):
        return np.sum(p["large"] ** 2) + 1e-9 * np.sum(np.sin(p["small"]))

    def grad(p):
        return {"large": 2 * p["large"], "small": 1e-9 * np.cos(p["small"]) * np.where(np.arange(300) == 7, 1.5, 1)}

    point = {"large": 1e-3 * X[:300], "small": X[:300]}
    report = ad.check_grad(loss, point, grad=grad)
    assert [c.place for c in report.failed] == ["argument 0['small'][7]"]


def test_a_vector_of_outputs_is_screened_as_one():
    def pair(x):
        return np.array([np.sum(x**2), np.sum(np.sin(x))])

    x = X[:1000]
    jacobian = np.stack([2 * x, np.cos(x)])
    assert ad.check_grad(pair, x, grad=jacobian)
    jacobian[1, 30] *= 1.01
    assert [(c.index, c.output) for c in ad.check_grad(pair, x, grad=jacobian).failed] == [((30,), (1,))]


def test_how_many_are_judged_one_by_one_can_be_chosen():
    x = X[:300]
    assert ad.check_grad(f, x, components="all").checked == 300
    report = ad.check_grad(f, x, components=50)
    assert report.checked + report.screened == 300
    assert 50 <= report.checked <= 52
    assert ad.check_grad(f, X[:20], components=5).screened > 0


def test_bounds_are_never_crossed_by_directions():
    def inside(x):
        assert x.min() >= 0.01
        return np.sum(np.sqrt(x))

    report = ad.check_grad(inside, np.abs(X[:1000]) + 0.02, grad=lambda x: 0.5 / np.sqrt(x), bounds=(0.01, None))
    assert report
    assert not report.findings


def test_components_at_their_bounds_are_screened_from_the_inside():
    x = np.where(FEWER < 0, 0.0, FEWER)

    def inside(x):
        assert x.min() >= 0
        return np.sum(np.exp(x))

    report = ad.check_grad(inside, x, grad=np.exp, bounds=(0, None))
    assert report
    assert report.f_calls < 400
    at_bound = int(np.flatnonzero(x == 0)[100])
    report = ad.check_grad(
        inside, x, grad=lambda x: np.exp(x) * (1 + (np.arange(x.size) == at_bound)), bounds=(0, None)
    )
    assert [(c.index, c.verdict) for c in report.failed] == [((at_bound,), "WRONG")]


def test_the_sensitivity_is_honest():
    report = ad.check_grad(f, X, grad=gradient)
    assert 1e-10 < report.sensitivity < 1e-4

    def offset(x):
        found = gradient(x)
        found[4321] += 2 * report.sensitivity
        return found

    assert not ad.check_grad(f, X, grad=offset)


def test_memory_grows_as_the_gradient_does():
    tracemalloc.start()
    try:
        ad.check_grad(f, X, grad=gradient)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * X.nbytes


@pytest.mark.parametrize("seed", range(4))
def test_many_kinks_hide_no_wrong_component_from_a_lenient_check(seed):
    x = np.linspace(1.0, 2.0, 1000)
    x[::2] = 0.0

    def gradient(x):
        found = np.where(x > 0, 1.0, 0.0)
        found[7] = -1.0
        return found

    report = ad.check_grad(lambda x: np.sum(np.maximum(x, 0.0)), x, grad=gradient, strict=False, seed=seed)
    assert not report
    assert "components='all'" in report.findings[0]


def test_a_component_shows_along_the_direction_that_moves_it_most():
    def look(d, bar, state):
        return screening.Look(np.array(d), False, [], np.zeros(1), np.array([bar]), state)

    looks = [look([1.0, 1e-6, 0.0], 1e-4, "agree"), look([1.0, 1.0, 0.0], 0.1, "noisy"), look([1.0] * 3, 1e-9, "off")]
    assert screening._visible(looks, 3).tolist() == [1e-4, 0.1, np.inf]


def test_what_a_direction_does_not_show_is_looked_for_in_parts_of_it():
    x = np.linspace(1.0, 2.0, 300)
    call = Call(lambda x: np.sum(x**2), 0, (x,))
    referee = Referee(call, None)
    inspection = Inspection(referee, given(2 * x, call, referee), Settings())
    whole = screening.Look(np.ones(300), False, [], np.zeros(1), np.array([1e3]), "agree")
    parts = list(screening.Screening(inspection)._looks_at_parts(np.ones(300, bool), [whole]))
    assert len(parts) == 8
    np.testing.assert_array_equal(np.sum([part.d != 0 for part in parts], axis=0), 1)
    assert screening._visible(parts, 300).max() < 1e-6
    assert not list(screening.Screening(inspection)._looks_at_parts(np.ones(300, bool), parts))


def test_what_no_direction_shows_keeps_a_gradient_from_passing(monkeypatch):
    monkeypatch.setattr(screening, "_visible", lambda looks, size: np.full(size, 2.0))
    report = ad.check_grad(f, X[:1000], grad=gradient)
    assert not report
    assert any("might not have shown: components='all'" in finding for finding in report.findings)
    assert ad.check_grad(f, X[:1000], grad=gradient, strict=False)
