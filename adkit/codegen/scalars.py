"""Operations on single numbers as Python expressions: operators, and the functions of `math`.

Where `math` raises, NumPy has inf or nan: the program gives up there, and eager evaluation computes the call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..primitives.elementwise import DEGREES_PER_RADIAN, RADIANS_PER_DEGREE

# How tightly an expression binds.
CHOICE, COMPARISON, SUM, PRODUCT, SIGN, ATOM = 0, 1, 2, 3, 4, 5


class Expression(NamedTuple):
    """Python text, how tightly it binds, how deeply it is nested, and the local names in it."""

    text: str
    level: int = ATOM
    depth: int = 0
    names: tuple[str, ...] = ()

    def within(self, level: int) -> str:
        """The text as an operand of something that binds as tightly as `level`."""
        return self.text if self.level >= level else f"({self.text})"


def combined(text: str, level: int, parts: Sequence[Expression]) -> Expression:
    """An expression made of others."""
    names: tuple[str, ...] = ()
    depth = -1
    for part in parts:
        names += part.names
        depth = max(depth, part.depth)
    return Expression(text, level, 1 + depth, names)


@dataclass(frozen=True)
class Form:
    """How an operation on numbers is written. `named`: its operands are written more than once, and need names."""

    write: Callable[..., str]
    level: int = ATOM
    uses: tuple[str, ...] = ()
    named: bool = False

    def __call__(self, *operands: Expression) -> Expression:
        return combined(self.write(*operands), self.level, operands)


def _operator(sign: str, level: int) -> Form:
    return Form(lambda x, y: f"{x.within(level)} {sign} {y.within(level + 1)}", level)


def _comparison(sign: str) -> Form:
    return Form(lambda x, y: f"{x.within(SUM)} {sign} {y.within(SUM)}", COMPARISON)


def _call(name: str) -> Form:
    return Form(lambda *xs: f"{name}({', '.join([x.text for x in xs])})", uses=(name,))


def _written(text: str, level: int = ATOM, *uses: str) -> Form:
    """A form in which operands stand more than once."""
    return Form(lambda *xs: text.format(*[x.text for x in xs]), level, uses, named=True)


def logaddexp(x: float, y: float) -> float:
    """log(e^x + e^y), with no exponent above zero."""
    low, high = (x, y) if x < y else (y, x)
    if low != low or high != high or high - low != high - low:
        raise ValueError("an infinity")
    return high + math.log1p(math.exp(low - high))


def _words(text: str) -> list[str]:
    return text.split()


# What the names in these forms mean.
FUNCTIONS: Final[dict[str, Any]] = {
    name: getattr(math, name)
    for name in _words(
        "sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp exp2 expm1 log log2 log10 log1p sqrt "
        "cbrt pow hypot fmod isinf isfinite copysign"
    )
} | {"logaddexp": logaddexp, "inf": math.inf, "nan": math.nan}

FORMS: Final[dict[str, Form]] = {
    "add": _operator("+", SUM),
    "subtract": _operator("-", SUM),
    "multiply": _operator("*", PRODUCT),
    "divide": _operator("/", PRODUCT),
    "remainder": _operator("%", PRODUCT),
    "floor_divide": _operator("//", PRODUCT),
    "negative": Form(lambda x: f"-{x.within(SIGN)}", SIGN),
    "square": _written("{0} * {0}", PRODUCT),
    "reciprocal": Form(lambda x: f"1.0 / {x.within(SIGN)}", PRODUCT),
    "power": _call("pow"),
    "float_power": _call("pow"),
    "absolute": _call("abs"),
    "fabs": _call("abs"),
    "less": _comparison("<"),
    "less_equal": _comparison("<="),
    "greater": _comparison(">"),
    "greater_equal": _comparison(">="),
    "equal": _comparison("=="),
    "not_equal": _comparison("!="),
    "isnan": _written("{0} != {0}", COMPARISON),
    # A nan among the two comes out, as of NumPy's functions.
    "maximum": _written("{0} if {0} >= {1} or {0} != {0} else {1}", CHOICE),
    "minimum": _written("{0} if {0} <= {1} or {0} != {0} else {1}", CHOICE),
    "fmax": _written("{0} if {0} >= {1} or {1} != {1} else {1}", CHOICE),
    "fmin": _written("{0} if {0} <= {1} or {1} != {1} else {1}", CHOICE),
    "sign": _written("({0} > 0.0) - ({0} < 0.0) + 0.0 if {0} == {0} else {0}", CHOICE),
    "deg2rad": Form(lambda x: f"{x.within(PRODUCT)} * {RADIANS_PER_DEGREE!r}", PRODUCT),
    "radians": Form(lambda x: f"{x.within(PRODUCT)} * {RADIANS_PER_DEGREE!r}", PRODUCT),
    "rad2deg": Form(lambda x: f"{x.within(PRODUCT)} * {DEGREES_PER_RADIAN!r}", PRODUCT),
    "degrees": Form(lambda x: f"{x.within(PRODUCT)} * {DEGREES_PER_RADIAN!r}", PRODUCT),
    "choose": Form(lambda m, x, y: f"{x.within(COMPARISON)} if {m.within(COMPARISON)} else {y.text}", CHOICE),
    **{name: _call(name) for name in _words("sin cos tan sinh cosh tanh exp exp2 expm1 log log2 log10 log1p sqrt")},
    **{name: _call(name) for name in _words("cbrt hypot fmod logaddexp isinf isfinite")},
    "arcsin": _call("asin"),
    "arccos": _call("acos"),
    "arctan": _call("atan"),
    "arctan2": _call("atan2"),
    "arcsinh": _call("asinh"),
    "arccosh": _call("acosh"),
    "arctanh": _call("atanh"),
}
# The same number in another guise.
PASSING: Final = frozenset(_words("positive item reshape broadcast_to copy astype real conjugate"))
# What raises of no float.
SAFE: Final = PASSING | frozenset(
    _words(
        "add subtract multiply negative square absolute fabs less less_equal greater greater_equal equal not_equal "
        "isnan maximum minimum fmax fmin sign deg2rad radians rad2deg degrees choose arctan arctan2 arcsinh tanh cbrt "
        "hypot isinf isfinite"
    )
)
