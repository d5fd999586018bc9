"""First derivatives by the scheme that was asked for, one component at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OutputError
from ..tracing import Box, plain
from . import limits
from .complex_step import complex_column, require_confirmed
from .limits import Limits
from .slope import Estimate, central, forward
from .steps import DOUBLE, epsilon_of, step_size
from .surroundings import Axis, Function, Place, Surroundings, components

if TYPE_CHECKING:
    from .adaptive import Slope


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


def differences(f: Function, leaves: Sequence[Any], options: Options, full: bool = False) -> Found:
    """All that differences say of f's first derivatives; only the values, unless `full`.

    f is called once at the point, and for each component once (forward, complex), `order` times or twice that
    (central), or as often as it takes (adaptive).
    """
    near = Surroundings(f, leaves)
    base = near.at()
    column = _COLUMNS[options.scheme](near, base, options, full)
    found = Found(base)
    columns: list[list[Any]] = [[] for _ in leaves]
    with np.errstate(all="ignore"):
        for i, place in components(leaves):
            columns[i].append(column(i, place))
        for of_leaf, leaf in zip(columns, leaves, strict=True):
            if full:
                _add(found, [list(part) for part in zip(*of_leaf, strict=True)] or [[]] * 5, base, leaf)
            else:
                found.value.append(_assembled(of_leaf, base, leaf))
        if options.scheme == "complex":
            require_confirmed(f, leaves, base, found.value, options.limits)
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
def _column(estimate: Estimate, full: bool) -> Any:
    """The slope; with what a fixed step has to say of it, if that is asked for."""
    if not full:
        return estimate.value
    shape = np.shape(plain(estimate.value))
    unknown = np.full(shape, np.nan)
    return estimate.value, unknown, unknown, np.broadcast_to(estimate.step, shape), estimate.status()


def _fixed(near: Surroundings, base: Any, options: Options, full: bool) -> Callable[..., Any]:
    def column(i: int, place: Place) -> Any:
        axis = Axis(near, base, i, place, *limits.at(options.limits, i, place))
        if options.scheme == "forward":
            estimate = forward(axis, step_size(axis.x, "forward", options.step, base))
        else:
            estimate = central(axis, options.step, options.order)
        return _column(estimate, full)

    return column


# -- adaptive steps --------------------------------------------------------------------------------
def _adaptive(near: Surroundings, base: Any, options: Options, full: bool) -> Callable[..., Any]:
    if isinstance(base, Box) or any(isinstance(leaf, Box) for leaf in near.leaves):
        raise OutputError(
            "scheme='adaptive' chooses its steps by f's values, which has no derivative; use scheme='central' inside "
            "another derivative"
        )
    if np.iscomplexobj(base):
        raise OutputError("scheme='adaptive' needs f to return real numbers; use scheme='central'")
    shape = np.shape(base)

    def column(i: int, place: Place) -> Any:
        found = _slopes(near, base, i, place, options.limits)
        value = _of(found, "value", shape)
        if not full:
            return value
        return value, *(_of(found, name, shape) for name in ("error", "noise", "step", "status"))

    return column


def _slopes(near: Surroundings, base: Any, i: int, place: Place, bounds: Limits | None = None) -> list[Slope]:
    """The adaptive slopes of all outputs along one component."""
    from .adaptive import slopes

    axis = Axis(near, base, i, place, *limits.at(bounds, i, place))

    def line(t: float) -> Any:
        if t == 0:
            return np.ravel(axis.base)
        return np.ravel(axis(t)) if axis.fits(t) else np.full(np.size(axis.base), np.nan)

    if not np.size(base):
        return []
    room = {"lower": -axis.room(-1), "upper": axis.room(1)}
    return slopes(line, abs(float(axis.x)), epsilon_of(axis.x, base) or DOUBLE, **room)


def _of(found: Sequence[Slope], name: str, shape: tuple[int, ...]) -> Any:
    return np.reshape(np.array([getattr(slope, name) for slope in found]), shape)


# -- complex steps ---------------------------------------------------------------------------------
def _complex(near: Surroundings, base: Any, options: Options, full: bool) -> Callable[..., Any]:
    slope = complex_column(near.f, near.leaves, base, options.step)

    def column(i: int, place: Place) -> Any:
        value, h = slope(i, place)
        near.calls += 1
        return _column(Estimate(value, h, True), full)

    return column


_COLUMNS: dict[str, Callable[..., Callable[..., Any]]] = {
    "central": _fixed,
    "forward": _fixed,
    "complex": _complex,
    "adaptive": _adaptive,
}
