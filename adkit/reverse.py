"""Reverse mode: record every operation on a tape, then walk the tape backwards once.

An entry of the tape holds raw values and the numbers of its arguments, never boxes: the tape is flat, so neither the
sweep nor letting go of it recurses, however long it is. An operation on single numbers is one tuple and nothing else.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .lending import Copies, is_lent
from .primitives import Choice, Elementwise, Primitive, elementwise, guard, indexing, products
from .primitives.table import (
    DIFFERENCE,
    DOUBLE,
    ELEMENTWISE,
    FUNCTION,
    PRODUCT,
    SUM,
    everywhere,
    fits,
    has_nan,
    kind_of,
    quietly,
    zeros_like,
)
from .tracing import (
    NO_PARAMS,
    PLAIN_NUMBERS,
    Box,
    Trace,
    bind,
    bound_binary,
    implementations,
    install_operators,
    now,
    stage_of,
)

# The numbers that the arguments of an operation have on the tape; None where they are not on it.
Parents = tuple[int | None, ...]
# Of an elementwise operation on single numbers, or on arrays of double precision that have the shape of the output
# where they are on the tape, so that their shares need not be fitted
#     (number, kind, primitive, output, x, y, number of x, number of y)     y is None where there is none
# and of any other
#     (number, GENERAL, primitive, output, arguments, parameters, parents, None).
Entry = tuple[int, int, Any, Any, Any, Any, Any, Any]
# The kinds of entries that are not elementwise; of a number picked from an array y is the place.
ELEMENT, GENERAL = 5, 6

Array = np.ndarray[Any, Any]
# Up to this size the bookkeeping of an operation costs more than the array, in time and in memory.
SMALL = 4096
# So many entries are let go of at once by a sweep that is the last; where there are large arrays, one by one.
BLOCK = 1024

_new = object.__new__
_ndarray = np.ndarray
_matmul = np.matmul
_general_product = implementations[np.matmul]
_pick: Any = indexing.getitem_p


class Operation(NamedTuple):
    """An entry of a tape as it is read; of what no rule reads only shape and dtype have been kept."""

    number: int
    primitive: Primitive
    out: Any
    args: tuple[Any, ...]
    parents: Parents
    params: Mapping[str, Any]


class Variable(Box):
    """A number on the tape: its value, and its number there; None where it depends on no input."""

    __slots__ = ()
    index: Any = Box.note

    def __init__(self, value: Any, trace: Tape, index: int | None) -> None:
        self.value = value
        self.owner = trace
        self.note = index

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            row: Any = implementations.get(ufunc)
            kind = type(row)
            if kind is Elementwise or kind is Choice:
                return _of_one(row, self) if len(inputs) == 1 else _elementwise(row, inputs)
            if row is not None:
                return row(*inputs) if ufunc is not _matmul else _product(*inputs)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        tape, x = self.owner, self.value
        if type(index) is not int or type(x) is not _ndarray or x.ndim != 1 or self.note is None or tape.closed:
            return super().__getitem__(index)
        out = x[index]
        tape.selects = tape.numpy = True
        number = tape.next()
        tape.append((number, ELEMENT, _pick, out, hollow(x), index, self.note, None))
        return _variable(out, tape, number)


def _variable(value: Any, tape: Tape, index: int | None) -> Variable:
    """A number on the tape, made in half the time."""
    found = _new(Variable)
    found.owner = tape
    found.value = value
    found.note = index
    return found


class Tape(Trace):
    """The record of one run of f."""

    __slots__ = ("append", "entries", "held", "large", "next", "numpy", "selects", "size")

    def __init__(self) -> None:
        self.age = now()
        self.closed = False
        self.entries: list[Entry] = []
        # Taken from a counter, not from the length of the list, so that threads sharing a tape cannot clash.
        self.next: Callable[[], int] = itertools.count().__next__
        self.append: Callable[[Entry], None] = self.entries.append
        # How many numbers there are, once it is closed.
        self.size = 0
        # Whether there are elements that nothing may flow to.
        self.selects = False
        # Whether anything but Python's own numbers may be met: NumPy warns of what becomes of them.
        self.numpy = False
        # Whether there are large arrays.
        self.large = False
        # The arrays that f has used and may change.
        self.held = Copies()

    def variable(self, value: Any) -> Variable:
        """An input of the recorded computation."""
        return Variable(value, self, self.next())

    def lift(self, value: Any) -> Variable:
        return Variable(value, self, None)

    def owns(self, x: Any) -> bool:
        """Whether x is a number on this tape."""
        return type(x) is Variable and x.owner is self

    def value(self, x: Any) -> Any:
        """x as the level outside sees it."""
        return x.value if type(x) is Variable and x.owner is self else x

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        values: list[Any] = []
        parents: list[int | None] = []
        nested = False
        for arg in args:
            if type(arg) is Variable and arg.owner is self:
                x = arg.value
                parents.append(arg.note)
                if isinstance(x, Box):
                    nested = True
            elif isinstance(arg, Box):
                # A traced value of a level outside is a handle, which f may let stand for another number later.
                x, nested = arg.again(), True
                parents.append(None)
            else:
                x = arg
                parents.append(None)
            values.append(x)
        taken = tuple(values)
        out = bind(primitive, taken, params) if nested else primitive.compute(taken, params)
        if primitive.constant:
            return out
        return self.add(primitive, out, taken, tuple(parents), params)

    def add(
        self, primitive: Primitive, out: Any, values: tuple[Any, ...], parents: Parents, params: Mapping[str, Any]
    ) -> Variable:
        """Write down an operation with those of its numbers that the sweep will read."""
        kept = out
        care = type(out) is _ndarray and out.nbytes > SMALL
        active = False
        for x, parent in zip(values, parents, strict=True):
            if parent is not None:
                active = True
                if type(x) is _ndarray and x.nbytes > SMALL:
                    care = True
            elif isinstance(x, _ndarray):
                care = True
        if not active:
            return Variable(out, self, None)
        self.numpy = True
        if primitive.selects:
            self.selects = True
        if care:
            self.large = True
            kept, values = self._kept(primitive, out, values, parents)
        index = self.next()
        self.append((index, GENERAL, primitive, kept, values, params, parents, None))
        return _variable(out, self, index)

    def add_elementwise(self, row: Elementwise, out: Any, x: Any, y: Any, p: int | None, q: int | None) -> Variable:
        """Write down an elementwise operation on arrays; y is None where there is none."""
        if not fits(out, x, y, p, q):
            values, parents = ((x,), (p,)) if y is None else ((x, y), (p, q))
            return self.add(row, out, values, parents, NO_PARAMS)
        self.numpy = True
        kept = out
        if out.nbytes > SMALL:
            self.large = True
            kept, x, y = self._kept_elementwise(row, out, x, y, p, q)
        elif (p is None and type(x) is _ndarray) or (q is None and type(y) is _ndarray):
            x, y = self.hold(x, p), self.hold(y, q)
        index = self.next()
        self.append((index, kind_of(row), row, kept, x, y, p, q))
        return _variable(out, self, index)

    def _kept_elementwise(self, row: Elementwise, out: Any, x: Any, y: Any, p: int | None, q: int | None) -> Any:
        """As `_kept`; one outline stands for all that is not read."""
        reads = _read_by_vjps(row, (True,) if y is None else (p is not None, q is not None))
        outline = _outline(DOUBLE, out.shape)
        if type(x) is _ndarray:
            x = outline if 1 not in reads else x if p is not None else self.hold(x, None)
        if type(y) is _ndarray:
            y = outline if 2 not in reads else y if q is not None else self.hold(y, None)
        return out if 0 in reads else outline, x, y

    def _kept(
        self, primitive: Primitive, out: Any, values: tuple[Any, ...], parents: Parents
    ) -> tuple[Any, tuple[Any, ...]]:
        """What an entry keeps of an operation on large or constant arrays."""
        reads = _read_by_vjps(primitive, tuple([parent is not None for parent in parents]))
        kept = list(values)
        for k, x in enumerate(values):
            if k + 1 not in reads:
                kept[k] = hollow(x)
            elif parents[k] is None:
                kept[k] = self.hold(x, None)
        return out if 0 in reads else hollow(out), tuple(kept)

    def hold(self, x: Any, parent: int | None) -> Any:
        """x with the numbers it has now, which f may change after use if it is a constant."""
        if parent is not None or not isinstance(x, _ndarray) or is_lent(x):
            return x
        return x.copy("K") if x.nbytes <= SMALL else self.held.of(x)

    def close(self) -> None:
        self.closed = True
        self.size = self.next()
        self.append = _refuse
        self.held = Copies()

    # -- what has been written down ----------------------------------------------------------------
    def operations(self) -> list[Operation]:
        """All entries, in the order of the run."""
        return [_read(*entry) for entry in self.entries]

    def backwards(self, final: bool) -> Iterable[Entry]:
        """The entries from the last to the first; of a final sweep none remains, nor what only it keeps alive."""
        if not final:
            return reversed(self.entries)
        if self.large:
            return _popped(self.entries)
        if len(self.entries) <= BLOCK:
            block, self.entries = self.entries, []
            return reversed(block)
        return itertools.chain.from_iterable(_popped_blocks(self.entries))

    def nbytes(self) -> int:
        """Bytes the tape holds: its entries, and each number and array they keep alive once."""
        held: dict[int, int] = {}
        total = sys.getsizeof(self.entries)
        for entry in self.entries:
            index, _, out, args, parents, params = _read(*entry)
            total += sys.getsizeof(entry) + sys.getsizeof(index)
            if entry[1] == GENERAL:
                total += sys.getsizeof(args) + sys.getsizeof(parents)
                total += sys.getsizeof(params) if params is not NO_PARAMS else 0
            for x in (out, *args):
                owner = _owner(x) if isinstance(x, np.ndarray) else x
                held[id(owner)] = _size(owner)
        return total + sum(held.values())


def _read(index: int, kind: int, primitive: Primitive, out: Any, x: Any, y: Any, p: Any, q: Any) -> Operation:
    """An entry, whatever its kind."""
    if kind == GENERAL:
        return Operation(index, primitive, out, x, p, y)
    if kind == ELEMENT:
        return Operation(index, primitive, out, (x,), (p,), {"index": y})
    args, parents = ((x,), (p,)) if y is None else ((x, y), (p, q))
    return Operation(index, primitive, out, args, parents, NO_PARAMS)


def _popped(entries: list[Entry]) -> Iterator[Entry]:
    while entries:
        yield entries.pop()


def _popped_blocks(entries: list[Entry]) -> Iterator[Iterator[Entry]]:
    while entries:
        block = entries[-BLOCK:]
        del entries[-BLOCK:]
        yield reversed(block)


def _owner(x: Array) -> Array:
    """The array whose memory x shows."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


def _size(x: Any) -> int:
    """Bytes of a number or array."""
    return sys.getsizeof(x) + (x.nbytes if isinstance(x, np.ndarray) and x.base is not None else 0)


@functools.lru_cache(maxsize=4096)
def _read_by_vjps(primitive: Primitive, active: tuple[bool, ...]) -> frozenset[int]:
    """Which of the output (0) and the arguments (1, 2, ...) the shares of the active arguments are computed from."""
    return frozenset[int]().union(*(primitive.reads(i, len(active)) for i, on in enumerate(active) if on))


def hollow(x: Any) -> Any:
    """The shape and dtype of a large array, for rules that read no more of it, so that its memory can go."""
    return _outline(x.dtype, x.shape) if type(x) is _ndarray and x.nbytes > SMALL else x


@functools.lru_cache(maxsize=1024)
def _outline(dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """An array without memory, which cannot be written to."""
    return everywhere(np.zeros((), dtype), shape)


_CLOSED = Trace()
_CLOSED.close()


def _refuse(entry: Entry) -> None:
    """What a closed tape does instead of appending; no method of the tape, which would keep itself alive by it."""
    _CLOSED.require_open()


# -- operations, without detours where all operands are plain or on the same tape ------------------
# Of plain numbers an entry without tuples can be written; their products and sums are such numbers again.
def _binary(primitive: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator methods of a variable for one primitive of two arguments."""
    if primitive is _general_product:
        return bound_binary(_product)
    if not isinstance(primitive, Elementwise) or primitive.fun is primitive.ufunc:
        return bound_binary(primitive)
    fun, kind, new, numbers = primitive.fun, kind_of(primitive), _new, PLAIN_NUMBERS
    # Partials that compute something may do so with NumPy's numbers.
    loud = kind == ELEMENTWISE
    general, general_reflected = bound_binary(primitive)

    def forward(self: Variable, other: Any) -> Any:
        tape, x, other_type = self.owner, self.value, type(other)
        if other_type is Variable and other.owner is tape:
            y, parent = other.value, other.note
        elif other_type in numbers or (other_type is _ndarray and not other.dtype.hasobject):
            y, parent = other, None
        else:
            return general(self, other)
        try:
            out = fun(x, y)
        except (ZeroDivisionError, OverflowError):
            out = primitive.ufunc(x, y)
        if type(out) is not float:
            if type(x) not in numbers or type(y) not in numbers:
                return tape.add_elementwise(primitive, out, x, y, self.note, parent)
            tape.numpy = True
        elif loud:
            tape.numpy = True
        index = tape.next()
        tape.append((index, kind, primitive, out, x, y, self.note, parent))
        found = new(Variable)
        found.owner = tape
        found.value = out
        found.note = index
        return found

    def reflected(self: Variable, other: Any) -> Any:
        if type(other) not in numbers:
            return general_reflected(self, other)
        tape, y = self.owner, self.value
        try:
            out = fun(other, y)
        except (ZeroDivisionError, OverflowError):
            out = primitive.ufunc(other, y)
        if type(out) is not float:
            if type(y) not in numbers:
                return tape.add_elementwise(primitive, out, other, y, None, self.note)
            tape.numpy = True
        elif loud:
            tape.numpy = True
        index = tape.next()
        tape.append((index, kind, primitive, out, other, y, None, self.note))
        found = new(Variable)
        found.owner = tape
        found.value = out
        found.note = index
        return found

    return forward, reflected


def _of_one(row: Elementwise, arg: Variable) -> Any:
    """An elementwise function of one argument, called by its name."""
    tape, x = arg.owner, arg.value
    kind = type(x)
    if (kind is not np.ndarray and kind not in PLAIN_NUMBERS) or tape.closed or arg.note is None:
        return row(arg)
    try:
        out = row.fun(x)
    except (ZeroDivisionError, OverflowError):
        out = row.ufunc(x)
    if kind is np.ndarray or type(out) not in PLAIN_NUMBERS:
        return tape.add_elementwise(row, out, x, None, arg.note, None)
    tape.numpy = True
    index = tape.next()
    tape.append((index, kind_of(row), row, out, x, None, arg.note, None))
    return _variable(out, tape, index)


def _elementwise(row: Elementwise, args: Sequence[Any]) -> Any:
    """An elementwise function of one or two arguments, called by its name."""
    tape: Any = None
    values: list[Any] = []
    parents: list[int | None] = []
    single = True
    for arg in args:
        kind = type(arg)
        if kind is Variable and (tape is None or arg.owner is tape):
            tape, x = arg.owner, arg.value
            kind = type(x)
            parents.append(arg.note)
        else:
            x = arg
            parents.append(None)
        values.append(x)
        if kind is np.ndarray and not x.dtype.hasobject:
            single = False
        elif kind not in PLAIN_NUMBERS:
            return row(*args)
    if tape.closed:
        tape.require_open()
    try:
        out = row.fun(*values)
    except (ZeroDivisionError, OverflowError):
        out = row.ufunc(*values)
    if len(values) != 2 or (row.selects and not single):
        return tape.add(row, out, tuple(values), tuple(parents), NO_PARAMS)
    (x, y), (p, q) = values, parents
    if not single or type(out) not in PLAIN_NUMBERS:
        return tape.add_elementwise(row, out, x, y, p, q)
    tape.numpy = True
    if row.selects:
        tape.selects = True
    index = tape.next()
    tape.append((index, ELEMENTWISE if row.selects else kind_of(row), row, out, x, y, p, q))
    return _variable(out, tape, index)


def _product(x: Any, y: Any) -> Any:
    """x @ y, one of them a variable."""
    tape = x.owner if type(x) is Variable else y.owner
    values: list[Any] = []
    parents: list[int | None] = []
    for arg in (x, y):
        if type(arg) is Variable and arg.owner is tape:
            parents.append(arg.note)
            arg = arg.value
        else:
            parents.append(None)
        if type(arg) is not _ndarray or arg.dtype.hasobject:
            return _general_product(x, y)
        values.append(arg)
    if tape.closed:
        tape.require_open()
    row = products.matmul_p
    return tape.add(row, row.fun(*values), tuple(values), tuple(parents), NO_PARAMS)


def _unary(primitive: Any) -> Callable[..., Any]:
    """The operator method of a variable for one primitive of one argument."""
    if isinstance(primitive, Elementwise):
        return lambda self: _of_one(primitive, self)
    if primitive is elementwise.absolute:
        return lambda self: (
            _of_one(elementwise.absolute_p, self) if type(self.value) in PLAIN_NUMBERS else primitive(self)
        )
    return lambda self: primitive(self)


install_operators(Variable, _binary, _unary)


# -- the sweep -------------------------------------------------------------------------------------
def record(
    fun: Callable[[list[Any]], Any], inputs: Sequence[Any], kind: Callable[[], Any] = Tape
) -> tuple[Any, list[Variable], Any]:
    """Run fun on variables standing for the inputs; the tape is closed when fun is done, also when it raises."""
    tape = kind()
    variables = [_variable(x, tape, tape.next()) for x in inputs]
    try:
        # fun may write to the arrays that it is given.
        return fun([x if type(x.value) in PLAIN_NUMBERS else x.again() for x in variables]), variables, tape
    finally:
        tape.close()


def sweep(
    tape: Tape, seeds: Sequence[tuple[Any, Any]], inputs: Sequence[Variable], *, final: bool = False
) -> list[Any]:
    """Cotangents of the inputs, given cotangents of outputs; those of what is not on the tape reach nothing.

    A sweep that is the final one of the tape, from seeds none of which is 0, lets go of it on the way.
    """
    live: list[tuple[Variable, Any]] = []
    quiet, nested = not tape.numpy, False
    for x, seed in seeds:
        if type(x) is Variable and x.owner is tape and x.note is not None:
            live.append((x, seed))
            quiet = quiet and type(seed) is float
            nested = nested or isinstance(x.value, Box) or isinstance(seed, Box)
    swept = _swept_nested if nested else _swept
    found = swept(tape, live, inputs, final) if quiet else quietly(swept, tape, live, inputs, final)
    return [zeros_like(inputs[k].value) if c is None else c for k, c in enumerate(found)]


def _swept(tape: Tape, seeds: Sequence[tuple[Variable, Any]], inputs: Sequence[Variable], final: bool) -> list[Any]:
    """Cotangents of the inputs, guarded where nan came out; None where nothing flows to."""
    # Where nothing selects, a guarded walk from seeds that are not 0 would find the same.
    final = final and not tape.selects
    cotangents = walk(tape, seeds, final)
    found = [cotangents[x.note] for x in inputs]
    if not final and any(c is not None and has_nan(c) for c in found):
        return _guarded(tape, seeds, inputs)
    return found


def _swept_nested(
    tape: Tape, seeds: Sequence[tuple[Variable, Any]], inputs: Sequence[Variable], final: bool
) -> list[Any]:
    """The same among traced values of levels outside."""
    stage = stage_of(*(x.value for x, _ in seeds), *(seed for _, seed in seeds))
    if stage is not None:
        cotangents = walk_by(stage.pull, tape, seeds)
        found = [cotangents[x.note] for x in inputs]
        # Where nothing selects, a guarded walk from seeds that are not 0 would find the same.
        if tape.selects or not final:
            stage.expect_numbers(found)
        return found
    # This sweep will itself be differentiated, and what is finite here may have an infinite derivative.
    if tape.selects and any(_may_be_differentiated(x.value) or _may_be_differentiated(seed) for x, seed in seeds):
        return _guarded(tape, seeds, inputs)
    return _swept(tape, seeds, inputs, final)


def _may_be_differentiated(x: Any) -> bool:
    """Whether a level outside may take derivatives of what is done to x."""
    return isinstance(x, Box) and x.owner.differentiates


def _guarded(tape: Tape, seeds: Sequence[tuple[Variable, Any]], inputs: Sequence[Variable]) -> list[Any]:
    cotangents = quietly(walk_guarded, tape, seeds, guard.pull)
    return [None if cotangents[x.index] is None else cotangents[x.index].derivative for x in inputs]


def walk_guarded(
    tape: Tape,
    seeds: Sequence[tuple[Variable, Any]],
    pull: Callable[..., Any],
    operations: Sequence[Operation] | None = None,
) -> list[Any]:
    """The guarded walk backwards by `pull`, which is `guard.pull` or calls it."""
    return walk_by(pull, tape, [(x, guard.Guarded(seed, guard.live_in(seed))) for x, seed in seeds], operations)


def _start(size: int, seeds: Sequence[tuple[Variable, Any]]) -> list[Any]:
    """The cotangents that a walk begins with, by number."""
    cotangents: list[Any] = [None] * size
    for variable, seed in seeds:
        index = variable.note
        held = cotangents[index]
        cotangents[index] = seed if held is None else held + seed
    return cotangents


def walk_by(
    pull: Callable[..., Any],
    tape: Tape,
    seeds: Sequence[tuple[Variable, Any]],
    operations: Sequence[Operation] | None = None,
) -> list[Any]:
    """What is left when the tape has been walked backwards and every share taken by `pull`."""
    cotangents = _start(tape.size, seeds)
    for index, primitive, out, args, parents, params in reversed(operations or tape.operations()):
        cotangent = cotangents[index]
        if cotangent is None:
            continue
        cotangents[index] = None
        for i, parent in enumerate(parents):
            if parent is not None:
                held = cotangents[parent]
                share = pull(primitive, i, cotangent, out, args, params)
                cotangents[parent] = share if held is None else held + share
    return cotangents


def walk(tape: Tape, seeds: Sequence[tuple[Variable, Any]], final: bool = False) -> list[Any]:
    """What is left when the tape has been walked backwards: the cotangents of its inputs, by number."""
    cotangents = _start(tape.size, seeds)
    own: set[int] = set()  # variables whose cotangent is an array that this walk has made and nobody else holds
    # The hot loop: what the kinds of entries share is written out for each.
    for index, kind, primitive, out, x, y, p, q in tape.backwards(final):
        cotangent = cotangents[index]
        if cotangent is None:
            continue
        cotangents[index] = None
        if kind == PRODUCT:
            if p is not None:
                held = cotangents[p]
                cotangents[p] = cotangent * y if held is None else held + cotangent * y
            if q is not None:
                held = cotangents[q]
                cotangents[q] = cotangent * x if held is None else held + cotangent * x
        elif kind == SUM:
            if p is not None:
                held = cotangents[p]
                cotangents[p] = cotangent if held is None else held + cotangent
            if q is not None:
                held = cotangents[q]
                cotangents[q] = cotangent if held is None else held + cotangent
        elif kind == DIFFERENCE:
            if p is not None:
                held = cotangents[p]
                cotangents[p] = cotangent if held is None else held + cotangent
            if q is not None:
                held = cotangents[q]
                cotangents[q] = -cotangent if held is None else held - cotangent
        elif kind == FUNCTION:
            try:
                share = cotangent * primitive.partials[0](out, x)
            except (ZeroDivisionError, OverflowError):
                share = primitive.scaled(0, cotangent, out, (x,))
            held = cotangents[p]
            cotangents[p] = share if held is None else held + share
        elif kind == ELEMENTWISE:
            if p is not None:
                held, share = cotangents[p], primitive.scaled(0, cotangent, out, (x,) if y is None else (x, y))
                cotangents[p] = share if held is None else held + share
            if q is not None:
                held, share = cotangents[q], primitive.scaled(1, cotangent, out, (x, y))
                cotangents[q] = share if held is None else held + share
        elif kind == ELEMENT:
            held = cotangents[p]
            if p in own and type(held) is _ndarray and not isinstance(cotangent, Box):
                primitive.add_to(held, cotangent, index=y)
            else:
                own.add(p)
                share = primitive.vjp(0, cotangent, out, (x,), {"index": y})
                cotangents[p] = share if held is None else held + share
        else:
            add_to = primitive.add_to
            for i, parent in enumerate(p):
                if parent is None:
                    continue
                held = cotangents[parent]
                if add_to is not None:
                    if parent in own and _added_in_place(add_to, held, cotangent, y):
                        continue
                    own.add(parent)
                share = primitive.vjp(i, cotangent, out, x, y)
                cotangents[parent] = share if held is None else held + share
    return cotangents


def _added_in_place(add_to: Callable[..., None], held: Any, cotangent: Any, params: Mapping[str, Any]) -> bool:
    """Add a share to the cotangent held, so that a loop over the n elements of x does not make n arrays of n."""
    if type(held) is not np.ndarray or isinstance(cotangent, Box):
        return False
    add_to(held, cotangent, **params)
    return True
