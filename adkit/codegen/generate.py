"""The way from a graph to a program."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ..graph import Graph
from . import native as compiler
from .chunks import code_of
from .program import Code, Program
from .simplify import in_order, simplify
from .storage import outputs_early
from .streaming import streamed
from .text import tupled
from .writer import Writer


def generate(graph: Graph, templates: Sequence[Any], *, native: bool | None = None) -> Program:
    """Straight-line code for a graph.

    Args:
        graph: a recorded computation; its inputs are the program's, in order.
        templates: for each output of the graph, a value of the type, shape and dtype that the program gives it.
        native: True for native code where it can be had, False for Python; None leaves it to what is installed.

    Returns:
        A `Program`. Its outputs share memory with nothing.

    Example:
        >>> import numpy as np
        >>> from adkit.codegen.generate import generate
        >>> from adkit.graph import record
        >>> graph = record(lambda leaves: np.tanh(leaves[0]) * leaves[0] + 1.0 * leaves[0], [2.0])
        >>> program = generate(graph, [2.0], native=False)
        >>> program.run(2.0)
        (3.928055160151634,)
        >>> print(program.source)
        def run(x1):
            return (tanh(x1) * x1 + x1,)
    """
    began = time.perf_counter()
    with _uncollected():
        simple = simplify(graph)
        found, note = _native(simple, templates, native)
        return found if found is not None else _python(outputs_early(streamed(simple)), templates, began, note)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that is made here is garbage: without looking for any, long programs take half the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _native(graph: Graph, templates: Sequence[Any], native: bool | None) -> tuple[Program | None, str]:
    """A native program, or why there is none."""
    if native is False:
        return None, ""
    found = compiler.emit(graph, templates)
    if found is None:
        return None, compiler.missing() or "NumPy code: native code is for numbers and small arrays"
    code = python_code(graph, templates)
    whole = "\n\n\n".join([*code.functions, source_of(code)])
    return replace(found, source=whole, constants=_constants(code)), ""


def _python(graph: Graph, templates: Sequence[Any], began: float, note: str) -> Program:
    code = python_code(graph, templates)
    namespace = {**code.namespace, "errstate": np.errstate}
    for k, function in enumerate(code.functions):
        define(function, f"chunk{k}", namespace)
    code = replace(code, namespace=namespace)
    source = source_of(code)
    run = define(source, "run", dict(namespace))
    count = len(in_order(graph))
    whole = "\n\n\n".join([*code.functions, source])
    return Program(run, whole, "python", count, time.perf_counter() - began, note, code, _constants(code))


def _constants(code: Code) -> dict[str, Any]:
    return {name: x for name, x in code.namespace.items() if isinstance(x, np.ndarray | np.generic)}


def python_code(graph: Graph, templates: Sequence[Any]) -> Code:
    """The lines for a graph that has been simplified."""
    writer = Writer(graph, templates)
    outputs = writer.write()
    return code_of(writer, outputs)


def source_of(code: Code) -> str:
    """A function of the inputs around the lines."""
    inner = body(code, f"return {tupled(code.outputs)}", "return None")
    return "\n".join([f"def run({', '.join(code.inputs)}):", *indented(inner)])


def body(code: Code, last: str, otherwise: str) -> list[str]:
    """The lines, the last one, and what is done where arithmetic raises."""
    lines = [*code.lines, last]
    if not code.lines and not code.quiet and not code.raises:
        return lines
    if code.quiet:
        lines = ['with errstate(all="ignore"):', *indented(lines)]
    if code.raises:
        lines = ["try:", *indented(lines), "except (ArithmeticError, ValueError):", *indented([otherwise])]
    return lines


def indented(lines: Sequence[str]) -> list[str]:
    """Lines one level further in."""
    return ["    " + line.replace("\n", "\n    ") for line in lines]


def define(source: str, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """The function of this name that a source defines, in a namespace that then has it."""
    exec(compile(source, f"<adkit {name}>", "exec"), namespace)
    return namespace[name]
