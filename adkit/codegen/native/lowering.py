"""A graph of numbers and small arrays taken apart into operations on single numbers.

An array is an array of numbers of the list of operations: what only moves elements is done to these numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graph import Graph, Node
from ...primitives import Primitive
from . import abi
from .operations import ARITHMETIC, LOGIC, NOTHING, OF_TRUTHS, Operations, TooManyError, has_loop

# A number of the list of operations, or an array of them; that of an array without axes is a number.
Numbers = Any
Rule = Callable[["Lowering", Node, list[Numbers]], Numbers]
# There may be so many operations, and more of them for each one of the graph only where there are few: NumPy takes its
# time for each call, and is quick with the elements. Inputs may have so many elements.
OPERATIONS, FEW, EACH, ELEMENTS = 200_000, 10_000, 4, 50_000


class InexpressibleError(Exception):
    """What a graph has that is no operation on doubles."""


@dataclass(frozen=True)
class Lowered:
    """The operations of a graph; the numbers of its outputs, and those that must be true for it to hold.

    An output that is no number, and always the same, is itself.
    """

    lowering: Lowering
    outputs: list[Any]
    required: list[int]
    count: int

    @property
    def operations(self) -> Operations:
        return self.lowering.operations

    def is_constant(self, output: Any) -> bool:
        return not isinstance(output, Node)

    def numbers(self, output: Any) -> Numbers:
        """The numbers of an output."""
        return mapped(self.operations.as_number, self.lowering.of(output))


def lower(graph: Graph) -> Lowered:
    """The graph's operations; InexpressibleError says what is none."""
    try:
        return Lowering(graph).result()
    except TooManyError as error:
        raise InexpressibleError(str(error)) from None


class Lowering:
    """A graph being taken apart."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operations = Operations(min(OPERATIONS, max(FEW, EACH * len(graph.nodes))))
        self.numbers: dict[int, Numbers] = {}
        self.required: list[int] = []

    def result(self) -> Lowered:
        self._require_few()
        for k, node in enumerate(self.graph.inputs):
            self.numbers[node.index] = self._input(k, node.value)
        decided = {node.index for node in self.graph.decisions}
        needed = self._needed()
        for node in needed:
            self.numbers[node.index] = found = self._node(node)
            if node.index in decided:
                self.required += self._as_recorded(found, node.value)
        self.required += self._without_nan(self.graph.checks)
        return Lowered(self, self.graph.outputs, self.required, len(needed))

    def _require_few(self) -> None:
        """Refuse what is clearly too much before anything of it is written down: the products of arrays alone."""
        limit = self.operations.limit + sum(np.size(node.value) for node in self.graph.inputs)
        products = [node for node in self.graph.nodes if getattr(node.primitive, "name", "") == "matmul"]
        both = [node for node in products if all(isinstance(x, Node) for x in node.args)]
        if sum(np.size(node.value) * node.args[0].shape[-1] for node in both) > limit:
            raise TooManyError(f"more than {limit} operations")

    def _needed(self) -> list[Node]:
        """What outputs, decisions and checks come from, in the order of evaluation."""
        found: dict[int, Node] = {}
        waiting = [x for x in self.graph.outputs if isinstance(x, Node)] + self.graph.decisions + self.graph.checks
        while waiting:
            node = waiting.pop()
            if node.primitive is not None and node.index not in found:
                found[node.index] = node
                waiting += [x for x in (*node.args, *node.params.values()) if isinstance(x, Node)]
        return sorted(found.values(), key=lambda node: node.index)

    # -- values --------------------------------------------------------------------------------------
    def _input(self, k: int, value: Any) -> Numbers:
        if kind_of(value) != "f":
            raise InexpressibleError(f"input {k} is no float64")
        size = np.size(value)
        if len(self.operations.keys) + size > ELEMENTS:
            raise InexpressibleError("the inputs have too many elements")
        self.operations.limit += size
        elements = [self.operations.number("input", k, i) for i in range(size)]
        return _shaped(elements, np.shape(value))

    def constant(self, x: Any) -> Numbers:
        """The numbers of a constant."""
        if type(x) is float:
            return self.operations.constant(x)
        if isinstance(x, (bool, np.bool_)):
            return self.operations.truth(bool(x))
        if isinstance(x, (int, np.integer)) and abs(int(x)) < 2**53:
            return self.operations.constant(float(x))
        array = np.asarray(x)
        if array.dtype.kind == "b":
            found = [self.operations.truth(bool(one)) for one in array.flat]
        elif array.dtype.kind in "iu" or array.dtype == abi.FLOAT64:
            found = [self.operations.constant(float(one)) for one in array.flat]
        else:
            raise InexpressibleError(f"a constant of type {type(x).__name__}")
        return _shaped(found, array.shape)

    def of(self, x: Any) -> Numbers:
        """The numbers of an argument."""
        return self.numbers[x.index] if isinstance(x, Node) else self.constant(x)

    def _as_recorded(self, found: Numbers, value: Any) -> Iterable[int]:
        """What says that a decision comes out as it was recorded."""
        apply, expected = self.operations.apply, np.asarray(value)
        if np.shape(found) != expected.shape:
            raise InexpressibleError("a decision of another shape")
        for i, x in zip(np.ravel(found).tolist(), expected.ravel().tolist(), strict=True):
            if i in self.operations.truths:
                yield i if x else apply("logical_not", i)
            elif math.isnan(x):
                yield apply("isnan", i)
            else:
                yield apply("equal", i, self.operations.constant(float(x)))

    def _without_nan(self, nodes: Sequence[Node]) -> list[int]:
        """What says that none of these is nan, two numbers at a time."""
        found = list(dict.fromkeys(i for node in nodes for i in np.ravel(self.numbers[node.index]).tolist()))
        pairs = zip(found[::2], [*found[1::2], *found[-1:]][: len(found[::2])], strict=True)
        return [self.operations.apply("ordered", *pair) for pair in pairs]

    # -- operations ----------------------------------------------------------------------------------
    def _node(self, node: Node) -> Numbers:
        primitive = node.primitive
        assert primitive is not None
        kind = kind_of(node.value)
        if kind is None:
            raise InexpressibleError(f"{primitive.name} gives {type(node.value).__name__}")
        rule = RULES.get(primitive.name) or (_moved if primitive.flow == "moves" else None)
        if rule is None:
            ufunc = ufunc_of(primitive)
            if ufunc is None or node.params:
                raise InexpressibleError(primitive.name)
            args = [self.of(x) for x in node.args]
            if ufunc in _DIVISIONS and type(node.value) is float:
                self.require_divisor(args[1])
            return self.elementwise(ufunc, args)
        found = rule(self, node, [self.of(x) for x in node.args])
        if np.shape(found) != np.shape(node.value):
            raise InexpressibleError(f"{primitive.name} of another shape")
        return found if np.shape(found) else int(found)

    def require_divisor(self, x: int) -> None:
        """Python's floats raise where they are divided by 0: what comes of that, eager evaluation knows."""
        if constant_of(self.operations, x) in (None, 0.0):
            self.required.append(self.operations.apply("not_equal", x, self.operations.constant(0.0)))

    def require_power(self, x: int, y: int, out: int) -> None:
        """Python's floats raise where the power of finite numbers is not finite, or turn complex."""
        apply = self.operations.apply
        infinite = [apply("logical_not", apply("isfinite", i)) for i in (x, y)]
        self.required.append(apply("logical_or", apply("isfinite", out), apply("logical_or", *infinite)))

    def elementwise(self, ufunc: np.ufunc, args: Sequence[Numbers]) -> Numbers:
        """A ufunc of numbers or of arrays that are broadcast."""
        name = NAMES.get(ufunc)
        if name is None and not has_loop(ufunc):
            raise InexpressibleError(ufunc.__name__)
        if not any(isinstance(x, np.ndarray) for x in args):
            if name is not None and self.operations.truths.isdisjoint(args) and name not in OF_TRUTHS:
                return self.operations.apply(name, *args)
            return self._of_columns(ufunc, name, [[x] for x in args])[0]
        arrays = np.broadcast_arrays(*args)
        found = self._of_columns(ufunc, name, [x.ravel().tolist() for x in arrays])
        return np.array(found, int).reshape(arrays[0].shape)

    def _of_columns(self, ufunc: np.ufunc, name: str | None, columns: list[list[int]]) -> list[int]:
        if ufunc is np.positive:
            return columns[0]
        operations = self.operations
        truths = operations.truths
        if name in OF_TRUTHS:
            columns = [[operations.as_truth(i) for i in column] for column in columns]
        elif all(i in truths for column in columns for i in column[:1]):
            # NumPy's arithmetic of truths is another one.
            if name not in _COMPARISONS:
                raise InexpressibleError(f"{ufunc.__name__} of truths")
            columns = [[operations.as_number(i) for i in column] for column in columns]
        else:
            columns = [[operations.as_number(i) if i in truths else i for i in column] for column in columns]
        if name is None:
            return operations.call(ufunc, columns)
        return [operations.apply(name, *row) for row in zip(*columns, strict=True)]

    def over(self, name: str, rows: Numbers) -> Numbers:
        """Arrays of numbers combined elementwise, all those along the first axis into one, in NumPy's order."""
        apply = self.operations.apply

        def combined(x: Numbers, y: Numbers) -> Numbers:
            if not isinstance(x, np.ndarray):
                return apply(name, int(x), int(y))
            found = [apply(name, *pair) for pair in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)]
            return np.array(found, int).reshape(x.shape)

        if not rows.size:
            raise InexpressibleError("a reduction of nothing")
        return in_pairs(combined, list(rows))


def _shaped(numbers: Sequence[int], shape: tuple[int, ...]) -> Numbers:
    return np.array(numbers, int).reshape(shape) if shape else numbers[0]


def in_pairs(combine: Callable[[Any, Any], Any], rows: Sequence[Any]) -> Any:
    """NumPy's order of a sum of numbers in a row: up to 8 one by one, then 8 sums side by side, then by halves."""
    n = len(rows)
    if n > 128:
        half = n // 2 - n // 2 % 8
        return combine(in_pairs(combine, rows[:half]), in_pairs(combine, rows[half:]))
    stop = n - n % 8 if n >= 8 else 1
    sums = list(rows[: min(8, stop)])
    for i in range(8, stop):
        sums[i % 8] = combine(sums[i % 8], rows[i])
    while len(sums) > 1:
        sums = [combine(x, y) for x, y in zip(sums[::2], sums[1::2], strict=True)]
    total = sums[0]
    for row in rows[stop:]:
        total = combine(total, row)
    return total


def kind_of(value: Any) -> str | None:
    """ "f" of doubles, "b" of truths, None of anything else."""
    if type(value) in (float, np.float64):
        return "f"
    if type(value) in (bool, np.bool_):
        return "b"
    if type(value) is np.ndarray:
        return "f" if value.dtype == abi.FLOAT64 else "b" if value.dtype.kind == "b" else None
    return None


def ufunc_of(primitive: Primitive) -> np.ufunc | None:
    """The ufunc that a primitive stands for."""
    found = getattr(primitive, "ufunc", primitive.fun)
    return found if isinstance(found, np.ufunc) else None


_NAMED = {name: getattr(np, name) for name in {**ARITHMETIC, **LOGIC} if hasattr(np, name)}
NAMES: dict[np.ufunc, str] = {ufunc: name for name, ufunc in _NAMED.items() if isinstance(ufunc, np.ufunc)}
NAMES |= {np.fabs: "absolute"}
_DIVISIONS = frozenset({np.divide, np.remainder, np.floor_divide, np.fmod})
_COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})


# -- rules ------------------------------------------------------------------------------------------
def _same(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    return args[0]


def _as_type(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """Truths as numbers, or numbers as truths."""
    convert = lowering.operations.as_number if kind_of(node.value) == "f" else lowering.operations.as_truth
    return mapped(convert, args[0])


def mapped(fun: Callable[..., int], *args: Numbers) -> Numbers:
    """A function of numbers on numbers or on arrays that are broadcast."""
    if not any(isinstance(x, np.ndarray) for x in args):
        return fun(*args)
    arrays = np.broadcast_arrays(*args)
    found = [fun(*row) for row in zip(*(x.ravel().tolist() for x in arrays), strict=True)]
    return np.array(found, int).reshape(arrays[0].shape)


def _power(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """Small powers by products; else, of numbers as Python computes them, of arrays as NumPy does."""
    x, y = args
    operations = lowering.operations
    exponent = constant_of(operations, y)
    if exponent in _SMALL_POWERS:
        found = mapped(lambda i: _SMALL_POWERS[exponent](operations.apply, operations.as_number(i)), _spread(x, y))
        if type(node.value) is float and exponent not in (0, 1):
            lowering.require_power(operations.as_number(x), operations.as_number(y), found)
        return found
    if isinstance(node.value, np.ndarray):
        ufunc = np.sqrt if exponent == 0.5 else np.power
        return lowering.elementwise(ufunc, [x] if exponent == 0.5 else [x, y]) if has_loop(np.power) else None
    x, y = operations.as_number(x), operations.as_number(y)
    out = operations.apply("power", x, y)
    if type(node.value) is float:
        lowering.require_power(x, y, out)
    return out


def _spread(x: Numbers, y: Numbers) -> Numbers:
    return np.broadcast_to(x, np.broadcast_shapes(np.shape(x), np.shape(y))) if isinstance(y, np.ndarray) else x


_SMALL_POWERS: dict[Any, Callable[[Callable[..., int], int], int]] = {
    -1.0: lambda apply, x: apply("reciprocal", x),
    1.0: lambda apply, x: x,
    2.0: lambda apply, x: apply("square", x),
    3.0: lambda apply, x: apply("multiply", apply("square", x), x),
    4.0: lambda apply, x: apply("square", apply("square", x)),
}


def constant_of(operations: Operations, x: Numbers) -> float | None:
    """The number that a constant is, or all elements of an array of one."""
    numbers = set(np.ravel(x).tolist())
    if len(numbers) != 1:
        return None
    name, args = operations.keys[numbers.pop()]
    return float(np.array(int(args[0], 16), np.uint64).view(np.float64)) if name == "constant" else None


def _moved(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """What the operation does to the numbers; done twice, to be sure that it only moves them."""
    primitive = node.primitive
    assert primitive is not None
    if any(isinstance(x, Node) for x in node.params.values()):
        raise InexpressibleError(primitive.name)
    try:
        found, again = (
            np.asarray(primitive.compute(tuple(given), node.params))
            for given in ([np.int64(x) if isinstance(x, int) else x for x in args], [*map(_disguised, args)])
        )
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise InexpressibleError(primitive.name) from error
    if found.dtype.kind != "i" or not np.array_equal(_disguised(found), again):
        raise InexpressibleError(f"{primitive.name} does more than to move numbers")
    return np.array(found, int)


def _disguised(numbers: Numbers) -> Any:
    """Other numbers for the same: the sum of two of them is none."""
    return np.where(np.equal(numbers, NOTHING), NOTHING, (np.multiply(numbers, 2654435761) + 97) % (2**31 - 1))


def _picked(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    return np.asarray(args[0])[node.params["index"]]


def _scatter(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """Zeros with numbers added at an index, those of one place one after the other."""
    out = np.full(node.params["shape"], NOTHING)
    _add_at(lowering, out, node.params["index"], args[0])
    return out


def _assembled(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """Numbers put at places of an array of zeros."""
    out = np.full(math.prod(node.params["shape"]), NOTHING)
    out[list(node.params["places"])] = [
        lowering.operations.as_number(i.item() if isinstance(i, np.ndarray) else i) for i in args
    ]
    return out.reshape(node.params["shape"])


def _gathered(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """Parts added to an array of zeros at indices, one after the other."""
    out = np.full(node.params["shape"], NOTHING)
    for index, part in zip(node.params["indices"], args, strict=True):
        _add_at(lowering, out, index, part)
    return out


def _add_at(lowering: Lowering, out: Any, index: Any, part: Numbers) -> None:
    places = np.arange(out.size).reshape(out.shape)[index]
    flat = out.reshape(-1)
    for place, i in zip(np.ravel(places).tolist(), np.ravel(_wide(part, places)).tolist(), strict=True):
        flat[place] = lowering.operations.apply("add", int(flat[place]), i)


def _wide(x: Numbers, places: Any) -> Numbers:
    return np.broadcast_to(x, np.shape(places))


def _sum(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    if node.params.get("where", True) is not True or node.params.get("dtype") not in (None, abi.FLOAT64):
        raise InexpressibleError("a sum with where")
    return reduced(lowering, "add", args[0], node.params)


def reduced(lowering: Lowering, name: str, x: Numbers, params: Any) -> Numbers:
    """A reduction along axes, which are counted from the end."""
    x = np.asarray(x)
    axis = tuple(i % x.ndim for i in params["axis"])
    kept = [i for i in range(x.ndim) if i not in axis]
    length = math.prod(x.shape[i] for i in axis)
    rows = np.transpose(x, (*axis, *kept)).reshape(length, *(x.shape[i] for i in kept))
    if not len(rows):
        raise InexpressibleError("a reduction of nothing")
    found = np.asarray(lowering.over(name, rows))
    shape = [1 if i in axis else n for i, n in enumerate(x.shape)] if params["keepdims"] else [x.shape[i] for i in kept]
    return found.reshape(shape)


def _extreme(name: str) -> Rule:
    def rule(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
        if set(node.params) != {"axis", "keepdims"}:
            raise InexpressibleError(name)
        return reduced(lowering, name, args[0], node.params)

    return rule


def _product(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """Rows times columns."""
    x, y = args
    if np.ndim(x) not in (1, 2) or np.ndim(y) not in (1, 2) or node.params:
        raise InexpressibleError("a product of stacks")
    rows, columns = np.atleast_2d(x), y[:, None] if np.ndim(y) == 1 else y
    factors = lowering.elementwise(np.multiply, [rows.T[:, :, None], columns[:, None, :]])
    found = np.asarray(lowering.over("add", factors))
    return found.reshape((*np.shape(x)[:-1], *np.shape(y)[1:]))


def _chosen(lowering: Lowering, node: Node, args: list[Numbers]) -> Numbers:
    """np.where with a mask that is computed."""
    operations = lowering.operations
    mask, *branches = args
    if kind_of(node.value) == "b":
        return mapped(lambda m, i, j: operations.apply("choose_truth", m, i, j), mask, *branches)
    as_number = operations.as_number
    return mapped(
        lambda m, i, j: operations.apply("choose", operations.as_truth(m), as_number(i), as_number(j)), mask, *branches
    )


RULES: dict[str, Rule] = {
    "value": _same,
    "item": _same,
    "real": _same,
    "conjugate": _same,
    "astype": _as_type,
    "power": _power,
    "getitem": _picked,
    "scatter": _scatter,
    "assemble": _assembled,
    "gather": _gathered,
    "sum": _sum,
    "max": _extreme("maximum"),
    "min": _extreme("minimum"),
    "matmul": _product,
    "dot": _product,
    "choose": _chosen,
}
