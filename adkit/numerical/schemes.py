"""Finite differences: f is a black box, called at shifted points, one component at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from ..errors import BadRequest, OutputError, unknown
from ..tracing import plain
from .surroundings import Function, Place, Surroundings, component, components, number

Scheme = Literal["central", "forward", "complex"]
SCHEMES: tuple[str, ...] = get_args(Scheme)


def step_size(x: Any, scheme: str, step: float | None = None, out: Any = 0.0) -> float:
    """The step at the number x: `step` where the caller fixed it, else where truncation and rounding balance.

    That is at the square root of the machine epsilon for one-sided differences, at its cube root for central ones and
    at its fourth root for second differences, relative to |x| where that exceeds 1. The epsilon is that of x or of f's
    output `out`, whichever is less precise. The complex step subtracts nothing and may be tiny.
    """
    if step is not None:
        return step
    if scheme == "complex":
        return 1e-20
    epsilon = max(_epsilon(x), _epsilon(out))
    root = {"forward": 1 / 2, "central": 1 / 3, "second": 1 / 4}[scheme]
    return epsilon**root * max(1.0, float(np.abs(x)))


def _epsilon(x: Any) -> float:
    """The machine epsilon of a number's dtype; whole numbers are exact."""
    dtype = np.asarray(plain(x)).dtype
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def check(scheme: object, step: object) -> None:
    """Refuse a scheme or step that makes no sense."""
    if scheme not in SCHEMES:
        raise unknown("scheme", scheme, SCHEMES)
    if step is None:
        return
    if isinstance(step, bool) or not isinstance(step, (int, float, np.number)) or not 0 < step < math.inf:
        raise BadRequest(f"the step of a finite difference must be a positive number, not {step!r}")


def jacobian(
    f: Function, leaves: Sequence[Any], scheme: str = "central", step: float | None = None
) -> tuple[Any, list[Any]]:
    """f at the point, and its derivative with respect to each leaf, in the shape output.shape + leaf.shape.

    f is called once, and once (forward, complex) or twice (central) for each component; for the complex step three
    times more, to see that f is analytic.
    """
    check(scheme, step)
    base = Surroundings(f, leaves).at()
    if scheme == "complex" and np.iscomplexobj(plain(base)):
        raise OutputError("scheme='complex' needs f to return real numbers at real arguments; use scheme='central'")
    near = Surroundings(f, leaves, complex_step=scheme == "complex")
    columns: list[list[Any]] = [[] for _ in leaves]
    with np.errstate(all="ignore"):
        for i, place in components(leaves):
            h = step_size(component(leaves[i], place), scheme, step, base)
            columns[i].append(_difference(near, base, (i, place), scheme, h))
        blocks = [_assembled(found, base, leaf) for found, leaf in zip(columns, leaves, strict=True)]
        if scheme == "complex":
            _require_analytic(f, leaves, blocks)
    return base, blocks


def _difference(near: Surroundings, base: Any, where: tuple[int, Place], scheme: str, h: float) -> Any:
    """The derivative of f with respect to one component."""
    if scheme == "complex":
        return np.imag(_complex_call(near, where, h)) / h
    # The distance that floating point really moves, not the one that was asked for.
    ahead = near.distance(*where, h)
    above = number(near.at((*where, h)))
    if scheme == "forward":
        return (above - number(base)) / ahead
    below = number(near.at((*where, -h)))
    return (above - below) / (ahead - near.distance(*where, -h))


def _complex_call(near: Surroundings, where: tuple[int, Place], h: float) -> Any:
    try:
        return near.at((*where, 1j * h))
    except TypeError as error:
        raise OutputError(
            f"scheme='complex' calls f with complex numbers, which it does not take ({error}); use scheme='central'"
        ) from error


def _assembled(columns: list[Any], base: Any, leaf: Any) -> Any:
    """The derivatives by component as one array of shape output.shape + leaf.shape."""
    shape = (*np.shape(plain(base)), *np.shape(plain(leaf)))
    return np.reshape(np.stack(columns, axis=-1), shape) if columns else np.zeros(shape)


def _require_analytic(f: Function, leaves: Sequence[Any], blocks: Sequence[Any]) -> None:
    """Refuse a complex step that a central difference along one random direction contradicts.

    The complex step is exact where f is analytic in the complex plane and silently wrong where it takes an absolute
    value, a conjugate or a real part on the way.
    """
    points = [plain(leaf) for leaf in leaves]
    epsilon = max((float(np.finfo(np.asarray(x).dtype).eps) for x in points), default=0.0)
    random = np.random.default_rng(0)
    sizes = [np.maximum(1.0, np.abs(x)) * epsilon ** (1 / 3) for x in points]
    directions = [size * random.choice([-1.0, 1.0], np.shape(x)) for size, x in zip(sizes, points, strict=True)]
    above, below = (
        number(plain(f([_like(x, x + sign * d) for x, d in zip(points, directions, strict=True)]))) for sign in (1, -1)
    )
    seen = (above - below) / 2
    terms = [(np.asarray(plain(b)) * d).reshape(*np.shape(seen), -1) for b, d in zip(blocks, directions, strict=True)]
    claimed = sum(term.sum(axis=-1) for term in terms)
    scale = sum(np.abs(term).sum(axis=-1) for term in terms) + np.abs(seen)
    noise = 45 * epsilon * np.maximum(np.abs(above), np.abs(below))
    if np.any(np.abs(seen - claimed) > max(1e-4, 30 * epsilon ** (2 / 3)) * scale + noise):
        raise OutputError(
            "scheme='complex' disagrees with central differences: f is not analytic (an absolute value, a "
            "comparison, a conjugate, a real part or a norm stands in the way); use scheme='central'"
        )


def _like(x: Any, moved: Any) -> Any:
    """A moved point of the type of the point itself."""
    return moved.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(moved)


def hessian(f: Function, leaves: Sequence[Any], step: float | None = None) -> list[list[Any]]:
    """Second differences of f alone: block [i][j] in the shape leaf_i.shape + leaf_j.shape."""
    check("central", step)
    near = Surroundings(f, leaves)
    places = list(components(leaves))
    base = number(near.at())
    steps = [step_size(component(leaves[i], place), "second", step, base) for i, place in places]
    steps = [near.distance(i, place, h) for (i, place), h in zip(places, steps, strict=True)]

    def second(a: int, b: int) -> Any:
        (i, p), (j, q), h, k = places[a], places[b], steps[a], steps[b]
        if a == b:
            return (number(near.at((i, p, h))) - 2 * base + number(near.at((i, p, -h)))) / h**2
        pp, pm, mp, mm = (number(near.at((i, p, s * h), (j, q, t * k))) for s in (1, -1) for t in (1, -1))
        return (pp - pm - mp + mm) / (4 * h * k)

    with np.errstate(all="ignore"):
        lower = [[second(a, b) for b in range(a + 1)] for a in range(len(places))]
    rows = [[lower[max(a, b)][min(a, b)] for b in range(len(places))] for a in range(len(places))]
    return _in_blocks(rows, leaves)


def _in_blocks(rows: list[list[Any]], leaves: Sequence[Any]) -> list[list[Any]]:
    """A square matrix over all components, cut into blocks of shape leaf_i.shape + leaf_j.shape."""
    shapes = [np.shape(plain(leaf)) for leaf in leaves]
    ends = [0, *np.cumsum([math.prod(shape) for shape in shapes])]
    return [
        [
            _block(
                [x for row in rows[ends[i] : ends[i + 1]] for x in row[ends[j] : ends[j + 1]]], shapes[i] + shapes[j]
            )
            for j in range(len(leaves))
        ]
        for i in range(len(leaves))
    ]


def _block(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    return np.reshape(np.stack(numbers), shape) if numbers else np.zeros(shape)
