"""Random smooth functions of one number, of random scales: nobody chose them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .case import Case, of_number

_UNARY = ("sin", "cos", "tanh", "arctan", "exp(sin)", "log(1 + square)", "sqrt(1 + square)", "1/(1 + square)")
_BINARY = ("+", "*", "-")


def _unary(m: Any, name: str, x: Any) -> Any:
    if name == "exp(sin)":
        return m.exp(m.sin(x))
    if name == "log(1 + square)":
        return m.log(1 + x * x)
    if name == "sqrt(1 + square)":
        return m.sqrt(1 + x * x)
    if name == "1/(1 + square)":
        return 1 / (1 + x * x)
    return getattr(m, name)(x)


def _evaluated(m: Any, tree: Any, x: Any) -> Any:
    """A tree of operations at x; a leaf is a multiple of x and a constant."""
    name, *parts = tree
    if name == "leaf":
        return parts[0] * x + parts[1]
    values = [_evaluated(m, part, x) for part in parts]
    if name == "+":
        return values[0] + values[1]
    if name == "-":
        return values[0] - values[1]
    if name == "*":
        return values[0] * values[1]
    return _unary(m, name, values[0])


def _tree(random: np.random.Generator, depth: int, scale: float) -> Any:
    if depth == 0:
        return "leaf", float(scale * random.uniform(0.5, 2)), float(random.normal())
    if random.random() < 0.5:
        return str(random.choice(_UNARY)), _tree(random, depth - 1, scale)
    return str(random.choice(_BINARY)), _tree(random, depth - 1, scale), _tree(random, depth - 1, scale)


def drawn(number: int, seed: int = 0) -> Iterator[Case]:
    """Random cases, the same for the same seed; x and f have sizes from 1e-10 to 1e10, sometimes f an offset."""
    for i in range(number):
        random = np.random.default_rng((seed, i))
        size, height = (float(10 ** random.uniform(-10, 10)) for _ in range(2))
        tree = _tree(random, int(random.integers(1, 5)), 1 / size)
        offset = float(height * 10 ** random.uniform(0, 6)) if random.random() < 0.25 else 0.0
        x = float(size * random.normal())

        def formula(m: Any, x: Any, tree: Any = tree, height: float = height, offset: float = offset) -> Any:
            return height * _evaluated(m, tree, x) + offset

        yield Case(f"random function {i}", "random", of_number(formula), (x,), width=size)
