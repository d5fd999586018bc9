"""The faults: each does one step of the sweep wrong, as people do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls import Call, Leaves
from ..graph import Graph, Node
from ..methods import Cache
from ..primitives import Elementwise
from .sweep import Sweep


class Fault(Sweep):
    """A sweep with something wrong in it.

    Attributes:
        planted: what is wrong, in words.
        misleads: whether the gradient is wrong at the first point already, so that differences of f must see it.
    """

    planted = ""
    misleads = True


def _active(node: Node) -> int:
    """How many arguments of a node the sweep goes on to."""
    return sum(isinstance(arg, Node) for arg in node.args)


class Sign(Fault):
    planted = "one rule has the wrong sign"

    def share(self, node: Node, i: int, share: Any, graph: Graph) -> Any:
        first = next((n for n in graph.nodes if isinstance(n.primitive, Elementwise)), None)
        return -share if node is first else share


class LostAccumulation(Fault):
    planted = "at a fan-out the last share replaces the others"

    def added(self, held: Any, share: Any) -> Any:
        return share


class DroppedTerm(Fault):
    planted = "the rule of a product lacks its second term"

    def share(self, node: Node, i: int, share: Any, graph: Graph) -> Any:
        joins = [n for n in graph.nodes if _active(n) == len(n.args) == 2]
        return None if joins and node is joins[-1] and i == 1 else share


class Transposed(Fault):
    planted = "the rule of a matrix product forgets a transpose"

    def share(self, node: Node, i: int, share: Any, graph: Graph) -> Any:
        assert node.primitive is not None
        matrix = node.primitive.name == "matmul" and np.ndim(share) == 2
        return np.transpose(share).reshape(np.shape(share)) if matrix else share


class WrongOperand(Fault):
    planted = "a rule reads the argument where it should read the output"

    def share(self, node: Node, i: int, share: Any, graph: Graph) -> Any:
        assert node.primitive is not None
        curved = isinstance(node.primitive, Elementwise) and len(node.args) == 1 and isinstance(node.args[0], Node)
        return share * node.args[0].value if curved else share


class Twice(Fault):
    planted = "a factor 2 too much"
    factor = 2.0

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return out, [leaf * self.factor for leaf in leaves]


class Slightly(Twice):
    planted = "1 % too much"
    factor = 1.01


class Zeros(Twice):
    planted = "zeros"
    factor = 0.0


class Flipped(Twice):
    planted = "descent for ascent: the whole gradient has the wrong sign"
    factor = -1.0


class Changed(Fault):
    """One component is made something else; of those that are not next to nothing one in the middle."""

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        leaves = [np.array(leaf, float) for leaf in leaves]
        sizes = np.concatenate([np.abs(leaf).ravel() for leaf in leaves])
        place = int(np.argsort(sizes)[(3 * sizes.size) // 4])
        for leaf in leaves:
            if 0 <= place < leaf.size:
                leaf.flat[place] = self.changed(leaf.flat[place])
            place -= leaf.size
        return out, leaves

    def changed(self, component: Any) -> Any:
        """What it is made."""
        raise NotImplementedError


class OneOff(Changed):
    planted = "one component off by 1 %"

    def changed(self, component: Any) -> Any:
        return 1.01 * component


class Nan(Changed):
    planted = "one component is nan"

    def changed(self, component: Any) -> Any:
        return np.nan


class Infinite(Changed):
    planted = "one component is infinite"

    def changed(self, component: Any) -> Any:
        return np.inf


class Moved(Fault):
    planted = "components moved by one place"

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        flat = np.roll(np.concatenate([np.ravel(leaf) for leaf in leaves]), 1)
        ends = np.cumsum([np.size(leaf) for leaf in leaves])[:-1]
        pieces = zip(np.split(flat, ends), leaves, strict=True)
        return out, [piece.reshape(np.shape(leaf))[()] for piece, leaf in pieces]


# -- what differences of f at the point cannot see ---------------------------------------------------
class StaleTape(Fault):
    planted = "the tape of the first call is used for ever, under a value that is fresh"
    misleads = False

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return call.scalar(call.leaves), leaves

    def recorded(self, call: Call, cache: Cache) -> Graph:
        if "tape" not in cache:
            cache["tape"] = super().recorded(call, cache)
        return cache["tape"]


class Accumulated(Fault):
    planted = "cotangents are not cleared between calls"
    misleads = False

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        held = cache.get("cotangents")
        leaves = leaves if held is None else [a + b for a, b in zip(held, leaves, strict=True)]
        cache["cotangents"] = leaves
        return out, leaves


class WrongShape(Fault):
    planted = "the gradient has an axis too many"
    misleads = False

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return out, [np.asarray(leaf)[None] for leaf in leaves]


class Short(Fault):
    planted = "the gradient is float32 where the argument is float64"
    misleads = False

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return out, [np.asarray(leaf, np.float32)[()] for leaf in leaves]


class Writes(Fault):
    planted = "the argument is overwritten"
    misleads = False

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        for leaf in call.leaves:
            if isinstance(leaf, np.ndarray):
                leaf *= 0.5
        return out, leaves


class WrongValue(Fault):
    planted = "the gradient is right and the value of f is not"
    misleads = False

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return out + 1e-3, leaves


class Raises(Fault):
    planted = "the method raises"
    misleads = False

    def finished(self, out: Any, leaves: Leaves, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        raise RuntimeError("planted")


WRONG_GRADIENTS = (
    *(Sign, LostAccumulation, DroppedTerm, Transposed, WrongOperand, Twice, Slightly, Flipped, Zeros),
    *(OneOff, Nan, Infinite, Moved),
)
OTHERS = (StaleTape, Accumulated, WrongShape, Short, Writes, WrongValue, Raises)
FAULTS: tuple[type[Fault], ...] = (*WRONG_GRADIENTS, *OTHERS)
