"""Reductions, scans, order statistics, histograms and sampled functions beyond what the table's own tests say."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calls import rng_for

import adkit as ad

EXACT = ["reverse", "forward"]
nan, inf, A = np.nan, np.inf, np.array


# == values, dtypes, warnings and errors are NumPy's own ===========================================
REDUCTIONS: list[Any] = [
    np.sum,
    np.prod,
    np.mean,
    np.var,
    np.std,
    np.nansum,
    np.nanprod,
    np.nanmean,
    np.nanvar,
    np.nanstd,
]
EXTREMES: list[Any] = [np.max, np.min, np.ptp, np.nanmax, np.nanmin, np.median, np.nanmedian]
SCANS: list[Any] = [np.cumsum, np.cumprod, np.nancumsum, np.nancumprod, np.sort]
ACCUMULATED: list[np.ufunc] = [np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2]
DTYPES = [np.float16, np.float32, np.float64, np.complex64, np.complex128]


def arrays(dtype: Any) -> list[Any]:
    """Arrays of many shapes, with ties and, of real numbers, with infinite ones and nan."""
    rng = rng_for(np.dtype(dtype).name)
    found = []
    for shape in [(), (1,), (0,), (0, 3), (3, 0), (3, 4), (2, 3, 4), (300,)]:
        x = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if np.dtype(dtype).kind == "c" else 0)
        found.append(np.asarray(x).astype(dtype))
        if np.dtype(dtype).kind == "f" and found[-1].size > 2:
            found.append(np.round(found[-1]))
            for odd in (nan, inf, -inf):
                found.append(found[-1].copy())
                found[-1].flat[1] = odd
    return found


def calls_on(x: Any) -> list[Callable[[Any], Any]]:
    """Calls of reductions and scans with all keywords on an array like x."""
    mask = rng_for("mask").random(x.shape) < 0.6
    axes: list[Any] = [None, *([-1] if x.ndim else []), *([0, (0, -1), ()] if x.ndim > 1 else [])]
    calls: list[Callable[[Any], Any]] = []
    for axis, keep in itertools.product(axes, (False, True)):
        options: dict[str, Any] = {"axis": axis, "keepdims": keep}
        calls += [lambda x, f=f, o=options: f(x, **o) for f in REDUCTIONS]
        # Half precision is rounded within a product, elsewhere with where= than without.
        masked = [f for f in REDUCTIONS if x.dtype != np.float16 or f not in (np.prod, np.nanprod)]
        calls += [lambda x, f=f, o=options: f(x, **o, where=mask) for f in masked]
        calls += [
            lambda x, o=options: np.sum(x, **o, where=mask, initial=0.7),
            lambda x, o=options: np.var(x, **o, ddof=1),
        ]
        if axis != ():
            calls += [lambda x, f=f, o=options: f(x, **o) for f in EXTREMES]
            calls += [lambda x, f=f, o=options: f(x, initial=0.5, where=mask, **o) for f in (np.max, np.nanmin)]
            for q, method in itertools.product([[0.1, 0.6], 1, np.float32(0.3)], ["linear", "midpoint"]):
                calls.append(lambda x, q=q, m=method, o=options: np.quantile(x, q, method=m, **o))
                calls.append(lambda x, q=q, m=method, o=options: np.nanquantile(x, q, method=m, **o))
    for axis in [axis for axis in axes if isinstance(axis, int)]:
        calls += [lambda x, f=f, axis=axis: f(x, axis=axis) for f in SCANS]
        calls += [lambda x, f=f, axis=axis: f.accumulate(x, axis) for f in ACCUMULATED]
        calls += [
            lambda x, axis=axis: np.partition(x, 1, axis),
            lambda x, axis=axis: np.trapezoid(x, dx=0.3, axis=axis),
        ]
        calls += [lambda x, axis=axis: np.gradient(x, 0.3, axis=axis), lambda x, axis=axis: np.diff(x, 2, axis)]
        calls += [lambda x, axis=axis: np.gradient(x, np.arange(x.shape[axis]) ** 1.5, axis=axis, edge_order=2)]
    return calls


def outcome(call: Callable[[], Any]) -> tuple[Any, set[str]]:
    """What a call returns or raises, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = call()
        except Exception as error:
            found = error
    # Scalars and arrays have their names in the warning.
    return found, {str(one.message).partition(" in ")[0] for one in caught}


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_dtypes_warnings_and_errors_are_numpys(dtype):
    for x in arrays(dtype):
        for call in calls_on(x):
            expected, warned = outcome(lambda call=call, x=x: call(x))
            found, complained = outcome(lambda call=call, x=x: ad.vjp(call, x)[0])
            if isinstance(expected, Exception):
                assert isinstance(found, type(expected)), found
                continue
            assert not isinstance(found, Exception), found
            assert np.asarray(found).dtype == np.asarray(expected).dtype
            np.testing.assert_array_equal(found, expected, strict=isinstance(expected, np.ndarray))
            assert complained == warned


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda x: np.sum(x, axis=[0]), TypeError),
        (lambda x: np.sum(x, axis=2), np.exceptions.AxisError),
        (lambda x: np.max(x, where=x > 0), ValueError),
        (lambda x: np.max(x[:0]), ValueError),
        (lambda x: np.var(x, ddof=1, correction=1), ValueError),
        (lambda x: np.average(x, weights=[1.0, 2.0]), TypeError),
        (lambda x: np.average(x, weights=np.zeros(3), axis=1), ZeroDivisionError),
        (lambda x: np.quantile(x, 1.5), ValueError),
        (lambda x: np.percentile(x, -1), ValueError),
        (lambda x: np.quantile(x, 0.5, method="none"), ValueError),
        (lambda x: np.cumulative_sum(x), ValueError),
        (lambda x: np.sort(x, kind="none"), ValueError),
        (lambda x: np.diff(x, -1), ValueError),
        (lambda x: np.diff(x[0, 0]), ValueError),
        (lambda x: np.ediff1d(x, to_end=1j), TypeError),
        (lambda x: np.gradient(x, 1.0, 2.0, 3.0), TypeError),
        (lambda x: np.gradient(x, edge_order=3), ValueError),
        (lambda x: np.gradient(x, [1.0, 2.0], axis=1), ValueError),
        (lambda x: np.gradient(x[:1]), ValueError),
        (lambda x: np.interp(x, [1.0, 2.0], [1.0]), ValueError),
        (lambda x: np.interp(x, [1.0, 2.0], [1.0, 2.0], period=0.0), ValueError),
        (lambda x: np.interp(1j * x, [1.0, 2.0], [1.0, 2.0]), TypeError),
        (lambda x: np.add.reduceat(x, [0, 5]), IndexError),
    ],
)
def test_bad_arguments_have_numpys_errors(f, error):
    x = np.arange(6.0).reshape(2, 3)
    with pytest.raises(error) as expected:
        f(x)
    with pytest.raises(error) as found:
        ad.vjp(f, x)
    assert not isinstance(found.value, ad.AdkitError)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("method", EXACT)
def test_single_precision_meets_double(method):
    x = A([0.5, 2.0, 1.0], np.float32)
    for f in (
        lambda x: np.quantile(x, A([0.2, 0.7])),
        lambda x: np.average(x, weights=[1, 2, 3]),
        lambda x: np.interp(x, A([0.0, 3.0], np.float32), [1.0, 2.0]),
        lambda x: np.sum(x, dtype=float),
        lambda x: np.var(x, dtype=float),
    ):
        value, gradient = ad.value_and_grad(lambda x, f=f: np.sum(f(x)), method=method)(x)
        assert value.dtype == float
        assert value == np.sum(f(x))
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, ad.grad(lambda x, f=f: np.sum(f(x)))(x.astype(float)), rtol=1e-6)


# == complex numbers ===============================================================================
# Real functions of complex arrays, and their gradients df/dx - i df/dy.
OF_COMPLEX: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "var": (np.var, lambda z: 2 * np.conj(z - z.mean()) / z.size),
    "std": (np.std, lambda z: np.conj(z - z.mean()) / z.size / np.std(z)),
    "real of mean": (lambda z: np.real(np.mean(z) * 1j), lambda z: 1j / z.size + 0 * z),
    "real of prod": (lambda z: np.real(np.prod(z)), lambda z: np.prod(z) / z),
    "imag of cumprod": (lambda z: np.imag(np.cumprod(z)[-1]), lambda z: -1j * np.prod(z) / z),
    "imag of sum of cumsum": (lambda z: np.imag(np.sum(np.cumsum(z))), lambda z: -1j * np.arange(z.size, 0, -1)),
    "real of median": (lambda z: np.real(np.median(z)), lambda z: (np.arange(z.size) == np.argsort(z)[1]) + 0j),
    "values of interp": (lambda z: np.real(1j * np.interp(0.5, [0.0, 1.0, 2.0], z)), lambda z: 1j * A([0.5, 0.5, 0])),
    "weighted": (lambda z: np.real(np.average(z, weights=[1.0, 2, 5])), lambda z: A([1, 2, 5]) / 8 + 0j),
    "where": (lambda z: np.imag(np.sum(z, where=[True, False, True])), lambda z: A([-1j, 0, -1j])),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", OF_COMPLEX)
def test_gradients_by_complex_arrays(name, method):
    f, gradient = OF_COMPLEX[name]
    z = A([0.3 + 0.4j, -1.2 + 0.1j, 0.7 - 2j])
    np.testing.assert_allclose(ad.grad(f, method=method)(z), gradient(z), rtol=1e-13)


# == reductions and scans against each other =======================================================
@pytest.mark.parametrize("method", EXACT)
def test_initial_carries_a_derivative(method):
    x = A([[0.5, 2.0], [3.0, -1.0]])
    for f, expected in (
        (lambda i: np.sum(np.sum(x * i**0, axis=0, initial=i)), 2.0),
        (lambda i: np.sum(np.prod(x * i**0, axis=1, initial=i)), -2.0),
        (lambda i: np.sum(np.max(x * i**0, axis=1, initial=i)), 1.0),
        (lambda i: np.sum(np.min(x * i**0, axis=1, initial=i, where=[[True, True], [True, False]])), 1.0),
        (lambda i: np.logaddexp.reduce(A([2.5, 2.5]) * i**0, initial=i), 1 / 3),
    ):
        assert ad.grad(f, method=method)(2.5) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("method", EXACT)
def test_logsumexp_is_the_softmax(method):
    scipy_special = pytest.importorskip("scipy.special")
    for x in (A([1.0, 2.0, -3.0]), A([1000.0, 1001.0, 999.0]), A([-2000.0, -2000.0, -2001.0]), A([-inf, 0.0, 3.0])):
        softmax = scipy_special.softmax(x)
        for f in (np.logaddexp.reduce, lambda x: np.max(x) + np.log(np.sum(np.exp(x - np.max(x))))):
            np.testing.assert_allclose(ad.grad(f, method=method)(x), softmax, rtol=1e-12)
            second = ad.jacobian(ad.grad(f), method=method)(x)
            np.testing.assert_allclose(second, np.diag(softmax) - np.outer(softmax, softmax), rtol=1e-11, atol=1e-15)
        base_two = ad.grad(np.logaddexp2.reduce, method=method)(x)
        np.testing.assert_allclose(base_two, scipy_special.softmax(x * np.log(2)), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 13])
@pytest.mark.parametrize("method", EXACT)
def test_scans_are_the_reductions_of_all_beginnings(method, n):
    x = rng_for("scan").standard_normal((2, n))
    x[0, n // 2] = 0.0
    for scan, reduce in (
        (np.cumprod, np.prod),
        (np.cumsum, np.sum),
        (np.maximum.accumulate, np.max),
        (np.fmin.accumulate, np.min),
        (np.logaddexp.accumulate, np.logaddexp.reduce),
        (np.logaddexp2.accumulate, np.logaddexp2.reduce),
    ):
        for rounded in (x, np.round(x)):
            found = ad.jacobian(lambda x, scan=scan: scan(x, axis=1), method=method)(rounded)
            parts = lambda x, f=reduce: np.stack([f(x[:, : k + 1], axis=1) for k in range(n)], axis=1)  # noqa: E731
            np.testing.assert_allclose(found, ad.jacobian(parts)(rounded), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("indices", [[0], [0, 2, 4], [3, 1, 4, 0], [2, 2, 2]])
def test_reduceat_is_the_reduction_of_slices(indices):
    x = np.round(rng_for("reduceat").standard_normal((2, 5)), 1)
    ends = [j if j > i else i + 1 for i, j in zip(indices, [*indices[1:], 5], strict=True)]
    for ufunc in (np.add, np.maximum, np.minimum, np.fmax, np.fmin):
        parts = lambda x, u=ufunc: np.stack([u.reduce(x[:, i:j], 1) for i, j in zip(indices, ends, strict=True)], 1)  # noqa: E731
        for method in EXACT:
            found = ad.jacobian(lambda x, u=ufunc: u.reduceat(x, indices, axis=1), method=method)(x)
            np.testing.assert_array_equal(found, ad.jacobian(parts)(x))


def test_a_long_cumprod_neither_overflows_nor_loses_digits():
    x = np.linspace(0.5, 1.5, 4001)
    found = ad.grad(lambda x: np.cumprod(x)[-1])(x)
    np.testing.assert_allclose(found, np.prod(x) / x, rtol=1e-11)


# == order =========================================================================================
SYMMETRIC: list[Callable[[Any], Any]] = [
    np.max,
    np.min,
    np.median,
    np.nanmedian,
    np.nanmax,
    np.logaddexp.reduce,
    np.mean,
    *(
        lambda x, q=q, m=m: np.quantile(x, q, method=m)
        for q in (0.0, 0.3, 0.5, 0.87, 1.0)
        for m in ("linear", "nearest")
    ),
    *(lambda x, m=m: np.percentile(x, 41, method=m) for m in ("hazen", "midpoint", "averaged_inverted_cdf", "lower")),
]


@pytest.mark.parametrize("method", [*EXACT, "symbolic"])
def test_equal_elements_have_equal_derivatives_that_add_up_to_1(method):
    rng = rng_for("ties")
    for f, n in itertools.product(SYMMETRIC, (1, 2, 5, 8)):
        x = np.round(rng.standard_normal(n))
        gradient = ad.grad(f, method=method)(x)
        assert np.sum(gradient) == pytest.approx(1.0, rel=1e-14)
        for value in x:
            assert np.ptp(gradient[x == value]) <= 1e-15


@pytest.mark.parametrize("method", EXACT)
def test_large_rows_of_ties_keep_to_their_own(method):
    x = np.round(rng_for("rows").standard_normal((40, 31)), 1)
    found = ad.grad(lambda x: np.sum(np.median(x, axis=1) * np.arange(40.0)), method=method)(x)
    attained = x == np.median(x, axis=1, keepdims=True)
    np.testing.assert_allclose(found, attained / attained.sum(1, keepdims=True) * np.arange(40.0)[:, None], rtol=1e-14)


def test_partition_puts_elements_where_numpy_does():
    x = rng_for("partition").standard_normal((3, 2000))
    value, pullback = ad.vjp(lambda x: np.partition(x, [100, 1500]), x)
    np.testing.assert_array_equal(value, np.partition(x, [100, 1500]))
    np.testing.assert_array_equal(pullback(value)[0], x)


def test_an_order_is_decided_anew_at_each_point():
    f = ad.grad(lambda x: np.sort(x)[0] * np.median(x) + np.unique(x)[-1], method="symbolic")
    for x in itertools.permutations([1.0, 2.0, 3.0]):
        expected = [{1.0: 2.0, 2.0: 1.0, 3.0: 1.0}[part] for part in x]
        np.testing.assert_array_equal(f(A(x)), expected)


# == sampled functions =============================================================================
@pytest.mark.parametrize("method", EXACT)
def test_interp_moves_with_its_knots(method):
    """Moving x and all knots together changes nothing."""
    xp, fp = A([-1.0, 0.0, 0.5, 2.0]), A([0.3, -1.0, 2.0, 0.7])
    for x in (-3.0, -1.0, -0.4, 0.0, 0.3, 0.5, 1.9, 2.0, 5.0):
        by_x, by_xp, by_fp = ad.grad(np.interp, (0, 1, 2), method=method)(x, xp, fp)
        assert by_x + np.sum(by_xp) == pytest.approx(0.0, abs=1e-14)
        np.testing.assert_allclose(by_fp @ fp, np.interp(x, xp, fp), rtol=1e-14)
        slopes = [ad.grad(np.interp, method=method)(x + step, xp, fp) for step in (-1e-9, 1e-9)]
        assert by_x == pytest.approx(np.mean(slopes), rel=1e-12)


def test_interp_passes_nan_of_one_value_to_its_neighbours_only():
    fp = A([1.0, 2.0, nan, 4.0, 5.0])
    _, pullback = ad.vjp(lambda x: np.interp(x, np.arange(5.0), fp), A([0.5, 1.5, 3.5]))
    np.testing.assert_array_equal(pullback(np.ones(3))[0], [1.0, nan, 1.0])


@pytest.mark.parametrize("method", EXACT)
def test_even_spacing_given_as_coordinates_may_become_uneven(method):
    f = A([1.0, 3.0, 2.0, 5.0])
    slope = lambda x: np.sum(np.gradient(f, x) * A([1.0, 2.0, 3.0, 4.0]))  # noqa: E731
    x = np.arange(4.0)
    found = ad.grad(slope, method=method)(x)
    steps = [(slope(x + step) - slope(x - step)) / 2e-6 for step in 1e-6 * np.eye(4)]
    np.testing.assert_allclose(found, steps, rtol=1e-8)


# == histograms ====================================================================================
@pytest.mark.parametrize("method", EXACT)
def test_counts_are_plain_and_edges_are_traced(method):
    def f(x):
        counts, edges = np.histogram(x, 3)
        assert type(counts) is np.ndarray
        assert counts.dtype == np.histogram([1.0, 2.0], 3)[0].dtype
        return edges[-1] - 2 * edges[0] + np.sum(counts)

    np.testing.assert_array_equal(ad.grad(f, method=method)(A([2.0, 0.5, 3.0, 1.0])), [0.0, -2.0, 1.0, 0.0])


@pytest.mark.parametrize("method", EXACT)
def test_weights_reach_the_bin_of_their_number(method):
    sample, bins = A([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0]), A([0.0, 1.0, 2.0])
    found = ad.jacobian(lambda w: np.histogram(sample, bins, weights=w)[0], method=method)(np.ones(6))
    np.testing.assert_array_equal(found, [[0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0]])


# == queries and refusals ==========================================================================
@pytest.mark.parametrize("method", EXACT)
def test_assertions_of_numpy_answer_or_are_refused(method):
    x = A([1.0, 2.0])
    ad.grad(lambda x: (np.testing.assert_array_equal(x, A([1.0, 2.0])), np.sum(x))[1], method=method)(x)
    with pytest.raises(AssertionError):
        ad.grad(lambda x: (np.testing.assert_array_equal(x, A([1.0, 3.0])), np.sum(x))[1], method=method)(x)
    np.testing.assert_array_equal(
        ad.grad(lambda x: (np.testing.assert_allclose(x, x + 1e-9), np.sum(x))[1], method=method)(x), [1.0, 1.0]
    )


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.quantile(x, 0.5, weights=np.ones(3), method="inverted_cdf"),
        lambda x: np.nanpercentile(x, 50, weights=np.ones(3), method="inverted_cdf"),
        lambda x: np.subtract.reduce(x),
        lambda x: np.divide.accumulate(x),
        lambda x: np.multiply.reduceat(x, [0]),
        lambda x: np.intersect1d(x, [1.0]),
    ],
)
def test_what_has_no_rule_is_refused(f, method):
    with pytest.raises(ad.NoRule, match=r"test_reductions\.py"):
        ad.grad(lambda x: np.sum(f(x)), method=method)(A([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x, dtype=int),
        lambda x: np.prod(x, dtype=int),
        lambda x: np.cumsum(x, dtype=int),
        lambda x: np.median(x, 0, np.zeros(())),
        lambda x: np.quantile(x, 0.5, None, np.zeros(())),
        lambda x: np.nanmean(x, 0, None, np.zeros(())),
        lambda x: np.cumprod(x, 0, None, np.zeros(3)),
        lambda x: np.max(x, 0, np.zeros(())),
        lambda x: np.ptp(x, 0, np.zeros(())),
        lambda x: np.add.reduceat(x, [0], 0, None, np.zeros(1)),
        lambda x: np.sum(np.ones(3), initial=x[0]),
        lambda x: np.add.at(np.zeros(3), [0, 1, 2], x),
    ],
)
def test_what_would_lose_the_derivative_is_refused(f, method):
    with pytest.raises(ad.LostDerivative, match=r"test_reductions\.py"):
        ad.grad(lambda x: np.sum(f(x)), method=method)(A([1.0, 2.0, 3.0]))
