"""The gradient of what reads x[0], x[1], ... is a sum of n arrays with one number each. It is built as one array."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import Node
from ..primitives import Primitive, primitives
from ..primitives.indexing import getitem_p
from .kinds import is_array, kind_of, value_of

if TYPE_CHECKING:
    from .simplify import Rewriter


class Private(Primitive):
    """An operation of generated code only, which no rule differentiates."""

    listed = False


def _assembled(*numbers: float, places: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    out = np.zeros(math.prod(shape))
    out[list(places)] = numbers
    return out.reshape(shape)


def _gathered(*parts: Any, indices: tuple[Any, ...], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    out = np.zeros(shape, dtype)
    for index, part in zip(indices, parts, strict=True):
        assert getitem_p.add_to is not None
        getitem_p.add_to(out, part, index=index)
    return out


# Numbers put at places, counted in C order, of an array of zeros.
ASSEMBLE = Private("assemble", _assembled)
# Parts added to an array of zeros at indices.
GATHER = Private("gather", _gathered)


@dataclass
class Pieces:
    """What a sum of scattered arrays is made of: numbers by place, parts with their indices, and other arrays."""

    numbers: dict[int, list[Any]] = field(default_factory=dict[int, list[Any]])
    parts: list[tuple[Any, Any]] = field(default_factory=list[tuple[Any, Any]])
    rest: list[Any] = field(default_factory=list[Any])


def scattered_sums(order: list[Node], uses: Mapping[int, int]) -> dict[int, Pieces]:
    """By the index of its last node, every sum that scattered arrays are part of, taken apart."""
    holding: set[int] = set()
    for node in order:
        is_sum = node.primitive is primitives["add"] and is_array(node)
        if _is_scatter(node) or (is_sum and any(_is_held(arg, node, holding) for arg in node.args)):
            holding.add(node.index)
    found: dict[int, Pieces] = {}
    taken: set[int] = set()
    for node in reversed(order):
        if node.index in holding and node.index not in taken:
            found[node.index] = _apart(node, holding, taken, uses)
    return found


def _is_scatter(node: Node) -> bool:
    return node.primitive is primitives["scatter"] and node.value.dtype.kind in "fc"


def _is_held(x: Any, node: Node, holding: set[int]) -> bool:
    return isinstance(x, Node) and x.index in holding and x.value.shape == node.value.shape


def _apart(root: Node, holding: set[int], taken: set[int], uses: Mapping[int, int]) -> Pieces:
    pieces = Pieces()
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        if node is not root and not (_alike(node, root) and node.index in holding and uses[node.index] == 1):
            pieces.rest.append(node)
            continue
        taken.add(node.index)
        if not _is_scatter(node):
            waiting += reversed(node.args)
            continue
        (part,), index = node.args, node.params["index"]
        place = _place(index, node.value.shape)
        if place is not None and kind_of(value_of(part)) == "float" and root.value.dtype == np.float64:
            pieces.numbers.setdefault(place, []).append(part)
        else:
            pieces.parts.append((part, index))
    return pieces


def _alike(node: Any, root: Node) -> bool:
    return isinstance(node, Node) and node.value.shape == root.value.shape and node.value.dtype == root.value.dtype


def _place(index: Any, shape: tuple[int, ...]) -> int | None:
    """The one element that an index means, counted in C order."""
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) != len(shape) or not all(type(part) is int or isinstance(part, np.integer) for part in parts):
        return None
    place = 0
    for part, size in zip(parts, shape, strict=True):
        place = place * size + int(part) % size
    return place


def built(rewriter: Rewriter, node: Node, pieces: Pieces) -> Any:
    """The nodes that build a sum in one array."""
    value, add = node.value, primitives["add"]
    total: Any = None
    for x in pieces.rest:
        new = rewriter.new(x)
        total = new if total is None else rewriter.make(add, (total, new), {}, value)
    if pieces.numbers:
        numbers = [_sum(rewriter, parts) for parts in pieces.numbers.values()]
        params = {"places": tuple(pieces.numbers), "shape": value.shape}
        new = rewriter.make(ASSEMBLE, tuple(numbers), params, value)
        total = new if total is None else rewriter.make(add, (total, new), {}, value)
    if pieces.parts:
        parts = tuple([rewriter.new(part) for part, _ in pieces.parts])
        params = {"indices": tuple([index for _, index in pieces.parts]), "shape": value.shape, "dtype": value.dtype}
        new = rewriter.make(GATHER, parts, params, value)
        total = new if total is None else rewriter.make(add, (total, new), {}, value)
    return total


def _sum(rewriter: Rewriter, numbers: list[Any]) -> Any:
    total = rewriter.new(numbers[0])
    for number in numbers[1:]:
        total = rewriter.make(primitives["add"], (total, rewriter.new(number)), {}, 0.0)
    return total
