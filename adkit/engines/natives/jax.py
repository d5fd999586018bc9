"""The problems in JAX: jax.jit of jax.value_and_grad, a scan for the loop, and its own softplus and sigmoid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..jax import Compiled, jax, jnp

lax, sigmoid, softplus = jax.lax, jax.nn.sigmoid, jax.nn.softplus


def bivariate(x1: Any, x2: Any) -> Any:
    return x1 * x2 + jnp.sin(x1)


def logistic_map(x: Any, n: int) -> Any:
    """A loop of static length; XLA may unroll a few of its steps at a time."""
    return lax.scan(lambda x, _: (4 * x * (1 - x), None), x, length=n - 1, unroll=min(n - 1, 8) or 1)[0]


def logistic_regression(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return jnp.mean(softplus(z) - y * z)


def mlp(params: Any, X: Any, y: Any) -> Any:
    *hidden, (W_out, b_out) = params
    a = X
    for W, b in hidden:
        a = sigmoid(a @ W + b)
    z = a @ W_out + b_out
    return jnp.mean(softplus(z) - y * z)


def _by(f: Callable[..., Any], argnums: Any = 0, static: tuple[int, ...] = ()) -> Callable[..., Callable[..., Any]]:
    return lambda *args: Compiled(jax.value_and_grad(f, argnums), static_argnums=static)


NATIVE = {
    "adkit.problems.bivariate.bivariate": _by(bivariate, (0, 1)),
    "adkit.problems.logistic_map.logistic_map": _by(logistic_map, static=(1,)),
    "adkit.problems.logistic_regression.logistic_regression": _by(logistic_regression),
    "adkit.problems.mlp.mlp": _by(mlp),
}
