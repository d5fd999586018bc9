"""What a graph becomes: a function of its inputs, and the source to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


class Missed:
    """What generated code returns of arguments that it was not made for."""

    def __repr__(self) -> str:
        return "MISS"


MISS: Final = Missed()


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
