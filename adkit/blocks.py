"""Derivatives by single components, put together as one block per output and input leaf."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .calls import Leaves
from .primitives.table import is_complex, shape_of


def stack(parts: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Numbers or arrays joined as one array of this shape."""
    return np.reshape(np.stack(list(parts)), shape) if parts else np.zeros(shape)


def directions_first(tangent: Any, out: Any, count: int, batched: bool) -> Any:
    """Tangents of one output with their leading axis; zeros where it does not depend on the inputs."""
    if tangent is None:
        return np.zeros((count, *shape_of(out)))
    return tangent if batched else np.reshape(tangent, (1, *shape_of(out)))


def cut(columns: Any, out: Any, leaves: Leaves) -> Leaves:
    """Tangents by component, shape (n, *output.shape), as one block of shape output.shape + leaf.shape per leaf."""
    last = np.moveaxis(columns, 0, -1)
    pieces: Leaves = []
    start = 0
    for leaf in leaves:
        if type(leaf) is float:
            pieces.append(last[..., start])
            start += 1
            continue
        stop = start + math.prod(shape_of(leaf))
        pieces.append(np.reshape(last[..., start:stop], (*shape_of(out), *shape_of(leaf))))
        start = stop
    return pieces


def by_complex(along_x: Any, along_y: Any, out: Any) -> Any:
    """The derivative by a complex input from those along its two axes.

    df/dx - i df/dy for a real output; for an analytic one half of the same is its complex derivative.
    """
    combined = along_x - 1j * along_y
    return 0.5 * combined if is_complex(out) else combined
