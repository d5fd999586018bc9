"""A graph with less in it: constants folded, equal nodes shared, what nobody needs dropped, neutral operations gone.

One walk in the order of evaluation, in which every node is looked at once, with the nodes before it already in their
final form: the time is linear in the graph.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Graph, Node
from ..primitives import Primitive
from .algebra import rewritten
from .kinds import is_constant, is_mixed
from .scatters import built, scattered_sums

# Constants up to this size in bytes are equal where their numbers are; larger ones where they are the same array.
SMALL = 4096


def simplify(graph: Graph) -> Graph:
    """The same computation with fewer operations. Nodes keep their order; inputs stay, also those without use."""
    shared = without_dead_code(Rewriter(graph).run())
    return without_dead_code(Rewriter(shared, last=True).run())


class Rewriter:
    """The walk over a graph. New nodes are numbered in the order of evaluation."""

    def __init__(self, graph: Graph, last: bool = False) -> None:
        self.graph = graph
        self.mixed = is_mixed(graph)
        # How often each node of the old graph is used: once, and a rewriting may swallow it.
        self.uses = uses_of(graph) if last else None
        self.sums = scattered_sums(in_order(graph), self.uses) if self.uses is not None else {}
        self.known: dict[int, Any] = {}
        self.nodes: list[Node] = []
        self.inputs: list[Node] = []
        self.numbered: dict[Hashable, Node] = {}
        # Constants whose identity stands for their content in a key; held, so that no other takes their place.
        self.held: dict[int, Any] = {}
        # Of the new nodes, those that stand for some old one, and those of which that is all and used once.
        self.taken: set[int] = set()
        # By index of z, the nodes for log(1 + e^-|z|).
        self.tails: dict[int, Any] = {}
        self.single: set[int] = set()

    def run(self) -> Graph:
        old = self.graph
        for node in old.inputs:
            new = Node(len(self.inputs), node.value)
            self.inputs.append(new)
            self._know(node, new)
        for node in in_order(old):
            self._know(node, self._rewritten(node))
        places = {self.known[i].index: line for i, line in old.places.items() if isinstance(self.known.get(i), Node)}
        decisions = self._chosen(old.decisions)
        deciding = {node.index for node in decisions}
        nodes = [node for node in self.nodes if node.index not in deciding]
        outputs = [self.new(x) for x in old.outputs]
        new = Graph(self.inputs, nodes, decisions, outputs, old.output_structure, places)
        new.checks = self._chosen(old.checks)
        return new

    def _know(self, old: Node, new: Any) -> None:
        self.known[old.index] = new
        if self.uses is None or not isinstance(new, Node):
            return
        if self.uses[old.index] == 1 and new.index not in self.taken:
            self.single.add(new.index)
        else:
            self.single.discard(new.index)
        self.taken.add(new.index)

    def _chosen(self, nodes: Iterable[Node]) -> list[Node]:
        """What has become of decisions or checks; a constant comes out as recorded."""
        found = {new.index: new for new in map(self.new, nodes) if isinstance(new, Node)}
        return [found[index] for index in sorted(found)]

    def new(self, x: Any) -> Any:
        """What has become of an argument; a constant array without axes is the number in it."""
        if isinstance(x, Node):
            return self.known[x.index]
        return x[()] if type(x) is np.ndarray and x.ndim == 0 and x.dtype == np.float64 else x

    def swallowed(self, x: Any) -> bool:
        """Whether nobody but the node at hand uses x, so that rewriting it away saves an operation."""
        return isinstance(x, Node) and x.index in self.single

    def _rewritten(self, node: Node) -> Any:
        assert node.primitive is not None
        if node.index in self.sums:
            return built(self, node, self.sums[node.index])
        args = tuple([self.new(arg) for arg in node.args])
        return self.make(node.primitive, args, node.params, node.value)

    def make(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any], value: Any) -> Any:
        """The node for an operation, or one of the same outcome, or a constant."""
        if all(map(is_constant, args)):
            # Not the recorded value: of a large array that is an outline.
            with np.errstate(all="ignore"):
                return primitive.compute(args, params)
        found = rewritten(self, primitive, args, params, value)
        return self.shared(primitive, args, params, value) if found is None else found

    def swallow(self, x: Any) -> None:
        """Note that a node just made is used by one other only."""
        if isinstance(x, Node) and x.index not in self.taken:
            self.single.add(x.index)

    def shared(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any], value: Any) -> Node:
        """The node for an operation as it stands: the one there is, or a new one."""
        key = self._key_of(primitive, args, params)
        found = self.numbered.get(key)
        if found is None:
            found = Node(len(self.inputs) + len(self.nodes), value, primitive, args, params)
            self.held[id(primitive)] = primitive
            self.nodes.append(found)
            self.numbered[key] = found
        return found

    def _key_of(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Hashable:
        parts = tuple([("node", x.index) if type(x) is Node else self._key(x) for x in args])
        return id(primitive), parts, tuple([(name, self._key(x)) for name, x in params.items()]) if params else ()

    def _key(self, x: Any) -> Hashable:
        """What two equal arguments or parameters have in common."""
        if isinstance(x, Node):
            return ("node", x.index)
        if isinstance(x, (float, complex)):
            return (type(x), repr(x))  # which tells -0.0 from 0.0
        if isinstance(x, (int, str, type(None), np.dtype, type(Ellipsis))):
            return (type(x), x)
        if isinstance(x, (tuple, list)):
            return (type(x), *map(self._key, x))
        if isinstance(x, slice):
            return (slice, self._key(x.start), self._key(x.stop), self._key(x.step))
        if isinstance(x, (np.ndarray, np.generic)) and not x.dtype.hasobject and x.nbytes <= SMALL:
            return (type(x), x.dtype, x.shape, x.tobytes())
        self.held[id(x)] = x
        return (type(x), id(x))


def in_order(graph: Graph) -> list[Node]:
    """Nodes and decisions in the order of evaluation; a decision that is also a node, once."""
    found = {node.index: node for node in (*graph.nodes, *graph.decisions)}
    return [found[index] for index in sorted(found)]


def uses_of(graph: Graph) -> dict[int, int]:
    """By index, how often a node is used: as an argument, as an output, by being looked at."""
    uses = dict.fromkeys((node.index for node in (*graph.inputs, *graph.nodes, *graph.decisions)), 0)
    for node in in_order(graph):
        for arg in node.args:
            if isinstance(arg, Node):
                uses[arg.index] += 1
    for x in (*graph.outputs, *graph.decisions, *graph.checks):
        if isinstance(x, Node):
            uses[x.index] += 1
    return uses


def without_dead_code(graph: Graph) -> Graph:
    """Only what outputs, decisions and checks come from."""
    wanted: Sequence[Any] = [*graph.outputs, *graph.decisions, *graph.checks]
    alive = {x.index for x in wanted if isinstance(x, Node)}
    for node in reversed(in_order(graph)):
        if node.index in alive:
            alive.update(arg.index for arg in node.args if isinstance(arg, Node))
    nodes = [node for node in graph.nodes if node.index in alive]
    new = Graph(graph.inputs, nodes, graph.decisions, graph.outputs, graph.output_structure, graph.places)
    new.checks = graph.checks
    return new
