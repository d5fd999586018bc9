"""What a row is: one operation as a person would write it, with blanks for what is drawn.

A row is an expression, or statements that bind {out}. The blanks (see `blanks.Blanks`):

    {x}            a value that `on` accepts; {y} one that broadcasts against it; {same} one of its shape
    {z}            one that `also` accepts beside x
    {axis} {axes} {keep} {i} {index} {shape} {perm} {mask} {c} {n} ...   what suits x
    {x:positive}   the value brought into an interval where the operation is smooth (`SQUASHED`)

`apart` is an expression that must stay away from 0, elementwise: the kinks of the operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

SQUASHED = {
    "positive": "(1.5 + np.tanh({x}))",
    "unit": "(0.9 * np.tanh({x}))",
    "above": "(2.5 + np.tanh({x}))",
    "regular": "(0.2 * np.tanh({x}) + np.eye({n}))",
    "distinct": "(0.1 * np.tanh({x}) + np.diag(np.arange(1.0, {n} + 1)))",
    "phases": "(0.2 * np.exp(1j * {x}) + np.eye({n}))",
}


class Row(NamedTuple):
    """One operation with blanks, what its first operand must be, what others must be beside it, and its kinks."""

    text: str
    on: Callable[[Any], bool]
    also: Callable[[Any, Any], bool] | None = None
    apart: str = ""


def rows(on: Callable[[Any], bool], *texts: str, also: Any = None, apart: str = "") -> list[Row]:
    """Rows that differ in nothing but their text."""
    return [Row(text, on, also, apart) for text in texts]


def each(text: str, names: str) -> list[str]:
    """A text for each of the names, in place of $."""
    return [text.replace("$", name) for name in names.split()]


# -- what an operand is like -----------------------------------------------------------------------
def real(x: Any) -> bool:
    return x.dtype.kind == "f"


def number(x: Any) -> bool:
    return True


def is_complex(x: Any) -> bool:
    return x.dtype.kind == "c"


def scalar(x: Any) -> bool:
    return real(x) and x.ndim == 0


def array(x: Any) -> bool:
    return x.ndim > 0


def filled(x: Any) -> bool:
    return x.ndim > 0 and x.size > 0


def some(x: Any) -> bool:
    return real(x) and x.ndim > 0 and x.size > 0


def several(x: Any) -> bool:
    return real(x) and x.ndim > 0 and x.size > 0 and x.shape[-1] > 1


def vector(x: Any) -> bool:
    return real(x) and x.ndim == 1 and 0 < x.size < 7


def double(x: Any) -> bool:
    return some(x) and x.dtype == float


def double_vector(x: Any) -> bool:
    return double(x) and vector(x)


def pair(x: Any) -> bool:
    return real(x) and x.ndim == 1 and x.size > 1


def matrix(x: Any) -> bool:
    return real(x) and x.ndim == 2 and x.size > 0


def cube(x: Any) -> bool:
    return x.ndim == 3 and x.size > 0


def square(x: Any) -> bool:
    return real(x) and x.ndim >= 2 and 0 < x.shape[-1] == x.shape[-2] < 4


def one_square(x: Any) -> bool:
    return square(x) and x.ndim == 2


def planes(x: Any) -> bool:
    return x.ndim >= 2


def multiplies(x: Any, y: Any) -> bool:
    return x.ndim > 0 and y.ndim > 0 and x.shape[-1] == y.shape[-2 if y.ndim > 1 else 0] and x.ndim * y.ndim < 9


def dots(x: Any, y: Any) -> bool:
    return alike(x, y) if not x.ndim * y.ndim else multiplies(x, y)


def same_last(x: Any, y: Any) -> bool:
    return real(y) and x.ndim > 0 and y.ndim > 0 and x.shape[-1] == y.shape[-1]


def same_size(x: Any, y: Any) -> bool:
    return x.size == y.size


def alike(x: Any, y: Any) -> bool:
    return x.dtype == y.dtype and y.size > 0


def a_vector(x: Any, y: Any) -> bool:
    return vector(y)


def solves(x: Any, y: Any) -> bool:
    return y.ndim == 2 and y.shape[0] == x.shape[-1] and real(y)


def continues(x: Any, y: Any) -> bool:
    return x.size > 0 and x.ndim > 0 and y.ndim > 0 and x.shape[-1] == y.shape[0]


def rest_alike(x: Any, y: Any) -> bool:
    return x.ndim > 0 and x.ndim == y.ndim and x.shape[1:] == y.shape[1:]
