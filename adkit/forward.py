"""Forward mode: dual numbers. A dual carries its value and a tangent, or k tangents stacked along a leading axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .primitives import Elementwise, Primitive, guard, products
from .primitives.table import DIFFERENCE, FUNCTION, PRODUCT, SUM, fits, has_nan, kind_of, quietly
from .tracing import (
    NO_PARAMS,
    PLAIN_NUMBERS,
    Box,
    Trace,
    bind,
    bound_binary,
    implementations,
    install_operators,
    plain,
    stage_of,
)

_new = object.__new__
_ndarray = np.ndarray
_general_product = implementations[np.matmul]


class Dual(Box):
    """A value and its tangent (in a guarded run a `guard.Guarded` one), None where it does not depend on the inputs."""

    __slots__ = ()
    tangent: Any = Box.note

    def __init__(self, value: Any, trace: DualTrace, tangent: Any) -> None:
        self.value = value
        self.owner = trace
        self.note = tangent

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            row: Any = implementations.get(ufunc)
            if type(row) is Elementwise:
                return _of_one(row, self) if len(inputs) == 1 else _of_two(row, *inputs)
            if row is not None:
                return row(*inputs) if row is not _general_product else _product(*inputs)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        trace, x, tangent = self.owner, self.value, self.note
        if type(index) is not int or type(x) is not _ndarray or x.ndim != 1 or type(tangent) is not _ndarray:
            return super().__getitem__(index)
        if not trace.direct:
            return super().__getitem__(index)
        return Dual(x[index], trace, tangent[:, index] if trace.batched else tangent[index])


class DualTrace(Trace):
    """One pass of f on dual numbers. `batched`: tangents have a leading axis; `guarded`: they carry masks."""

    __slots__ = ("batched", "direct", "guarded", "single")

    def __init__(self, batched: bool, guarded: bool = False) -> None:
        super().__init__()
        self.batched = batched
        self.guarded = guarded
        # Whether operations on its numbers may take no detour; and whether tangents of numbers are numbers, too.
        self.direct = not guarded
        self.single = not batched

    def close(self) -> None:
        super().close()
        self.direct = False

    def lift(self, value: Any) -> Dual:
        return Dual(value, self, None)

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        values: list[Any] = []
        tangents: list[Any] = []
        nested = active = False
        for arg in args:
            tangent = None
            if type(arg) is Dual and arg.owner is self:
                arg, tangent = arg.value, arg.note
                active = active or tangent is not None
            nested = nested or isinstance(arg, Box)
            values.append(arg)
            tangents.append(tangent)
        taken = tuple(values)
        out = bind(primitive, taken, params) if nested else primitive.compute(taken, params)
        if primitive.constant:
            return out
        return self.dual(primitive, tangents, out, taken, params) if active else Dual(out, self, None)

    def dual(
        self,
        primitive: Primitive,
        tangents: Sequence[Any],
        out: Any,
        values: tuple[Any, ...],
        params: Mapping[str, Any],
    ) -> Dual:
        """The output with the tangent that the primitive's rule gives it; at least one argument has a tangent."""
        if type(out) is float and self.direct and self.single:
            return Dual(out, self, primitive.jvp(tangents, out, values, params, False))
        return Dual(out, self, quietly(self._pushed, primitive, tangents, out, values, params))

    def _pushed(
        self,
        primitive: Primitive,
        tangents: Sequence[Any],
        out: Any,
        values: tuple[Any, ...],
        params: Mapping[str, Any],
    ) -> Any:
        """The tangent that the primitive's rule gives, or its guarded form."""
        if isinstance(out, Box) and (stage := stage_of(out)) is not None:
            return stage.push(primitive, tangents, out, values, params, self.batched)
        if self.guarded:
            return guard.push(primitive, tangents, out, values, params, self.batched)
        return primitive.jvp(tangents, out, values, params, self.batched)


# -- operations, without detours where all operands are plain or of the same trace -----------------
def _push_product(row: Any, out: Any, x: Any, y: Any, s: Any, t: Any) -> Any:
    """s * y + t * x, of which s or t may be None."""
    if t is None:
        return s * y
    return t * x if s is None else s * y + t * x


def _push_sum(row: Any, out: Any, x: Any, y: Any, s: Any, t: Any) -> Any:
    if t is None:
        return s
    return t if s is None else s + t


def _push_difference(row: Any, out: Any, x: Any, y: Any, s: Any, t: Any) -> Any:
    if t is None:
        return s
    return -t if s is None else s - t


def _push_function(row: Any, out: Any, x: Any, y: Any, s: Any, t: Any) -> Any:
    try:
        return s * row.partials[0](out, x)
    except (ZeroDivisionError, OverflowError):
        return row.scaled(0, s, out, (x,))


def _push_elementwise(row: Any, out: Any, x: Any, y: Any, s: Any, t: Any) -> Any:
    args = (x,) if y is None else (x, y)
    if s is None:
        return row.scaled(1, t, out, args)
    term = row.scaled(0, s, out, args)
    return term if t is None else term + row.scaled(1, t, out, args)


# How the tangents of x and y, of which one may be None, make that of an elementwise row's output where nothing has to
# be fitted.
_RULES = {
    PRODUCT: _push_product,
    SUM: _push_sum,
    DIFFERENCE: _push_difference,
    FUNCTION: _push_function,
}


def _pushed(trace: DualTrace, row: Elementwise, out: Any, x: Any, y: Any, s: Any, t: Any) -> Dual:
    """The output of an elementwise row, not of Python's numbers alone, with its tangent; y is None where there is
    none."""
    if s is None and t is None:
        return Dual(out, trace, None)
    if not ((type(x) in PLAIN_NUMBERS and (y is None or type(y) in PLAIN_NUMBERS)) or fits(out, x, y, s, t)):
        values, tangents = ((x,), (s,)) if y is None else ((x, y), (s, t))
        return trace.dual(row, tangents, out, values, NO_PARAMS)
    found = _new(Dual)
    found.owner = trace
    found.value = out
    found.note = quietly(_RULES.get(kind_of(row), _push_elementwise), row, out, x, y, s, t)
    return found


def _binary(primitive: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator methods of a dual number for one primitive of two arguments."""
    if primitive is _general_product:
        return bound_binary(_product)
    general, general_reflected = bound_binary(primitive)
    if not isinstance(primitive, Elementwise) or primitive.fun is primitive.ufunc:
        return general, general_reflected
    fun, new, numbers, rule = primitive.fun, _new, PLAIN_NUMBERS, _RULES.get(kind_of(primitive), _push_elementwise)

    def forward(self: Dual, other: Any) -> Any:
        trace, x, s, other_type = self.owner, self.value, self.note, type(other)
        if other_type is Dual and other.owner is trace:
            y, t = other.value, other.note
        elif other_type in numbers or (other_type is _ndarray and not other.dtype.hasobject):
            y, t = other, None
        else:
            return general(self, other)
        if not trace.direct or (s is None and t is None):
            return general(self, other)
        try:
            out = fun(x, y)
        except (ZeroDivisionError, OverflowError):
            out = primitive.ufunc(x, y)
        if type(out) is not float:
            return _pushed(trace, primitive, out, x, y, s, t)
        found = new(Dual)
        found.owner = trace
        found.value = out
        if trace.single:
            found.note = rule(primitive, out, x, y, s, t)
        else:
            found.note = quietly(rule, primitive, out, x, y, s, t)
        return found

    def reflected(self: Dual, other: Any) -> Any:
        trace, y, t = self.owner, self.value, self.note
        if type(other) not in numbers or not trace.direct or t is None:
            return general_reflected(self, other)
        try:
            out = fun(other, y)
        except (ZeroDivisionError, OverflowError):
            out = primitive.ufunc(other, y)
        if type(out) is not float:
            return _pushed(trace, primitive, out, other, y, None, t)
        found = new(Dual)
        found.owner = trace
        found.value = out
        if trace.single:
            found.note = rule(primitive, out, other, y, None, t)
        else:
            found.note = quietly(rule, primitive, out, other, y, None, t)
        return found

    return forward, reflected


def _of_one(row: Elementwise, arg: Dual) -> Any:
    """An elementwise function of one argument, called by its name."""
    trace, x, s = arg.owner, arg.value, arg.note
    if not trace.direct or s is None or (type(x) is not _ndarray and type(x) not in PLAIN_NUMBERS):
        return row(arg)
    try:
        out = row.fun(x)
    except (ZeroDivisionError, OverflowError):
        out = row.ufunc(x)
    return _pushed(trace, row, out, x, None, s, None)


def _operand(trace: Any, arg: Any) -> tuple[Any, Any]:
    """The value and the tangent of an argument that needs no detour; None, None of another."""
    tangent = None
    if type(arg) is Dual and arg.owner is trace:
        arg, tangent = arg.value, arg.note
    if type(arg) is _ndarray:
        return (None, None) if arg.dtype.hasobject else (arg, tangent)
    return (arg, tangent) if type(arg) in PLAIN_NUMBERS else (None, None)


def _of_two(row: Elementwise, *args: Any) -> Any:
    """An elementwise function of two arguments, called by its name."""
    if len(args) != 2:
        return row(*args)
    trace: Any = args[0].owner if type(args[0]) is Dual else args[1].owner if type(args[1]) is Dual else None
    (x, s), (y, t) = (_operand(trace, arg) for arg in args)
    if x is None or y is None or not trace.direct:
        return row(*args)
    try:
        out = row.fun(x, y)
    except (ZeroDivisionError, OverflowError):
        out = row.ufunc(x, y)
    return _pushed(trace, row, out, x, y, s, t)


def _product(*args: Any) -> Any:
    """x @ y, one of them a dual number."""
    trace: Any = args[0].owner if type(args[0]) is Dual else args[1].owner if type(args[1]) is Dual else None
    (x, s), (y, t) = (_operand(trace, arg) for arg in args)
    if type(x) is not _ndarray or type(y) is not _ndarray or not trace.direct or (s is None and t is None):
        return _general_product(*args)
    row = products.matmul_p
    return trace.dual(row, (s, t), row.fun(x, y), (x, y), NO_PARAMS)


def _unary(primitive: Any) -> Callable[..., Any]:
    """The operator method of a dual number for one primitive of one argument."""
    if isinstance(primitive, Elementwise):
        return lambda self: _of_one(primitive, self)
    return lambda self: primitive(self)


install_operators(Dual, _binary, _unary)


# -- runs of f -------------------------------------------------------------------------------------
Outputs = tuple[list[Any], list[Any]]


def push(
    fun: Callable[[list[Any]], list[Any]], primals: Sequence[Any], tangents: Sequence[Any], *, batched: bool = False
) -> Outputs:
    """Run fun, from a list of leaves to a list of leaves, once on duals; its outputs and their tangents.

    A tangent of None makes the input a constant. Where an output does not depend on the inputs its tangent is None.
    """
    outputs, found = run(fun, primals, tangents, DualTrace(batched))
    if (stage := stage_of(*outputs, *found)) is not None:
        stage.expect_numbers(found)
        return outputs, found
    if any(t is not None and has_nan(t) for t in found):
        masked = [None if t is None else guard.Guarded(t, guard.live_in(t)) for t in tangents]
        outputs, pairs = run(fun, primals, masked, DualTrace(batched, guarded=True))
        found = [None if pair is None else pair.derivative for pair in pairs]
    return outputs, found


def run(
    fun: Callable[[list[Any]], list[Any]], primals: Sequence[Any], tangents: Sequence[Any], trace: DualTrace
) -> Outputs:
    duals = [x if t is None else Dual(x, trace, t) for x, t in zip(primals, tangents, strict=True)]
    try:
        outputs = fun(duals)
    finally:
        trace.close()
    mine = [type(y) is Dual and y.owner is trace for y in outputs]
    values = [y.value if own else y for y, own in zip(outputs, mine, strict=True)]
    return values, [y.tangent if own else None for y, own in zip(outputs, mine, strict=True)]


def seeds(leaves: Sequence[Any], start: int, stop: int) -> list[Any]:
    """The unit directions start to stop of all leaves together, stacked along a leading axis; None where all 0."""
    stacked: list[Any] = []
    offset = 0
    numbers = np.eye(stop - start)
    for leaf in leaves:
        if type(leaf) is float:
            stacked.append(numbers[offset - start] if start <= offset < stop else None)
            offset += 1
            continue
        size = int(np.size(plain(leaf)))
        first, last = max(start - offset, 0), min(stop - offset, size)
        stacked.append(
            _unit_directions(leaf, size, first, last, offset - start, stop - start) if first < last else None
        )
        offset += size
    return stacked


def _unit_directions(leaf: Any, size: int, first: int, last: int, shift: int, count: int) -> Any:
    """Directions first to last of one leaf, each in its row of a stack of `count`."""
    dtype = np.asarray(plain(leaf)).dtype
    block = np.zeros((count, size), dtype)
    components = np.arange(first, last)
    block[components + shift, components] = 1
    return block.reshape(count, *np.shape(plain(leaf)))
