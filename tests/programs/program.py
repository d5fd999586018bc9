"""A program is data: arguments and operations as source text, which is what a failure shows and what is run."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import adkit as ad

from .rows import Row

try:
    from scipy import special
except ImportError:
    special = None


def gaps(x: Any) -> Any:
    """Differences between neighbours in order: 0 where two elements are equal."""
    return np.diff(np.sort(np.ravel(x)))


NAMES = {"np": np, "ad": ad, "special": special, "functools": functools, "gaps": gaps}


@dataclass(frozen=True)
class Step:
    """One operation: the row it came from, its lines, and the name they bind."""

    row: Row
    text: str
    name: str


@dataclass(frozen=True)
class Program:
    """A function as data: its arguments as source, its steps, what it returns and in which container."""

    arguments: dict[str, str]
    steps: tuple[Step, ...]
    results: tuple[str, ...]
    container: str = ""

    def source(self) -> str:
        """The function as a person would write it."""
        body = "\n".join([*(step.text for step in self.steps), f"return {self._returned()}"])
        return f"def f({', '.join(self.arguments)}):\n{textwrap.indent(body, '    ')}\n"

    def _returned(self) -> str:
        joined = ", ".join(self.results)
        as_dict = ", ".join(f"'r{i}': {name}" for i, name in enumerate(self.results))
        return {"list": f"[{joined}]", "dict": f"{{{as_dict}}}"}.get(self.container, joined)

    def listing(self) -> str:
        """The function and its arguments, to be pasted into a session."""
        used = [line for name, line in _IMPORTS.items() if re.search(rf"\b{name}\.", self._text())]
        return "\n".join([*used, "", self.source(), *(f"{k} = {v}" for k, v in self.arguments.items())])

    def _text(self) -> str:
        return self.source() + " ".join(self.arguments.values())

    def widened(self) -> Program:
        """The same program in double precision throughout."""
        steps = tuple(Step(step.row, _widened(step.text), step.name) for step in self.steps)
        return replace(self, arguments={k: _widened(v) for k, v in self.arguments.items()}, steps=steps)

    def is_narrow(self) -> bool:
        """Whether single precision occurs."""
        return "float32" in self._text()

    def compiled(self) -> Callable[..., Any]:
        """The function."""
        names = dict(NAMES)
        exec(code(self.source()), names)
        return names["f"]

    def point(self) -> list[Any]:
        """The arguments, made anew."""
        return [eval(text, dict(NAMES)) for text in self.arguments.values()]


_IMPORTS = {
    "np": "import numpy as np",
    "ad": "import adkit as ad",
    "special": "from scipy import special",
    "functools": "import functools",
}


def code(source: str) -> Any:
    return compile(source, "<program>", "exec")


def _widened(text: str) -> str:
    return text.replace("float32", "float64")


def literal(x: Any) -> str:
    """A NumPy array or number as source; one of floats keeps its dtype."""
    if isinstance(x, float):
        return repr(x)
    short = {np.dtype(float): "", np.dtype(complex): "", np.dtype(bool): ""}
    dtype = short.get(x.dtype, f", np.{x.dtype}")
    if not x.size:
        return f"np.zeros({x.shape}{dtype or (', bool' if x.dtype == bool else '')})"
    return f"np.array({x.tolist()!r}{dtype})" if x.ndim or dtype else f"np.array({x.item()!r})"


# -- making a failure small ------------------------------------------------------------------------
def reduced(program: Program, fails: Callable[[Program], bool]) -> Program:
    """The smallest program that still fails, as far as leaving out one thing at a time finds it."""
    while (smaller := next(filter(fails, _smaller(program)), None)) is not None:
        program = smaller
    return program


def _smaller(program: Program) -> Iterator[Program]:
    """Programs with fewer results, fewer steps, or an earlier value in place of a step."""
    arguments, steps, results = program.arguments, program.steps, program.results
    if program.container:
        yield replace(program, container="")
    if len(results) > 1:
        for i in range(len(results)):
            yield replace(program, results=results[:i] + results[i + 1 :])
    for i in reversed(range(len(steps))):
        kept = steps[:i] + steps[i + 1 :]
        yield replace(program, steps=kept)
        for name in _names_in(steps[i], program):
            renamed = tuple(dict.fromkeys(name if r == steps[i].name else r for r in results))
            yield replace(program, steps=_renamed(kept, steps[i].name, name), results=renamed)
    read = " ".join([*(step.text for step in steps), *results])
    for name in arguments:
        if len(arguments) > 1 and not re.search(rf"\b{name}\b", read):
            yield replace(program, arguments={k: v for k, v in arguments.items() if k != name})


def _names_in(step: Step, program: Program) -> list[str]:
    """The names that a step reads."""
    names = [*program.arguments, *(s.name for s in program.steps if s is not step)]
    return [name for name in names if re.search(rf"\b{name}\b", step.text)]


def _renamed(steps: tuple[Step, ...], old: str, new: str) -> tuple[Step, ...]:
    return tuple(Step(s.row, re.sub(rf"\b{old}\b", new, s.text), s.name) for s in steps)
