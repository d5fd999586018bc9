"""What the calls of all families are made of."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Pattern = Callable[[Any], Any]
# Arguments and parameters with which each linear or general row is called.
Rows = dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]]
# How each implemented function is called, on an array x of shape (2, 3); the derivative is that by x.
Patterns = dict[Any, list[Pattern]]


def rng_for(name: str) -> np.random.Generator:
    """Random numbers that depend on nothing but the name of the test case."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def draws(family: str) -> Callable[..., Any]:
    """Random arrays by their shape, for one family: what others draw changes nothing."""
    return rng_for(family).standard_normal


X = rng_for("X").standard_normal((2, 3))
C = draws("C")((2, 3))
SQUARE = draws("SQUARE")((3, 3))
MASK = np.array([[True, False, True], [False, True, True]])
SHAPES = [(), (3,), (2, 3), (1, 3), (2, 1)]
REDUCED = [{"axis": a, "keepdims": k} for a in [(), (-1,), (-2,), (-2, -1)] for k in (False, True)]
INDICES: list[Any] = [
    1,
    -1,
    (),
    ...,
    None,
    slice(None, None, -1),
    slice(1, 1),
    (slice(None), 2),
    (..., 1),
    (0, None, slice(0, 2)),
    (1, 2),
    np.array([1, 0, 0]),
    (np.array([0, 1, 1]), np.array([2, 2, 2])),
    (slice(None), np.array([[0, 2], [1, 1]])),
    (np.array([0, 0]), slice(None)),
    MASK,
    MASK[0, :2],
    np.zeros(0, int),
]
