"""What the names in the code of a recording mean, for who reads it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..codegen import Static
from ..containers import paths, unflatten
from .recording import Recording

# How many constants are written out, and of how many numbers.
MOST, LARGEST = 20, 6


def legend(g: Callable[..., Any], recording: Recording) -> list[str]:
    """Comments: the inputs as f calls them, constants, and what the code gives up with."""
    program = recording.program
    found = [_inputs(g, recording), *_constants(recording)]
    if re.search(r"\btake\(\)", program.source):
        found.append("take() lends arrays to work in, give() has them back")
    if "return None" in program.source:
        found.append("None: a branch is taken or a number met that this code does not hold for; f itself is run")
    return [f"# {line}" for line in found if line]


def _inputs(g: Callable[..., Any], recording: Recording) -> str:
    """What f calls the inputs: x1: params['W'], x2: X."""
    counted = iter(range(len(recording.examples)))
    trees = [unflatten(structure, counted) for structure in recording.structures]
    written = [path for name, tree in zip(_names(g, recording), trees, strict=True) for path in paths(tree, name)]
    numbers = [path for path, x in zip(written, recording.examples, strict=True) if not isinstance(x, Static)]
    shown = [f"x{k}: {path}" for k, path in enumerate(numbers, 1) if path != f"x{k}"]
    return ", ".join(shown if len(shown) <= MOST else [*shown[:MOST], "..."])


def _names(g: Callable[..., Any], recording: Recording) -> list[str]:
    """What f calls its arguments, those given by position first."""
    positional = len(recording.structures) - len(recording.names)
    try:
        parameters = inspect.signature(g).parameters.values()
    except (TypeError, ValueError):  # somebody's own callable
        parameters = ()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    known = [p.name for p in parameters if p.kind in kinds][:positional]
    return [*known, *(f"argument {k}" for k in range(len(known), positional)), *recording.names]


def _constants(recording: Recording) -> list[str]:
    """The arrays that the source has by a name which does not tell what they are."""
    arrays = [(name, x) for name, x in recording.program.constants.items() if re.fullmatch(r"[ck](_\d+)?", name)]
    shown = [f"{name} = {_written(np.asarray(x))}" for name, x in arrays[:MOST]]
    return shown + ["..."] * (len(arrays) > MOST)


def _written(x: np.ndarray) -> str:
    """An array in one line."""
    return repr(x.tolist()) if x.size <= LARGEST else f"an array of shape {x.shape}"
