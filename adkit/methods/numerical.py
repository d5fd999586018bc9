"""Finite differences as a method."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import numerical
from ..calls import Call, Leaves, size_of
from ..primitives.table import is_complex, shape_of
from ..tracing import plain
from .base import Cache, Jacobian, Method, hessian_by, recorded_operations, require_real


@dataclass(frozen=True)
class Numerical(Method):
    """Finite differences: f is called at shifted points, and nothing about it need be traceable.

    The relative errors below hold where f varies on the scale max(1, |x|) in each component x. Where it varies on a
    finer one (f(x) = sin(1e8 x); x of size 1e-8 in f(x) = x^3), the default step is too large: give `step`. In single
    precision they are about 1e-4 and 1e-3.

    Args:
        scheme: "central" (two calls a component, error about 1e-10), "forward" (one call, about 1e-8) or "complex"
            (one call with a complex step, exact where f is analytic; checked against central differences along one
            direction and refused where they disagree).
        step: the step of every component, absolute; by default the cube root (forward: the square root) of the
            machine epsilon of each component's dtype, times max(1, |x|).

    Example:
        >>> import adkit as ad
        >>> round(ad.grad(lambda x: x**3, method=ad.Numerical(scheme="complex", step=1e-20))(2.0), 12)
        12.0
    """

    name = "numerical"
    exact = False
    scheme: str = "central"
    step: float | None = None

    def __post_init__(self) -> None:
        numerical.check(self.scheme, self.step)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        require_real(call, self)
        base, gradient = numerical.jacobian(lambda leaves: _one(call, leaves), call.leaves, self.scheme, self.step)
        return call.as_scalar(base), gradient

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        require_real(call, self)
        layout: list[Any] = []

        def run(leaves: Leaves) -> Any:
            found, structure = call.output_leaves(call(leaves))
            layout[:] = [structure, [shape_of(out) for out in found]]
            return np.concatenate([np.ravel(out) for out in found]) if found else np.zeros(0)

        base, columns = numerical.jacobian(run, call.leaves, self.scheme, self.step)
        structure, shapes = layout
        ends = np.cumsum([0, *(size_of([np.zeros(shape)]) for shape in shapes)])
        spans = [slice(*pair) for pair in itertools.pairwise(ends)]
        outputs = [np.reshape(base[span], shape) for span, shape in zip(spans, shapes, strict=True)]
        rows = [
            [
                np.reshape(column[span], shape + shape_of(leaf))
                for column, leaf in zip(columns, call.leaves, strict=True)
            ]
            for span, shape in zip(spans, shapes, strict=True)
        ]
        return outputs, structure, rows

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        require_real(call, self)
        if self.scheme == "complex":
            # A second complex step is none; differences of the exact first derivative are the next best.
            return hessian_by(call, Numerical(), self)
        return numerical.hessian(call.scalar, call.leaves, self.step)

    def operations(self, call: Call, cache: Cache) -> int | None:
        """Those of all the runs of f; the few of the quotients do not count."""
        of_f = recorded_operations(call.scalar, call.leaves)
        return None if of_f is None else self.passes(call) * of_f

    def passes(self, call: Call) -> int:
        each = 2 if self.scheme == "central" else 1
        return 1 + each * size_of(call.leaves) + (2 if self.scheme == "complex" else 0)


def _one(call: Call, leaves: Leaves) -> Any:
    """f's output as one number, which may be complex while a complex step is under way."""
    out = call.numeric(call(leaves))
    is_step = is_complex(out) and any(map(is_complex, leaves))
    return np.reshape(out, ())[()] if is_step and np.size(plain(out)) == 1 else call.as_scalar(out)
