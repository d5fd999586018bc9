"""Graphs of numbers and small arrays as machine code, where llvmlite is installed.

A graph is taken apart into operations on single numbers (`lowering`, `operations`), these are written in LLVM's
assembly language (`text`), and what comes of it is a builtin of the interpreter (`builtin`). What is no plain
operation on doubles is one of NumPy's own loops, so that the results are NumPy's to the last bit but for the order of
sums.
"""

from __future__ import annotations

import time
import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...containers import Container, Structure
from ...graph import Graph
from ..program import Link, Program, Static
from . import abi
from .builtin import Array, Home, Kernel, Leaf, Number, Object, Parts, builtin, make
from .engine import assembled
from .loader import LoadError
from .lowering import InexpressibleError, Lowered, kind_of, lower
from .text import Writer

# Up to so many operations LLVM takes care that the code is quick; beyond, that it is there soon, which takes a fifth of
# the time and makes code that is a tenth slower.
CAREFUL = 1000


@cache
def missing() -> str:
    """Why native code cannot be made at all, for a note; empty where it can."""
    if found := abi.refusal():
        return found
    try:
        assembled("define void @nothing(ptr %leaves) nounwind {\nret void\n}\n", 0)
    except (LoadError, OSError, RuntimeError, TypeError, AttributeError) as error:
        return f"llvmlite makes no code here ({str(error).strip().splitlines()[0]}): Python code"
    return ""


def emit(graph: Graph, templates: Sequence[Any], source: str = "") -> Program | None:
    """A graph as native code; None where it has what native code cannot express.

    Args:
        graph: the computation, simplified.
        templates: what each output came to: a float, a np.float64, a float64 array, or any constant.
        source: the Python that the native code stands for.

    Example:
        >>> from adkit.graph import record
        >>> from adkit.codegen import native
        >>> program = native.emit(record(lambda leaves: leaves[0] * leaves[1], [2.0, 5.0]), [10.0])
        >>> program.run(3.0, 4.0) if program is not None else (12.0,)
        (12.0,)
    """
    began = time.perf_counter()
    if missing():
        return None
    try:
        lowered = lower(graph)
        patterns, places = _patterns(lowered, templates)
        run = _built(graph, lowered, patterns, places)
    except (InexpressibleError, LoadError):
        return None
    return Program(run, source, "native", lowered.count, time.perf_counter() - began)


def _built(graph: Graph, lowered: Lowered, patterns: Sequence[Any], places: Sequence[int]) -> Any:
    """The builtin that takes the inputs and returns the outputs, or None."""
    writer = Writer(lowered.operations, places, lowered.required)
    inputs = tuple(node.value for node in graph.inputs)
    kernel = Kernel(inputs, tuple(patterns), len(places), writer.room, not lowered.operations.all_numpys)
    level = 1 if len(writer.order) <= CAREFUL else 0
    return builtin(make(writer.text(), level, kernel, list(map(Leaf, inputs)), Parts(tuple(patterns))))


def _patterns(lowered: Lowered, templates: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """How each output is built, and the numbers that they are built of."""
    patterns: list[Any] = []
    places: list[int] = []
    for output, template in zip(lowered.outputs, templates, strict=True):
        patterns.append(_pattern(lowered, output, template, places))
    return patterns, places


def _pattern(lowered: Lowered, output: Any, template: Any, places: list[int]) -> Any:
    if lowered.is_constant(output) and not isinstance(template, np.ndarray):
        return Object(template)
    if kind_of(template) != "f":
        raise InexpressibleError(f"an output of type {type(template).__name__}")
    numbers = lowered.numbers(output)
    if np.shape(numbers) != np.shape(template):
        raise InexpressibleError("an output of another shape")
    start = len(places)
    places += np.ravel(numbers).tolist()
    if isinstance(template, np.ndarray):
        return Array(start, template.shape)
    return Number(start, type(template) is np.float64)


def entry(
    program: Program,
    structures: Sequence[Structure],
    leaves: Sequence[Any],
    output_structure: Structure,
    guard: Callable[[], bool] | None = None,
) -> Link | None:
    """A builtin of the positional arguments that checks them, runs a program and builds its results; or None.

    What is returned makes it, given what is called instead where an argument is not as it was when the graph was
    recorded, or a decision comes out otherwise.

    Args:
        program: what `emit` returned.
        structures: the structure of each argument: numbers, arrays, and tuples and lists of them.
        leaves: in order, `Static` or what the leaf was when the graph was recorded.
        output_structure: the structure of the outputs.
        guard: what else is asked on each call: True or False.
    """
    home = getattr(program.run, "__self__", None)
    if not isinstance(home, Home):
        return None
    found, results = iter(leaves), iter(home.kernel.outputs)
    try:
        arguments = [_argument(structure, found) for structure in structures]
        result = _result(output_structure, results)
    except InexpressibleError:
        return None
    made = make("", 1, home.kernel, arguments, result, home, calls=True, guard=guard)

    def link(otherwise: Callable[..., Any]) -> Any:
        return builtin(made._replace(otherwise=otherwise))

    return link


def _argument(structure: Structure, leaves: Any) -> Any:
    if structure is not None:
        return _parts(structure, [_argument(part, leaves) for part in structure.parts])
    leaf = next(leaves)
    if not isinstance(leaf, Static):
        return Leaf(leaf)
    if not isinstance(leaf.value, _COMPARED):
        raise InexpressibleError(f"a {type(leaf.value).__name__} that may be equal to another one")
    return Object(leaf.value)


# Objects that are equal if they are the same, and those of which a builtin knows whether they are equal.
_COMPARED = (type(None), bool, int, float, str, bytes, type, types.FunctionType, np.ufunc)


def _result(structure: Structure, results: Any) -> Any:
    if structure is None:
        return next(results)
    return _parts(structure, [_result(part, results) for part in structure.parts])


def _parts(container: Container, parts: Sequence[Any]) -> Parts:
    if container.kind not in (tuple, list):
        raise InexpressibleError(f"a {container.kind.__name__}")
    return Parts(tuple(parts), container.kind)
