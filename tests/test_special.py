"""SciPy's special functions: extremes against mpmath, conventions, what is refused, and functions written in Python."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import threading

import mpmath
import numpy as np
import pytest
from scipy import special
from scipy.special import log_softmax, logsumexp, softmax

import adkit as ad
from adkit import asking
from adkit.primitives.special import Special
from adkit.symbolic.functions import SOUND
from adkit.tracing import implementations, load_all

load_all()
EXACT = ["reverse", "forward"]
inf, nan, A = np.inf, np.nan, np.array

INVERSES = {
    special.gammaincinv: special.gammainc,
    special.gammainccinv: special.gammaincc,
    special.betaincinv: special.betainc,
    special.betainccinv: special.betaincc,
}


def test_every_row_without_a_formula_is_an_inverse():
    rows = {row.ufunc for row in implementations.values() if isinstance(row, Special) and not row.formula}
    assert rows == set(INVERSES)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("inverse", INVERSES, ids=lambda f: f.__name__)
def test_an_inverse_undoes_its_function(inverse, method):
    for orders in ((0.6, 1.4), (2.5, 0.7), (3.0, 2.0)):
        orders = orders[: inverse.nin - 1]
        for y in (0.1, 0.5, 0.8):
            composed = lambda y, orders=orders: INVERSES[inverse](*orders, inverse(*orders, y))  # noqa: E731
            assert ad.grad(composed, method=method)(y) == pytest.approx(1.0, rel=1e-10)
            assert ad.grad(ad.grad(composed), method=method)(y) == pytest.approx(0.0, abs=1e-8)


# Derivatives that a textbook formula loses: (f, x, derivative to 50 digits).
mp = mpmath.MPContext()
mp.dps = 50
DEEP = mp.mpf(float(special.ndtri_exp(-1e4)))
EXTREMES = {
    "erfcx far out": (special.erfcx, 1e8, lambda x: -1 / mp.sqrt(mp.pi) / x**2),
    "erfcx at 19.9": (special.erfcx, 19.9, lambda x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi)),
    "erfcx at 20.1": (special.erfcx, 20.1, lambda x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi)),
    "dawsn far out": (special.dawsn, -1e8, lambda x: -1 / (2 * x**2)),
    "log_ndtr far left": (special.log_ndtr, -1e5, lambda x: mp.npdf(x) / mp.ncdf(x)),
    "log_ndtr far right": (special.log_ndtr, 50.0, lambda x: mp.mpf(0)),
    "ndtri_exp far left": (special.ndtri_exp, -1e4, lambda x: mp.ncdf(DEEP) / mp.npdf(DEEP)),
    "expit far right": (special.expit, 40.0, lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2),
    "log_expit far left": (special.log_expit, -1e5, lambda x: mp.mpf(1)),
    "rgamma at 0": (special.rgamma, 0.0, lambda x: mp.mpf(1)),
    "rgamma at -3": (special.rgamma, -3.0, lambda x: mp.mpf(-6)),
    "rgamma near -3": (special.rgamma, -3.0000001, lambda x: mp.diff(mp.rgamma, x)),
    "exprel at 0": (special.exprel, 0.0, lambda x: mp.mpf(1) / 2),
    "exprel near 0": (special.exprel, 1e-9, lambda x: mp.mpf(1) / 2 + x / 3),
    "exprel at 300": (special.exprel, 300.0, lambda x: (mp.exp(x) * (x - 1) + 1) / x**2),
    "exprel at -300": (special.exprel, -300.0, lambda x: (mp.exp(x) * (x - 1) + 1) / x**2),
    "spence at 1": (special.spence, 1.0, lambda x: mp.mpf(-1)),
    "spence near 1": (special.spence, 1 + 1e-9, lambda x: mp.log(x) / (1 - x)),
    "ellipk at 0": (special.ellipk, 0.0, lambda x: mp.pi / 8),
    "ellipk near 0": (special.ellipk, 1e-9, lambda x: mp.diff(mp.ellipk, x)),
    "ellipe at 0": (special.ellipe, 0.0, lambda x: -mp.pi / 8),
    "ellipkm1 near 1": (special.ellipkm1, 1 - 1e-9, lambda x: -mp.diff(mp.ellipk, 1 - x)),
    "j1 at 0": (special.j1, 0.0, lambda x: mp.mpf(1) / 2),
    "boxcox at 0 by the power": (lambda y: special.boxcox(3.0, y), 0.0, lambda y: mp.log(3) ** 2 / 2),
    "boxcox near 0 by the power": (
        lambda y: special.boxcox(3.0, y),
        1e-9,
        lambda y: mp.log(3) ** 2 / 2 + y * mp.log(3) ** 3 / 3,
    ),
    "boxcox of 0 by the power": (lambda y: special.boxcox(0.0, y), 2.0, lambda y: mp.mpf(1) / 4),
    "inv_boxcox at 0 by the power": (lambda y: special.inv_boxcox(2.0, y), 0.0, lambda y: -2 * mp.exp(2)),
    "huber inside": (lambda r: special.huber(1.0, r), 0.5, lambda r: mp.mpf(r)),
    "huber outside": (lambda r: special.huber(1.0, r), -3.0, lambda r: mp.mpf(-1)),
    "pseudo_huber by a large delta": (
        lambda d: special.pseudo_huber(d, 1.0),
        1e4,
        lambda d: mp.diff(lambda e: e**2 * (mp.sqrt(1 + 1 / e**2) - 1), d),
    ),
    "lambertw at 0": (lambda x: np.real(special.lambertw(x)), 0.0, lambda x: mp.mpf(1)),
    "sici at 0": (lambda x: special.sici(x)[0], 0.0, lambda x: mp.mpf(1)),
    "wofz far out": (lambda x: np.imag(special.wofz(x)), 1e6, lambda x: -1 / mp.sqrt(mp.pi) / x**2),
    "i0e at the kink": (special.i0e, 0.0, lambda x: mp.mpf(0)),
    "xlogy of 0 by y": (lambda y: special.xlogy(0.0, y), 0.0, lambda y: mp.mpf(0)),
    "xlog1py of 0 by y": (lambda y: special.xlog1py(0.0, y), -1.0, lambda y: mp.mpf(0)),
    "rel_entr of 0 by y": (lambda y: special.rel_entr(0.0, y), 0.0, lambda y: mp.mpf(0)),
    "kl_div of 0 by y": (lambda y: special.kl_div(0.0, y), 0.0, lambda y: mp.mpf(1)),
    "polygamma": (lambda x: special.polygamma(3, x), 2.5, lambda x: mp.polygamma(4, x)),
    "expn of order 0": (lambda x: special.expn(0, x), 0.7, lambda x: mp.diff(lambda t: mp.exp(-t) / t, x)),
    "legendre of degree 0": (lambda x: special.eval_legendre(0, x), 0.3, lambda x: mp.mpf(0)),
    "legendre at 1": (lambda x: special.eval_legendre(4, x), 1.0, lambda x: mp.mpf(10)),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(name, method):
    f, x, derivative = EXTREMES[name]
    expected = float(derivative(mp.mpf(x)))
    assert ad.grad(f, method=method)(x) == pytest.approx(expected, rel=2e-12, abs=1e-300)
    assert ad.grad(lambda x: np.sum(f(x)), method=method)(A([x]))[0] == pytest.approx(expected, rel=2e-12, abs=1e-300)


@pytest.mark.parametrize("method", EXACT)
def test_infinite_slopes_are_infinite(method):
    assert ad.grad(special.entr, method=method)(0.0) == inf
    assert ad.grad(lambda x: special.xlogy(x, 0.0), method=method)(0.0) == -inf
    assert ad.grad(ad.grad(special.xlogy, 1), 0, method=method)(0.0, 0.0) == inf
    assert ad.grad(ad.grad(special.xlogy, 1), 0, method=method)(0.0, 4.0) == 0.25
    assert ad.grad(special.erfinv, method=method)(1.0) == inf


# Analytic functions in the plane: the derivative is that along the real axis.
PLANE = [
    special.erf, special.erfc, special.erfcx, special.erfi, special.dawsn, special.ndtr, special.log_ndtr,
    special.gamma, special.rgamma, special.loggamma, special.expm1, special.log1p, special.exp1, special.expi,
    special.spence, special.wofz, special.wrightomega, special.lambertw,
    lambda z: special.jv(0.7, z), lambda z: special.kv(0.7, z),
    lambda z: special.iv(1.3, z), lambda z: special.yv(0.3, z), lambda z: special.kve(0.3, z),
    lambda z: special.xlogy(z, 1 + z), lambda z: special.hyp2f1(0.5, 1.5, 2.0, z / 4), lambda z: special.airy(z)[2],
    lambda z: special.hyp1f1(0.5, 1.5, z), lambda z: special.fresnel(z)[0], lambda z: special.shichi(z)[1],
]  # fmt: skip


@pytest.mark.parametrize("f", PLANE, ids=lambda f: f.__name__)
def test_derivatives_in_the_plane(f):
    for z in (0.7 + 0.4j, -0.6 + 1.1j, 0.3 - 0.8j):
        h = 1e-5
        # The second direction would show a derivative that is not complex.
        along, across = (f(z + h) - f(z - h)) / (2 * h), (f(z + 1j * h) - f(z - 1j * h)) / (2j * h)
        if abs(along - across) > 1e-6 * abs(along):
            continue  # a cut passes between
        out, pushed = ad.jvp(f, (z,), (1.0,))
        _, pullback = ad.vjp(f, z)
        assert out == f(z)
        assert pushed == pytest.approx(along, rel=1e-7)
        assert pullback(1.0 + 0j)[0] == pytest.approx(along, rel=1e-7)


# -- what is refused -------------------------------------------------------------------------------
@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda x: special.jv(x, 1.0), r"special\.jv has no derivative rule for its first argument"),
        (lambda x: special.gammainc(x, 1.0), r"special\.gammainc .* first argument"),
        (lambda x: special.betainc(1.0, x, 0.5), r"special\.betainc .* second argument"),
        (lambda x: special.hyp2f1(1.0, 2.0, x, 0.5), r"special\.hyp2f1 .* third argument"),
        (lambda x: special.zeta(x), r"special\.zeta .* first argument"),
        (lambda x: special.zeta(x, 2.0), r"special\.zeta .* first argument"),
        (lambda x: special.polygamma(x, 2.0), r"special\.polygamma .* first argument"),
        (lambda x: special.ellipj(0.5, x)[0], r"special\.ellipj .* second argument"),
        (lambda x: special.comb(x, 2, exact=True), r"special\.comb with exact=True"),
        (lambda x: np.abs(special.psi(x + 1j)), r"special\.psi .* where it is complex"),
        (lambda x: special.kolmogorov(x), r"scipy\.special\.kolmogorov has no derivative rule"),
    ],
)
def test_arguments_without_a_rule_are_named(f, what, method):
    with pytest.raises(ad.NoRule, match=rf"{what}.*test_special\.py"):
        ad.grad(f, method=method)(1.5)


# -- logsumexp and softmax -------------------------------------------------------------------------
LOGARITHMS = {
    "large": (A([1000.0, 1001.0, 999.0]), None),
    "so large that the logarithm of 2 is lost": (A([1e17, 1e17, 0.0]), [0.5, 0.5, 0.0]),
    "far apart": (A([-1e300, 0.0, 1e300]), [0.0, 0.0, 1.0]),
    "some -inf": (A([-inf, 0.0, 0.0]), [0.0, 0.5, 0.5]),
    "all -inf": (A([-inf, -inf]), [0.5, 0.5]),
    "some inf": (A([inf, 0.0, -inf]), [1.0, 0.0, 0.0]),
    "two inf": (A([inf, 3.0, inf]), [0.5, 0.0, 0.5]),
    "one": (A([-inf]), [1.0]),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", LOGARITHMS)
def test_gradient_of_logsumexp(name, method):
    a, expected = LOGARITHMS[name]
    value, gradient = ad.value_and_grad(logsumexp, method=method)(a)
    assert value == logsumexp(a)
    np.testing.assert_allclose(gradient, softmax(a) if expected is None else expected, rtol=1e-15)
    rows = ad.grad(lambda a: np.sum(logsumexp(a, axis=1) * A([1.0, 2.0])), method=method)(
        np.stack([a, np.zeros(len(a))])
    )
    np.testing.assert_allclose(rows, [gradient, np.full(len(a), 2 / len(a))], rtol=1e-15)


@pytest.mark.parametrize("method", EXACT)
def test_a_weight_of_zero_leaves_a_term_out(method):
    by_a, by_b = ad.grad(lambda a, b: logsumexp(a, b=b), (0, 1), method=method)(A([inf, 1.0, nan]), A([0.0, 2.0, 0.0]))
    np.testing.assert_allclose(by_a, [0.0, 1.0, 0.0], rtol=1e-15)
    assert by_b[1] == pytest.approx(0.5)


@pytest.mark.parametrize("method", EXACT)
def test_logsumexp_of_signed_terms(method):
    a, b = A([1.0, 2.0, 0.5]), A([1.0, -2.0, 0.3])
    total = b @ np.exp(a)
    by_a, by_b = ad.grad(lambda a, b: logsumexp(a, b=b, return_sign=True)[0], (0, 1), method=method)(a, b)
    np.testing.assert_allclose(by_a, b * np.exp(a) / total, rtol=1e-14)
    np.testing.assert_allclose(by_b, np.exp(a) / total, rtol=1e-14)


@pytest.mark.parametrize("method", EXACT)
def test_softmax_of_minus_infinity_is_flat(method):
    x = A([-inf, 0.0, 1.0])
    p = softmax(x)
    jacobian = np.diag(p) - np.outer(p, p)
    np.testing.assert_allclose(ad.jacobian(softmax, method=method)(x), jacobian, rtol=1e-14, atol=1e-17)
    found = ad.grad(lambda x: log_softmax(x)[2], method=method)(x)
    np.testing.assert_allclose(found, A([0.0, 0.0, 1.0]) - p, rtol=1e-14)


def test_hessian_of_logsumexp_is_the_jacobian_of_softmax():
    x = A([0.3, -1.0, 2.0])
    np.testing.assert_allclose(ad.hessian(logsumexp)(x), ad.jacobian(softmax)(x), rtol=1e-13)


# -- functions that have been taught to ask --------------------------------------------------------
def test_a_taught_function_is_what_it_was():
    ad.grad(logsumexp)(A([1.0, 2.0]))
    assert str(inspect.signature(logsumexp)) == "(a, axis=None, b=None, keepdims=False, return_sign=False)"
    assert logsumexp.__doc__.startswith("Compute the log of the sum")
    assert pickle.loads(pickle.dumps(logsumexp)) is logsumexp is special.logsumexp
    assert logsumexp(A([0.0, 0.0]), keepdims=True).shape == (1,)
    assert special.comb(5, 2, exact=True) == 10
    with pytest.raises(TypeError, match=r"logsumexp\(\) got an unexpected keyword argument 'x'"):
        logsumexp(1.0, x=1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        logsumexp()


def test_a_function_is_taught_once_also_by_many_threads():
    def inner():
        total = 3.0

        def f(x, y=2.0, *, z=1.0):
            return x * total + y + z

        return f

    f = inner()
    asking._teach(f)
    assert f(1.0) == 6.0
    assert f(1.0, 0.0, z=0.0) == 3.0
    assert str(inspect.signature(f)) == "(x, y=2.0, *, z=1.0)"
    code = logsumexp.__code__
    threads = [threading.Thread(target=ad.grad(logsumexp), args=(A([1.0, 2.0]),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logsumexp.__code__ is code


def run(source: str) -> str:
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.strip()


def test_a_function_imported_before_adkit_asks():
    source = "from scipy.special import softmax; import adkit as ad, numpy as np; "
    assert run(source + "print(ad.grad(lambda x: softmax(x)[0])(np.zeros(2)))") == "[ 0.25 -0.25]"


def test_a_function_imported_by_f_itself_asks():
    source = """
import adkit as ad, numpy as np
def f(x):
    from scipy.special import log_softmax
    return log_softmax(x)[0]
print(ad.grad(f)(np.zeros(2)), ad.grad(f, method="forward")(np.zeros(2)))"""
    assert run(source) == "[ 0.5 -0.5] [ 0.5 -0.5]"


def test_scipy_is_not_imported_by_a_gradient_that_does_not_use_it():
    source = "import adkit as ad, numpy as np, sys; ad.grad(np.sum)(np.ones(2)); print('scipy' in sys.modules)"
    assert run(source) == "False"


# -- the symbolic method ---------------------------------------------------------------------------
def test_the_symbolic_method_takes_the_functions_whose_formula_is_sound():
    rows = {row.name: row for row in implementations.values() if isinstance(row, Special)}
    for name in sorted(SOUND):
        row = rows[f"scipy.special.{name}"]
        low, high = row.domain if not isinstance(row.domain[0], tuple) else row.domain[-1]
        x = low + 0.3 * (high - low)
        if row.ufunc.nin == 2 and row.partials[0] is None:
            f = lambda x, row=row: row.ufunc(3.0, x)  # noqa: E731
        else:
            f = lambda x, row=row: row.ufunc(*[x] + [0.3] * (row.ufunc.nin - 1))  # noqa: E731
        for g in (f, ad.grad(f)):
            expected = ad.grad(g, method="reverse")(x)
            assert ad.grad(g, method="symbolic")(x) == pytest.approx(expected, rel=1e-11), name


def test_the_symbolic_method_refuses_formulas_that_lose_digits():
    for f in (special.exprel, special.log_ndtr, lambda x: special.xlogy(x, x), logsumexp):
        with pytest.raises(ad.NoRule, match=r"symbolic method .*method='reverse'"):
            ad.grad(f, method="symbolic")(0.5)


@pytest.mark.parametrize("function", [special.yn, special.kn, special.expn])
@pytest.mark.filterwarnings("ignore:floating point number truncated")
def test_an_order_is_cut_down_to_a_whole_number(function):
    cut, whole = (ad.grad(lambda x, n=n: function(n, x))(0.7) for n in (2.6, 2.0))
    assert cut == whole
