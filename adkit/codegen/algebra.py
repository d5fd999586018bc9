"""Operations that come to the same with less work: exactly, or within the last bits that reordering allows.

A rule is asked with the arguments in their final form, and answers with a node or constant, or None. Rules of one name
are tried in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import Node
from ..primitives import Primitive
from ..primitives.table import Elementwise, primitives
from .kinds import alike, is_array, is_constant, kind_of, value_of

if TYPE_CHECKING:
    from .simplify import Rewriter

Args = tuple[Any, ...]
Params = Mapping[str, Any]
Rule = Callable[["Rewriter", Args, Params, Any], Any]
RULES: dict[str, list[Rule]] = {}


def rewritten(rewriter: Rewriter, primitive: Primitive, args: Args, params: Params, value: Any) -> Any:
    """What is as good as an operation; None where nothing is known to be."""
    if not primitive.listed or primitives.get(primitive.name) is not primitive:
        return None
    if type(value) is np.ndarray and isinstance(primitive, Elementwise) and not rewriter.mixed:
        for i in range(len(args)):
            smaller = _narrowed(i, args, value)
            if smaller is not args[i]:
                return rewriter.make(primitive, (*args[:i], smaller, *args[i + 1 :]), params, value)
    for rule in RULES.get(primitive.name, ()):
        found = rule(rewriter, args, params, value)
        if found is not None and (isinstance(found, Node) or alike(found, value)):
            return found
    return None


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Let a function be tried on the primitives of these names."""

    def decorator(function: Rule) -> Rule:
        for name in names:
            RULES.setdefault(name, []).append(function)
        return function

    return decorator


def _narrowed(i: int, args: Args, value: Any) -> Any:
    """An argument of an elementwise operation: one number where an array holds that number everywhere."""
    x = args[i]
    if not is_array(x) or _shape_without(i, args) != np.shape(value):
        return x
    if isinstance(x, Node):
        number = _number_everywhere(x)
        return x if number is None else number
    return _one_number(x, value)


def _shape_without(i: int, args: Args) -> tuple[int, ...]:
    return np.broadcast_shapes(*(np.shape(value_of(x)) for k, x in enumerate(args) if k != i))


def _number_everywhere(x: Node) -> Any:
    """The number that a node repeats over an array, if that is what it does and its precision is float64."""
    if x.primitive is None or x.primitive.name != "broadcast_to" or value_of(x).dtype != np.float64:
        return None
    return x.args[0] if kind_of(value_of(x.args[0])) == "float" else None


def _one_number(x: Any, value: Any) -> Any:
    """A constant array as one number, where it is the same everywhere and of the result's precision."""
    if x.size == 0 or x.dtype.kind != "f" or x.dtype != getattr(value, "dtype", None):
        return x
    first, last = x[(0,) * x.ndim], x[(-1,) * x.ndim]
    if first != last or not (x == first).all() or (first == 0 and np.signbit(x).any()):
        return x
    return float(first)


def is_number(x: Any, number: float) -> bool:
    """Whether an argument is this constant number."""
    return type(x) in (int, float, np.float64) and x == number


def made(name: str, node: Node) -> bool:
    """Whether a node comes from the primitive of this name."""
    return node.primitive is primitives[name]


def is_made(name: str, x: Any) -> bool:
    """Whether an argument is a node that comes from the primitive of this name."""
    return isinstance(x, Node) and x.primitive is primitives[name]


def standing_in(rewriter: Rewriter, x: Any, value: Any) -> Any:
    """x in place of an operation with this value, where it is of the same shape, dtype and type."""
    same = alike(x, value) and (not rewriter.mixed or type(value_of(x)) is type(value))
    return x if same else None


# -- neutral and absorbing numbers -----------------------------------------------------------------
@rule("multiply")
def _times_one(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    x, y = args
    for number, other in ((x, y), (y, x)):
        if is_number(number, 1):
            return standing_in(rewriter, other, value)
        if is_number(number, -1) and alike(other, value) and not rewriter.mixed:
            return rewriter.make(primitives["negative"], (other,), {}, value)
    return None


@rule("divide")
def _over_one(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    return standing_in(rewriter, args[0], value) if is_number(args[1], 1) else None


@rule("divide")
def _over_power_of_two(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    """A quotient by a power of two as the product that is exactly the same."""
    x, y = args
    if type(y) not in (int, float, np.float64) or not 1e-300 < abs(y) < 1e300 or abs(math.frexp(y)[0]) != 0.5:
        return None
    return rewriter.make(primitives["multiply"], (x, 1 / float(y)), {}, value)


@rule("subtract")
def _minus_zero(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    zero = is_number(args[1], 0) and math.copysign(1, args[1]) > 0
    return standing_in(rewriter, args[0], value) if zero else None


@rule("power", "float_power")
def _small_power(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    x, exponent = args
    if is_number(exponent, 1):
        return standing_in(rewriter, x, value)
    # The power of a Python float raises where it overflows.
    if is_number(exponent, 2) and alike(x, value) and type(value) is not float:
        return rewriter.make(primitives["multiply"], (x, x), {}, value)
    return None


@rule("square")
def _square(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    return rewriter.make(primitives["multiply"], (args[0], args[0]), {}, value) if alike(args[0], value) else None


# -- signs -----------------------------------------------------------------------------------------
@rule("negative")
def _negative(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    """--x is x; the minus of a constant factor is the factor's."""
    (x,) = args
    if is_made("negative", x):
        return x.args[0]
    if is_made("multiply", x) and rewriter.swallowed(x):
        for i in (0, 1):
            if type(x.args[i]) in (int, float, np.float64):
                factors = (-x.args[i], x.args[1]) if i == 0 else (x.args[0], -x.args[1])
                return rewriter.make(primitives["multiply"], factors, {}, value)
    return None


@rule("add")
def _plus_minus(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    x, y = args
    if is_made("negative", y):
        return rewriter.make(primitives["subtract"], (x, y.args[0]), {}, value)
    if is_made("negative", x):
        return rewriter.make(primitives["subtract"], (y, x.args[0]), {}, value)
    return None


@rule("subtract")
def _minus_minus(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    x, y = args
    return rewriter.make(primitives["add"], (x, y.args[0]), {}, value) if is_made("negative", y) else None


# -- the same numbers in another shape -------------------------------------------------------------
@rule("reshape", "broadcast_to")
def _same_shape(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    (x,) = args
    return standing_in(rewriter, x, value)


@rule("reshape")
def _reshape_twice(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    (x,) = args
    return rewriter.make(x.primitive, x.args, params, value) if is_made("reshape", x) else None


@rule("transpose")
def _transpose_twice(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    (x,) = args
    axes = tuple(params["axes"])
    if axes == tuple(range(len(axes))):
        return standing_in(rewriter, x, value)
    if not is_made("transpose", x):
        return None
    inner = x.params["axes"]
    return rewriter.make(x.primitive, x.args, {"axes": tuple([inner[i] for i in axes])}, value)


@rule("copy", "astype", "item", "positive")
def _itself(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    return standing_in(rewriter, args[0], value)


@rule("real", "conjugate")
def _of_a_real_number(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    return None if np.iscomplexobj(value_of(args[0])) else standing_in(rewriter, args[0], value)


@rule("sum")
def _sum_of_one(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    return standing_in(rewriter, args[0], value) if not params.get("axis", True) else None


@rule("sum")
def _sum_everywhere(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    """The sum of one number again and again."""
    (x,) = args
    if not is_made("broadcast_to", x) or kind_of(value_of(x.args[0])) != "float" or rewriter.mixed:
        return None
    if kind_of(value) != "float" or set(params) - {"axis", "keepdims"} or 0 in x.shape:
        return None
    return rewriter.make(primitives["multiply"], (x.args[0], float(math.prod(x.shape))), {}, value)


def is_plain_number(x: Any) -> bool:
    """Whether an argument is a constant float64."""
    return is_constant(x) and type(x) in (int, float, np.float64)


# -- constant factors of arrays --------------------------------------------------------------------
def _factored(x: Any) -> tuple[float, Any] | None:
    """A product with a constant as the constant and the rest."""
    if not is_made("multiply", x):
        return None
    for constant, rest in (x.args, x.args[::-1]):
        if is_plain_number(constant) and isinstance(rest, Node):
            return float(constant), rest
    return None


def _is_pulled(rewriter: Rewriter, x: Any, value: Any) -> bool:
    """Whether an argument is a product with a constant that nobody else needs, as large as the result."""
    factors = _factored(x) if rewriter.swallowed(x) and is_array(x) else None
    return factors is not None and np.shape(value_of(factors[1])) == np.shape(value) and _is_tame(factors[0])


def _is_tame(number: float) -> bool:
    """Whether numbers of an ordinary size stay that when multiplied by it."""
    return 1e-30 < abs(number) < 1e30


def times(rewriter: Rewriter, x: Any, number: float, value: Any) -> Any:
    """x times a constant."""
    return rewriter.make(primitives["multiply"], (x, number), {}, value)


@rule("multiply")
def _factors_together(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    """(c x) y is c (x y), so that the constants of a chain meet in one."""
    if not is_array(value) or value.dtype != np.float64 or rewriter.mixed:
        return None
    for i, x in enumerate(args):
        if not _is_pulled(rewriter, x, value):
            continue
        other = args[1 - i]
        number, rest = _factored(x) or (1.0, x)
        if is_plain_number(other):
            return times(rewriter, rest, number * float(other), value) if _is_tame(float(other)) else None
        if isinstance(other, Node) and other is not x:
            product = rewriter.make(primitives["multiply"], (rest, other) if i == 0 else (other, rest), {}, value)
            rewriter.swallow(product)
            return times(rewriter, product, number, value)
    return None


@rule("add")
def _sum_of_multiples(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    """c x + c y is c (x + y), c x - c y is c (x - y): one array less."""
    if not is_array(value) or rewriter.mixed or not all(_is_pulled(rewriter, x, value) for x in args):
        return None
    (a, x), (b, y) = (_factored(arg) or (0.0, arg) for arg in args)
    if a == b:
        inner = rewriter.make(primitives["add"], (x, y), {}, value)
    elif a == -b:
        inner = rewriter.make(primitives["subtract"], (y, x), {}, value)
    else:
        return None
    rewriter.swallow(inner)
    return times(rewriter, inner, b, value)


# -- the logistic function and its integral --------------------------------------------------------
# From this size on the parts of a softplus, which NumPy computes several at a time, are quicker than the whole.
WIDE = 256


def _with_zero(args: Args) -> Any:
    """The argument of a function of two arrays whose other argument is 0."""
    for number, x in (args, args[::-1]):
        if is_number(number, 0) and is_array(x) and isinstance(x, Node) and value_of(x).dtype == np.float64:
            return x
    return None


@rule("logaddexp")
def _softplus(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    """log(1 + e^z) as max(z, 0) + log(1 + e^-|z|)."""
    z = _with_zero(args)
    if z is None or rewriter.uses is None or value.size < WIDE:
        return None
    make = rewriter.make
    size = make(primitives["absolute"], (z,), {}, value)
    power = make(primitives["exp"], (make(primitives["negative"], (size,), {}, value),), {}, value)
    # Of a nan the other term is nan too, so that fmax, the quicker one, will do.
    tail = rewriter.tails[z.index] = make(primitives["log1p"], (power,), {}, value)
    return make(primitives["add"], (tail, make(primitives["fmax"], (z, 0.0), {}, value)), {}, value)


@rule("exp_share")
def _logistic(rewriter: Rewriter, args: Args, params: Params, value: Any) -> Any:
    """1 / (1 + e^-z) as e^(min(z, 0) - log(1 + e^-|z|)), where that logarithm is known, and as it stands where not."""
    z, zero = args
    if rewriter.uses is None or not is_number(zero, 0) or _with_zero(args) is not z:
        return None
    make = rewriter.make
    if (tail := rewriter.tails.get(z.index)) is not None:
        low = make(primitives["fmin"], (z, 0.0), {}, value)
        return make(primitives["exp"], (make(primitives["subtract"], (low, tail), {}, value),), {}, value)
    power = make(primitives["exp"], (make(primitives["negative"], (z,), {}, value),), {}, value)
    return make(primitives["divide"], (1.0, make(primitives["add"], (power, 1.0), {}, value)), {}, value)
