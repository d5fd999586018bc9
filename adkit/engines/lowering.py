"""A recorded graph in the operations of another engine: a table from the name of a primitive to the engine's function.

A function of the table takes what the primitive takes: its arguments, as the engine's arrays, and its parameters by
name. A lowered graph is run on the engine's arrays as often as wanted, and the engine differentiates what it sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import AdkitError, LostDerivative, NoRule, place
from ..graph import Graph, Node
from ..primitives import Primitive
from ..primitives.indexing import choose_p
from ..tracing import Box

Function = Callable[..., Any]
Table = Mapping[str, Function]
# One operation: where its result goes, the function, where its arguments are, and the dtype it must have.
Step = tuple[int, Function, tuple[int, ...], Mapping[str, Any], Any]


class Engine:
    """An engine as a graph is lowered to it: its name, its table, and how it takes and casts numbers."""

    def __init__(self, name: str, table: Table, constant: Function, cast: Function) -> None:
        self.name = name
        self.table = table
        self.constant = constant
        self.cast = cast

    def lacks(self, primitive: Primitive) -> bool:
        """Whether the engine cannot express a primitive."""
        # An operation of a person's own may bear the name of a row.
        known = primitive.listed or primitive is choose_p
        return not known or primitive.name not in self.table


def lower(graph: Graph, engine: Engine) -> Callable[[Sequence[Any]], list[Any]]:
    """The outputs of a graph as a function of the engine's arrays.

    Raises:
        NoRule: the engine has no function for an operation of the graph.
        LostDerivative: a number of an outer transformation is built into the graph.
    """
    return _Lowering(graph, engine).run


class _Lowering:
    """A graph as steps over slots: inputs first, then constants, then results."""

    def __init__(self, graph: Graph, engine: Engine) -> None:
        self.engine = engine
        self.slots: list[Any] = [None] * len(graph.inputs)
        self.known: dict[int, int] = {node.index: i for i, node in enumerate(graph.inputs)}
        self.inputs = len(graph.inputs)
        nodes = graph.leading_to_outputs()
        for node in (*graph.inputs, *nodes):
            self._require_known(node.value, graph.places.get(node.index, ""))
        self.mixed = any(_is_narrow(node.value) for node in (*graph.inputs, *nodes))
        self.steps: list[Step] = []
        # By slot, what is computed there and by which line of the person's.
        self.names: dict[int, str] = {}
        for node in nodes:
            self._add(node, graph.places.get(node.index, ""))
        self.outputs = [self._slot(x) for x in graph.outputs]

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs for these inputs."""
        slots = self.slots.copy()
        slots[: self.inputs] = inputs
        out = -1
        try:
            for out, function, args, params, dtype in self.steps:
                result = function(*[slots[i] for i in args], **params)
                slots[out] = result if dtype is None else self.engine.cast(result, dtype)
        except AdkitError:
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise NoRule(f"{self.engine.name} cannot compute {self.names.get(out, '')}: {said}") from error
        return [slots[i] for i in self.outputs]

    def _add(self, node: Node, where: str) -> None:
        primitive = node.primitive
        assert primitive is not None
        if self.engine.lacks(primitive):
            raise NoRule(
                f"{self.engine.name} cannot express {primitive.name}{where}: adkit's own methods can, as in "
                "method='reverse'"
            )
        function = self.engine.table[primitive.name]
        args = tuple([self._slot(arg, node) for arg in node.args])
        self.known[node.index] = len(self.slots)
        self.names[len(self.slots)] = primitive.name + where
        dtype = np.asarray(node.value).dtype if self.mixed and not isinstance(node.value, tuple) else None
        self.steps.append((len(self.slots), function, args, node.params, dtype))
        self.slots.append(None)

    def _require_known(self, x: Any, where: str = "") -> None:
        """Refuse numbers of more than double precision, which no engine has; CasADi would crash."""
        if isinstance(x, (np.ndarray, np.generic)) and x.dtype in _EXTENDED:
            raise NoRule(
                f"{self.engine.name} has no numbers of dtype {x.dtype}{where or place()}: write x.astype(float), or "
                "use adkit's own methods, as in method='reverse'"
            )

    def _slot(self, x: Any, user: Node | None = None) -> int:
        """Where a node's result or a constant is; in the precision of what is made of it, which engines may not see."""
        wanted = None if user is None else _precision(x.value if isinstance(x, Node) else x, user)
        if not isinstance(x, Node):
            if isinstance(x, Box):
                raise LostDerivative(
                    f"{self.engine.name} cannot compute with a traced value of another transformation; use "
                    "method='forward' or 'reverse' inside of it, or ad.hessian(f, method=...) for second derivatives"
                )
            self._require_known(x)
            constant = x if wanted is None else np.asarray(x, wanted)[()]
            return self._kept(self.engine.constant(constant))
        found = self.known[x.index]
        if wanted is None:
            return found
        self.slots.append(None)
        self.steps.append((len(self.slots) - 1, _itself, (found,), {}, wanted))
        return len(self.slots) - 1

    def _kept(self, constant: Any) -> int:
        self.slots.append(constant)
        return len(self.slots) - 1


def _itself(x: Any) -> Any:
    return x


# What has more than double precision; where a long double has no more, nothing.
_EXTENDED = {np.dtype(np.longdouble), np.dtype(np.clongdouble)} - {np.dtype(float), np.dtype(complex)}


def _is_narrow(x: Any) -> bool:
    """Whether a number is a float of less than double precision."""
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fc" and x.dtype not in (np.float64, complex)


def _precision(x: Any, user: Node) -> np.dtype[Any] | None:
    """The dtype that NumPy computes in with x; None where x has it, or says what is done to it otherwise."""
    if isinstance(x, tuple) or isinstance(user.value, tuple) or x is None or isinstance(x, str):
        return None
    given, wanted = np.asarray(x).dtype, np.asarray(user.value).dtype
    assert user.primitive is not None
    if given == wanted or given.kind not in "iuf" or wanted.kind != "f" or user.primitive.name in ("astype", "item"):
        return None
    gives_way = isinstance(x, (int, float)) and not isinstance(x, np.generic)
    return wanted if gives_way or (np.can_cast(given, wanted, "same_kind") and _is_lower(given, wanted)) else None


def _is_lower(given: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    return given.kind in "iu" or given.itemsize < wanted.itemsize
