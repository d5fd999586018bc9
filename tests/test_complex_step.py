"""The complex step: taken where f's recorded operations show it to be valid, refused by name elsewhere."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from calls import PATTERNS, ROWS, rng_for
from calls import X as MATRIX

import adkit as ad
from adkit import refusals
from adkit.containers import flatten
from adkit.primitives import Constant, Elementwise, General, JointlyLinear, Linear, primitives
from adkit.tracing import load_all

load_all()
COMPLEX = ad.Numerical(scheme="complex")
X = np.array([0.7, -1.3, 2.1])
A = np.array([[2.0, 0.3, 0.1], [0.4, 3.0, 0.2], [0.5, 0.1, 4.0]])
H = 1e-20


# -- snippets of ordinary NumPy -------------------------------------------------------------------------
def loop(x):
    total = 0.0
    for i in range(len(x)):
        total = total + x[i] ** (i + 1)
    return total


def branch(x):
    return np.sum(x**2) if x[0] > 0.5 else np.sum(x)


def in_place(x):
    y = x.copy()
    y[0] *= 3.0
    y += x
    return np.sum(y * y)


def into_zeros(x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 2
    return np.sum(out)


RIGHT = {
    "sum of squares": lambda x: np.sum(x * x),
    "polynomial": lambda x: np.sum(3 * x**3 - 2 * x + 1),
    "exp": lambda x: np.sum(np.exp(x)),
    "log of squares": lambda x: np.sum(np.log(x * x + 1)),
    "sqrt": lambda x: np.sum(np.sqrt(1 + x**2)),
    "sin cos": lambda x: np.sum(np.sin(x) * np.cos(x)),
    "tan": lambda x: np.sum(np.tan(0.5 * x)),
    "arctan": lambda x: np.sum(np.arctan(x)),
    "arcsinh": lambda x: np.sum(np.arcsinh(x)),
    "tanh": lambda x: np.sum(np.tanh(x)),
    "quotient": lambda x: np.sum(1 / (2 + x * x)),
    "dot": lambda x: np.dot(x, x),
    "matmul": lambda x: x @ A @ x,
    "einsum": lambda x: np.einsum("i,ij,j->", x, A, x),
    "mean": lambda x: np.mean(x**2),
    "prod": lambda x: np.prod(x),
    "cumsum": lambda x: np.sum(np.cumsum(x) ** 2),
    "solve": lambda x: np.sum(np.linalg.solve(A + np.diag(x * x), x)),
    "inv": lambda x: np.sum(np.linalg.inv(A + np.diag(x))),
    "det": lambda x: np.linalg.det(A + np.diag(x)),
    "stack": lambda x: np.sum(np.stack([x, 2 * x]) ** 3),
    "concatenate": lambda x: np.sum(np.concatenate([x, x[::-1]]) ** 2 * np.arange(6)),
    "outer": lambda x: np.sum(np.outer(x, np.exp(x))),
    "where": lambda x: np.sum(np.where(x > 0, x**2, -x)),
    "convolve": lambda x: np.sum(np.convolve(x, x) ** 2),
    "loop": loop,
    "branch": branch,
    "in place": in_place,
    "logistic": lambda x: np.sum(np.log1p(np.exp(-x))),
    "reshaped": lambda x: np.sum(x.reshape(3, 1).T ** 2 * np.arange(3)),
    "zeros like": lambda x: np.sum((np.zeros_like(x) + x) ** 2),
    "select": lambda x: np.sum(np.select([x > 1.0, x > 0.0], [x * x, x], 3 * x)),
}
WRONG = {
    "abs": (lambda x: np.sum(np.abs(x)), "absolute"),
    "sign": (lambda x: np.sum(np.sign(x) * x), "complex_sign"),
    "norm": (lambda x: np.linalg.norm(x), "norm"),
    "norm squared": (lambda x: np.linalg.norm(x) ** 2, "norm"),
    "norm 1": (lambda x: np.linalg.norm(x, 1), "absolute"),
    "var": (lambda x: np.var(x), r"np\.var"),
    "std": (lambda x: np.std(x), r"np\.std"),
    "vdot": (lambda x: np.vdot(x, x), "conjugate"),
    "conj": (lambda x: np.sum(x * np.conj(x)), "conjugate"),
    "conj T": (lambda x: x.conj().T @ x, "conjugate"),
    "real": (lambda x: np.sum(np.real(x) * x), "real"),
    ".real": (lambda x: np.sum(x.real**2), "real"),
    "imag": (lambda x: np.sum(np.imag(x) + x), "imag"),
    "cholesky": (lambda x: np.sum(np.linalg.cholesky(np.diag(x * x) + 5 * np.eye(3))), "cholesky"),
    "eigvalsh": (lambda x: np.sum(np.linalg.eigvalsh(A + np.diag(x)) ** 3), "eigvalsh"),
    "svd": (lambda x: np.sum(np.linalg.svd(A + np.diag(x), compute_uv=False)), "svd"),
    "fft power": (lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2), "absolute"),
    "maximum": (lambda x: np.sum(np.maximum(x, 0.0)), "maximum"),
    "max": (lambda x: np.max(x), "max"),
    "clip": (lambda x: np.sum(np.clip(x, -1.0, 1.0)), "maximum|minimum"),
    "interp": (lambda x: np.sum(np.interp(x, [-2.0, 0.0, 3.0], [1.0, 2.0, 0.0])), "interp"),
    "astype": (lambda x: np.sum(x.astype(float) ** 2), "Casting complex"),
    "float": (lambda x: sum(float(c) ** 2 for c in x), "conversion to float"),
    "math": (lambda x: sum(math.sin(c) for c in x), r"math\.sin"),
    "into zeros": (into_zeros, r"out\[i\] = x\[i\] \*\* 2"),
    "hypot": (lambda x: np.sum(np.hypot(x, 1.0)), "hypot"),
    "arctan2": (lambda x: np.sum(np.arctan2(x, 1.0)), "arctan2"),
    "cbrt": (lambda x: np.sum(np.cbrt(x)), "cbrt"),
    "floor": (lambda x: np.sum(np.floor(x) * x), "floor"),
    "logaddexp": (lambda x: np.sum(np.logaddexp(x, 0.0)), "logaddexp"),
    "angle": (lambda x: np.sum(np.angle(x) + x), "arctan2|angle"),
    "qr": (lambda x: np.sum(np.linalg.qr(A + np.diag(x))[1]), "qr"),
    "pinv": (lambda x: np.sum(np.linalg.pinv(A + np.diag(x))), "pinv"),
    "vecdot": (lambda x: np.vecdot(x, x), "vecdot"),
    "equality": (lambda x: np.sum(x**2) if x[0] == 0.7 else np.sum(x), "not the continuation"),
    "asking": (lambda x: np.sum(x) if np.iscomplexobj(x) else np.sum(x**2), "disagrees"),
    "large power": (lambda x: np.sum(x**101.0), "negative base"),
    "root at 0": (lambda x: np.sqrt(x - 0.7)[0], "not the continuation"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_plainly_analytic_functions_are_accepted_and_exact(name):
    found = ad.grad(RIGHT[name], method=COMPLEX)(X)
    np.testing.assert_allclose(found, ad.grad(RIGHT[name])(X), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", WRONG)
def test_others_are_refused_and_the_reason_is_named(name):
    f, reason = WRONG[name]
    with np.errstate(all="ignore"), pytest.raises(ad.OutputError, match=reason) as refusal:
        ad.grad(f, method=COMPLEX)(X)
    assert "scheme='central'" in str(refusal.value)


@pytest.mark.parametrize("name", sorted(set(WRONG) - {"equality", "asking", "root at 0"}))
def test_a_refusal_names_the_persons_own_line(name):
    with pytest.raises(ad.OutputError, match=r"test_complex_step\.py:\d+"):
        ad.grad(WRONG[name][0], method=COMPLEX)(X)


def test_what_is_not_traceable_is_refused_with_the_reason():
    class Odd:
        def __init__(self, x):
            self.x = np.asarray(x, float)

    with pytest.raises(ad.OutputError, match=r"cannot be recorded.*use scheme='central'"):
        ad.grad(lambda x: np.sum(Odd(x).x ** 2), method=COMPLEX)(X)


def test_where_f_fails_at_the_point_itself_the_exception_is_its_own():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ad.grad(f, method=COMPLEX)(X)


def test_where_f_has_no_real_value_there_is_no_derivative():
    with np.errstate(all="ignore"):
        assert np.isnan(ad.grad(np.log, method=COMPLEX)(-1.0))
        found = ad.jacobian(np.sqrt, method=COMPLEX)(np.array([-1.0, 4.0]))
    np.testing.assert_array_equal(found, [[np.nan, np.nan], [0.0, 0.25]])


@pytest.mark.parametrize("x", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_it_is_exact_at_every_scale(x):
    assert ad.grad(np.log, method=COMPLEX)(x) == pytest.approx(1 / x, rel=1e-15)
    assert ad.grad(lambda x: x**3 - x, method=COMPLEX)(x) == pytest.approx(3 * x**2 - 1, rel=1e-15)


def test_global_state_is_untouched():
    filters = list(warnings.filters)
    ad.grad(RIGHT["exp"], method=COMPLEX)(X)
    assert warnings.filters == filters


# -- the whole table ------------------------------------------------------------------------------------
WORKING_BUT_UNFLAGGED = {
    "complex numbers are ordered by their real parts first: ties would be broken by the imaginary ones": {
        *["max", "min", "maximum", "minimum", "fmax", "fmin"],
        *(f"{name}.{way}" for name in ("fmax", "fmin") for way in ("reduce", "accumulate")),
        *("maximum.accumulate", "minimum.accumulate"),
    },
    "a histogram counts, and counts have no derivative": {"bin_edges"},
    "occurs in derivatives only, at points where there is none in the plane": {"tied", "rough"},
    "occurs in derivatives only, or is computed relative to the modulus": {"modified_bessel", "spherical_bessel"},
    "SciPy's algorithm at complex numbers is another one, with digits relative to the modulus": {
        f"scipy.special.{name}"
        for name in [
            "eval_chebyt",
            "eval_chebyu",
            "eval_gegenbauer",
            "eval_genlaguerre",
            "eval_jacobi",
            "eval_laguerre",
            "eval_legendre",
            "exp1",
            "fresnel",
            "hyp1f1",
            "hyp2f1",
            "iv",
            "kv",
            "kve",
            "log_ndtr",
            "log_softmax",
            "softmax",
            "spence",
            "wrightomega",
        ]
    },
}
ROWS_OF_THE_TABLE = [row for row in primitives.values() if not isinstance(row, Constant)]


def calls_of(row):
    """Calls of a row in real double precision, and which arguments have a derivative."""
    if isinstance(row, Elementwise):
        domain = row.domain if isinstance(row.domain[0], tuple) else [row.domain] * row.ufunc.nin
        low, high = zip(*domain, strict=True)
        points = rng_for(row.name).uniform(low, high, (3, row.ufunc.nin))
        active = [i for i, partial in enumerate(row.partials) if partial is not None]
        return [(tuple(map(float, point)), {}, active) for point in points]
    return [
        (args, params, range(len(args)))
        for args, params in ROWS[row.name]
        if all(np.asarray(x).dtype == float for x in args) and "dtype" not in params
    ]


def shown_by_a_complex_step(row):
    """Whether a complex step through NumPy's function gives the derivative of the row, at all its calls."""
    for args, params, active in calls_of(row):
        rng = rng_for(row.name)
        ways = [rng.standard_normal(np.shape(x)) if i in active else None for i, x in enumerate(args)]
        try:
            with np.errstate(all="ignore"):
                out = row.compute(args, params)
                beside = [x if d is None else np.asarray(x + 1j * H * d)[()] for x, d in zip(args, ways, strict=True)]
                moved = row.compute(tuple(beside), params)
                wanted = row.jvp(ways, out, args, params, False)
        except (TypeError, ValueError, np.exceptions.ComplexWarning):
            return False
        if np.iscomplexobj(out):
            # A linear row of complex values: linear over complex numbers too.
            if not isinstance(row, (Linear, JointlyLinear)):
                return False
            turned = row.compute(tuple(np.asarray(1j * x)[()] for x in args), params)
            if not np.allclose(turned, 1j * out, rtol=1e-13, atol=1e-13):
                return False
        elif not np.iscomplexobj(moved) or not close(np.imag(moved) / H, wanted):
            return False
    return True


def close(found, wanted):
    return np.allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.max(np.abs(wanted), initial=1.0))


def each(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


@each([row for row in ROWS_OF_THE_TABLE if row.analytic])
def test_what_counts_as_analytic_is(row):
    assert calls_of(row)
    assert shown_by_a_complex_step(row)


@each([row for row in ROWS_OF_THE_TABLE if not row.analytic])
def test_what_does_not_is_not_or_has_a_reason(row):
    excused = {name for names in WORKING_BUT_UNFLAGGED.values() for name in names}
    assert (not calls_of(row)) or shown_by_a_complex_step(row) == (row.name in excused)


def test_every_excuse_is_needed():
    assert {name for names in WORKING_BUT_UNFLAGGED.values() for name in names} <= set(primitives)


def test_what_carries_no_derivative_is_never_analytic():
    assert not any(row.analytic for row in primitives.values() if isinstance(row, (Constant,)))


def test_a_persons_own_operation_is_not_analytic_by_its_name():
    sin = ad.custom_derivative(np.abs, partials=lambda out, x: np.sign(x))
    sin.__name__ = "sin"
    with pytest.raises(ad.OutputError, match="scheme='central'"):
        ad.grad(lambda x: sin(x), method=COMPLEX)(-1.0)


# -- every NumPy function that adkit knows ------------------------------------------------------------
def accepted(call):
    """The Jacobian of a call by complex steps, or None where that is refused."""
    try:
        return ad.jacobian(call, method=COMPLEX)(MATRIX)
    except ad.AdkitError:
        return None


@pytest.mark.parametrize("function", PATTERNS, ids=refusals.public_name)
def test_no_function_of_numpy_is_silently_wrong(function):
    for number, call in enumerate(PATTERNS[function]):
        if (found := accepted(call)) is None:
            continue
        wanted = ad.jacobian(call, method="forward")(MATRIX)
        for ours, theirs in zip(flatten(found)[0], flatten(wanted)[0], strict=True):
            bar = 1e-5 if np.asarray(theirs).dtype == np.float32 else 1e-10
            largest = np.max(np.abs(theirs), initial=1.0)
            np.testing.assert_allclose(ours, theirs, rtol=bar, atol=bar * largest, err_msg=str(number))


def test_most_functions_that_could_be_are_accepted():
    count = sum(accepted(call) is not None for calls in PATTERNS.values() for call in calls)
    assert count >= 700
    assert General in {type(primitives["matmul"])}
