"""Logistic regression: many parameters, one number out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .registry import problem

Array = NDArray[np.float64]
Scalar = np.floating[Any]


def logistic_regression(w: Array, X: Array, y: Array) -> Scalar:
    """f(w) = mean(log(1 + e^z) - y z), z = X w: the mean negative log-likelihood of the labels y"""
    z = X @ w
    # -y log(p) - (1 - y) log(1 - p) with p = 1 / (1 + e^-z), rearranged so that nothing overflows.
    return np.mean(np.logaddexp(0, z) - y * z)


def value_and_gradient(w: Array, X: Array, y: Array) -> tuple[Scalar, Array]:
    """f(w) and X^T (y_hat - y) / N, where y_hat = 1 / (1 + e^-z)"""
    z = X @ w
    softplus = np.logaddexp(0, z)
    y_hat = np.exp(z - softplus)  # e^z / (1 + e^z), with no exponent above zero
    return np.mean(softplus - y * z), X.T @ (y_hat - y) / len(y)


def point(N: int = 100, D: int = 10, *, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """N samples of D features, labels drawn from a logistic model, and the weights of another one"""
    X = rng.standard_normal((N, D))
    w, w_true = rng.standard_normal((2, D)) / np.sqrt(D)
    y = rng.random(N) < 1 / (1 + np.exp(-X @ w_true))
    return w, X, y.astype(float)


problem(
    logistic_regression,
    point=point,
    value_and_gradient=value_and_gradient,
    source="Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.2, equations 4.90 and 4.91",
    default=True,
)
