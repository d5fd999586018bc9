"""Graphs written down, compared, and made into programs; what goes wrong on the way is a reason not to compile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..codegen import Program
from ..errors import AdkitError, CannotCompile
from ..graph import Graph, Node
from ..snapshots import Arrays
from ..staging import stage


def written_down(
    run: Callable[[list[Any]], Any], inputs: Sequence[Any], limit: int, known: Arrays | None = None
) -> Graph:
    """The graph of f, or the reason why there is none; of arrays that are known there are copies already."""
    try:
        return stage(run, inputs, limit=limit, known=known)
    except CannotCompile:
        raise
    except AdkitError as error:
        raise CannotCompile(str(error)) from error
    except Exception as error:  # f is a person's own code, which traced values may meet in any way
        raise CannotCompile(f"on traced values it raises {type(error).__name__}: {error}") from error


def generated(graph: Graph, outputs: Sequence[Any]) -> Program:
    """The program of a graph. That there is no machine code for it, or no code, is nothing the caller suffers from."""
    # A third of what adkit is made of, which waits for who compiles.
    from ..codegen.generate import generate

    fault: Exception | None = None
    for native in (None, False):
        try:
            program = generate(graph, outputs, native=native)
        except CannotCompile:
            raise
        except Exception as error:
            fault = error
        else:
            return program if fault is None else replace(program, note=f"Python code, by {_named(fault)}")
    raise CannotCompile(f"no code could be generated, by {_named(fault)}") from fault


def _named(fault: Exception | None) -> str:
    return f"a fault of adkit: {type(fault).__name__}: {fault}"


def digest_of(graph: Graph) -> int:
    """A number that graphs of the same operations, constant numbers and decisions share.

    Arrays among the constants may hold what was in memory before (np.empty); where they matter, results differ.
    """
    parts = [
        (node.index, _name(node), tuple(map(_key, node.args)), _key(node.params) if node.params else ())
        for node in (*graph.nodes, *graph.decisions)
    ]
    decided = [
        node.value.tobytes() if isinstance(node.value, np.ndarray) else _key(node.value) for node in graph.decisions
    ]
    return hash((tuple(parts), tuple(decided), _key(tuple(graph.outputs))))


def _name(node: Node) -> str:
    return node.primitive.name if node.primitive is not None else ""


def _key(x: Any) -> Any:
    """A constant as something that can be hashed: nan is nan, and an array is its shape and dtype."""
    if type(x) is Node:
        return "node", x.index
    if isinstance(x, (int, str, bytes, type(None))):
        return x
    if isinstance(x, float):
        return x if x == x else "nan"
    if isinstance(x, np.ndarray):
        return x.dtype.str, x.shape
    if isinstance(x, np.generic):
        return x.dtype.str, x.tobytes()
    if isinstance(x, (tuple, list)):
        return tuple(map(_key, x))
    if isinstance(x, Mapping):
        return tuple([(name, _key(part)) for name, part in x.items()])
    if isinstance(x, slice):
        return "slice", _key(x.start), _key(x.stop), _key(x.step)
    return type(x).__qualname__, getattr(x, "__qualname__", "")
