"""Functions that have no derivative at the point: kinks, cusps and jumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import Family
from .noisy import scatter

kinks = Family("kink")
kinks.one("|x| at 0", 0.0, lambda m, x: m.abs(x), situation="kink")
kinks.one("relu(x) at 0", 0.0, lambda m, x: m.maximum(x, 0.0), situation="kink")
kinks.one("leaky relu at 0", 0.0, lambda m, x: m.where(x > 0, x, 0.01 * x), situation="kink")
kinks.one("|x - 1| exp(x) at 1", 1.0, lambda m, x: m.abs(x - 1) * m.exp(x), situation="kink")
kinks.one("|x - 1e6| at 1e6", 1e6, lambda m, x: m.abs(x - 1e6), situation="kink")
kinks.one("|x - 1e-6| at 1e-6", 1e-6, lambda m, x: m.abs(x - 1e-6), situation="kink")
kinks.one("max(x^2, x) at 1", 1.0, lambda m, x: m.maximum(x * x, x), situation="kink")
kinks.one("min(x, 2 - x) at 1", 1.0, lambda m, x: m.minimum(x, 2 - x), situation="kink")
kinks.one("1e-8 |x| at 0", 0.0, lambda m, x: 1e-8 * m.abs(x), situation="kink")
kinks.one("1e8 |x| at 0", 0.0, lambda m, x: 1e8 * m.abs(x), situation="kink")
kinks.one("1e4 + |x| at 0", 0.0, lambda m, x: 1e4 + m.abs(x), situation="kink")
kinks.one("sin(x) + 1e-1 |x - 1| at 1", 1.0, lambda m, x: m.sin(x) + 1e-1 * m.abs(x - 1), situation="kink")
kinks.one("sin(x) + 1e-3 |x - 1| at 1", 1.0, lambda m, x: m.sin(x) + 1e-3 * m.abs(x - 1), situation="kink")
kinks.one("sin(x) + 1e-6 |x - 1| at 1", 1.0, lambda m, x: m.sin(x) + 1e-6 * m.abs(x - 1), situation="kink")
kinks.one("sqrt(x^2) + cos(x) at 0", 0.0, lambda m, x: m.sqrt(x * x) + m.cos(x), situation="kink")
kinks.one("exp(|x|) at 0", 0.0, lambda m, x: m.exp(m.abs(x)), situation="kink")
kinks.one("|sin x| at 0", 0.0, lambda m, x: m.abs(m.sin(x)), situation="kink")
kinks.one(
    "hinge loss at its margin",
    0.5,
    lambda m, x: m.maximum(1 - 2 * x, 0.0) + x * x / 2,
    situation="kink",
)
kinks.one(
    "clip(x, 0, 1) at 1",
    1.0,
    lambda m, x: m.minimum(m.maximum(x, 0.0), 1.0) + x / 4,
    situation="kink",
)
kinks.many("norm at 0", (0.0, 0.0), lambda m, x: m.sqrt(x[0] * x[0] + x[1] * x[1]), situation="kink")
kinks.many("max of a tie", (1.5, 1.5), lambda m, x: m.maximum(x[0], x[1]) + x[0] * x[1], situation="kink")
kinks.many(
    "least squares with |w|, one weight 0",
    (0.7, 0.0, -1.3),
    lambda m, x: (x[0] + 2 * x[1] - x[2] - 1) ** 2 + 0.1 * m.sum(m.abs(x)),
    situation=("smooth", "kink", "smooth"),
)
kinks.many(
    "a unit of relu at its kink",
    (1.0, -0.5, 0.3),
    lambda m, x: m.tanh(m.maximum(x[0] + 2 * x[1], 0.0)) + m.maximum(x[2] + 1, 0.0) * m.sin(x[0]),
    situation=("kink", "kink", "smooth"),
)


def _noisy_kink(level: float, slope: float) -> Any:
    return lambda x: slope * np.abs(x - 1) + np.sin(x) + level * scatter(x)


kinks.one(
    "|x - 1| + sin(x) with noise 1e-10",
    1.0,
    lambda m, x: m.abs(x - 1) + m.sin(x),
    computed=_noisy_kink(1e-10, 1.0),
    situation="kink",
    noise=1e-10,
)
kinks.one(
    "|x - 1| + sin(x) with noise 1e-8",
    1.0,
    lambda m, x: m.abs(x - 1) + m.sin(x),
    computed=_noisy_kink(1e-8, 1.0),
    situation="kink",
    noise=1e-8,
)

cusps = Family("cusp")
cusps.one("sqrt|x| at 0", 0.0, lambda m, x: m.sqrt(m.abs(x)), situation="cusp")
cusps.one("cbrt(x) at 0", 0.0, lambda m, x: m.cbrt(x), situation="cusp")
cusps.one("x^(2/3) at 0", 0.0, lambda m, x: m.cbrt(x) ** 2, situation="cusp")
cusps.one("sqrt|x - 1| + x at 1", 1.0, lambda m, x: m.sqrt(m.abs(x - 1)) + x, situation="cusp")
cusps.one("cbrt(x - 2) + sin(x) at 2", 2.0, lambda m, x: m.cbrt(x - 2) + m.sin(x), situation="cusp")
cusps.one("1e-3 sqrt|x| + 2 x at 0", 0.0, lambda m, x: 1e-3 * m.sqrt(m.abs(x)) + 2 * x, situation="cusp")
cusps.one("|x|^0.8 at 0", 0.0, lambda m, x: m.abs(x) ** 0.8, situation="cusp")
cusps.one("1e6 sqrt|x - 3| at 3", 3.0, lambda m, x: 1e6 * m.sqrt(m.abs(x - 3)), situation="cusp")

jumps = Family("jump")
jumps.one("floor(x) at 2", 2.0, lambda m, x: m.floor(x), situation="jump")
jumps.one("floor(x) + x^2 at 3", 3.0, lambda m, x: m.floor(x) + x * x, situation="jump")
jumps.one("sign(x) at 0", 0.0, lambda m, x: m.sign(x), situation="jump")
jumps.one("x + [x >= 0] at 0", 0.0, lambda m, x: x + 1.0 * (x >= 0), situation="jump")
jumps.one("x + [x > 0] at 0", 0.0, lambda m, x: x + 1.0 * (x > 0), situation="jump")
jumps.one("sin(x) + 1e-3 [x >= 1] at 1", 1.0, lambda m, x: m.sin(x) + 1e-3 * (x >= 1), situation="jump")
jumps.one("sin(x) + 1e-6 [x >= 1] at 1", 1.0, lambda m, x: m.sin(x) + 1e-6 * (x >= 1), situation="jump")
jumps.one("1e6 [x >= 1e3] + x at 1e3", 1e3, lambda m, x: 1e6 * (x >= 1e3) + x, situation="jump")
jumps.one("1e-9 ([x >= 0] + x) at 0", 0.0, lambda m, x: 1e-9 * (x + (x >= 0)), situation="jump")
jumps.one("0 but 1 at the point", 1.0, lambda m, x: m.where(x == 1, 1.0, 0.0) + 0 * x, situation="jump")
jumps.many(
    "a threshold in one of two components",
    (0.5, 2.0),
    lambda m, x: m.where(x[0] >= 0.5, 1.0, 0.0) * x[1] + m.exp(x[0]),
    situation=("jump", "smooth"),
)

FAMILIES = (kinks, cusps, jumps)
