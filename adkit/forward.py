"""Forward mode: dual numbers. A dual carries its value and a tangent, or k tangents stacked along a leading axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .primitives import Elementwise, Primitive, guard
from .primitives.table import has_nan
from .tracing import NO_PARAMS, PLAIN_NUMBERS, Box, Trace, bind, bound_binary, install_operators, plain, stage_of


class Dual(Box):
    """A value and its tangent (in a guarded run a `guard.Guarded` one), None where it does not depend on the inputs."""

    __slots__ = ()
    tangent: Any = Box.note

    def __init__(self, value: Any, trace: DualTrace, tangent: Any) -> None:
        self.value = value
        self.owner = trace
        self.note = tangent


class DualTrace(Trace):
    """One pass of f on dual numbers. `batched`: tangents have a leading axis; `guarded`: they carry masks."""

    __slots__ = ("batched", "guarded")

    def __init__(self, batched: bool, guarded: bool = False) -> None:
        super().__init__()
        self.batched = batched
        self.guarded = guarded

    def lift(self, value: Any) -> Dual:
        return Dual(value, self, None)

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        values = self.strip(args)
        out = bind(primitive, values, params)
        if primitive.constant:
            return out
        tangents = [a.tangent if type(a) is Dual and a.owner is self else None for a in args]
        if tangents[0] is None and all(t is None for t in tangents):
            return Dual(out, self, None)
        return self.dual(primitive, tangents, out, values, params)

    def dual(
        self,
        primitive: Primitive,
        tangents: Sequence[Any],
        out: Any,
        values: tuple[Any, ...],
        params: Mapping[str, Any],
    ) -> Dual:
        """The output with the tangent that the primitive's rule gives it; at least one argument has a tangent."""
        if type(out) is float and not self.batched and not self.guarded:
            return Dual(out, self, primitive.jvp(tangents, out, values, params, False))
        # What a rule meets at a pole or an overflow is the derivative's business, not a warning to the caller.
        with np.errstate(all="ignore"):
            if isinstance(out, Box) and (stage := stage_of(out)) is not None:
                return Dual(out, self, stage.push(primitive, tangents, out, values, params, self.batched))
            if self.guarded:
                return Dual(out, self, guard.push(primitive, tangents, out, values, params, self.batched))
            return Dual(out, self, primitive.jvp(tangents, out, values, params, self.batched))


# -- operators, without detours where both operands are plain or of the same trace -----------------
def _binary(primitive: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator methods of a dual number for one primitive of two arguments."""
    general, general_reflected = bound_binary(primitive)
    if not isinstance(primitive, Elementwise) or primitive.fun is primitive.ufunc:
        return general, general_reflected

    def forward(self: Dual, other: Any) -> Any:
        trace, kind = self.owner, type(other)
        if trace.closed or self.tangent is None:
            return general(self, other)
        if kind is Dual and other.owner is trace:
            values, tangents = (self.value, other.value), (self.tangent, other.tangent)
        elif kind in PLAIN_NUMBERS:
            values, tangents = (self.value, other), (self.tangent, None)
        else:
            return general(self, other)
        return trace.dual(primitive, tangents, primitive.compute(values, NO_PARAMS), values, NO_PARAMS)

    def reflected(self: Dual, other: Any) -> Any:
        if type(other) not in PLAIN_NUMBERS or self.owner.closed or self.tangent is None:
            return general_reflected(self, other)
        values = (other, self.value)
        return self.owner.dual(primitive, (None, self.tangent), primitive.compute(values, NO_PARAMS), values, NO_PARAMS)

    return forward, reflected


install_operators(Dual, _binary, lambda primitive: lambda self: primitive(self))


# -- runs of f -------------------------------------------------------------------------------------
Outputs = tuple[list[Any], list[Any]]


def push(
    fun: Callable[[list[Any]], list[Any]], primals: Sequence[Any], tangents: Sequence[Any], *, batched: bool = False
) -> Outputs:
    """Run fun, from a list of leaves to a list of leaves, once on duals; its outputs and their tangents.

    A tangent of None makes the input a constant. Where an output does not depend on the inputs its tangent is None.
    """
    outputs, found = _run(fun, primals, tangents, DualTrace(batched))
    if (stage := stage_of(*outputs, *found)) is not None:
        stage.expect_numbers(found)
        return outputs, found
    if any(t is not None and has_nan(t) for t in found):
        masked = [None if t is None else guard.Guarded(t, guard.live_in(t)) for t in tangents]
        outputs, pairs = _run(fun, primals, masked, DualTrace(batched, guarded=True))
        found = [None if pair is None else pair.derivative for pair in pairs]
    return outputs, found


def _run(
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
    for leaf in leaves:
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


# What is part of another run, which looks at the tangents that come of it.
run = _run
