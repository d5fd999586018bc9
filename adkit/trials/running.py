"""Every tool on every case, as records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..errors import unknown
from ..records import TRIALS, Trial
from . import checkers, derivatives
from .case import Case
from .cases import cases
from .drawn import broken, drawn
from .tool import Tool

KINDS = TRIALS
_PACKAGES = ("scipy", "numdifftools", "autograd", "jax", "torch")


def run(
    kind: str,
    tools: Iterable[str] | None = None,
    random: int = 0,
    seed: int = 0,
    on_progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> list[Trial]:
    """The records of all trials of a kind, tool by tool.

    Args:
        kind: "derivatives" or "checkers".
        tools: by name; all by default. One that is not installed gives rows that say so.
        random: how many random smooth functions go with the named cases, and how many that are broken or noisy.
        seed: of the random functions.
        on_progress: told the case, how many are done and how many there are.
    """
    if kind not in KINDS:
        raise unknown("kind of trial", kind, KINDS)
    module: Any = derivatives if kind == "derivatives" else checkers
    known = _known(kind)
    chosen = [_tool(name, known) for name in (known if tools is None else tools)]
    difficult: Sequence[Case] = [*cases(), *drawn(random, seed), *broken(random, seed)]
    rows: list[Trial] = []
    for i, case in enumerate(difficult):
        on_progress(case.name, i, len(difficult))
        rows += module.trials([case], chosen)
    order = [tool.name for tool in chosen]
    return sorted(rows, key=lambda row: order.index(row.tool))


def _known(kind: str) -> dict[str, Tool]:
    return derivatives.DIFFERENTIATORS if kind == "derivatives" else checkers.CHECKERS


def _tool(name: str, known: dict[str, Tool]) -> Tool:
    if name not in known:
        raise unknown("tool", name, known)
    return known[name]


def conditions(kind: str) -> list[str]:
    """How the tools are called, as far as it needs saying."""
    if kind == "derivatives":
        rest = "each finds the derivative of f along one component, as a function of one number"
    else:
        rest = (
            "each is given the same f and the same gradient, f as an operation with that derivative where the tool "
            "would differentiate it itself"
        )
    notes = [f"{tool.name}: {tool.note}" for tool in _known(kind).values() if tool.note]
    return [f"every tool in its default configuration, in double precision; {rest}", *notes]


def versions() -> dict[str, str]:
    """The versions of the peers that are installed."""
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
