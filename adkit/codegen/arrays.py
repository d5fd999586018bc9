"""Operations on arrays as calls of NumPy: the quickest call for each, written to a buffer where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..graph import Node
from .kinds import function_of, is_array, is_constant, ufunc_of, value_of
from .scalars import Expression, combined
from .storage import is_product
from .text import rendered, rendered_index

if TYPE_CHECKING:
    from .writer import Writer

ArrayForm = Callable[["Writer", Node], Expression | None]
ARRAY_FORMS: Final[dict[str, ArrayForm]] = {}
# Up to so many rows, a matrix is added up along them soonest by a product with ones.
MANY = 1_000_000


def array_expression(writer: Writer, node: Node) -> Expression:
    """A node as a call of a function of NumPy."""
    primitive = node.primitive
    assert primitive is not None
    if ufunc_of(node) is not None:
        return _ufunc_call(writer, node)
    form = ARRAY_FORMS.get(primitive.name) if primitive.listed else None
    found = form(writer, node) if form is not None else None
    return found if found is not None else default(writer, node)


def default(writer: Writer, node: Node) -> Expression:
    """Any primitive: a call of what computes it."""
    primitive = node.primitive
    assert primitive is not None
    options = [f"{name}={writer.parameter(x)}" for name, x in node.params.items()]
    return writer.call(primitive.name, function_of(primitive), [writer.operand(arg) for arg in node.args], options)


def array_form(*names: str) -> Callable[[ArrayForm], ArrayForm]:
    """Let a function write the primitives of these names."""

    def decorator(function: ArrayForm) -> ArrayForm:
        ARRAY_FORMS.update(dict.fromkeys(names, function))
        return function

    return decorator


# -- elementwise -----------------------------------------------------------------------------------
def _ufunc_call(writer: Writer, node: Node) -> Expression:
    assert node.primitive is not None
    operands = [_operand(writer, node, arg) for arg in node.args]
    return writer.call(node.primitive.name, ufunc_of(node), operands, writer.out(node))


def _operand(writer: Writer, node: Node, x: Any) -> Expression:
    """An operand of a ufunc: a constant number beside arrays as an array without axes, which NumPy need not convert."""
    if not is_array(node) or writer.mixed or value_of(node).dtype != np.float64:
        return writer.operand(x)
    if is_constant(x) and type(x) in (int, float, np.float64):
        return writer.number_array(float(x))
    return writer.operand(x) if is_array(x) else writer.number(x)


# -- products and sums -----------------------------------------------------------------------------
@array_form("matmul")
def _product(writer: Writer, node: Node) -> Expression | None:
    """np.dot, which is the quicker one for vectors and matrices."""
    if not is_product(node):
        return None
    return writer.call("dot", np.dot, [writer.operand(arg) for arg in node.args], writer.out(node))


@array_form("sum")
def _sum(writer: Writer, node: Node) -> Expression | None:
    (x,) = node.args
    if not is_array(x) or set(node.params) != {"axis", "keepdims"}:
        return None
    axis, keepdims = node.params["axis"], node.params["keepdims"]
    array = value_of(x)
    operand = writer.operand(x)
    if (
        array.dtype == np.float64
        and array.ndim == 2
        and axis == (-2,)
        and not keepdims
        and array.size
        and len(array) <= MANY
    ):
        ones = Expression(writer.bind(f"ones{array.shape[0]}", writer.ones(array.shape[0])))
        return writer.call("dot", np.dot, [ones, operand])
    axes = "None" if len(axis) == array.ndim else str(axis[0]) if len(axis) == 1 else repr(axis)
    options = [axes, *(["None", "None", "True"] if keepdims else [])]
    return writer.call("add_reduce", np.add.reduce, [operand], options)


# -- the same numbers in another shape -------------------------------------------------------------
@array_form("transpose")
def _transpose(writer: Writer, node: Node) -> Expression | None:
    operand = writer.operand(node.args[0])
    axes = tuple(node.params["axes"])
    if axes == tuple(range(len(axes)))[::-1]:
        return combined(f"{operand.within(5)}.T", 5, [operand])
    return combined(f"{operand.within(5)}.transpose({rendered(axes)})", 5, [operand])


@array_form("reshape")
def _reshape(writer: Writer, node: Node) -> Expression | None:
    if not is_array(node.args[0]):
        return None
    operand = writer.operand(node.args[0])
    return combined(f"{operand.within(5)}.reshape({rendered(node.params['shape'])})", 5, [operand])


@array_form("getitem")
def _getitem(writer: Writer, node: Node) -> Expression | None:
    index = rendered_index(node.params["index"])
    if index is None or not isinstance(value_of(node.args[0]), (np.ndarray, np.generic)):
        return None
    operand = writer.operand(node.args[0])
    return combined(f"{operand.within(5)}[{index}]", 5, [operand])
