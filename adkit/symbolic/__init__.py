"""Symbolic differentiation: SymPy on the recorded graph, node by node.

    graph -> program     NumPy computes with arrays of scalars; every scalar operation is a step (`translate`)
    program -> program   reverse accumulation; SymPy differentiates each kind of step once (`program`, `rules`)
    program -> code      one Python source, run on floats, NumPy scalars, traced values or at 50 digits (`running`)

What SymPy simplifies changes what happens at the edges: 0*x is 0 whatever x, x/1 is x, x**0 is 1. `trees` holds the
naive alternative, one expression differentiated as a whole. Nothing here imports SymPy before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..graph import record
from .budget import MAX_OPS, check_size

if TYPE_CHECKING:
    from .derivation import Derivation

__all__ = ["MAX_OPS", "derive"]


def derive(
    fun: Callable[[list[Any]], Any], leaves: Sequence[Any], *, order: int = 1, cse: bool = True, max_ops: int = MAX_OPS
) -> Derivation:
    """Record fun at these leaves and derive the code of its derivatives.

    Args:
        fun: from a list of leaves to a number, an array, or a container of them.
        leaves: floats, NumPy scalars, real arrays, or traced values of an outer transformation.
        order: what to prepare at once: 1 for first derivatives, 2 for second ones, 0 for nothing. The others follow
            when they are first asked for.
        cse: whether subexpressions are shared; False writes everything out as one expression each.
        max_ops: the largest number of scalar operations of fun, and with cse=False of the expressions.

    Raises:
        ExpressionTooLarge: the limit would be exceeded; found out beforehand, from the shapes.
        NoRule: fun computes something that has no scalar formula.

    Example:
        >>> from adkit.symbolic import derive
        >>> derivation = derive(lambda leaves: leaves[0] ** 3, [2.0])
        >>> derivation.gradient([2.0])
        (8.0, [12.0])
        >>> derivation.expression(), derivation.derivative()
        (x**3, [3*x**2])
    """
    graph = record(fun, leaves)
    check_size(graph, max_ops)
    from .derivation import Derivation

    derivation = Derivation(graph, cse=cse, max_ops=max_ops)
    derivation.prepare(order)
    return derivation
