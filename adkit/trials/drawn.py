"""Random smooth functions of one number, of random scales: nobody chose them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .case import Case, of_number
from .noisy import scatter

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
    """Random smooth cases, the same for the same seed; sizes of x and f from 1e-10 to 1e10, some f with an offset."""
    for i in range(number):
        random = np.random.default_rng((seed, i))
        size, height = (float(10 ** random.uniform(-10, 10)) for _ in range(2))
        tree = _tree(random, int(random.integers(1, 5)), 1 / size)
        offset = float(height * 10 ** random.uniform(0, 6)) if random.random() < 0.25 else 0.0
        x = float(size * random.normal())
        smooth = _scaled(tree, height, offset)
        # Its slope here may be much less than nearby, by accident.
        known: dict[str, Any] = {"width": size, "scale": height / size, "noise": 2.0**-50 * height}
        yield Case(f"random function {i}", "random", of_number(smooth), (x,), **known)


def broken(number: int, seed: int = 0) -> Iterator[Case]:
    """Random cases with a kink, a cusp or a jump at the point, or with noise, in turn."""
    for i in range(number):
        # A stream apart from that of the smooth cases.
        random = np.random.default_rng((seed, i, 1))
        size, height = (float(10 ** random.uniform(-10, 10)) for _ in range(2))
        smooth = _scaled(_tree(random, int(random.integers(1, 4)), 1 / size), height, 0.0)
        x = float(size * random.normal())
        yield _BREAKS[i % len(_BREAKS)](i, smooth, x, size, height, random)


Smooth = Callable[[Any, Any], Any]


def _scaled(tree: Any, height: float, offset: float) -> Smooth:
    return lambda m, x: height * _evaluated(m, tree, x) + offset


def _kink(i: int, smooth: Smooth, x: float, size: float, height: float, random: np.random.Generator) -> Case:
    slope = float(height / size * 10 ** random.uniform(-3, 1))

    def formula(m: Any, t: Any) -> Any:
        return smooth(m, t) + slope * m.abs(t - x)

    return Case(f"random kink {i}", "random breaks", of_number(formula), (x,), "kink", width=size)


def _jump(i: int, smooth: Smooth, x: float, size: float, height: float, random: np.random.Generator) -> Case:
    step = float(height * 10 ** random.uniform(-6, 1))

    def formula(m: Any, t: Any) -> Any:
        return smooth(m, t) + step * (t >= x)

    return Case(f"random jump {i}", "random breaks", of_number(formula), (x,), "jump", width=size)


def _cusp(i: int, smooth: Smooth, x: float, size: float, height: float, random: np.random.Generator) -> Case:
    factor = float(height * 10 ** random.uniform(-2, 1))

    def formula(m: Any, t: Any) -> Any:
        return smooth(m, t) + factor * m.sqrt(m.abs(t - x) / size)

    return Case(f"random cusp {i}", "random breaks", of_number(formula), (x,), "cusp", width=size)


def _noise(i: int, smooth: Smooth, x: float, size: float, height: float, random: np.random.Generator) -> Case:
    level = max(height, abs(float(smooth(np, x)))) * float(10 ** random.uniform(-11, -4))

    def computed(t: Any) -> Any:
        return smooth(np, t[0]) + level * scatter(t[0])

    formula = of_number(smooth)
    known: dict[str, Any] = {"computed": computed, "noise": level, "width": size, "scale": height / size}
    return Case(f"random noise {i}", "random breaks", formula, (x,), "noisy", **known)


_BREAKS = (_kink, _jump, _cusp, _noise)
