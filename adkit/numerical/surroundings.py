"""f near a point: a black box that is called at moved points and may do what it likes with its arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import AdkitError, BadRequest, OutputError
from ..tracing import Box, plain

Function = Callable[[list[Any]], Any]
Place = tuple[int, ...]
# One component, and how far it is moved: which leaf, where in it, by how much.
Move = tuple[int, Place, complex]
# What says that f has no value at a point. (Those of linear algebra are ValueErrors.)
NO_VALUE = (ValueError, ArithmeticError)


class Surroundings:
    """f near a point. Each call gets arrays of its own, and what it returns is copied: f may write into both."""

    def __init__(self, f: Function, leaves: Sequence[Any], complex_step: bool = False) -> None:
        self.f = f
        self.leaves = [_widened(leaf) for leaf in leaves] if complex_step else list(leaves)
        self.calls = 0

    def at(self, *moves: Move) -> Any:
        """f with some components moved."""
        leaves = [own(leaf) for leaf in self.leaves]
        for i, place, delta in moves:
            leaves[i] = _moved(leaves[i], place, delta)
        self.calls += 1
        return own(self.f(leaves))

    def distance(self, i: int, place: Place, delta: float) -> float:
        """How far floating point moves the component when it is asked to move by delta."""
        x = component(self.leaves[i], place)
        moved = float(type(x)(x + delta) - x)
        if moved == 0:
            raise BadRequest(
                f"a step of {abs(delta):g} vanishes beside a component of size {abs(x):g}; take a larger one"
            )
        return moved


class Axis:
    """The line along one component of the point: t -> f there, nan where f has no value.

    Attributes:
        x: the component.
        output: f at the point.
        base: the same in double precision.
        lower: the lowest value it may take.
        upper: the highest.
        failure: what f raised first, if it did.
        succeeded: whether f had a value at some moved point.
    """

    def __init__(
        self, near: Surroundings, base: Any, i: int, place: Place, lower: float = -math.inf, upper: float = math.inf
    ) -> None:
        self.near, self.where = near, (i, place)
        self.output, self.base = base, number(base)
        self.x = component(near.leaves[i], place)
        self.lower, self.upper = lower, upper
        self.unbounded = lower == -math.inf and upper == math.inf
        self.failure: Exception | None = None
        self.succeeded = False

    def __call__(self, t: float) -> Any:
        try:
            out = number(self.near.at((*self.where, t)))
        except AdkitError:
            raise
        except NO_VALUE as error:
            self.failure = self.failure or error
            return np.full(np.shape(plain(self.base)), np.nan)[()]
        self.succeeded = True
        return _like_base(_real_as(self.base, out), self.base)

    def reach(self, t: float) -> float:
        """How far a move by t really goes."""
        return self.near.distance(*self.where, t)

    def fits(self, t: float) -> bool:
        """Whether the component may be moved by t."""
        return self.unbounded or self.lower <= float(type(self.x)(self.x + t)) <= self.upper

    def room(self, sign: int) -> float:
        """How far the component may move up or down."""
        return float(self.upper - self.x if sign > 0 else self.x - self.lower)

    def require_a_value(self) -> None:
        """f's own exception, where it had a value at no moved point."""
        if self.failure is not None and not self.succeeded:
            raise self.failure


def _real_as(base: Any, out: Any) -> Any:
    """An output with nan for the numbers that turned complex: Python's (-1.0) ** 0.5 is, where NumPy's is nan."""
    if not np.iscomplexobj(plain(out)) or np.iscomplexobj(plain(base)):
        return out
    return np.where(np.imag(out) == 0, np.real(out), np.nan)[()]


def _like_base(out: Any, base: Any) -> Any:
    """An output, which must have the shape that it has at the point itself."""
    if type(out) is type(base) is np.float64:
        return out
    if np.shape(plain(out)) != np.shape(plain(base)):
        raise OutputError(
            f"f returned shape {np.shape(plain(base))} at the point and {np.shape(plain(out))} beside it: "
            "the shape of its result must not depend on the numbers that it is given"
        )
    return out


def own(x: Any) -> Any:
    """A number or array that no write to x reaches, nor any write to it x."""
    if isinstance(x, Box):
        return x.again()
    return x.copy("K") if isinstance(x, np.ndarray) else x


def _widened(leaf: Any) -> Any:
    """An array that can hold complex numbers; numbers and traced values turn complex by addition."""
    return leaf.astype(np.result_type(leaf.dtype, np.complex64)) if isinstance(leaf, np.ndarray) else leaf


def _moved(leaf: Any, place: Place, delta: complex) -> Any:
    """A leaf with one component moved; an array, which is a copy already, in place."""
    if isinstance(leaf, np.ndarray):
        leaf[place] += delta
        return leaf
    if isinstance(leaf, Box):
        direction = np.zeros(leaf.shape, np.result_type(type(delta)))
        direction[place] = delta
        return leaf + direction[()]
    return leaf + delta if isinstance(delta, complex) else type(leaf)(leaf + delta)


def component(leaf: Any, place: Place) -> Any:
    """One number of a leaf."""
    x = plain(leaf)
    return x[place] if isinstance(x, np.ndarray) else x


def components(leaves: Sequence[Any]) -> Iterator[tuple[int, Place]]:
    """Every component of every leaf: which leaf, and where in it."""
    for i, leaf in enumerate(leaves):
        for place in np.ndindex(np.shape(plain(leaf))):
            yield i, place


def number(out: Any) -> Any:
    """An output of f in double precision, so that differences neither wrap around nor round."""
    if type(out) is float:
        return np.float64(out)
    if isinstance(out, Box) or type(out) is np.float64:
        return out
    return np.asarray(out, np.result_type(np.asarray(out).dtype, float))[()]
