"""Operations on arrays as calls of NumPy: the quickest call for each, written to a buffer where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..graph import Node
from ..primitives import primitives
from ..primitives.indexing import getitem_p, is_basic
from .kinds import function_of, is_array, is_constant, ufunc_of, value_of
from .scalars import ATOM, Expression, combined
from .scatters import Private
from .storage import is_product
from .text import rendered, rendered_index

if TYPE_CHECKING:
    from .writer import Writer

ArrayForm = Callable[["Writer", Node], Expression | None]
ARRAY_FORMS: Final[dict[str, ArrayForm]] = {}
# Looked up once: every look makes another object.
ADD_REDUCE: Final[Any] = np.add.reduce
# From so many multiplications on it matters which of two matrices BLAS finds transposed.
TALL = 1_000_000
# Up to so many rows, a matrix is added up along them soonest by a product with ones.
MANY = 1_000_000


def array_expression(writer: Writer, node: Node) -> Expression:
    """A node as a call of a function of NumPy."""
    primitive = node.primitive
    assert primitive is not None
    if ufunc_of(node) is not None:
        return _ufunc_call(writer, node)
    known = primitive.listed or isinstance(primitive, Private)
    form = ARRAY_FORMS.get(primitive.name) if known else None
    found = form(writer, node) if form is not None else None
    return found if found is not None else default(writer, node)


def default(writer: Writer, node: Node) -> Expression:
    """Any primitive: a call of what computes it."""
    primitive = node.primitive
    assert primitive is not None
    writer.quiet = True
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
    writer.quiet = True
    operands = [elementwise_operand(writer, node, arg) for arg in node.args]
    # NumPy wants a third argument of these two to have its name.
    named = "out=" if node.primitive.name in ("maximum", "minimum") else ""
    return writer.call(node.primitive.name, ufunc_of(node), operands, [named + out for out in writer.out(node)])


def elementwise_operand(writer: Writer, node: Node, x: Any) -> Expression:
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
    writer.quiet = True
    if _is_tall(writer, node):
        return _turned_product(writer, node)
    return writer.call("dot", np.dot, [writer.operand(arg) for arg in node.args], writer.out(node))


def _is_tall(writer: Writer, node: Node) -> bool:
    """Whether a product X^T D that is given away is tall and large: BLAS is quicker at D^T X, which is wide."""
    x, y = node.args
    if node.index not in writer.storage.given or not isinstance(x, Node) or x.primitive is not primitives["transpose"]:
        return False
    if value_of(y).ndim != 2 or x.value.ndim != 2:
        return False
    (height, depth), width = x.value.shape, value_of(y).shape[1]
    return width >= 4 and height >= 2 * width and height * depth * width >= TALL


def _turned_product(writer: Writer, node: Node) -> Expression:
    """X^T D in an array whose columns lie in memory one after the other, as rows of D^T X."""
    x, y = node.args
    out = writer.assign(
        Expression(f"{writer.bind('empty', np.empty)}({node.shape!r}, {writer.bind('dtype', node.value.dtype)}, 'F')")
    )
    right, left = writer.operand(y), writer.operand(x.args[0])
    text = f"{writer.bind('dot', np.dot)}({right.text}.T, {left.text}, {out.text}.T)"
    writer.run(combined(text, ATOM, [right, left, out]))
    writer.by_columns.add(node.index)
    return out


@array_form("sum")
def _sum(writer: Writer, node: Node) -> Expression | None:
    (x,) = node.args
    writer.quiet = True
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
    return writer.call("add_reduce", ADD_REDUCE, [operand], options)


# -- the same numbers in another shape -------------------------------------------------------------
@array_form("transpose")
def _transpose(writer: Writer, node: Node) -> Expression | None:
    operand = writer.operand(node.args[0])
    axes = tuple(node.params["axes"])
    if axes == tuple(range(len(axes)))[::-1]:
        return combined(f"{operand.within(ATOM)}.T", ATOM, [operand])
    return combined(f"{operand.within(ATOM)}.transpose({rendered(axes)})", ATOM, [operand])


@array_form("reshape")
def _reshape(writer: Writer, node: Node) -> Expression | None:
    if not is_array(node.args[0]):
        return None
    operand = writer.operand(node.args[0])
    return combined(f"{operand.within(ATOM)}.reshape({rendered(node.params['shape'])})", ATOM, [operand])


@array_form("getitem")
def _getitem(writer: Writer, node: Node) -> Expression | None:
    index = rendered_index(node.params["index"])
    if index is None or not isinstance(value_of(node.args[0]), (np.ndarray, np.generic)):
        return None
    operand = writer.operand(node.args[0])
    return combined(f"{operand.within(ATOM)}[{index}]", ATOM, [operand])


# -- arrays built of parts -------------------------------------------------------------------------
# Up to so many elements for each number that is put somewhere, all elements are written out.
SPARSE = 8


@array_form("assemble")
def _assemble(writer: Writer, node: Node) -> Expression | None:
    """An array of numbers: a list of all elements, or zeros and the places that are not."""
    places, shape = node.params["places"], node.params["shape"]
    numbers = [writer.number(x) for x in node.args]
    size = math.prod(shape)
    if size <= SPARSE * len(places):
        elements = ["0.0"] * size
        for place, number in zip(places, numbers, strict=True):
            elements[place] = number.text
        text = f"{writer.bind('array', np.array)}([{', '.join(elements)}])"
        return combined(text if len(shape) == 1 else f"{text}.reshape({shape!r})", ATOM, numbers)
    out = writer.assign(Expression(f"{writer.bind('zeros', np.zeros)}({size})"))
    put = writer.bind("places", list(places))
    writer.run(combined(f"{out.text}[{put}] = {', '.join([x.text for x in numbers])}", ATOM, [out, *numbers]))
    return out if len(shape) == 1 else combined(f"{out.text}.reshape({shape!r})", ATOM, [out])


@array_form("gather")
def _gather(writer: Writer, node: Node) -> Expression | None:
    """Parts added to zeros."""
    writer.quiet = True
    indices, shape, dtype = (node.params[name] for name in ("indices", "shape", "dtype"))
    out = writer.assign(writer.call("zeros", np.zeros, [], [repr(shape), writer.bind("dtype", dtype)]))
    for index, part in zip(indices, node.args, strict=True):
        written, operand = rendered_index(index) if is_basic(index) else None, writer.operand(part)
        if written is not None:
            writer.run(combined(f"{out.text}[{written}] += {operand.text}", ATOM, [out, operand]))
        else:
            options = [f"index={writer.parameter(index)}"]
            writer.run(writer.call("add_at", getitem_p.add_to, [out, operand], options))
    return out
