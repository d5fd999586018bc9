"""What a graph becomes: a function of its inputs, and the source to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final


class Missed:
    """What is there in place of an argument that was not given, or of a result where there is none."""

    def __repr__(self) -> str:
        return "MISS"


MISS: Final = Missed()

# What makes a function of a call's arguments, given the function that is called instead where it does not apply.
Link = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Static:
    """A leaf of the arguments that no derivative is taken of: it must be the same, or equal and of the same type."""

    value: Any


@dataclass(frozen=True)
class Code:
    """Straight-line Python: the names of its inputs, lines, an expression for each output, and what its names mean.

    A line that gives up says `return None`. NumPy's warnings are to be `quiet`; `raises`: arithmetic may. The lines of
    long programs call `functions`, whose source this is.
    """

    inputs: tuple[str, ...]
    lines: tuple[str, ...]
    outputs: tuple[str, ...]
    namespace: Mapping[str, Any]
    quiet: bool = False
    raises: bool = True
    functions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """Straight-line code for a graph. `run` takes its inputs and returns a tuple of its outputs, or None where the
    recorded computation does not hold: a decision comes out differently, a nan appears, arithmetic raises."""

    run: Callable[..., tuple[Any, ...] | None]
    source: str
    backend: str
    operations: int
    seconds: float
    note: str = ""
    code: Code | None = field(default=None, repr=False, compare=False)
    # The arrays that the source calls by a name.
    constants: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
