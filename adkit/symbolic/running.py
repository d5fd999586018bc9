"""One generated source, three ways to run it: on floats, on NumPy scalars and traced values, on mpmath's numbers.

The names in the source are SymPy's. What they mean is said here, once for each kind of number.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial, reduce
from typing import Any

import mpmath
import numpy as np

from ..errors import NoRule
from ..tracing import Box
from .program import Program

Run = Callable[..., list[Any]]


# -- what has no name in math, NumPy or mpmath, for any kind of number -----------------------------
def _off_zero(x: Any, y: Any) -> Any:
    return 1.0 if x == 0 and y == 0 else x


def _inverse(x: Any) -> Any:
    return 1 / x if x != 0 else 0.0


def _passed(x: Any, w: Any) -> Any:
    return x if w != 0 else 0.0


def _sign(x: Any) -> Any:
    return _side(x, -1.0, 0.0, 1.0)


def _heaviside(x: Any) -> Any:
    return _side(x, 0.0, 0.5, 1.0)


def _side(x: Any, below: float, at: float, above: float) -> Any:
    """A value for each side of 0; nan for nan."""
    return above if x > 0 else below if x < 0 else at if x == 0 else math.nan


def _maximum(x: Any, y: Any) -> Any:
    return x if x >= y or x != x else y


def _minimum(x: Any, y: Any) -> Any:
    return x if x <= y or x != x else y


def _log_add_exp(x: Any, y: Any, *, exp: Any, log: Any, log1p: Any, base: int | None = None) -> Any:
    """log(e^x + e^y), or the same with a base, with no exponent above 0."""
    if x == y:
        return x + (log(2) if base is None else 1)
    scale = 1 if base is None else log(base)
    return _maximum(x, y) + log1p(exp(-abs(x - y) * scale)) / scale


_ANY_NUMBER = {
    "Abs": abs,
    "sign": _sign,
    "Heaviside": _heaviside,
    "OffZero": _off_zero,
    "InverseOffZero": _inverse,
    "Passed": _passed,
    "Remainder": operator.mod,
    "Quotient": operator.floordiv,
    # What SymPy makes of constants that are no real numbers, such as 1/0.
    "oo": math.inf,
    "zoo": math.nan,
    "nan": math.nan,
    "I": math.nan,
}
# SymPy's name -> that of Python's math module and of mpmath -> NumPy's where it differs.
_NAMES = {
    **{n: (n, n) for n in ("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor")},
    **{f"a{n}": (f"a{n}", f"arc{n}") for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "atan2": ("atan2", "arctan2"),
    "Log1p": ("log1p", "log1p"),
    "Expm1": ("expm1", "expm1"),
    "Hypot": ("hypot", "hypot"),
    "pi": ("pi", "pi"),
    "E": ("e", "e"),
}


# SymPy's name of a special function -> mpmath's and SciPy's.
_SPECIAL_NAMES = {
    **{n: (n, n) for n in ("erf", "erfc", "erfi", "erfinv", "gamma", "polygamma", "zeta")},
    **{f"bessel{kind}": (f"bessel{kind}", f"{kind}v") for kind in "jyik"},
    "loggamma": ("loggamma", "gammaln"),
    "expint": ("expint", "expn"),
    "Ei": ("ei", "expi"),
    "elliptic_f": ("ellipf", "ellipkinc"),
}


def _from_scipy(name: str) -> Any:
    """A function that is imported when it is called."""

    def call(*args: Any) -> Any:
        from scipy import special

        return getattr(special, name)(*args)

    return call


_SPECIAL = {name: _from_scipy(own) for name, (_, own) in _SPECIAL_NAMES.items()} | {"Expit": _from_scipy("expit")}


def _floats() -> dict[str, Any]:
    """Python's math: fastest; raises where the value is infinite or not a number."""
    names = {name: getattr(math, own) for name, (own, _) in _NAMES.items()}
    soft = {"exp": math.exp, "log": math.log, "log1p": math.log1p}
    rest = {"Power": math.pow, "floor": lambda x: float(math.floor(x))}
    return {**_ANY_NUMBER, **_SPECIAL, **names, **_folds(_maximum, _minimum), **_soft_maxima(soft), **rest}


def _arrays() -> dict[str, Any]:
    """NumPy, whose functions give inf and nan, and take traced values."""
    names = {name: getattr(np, other) for name, (_, other) in _NAMES.items()}
    rest = {"Power": np.power, "LogAddExp": np.logaddexp, "LogAddExp2": np.logaddexp2}
    return {**_ANY_NUMBER, **_SPECIAL, **names, **_folds(np.maximum, np.minimum), **rest}


def _digits(context: Any) -> dict[str, Any]:
    """mpmath's functions on the reals: what turns complex there is not a number here."""
    names = {name: _real(getattr(context, own)) for name, (own, _) in (_NAMES | _SPECIAL_NAMES).items()}
    soft = {"exp": context.exp, "log": context.log, "log1p": context.log1p}
    rest = {
        "Quotient": lambda x, y: context.floor(x / y),
        "Power": _real(context.power),
        "Expit": lambda x: 1 / (1 + context.exp(-x)),
        "mpf": context.mpf,
        "pi": +context.pi,
        "E": +context.e,
    }
    return {**_ANY_NUMBER, **names, **_folds(_maximum, _minimum), **_soft_maxima(soft), **rest}


def _real(fun: Any) -> Any:
    def real(*args: Any) -> Any:
        out = fun(*args)
        return math.nan if getattr(out, "imag", 0) else out

    return real


def _folds(maximum: Any, minimum: Any) -> dict[str, Any]:
    """Max and Min take any number of arguments."""
    return {"Max": lambda *xs: reduce(maximum, xs), "Min": lambda *xs: reduce(minimum, xs)}


def _soft_maxima(functions: Mapping[str, Any]) -> dict[str, Any]:
    soft = partial(_log_add_exp, **functions)
    return {"LogAddExp": soft, "LogAddExp2": partial(soft, base=2)}


class Code:
    """A program, compiled when it is first run on a kind of number."""

    def __init__(self, program: Program) -> None:
        self.program = program
        # Constants of an outer transformation: floats cannot stand for them.
        self.traced = any(isinstance(value, Box) for value in program.constants.values())

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """The outputs at these floats or traced values."""
        if self.traced or any(isinstance(value, Box) for value in values):
            return self.on_arrays(values)
        try:
            return self._on_floats(*values)
        except (ValueError, OverflowError, ZeroDivisionError):
            return [float(x) for x in self.on_arrays(values)]

    def on_arrays(self, values: Sequence[Any]) -> list[Any]:
        """The outputs as NumPy has them, infinities and nan included, without warnings."""
        with np.errstate(all="ignore"):
            return self._on_arrays(*map(_numpy_scalar, values))

    def in_digits(self, values: Sequence[float], digits: int) -> list[Any]:
        """The outputs as mpmath numbers; at a pole, where mpmath raises, those of NumPy."""
        context: Any = mpmath.MPContext()
        context.dps = digits
        run = self._compiled(_digits(context), context.mpf, exact=True)
        try:
            return [mpmath.mpmathify(context.mpf(x)) for x in run(*map(context.mpf, values))]
        except ZeroDivisionError:
            return [mpmath.mpf(float(x)) for x in self.on_arrays(values)]

    def compile(self) -> None:
        """Do now what the first run would have to do."""
        _ = self._on_arrays if self.traced else self._on_floats

    @cached_property
    def _on_floats(self) -> Run:
        return self._compiled(_floats(), float)

    @cached_property
    def _on_arrays(self) -> Run:
        return self._compiled(_arrays(), _numpy_scalar)

    def _compiled(self, namespace: dict[str, Any], number: Callable[[Any], Any], exact: bool = False) -> Run:
        unknown = {name for step in self.program.steps for name in step.rule.functions if name not in namespace}
        if unknown:
            raise NoRule(f"the symbolic method has no code for {', '.join(sorted(unknown))}: use method='reverse'")
        namespace.update({name: number(value) for name, value in self.program.globals.items()})
        exec(compile(self.program.source(exact), "<adkit symbolic>", "exec"), namespace)
        return namespace["program"]


def _numpy_scalar(x: Any) -> Any:
    return x if isinstance(x, Box) else np.float64(x)
