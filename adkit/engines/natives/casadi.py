"""The problems in CasADi: SX for programs of numbers, MX for products of matrices; one Function, run on buffers.

Buffers are CasADi's quickest way to call a Function. They are read and written by columns, so that a NumPy array in C
order is handed over, without a copy, as its transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..casadi import casadi


class Buffered:
    """A Function of its value and gradients on buffers: `given` and `found` of each input and result."""

    def __init__(self, inputs: Any, results: Any) -> None:
        self.function = casadi.Function("derivative", inputs, [casadi.densify(x) for x in results])
        self.buffer, self.run = self.function.buffer()
        self.given: list[Any] = [np.zeros(x.numel()).data for x in inputs]
        self.found: list[Any] = [np.zeros(x.numel()).data for x in results]
        for i, view in enumerate(self.given):
            self.buffer.set_arg(i, view)
        for i, view in enumerate(self.found):
            self.buffer.set_res(i, view)

    def kept_by(self, function: Any) -> Any:
        """The function that runs on these buffers, which must live as long."""
        function.buffers = self
        return function

    def on_arrays(self, arrays: Any, shapes: Any) -> tuple[float, list[Any]]:
        """Value and gradients of these shapes, arrays read where they lie."""
        arrays = [np.ascontiguousarray(x) for x in arrays]
        found = [np.empty(shape) for shape in shapes]
        for i, array in enumerate(arrays):
            self.buffer.set_arg(i, array.data)
        for i, array in enumerate(found):
            self.buffer.set_res(i + 1, array.data)
        self.run()
        return self.found[0][0], found


def bivariate(x1: float, x2: float) -> Callable[..., Any]:
    x = casadi.SX.sym("x", 2)
    out = x[0] * x[1] + casadi.sin(x[0])
    call = Buffered([x], [out, casadi.gradient(out, x)])
    (given,), (value, slopes), run = call.given, call.found, call.run

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
    (given,), (value, slope), run = call.given, call.found, call.run

    def value_and_gradient(x: float, n: int) -> tuple[float, float]:
        given[0] = x
        run()
        return value[0], slope[0]

    return call.kept_by(value_and_gradient)


def _matrix(name: str, like: Any) -> Any:
    """The symbol of the transpose of an array, which is how CasADi sees it; of a vector a row."""
    rows, columns = like.shape if like.ndim == 2 else (1, like.shape[0])
    return casadi.MX.sym(name, columns, rows)


def _cross_entropy(z: Any, y: Any) -> Any:
    softplus = casadi.fmax(z, 0) + casadi.log1p(casadi.exp(-casadi.fabs(z)))
    return casadi.sum1(casadi.sum2(softplus - y * z)) / z.numel()


def logistic_regression(w: Any, X: Any, y: Any) -> Callable[..., Any]:
    weights, data, labels = (_matrix(name, x) for name, x in (("w", w), ("X", X), ("y", y)))
    out = _cross_entropy(casadi.mtimes(weights.T, data), labels.T)
    call = Buffered([weights, data, labels], [out, casadi.gradient(out, weights)])

    def value_and_gradient(w: Any, X: Any, y: Any) -> tuple[float, Any]:
        value, (gradient,) = call.on_arrays((w, X, y), (w.shape,))
        return value, gradient

    return value_and_gradient


def mlp(params: Any, X: Any, y: Any) -> Callable[..., Any]:
    arrays = [array for layer in params for array in layer]
    symbols = [_matrix(f"p{i}", array) for i, array in enumerate(arrays)]
    data, labels = _matrix("X", X), _matrix("y", y)
    a = z = data
    for W, b in zip(symbols[::2], symbols[1::2], strict=True):
        z = casadi.mtimes(W, a) + casadi.repmat(b, 1, len(X))
        a = 0.5 * (casadi.tanh(0.5 * z) + 1)
    out = _cross_entropy(z, labels)
    slopes = [casadi.gradient(out, symbol) for symbol in symbols]
    call = Buffered([*symbols, data, labels], [out, *slopes])

    def value_and_gradient(params: Any, X: Any, y: Any) -> tuple[float, Any]:
        arrays = [array for layer in params for array in layer]
        value, found = call.on_arrays((*arrays, X, y), [array.shape for array in arrays])
        return value, list(zip(found[::2], found[1::2], strict=True))

    return value_and_gradient


NATIVE = {
    "adkit.problems.bivariate.bivariate": bivariate,
    "adkit.problems.logistic_map.logistic_map": logistic_map,
    "adkit.problems.logistic_regression.logistic_regression": logistic_regression,
    "adkit.problems.mlp.mlp": mlp,
}
