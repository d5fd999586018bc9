"""First derivatives by the scheme that was asked for, one component at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import AdkitError, OutputError
from ..tracing import Box, plain
from . import limits
from .adaptive import Slope, slopes
from .limits import Limits
from .slope import central, forward
from .steps import SCHEMES, epsilon_of, scales, step_size
from .surroundings import NO_VALUE, Axis, Function, Place, Surroundings, component, components, number

__all__ = ["SCHEMES", "Found", "Options", "differences", "jacobian"]


@dataclass(frozen=True)
class Options:
    """How to take differences: see `ad.Numerical`."""

    scheme: str = "central"
    step: float | None = None
    order: int = 2
    limits: Limits | None = None


@dataclass
class Found:
    """f at the point, and what was found of each leaf's derivative, in the shape output.shape + leaf.shape."""

    base: Any
    calls: int = 1
    value: list[Any] = field(default_factory=list[Any])
    error: list[Any] = field(default_factory=list[Any])
    noise: list[Any] = field(default_factory=list[Any])
    step: list[Any] = field(default_factory=list[Any])
    status: list[Any] = field(default_factory=list[Any])


# What one component gives: value, error, noise, step and status of each output.
Column = tuple[Any, Any, Any, Any, Any]


def jacobian(
    f: Function, leaves: Sequence[Any], scheme: str = "central", step: float | None = None
) -> tuple[Any, list[Any]]:
    """f at the point, and its derivative with respect to each leaf, in the shape output.shape + leaf.shape."""
    found = differences(f, leaves, Options(scheme, step))
    return found.base, found.value


def differences(f: Function, leaves: Sequence[Any], options: Options, full: bool = False) -> Found:
    """All that differences say of f's first derivatives; only the values, unless `full`.

    f is called once at the point, and for each component once (forward, complex), `order` times or twice that
    (central), or as often as it takes (adaptive).
    """
    near = Surroundings(f, leaves)
    base = near.at()
    column = _COLUMNS[options.scheme](f, leaves, near, base, options)
    found = Found(base)
    columns: list[list[Any]] = [[] for _ in leaves]
    with np.errstate(all="ignore"):
        for i, place in components(leaves):
            entry = column(i, place)
            columns[i].append(entry if full else entry[0])
        for of_leaf, leaf in zip(columns, leaves, strict=True):
            if full:
                _add(found, [list(part) for part in zip(*of_leaf, strict=True)] or [[]] * 5, base, leaf)
            else:
                found.value.append(_assembled(of_leaf, base, leaf))
        if options.scheme == "complex":
            _require_analytic(f, leaves, found.value, options.limits)
    found.calls = near.calls
    return found


def _add(found: Found, parts: Sequence[Any], base: Any, leaf: Any) -> None:
    """The five results for one leaf."""
    held = (found.value, found.error, found.noise, found.step, found.status)
    for list_, part in zip(held, parts, strict=True):
        list_.append(_assembled(part, base, leaf))


def _assembled(columns: list[Any], base: Any, leaf: Any) -> Any:
    """The derivatives by component as one array of shape output.shape + leaf.shape."""
    shape = (*np.shape(plain(base)), *np.shape(plain(leaf)))
    return np.reshape(np.stack(columns, axis=-1), shape) if columns else np.zeros(shape)


# -- fixed steps -----------------------------------------------------------------------------------
def _fixed(f: Function, leaves: Sequence[Any], near: Surroundings, base: Any, options: Options) -> Callable[..., Any]:
    def column(i: int, place: Place) -> Column:
        axis = Axis(near, base, i, place, *limits.at(options.limits, i, place))
        if options.scheme == "forward":
            estimate = forward(axis, step_size(axis.x, "forward", options.step, base))
        else:
            estimate = central(axis, options.step, options.order)
        unknown = np.full(np.shape(estimate.step), np.nan)
        return estimate.value, unknown, unknown, estimate.step, estimate.status

    return column


# -- adaptive steps --------------------------------------------------------------------------------
def _adaptive(
    f: Function, leaves: Sequence[Any], near: Surroundings, base: Any, options: Options
) -> Callable[..., Any]:
    if isinstance(base, Box) or any(isinstance(leaf, Box) for leaf in leaves):
        raise OutputError(
            "scheme='adaptive' chooses its steps by f's values, which has no derivative; use scheme='central' inside "
            "another derivative"
        )
    if np.iscomplexobj(base):
        raise OutputError("scheme='adaptive' needs f to return real numbers; use scheme='central'")
    shape = np.shape(base)

    def column(i: int, place: Place) -> Column:
        found = component_slopes(near, base, i, place, options.limits)
        error, noise, step = (_of(found, name, shape) for name in ("error", "noise", "step"))
        return _of(found, "value", shape), error, noise, step, _of(found, "status", shape)

    return column


def component_slopes(
    near: Surroundings, base: Any, i: int, place: Place, bounds: Limits | None = None
) -> list[Slope]:
    """The adaptive slopes of all outputs along one component."""
    axis = Axis(near, base, i, place, *limits.at(bounds, i, place))

    def line(t: float) -> Any:
        if t == 0:
            return np.ravel(axis.base)
        return np.ravel(axis(t)) if axis.fits(t) else np.full(np.size(axis.base), np.nan)

    if not np.size(base):
        return []
    room = {"lower": -axis.room(-1), "upper": axis.room(1)}
    return slopes(line, abs(float(axis.x)), epsilon_of(axis.x, base) or float(np.finfo(float).eps), **room)


def _of(found: Sequence[Slope], name: str, shape: tuple[int, ...]) -> Any:
    return np.reshape(np.array([getattr(slope, name) for slope in found]), shape)


# -- complex steps ---------------------------------------------------------------------------------
def _complex(f: Function, leaves: Sequence[Any], near: Surroundings, base: Any, options: Options) -> Callable[..., Any]:
    if np.iscomplexobj(plain(base)):
        raise OutputError("scheme='complex' needs f to return real numbers at real arguments; use scheme='central'")
    wide = Surroundings(f, leaves, complex_step=True)

    def column(i: int, place: Place) -> Column:
        h = step_size(component(leaves[i], place), "complex", options.step)
        value = np.imag(_complex_call(wide, (i, place), h)) / h
        near.calls += 1
        unknown = np.full(np.shape(plain(value)), np.nan)
        status = np.where(np.isfinite(plain(value)), "ok", "nonfinite")
        return value, unknown, unknown, np.full(np.shape(plain(value)), h), status

    return column


def _complex_call(near: Surroundings, where: tuple[int, Place], h: float) -> Any:
    try:
        return near.at((*where, 1j * h))
    except TypeError as error:
        raise OutputError(
            f"scheme='complex' calls f with complex numbers, which it does not take ({error}); use scheme='central'"
        ) from error


_COLUMNS: dict[str, Callable[..., Callable[..., Any]]] = {
    "central": _fixed,
    "forward": _fixed,
    "complex": _complex,
    "adaptive": _adaptive,
}


def _require_analytic(f: Function, leaves: Sequence[Any], blocks: Sequence[Any], bounds: Limits | None) -> None:
    """Refuse a complex step that central differences along one random direction contradict, on either scale.

    The complex step is exact where f is analytic in the complex plane and silently wrong where it takes an absolute
    value, a conjugate or a real part on the way.
    """
    if all(_contradicted(f, leaves, blocks, bounds, which) for which in (0, -1)):
        raise OutputError(
            "scheme='complex' disagrees with central differences: f is not analytic (an absolute value, a "
            "comparison, a conjugate, a real part or a norm stands in the way); use scheme='central'"
        )


def _contradicted(
    f: Function, leaves: Sequence[Any], blocks: Sequence[Any], bounds: Limits | None, which: int
) -> bool:
    """Whether differences on one of the two scales speak against derivatives; not where f has no value."""
    points = [plain(leaf) for leaf in leaves]
    epsilon = epsilon_of(*points) if points else 0.0
    random = np.random.default_rng(0)
    sides: list[list[Any]] = [[], []]
    for i, x in enumerate(points):
        move = random.choice([-1.0, 1.0], np.shape(x)) * _sizes(x, which) * epsilon ** (1 / 3)
        for side, moved in zip(sides, (x + move, x - move), strict=True):
            side.append(_like(x, limits.clipped(bounds, i, moved)))
    directions = [(np.asarray(a, float) - b) / 2 for a, b in zip(*sides, strict=True)]
    try:
        above, below = (number(plain(f([_own(x) for x in side]))) for side in sides)
    except NO_VALUE as error:
        if isinstance(error, AdkitError):
            raise
        return False
    seen = (above - below) / 2
    terms = [(np.asarray(plain(b)) * d).reshape(*np.shape(seen), -1) for b, d in zip(blocks, directions, strict=True)]
    claimed = sum(term.sum(axis=-1) for term in terms)
    scale = sum(np.abs(term).sum(axis=-1) for term in terms) + np.abs(seen)
    noise = 45 * epsilon * np.maximum(np.abs(above), np.abs(below))
    return bool(np.any(np.abs(seen - claimed) > max(1e-4, 30 * epsilon ** (2 / 3)) * scale + noise))


def _sizes(x: Any, which: int) -> Any:
    """Of each component the larger (0) or the smaller (-1) of the scales on which f may vary."""
    return np.reshape([scales(c)[which] for c in np.ravel(x)], np.shape(x))


def _own(x: Any) -> Any:
    return x.copy("K") if isinstance(x, np.ndarray) else x


def _like(x: Any, moved: Any) -> Any:
    """A moved point of the type of the point itself."""
    return moved.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(moved)
