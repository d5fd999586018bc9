"""Functions whose computed values scatter: noise, single precision, rounding to a grid, loose tolerances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .case import Family


def scatter(x: Any) -> float:
    """Between -1 and 1, the same for the same number and unrelated for its neighbours: splitmix64 of its bits."""
    bits = int(np.float64(x).view(np.uint64))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        bits = ((bits ^ (bits >> shift)) * factor) % 2**64
    return bits / 2.0**63 - 1


def _noise(level: float, formula: Callable[[Any, Any], Any]) -> dict[str, Any]:
    return {"computed": lambda x: formula(np, x) + level * scatter(x), "situation": "noisy", "noise": level}


noise = Family("noise")
_FUNCTIONS: dict[str, tuple[float, Callable[[Any, Any], Any]]] = {
    "sin(x) at 1": (1.0, lambda m, x: m.sin(x)),
    "exp(x) + x^2 at 0.5": (0.5, lambda m, x: m.exp(x) + x * x),
    "x^3 at 10": (10.0, lambda m, x: x**3),
    "cos(x) at 0": (0.0, lambda m, x: m.cos(x)),
}
for _level in (1e-10, 1e-8, 1e-5):
    for _name, (_x, _formula) in _FUNCTIONS.items():
        # Noise counts beside the size of f: x^3 at 10 is a thousand.
        _absolute = _level * max(1.0, abs(_formula(np, _x)))
        noise.one(f"{_name}, noise {_level:g}", _x, _formula, **_noise(_absolute, _formula))
noise.one(
    "sin(x) + 1e-8 sin(1e12 x) at 1",
    1.0,
    lambda m, x: m.sin(x),
    computed=lambda x: np.sin(x) + 1e-8 * np.sin(1e12 * x),
    situation="noisy",
    noise=1e-8,
)


def _scattered_norm(x: Any) -> Any:
    return _rosenbrock(np, x) + 1e-8 * scatter(x[0] + 3 * x[1])


def _rosenbrock(m: Any, x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


noise.many(
    "Rosenbrock's function, noise 1e-8",
    (-1.2, 1.0),
    _rosenbrock,
    computed=_scattered_norm,
    situation="noisy",
    noise=1e-8,
)

grids = Family("rounded to a grid")
for _digits in (9, 6, 4):
    grids.one(
        f"sin(x) rounded to {_digits} digits at 1",
        1.0,
        lambda m, x: m.sin(x),
        computed=lambda x, digits=_digits: np.round(np.sin(x), digits),
        situation="noisy",
        noise=0.5 * 10.0**-_digits,
    )
grids.one(
    "x^2 printed with 7 digits at 30",
    30.0,
    lambda m, x: x * x,
    computed=lambda x: float(f"{x * x:.7g}"),
    situation="noisy",
    noise=5e-5,
)
grids.one(
    "1e3 exp(x) rounded to 3 digits at 0",
    0.0,
    lambda m, x: 1e3 * m.exp(x),
    computed=lambda x: np.round(1e3 * np.exp(x), 3),
    situation="noisy",
    noise=5e-4,
)

single = Family("single precision")


def _in_single(formula: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """Computed in single precision, which shows in the type of what is returned."""
    return lambda x: formula(np, np.float32(x))


def _hidden(formula: Callable[[Any, Any], Any]) -> Callable[[Any], float]:
    """Computed in single precision, and returned as a double."""
    return lambda x: float(formula(np, np.float32(x)))


_SINGLE: dict[str, tuple[float, Callable[[Any, Any], Any]]] = {
    "sin(x) at 1": (1.0, lambda m, x: m.sin(x)),
    "x^3 at 1.5": (1.5, lambda m, x: x * x * x),
    "exp(x) at 3": (3.0, lambda m, x: m.exp(x)),
    "log(x) at 1/8": (0.125, lambda m, x: m.log(x)),
}
for _name, (_x, _formula) in _SINGLE.items():
    _level = 2.0**-24 * max(1.0, abs(float(_formula(np, _x))), _x)
    single.one(
        f"{_name}, returned as such", _x, _formula, computed=_in_single(_formula), situation="rough", noise=_level
    )
    single.one(
        f"{_name}, hidden in a double", _x, _formula, computed=_hidden(_formula), situation="noisy", noise=_level
    )

solvers = Family("loose tolerance")


def _bisected(x: Any, tolerance: float) -> float:
    """The root y of y^3 + y = x."""
    low, high = 0.0, 4.0
    while high - low > tolerance:
        y = (low + high) / 2
        low, high = (y, high) if y**3 + y < x else (low, y)
    return (low + high) / 2


def _root(m: Any, x: Any) -> Any:
    """Cardano's formula for the root of y^3 + y = x."""
    d = m.sqrt(x * x / 4 + 1 / 27)
    return m.cbrt(x / 2 + d) + m.cbrt(x / 2 - d)


for _tolerance in (1e-10, 1e-7, 1e-5):
    solvers.one(
        f"root of y^3 + y = x by bisection to {_tolerance:g}",
        3.0,
        _root,
        computed=lambda x, tolerance=_tolerance: _bisected(x, tolerance),
        situation="noisy",
        noise=_tolerance / 2,
    )

FAMILIES = (noise, grids, single, solvers)
