"""Finite differences: f is a black box, called at shifted points, one component at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, get_args

import numpy as np

from .errors import BadRequest, OutputError, unknown
from .tracing import Box, plain

Scheme = Literal["central", "forward", "complex"]
SCHEMES: tuple[str, ...] = get_args(Scheme)
Function = Callable[[list[Any]], Any]
Place = tuple[int, ...]


class Surroundings:
    """f near a point. Arrays are shifted in place in a private copy that f can read but not write."""

    def __init__(self, f: Function, leaves: Sequence[Any], complex_step: bool = False) -> None:
        self.f = f
        self.leaves = [_private(leaf, complex_step) for leaf in leaves]

    def at(self, i: int, place: Place, delta: complex) -> Any:
        """f with one component of leaf i moved by delta."""
        leaf = self.leaves[i]
        if isinstance(leaf, np.ndarray):
            kept = leaf[place]
            leaf[place] = kept + delta
            try:
                return self.call(self.leaves)
            finally:
                leaf[place] = kept
        moved = list(self.leaves)
        moved[i] = _moved(leaf, place, delta)
        return self.call(moved)

    def call(self, leaves: Sequence[Any]) -> Any:
        """f's output, as an array or number of our own: f may return a view of what it was given."""
        try:
            out = self.f([_read_only(leaf) for leaf in leaves])
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise BadRequest(
                f"f changes its argument in place ({error}); let it work on a copy: x = x.copy()"
            ) from error
        return out if isinstance(out, Box) else np.array(out)[()]

    def distance(self, i: int, place: Place, delta: float) -> float:
        """How far floating point moves the component when it is asked to move by delta."""
        x = plain(self.leaves[i])
        x = x[place] if isinstance(x, np.ndarray) else x
        return float(type(x)(x + delta) - x)


def _private(leaf: Any, complex_step: bool) -> Any:
    """A copy of an array that may be shifted; numbers and traced values are shifted by addition."""
    if not isinstance(leaf, np.ndarray):
        return leaf
    return leaf.astype(np.result_type(leaf.dtype, np.complex64)) if complex_step else leaf.copy()


def _moved(leaf: Any, place: Place, delta: complex) -> Any:
    """A number or traced array with one component shifted."""
    if isinstance(leaf, Box):
        direction = np.zeros(leaf.shape, np.result_type(type(delta)))
        direction[place] = delta
        return leaf + direction[()]
    return leaf + delta if isinstance(delta, complex) else type(leaf)(leaf + delta)


def _read_only(leaf: Any) -> Any:
    if not isinstance(leaf, np.ndarray):
        return leaf
    view = leaf.view()
    view.flags.writeable = False
    return view


def components(leaves: Sequence[Any]) -> Iterator[tuple[int, Place]]:
    """Every component of every leaf: which leaf, and where in it."""
    for i, leaf in enumerate(leaves):
        for place in np.ndindex(np.shape(plain(leaf))):
            yield i, place


def step_size(x: Any, scheme: str, step: float | None = None) -> float:
    """The step at the number x: `step` where the caller fixed it, else where truncation and rounding balance.

    That is at the square root of the machine epsilon of x's dtype for one-sided differences and at its cube root for
    central ones, relative to |x| where that exceeds 1. The complex step subtracts nothing and may be tiny.
    """
    if step is not None:
        return step
    if scheme == "complex":
        return 1e-20
    epsilon = float(np.finfo(np.asarray(x).dtype).eps)
    return epsilon ** (1 / 2 if scheme == "forward" else 1 / 3) * max(1.0, float(np.abs(x)))


def jacobian(
    f: Function, leaves: Sequence[Any], scheme: str = "central", step: float | None = None
) -> tuple[Any, list[Any]]:
    """f at the point, and its derivative with respect to each leaf, in the shape output.shape + leaf.shape.

    f is called once, and once (forward, complex) or twice (central) for each component.
    """
    check(scheme, step)
    base = Surroundings(f, leaves).call(leaves)
    near = Surroundings(f, leaves, complex_step=scheme == "complex")
    columns: list[list[Any]] = [[] for _ in leaves]
    with np.errstate(all="ignore"):
        for i, place in components(leaves):
            x = plain(leaves[i])
            h = step_size(x[place] if np.ndim(x) else x, scheme, step)
            columns[i].append(_difference(near, base, i, place, scheme, h))
    blocks = [_assembled(found, base, leaf) for found, leaf in zip(columns, leaves, strict=True)]
    if scheme == "complex":
        _require_analytic(f, leaves, blocks)
    return base, blocks


def check(scheme: str, step: float | None) -> None:
    """Refuse a scheme or step that makes no sense."""
    if scheme not in SCHEMES:
        raise unknown("scheme", scheme, SCHEMES)
    if step is not None and not step > 0:
        raise BadRequest(f"the step of a finite difference must be positive, not {step!r}")


def _difference(near: Surroundings, base: Any, i: int, place: Place, scheme: str, h: float) -> Any:
    """The derivative of f with respect to one component."""
    if scheme == "complex":
        return np.imag(_complex_call(near, i, place, h)) / h
    above = near.at(i, place, h)
    # Divided by the distance that floating point really moved, not by the one that was asked for.
    if scheme == "forward":
        return (above - base) / near.distance(i, place, h)
    below = near.at(i, place, -h)
    return (above - below) / (near.distance(i, place, h) - near.distance(i, place, -h))


def _complex_call(near: Surroundings, i: int, place: Place, h: float) -> Any:
    try:
        return near.at(i, place, 1j * h)
    except TypeError as error:
        raise OutputError(
            f"scheme='complex' calls f with complex numbers, which it does not take ({error}); use scheme='central'"
        ) from error


def _assembled(columns: list[Any], base: Any, leaf: Any) -> Any:
    """The derivatives by component as one array of shape output.shape + leaf.shape."""
    shape = (*np.shape(plain(base)), *np.shape(plain(leaf)))
    if not columns:
        return np.zeros(shape)
    return np.reshape(np.stack(columns, axis=-1), shape)


def _require_analytic(f: Function, leaves: Sequence[Any], blocks: Sequence[Any]) -> None:
    """Refuse a complex step that a central difference along one random direction contradicts.

    The complex step is exact where f is analytic in the complex plane and silently wrong where it takes an absolute
    value, a conjugate or a real part on the way.
    """
    points = [plain(leaf) for leaf in leaves]
    random = np.random.default_rng(0)
    directions = [random.choice([-1.0, 1.0], np.shape(x)) * step_size(1.0, "central") for x in points]
    directions = [d * np.maximum(1.0, np.abs(x)) for d, x in zip(directions, points, strict=True)]
    above, below = (
        f([np.asarray(x + sign * d)[()] for x, d in zip(points, directions, strict=True)]) for sign in (1, -1)
    )
    seen = (np.asarray(plain(above)) - np.asarray(plain(below))) / 2
    contributions = [np.asarray(plain(b)) * d for b, d in zip(blocks, directions, strict=True)]
    claimed = sum(c.reshape(*seen.shape, -1).sum(axis=-1) for c in contributions)
    scale = sum(np.abs(c).reshape(*seen.shape, -1).sum(axis=-1) for c in contributions) + np.abs(seen)
    noise = 1e-14 * np.maximum(np.abs(above), np.abs(below))
    if np.any(np.abs(seen - claimed) > 1e-4 * scale + noise):
        raise OutputError(
            "scheme='complex' disagrees with central differences: f is not analytic (an absolute value, a "
            "comparison, a conjugate, a real part or a norm stands in the way); use scheme='central'"
        )


def hessian(f: Function, leaves: Sequence[Any], step: float | None = None) -> list[list[Any]]:
    """Second differences of f alone: block [i][j] in the shape leaf_i.shape + leaf_j.shape."""
    check("central", step)
    points = [np.asarray(plain(leaf), float) for leaf in leaves]
    flat = np.concatenate([x.ravel() for x in points]) if points else np.zeros(0)
    # Two subtractions of f: rounding grows as 1/h^2, and the balance moves to the fourth root.
    epsilon = max(float(np.finfo(np.asarray(plain(leaf)).dtype).eps) for leaf in leaves)
    h = np.maximum(1.0, np.abs(flat)) * epsilon**0.25 if step is None else np.full(flat.size, step)

    def at(*moves: tuple[int, float]) -> Any:
        moved = flat.copy()
        for i, delta in moves:
            moved[i] += delta
        return np.asarray(f(_split(moved, leaves)), float)

    H = np.zeros((flat.size, flat.size))
    base = at()
    for i in range(flat.size):
        H[i, i] = (at((i, h[i])) - 2 * base + at((i, -h[i]))) / h[i] ** 2
        for j in range(i):
            mixed = [at((i, s * h[i]), (j, t * h[j])) for s in (1, -1) for t in (1, -1)]
            H[i, j] = H[j, i] = (mixed[0] - mixed[1] - mixed[2] + mixed[3]) / (4 * h[i] * h[j])
    return blocks(H, leaves)


def _split(flat: Any, leaves: Sequence[Any]) -> list[Any]:
    """A flat vector cut into pieces of the leaves' shapes and dtypes."""
    ends = np.cumsum([np.size(plain(leaf)) for leaf in leaves])[:-1]
    pieces = np.split(flat, ends) if leaves else []
    return [
        float(piece[0]) if type(leaf) is float else piece.reshape(np.shape(leaf)).astype(np.asarray(leaf).dtype)[()]
        for piece, leaf in zip(pieces, leaves, strict=True)
    ]


def blocks(matrix: Any, leaves: Sequence[Any]) -> list[list[Any]]:
    """A square matrix over all components, cut into blocks of shape leaf_i.shape + leaf_j.shape."""
    shapes = [np.shape(plain(leaf)) for leaf in leaves]
    ends = [0, *np.cumsum([int(np.prod(shape)) for shape in shapes])]
    return [
        [
            np.reshape(matrix[ends[i] : ends[i + 1], ends[j] : ends[j + 1]], (*shapes[i], *shapes[j]))
            for j in range(len(leaves))
        ]
        for i in range(len(leaves))
    ]
