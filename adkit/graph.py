"""A recorded computation as data: the directed acyclic graph of the lecture, in the order of evaluation.

Recording runs f once on values. Operations on them become nodes; what carries no derivative but was read by f (a
comparison, floor, a mask) becomes a decision: the graph is valid for inputs at which every decision comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .containers import Structure, flatten
from .primitives import Primitive
from .tracing import Box, Trace, bind, normalize


@dataclass(eq=False, slots=True)
class Node:
    """One number or array of the computation: an input (without a primitive), or a primitive applied to arguments.

    `args` holds nodes, and plain values for constants. `value` is what it came to when it was recorded.
    """

    index: int
    value: Any
    primitive: Primitive | None = None
    args: tuple[Any, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.value)


@dataclass(eq=False, slots=True)
class Graph:
    """Inputs, nodes in evaluation order (without the inputs), decisions, and outputs (nodes or constants)."""

    inputs: list[Node]
    nodes: list[Node]
    decisions: list[Node]
    outputs: list[Any]
    output_structure: Structure

    def evaluate(self, values: Sequence[Any]) -> tuple[list[Any], bool]:
        """The outputs for other inputs, and whether every decision comes out as it was recorded."""
        known: dict[int, Any] = {node.index: value for node, value in zip(self.inputs, values, strict=True)}

        def look_up(x: Any) -> Any:
            return known[x.index] if isinstance(x, Node) else x

        decided = {node.index for node in self.decisions}
        for node in sorted([*self.nodes, *self.decisions], key=lambda node: node.index):
            assert node.primitive is not None
            value = bind(node.primitive, tuple(map(look_up, node.args)), node.params)
            if node.index in decided and not _same(value, node.value):
                return [], False
            known[node.index] = value
        return [look_up(x) for x in self.outputs], True


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.all(np.asarray(a) == np.asarray(b)))


class Recorded(Box):
    """A value while it is being recorded, and the node that stands for it."""

    __slots__ = ("node",)

    def __init__(self, value: Any, trace: Recorder, node: Node) -> None:
        self.value = value
        self.trace = trace
        self.node = node


class Recorder(Trace):
    """The trace that writes a graph."""

    __slots__ = ("decisions", "inputs", "nodes")

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[Node] = []
        self.nodes: list[Node] = []
        self.decisions: list[Node] = []

    def input(self, value: Any) -> Recorded:
        node = Node(self._next_index(), value)
        self.inputs.append(node)
        return Recorded(value, self, node)

    def _next_index(self) -> int:
        return len(self.inputs) + len(self.nodes) + len(self.decisions)

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        out = bind(primitive, self.strip(args), params)
        node = Node(self._next_index(), out, primitive, tuple(map(self.node_of, args)), params)
        if primitive.constant:
            self.decisions.append(node)
            return out
        self.nodes.append(node)
        return Recorded(out, self, node)

    def node_of(self, x: Any) -> Any:
        """The node that a box of this trace stands for; anything else is a constant."""
        return x.node if isinstance(x, Recorded) and x.trace is self else x


def record(fun: Callable[[list[Any]], Any], values: Sequence[Any]) -> Graph:
    """Run fun, which takes a list of leaves and returns a number or container, and write down what it does."""
    recorder = Recorder()
    boxes = [recorder.input(value) for value in values]
    try:
        leaves, structure = flatten(fun(list(boxes)))
        outputs = [recorder.node_of(normalize(leaf)) for leaf in leaves]
    finally:
        recorder.close()
    return Graph(recorder.inputs, recorder.nodes, recorder.decisions, outputs, structure)
