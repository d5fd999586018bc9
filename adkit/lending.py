"""Arrays lent to f: it reads the caller's memory without a copy and cannot write to it, whatever it does.

What a tape has recorded of a lent array stays as it was while f runs. Any other array may be changed by f after use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .tracing import Box

Array = np.ndarray[Any, Any]


def lend(x: Any) -> Any:
    """An array of numbers as one that can only be read, a traced one as a handle of f's own; all else as it is."""
    if isinstance(x, Box):
        return x.again()
    if type(x) is not np.ndarray or x.dtype.kind not in "biufc":
        return x
    # NumPy would let a read-only view of an array be made writeable again, but not one of read-only memory.
    return np.asarray(memoryview(x.data).toreadonly())


def is_lent(x: Array) -> bool:
    """Whether an array is, or is a view of, one that was lent."""
    owner: Any = x
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner, memoryview) and owner.readonly


class Copies:
    """Constants as they are when they are used. f may change an array later: it is copied, once as long as it stays."""

    def __init__(self) -> None:
        # By identity: the array, kept alive so that no other takes its place, and its copy.
        self._made: dict[int, tuple[Array, Array]] = {}

    def of(self, x: Array) -> Array:
        """The copy of an array."""
        used, copy = self._made.get(id(x), (None, x))
        if used is not x or not same_bits(x, copy):
            copy = x.copy("K")
            self._made[id(x)] = x, copy
        return copy


# How much of an array is compared at a time, in words: little enough to stay in the caches.
_STRETCH = 16_384


def same_bits(x: Array, known: Array) -> bool:
    """Whether two arrays hold the same bits in the same shape and dtype, told without copies of them."""
    if x.shape != known.shape or x.dtype != known.dtype:
        return False
    if x.flags.f_contiguous and known.flags.f_contiguous:
        x, known = x.T, known.T
    if not (x.flags.c_contiguous and known.flags.c_contiguous) or x.dtype.itemsize == 0:
        return x.tobytes() == known.tobytes()
    word = next((n for n in (8, 4, 2, 1) if x.dtype.itemsize % n == 0), 1)
    x, known = (part.reshape(-1).view(f"u{word}") for part in (x, known))
    starts = range(0, max(x.size, 1), _STRETCH)
    return all(np.array_equal(x[i : i + _STRETCH], known[i : i + _STRETCH]) for i in starts)
