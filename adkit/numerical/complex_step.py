"""The complex step: exact where f is analytic in the complex plane, and silently wrong elsewhere, so it is watched."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import AdkitError, OutputError, place_of
from ..tracing import plain
from . import limits
from .limits import Limits
from .steps import epsilon_of, scales, step_size
from .surroundings import NO_VALUE, Function, Place, Surroundings, component, number, own


def complex_column(
    f: Function, leaves: Sequence[Any], base: Any, step: float | None
) -> Callable[[int, Place], tuple[Any, float]]:
    """What takes a component to f's derivative by it, and the step."""
    if np.iscomplexobj(plain(base)):
        raise OutputError("scheme='complex' needs f to return real numbers at real arguments; use scheme='central'")
    near = Surroundings(f, leaves, complex_step=True)
    defined = np.isfinite(plain(base))

    def slope(i: int, place: Place) -> tuple[Any, float]:
        h = step_size(component(leaves[i], place), "complex", step)
        value = np.imag(in_complex(lambda: near.at((i, place, 1j * h)))) / h
        # A logarithm of a negative number has a value in the plane.
        return value if np.all(defined) else np.where(defined, value, np.nan)[()], h

    return slope


def in_complex(run: Callable[[], Any]) -> Any:
    """A run of f on complex numbers, or a refusal where it does not take them, or drops what they carry."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return run()
    except AdkitError:
        raise
    except np.exceptions.ComplexWarning as error:
        raise OutputError(
            f"scheme='complex' is not valid for f: an imaginary part was dropped{place_of(error)}; use "
            "scheme='central' or scheme='adaptive'"
        ) from error
    except (TypeError, *NO_VALUE) as error:
        raise OutputError(
            f"scheme='complex' calls f with complex numbers, which it does not take ({error}){place_of(error)}; use "
            "scheme='central' or scheme='adaptive'"
        ) from error


def require_confirmed(
    f: Function, leaves: Sequence[Any], base: Any, blocks: Sequence[Any], bounds: Limits | None
) -> None:
    """Refuse a complex step that central differences along one random direction contradict, on either scale.

    The complex step is exact where f is analytic in the complex plane and silently wrong where it takes an absolute
    value, a conjugate or a real part on the way.
    """
    if all(_contradicted(f, leaves, base, blocks, bounds, which) for which in (0, -1)):
        raise OutputError(
            "scheme='complex' disagrees with central differences: f is not analytic (an absolute value, a "
            "comparison, a conjugate, a real part or a norm stands in the way); use scheme='central'"
        )


def _contradicted(
    f: Function, leaves: Sequence[Any], base: Any, blocks: Sequence[Any], bounds: Limits | None, which: int
) -> bool:
    """Whether differences on one of the two scales speak against derivatives; not where f has no value."""
    points = [plain(leaf) for leaf in leaves]
    epsilon = epsilon_of(*points)
    random = np.random.default_rng(0)
    sides: list[list[Any]] = [[], []]
    for i, x in enumerate(points):
        move = random.choice([-1.0, 1.0], np.shape(x)) * _sizes(x, which) * epsilon ** (1 / 3)
        for side, moved in zip(sides, (x + move, x - move), strict=True):
            side.append(_like(x, limits.clipped(bounds, i, moved)))
    directions = [(np.asarray(a, float) - b) / 2 for a, b in zip(*sides, strict=True)]
    try:
        above, below = (number(plain(f([own(x) for x in side]))) for side in sides)
    except NO_VALUE as error:
        if isinstance(error, AdkitError):
            raise
        return False
    seen = (above - below) / 2
    products = [(np.asarray(plain(b)) * d, np.size(d)) for b, d in zip(blocks, directions, strict=True)]
    terms = [product.reshape(*np.shape(seen), size) for product, size in products]
    claimed = sum(term.sum(axis=-1) for term in terms)
    scale = sum(np.abs(term).sum(axis=-1) for term in terms) + np.abs(seen)
    # Differences are that much off at most where the step is too long, or where f cancels digits.
    bend = np.abs(above - number(plain(base)) + (below - number(plain(base))))
    noise = 45 * epsilon * np.maximum(np.abs(above), np.abs(below)) + bend
    return bool(np.any(np.abs(seen - claimed) > max(1e-4, 30 * epsilon ** (2 / 3)) * scale + noise))


def _sizes(x: Any, which: int) -> Any:
    """Of each component the larger (0) or the smaller (-1) of the scales on which f may vary."""
    return np.reshape([scales(c)[which] for c in np.ravel(x)], np.shape(x))


def _like(x: Any, moved: Any) -> Any:
    """A moved point of the type of the point itself."""
    return moved.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(moved)
