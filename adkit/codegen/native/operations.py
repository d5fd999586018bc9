"""Operations on single numbers, numbered as they come: what a graph is taken apart into.

A number is known by its position in the list. Alike operations on alike numbers are one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import abi

# What an operation writes, `r` its result, `a`, `b` and `c` its arguments. A `t` stands for a name of its own.
ARITHMETIC = {
    "add": "{r} = fadd double {a}, {b}",
    "subtract": "{r} = fsub double {a}, {b}",
    "multiply": "{r} = fmul double {a}, {b}",
    "divide": "{r} = fdiv double {a}, {b}",
    "negative": "{r} = fneg double {a}",
    "square": "{r} = fmul double {a}, {a}",
    "reciprocal": "{r} = fdiv double 1.0, {a}",
    "sqrt": "{r} = call double @llvm.sqrt.f64(double {a})",
    "absolute": "{r} = call double @llvm.fabs.f64(double {a})",
    "floor": "{r} = call double @llvm.floor.f64(double {a})",
    "ceil": "{r} = call double @llvm.ceil.f64(double {a})",
    "trunc": "{r} = call double @llvm.trunc.f64(double {a})",
    "rint": "{r} = call double @llvm.rint.f64(double {a})",
    "power": "{r} = call double {power}(double {a}, double {b})",
    # A nan goes through these two, and is overlooked by the next two.
    "maximum": "{t}0 = fcmp ugt double {a}, {b}\n{t}1 = fcmp ord double {b}, {b}\n{t}2 = and i1 {t}0, {t}1\n"
    "{r} = select i1 {t}2, double {a}, double {b}",
    "minimum": "{t}0 = fcmp ult double {a}, {b}\n{t}1 = fcmp ord double {b}, {b}\n{t}2 = and i1 {t}0, {t}1\n"
    "{r} = select i1 {t}2, double {a}, double {b}",
    "fmax": "{t}0 = fcmp oge double {a}, {b}\n{t}1 = fcmp uno double {b}, {b}\n{t}2 = or i1 {t}0, {t}1\n"
    "{r} = select i1 {t}2, double {a}, double {b}",
    "fmin": "{t}0 = fcmp ole double {a}, {b}\n{t}1 = fcmp uno double {b}, {b}\n{t}2 = or i1 {t}0, {t}1\n"
    "{r} = select i1 {t}2, double {a}, double {b}",
    "sign": "{t}0 = fcmp ogt double {a}, 0.0\n{t}1 = fcmp olt double {a}, 0.0\n{t}2 = fcmp oeq double {a}, 0.0\n"
    "{t}3 = select i1 {t}2, double 0.0, double {a}\n{t}4 = select i1 {t}1, double -1.0, double {t}3\n"
    "{r} = select i1 {t}0, double 1.0, double {t}4",
    "number": "{r} = uitofp i1 {a} to double",
    "choose": "{r} = select i1 {a}, double {b}, double {c}",
}
LOGIC = {
    "less": "{r} = fcmp olt double {a}, {b}",
    "less_equal": "{r} = fcmp ole double {a}, {b}",
    "greater": "{r} = fcmp ogt double {a}, {b}",
    "greater_equal": "{r} = fcmp oge double {a}, {b}",
    "equal": "{r} = fcmp oeq double {a}, {b}",
    "not_equal": "{r} = fcmp une double {a}, {b}",
    "isnan": "{r} = fcmp uno double {a}, {a}",
    "ordered": "{r} = fcmp ord double {a}, {b}",
    "isinf": "{t}0 = call double @llvm.fabs.f64(double {a})\n{r} = fcmp oeq double {t}0, 0x7FF0000000000000",
    "isfinite": "{t}0 = call double @llvm.fabs.f64(double {a})\n{r} = fcmp one double {t}0, 0x7FF0000000000000",
    "signbit": "{t}0 = bitcast double {a} to i64\n{r} = icmp slt i64 {t}0, 0",
    "logical_and": "{r} = and i1 {a}, {b}",
    "logical_or": "{r} = or i1 {a}, {b}",
    "logical_xor": "{r} = xor i1 {a}, {b}",
    "logical_not": "{r} = xor i1 {a}, true",
    "choose_truth": "{r} = select i1 {a}, i1 {b}, i1 {c}",
}
TEMPLATES = ARITHMETIC | LOGIC
# What takes truths and not numbers.
OF_TRUTHS = frozenset({"logical_and", "logical_or", "logical_xor", "logical_not"})

Key = tuple[str, tuple[Any, ...]]
# The number that stands for a place in which nothing was put: adding it changes nothing.
NOTHING = 0


class TooManyError(Exception):
    """More operations than straight-line code is made of."""


class Operations:
    """The list. `keys[i]` is what number i comes of: a name and its arguments, mostly numbers of the list."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.keys: list[Key] = []
        self.truths: set[int] = set()
        # The ufuncs that are called, by name; how many numbers are kept for those called on several at once.
        self.ufuncs: dict[str, np.ufunc] = {}
        self.room = 0
        self._numbers: dict[Key, int] = {}
        self.constant(0.0)
        del self._numbers[self.keys[NOTHING]]

    def number(self, name: str, *args: Any) -> int:
        """The number of an operation."""
        key = (name, args)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.keys)
            if found >= self.limit:
                raise TooManyError(f"more than {self.limit} operations")
            self.keys.append(key)
            if name in LOGIC:
                self.truths.add(found)
        return found

    def constant(self, x: float) -> int:
        """The number of a constant, known by its bits: 0.0 and -0.0 are two."""
        return self.number("constant", f"0x{int.from_bytes(struct.pack('>d', x)):016X}")

    def truth(self, x: bool) -> int:
        found = self.number("truth", "true" if x else "false")
        self.truths.add(found)
        return found

    def as_number(self, i: int) -> int:
        return self.number("number", i) if i in self.truths else i

    def as_truth(self, i: int) -> int:
        return i if i in self.truths else self.number("not_equal", i, self.constant(0.0))

    def apply(self, name: str, *args: int) -> int:
        """The number of one of the operations above, without those that change nothing."""
        if name == "add" and NOTHING in args:
            return args[1] if args[0] == NOTHING else args[0]
        if name == "multiply":
            one = self.constant(1.0)
            if one in args:
                return args[1] if args[0] == one else args[0]
        return self.number(name, *args)

    def call(self, ufunc: np.ufunc, columns: Sequence[Sequence[int]]) -> list[int]:
        """The numbers of a ufunc's results on columns of arguments, all from one call of NumPy's own loop."""
        name = self._named(ufunc)
        rows = list(zip(*columns, strict=True))
        if len(rows) == 1:
            return [self.number("loop", name, *rows[0])]
        distinct = list(dict.fromkeys(rows))
        start, count = self.room, len(distinct)
        self.room += count * (len(columns) + 1)
        taken = tuple(i for column in zip(*distinct, strict=True) for i in column)
        batch = self.number("batch", name, start, count, *taken)
        first = start + count * len(columns)
        result = {row: self.number("fetch", batch, first + k) for k, row in enumerate(distinct)}
        return [result[row] for row in rows]

    @property
    def all_numpys(self) -> bool:
        """Whether no loop is called but NumPy's, none of which warns or raises by itself."""
        return all(getattr(np, ufunc.__name__, None) is ufunc for ufunc in self.ufuncs.values())

    def _named(self, ufunc: np.ufunc) -> str:
        """A name of its own: ufuncs of different makers may have the same."""
        for name, known in self.ufuncs.items():
            if known is ufunc:
                return name
        name = f"{ufunc.__name__}.{len(self.ufuncs)}"
        self.ufuncs[name] = ufunc
        return name

    def arguments(self, i: int) -> Iterable[int]:
        """The numbers that number i is computed from."""
        name, args = self.keys[i]
        if name in TEMPLATES:
            return args
        return {"loop": args[1:], "batch": args[3:], "fetch": args[:1]}.get(name, ())


def has_loop(ufunc: Any) -> bool:
    """Whether NumPy's own loop over doubles can be called."""
    return isinstance(ufunc, np.ufunc) and ufunc.nout == 1 and ufunc.signature is None and abi.loop(ufunc) is not None
