"""What one gradient costs in counts, which repeat exactly on every machine, and in memory."""

from __future__ import annotations

import functools
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from .. import costs
from ..calls import Call, size_of
from ..methods import Cache, Method
from ..records import Derivative


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


def counts(
    method: Method, call: Call, cache: Cache, derivative: Derivative = "gradient", patient: bool = True
) -> dict[str, Any]:
    """What one value and derivative takes, by the fields of a row; what a method has none of, or f does not tell, is
    None. f is run a few times on numbers that count; all of a method that knows no shorter way only if `patient`."""
    knows = type(method).cost is not Method.cost
    outputs = 1 if derivative == "gradient" else size_of(call.output_leaves(call(call.leaves))[0])
    of_f = costs.of(call, call.leaves)
    cost = method.cost(call, cache, derivative) if patient or knows else None
    tape = method.tape(call) or (None, None)
    nodes = method.expression_nodes(call, cache, derivative) or (None, None)
    return {
        "passes": method.passes(call, outputs),
        "primitive_ops": cost and cost.operations,
        "f_ops": of_f and of_f.operations,
        "flops": cost and cost.flops,
        "f_flops": of_f and of_f.flops,
        "bound": method.bound(call, outputs),
        "tape_length": tape[0],
        "tape_bytes": tape[1],
        "expression_nodes": nodes[0],
        "tree_nodes": nodes[1],
    }
