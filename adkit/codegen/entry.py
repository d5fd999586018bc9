"""One generated function from a call's arguments to its result: checks, containers taken apart, code, result built."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import is_dataclass, replace
from typing import Any, Protocol

import numpy as np

from ..containers import Container, Structure
from . import native
from .generate import body, define
from .program import MISS, Link, Program, Static
from .text import tupled


class Condition(Protocol):
    """An expression in names of its own, which may raise where something is gone."""

    namespace: dict[str, Any]
    source: str


def entry(
    program: Program,
    structures: Sequence[Structure],
    leaves: Sequence[Any],
    output_structure: Structure,
    guard: Condition | None = None,
) -> Link:
    """A function of the positional arguments that checks, runs and builds; or calls another one with all it was given.

    Args:
        program: the program of the traced leaves, in order.
        structures: of each argument, as `containers.flatten` gives it.
        leaves: of all arguments, from left to right: `Static(value)`, or an example of a traced leaf.
        output_structure: of the result, whose leaves the outputs of the program are.
        guard: what else must hold, as an expression in names of its own.

    Returns:
        What makes that function, given the one that it calls: where the arguments differ in number, structure, type,
        shape, dtype or static value, arrays also in how they lie in memory (which decides what a write to a view
        changes); where there are keyword arguments, and where the program gives up or raises.

    Example:
        >>> from adkit.codegen.entry import entry
        >>> from adkit.codegen.generate import generate
        >>> from adkit.graph import record
        >>> program = generate(record(lambda leaves: leaves[0] * leaves[0], [3.0]), [9.0], native=False)
        >>> square = entry(program, [None], [3.0], None)(lambda *args: args)
        >>> square(4.0), square("four")
        (16.0, ('four',))
    """
    if program.backend == "native":
        quick = native.entry(program, structures, leaves, output_structure, _function_of(guard))
        if quick is not None:
            return quick
    return _Entry(program, guard).link(structures, leaves, output_structure)


def _function_of(guard: Condition | None) -> Callable[[], bool] | None:
    """A condition as a function; None where there is nothing to ask."""
    if guard is None or not guard.source:
        return None
    return define(_HOLDS.format(source=guard.source), "holds", dict(guard.namespace))


_HOLDS = """\
def holds():
    try:
        return True if {source} else False
    except Exception:
        return False
"""


class _Entry:
    """The lines of an entry while they are written."""

    def __init__(self, program: Program, guard: Condition | None = None) -> None:
        self.program = program
        self.code = program.code
        self.namespace: dict[str, Any] = dict(self.code.namespace) if self.code is not None else {}
        self.namespace |= {"MISS": MISS, "ndarray": np.ndarray}
        self.lines: list[str] = []
        self.inputs: list[str] = []
        self.parts = 0
        if guard is not None and guard.source:
            self.namespace |= guard.namespace
            self._require(guard.source)

    def link(self, structures: Sequence[Structure], leaves: Sequence[Any], output_structure: Structure) -> Link:
        remaining = iter(leaves)
        traced = iter(self.code.inputs if self.code is not None else [f"x{i}" for i in range(1, len(leaves) + 1)])
        parameters = [self._named(structure, remaining, traced) for structure in structures]
        return self._finish(parameters, output_structure)

    def _named(self, structure: Structure, leaves: Iterator[Any], traced: Iterator[str]) -> str:
        """Check an argument, or a part of one, and take it apart; its name."""
        if structure is None:
            leaf = next(leaves)
            name = self._fresh("s") if isinstance(leaf, Static) else next(traced)
            self._require_leaf(name, leaf)
            if not isinstance(leaf, Static):
                self.inputs.append(name)
            return name
        name = self._fresh("a")
        at = len(self.lines)
        names = [self._named(part, leaves, traced) for part in structure.parts]
        self.lines[at:at] = self._opened(name, structure, names)
        return name

    def _fresh(self, stem: str) -> str:
        """A name that means nothing yet."""
        while True:
            self.parts += 1
            name = f"{stem}{self.parts}"
            if name not in self.namespace:
                return name

    def bind(self, stem: str, value: Any) -> str:
        """A name for a constant."""
        for name, known in self.namespace.items():
            if known is value:
                return name
        name = self._fresh(f"{stem}_")
        while name in self.namespace:  # the code has constants of its own
            name = self._fresh(f"{stem}_")
        self.namespace[name] = value
        return name

    def _require(self, condition: str) -> None:
        self.lines.append(f"if not ({condition}): break")

    # -- arguments ---------------------------------------------------------------------------------
    def _require_leaf(self, name: str, leaf: Any) -> None:
        if isinstance(leaf, Static):
            self._require_static(name, leaf.value)
        elif type(leaf) is np.ndarray:
            dtype, shape = self.bind("dtype", leaf.dtype), leaf.shape
            self._require(f"type({name}) is ndarray and {name}.dtype is {dtype} and {name}.shape == {shape!r}")
            if leaf.ndim > 1:
                in_rows = leaf.flags.c_contiguous
                self._require(f"{name}.flags.c_contiguous" if in_rows else f"{name}.strides == {leaf.strides!r}")
        else:
            self._require(f"type({name}) is {self.bind(type(leaf).__name__, type(leaf))}")

    def _require_static(self, name: str, value: Any) -> None:
        if type(value) in (int, str, bool, bytes):
            self._require(f"type({name}) is {self.bind(type(value).__name__, type(value))} and {name} == {value!r}")
        elif value is None:
            self._require(f"{name} is None")
        else:
            known = self.bind("static", value)
            self._require(f"{name} is {known} or {self.bind('equal', equal)}({name}, {known})")

    def _opened(self, name: str, container: Container, names: Sequence[str]) -> list[str]:
        """The lines that check a container and name its parts."""
        kind = self.bind(container.kind.__name__, container.kind)
        if is_dataclass(container.kind):
            fields = [f"{part} = {name}.{key}" for part, key in zip(names, container.keys, strict=True)]
            return [f"if type({name}) is not {kind}: break", *fields]
        if container.kind is dict:
            keys = self.bind("keys", container.keys)
            check = f"if type({name}) is not dict or (*{name},) != {keys}: break"
            return [check, *([f"{tupled(names)} = {name}.values()"] if names else [])]
        check = f"if type({name}) is not {kind} or len({name}) != {len(names)}: break"
        return [check, *([f"{tupled(names)} = {name}"] if names else [])]

    # -- the result --------------------------------------------------------------------------------
    def _built(self, structure: Structure, parts: Iterator[str]) -> str:
        """The expression that builds a container of the outputs."""
        if structure is None:
            return next(parts)
        inner = [self._built(part, parts) for part in structure.parts]
        if structure.kind is tuple:
            return tupled(inner)
        if structure.kind is list:
            return f"[{', '.join(inner)}]"
        if structure.kind is dict:
            keys = [repr(key) if type(key) in (str, int) else self.bind("key", key) for key in structure.keys]
            return f"{{{', '.join([f'{key}: {part}' for key, part in zip(keys, inner, strict=True)])}}}"
        return f"{self.bind('build', structure.build)}([{', '.join(inner)}])"

    def _finish(self, parameters: Sequence[str], output_structure: Structure) -> Link:
        if self.code is not None:
            result = self._built(output_structure, iter(self.code.outputs))
            lines = body(replace(self.code, raises=False), f"return {result}", "")
            lines = [line.replace("return None", "break") for line in lines]
        else:
            lines = self._running(output_structure)
        inner = "\n".join([" " * 16 + line.replace("\n", "\n" + " " * 16) for line in [*self.lines, *lines]])
        return define(_SOURCE.format(**_given(parameters), lines=inner), "link", self.namespace)

    def _running(self, output_structure: Structure) -> list[str]:
        """The lines that run the program instead of holding its code."""
        self.namespace["run"] = self.program.run
        result = self._built(output_structure, (f"out[{k}]" for k in itertools.count()))
        return [f"out = run({', '.join(self.inputs)})", "if out is None: break", f"return {result}"]


def _given(parameters: Sequence[str]) -> dict[str, str]:
    """How arguments are received; where they are not those, and how any, or exactly those, are handed on."""
    if not parameters:
        return {"head": "", "other": "more or named", "some": "", "all": ""}
    return {
        "head": "".join([f"{name}=MISS, " for name in parameters]) + "/, ",
        "other": f"{parameters[-1]} is MISS or more or named",
        "some": f"*[x for x in {tupled(parameters)} if x is not MISS], ",
        "all": ", ".join(parameters),
    }


# Left at the end of the one turn of the loop: what is called instead runs under none of the conditions of the code.
_SOURCE = """\
def link(otherwise):
    def entry({head}*more, **named):
        if {other}:
            return otherwise({some}*more, **named)
        while True:
            try:
{lines}
            except Exception:
                pass
            break
        return otherwise({all})
    return entry
"""


def equal(x: Any, value: Any) -> bool:
    """Whether a static argument is what it was when the program was made."""
    if type(x) is not type(value):
        return False
    try:
        if isinstance(value, np.ndarray):
            return x.dtype == value.dtype and np.array_equal(x, value)
        return bool(x == value)
    except Exception:  # whatever a comparison of strangers does
        return False
