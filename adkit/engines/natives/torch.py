"""The problems in PyTorch, eagerly: one fused function where torch has one, and torch.autograd.grad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..torch import recording, tensor, torch

binary_cross_entropy_with_logits = torch.nn.functional.binary_cross_entropy_with_logits


def bivariate(x1: Any, x2: Any) -> Any:
    return x1 * x2 + torch.sin(x1)


def logistic_map(x: Any, n: int) -> Any:
    for _ in range(n - 1):
        x = 4 * x * (1 - x)
    return x


def logistic_regression(w: Any, X: Any, y: Any) -> Any:
    return binary_cross_entropy_with_logits(torch.mv(X, w), y)


def mlp(params: Any, X: Any, y: Any) -> Any:
    *hidden, (W_out, b_out) = params
    a = X
    for W, b in hidden:
        a = torch.sigmoid(torch.addmm(b, a, W))
    return binary_cross_entropy_with_logits(torch.addmm(b_out, a, W_out), y)


def _numbers(f: Callable[..., Any], count: int) -> Callable[..., Callable[..., tuple[Any, Any]]]:
    """By the first `count` arguments, which are Python's numbers."""

    @recording
    def value_and_gradient(*args: Any) -> tuple[Any, Any]:
        active = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in args[:count]]
        out = f(*active, *args[count:])
        gradient = tuple([x.item() for x in torch.autograd.grad(out, active)])
        return out.item(), gradient if count > 1 else gradient[0]

    return lambda *args: value_and_gradient


@recording
def _weights(w: Any, X: Any, y: Any) -> tuple[Any, Any]:
    active = tensor(w).requires_grad_()
    out = logistic_regression(active, tensor(X), tensor(y))
    (gradient,) = torch.autograd.grad(out, (active,))
    return out.item(), gradient.numpy()


@recording
def _layers(params: Any, X: Any, y: Any) -> tuple[Any, Any]:
    layers = [(tensor(W).requires_grad_(), tensor(b).requires_grad_()) for W, b in params]
    out = mlp(layers, tensor(X), tensor(y))
    found = iter(torch.autograd.grad(out, [x for layer in layers for x in layer]))
    return out.item(), [(next(found).numpy(), next(found).numpy()) for _ in layers]


NATIVE = {
    "adkit.problems.bivariate.bivariate": _numbers(bivariate, 2),
    "adkit.problems.logistic_map.logistic_map": _numbers(logistic_map, 1),
    "adkit.problems.logistic_regression.logistic_regression": lambda *args: _weights,
    "adkit.problems.mlp.mlp": lambda *args: _layers,
}
