"""Reverse mode: record every operation on a tape, then walk the tape backwards once.

An entry of the tape holds raw values and the numbers of its arguments, never boxes: the tape is flat, so neither the
sweep nor letting go of it recurses, however long it is.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .lending import is_lent
from .primitives import Elementwise, Primitive, guard
from .primitives.table import everywhere, zeros_like
from .tracing import NO_PARAMS, PLAIN_NUMBERS, Box, Trace, bind, bound_binary, install_operators, stage_of

# The numbers that the arguments of an operation have on the tape; None where they are not on it.
Parents = tuple[int | None, ...]
# (number, primitive, output, arguments, parents, parameters); of what no rule reads only shape and dtype are kept.
Entry = tuple[int, Primitive, Any, tuple[Any, ...], Parents, Mapping[str, Any]]

Array = np.ndarray[Any, Any]
# Up to this size the bookkeeping of an operation costs more than the array, in time and in memory.
SMALL = 4096


class Variable(Box):
    """A number on the tape: its value, and its number there; None where it depends on no input."""

    __slots__ = ()
    index: Any = Box.note

    def __init__(self, value: Any, trace: Tape, index: int | None) -> None:
        self.value = value
        self.owner = trace
        self.note = index


class Tape(Trace):
    """The record of one run of f."""

    __slots__ = ("append", "entries", "held", "numbers", "selects")

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        # Taken from a counter, not from the length of the list, so that threads sharing a tape cannot clash.
        self.numbers = itertools.count()
        self.append: Callable[[Entry], None] = self.entries.append
        # Whether there are elements that nothing may flow to.
        self.selects = False
        # By identity, the arrays that f has used and may change, and the copies made of them.
        self.held: dict[int, tuple[Array, Array]] = {}

    def variable(self, value: Any) -> Variable:
        """An input of the recorded computation."""
        return Variable(value, self, next(self.numbers))

    def lift(self, value: Any) -> Variable:
        return Variable(value, self, None)

    def owns(self, x: Any) -> bool:
        """Whether x is a number on this tape."""
        return type(x) is Variable and x.owner is self

    def value(self, x: Any) -> Any:
        """x as the level outside sees it."""
        return x.value if self.owns(x) else x

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        values: list[Any] = []
        parents: list[int | None] = []
        for arg in args:
            if type(arg) is Variable and arg.owner is self:  # written out: this is the hot path
                values.append(arg.value)
                parents.append(arg.index)
            else:
                # A traced value of a level outside is a handle, which f may let stand for another number later.
                values.append(arg.again() if isinstance(arg, Box) else arg)
                parents.append(None)
        out = bind(primitive, tuple(values), params)
        if primitive.constant:
            return out
        return self.add(primitive, out, tuple(values), tuple(parents), params)

    def add(
        self, primitive: Primitive, out: Any, values: tuple[Any, ...], parents: Parents, params: Mapping[str, Any]
    ) -> Variable:
        """Write down an operation with those of its numbers that the sweep will read."""
        kept = out
        care = type(out) is np.ndarray and out.nbytes > SMALL
        for x, parent in zip(values, parents, strict=True):
            if isinstance(x, np.ndarray) and (parent is None or x.nbytes > SMALL):
                care = True
        if parents[0] is None and all(parent is None for parent in parents):
            return Variable(out, self, None)
        if primitive.selects:
            self.selects = True
        if care:
            kept, values = self._kept(primitive, out, values, parents)
        index = next(self.numbers)
        self.append((index, primitive, kept, values, parents, params))
        return Variable(out, self, index)

    def _kept(
        self, primitive: Primitive, out: Any, values: tuple[Any, ...], parents: Parents
    ) -> tuple[Any, tuple[Any, ...]]:
        """What an entry keeps of an operation on large or constant arrays."""
        read = _read_by_vjps(primitive, tuple([parent is not None for parent in parents]))
        numbered = enumerate(zip(values, parents, strict=True), 1)
        values = tuple([hollow(x) if k not in read else self.hold(x, parent) for k, (x, parent) in numbered])
        return out if 0 in read else hollow(out), values

    def hold(self, x: Any, parent: int | None) -> Any:
        """x with the numbers it has now. f may change a constant after use: it is copied, once as long as it stays."""
        if parent is not None or not isinstance(x, np.ndarray) or is_lent(x):
            return x
        if x.nbytes <= SMALL:
            return x.copy("K")
        used, copy = self.held.get(id(x), (None, x))
        if used is not x or not np.array_equal(x, copy):
            copy = x.copy("K")
            self.held[id(x)] = x, copy
        return copy

    def close(self) -> None:
        super().close()
        self.append = _refuse
        self.held = {}

    def nbytes(self) -> int:
        """Bytes the tape holds: its entries, and each array they keep alive once."""
        arrays: dict[int, int] = {}
        total = sys.getsizeof(self.entries)
        for entry in self.entries:
            total += sys.getsizeof(entry) + sys.getsizeof(entry[3]) + sys.getsizeof(entry[4])
            for held in (entry[2], *entry[3]):
                owner = _owner(held) if isinstance(held, np.ndarray) else held
                arrays[id(owner)] = getattr(owner, "nbytes", 0) + sys.getsizeof(0.0)
        return total + sum(arrays.values())


def _owner(x: Array) -> Array:
    """The array whose memory x shows."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


@functools.lru_cache(maxsize=4096)
def _read_by_vjps(primitive: Primitive, active: tuple[bool, ...]) -> frozenset[int]:
    """Which of the output (0) and the arguments (1, 2, ...) the shares of the active arguments are computed from."""
    return frozenset[int]().union(*(primitive.reads(i, len(active)) for i, on in enumerate(active) if on))


def hollow(x: Any) -> Any:
    """The shape and dtype of a large array, for rules that read no more of it, so that its memory can go."""
    if type(x) is np.ndarray and x.nbytes > SMALL:
        return everywhere(np.zeros((), x.dtype), x.shape)
    return x


_CLOSED = Trace()
_CLOSED.close()


def _refuse(entry: Entry) -> None:
    """What a closed tape does instead of appending; no method of the tape, which would keep itself alive by it."""
    _CLOSED.require_open()


# -- operators, without detours where both operands are plain or on the same tape ------------------
def _binary(primitive: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator methods of a variable for one primitive of two arguments."""
    if not isinstance(primitive, Elementwise) or primitive.fun is primitive.ufunc:
        return bound_binary(primitive)
    fun, ufunc = primitive.fun, primitive.ufunc
    general, general_reflected = bound_binary(primitive)

    def forward(self: Variable, other: Any) -> Any:
        tape = self.owner
        kind = type(other)
        if kind is Variable and other.owner is tape:
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
        if type(out) is np.ndarray:
            return tape.add(primitive, out, (x, y), parents, NO_PARAMS)
        index = next(tape.numbers)
        tape.append((index, primitive, out, (x, y), parents, NO_PARAMS))
        return Variable(out, tape, index)

    def reflected(self: Variable, other: Any) -> Any:
        if type(other) not in PLAIN_NUMBERS:
            return general_reflected(self, other)
        tape, y = self.owner, self.value
        try:
            out = fun(other, y)
        except (ZeroDivisionError, OverflowError):
            out = ufunc(other, y)
        if type(out) is np.ndarray:
            return tape.add(primitive, out, (other, y), (None, self.index), NO_PARAMS)
        index = next(tape.numbers)
        tape.append((index, primitive, out, (other, y), (None, self.index), NO_PARAMS))
        return Variable(out, tape, index)

    return forward, reflected


def _unary(primitive: Any) -> Callable[..., Any]:
    return lambda self: primitive(self)


install_operators(Variable, _binary, _unary)


# -- the sweep -------------------------------------------------------------------------------------
def record(
    fun: Callable[[list[Any]], Any], inputs: Sequence[Any], kind: type[Tape] = Tape
) -> tuple[Any, list[Variable], Any]:
    """Run fun on variables standing for the inputs; the tape is closed when fun is done, also when it raises."""
    tape = kind()
    variables = [tape.variable(x) for x in inputs]
    try:
        # fun may write to what it is given.
        return fun([x.again() for x in variables]), variables, tape
    finally:
        tape.close()


def sweep(tape: Tape, seeds: Sequence[tuple[Any, Any]], inputs: Sequence[Variable]) -> list[Any]:
    """Cotangents of the inputs, given cotangents of outputs; those of what is not on the tape reach nothing."""
    seeds = [(x, seed) for x, seed in seeds if tape.owns(x) and x.index is not None]
    # What a rule meets at a pole or an overflow is the derivative's business, not a warning to the caller.
    with np.errstate(all="ignore"):
        # A nested sweep will itself be differentiated, and what is finite here may have an infinite derivative.
        nested = any(isinstance(x.value, Box) or isinstance(seed, Box) for x, seed in seeds)
        stage = stage_of(*(x.value for x, _ in seeds), *(seed for _, seed in seeds)) if nested else None
        if stage is not None:
            cotangents = _walk(tape, seeds, stage.pull)
            found = [cotangents[x.index] for x in inputs]
            stage.expect_numbers(found)
            return [zeros_like(x.value) if c is None else c for x, c in zip(inputs, found, strict=True)]
        nested = nested and any(_may_be_differentiated(x.value) or _may_be_differentiated(seed) for x, seed in seeds)
        if tape.selects and nested:
            found = _guarded(tape, seeds, inputs)
        else:
            cotangents = _walk(tape, seeds)
            found = [cotangents[x.index] for x in inputs]
            if any(c is not None and guard.has_nan(c) for c in found):
                found = _guarded(tape, seeds, inputs)
    return [zeros_like(x.value) if c is None else c for x, c in zip(inputs, found, strict=True)]


def _may_be_differentiated(x: Any) -> bool:
    """Whether a level outside may take derivatives of what is done to x."""
    return isinstance(x, Box) and x.owner.differentiates


def _guarded(tape: Tape, seeds: Sequence[tuple[Variable, Any]], inputs: Sequence[Variable]) -> list[Any]:
    cotangents = walk_guarded(tape, seeds, guard.pull)
    return [None if cotangents[x.index] is None else cotangents[x.index].derivative for x in inputs]


def walk_guarded(tape: Tape, seeds: Sequence[tuple[Variable, Any]], pull: Callable[..., Any]) -> list[Any]:
    """The guarded walk backwards by `pull`, which is `guard.pull` or calls it."""
    return _walk(tape, [(x, guard.Guarded(seed, guard.live_in(seed))) for x, seed in seeds], pull)


def _walk(tape: Tape, seeds: Sequence[tuple[Variable, Any]], pull: Callable[..., Any] | None = None) -> list[Any]:
    """What is left when the tape has been walked backwards: the cotangents of its inputs, by number."""
    cotangents: list[Any] = [None] * next(tape.numbers)
    own: set[int] = set()  # variables whose cotangent is an array that this walk has made and nobody else holds
    for variable, seed in seeds:
        held = cotangents[variable.index]
        cotangents[variable.index] = seed if held is None else held + seed
    for index, primitive, out, args, parents, params in reversed(tape.entries):
        cotangent = cotangents[index]
        if cotangent is None:
            continue
        cotangents[index] = None
        add_to = primitive.add_to if pull is None else None
        for i, parent in enumerate(parents):
            if parent is None:
                continue
            held = cotangents[parent]
            if add_to is not None:
                if parent in own and _added_in_place(add_to, held, cotangent, params):
                    continue
                own.add(parent)
            if pull is None:
                share = primitive.vjp(i, cotangent, out, args, params)
            else:
                share = pull(primitive, i, cotangent, out, args, params)
            cotangents[parent] = share if held is None else held + share
    return cotangents


def _added_in_place(add_to: Callable[..., None], held: Any, cotangent: Any, params: Mapping[str, Any]) -> bool:
    """Add a share to the cotangent held, so that a loop over the n elements of x does not make n arrays of n."""
    if type(held) is not np.ndarray or isinstance(cotangent, Box):
        return False
    add_to(held, cotangent, **params)
    return True


# What is part of another sweep, which looks at what comes of it.
walk = _walk
