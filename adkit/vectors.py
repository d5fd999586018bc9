"""The numbers of all leaves in one vector, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .tracing import plain

Vector = np.ndarray[Any, np.dtype[np.float64]]


def vector_of(leaves: Sequence[Any]) -> Vector:
    """The plain numbers of real leaves, in double precision."""
    return np.concatenate([np.zeros(0), *(np.ravel(plain(leaf)).astype(float) for leaf in leaves)])


def leaves_like(vector: Vector, leaves: Sequence[Any]) -> list[Any]:
    """A vector as new leaves of the shapes and types of these."""
    ends = np.cumsum([np.size(leaf) for leaf in leaves])[:-1]
    pieces = np.split(vector, ends) if leaves else []
    return [_like(piece, leaf) for piece, leaf in zip(pieces, leaves, strict=True)]


def _like(piece: Vector, leaf: Any) -> Any:
    """Numbers in the shape and type of a leaf, in memory of their own."""
    if isinstance(leaf, np.ndarray):
        return piece.reshape(leaf.shape).astype(leaf.dtype)
    return type(leaf)(piece[0])
