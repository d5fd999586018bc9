"""Where arrays live: outputs in fresh memory, everything between in buffers that are used again.

An array that is done with lends its buffer to the next of its size; an elementwise operation writes over an operand
that nobody needs after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Graph, Node
from .kinds import is_array, ufunc_of
from .scatters import Private
from .simplify import in_order

FOREVER = math.inf
# Those whose result is always new memory, besides ufuncs and products.
NEW = frozenset({"sum", "scatter", "take", "where", "concatenate", "stack", "assign", "embed"})


@dataclass
class Storage:
    """By the index of a node: the buffer or array that it is written to, and whether its array is given away."""

    # The buffer that a node is written to.
    buffers: dict[int, Buffer] = field(default_factory=dict[int, "Buffer"])
    # The node whose array, not to be kept in a buffer, a node writes over.
    replaced: dict[int, int] = field(default_factory=dict[int, int])
    # Nodes whose array nobody else holds.
    given: set[int] = field(default_factory=set[int])

    def workspace(self) -> list[Buffer]:
        """Every buffer once, those that share memory side by side."""
        return list({buffer.name: buffer for buffer in self.buffers.values()}.values())


@dataclass(frozen=True)
class Buffer:
    """Memory of a call's workspace, seen as an array of a shape and dtype."""

    slot: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str


def allocate(buffers: list[Buffer]) -> Callable[[], list[Any]]:
    """A function that makes the arrays of a workspace."""

    def workspace() -> list[Any]:
        memory: dict[int, Any] = {}
        arrays: list[Any] = []
        for buffer in buffers:
            if buffer.slot not in memory:
                memory[buffer.slot] = np.empty(math.prod(buffer.shape) * buffer.dtype.itemsize, np.uint8)
            arrays.append(memory[buffer.slot].view(buffer.dtype).reshape(buffer.shape))
        return arrays

    return workspace


def is_product(node: Node) -> bool:
    """Whether a node is a product of vectors and matrices that BLAS computes."""
    if node.primitive is None or node.primitive.name != "matmul" or not node.primitive.listed:
        return False
    parts = [arg.value if isinstance(arg, Node) else arg for arg in node.args]
    plain = all(type(x) is np.ndarray and x.ndim in (1, 2) and x.dtype.kind in "fc" for x in parts)
    return plain and parts[0].dtype == parts[1].dtype and parts[0].dtype.char in "fdFD"


def writes_out(node: Node) -> bool:
    """Whether a node can be written to an array that is given."""
    return is_array(node) and node.value.ndim > 0 and (ufunc_of(node) is not None or is_product(node))


def makes_new(node: Node) -> bool:
    """Whether a node's result is memory of its own."""
    if node.primitive is None:
        return False
    if ufunc_of(node) is not None or is_product(node) or isinstance(node.primitive, Private):
        return True
    return node.primitive.listed and node.primitive.name in NEW


class Planner:
    """Who lives where, decided in the order of evaluation."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.order = in_order(graph)
        self.roots: dict[int, frozenset[int]] = {node.index: frozenset([node.index]) for node in graph.inputs}
        self.ends: dict[int, float] = {}
        self.plan = Storage()
        # By index of a node: the output in whose array it is computed.
        self.target: dict[int, int] = {}
        self.free: dict[int, list[int]] = {}
        self.slots = 0
        self.named: dict[tuple[Any, ...], Buffer] = {}

    def run(self) -> Storage:
        self._find_roots()
        self._find_ends()
        self._find_targets()
        leaving: dict[float, list[int]] = {}
        for storage, end in self.ends.items():
            leaving.setdefault(end, []).append(storage)
        for node in self.order:
            taken = self._place(node)
            for storage in leaving.get(node.index, ()):
                if storage != taken and storage in self.plan.buffers:
                    self._release(self.plan.buffers[storage])
        return self.plan

    # -- lives -------------------------------------------------------------------------------------
    def _find_roots(self) -> None:
        """Which memory a node may show."""
        for node in self.order:
            if not is_array(node):
                self.roots[node.index] = frozenset()
            elif makes_new(node):
                self.roots[node.index] = frozenset([node.index])
            else:
                parts = [self.roots[arg.index] for arg in node.args if isinstance(arg, Node)]
                self.roots[node.index] = frozenset([node.index]).union(*parts)

    def _find_ends(self) -> None:
        """The last node that reads some memory."""
        for node in self.order:
            self.ends.update(dict.fromkeys(self.roots[node.index], node.index))
            for arg in node.args:
                if isinstance(arg, Node):
                    self.ends.update(dict.fromkeys(self.roots[arg.index], node.index))
        for x in self.graph.outputs:
            if isinstance(x, Node):
                self.ends.update(dict.fromkeys(self.roots[x.index], FOREVER))
                if is_array(x) and makes_new(x):
                    self.plan.given.add(x.index)

    def _is_alone(self, x: Any, node: Node) -> bool:
        """Whether nobody reads x after node, and it has memory of its own that node could be written to."""
        if not isinstance(x, Node) or not is_array(x) or not makes_new(x):
            return False
        same = x.value.shape == node.value.shape and x.value.dtype == node.value.dtype
        return same and self.ends[x.index] == node.index

    # -- outputs -----------------------------------------------------------------------------------
    def _find_targets(self) -> None:
        """Chains of elementwise operations that end in an output are computed in its array."""
        for node in reversed(self.order):
            if node.index in self.plan.given:
                self.target[node.index] = node.index
            if node.index in self.target and ufunc_of(node) is not None and writes_out(node):
                before = next((x for x in node.args if self._is_alone(x, node) and x.index not in self.target), None)
                if before is not None:
                    self.target[before.index] = self.target[node.index]
                    self.plan.replaced[node.index] = before.index

    # -- buffers -----------------------------------------------------------------------------------
    def _place(self, node: Node) -> int | None:
        """Find a node's buffer; the storage that it takes over, if it does."""
        if node.index in self.target or not writes_out(node):
            return None
        if ufunc_of(node) is not None:
            for x in node.args:
                if self._is_alone(x, node) and x.index in self.plan.buffers:
                    self.plan.buffers[node.index] = self.plan.buffers[x.index]
                    return x.index
        self.plan.buffers[node.index] = self._buffer(node.value.shape, node.value.dtype)
        return None

    def _buffer(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Buffer:
        free = self.free.setdefault(math.prod(shape) * dtype.itemsize, [])
        if free:
            slot = free.pop()
        else:
            self.slots += 1
            slot = self.slots
        key = (slot, shape, dtype)
        if key not in self.named:
            views = sum(buffer.slot == slot for buffer in self.named.values())
            name = f"b{slot}" + "_" * views
            self.named[key] = Buffer(slot, shape, dtype, name)
        return self.named[key]

    def _release(self, buffer: Buffer) -> None:
        size = math.prod(buffer.shape) * buffer.dtype.itemsize
        self.free.setdefault(size, []).append(buffer.slot)


def outputs_early(graph: Graph) -> Graph:
    """The graph with each product that is an output as early as it can be computed: what it reads may then be gone
    before the next product wants a buffer. The nodes are numbered anew."""
    order = in_order(graph)
    wanted = {x.index for x in graph.outputs if isinstance(x, Node)}
    ranks: dict[int, tuple[int, ...]] = {node.index: (node.index,) for node in graph.inputs}
    for node in order:
        ranks[node.index] = (node.index,)
        before = [ranks[arg.index] for arg in node.args if isinstance(arg, Node)]
        is_early = is_product(node) and node.index in wanted
        if before and (is_early or getattr(node.primitive, "name", "") == "transpose"):
            ranks[node.index] = (*max(before), node.index)
    order.sort(key=lambda node: ranks[node.index])
    numbers = {node.index: k for k, node in enumerate(order, len(graph.inputs))}
    graph.places = {numbers.get(i, i): line for i, line in graph.places.items()}
    for node in order:
        node.index = numbers[node.index]
    return graph


def planned(graph: Graph) -> Storage:
    """Where the arrays of a graph live."""
    return Planner(graph).run() if any(map(is_array, graph.nodes)) else Storage()
