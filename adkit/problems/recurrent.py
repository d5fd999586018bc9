"""A recurrent network: the same n x n weights used at each of T steps, so that a tape of it grows with T."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .registry import problem

Array = NDArray[np.float64]


def recurrent(W: Array, h: Array, T: int) -> np.floating[Any]:
    """f(W) = |h_T|^2 / 2, where h_{t+1} = tanh(W h_t)"""
    for _ in range(T):
        h = np.tanh(W @ h)
    return np.sum(h * h) / 2


def value_and_gradient(W: Array, h: Array, T: int) -> tuple[np.floating[Any], Array]:
    """f and the sum of delta_t h_{t-1}^T: backpropagation through time, the states of all steps kept"""
    states = [h]
    for _ in range(T):
        states.append(np.tanh(W @ states[-1]))
    gradient, bar = np.zeros_like(W), states[-1]
    for before, after in zip(states[-2::-1], states[:0:-1], strict=True):
        delta = bar * (1 - after * after)
        gradient += np.outer(delta, before)
        bar = W.T @ delta
    return np.sum(states[-1] ** 2) / 2, gradient


def point(n: int = 4, T: int = 10, *, rng: np.random.Generator) -> tuple[Array, Array, int]:
    """A random state, and random weights large enough to keep it alive"""
    return 1.5 * rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n), T


problem(
    recurrent,
    point=point,
    value_and_gradient=value_and_gradient,
    source="Werbos (1990), Backpropagation through time: what it does and how to do it, Proceedings of the IEEE 78",
)
