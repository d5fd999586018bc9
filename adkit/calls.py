"""One call of f: which numbers among its arguments are differentiated, and what its output may be.

Every method sees the same thing: a list of leaves (floats and float arrays) and a function of such a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import refusals
from .asking import ASKING, teach_loaded
from .containers import Container, Structure, build, flatten, flatten_like, is_container, paths, unflatten
from .errors import ArgumentError, BadRequest, LostDerivative, NoRule, OutputError, place
from .lending import lend
from .primitives.table import DOUBLE, dtype_of, like, zeros_like
from .tracing import Box, inside, is_traced, normalize, now, plain, refusal_behind

Leaves = list[Any]
Argnums = int | tuple[int, ...]
_FLOATS = frozenset({float, np.float64})
_ONE = np.float64(1.0)
_IMMUTABLE = frozenset({float, int})


def check_argnums(argnums: Any) -> tuple[int, ...]:
    """argnums as a tuple of integers."""
    chosen = tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)
    if not chosen or any(not isinstance(i, (int, np.integer)) or isinstance(i, bool) for i in chosen):
        raise BadRequest(f"argnums must be an argument's position or a tuple of positions, not {argnums!r}{place()}")
    return tuple(int(i) for i in chosen)


def _as_they_are(argnums: Any, count: int) -> tuple[int, ...] | None:
    """argnums as positions where there is nothing to be said about them; None otherwise."""
    if type(argnums) is int:
        return (argnums,) if 0 <= argnums < count else None
    if type(argnums) is not tuple:
        return None
    last = -1
    for i in argnums:
        if type(i) is not int or not last < i < count:
            return None
        last = i
    return argnums


class Call:
    """f, its arguments at one call, and the leaves that are differentiated."""

    def __init__(
        self,
        f: Callable[..., Any],
        argnums: Argnums,
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None = None,
        has_aux: bool = False,
    ) -> None:
        if not callable(f):
            raise ArgumentError(f"a function is needed to differentiate, not {kind_of(f)}{place()}")
        self.f = f
        self.args = args
        self.kwargs = {name: lend(arg) for name, arg in kwargs.items()} if kwargs else {}
        self.has_aux = has_aux
        if has_aux:
            self.aux: Any = None
            self.ran = False
            self.began = now()
        self.single = not isinstance(argnums, (tuple, list))
        # Written out for the common case, since every gradient comes along here.
        found = _as_they_are(argnums, len(args))
        positions = found or self._positions(argnums)
        self.positions: tuple[int, ...] = positions
        # Whether all arguments are differentiated, in their order.
        self.whole = found is not None and len(found) == len(args)
        self.leaves: Leaves = []
        self.structures: list[Structure] = []
        # Whether every differentiated argument is a number or an array itself.
        self.flat = True
        for i in positions:
            arg = self.args[i]
            if type(arg) is float:
                self.leaves.append(arg)
                self.structures.append(None)
            else:
                self._take(arg)

    def _take(self, arg: Any) -> None:
        """Add the leaves of an argument."""
        found, structure = flatten(arg)
        self.structures.append(structure)
        self.flat = self.flat and structure is None
        for leaf in found:
            ready = type(leaf) is float or (type(leaf) is np.ndarray and leaf.dtype is DOUBLE)
            self.leaves.append(leaf if ready else self._promoted(leaf))

    def _promoted(self, leaf: Any) -> Any:
        try:
            return promote(leaf)
        except _UnfitError as reason:
            name = self.names[len(self.leaves)]
            message = f"{name} is {kind_of(leaf)}, which cannot be differentiated{place()}: {reason}"
            raise ArgumentError(message) from None

    @property
    def names(self) -> list[str]:
        """What a person would call each leaf."""
        return [path for i in self.positions for path in paths(self.args[i], f"argument {i}")]

    def _positions(self, argnums: Any) -> tuple[int, ...]:
        """argnums as positions counted from the front."""
        chosen = check_argnums(argnums)
        if not all(-len(self.args) <= i < len(self.args) for i in chosen):
            self._spell_out()
        n = len(self.args)
        for i in chosen:
            if not -n <= i < n:
                given = f"f was given {n} positional argument{'s' * (n != 1)}"
                raise BadRequest(f"argnums={i} asks for an argument that is not there: {given}{place()}")
        positions = tuple(i % n for i in chosen)
        if len(set(positions)) < len(positions):
            raise BadRequest(f"argnums={argnums!r} asks for an argument twice{place()}")
        return positions

    def _spell_out(self) -> None:
        """Arguments given by keyword, and defaults, as positional ones: an argnum may mean one of them."""
        import inspect

        try:
            bound = inspect.signature(self.f).bind(*self.args, **self.kwargs)
        except TypeError:
            self.f(*self.args, **self.kwargs)  # Python's own complaint about the arguments
        except ValueError:
            return  # a built-in function without a signature
        else:
            bound.apply_defaults()
            self.args, self.kwargs = bound.args, bound.kwargs

    # -- f as a function of the leaves -------------------------------------------------------------
    def __call__(self, leaves: Leaves) -> Any:
        """Run f with these leaves in place of its own; aux is set aside."""
        if ASKING:
            teach_loaded()
        try:
            kwargs = {name: lend(arg) for name, arg in self.kwargs.items()} if self.kwargs else {}
            out = self.f(*self.arguments(leaves), **kwargs)
        except (TypeError, ValueError, AttributeError, SystemError) as error:
            if ASKING and teach_loaded():
                return self(leaves)  # f has imported what was not there before it ran
            refusal = (self._lends() and refusals.written_to_argument(error)) or refusal_behind(error)
            if refusal is None:
                raise
            raise refusal.with_traceback(error.__traceback__) from refusal.__cause__
        return self._without_aux(out) if self.has_aux else out

    def arguments(self, leaves: Leaves) -> list[Any]:
        """f's positional arguments with these leaves in place of its own; f can only read the others."""
        if self.flat and self.whole:
            return list(leaves)
        args = list(self.args)
        if len(args) > len(self.positions):
            args = [arg if type(arg) in _IMMUTABLE else lend(arg) for arg in args]
        for i, part in zip(self.positions, leaves if self.flat else self.split(leaves), strict=True):
            args[i] = part
        return args

    def _lends(self) -> bool:
        """Whether f can only read something that the caller can write."""
        others = [arg for i, arg in enumerate(self.args) if i not in self.positions]
        return any(isinstance(arg, np.ndarray) for arg in (*others, *self.kwargs.values()))

    def moved(self, leaves: Leaves) -> Call:
        """The same call at another point."""
        argnums = self.positions[0] if self.single else self.positions
        return Call(self.f, argnums, self.arguments(leaves), self.kwargs, self.has_aux)

    def _without_aux(self, out: Any) -> Any:
        if not isinstance(out, tuple) or len(out) != 2:
            raise OutputError(
                f"with has_aux=True f must return a pair (output, aux), but {self.where()} returned {kind_of(out)}"
            )
        if not self.ran:
            # Of several runs the first is the one at the point itself.
            leaves, structure = flatten(out[1])
            self.aux = unflatten(structure, [self._plain_aux(leaf) for leaf in leaves])
            self.ran = True
        return out[0]

    def _plain_aux(self, leaf: Any) -> Any:
        """A leaf of aux as the caller sees it: without what the transformation under way wrapped around it."""
        leaf = inside(normalize(leaf) if is_traced(leaf) else leaf, self.began)
        if isinstance(leaf, Box):
            return leaf.again()
        return leaf.copy("K") if type(leaf) is np.ndarray else leaf

    def scalar(self, leaves: Leaves) -> Any:
        """f's output, which must be one real number, as a 0-d value."""
        return self.as_scalar(self(leaves))

    def as_scalar(self, out: Any) -> Any:
        """The output as one real number, or a refusal."""
        if type(out) is float or (isinstance(out, Box) and type(out.value) in _FLOATS and not out.owner.closed):
            return out
        out = self.numeric(out)
        value = plain(out)
        if type(value) in _FLOATS:
            return out
        if np.size(value) != 1:
            raise OutputError(
                f"a gradient needs one number, but {self.where()} returned an array of shape {np.shape(value)}: "
                "use ad.jacobian(f) for the derivatives of all its elements, ad.vjp(f, x) for a weighted sum of them, "
                "or return a number (np.sum, np.mean)"
            )
        if dtype_of(value).kind == "c":
            raise OutputError(
                f"a gradient needs one real number, but {self.where()} returned a complex one: return np.real(...), "
                "np.imag(...) or np.abs(...) of it, or use ad.vjp"
            )
        return np.reshape(out, ()) if isinstance(value, np.ndarray) else out

    def numeric(self, out: Any) -> Any:
        """One output leaf as a number, array or box, or a refusal."""
        if is_container(out):
            raise OutputError(
                f"a gradient needs one number, but {self.where()} returned {kind_of(out)}: return one number (extra "
                "outputs through has_aux=True), or use ad.jacobian or ad.vjp"
            )
        return self.leaf(out)

    def leaf(self, out: Any) -> Any:
        """A number or array that f returned; object arrays of traced numbers become one."""
        try:
            out = normalize(out)
        except (LostDerivative, NoRule):
            raise self._no_number(out) from None
        if isinstance(out, Box):
            out.owner.require_open()
            return out
        if isinstance(out, (int, float, complex)):
            return out
        array = _numbers(np.asarray(out))
        if array.dtype.kind not in "biufc":
            raise self._no_number(out)
        return out if isinstance(out, np.generic) else array if isinstance(out, np.ndarray) else array[()]

    def _no_number(self, out: Any) -> OutputError:
        hint = ": check its return" if out is None or isinstance(out, (str, bytes)) else ""
        return OutputError(
            f"{self.where()} returned {kind_of(out)}, where a number or array of numbers is needed{hint}"
        )

    def output_leaves(self, out: Any) -> tuple[Leaves, Structure]:
        """The numbers and arrays in an output that may be a container."""
        leaves, structure = flatten(out)
        return [self.leaf(leaf) for leaf in leaves], structure

    # -- results in the caller's own shapes --------------------------------------------------------
    def split(self, leaves: Leaves) -> list[Any]:
        """Leaves put back into one container per differentiated argument."""
        if self.flat:
            return list(leaves)
        left = iter(leaves)
        return [build(structure, left) for structure in self.structures]

    def arrange(self, leaves: Leaves) -> Any:
        """Leaves in the structure that was asked for: one argument's, or a tuple of several."""
        parts = leaves if self.flat else self.split(leaves)
        return parts[0] if self.single else tuple(parts)

    def gradient(self, leaves: Leaves) -> Any:
        """Cotangents of the leaves, each a number or an array of its own in the shape and dtype of its leaf."""
        return self.arrange(finished(leaves, self.leaves))

    def rearranged(self, gradient: Any, source: str) -> Leaves:
        """The leaves of a gradient that somebody else computed, each in the shape of its leaf; or a refusal."""
        leaves = self.leaves_of(gradient)
        if leaves is None:
            raise ArgumentError(f"{source} returned {kind_of(gradient)}, which has not the structure of the arguments")
        names = [f"gradient of {name}" for name in self.names]
        return [own(matched(d, x, n)) for d, x, n in zip(leaves, self.leaves, names, strict=True)]

    def takes(self, gradient: Any) -> bool:
        """Whether a gradient has the structure and shapes of the differentiated arguments."""
        leaves = self.leaves_of(gradient)
        return leaves is not None and all(
            np.shape(plain(d)) == np.shape(plain(x)) for d, x in zip(leaves, self.leaves, strict=True)
        )

    def leaves_of(self, gradient: Any) -> Leaves | None:
        """What belongs to each leaf, in the structure that was asked for; None of what has another structure."""
        leaves = None
        if not self.single:
            leaves = flatten_like(Container(tuple, self.positions, tuple(self.structures)), gradient)
        if leaves is None and len(self.positions) == 1:
            leaves = flatten_like(self.structures[0], gradient)
        return leaves

    def finish_aux(self) -> Any:
        """What f returned beside its output; f is run once more if the method never ran it."""
        if not self.ran:
            self(self.leaves)
        return self.aux

    def where(self) -> str:
        """f's name and the place of its definition."""
        code = getattr(self.f, "__code__", None)
        name = getattr(self.f, "__name__", type(self.f).__name__)
        return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


# -- arguments -------------------------------------------------------------------------------------
class _UnfitError(Exception):
    """Why a leaf cannot be differentiated, and what to pass instead."""


def promote(leaf: Any) -> Any:
    """A leaf as a float, NumPy scalar or float array; integers become float64. Anything else is unfit."""
    if type(leaf) is np.ndarray:
        return _promoted_array(leaf)
    if isinstance(leaf, Box):
        leaf.owner.require_open()
        return leaf.again()
    if isinstance(leaf, np.generic):
        return leaf if leaf.dtype.kind in "fc" else _integers(leaf)
    if isinstance(leaf, np.ndarray):
        return _promoted_array(leaf)
    if isinstance(leaf, (int, float)) and not isinstance(leaf, bool):
        return _float_of(leaf)
    if isinstance(leaf, complex):
        return leaf
    raise _UnfitError(_advice(leaf))


def _promoted_array(leaf: Any) -> Any:
    if type(leaf) is np.ndarray and leaf.dtype.kind in "fc":
        return leaf
    if type(leaf) is not np.ndarray and not isinstance(leaf, np.memmap):
        # A mask or the product of matrices would be dropped on the way.
        raise _UnfitError("pass an ndarray: np.asarray(x), or x.filled(...) of a masked array")
    if is_traced(leaf):
        return normalize(leaf)
    leaf = _numbers(np.asarray(leaf))
    return leaf if leaf.dtype.kind in "fc" else _integers(leaf)


def _numbers(array: Any) -> Any:
    """An object array of plain numbers as an array of numbers; anything else as it is."""
    if not array.dtype.hasobject:
        return array
    try:
        found = np.array(array.tolist())
    except ValueError:
        return array
    return found if found.dtype.kind in "iufc" and found.shape == array.shape else array


def _integers(leaf: Any) -> Any:
    if leaf.dtype.kind not in "iu":
        raise _UnfitError(_advice(leaf))
    return leaf.astype(float)


def _float_of(leaf: float) -> float:
    try:
        return float(leaf)
    except OverflowError:
        raise _UnfitError("it is too large for a float") from None


def _advice(leaf: Any) -> str:
    if hasattr(leaf, "to_numpy"):
        return "pass its numbers as an array: x.to_numpy()"
    if hasattr(leaf, "__float__") or isinstance(leaf, np.ndarray):
        return "pass floats or float arrays: float(x), x.astype(float)"
    return "pass floats, float arrays or containers of them, or leave this argument out of argnums"


def kind_of(x: Any) -> str:
    """What x is, for a sentence."""
    if x is None:
        return "None"
    if isinstance(x, Box):
        return "a traced value"
    name = type(x).__name__.replace("ndarray", "array")
    article = "an" if name[0] in "aeiouAEIOU" else "a"
    if isinstance(x, np.ndarray):
        return f"{article} {name} of dtype {x.dtype} and shape {x.shape}"
    return f"{article} {name}" + (f" {x!r}" if isinstance(x, (str, bool)) and len(repr(x)) < 40 else "")


# -- results ---------------------------------------------------------------------------------------
def finished(derivatives: Sequence[Any], leaves: Sequence[Any], given: Sequence[Any] = ()) -> Leaves:
    """Derivatives in the dtype and Python type of what they belong to.

    None shares memory with another, with a leaf, or with what else the caller gave.
    """
    found = list(derivatives)
    taken: set[int] | None = None
    for i, leaf in enumerate(leaves):
        d = found[i]
        if type(leaf) is float and type(d) in _FLOATS:
            found[i] = float(d)
            continue
        if taken is None:
            taken = {id(x) for x in (*leaves, *given) if type(x) is not float}
        found[i] = _finished(d, leaf, taken)
    return found


def _finished(derivative: Any, leaf: Any, taken: set[int]) -> Any:
    if type(derivative) is np.ndarray is type(leaf) and derivative.dtype is leaf.dtype:
        return _unshared(derivative, taken)
    derivative = like(derivative, leaf)
    if isinstance(derivative, Box):
        return derivative.again()
    value = plain(leaf)
    if type(value) in (float, complex):
        return type(value)(derivative)
    if isinstance(value, np.generic):
        return value.dtype.type(derivative)
    return _unshared(np.asarray(derivative), taken)


def _unshared(derivative: Any, taken: set[int]) -> Any:
    """An array that shares no memory with what has been taken."""
    if derivative.base is not None or not derivative.flags.writeable or id(derivative) in taken:
        derivative = derivative.copy("K")
    taken.add(id(derivative))
    return derivative


def own(x: Any) -> Any:
    """A result that the caller may keep and change: an array is copied, one without axes is a number."""
    if type(x) in _FLOATS:
        return x
    if isinstance(x, Box):
        return x.again()
    return np.array(x)[()] if isinstance(x, np.ndarray) else x


def matching(given: Any, call: Call, what: str) -> Leaves:
    """Tangents for the leaves of a call, checked and in the leaves' dtypes."""
    leaves: Leaves = []
    for part, structure in zip(given, call.structures, strict=True):
        found = flatten_like(structure, part)
        if found is None:
            raise ArgumentError(f"{what} must have the structure of what they belong to{place()}")
        leaves += found
    if all(map(_matches, leaves, call.leaves)):
        return leaves
    return [
        matched(d, leaf, f"{what} of {name}") for d, leaf, name in zip(leaves, call.leaves, call.names, strict=True)
    ]


def _matches(derivative: Any, leaf: Any) -> bool:
    """Whether a tangent or cotangent can be taken as it is, at a glance."""
    if type(leaf) is float:
        return type(derivative) is float
    if type(leaf) is not np.ndarray or type(derivative) is not np.ndarray:
        return False
    return derivative.dtype is leaf.dtype and derivative.shape == leaf.shape


def matched(derivative: Any, leaf: Any, what: str) -> Any:
    """A tangent or cotangent, which must have the shape of its leaf, in the leaf's dtype."""
    try:
        derivative = normalize(derivative)
    except ValueError:
        raise ArgumentError(f"the {what} is {kind_of(derivative)} of unequal parts{place()}") from None
    value, wanted = plain(derivative), np.shape(plain(leaf))
    kind = dtype_of(value).kind
    if kind not in "iufc":
        raise ArgumentError(f"the {what} must be numbers{place()}, not {kind_of(value)}")
    if np.shape(value) != wanted:
        raise ArgumentError(f"the {what} has shape {np.shape(value)} where {wanted} is needed{place()}")
    if kind == "c" and dtype_of(leaf).kind != "c":
        raise ArgumentError(f"the {what} is complex where a real one is needed{place()}")
    derivative = like(derivative, leaf)
    if isinstance(derivative, Box):
        return derivative.again()
    return float(derivative) if type(plain(leaf)) is float else derivative


def ones_like(out: Any) -> Any:
    """The cotangent 1 of a scalar output."""
    while isinstance(out, Box):
        out = out.value
    if type(out) is float:
        return 1.0
    return _ONE if type(out) is np.float64 else np.ones_like(zeros_like(out))[()]


def size_of(leaves: Sequence[Any]) -> int:
    """How many numbers the leaves hold."""
    return sum(math.prod(np.shape(plain(leaf))) for leaf in leaves)
