"""A recorded computation as data: the directed acyclic graph of the lecture, in the order of evaluation.

Recording runs f once on values. Operations on them become nodes; what carries no derivative but was read by f (a
comparison, floor, a mask) becomes a decision: the graph is valid for inputs at which every decision comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .containers import Structure, flatten
from .errors import place
from .primitives import Primitive
from .tracing import Box, Trace, bind, normalize, plain


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
    """Inputs, nodes in evaluation order (without the inputs), decisions, and outputs (nodes or constants).

    Example:
        >>> import numpy as np
        >>> from adkit.graph import record
        >>> graph = record(lambda leaves: np.sin(leaves[0]) * leaves[0], [2.0])
        >>> [node.primitive.name for node in graph.nodes]
        ['sin', 'multiply']
        >>> graph.evaluate([0.0])
        ([np.float64(0.0)], True)
    """

    inputs: list[Node]
    nodes: list[Node]
    decisions: list[Node]
    outputs: list[Any]
    output_structure: Structure
    # By node, the person's line, of the operations whose places were to be noted.
    places: dict[int, str] = field(default_factory=dict[int, str])
    # Nodes in which no nan may appear: where one does, eager evaluation would compute the derivative in another way.
    checks: list[Node] = field(default_factory=list[Node])
    # The nodes that decisions depend on, in order, once they have been asked for.
    _deciding: list[Node] | None = field(default=None, init=False, repr=False)

    def evaluate(self, values: Sequence[Any]) -> tuple[list[Any], bool]:
        """The outputs for other inputs, and whether every decision comes out as it was recorded; else no outputs."""
        known = self._start(values)
        if not self._run(known, self._in_order([*self.nodes, *self.decisions])):
            return [], False
        return [_look_up(known, x) for x in self.outputs], True

    def outputs_at(self, values: Sequence[Any], apply: Callable[..., Any] = bind) -> list[Any]:
        """The outputs for other inputs by the operations that were recorded, whatever would be decided there.

        `apply(primitive, args, params)` computes them.
        """
        known = self._start(values)
        for node in self.leading_to_outputs():
            known[node.index] = apply(node.primitive, tuple([_look_up(known, arg) for arg in node.args]), node.params)
        return [_look_up(known, x) for x in self.outputs]

    def leading_to_outputs(self) -> list[Node]:
        """The nodes that the outputs come from, in evaluation order."""
        return self._in_order(self._leading_to([x for x in self.outputs if isinstance(x, Node)]))

    def decides_alike(self, values: Sequence[Any]) -> bool:
        """Whether every decision comes out as it was recorded, computing only what they depend on."""
        if self._deciding is None:
            self._deciding = self._in_order(self._leading_to(self.decisions))
        return self._run(self._start(values), self._deciding)

    def _start(self, values: Sequence[Any]) -> dict[int, Any]:
        return {node.index: value for node, value in zip(self.inputs, values, strict=True)}

    def _in_order(self, nodes: Iterable[Node]) -> list[Node]:
        return sorted(nodes, key=lambda node: node.index)

    def _leading_to(self, wanted: Sequence[Node]) -> list[Node]:
        """The nodes that some nodes depend on, and those themselves, without the inputs."""
        found: dict[int, Node] = {}
        waiting = list(wanted)
        while waiting:
            node = waiting.pop()
            if node.primitive is not None and node.index not in found:
                found[node.index] = node
                waiting += [arg for arg in node.args if isinstance(arg, Node)]
        return list(found.values())

    def _run(self, known: dict[int, Any], nodes: Sequence[Node]) -> bool:
        """Compute nodes one after the other; False as soon as a decision comes out differently."""
        decided = {node.index for node in self.decisions}
        for node in nodes:
            assert node.primitive is not None
            value = bind(node.primitive, tuple([_look_up(known, arg) for arg in node.args]), node.params)
            if node.index in decided and not same(value, node.value):
                return False
            known[node.index] = value
        return True


def _look_up(known: Mapping[int, Any], x: Any) -> Any:
    return known[x.index] if isinstance(x, Node) else x


def same(a: Any, b: Any) -> bool:
    """Whether a decision came out as before; nan is nan."""
    a, b = np.asarray(plain(a)), np.asarray(plain(b))
    return a.shape == b.shape and bool(np.all((a == b) | ((a != a) & (b != b))))


class Recorded(Box):
    """A value while it is being recorded, and the node that stands for it, or a constant."""

    __slots__ = ()
    node: Any = Box.note

    def __init__(self, value: Any, trace: Recorder, node: Any) -> None:
        self.value = value
        self.owner = trace
        self.note = node


class Recorder(Trace):
    """The trace that writes a graph."""

    __slots__ = ("decisions", "inputs", "nodes", "noted", "places")

    def __init__(self, noted: Callable[[Primitive], bool] | None = None) -> None:
        super().__init__()
        self.noted = noted
        self.places: dict[int, str] = {}
        self.inputs: list[Node] = []
        self.nodes: list[Node] = []
        self.decisions: list[Node] = []

    def input(self, value: Any) -> Recorded:
        node = Node(self._next_index(), value)
        self.inputs.append(node)
        return Recorded(value, self, node)

    def lift(self, value: Any) -> Recorded:
        return Recorded(value, self, _kept(value))

    def _next_index(self) -> int:
        return len(self.inputs) + len(self.nodes) + len(self.decisions)

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        out = bind(primitive, self.strip(args), params)
        kept = {name: _kept(x) for name, x in params.items()}
        node = Node(self._next_index(), _kept(out), primitive, tuple(map(self.node_of, args)), kept)
        if self.noted is not None and self.noted(primitive):
            self.places[node.index] = place()
        if primitive.constant:
            self.decisions.append(node)
            return out
        self.nodes.append(node)
        return Recorded(out, self, node)

    def node_of(self, x: Any) -> Any:
        """The node that a box of this trace stands for; anything else is a constant, as it is now."""
        return x.node if isinstance(x, Recorded) and x.owner is self else _kept(x)


def _kept(x: Any) -> Any:
    """Something plain as it is now: f may change an array after it has used it."""
    if isinstance(x, tuple):
        return tuple(map(_kept, x))
    if isinstance(x, Box):
        return x.again()
    return x.copy("K") if isinstance(x, np.ndarray) else x


def record(
    fun: Callable[[list[Any]], Any], values: Sequence[Any], noted: Callable[[Primitive], bool] | None = None
) -> Graph:
    """Run fun, which takes a list of leaves and returns a number or container, and write down what it does.

    The person's line is noted of the operations that `noted` says, since finding it takes longer than most of them.
    """
    recorder = Recorder(noted)
    boxes = [recorder.input(value) for value in values]
    try:
        leaves, structure = flatten(fun(list(boxes)))
        outputs = [recorder.node_of(normalize(leaf)) for leaf in leaves]
    finally:
        recorder.close()
    return Graph(recorder.inputs, recorder.nodes, recorder.decisions, outputs, structure, recorder.places)
