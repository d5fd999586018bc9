"""Functions with a derivative of the person's own: operations that adkit does not look into.

One rule is enough for both directions. What it does not state is its transpose: a rule is linear in its tangents, or in
its cotangent, so it is recorded as a function of those and pulled back.
"""

from __future__ import annotations

import functools
import operator
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from . import reverse
from .containers import Structure, count, flatten, flatten_like, unflatten
from .errors import ArgumentError, BadRequest, LostDerivative, OutputError, place
from .lending import is_lent
from .primitives import Elementwise, Primitive
from .primitives.table import dtype_of, like, shape_of, zeros_like
from .tracing import Box, bind, is_traced, normalize

Rule = Callable[..., Any]


def custom_derivative(
    f: Rule | None = None,
    *,
    partials: Rule | Sequence[Rule] | None = None,
    jvp: Rule | None = None,
    vjp: Rule | None = None,
    formula: str | None = None,
) -> Any:
    """f with a derivative of your own, which forward and reverse mode use instead of looking into f.

    f may be anything that computes with plain numbers: compiled code, `math.sin`, an iteration that is not worth
    recording. It gets plain values, and its rules are written in NumPy, so that they can be differentiated again. State
    one of these; the other direction follows from it:

    Args:
        f: the function; without it the call is a decorator.
        partials: for a function that works element by element: `partial(out, *args)` for each argument, the derivative
            of every element of the output with respect to its element of that argument.
        jvp: `jvp(tangents, out, *args)`, the tangent of the output, given a tuple with one tangent per argument (zeros
            where an argument is constant). Linear in the tangents.
        vjp: `vjp(cotangent, out, *args)`, a tuple with one cotangent per argument, in its shape; None for zero. Linear
            in the cotangent.
        formula: for partials, f in SymPy's notation in x (and y), for the symbolic method; without it that refuses.

    Arguments and outputs may be containers of numbers and arrays, and then so are their tangents and cotangents.
    Keyword arguments are constants, handed to f and to its rules. The numerical method sees f alone.

    Returns:
        A function with f's signature. On plain numbers it is f.

    Raises:
        BadRequest: no rule, or rules that contradict each other.
        ArgumentError: a rule returned something of another shape or structure than what it belongs to.

    Example:
        >>> import math
        >>> import numpy as np
        >>> import adkit as ad
        >>> sine = ad.custom_derivative(math.sin, partials=lambda out, x: np.cos(x))
        >>> ad.grad(lambda x: sine(x) * x)(1.0)
        1.3817732906760363
    """
    if f is None:
        return functools.partial(custom_derivative, partials=partials, jvp=jvp, vjp=vjp, formula=formula)
    if not callable(f):
        raise ArgumentError(f"custom_derivative needs a function, not {f!r}{place()}")
    if partials is not None:
        if jvp is not None or vjp is not None:
            raise BadRequest(f"partials state both directions: leave jvp and vjp away{place()}")
        return ByPartials(f, (partials,) if callable(partials) else tuple(partials), formula or "")
    if formula is not None:
        raise BadRequest(f"formula= goes with partials={place()}")
    if jvp is None and vjp is None:
        raise BadRequest(f"custom_derivative needs a rule: partials=, jvp= or vjp={place()}")
    return ByRules(f, jvp, vjp)


class Wrapper:
    """What a function made from f has of it: name, documentation, and being a method where f is one."""

    def __init__(self, f: Rule) -> None:
        wrapper: Any = self
        functools.update_wrapper(wrapper, f)
        self.f = f

    @property
    def name(self) -> str:
        return getattr(self.f, "__name__", type(self.f).__name__)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        method: Any = self
        return self if instance is None else types.MethodType(method, instance)

    def _made_of(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def __reduce__(self) -> Any:
        """By name where it stands in the place of f, as a decorated function does."""
        name = getattr(self.f, "__qualname__", "")
        found = functools.reduce(
            lambda x, part: getattr(x, part, None), name.split("."), sys.modules.get(getattr(self.f, "__module__", ""))
        )
        return name if found is self else (type(self), self._made_of())


def _require_plain(name: str, kwargs: Mapping[str, Any]) -> None:
    """Keyword arguments are constants."""
    for key, arg in kwargs.items():
        if is_traced(arg):
            raise LostDerivative(
                f"{name} takes {key}= as a constant, and its value is traced{place()}: pass it by position"
            )


def _own_copies(values: Sequence[Any]) -> list[Any]:
    """Values as f and its rules get them: arrays of their own, since what is recorded must not change."""
    return [x.again() if isinstance(x, Box) else x.copy("K") if isinstance(x, np.ndarray) else x for x in values]


def _on_copies(rule: Rule) -> Rule:
    """A rule that may write into what it is given."""
    return lambda *args: rule(*_own_copies(args))


def _remembered(constant: Any) -> Any:
    """A constant with the numbers it has now, which rules read later: whoever gave an array may change it."""
    leaves, structure = flatten(constant)
    if not any(isinstance(leaf, np.ndarray) for leaf in leaves):
        return constant
    own = [x.copy("K") if isinstance(x, np.ndarray) and not is_lent(x) else x for x in leaves]
    return unflatten(structure, own)


def _remembered_keywords(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _remembered(arg) for key, arg in kwargs.items()}


# -- element by element ----------------------------------------------------------------------------
class _StatedRow(Elementwise):
    """The operation of a function whose partials are stated."""

    listed = False
    uneven = True  # a person's rules are not tried out

    def __init__(self, f: Rule, name: str, formula: str, partials: Sequence[Rule]) -> None:
        Primitive.__init__(self, f"custom {name}", f)
        self.ufunc: Any = f
        self.formula = formula
        self.partials = tuple([_on_copies(rule) for rule in partials])

    def compute(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        return self.fun(*_own_copies(args))


class ByPartials(Wrapper):
    """A custom function that works element by element."""

    # What its results depend on, for whoever has to know whether they may have changed.
    depends_on: ClassVar[tuple[str, ...]] = ("f", "partials")

    def __init__(self, f: Rule, partials: tuple[Rule, ...], formula: str) -> None:
        super().__init__(f)
        self.partials = partials
        self.row = _StatedRow(f, self.name, formula, partials)

    def _made_of(self) -> tuple[Any, ...]:
        return self.f, self.partials, self.row.formula

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _require_plain(self.name, kwargs)
        if not is_traced(args):
            return self.f(*args, **kwargs)
        if len(args) > len(self.partials):
            raise BadRequest(f"{self.name} has {len(self.partials)} partials for {len(args)} arguments{place()}")
        row = self.row if not kwargs else self._with(_remembered_keywords(kwargs))
        return bind(row, tuple([normalize(x) for x in args]))

    def _with(self, kwargs: Mapping[str, Any]) -> _StatedRow:
        partials = [functools.partial(rule, **kwargs) for rule in self.partials]
        return _StatedRow(functools.partial(self.f, **kwargs), self.name, "", partials)


# -- by rules --------------------------------------------------------------------------------------
class Application:
    """One call of f: where the traced leaves stand among its arguments, and how its output is composed."""

    def __init__(self, structures: list[Structure], leaves: list[Any], kwargs: Mapping[str, Any]) -> None:
        self.structures = structures  # one per argument
        self.leaves = [None if isinstance(leaf, Box) else _remembered(leaf) for leaf in leaves]
        self.active = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Box)]
        self.kwargs = _remembered_keywords(kwargs)
        self.output: Structure = None
        self.parts: list[Any] = []  # of each leaf of the output an empty array of its dtype, or what has no derivative
        # What the shares of a pullback were computed from, and those that have not been asked for yet.
        self.last: tuple[tuple[Any, ...], dict[int, Any]] | None = None

    # arguments
    def filled(self, values: Sequence[Any], others: Sequence[Any]) -> list[Any]:
        """One entry per argument, from a value for each traced leaf and what the other leaves are."""
        leaves = list(others)
        for i, value in zip(self.active, values, strict=True):
            leaves[i] = value
        entries = iter(leaves)
        return [unflatten(s, [next(entries) for _ in range(count(s))]) for s in self.structures]

    def arguments(self, values: Sequence[Any]) -> list[Any]:
        """The arguments as f and its rules get them."""
        return self.filled(_own_copies(values), _own_copies(self.leaves))

    def chosen(self, given: Any, name: str) -> list[Any]:
        """The entries of the traced leaves in what a vjp returned for all arguments; None for zero."""
        entries = given if isinstance(given, (tuple, list)) else (given,)
        if len(entries) != len(self.structures):
            wanted = f"{len(self.structures)} argument{'s' * (len(self.structures) != 1)}"
            raise ArgumentError(f"the vjp of {name} returned {len(entries)} cotangents for {wanted}{place()}")
        leaves: list[Any] = []
        for k, (entry, structure) in enumerate(zip(entries, self.structures, strict=True)):
            found = [None] * count(structure) if entry is None else flatten_like(structure, entry)
            if found is None:
                raise ArgumentError(
                    f"the vjp of {name} returned for argument {k} another structure than it has{place()}"
                )
            leaves += found
        return [leaves[i] for i in self.active]

    # output
    def pack(self, out: Any, name: str) -> Any:
        """The output as one number or array."""
        leaves, self.output = flatten(out)
        self.parts = [_part(leaf) for leaf in leaves]
        if not any(isinstance(part, np.ndarray) for part in self.parts):
            raise OutputError(f"{name} returned nothing that has a derivative{place()}: no number or array of floats")
        return _joined([x for x, part in zip(leaves, self.parts, strict=True) if isinstance(part, np.ndarray)])

    def unpack(self, packed: Any, others: bool) -> Any:
        """An output, tangent or cotangent of f's own structure; where `others`, with what has no derivative, else 0."""
        numbers = [part for part in self.parts if isinstance(part, np.ndarray)]
        cut = iter(_cut(packed, numbers))
        leaves = [next(cut) if isinstance(part, np.ndarray) else part if others else 0.0 for part in self.parts]
        return unflatten(self.output, leaves)

    def pack_tangent(self, tangent: Any, name: str) -> Any:
        """What a jvp returned, as one number or array."""
        leaves = flatten_like(self.output, tangent)
        if leaves is None:
            raise ArgumentError(f"the jvp of {name} returned another structure than its output has{place()}")
        pairs = [(t, part) for t, part in zip(leaves, self.parts, strict=True) if isinstance(part, np.ndarray)]
        return _joined([_checked(t, part, f"the jvp of {name}") for t, part in pairs])


def _part(leaf: Any) -> Any:
    """An empty array in the shape and dtype of a leaf of an output, or the leaf itself where it has no derivative."""
    array = np.asarray(leaf)
    return np.broadcast_to(np.zeros((), array.dtype), array.shape) if array.dtype.kind in "fc" else leaf


def _joined(leaves: list[Any]) -> Any:
    return leaves[0] if len(leaves) == 1 else np.concatenate([np.reshape(leaf, -1) for leaf in leaves])


def _cut(packed: Any, parts: list[Any]) -> list[Any]:
    """What has been joined, taken apart again."""
    if len(parts) == 1:
        return [packed]
    ends = np.cumsum([part.size for part in parts])
    pieces = [packed[end - part.size : end] for end, part in zip(ends, parts, strict=True)]
    return [like(np.reshape(piece, part.shape), part) for piece, part in zip(pieces, parts, strict=True)]


def _checked(derivative: Any, x: Any, what: str) -> Any:
    """A tangent or cotangent that a person's rule returned, in the dtype of what it belongs to."""
    derivative = zeros_like(x) if derivative is None else normalize(derivative)
    if shape_of(derivative) != shape_of(x):
        shapes = f"shape {shape_of(derivative)} where {shape_of(x)} is needed"
        raise ArgumentError(f"{what} returned a derivative of {shapes}{place()}")
    if dtype_of(derivative).kind not in "biufc":
        raise ArgumentError(f"{what} returned {derivative!r} where a number is needed{place()}")
    return like(derivative, x)


class _RuledRow(Primitive):
    """The operation of a function whose pushforward or pullback is stated."""

    listed = False

    def __init__(self, custom: ByRules) -> None:
        super().__init__(f"custom {custom.name}", custom.f)
        self.custom = custom

    def compute(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        application: Application = params["application"]
        out = self.fun(*application.arguments(args), **application.kwargs)
        return application.pack(out, self.custom.name)

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        application: Application = params["application"]
        filled = [zeros_like(x) if t is None else t for t, x in zip(tangents, args, strict=True)]
        if not batched:
            return self.custom.push(application, filled, out, args)
        lead = next(len(t) for t in tangents if t is not None)
        stacks = [[x] * lead if t is None else t for t, x in zip(tangents, filled, strict=True)]
        return np.stack([self.custom.push(application, [s[k] for s in stacks], out, args) for k in range(lead)])

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        application: Application = params["application"]
        last, given = application.last, (cotangent, out, *args)
        # One call of the rule gives the shares of all arguments, each of them once: the same arrays may hold other
        # numbers when they are seen again.
        if last is None or i not in last[1] or not all(map(operator.is_, last[0], given)):
            last = application.last = given, dict(enumerate(self.custom.pull(application, cotangent, out, args)))
        return last[1].pop(i)


class ByRules(Wrapper):
    """A custom function whose pushforward or pullback is stated."""

    depends_on: ClassVar[tuple[str, ...]] = ("f", "jvp", "vjp")

    def __init__(self, f: Rule, jvp: Rule | None, vjp: Rule | None) -> None:
        super().__init__(f)
        self.jvp = jvp
        self.vjp = vjp
        self.row = _RuledRow(self)

    def _made_of(self) -> tuple[Any, ...]:
        return self.f, self.jvp, self.vjp

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _require_plain(self.name, kwargs)
        flat = [flatten(normalize(arg) if isinstance(arg, np.ndarray) else arg) for arg in args]
        leaves = [leaf for found, _ in flat for leaf in found]
        traced = tuple([leaf for leaf in leaves if isinstance(leaf, Box)])
        if not traced:
            return self.f(*args, **kwargs)
        application = Application([structure for _, structure in flat], leaves, kwargs)
        packed = bind(self.row, traced, {"application": application})
        return application.unpack(packed, others=True)

    def push(self, application: Application, tangents: Sequence[Any], out: Any, args: Sequence[Any]) -> Any:
        """The tangent of the output: by the jvp, or by the transpose of the vjp."""
        if self.jvp is None:
            outputs, (cotangent,), tape = reverse.record(
                lambda leaves: self._stated_pull(application, leaves[0], out, args), [zeros_like(out)]
            )
            return reverse.sweep(tape, list(zip(outputs, tangents, strict=True)), [cotangent])[0]
        return self._stated_push(application, tangents, out, args)

    def pull(self, application: Application, cotangent: Any, out: Any, args: Sequence[Any]) -> list[Any]:
        """The cotangents of the traced leaves: by the vjp, or by the transpose of the jvp."""
        if self.vjp is None:
            tangent, tangents, tape = reverse.record(
                lambda leaves: self._stated_push(application, leaves, out, args), [zeros_like(x) for x in args]
            )
            shares = reverse.sweep(tape, [(tangent, cotangent)], tangents)
            return [like(share, x) for share, x in zip(shares, args, strict=True)]
        return self._stated_pull(application, cotangent, out, args)

    def _stated_push(self, application: Application, tangents: Sequence[Any], out: Any, args: Sequence[Any]) -> Any:
        assert self.jvp is not None
        zeros = [_zero(leaf) for leaf in application.leaves]
        given = tuple(application.filled(_own_copies(tangents), zeros))
        (out,) = _own_copies([out])
        stated = self.jvp(given, application.unpack(out, True), *application.arguments(args), **application.kwargs)
        return application.pack_tangent(stated, self.name)

    def _stated_pull(self, application: Application, cotangent: Any, out: Any, args: Sequence[Any]) -> list[Any]:
        assert self.vjp is not None
        cotangent, out = _own_copies([cotangent, out])
        parts = application.unpack(cotangent, False), application.unpack(out, True)
        stated = self.vjp(*parts, *application.arguments(args), **application.kwargs)
        shares = application.chosen(stated, self.name)
        return [_checked(share, x, f"the vjp of {self.name}") for share, x in zip(shares, args, strict=True)]


def _zero(leaf: Any) -> Any:
    """The tangent of a constant: zeros where it is a number."""
    return zeros_like(leaf) if np.asarray(leaf).dtype.kind in "biufc" else None
