"""Functions that have a derivative at the point, and something that makes it hard to find."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import Family

poles = Family("pole nearby")
poles.one("1/(x - 1) at distance 1e-1", 1.1, lambda m, x: 1 / (x - 1))
poles.one("1/(x - 1) at distance 1e-3", 1.001, lambda m, x: 1 / (x - 1))
poles.one("1/(x - 1) at distance 1e-6", 1.000001, lambda m, x: 1 / (x - 1))
poles.one("1/(x - 1) at distance 1e-9", 1.000000001, lambda m, x: 1 / (x - 1))
poles.one("1/(x - 1)^2 at distance 1e-4", 1.0001, lambda m, x: 1 / (x - 1) ** 2)
poles.one("tan at 1e-3 from its pole", 1.5697963267948967, lambda m, x: m.tan(x))
poles.one("tan at 1e-6 from its pole", 1.5707953267948966, lambda m, x: m.tan(x))
poles.one("1/(1e-6 + x^2) at 1e-3", 1e-3, lambda m, x: 1 / (1e-6 + x * x))
poles.one("1/(1 + 25 x^2) at 0.3", 0.3, lambda m, x: 1 / (1 + 25 * x * x))
poles.one("x + 1e-5/(x - 1) at distance 1e-3", 1.001, lambda m, x: x + 1e-5 / (x - 1))
# The slope is 1 - 1: what is left of it, 2e-13, no value of f can show.
poles.one("x + 1e-6/(x - 1) at distance 1e-3", 1.001, lambda m, x: x + 1e-6 / (x - 1), scale=1.0)
poles.one("log|x - 1| at distance 1e-5", 1.00001, lambda m, x: m.log(m.abs(x - 1)))

scales = Family("scale of x and f")
for _size in (1e-12, 1e-8, 1e-4, 1e4, 1e8, 1e12):
    scales.one(f"sin(x/{_size:g}) at {_size:g}", _size, lambda m, x, s=_size: m.sin(x / s))
for _size in (1e-12, 1e-8, 1e-5, 1e5, 1e8, 1e12):
    scales.one(f"x^2 at {_size:g}", _size, lambda m, x: x * x)
for _size in (1e-12, 1e-8, 1e-4):
    scales.one(f"(x - 1)^2 at {_size:g}", _size, lambda m, x: (x - 1) ** 2, width=1.0)
for _size in (1e-12, 1e-6, 1e6, 1e12):
    scales.one(f"{_size:g} exp(sin x) at 0.7", 0.7, lambda m, x, s=_size: s * m.exp(m.sin(x)))
scales.one("exp(x) at 1e-10", 1e-10, lambda m, x: m.exp(x), width=1.0)
scales.one("exp(x) at 300", 300.0, lambda m, x: m.exp(x), width=1.0)
scales.one("exp(x) at -300", -300.0, lambda m, x: m.exp(x), width=1.0)
scales.one("x^20 at 30", 30.0, lambda m, x: x**20)
scales.one("1e-12 sin(x) at 1e6", 1e6, lambda m, x: 1e-12 * m.sin(x), width=1.0)
scales.many(
    "components of sizes 1e-8, 1 and 1e8",
    (2e-8, 3.0, 4e8),
    lambda m, x: m.sin(x[0] * 1e8) + x[0] * 1e8 * m.cos(x[1]) + m.log(x[2]) * x[1],
)
scales.many(
    "slopes of sizes 1e-6, 1 and 1e6",
    (1.0, 2.0, 3.0),
    lambda m, x: 1e-6 * m.exp(x[0]) + m.sin(x[1]) + 1e6 * m.sqrt(x[2]),
)

offsets = Family("large offset")
offsets.one("1e4 + sin(x) at 1", 1.0, lambda m, x: 1e4 + m.sin(x))
offsets.one("1e7 + sin(x) at 1", 1.0, lambda m, x: 1e7 + m.sin(x))
offsets.one("1e10 + sin(x) at 1", 1.0, lambda m, x: 1e10 + m.sin(x))
offsets.one("1e10 + sin(x) at 0.01", 0.01, lambda m, x: 1e10 + m.sin(x), width=1.0)
offsets.one("-1e8 + x^3 at 2", 2.0, lambda m, x: x**3 - 1e8)
offsets.one("1 + 1e-8 sin(x) at 1", 1.0, lambda m, x: 1 + 1e-8 * m.sin(x))

oscillation = Family("oscillation")
oscillation.one("sin(1e2 x) at 1", 1.0, lambda m, x: m.sin(1e2 * x))
oscillation.one("sin(1e4 x) at 1", 1.0, lambda m, x: m.sin(1e4 * x))
oscillation.one("sin(1e6 x) at 0.3", 0.3, lambda m, x: m.sin(1e6 * x))
oscillation.one("sin(1e8 x) at 1", 1.0, lambda m, x: m.sin(1e8 * x), situation="rough", noise=2e-8)
oscillation.one("x + 1e-3 sin(1e3 x) at 1", 1.0, lambda m, x: x + 1e-3 * m.sin(1e3 * x))
oscillation.one("sin(x^2) at 50", 50.0, lambda m, x: m.sin(x * x))
oscillation.one("cos(1/x) at 0.01", 0.01, lambda m, x: m.cos(1 / x))
oscillation.one("x^2 sin(1/x) at 1e-3", 1e-3, lambda m, x: x * x * m.sin(1 / x))
oscillation.one("exp(sin(300 x)) at 0.4", 0.4, lambda m, x: m.exp(m.sin(300 * x)))
oscillation.one("sin(x) at 1e6", 1e6, lambda m, x: m.sin(x), width=1.0)

nearby = Family("break nearby")
for _d in (1e-1, 1e-3, 1e-6):
    nearby.one(f"|x - 1| + x^2 at 1e{np.log10(_d):.0f} above", 1 + _d, lambda m, x: m.abs(x - 1) + x * x)
    nearby.one(f"|x| + 2 sin(x) at -{_d:g}", -_d, lambda m, x: m.abs(x) + 2 * m.sin(x))
    nearby.one(f"relu(x - 2) at {_d:g} below", 2 - _d, lambda m, x: m.maximum(x - 2, 0.0), true=0.0)
    nearby.one(f"floor(x) + x at {_d:g} above a jump", 2 + _d, lambda m, x: m.floor(x) + x)
    nearby.one(f"step of 1e-4 in sin(x), {_d:g} away", 1 - _d, lambda m, x: m.sin(x) + 1e-4 * (x >= 1))
nearby.one("max(x^2, x) at 1e-4 above 1", 1.0001, lambda m, x: m.maximum(x * x, x))
nearby.one("sqrt|x - 1| at 1e-4 from its cusp", 1.0001, lambda m, x: m.sqrt(m.abs(x - 1)))
nearby.one("cbrt(x) at 1e-6", 1e-6, lambda m, x: m.cbrt(x))

edges = Family("domain edge")
edges.one("log(x) at 1e-9", 1e-9, lambda m, x: m.log(x))
edges.one("log(x) at 1e-12", 1e-12, lambda m, x: m.log(x))
edges.one("log(x - 1) at 1e-7 from its edge", 1.0000001, lambda m, x: m.log(x - 1))
edges.one("sqrt(x) at 1e-8", 1e-8, lambda m, x: m.sqrt(x))
edges.one("sqrt(1 - x^2) at 0.9999999", 0.9999999, lambda m, x: m.sqrt(1 - x * x))
edges.one("arcsin(x) at 1 - 1e-8", 1 - 1e-8, lambda m, x: m.arcsin(x))
edges.one("x log(x) at 1e-6", 1e-6, lambda m, x: x * m.log(x))
edges.one("x^1.5 at 0", 0.0, lambda m, x: x**1.5, situation="edge", true=0.0)
edges.one("x + x^2.5 at 0", 0.0, lambda m, x: x + x**2.5, situation="edge", true=1.0)
edges.one("3 x + x sqrt(x) at 0", 0.0, lambda m, x: 3 * x + x * m.sqrt(x), situation="edge", true=3.0)
edges.one("(1 - x)^1.5 + x at 1", 1.0, lambda m, x: (1 - x) ** 1.5 + x, situation="edge", true=1.0)
edges.one("sqrt(x) at 0", 0.0, lambda m, x: m.sqrt(x), situation="infinite")
edges.one("arcsin(x) at 1", 1.0, lambda m, x: m.arcsin(x), situation="infinite")
edges.one("log(x) at 0", 0.0, lambda m, x: m.log(x), situation="nonfinite")
edges.one("log(x) at -1", -1.0, lambda m, x: m.log(x), situation="nonfinite")
edges.one("1/x at 0", 0.0, lambda m, x: 1 / x, situation="nonfinite")
edges.many(
    "x log(x) + y at (1e-5, 2)",
    (1e-5, 2.0),
    lambda m, x: x[0] * m.log(x[0]) + x[1] * m.sqrt(x[1]),
)

flat = Family("flat, steep, or slope 0")
flat.one("cos(x) at 0", 0.0, lambda m, x: m.cos(x), true=0.0)
flat.one("x^2 at 0", 0.0, lambda m, x: x * x, true=0.0)
flat.one("x^4 at 0", 0.0, lambda m, x: x**4, true=0.0)
flat.one("x^3 at 0", 0.0, lambda m, x: x**3, true=0.0)
flat.one("1e6 (x - 1)^2 at 1", 1.0, lambda m, x: 1e6 * (x - 1) ** 2, true=0.0)
flat.one("constant 3 at 2", 2.0, lambda m, x: 3 + 0 * x, true=0.0)
flat.one("sin(x)^2 + cos(x)^2 at 1", 1.0, lambda m, x: m.sin(x) ** 2 + m.cos(x) ** 2, true=0.0)
flat.one("x exp(-x) at 1", 1.0, lambda m, x: x * m.exp(-x), true=0.0)
flat.one("exp(-1/x^2) at 0.1", 0.1, lambda m, x: m.exp(-1 / (x * x)))
flat.one("exp(-1/x^2) at 0.3", 0.3, lambda m, x: m.exp(-1 / (x * x)))
flat.one("tanh(x) at 5", 5.0, lambda m, x: m.tanh(x), width=0.5)
flat.one("tanh(x) at 20", 20.0, lambda m, x: m.tanh(x), width=0.5)
flat.one("tanh(1e4 x) at 1e-5", 1e-5, lambda m, x: m.tanh(1e4 * x))
flat.one("arctan(1e6 x) at 1e-7", 1e-7, lambda m, x: m.arctan(1e6 * x))
flat.one("exp(50 x) at 1", 1.0, lambda m, x: m.exp(50 * x))
flat.one("exp(-x^2) at 6", 6.0, lambda m, x: m.exp(-x * x), width=0.1)
flat.one("1/(1 + exp(-x)) at 30", 30.0, lambda m, x: 1 / (1 + m.exp(-x)), width=1.0)
flat.one("exp(-(x - 1)^2/1e-8) at 1.0001", 1.0001, lambda m, x: m.exp(-((x - 1) ** 2) / 1e-8))
flat.one("sin(x) - x at 1e-3", 1e-3, lambda m, x: m.sin(x) - x, situation="rough", noise=4e-19)
flat.one("x at 1", 1.0, lambda m, x: x)
flat.one("3 x - 2 at 1e3", 1e3, lambda m, x: 3 * x - 2)

cancellation = Family("cancellation")
_versine = lambda m, x: (1 - m.cos(x)) / (x * x)  # noqa: E731
cancellation.one("(1 - cos x)/x^2 at 1", 1.0, _versine)
cancellation.one("(1 - cos x)/x^2 at 1e-2", 1e-2, _versine, situation="rough", noise=2e-12)
cancellation.one("(1 - cos x)/x^2 at 1e-4", 1e-4, _versine, situation="noisy", noise=2e-8)
cancellation.one("(exp(x) - 1)/x at 1e-3", 1e-3, lambda m, x: (m.exp(x) - 1) / x, situation="rough", noise=2e-13)
cancellation.one(
    "(x - 1)^7 multiplied out at 1.2",
    1.2,
    lambda m, x: x**7 - 7 * x**6 + 21 * x**5 - 35 * x**4 + 35 * x**3 - 21 * x**2 + 7 * x - 1,
    situation="rough",
    noise=5e-14,
)
cancellation.one(
    "sqrt(x + 1) - sqrt(x) at 1e8",
    1e8,
    lambda m, x: m.sqrt(x + 1) - m.sqrt(x),
    situation="rough",
    noise=2e-12,
)
cancellation.one("(1e8 + x) - 1e8 at 1", 1.0, lambda m, x: (1e8 + x) - 1e8, situation="rough", noise=1e-8)
cancellation.one("log(1 + x)/x at 1e-5", 1e-5, lambda m, x: m.log(1 + x) / x, situation="rough", noise=3e-11)


def _logistic(n: int) -> Any:
    """The logistic map, n steps: its slope doubles at each."""

    def formula(m: Any, x: Any) -> Any:
        for _ in range(n):
            x = 4 * x * (1 - x)
        return x

    return formula


chaos = Family("logistic map")
for _n in (5, 10, 15, 20):
    chaos.one(f"{_n} steps from 0.2", 0.2, _logistic(_n), situation="rough", noise=2.0 ** (_n - 52))
chaos.one("25 steps from 0.3", 0.3, _logistic(25), situation="rough", noise=2.0 ** (25 - 52))
chaos.one("30 steps from 0.2", 0.2, _logistic(30), situation="rough", noise=2.0 ** (30 - 52))

once = Family("one derivative, not two")
once.one("x|x| at 0", 0.0, lambda m, x: x * m.abs(x), true=0.0)
once.one("|x|^1.5 at 0", 0.0, lambda m, x: m.abs(x) ** 1.5, true=0.0)
once.one("x + |x|^1.5 at 0", 0.0, lambda m, x: x + m.abs(x) ** 1.5, true=1.0)
once.one("x + x|x| at 0", 0.0, lambda m, x: x + x * m.abs(x), true=1.0)
once.one("exp(x) + (x - 1)|x - 1| at 1", 1.0, lambda m, x: m.exp(x) + (x - 1) * m.abs(x - 1))
once.one("relu(x)^2 + 3 x at 0", 0.0, lambda m, x: m.maximum(x, 0.0) ** 2 + 3 * x, true=3.0)
once.one(
    "Huber's loss at its joint",
    1.0,
    lambda m, x: m.where(m.abs(x) <= 1, x * x / 2, m.abs(x) - 0.5),
    true=1.0,
)

ordinary = Family("ordinary")
ordinary.one("sin(x) at 0.5", 0.5, lambda m, x: m.sin(x))
ordinary.one("exp(x) at 1", 1.0, lambda m, x: m.exp(x))
ordinary.one("x^3 - 2 x at 1.7", 1.7, lambda m, x: x**3 - 2 * x)
ordinary.one("log(x) at 2", 2.0, lambda m, x: m.log(x))
ordinary.one("1/(1 + x^2) at 0.8", 0.8, lambda m, x: 1 / (1 + x * x))
ordinary.one("sin(x)/x at -3", -3.0, lambda m, x: m.sin(x) / x)
ordinary.one("exp(-x) sin(4 x) at 0.9", 0.9, lambda m, x: m.exp(-x) * m.sin(4 * x))
ordinary.many("x y + sin(x) at (2, 5)", (2.0, 5.0), lambda m, x: x[0] * x[1] + m.sin(x[0]))

FAMILIES = (ordinary, poles, scales, offsets, oscillation, nearby, edges, flat, cancellation, chaos, once)
