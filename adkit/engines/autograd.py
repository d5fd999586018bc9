"""HIPS autograd, which differentiates plain NumPy code as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd


def value_and_gradient(f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., tuple[Any, tuple[Any, ...]]]:
    """A function returning f's value and a tuple of gradients, one for each of the argnums."""
    differentiate: Any = autograd.value_and_grad
    return differentiate(f, argnums)
