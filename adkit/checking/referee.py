"""f as a black box, called at and near the point: it may raise, write into what it is given, and change its mind."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..calls import Call, Leaves
from ..containers import Structure
from ..errors import AdkitError, BadRequest, OutputError, place_of, spots_of
from ..numerical import DOUBLE, Limits, epsilon_of
from ..numerical.ladder import Line
from ..tracing import plain
from ..vectors import Vector, leaves_like, vector_of
from .copies import copied, same

# Two values of f at the same point may differ by so many roundings: threads add in an order of their own.
REPRODUCIBLE = 1e3
_SHORT = {float(np.finfo(dtype).eps): np.dtype(dtype).name for dtype in (np.float16, np.float32)}
# Numbers of a short dtype are told by so many of its last digits, which not all of them have at 0.
_TELLING = 5
# How far the probes are from the point, relative to its components.
_PROBE = 1e-3


@contextmanager
def quiet() -> Iterator[None]:
    """f is called where it was never meant to be: what it warns of there concerns nobody."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Referee:
    """f by its values alone, with the outputs in one vector and the numbers of the point in another.

    Attributes:
        base: the outputs at the point.
        limits: the bounds of every leaf, beyond which f is never called; None for none.
        shapes: of each array or number that f returned.
        structure: of the container that they came in.
        epsilon: the machine epsilon of the numbers that f computes with.
        change: by how much each output was seen to change at points nearby.
        calls: evaluations of f.
        failure: what went wrong first at a point nearby, in words; "" where nothing did.
        notes: what is to be known of f: that it computes in float32, say.
        faults: what no f should do: change its arguments.
    """

    def __init__(self, call: Call, limits: Limits | None = None, seed: int = 0) -> None:
        self.call = call
        self.leaves: Leaves = list(call.leaves)
        self.limits = limits
        self.fixed, self.kwargs = [copied(arg) for arg in call.args], copied(dict(call.kwargs))
        self.calls = 0
        self.failure = ""
        self.notes: list[str] = []
        self.faults: list[str] = []
        self._measure(call.leaves)
        ends = [np.full(self.point.shape, end) for end in (-np.inf, np.inf)]
        self.lower, self.upper = ends if limits is None else map(vector_of, limits)
        found, self.structure = self._outputs()
        self.shapes = [np.shape(plain(out)) for out in found]
        self.base = vector_of(found)
        self.epsilon = max(DOUBLE, epsilon_of(*found))
        self._settle_precision(found)
        self._probe(np.random.default_rng(seed))

    # -- the point as a vector ---------------------------------------------------------------------
    def _measure(self, leaves: Leaves) -> None:
        """Where each leaf stands in the vector of all numbers."""
        self.offsets = np.cumsum([0, *(np.size(leaf) for leaf in leaves)])
        self.point: Vector = vector_of(leaves)
        self.names = self.call.names

    def where(self, k: int) -> tuple[int, tuple[int, ...]]:
        """The leaf of a number of the point, and its index in there."""
        i = int(np.searchsorted(self.offsets, k, side="right")) - 1
        index = np.unravel_index(int(k - self.offsets[i]), np.shape(self.leaves[i]))
        return i, tuple(int(j) for j in index)

    def place(self, name: str, index: tuple[int, ...]) -> int:
        """Where a number of a leaf stands in the point."""
        i = self.names.index(name)
        return int(self.offsets[i]) + (int(np.ravel_multi_index(index, np.shape(self.leaves[i]))) if index else 0)

    def span(self, i: int) -> slice:
        """The numbers of a leaf."""
        return slice(int(self.offsets[i]), int(self.offsets[i + 1]))

    def output(self, j: int) -> tuple[int, ...] | None:
        """The index of an output: None of a lone number; in a container, the place in it comes first."""
        if self.structure is None and self.base.size == 1:
            return None
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        i = int(np.searchsorted(ends, j, side="right"))
        index = np.unravel_index(j - (int(ends[i - 1]) if i else 0), self.shapes[i])
        return (*(() if self.structure is None else (i,)), *map(int, index))

    # -- values ------------------------------------------------------------------------------------
    def at(self, point: Vector) -> Vector:
        """The outputs at a point; nan where f has none."""
        return self._at(self.like(point))

    def component(self, k: int) -> Line:
        """The line along which one number of the point moves, by distances that floating point can represent."""
        i, place = self.where(k)
        x, low, high = float(self.point[k]), float(self.lower[k]), float(self.upper[k])
        kind = np.asarray(self.leaves[i]).dtype.type

        def line(t: float) -> Vector:
            moved = kind(min(max(x + t, low), high))
            distance = float(moved) - x
            if not t or not distance:
                return self.base.copy() if distance == 0 else self._moved(i, place, moved)
            out = self._moved(i, place, moved)
            # Where floating point moved a little less or more than was asked for, so did f.
            return out if distance == t else self.base + (out - self.base) * (t / distance)

        return line

    def direction(self, d: Vector) -> Line:
        """The line through the point in a direction."""
        return lambda t: self.at(self._inside(self.point + t * d)) if t else self.base.copy()

    def _inside(self, point: Vector) -> Vector:
        """A point that is beyond its bounds by a rounding at most, within them."""
        return point if self.limits is None else np.clip(point, self.lower, self.upper)

    def reach(self, d: Vector) -> tuple[float, float]:
        """How far one may go in a direction, down and up, until a bound is met."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ways = [((bound - self.point) / d)[d != 0] for bound in (self.lower, self.upper)]
        low, high = np.minimum(*ways), np.maximum(*ways)
        return float(np.max(low, initial=-math.inf)), float(np.min(high, initial=math.inf))

    # -- calls of f --------------------------------------------------------------------------------
    def like(self, point: Vector) -> Leaves:
        """A vector as new leaves of the shapes and types of f's own."""
        return leaves_like(point, self.leaves)

    def _moved(self, i: int, place: tuple[int, ...], x: Any) -> Vector:
        leaves = [leaf.copy("K") if isinstance(leaf, np.ndarray) else leaf for leaf in self.leaves]
        if isinstance(leaves[i], np.ndarray):
            leaves[i][place] = x
        else:
            leaves[i] = type(leaves[i])(x)
        return self._at(leaves)

    def _at(self, leaves: Leaves) -> Vector:
        try:
            found, _ = self._run(leaves)
        except Exception as error:
            self.failure = self.failure or f"f raised {described(error)}"
            return np.full(self.base.shape, np.nan)
        if [np.shape(plain(out)) for out in found] != self.shapes:
            self.failure = self.failure or "f returned another shape"
            return np.full(self.base.shape, np.nan)
        return vector_of(found)

    def _run(self, leaves: Leaves) -> tuple[Leaves, Structure]:
        """f at these leaves, which are its own."""
        self.calls += 1
        # An f that is known to write into its arguments gets new ones each time.
        lent = copied if self.faults else lambda x: x
        args, kwargs = list(lent(self.fixed)), lent(self.kwargs)
        for i, part in zip(self.call.positions, self.call.split(leaves), strict=True):
            args[i] = part
        found, structure = self.call.output_leaves(self.call.f(*args, **kwargs))
        return [np.array(plain(out)) for out in found], structure

    def _outputs(self) -> tuple[Leaves, Structure]:
        """The outputs at the point itself, where what f raises is the person's to know."""
        leaves = copied(self.leaves)
        try:
            found, structure = self._run(leaves)
        except AdkitError:
            raise
        except Exception as error:
            raise BadRequest(f"at the point itself {self.call.where()} raised {described(error)}") from error
        if any(out.dtype.kind == "c" for out in found):
            raise OutputError(
                f"{self.call.where()} returned complex numbers: check the gradient of np.real(...) and np.imag(...)"
            )
        self._notice_changes(leaves)
        return found, structure

    def _notice_changes(self, leaves: Leaves) -> None:
        """Whether f wrote into its arguments."""
        changed = [
            name for name, mine, leaf in zip(self.names, leaves, self.leaves, strict=True) if not same(mine, leaf)
        ]
        for i, arg in enumerate(self.call.args):
            if i not in self.call.positions and not same(self.fixed[i], arg):
                changed.append(f"argument {i}")
                self.fixed[i] = copied(arg)
        changed += [name for name, arg in self.call.kwargs.items() if not same(self.kwargs[name], arg)]
        if changed and not self.faults:
            self.kwargs = copied(dict(self.call.kwargs))
            self.faults.append(
                f"{self.call.where()} changes {', '.join(changed)}: it must not write into its arguments"
            )

    # -- precision and scatter ---------------------------------------------------------------------
    def _settle_precision(self, found: Leaves) -> None:
        """Short numbers are looked at in double precision, if f computes in it when it is given it."""
        short = epsilon_of(*self.leaves)
        if short <= DOUBLE:
            return
        leaves = self.leaves
        self.leaves = [_widened(leaf) for leaf in leaves]
        try:
            wide, _ = self._run(copied(self.leaves))
        except Exception:  # f wants its short numbers
            wide = []
        if [np.shape(out) for out in wide] == self.shapes and epsilon_of(*wide) <= DOUBLE:
            values = vector_of(wide)
            if np.allclose(values, self.base, rtol=REPRODUCIBLE * short, atol=0, equal_nan=True):
                self.base, self.epsilon = values, DOUBLE
                self.notes.append("the short floats among the arguments were checked in double precision")
                return
        self.leaves, self.epsilon = leaves, max(self.epsilon, short)

    def _probe(self, random: np.random.Generator) -> None:
        """Look at f at two points nearby, and at the point once more."""
        sizes = np.where(self.point == 0, 1.0, np.abs(self.point))
        near = [self.point + _PROBE * sizes * random.uniform(-1, 1, self.point.shape) for _ in range(2)]
        seen = np.stack([self.base, *(self.at(np.clip(x, self.lower, self.upper)) for x in near)])
        self.failure = ""  # the probes went further than the judging needs to
        if self.epsilon == DOUBLE:
            self._notice_short_values(seen)
        else:
            self.notes.append(f"f computes in {_SHORT[self.epsilon]}")
        with np.errstate(invalid="ignore", over="ignore"):
            self.change: Vector = np.nan_to_num(np.abs(seen[1:] - self.base).max(axis=0, initial=0))
        self.size: Vector = np.maximum(np.nan_to_num(np.abs(self.base)), self.change / _PROBE)
        self.scatter = 0.0
        self.watch()

    def _notice_short_values(self, seen: Vector) -> None:
        """An f that rounds to float32 on the way out did not compute in double precision."""
        if not np.any((seen != seen[0]) & np.isfinite(seen)):
            return
        for dtype in (np.float16, np.float32):
            # A few whole numbers are short by themselves.
            if _fits(seen, np.finfo(dtype).nmant) and not _fits(seen, np.finfo(dtype).nmant - _TELLING):
                self.epsilon = float(np.finfo(dtype).eps)
                self.notes.append(f"f computes in {_SHORT[self.epsilon]}: all its values are such numbers")
                return

    def watch(self) -> None:
        """Evaluate f at the point once more, and keep by how much it differs from what it was."""
        leaves = copied(self.leaves)
        again = self._at(leaves)
        self._notice_changes(leaves)
        both_nan = np.isnan(again) & np.isnan(self.base)
        same_value = (again == self.base) | both_nan
        with np.errstate(invalid="ignore"):
            apart = np.where(same_value, 0.0, np.abs(again - self.base))
        self.scatter = max(self.scatter, float(np.max(np.nan_to_num(apart, nan=np.inf), initial=0.0)))

    @property
    def random(self) -> bool:
        """Whether f has another value each time it is asked."""
        return self.scatter > REPRODUCIBLE * self.epsilon * float(np.max(self.size, initial=0.0))


def described(error: BaseException) -> str:
    """An exception, and the person's line that raised it."""
    spots = spots_of(error)
    return f"{type(error).__name__}: {error}{place_of(error) or (spots[-1] if spots else '')}"


def _fits(values: Vector, bits: int) -> bool:
    """Whether all values have so few binary digits behind the first."""
    mantissas = np.ldexp(np.frexp(values[np.isfinite(values)])[0], bits + 1)
    return bool(np.all(mantissas == np.round(mantissas)))


def _widened(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.astype(np.result_type(leaf.dtype, float))
    return float(leaf)
