"""The problems in autograd's own NumPy, which are the same lines."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

np: Any = import_module("autograd.numpy")
value_and_grad: Any = import_module("autograd").value_and_grad


def bivariate(x1: Any, x2: Any) -> Any:
    return x1 * x2 + np.sin(x1)


def logistic_map(x: Any, n: int) -> Any:
    for _ in range(n - 1):
        x = 4 * x * (1 - x)
    return x


def logistic_regression(w: Any, X: Any, y: Any) -> Any:
    z = np.dot(X, w)
    return np.mean(np.logaddexp(0, z) - y * z)


def mlp(params: Any, X: Any, y: Any) -> Any:
    *hidden, (W_out, b_out) = params
    a = X
    for W, b in hidden:
        a = 0.5 * (np.tanh(0.5 * (np.dot(a, W) + b)) + 1)
    z = np.dot(a, W_out) + b_out
    return np.mean(np.logaddexp(0, z) - y * z)


def _by(f: Callable[..., Any], argnum: Any = 0) -> Callable[..., Callable[..., tuple[Any, Any]]]:
    return lambda *args: value_and_grad(f, argnum)


NATIVE = {
    "adkit.problems.bivariate.bivariate": _by(bivariate, (0, 1)),
    "adkit.problems.logistic_map.logistic_map": _by(logistic_map),
    "adkit.problems.logistic_regression.logistic_regression": _by(logistic_regression),
    "adkit.problems.mlp.mlp": _by(mlp),
}
