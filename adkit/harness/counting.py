"""What one gradient costs in counts, which repeat exactly on every machine, and in memory."""

from __future__ import annotations

import functools
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from .. import graph, reverse
from ..calls import Call
from ..methods import Cache, Method, Numerical, Reverse, Symbolic


class OutOfTimeError(Exception):
    """The method called f again after its time was up."""


class Watched:
    """f, counting its calls and refusing another one after the deadline: how a cell of a table is kept in bounds."""

    def __init__(self, f: Callable[..., Any], clock: Callable[[], float] = time.perf_counter) -> None:
        functools.update_wrapper(self, f)
        self.f = f
        self.clock = clock
        self.deadline = float("inf")
        self.calls = 0

    def stop_after(self, seconds: float) -> None:
        self.deadline = self.clock() + seconds

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.clock() > self.deadline:
            raise OutOfTimeError
        self.calls += 1
        return self.f(*args, **kwargs)


def primitive_ops(method: Method, call: Call, cache: Cache) -> int | None:
    """Primitive operations of one value-and-gradient, an array operation counting as one; None where unknown.

    Everything adkit computes with runs through the table, so the gradient itself can be recorded and counted.
    """
    if method.optional:
        return None
    try:
        if isinstance(method, Symbolic):
            return method.operations(call, cache)
        if isinstance(method, Numerical):
            return method.passes(call) * _recorded_ops(call.scalar, call.leaves)
        return _recorded_ops(lambda leaves: method.value_and_gradient(call.moved(leaves), {})[1], call.leaves)
    except Exception:  # f, or a method of the caller's own, may not take traced values
        return None


def _recorded_ops(fun: Callable[[list[Any]], Any], leaves: list[Any]) -> int:
    recorded = graph.record(fun, leaves)
    return len(recorded.nodes) + len(recorded.decisions)


def tape_bytes(method: Method, call: Call) -> int | None:
    """Bytes held by the tape when f has been recorded; None for a method without a tape."""
    if not isinstance(method, Reverse):
        return None
    _, _, tape = reverse.record(call.scalar, call.leaves)
    return tape.nbytes()


def peak_bytes(thunk: Callable[[], object]) -> int:
    """The most memory held at once during the call, beyond what was there before."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        thunk()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()
