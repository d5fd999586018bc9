"""A large matrix read once: z = X w, something elementwise of z, and its product with X, block of rows by block.

Row i of X gives z[i], z[i] gives r[i], and r[i] takes row i of X once more. Done one after the other, X comes from main
memory twice; a block of rows that has just given its part of z is still in the cache when its part of r is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import Graph, Node
from ..primitives import primitives
from .kinds import is_array, kind_of, ufunc_of, value_of
from .scalars import Expression
from .simplify import in_order

if TYPE_CHECKING:
    from .writer import Writer

# From this size in bytes on a matrix comes from main memory each time; a block of rows stays in the cache up to this.
LARGE, BLOCK = 2**25, 2**20


@dataclass(frozen=True)
class Region:
    """Nodes next to each other in a graph: X w, elementwise operations on rows, r X."""

    matrix: Node
    vector: Any
    product: Node
    rows: tuple[Node, ...]
    last: Any
    total: Node

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.product, *self.rows, self.total)

    @property
    def height(self) -> int:
        """How many rows are a block."""
        return max(1, BLOCK // max(self.matrix.value.nbytes // len(self.matrix.value), 1))


def by_rows(graph: Graph) -> tuple[Graph, Region | None]:
    """The graph with the first such nodes side by side, if there are any."""
    order = in_order(graph)
    for product in order:
        if _is_large_product(product):
            for total in order:
                region = _region(product, total, order)
                if region is not None:
                    return _reordered(graph, order, region)
    return graph, None


def _is_large_product(node: Node) -> bool:
    if node.primitive is not primitives["matmul"] or not is_array(node) or node.value.ndim != 1:
        return False
    X, w = node.args
    if not isinstance(X, Node) or value_of(w).ndim != 1:
        return False
    return X.value.ndim == 2 and X.value.dtype == value_of(w).dtype == np.float64 and X.value.nbytes >= LARGE


def _factor(total: Node, matrix: Node) -> Any:
    """r, where a node is r X or the transpose of X times r."""
    if total.primitive is not primitives["matmul"] or not is_array(total) or total.value.ndim != 1:
        return None
    x, y = total.args
    if y is matrix:
        return x
    turned = isinstance(x, Node) and x.primitive is primitives["transpose"] and x.args[0] is matrix
    return y if turned and value_of(y).ndim == 1 else None


def _region(product: Node, total: Node, order: Sequence[Node]) -> Region | None:
    matrix = product.args[0]
    last = _factor(total, matrix)
    if not isinstance(last, Node) or last.value.dtype != np.float64:
        return None
    after = _reached(product, order)
    if last.index not in after:
        return None
    rows = [node for node in order if node.index in after & _leading_to(last)]
    if not all(_is_by_rows(node, product, after) for node in rows if node is not product):
        return None
    if any(isinstance(x, Node) and x.index in after for x in (product.args[1], matrix)):
        return None
    return Region(matrix, product.args[1], product, tuple([x for x in rows if x is not product]), last, total)


def _reached(start: Node, order: Sequence[Node]) -> set[int]:
    """What depends on a node, and itself."""
    found = {start.index}
    for node in order:
        if any(isinstance(arg, Node) and arg.index in found for arg in node.args):
            found.add(node.index)
    return found


def _leading_to(last: Node) -> set[int]:
    """What a node depends on, and itself."""
    found: set[int] = set()
    waiting: list[Any] = [last]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Node) and node.index not in found:
            found.add(node.index)
            waiting += node.args
    return found


def _is_by_rows(node: Node, product: Node, after: set[int]) -> bool:
    """Whether row i of a node is computed from rows i of its arguments, and numbers that do not depend on the rows."""
    if ufunc_of(node) is None or not is_array(node) or node.value.shape != product.value.shape:
        return False
    for arg in node.args:
        if is_array(arg):
            if value_of(arg).shape != product.value.shape:
                return False
        elif isinstance(arg, Node) and (arg.index in after or kind_of(arg.value) == "array"):
            return False
    return True


def _reordered(graph: Graph, order: Sequence[Node], region: Region) -> tuple[Graph, Region]:
    """The nodes before, the region, the nodes after, numbered anew."""
    after, inside = _reached(region.product, order), {node.index for node in region.nodes}
    # What r X depends on besides is no part of the region and comes before it.
    early = [node for node in order if node.index not in after and node.index < region.total.index]
    late = [node for node in order if node.index not in inside and node not in early]
    new = {node.index: node for node in graph.inputs}
    for number, node in enumerate([*early, *region.nodes, *late], len(graph.inputs)):
        args = tuple([new[arg.index] if isinstance(arg, Node) else arg for arg in node.args])
        new[node.index] = Node(number, node.value, node.primitive, args, node.params)

    def moved(x: Any) -> Any:
        return new[x.index] if isinstance(x, Node) else x

    # In the order of their new numbers.
    nodes, decisions, checks = (
        sorted(map(moved, xs), key=lambda node: node.index) for xs in (graph.nodes, graph.decisions, graph.checks)
    )
    found = Graph(graph.inputs, nodes, decisions, list(map(moved, graph.outputs)), graph.output_structure)
    found.checks = checks
    parts: dict[str, Any] = {
        name: moved(getattr(region, name)) for name in ("matrix", "vector", "product", "last", "total")
    }
    return found, replace(region, rows=tuple(map(moved, region.rows)), **parts)


def write_region(writer: Writer, region: Region) -> None:
    """The loop over blocks of rows."""
    matrix, vector, total = writer.operand(region.matrix), writer.operand(region.vector), region.total
    count, width = region.matrix.value.shape
    out = writer.assign(Expression(f"{writer.bind('zeros', np.zeros)}({width})"))
    share = writer.assign(Expression(f"{writer.bind('empty', np.empty)}({width})"))
    for node in (region.product, *region.rows):
        writer.expressions[node.index] = writer.held(node)
    dot = writer.bind("dot", np.dot)
    add = writer.bind("add", np.add)
    product, last = (writer.expressions[node.index].text for node in (region.product, region.last))
    lines = [
        f"for i in range(0, {count}, {region.height}):",
        f"    k = slice(i, i + {region.height})",
        f"    {dot}({matrix.text}[k], {vector.text}, {product}[k])",
        *[f"    {_of_rows(writer, node)}" for node in region.rows],
        f"    {dot}({last}[k], {matrix.text}[k], {share.text})",
        f"    {add}({out.text}, {share.text}, {out.text})",
    ]
    names = [*matrix.names, *vector.names, *out.names, *share.names]
    for node in region.nodes[:-1]:
        names += [*writer.expressions[node.index].names]
        names += [name for arg in node.args if isinstance(arg, Node) for name in writer.expressions[arg.index].names]
    writer.run(Expression("\n".join(lines), names=tuple(dict.fromkeys(names))))
    writer.expressions[total.index] = out


def _of_rows(writer: Writer, node: Node) -> str:
    """An elementwise operation on a block of rows."""
    ufunc = ufunc_of(node)
    assert node.primitive is not None
    operands = [writer.beside_arrays(node, arg) for arg in node.args]
    texts = [f"{x.text}[k]" if is_array(arg) else x.text for x, arg in zip(operands, node.args, strict=True)]
    name = writer.bind(node.primitive.name, ufunc)
    return f"{name}({', '.join(texts)}, out={writer.expressions[node.index].text}[k])"
