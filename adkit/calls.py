"""One call of f: which numbers among its arguments are differentiated, and what its output may be.

Every method sees the same thing: a list of leaves (floats and float arrays) and a function of such a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .containers import Structure, flatten, paths, unflatten
from .errors import ArgumentError, BadRequest, OutputError, place
from .primitives.table import dtype_of, like, zeros_like
from .tracing import Box, is_traced, normalize, plain, surface, value

Leaves = list[Any]
Argnums = int | tuple[int, ...]


def check_argnums(argnums: Any) -> tuple[int, ...]:
    """argnums as a tuple of integers."""
    chosen = tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)
    if not chosen or any(not isinstance(i, (int, np.integer)) or isinstance(i, bool) for i in chosen):
        raise BadRequest(f"argnums must be an argument's position or a tuple of positions, not {argnums!r}")
    return tuple(int(i) for i in chosen)


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
            raise ArgumentError(f"a function is needed to differentiate, not {type(f).__name__}{place()}")
        self.f = f
        self.args = list(args)
        self.kwargs = dict(kwargs or {})
        self.has_aux = has_aux
        self.aux: Any = None
        self.ran = False
        self.single = not isinstance(argnums, (tuple, list))
        self.positions = [self._position(i) for i in check_argnums(argnums)]
        self.leaves: Leaves = []
        self.structures: list[Structure] = []
        self.names: list[str] = []
        for i in self.positions:
            found, structure = flatten(self.args[i])
            self.names += paths(self.args[i], f"argument {i}")
            self.structures.append(structure)
            self.leaves += found
        self.leaves = [promote(leaf, name) for leaf, name in zip(self.leaves, self.names, strict=True)]

    def _position(self, i: int) -> int:
        n = len(self.args)
        if not -n <= i < n:
            raise BadRequest(
                f"argnums={i} asks for an argument that was not given: {n} positional argument(s){place()}"
            )
        return i % n

    # -- f as a function of the leaves -------------------------------------------------------------
    def __call__(self, leaves: Leaves) -> Any:
        """Run f with these leaves in place of its own; aux is set aside."""
        args = list(self.args)
        for i, part in zip(self.positions, self.split(leaves), strict=True):
            args[i] = part
        try:
            out = self.f(*args, **self.kwargs)
        except (TypeError, ValueError) as error:
            hidden = surface(error)
            if hidden is None:
                raise
            raise hidden from None
        return self._without_aux(out) if self.has_aux else out

    def moved(self, leaves: Leaves) -> Call:
        """The same call at another point."""
        args = list(self.args)
        for i, part in zip(self.positions, self.split(leaves), strict=True):
            args[i] = part
        return Call(self.f, self.positions[0] if self.single else tuple(self.positions), args, self.kwargs, self.has_aux)

    def _without_aux(self, out: Any) -> Any:
        if not isinstance(out, tuple) or len(out) != 2:
            raise OutputError(
                f"with has_aux=True f must return a pair (output, aux); {self.where()} returned {kind_of(out)}"
            )
        leaves, structure = flatten(out[1])
        self.aux = unflatten(structure, [value(leaf) for leaf in leaves])
        self.ran = True
        return out[0]

    def scalar(self, leaves: Leaves) -> Any:
        """f's output, which must be one real number, as a 0-d value."""
        return self.as_scalar(self(leaves))

    def as_scalar(self, out: Any) -> Any:
        """The output as one real number, or a refusal."""
        out = self.numeric(out)
        if isinstance(out, (Box, np.ndarray)) and out.size != 1:
            raise OutputError(
                f"a gradient needs one number, but {self.where()} returned an array of shape {np.shape(plain(out))}: "
                "use ad.jacobian(f) for the derivatives of all its elements, ad.vjp(f, x) for a weighted sum of them, "
                "or return a number (np.sum, np.mean)"
            )
        if dtype_of(out).kind == "c":
            raise OutputError(
                f"a gradient needs one real number, but {self.where()} returned a complex one: return np.real(...), "
                "np.imag(...) or np.abs(...) of it, or use ad.vjp"
            )
        return np.reshape(out, ()) if np.ndim(plain(out)) else out

    def numeric(self, out: Any) -> Any:
        """One output leaf as a number, array or box, or a refusal."""
        if isinstance(out, (list, tuple, dict)):
            raise OutputError(
                f"a gradient needs one number, but {self.where()} returned {kind_of(out)}: return one number (extra "
                "outputs through has_aux=True), or use ad.jacobian or ad.vjp"
            )
        return self.leaf(out)

    def leaf(self, out: Any) -> Any:
        """A number or array that f returned; object arrays of traced numbers become one."""
        if isinstance(out, Box):
            return out
        if out is None or isinstance(out, (str, bytes)):
            raise OutputError(f"{self.where()} returned {kind_of(out)}, where a number is needed: check its return")
        out = normalize(out)
        if isinstance(out, Box) or type(out) is float:
            return out
        if np.asarray(out).dtype.kind not in "biufc":
            raise OutputError(f"{self.where()} returned {kind_of(out)}, where a number or array of numbers is needed")
        return out if isinstance(out, (np.ndarray, np.generic)) else np.asarray(out)[()]

    def output_leaves(self, out: Any) -> tuple[Leaves, Structure]:
        """The numbers and arrays in an output that may be a container."""
        leaves, structure = flatten(out)
        return [self.leaf(leaf) for leaf in leaves], structure

    # -- results in the caller's own shapes --------------------------------------------------------
    def split(self, leaves: Leaves) -> list[Any]:
        """Leaves put back into one container per differentiated argument."""
        parts, start = [], 0
        for structure in self.structures:
            count = _count(structure)
            parts.append(unflatten(structure, leaves[start : start + count]))
            start += count
        return parts

    def arrange(self, leaves: Leaves) -> Any:
        """Leaves in the structure that was asked for: one argument's, or a tuple of several."""
        parts = self.split(leaves)
        return parts[0] if self.single else tuple(parts)

    def gradient(self, leaves: Leaves) -> Any:
        """Cotangents of the leaves, each a number or an array of its own in the shape and dtype of its leaf."""
        return self.arrange(finished(leaves, self.leaves))

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


def _count(structure: Structure) -> int:
    return 1 if structure is None else sum(map(_count, structure[1]))


def promote(leaf: Any, name: str) -> Any:
    """A leaf as a float, NumPy scalar or float array; integers become float64. Anything else is refused."""
    if type(leaf) is float or isinstance(leaf, Box):
        return leaf
    if isinstance(leaf, np.ndarray) and leaf.dtype == object and is_traced(leaf):
        return normalize(leaf)
    if isinstance(leaf, (bool, np.bool_)) or not isinstance(leaf, (int, float, complex, np.number, np.ndarray)):
        raise ArgumentError(_not_differentiable(name, kind_of(leaf)))
    if isinstance(leaf, (int, float, complex)) and not isinstance(leaf, np.generic):
        return _float_of(leaf, name) if isinstance(leaf, (int, float)) else leaf
    if leaf.dtype.kind in "fc":
        return np.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf
    if leaf.dtype.kind not in "iu":
        raise ArgumentError(_not_differentiable(name, kind_of(leaf)))
    return leaf.astype(float)


def _float_of(leaf: float, name: str) -> float:
    try:
        return float(leaf)
    except OverflowError:
        raise ArgumentError(f"{name} is an integer too large for a float{place()}") from None


def _not_differentiable(name: str, kind: str) -> str:
    return (
        f"{name} is {kind}, which cannot be differentiated{place()}: pass floats, float arrays or containers of them, "
        "or leave this argument out of argnums"
    )


def kind_of(x: Any) -> str:
    """What x is, for a sentence."""
    if x is None:
        return "None"
    if isinstance(x, np.ndarray):
        return f"an array of dtype {x.dtype} and shape {x.shape}"
    article = "an" if type(x).__name__[0] in "aeiou" else "a"
    return f"{article} {type(x).__name__}" + (f" {x!r}" if isinstance(x, (str, bool)) and len(repr(x)) < 40 else "")


def finished(derivatives: Sequence[Any], leaves: Sequence[Any]) -> Leaves:
    """Derivatives in the shape, dtype and Python type of what they belong to, none sharing memory."""
    seen: set[int] = set()
    return [_finished(d, leaf, seen) for d, leaf in zip(derivatives, leaves, strict=True)]


def _finished(derivative: Any, leaf: Any, seen: set[int]) -> Any:
    derivative = like(derivative, leaf)
    if isinstance(derivative, Box):
        return derivative
    if type(leaf) in (float, complex):
        return type(leaf)(derivative)
    if not isinstance(leaf, np.ndarray) and not isinstance(leaf, Box):
        return leaf.dtype.type(derivative)
    if np.ndim(derivative) == 0 and not np.ndim(plain(leaf)):
        return np.array(derivative) if isinstance(leaf, np.ndarray) else np.asarray(derivative)[()]
    shared = derivative.base is not None or not derivative.flags.writeable or id(derivative) in seen
    derivative = derivative.copy() if shared else derivative
    seen.add(id(derivative))
    return derivative


def matching(given: Any, call: Call, what: str) -> Leaves:
    """Tangents for the leaves of a call, checked and in the leaves' dtypes."""
    leaves: Leaves = []
    for part, structure in zip(given, call.structures, strict=True):
        found, found_structure = flatten(part)
        if _shape_of(found_structure) != _shape_of(structure):
            raise ArgumentError(f"{what} must have the structure of what they belong to{place()}")
        leaves += found
    return [
        matched(normalize(d), leaf, f"{what} of {name}")
        for d, leaf, name in zip(leaves, call.leaves, call.names, strict=True)
    ]


def _shape_of(structure: Structure) -> Any:
    """A structure without the types of its containers: how many parts at each place."""
    return None if structure is None else tuple(map(_shape_of, structure[1]))


def matched(derivative: Any, leaf: Any, what: str) -> Any:
    """A tangent or cotangent, which must have the shape of its leaf, in the leaf's dtype."""
    try:
        shape, kind = np.shape(plain(derivative)), dtype_of(derivative).kind
    except ValueError:
        shape, kind = None, "O"
    if kind not in "iufc":
        raise ArgumentError(f"the {what} must be numbers{place()}, not {kind_of(derivative)}")
    if shape != np.shape(plain(leaf)):
        raise ArgumentError(f"the {what} has shape {shape} where {np.shape(plain(leaf))} is needed{place()}")
    derivative = like(derivative, leaf)
    return float(derivative) if type(leaf) is float and not isinstance(derivative, Box) else derivative


def ones_like(out: Any) -> Any:
    """The cotangent 1 of a scalar output."""
    return 1.0 if type(plain(out)) is float else np.ones_like(zeros_like(out))[()]


def size_of(leaves: Sequence[Any]) -> int:
    """How many numbers the leaves hold."""
    return sum(math.prod(np.shape(plain(leaf))) for leaf in leaves)
