"""What a computation takes, counted from its shapes alone: operations and floating-point operations (flops).

The same on every machine, and an estimate: what a routine of BLAS or LAPACK does inside is taken from the books.

    elementwise functions    1 for each element of the result, whether it is added or a logarithm is taken
    sums, maxima, scans      1 for each element that goes in
    products of matrices     2 m n k;  einsum: the ranges of all its indices times the number of its operands
    decompositions           c n^3, with c as Golub & Van Loan give it for dense matrices (Matrix Computations, 4th ed.)
    fft of length n          5 n log2(n)
    comparisons, and what only moves elements (indexing, reshape, concatenate, where)    none

Complex operations count as real ones. What depends on no input is not counted, in f and in its derivative alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .primitives import Elementwise, Primitive
from .primitives.guard import Composite
from .tracing import Box, Trace, bind, plain

Shape = tuple[int, ...]


class Cost(NamedTuple):
    """Primitive operations, an array operation counting as one, and flops."""

    operations: int = 0
    flops: int = 0

    def plus(self, other: Cost, times: int = 1) -> Cost:
        """This and so many times the other."""
        return Cost(self.operations + times * other.operations, self.flops + times * other.flops)

    def minus(self, other: Cost) -> Cost:
        return Cost(self.operations - other.operations, self.flops - other.flops)


# -- one operation ---------------------------------------------------------------------------------
def flops(primitive: Primitive, out: Any, args: Sequence[Any], params: Mapping[str, Any]) -> int:
    """Floating-point operations of a primitive, from the shapes of its result and arguments."""
    if isinstance(primitive, Elementwise):
        return _size(out)
    if primitive.constant or primitive.flow == "moves":
        return 0
    rule = _RULES.get(primitive.name) if primitive.listed else None
    if rule is not None:
        return math.ceil(rule(out, [np.shape(plain(arg)) for arg in args], params))
    return max(_size(out), sum(map(_size, args)))


def _size(x: Any) -> int:
    """How many numbers x holds; of a tuple, all of its arrays."""
    if type(x) is float:
        return 1
    if isinstance(x, tuple):
        return sum(map(_size, x))
    return math.prod(np.shape(plain(x)))


def _product(out: Any, shapes: Sequence[Shape], params: Mapping[str, Any]) -> float:
    """Each element of the result is a sum of products along the last axis of the first factor."""
    return 2 * _size(out) * shapes[0][-1] if all(shapes) else _size(out)


def _einsum(out: Any, shapes: Sequence[Shape], params: Mapping[str, Any]) -> float:
    """A sum over all indices of products of all operands, one after the other."""
    ranges: dict[str, int] = {}
    terms = params["subscripts"].replace(" ", "").partition("->")[0].split(",")
    for term, shape in zip(terms, shapes, strict=True):
        # What an ellipsis stands for is told apart by its place, counted from the end.
        hidden = [f"...{len(shape) - i}" for i in range(len(shape) - len(term.replace("...", "")))]
        head, dots, tail = term.partition("...")
        for label, length in zip([*head, *(hidden if dots else ()), *tail], shape, strict=True):
            ranges[label] = max(length, ranges.get(label, 1))
    return len(shapes) * math.prod(ranges.values())


def _matrices(shape: Shape) -> tuple[int, int, int]:
    """How many matrices, and their rows and columns, the longer first."""
    m, n = shape[-2:]
    return math.prod(shape[:-2]), max(m, n), min(m, n)


def _dense(of: Callable[[int, int], float]) -> Callable[..., float]:
    """The rule of a routine on matrices of m >= n rows and columns."""

    def rule(out: Any, shapes: Sequence[Shape], params: Mapping[str, Any]) -> float:
        count, m, n = _matrices(shapes[0])
        return count * of(m, n)

    return rule


def _solve(out: Any, shapes: Sequence[Shape], params: Mapping[str, Any]) -> float:
    """A decomposition, and two triangular systems for each column."""
    count, _, n = _matrices(shapes[0])
    return count * 2 / 3 * n**3 + 2 * n * _size(out)


def _fft(out: Any, shapes: Sequence[Shape], params: Mapping[str, Any]) -> float:
    size = max(_size(out), math.prod(shapes[0]))
    length = max(*np.shape(plain(out)), *shapes[0], 2)
    return 5 * size * math.log2(length)


def _sliding(out: Any, shapes: Sequence[Shape], params: Mapping[str, Any]) -> float:
    return 2 * math.prod(map(math.prod, shapes))


_RULES: dict[str, Callable[..., float]] = {
    **dict.fromkeys(("matmul", "dot", "vecdot", "matvec", "vecmat"), _product),
    "einsum": _einsum,
    **{name: _dense(lambda m, n: 2 / 3 * n**3) for name in ("det", "slogdet")},
    "inv": _dense(lambda m, n: 2 * n**3),
    "solve": _solve,
    "cholesky": _dense(lambda m, n: n**3 / 3),
    "qr": _dense(lambda m, n: 4 * m * n**2 - 4 / 3 * n**3),
    "lstsq": _dense(lambda m, n: 2 * m * n**2 + 11 * n**3),
    "eigh": _dense(lambda m, n: 9 * n**3),
    "eigvalsh": _dense(lambda m, n: 4 / 3 * n**3),
    "eig": _dense(lambda m, n: 25 * n**3),
    "eigvals": _dense(lambda m, n: 10 * n**3),
    "svd": _dense(lambda m, n: 6 * m * n**2 + 20 * n**3),
    "svdvals": _dense(lambda m, n: 2 * m * n**2 + 2 * n**3),
    "pinv": _dense(lambda m, n: 8 * m * n**2 + 20 * n**3),
    **dict.fromkeys(("fft", "rfft", "irfft"), _fft),
    **dict.fromkeys(("convolve", "correlate"), _sliding),
}


# -- a computation ---------------------------------------------------------------------------------
class Counted(Box):
    """A number whose operations are counted; `filled` says how many of its elements are not 0, where that is known."""

    __slots__ = ()
    filled: int | None = Box.note

    def __init__(self, value: Any, trace: Tally, filled: int | None = None) -> None:
        self.value = value
        self.owner = trace
        self.note = filled


class Tally(Trace):
    """The trace that counts what is done to its numbers, and keeps nothing else."""

    __slots__ = ("cost",)

    differentiates = False

    def __init__(self) -> None:
        super().__init__()
        self.cost = Cost()

    def box(self, value: Any) -> Counted:
        """A number to count with."""
        return Counted(value, self)

    def lift(self, value: Any) -> Counted:
        return self.box(value)

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        if isinstance(primitive, Composite):
            return primitive.compute(args, params)  # what it does counts, one operation after the other
        out = bind(primitive, self.strip(args), params)
        self.cost = self.cost.plus(Cost(1, self._flops(primitive, out, args, params)))
        if primitive.constant:
            return out
        # The pullback of an index is added where it belongs, without adding zeros everywhere else.
        scattered = primitive.listed and primitive.name == "scatter"
        return Counted(out, self, math.prod(np.shape(plain(args[0]))) if scattered else None)

    def _flops(self, primitive: Primitive, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> int:
        count = flops(primitive, out, args, params)
        if primitive.name != "add":
            return count
        return min([count, *(x.filled for x in args if isinstance(x, Counted) and x.filled is not None)])


def tally(fun: Callable[[Tally], Any]) -> Cost | None:
    """What fun does to the numbers that it boxes; None if it does not take such numbers."""
    counter = Tally()
    try:
        with np.errstate(all="ignore"):
            fun(counter)
    except Exception:  # fun may be code that is not adkit's, and refuse traced values in its own way
        return None
    finally:
        counter.close()
    return counter.cost


def of(fun: Callable[[list[Any]], Any], leaves: Sequence[Any]) -> Cost | None:
    """What fun takes at these leaves; None if it does not take traced values.

    Example:
        >>> from adkit.costs import of
        >>> of(lambda leaves: leaves[0] * leaves[0] + 1, [2.0])
        Cost(operations=2, flops=2)
    """
    return tally(lambda counter: fun([counter.box(x) for x in leaves]))
