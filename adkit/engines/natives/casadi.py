"""The problems in CasADi: SX for programs of numbers, MX for products of matrices; one Function, run on buffers.

Buffers are CasADi's quickest way to call a Function. They are read and written by columns, so that a NumPy array in C
order is handed over, without a copy, as its transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import casadi
import numpy as np


class Buffered:
    """A Function of several arrays with its value and gradients, in buffers of its own."""

    def __init__(self, inputs: Any, results: Any) -> None:
        self.function = casadi.Function("derivative", inputs, [casadi.densify(x) for x in results])
        self.buffer, self.run = self.function.buffer()
        self.given = [np.zeros(x.numel()) for x in inputs]
        self.found = [np.zeros(x.numel()) for x in results]
        for i, array in enumerate(self.given):
            self.buffer.set_arg(i, memoryview(array))
        for i, array in enumerate(self.found):
            self.buffer.set_res(i, memoryview(array))

    def kept_by(self, function: Any) -> Any:
        """The function that runs on these buffers, which must live as long."""
        function.buffers = self
        return function


def bivariate(x1: float, x2: float) -> Callable[..., Any]:
    x = casadi.SX.sym("x", 2)  # type: ignore[call-arg]
    out = x[0] * x[1] + casadi.sin(x[0])
    call = Buffered([x], [out, casadi.gradient(out, x)])
    given, value, slopes = (memoryview(a) for a in (*call.given, *call.found))
    run = call.run

    def value_and_gradient(x1: float, x2: float) -> tuple[float, tuple[float, float]]:
        given[0], given[1] = x1, x2
        run()
        return value[0], (slopes[0], slopes[1])

    return call.kept_by(value_and_gradient)


def logistic_map(x: float, n: int) -> Callable[..., Any]:
    start = out = casadi.SX.sym("x")
    for _ in range(n - 1):
        out = 4 * out * (1 - out)
    call = Buffered([start], [out, casadi.gradient(out, start)])
    given, value, slope = (memoryview(a) for a in (*call.given, *call.found))
    run = call.run

    def value_and_gradient(x: float, n: int) -> tuple[float, float]:
        given[0] = x
        run()
        return value[0], slope[0]

    return call.kept_by(value_and_gradient)


NATIVE = {
    "adkit.problems.bivariate.bivariate": bivariate,
    "adkit.problems.logistic_map.logistic_map": logistic_map,
}
