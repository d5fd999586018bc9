"""CasADi: the recorded graph as scalar SX expressions, and one compiled Function of its value and derivative.

NumPy itself moves and adds the expressions, in arrays of objects, so that the rows of the table for shapes, sums and
products serve as they are; the elementwise functions are CasADi's. Every number is a symbol, which suits small programs
with many operations on few numbers, and is refused for large arrays.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import ExpressionTooLarge
from ..graph import Graph
from ..primitives import primitives
from .lowering import Engine, Function, lower

casadi: Any = import_module("casadi")
Leaves = list[Any]
# The largest number of scalar operations that is written out.
MOST = 2_000_000


def boxed(numbers: Any, shape: tuple[int, ...]) -> Any:
    """Numbers and expressions in an array of objects; NumPy would look into an expression that it is given bare."""
    numbers = list(numbers)
    out = np.empty(len(numbers), object)
    for i, number in enumerate(numbers):
        out[i] = number
    return out.reshape(shape)


def _elementwise(function: Function) -> Function:
    """A function of numbers as one of arrays of objects."""

    def of_arrays(*args: Any) -> Any:
        arrays = np.broadcast_arrays(*args)
        return boxed(map(function, *[a.reshape(-1) for a in arrays]), arrays[0].shape)

    return of_arrays


def _numpys(name: str) -> Function:
    """A row of the table as it is: NumPy on arrays of objects."""
    compute = primitives[name].fun

    def of_objects(*args: Any, **params: Any) -> Any:
        out = compute(*args, **params)
        return out if isinstance(out, np.ndarray) else boxed([out], ())

    return of_objects


def _folded(function: Function) -> Function:
    """A reduction along axes by a function of two numbers."""

    def of_arrays(x: Any, *, axis: Any, keepdims: bool) -> Any:
        n, kept = x.ndim, [i for i in range(x.ndim) if i - x.ndim not in axis]
        shape = [x.shape[i] for i in kept]
        rows = np.transpose(x, [*kept, *[i + n for i in axis]]).reshape(math.prod(shape), -1)
        out = boxed([function(list(row)) for row in rows], tuple(shape))
        return np.expand_dims(out, tuple(i + n for i in axis)) if keepdims else out

    return of_arrays


def _sum(x: Any, *, axis: Any, keepdims: bool, where: Any = True, dtype: Any = None) -> Any:
    # A sum of pairs of pairs rounds as little as NumPy's own.
    return _folded(_halves)(np.where(where, x, 0.0), axis=axis, keepdims=keepdims)


def _tied(x: Any, *, starts: Any) -> Any:
    """Equal elements, each the mean of its group, and so the derivatives."""
    groups = np.split(x.reshape(-1), starts[1:])
    return boxed([_halves(list(group)) / len(group) for group in groups for _ in group], x.shape)


def _as_real(x: Any, *, dtype: Any) -> Any:
    """The same numbers: CasADi has no other than those of double precision."""
    if dtype.kind == "c":
        raise NotImplementedError("there are no complex numbers")
    return x


def _einsum(*operands: Any, subscripts: str, optimize: Any) -> Any:
    out = np.einsum(subscripts, *operands)
    return out if isinstance(out, np.ndarray) else boxed([out], ())


def _halves(terms: list[Any]) -> Any:
    if len(terms) < 9:
        return reduce(operator.add, terms) if terms else 0.0
    middle = len(terms) // 2
    return _halves(terms[:middle]) + _halves(terms[middle:])


def _mean_of_extremes(pick: Function) -> Function:
    """The largest or smallest of several; those that attain it share its derivative equally; in a chain they do not."""

    def extreme(terms: list[Any]) -> Any:
        best = reduce(pick, map(casadi.SX, terms))
        attained = [casadi.SX(t) == best for t in terms]
        count = reduce(operator.add, attained)
        return reduce(operator.add, [casadi.if_else(a, t, 0) for a, t in zip(attained, terms, strict=True)]) / count

    return extreme


def _softplus(x: Any, y: Any) -> Any:
    """log(e^x + e^y) with no positive exponent; at x = y CasADi halves the derivative of the larger, as is right."""
    return casadi.fmax(x, y) + casadi.log1p(casadi.exp(-casadi.fabs(x - y)))


def _maximum(x: Any, y: Any) -> Any:
    """The larger of two; a tie is shared, and nan is passed on, which CasADi's fmax ignores."""
    return casadi.if_else(x > y, x, casadi.if_else(x < y, y, 0.5 * x + 0.5 * y))


def _minimum(x: Any, y: Any) -> Any:
    return casadi.if_else(x < y, x, casadi.if_else(x > y, y, 0.5 * x + 0.5 * y))


def _safe_hypot(x: Any, y: Any) -> Any:
    """Scaled by the larger, so that no square overflows."""
    scale = _maximum(casadi.fabs(x), casadi.fabs(y))
    divisor = casadi.if_else(scale == 0, 1, scale)
    squares = casadi.SX((x / divisor) ** 2 + (y / divisor) ** 2)
    return casadi.if_else(scale == 0, 0, divisor * casadi.sqrt(casadi.if_else(squares == 0, 1, squares)))


def _norm(x: Any, *, order: Any, numpys: Any, axis: Any, axes: Any, keepdims: bool) -> Any:
    def of_row(terms: list[Any]) -> Any:
        total = casadi.SX(_halves([t * t if order == 2 else casadi.fabs(t) ** order for t in terms]))
        root = casadi.if_else(total == 0, 1, total) ** (1 / order)
        return casadi.if_else(total == 0, 0, root)

    return _folded(of_row)(x, axis=axes, keepdims=keepdims)


def _matrix(x: Any) -> Any:
    """An array of two axes as CasADi's matrix."""
    return casadi.vertcat(*[casadi.horzcat(*row) for row in x])


def _array(matrix: Any) -> Any:
    rows, columns = matrix.shape
    return boxed([matrix[i, j] for i in range(rows) for j in range(columns)], (rows, columns))


def _on_matrices(function: Function) -> Function:
    """A function of CasADi's matrices as one of stacks of matrices."""

    def of_stacks(*args: Any) -> Any:
        stack = np.broadcast_shapes(*(a.shape[:-2] for a in args))
        flat = [np.broadcast_to(a, (*stack, *a.shape[-2:])).reshape(-1, *a.shape[-2:]) for a in args]
        found = [function(*map(_matrix, parts)) for parts in zip(*flat, strict=True)]
        arrays = [_array(casadi.densify(casadi.SX(x))) for x in found]
        return np.stack(arrays).reshape(*stack, *arrays[0].shape)

    return of_stacks


def _solve(a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return _on_matrices(casadi.solve)(a, b[:, None])[..., 0]
    return _on_matrices(casadi.solve)(a, b)


_ELEMENTWISE: dict[str, Function] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": lambda x, y: casadi.power(x, y),
    "float_power": lambda x, y: casadi.power(x, y),
    "negative": operator.neg,
    "positive": lambda x: x,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "remainder": lambda x, y: x - casadi.floor(x / y) * y,
    "fmod": casadi.fmod,
    "sqrt": casadi.sqrt,
    "cbrt": lambda x: casadi.sign(x) * casadi.power(casadi.fabs(x), 1 / 3),
    "exp": casadi.exp,
    "exp2": lambda x: casadi.power(2.0, x),
    "expm1": casadi.expm1,
    "log": casadi.log,
    "log2": lambda x: casadi.log(x) / math.log(2),
    "log10": lambda x: casadi.log(x) / math.log(10),
    "log1p": casadi.log1p,
    "logaddexp": _softplus,
    "logaddexp2": lambda x, y: _softplus(x * math.log(2), y * math.log(2)) / math.log(2),
    "sin": casadi.sin,
    "cos": casadi.cos,
    "tan": casadi.tan,
    "arcsin": casadi.asin,
    "arccos": casadi.acos,
    "arctan": casadi.atan,
    "arctan2": casadi.atan2,
    "sinh": casadi.sinh,
    "cosh": casadi.cosh,
    "tanh": casadi.tanh,
    "arcsinh": casadi.asinh,
    "arccosh": casadi.acosh,
    "arctanh": casadi.atanh,
    "deg2rad": lambda x: x * (math.pi / 180),
    "radians": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
    "degrees": lambda x: x * (180 / math.pi),
    "absolute": casadi.fabs,
    "fabs": casadi.fabs,
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": casadi.fmax,
    "fmin": casadi.fmin,
    "hypot": _safe_hypot,
    "sign": casadi.sign,
    "floor": casadi.floor,
    "ceil": casadi.ceil,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "logical_and": casadi.logic_and,
    "logical_or": casadi.logic_or,
    "logical_not": casadi.logic_not,
    "choose": casadi.if_else,
    "scipy.special.expit": lambda x: 0.5 * (casadi.tanh(0.5 * x) + 1),
    "scipy.special.log_expit": lambda x: -_softplus(0.0, -x),
    "scipy.special.logit": lambda x: casadi.log(x) - casadi.log1p(-x),
    "scipy.special.exp2": lambda x: casadi.power(2.0, x),
    "scipy.special.exp10": lambda x: casadi.power(10.0, x),
    "scipy.special.expm1": casadi.expm1,
    "scipy.special.log1p": casadi.log1p,
    "scipy.special.erf": casadi.erf,
}
# Rows whose NumPy works on arrays of objects as it stands.
_NUMPYS = ("reshape", "transpose", "broadcast_to", "copy", "getitem", "take", "diagonal", "roll", "permute", "where")
_NUMPYS += (
    "concatenate",
    "stack",
    "assign",
    "scatter",
    "embed",
    "matmul",
    "dot",
    "einsum",
    "vecdot",
    "matvec",
    "vecmat",
)
_NUMPYS += ("cumsum", "cumprod", "convolve", "correlate", "add.reduceat", "add.at")
TABLE: dict[str, Function] = {
    **{name: _elementwise(function) for name, function in _ELEMENTWISE.items()},
    **{name: _numpys(name) for name in _NUMPYS if name in primitives},
    "astype": _as_real,
    "einsum": _einsum,
    "item": lambda x: x.reshape(()),
    "sum": _sum,
    "sum_from": lambda x, initial, **params: _elementwise(operator.add)(_sum(x, **params), initial),
    "tied": _tied,
    "prod": _folded(lambda terms: reduce(operator.mul, terms, 1.0)),
    "max": _folded(_mean_of_extremes(_maximum)),
    "min": _folded(_mean_of_extremes(_minimum)),
    "norm": _norm,
    "ldexp": lambda x, *, exponent: _elementwise(operator.mul)(x, np.ldexp(1.0, exponent)),
    "det": lambda a: _on_matrices(casadi.det)(a)[..., 0, 0],
    "inv": _on_matrices(casadi.inv),
    "solve": _solve,
}


def _constant(x: Any) -> Any:
    return np.asarray(x).astype(object) if isinstance(x, (int, float, np.ndarray, np.generic)) else x


ENGINE = Engine("casadi", TABLE, _constant, lambda x, dtype: x)


class Compiled:
    """A casadi.Function of one vector, run on buffers that it reads from and writes to: CasADi's own quickest way.

    The buffers belong to one call at a time; a call that comes in between makes its own.
    """

    def __init__(self, symbols: Any, *results: Any) -> None:
        self.function = casadi.Function("derivative", [symbols], [casadi.densify(casadi.SX(x)) for x in results])
        self.free = [self._workspace()]

    def _workspace(self) -> Any:
        buffer, run = self.function.buffer()
        given = np.zeros(self.function.size1_in(0))
        found = [np.zeros(self.function.size_out(i)[::-1]) for i in range(self.function.n_out())]
        buffer.set_arg(0, given.data)
        for i, array in enumerate(found):
            buffer.set_res(i, array.data)
        # The buffer itself must live as long as what runs on it.
        return given, given.data, found, run, buffer

    def __call__(self, numbers: Any) -> list[Any]:
        """What the function gives for these numbers, by columns, in arrays of its own."""
        try:
            workspace = self.free.pop()
        except IndexError:
            workspace = self._workspace()
        given, view, found, run, _ = workspace
        if type(numbers) is np.ndarray:
            given[:] = numbers
        else:
            for i, number in enumerate(numbers):
                view[i] = number
        run()
        results = [array.copy() for array in found]
        self.free.append(workspace)
        return results


def differentiated(graph: Graph, count: int, what: str) -> Callable[[Sequence[Any]], Any]:
    """A function of all inputs of a graph that returns what is asked for by the first `count` of them, as in `jax`.

    Raises:
        ExpressionTooLarge: written out number by number, the graph has too many operations.
    """
    _require_small(graph)
    shapes = [node.shape for node in graph.inputs]
    sizes = [math.prod(shape) for shape in shapes]
    symbols = casadi.SX.sym("x", sum(sizes))
    starts = np.cumsum([0, *sizes])
    arrays = [boxed([symbols[i] for i in range(a, b)], s) for a, b, s in zip(starts, starts[1:], shapes, strict=False)]
    outputs = lower(graph, ENGINE)(arrays)
    active = symbols[: int(starts[count])]
    run = Compiled(symbols, *_DERIVATIVES[what](outputs, active))
    by = Blocks(shapes[:count])
    shaped = getattr(by, what)
    out_shapes = [np.shape(out) for out in outputs]

    def call(leaves: Sequence[Any]) -> Any:
        return shaped(run(_flat(leaves)), out_shapes)

    return call


def _flat(leaves: Sequence[Any]) -> Any:
    if all(type(leaf) is float for leaf in leaves):
        return leaves
    return np.concatenate([np.reshape(leaf, -1) for leaf in leaves])


def _column(outputs: Leaves) -> Any:
    return casadi.vertcat(*[casadi.SX(number) for out in outputs for number in np.reshape(out, -1)])


def _gradient(outputs: Leaves, active: Any) -> Any:
    (out,) = outputs
    number = casadi.SX(np.reshape(out, -1)[0])
    return number, casadi.gradient(number, active)


def _jacobian(outputs: Leaves, active: Any) -> Any:
    column = _column(outputs)
    # Read by columns the transpose is the Jacobian by rows.
    return column, casadi.jacobian(column, active).T


def _hessian(outputs: Leaves, active: Any) -> Any:
    return (casadi.hessian(_column(outputs), active)[0],)


_DERIVATIVES: dict[str, Callable[[Leaves, Any], Any]] = {
    "gradient": _gradient,
    "jacobian": _jacobian,
    "hessian": _hessian,
}


class Blocks:
    """Flat derivatives by all numbers as blocks by each input."""

    def __init__(self, shapes: list[tuple[int, ...]]) -> None:
        self.shapes = shapes
        sizes = [math.prod(shape) for shape in shapes]
        self.parts = [slice(sum(sizes[:i]), sum(sizes[: i + 1])) for i in range(len(sizes))]

    def gradient(self, found: list[Any], out_shapes: Any) -> Any:
        value, slopes = found
        if not any(self.shapes):
            return value.item(), slopes.reshape(-1).tolist()
        return value.item(), self._split(slopes.reshape(-1), ())

    def jacobian(self, found: list[Any], out_shapes: Any) -> Any:
        values, matrix = found[0].reshape(-1), found[1].reshape(found[0].size, self.parts[-1].stop)
        outputs, blocks, start = [], [], 0
        for shape in out_shapes:
            stop = start + math.prod(shape)
            outputs.append(values[start:stop].reshape(shape))
            blocks.append(self._split(matrix[start:stop], shape))
            start = stop
        return outputs, blocks

    def hessian(self, found: list[Any], out_shapes: Any) -> Any:
        return [self._split(found[0][part], shape) for part, shape in zip(self.parts, self.shapes, strict=True)]

    def _split(self, rows: Any, lead: tuple[int, ...]) -> Leaves:
        return [rows[..., part].reshape((*lead, *shape)) for part, shape in zip(self.parts, self.shapes, strict=True)]


def _require_small(graph: Graph) -> None:
    operations = sum(map(_operations, graph.leading_to_outputs()))
    numbers = sum(math.prod(node.shape) for node in graph.inputs)
    if operations + numbers > MOST:
        raise ExpressionTooLarge(
            f"casadi writes every number out, and this would be {operations:,} operations on {numbers:,} numbers "
            f"(at most {MOST:,}); method='jax' and 'torch' compute with whole arrays"
        )


def _operations(node: Any) -> int:
    """About how many scalar operations a node is: products count their sums."""
    size = math.prod(np.shape(node.value)) if not isinstance(node.value, tuple) else 1
    name = node.primitive.name
    shapes = [np.shape(getattr(arg, "value", arg)) for arg in node.args]
    if name == "matmul":
        return 2 * size * (shapes[0][-1] if shapes[0] else 1)
    return max([size, *map(math.prod, shapes)])
