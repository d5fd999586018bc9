"""Arrays lent to f: it reads the caller's memory without a copy and cannot write to it, whatever it does.

What a tape has recorded of a lent array stays as it was while f runs. Any other array may be changed by f after use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .tracing import Box


def lend(x: Any) -> Any:
    """An array of numbers as one that can only be read, a traced one as a handle of f's own; all else as it is."""
    if isinstance(x, Box):
        return x.again()
    if type(x) is not np.ndarray or x.dtype.kind not in "biufc":
        return x
    # NumPy would let a read-only view of an array be made writeable again, but not one of read-only memory.
    return np.asarray(memoryview(x.data).toreadonly())


def is_lent(x: np.ndarray[Any, Any]) -> bool:
    """Whether an array is, or is a view of, one that was lent."""
    owner: Any = x
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner, memoryview) and owner.readonly
