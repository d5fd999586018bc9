"""What f returned, and whether a program gives the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..codegen import Program
from ..containers import Container, Structure, flatten
from ..errors import CannotCompile
from ..graph import Graph, Node
from .arguments import containers_in, kind_of


def results_of(result: Any) -> tuple[list[Any], Structure]:
    """The numbers and arrays that f returned, and their container."""
    for container in containers_in(result):
        if type(container) not in (list, tuple, dict) and isinstance(container, (list, dict)):
            raise CannotCompile(f"it returns a {type(container).__name__}: return a plain list or dict")
    leaves, structure = flatten(result)
    for leaf in leaves:
        if not is_number(leaf) and not isinstance(leaf, (str, bytes, type(None))):
            raise CannotCompile(f"it returns {kind_of(leaf)} among its results")
        if _is_float(leaf) and np.any(np.isnan(np.asarray(leaf))):
            raise CannotCompile("its result is nan here", passing=True)
    return leaves, structure


class _Fixed(Container):
    """The place of a result that is always the same, such as None: a container of nothing, which builds it."""

    def build(self, parts: list[Any]) -> Any:
        return self.keys[0]


def without_fixed(graph: Graph, outputs: Sequence[Any], structure: Structure) -> tuple[list[Any], Structure]:
    """The outputs that are computed, and the container with the others in it; a graph of the former."""
    computed: list[Any] = []
    left: list[Any] = []
    pairs = zip(graph.outputs, outputs, strict=True)

    def fixed(inner: Structure) -> Structure:
        if inner is not None:
            return inner._replace(parts=tuple(map(fixed, inner.parts)))
        node, out = next(pairs)
        if isinstance(node, Node) or not isinstance(out, (int, str, bytes, type(None))):
            computed.append(out)
            left.append(node)
            return None
        if type(node) is not type(out) or node != out:
            raise CannotCompile(f"on traced values it returns {node!r} where it returns {out!r} on numbers")
        return _Fixed(type(out), (out,), ())

    found = fixed(structure)
    graph.outputs = left
    return computed, found


def is_number(x: Any) -> bool:
    if type(x) is np.ndarray:
        return x.dtype.kind in "biufc"
    return isinstance(x, (bool, int, float, complex)) or (isinstance(x, np.generic) and x.dtype.kind in "biufc")


def _is_float(x: Any) -> bool:
    return is_number(x) and np.asarray(x).dtype.kind in "fc"


def same_dtype(x: Any, y: Any) -> bool:
    return getattr(x, "dtype", None) == getattr(y, "dtype", None)


def close(found: Sequence[Any], outputs: Sequence[Any], program: Program, inputs: Sequence[Any]) -> bool:
    """Whether the program gives what f gave, to rounding; where that is amplified, to what it is amplified to."""
    if all(map(_agree, found, outputs)):
        return True
    moved = outputs_of(program, [_next_to(x) for x in inputs])
    if moved is None:
        return False
    triples = zip(found, outputs, moved, strict=True)
    return all(_agree(x, y, 100 * np.max(np.abs(np.subtract(x, z)), initial=0.0)) for x, y, z in triples)


def _agree(x: Any, y: Any, spread: Any = 0.0) -> bool:
    if not _is_float(x):
        return bool(np.all(np.asarray(x) == np.asarray(y)))
    few = 1e5 * float(np.finfo(np.asarray(x).dtype).eps)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(y), initial=0.0, where=np.isfinite(y))
        return np.allclose(x, y, rtol=few, atol=few * size + spread, equal_nan=True)


def _next_to(x: Any) -> Any:
    """Numbers next to those given."""
    if not _is_float(x):
        return x
    step = 8 * np.finfo(np.asarray(x).dtype).eps
    return type(x)(x * (1 + step)) if not isinstance(x, np.ndarray) else x * x.dtype.type(1 + step)


def outputs_of(program: Program, inputs: Sequence[Any]) -> tuple[Any, ...] | None:
    """The outputs, or None where f has to say what happens here."""
    try:
        return program.run(*inputs)
    except Exception:  # f raises it too, or would not have come there
        return None
