"""A reverse sweep over the recorded graph, written out so that a fault can be planted in each of its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..calls import Call, Leaves
from ..graph import Graph, Node, record
from ..methods import Cache, Jacobian, Method
from ..tracing import plain


class Sweep(Method):
    """Reverse accumulation by the rules of the table. A fault is a subclass that does one of the steps wrong."""

    name = "sweep"
    ranked = False

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        graph = self.recorded(call.scalar, call, cache)
        (out,) = graph.outputs
        return self.finished(_value(out), self.swept(graph, out, np.ones_like(_value(out))[()]), call, cache)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        graph = self.recorded(lambda leaves: call.output_leaves(call(leaves))[0], call, cache)
        outputs, structure = call.output_leaves(call(call.leaves))
        return outputs, structure, [self._rows(graph, out) for out in graph.outputs]

    def _rows(self, graph: Graph, out: Any) -> Leaves:
        """The blocks of one output, from a sweep for each of its numbers."""
        shape = np.shape(_value(out))
        seeds = np.eye(int(np.prod(shape))).reshape(-1, *shape)
        columns = zip(*[self.swept(graph, out, seed[()]) for seed in seeds], strict=True)
        blocks = [np.stack(column).reshape(*shape, *np.shape(column[0])) for column in columns]
        return [self.arranged(block, shape) for block in blocks]

    # -- steps that a fault may do wrong -------------------------------------------------------------
    def recorded(self, run: Callable[[Leaves], Any], call: Call, cache: Cache) -> Graph:
        return record(run, call.leaves)

    def share(self, node: Node, i: int, share: Any, graph: Graph) -> Any:
        """What a node hands on to its argument i; None for nothing."""
        return share

    def added(self, held: Any, share: Any) -> Any:
        """What comes together where a number is used more than once."""
        return held + share

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        """The value and the gradient as they are handed out."""
        return out, leaves

    def arranged(self, block: Any, shape: tuple[int, ...]) -> Any:
        """A block of a Jacobian as it is handed out; the axes of the output, of this shape, come first."""
        return block

    # -- the sweep -----------------------------------------------------------------------------------
    def swept(self, graph: Graph, out: Any, seed: Any) -> Leaves:
        """The cotangents of the inputs, given that of an output."""
        cotangents: dict[int, Any] = {out.index: seed} if isinstance(out, Node) else {}
        for node in reversed(graph.nodes):
            if node.index in cotangents:
                self._pull(node, cotangents, graph)
        return [cotangents.get(x.index, np.zeros_like(_value(x))) for x in graph.inputs]

    def _pull(self, node: Node, cotangents: dict[int, Any], graph: Graph) -> None:
        args = tuple([_value(arg) for arg in node.args])
        assert node.primitive is not None
        for i, arg in enumerate(node.args):
            if not isinstance(arg, Node):
                continue
            share = node.primitive.vjp(i, cotangents[node.index], _value(node), args, node.params)
            share = self.share(node, i, share, graph)
            if share is not None:
                held = cotangents.get(arg.index)
                cotangents[arg.index] = share if held is None else self.added(held, share)


def _value(x: Any) -> Any:
    return plain(x.value if isinstance(x, Node) else x)
