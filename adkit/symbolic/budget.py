"""How large a graph would be, counted in scalar operations from its shapes alone: before SymPy is even imported."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np

from ..costs import flops
from ..errors import ExpressionTooLarge
from ..graph import Graph, Node
from ..tracing import plain

# Scalar operations of f that are taken on. At the limit, deriving takes a few seconds and a few hundred megabytes.
MAX_OPS = 50_000
# How many operations the derivatives may have for each one that f may have.
GROWTH = 10
# Moving an element costs about a tenth of computing one.
_MOVE_COST = 0.1
# No limit beyond this is worth suggesting.
_WITHIN_REACH = 10_000_000


def check_size(graph: Graph, max_ops: int) -> None:
    """Refuse a graph of more than max_ops scalar operations."""
    needed = needed_nodes(graph)
    loose = sum(map(_size, [*graph.inputs, *(out for out in graph.outputs if isinstance(out, Node))]))
    total = math.ceil(sum(map(_cost, needed)) + _MOVE_COST * loose)
    if total > max_ops:
        raise too_large("f takes", total, max_ops)


def too_large(what: str, size: int, max_ops: int, *, naive: bool = False) -> ExpressionTooLarge:
    """The refusal: how large, which limit, how to raise it (where that is within reach), and what else to do."""
    ways = ["method='reverse'"]
    if size < _WITHIN_REACH:
        unit = 10 ** (len(str(size)) - 1)
        enough = -(-size // unit) * unit
        ways.insert(0, f"method=ad.Symbolic({'cse=False, ' if naive else ''}max_ops={enough:_})")
    if naive:
        ways.insert(0, "method='symbolic', which shares subexpressions")
    number = f"{size:,}" if size < _WITHIN_REACH else f"{Decimal(size):.1e}"
    return ExpressionTooLarge(
        f"{what} {number} scalar operations, more than the limit of max_ops={max_ops:,}: use {', or '.join(ways)}"
    )


def needed_nodes(graph: Graph) -> list[Node]:
    """The nodes that the outputs depend on, in order; the others only lead to decisions."""
    wanted = {id(out) for out in graph.outputs if isinstance(out, Node)}
    found: list[Node] = []
    for node in reversed(graph.nodes):
        if id(node) in wanted:
            found.append(node)
            wanted.update(id(arg) for arg in node.args)
    return found[::-1]


def _cost(node: Node) -> float:
    """Scalar operations of one node."""
    assert node.primitive is not None
    if node.primitive.flow == "moves":
        return _MOVE_COST * (_size(node) + _sizes(node.args))
    if node.primitive.name in ("det", "slogdet", "inv", "solve"):
        # By the adjugate, which takes n products of matrices.
        return 2 * _size(node.args[0]) * np.shape(_value(node.args[0]))[-1] ** 2
    return flops(node.primitive, node.value, [_value(arg) for arg in node.args], node.params)


def _value(x: Any) -> Any:
    return plain(x.value if isinstance(x, Node) else x)


def _size(x: Any) -> int:
    return math.prod(np.shape(_value(x)))


def _sizes(xs: Iterable[Any]) -> int:
    return sum(map(_size, xs))
