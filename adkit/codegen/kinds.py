"""What a node is in generated code: a Python float or bool wherever NumPy's own result would be the same number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np

from ..graph import Graph, Node
from ..primitives import Primitive
from ..primitives.table import Elementwise

Kind = Literal["float", "bool", "array"]
FLOATS: Final = frozenset({float, np.float64})
BOOLS: Final = frozenset({bool, np.bool_})


def kind_of(x: Any) -> Kind:
    """The kind of a value: "array" is whatever NumPy has to handle, numbers of other precisions among them."""
    if type(x) in FLOATS:
        return "float"
    if type(x) in BOOLS:
        return "bool"
    if type(x) is np.ndarray and x.ndim == 0:
        return "float" if x.dtype == np.float64 else "bool" if x.dtype == np.bool_ else "array"
    return "array"


def value_of(x: Any) -> Any:
    """The recorded value of a node; a constant is its own."""
    return x.value if isinstance(x, Node) else x


def is_constant(x: Any) -> bool:
    """Whether an argument is no node."""
    return not isinstance(x, Node)


def is_array(x: Any) -> bool:
    """Whether a node or constant is an ndarray, and no single number."""
    value = x.value if isinstance(x, Node) else x
    return type(value) is np.ndarray and kind_of(value) == "array"


def alike(x: Any, y: Any) -> bool:
    """Whether two values are of the same shape and precision, so that one can stand in for the other."""
    a, b = value_of(x), value_of(y)
    if type(a) is not type(b):
        return kind_of(a) == "float" and kind_of(b) == "float"
    return not isinstance(a, np.ndarray) or (a.shape == b.shape and a.dtype == b.dtype)


def is_mixed(graph: Graph) -> bool:
    """Whether numbers of lower precision occur, which a NumPy float64 raises and a Python float does not."""
    low = {np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.complex64)}
    return any(getattr(node.value, "dtype", None) in low for node in (*graph.inputs, *graph.nodes))


def function_of(primitive: Primitive) -> Callable[..., Any]:
    """What computes a primitive on NumPy values, without detours."""
    if isinstance(primitive, Elementwise):
        return primitive.ufunc
    if type(primitive).compute is Primitive.compute:
        return primitive.fun
    return lambda *args, **params: primitive.compute(args, params)


def ufunc_of(node: Node) -> np.ufunc | None:
    """The ufunc that computes a node, if one does."""
    fun = function_of(node.primitive) if node.primitive is not None else None
    return fun if isinstance(fun, np.ufunc) and fun.signature is None and fun.nout == 1 and not node.params else None
