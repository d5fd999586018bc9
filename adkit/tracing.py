"""The boxed number: whose it is, and how operators, ufuncs and array functions reach a primitive.

There is no global state. A box names the trace that made it, every trace has a number that no other trace in the
process has, and of two traces that meet in one operation the younger is the inner one. So nothing has to be restored
when f raises, threads cannot see each other, and two perturbations cannot be confused.
"""

from __future__ import annotations

import functools
import itertools
import operator
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import refusals
from .errors import AdkitError, EscapedValue, LostDerivative, MissingAttribute, NoRule, place

NO_PARAMS: Mapping[str, Any] = {}
PLAIN_NUMBERS = frozenset({float, int, np.float64})
_ages = itertools.count()


class Trace:
    """One interpretation in progress; subclasses say what an operation on their boxes does."""

    __slots__ = ("age", "closed")

    # Whether derivatives may be taken of what is done to its boxes.
    differentiates = True
    # The trace that writes operations down, to be run again on other numbers: then a rule may not go by those at hand.
    stage: Any = None

    def __init__(self) -> None:
        self.age = next(_ages)
        self.closed = False

    def process(self, primitive: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Apply `primitive` to args of which at least one is a box of this trace."""
        raise NotImplementedError

    def lift(self, value: Any) -> Any:
        """A box of this trace that stands for a constant: a new array, before anything is written to it."""
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
        return tuple(a.value if isinstance(a, Box) and a.owner is self else a for a in args)


def bind(primitive: Any, args: tuple[Any, ...], params: Mapping[str, Any] = NO_PARAMS) -> Any:
    """Apply a primitive: the youngest trace among the arguments interprets it; without one it is plain NumPy."""
    inner: Trace | None = None
    for arg in args:
        if isinstance(arg, Box) and (inner is None or arg.owner.age > inner.age):
            inner = arg.owner
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


# NumPy function, ufunc or (ufunc, name of its method) -> what adkit calls instead when a box is among the arguments.
# The table fills it.
implementations: dict[Any, Callable[..., Any]] = {}
# The functions that make a new array, like a traced one where they are asked to with like=.
creators: set[Callable[..., Any]] = set()
# Module of functions -> what adds its family of rows to the table, on the first call of one of them.
on_demand: dict[str, Callable[[], None]] = {}


def implementation_of(function: Any) -> Callable[..., Any] | None:
    """What adkit calls instead of a function, a ufunc, or a method of one; None where the table has nothing."""
    found = implementations.get(function)
    if found is None and on_demand:
        name = refusals.public_name(function[0] if isinstance(function, tuple) else function)
        if (load := on_demand.pop(name.rpartition(".")[0], None)) is not None:
            load()
            found = implementations.get(function)
    if found is None and isinstance(function, np.ufunc) and "." not in refusals.public_name(function):
        # The ufunc behind np.clip and ndarray.clip, which has no other name, is not the function of that name.
        found = implementations.get(getattr(np, function.__name__, None))
    return found


def load_all() -> None:
    """Complete the table with the families that otherwise wait for their first use."""
    while on_demand:
        on_demand.popitem()[1]()


def value(x: Any) -> Any:
    """The plain NumPy value of a traced number: the one explicit way to drop a derivative.

    Args:
        x: a traced value of any nesting depth and shape, or anything else, which is returned as it is.

    Returns:
        The float, NumPy scalar or array that x stands for, without derivative information. An array is a copy: what
        is done to it changes neither f's computation nor the caller's arrays.

    Example:
        >>> import adkit as ad
        >>> ad.grad(lambda x: x * ad.value(x))(3.0)  # the second factor counts as a constant
        3.0
    """
    x = normalize(x) if isinstance(x, np.ndarray) else x
    if not isinstance(x, Box):
        return x
    found = bind(implementations[value], (x,))
    return found.copy("K") if isinstance(found, np.ndarray) else found


def stage_of(*xs: Any) -> Any:
    """The staging trace that one of these values belongs to at some level; None without one."""
    for x in xs:
        while isinstance(x, Box):
            if x.owner.stage is not None:
                return x.owner.stage
            x = x.value
    return None


def inside(x: Any, since: int) -> Any:
    """x as the level outside of the transformations that began after `since` sees it."""
    while isinstance(x, Box) and x.owner.age > since:
        x = x.value
    return x


def now() -> int:
    """A number between the ages of all traces so far and those of all to come."""
    return next(_ages)


class Box:
    """A traced number or array, behaving as the ndarray it stands for.

    It is a handle: the value it stands for, and what its trace notes beside the value (a tangent, a number on a tape, a
    node); each subclass has its own word for the note. Assignment to items lets the handle stand for another number,
    perhaps of another trace, which is why all classes have the same slots. `link` ties it to the arrays that it shares
    memory with. What cannot be imitated is `isinstance(x, np.ndarray)` (or `float`), which is False: ask for `x.ndim`
    or `x.shape`.
    """

    __slots__ = ("__weakref__", "link", "note", "owner", "value")
    __array_priority__ = 1000.0

    link: Any
    note: Any
    owner: Any
    value: Any

    def again(self) -> Any:
        """Another handle to the same number, which later writes to this one do not reach."""
        twin = object.__new__(type(self))
        twin.owner, twin.value, twin.note = self.owner, self.value, self.note
        return twin

    def become(self, other: Box) -> None:
        """Stand for another number from now on."""
        cls: Any = type(other)
        self.__class__ = cls
        self.owner, self.value, self.note = other.owner, other.value, other.note

    if TYPE_CHECKING:
        # What `install_operators` adds, and what makes NumPy's own functions take a traced value as an array.
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]: ...
        def __add__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...

    # -- attributes of an array --------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(plain(self))

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise refusals.in_place("assignment to .shape")

    @property
    def ndim(self) -> int:
        return np.ndim(plain(self))

    @property
    def size(self) -> int:
        return np.size(plain(self))

    @property
    def dtype(self) -> np.dtype[Any]:
        # NumPy's mean, var and std of an object array end in `result.dtype.type(result)`, which would drop the
        # derivative, unless the result has no dtype.
        if sys._getframe(1).f_code.co_filename == _NUMPY_METHODS:
            raise AttributeError("dtype")
        return np.asarray(plain(self)).dtype

    @property
    def nbytes(self) -> int:
        return np.asarray(plain(self)).nbytes

    @property
    def itemsize(self) -> int:
        return np.asarray(plain(self)).itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        return np.asarray(plain(self)).strides

    @property
    def flags(self) -> Any:
        # Of a view, so that the caller's array is not made read-only by what f does to them.
        return np.asarray(plain(self)).view().flags

    @property
    def T(self) -> Any:
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)

    @property
    def real(self) -> Any:
        return np.real(self)

    @real.setter
    def real(self, item: Any) -> None:
        np.real(self)[...] = item

    @property
    def imag(self) -> Any:
        return np.imag(self)

    @imag.setter
    def imag(self, item: Any) -> None:
        np.imag(self)[...] = item

    @property
    def flat(self) -> Flat:
        return Flat(self)

    @flat.setter
    def flat(self, item: Any) -> None:
        Flat(self)[:] = item

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
    # Those that need nothing written out here `_imitate` adds. There is no __getattr__: it would make every reading of
    # a slot five times as long.
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def reshape(self, *shape: Any, **options: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def flatten(self, order: Any = "C") -> Any:
        return np.copy(np.ravel(self, order))

    def copy(self, order: Any = "C") -> Any:
        return np.copy(self, order)

    def astype(
        self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(
                f"Cannot cast array data from {self.dtype!r} to {np.dtype(dtype)!r} by the rule {casting!r}"
            )
        if not copy and np.dtype(dtype) == self.dtype:
            return self
        out = implementations[np.astype](self, dtype)
        return out if order == "K" else np.copy(out, order)

    def view(self, dtype: Any = None, type: Any = None) -> Any:
        if type is not None or (dtype is not None and np.dtype(dtype) != self.dtype):
            raise refusals.in_place(".view(...)")
        return self[...]

    def conj(self) -> Any:
        return np.conjugate(self) if self.dtype.kind == "c" else self  # as the method of an ndarray does

    conjugate = conj

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        return np.compress(condition, self, axis)

    def item(self, *index: Any) -> Any:
        """A number of the array: still traced, since its derivative is asked for."""
        if len(index) == 1 and not isinstance(index[0], tuple):
            number = np.ravel(self)[index[0]]
        else:
            number = self[index[0] if len(index) == 1 else index] if index else np.reshape(self, ())
        return implementations[np.ndarray.item](number)

    def tolist(self) -> Any:
        return [part.tolist() for part in self] if self.shape else self

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: Any) -> Any:
        return np.copy(self)

    # -- array methods that write to the array -----------------------------------------------------
    def __setitem__(self, index: Any, item: Any) -> None:
        implementations[operator.setitem](self, index, item)

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, axis: int = -1, **options: Any) -> None:
        self[...] = np.sort(self, axis, **options)

    def partition(self, kth: Any, axis: int = -1, **options: Any) -> None:
        self[...] = np.partition(self, kth, axis, **options)

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        np.put(self, indices, values, mode)  # type: ignore[arg-type]

    # -- leaving the traced world ------------------------------------------------------------------
    def __bool__(self) -> bool:
        return bool(self != 0)

    def __float__(self) -> float:
        raise refusals.lost("a conversion to float", implementations)

    def __complex__(self) -> complex:
        raise refusals.lost("a conversion to complex", implementations)

    def __index__(self) -> int:
        raise LostDerivative(
            f"a traced value was used as an index or a count{place()}; write int(x), which has derivative 0"
        )

    def __int__(self) -> int:
        return int(bind(implementations[np.trunc], (self,)))

    def __floor__(self) -> int:
        return int(bind(implementations[np.floor], (self,)))

    def __ceil__(self) -> int:
        return int(bind(implementations[np.ceil], (self,)))

    def __trunc__(self) -> int:
        return int(self)

    def __round__(self, digits: int | None = None) -> Any:
        # Read as a rounding, so that a recorder sees that it was; computed by the number itself.
        bind(implementations[np.rint], (self if digits is None else self * 10.0**digits,))
        return round(plain(self), digits)

    def _shown(self) -> Any:
        """The number in text, which f may read: in a recording, a decision. Text of what has escaped is no more."""
        try:
            return value(self)
        except AdkitError:
            return plain(self)

    def __format__(self, spec: str) -> str:
        return format(self._shown(), spec)

    def __repr__(self) -> str:
        return f"traced({self._shown()!r})"

    def __str__(self) -> str:
        return str(self._shown())

    def __hash__(self) -> int:
        raise LostDerivative(
            f"a traced value was used as a dictionary key or in a cache{place()}: what was stored for an equal number "
            "carries another derivative; use ad.value(x) as the key, or leave the cache out"
        )

    def __reduce__(self) -> Any:
        raise LostDerivative(f"a traced value cannot be pickled{place()}; pickle ad.value(x), its plain number")

    # -- NumPy's protocols -------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        implementation = implementations.get(ufunc)
        if method == "__call__" and implementation is not None and not kwargs:
            return implementation(*inputs)
        return _unusual_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        implementation = implementations.get(func)
        if implementation is not None and not kwargs and func not in creators:
            return implementation(*args)
        implementation = implementation_of(func)
        if implementation is None:
            raise refusals.no_rule(refusals.public_name(func), implementations)
        if func in creators:
            kwargs = {**kwargs, "like": self}
        out = kwargs.pop("out", None)
        if not isinstance(out, (Box, type(None))):
            raise refusals.written_into(refusals.public_name(func))
        result = _applied(func, implementation, args, kwargs)
        return result if out is None else _delivered(out, result)


class Flat:
    """The elements of a traced array one after the other: what x.flat is."""

    def __init__(self, base: Any) -> None:
        self.base = base

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[Any]:
        return iter(np.ravel(self.base))

    def __getitem__(self, index: Any) -> Any:
        return np.copy(np.ravel(self.base)[index])

    def __setitem__(self, index: Any, item: Any) -> None:
        places = np.arange(self.base.size)[index]
        # What is given may be shorter, and is then taken over and over, as by np.put.
        np.put(self.base, places, item)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*[x.base.ravel() if isinstance(x, Flat) else x for x in args], **kwargs)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*[x.base.ravel() if isinstance(x, Flat) else x for x in inputs], **kwargs)


def _delivered(out: Any, result: Any, where: Any = True) -> Any:
    """The traced array given as out=, with the result in it."""
    np.copyto(out, result, where=where)
    return out


def _applied(function: Any, implementation: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """An implementation's result, or a refusal that names the keywords that it does not know."""
    try:
        return implementation(*args, **kwargs)
    except TypeError as error:
        if (refusal := refusals.unsupported(function, implementation, kwargs)) is None:
            raise
        raise refusal from error


def _refuse(operation: str, *args: Any, **kwargs: Any) -> None:
    raise refusals.in_place(operation)


_NUMPY_METHODS = os.path.join(os.path.dirname(np.__file__), "_core", "_methods.py")
# What would reinterpret the memory of the array.
_IN_PLACE_METHODS = frozenset({"resize", "setfield", "byteswap"})
# Object arrays of traced scalars ask their elements for methods named like the ufunc: np.sin(a) calls a[0].sin().
_UFUNC_NAMES = frozenset(name for name, x in vars(np).items() if isinstance(x, np.ufunc))
_ARRAY_ATTRIBUTES = frozenset(name for name in dir(np.ndarray) if not name.startswith("_"))
_ARRAY_METHODS = frozenset(name for name in _ARRAY_ATTRIBUTES if callable(vars(np).get(name)))
_METHODS = (_ARRAY_METHODS | _UFUNC_NAMES) - _IN_PLACE_METHODS - set(dir(Box))


def _method(name: str) -> property:
    """The NumPy function of this name as a method."""
    return property(lambda self: functools.partial(getattr(np, name), self))


def _refused_method(name: str) -> property:
    return property(lambda self: functools.partial(_refuse, f".{name}(...)"))


def _missing(name: str) -> property:
    def refuse(self: Any) -> Any:
        raise MissingAttribute(f".{name} of a traced value has no derivative{place()}; use ad.value(x).{name}")

    return property(refuse)


def _imitate() -> None:
    """Give `Box` the attributes of an ndarray that it has not."""
    own = set(dir(Box))
    for names, make in ((_METHODS, _method), (_IN_PLACE_METHODS, _refused_method), (_ARRAY_ATTRIBUTES, _missing)):
        for name in names - own:
            setattr(Box, name, make(name))
        own |= names


_imitate()


def normalize(x: Any) -> Any:
    """An argument as primitives take it: lists and object arrays of traced numbers become one traced array."""
    if isinstance(x, (list, tuple)):
        x = np.array(x, dtype=object) if holds_boxes(x) else np.asarray(x)
    if isinstance(x, np.ndarray) and x.dtype.hasobject and holds_boxes(x.flat):
        return np.reshape(np.stack([_scalar(part) for part in x.flat]), x.shape)
    if isinstance(x, Flat):
        return np.copy(np.ravel(x.base))
    if type(x) not in _OPERANDS and not isinstance(x, _OPERAND_KINDS):
        raise refusals.foreign(x)
    return x


# What NumPy's rules hold of. A matrix, a masked array, a Series or a sparse array follows rules of its own.
_OPERANDS = frozenset({np.ndarray, np.memmap, type(None)})
_OPERAND_KINDS = (Box, int, float, complex, np.generic, str, bytes)


def _scalar(x: Any) -> Any:
    """An element of an object array that holds traced numbers, which must be a number."""
    if np.shape(plain(x)) == () and np.asarray(plain(x)).dtype.kind in "biufc":
        return x
    raise LostDerivative(
        f"an object array holds a traced value beside a {type(plain(x)).__name__}{place()}; arrays can be "
        "differentiated where every element is a number: join parts with np.stack or np.concatenate"
    )


def holds_boxes(items: Iterable[Any]) -> bool:
    """Whether a traced value stands anywhere in nested lists, tuples and object arrays."""
    return any(
        isinstance(item, Box)
        or (isinstance(item, (list, tuple)) and holds_boxes(item))
        or (isinstance(item, np.ndarray) and item.dtype.hasobject and holds_boxes(item.flat))
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
    for name in BINARY_OPERATORS:
        setattr(Box, f"__i{name}__", _in_place(name))
    for name, method in zip(("__divmod__", "__rdivmod__"), bound_binary(implementations[np.divmod]), strict=True):
        setattr(Box, name, method)


def _in_place(name: str) -> Callable[..., Any]:
    """`x op= y`: a number is rebound, as Python does; an array changes, and with it what shares its memory."""

    def operator_in_place(self: Any, other: Any) -> Any:
        out = getattr(self, f"__{name}__")(other)
        if out is NotImplemented or type(plain(self)) is not np.ndarray:
            return out
        if (shape := np.shape(plain(out))) != self.shape:
            # As NumPy says it.
            raise ValueError(f"non-broadcastable output operand with shape {self.shape} doesn't match {shape}")
        np.copyto(self, out)
        return self

    return operator_in_place


# -- ufuncs called otherwise than by their name ----------------------------------------------------
# Keywords that say what is so in any case.
_NEUTRAL = {"where": True, "casting": "same_kind", "order": "K", "subok": True, "dtype": None, "out": None}


def _unusual_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A ufunc without a row, one of its other methods, or one called with keywords."""
    kwargs = {k: v for k, v in kwargs.items() if k not in _NEUTRAL or v is not _NEUTRAL[k]}
    function = ufunc if method == "__call__" else (ufunc, method)
    outs, where = kwargs.pop("out", None), kwargs.get("where", True)
    if outs is None:
        return _of_ufunc(ufunc, function, inputs, kwargs)
    if not all(isinstance(out, (Box, type(None))) for out in outs):
        raise refusals.written_into(refusals.public_name(function))
    if method == "__call__":
        kwargs.pop("where", None)
    result = _of_ufunc(ufunc, function, inputs, kwargs)
    results = result if isinstance(result, tuple) else (result,)
    given = [x if out is None else _delivered(out, x, where) for out, x in zip(outs, results, strict=True)]
    return given[0] if len(given) == 1 else tuple(given)


def _of_ufunc(ufunc: Any, function: Any, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a ufunc or one of its methods returns."""
    implementation = implementation_of(function)
    if implementation is None:
        raise refusals.no_rule(refusals.public_name(function), implementations)
    if function is not ufunc:
        return _applied(function, implementation, inputs, kwargs)
    if "where" in kwargs:
        raise NoRule(
            f"{refusals.public_name(ufunc)} with where= leaves the other elements to chance{place()}; write "
            "np.where(mask, new, old), or give it an array for them with out="
        )
    if (dtype := kwargs.pop("dtype", None)) is not None:
        inputs = tuple([np.astype(normalize(x) if is_traced(x) else np.asarray(x), dtype) for x in inputs])
    return _applied(ufunc, implementation, inputs, kwargs)


# -- what other people's code makes of a traced value ----------------------------------------------
def refusal_behind(error: BaseException) -> Exception | None:
    """The refusal that an error raised while f ran stands for; None if it is f's own.

    NumPy and careless C code wrap a refusal to become a float into an error of their own; and a library that was
    handed a traced value complains of objects it does not know.
    """
    wrapped = isinstance(error, SystemError) or str(error).startswith("setting an array element with a sequence")
    if wrapped and isinstance(error.__cause__, AdkitError):
        return error.__cause__
    if isinstance(error, AttributeError) and isinstance(error.obj, Box) and not isinstance(error, AdkitError):
        return AttributeError(f"a traced value, which stands for an ndarray, has no attribute {error.name!r}")
    if str(error) == "Error setting single item of array.":
        # To an item of .flat; NumPy forgets what was the matter.
        return refusals.assigned_to_plain(refusals.spots_of(error))
    return refusals.misunderstanding(error, [cls.__name__ for cls in Box.__subclasses__()], holds_boxes)
