"""Multi-layer perceptrons: sigmoid layers, binary cross entropy, backpropagation written by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .registry import problem

Array = NDArray[np.float64]
Scalar = np.floating[Any]
Params = list[tuple[Array, Array]]
# How far a method gets depends on the machine and on the time that it is given.
LATE = "timeout or ok"


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^-z), by an identity that cannot overflow"""
    return 0.5 * (np.tanh(0.5 * z) + 1)


def mlp(params: Params, X: Array, y: Array) -> Scalar:
    """f(W, b) = mean(log(1 + e^z) - y z) over all entries, z = sigmoid(.. sigmoid(X W1 + b1) ..) WK + bK"""
    *hidden, (W_out, b_out) = params
    a = X
    for W, b in hidden:
        a = sigmoid(a @ W + b)
    z = a @ W_out + b_out
    # The cross entropy of sigmoid(z), written in z: it stays finite where the sigmoid rounds to 0 or 1.
    return np.mean(np.logaddexp(0, z) - y * z)


def value_and_gradient(params: Params, X: Array, y: Array) -> tuple[Scalar, Params]:
    """f and its gradient, the activations of the forward pass serving both"""
    a = activations(params, X)
    W, b = params[-1]
    z = a[-1] @ W + b
    softplus = np.logaddexp(0, z)
    delta = (np.exp(z - softplus) - y) / z.size  # df/dz = (y_hat - y) / entries
    return np.mean(softplus - y * z), backpropagation(params, a, delta)


def activations(params: Params, X: Array) -> list[Array]:
    """What enters each layer: a_1 = X, a_{k+1} = sigmoid(a_k W_k + b_k)"""
    a = [X]
    for W, b in params[:-1]:
        a.append(sigmoid(a[-1] @ W + b))
    return a


def backpropagation(params: Params, a: list[Array], delta: Array) -> Params:
    """df/dW_k = a_k^T delta_k, df/db_k = sum of delta_k, delta_{k-1} = delta_k W_k^T * a_k (1 - a_k)"""
    gradient: Params = [(a[-1].T @ delta, delta.sum(axis=0))]
    for k in reversed(range(1, len(params))):
        delta = delta @ params[k][0].T * a[k] * (1 - a[k])
        gradient.append((a[k - 1].T @ delta, delta.sum(axis=0)))
    return gradient[::-1]


def point(
    layers: tuple[int, ...] = (2, 4, 1), batch: int = 4, *, rng: np.random.Generator
) -> tuple[Params, Array, Array]:
    """Random weights that saturate nothing; XOR where it fits, otherwise random images and labels"""
    params = [layer(fan_in, fan_out, rng) for fan_in, fan_out in pairwise(layers)]
    if (layers[0], layers[-1], batch) == (2, 1, 4):
        return params, *xor()
    X = rng.random((batch, layers[0]))
    y = rng.integers(0, 2, (batch, layers[-1])).astype(float)
    return params, X, y


def layer(fan_in: int, fan_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Weights and biases of size 1 / sqrt(fan_in), so that their sums stay of order one"""
    scale = 1 / np.sqrt(fan_in)
    return scale * rng.standard_normal((fan_in, fan_out)), scale * rng.standard_normal(fan_out)


def xor() -> tuple[Array, Array]:
    """The four corners of the square and their exclusive or"""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return X, np.array([[0.0], [1.0], [1.0], [0.0]])


def expect(layers: tuple[int, ...], batch: int) -> dict[str, str]:
    """Many weights are too much for formulas, and for methods that take a run of f for each."""
    weights = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(layers))
    return {} if weights < 10_000 else {"symbolic*": "too large", "forward*": LATE, "numerical*": LATE}


problem(
    mlp,
    point=point,
    value_and_gradient=value_and_gradient,
    sizes=["2-4-1x4", "16384-4-1x4"],  # XOR; a picture of 128 x 128 pixels: 65 540 weights and 5 biases
    source="Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors",
    default=True,
    expect=expect,
)
