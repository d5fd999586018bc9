"""Tools that find the derivative of a function of one number, each as it comes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ..records import Trial
from .case import Case
from .tool import Counted, Function, Tool, first_line, quiet


@dataclass(frozen=True)
class Found:
    """What a tool says: a number, how wrong it may be if the tool says so, and a word for what f is like."""

    value: float
    claimed: float | None = None
    word: str = ""
    refused: bool = False


def _adkit_central(f: Function, x: float) -> Found:
    from ..transforms import grad

    return Found(float(grad(f, method="numerical")(x)))


def _adkit_adaptive(f: Function, x: float) -> Found:
    from ..methods import Numerical

    found = Numerical(scheme="adaptive").full_output(f, x)
    nothing = math.isnan(found.value) or found.error == math.inf or found.status not in ("ok", "noisy", "edge")
    return Found(float(found.value), float(found.error), str(found.status), refused=nothing)


def _approx_fprime(f: Function, x: float) -> Found:
    return Found(float(import_module("scipy.optimize").approx_fprime(np.array([x]), lambda p: f(p[0]))[0]))


def _three_point(f: Function, x: float) -> Found:
    found = import_module("scipy.optimize._numdiff").approx_derivative(lambda p: f(p[0]), np.array([x]), "3-point")
    return Found(float(found[0]))


def _scipy_differentiate(f: Function, x: float) -> Found:
    # It hands f whole arrays of points.
    found = import_module("scipy.differentiate").derivative(lambda points: np.vectorize(f, otypes=[float])(points), x)
    status = {0: "", -1: "error grows", -2: "not converged", -3: "non-finite"}.get(int(found.status), "stopped")
    return Found(float(found.df), float(found.error), status, refused=not bool(found.success))


def _numdifftools(f: Function, x: float) -> Found:
    found = import_module("numdifftools").Derivative(f, full_output=True)(x)
    value, claimed = (found.estimate, found.error_estimate) if hasattr(found, "estimate") else (found[0], found[1][0])
    return Found(float(np.squeeze(value)), float(np.squeeze(claimed)))


# Each is run on a function of one number and x, and returns what it has Found.
DIFFERENTIATORS = {
    tool.name: tool
    for tool in (
        Tool("adkit adaptive", "", _adkit_adaptive),
        Tool("adkit central", "", _adkit_central),
        Tool("scipy approx_fprime", "scipy", _approx_fprime),
        Tool(
            "scipy 3-point",
            "scipy",
            _three_point,
            note="what minimize uses, scipy.optimize._numdiff.approx_derivative, is private",
        ),
        Tool("scipy.differentiate", "scipy", _scipy_differentiate),
        Tool("numdifftools", "numdifftools", _numdifftools),
    )
}
# Of many components that are alike, so many are tried.
SAMPLE = 3


def trials(cases: Iterable[Case], tools: Iterable[Tool]) -> Iterator[Trial]:
    """Each tool on each component of each case."""
    tools = list(tools)
    for case in cases:
        for i in components(case):
            for tool in tools:
                yield trial(tool, case, i)


def components(case: Case) -> list[int]:
    """Which components of a case are tried."""
    n = len(case.point)
    return list(range(n)) if n < 30 else [round(k * (n - 1) / (SAMPLE - 1)) for k in range(SAMPLE)]


def trial(tool: Tool, case: Case, i: int) -> Trial:
    """One tool on one component."""
    known: dict[str, Any] = {
        "tool": tool.name,
        "case": case.name,
        "family": case.family,
        "situation": case.situations[i],
        "component": i,
        "truth": case.truth[i],
    }
    if not tool.installed:
        return Trial(**known, outcome="not installed")
    f = Counted(_along(case, i))
    try:
        with quiet():
            found = tool.run(f, case.point[i])
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        return Trial(**known, outcome="raised", named=_named(case, i, ""), calls=f.calls, note=first_line(words))
    return _judged(known, found, _named(case, i, found.word), f.calls)


def _along(case: Case, i: int) -> Function:
    """f as a function of one of its numbers."""

    def f(x: Any) -> Any:
        moved = case.x
        moved[i] = x
        return case(moved)

    return f


def _judged(known: dict[str, Any], found: Found, named: bool | None, calls: int) -> Trial:
    refused = found.refused or not math.isfinite(found.value)
    error = abs(found.value - float(known["truth"]))
    relative = error / abs(known["truth"]) if known["truth"] else error
    return Trial(
        **known,
        outcome="refused" if refused else "found",
        value=found.value,
        rel_error=relative,
        claimed=found.claimed,
        held=None if found.claimed is None else refused or _holds(error, found.claimed, known["truth"]),
        named=named,
        verdict=found.word,
        calls=calls,
    )


def _holds(error: float, claimed: float, truth: float) -> bool:
    """Whether a claim holds, up to the last digit of a double; where there is no derivative, no claim does."""
    return bool(error <= claimed + 2.0**-52 * abs(truth))


# By which word each situation is named.
WORDS = {
    "kink": ("kink",),
    "cusp": ("cusp",),
    "jump": ("jump",),
    "noisy": ("noisy",),
    "edge": ("edge",),
    "infinite": ("cusp", "edge"),
    "nonfinite": ("nonfinite", "non-finite"),
}


def _named(case: Case, i: int, word: str) -> bool | None:
    words = WORDS.get(case.situations[i])
    return None if words is None else word in words
