"""The arguments of a call, taken apart, and what of them a recording holds for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..containers import Structure, count, flatten, is_container, unflatten
from ..tracing import is_traced

# How much may be passed at once: every leaf is looked at on each call.
MOST_LEAVES = 10_000

# Arguments by keyword, in the order in which they were given.
Names = tuple[str, ...]


class Taken:
    """The arguments of one call, taken apart, and of what kind they are."""

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], argnums: Any = ()) -> None:
        self.args, self.kwargs = args, kwargs
        self.names: Names = tuple(kwargs)
        self.structures: list[Structure] = []
        self.given: list[Any] = []
        self.leaves: list[Any] = []
        # Why these arguments cannot be compiled for, and whether a traced value is among them.
        self.unfit, self.traced, self.promoted = "", False, False
        # What f did with them, instruction by instruction, where that may be otherwise with traced values.
        self.path: int | None = None
        # Leaves whose state is part of what the recording holds for.
        self.roots: list[Any] = []
        floats = _positions(argnums, len(args))
        for i, value in enumerate((*args, *kwargs.values())):
            self._take(value, i in floats)
        self.key = (self.names, tuple(self.structures), tuple([self._held_of(leaf) for leaf in self.leaves]))
        numbers = [i for i, leaf in enumerate(self.leaves) if _is_traceable(leaf)]
        self.traceable = frozenset(numbers)
        self.floating = frozenset(i for i in numbers if np.asarray(self.leaves[i]).dtype.kind in "fc")

    def _take(self, value: Any, as_floats: bool) -> None:
        found, structure = flatten(value)
        self.structures.append(structure)
        self.given += found
        self.leaves += [self._promoted(leaf) for leaf in found] if as_floats else found
        for container in containers_in(value):
            if type(container) not in (list, tuple, dict):
                self.roots.append(type(container))
        if len(self.leaves) > MOST_LEAVES:
            self.unfit = f"its arguments have more than {MOST_LEAVES} parts: pass arrays instead of long lists"

    def _promoted(self, leaf: Any) -> Any:
        """Whole numbers that are differentiated by count as floats."""
        kind = leaf.dtype.kind if isinstance(leaf, (np.ndarray, np.generic)) else "i" if type(leaf) is int else ""
        if kind not in ("i", "u"):
            return leaf
        self.promoted = True
        try:
            return leaf.astype(float) if isinstance(leaf, (np.ndarray, np.generic)) else float(leaf)
        except OverflowError:
            return leaf

    def _held_of(self, leaf: Any) -> Any:
        """What of a leaf a recording holds for."""
        kind = type(leaf)
        if kind is np.ndarray and leaf.dtype.kind in "biufc":
            # How it lies in memory decides what is a view of it, and with that what a write changes.
            return leaf.dtype, leaf.shape, leaf.ndim < 2 or leaf.flags.c_contiguous or leaf.strides
        if kind in (float, complex) or (isinstance(leaf, np.generic) and leaf.dtype.kind in "fc"):
            return kind
        if kind in (int, bool, str, bytes, type(None)) or isinstance(leaf, (np.integer, np.bool_)):
            return kind, leaf
        if is_traced(leaf):
            self.traced = True
        elif isinstance(leaf, np.ndarray):
            self.unfit = f"an argument is {kind_of(leaf)}: pass an array of numbers"
        self.roots.append(leaf)
        return kind

    def rebuilt(self, leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments with these leaves."""
        parts, start = [], 0
        for structure in self.structures:
            stop = start + count(structure)
            parts.append(unflatten(structure, leaves[start:stop]))
            start = stop
        n = len(self.args)
        return parts[:n], dict(zip(self.names, parts[n:], strict=True))


def _positions(argnums: Any, n: int) -> frozenset[int]:
    """Which positional arguments g differentiates by, where it is a derivative."""
    chosen = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    return frozenset(i % n for i in chosen if isinstance(i, int) and -n <= i < n)


def containers_in(tree: Any) -> Iterator[Any]:
    """All containers in a nest of them."""
    if is_container(tree):
        yield tree
        parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
        for part in parts:
            yield from containers_in(part)


def _is_traceable(leaf: Any) -> bool:
    if type(leaf) is np.ndarray:
        return leaf.dtype.kind in "biufc"
    return type(leaf) in (float, complex) or (isinstance(leaf, np.generic) and leaf.dtype.kind in "fc")


def kind_of(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return f"{type(x).__name__} of dtype {x.dtype} and shape {x.shape}"
    return f"{type(x).__module__}.{type(x).__name__}".removeprefix("builtins.")
