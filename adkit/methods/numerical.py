"""Finite differences as a method."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import costs, numerical
from ..calls import Argnums, Call, Leaves, kind_of, size_of
from ..containers import Structure, unflatten
from ..costs import Cost
from ..errors import BadRequest
from ..primitives.table import is_complex, shape_of
from ..tracing import plain
from . import bounds
from .analyticity import Continuation
from .base import Cache, Jacobian, Method, hessian_by, require_real

# About how often the adaptive scheme calls f for a component.
ADAPTIVE_CALLS = 30
# Calls of the complex scheme besides one a component: two recordings, and differences along a line on two scales.
COMPLEX_EXTRA = 4


@dataclass(frozen=True)
class NumericalResult:
    """What differences say of a derivative. Each part has the structure of the gradient (of the Jacobian of an f that
    returns more than one number).

    Attributes:
        value: the derivative; nan where f shows none.
        error: the true derivative lies within value ± error. Fixed schemes claim nothing: nan.
        noise: how far f's values scatter about a smooth function, rounding included. Fixed schemes do not look: nan.
        step: the step that the value rests on.
        status: "ok"; "edge" where f has values on one side only, or bounds leave room on one side only; "nonfinite"
            where there is no derivative to be seen; and of the adaptive scheme also "kink", "cusp", "jump", "noisy"
            and "unresolved".
        calls: how often f was called.

    Example:
        >>> import adkit as ad
        >>> found = ad.Numerical(bounds=(0.0, None)).full_output(lambda x: x * (1 - x), 0.0)
        >>> float(round(found.value, 9)), str(found.status), found.calls
        (1.0, 'edge', 5)
    """

    value: Any
    error: Any
    noise: Any
    step: Any
    status: Any
    calls: int


@dataclass(frozen=True)
class Numerical(Method):
    """Finite differences: f is called at shifted points, and nothing about it need be traceable.

    Steps are relative to max(1, |x|) and also tried relative to min(1, |x|), component by component: central
    differences take the longer step where the shorter one bears it out within rounding, else the shorter, for each
    output apart. So they are good to about 1e-10 of the slope where f varies on the scale of x or on that of 1, and f
    does not cancel digits. They are wrong where f varies on a much finer scale than both (sin(1e8 x) at x = 3): there,
    "adaptive" finds the step, or give `step`. In single precision errors are about 1e-4. Where f has no value on one
    side (nan, an infinity, a ValueError or ArithmeticError), or bounds forbid it, differences from the other side
    stand in. Second derivatives by differences of f alone are good to about 1e-6 at best: differences of a gradient
    are better.

    Args:
        scheme: "central"; "forward" (one call a component, error about 1e-8); "adaptive" (about 30 calls, with an
            error bar: see `full_output`); or "complex" (one call with a complex step, exact where f is analytic. It is
            refused where f's recorded operations do not show that).
        step: the step of every component, absolute, instead of those that the scheme would choose.
        order: the order of central differences: 2 (two calls a component; twice that where |x| is not 0 nor within a
            factor of 10 of 1), or 4 or 6 (four or six calls; twice that where |x| is not 0 nor within a factor of 2 of
            1; longer steps, errors about 1e-12 where f is smooth on that length).
        bounds: (lower, upper), each a number, None, or numbers in the structure of the argument, broadcast to it; for
            a tuple of argnums a tuple; or a `scipy.optimize.Bounds`. f is never called outside.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> round(ad.grad(lambda x: x**3, method=ad.Numerical(scheme="complex", step=1e-20))(2.0), 12)
        12.0
        >>> round(ad.grad(np.log, method=ad.Numerical(order=4))(1e-9))
        1000000000
    """

    name = "numerical"
    theory = "2 n + 1 runs of f for n inputs (central; more where two steps are tried), n + 1 (forward)"
    exact = False
    scheme: str = "central"
    step: float | None = None
    order: int = 2
    bounds: Any = None

    def __post_init__(self) -> None:
        numerical.check(self.scheme, self.step, self.order)
        if self.bounds is not None and bounds.pair(self.bounds) is None:
            raise BadRequest(f"bounds must be a pair (lower, upper), not {kind_of(self.bounds)}")

    @property
    def imports(self) -> tuple[str, ...]:
        return ("adkit.numerical.adaptive",) if self.scheme == "adaptive" else ()

    # -- derivatives -------------------------------------------------------------------------------
    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        found = self._differences(call, lambda leaves: _one(call, leaves))
        return call.as_scalar(found.base), found.value

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        outputs = _Outputs(call)
        found = self._differences(call, outputs)
        return outputs.split(found.base, ()), outputs.structure, outputs.rows(found.value)

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        limits = self._limits(call)
        if self.scheme == "complex":
            # A second complex step is none; differences of the exact first derivative are the next best.
            return hessian_by(call, Numerical(bounds=limits), self)
        return numerical.hessian(call.scalar, call.leaves, self.step, limits)

    def full_output(self, f: Callable[..., Any], *args: Any, argnums: Argnums = 0, **kwargs: Any) -> NumericalResult:
        """The derivative with all that is known of it.

        Args:
            f: any function of numbers and arrays that returns numbers.
            *args: its arguments.
            argnums: the arguments to differentiate by, as in `ad.grad`.
            **kwargs: keyword arguments for f.

        Returns:
            A `NumericalResult`; with scheme="adaptive" it says how far to believe the value.

        Example:
            >>> import numpy as np
            >>> import adkit as ad
            >>> found = ad.Numerical(scheme="adaptive").full_output(np.sin, 0.5)
            >>> bool(abs(found.value - np.cos(0.5)) <= found.error < 1e-5)
            True
        """
        call = Call(f, argnums, args, kwargs)
        outputs = _Outputs(call)
        found = self._differences(call, outputs, full=True)
        parts = (found.value, found.error, found.noise, found.step, found.status)
        value, error, noise, step, status = map(outputs.arranged, parts)
        return NumericalResult(value, error, noise, step, status, found.calls)

    def _differences(self, call: Call, run: Callable[[Leaves], Any], full: bool = False) -> numerical.Found:
        options = numerical.Options(self.scheme, self.step, self.order, self._limits(call))
        if self.scheme != "complex":
            return numerical.differences(run, call.leaves, options, full)
        continuation = Continuation(run, call.leaves, self.step or numerical.COMPLEX_STEP)
        found = numerical.differences(run, call.leaves, options, full)
        continuation.confirm(found.base, found.value)
        return found

    # -- bounds ------------------------------------------------------------------------------------
    def _limits(self, call: Call) -> numerical.Limits | None:
        """The bounds of every leaf; the point must be within them."""
        require_real(call, self)
        return bounds.limits(self.bounds, call)

    # -- counts ------------------------------------------------------------------------------------
    def cost(self, call: Call, cache: Cache, derivative: str = "gradient") -> Cost | None:
        """Those of all the runs of f; the few of the quotients do not count."""
        of_f = costs.of(call, call.leaves)
        return None if of_f is None else Cost().plus(of_f, self.passes(call))

    def bound(self, call: Call, outputs: int = 1) -> float | None:
        """f is run as often as the scheme says, and nothing else."""
        return self.passes(call)

    def passes(self, call: Call, outputs: int = 1) -> int:
        """Runs of f where it has values on both sides, and no bound is near; about as many of the adaptive scheme."""
        if self.scheme in ("forward", "complex"):
            return 1 + size_of(call.leaves) + (COMPLEX_EXTRA if self.scheme == "complex" else 0)
        if self.scheme == "adaptive":
            return 1 + ADAPTIVE_CALLS * size_of(call.leaves)
        numbers = (c for x in call.leaves for c in np.ravel(plain(x)))
        return 1 + self.order * sum(
            len(numerical.step_sizes(c, "central", self.step, order=self.order)) for c in numbers
        )


def _one(call: Call, leaves: Leaves) -> Any:
    """f's output as one number; complex ones are for the caller to judge, since a step may lead out of f's domain."""
    out = call.numeric(call(leaves))
    return np.reshape(out, ())[()] if is_complex(out) and np.size(plain(out)) == 1 else call.as_scalar(out)


class _Outputs:
    """All outputs of f as one vector, and how to put what belongs to them back into their own shapes."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.structure: Structure = None
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, leaves: Leaves) -> Any:
        found, self.structure = self.call.output_leaves(self.call(leaves))
        self.shapes = [shape_of(out) for out in found]
        return np.concatenate([np.ravel(out) for out in found]) if found else np.zeros(0)

    def split(self, vector: Any, behind: tuple[int, ...]) -> Leaves:
        """What belongs to each output, in its shape; each entry of the vector has the shape `behind`."""
        ends = np.cumsum([0, *(size_of([np.zeros(shape)]) for shape in self.shapes)])
        spans = [slice(*pair) for pair in itertools.pairwise(ends)]
        return [np.reshape(vector[span], shape + behind) for span, shape in zip(spans, self.shapes, strict=True)]

    def rows(self, columns: Sequence[Any]) -> list[Leaves]:
        """Blocks [output][leaf]."""
        pairs = zip(columns, self.call.leaves, strict=True)
        by_leaf = [self.split(column, shape_of(leaf)) for column, leaf in pairs]
        return [[blocks[k] for blocks in by_leaf] for k in range(len(self.shapes))]

    def arranged(self, columns: Sequence[Any]) -> Any:
        """The blocks in the output's container of the argument's container; numbers where they have no axes."""
        rows = [self.call.arrange([_number_or_array(block) for block in row]) for row in self.rows(columns)]
        return unflatten(self.structure, rows)


def _number_or_array(block: Any) -> Any:
    """An array, or what one without axes holds: a Python number or word."""
    array = np.asarray(block)
    return array if array.ndim else array.item()
