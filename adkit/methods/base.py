"""What a method is, and what all of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from .. import costs
from ..calls import Call, Leaves, size_of
from ..compiling import Compiled
from ..containers import Structure
from ..costs import Cost
from ..errors import ArgumentError, BadRequest, OutputError, place
from ..primitives.table import is_complex, shape_of

Cache = dict[str, Any]
# A Jacobian: the output leaves, their structure, and blocks[output leaf][input leaf].
Jacobian = tuple[Leaves, Structure, list[Leaves]]


class Method:
    """A way of computing derivatives. A subclass says how; `cache` is kept by the caller from call to call.

    A method of your own derives from this class and overrides `value_and_gradient`; `ad.methods.register` names it. Of
    a `Call` it uses `leaves`, the numbers and arrays to differentiate by, and the call itself: `call.scalar(leaves)` is
    f's value with those leaves in place.

    Example:
        >>> import adkit as ad
        >>> class Crude(ad.Method):
        ...     name, exact = "crude", False
        ...     def value_and_gradient(self, call, cache):
        ...         (x,), h = call.leaves, 1e-6
        ...         return call.scalar([x]), [(call.scalar([x + h]) - call.scalar([x])) / h]
        >>> round(ad.grad(lambda x: x**3, method=Crude())(2.0), 3)
        12.0
        >>> ad.Reverse()
        Reverse()
        >>> ad.grad(lambda x: x**3, method=ad.Forward(chunk=16))(2.0)
        12.0
    """

    name: str = ""
    # Whether rounding is the only error.
    exact: bool = True
    # Whether it may be called the fastest: what a person wrote by hand is no contender.
    ranked: bool = True
    # Whether it needs a package that adkit does not bring: compared only when asked for.
    optional: bool = False
    # What theory says of its cost, in words; `bound` is the number.
    theory: str = ""

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        return (type(self).__doc__ or "").partition("\n")[0]

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules that the method needs beyond adkit's core: to import them is not part of preparing it."""
        return ()

    @property
    def options(self) -> tuple[str, ...]:
        """The parameters that a text may give, as in "forward(chunk=1)"."""
        return tuple(field.name for field in fields(self)) if is_dataclass(self) else ()

    def compiled(self, made_with: Callable[[Method], Callable[..., Any]]) -> Compiled | None:
        """Code for what `made_with` makes of the method that it is recorded from; None of a method without code."""
        return None

    def prepare(self, call: Call, cache: Cache, derivative: str = "gradient") -> None:
        """What has to be done once per signature for a gradient, Jacobian or Hessian, so that it can be timed apart."""

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        """f's value, which is one number, and its derivative with respect to each leaf."""
        raise NotImplementedError(f"{type(self).__name__} has no value_and_gradient")

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        """The outputs and the derivative of each with respect to each leaf, shape output.shape + leaf.shape.

        A method that knows gradients only serves where f returns one number.
        """
        outputs, structure = call.output_leaves(call(call.leaves))
        if structure is not None or size_of(outputs) != 1:
            raise OutputError(
                f"method {self.name!r} knows derivatives of one number only, and {call.where()} returned more{place()}"
                "; use method='auto'"
            )
        _, gradient = self.value_and_gradient(call, cache)
        return outputs, None, [[np.reshape(c, shape_of(outputs[0]) + shape_of(c)) for c in gradient]]

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        """Blocks [i][j] of shape leaf_i.shape + leaf_j.shape."""
        from .traced import Forward

        return hessian_by(call, Forward(), self)

    def passes(self, call: Call, outputs: int = 1) -> int:
        """How many runs of f, on numbers or on traced numbers, of code made from f, or of its tape backwards, the
        derivatives of so many outputs take."""
        return 1

    def cost(self, call: Call, cache: Cache, derivative: str = "gradient") -> Cost | None:
        """Operations and flops of one value and derivative; None where unknown.

        Everything adkit computes with runs through the table, so the derivative can be run on numbers that count.
        """
        run = self.value_and_gradient if derivative == "gradient" else self.jacobian
        return costs.of(lambda leaves: run(call.moved(leaves), {}), call.leaves)

    def bound(self, call: Call, outputs: int = 1) -> float | None:
        """How many times the flops of f those of its value and derivatives are at most, by theory; None without one."""
        return None

    def tape(self, call: Call) -> tuple[int, int] | None:
        """Length and bytes of the tape when f has been recorded; None for a method without a tape."""
        return None

    def expression_nodes(self, call: Call, cache: Cache, derivative: str = "gradient") -> tuple[int, int] | None:
        """Operations in the formulas of the derivative, as the method shares them and written out as trees; None for a
        method without formulas."""
        return None

    def missing(self) -> str | None:
        """Why the method cannot be used on this machine; None if it can."""
        return None

    def skips(self, call: Call, derivative: str = "gradient") -> str | None:
        """Why a comparison has no use for the method on this call; None if it has."""
        return None

    def remark(self, call: Call, cache: Cache, derivative: str = "gradient") -> str:
        """What is to be said beside the numbers, of what was prepared; nothing, where all is as one would expect."""
        return ""

    def bare(self, call: Call, cache: Cache, derivative: str = "gradient") -> Callable[[], Any] | None:
        """The call without adkit's handling of arguments, which is what a timing of somebody else's code is of."""
        return None


def hessian_by(call: Call, outer: Method, inner: Method) -> list[Leaves]:
    """The Jacobian by one method of the gradient by another."""
    gradient = Call(lambda leaves: inner.value_and_gradient(call.moved(leaves), {})[1], 0, (call.leaves,))
    return outer.jacobian(gradient, {})[2]


def require_real(call: Call, method: Method) -> None:
    """Refuse complex arguments."""
    for leaf, name in zip(call.leaves, call.names, strict=True):
        if is_complex(leaf):
            raise ArgumentError(
                f"{name} is complex, which method {method.name!r} does not take{place()}; use method='reverse'"
            )


def require_count(what: str, given: object) -> None:
    """Refuse a parameter that is no positive whole number."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise BadRequest(f"{what} must be a whole number of at least 1, not {given!r}")
