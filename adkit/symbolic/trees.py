"""The naive way: one expression for the whole of f, differentiated by `sympy.diff`. It shows how expressions swell.

A tree repeats a subexpression wherever it is used, so it can be exponentially larger than the program. How large it
would be is counted first, through the program, with integers. SymPy simplifies as it builds: sqrt(x)**2 becomes x.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import sympy

from ..errors import ExpressionTooLarge
from ..tracing import plain
from .budget import too_large
from .functions import Expr, derivative, place
from .program import Atom, Builder, Program, Scalar
from .rules import Applied, Rule, sympy_number

Symbols = dict[Scalar, Expr]


@dataclass(frozen=True)
class Swell:
    """Operation counts: f and its gradient as expression trees, and as programs that share subexpressions."""

    tree: int
    tree_derivative: int
    shared: int
    shared_derivative: int


def naive_jacobian(program: Program) -> Program:
    """The outputs and their derivatives, each one expression in the inputs."""
    places = _places(program)
    with _shallow(program):
        values = trees(program, places)
        return _as_program(program, [*values, *_slopes(values, program, places)])


def naive_hessian(program: Program) -> Program:
    """Derivatives and second derivatives of one output, each one expression."""
    places = _places(program)
    with _shallow(program):
        first = _slopes(trees(program, places), program, places)
        return _as_program(program, [*first, *_slopes(first, program, places)])


def expressions(program: Program, names: Symbols) -> list[Expr]:
    """The outputs for people to read: named symbols, and every function by its formula."""
    with _shallow(program):
        return [readable(tree) for tree in trees(program, {**_rounded_constants(program), **names})]


def gradient_expressions(program: Program, names: Symbols) -> list[Expr]:
    """The derivatives of one output by each input, as `sympy.diff` gives them, for people to read."""
    with _shallow(program):
        values = trees(program, {**_rounded_constants(program), **names})
        return [readable(slope) for slope in _slopes(values, program, names)]


def swell(program: Program) -> Swell:
    """Operation counts of the naive way and of the program, for one output."""
    places = _places(program)
    with _shallow(program):
        values = trees(program, places)
        slopes = _slopes(values, program, places)
    return Swell(_operations(values), _operations(slopes), program.operations, program.jacobian().operations)


def trees(program: Program, symbols: Symbols) -> list[Expr]:
    """The outputs as whole expressions in these symbols."""
    _check_trees(program)
    known = dict(symbols)

    def tree(atom: Atom) -> Expr:
        return known[atom] if isinstance(atom, Scalar) else sympy_number(atom)

    for result, rule, args in program.steps:
        known[result] = rule.expr.xreplace({place(i): tree(arg) for i, arg in enumerate(args)})
    return [tree(out) for out in program.outputs]


def _slopes(values: Sequence[Expr], program: Program, symbols: Symbols) -> list[Expr]:
    """Each value differentiated by each input."""
    inputs = [symbols[x] for x in program.inputs]
    _check_slopes(values, inputs, program)
    return [derivative(value, x) for value in values for x in inputs]


def readable(expr: Expr) -> Expr:
    """Functions that adkit evaluates by a name of its own, written by their formulas."""
    return sympy.expand_func(expr)


def _rounded_constants(program: Program) -> Symbols:
    return {scalar: sympy.Float(float(plain(value))) for scalar, value in program.constants.items()}


def _places(program: Program) -> Symbols:
    return {scalar: place(i) for i, scalar in enumerate([*program.inputs, *program.constants])}


def _operations(exprs: Sequence[Expr]) -> int:
    return sum(int(sympy.count_ops(expr)) for expr in exprs)


def _as_program(program: Program, exprs: Sequence[Expr]) -> Program:
    """A program in which each expression is a step of its own."""
    builder = Builder.on(program)
    scalars = [*program.inputs, *program.constants]
    everything = tuple(range(len(scalars)))
    return builder.finish([builder.emit(Applied(Rule(expr, len(scalars)), everything), scalars) for expr in exprs])


# -- how large it would be -------------------------------------------------------------------------
# Nested parentheses: Python's parser takes 200.
_MAX_DEPTH = 80


class _Size(NamedTuple):
    """Of an expression: its operations, those of all its first derivatives together, how deeply it is nested, and the
    symbols in it, as the bits of an integer."""

    operations: int
    slopes: int
    depth: int
    symbols: int


def _check_trees(program: Program) -> None:
    """Refuse trees of more than max_ops operations, counted through the program, before any is built."""
    sizes = program.tree_sizes()
    total = sum(sizes.get(out, 0) for out in program.outputs)
    # SymPy sorts the terms of a sum at every step that adds one: what is built on the way counts too.
    _check("f, written out as one expression, takes", max(total, sum(sizes.values()) // 100), program)


def _check_slopes(exprs: Sequence[Expr], symbols: Sequence[Expr], program: Program) -> None:
    """Refuse derivatives of more than max_ops operations before SymPy starts on them."""
    sizes = _sizes(exprs, {symbol: 1 << i for i, symbol in enumerate(symbols)})
    slopes = sum(sizes[expr].slopes for expr in exprs)
    # For each symbol SymPy looks at every part of a sum, and at every pair of parts of a product.
    visits = len(symbols) * sum(len(node.args) ** (2 if node.is_Mul else 1) for node in sizes)
    _check("f, differentiated as one expression, takes", max(slopes, visits // 10), program)
    if max((sizes[expr].depth for expr in exprs), default=0) > _MAX_DEPTH:
        raise RecursionError


def _check(what: str, size: int, program: Program) -> None:
    if size > program.max_ops:
        raise too_large(f"{what} about", size, program.max_ops, naive=True)


def _sizes(exprs: Sequence[Expr], bits: dict[Expr, int]) -> dict[Expr, _Size]:
    """What differentiating expressions would come to, for them and every expression inside."""
    known: dict[Expr, _Size] = {}
    for expr in exprs:
        for node in sympy.postorder_traversal(expr):
            if node not in known:
                known[node] = _size_of(node, [known[arg] for arg in node.args], bits)
    return known


def _size_of(node: Expr, parts: list[_Size], bits: dict[Expr, int]) -> _Size:
    if not parts:
        return _Size(0, 0, 0, bits.get(node, 0))
    operations = sum(part.operations for part in parts) + max(len(parts) - 1, 1)
    symbols = reduce(operator.or_, (part.symbols for part in parts))
    slopes = sum(part.slopes for part in parts)
    if not node.is_Add:
        # The chain rule repeats everything else for each part and each symbol in it.
        slopes += sum(part.symbols.bit_count() * (operations - part.operations + 1) for part in parts)
    return _Size(operations, slopes, 1 + max(part.depth for part in parts), symbols)


@contextmanager
def _shallow(program: Program) -> Iterator[None]:
    """SymPy and Python's parser recurse into expressions: what is nested too deeply is refused."""
    try:
        yield
    except RecursionError:
        raise ExpressionTooLarge(
            f"f is nested too deeply to be written out as one expression ({len(program.steps):,} operations, many of "
            "them one inside the other): use method=ad.Symbolic(), which keeps them apart, or method='reverse'"
        ) from None
