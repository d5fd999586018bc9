"""A rule: one small expression in its arguments, which SymPy differentiates once, however often a program uses it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, cached_property
from typing import NamedTuple

import sympy
from sympy.printing.str import StrPrinter

from ..primitives import Elementwise
from .functions import Expr, Passed, derivative, expression, place

Number = int | Fraction


class Applied(NamedTuple):
    """A rule and which of the arguments at hand it takes; instead of a rule, a number, or None for the argument itself.

    So x*y differentiated by x is (None, (1,)), and x + y by x is (1, ()).
    """

    head: Rule | Number | None
    chosen: tuple[int, ...]


class Rule:
    """An expression in `place(0)`, `place(1)`, ..., each of which occurs in it."""

    def __init__(self, expr: Expr, arity: int) -> None:
        self.expr = expr
        self.arity = arity
        self._partials: dict[int, Applied] = {}

    def partial(self, i: int) -> Applied:
        """The derivative with respect to argument i, in terms of the arguments and, after them, the rule's result."""
        if i not in self._partials:
            slope = derivative(self.expr, place(i))
            # exp'(x) is the result itself, sqrt'(x) is 1/(2 result): nothing is computed twice.
            self._partials[i] = applied(slope.subs(self.expr, place(self.arity)))
        return self._partials[i]

    @cached_property
    def chooses(self) -> bool:
        """Whether it passes on one of its arguments and leaves the others without a say."""
        return self.expr.has(sympy.Max, sympy.Min)

    def value(self, numbers: Sequence[Number]) -> Number | None:
        """What the rule makes of numbers, if that is a fraction."""
        value = self.expr.xreplace({place(i): sympy_number(n) for i, n in enumerate(numbers)})
        return _fraction(value) if value.is_Rational else None

    @cached_property
    def operations(self) -> int:
        return int(sympy.count_ops(self.expr))

    @cached_property
    def functions(self) -> frozenset[str]:
        """The names of the functions in the expression, as its code spells them."""
        return frozenset(str(f.func) for f in self.expr.atoms(sympy.Function))

    @cached_property
    def occurrences(self) -> tuple[int, ...]:
        """How often each argument occurs in the expression."""
        return tuple(self.expr.count(place(i)) for i in range(self.arity))

    @cached_property
    def text(self) -> str:
        """Python code, as a format string of the arguments' names."""
        return _Printer().doprint(self.expr)

    @cached_property
    def exact_text(self) -> str:
        """The same where a fraction must not be rounded to a float."""
        return _ExactPrinter().doprint(self.expr)


@cache
def _rule(expr: Expr, arity: int) -> Rule:
    return Rule(expr, arity)


# A derivative where something flows, by the share that Max or Min gave it.
PASSED = Applied(_rule(Passed(place(0), place(1)), 2), (0, 1))


@cache
def row_rule(row: Elementwise, numbers: tuple[Number | None, ...] = ()) -> Applied:
    """The rule of a row of the table, with SymPy's simplification where an argument is one of these numbers."""
    known = {place(i): sympy_number(n) for i, n in enumerate(numbers) if n is not None}
    return applied(expression(row.name, row.formula).xreplace(known))


def applied(expr: Expr) -> Applied:
    """An expression in places as a rule in consecutive ones."""
    if expr.is_Rational:
        return Applied(_fraction(expr), ())
    # free_symbols has no order; the name of a place is its number in braces.
    chosen = tuple(sorted(int(symbol.name[1:-1]) for symbol in expr.free_symbols))
    if expr.is_Symbol:
        return Applied(None, chosen)
    renamed = expr.xreplace({place(old): place(new) for new, old in enumerate(chosen)})
    return Applied(_rule(renamed, len(chosen)), chosen)


def _fraction(number: Expr) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def sympy_number(number: Number) -> Expr:
    return sympy.Rational(number.numerator, number.denominator)


class _Printer(StrPrinter):
    """SymPy's own notation, which is Python's; powers that might be complex go through a function."""

    def _print_Pow(self, expr: Expr, rational: bool = False) -> str:  # noqa: N802
        if expr.exp.is_Integer or abs(expr.exp) == sympy.S.Half:
            return super()._print_Pow(expr, rational)
        return f"Power({self._print(expr.base)}, {self._print(expr.exp)})"


class _ExactPrinter(_Printer):
    def _print_Rational(self, expr: Expr) -> str:  # noqa: N802
        return f"mpf({expr.p})/{expr.q}"


def literal(number: Number, exact: bool) -> str:
    """A number as an argument in generated code."""
    if number.denominator == 1:
        return str(number) if number >= 0 else f"({number})"
    if exact:
        return f"(mpf({number.numerator})/{number.denominator})"
    return repr(float(number)) if number >= 0 else f"({float(number)!r})"
