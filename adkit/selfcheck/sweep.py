"""A reverse sweep over the recorded graph, written out so that a fault can be planted in each of its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls import Call, Leaves
from ..graph import Graph, Node, record
from ..methods import Cache, Method
from ..tracing import plain


class Sweep(Method):
    """Reverse accumulation by the rules of the table. A fault is a subclass that does one of the steps wrong."""

    name = "sweep"
    ranked = False

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        graph = self.recorded(call, cache)
        (out,) = graph.outputs
        return self.finished(_value(out), self.swept(graph, out), call, cache)

    # -- steps that a fault may do wrong -------------------------------------------------------------
    def recorded(self, call: Call, cache: Cache) -> Graph:
        return record(call.scalar, call.leaves)

    def share(self, node: Node, i: int, share: Any, graph: Graph) -> Any:
        """What a node hands on to its argument i; None for nothing."""
        return share

    def added(self, held: Any, share: Any) -> Any:
        """What comes together where a number is used more than once."""
        return held + share

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        """The value and the gradient as they are handed out."""
        return out, leaves

    # -- the sweep -----------------------------------------------------------------------------------
    def swept(self, graph: Graph, out: Any) -> Leaves:
        """The cotangents of the inputs."""
        cotangents: dict[int, Any] = {out.index: np.ones_like(_value(out))[()]} if isinstance(out, Node) else {}
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
