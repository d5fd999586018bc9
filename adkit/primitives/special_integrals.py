"""More of SciPy's functions: Bessel functions, integrals, elliptic and hypergeometric functions, polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc
from scipy.special import _ufuncs

from ..tracing import is_traced, normalize
from .special import ASYMPTOTIC, ROOT_PI, moved, special, tail, unknown
from .table import General, Rule, by_slope, implements, is_complex, parameter, shape_of

# -- Bessel functions: of orders one less and one more ---------------------------------------------
ORDER = ((0.3, 3.0), (0.3, 3.0))
WHOLE_ORDER = ((2.0, 2.0), (0.3, 3.0))


def _between(f: Any, sign: int, factor: float = 0.5) -> Rule:
    """factor (f_(v-1) + sign f_(v+1))."""
    return lambda out, v, x: factor * (f(v - 1, x) + sign * f(v + 1, x))


def _truncated(rule: Rule) -> Rule:
    """The same for a function that cuts its order down to a whole number."""
    return lambda out, n, x: rule(out, np.trunc(n), x)


def _scaled(f: Any) -> Rule:
    """The same for exp(-|x|) f_v(x) with sign 1."""
    return lambda out, v, x: 0.5 * (f(v - 1, x) + f(v + 1, x)) - np.sign(x) * out


special(sc.jv, "besselj(x, y)", None, _between(sc.jv, -1), domain=ORDER, ulps=8)
special(sc.yv, "bessely(x, y)", None, _between(sc.yv, -1), domain=ORDER, ulps=32)
special(sc.yn, "bessely(x, y)", None, _truncated(_between(sc.yv, -1)), domain=WHOLE_ORDER, ulps=8)
special(sc.iv, "besseli(x, y)", None, _between(sc.iv, 1), domain=ORDER, ulps=8)
special(sc.kv, "besselk(x, y)", None, _between(sc.kv, 1, -0.5), domain=ORDER, ulps=8)
special(sc.kn, "besselk(x, y)", None, _truncated(_between(sc.kv, 1, -0.5)), domain=WHOLE_ORDER, ulps=8)
special(sc.ive, "exp(-Abs(y))*besseli(x, y)", None, _scaled(sc.ive), domain=ORDER, ulps=8, real=True)
special(
    sc.kve,
    "exp(y)*besselk(x, y)",
    None,
    lambda out, v, x: out - 0.5 * (sc.kve(v - 1, x) + sc.kve(v + 1, x)),
    domain=ORDER,
    ulps=16,
)
special(sc.j0, "besselj(0, x)", lambda out, x: -sc.j1(x), ulps=2)
special(sc.j1, "besselj(1, x)", lambda out, x: 0.5 * (sc.j0(x) - sc.jv(2.0, x)), ulps=4)
special(sc.y0, "bessely(0, x)", lambda out, x: -sc.y1(x), ulps=4)
special(sc.y1, "bessely(1, x)", lambda out, x: 0.5 * (sc.y0(x) - sc.yv(2.0, x)), ulps=8)
special(sc.i0, "besseli(0, x)", lambda out, x: sc.i1(x), ulps=2)
special(sc.i1, "besseli(1, x)", lambda out, x: 0.5 * (sc.i0(x) + sc.iv(2.0, x)), ulps=4)
special(sc.k0, "besselk(0, x)", lambda out, x: -sc.k1(x), ulps=2)
special(sc.k1, "besselk(1, x)", lambda out, x: -0.5 * (sc.k0(x) + sc.kv(2.0, x)), ulps=4)
special(sc.i0e, "exp(-Abs(x))*besseli(0, x)", lambda out, x: sc.i1e(x) - np.sign(x) * out, ulps=8)
special(
    sc.i1e,
    "exp(-Abs(x))*besseli(1, x)",
    lambda out, x: 0.5 * (sc.i0e(x) + sc.ive(2.0, x)) - np.sign(x) * out,
    ulps=8,
)
special(sc.k0e, "exp(x)*besselk(0, x)", lambda out, x: out - sc.k1e(x), ulps=4)
special(sc.k1e, "exp(x)*besselk(1, x)", lambda out, x: out - 0.5 * (sc.k0e(x) + sc.kve(2.0, x)), ulps=8)

# -- integrals -------------------------------------------------------------------------------------
special(sc.exp1, "expint(1, x)", lambda out, x: -np.exp(-x) / x, ulps=2)
special(sc.expi, "Ei(x)", lambda out, x: np.exp(x) / x, domain=(0.6, 2.0), ulps=4)
special(
    *(sc.expn, "expint(x, y)", None, _truncated(lambda out, n, x: -_expn_below(n, x))),
    domain=((3.0, 3.0), (0.2, 2.0)),
    ulps=4,
)
special(sc.spence, "polylog(2, 1 - x)", lambda out, x: _spence_slope(x), domain=(0.2, 0.9), ulps=4)
special(sc.wrightomega, "LambertW(exp(x))", lambda out, x: out / (1 + out), domain=(-2.0, 2.0), ulps=2)


def _spence_slope(x: Any) -> Any:
    """log(x)/(1 - x), which SciPy's exprel knows at 1, though on the real line only."""
    return np.log(x) / (1 - x) if is_complex(x) else -1 / sc.exprel(np.log(x))


def _expn_below(n: Any, x: Any) -> Any:
    """E_(n-1), also where SciPy has none."""
    return np.where(n == 0, np.exp(-x) * (1 + 1 / x) / x, sc.expn(np.where(n == 0, 1, n) - 1, x))


# -- elliptic integrals ----------------------------------------------------------------------------
def _first_slope(k: Any, m: Any, rest: Any) -> Any:
    """The derivative of k = K(m) by m; rest is 1 - m. Near 0, where the terms cancel, by its series."""
    near = np.abs(m) < 0.2
    apart, away = np.where(near, 0.5, m), np.where(near, 0.5, rest)
    far = (sc.ellipe(apart) / away - np.where(near, 0.0, k)) / (2 * apart)
    return np.where(near, np.pi / 8 * sc.hyp2f1(1.5, 1.5, 2.0, np.where(near, m, 0.0)), far)


def _second_slope(e: Any, m: Any) -> Any:
    """The derivative of e = E(m) by m."""
    near = np.abs(m) < 0.2
    apart = np.where(near, 0.5, m)
    far = (np.where(near, 0.0, e) - sc.ellipk(apart)) / (2 * apart)
    return np.where(near, -np.pi / 8 * sc.hyp2f1(0.5, 1.5, 2.0, np.where(near, m, 0.0)), far)


special(sc.ellipk, "elliptic_k(x)", lambda out, m: _first_slope(out, m, 1 - m), domain=(-2.0, 0.9), ulps=8)
special(sc.ellipkm1, "elliptic_k(1 - x)", lambda out, p: -_first_slope(out, 1 - p, p), domain=(0.1, 2.0), ulps=8)
special(sc.ellipe, "elliptic_e(x)", lambda out, m: _second_slope(out, m), domain=(-2.0, 0.9), ulps=8)
special(
    sc.ellipkinc,
    "elliptic_f(x, y)",
    lambda out, angle, m: 1 / np.sqrt(1 - m * np.sin(angle) ** 2),
    None,
    domain=(0.2, 0.9),
    ulps=4,
)
special(
    sc.ellipeinc,
    "elliptic_e(x, y)",
    lambda out, angle, m: np.sqrt(1 - m * np.sin(angle) ** 2),
    None,
    domain=(0.2, 0.9),
    ulps=4,
)

# -- hypergeometric functions, by their last argument ----------------------------------------------
special(
    sc.hyp2f1,
    "hyper((x, y), (z,), w)",
    None,
    None,
    None,
    lambda out, a, b, c, x: a * b / c * sc.hyp2f1(a + 1, b + 1, c + 1, x),
    domain=((0.5, 2.0), (0.5, 2.0), (1.0, 3.0), (-0.7, 0.7)),
    ulps=16,
)
special(
    sc.hyp1f1,
    "hyper((x,), (y,), z)",
    None,
    None,
    lambda out, a, b, x: a / b * sc.hyp1f1(a + 1, b + 1, x),
    domain=((0.5, 2.0), (1.0, 3.0), (-2.0, 2.0)),
    ulps=16,
)
special(
    sc.hyp0f1,
    "hyper((), (x,), y)",
    None,
    lambda out, b, x: sc.hyp0f1(b + 1, x) / b,
    domain=((0.5, 3.0), (-2.0, 2.0)),
    ulps=16,
)


# -- orthogonal polynomials: those of one degree less ----------------------------------------------
def _of_degree(slope: Rule) -> Rule:
    """A derivative in terms of polynomials of degree n - 1, and 0 at degree 0."""
    return lambda out, n, *args: np.where(n == 0, 0.0, slope(np.where(n == 0, 1, n), *args))


def _polynomial(ufunc: np.ufunc, formula: str, slope: Rule) -> None:
    missing = [None] * (ufunc.nin - 1)
    domain = ((3.0, 3.0), *((0.5, 1.5),) * (ufunc.nin - 2), (-0.9, 0.9))
    special(ufunc, formula, *missing, _of_degree(slope), domain=domain, ulps=256)


_polynomial(sc.eval_legendre, "legendre(x, y)", lambda n, x: sc.eval_gegenbauer(n - 1, 1.5, x))
_polynomial(sc.eval_chebyt, "chebyshevt(x, y)", lambda n, x: n * sc.eval_chebyu(n - 1, x))
_polynomial(sc.eval_chebyu, "chebyshevu(x, y)", lambda n, x: 2 * sc.eval_gegenbauer(n - 1, 2.0, x))
_polynomial(sc.eval_laguerre, "hyper((-x,), (1,), y)", lambda n, x: -sc.eval_genlaguerre(n - 1, 1.0, x))
_polynomial(sc.eval_genlaguerre, "assoc_laguerre(x, y, z)", lambda n, a, x: -sc.eval_genlaguerre(n - 1, a + 1, x))
_polynomial(sc.eval_gegenbauer, "gegenbauer(x, y, z)", lambda n, a, x: 2 * a * sc.eval_gegenbauer(n - 1, a + 1, x))
_polynomial(
    sc.eval_jacobi,
    "jacobi(x, y, z, w)",
    lambda n, a, b, x: 0.5 * (n + a + b + 1) * sc.eval_jacobi(n - 1, a + 1, b + 1, x),
)


# -- complex values of real and complex arguments --------------------------------------------------
def _faddeeva_slope(out: Any, z: Any) -> Any:
    far = (np.abs(z) > ASYMPTOTIC) & (np.imag(z) >= 0)
    near = 2j / ROOT_PI - 2 * np.where(far, 0.0, z) * np.where(far, 0.0, out)
    return np.where(far, 2j / ROOT_PI * tail(-1j * np.where(far, z, ASYMPTOTIC), 1), near)


wofz_p = by_slope("scipy.special.wofz", sc.wofz, _faddeeva_slope)
lambertw_p = by_slope(
    "scipy.special.lambertw",
    lambda z, *, k, tol: _ufuncs._lambertw(z, k, tol),
    lambda out, z, *, k, tol: np.exp(-out) / (1 + out),
)
implements(sc.wofz)(lambda z: wofz_p(normalize(z)))


@implements(_ufuncs._lambertw)
def lambertw(z: Any, k: Any, tol: Any) -> Any:
    z = normalize(z)
    return lambertw_p(np.broadcast_to(z, np.broadcast_shapes(shape_of(z), np.shape(k))), k=k, tol=tol)


# -- several functions at once ---------------------------------------------------------------------
def _several(ufunc: np.ufunc, slopes: Any) -> None:
    """One row for a function of its first argument with several outputs, which stand along a last axis.

    `slopes(out, x, *others)` gives their derivatives, out being the list of outputs.
    """

    def partials(out: Any, x: Any, others: tuple[Any, ...]) -> Any:
        found = slopes([out[..., k] for k in range(ufunc.nout)], x, *others)
        return np.stack([np.broadcast_to(part, shape_of(x)) for part in found], axis=-1)

    def push(tangent: Any, out: Any, x: Any, *, others: tuple[Any, ...]) -> Any:
        return tangent[..., None] * partials(out, x, others)

    def pull(cotangent: Any, out: Any, x: Any, *, others: tuple[Any, ...]) -> Any:
        return np.sum(moved(cotangent, partials(out, x, others)), axis=-1)

    name = f"scipy.special.{ufunc.__name__}"
    row = General(
        name,
        lambda x, *, others: np.stack(ufunc(x, *others), axis=-1),
        jvps=[push],
        vjps=[pull],
        batched=[push],
    )

    @implements(ufunc)
    def implementation(x: Any, *others: Any) -> tuple[Any, ...]:
        for i, other in enumerate(others, 1):
            if is_traced(other):
                raise unknown(name, i)
        x, others = normalize(x), tuple(map(parameter, others))
        shape = np.broadcast_shapes(shape_of(x), *map(np.shape, others))
        packed = row(np.broadcast_to(x, shape), others=others)
        return tuple([packed[..., k] for k in range(ufunc.nout)])


def _integrands_of_sine_and_cosine(out: Any, x: Any) -> tuple[Any, Any]:
    return np.sinc(x / np.pi), np.cos(x) / x


def _integrands_of_hyperbolic(out: Any, x: Any) -> tuple[Any, Any]:
    # sinh(x)/x; SciPy has exprel on the real line only.
    quotient = np.sinc(x * 1j / np.pi) if is_complex(x) else 0.5 * (sc.exprel(x) + sc.exprel(-x))
    return quotient, np.cosh(x) / x


def _integrands_of_fresnel(out: Any, x: Any) -> tuple[Any, Any]:
    return np.sin(np.pi / 2 * x * x), np.cos(np.pi / 2 * x * x)


_several(sc.airy, lambda out, x: (out[1], x * out[0], out[3], x * out[2]))
_several(sc.sici, _integrands_of_sine_and_cosine)
_several(sc.shichi, _integrands_of_hyperbolic)
_several(sc.fresnel, _integrands_of_fresnel)
_several(sc.ellipj, lambda out, u, m: (out[1] * out[2], -out[0] * out[2], -m * out[0] * out[1], out[2]))
