"""Gradients to be judged: the right ones, and wrong ones made from them as people make mistakes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .case import Case

# "right" and "wrong" say it all; "allowed" is one of several at a point without a derivative: neither right nor wrong.
Kind = Literal["right", "allowed", "wrong"]
NO_DERIVATIVE = ("cusp", "jump", "infinite", "nonfinite")


@dataclass(frozen=True)
class Gradient:
    """A gradient at the point of a case, what is to be said of it, and how it was made."""

    name: str
    kind: Kind
    values: Any

    def __call__(self, x: Any) -> Any:
        """The gradient at the point, wherever it is asked for."""
        return self.values.copy()


def gradients(case: Case) -> list[Gradient]:
    """The gradients that a checker is given, the right ones first."""
    if any(s in NO_DERIVATIVE for s in case.situations):
        return list(_where_there_is_none(case))
    if "kink" in case.situations:
        return list(_at_a_kink(case))
    truth = np.array(case.truth)
    return [Gradient("right", "right", truth), *_wrong(case, truth)]


def visible(case: Case, i: int, delta: float) -> bool:
    """Whether an error in component i can be seen in f's values, whatever the method.

    A central difference over h is off by about noise / h + slope h^2 / width^2; ten times the least of that is asked.
    """
    eps = case.epsilon if case.epsilon > 1e-10 else 2.0**-52
    noise = case.noise + eps * abs(float(case(case.x)))
    slope = max(abs(case.truth[i]) if math.isfinite(case.truth[i]) else 0.0, delta, case.scale)
    return delta > 10 * noise ** (2 / 3) * (slope / case.width_of(i) ** 2) ** (1 / 3)


def _wrong(case: Case, truth: Any) -> Iterator[Gradient]:
    """Mistakes, as far as they make a difference that f's values can show."""
    for name, values in _mistakes(case, truth):
        off = np.abs(values - truth)
        if np.any(np.isnan(values)) or any(visible(case, i, float(d)) for i, d in enumerate(off) if d):
            yield Gradient(name, "wrong", values)


def _mistakes(case: Case, truth: Any) -> Iterator[tuple[str, Any]]:
    one = _typical(truth)
    unit = np.eye(len(truth))[one]
    yield "sign flipped", -truth
    yield "twice as large", 2 * truth
    yield "zero", 0 * truth
    if len(truth) > 1:
        yield "components moved by one place", np.roll(truth, 1)
    yield "one component off by the size of f", truth + unit * _size(case, one)
    yield "one component nan", np.where(unit > 0, np.nan, truth)
    # What noise hides is not planted: where f scatters, only mistakes as large as the slope itself.
    if "noisy" not in case.situations:
        for share in (0.05, 0.01, 0.001):
            yield f"one component off by {share:.1%}", truth * (1 + share * unit)


def _typical(truth: Any) -> int:
    """A component of medium size among those that are not 0."""
    order = np.argsort(np.abs(truth), kind="stable")
    nonzero = [int(i) for i in order if truth[i] != 0] or [0]
    return nonzero[len(nonzero) // 2]


def _size(case: Case, i: int) -> float:
    """What a slope could be if nothing were known but the sizes of f and x."""
    known = [abs(t) for t in case.truth if math.isfinite(t)]
    return max([*known, abs(float(case(case.x))) / case.width_of(i)]) or 1.0


def _at_a_kink(case: Case) -> Iterator[Gradient]:
    sides = [case.sides(i) if s == "kink" else (t,) * 2 for i, (s, t) in enumerate(_by_component(case))]
    left, right = np.array(sides).T
    jump = right - left
    yield Gradient("derivative from the left", "allowed", left)
    yield Gradient("derivative from the right", "allowed", right)
    yield Gradient("midway", "allowed", (left + right) / 2)
    for name, values in (("beyond the right", right + 2 * jump), ("beyond the left", left - 2 * jump)):
        if any(visible(case, i, 2 * abs(float(d))) for i, d in enumerate(jump) if d):
            yield Gradient(name, "wrong", values)
    yield Gradient("nan", "wrong", left * math.nan)


def _by_component(case: Case) -> list[tuple[str, float]]:
    return list(zip(case.situations, case.truth, strict=True))


def _where_there_is_none(case: Case) -> Iterator[Gradient]:
    """Any number is wrong where there is no derivative, not even from one side."""
    for number in (0.0, 1.0):
        values = [number if s in NO_DERIVATIVE else t for s, t in _by_component(case)]
        yield Gradient(f"{number:g} where there is none", "wrong", np.array(values))
