"""A computation with its derivatives written down as one graph, to be run again on other numbers.

A recorder writes down what f does. Where f itself takes derivatives, the rules of the table are applied to its boxes,
and what they do is written down too. But a rule may look at the numbers at hand and go one way or the other, which a
graph would not see. So rules are applied to outlines: boxes that know the shape and dtype of a number and not the
number. A rule that asks for more becomes one opaque node, and looks at the numbers of each run.

What f reads from a traced number (a comparison in an `if`, an index) is a decision, which must come out the same again.
Masks of arrays, as in `np.where(x > 0, ...)`, are not read: they flow on as data.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import forward, reverse
from .containers import flatten
from .errors import CannotCompile
from .graph import Graph, Node, Recorded, Recorder
from .lending import is_lent, same_bits
from .primitives import Primitive, primitives
from .primitives.table import everywhere, has_nan
from .tracing import Box, Trace, bind, normalize, plain, value

# How many operations are written down before it is given up.
LIMIT = 200_000
# Arrays above this size in bytes are remembered as outlines.
SMALL = 4096
# How many numbers tell large arrays apart before all are compared.
SAMPLED = 64
# What gives an array of marks or whole numbers for each element: it flows on as data, as far as f does not read it.
_FLOWING = frozenset(
    primitives[name]
    for name in (
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("logical_and", "logical_or", "logical_not", "logical_xor", "isnan", "isinf", "isfinite"),
        *("sign", "floor", "ceil", "rint", "trunc", "floor_divide", "signbit"),
        *("round", "around", "fix", "copysign", "heaviside", "isposinf", "isneginf"),
    )
)


def stage(
    fun: Callable[[list[Any]], Any],
    leaves: Sequence[Any],
    *,
    limit: int = LIMIT,
    known: Mapping[int, tuple[Any, Any]] | None = None,
) -> Graph:
    """Run fun, which takes a list of leaves and returns a number or container, and write down all that it does.

    Numbers and arrays among the nodes are there for their types, shapes and dtypes; of large ones only those are kept.
    `known` are arrays by identity, each with a copy that is used in its place as long as both hold the same.

    Raises:
        CannotCompile: there are more operations than `limit`, or a derivative is nan.

    Example:
        >>> import adkit as ad
        >>> from adkit.staging import stage
        >>> graph = stage(lambda leaves: ad.grad(lambda x: x * x)(*leaves), [3.0])
        >>> [node.primitive.name for node in graph.nodes]
        ['multiply', 'multiply', 'multiply', 'add']
    """
    recorder = Stage(limit, known or {})
    boxes = [recorder.input(x) for x in leaves]
    try:
        with np.errstate(all="ignore"):
            found, structure = flatten(fun([box.again() for box in boxes]))
        outputs = [recorder.node_of(normalize(leaf)) for leaf in found]
    finally:
        recorder.close()
    graph = Graph(recorder.inputs, recorder.nodes, recorder.decisions, outputs, structure, recorder.places)
    graph.checks = recorder.checks
    return graph


class Staged(Recorded):
    """A recorded value. What carries no derivative, a mask or a whole number, may be read, which is a decision."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return bool(value(self != 0)) if self.ndim == 0 else bool(value(self))

    def __int__(self) -> int:
        return int(value(np.trunc(self)))

    def __index__(self) -> int:
        return super().__index__() if self.dtype.kind in "fc" else value(self).__index__()

    def __float__(self) -> float:
        return super().__float__() if self.dtype.kind in "fc" else float(value(self))

    def __hash__(self) -> int:
        return super().__hash__() if self.dtype.kind in "fc" else hash(value(self))

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Whole numbers made of steps, as np.floor(x).astype(int), may be indices: they are a decision."""
        whole = self.dtype.kind == "f" and np.dtype(dtype).kind not in "fc"
        if whole and isinstance(self.node, Node) and self.node.primitive is not None and self.node.primitive.constant:
            return value(self).astype(dtype, *args, **kwargs)
        return super().astype(dtype, *args, **kwargs)

    # Of masks; of anything else these are refused.
    def __invert__(self) -> Any:
        return np.invert(self)

    def __and__(self, other: Any) -> Any:
        return np.bitwise_and(self, other)

    def __or__(self, other: Any) -> Any:
        return np.bitwise_or(self, other)

    def __xor__(self, other: Any) -> Any:
        return np.bitwise_xor(self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


class Stage(Recorder):
    """The trace that writes a graph of f and of its derivatives."""

    __slots__ = ("checks", "expanding", "held", "limit", "stage")

    differentiates = False

    def __init__(self, limit: int, known: Mapping[int, tuple[Any, Any]]) -> None:
        super().__init__()
        self.stage = self
        self.limit = limit
        self.checks: list[Node] = []
        # Whether a rule is being written down, in which nothing is decided.
        self.expanding = 0
        # Copies of large arrays that are constants of the computation, by some of their numbers.
        self.held = {_sample(copy): copy for _, copy in known.values() if copy.nbytes > SMALL}

    # -- f itself ----------------------------------------------------------------------------------
    def input(self, value: Any) -> Recorded:
        node = Node(self._next_index(), outlined(value))
        self.inputs.append(node)
        return Staged(value, self, node)

    def lift(self, value: Any) -> Recorded:
        return Staged(value, self, self.kept(value))

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        out = bind(primitive, self.strip(args), params)
        index = self._next_index()
        if index > self.limit:
            raise CannotCompile(
                f"more than {self.limit} operations would have to be written down: compile a part of it, such as one "
                "step of a loop, or give ad.compile a larger limit="
            )
        kept = {name: self.kept(x) for name, x in params.items()} if params else params
        nodes = tuple([self.node_of(arg) for arg in args])
        if primitive.constant and not self._flows(primitive, out):
            self.decisions.append(Node(index, self.kept(out), primitive, nodes, kept))
            return out
        node = Node(index, outlined(out), primitive, nodes, kept)
        self.nodes.append(node)
        return Staged(out, self, node)

    def _flows(self, primitive: Primitive, out: Any) -> bool:
        """Whether what carries no derivative is data, and not yet read."""
        return self.expanding > 0 or (primitive in _FLOWING and np.ndim(plain(out)) > 0)

    def node_of(self, x: Any) -> Any:
        return x.node if isinstance(x, Recorded) and x.owner is self else self.kept(x)

    def kept(self, x: Any) -> Any:
        """A constant as it is now: f may change an array after use."""
        if isinstance(x, tuple):
            return tuple([self.kept(part) for part in x])
        if isinstance(x, Box):
            return x.again()
        if not isinstance(x, np.ndarray) or is_lent(x):
            return x
        if x.dtype.hasobject or x.nbytes <= SMALL or not _is_dense(x):
            return x.copy("K")
        key = _sample(x)
        copy = _seen_as(x, self.held[key]) if key in self.held else None
        if copy is None or not same_bits(x, copy):
            copy = self.held[key] = x.copy("K")
        return copy

    # -- derivatives -------------------------------------------------------------------------------
    def expect_numbers(self, derivatives: Sequence[Any], here: bool = True) -> None:
        """Let the graph hold only where there is no nan in what has been found; here it must hold, unless told so."""
        for derivative in derivatives:
            if derivative is None:
                continue
            if here and has_nan(derivative):
                raise CannotCompile("a derivative is nan here", passing=True)
            node = self._own_node(derivative)
            if node is not None:
                self.checks.append(node)

    def _own_node(self, x: Any) -> Node | None:
        """The node that stands for x, perhaps below boxes of traces that began later."""
        while isinstance(x, Box):
            if x.owner is self:
                return x.note if isinstance(x.note, Node) else None
            x = x.real if isinstance(x, Outlined) else x.value
        return None

    def pull(
        self, primitive: Primitive, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]
    ) -> Any:
        """The vjp of one argument, written down."""

        def rule(cotangent: Any, out: Any, *args: Any) -> Any:
            return primitive.vjp(i, cotangent, out, args, params)

        return self._expanded(f"{primitive.name}, pulled back to {i}", rule, (cotangent, out, *args))

    def push(
        self,
        primitive: Primitive,
        tangents: Sequence[Any],
        out: Any,
        args: tuple[Any, ...],
        params: Mapping[str, Any],
        batched: bool,
    ) -> Any:
        """The jvp, written down."""
        active = [i for i, tangent in enumerate(tangents) if tangent is not None]

        def rule(out: Any, *rest: Any) -> Any:
            given: list[Any] = [None] * len(tangents)
            for i, tangent in zip(active, rest, strict=False):
                given[i] = tangent
            return primitive.jvp(given, out, rest[len(active) :], params, batched)

        return self._expanded(f"{primitive.name}, pushed", rule, (out, *(tangents[i] for i in active), *args))

    def _expanded(self, name: str, rule: Callable[..., Any], xs: tuple[Any, ...]) -> Any:
        """What a rule makes of xs, operation by operation; in one opaque operation where it looks at numbers."""
        outline = Outline(self)
        self.expanding += 1
        try:
            return outline.filled(rule(*[outline.box(x) if isinstance(x, Box) else x for x in xs]))
        except CannotCompile:
            raise
        except Exception:  # a rule of a person's own may meet an outline with an error of any type
            return bind(Opaque(name, rule), xs)
        finally:
            outline.close()
            self.expanding -= 1


def _sample(x: Any) -> tuple[Any, ...]:
    """Some numbers of a dense array in the order of memory: whoever copies or transposes it gets the same."""
    in_order = (x if x.flags.c_contiguous else x.T).reshape(-1)
    return x.dtype, x.size, in_order[:: max(x.size // SAMPLED, 1)].tobytes()


def _seen_as(x: Any, copy: Any) -> Any:
    """A copy of all the memory of x, in its shape: what x is a transpose of may have been copied."""
    return copy if (x.shape, x.strides) == (copy.shape, copy.strides) else as_strided(copy, x.shape, x.strides)


def _is_dense(x: Any) -> bool:
    """Whether an array's elements lie side by side, in whatever order."""
    return x.flags.c_contiguous or x.flags.f_contiguous


def outlined(x: Any) -> Any:
    """x, or of a large array one with its shape and dtype that takes no memory."""
    if isinstance(x, Box):
        return x.again()
    if type(x) is not np.ndarray:
        return x
    return everywhere(np.zeros((), x.dtype), x.shape) if x.nbytes > SMALL else x.copy("K")


# -- rules on outlines -----------------------------------------------------------------------------
class PeekedError(Exception):
    """A rule has asked for the numbers of an outline."""


class _Shape(np.ndarray[Any, Any]):
    """What plain() gives of an outline: shape and dtype, and no numbers."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        raise PeekedError

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _OF_TYPES:
            return func(*[_stand_in(x) for x in args], **kwargs)
        raise PeekedError


def _peeked(self: Any, *args: Any, **kwargs: Any) -> Any:
    raise PeekedError


_METHODS = {name for name in dir(np.ndarray) if not name.startswith("_") and callable(getattr(np.ndarray, name))}
for _name in (
    *_METHODS,
    *("__getitem__", "__setitem__", "__iter__", "__contains__", "__bool__", "__float__", "__int__", "__index__"),
    *("__complex__", "__copy__", "__deepcopy__", "__reduce__", "__array__", "__buffer__", "__format__"),
):
    setattr(_Shape, _name, _peeked)


@functools.lru_cache(maxsize=1024)
def _shape_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> _Shape:
    """The outline of all arrays of a shape and dtype: nobody can write to it."""
    cell = np.full((), np.nan).astype(dtype) if dtype.kind in "fc" else np.zeros((), dtype)
    return _Shape(shape, dtype, cell, strides=(0,) * len(shape))


# Functions that only ask for shapes and dtypes.
_OF_TYPES = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.min_scalar_type}
)


def _stand_in(x: Any) -> Any:
    return everywhere(np.zeros((), x.dtype), x.shape) if isinstance(x, _Shape) else x


class Outlined(Box):
    """A number of which a rule may know the shape and dtype. `real` is the box that it is an outline of."""

    __slots__ = ()
    real: Any = Box.note

    def __init__(self, value: Any, trace: Outline, real: Any) -> None:
        self.value = value
        self.owner = trace
        self.note = real

    __bool__ = __float__ = __int__ = __index__ = __complex__ = _peeked


class Outline(Trace):
    """The trace of one rule: operations on its boxes are done to what those are outlines of."""

    __slots__ = ("stage",)

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def box(self, real: Any) -> Any:
        """The outline of a value; what no box has a say in is as it is."""
        if not isinstance(real, Box):
            return real
        number = plain(real)
        numbers = number if isinstance(number, np.ndarray) else np.asarray(number)
        shape = _shape_of(numbers.shape, numbers.dtype)
        return Outlined(shape, self, real)

    def lift(self, value: Any) -> Any:
        raise PeekedError

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        return self.box(bind(primitive, tuple([self.filled(arg) for arg in args]), params))

    def filled(self, x: Any) -> Any:
        """What an outline stands for."""
        return x.real if isinstance(x, Outlined) and x.owner is self else x


class Opaque(Primitive):
    """A rule as one operation: it runs on plain numbers, and is differentiated as any function is."""

    listed = False

    def __init__(self, name: str, rule: Callable[..., Any]) -> None:
        super().__init__(name, rule)

    def compute(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        with np.errstate(all="ignore"):
            return self.fun(*args)

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        return forward.push(lambda leaves: [self.fun(*leaves)], args, tangents, batched=batched)[1][0]

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        found, variables, tape = reverse.record(
            lambda leaves: self.fun(*args[:i], leaves[0], *args[i + 1 :]), [args[i]]
        )
        return reverse.sweep(tape, [(found, cotangent)], variables)[0]
