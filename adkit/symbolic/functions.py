"""SymPy's functions and a few more: those whose formula loses digits, overflows or meets 0/0 when evaluated as written.

SymPy differentiates an expression; `derivative` lets it, and says what holds at the kinks: |x|' = sign(x) is 0 at 0,
and what jumps (sign, Heaviside, floor) has derivative 0, where SymPy would write a Dirac delta.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import sympy
from sympy import DiracDelta, Dummy, Function, Integer, Pow, exp, floor, log, sign, sqrt
from sympy.core.function import Derivative, Subs

from ..errors import NoRule

Expr = Any  # SymPy has no type stubs.


class OffZero(Function):
    """x, but 1 where x and y are both 0; its derivative is that of x. It keeps 0/0 and 0**-1 out of partials."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return Integer(1 if argindex == 1 else 0)

    def _eval_expand_func(self, **hints: Any) -> Expr:
        return self.args[0]


class InverseOffZero(Function):
    """1/x, and 0 at x = 0, where it has no derivative."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        x: Expr = self.args[0]
        return -1 / x**2

    def _eval_expand_func(self, **hints: Any) -> Expr:
        x: Expr = self.args[0]
        return 1 / x


class Passed(Function):
    """x, and exactly 0 where its share w in what was chosen is 0, also if x is infinite or nan."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return Passed(1, self.args[1]) if argindex == 1 else Integer(0)

    def _eval_expand_func(self, **hints: Any) -> Expr:
        return self.args[0]


class Named(Function):
    """A function with a formula that is exact on paper and poor in floating point, hence evaluated by its name."""

    arity: int
    formula: Callable[..., Expr]

    def fdiff(self, argindex: int = 1) -> Expr:
        """SymPy's derivative of the formula."""
        symbols = [Dummy(real=True) for _ in self.args]
        slope = type(self).formula(*symbols).diff(symbols[argindex - 1])
        return slope.xreplace(dict(zip(symbols, self.args, strict=True)))

    def _eval_expand_func(self, **hints: Any) -> Expr:
        return type(self).formula(*self.args)


class Log1p(Named):
    nargs = arity = 1
    formula = staticmethod(lambda x: log(1 + x))


class Expm1(Named):
    nargs = arity = 1
    formula = staticmethod(lambda x: exp(x) - 1)


class LogAddExp(Named):
    nargs = arity = 2
    formula = staticmethod(lambda x, y: log(exp(x) + exp(y)))

    def fdiff(self, argindex: int = 1) -> Expr:
        return exp(self.args[argindex - 1] - self)


class LogAddExp2(Named):
    nargs = arity = 2
    formula = staticmethod(lambda x, y: log(2**x + 2**y) / log(2))

    def fdiff(self, argindex: int = 1) -> Expr:
        return 2 ** (self.args[argindex - 1] - self)


class Expit(Named):
    """The logistic function."""

    nargs = arity = 1
    formula = staticmethod(lambda x: 1 / (1 + exp(-x)))

    def fdiff(self, argindex: int = 1) -> Expr:
        x: Expr = self.args[0]
        own: Expr = self
        return own * Expit(-x)


class Hypot(Named):
    """Its derivative at the origin is 0, the subgradient of least norm."""

    nargs = arity = 2
    formula = staticmethod(lambda x, y: sqrt(x**2 + y**2))

    def fdiff(self, argindex: int = 1) -> Expr:
        leg: Expr = self.args[argindex - 1]
        return leg * InverseOffZero(self)


class Remainder(Named):
    """x % y: where x/y rounds up to a whole number, floor(x/y) is one too many."""

    nargs = arity = 2
    formula = staticmethod(lambda x, y: x - y * floor(x / y))

    def fdiff(self, argindex: int = 1) -> Expr:
        quotient: Expr = Quotient(*self.args)
        return Integer(1) if argindex == 1 else -quotient


class Quotient(Named):
    """x // y, the whole number that goes with the remainder."""

    nargs = arity = 2
    formula = staticmethod(lambda x, y: floor(x / y))

    def fdiff(self, argindex: int = 1) -> Expr:
        return Integer(0)


class Power(Named):
    """x**y for an exponent that is not a plain number: flat at x = y = 0, and 0**y is 0 for all y > 0."""

    nargs = arity = 2
    formula = staticmethod(lambda x, y: Pow(x, y))

    @classmethod
    def eval(cls, *args: Expr) -> Expr:
        return Pow(*args) if args[1].is_Rational else None

    def fdiff(self, argindex: int = 1) -> Expr:
        args: Expr = self.args
        x, y = args
        return y * Power(OffZero(x, y), y - 1) if argindex == 1 else self * log(OffZero(x, self))


# The rows of the table that are not taken by their formula.
_NAMED: dict[str, type[Named]] = {
    "log1p": Log1p,
    "scipy.special.log1p": Log1p,
    "expm1": Expm1,
    "scipy.special.expm1": Expm1,
    "logaddexp": LogAddExp,
    "logaddexp2": LogAddExp2,
    "hypot": Hypot,
    "remainder": Remainder,
    "power": Power,
    "float_power": Power,
}


# SciPy's functions by formulas that keep their digits, in terms of the functions above.
_OTHERWISE: dict[str, Callable[..., Expr]] = {
    "expit": lambda x: Expit(x),
    "log_expit": lambda x: Integer(-1) * LogAddExp(0, -x),
    "logit": lambda x: log(x) + Integer(-1) * Log1p(-x),
}


@cache
def place(i: int) -> Expr:
    """The symbol of the i-th argument of a rule. It prints as a field of a format string."""
    return sympy.Symbol(f"{{{i}}}", real=True)


# SciPy's functions whose formula, and what SymPy makes of its derivatives, is as good in floating point as on paper.
SOUND = {
    "exp2", "exp10", "cbrt", "logit", "sindg", "cosdg", "tandg", "erf", "erfc", "erfi", "erfinv", "ndtr",
    "ndtri", "gamma", "gammaln", "psi", "zeta", "beta", "betaln", "exp1", "expi", "j0", "j1", "jv", "yv",
    "y0", "y1", "i0", "i1", "iv", "k0", "k1", "kv", "ellipkinc",
}  # fmt: skip


def expression(name: str, formula: str) -> Expr:
    """The function of a row of the table as an expression in `place(0)` (and `place(1)`)."""
    if name in _NAMED:
        named: Expr = _NAMED[name]
        return named(*map(place, range(named.arity)))
    library, _, own = name.rpartition(".")
    if own in _OTHERWISE and library:
        return _OTHERWISE[own](place(0))
    if library and own not in SOUND:
        raise NoRule(f"the symbolic method has no formula of {name} that keeps its digits: use method='reverse'")
    return sympy.parse_expr(formula, {"x": place(0), "y": place(1)})


def derivative(expr: Expr, symbol: Expr) -> Expr:
    """SymPy's derivative, with the conventions at kinks."""
    return _without_jumps(expr.diff(symbol))


def _without_jumps(slope: Expr) -> Expr:
    if slope.has(DiracDelta, Derivative, Subs):
        # What SymPy leaves unevaluated is the derivative of floor, possibly at an inner expression (Subs).
        slope = slope.replace(lambda e: isinstance(e, (DiracDelta, Derivative, Subs)), lambda e: Integer(0))
    if slope.has(sign):
        # 1 on both sides of the jump: x/|x| * x/|x| has no reason to be 0 at 0.
        slope = slope.replace(_is_squared_sign, lambda e: Integer(1))
    return slope


def _is_squared_sign(e: Expr) -> bool:
    return e.is_Pow and isinstance(e.base, sign) and e.exp == 2
