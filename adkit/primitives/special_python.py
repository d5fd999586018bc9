"""Functions of scipy.special that are written in Python, and which `asking` has taught to come here."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc

from ..errors import NoRule, place
from ..tracing import is_traced, normalize, plain, value
from .reductions import Axes, axes_from_end
from .special import moved, unknown, zeta_p
from .table import Constant, General, cast, dtype_of, float_dtype, implements, shape_of


# -- the logarithm of a sum of exponentials --------------------------------------------------------
def _sum(a: Any, b: Any = None, *, axis: Axes, signed: bool) -> Any:
    found = sc.logsumexp(a, axis=axis, b=b, keepdims=True, return_sign=signed)
    return found[0] if signed else found


def _shares(out: Any, a: Any, b: Any, axis: Axes) -> Any:
    """e^a over the sum, divided anew since the rounding of a large out would not cancel; infinite terms share alike."""
    tied = np.isinf(plain(out)) & (plain(a) == plain(out))
    count = np.sum(tied, axis=axis, keepdims=True)
    powers = np.exp(a - np.where(count > 0, 0.0, out))
    shares = powers / np.sum(_weighted(powers, b), axis=axis, keepdims=True)
    return np.where(count > 0, tied / np.maximum(count, 1), shares) if np.any(count) else shares


def _weighted(shares: Any, b: Any) -> Any:
    """Times the weights; a weight of 0 leaves even an infinite term out."""
    return shares if b is None else np.where(b == 0, 0.0, b * shares)


def _push_a(tangent: Any, out: Any, a: Any, b: Any = None, *, axis: Axes, signed: bool) -> Any:
    return np.sum(moved(tangent, _weighted(_shares(out, a, b, axis), b)), axis=axis, keepdims=True)


def _pull_a(cotangent: Any, out: Any, a: Any, b: Any = None, *, axis: Axes, signed: bool) -> Any:
    return cotangent * _weighted(_shares(out, a, b, axis), b)


def _push_b(tangent: Any, out: Any, a: Any, b: Any, *, axis: Axes, signed: bool) -> Any:
    return np.sum(moved(tangent, _shares(out, a, b, axis)), axis=axis, keepdims=True)


def _pull_b(cotangent: Any, out: Any, a: Any, b: Any, *, axis: Axes, signed: bool) -> Any:
    return cotangent * _shares(out, a, b, axis)


logsumexp_p = General(
    "scipy.special.logsumexp", _sum, jvps=[_push_a, _push_b], vjps=[_pull_a, _pull_b], batched=[_push_a, _push_b]
)
_sign_of_sum = Constant(
    "scipy.special.logsumexp sign",
    lambda a, b, *, axis: sc.logsumexp(a, axis=axis, b=b, keepdims=True, return_sign=True)[1],
)


@implements(sc.logsumexp)
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    terms = [normalize(a)] if b is None else [normalize(a), normalize(b)]
    shape = np.broadcast_shapes((1,) if axis is None else (), *map(shape_of, terms))
    dtype = np.result_type(*map(float_dtype, terms))
    terms = [np.broadcast_to(x if dtype_of(x) == dtype else cast(x, dtype), shape) for x in terms]
    if return_sign and dtype.kind == "c":
        raise NoRule(f"scipy.special.logsumexp with return_sign=True has no derivative rule for complex terms{place()}")
    axes = axes_from_end(terms[0], axis)
    out = logsumexp_p(*terms, axis=axes, signed=bool(return_sign))
    sign = _sign_of_sum(*terms, *[None] * (2 - len(terms)), axis=axes) if return_sign else None
    if not keepdims:
        out, sign = np.squeeze(out, axes), sign if sign is None else np.squeeze(sign, axes)[()]
    return (out, sign) if return_sign else out


# -- softmax ---------------------------------------------------------------------------------------
def _mean(x: Any, weights: Any, axis: Axes) -> Any:
    return np.sum(x * weights, axis=axis, keepdims=True)


def _softmax_share(derivative: Any, out: Any, x: Any, *, axis: Axes) -> Any:
    return out * (derivative - _mean(derivative, out, axis))


def _push_logarithm(tangent: Any, out: Any, x: Any, *, axis: Axes) -> Any:
    return tangent - _mean(tangent, np.exp(out), axis)


def _pull_logarithm(cotangent: Any, out: Any, x: Any, *, axis: Axes) -> Any:
    return cotangent - np.exp(out) * np.sum(cotangent, axis=axis, keepdims=True)


softmax_p = General(
    "scipy.special.softmax",
    lambda x, *, axis: sc.softmax(x, axis),
    jvps=[_softmax_share],
    vjps=[_softmax_share],
    batched=[_softmax_share],
)
log_softmax_p = General(
    "scipy.special.log_softmax",
    lambda x, *, axis: sc.log_softmax(x, axis),
    jvps=[_push_logarithm],
    vjps=[_pull_logarithm],
    batched=[_push_logarithm],
)


@implements(sc.softmax)
def softmax(x: Any, axis: Any = None) -> Any:
    x = normalize(x)
    return softmax_p(x, axis=axes_from_end(x, axis))


@implements(sc.log_softmax)
def log_softmax(x: Any, axis: Any = None) -> Any:
    x = normalize(x)
    return log_softmax_p(x, axis=axes_from_end(x, axis))


# -- the gamma function and its kin ----------------------------------------------------------------
@implements(sc.zeta)
def zeta(x: Any, q: Any = None, out: None = None) -> Any:
    if q is None:
        raise unknown("scipy.special.zeta", 0)
    return zeta_p(x, q)


@implements(sc.polygamma)
def polygamma(n: Any, x: Any) -> Any:
    if is_traced(n):
        raise unknown("scipy.special.polygamma", 0)
    n, x = np.asarray(n), normalize(x)
    factor: Any = (-1.0) ** (n + 1) * sc.gamma(n + 1.0)
    return np.where(n == 0, sc.psi(x), factor * zeta_p(n + 1, x))


_multigammaln: Any = vars(sc)["multigammaln"]


@implements(_multigammaln)
def multigammaln(a: Any, d: Any) -> Any:
    a = normalize(a)
    # SciPy's own complaints: of d, and of an a for which it has been seen that there is one.
    _multigammaln(np.inf, value(d))
    if np.any(a <= 0.5 * (d - 1)):
        _multigammaln(value(a), value(d))
    logarithms = np.stack([sc.gammaln(a - (j - 1.0) / 2) for j in range(1, d + 1)])
    return (d * (d - 1) * 0.25) * np.log(np.pi) + np.sum(logarithms, axis=0)


def _whole(name: str, exact: bool) -> None:
    if exact:
        raise NoRule(f"{name} with exact=True counts in whole numbers{place()}; leave exact= away")


@implements(sc.comb)
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    _whole("scipy.special.comb", exact)
    n, k = normalize(N), normalize(k)
    if repetition:
        return np.where((k == 0) & (n >= 0), 1.0, sc.binom(n + k - 1, k))
    return np.where((k <= n) & (n >= 0) & (k >= 0), sc.binom(n, k), 0.0)


@implements(sc.perm)
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    _whole("scipy.special.perm", exact)
    n, k = normalize(N), normalize(k)
    return np.where((k <= n) & (n >= 0) & (k >= 0), sc.poch(n - k + 1, k), 0.0)
