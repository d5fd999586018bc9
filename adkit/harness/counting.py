"""What one gradient costs in counts, which repeat exactly on every machine, and in memory."""

from __future__ import annotations

import functools
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from ..calls import Call
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


def counts(method: Method, call: Call, cache: Cache, derivative: Derivative = "gradient") -> dict[str, Any]:
    """What one value and derivative costs, by the fields of a row: `passes`, `primitive_ops`, `f_ops`, `flops`,
    `f_flops`, `bound`, `tape_length`, `tape_bytes`, `expression_nodes` and `tree_nodes`, None where there is none."""
    return {
        "passes": method.passes(call),
        "primitive_ops": method.operations(call, cache),
        "tape_bytes": method.tape_bytes(call),
    }
