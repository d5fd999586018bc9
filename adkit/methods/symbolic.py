"""SymPy as a method: what is derived once is kept as long as nothing that f reads has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..calls import Call, Leaves
from ..containers import unflatten
from ..costs import Cost
from ..errors import BadRequest
from ..primitives.table import dtype_of, shape_of
from ..snapshots import Snapshot, snapshot
from .base import Cache, Jacobian, Method, require_count, require_real
from .theory import reverse_bound


class _Known(NamedTuple):
    """A derivation, and everything that it was made for."""

    signature: Any
    surroundings: Snapshot
    derivation: Any


@dataclass(frozen=True)
class Symbolic(Method):
    """SymPy: f is recorded once, differentiated symbol by symbol, and the derivative runs as straight-line code.

    What f computes is specialised to the branches it takes, which are checked again on each call, and to the arguments
    that are not differentiated and whatever else f reads: closure variables, globals, defaults, attributes of objects,
    functions that it calls. A change of those derives anew, as does every call of an f that reads what cannot be
    compared (a random generator, an iterator, an object of some library).

    Args:
        cse: share subexpressions, differentiating the graph; False differentiates one whole expression, as
            `sympy.diff` would, and swells with it.
        max_ops: the largest number of scalar operations of f that is taken on.

    Raises:
        ExpressionTooLarge: f has more operations than max_ops.

    Example:
        >>> import adkit as ad
        >>> ad.grad(lambda x: x**3, method="symbolic")(2.0)
        12.0
    """

    name = "symbolic"
    theory = "as the reverse mode when subexpressions are shared; without, no bound"
    cse: bool = True
    max_ops: int | None = None

    # How many derivations are kept: one for each branch, shape or surrounding that comes up by turns.
    KEPT = 8

    def __post_init__(self) -> None:
        if not isinstance(self.cse, bool):
            raise BadRequest(f"cse must be True or False, not {self.cse!r}")
        if self.max_ops is not None:
            require_count("max_ops", self.max_ops)

    @property
    def imports(self) -> tuple[str, ...]:
        return ("adkit.symbolic.derivation",)

    def prepare(self, call: Call, cache: Cache, derivative: str = "gradient") -> None:
        self._derived(call, cache, derivative)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return self._derived(call, cache, "gradient")[1]

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        derivation, (outputs, rows) = self._derived(call, cache, "jacobian")
        return outputs, derivation.output_structure, rows

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return self._derived(call, cache, "hessian")[1]

    def cost(self, call: Call, cache: Cache, derivative: str = "gradient") -> Cost:
        """Scalar operations of the generated code, of which each counts as a flop."""
        operations = self._derived(call, cache, derivative)[0].operations
        return Cost(operations, operations)

    def bound(self, call: Call, outputs: int = 1) -> float | None:
        """With shared subexpressions the code is that of reverse accumulation; without, nothing bounds it."""
        return reverse_bound(outputs) if self.cse else None

    def expression_nodes(self, call: Call, cache: Cache, derivative: str = "gradient") -> tuple[int, int]:
        derivation = self._derived(call, cache, derivative)[0]
        return derivation.operations, derivation.tree_operations

    def _derived(self, call: Call, cache: Cache, what: str) -> tuple[Any, Any]:
        """A derivation that holds for this call, and what it gives: the gradient, Jacobian or Hessian."""
        require_real(call, self)
        scalar = what != "jacobian"
        signature = self, scalar, call.positions, tuple((shape_of(x), type(x), dtype_of(x)) for x in call.leaves)
        surroundings = _surroundings(call)
        known: tuple[_Known, ...] = cache.get("derivations", ())
        for entry in known:
            if entry.signature == signature and entry.surroundings == surroundings:
                found = getattr(entry.derivation, what)(call.leaves)
                # None where f would decide differently than when it was recorded.
                if found is not None:
                    return entry.derivation, found
        derivation = self._derive(call, scalar)
        if surroundings is not None and not derivation.single_use:
            cache["derivations"] = (_Known(signature, surroundings, derivation), *known)[: self.KEPT]
        return derivation, getattr(derivation, what)(call.leaves)

    def _derive(self, call: Call, scalar: bool) -> Any:
        from .. import symbolic

        options = {} if self.max_ops is None else {"max_ops": self.max_ops}

        def outputs(leaves: Leaves) -> Any:
            found, structure = call.output_leaves(call(leaves))
            return unflatten(structure, found)

        return symbolic.derive(call.scalar if scalar else outputs, call.leaves, cse=self.cse, **options)


def _surroundings(call: Call) -> Snapshot | None:
    """Everything that f's computation may depend on besides its leaves."""
    others = [None if i in call.positions else arg for i, arg in enumerate(call.args)]
    return snapshot(others, call.kwargs, call.f)
