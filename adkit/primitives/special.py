"""SciPy's special functions of one and more arguments, one row each.

A partial of None says that there is no rule for this argument, as for the order of a Bessel function: it is refused
where it is traced. What loses digits or meets 0/0 as a textbook has it is written in functions that do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc
from scipy.special import _ufuncs

from .. import refusals
from ..errors import NoRule, place
from ..tracing import Box, normalize, plain
from .elementwise import LN2, LN10, RADIANS_PER_DEGREE
from .table import Elementwise, Primitive, Rule, constant, implements, is_complex

Interval = tuple[float, float]
ROOT_PI = float(np.sqrt(np.pi))
ROOT_2 = float(np.sqrt(2.0))


class Special(Elementwise):
    """An elementwise row of SciPy's.

    `domain` is an interval for all arguments or one for each. `ulps` says how many times less exactly than others SciPy
    computes the function there. Without a formula it is known by what it is the inverse of.
    """

    domain: Any
    partials: Any
    uneven = True  # and some functions are particular about what they are tried on

    def __init__(
        self,
        ufunc: np.ufunc,
        formula: str,
        *partials: int | Rule | None,
        domain: Interval | tuple[Interval, ...] = (0.2, 2.0),
        ulps: int = 1,
        real: bool = False,
        name: str = "",
    ) -> None:
        Primitive.__init__(self, f"scipy.special.{name or ufunc.__name__}", ufunc)
        self.ufunc = ufunc
        self.formula = formula
        self.partials = partials
        self.domain = domain
        self.ulps = ulps
        self.real = real

    def __call__(self, *args: Any, **params: Any) -> Any:
        args = tuple(map(normalize, args))
        for i, (x, partial) in enumerate(zip(args, self.partials, strict=True)):
            if isinstance(x, Box) and (partial is None or (self.real and is_complex(x))):
                raise unknown(self.name, i, "" if partial is None else " where it is complex")
        return super().__call__(*args, **params)


def unknown(name: str, i: int, where: str = "") -> NoRule:
    """The refusal of an argument without a rule."""
    which = ("first", "second", "third", "fourth")[i]
    return NoRule(
        f"{name} has no derivative rule for its {which} argument{where}{place()}; pass ad.value(...) of it if its "
        f"derivative is meant to be dropped, {refusals.ELSE}"
    )


def special(ufunc: np.ufunc, formula: str, *partials: int | Rule | None, **options: Any) -> Special:
    """Add the row of one of SciPy's functions and let it reach it."""
    return implements(ufunc)(Special(ufunc, formula, *partials, **options))


def moved(derivative: Any, partials: Any) -> Any:
    """A derivative times partials to be summed; what does not move adds nothing, also by an infinite partial."""
    still = (derivative == 0) & ~np.isfinite(plain(partials))
    return np.where(still, 0.0, derivative * partials) if np.any(still) else derivative * partials


def _square(x: Any) -> Any:
    return x * x


# -- exponentials and logarithms -------------------------------------------------------------------
special(sc.expit, "1/(1 + exp(-x))", lambda out, x: out * sc.expit(-x), domain=(-2.0, 2.0))
special(sc.log_expit, "-log(1 + exp(-x))", lambda out, x: sc.expit(-x), domain=(-2.0, 2.0))
special(sc.logit, "log(x/(1 - x))", lambda out, x: 1 / (x * (1 - x)), domain=(0.1, 0.9))
special(sc.exp2, "2**x", lambda out, x: LN2 * out)
special(sc.exp10, "10**x", lambda out, x: LN10 * out)
special(sc.expm1, "exp(x) - 1", lambda out, x: np.exp(x))
special(sc.log1p, "log(1 + x)", lambda out, x: 1 / (1 + x))
special(sc.cbrt, "cbrt(x)", lambda out, x: 1 / (3 * out * out))
special(sc.cosm1, "cos(x) - 1", lambda out, x: -np.sin(x))
special(sc.exprel, "(exp(x) - 1)/x", lambda out, x: exprel_slope(x), ulps=4)
special(sc.sindg, "sin(pi*x/180)", lambda out, x: RADIANS_PER_DEGREE * sc.cosdg(x), domain=(-80.0, 80.0))
special(sc.cosdg, "cos(pi*x/180)", lambda out, x: -RADIANS_PER_DEGREE * sc.sindg(x), domain=(-80.0, 80.0))
special(sc.tandg, "tan(pi*x/180)", lambda out, x: RADIANS_PER_DEGREE * (1 + out * out), domain=(-80.0, 80.0))
special(sc.cotdg, "cot(pi*x/180)", lambda out, x: -RADIANS_PER_DEGREE * (1 + out * out), domain=(10.0, 80.0))


def exprel_slope(x: Any) -> Any:
    """The derivative of (e^x - 1)/x, near 0 by the series of the integral of t e^(xt) from 0 to 1."""
    near = np.abs(x) < 2
    y = np.where(near, 2.0, x)
    return np.where(near, 0.5 * sc.hyp1f1(2.0, 3.0, np.where(near, x, 0.0)), np.exp(y) / y * (1 - 1 / y) + 1 / y / y)


# -- x log y and what is made of it ----------------------------------------------------------------
def _over(x: Any, y: Any) -> Any:
    """x / y, and 0 where both are 0, where it may change by any amount."""
    both = (x == 0) & (y == 0)
    # The root is 0 there as well, and as steep.
    return np.where(both, np.sqrt(np.where(both, x, 0.0)), x / np.where(both, 1.0, y))


special(sc.xlogy, "x*log(y)", lambda out, x, y: np.log(y), lambda out, x, y: _over(x, y))
special(sc.xlog1py, "x*log(1 + y)", lambda out, x, y: np.log1p(y), lambda out, x, y: _over(x, 1 + y))
special(sc.entr, "-x*log(x)", lambda out, x: -np.log(x) - 1)
special(sc.rel_entr, "x*log(x/y)", lambda out, x, y: np.log(_over(x, y)) + 1, lambda out, x, y: -_over(x, y), ulps=2)
special(
    sc.kl_div, "x*log(x/y) - x + y", lambda out, x, y: np.log(_over(x, y)), lambda out, x, y: 1 - _over(x, y), ulps=4
)
special(
    sc.huber,
    "Min(Abs(y), x)*(Abs(y) - Min(Abs(y), x)/2)",
    lambda out, x, y: np.maximum(np.abs(y) - x, 0.0),
    lambda out, x, y: np.clip(y, -x, x),
)
special(
    sc.pseudo_huber,
    "x**2*(sqrt(1 + (y/x)**2) - 1)",
    lambda out, x, y: x * _square(_excess(y / x)) / np.hypot(1.0, y / x),
    lambda out, x, y: y / np.hypot(1.0, y / x),
    ulps=2,
)


def _excess(u: Any) -> Any:
    """sqrt(1 + u^2) - 1."""
    return u * (u / (1 + np.hypot(1.0, u)))


# -- powers that turn into logarithms --------------------------------------------------------------
def _boxcox_by_power(x: Any, y: Any, log_x: Any) -> Any:
    """The derivative of (x^y - 1)/y = L (e^(yL) - 1)/(yL) by y, where L = log x."""
    gone = (x == 0) & (y > 0)
    log_x = np.where(gone, 0.0, log_x)
    return np.where(gone, 1 / _square(np.where(gone, y, 1.0)), _square(log_x) * exprel_slope(y * log_x))


def _inverse_by_power(x: Any, y: Any) -> Any:
    """The derivative of log(1 + xy)/y by y."""
    log = np.log1p(x * y)
    return -_square(x / sc.exprel(log)) * exprel_slope(log) / (1 + x * y)


special(
    sc.boxcox,
    "(x**y - 1)/y",
    lambda out, x, y: x ** (y - 1),
    lambda out, x, y: _boxcox_by_power(x, y, np.log(x)),
    ulps=4,
)
special(
    sc.boxcox1p,
    "((1 + x)**y - 1)/y",
    lambda out, x, y: (1 + x) ** (y - 1),
    lambda out, x, y: _boxcox_by_power(1 + x, y, np.log1p(x)),
    ulps=4,
)
special(
    sc.inv_boxcox,
    "(1 + x*y)**(1/y)",
    lambda out, x, y: out ** (1 - y),
    lambda out, x, y: out * _inverse_by_power(x, y),
    ulps=4,
)
special(
    sc.inv_boxcox1p,
    "(1 + x*y)**(1/y) - 1",
    lambda out, x, y: (1 + out) ** (1 - y),
    lambda out, x, y: (1 + out) * _inverse_by_power(x, y),
    ulps=4,
)

# -- the error function and its kin ----------------------------------------------------------------
ASYMPTOTIC = 20.0


def tail(x: Any, sign: int) -> Any:
    """1 - 2x D(x) for sign -1 with Dawson's D, 1 - sqrt(pi) x erfcx(x) for 1, at large x: their asymptotic series."""
    term, total, square = 1.0, 0.0, 1 / (x * x)
    for k in range(1, 12):
        term = -sign * term * (2 * k - 1) / 2 * square
        total = total - term
    return total


def _scaled_slope(out: Any, x: Any) -> Any:
    """The derivative of exp(x^2) erfc(x): 2x out - 2/sqrt(pi), whose terms cancel at large x."""
    far = (np.abs(x) > ASYMPTOTIC) & (np.real(x) >= 0)
    near = 2 * np.where(far, 0.0, x) * np.where(far, 0.0, out) - 2 / ROOT_PI
    return np.where(far, -2 / ROOT_PI * tail(np.where(far, x, ASYMPTOTIC), 1), near)


def _dawson_slope(out: Any, x: Any) -> Any:
    far = np.abs(x) > ASYMPTOTIC
    near = 1 - 2 * np.where(far, 0.0, x) * np.where(far, 0.0, out)
    return np.where(far, tail(np.where(far, x, ASYMPTOTIC), -1), near)


def _density(x: Any) -> Any:
    """That of the normal distribution."""
    return np.exp(-x * x / 2) / (ROOT_2 * ROOT_PI)


def _hazard(x: Any) -> Any:
    """The density over the distribution function, whose scaled complement does not underflow."""
    return 2 / (ROOT_2 * ROOT_PI) / sc.erfcx(-x / ROOT_2)


special(sc.erf, "erf(x)", lambda out, x: 2 / ROOT_PI * np.exp(-x * x))
special(sc.erfc, "erfc(x)", lambda out, x: -2 / ROOT_PI * np.exp(-x * x))
special(sc.erfi, "erfi(x)", lambda out, x: 2 / ROOT_PI * np.exp(x * x))
special(sc.erfcx, "exp(x**2)*erfc(x)", _scaled_slope, ulps=4)
special(sc.dawsn, "sqrt(pi)/2*exp(-x**2)*erfi(x)", _dawson_slope, ulps=4)
special(sc.erfinv, "erfinv(x)", lambda out, x: ROOT_PI / 2 * np.exp(out * out), domain=(0.1, 0.8))
special(sc.erfcinv, "erfinv(1 - x)", lambda out, x: -ROOT_PI / 2 * np.exp(out * out), domain=(0.2, 0.8))
special(sc.ndtr, "erfc(-x/sqrt(2))/2", lambda out, x: _density(x), domain=(-2.0, 2.0))
special(sc.log_ndtr, "log(erfc(-x/sqrt(2))/2)", lambda out, x: _hazard(x), domain=(-2.0, 0.5), ulps=4)
special(sc.ndtri, "sqrt(2)*erfinv(2*x - 1)", lambda out, x: 1 / _density(out), domain=(0.1, 0.4), ulps=4)
special(sc.ndtri_exp, "sqrt(2)*erfinv(2*exp(x) - 1)", lambda out, x: 1 / _hazard(out), domain=(-3.0, -1.0), ulps=4)


# -- the gamma function and its kin ----------------------------------------------------------------
def _reciprocal_gamma_slope(out: Any, x: Any) -> Any:
    """-psi(x) / gamma(x); left of 1/2 by reflection, which has no poles there."""
    if is_complex(x):
        return -out * sc.psi(x)
    left = x < 0.5
    y = 1 - np.where(left, x, 0.0)
    # cos and sin of pi x by the distance to the nearest whole number.
    whole = np.rint(y)
    sign, angle = 1 - 2 * np.abs(np.remainder(whole, 2)), np.pi * (y - whole)
    reflected = sc.gamma(y) * sign * (-np.cos(angle) - sc.psi(y) * np.sin(angle) / np.pi)
    return np.where(left, reflected, -out * sc.psi(np.where(left, 1.0, x)))


special(sc.gamma, "gamma(x)", lambda out, x: out * sc.psi(x), ulps=2)
special(sc.gammaln, "loggamma(x)", lambda out, x: sc.psi(x), domain=(2.2, 4.0), ulps=2)
special(sc.loggamma, "loggamma(x)", lambda out, x: sc.psi(x), domain=(2.2, 4.0), ulps=2)
special(sc.rgamma, "1/gamma(x)", _reciprocal_gamma_slope, ulps=2)
special(sc.psi, "digamma(x)", lambda out, x: zeta_p(2.0, x), real=True, ulps=4)
zeta_p = special(
    _ufuncs._zeta,
    "zeta(x, y)",
    None,
    lambda out, x, y: -x * zeta_p(x + 1, y),
    domain=((1.5, 4.0), (0.5, 3.0)),
    ulps=4,
    name="zeta",
)
special(
    sc.beta,
    "gamma(x)*gamma(y)/gamma(x + y)",
    lambda out, x, y: out * (sc.psi(x) - sc.psi(x + y)),
    lambda out, x, y: out * (sc.psi(y) - sc.psi(x + y)),
    ulps=4,
)
special(
    sc.betaln,
    "loggamma(x) + loggamma(y) - loggamma(x + y)",
    lambda out, x, y: sc.psi(x) - sc.psi(x + y),
    lambda out, x, y: sc.psi(y) - sc.psi(x + y),
    ulps=4,
)
special(
    sc.poch,
    "gamma(x + y)/gamma(x)",
    lambda out, x, y: out * (sc.psi(x + y) - sc.psi(x)),
    lambda out, x, y: out * sc.psi(x + y),
    ulps=8,
)
special(
    sc.binom,
    "gamma(x + 1)/gamma(y + 1)/gamma(x - y + 1)",
    lambda out, x, y: out * (sc.psi(x + 1) - sc.psi(x - y + 1)),
    lambda out, x, y: out * (sc.psi(x - y + 1) - sc.psi(y + 1)),
    domain=((2.2, 4.0), (0.3, 1.8)),
    ulps=16,
)
constant(sc.gammasgn, sc.round)


# -- distribution functions of gamma and beta ------------------------------------------------------
def _gamma_density(a: Any, x: Any) -> Any:
    return np.exp(sc.xlogy(a - 1, x) - x - sc.gammaln(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    return np.exp(sc.xlogy(a - 1, x) + sc.xlog1py(b - 1, -x) - sc.betaln(a, b))


_BETA = {"domain": ((0.5, 3.0), (0.5, 3.0), (0.1, 0.9)), "ulps": 16}
special(sc.gammainc, "lowergamma(x, y)/gamma(x)", None, lambda out, x, y: _gamma_density(x, y), ulps=8)
special(sc.gammaincc, "uppergamma(x, y)/gamma(x)", None, lambda out, x, y: -_gamma_density(x, y), ulps=8)
special(sc.gammaincinv, "", None, lambda out, x, y: 1 / _gamma_density(x, out), domain=(0.2, 0.8))
special(sc.gammainccinv, "", None, lambda out, x, y: -1 / _gamma_density(x, out), domain=(0.2, 0.8))
special(sc.betainc, "betainc_regularized(x, y, 0, z)", None, None, lambda out, x, y, z: _beta_density(x, y, z), **_BETA)
special(
    sc.betaincc, "betainc_regularized(x, y, z, 1)", None, None, lambda out, x, y, z: -_beta_density(x, y, z), **_BETA
)
special(sc.betaincinv, "", None, None, lambda out, x, y, z: 1 / _beta_density(x, y, out), domain=(0.2, 0.8))
special(sc.betainccinv, "", None, None, lambda out, x, y, z: -1 / _beta_density(x, y, out), domain=(0.2, 0.8))
