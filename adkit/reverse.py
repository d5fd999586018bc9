"""Reverse mode: record every operation on a tape, then walk the tape backwards once.

An entry of the tape holds raw values and the numbers of its arguments, never boxes: the tape is flat, so neither the
sweep nor letting go of it recurses, however long it is.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .primitives import Elementwise, Primitive, guard
from .primitives.shape import where_p
from .primitives.table import zeros_like
from .tracing import NO_PARAMS, PLAIN_NUMBERS, Box, Trace, bind, bound_binary, install_operators, plain

# (number, primitive, output, arguments, numbers of the arguments or None where inactive, parameters)
Entry = tuple[int, Primitive, Any, tuple[Any, ...], tuple[int | None, ...], Mapping[str, Any]]


class Variable(Box):
    """A number on the tape: its value, and its number there."""

    __slots__ = ("index",)

    def __init__(self, value: Any, trace: Tape, index: int) -> None:
        self.value = value
        self.trace = trace
        self.index = index


class Tape(Trace):
    """The record of one run of f."""

    __slots__ = ("append", "entries", "numbers")

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        # Taken from a counter, not from the length of the list, so that threads sharing a tape cannot clash.
        self.numbers = itertools.count()
        self.append: Callable[[Entry], None] = self.entries.append

    def variable(self, value: Any) -> Variable:
        """An input of the recorded computation."""
        return Variable(value, self, next(self.numbers))

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        values = self.strip(args)
        out = bind(primitive, values, params)
        if primitive.constant:
            return out
        parents = tuple(a.index if type(a) is Variable and a.trace is self else None for a in args)
        index = next(self.numbers)
        self.append((index, primitive, out, values, parents, params))
        return Variable(out, self, index)

    def close(self) -> None:
        super().close()
        self.append = self._refuse

    def _refuse(self, entry: Entry) -> None:
        self.require_open()

    def nbytes(self) -> int:
        """Bytes the tape holds: its entries, and each array they keep alive once."""
        arrays: dict[int, int] = {}
        total = sys.getsizeof(self.entries)
        for entry in self.entries:
            total += sys.getsizeof(entry) + sys.getsizeof(entry[3]) + sys.getsizeof(entry[4])
            for held in (entry[2], *entry[3]):
                arrays[id(held)] = getattr(held, "nbytes", 0) + sys.getsizeof(0.0)
        return total + sum(arrays.values())


# -- operators, without detours where both operands are plain or on the same tape ------------------
def _binary(primitive: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator methods of a variable for one primitive of two arguments."""
    if not isinstance(primitive, Elementwise) or primitive.fun is primitive.ufunc:
        return bound_binary(primitive)
    fun, ufunc = primitive.fun, primitive.ufunc
    general, general_reflected = bound_binary(primitive)

    def forward(self: Variable, other: Any) -> Any:
        tape = self.trace
        kind = type(other)
        if kind is Variable and other.trace is tape:
            y, parents = other.value, (self.index, other.index)
        elif kind in PLAIN_NUMBERS:
            y, parents = other, (self.index, None)
        else:
            return general(self, other)
        x = self.value
        try:
            out = fun(x, y)
        except (ZeroDivisionError, OverflowError):
            out = ufunc(x, y)
        index = next(tape.numbers)
        tape.append((index, primitive, out, (x, y), parents, NO_PARAMS))
        return Variable(out, tape, index)

    def reflected(self: Variable, other: Any) -> Any:
        if type(other) not in PLAIN_NUMBERS:
            return general_reflected(self, other)
        tape, y = self.trace, self.value
        try:
            out = fun(other, y)
        except (ZeroDivisionError, OverflowError):
            out = ufunc(other, y)
        index = next(tape.numbers)
        tape.append((index, primitive, out, (other, y), (None, self.index), NO_PARAMS))
        return Variable(out, tape, index)

    return forward, reflected


def _unary(primitive: Any) -> Callable[..., Any]:
    return lambda self: primitive(self)


install_operators(Variable, _binary, _unary)


# -- the sweep -------------------------------------------------------------------------------------
def record(fun: Callable[[list[Any]], Any], inputs: Sequence[Any]) -> tuple[Any, list[Variable], Tape]:
    """Run fun on variables standing for the inputs; the tape is closed when fun is done, also when it raises."""
    tape = Tape()
    variables = [tape.variable(x) for x in inputs]
    try:
        return fun(list(variables)), variables, tape
    finally:
        tape.close()


def sweep(tape: Tape, seeds: Sequence[tuple[Variable, Any]], inputs: Sequence[Variable]) -> list[Any]:
    """Cotangents of the inputs, given cotangents of outputs."""
    # What a rule meets at a pole or an overflow is the derivative's business, not a warning to the caller.
    with np.errstate(all="ignore"):
        cotangents = _walk(tape, seeds)
        if _needs_guard(tape, [cotangents[x.index] for x in inputs]):
            guarded = _walk(tape, [(x, guard.Guarded(seed)) for x, seed in seeds], guard.pull)
            cotangents = [None if c is None else c.derivative for c in guarded]
    return [zeros_like(x.value) if cotangents[x.index] is None else cotangents[x.index] for x in inputs]


def _walk(tape: Tape, seeds: Sequence[tuple[Variable, Any]], pull: Callable[..., Any] | None = None) -> list[Any]:
    """What is left when the tape has been walked backwards: the cotangents of its inputs, by number."""
    cotangents: list[Any] = [None] * next(tape.numbers)
    for variable, seed in seeds:
        held = cotangents[variable.index]
        cotangents[variable.index] = seed if held is None else held + seed
    for index, primitive, out, args, parents, params in reversed(tape.entries):
        cotangent = cotangents[index]
        if cotangent is None:
            continue
        cotangents[index] = None
        for i, parent in enumerate(parents):
            if parent is not None:
                if pull is None:
                    share = primitive.vjp(i, cotangent, out, args, params)
                else:
                    share = pull(primitive, i, cotangent, out, args, params)
                held = cotangents[parent]
                cotangents[parent] = share if held is None else held + share
    return cotangents


def _needs_guard(tape: Tape, cotangents: Sequence[Any]) -> bool:
    """Whether nan came out, or could come out of a later derivative of what came out."""
    found = [c for c in cotangents if c is not None]
    if any(np.isnan(plain(c)).any() for c in found):
        return True
    return any(isinstance(c, Box) for c in found) and any(entry[1] is where_p for entry in tape.entries)
