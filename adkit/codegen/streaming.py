"""Two products with one large matrix in one pass over it.

A model that is linear in its data reads the data twice: z = X w on the way forwards, and r X on the way back, where r
comes from z row by row. Data that no cache holds is the cost of both. A block of rows at a time, the second product
finds in the cache what the first has brought there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph, Node
from ..primitives import primitives
from .kinds import is_array, ufunc_of, value_of
from .scatters import Private
from .simplify import in_order, without_dead_code

# In bytes: what is large, and a block of rows.
LARGE, BLOCK = 16 * 2**20, 2 * 2**20


class Step(NamedTuple):
    """An elementwise operation on a block: an operand is ("number", x), or one by its place among the ("values") so far
    or the ("others"), the arrays that are brought along."""

    function: Any
    operands: tuple[tuple[str, Any], ...]


def _streamed(
    data: Any, factor: Any, *others: Any, steps: Sequence[Step], rowed: Sequence[bool], pulled: bool
) -> tuple[Any, Any]:
    """data @ factor, and r @ data (data.T @ r if `pulled`) with the r that the steps make of the rows of the first.

    Of the others that are `rowed`, each block takes its rows.
    """
    product = np.empty((len(data), *factor.shape[1:]))
    total = np.zeros((data.shape[1], *factor.shape[1:]))
    rows = max(1, BLOCK // data.strides[0]) if data.flags.c_contiguous else len(data)
    for start in range(0, len(data), rows):
        block = slice(start, start + rows)
        part = data[block]
        values = [np.dot(part, factor, product[block])]
        cut = [x[block] if has_rows else x for x, has_rows in zip(others, rowed, strict=True)]
        named = {"values": values, "others": cut}
        for function, operands in steps:
            values.append(function(*[x if kind == "number" else named[kind][x] for kind, x in operands]))
        total += np.dot(part.T, values[-1]) if pulled else np.dot(values[-1], part)
    return product, total


STREAMED = Private("streamed", _streamed)
PART = Private("part", lambda pair, *, which: pair[which])


class _Pair(NamedTuple):
    """The products with one matrix, and the elementwise nodes between them."""

    data: Node
    first: Node
    last: Node
    chain: list[Node]


def streamed(graph: Graph) -> Graph:
    """The graph with pairs of products with a large matrix in one pass."""
    pairs = list(_pairs(graph))
    if not pairs:
        return graph
    known: dict[int, Node] = {}
    nodes: list[Node] = []
    followers = {pair.first.index: pair for pair in pairs}
    halves: dict[int, Node] = {}
    count = len(graph.inputs)
    for node in graph.inputs:
        known[node.index] = Node(node.index, node.value)
    for node in in_order(graph):
        args = tuple([known[arg.index] if isinstance(arg, Node) else arg for arg in node.args])
        if node.index in followers:
            pair = followers[node.index]
            both = _both(count, pair, known)
            halves[pair.last.index] = both
            nodes.append(both)
            count += 1
            new = Node(count, node.value, PART, (both,), {"which": 0})
        elif node.index in halves:
            new = Node(count, node.value, PART, (halves[node.index],), {"which": 1})
        else:
            new = Node(count, node.value, node.primitive, args, node.params)
        count += 1
        known[node.index] = new
        nodes.append(new)
    return without_dead_code(_with(graph, nodes, known))


def _with(graph: Graph, nodes: list[Node], known: Mapping[int, Node]) -> Graph:
    """The graph with these nodes, known by the indices of the old ones."""
    deciding = {known[node.index].index for node in graph.decisions}
    outputs = [known[x.index] if isinstance(x, Node) else x for x in graph.outputs]
    inputs = [known[node.index] for node in graph.inputs]
    others = [node for node in nodes if node.index not in deciding]
    decisions = [known[node.index] for node in graph.decisions]
    new = Graph(inputs, others, decisions, outputs, graph.output_structure, graph.places)
    new.checks = [known[node.index] for node in graph.checks]
    return new


def _pairs(graph: Graph) -> Iterator[_Pair]:
    """The first pair of each large matrix among the inputs."""
    order = in_order(graph)
    deciding = {node.index for node in graph.decisions}
    for data in graph.inputs:
        value = data.value
        if not is_array(data) or value.ndim != 2 or value.dtype != np.float64 or value.nbytes < LARGE:
            continue
        products = [node for node in order if node.primitive is primitives["matmul"]]
        firsts = [node for node in products if node.args[0] is data and _is_double(node.args[1])]
        lasts = [node for node in products if _rows_of(node, data) is not None]
        for first in firsts:
            for last in lasts:
                chain = _chain(first, _rows_of(last, data), order, deciding)
                if chain:
                    yield _Pair(data, first, last, chain)
                    break
            else:
                continue
            break


def _is_double(x: Any) -> bool:
    return is_array(x) and value_of(x).dtype == np.float64


def _rows_of(node: Node, data: Node) -> Node | None:
    """r, of a node that is r @ data or data.T @ r."""
    left, right = node.args
    if right is data and isinstance(left, Node) and value_of(left).ndim == 1 and _is_double(left):
        return left
    pulled = isinstance(left, Node) and left.primitive is primitives["transpose"] and left.args[0] is data
    return right if pulled and isinstance(right, Node) and _is_double(right) else None


def _chain(first: Node, rows: Any, order: Sequence[Node], deciding: set[int]) -> list[Node] | None:
    """The nodes that lead from the first product to r, if each of them goes element by element."""
    wanted, chain = {rows.index}, list[Node]()
    before = [node for node in order if first.index < node.index <= rows.index]
    reached = {first.index}
    for node in before:
        if any(isinstance(arg, Node) and arg.index in reached for arg in node.args):
            reached.add(node.index)
    for node in reversed(before):
        if node.index in wanted and node.index in reached:
            if ufunc_of(node) is None or node.index in deciding or value_of(node).shape != value_of(first).shape:
                return None
            chain.append(node)
            wanted.update(arg.index for arg in node.args if isinstance(arg, Node))
    late = any(node.index in wanted and node.index not in reached for node in before)
    return None if late or rows.index not in reached else chain[::-1]


def _both(index: int, pair: _Pair, known: Mapping[int, Node]) -> Node:
    """The node that computes both products."""
    numbers = {pair.first.index: 0, **{node.index: k for k, node in enumerate(pair.chain, 1)}}
    others: list[Any] = []

    def operand(x: Any) -> tuple[str, Any]:
        if isinstance(x, Node) and x.index in numbers:
            return "values", numbers[x.index]
        if not isinstance(x, Node) and not is_array(x):
            return "number", x
        others.append(x)
        return "others", len(others) - 1

    steps = tuple([Step(ufunc_of(node), tuple(map(operand, node.args))) for node in pair.chain])
    shape = value_of(pair.first).shape
    params = {
        "steps": steps,
        "rowed": tuple([np.ndim(value_of(x)) == len(shape) and value_of(x).shape[0] == shape[0] for x in others]),
        "pulled": pair.last.args[1] is not pair.data,
    }
    args = (pair.data, pair.first.args[1], *others)
    return Node(
        index, (0.0, 0.0), STREAMED, tuple([known[x.index] if isinstance(x, Node) else x for x in args]), params
    )
