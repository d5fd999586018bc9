"""A derivation: what was derived once for f, and is run for every new argument."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from ..errors import OutputError
from ..graph import Graph, Node
from ..tracing import Box, plain
from . import trees
from .functions import Expr
from .program import Program, Scalar
from .running import Code
from .translate import numbers_of, translate, with_choices

Leaves = list[Any]
Shape = tuple[int, ...]


class Derivation:
    """The derivatives of one recorded function, as code.

    Leaves are floats, NumPy scalars, float arrays, or traced values of an outer transformation, in the shapes that
    were recorded. Where an argument makes f decide differently (a branch, the position of a maximum, a floor) the
    results are None: it takes another derivation.

    Attributes:
        program: f itself as straight-line scalar code.
        single_use: whether values of an outer transformation are built in, so that it holds for this call only.
        output_structure: the container that f returned, as `containers.flatten` describes it.
        output_shapes: the shape of each output leaf.
    """

    def __init__(self, graph: Graph, *, cse: bool, max_ops: int) -> None:
        decided = with_choices(graph)
        # Kept only where f decides anything: a graph holds every array that f computed.
        self._decisions = decided if decided.decisions else None
        self._cse = cse
        self.program: Program = translate(graph, max_ops)
        self.single_use = any(isinstance(value, Box) for value in self.program.constants.values())
        self.output_structure = graph.output_structure
        self.output_shapes = [_shape(out) for out in graph.outputs]
        self._shapes: list[Shape] = [node.shape for node in graph.inputs]

    # -- derivatives -------------------------------------------------------------------------------
    def gradient(self, leaves: Sequence[Any], digits: int | None = None) -> tuple[Any, Leaves] | None:
        """The value of f, which is one number, and its derivatives in the shape of each leaf.

        Args:
            leaves: where; floats and arrays in the shapes that were recorded.
            digits: compute with this many decimal digits, in mpmath numbers, instead of double precision.

        Returns:
            The value and one derivative per leaf; None if f decides differently here.

        Raises:
            OutputError: f returned an array or a container.
        """
        self._require_scalar()
        found = self._run(self._jacobian, leaves, digits)
        return None if found is None else (_number(found[0]), self._blocks(found[1:], ()))

    def jacobian(self, leaves: Sequence[Any], digits: int | None = None) -> tuple[Leaves, list[Leaves]] | None:
        """The output leaves, and blocks[output][leaf] of shape output.shape + leaf.shape; None as in `gradient`."""
        found = self._run(self._jacobian, leaves, digits)
        if found is None:
            return None
        numbers = iter(found)
        outputs = [_assembled(_take(numbers, shape), shape) for shape in self.output_shapes]
        return outputs, [self._blocks(_take(numbers, (*shape, self._inputs)), shape) for shape in self.output_shapes]

    def hessian(self, leaves: Sequence[Any], digits: int | None = None) -> list[Leaves] | None:
        """Blocks[i][j] of shape leaf_i.shape + leaf_j.shape, for f that returns one number; None as in `gradient`."""
        self._require_scalar()
        found = self._run(self._hessian, leaves, digits)
        if found is None:
            return None
        rows = iter(found[self._inputs :])
        return [self._blocks(_take(rows, (*shape, self._inputs)), shape) for shape in self._shapes]

    def reference(self, leaves: Sequence[Any], digits: int = 50) -> tuple[Any, Leaves] | None:
        """`gradient` in mpmath numbers: constants and arguments are converted exactly, every operation is rounded to
        this many digits, and nothing is done in double precision."""
        return self.gradient(leaves, digits)

    def prepare(self, order: int) -> None:
        """Derive and compile what first (1) or second (2) derivatives take."""
        if order:
            (self._jacobian if order == 1 else self._hessian).compile()

    # -- what was derived --------------------------------------------------------------------------
    @property
    def operations(self) -> int:
        """Scalar operations of one run of the generated code, value and first derivatives."""
        return self._jacobian.program.operations

    @property
    def tree_operations(self) -> int:
        """The same with every result written out as one expression in the inputs; more than 10^300 counts as that."""
        return self._jacobian.program.tree_operations

    @property
    def source(self) -> str:
        """The generated code: a Python function of all numbers in the arguments, in SymPy's notation."""
        return self._jacobian.program.source()

    def expression(self, names: Sequence[str] | None = None) -> Expr:
        """f, which returns one number, as one SymPy expression.

        Args:
            names: what the leaves are called; by default x, or x1, x2, ... An array's elements are x[0], x[0, 1].

        Raises:
            ExpressionTooLarge: written out as one expression f has more operations than max_ops.
        """
        self._require_scalar()
        return trees.expressions(self.program, self._named(names))[0]

    def derivative(self, names: Sequence[str] | None = None) -> list[Any]:
        """What `sympy.diff` makes of that expression: per leaf an expression, or an array of them."""
        self._require_scalar()
        found = iter(trees.gradient_expressions(self.program, self._named(names)))
        return [_assembled(_take(found, shape), shape) for shape in self._shapes]

    def swell(self) -> trees.Swell:
        """Operation counts of f and its gradient, written out as expressions and as shared programs."""
        self._require_scalar()
        return trees.swell(self.program)

    # -- how ---------------------------------------------------------------------------------------
    @cached_property
    def _jacobian(self) -> Code:
        return Code(self.program.jacobian() if self._cse else trees.naive_jacobian(self.program))

    @cached_property
    def _hessian(self) -> Code:
        return Code(self.program.hessian() if self._cse else trees.naive_hessian(self.program))

    @property
    def _inputs(self) -> int:
        return len(self.program.inputs)

    def _require_scalar(self) -> None:
        if len(self.program.outputs) != 1:
            raise OutputError(
                f"a gradient needs one number, but f returned {len(self.program.outputs)}: use ad.jacobian, or return "
                "a number (np.sum, np.mean)"
            )

    def _run(self, code: Code, leaves: Sequence[Any], digits: int | None) -> list[Any] | None:
        """All numbers that code returns, unless f decides differently here."""
        if self._decisions is not None and not _decides_alike(self._decisions, leaves):
            return None
        numbers = [number for leaf in leaves for number in numbers_of(leaf)]
        return code(numbers) if digits is None else code.in_digits([plain(x) for x in numbers], digits)

    def _blocks(self, numbers: Sequence[Any], lead: Shape) -> Leaves:
        """Rows of derivatives by all inputs, cut into one block of shape lead + leaf.shape per leaf."""
        rows = math.prod(lead)
        blocks: Leaves = []
        start = 0
        for shape in self._shapes:
            stop = start + math.prod(shape)
            cut = [x for row in range(rows) for x in numbers[row * self._inputs + start : row * self._inputs + stop]]
            blocks.append(_assembled(cut, (*lead, *shape)))
            start = stop
        return blocks

    def _named(self, names: Sequence[str] | None) -> dict[Scalar, Expr]:
        """A symbol for each input."""
        many = len(self._shapes) > 1
        names = names or [f"x{i + 1}" if many else "x" for i in range(len(self._shapes))]
        spelled = [
            name + (str(list(index)) if index else "")
            for name, shape in zip(names, self._shapes, strict=True)
            for index in np.ndindex(shape)
        ]
        return {x: sympy.Symbol(name, real=True) for x, name in zip(self.program.inputs, spelled, strict=True)}


def _decides_alike(graph: Graph, leaves: Sequence[Any]) -> bool:
    with np.errstate(all="ignore"):  # f has run before: its own warnings have been given
        return graph.decides_alike(leaves)


def _shape(out: Any) -> Shape:
    return out.shape if isinstance(out, Node) else np.shape(plain(out))


def _take(numbers: Any, shape: Shape) -> list[Any]:
    return list(itertools.islice(numbers, math.prod(shape)))


def _number(x: Any) -> Any:
    """Floats for Python's integers, which code may return for what is constant."""
    return float(x) if isinstance(x, int) else x


def _assembled(numbers: Sequence[Any], shape: Shape) -> Any:
    """Numbers as one number or an array of this shape: floats, traced values, expressions or mpmath numbers."""
    if shape == ():
        return _number(numbers[0])
    if any(isinstance(x, Box) for x in numbers):
        return np.reshape(np.stack(list(numbers)), shape)
    plain_numbers = all(isinstance(x, (int, float)) for x in numbers)
    cells = np.empty(len(numbers), float if plain_numbers else object)
    cells[:] = numbers
    return cells.reshape(shape)
