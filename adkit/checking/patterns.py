"""What wrong numbers have in common: a factor, a sign, a transposition, an argument left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tracing import plain
from .inspection import Inspection

# By how much two numbers may differ, besides the bar, to count as the same for a pattern.
_CLOSE = 1e-6
# By how much all that is wrong may be off to be the doing of an f that is not exact.
_SLIGHT = 0.01
# Shifts that are tried of an array of any size, and of a short one.
_SHIFTS, _SHORT = 3, 64


@dataclass(frozen=True)
class Part:
    """The judged numbers of one leaf, outputs by components.

    Attributes:
        name: of the leaf.
        shape: of the leaf.
        places: of the components within the leaf.
        claimed: the whole claim, outputs by all components of the leaf.
        a: the claimed numbers of those components.
        n: what the differences say.
        bar: how far they may be apart.
        wrong: which of them are.
        x: the components themselves.
    """

    name: str
    shape: tuple[int, ...]
    places: np.ndarray
    claimed: np.ndarray
    a: np.ndarray
    n: np.ndarray
    bar: np.ndarray
    wrong: np.ndarray
    x: np.ndarray

    def explains(self, a: np.ndarray) -> bool:
        """Whether these numbers would have been right, all of them, and could have been wrong."""
        close = np.abs(a - self.n) <= self.bar + _CLOSE * np.maximum(np.abs(a), np.abs(self.n))
        return bool(close.all()) and self.n.size > 0


def findings(inspection: Inspection) -> list[str]:
    """What is wrong as a whole, where something is and a pattern fits."""
    parts = list(_parts(inspection))
    wrong = [part for part in parts if part.wrong.any()]
    if not wrong:
        return []
    label = inspection.settings.label.replace(",", ":")
    found = _of_all(wrong, parts, inspection) or [s for part in wrong if (s := _of_one(part, inspection))]
    return [label + s for s in (*found, *_alone(parts), *_slight(wrong))]


def _slight(wrong: list[Part]) -> Iterator[str]:
    """All that is wrong is so by little: f may be what is not exact."""
    a, n = (np.concatenate([getattr(part, x)[part.wrong] for part in wrong]) for x in ("a", "n"))
    apart = np.abs(a - n) / np.maximum(np.abs(n), np.finfo(float).tiny)
    if a.size > 1 and np.all(apart < _SLIGHT) and np.ptp(a / np.where(n == 0, 1, n)) > _CLOSE:
        yield (
            f"no component is further off than {np.max(apart):.1g} of its size: where f itself is known to a tolerance "
            "only (an integrator, an iteration), its differences are; rtol= allows for that"
        )


def _parts(inspection: Inspection) -> Iterator[Part]:
    near, matrix = inspection.referee, inspection.claim.matrix
    outcome = inspection.outcomes()
    for i, name in enumerate(near.names):
        span = near.span(i)
        ks = np.array([k for k in inspection.found if span.start <= k < span.stop], int)
        if ks.size:
            n = np.array([[slope.value for slope in inspection.found[k]] for k in ks]).T
            bar = np.array([[j.bar for j in outcome[k]] for k in ks]).T
            wrong = np.array([[j.verdict == "WRONG" for j in outcome[k]] for k in ks]).T
            shape = np.shape(plain(near.leaves[i]))
            claimed = matrix[:, span]
            yield Part(name, shape, ks - span.start, claimed, matrix[:, ks], n, bar, wrong, near.point[ks])


# -- over all arguments ----------------------------------------------------------------------------
def _of_all(wrong: list[Part], parts: list[Part], inspection: Inspection) -> list[str]:
    """A pattern that all wrong leaves share."""
    if len(wrong) == len(parts):
        a, n, bar = (np.concatenate([getattr(part, x).ravel() for part in parts]) for x in ("a", "n", "bar"))
        if (ratio := _ratio(a, n, bar)) is not None:
            every = "every component is" if a.size > 1 else "the gradient is"
            return [f"{every} {times(ratio)} the true one{_meaning(ratio, inspection)}"]
    return [*_swapped(wrong)]


def _swapped(wrong: list[Part]) -> Iterator[str]:
    for i, one in enumerate(wrong):
        for other in wrong[i + 1 :]:
            alike = one.shape == other.shape and np.array_equal(one.places, other.places)
            if alike and one.explains(other.a) and other.explains(one.a):
                yield f"the gradients by {one.name} and {other.name} are swapped"


# -- of one argument -------------------------------------------------------------------------------
def _of_one(part: Part, inspection: Inspection) -> str:
    """The first pattern that a leaf shows; "" if none does."""
    if not part.a.any():
        return f"{part.name} is detached: its gradient is 0 throughout, while f depends on it"
    ratio = _ratio(part.a.ravel(), part.n.ravel(), part.bar.ravel())
    if ratio is not None and part.a.size > 1:
        return f"of {part.name} every component is {times(ratio)} the true one{_meaning(ratio, inspection)}"
    return _rearranged(part) or _offset(part) or _by_line(part) or ""


def _rearranged(part: Part) -> str:
    """Whether the right numbers stand in the wrong places: more than one does then."""
    if part.wrong.sum() < 2:
        return ""
    for how, moved in _arrangements(part):
        if part.explains(moved[:, part.places]):
            return f"the gradient by {part.name} is {how}"
    full = part.places.size == part.claimed.shape[1] and len(part.a) == 1
    if full and part.a.size > 2:
        order = np.argsort(part.n[0])
        again = np.empty_like(part.a)
        again[0, order] = np.sort(part.a[0])
        if part.explains(again):
            return f"the gradient by {part.name} is permuted: the right numbers in the wrong places"
    return ""


def _arrangements(part: Part) -> Iterator[tuple[str, np.ndarray]]:
    """Other arrangements of the claim, each in words and as outputs by components."""
    claimed, (m, n) = part.claimed, part.claimed.shape
    if m == n > 1:
        yield "transposed (rows are inputs, columns outputs)", claimed.T
    for how, move in _moves(part.shape, n):
        yield how, np.stack([np.ravel(move(row.reshape(part.shape))) for row in claimed])


def _moves(shape: tuple[int, ...], n: int) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    if len(shape) == 2 and shape[0] == shape[1] > 1:
        yield "transposed", lambda row: row.T
    if len(shape) == 2 and shape[0] != shape[1] and min(shape) > 1:
        yield "in the wrong order: that of its transpose", lambda row: row.ravel().reshape(shape[::-1]).T
    for axis in range(len(shape)):
        if shape[axis] > 1:
            along = f" along axis {axis}" if len(shape) > 1 else ""
            yield f"reversed{along}", lambda row, axis=axis: np.flip(row, axis)
            most = shape[axis] - 1 if n <= _SHORT else min(_SHIFTS, shape[axis] - 1)
            for shift in sorted({*range(1, most + 1), *range(-min(_SHIFTS, most), 0)}, key=abs):
                how = f"shifted by {abs(shift)} place{'s' * (abs(shift) > 1)}{along}: an index is off"
                yield how, lambda row, shift=shift, axis=axis: np.roll(row, shift, axis)


def _offset(part: Part) -> str:
    """Whether a term is missing, or one too many: a constant, or a multiple of x."""
    apart = part.a - part.n
    if apart.size < 3 or not part.wrong.all():
        return ""
    shift = float(np.median(apart))
    if shift and part.explains(part.a - shift):
        return f"every component of {part.name} is off by the same {shift:.6g}"
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = float(np.nanmedian(np.where(part.x == 0, np.nan, apart / part.x)))
    if factor and math.isfinite(factor) and part.explains(part.a - factor * part.x):
        term = f"{abs(factor) / 2:.6g} * np.sum(x**2)"
        return (
            f"{part.name} is off by {factor:.6g} times x: a term like {term} is {'missing' if factor < 0 else 'extra'}"
        )
    return ""


def _by_line(part: Part) -> str:
    """Whether every row or column has a factor of its own."""
    if len(part.shape) != 2 or len(part.a) != 1 or min(part.shape) < 2:
        return ""
    for axis, name in ((0, "row"), (1, "column")):
        lines = np.unravel_index(part.places, part.shape)[axis]
        numbers = [(part.a[0, lines == i], part.n[0, lines == i], part.bar[0, lines == i]) for i in np.unique(lines)]
        ratios = [_ratio(*line, least=2) or (1.0 if _same(*line) else None) for line in numbers if len(line[0]) > 1]
        if len(ratios) > 1 and all(r is not None for r in ratios):
            shown = ", ".join(times(r).removesuffix(" times") for r in ratios[:4] if r)
            return f"each {name} of {part.name} has a factor of its own: {shown}{', ...' * (len(ratios) > 4)}"
    return ""


def _same(a: np.ndarray, n: np.ndarray, bar: np.ndarray) -> bool:
    return bool(np.all(np.abs(a - n) <= bar))


def _alone(parts: list[Part]) -> list[str]:
    """Whether a single number is at fault."""
    count = sum(int(part.wrong.sum()) for part in parts)
    total = sum(part.a.size for part in parts)
    if count != 1 or total < 3:
        return []
    return [f"one component alone is wrong; the {total - 1} others that were judged are not"]


# -- factors ---------------------------------------------------------------------------------------
def _ratio(a: np.ndarray, n: np.ndarray, bar: np.ndarray, least: int = 1) -> float | None:
    """The constant other than 1 by which all numbers differ from what they should be; None if there is none."""
    known = np.isfinite(a) & np.isfinite(n) & (np.abs(n) > 10 * bar)
    if known.sum() < least or not np.isfinite(a).all() or not np.isfinite(n).all():
        return None
    ratio = float(np.median(a[known] / n[known])) if known.any() else 0.0
    if not ratio or abs(ratio - 1.0) <= _CLOSE:
        return None
    fits = np.abs(a - ratio * n) <= max(1.0, abs(ratio)) * bar + _CLOSE * np.abs(a)
    return _nice(ratio) if fits.all() else None


def _nice(ratio: float) -> float:
    """The whole number or its reciprocal that a ratio is, but for the errors of differences."""
    for x in (float(round(ratio)), 1 / round(1 / ratio) if round(1 / ratio) else 0.0):
        if x and abs(ratio - x) <= _CLOSE * abs(x):
            return x
    return ratio


def times(ratio: float) -> str:
    """A factor in words."""
    if ratio == -1:
        return "-1 times"
    inverse = 1 / ratio
    if inverse == round(inverse) and abs(inverse) > 1:
        return f"{'-' * (ratio < 0)}1/{abs(round(inverse))} times"
    # Enough digits to tell it from 1.
    return f"{ratio:.6g} times" if abs(ratio - 1) > 1e-4 else f"{ratio:.9g} times"


def _meaning(ratio: float, inspection: Inspection) -> str:
    """What a factor may come from."""
    if ratio == -1:
        return ": the sign is wrong"
    if (axis := _axis_of(abs(ratio), inspection)) and abs(ratio) > 2:
        return f": {axis}; is a sum taken for a mean?"
    if (axis := _axis_of(1 / abs(ratio), inspection)) and abs(ratio) < 0.5:
        return f": {axis}; is a mean taken for a sum?"
    inverse = 1 / ratio
    if inverse in (2.0, 3.0, 4.0) or ratio in (2.0, 3.0, 4.0):
        return f": a factor {inverse:.0f} is missing" if inverse > 1 else f": a factor 1/{ratio:.0f} is missing"
    return ""


def _axis_of(size: float, inspection: Inspection) -> str:
    """The argument that is so long."""
    for i, arg in enumerate(inspection.referee.call.args):
        for axis, length in enumerate(np.shape(arg) if isinstance(arg, np.ndarray) else ()):
            if length == size:
                return f"{length} is the length of axis {axis} of argument {i}"
    return ""
