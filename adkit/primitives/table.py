"""What a row of the table is. Each kind of primitive states its derivative once, and answers three questions:

    compute  the value itself, on plain NumPy values
    jvp      the pushforward: tangents of the arguments -> tangent of the output
    vjp      the pullback: cotangent of the output -> its contribution to the cotangent of one argument

Forward mode may carry k tangents at once, stacked along a new leading axis; `batched` says that it does. A missing
tangent is None (the argument is not active). Rules are written in NumPy, so that they can be differentiated again.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..errors import AdkitError, LostDerivative, NoRule, place
from ..tracing import PLAIN_NUMBERS, Box, Trace, bind, implementations, load_all, normalize, plain, stage_of, value
from ..views import tie
from .analytic import ANALYTIC

Rule = Callable[..., Any]
Flow = Literal["moves", "adds", "dense"]
Implementation = TypeVar("Implementation", bound=Rule)
primitives: dict[str, Primitive] = {}


class Primitive:
    """A row: an operation on NumPy values, opaque to tracing, whose derivative the table states."""

    # A constant primitive is piecewise constant, or returns something that is not a real number.
    constant = False
    # Whether elements of an argument may have no say in the outcome, as in a branch that is not taken.
    selects = False
    # What flows where. "moves": elements are picked, repeated and put elsewhere. "adds": they are added too, perhaps
    # times other numbers, and no two of them cancel when those are 1 (in a row that selects: as they are). Both know
    # element by element what reaches what. "dense": anything may reach everything, which is safe to say of any row.
    # Elementwise rows need not say.
    flow: Flow = "dense"
    # Whether the table finds it by its name; a person's own operations are no rows of it.
    listed = True

    def __init__(self, name: str, fun: Rule) -> None:
        self.name = name
        self.fun = fun
        # `add_to(held, cotangent, **params)` adds the vjp of the only argument to an array in place, where that saves
        # an array of the argument's size. The vjp of such a row makes a new array.
        self.add_to: Rule | None = None
        if self.listed:
            primitives[name] = self

    def __call__(self, *args: Any, **params: Any) -> Any:
        return bind(self, tuple([x if type(x) is float or isinstance(x, Box) else normalize(x) for x in args]), params)

    @property
    def analytic(self) -> bool:
        """Whether the function of NumPy, at complex arguments, is the continuation of what it is at real ones."""
        return self.listed and self.name in ANALYTIC

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return (_named, (self.name,))

    def compute(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        return self.fun(*args, **params)

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        raise NoRule(f"{self.name} has no forward rule{place()}")

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        raise NoRule(f"{self.name} has no reverse rule{place()}")

    def reads(self, i: int, count: int) -> frozenset[int]:
        """The output (0) and arguments (1 to count) whose numbers the vjp of argument i reads, and not only shapes."""
        return frozenset(range(count + 1))


def _named(name: str) -> Primitive:
    """The row of this name, also where its family has not been used in this process."""
    if name not in primitives:
        load_all()
    return primitives[name]


class Elementwise(Primitive):
    """f applied to each element, with broadcasting: both directions multiply by the same partial derivatives.

    `formula` is the same function in SymPy's notation, in x (and y): the symbolic method, the 50-digit reference and
    the tests read it. A partial is 1, -1, or a function of the output and the inputs. `domain` is an interval in
    which all is smooth, for tests that draw points. `uneven` partials may look at more numbers in some places than in
    others, so that trying one out does not show what it reads.
    """

    uneven = False

    def __init__(
        self,
        ufunc: np.ufunc,
        formula: str,
        *partials: int | Rule,
        fun: Rule | None = None,
        domain: tuple[float, float] = (-2.0, 2.0),
        uneven: bool = False,
    ) -> None:
        super().__init__(ufunc.__name__, fun or ufunc)
        self.ufunc = ufunc
        self.formula = formula
        self.partials = partials
        self.domain = domain
        self.uneven = uneven

    def compute(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        try:
            return self.fun(*args)
        except (ZeroDivisionError, OverflowError):
            # Python's floats raise where the ndarray that a traced number stands for gives inf or nan.
            return self.ufunc(*args)

    def partial(self, i: int, out: Any, args: tuple[Any, ...]) -> Any:
        """The derivative with respect to argument i, elementwise."""
        partial = self.partials[i]
        if isinstance(partial, int):
            return partial
        try:
            return partial(out, *raised(out, args))
        except (ZeroDivisionError, OverflowError):
            with np.errstate(all="ignore"):
                return partial(as_numpy(out), *map(as_numpy, args))

    def scaled(self, i: int, derivative: Any, out: Any, args: tuple[Any, ...]) -> Any:
        """A tangent or cotangent times the partial of argument i, without multiplying by 1."""
        partial = self.partials[i]
        if isinstance(partial, int):
            return derivative if partial == 1 else -derivative
        try:
            return derivative * partial(out, *raised(out, args))
        except (ZeroDivisionError, OverflowError):
            return derivative * self.partial(i, out, args)

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        total: Any = None
        for i, tangent in enumerate(tangents):
            if tangent is None:
                continue
            if batched:
                tangent = align(tangent, args[i], out)
            term = self.scaled(i, tangent, out, args)
            total = term if total is None else total + term
        return spread(total, out, batched)

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        share = self.scaled(i, cotangent, out, args)
        return share if type(share) is float else fit(share, args[i])

    def reads(self, i: int, count: int) -> frozenset[int]:
        partial = self.partials[i]
        if isinstance(partial, int):
            return frozenset()
        return super().reads(i, count) if self.uneven else read_by(partial, count + 1)


class Choice(Elementwise):
    """An elementwise function that passes one of its arguments on: what it did not choose contributes exactly 0."""

    selects = True

    def scaled(self, i: int, derivative: Any, out: Any, args: tuple[Any, ...]) -> Any:
        return weighted(derivative, self.partial(i, out, args))


class Linear(Primitive):
    """An operation linear in its first argument: its own forward rule; the row adds the transpose.

    `transpose(cotangent, x, **params)` maps a cotangent of the output to one of x. `batched(tangents, x, **params)`
    applies the operation to tangents stacked along a leading axis; without it they are taken one by one. A row whose
    output may be a view of x says what a write to that makes of x: `put(x, new, **params)` is x with `new` in the place
    of the output.
    """

    def __init__(
        self,
        name: str,
        fun: Rule,
        transpose: Rule,
        batched: Rule | None = None,
        selects: bool = False,
        flow: Flow = "dense",
        add_to: Rule | None = None,
        put: Rule | None = None,
    ) -> None:
        super().__init__(name, fun)
        self.put = put
        self.transpose = transpose
        self.batched = batched
        self.selects = selects
        self.flow = flow
        self.add_to = add_to

    def __call__(self, x: Any, **params: Any) -> Any:
        out = bind(self, (x if isinstance(x, Box) else normalize(x),), params)
        if self.put is not None and isinstance(out, Box) and type(out.value) not in PLAIN_NUMBERS:
            tie(out, x, self, params)
        return out

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        tangent = tangents[0]
        if not batched:
            return self(tangent, **params)
        if self.batched is not None:
            return self.batched(tangent, args[0], **params)
        return np.stack([self(one, **params) for one in tangent])

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        return fit(self.transpose(cotangent, args[0], **params), args[0])

    def reads(self, i: int, count: int) -> frozenset[int]:
        return frozenset()


class JointlyLinear(Primitive):
    """An operation linear in all its arguments together, as concatenation is.

    `transpose(i, cotangent, *args, **params)` gives the share of argument i. `batched(tangents, args, out, **params)`
    applies the operation to tangents stacked along a leading axis, one stack per argument.
    """

    def __init__(
        self, name: str, fun: Rule, transpose: Rule, batched: Rule, selects: bool = False, flow: Flow = "dense"
    ) -> None:
        super().__init__(name, fun)
        self.transpose = transpose
        self.batched = batched
        self.selects = selects
        self.flow = flow

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        lead = next(shape_of(t)[:1] for t in tangents if t is not None) if batched else ()
        filled = [
            np.zeros((*lead, *shape_of(x)), dtype_of(out)) if t is None else t
            for t, x in zip(tangents, args, strict=True)
        ]
        return self.batched(filled, args, out, **params) if batched else self(*filled, **params)

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        return fit(self.transpose(i, cotangent, *args, **params), args[i])

    def reads(self, i: int, count: int) -> frozenset[int]:
        return frozenset()


class General(Primitive):
    """An operation whose two directions are both written out, side by side, for each differentiable argument.

    `jvps[i](tangent, out, *args, **params)` pushes the tangent of argument i forward, `vjps[i](cotangent, out, *args,
    **params)` pulls a cotangent back to it. `batched[i]` pushes tangents stacked along a leading axis. `multilinear`:
    linear in each argument, as a product is.
    """

    def __init__(
        self,
        name: str,
        fun: Rule,
        jvps: Sequence[Rule],
        vjps: Sequence[Rule],
        batched: Sequence[Rule | None] | None = None,
        selects: bool = False,
        multilinear: bool = False,
        flow: Flow = "dense",
    ) -> None:
        super().__init__(name, fun)
        self.jvps = tuple(jvps)
        self.vjps = tuple(vjps)
        self.batched = tuple(batched or [None] * len(self.jvps))
        self.selects = selects
        self.multilinear = multilinear
        self.flow = flow

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        total: Any = None
        for i, tangent in enumerate(tangents):
            if tangent is None:
                continue
            term = self._push(i, tangent, out, args, params, batched)
            total = term if total is None else total + term
        return total

    def _push(
        self, i: int, tangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        rule = self.batched[i] if batched else self.jvps[i]
        if rule is not None:
            return rule(tangent, out, *args, **params)
        return np.stack([self.jvps[i](one, out, *args, **params) for one in tangent])

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        rule = self.vjps[i]
        return fit(rule(cotangent, out, *args, **params) if params else rule(cotangent, out, *args), args[i])

    def reads(self, i: int, count: int) -> frozenset[int]:
        # A product's share is the cotangent times the other factors.
        return frozenset(range(1, count + 1)) - {i + 1} if self.multilinear else super().reads(i, count)


class Constant(Primitive):
    """An operation whose derivative is zero wherever it exists: comparisons, floor, argmax, isnan."""

    constant = True


# -- rows ------------------------------------------------------------------------------------------
def elementwise(ufunc: np.ufunc, formula: str, *partials: int | Rule, **options: Any) -> Elementwise:
    """Add the row of an elementwise function and let NumPy's ufunc reach it."""
    return implements(ufunc)(Elementwise(ufunc, formula, *partials, **options))


def by_slope(name: str, fun: Rule, slope: Rule) -> General:
    """The row of an elementwise function of one argument with parameters, or of complex values: `slope(out, x,
    **params)` is its derivative."""

    def scaled(derivative: Any, out: Any, x: Any, **params: Any) -> Any:
        return derivative * slope(out, x, **params)

    return General(name, fun, [scaled], [scaled], batched=[scaled], flow="adds")


def choice(ufunc: np.ufunc, formula: str, *partials: Rule, **options: Any) -> Choice:
    """Add the row of an elementwise function that passes one of its arguments on."""
    return implements(ufunc)(Choice(ufunc, formula, *partials, **options))


def constant(*functions: Rule) -> None:
    """Add rows for functions whose result carries no derivative."""
    for fun in functions:
        implements(fun)(Constant(fun.__name__, fun))


def implements(*functions: Any) -> Callable[[Implementation], Implementation]:
    """Say what adkit calls when one of these NumPy functions, or (ufunc, method name), meets a traced value."""

    def decorator(implementation: Implementation) -> Implementation:
        for fun in functions:
            implementations[fun] = implementation
        return implementation

    return decorator


def parameter(x: Any) -> Any:
    """The plain numbers of what carries no derivative, in an array of their own: f may change the one it used."""
    found = value(normalize(x))
    return np.array(found) if isinstance(found, np.ndarray) else found


def refuse_out(out: Any) -> None:
    """A plain array given as out= would be filled without its derivative."""
    if out is not None:
        raise LostDerivative(
            f"out= would write a traced value into a plain array, which cannot hold the derivative{place()}; "
            "leave out= away and use what the function returns"
        )


# -- what a rule reads -----------------------------------------------------------------------------
class _Watched(Box):
    """A number that says when it is read."""

    __slots__ = ("position",)


class _Watch(Trace):
    """Notes which of its numbers an operation has read."""

    __slots__ = ("read",)

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        self.read |= {arg.position for arg in args if isinstance(arg, _Watched) and arg.owner is self}
        return bind(primitive, self.strip(args), params)

    def number(self, position: int) -> _Watched:
        box = _Watched()
        box.owner, box.value, box.position = self, np.float64(0.5), position
        return box


def read_by(rule: Rule, count: int) -> frozenset[int]:
    """Which of its `count` arguments a rule computes with, found by letting it."""
    watch = _Watch()
    watch.read = set()
    with np.errstate(all="ignore"):
        result = rule(*map(watch.number, range(count)))
    return frozenset(watch.read | ({result.position} if isinstance(result, _Watched) else set()))


# -- NumPy's warnings ------------------------------------------------------------------------------
class _Loud:
    """What stands in where NumPy keeps its settings otherwise than in a context variable."""

    def set(self, state: Any) -> Any:
        setting = np.errstate(all="ignore")
        setting.__enter__()
        return setting

    def reset(self, setting: Any) -> None:
        setting.__exit__(None, None, None)


def _settings() -> tuple[Any, Any]:
    """The variable in which NumPy keeps what it warns of, and its value where that is nothing."""
    with np.errstate(all="ignore"):
        for variable, state in contextvars.copy_context().items():
            if variable.name == "numpy.ufunc.extobj":
                return variable, state
    return _Loud(), None


# Set to the latter the former makes NumPy silent, in a quarter of the time of np.errstate.
_WARNINGS, _NONE = _settings()


def quietly(rule: Rule, *args: Any) -> Any:
    """What a rule gives; what it meets at a pole or an overflow is the derivative's business, and no warning."""
    token = _WARNINGS.set(_NONE)
    try:
        return rule(*args)
    finally:
        _WARNINGS.reset(token)


# -- what the rules of an elementwise row come to --------------------------------------------------
# The terms of x and y are the derivative times y and x; the derivative; it and its negative; the derivative times the
# only partial; what the row's partials say.
PRODUCT, SUM, DIFFERENCE, FUNCTION, ELEMENTWISE = range(5)
DOUBLE = np.dtype(np.float64)


@functools.cache
def kind_of(row: Elementwise) -> int:
    """How the terms of an elementwise row of one or two arguments are computed."""
    if row.partials == (1, 1):
        return SUM
    if row.partials == (1, -1):
        return DIFFERENCE
    if len(row.partials) == 1 and callable(row.partials[0]):
        return FUNCTION
    x, y = object(), object()
    try:
        # A partial that computes something fails on these, and one that passes a number on does not.
        swaps = [partial(None, x, y) for partial in row.partials if not isinstance(partial, int)] == [y, x]
    except (AdkitError, TypeError, AttributeError):
        swaps = False
    return PRODUCT if swaps else ELEMENTWISE


def fits(out: Any, x: Any, y: Any, of_x: Any, of_y: Any) -> bool:
    """Whether the terms of an elementwise operation on arrays have the shape and dtype of what they belong to as they
    are. `of_x` and `of_y` are None where an argument is not active, y where there is none."""
    if type(out) is not _ndarray or out.dtype is not DOUBLE:
        return False
    if of_x is not None:
        if type(x) is not _ndarray or x.dtype is not DOUBLE or x.shape != out.shape:
            return False
    elif of_y is None or not (type(x) in PLAIN_NUMBERS or (type(x) is _ndarray and x.dtype is DOUBLE)):
        return False
    if of_y is not None:
        return type(y) is _ndarray and y.dtype is DOUBLE and y.shape == out.shape
    return y is None or type(y) in PLAIN_NUMBERS or (type(y) is _ndarray and y.dtype is DOUBLE)


# -- the small algebra that rules share ------------------------------------------------------------
def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a number or array, traced or not."""
    while isinstance(x, Box):
        x = x.value
    return x.shape if isinstance(x, (np.ndarray, np.generic)) else np.shape(x)


def raised(out: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """args in which no constant has less precision than the output: partials are computed in that of f's result."""
    if type(out) is float:
        return args
    wanted = out.dtype if isinstance(out, (np.ndarray, np.generic)) else dtype_of(out)
    for x in args:
        if isinstance(x, (np.ndarray, np.generic)) and x.dtype is not wanted and _is_lower(x.dtype, wanted):
            return tuple([_as(x, wanted) if _is_lower(dtype_of(x), wanted) else x for x in args])
    return args


def _as(x: Any, dtype: np.dtype[Any]) -> Any:
    return cast(x, dtype) if isinstance(x, Box) else np.asarray(x, dtype)[()]


def _is_lower(dtype: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    return dtype.kind in "iuf" and wanted.kind == "f" and dtype != wanted and np.can_cast(dtype, wanted, "same_kind")


def fit(cotangent: Any, x: Any) -> Any:
    """A cotangent in the shape and dtype of the x it belongs to: broadcasting undone by sums."""
    # Most cotangents fit as they are; what is asked first are the cheapest questions that show it.
    if type(cotangent) is _ndarray is type(x) and cotangent.dtype is x.dtype and cotangent.dtype.kind == "f":
        return cotangent if cotangent.shape == x.shape else sum_to(cotangent, x.shape)
    given, wanted = plain(cotangent), plain(x)
    kind = type(wanted)
    if kind is np.ndarray:
        if type(given) is kind and given.shape == wanted.shape and given.dtype == wanted.dtype:
            return cotangent
    elif kind in _FLOATS and type(given) in _FLOATS:
        return cotangent
    shape = shape_of(x)
    if shape_of(cotangent) != shape:
        cotangent = sum_to(cotangent, shape)
    return like(cotangent, x)


_FLOATS = frozenset({float, np.float64})
_ndarray = np.ndarray


def sum_to(cotangent: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which an array of this shape was broadcast."""
    given = shape_of(cotangent)
    extra = len(given) - len(shape)
    if extra == 1 and given[1:] == shape and type(cotangent) is _ndarray:
        return np.add.reduce(cotangent, axis=0)
    stretched = tuple(extra + i for i, (n, m) in enumerate(zip(shape, given[extra:], strict=True)) if n != m)
    # What np.sum comes to, in half the time.
    total: Any = (np.sum if isinstance(cotangent, Box) else np.add.reduce)(cotangent, axis=(*range(extra), *stretched))
    return np.reshape(total, shape) if stretched else total


def everywhere(number: Any, shape: tuple[int, ...]) -> Any:
    """An array with one number at every place; a view that takes no memory."""
    if isinstance(number, Box):
        return np.broadcast_to(np.reshape(number, ()), shape)
    # np.broadcast_to itself takes ten times as long.
    cell = np.array(number)
    view = np.ndarray(shape, cell.dtype, cell, strides=(0,) * len(shape))
    view.flags.writeable = False
    return view


def weighted(derivative: Any, weights: Any) -> Any:
    """A derivative times weights, exactly 0 where nothing was chosen: 0 * inf must not speak for it."""
    return np.where(weights == 0, 0.0, derivative * weights)


def unless_nan(found: Any, otherwise: Callable[[], Any]) -> Any:
    """What a rule has found, or otherwise where that has a nan in it.

    The shortest way to a derivative may fail at poles and at infinity. A recorder writes down the shortest way, and
    that it holds as long as there is no nan.
    """
    if isinstance(found, Box) and (stage := stage_of(found)) is not None:
        stage.expect_numbers([found], here=False)
        return found
    return otherwise() if has_nan(found) else found


def has_nan(derivative: Any) -> bool:
    """Whether nan is among the numbers; perhaps also where an infinite complex number is."""
    if type(derivative) is float:
        return derivative != derivative
    x = plain(derivative)
    # One pass without a temporary array: squares are not negative, so that nan can only come from nan.
    return bool(np.isnan(np.vdot(x, x)))


def like(derivative: Any, x: Any) -> Any:
    """A tangent or cotangent in the dtype of what it belongs to."""
    wanted, given = float_dtype(x), dtype_of(derivative)
    if wanted == given:
        return derivative
    if given.kind == "c" and wanted.kind != "c":
        return like(np.real(derivative), x)
    return cast(derivative, wanted)


def cast(x: Any, dtype: Any) -> Any:
    """A number or array, traced or not, in another dtype."""
    array: Any = x if isinstance(x, Box) else np.asarray(x)
    return np.astype(array, dtype)


def align(tangent: Any, x: Any, out: Any) -> Any:
    """Stacked tangents of x with unit axes inserted, so that they broadcast as x does against out."""
    return lined_up(tangent, len(shape_of(out)) - len(shape_of(x)))


def lined_up(tangents: Any, missing: int) -> Any:
    """Stacked tangents with so many unit axes behind the first, so that they broadcast as single ones do."""
    if missing <= 0:
        return tangents
    shape = shape_of(tangents)
    return np.reshape(tangents, (shape[0], *(1,) * missing, *shape[1:]))


def spread(tangent: Any, out: Any, batched: bool) -> Any:
    """A tangent in the shape and dtype of the output, where only a smaller argument was active."""
    if type(out) is float and not batched:
        return tangent
    given, shape = shape_of(tangent), shape_of(out)
    if batched:
        shape = (*given[:1], *shape)
    return like(tangent if given == shape else np.broadcast_to(tangent, shape), out)


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype of a number or array, traced or not."""
    while isinstance(x, Box):
        x = x.value
    if type(x) is float:
        return _FLOAT64
    return x.dtype if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x).dtype


_FLOAT64 = np.dtype(float)


def axis_from_end(x: Any, axis: Any) -> int:
    """The axis that is meant, as a negative number, which a leading axis of stacked tangents does not change."""
    n = len(shape_of(x))
    return normalize_axis_index(axis, n) - n


def is_complex(x: Any) -> bool:
    """Whether a number or array, traced or not, is complex."""
    return dtype_of(x).kind == "c"


def float_dtype(x: Any) -> np.dtype[Any]:
    """The dtype a derivative of x has: that of x, and float64 where x holds integers."""
    dtype = dtype_of(x)
    return dtype if dtype.kind in "fc" else _FLOAT64


def as_numpy(x: Any) -> Any:
    """A Python number as a NumPy scalar, whose arithmetic gives inf and nan instead of exceptions."""
    return np.asarray(x, float_dtype(x))[()] if isinstance(x, (int, float, complex)) else x


def zeros_like(x: Any) -> Any:
    """Zeros in the shape of x, and in the dtype that a derivative of x has."""
    x = plain(x)
    return 0.0 if type(x) is float else np.zeros(np.shape(x), float_dtype(x))[()]
