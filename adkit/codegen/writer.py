"""From a graph to lines of Python, node by node in the order of evaluation."""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph, Node, same
from ..primitives.indexing import choose_p
from ..primitives.table import has_nan
from .arrays import array_expression
from .kinds import BOOLS, FLOATS, Kind, is_constant, is_mixed, kind_of, value_of
from .scalars import ATOM, FORMS, FUNCTIONS, PASSING, SAFE, SIGN, SUM, Expression, combined
from .simplify import in_order, uses_of
from .storage import Buffer, allocate, planned
from .text import rendered, tupled

# A value that is used once is written where it is used, up to this depth and length.
DEPTH, LENGTH = 6, 72
# What names mean in every program, or in the function around its lines.
RESERVED = frozenset(
    {
        *(*FUNCTIONS, *dir(builtins), "take", "give", "w", "errstate", "ndarray", "out"),
        *("MISS", "more", "named", "otherwise"),
    }
)
# Reading more elements than this of an array, it is taken apart at once.
FEW = 1


class Statement(NamedTuple):
    """A line (or a line that gives up), the name it defines, and the local names it reads."""

    text: str
    defines: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


class Writer:
    """The walk over a graph that writes its lines."""

    def __init__(self, graph: Graph, templates: Sequence[Any]) -> None:
        self.graph = graph
        self.templates = templates
        self.mixed = is_mixed(graph)
        self.uses = uses_of(graph)
        self.readers = _readers(graph)
        self.deciding = {node.index for node in graph.decisions}
        self.checked = {node.index for node in graph.checks}
        self.statements: list[Statement] = []
        self.namespace: dict[str, Any] = {}
        self.bound: dict[int, str] = {}
        self.expressions: dict[int, Expression] = {}
        self.storage = planned(graph)
        self.unpacked: dict[int, Callable[[Any], Expression] | None] = {}
        # Nodes whose arrays lie in memory column by column.
        self.by_columns: set[int] = set()
        self.quiet = False
        self.raises = False
        self.count = 0
        self.inputs = tuple([f"x{k}" for k in range(1, len(graph.inputs) + 1)])

    # -- the walk ----------------------------------------------------------------------------------
    def write(self) -> list[Expression]:
        """Write everything; the expressions of the outputs are returned."""
        workspace = self.storage.workspace()
        if workspace:
            self._open(workspace)
        for node, name in zip(self.graph.inputs, self.inputs, strict=True):
            found = Expression(name, names=(name,))
            if isinstance(node.value, (np.ndarray, np.generic)) and kind_of(node.value) != "array":
                found = self.assign(combined(f"{name}.item()", ATOM, [found]))
            self.expressions[node.index] = found
            self._check(node)
        for node in in_order(self.graph):
            self._write(node)
        pairs = zip(self.graph.outputs, self.templates, strict=True)
        outputs = [self._output(x, template) for x, template in pairs]
        if workspace:
            outputs = [self.assign(x) if x.depth else x for x in outputs]
            self.statements.append(Statement("give(w)", (), ("w",)))
        return outputs

    def _open(self, workspace: list[Buffer]) -> None:
        """A line that takes the buffers of this call, which no other call has, and names them."""
        pool: list[Any] = []
        self.namespace |= {"take": taking(pool, allocate(workspace)), "give": pool.append}
        names = tuple([buffer.name for buffer in workspace])
        self.statements.append(Statement(f"{tupled(names)} = w = take()", (*names, "w")))

    def _write(self, node: Node) -> None:
        kind = kind_of(node.value)
        expression = self._scalar(node, kind) if kind != "array" else None
        if expression is None:
            expression = self._kept(node, array_expression(self, node))
            if kind != "array":
                expression = self.assign(self.call(kind, float if kind == "float" else bool, [expression]))
        if not self._is_nested(node, kind, expression):
            expression = self.assign(expression)
        if node.index in self.deciding:
            self._decide(node, expression)
        self.expressions[node.index] = expression
        self._check(node)

    def _is_nested(self, node: Node, kind: Kind, expression: Expression) -> bool:
        """Whether a value is written where it is used."""
        if expression.depth == 0:
            return True
        if self.uses[node.index] != 1 or node.index in self.checked:
            return False
        if kind == "array":
            return getattr(node.primitive, "name", "") in ("transpose", "getitem") and expression.depth <= 1
        if any(reader.primitive is not None and self._names_operands(reader) for reader in self.readers[node.index]):
            return False
        return expression.depth <= DEPTH and len(expression.text) <= LENGTH

    def _kept(self, node: Node, expression: Expression) -> Expression:
        """The name of the array that a call has written to, where it was given one."""
        if not self.out(node):
            return expression
        (name,) = self.out(node)
        self.run(expression)
        return Expression(name, names=(name,))

    def out(self, node: Node) -> list[str]:
        """The array that a node is to be written to."""
        if node.index in self.storage.buffers:
            return [self.storage.buffers[node.index].name]
        if node.index in self.storage.replaced:
            return [self.expressions[self.storage.replaced[node.index]].text]
        return []

    def _names_operands(self, reader: Node) -> bool:
        form = FORMS.get(reader.primitive.name) if reader.primitive is not None else None
        return form is not None and form.named

    def _name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def assign(self, expression: Expression, name: str | None = None) -> Expression:
        """A line that gives a name to an expression."""
        name = self._name() if name is None else name
        self.statements.append(Statement(f"{name} = {expression.text}", (name,), expression.names))
        return Expression(name, names=(name,))

    def run(self, expression: Expression) -> None:
        """A line that does something."""
        self.statements.append(Statement(expression.text, (), expression.names))

    # -- names for what is outside -----------------------------------------------------------------
    def bind(self, name: str, value: Any) -> str:
        """A name under which the lines find a function or constant."""
        found = self.bound.get(id(value))
        if found is not None:
            return found
        if getattr(builtins, name, None) is value:
            return name
        stem = name = re.sub(r"\W", "_", name)
        if name in RESERVED and FUNCTIONS.get(name) is not value:
            stem = name = f"np_{name}"
        k = 1
        while name in self.namespace:
            k += 1
            name = f"{stem}_{k}"
        self.namespace[name] = value
        self.bound[id(value)] = name
        return name

    def call(self, name: str, function: Any, parts: Sequence[Expression], options: Sequence[str] = ()) -> Expression:
        """A call of a function."""
        self.raises = self.raises or not isinstance(function, (type, np.ufunc))
        texts = [part.text for part in parts]
        return combined(f"{self.bind(name, function)}({', '.join([*texts, *options])})", ATOM, parts)

    # -- operands ----------------------------------------------------------------------------------
    def number(self, x: Any) -> Expression:
        """An operand of arithmetic on Python floats."""
        if isinstance(x, Node):
            return self.expressions[x.index]
        if type(x) in BOOLS:
            return Expression(repr(bool(x)))
        return self._float(float(x))

    def _float(self, x: float) -> Expression:
        if not math.isfinite(x):
            name = "nan" if x != x else "inf"
            self.bind(name, FUNCTIONS[name])
            return Expression(name if x != x or x > 0 else "-inf", ATOM if x != x or x > 0 else SIGN)
        return Expression(repr(x), ATOM if math.copysign(1, x) > 0 else SIGN)

    def operand(self, x: Any) -> Expression:
        """An operand of a function of NumPy: what was a NumPy number is one again, where that makes a difference."""
        if is_constant(x):
            return self.constant(x)
        found = self.expressions[x.index]
        if kind_of(x.value) == "array" or not isinstance(x.value, (np.generic, np.ndarray)):
            return found
        kind = x.value.dtype.type
        return self.call(kind.__name__, kind, [found])

    def constant(self, x: Any) -> Expression:
        """A constant as it is: written out, or bound to a name."""
        if type(x) is float or (type(x) is np.float64 and not self.mixed):
            return self._float(float(x))
        written = rendered(x)
        return Expression(self.bind("c", x) if written is None else written)

    def parameter(self, x: Any) -> str:
        """A parameter of a primitive: written out, or bound to a name."""
        written = rendered(x)
        return self.bind("k", x) if written is None else written

    def number_array(self, x: float) -> Expression:
        """A constant as an array without axes."""
        name = "c" + re.sub(r"\W", "_", repr(x).replace("-", "m").replace("+", ""))
        if name not in self.namespace:
            self.namespace[name] = np.array(x)
        return Expression(name)

    def ones(self, n: int) -> Any:
        """A vector of ones, the same for each length."""
        return self.namespace.get(f"ones{n}", np.ones(n))

    # -- scalars -----------------------------------------------------------------------------------
    def _scalar(self, node: Node, kind: Kind) -> Expression | None:
        """A node as an expression of Python numbers; None where NumPy has to compute it."""
        assert node.primitive is not None
        name = node.primitive.name
        if name == "getitem":
            return self._element(node) if kind == "float" else None
        if not (node.primitive.listed or node.primitive is choose_p) or not all(map(_is_number, node.args)):
            return None
        if name in PASSING:
            operand = self.number(node.args[0])
            is_bool = kind_of(value_of(node.args[0])) == "bool"
            return combined(f"float({operand.text})", ATOM, [operand]) if is_bool and kind == "float" else operand
        form = FORMS.get(name)
        if form is None or (node.params and name not in PASSING):
            return None
        self.raises = self.raises or name not in SAFE
        for used in form.uses:
            if used in FUNCTIONS:
                self.bind(used, FUNCTIONS[used])
        return form(*map(self.number, node.args))

    def _element(self, node: Node) -> Expression | None:
        """An element of an array of float64, read off a list of its elements where many are."""
        (array,) = node.args
        index = node.params["index"]
        parts = tuple([part for part in index if part is not Ellipsis]) if isinstance(index, tuple) else (index,)
        if is_constant(array) or type(array.value) is not np.ndarray or array.value.dtype != np.float64:
            return None
        if len(parts) != array.value.ndim or not all(_is_place(part) for part in parts):
            return None
        if array.index not in self.unpacked:
            self.unpacked[array.index] = self._unpacking(array)
        source = self.expressions[array.index]
        listed = self.unpacked[array.index]
        if listed is not None:
            return listed(tuple([int(part) % size for part, size in zip(parts, array.shape, strict=True)]))
        found = combined(f"{source.text}.item({', '.join([str(int(part)) for part in parts])})", ATOM, [source])
        # Arrays other than inputs may be written over before a nested expression would read them.
        return found if array.primitive is None else self.assign(found)

    def _unpacking(self, array: Node) -> Callable[[Any], Expression] | None:
        """Take an array apart, if it is worth it: what an element is called."""
        reads = sum(getattr(reader.primitive, "name", "") == "getitem" for reader in self.readers[array.index])
        if reads <= FEW or array.value.size > 16 * reads:
            return None
        source = self.expressions[array.index]
        # A buffer holds one array after the other, and each has elements of its own.
        stem = source.text if array.primitive is None else self._name()
        if array.value.ndim == 1 and array.value.size <= min(reads, 64):
            names = tuple([f"{stem}_{i}" for i in range(array.value.size)])
            self.statements.append(Statement(f"{', '.join(names)}, = {source.text}.tolist()", names, source.names))
            return lambda index: Expression(names[index[0]], names=(names[index[0]],))
        listed = self.assign(combined(f"{source.text}.tolist()", ATOM, [source]), f"{stem}_")
        return lambda index: combined(listed.text + "".join([f"[{i}]" for i in index]), ATOM, [listed])

    # -- what must hold ----------------------------------------------------------------------------
    def _decide(self, node: Node, expression: Expression) -> None:
        """Give up where a decision comes out otherwise."""
        value = node.value
        if type(value) in BOOLS:
            text = f"not {expression.within(SUM)}" if value else expression.text
        elif type(value) in FLOATS:
            text = f"{expression.within(SUM)} != {self._float(float(value)).text}"
            text = text if value == value else f"not {self.bind('isnan', math.isnan)}({expression.text})"
        else:
            self.quiet = True
            text = f"not {self.bind('same', same)}({expression.text}, {self.constant(value).text})"
        self.give_up(text, expression.names)

    def give_up(self, condition: str, names: Iterable[str]) -> None:
        """A line that ends the program where a condition holds."""
        self.statements.append(Statement(f"if {condition}: return None", (), tuple(names)))

    def _check(self, node: Node) -> None:
        """Give up where a nan appears in what was to have none."""
        if node.index not in self.checked:
            return
        found = self.expressions[node.index]
        if kind_of(node.value) == "float":
            if found.depth or not found.names:
                found = self.expressions[node.index] = self.assign(found)
            self.give_up(f"{found.text} != {found.text}", found.names)
        elif getattr(np.asarray(node.value).dtype, "kind", "") in "fc":
            text = f"{found.text}.T" if node.index in self.by_columns else found.text
            if np.asarray(node.value).dtype.kind == "f":
                # Squares are not negative, so that nan can only come from nan.
                test = f"{self.bind('isnan', math.isnan)}({self.bind('vdot', np.vdot)}({text}, {text}))"
            else:
                test = f"{self.bind('has_nan', has_nan)}({text})"
            self.give_up(test, found.names)

    # -- outputs -----------------------------------------------------------------------------------
    def _output(self, x: Any, template: Any) -> Expression:
        """An output in the type of its template, in memory of its own."""
        value, kind = value_of(x), type(template)
        if kind_of(value) == "float":
            found = self.number(x)
            if kind is float:
                return found
        else:
            found = self.operand(x)
        if kind is not np.ndarray:
            return self.call(kind.__name__, kind, [found])
        if isinstance(x, Node) and x.index in self.storage.given and value.dtype == template.dtype:
            self.storage.given.discard(x.index)  # it can be given away once
            return found
        return self.call("array", np.array, [found], [self.bind("dtype", template.dtype)])


def _readers(graph: Graph) -> dict[int, list[Node]]:
    """By index, the nodes that read a node."""
    readers: dict[int, list[Node]] = {node.index: [] for node in (*graph.inputs, *in_order(graph))}
    for node in in_order(graph):
        for arg in node.args:
            if isinstance(arg, Node):
                readers[arg.index].append(node)
    return readers


def _is_number(x: Any) -> bool:
    """Whether an argument can be an operand of Python's arithmetic as NumPy's float64 would."""
    if isinstance(x, Node):
        return kind_of(x.value) != "array"
    return type(x) in FLOATS or type(x) in BOOLS or (isinstance(x, (int, np.integer)) and abs(int(x)) < 2**53)


def _is_place(part: Any) -> bool:
    return isinstance(part, (int, np.integer)) and not isinstance(part, bool)


# -- what lines call -------------------------------------------------------------------------------
def taking(pool: list[Any], make: Callable[[], Any]) -> Callable[[], Any]:
    """A function that takes a workspace out of a pool, or makes one where none is left."""

    def take() -> Any:
        try:
            return pool.pop()
        except IndexError:
            return make()

    return take
