"""HIPS autograd, which differentiates plain NumPy code as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def value_and_gradient(f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., tuple[Any, tuple[Any, ...]]]:
    """A function returning f's value and a tuple of gradients, one for each of the argnums."""
    import autograd

    differentiate: Any = vars(autograd)["value_and_grad"]  # a name that type checkers do not find
    return differentiate(f, argnums)


def jacobian(f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., tuple[Any, ...]]:
    """A function returning the Jacobians of f, which returns one array, by each of the argnums."""
    import autograd

    by_each = [vars(autograd)["jacobian"](f, argnum) for argnum in argnums]
    return lambda *args, **kwargs: tuple([by(*args, **kwargs) for by in by_each])
