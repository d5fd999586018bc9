"""What can say what the derivative is, without any code of the methods that are judged: by hand, 50 digits, a complex
step, differences."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .. import numerical, symbolic
from ..calls import Call, Leaves
from ..containers import unflatten
from ..errors import AdkitError
from ..graph import Node, record
from ..methods import Manual, Numerical
from ..tracing import plain
from .precision import epsilon, rounding
from .subjects import Subject
from .wanted import Vector, Wanted, flat, largest, matrix, turn, unflat

Witness = Callable[["Wanted", bool], "Reference | None"]

BY_HAND = {"gradient": "hand-derived gradient", "jacobian": "hand-derived Jacobian"}
JACOBIAN = "__hand_derived_jacobian__"
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
AFFORDABLE, OVERHEAD = 3e8, 1e3
# The same where there is nothing else to judge by; then a few lines are followed whatever they cost.
FIRST_AFFORDABLE, LEAST = 1e10, 2
# Of outputs so many are looked at one by one.
OUTPUTS = 6
# About how often f is called for the slope along a line.
CALLS = 35
# A complex step is taken of each of so many inputs at most.
COMPLEX_INPUTS = 200
# Complex numbers cost so much more than real ones, most of all where they are multiplied by real matrices.
COMPLEX_COST = 10
# Double precision may be off so many times more than it was seen to be.
SEEN = 30
# What amplifies rounding errors by the condition of a matrix.
SOLVED = ("inv", "det", "slogdet", "solve", "pinv")
# So many points within a rounding of the given one tell how a derivative follows the roundings.
ROUNDED = 3


@dataclass(frozen=True)
class Reference:
    """A derivative, as one flat vector; what it is; how far from the truth it may itself be (relative).

    `components` are the places in the derivative that it speaks of; None stands for all. `slopes` are the derivatives
    along random directions through all inputs at once, of the outputs added up with random signs. Bars are absolute.
    """

    name: str
    gradient: Vector
    uncertainty: float = 0.0
    components: Vector | None = None
    bars: Vector | None = None
    slopes: Vector = field(default_factory=lambda: np.zeros(0))
    slope_bars: Vector = field(default_factory=lambda: np.zeros(0))
    size: int = 1

    @property
    def outputs(self) -> Vector:
        """The signs with which the outputs are added up, one row for each slope."""
        return signs(len(self.slopes), self.size)

    def at(self, places: Vector) -> Vector:
        """Some of the components that it speaks of."""
        return self.gradient[self._found(places)]

    def bars_at(self, places: Vector) -> Vector:
        return np.zeros(len(places)) if self.bars is None else self.bars[self._found(places)]

    def _found(self, places: Vector) -> Vector:
        return places if self.components is None else np.searchsorted(self.components, places)

    def weights(self, leaves: Leaves) -> Vector:
        """By what the numbers of the derivative are multiplied and added up, one row for each slope."""
        along = directions(flat(leaves), len(self.slopes)) * turn(leaves)
        return (self.outputs[:, :, None] * along[:, None, :]).reshape(len(along), -1)


def directions(numbers: Vector, count: int) -> Vector:
    """Random directions in which each number moves by its own size, or by the mean size where that is more."""
    size = np.sqrt(np.mean(numbers**2)) if numbers.size else 1.0
    return signs(count, numbers.size, 1) * np.maximum(np.abs(numbers), size or 1.0)


def signs(count: int, size: int, seed: int = 2) -> Vector:
    """Rows of random signs; of one output the sign is its own."""
    return np.ones((count, 1)) if size == 1 else np.random.default_rng(seed).choice([-1.0, 1.0], (count, size))


class Witnesses:
    """Everything that can say what the derivative is, the best first; each is asked only when it is needed."""

    def __init__(self, subject: Subject, wanted: Wanted, call_s: float = 0.0, until: float = math.inf) -> None:
        self.subject, self.wanted, self.call_s, self.until = subject, wanted, call_s, until
        self.failure = ""
        self.digits: _Digits | None = None

    def __iter__(self) -> Iterator[Reference]:
        heard: list[Reference] = []
        for witness in (self.by_hand, self.in_digits, self.instead, self.by_differences, self.by_complex_step):
            try:
                found = None if self.spoken(witness, heard) else witness(self.wanted, not heard)
            except Exception as error:  # of hand-written code and of f anything may be expected
                self.failure = self.failure or f"{type(error).__name__}: {error}"
                continue
            if found is not None:
                heard.append(found)
                yield found

    def spoken(self, witness: Witness, heard: list[Reference]) -> bool:
        """Whether a complex step, which comes first or last, has been heard already."""
        return witness == self.by_complex_step and any(one.name == COMPLEX for one in heard)

    def at(self, wanted: Wanted, like: Reference) -> Reference | None:
        """At another point, with 50 digits where there are any, since what is by hand may be right at the first point
        only; else by the same means, or by differences where those would cost as much again."""
        found = None if self.digits is None else self.digits.reference(wanted)
        if found is not None or like.name == DIGITS:
            return found
        by_hand = like.name == BY_HAND[wanted.derivative]
        return self.by_hand(wanted, False) if by_hand else self.by_differences(wanted, False)

    # -- by hand -----------------------------------------------------------------------------------
    def by_hand(self, wanted: Wanted, first: bool) -> Reference | None:
        return by_hand(self.subject, wanted)

    # -- the recorded graph with 50 digits -----------------------------------------------------------
    def in_digits(self, wanted: Wanted, first: bool) -> Reference | None:
        if wanted.complex:
            return None
        limit = FIRST_OPS if first else SECOND_OPS
        try:
            self.digits = _Digits(wanted, max(limit // wanted.size, 1))
        except AdkitError:
            return None
        found = self.digits.reference(wanted)
        if found is not None:
            self.condition = self.condition_at(wanted, found)
        return found

    # -- a complex step ----------------------------------------------------------------------------
    def instead(self, wanted: Wanted, first: bool) -> Reference | None:
        """Where nothing better has been heard."""
        return self.by_complex_step(wanted, first) if first else None

    def by_complex_step(self, wanted: Wanted, first: bool) -> Reference | None:
        n = wanted.numbers.size
        if wanted.complex or n > COMPLEX_INPUTS or COMPLEX_COST * n * self._cost > AFFORDABLE:
            return None
        method = Numerical(scheme="complex")
        try:
            if wanted.derivative == "gradient":
                return Reference(COMPLEX, flat(method.value_and_gradient(wanted.call, {})[1]))
            return Reference(COMPLEX, matrix(method.jacobian(wanted.call, {})[2], wanted.leaves))
        except AdkitError:
            return None

    # -- differences -------------------------------------------------------------------------------
    def by_differences(self, wanted: Wanted, first: bool) -> Reference | None:
        components, lines = MANY if first else FEW
        affordable = int((FIRST_AFFORDABLE if first else AFFORDABLE) / (CALLS * self._cost))
        if not first and (affordable < 1 or not self.has_time(2 * CALLS)):
            return None
        while affordable > LEAST and not self.has_time(min(affordable, components + lines) * CALLS):
            affordable //= 2
        affordable = max(affordable, LEAST)
        lines = min(lines, affordable // 2)
        components = min(components, affordable - lines)
        found = by_differences(wanted, components, lines)
        if found is None:
            self.failure = "f shows no slope at this point that could serve as a reference"
        return found

    def has_time(self, calls: int) -> bool:
        """Whether f can be called so often before the time is up."""
        return time.monotonic() + calls * self.call_s < self.until

    # -- what f does -------------------------------------------------------------------------------
    @cached_property
    def condition(self) -> float:
        """By how much f amplifies rounding errors, as far as that is known."""
        eps = epsilon(self.wanted.call)
        solved = SEEN * eps / rounding(self.wanted.call) * max(map(_condition, self._matrices), default=0.0)
        # What is computed in shorter numbers than the arguments are is rounded as if it had been amplified.
        shorter = max((numerical.epsilon_of(_value(node)) for node in self._nodes or []), default=0.0) / eps
        return max(1.0, self.subject.condition, solved, shorter)

    def condition_at(self, wanted: Wanted, truth: Reference) -> float:
        """The same, with what can be seen of it at a point whose derivative is known."""
        # SymPy has formulas of its own for what matrices are solved by, which amplify more.
        if self.digits is None or self._matrices or truth.components is not None:
            return self.condition
        return max(self.condition, self.digits.condition(wanted, truth))

    @cached_property
    def _nodes(self) -> list[Node] | None:
        """What f computes at the point; None where it cannot be recorded."""
        try:
            return record(lambda leaves: self.wanted.each_output(leaves)[0], self.wanted.copies()).nodes
        except Exception:  # f may be code that is not adkit's, and refuse traced values in its own way
            return None

    @cached_property
    def _matrices(self) -> list[Vector]:
        """What f takes the inverse or determinant of, or solves with."""
        return [_value(node.args[0]) for node in self._nodes or [] if node.primitive and node.primitive.name in SOLVED]

    @cached_property
    def _cost(self) -> float:
        """Elements that f computes, with something for each operation; of what cannot be recorded a guess."""
        return sum(map(_elements, self._nodes or []), OVERHEAD)


# -- by hand ---------------------------------------------------------------------------------------
def _joint(subject: Subject) -> Callable[..., tuple[Any, Any]] | None:
    """The gradient by hand that a problem brings; one that a person hands in is to be judged."""
    return None if subject.gradient is not None else subject.joint or getattr(subject.f, "__hand_derived__", None)


def _jacobian(subject: Subject) -> Callable[..., Any] | None:
    return None if subject.gradient is not None else subject.jacobian or getattr(subject.f, JACOBIAN, None)


def by_hand(subject: Subject, wanted: Wanted) -> Reference | None:
    """What the derivative by hand comes to in double precision; None where there is none to judge by."""
    found = (_jacobian if wanted.derivative == "jacobian" else _joint)(subject)
    return None if found is None else Reference(BY_HAND[wanted.derivative], _hand(subject, wanted))


def _hand(subject: Subject, wanted: Wanted) -> Vector:
    """The derivative by hand, computed with arrays of its own."""
    call = wanted.call.moved(wanted.copies())
    method = Manual(value_and_gradient_of=_joint(subject), jacobian_of=_jacobian(subject))
    if wanted.derivative == "gradient":
        return flat(method.value_and_gradient(call, {})[1])
    return matrix(method.jacobian(call, {})[2], wanted.leaves)


# -- with 50 digits --------------------------------------------------------------------------------
class _Digits:
    """The derivative that SymPy makes of the recorded graph, with 50 digits and in double precision."""

    def __init__(self, wanted: Wanted, max_ops: int) -> None:
        run = wanted.call.scalar if wanted.derivative == "gradient" else _arranged(wanted.call)
        self.derivation = symbolic.derive(run, wanted.leaves, max_ops=max_ops)

    def reference(self, wanted: Wanted) -> Reference | None:
        found = self._vector(wanted, wanted.leaves, 50)
        return None if found is None else Reference(DIGITS, found)

    def _vector(self, wanted: Wanted, leaves: Leaves, digits: int | None) -> Vector | None:
        found = self.derivation.jacobian(leaves, digits)
        return None if found is None else matrix(found[1], wanted.leaves)

    def condition(self, wanted: Wanted, truth: Reference) -> float:
        """How many times more double precision is off than it is where f amplifies nothing."""
        scale = largest(truth.gradient)
        step = epsilon(wanted.call)
        worst = 0.0
        for k in range(ROUNDED):
            signs = np.random.default_rng(k).choice([-0.5, 0.5], wanted.numbers.shape) if k else 0.0
            found = self._vector(wanted, unflat(wanted.numbers * (1 + step * signs), wanted.leaves), None)
            if found is not None:
                worst = max(worst, largest(found - truth.gradient))
        return SEEN * worst / scale / rounding(wanted.call) if scale else 1.0


def _arranged(call: Call) -> Callable[[Leaves], Any]:
    """f with its outputs as the container that it returned."""

    def outputs(leaves: Leaves) -> Any:
        found, structure = call.output_leaves(call(leaves))
        return unflatten(structure, found)

    return outputs


# -- differences -----------------------------------------------------------------------------------
def by_differences(wanted: Wanted, most: int, lines: int) -> Reference | None:
    """Adaptive differences, of a sample of the inputs and outputs where there are more; of what f has a slope in."""
    n, m = wanted.numbers.size, wanted.size
    inputs, outputs = _sample(n, most), _sample(m, OUTPUTS)
    whole = len(inputs) == n and len(outputs) == m
    values, bars, known = _by_component(wanted, inputs, outputs)
    places = (outputs[:, None] * n + inputs).ravel()
    slopes, slope_bars = _by_direction(wanted, 0 if whole else lines)
    if not (known.any() or slopes.size or n * m == 0):
        return None
    scale = float(np.max(np.abs(values[known]), initial=0.0))
    uncertainty = max(float(np.max(bars[known], initial=0.0)) / ROOM / scale if scale else 0.0, rounding(wanted.call))
    whole = whole and bool(known.all())
    name = DIFFERENCES if whole else f"{DIFFERENCES} of {counted(int(known.sum()), 'component')}"
    name += f" and {counted(len(slopes), 'direction')}" if slopes.size else ""
    places = None if whole else places[known]
    return Reference(name, values[known], uncertainty, places, bars[known], slopes, slope_bars, m)


def _sample(size: int, most: int) -> Vector:
    """Places drawn at random, in order; all of them where they are few."""
    return np.arange(size) if size <= most else np.sort(np.random.default_rng(0).choice(size, most, replace=False))


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _by_component(wanted: Wanted, inputs: Vector, outputs: Vector) -> tuple[Vector, Vector, Vector]:
    """Values, bars, and whether they say anything."""
    if not inputs.size:
        return np.zeros(0), np.zeros(0), np.zeros(0, bool)
    # Steps must be long enough for the shortest of the numbers that they move.
    dtypes = [np.real(leaf).dtype for leaf in map(np.asarray, wanted.leaves)]
    dtype = min(dtypes, key=lambda dtype: dtype.itemsize)

    def along(leaves: Leaves) -> Vector:
        moved = wanted.numbers.copy()
        moved[inputs] = leaves[0]
        return wanted.outputs(unflat(moved, wanted.leaves))[outputs]

    point = [wanted.numbers[inputs].astype(dtype)]
    found = numerical.differences(along, point, numerical.Options("adaptive"), full=True)
    values, bars = (found.value[0] * turn(wanted.leaves)[inputs]).ravel(), found.error[0].astype(float).ravel()
    known = np.isin(found.status[0].ravel(), ("ok", "noisy", "edge")) & np.isfinite(values) & np.isfinite(bars)
    return values, bars, known


def _by_direction(wanted: Wanted, lines: int) -> tuple[Vector, Vector]:
    """Slopes along random directions, and their bars; none in less than double precision, which cannot follow one."""
    if any(np.real(np.asarray(leaf)).dtype.itemsize < 8 for leaf in wanted.leaves):
        return np.zeros(0), np.zeros(0)
    pairs = zip(directions(wanted.numbers, lines), signs(lines, wanted.size), strict=True)
    found = [_slope(wanted, d, weights) for d, weights in pairs]
    seen = all(slope.status in ("ok", "noisy") and np.isfinite(slope.error) for slope in found)
    kept = found if seen else []
    return np.array([s.value for s in kept]), np.array([s.error for s in kept])


def _slope(wanted: Wanted, direction: Vector, weights: Vector) -> Any:
    """The slope of the outputs, added up with these weights, along a direction."""
    from ..numerical.adaptive import slopes

    return slopes(lambda t: weights @ wanted.at(wanted.numbers + t * direction), 1.0)[0]


# -- what it costs ---------------------------------------------------------------------------------
def _value(x: Any) -> Vector:
    return np.asarray(plain(x.value if isinstance(x, Node) else x))


def _elements(node: Node) -> float:
    """What a node costs: its largest array, and of a product of matrices their common side times the result."""
    sizes = [_value(x).size for x in (node, *node.args)]
    if node.primitive is not None and node.primitive.name == "matmul":
        sizes.append(sizes[0] * _value(node.args[0]).shape[-1])
    return OVERHEAD + max(sizes)


def _condition(matrices: Vector) -> float:
    """The largest condition of some matrices; 0 of what is none."""
    square = matrices.ndim >= 2 and matrices.shape[-1] == matrices.shape[-2] > 0 and np.all(np.isfinite(matrices))
    return float(np.max(np.linalg.cond(matrices))) if square else 0.0
