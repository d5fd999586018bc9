"""What people minimise: losses of models, with few parameters and with many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .case import Family

losses = Family("loss function")


def _softplus(m: Any, x: Any) -> Any:
    """log(1 + exp(x)) without overflow."""
    return m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x)))


def _logsumexp(m: Any, x: Any) -> Any:
    top = m.max(x)
    return top + m.log(m.sum(m.exp(x - top)))


def _waves(n: int, seed: float = 0.7) -> np.ndarray:
    """Numbers between -1 and 1 without a pattern."""
    return np.sin(seed * np.arange(1, n + 1) ** 2)


losses.many("logsumexp", (1.0, 2.0, -3.0, 0.5), _logsumexp)
losses.many("logsumexp of large numbers", (1000.0, 999.0, 990.0), _logsumexp, width=1.0)
losses.many("softplus", (-30.0, 0.3, 2.0, 40.0), lambda m, x: m.sum(_softplus(m, x)), width=1.0)
losses.many(
    "cross-entropy of softmax",
    (0.2, -1.0, 3.0, 0.0, 0.7),
    lambda m, x: _logsumexp(m, x) - x[2],
)
_X, _Y = _waves(40).reshape(8, 5), np.sign(_waves(8, 1.3))


def _logistic_regression(m: Any, w: Any) -> Any:
    return m.sum(_softplus(m, -_Y * m.sum(_X * w, axis=1))) / 8 + 0.01 * m.sum(w * w)


losses.many("logistic regression", tuple(_waves(5, 0.3)), _logistic_regression)
_W = _waves(12, 2.1).reshape(3, 4)


def _relu_net(m: Any, x: Any) -> Any:
    """Two layers, of which the first is in x: 4 inputs, 3 units."""
    hidden = m.maximum(m.sum(_W * x, axis=1) + 0.1, 0.0)
    return (m.sum(hidden * hidden) - 1) ** 2 + m.sum(m.sin(hidden))


def _tanh_net(m: Any, x: Any) -> Any:
    hidden = m.tanh(m.sum(_W * x, axis=1))
    return m.sum(m.tanh(_W.T[:, 0] * hidden[0] + _W.T[:, 1] * hidden[1]) ** 2)


losses.many("relu network", tuple(_waves(4, 0.9)), _relu_net)
losses.many("tanh network", tuple(_waves(4, 0.4)), _tanh_net)
losses.many(
    "Huber's loss, both sides",
    (0.2, 3.0, -5.0),
    lambda m, x: m.sum(m.where(m.abs(x) <= 1, x * x / 2, m.abs(x) - 0.5)),
)
losses.many(
    "|w| away from 0",
    (1e-4, -2.0, 0.3),
    lambda m, x: m.sum(m.abs(x)) + m.sum(x * x),
)
losses.many(
    "log-likelihood of a Gaussian",
    (0.3, 1.7),
    lambda m, x: m.sum((_waves(6) - x[0]) ** 2) / (2 * x[1] ** 2) + 6 * m.log(x[1]),
)

large = Family("many components")


def _bumps(m: Any, x: Any) -> Any:
    """Each component by itself."""
    return m.sum(m.exp(m.sin(x)))


def _bumps_slopes(m: Any, x: Any) -> Any:
    return m.exp(m.sin(x)) * m.cos(x)


def _chain(m: Any, x: Any) -> Any:
    """Each component with its neighbours."""
    return m.sum((x[1:] - x[:-1] * x[:-1]) ** 2)


def _chain_slopes(m: Any, x: Any) -> Any:
    gap = 2 * (x[1:] - x[:-1] * x[:-1])
    out = x * 0
    out[1:] = out[1:] + gap
    out[:-1] = out[:-1] - 2 * gap * x[:-1]
    return out


def _length(m: Any, x: Any) -> Any:
    """All together."""
    return m.sqrt(1 + m.sum(x * x))


def _length_slopes(m: Any, x: Any) -> Any:
    return x / m.sqrt(1 + m.sum(x * x))


for _n in (3, 30, 300, 1000):
    _at = tuple(_waves(_n, math.e))
    large.many(f"sum of exp(sin x), {_n}", _at, _bumps, true=_bumps_slopes)
    large.many(f"chain of neighbours, {_n}", _at, _chain, true=_chain_slopes)
    large.many(f"length of a vector, {_n}", _at, _length, true=_length_slopes)

FAMILIES = (losses, large)
