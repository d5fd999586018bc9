"""The boxed number: whose it is, and how operators, ufuncs and array functions reach a primitive.

There is no global state. A box names the trace that made it, every trace has a number that no other trace in the
process has, and of two traces that meet in one operation the younger is the inner one. So nothing has to be restored
when f raises, threads cannot see each other, and two perturbations cannot be confused.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from .errors import AdkitError, BadRequest, EscapedValue, LostDerivative, NoRule, current_expression, place, user_frame

NO_PARAMS: Mapping[str, Any] = {}
PLAIN_NUMBERS = frozenset({float, int, np.float64})
_ages = itertools.count()


class Operation(Protocol):
    """What tracing needs to know of a primitive: how to compute it on values that are not traced."""

    name: str

    @property
    def fun(self) -> Callable[..., Any]: ...

    def compute(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any: ...


class Trace:
    """One interpretation in progress; subclasses say what an operation on their boxes does."""

    __slots__ = ("age", "closed")

    def __init__(self) -> None:
        self.age = next(_ages)
        self.closed = False

    def process(self, primitive: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Apply `primitive` to args of which at least one is a box of this trace."""
        raise NotImplementedError

    def close(self) -> None:
        """No box of this trace may be operated on from now on."""
        self.closed = True

    def require_open(self) -> None:
        """Refuse an operation on a box that outlived its transformation."""
        if self.closed:
            raise EscapedValue(
                f"a traced value was used{place()} after the gradient call that made it had returned; return it from "
                "f (has_aux=True carries extra outputs) or keep ad.value(x), its plain number, instead"
            )

    def strip(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """args with this trace's boxes replaced by the values they hold."""
        return tuple(a.value if isinstance(a, Box) and a.trace is self else a for a in args)


def bind(primitive: Any, args: tuple[Any, ...], params: Mapping[str, Any] = NO_PARAMS) -> Any:
    """Apply a primitive: the youngest trace among the arguments interprets it; without one it is plain NumPy."""
    inner: Trace | None = None
    for arg in args:
        if isinstance(arg, Box) and (inner is None or arg.trace.age > inner.age):
            inner = arg.trace
    if inner is None:
        return primitive.compute(args, params)
    if inner.closed:
        inner.require_open()
    return inner.process(primitive, args, params)


def plain(x: Any) -> Any:
    """The NumPy value that x stands for. For adkit's own bookkeeping: a recorder does not see the reading."""
    while isinstance(x, Box):
        x = x.value
    return x


# NumPy function or ufunc -> what adkit calls instead when a box is among the arguments. The table fills it.
implementations: dict[Callable[..., Any], Callable[..., Any]] = {}


def value(x: Any) -> Any:
    """The plain NumPy value of a traced number: the one explicit way to drop a derivative.

    Args:
        x: a traced value of any nesting depth and shape, or anything else, which is returned as it is.

    Returns:
        The float, NumPy scalar or array that x stands for, without derivative information.

    Example:
        >>> import adkit as ad
        >>> ad.grad(lambda x: x * ad.value(x))(3.0)  # the second factor counts as a constant
        3.0
    """
    return bind(implementations[value], (x,)) if isinstance(x, Box) else x


class Box:
    """A traced number or array, behaving as the ndarray it stands for.

    It is a handle: which value and which place in its trace's record it stands for. Subclasses add that place.
    """

    __slots__ = ("trace", "value")
    __array_priority__ = 1000.0

    value: Any
    trace: Any

    # -- attributes of an array --------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(plain(self))

    @property
    def ndim(self) -> int:
        return np.ndim(plain(self))

    @property
    def size(self) -> int:
        return np.size(plain(self))

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.asarray(plain(self)).dtype

    @property
    def nbytes(self) -> int:
        return np.asarray(plain(self)).nbytes

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def T(self) -> Any:
        return np.transpose(self)  # type: ignore[call-overload]

    @property
    def real(self) -> Any:
        return np.real(self)  # type: ignore[call-overload]

    @property
    def imag(self) -> Any:
        return np.imag(self)  # type: ignore[call-overload]

    @property
    def flat(self) -> Iterator[Any]:
        return iter(np.ravel(self))  # type: ignore[call-overload]

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise TypeError("len() of unsized object")
        return shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return implementations[operator.getitem](self, index)

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    # -- array methods: the NumPy function of the same name ----------------------------------------
    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return functools.partial(getattr(np, name), self)
        if name in _IN_PLACE_METHODS:
            raise _refuse_in_place(f".{name}(...)")
        raise AttributeError(f"a traced value has no attribute {name!r}; it stands for an ndarray")

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **kwargs)  # type: ignore[arg-type]

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)  # type: ignore[arg-type]

    def flatten(self) -> Any:
        return np.ravel(self)  # type: ignore[call-overload]

    def item(self, *index: Any) -> Any:
        return self[index] if index else np.reshape(self, ())  # type: ignore[call-overload]

    def tolist(self) -> Any:
        return [part.tolist() for part in self] if self.shape else self

    def __copy__(self) -> Box:
        return self

    def __deepcopy__(self, memo: Any) -> Box:
        return self  # operations never change a box's value, so sharing it is a copy

    # -- leaving the traced world ------------------------------------------------------------------
    def __bool__(self) -> bool:
        return bool(self != 0)

    def __float__(self) -> float:
        raise _lost("float(...)")

    def __complex__(self) -> complex:
        raise _lost("complex(...)")

    def __int__(self) -> int:
        return int(bind(implementations[np.trunc], (self,)))

    def __floor__(self) -> int:
        return int(bind(implementations[np.floor], (self,)))

    def __ceil__(self) -> int:
        return int(bind(implementations[np.ceil], (self,)))

    def __trunc__(self) -> int:
        return int(self)

    def __round__(self, digits: int | None = None) -> Any:
        rounded = bind(implementations[np.rint], (self if digits is None else self * 10**digits,))
        return int(rounded) if digits is None else rounded / 10**digits

    def __format__(self, spec: str) -> str:
        return format(plain(self), spec)

    def __repr__(self) -> str:
        return f"traced({plain(self)!r})"

    def __str__(self) -> str:
        return str(plain(self))

    def __hash__(self) -> int:
        raise LostDerivative(
            f"a traced value was used as a dictionary key or in a cache{place()}: what was stored for an equal number "
            "carries another derivative; use ad.value(x) as the key, or leave the cache out"
        )

    def __reduce__(self) -> Any:
        raise LostDerivative(f"a traced value cannot be pickled{place()}; pickle ad.value(x), its plain number")

    def __setitem__(self, index: Any, item: Any) -> None:
        raise _refuse_in_place("item assignment")

    # -- NumPy's protocols -------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        implementation = implementations.get(ufunc)
        if method == "__call__" and implementation is not None and not kwargs:
            return implementation(*inputs)
        return _unusual_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        implementation = implementations.get(func)
        if implementation is None:
            raise no_rule(_numpy_name(func))
        try:
            return implementation(*args, **kwargs)
        except TypeError as error:
            raise _unsupported_keyword(func, kwargs, error) from None


_IN_PLACE_METHODS = frozenset({"sort", "partition", "put", "fill", "resize", "itemset", "setfield", "byteswap"})
# Object arrays of traced scalars ask their elements for methods named like the ufunc: np.sin(a) calls a[0].sin().
_UFUNC_NAMES = frozenset(name for name, x in vars(np).items() if isinstance(x, np.ufunc))
_ARRAY_METHODS = {n for n in dir(np.ndarray) if not n.startswith("_") and callable(vars(np).get(n))}
_METHODS = frozenset(_ARRAY_METHODS | _UFUNC_NAMES) - _IN_PLACE_METHODS - set(dir(Box))


def normalize(x: Any) -> Any:
    """An argument as primitives take it: lists and object arrays of traced numbers become one traced array."""
    if isinstance(x, (list, tuple)):
        x = np.asarray(x) if not holds_boxes(x) else np.array(x, dtype=object)
    if isinstance(x, np.ndarray) and x.dtype == object and holds_boxes(x.flat):
        return np.reshape(np.stack(list(x.flat)), x.shape)
    return x


def holds_boxes(items: Any) -> bool:
    """Whether a traced value stands anywhere in nested lists, tuples and object arrays."""
    return any(
        isinstance(item, Box)
        or (isinstance(item, (list, tuple)) and holds_boxes(item))
        or (isinstance(item, np.ndarray) and item.dtype == object and holds_boxes(item.flat))
        for item in items
    )


def is_traced(x: Any) -> bool:
    """Whether x is, or holds, a traced value."""
    return holds_boxes((x,))


# -- operators -------------------------------------------------------------------------------------
BINARY_OPERATORS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "pow": np.power,
    "mod": np.remainder,
    "floordiv": np.floor_divide,
    "matmul": np.matmul,
}
UNARY_OPERATORS = {"neg": np.negative, "pos": np.positive, "abs": np.absolute}
COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}


def install_operators(
    cls: type[Box],
    binary: Callable[[Any], tuple[Callable[..., Any], Callable[..., Any]]],
    unary: Callable[[Any], Callable[..., Any]],
) -> None:
    """Give a class of boxes its operators; `binary` makes (`x op y`, `y op x`) and `unary` makes `op x`."""
    for name, ufunc in BINARY_OPERATORS.items():
        forward, reflected = binary(implementations[ufunc])
        setattr(cls, f"__{name}__", forward)
        setattr(cls, f"__r{name}__", reflected)
    for name, ufunc in UNARY_OPERATORS.items():
        setattr(cls, f"__{name}__", unary(implementations[ufunc]))


def bound_binary(primitive: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two general operator methods of a primitive of two arguments."""

    def forward(self: Box, other: Any) -> Any:
        return primitive(self, other) if _is_operand(other) else NotImplemented

    def reflected(self: Box, other: Any) -> Any:
        return primitive(other, self) if _is_operand(other) else NotImplemented

    return forward, reflected


def _is_operand(x: Any) -> bool:
    """Whether an operator can take x at all; if not Python itself says so."""
    return not isinstance(x, (str, bytes, dict, set)) and x is not None


def install_general_operators() -> None:
    """Give `Box` its operators and comparisons, once the table has been filled."""
    install_operators(Box, bound_binary, lambda primitive: lambda self: primitive(self))
    for name, ufunc in COMPARISONS.items():
        forward, _ = bound_binary(implementations[ufunc])
        setattr(Box, f"__{name}__", forward)
    for name, ufunc in BINARY_OPERATORS.items():
        setattr(Box, f"__i{name}__", _in_place(f"{name}=", implementations[ufunc]))
    Box.__divmod__ = lambda self, other: (self // other, self % other)  # type: ignore[attr-defined]
    Box.__rdivmod__ = lambda self, other: (other // self, other % self)  # type: ignore[attr-defined]


def _in_place(name: str, primitive: Callable[..., Any]) -> Callable[..., Any]:
    """`x op= y`: a scalar is rebound as Python rebinds numbers; an array would have to change under its aliases."""

    def operator_in_place(self: Box, other: Any) -> Any:
        if self.shape:
            raise _refuse_in_place(f"an in-place operator ({name})")
        return primitive(self, other)

    return operator_in_place


# -- refusals --------------------------------------------------------------------------------------
_MATH_TO_NUMPY = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "pow": "power",
    "fsum": "sum",
}


def _lost(operation: str) -> AdkitError:
    """The refusal to become a plain float, with the rewrite that fits the caller's own expression."""
    frame = user_frame()
    expression = current_expression(frame) if frame is not None else ""
    head, _, tail = expression.partition("(")
    if head.startswith("math."):
        name = head.removeprefix("math.")
        rewrite = f"write `np.{_MATH_TO_NUMPY.get(name, name)}({tail}` instead"
        operation = head
    elif "=" in expression and "]" in expression.split("=")[0]:
        operation = "assignment into a plain array"
        rewrite = "collect the parts in a list and join them with np.stack(parts) or np.array(parts)"
    else:
        rewrite = "keep the value as it is, or call ad.value(x) if the derivative is meant to be dropped"
    return LostDerivative(f"{operation} would lose the derivative of a traced value{place()}; {rewrite}")


def _refuse_in_place(operation: str) -> AdkitError:
    return LostDerivative(
        f"{operation} on a traced array{place()} would have to change values already used elsewhere; "
        "make a new array instead: `y = y + ...`, np.where(mask, new, y), np.concatenate or np.stack"
    )


def no_rule(name: str) -> AdkitError:
    """The refusal of a NumPy function without a row in the table, with the nearest functions that have one."""
    import difflib

    known = sorted({_numpy_name(func) for func in implementations})
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f" Functions with a rule and a similar name: {', '.join(nearest)}." if nearest else ""
    return NoRule(
        f"{name} has no derivative rule{place()}; write it in terms of functions that have one, or call "
        f"{name} on ad.value(x) if its derivative is meant to be dropped.{hint}"
    )


def _numpy_name(func: Any) -> str:
    module = (getattr(func, "__module__", None) or "numpy").removeprefix("numpy").lstrip("._")
    public = f"numpy.{module}." if module and not module.startswith("_") and "core" not in module else "numpy."
    return public + getattr(func, "__name__", str(func))


def _unsupported_keyword(func: Any, kwargs: Mapping[str, Any], error: TypeError) -> Exception:
    """A keyword that NumPy's function has and adkit's implementation lacks is a refusal; the rest stays as it is."""
    if isinstance(error, AdkitError):
        return error
    named = [k for k in kwargs if f"'{k}'" in str(error)]
    if not named:
        return error
    return NoRule(
        f"{_numpy_name(func)} with {named[0]}= has no derivative rule{place()}; leave the argument out, or write the "
        "same in steps"
    )


def _unusual_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A ufunc without a row, one of its other methods, or one called with keywords."""
    name = f"numpy.{ufunc.__name__}"
    if kwargs.get("out") is not None:
        raise LostDerivative(
            f"{name} was asked to write a traced value into a plain array (out= or an in-place operator){place()}; "
            "the array cannot hold the derivative: write `y = y + x` instead of `y += x`, and leave out= away"
        )
    if method == "reduce" and ufunc in _REDUCTIONS:
        return _REDUCTIONS[ufunc](*inputs, **{"axis": 0, **{k: v for k, v in kwargs.items() if v is not None}})
    if method == "outer" and len(inputs) == 2:
        x, y = (normalize(x) for x in inputs)
        return ufunc(np.reshape(x, np.shape(x) + (1,) * np.ndim(y)), y)
    if method != "__call__":
        raise no_rule(f"{name}.{method}")
    if ufunc not in implementations:
        raise no_rule(name)
    raise NoRule(
        f"{name} with {', '.join(f'{k}=' for k in kwargs)} has no derivative rule{place()}; leave the argument out "
        "(np.where(mask, new, old) does what where= does)"
    )


_REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}


def surface(error: BaseException) -> AdkitError | None:
    """The refusal of adkit's that NumPy wrapped into an error of its own, if there is one in the chain."""
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, AdkitError) and not isinstance(cause, BadRequest):
            return cause
        cause = cause.__cause__
    return None
