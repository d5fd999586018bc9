"""Graph to program: NumPy itself computes with arrays of scalars, and every operation on them becomes a step."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import AdkitError, NoRule, place
from ..graph import Graph, Node
from ..primitives import Elementwise, primitives
from ..primitives.order import group_means
from ..tracing import Box, bind, implementations, plain
from .budget import needed_nodes
from .program import Builder, Program, Scalar

Cells = np.ndarray[Any, np.dtype[np.object_]]


def with_choices(graph: Graph) -> Graph:
    """The graph, in which what max and min chose counts as a decision like those of f's own comparisons.

    For each maximum m of x the decision is x == m, an array: which elements attain it.
    """
    nodes, decisions = list(graph.nodes), list(graph.decisions)
    for node in graph.nodes:
        if node.primitive in _EXTREMES:
            index = len(graph.inputs) + len(nodes) + len(decisions)
            kept = _recorded(index, node.primitive, node.args, {**node.params, "keepdims": True})
            nodes.append(kept)
            decisions.append(_recorded(index + 1, implementations[np.equal], (node.args[0], kept), {}))
    return Graph(graph.inputs, nodes, decisions, graph.outputs, graph.output_structure)


_EXTREMES = tuple(primitives[name] for name in ("max", "min", "fmax.reduce", "fmin.reduce"))


def _recorded(index: int, primitive: Any, args: tuple[Any, ...], params: Any) -> Node:
    values = tuple(arg.value if isinstance(arg, Node) else arg for arg in args)
    return Node(index, bind(primitive, values, params), primitive, args, params)


def translate(graph: Graph, max_ops: int) -> Program:
    """The program of a graph; what its max and min chose is read from its values."""
    return _Translation(max_ops).run(graph)


class _Translation:
    def __init__(self, max_ops: int) -> None:
        self.builder = Builder(max_ops)
        self.cells: dict[int, Cells] = {}

    def run(self, graph: Graph) -> Program:
        for node in graph.inputs:
            self.cells[node.index] = _filled(node.shape, lambda _: self.builder.input())
        for node in needed_nodes(graph):
            self.cells[node.index] = self._node(node)
        outputs: list[Any] = [cell for out in graph.outputs for cell in self._look_up(out).flat]
        return self.builder.finish(outputs)

    def _look_up(self, x: Any) -> Cells:
        """The scalars of a node, or of a constant."""
        return self.cells[x.index] if isinstance(x, Node) else self._constant(x)

    def _constant(self, x: Any) -> Cells:
        found = iter(numbers_of(x))
        return _filled(np.shape(plain(x)), lambda _: self.builder.constant(next(found)))

    def _node(self, node: Node) -> Cells:
        assert node.primitive is not None
        args = tuple(map(self._look_up, node.args))
        try:
            out = self._apply(node, args)
        except AdkitError:
            raise
        except Exception as error:
            # Whatever NumPy's function does not do with objects: an error of any type.
            raise NoRule(
                f"the symbolic method cannot take {node.primitive.name} apart into scalar operations{place()}: use "
                "method='reverse' or 'forward'"
            ) from error
        cells = np.empty(node.shape, object)
        cells[...] = out
        return cells

    def _apply(self, node: Node, args: tuple[Cells, ...]) -> Any:
        primitive: Any = node.primitive
        if not primitive.listed and not getattr(primitive, "formula", ""):
            raise NoRule(
                f"the symbolic method knows no formula of {primitive.name}{place()}: state one with "
                "custom_derivative(f, partials=..., formula=...), or use method='reverse' or 'forward'"
            )
        if isinstance(primitive, Elementwise):
            return np.frompyfunc(lambda *cells: self.builder.apply(primitive, *cells), len(args), 1)(*args)
        if primitive.name in _FOLDS:
            return self._folded(primitives[_FOLDS[primitive.name]], *args, **node.params)
        special = _SPECIAL.get(primitive.name)
        return special(node, *args) if special else primitive.fun(*args, **node.params)

    def _folded(self, pair: Any, x: Cells, *, axis: tuple[int, ...], keepdims: bool) -> Any:
        """A reduction as the repeated operation on two scalars that it is."""
        for i in axis:
            x = np.frompyfunc(lambda a, b: self.builder.apply(pair, a, b), 2, 1).reduce(x, i, keepdims=True)
        return x if keepdims else np.squeeze(x, axis)


# Reductions, and the row of two numbers that each repeats.
_FOLDS = {f"{name}.reduce": name for name in ("logaddexp", "logaddexp2", "hypot")}


def numbers_of(x: Any) -> list[Any]:
    """The numbers in a value: Python's own, or traced scalars."""
    if isinstance(x, float):
        return [float(x)]
    if not isinstance(x, Box):
        return np.asarray(x).ravel().tolist()
    if not x.shape:
        return [x]
    flat: Any = np.reshape(x, -1)
    return [flat[i] for i in range(len(flat))]


def _filled(shape: tuple[int, ...], make: Callable[[Any], Any]) -> Cells:
    """An array of scalars, made one by one."""
    cells = np.empty(shape, object)
    for index in np.ndindex(shape):
        cells[index] = make(index)
    return cells


def _extreme(node: Node, x: Cells) -> Any:
    """max and min: the mean of the elements that attained it, so that ties share equally."""
    axis, keepdims = node.params["axis"], node.params["keepdims"]
    values = plain(node.args[0].value)
    assert node.primitive is not None
    attained = values == node.primitive.fun(values, axis=axis, keepdims=True)
    total = np.sum(np.where(attained, x, 0), axis=axis, keepdims=keepdims)
    return total / np.sum(attained, axis=axis, keepdims=keepdims).astype(object)


def _elementwise(name: str) -> Any:
    """A row as a function of arrays of scalars."""
    row: Any = primitives[name]

    def apply(*cells: Any) -> Any:
        builder = next((cell.builder for cell in cells if isinstance(cell, Scalar)), None)
        return row.fun(*cells) if builder is None else builder.apply(row, *cells)

    return np.frompyfunc(apply, row.ufunc.nin, 1)


def _adjugates(x: Cells) -> tuple[Cells, Cells]:
    """The adjugate and the determinant of each matrix of a stack."""
    from ..primitives.linalg import adjugate

    adjugates, determinants = np.empty(x.shape, object), np.empty(x.shape[:-2], object)
    for index in np.ndindex(x.shape[:-2]):
        adjugates[index], determinants[index] = adjugate(x[index])
    return adjugates, determinants


def _inverse(x: Cells) -> Any:
    adjugates, determinants = _adjugates(x)
    return adjugates / determinants[..., None, None]


def _solution(node: Node, a: Cells, b: Cells) -> Any:
    return np.matmul(_inverse(a), b[..., None])[..., 0] if b.ndim == 1 else np.matmul(_inverse(a), b)


def _signs_and_logarithms(node: Node, x: Cells) -> Any:
    signs = np.asarray(plain(node.value))[..., 0].astype(object)
    return np.stack([signs, _elementwise("log")(_elementwise("absolute")(_adjugates(x)[1]))], axis=-1)


def _norm(node: Node, x: Cells) -> Any:
    """The Euclidean norm, by lengths in the plane: at 0 its derivative is theirs, 0."""
    axes, order = node.params["axes"], node.params["order"]
    if order != 2:
        raise NotImplementedError
    last = np.moveaxis(x, axes, range(-len(axes), 0))
    columns = np.moveaxis(last.reshape(*last.shape[: x.ndim - len(axes)], -1), -1, 0)
    return np.reshape(functools.reduce(_elementwise("hypot"), columns, 0.0 * columns[0]), node.shape)


def _sum(node: Node, x: Cells) -> Any:
    """Sums have no dtype here, and what where= leaves out is 0."""
    where = node.params.get("where", True)
    return np.sum(np.where(where, x, 0), axis=node.params["axis"], keepdims=node.params["keepdims"])


_SPECIAL: dict[str, Callable[..., Any]] = {
    "det": lambda node, x: _adjugates(x)[1],
    "inv": lambda node, x: _inverse(x),
    "solve": _solution,
    "slogdet": _signs_and_logarithms,
    "norm": _norm,
    "vecdot": lambda node, x, y: np.sum(x * y, axis=-1),
    **{primitive.name: _extreme for primitive in _EXTREMES},
    "sum": _sum,
    "tied": lambda node, x: group_means(x, None, x, **node.params),
    # Programs compute in double precision or in digits; the caller casts.
    "astype": lambda node, x: x,
    # All numbers are real.
    "imag": lambda node, x: 0,
}
