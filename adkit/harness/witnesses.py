"""What can say what the derivative is, without any code of the methods that are judged: by hand, 50 digits, a complex
step, differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .. import numerical, symbolic
from ..calls import Call, Leaves
from ..containers import flatten_like, unflatten
from ..errors import AdkitError
from ..graph import Node, record
from ..methods import Manual, Numerical
from ..numerical import DOUBLE
from ..tracing import plain
from .precision import rounding
from .subjects import Subject
from .task import Task, Vector, flat, matrix, turn, unflat

BY_HAND = "hand-derived {}"
DIGITS = "SymPy in 50-digit mpmath"
COMPLEX = "complex step"
DIFFERENCES = "adaptive differences"
# Bars are so wide that hardly one in a thousand is broken; the errors under them are smaller by this at least.
ROOM = 4
# Differences that are all there is to judge by are taken of so many components at most, and along so many directions.
MANY = 32, 4
# Those that bear out something else.
FEW = 6, 2
# Scalar operations of f that are taken on with 50 digits, each of which takes about 40 microseconds: where that is what
# is judged by, and where it only bears out what was derived by hand.
FIRST_OPS, SECOND_OPS = 20_000, 5_000
# What differences may cost, in elements computed; an operation costs as much as so many elements, however few it has.
AFFORDABLE, OVERHEAD = 5e8, 1e3
# About how often f is called for the slope along a line.
CALLS = 35
# A complex step is taken of each of so many inputs at most.
COMPLEX_INPUTS = 200
# Double precision may be off so many times more than it was seen to be.
SEEN = 30
# So many points within a rounding of the given one tell how a derivative follows the roundings.
ROUNDED = 3


@dataclass(frozen=True)
class Reference:
    """A derivative, as one flat vector; what it is; how far from the truth it may itself be (relative).

    `components` are the places in the derivative that it speaks of; None stands for all. `slopes` are the derivatives
    along random directions through all inputs at once. Bars are absolute.
    """

    name: str
    gradient: Vector
    uncertainty: float = 0.0
    components: Vector | None = None
    bars: Vector | None = None
    slopes: Vector = field(default_factory=lambda: np.zeros(0))
    slope_bars: Vector = field(default_factory=lambda: np.zeros(0))

    @property
    def is_one(self) -> bool:
        """Whether its name is a plural."""
        return self.name.startswith(DIFFERENCES)

    def at(self, places: Vector) -> Vector:
        """Some of the components that it speaks of."""
        return self.gradient[self._found(places)]

    def bars_at(self, places: Vector) -> Vector:
        return np.zeros(len(places)) if self.bars is None else self.bars[self._found(places)]

    def _found(self, places: Vector) -> Vector:
        return places if self.components is None else np.searchsorted(self.components, places)

    def directions(self, leaves: Leaves) -> Vector:
        """The directions of the slopes at a point, one a row, turned so that they multiply the gradient."""
        return directions(flat(leaves), len(self.slopes)) * turn(leaves)


def directions(numbers: Vector, count: int) -> Vector:
    """Random directions in which each number moves by its own size, or by the mean size where that is more."""
    size = np.sqrt(np.mean(numbers**2)) if numbers.size else 1.0
    signs = np.random.default_rng(1).choice([-1.0, 1.0], (count, numbers.size))
    return signs * np.maximum(np.abs(numbers), size or 1.0)


class Witnesses:
    """Everything that can say what the derivative is, the best first; each is asked only when it is needed."""

    def __init__(self, subject: Subject, task: Task) -> None:
        self.subject, self.task = subject, task
        self.condition = max(1.0, subject.condition)
        self.failure = ""
        self.digits: _Digits | None = None
        self.has_hand = subject.jacobian is not None if task.derivative == "jacobian" else _joint(subject) is not None

    def __iter__(self) -> Iterator[Reference]:
        first = True
        for witness in (self.by_hand, self.in_digits, self.by_complex_step, self.by_differences):
            try:
                found = witness(self.task, first)
            except Exception as error:  # of hand-written code and of f anything may be expected
                self.failure = self.failure or f"{type(error).__name__}: {error}"
                continue
            if found is not None:
                first = False
                yield found

    def at(self, task: Task, like: Reference) -> Reference | None:
        """At another point, by the same means."""
        if like.name == DIGITS:
            return None if self.digits is None else self.digits.reference(task)
        means = {BY_HAND.format(task.derivative): self.by_hand, COMPLEX: self.by_complex_step}
        return means.get(like.name, self.by_differences)(task, False)

    # -- by hand -----------------------------------------------------------------------------------
    def by_hand(self, task: Task, first: bool) -> Reference | None:
        if not self.has_hand:
            return None
        call = task.call.moved([numerical.own(x) for x in task.leaves])
        found = _hand_jacobian(self.subject, task, call) if task.derivative == "jacobian" else _hand(self.subject, call)
        return Reference(BY_HAND.format(task.derivative), found)

    # -- the recorded graph with 50 digits -----------------------------------------------------------
    def in_digits(self, task: Task, first: bool) -> Reference | None:
        if task.complex:
            return None
        limit = FIRST_OPS if first else SECOND_OPS
        try:
            self.digits = _Digits(task, max(limit // task.size, 1))
        except AdkitError:
            return None
        found = self.digits.reference(task)
        if found is not None:
            self.condition = max(self.condition, self.digits.condition(task, found))
        return found

    # -- a complex step ----------------------------------------------------------------------------
    def by_complex_step(self, task: Task, first: bool) -> Reference | None:
        n = task.numbers.size
        if not first or task.complex or n > COMPLEX_INPUTS or n * self._cost > AFFORDABLE:
            return None
        method = Numerical(scheme="complex")
        try:
            if task.derivative == "gradient":
                return Reference(COMPLEX, flat(method.value_and_gradient(task.call, {})[1]))
            return Reference(COMPLEX, matrix(method.jacobian(task.call, {})[2], task.widths))
        except AdkitError:
            return None

    # -- differences -------------------------------------------------------------------------------
    def by_differences(self, task: Task, first: bool) -> Reference | None:
        affordable = int(AFFORDABLE / (CALLS * self._cost))
        components, lines = MANY if first else FEW
        if not first and affordable < 1:
            return None
        if task.numbers.size <= components:
            lines = 0
        elif not first:
            lines, components = min(lines, affordable), min(components, max(affordable - lines, 0))
        found = by_differences(task, components, lines)
        if found is None:
            self.failure = "f shows no slope at this point that could serve as a reference"
        return found

    @cached_property
    def _cost(self) -> float:
        """What f computes in one run."""
        return _cost(self.task)


# -- by hand ---------------------------------------------------------------------------------------
def _joint(subject: Subject) -> Callable[..., tuple[Any, Any]] | None:
    """The gradient by hand that a problem brings; one that a person hands in is to be judged."""
    return None if subject.gradient is not None else subject.joint or getattr(subject.f, "__hand_derived__", None)


def _hand(subject: Subject, call: Call) -> Vector:
    return flat(Manual(value_and_gradient_of=_joint(subject)).value_and_gradient(call, {})[1])


def _hand_jacobian(subject: Subject, task: Task, call: Call) -> Vector:
    assert subject.jacobian is not None
    found, structure = task.each_output([numerical.own(x) for x in task.leaves])
    parts = flatten_like(structure, subject.jacobian(*call.arguments(call.leaves), **call.kwargs))
    rows = [call.leaves_of(part) for part in parts or []]
    assert len(found) == len(rows)
    return matrix([row for row in rows if row is not None], task.widths)


# -- with 50 digits --------------------------------------------------------------------------------
class _Digits:
    """The derivative that SymPy makes of the recorded graph, with 50 digits and in double precision."""

    def __init__(self, task: Task, max_ops: int) -> None:
        run = task.call.scalar if task.derivative == "gradient" else _arranged(task.call)
        self.derivation = symbolic.derive(run, task.leaves, max_ops=max_ops)

    def reference(self, task: Task) -> Reference | None:
        found = self._vector(task, task.leaves, 50)
        return None if found is None else Reference(DIGITS, found)

    def _vector(self, task: Task, leaves: Leaves, digits: int | None) -> Vector | None:
        found = self.derivation.jacobian(leaves, digits)
        return None if found is None else matrix(found[1], task.widths)

    def condition(self, task: Task, truth: Reference) -> float:
        """How many times more double precision is off than it is where f amplifies nothing."""
        scale = float(np.max(np.abs(truth.gradient), where=np.isfinite(truth.gradient), initial=0.0))
        epsilon = numerical.epsilon_of(*task.leaves) or DOUBLE
        worst = 0.0
        for k in range(ROUNDED):
            signs = np.random.default_rng(k).choice([-0.5, 0.5], task.numbers.shape) if k else 0.0
            found = self._vector(task, unflat(task.numbers * (1 + epsilon * signs), task.leaves), None)
            if found is not None:
                off = np.abs(found - truth.gradient)
                worst = max(worst, float(np.max(off, where=np.isfinite(off), initial=0.0)))
        return SEEN * worst / scale / rounding(task.call) if scale else 1.0


def _arranged(call: Call) -> Callable[[Leaves], Any]:
    """f with its outputs as the container that it returned."""

    def outputs(leaves: Leaves) -> Any:
        found, structure = call.output_leaves(call(leaves))
        return unflatten(structure, found)

    return outputs


# -- differences -----------------------------------------------------------------------------------
def by_differences(task: Task, most: int, lines: int) -> Reference | None:
    """Adaptive differences, of a sample of the inputs where there are more; of what f has a slope in."""
    n, m = task.numbers.size, task.size
    few = n <= most
    chosen = np.arange(n) if few else np.sort(np.random.default_rng(0).choice(n, most, replace=False))
    values, bars, known = _by_component(task, chosen) if chosen.size else (np.zeros(0), np.zeros(0), np.zeros(0, bool))
    places = (np.arange(m)[:, None] * n + chosen).ravel()
    slopes, slope_bars = _by_direction(task, lines)
    if not (known.any() or slopes.size or n == 0):
        return None
    scale = float(np.max(np.abs(values[known]), initial=0.0))
    uncertainty = max(float(np.max(bars[known], initial=0.0)) / ROOM / scale if scale else 0.0, rounding(task.call))
    whole = bool(known.all()) and few
    name = DIFFERENCES if whole else f"{DIFFERENCES} of {known.sum()} components"
    name += f" and {len(slopes)} directions" if slopes.size else ""
    return Reference(
        name, values[known], uncertainty, None if whole else places[known], bars[known], slopes, slope_bars
    )


def _by_component(task: Task, chosen: Vector) -> tuple[Vector, Vector, Vector]:
    """Values, bars, and whether they say anything."""
    # Steps must be long enough for the shortest of the numbers that they move.
    dtypes = [np.real(leaf).dtype for leaf in map(np.asarray, task.leaves)]
    dtype = min(dtypes, key=lambda dtype: dtype.itemsize, default=np.dtype(float))

    def along(leaves: Leaves) -> Vector:
        moved = task.numbers.copy()
        moved[chosen] = leaves[0]
        return task.outputs(unflat(moved, task.leaves))

    point = [task.numbers[chosen].astype(dtype)]
    found = numerical.differences(along, point, numerical.Options("adaptive"), full=True)
    values, bars = (found.value[0] * turn(task.leaves)[chosen]).ravel(), found.error[0].astype(float).ravel()
    known = np.isin(found.status[0].ravel(), ("ok", "noisy", "edge")) & np.isfinite(values) & np.isfinite(bars)
    return values, bars, known


def _by_direction(task: Task, lines: int) -> tuple[Vector, Vector]:
    """Slopes along random directions, and their bars; none in less than double precision, which cannot follow one."""
    if any(np.real(np.asarray(leaf)).dtype.itemsize < 8 for leaf in task.leaves) or task.size != 1:
        return np.zeros(0), np.zeros(0)
    from ..numerical.adaptive import slopes

    found = [slopes(lambda t, d=d: task.at(task.numbers + t * d), 1.0)[0] for d in directions(task.numbers, lines)]
    seen = all(slope.status in ("ok", "noisy") and np.isfinite(slope.error) for slope in found)
    kept = found if seen else []
    return np.array([s.value for s in kept]), np.array([s.error for s in kept])


# -- what it costs ---------------------------------------------------------------------------------
def _cost(task: Task) -> float:
    """Elements that f computes, with something for each operation; of what cannot be recorded a guess."""
    try:
        graph = record(lambda leaves: task.each_output(leaves)[0], [numerical.own(x) for x in task.leaves])
    except Exception:  # f may be code that is not adkit's, and refuse traced values in its own way
        return OVERHEAD
    return sum(map(_elements, graph.nodes), OVERHEAD)


def _elements(node: Node) -> float:
    """What a node costs: its largest array, and of a product of matrices their common side times the result."""
    sizes = [np.size(plain(x.value if isinstance(x, Node) else x)) for x in node.args]
    size = max([np.size(plain(node.value)), *sizes])
    if node.primitive is not None and node.primitive.name == "matmul":
        first = node.args[0]
        size = max(
            size, np.size(plain(node.value)) * np.shape(plain(first.value if isinstance(first, Node) else first))[-1]
        )
    return OVERHEAD + size
