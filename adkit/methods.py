"""The methods: values that say how a derivative is computed, and the registry that gives them their names."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from . import blocks, forward, numerical, reverse
from .blocks import is_complex, shape_of
from .calls import Call, Leaves, ones_like, size_of
from .containers import Structure
from .errors import ArgumentError, BadRequest, OutputError, place, unknown
from .primitives.table import dtype_of, zeros_like
from .snapshots import Snapshot, snapshot
from .tracing import Box, plain

Cache = dict[str, Any]
# A Jacobian: the output leaves, their structure, and blocks[output leaf][input leaf].
Jacobian = tuple[Leaves, Structure, list[Leaves]]


class Method:
    """A way of computing derivatives. A subclass says how; `cache` is kept by the caller from call to call.

    A method of your own derives from this class and overrides `value_and_gradient`; `ad.methods.register` names it.

    Example:
        >>> import adkit as ad
        >>> ad.Reverse()
        Reverse()
        >>> ad.grad(lambda x: x**3, method=ad.Forward(chunk=16))(2.0)
        12.0
    """

    name: str = ""
    # Whether rounding is the only error.
    exact: bool = True
    # Whether it needs a package that adkit does not bring: compared only when asked for.
    optional: bool = False

    def prepare(self, call: Call, cache: Cache) -> None:
        """Do what has to be done once per signature, so that it can be timed apart."""

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        """f's value, which is one number, and its derivative with respect to each leaf."""
        raise NotImplementedError(f"{type(self).__name__} has no value_and_gradient")

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        """The outputs and the derivative of each with respect to each leaf, shape output.shape + leaf.shape.

        A method that knows gradients only serves where f returns one number.
        """
        outputs, structure = call.output_leaves(call(call.leaves))
        if structure is not None or size_of(outputs) != 1:
            raise OutputError(
                f"method {self.name!r} knows derivatives of one number only, and {call.where()} returned more{place()}"
                "; use method='auto'"
            )
        _, gradient = self.value_and_gradient(call, cache)
        return outputs, None, [[np.reshape(c, shape_of(outputs[0]) + shape_of(c)) for c in gradient]]

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        """Blocks [i][j] of shape leaf_i.shape + leaf_j.shape."""
        return _hessian(call, Forward(), self)

    def passes(self, call: Call) -> int:
        """How many runs of f, on numbers or on traced numbers, or of code made from f, one gradient takes."""
        return 1

    def missing(self) -> str | None:
        """Why the method cannot be used on this machine; None if it can."""
        return None

    def bare(self, call: Call, cache: Cache) -> Callable[[], Any] | None:
        """The call without adkit's handling of arguments, which is what a timing of somebody else's code is of."""
        return None


def _hessian(call: Call, outer: Method, inner: Method) -> list[Leaves]:
    """The Jacobian by one method of the gradient by another."""
    gradient = Call(lambda leaves: inner.value_and_gradient(call.moved(leaves), {})[1], 0, (call.leaves,))
    return outer.jacobian(gradient, {})[2]


def _require_real(call: Call, method: Method) -> None:
    for leaf, name in zip(call.leaves, call.names, strict=True):
        if is_complex(leaf):
            raise ArgumentError(
                f"{name} is complex, which method {method.name!r} does not take{place()}; use method='reverse'"
            )


def _require_count(what: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise BadRequest(f"{what} must be a whole number of at least 1, not {given!r}")


# -- forward ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Forward(Method):
    """Dual numbers: f is run on values with tangents, `chunk` directions at a time.

    Args:
        chunk: how many tangents are carried at once; memory grows with it, the number of passes shrinks.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> ad.grad(lambda x: x @ x, method=ad.Forward(chunk=2))(np.array([1.0, 2.0, 3.0]))
        array([2., 4., 6.])
    """

    name = "forward"
    chunk: int = 64

    def __post_init__(self) -> None:
        _require_count("chunk", self.chunk)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        (out,), (gradient,) = self._blocks(call, lambda leaves: [call.scalar(leaves)])
        return out, gradient

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        structures: list[Structure] = []

        def run(leaves: Leaves) -> Leaves:
            found, structure = call.output_leaves(call(leaves))
            structures.append(structure)
            return found

        outputs, rows = self._blocks(call, run)
        return outputs, structures[0], rows

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return _hessian(call, self, self)

    def passes(self, call: Call) -> int:
        return max(1, -(-size_of(call.leaves) // self.chunk))

    def _blocks(self, call: Call, run: Callable[[Leaves], Leaves]) -> tuple[Leaves, list[Leaves]]:
        """Outputs, and one block per output and leaf, from passes over all unit directions."""
        outputs, columns = self._columns(call, run)
        rows = [blocks.cut(c, out, call.leaves) for c, out in zip(columns, outputs, strict=True)]
        if any(map(is_complex, call.leaves)):
            _, columns = self._columns(call, run, imaginary=True)
            across = [blocks.cut(c, out, call.leaves) for c, out in zip(columns, outputs, strict=True)]
            rows = [_with_imaginary(*parts, call.leaves) for parts in zip(rows, across, outputs, strict=True)]
        return outputs, rows

    def _columns(self, call: Call, run: Callable[[Leaves], Leaves], imaginary: bool = False) -> tuple[Leaves, Leaves]:
        """Outputs, and for each the stack of its tangents along the unit directions, or the imaginary ones."""
        n = size_of(call.leaves)
        outputs: Leaves = []
        stacks: list[Leaves] = []
        for start in range(0, max(n, 1), self.chunk):
            stop = min(start + self.chunk, n)
            seeds = forward.seeds(call.leaves, start, stop)
            if imaginary:
                seeds = [
                    s * 1j if s is not None and is_complex(x) else None for s, x in zip(seeds, call.leaves, strict=True)
                ]
            batched = n != 1
            if not batched:
                seeds = [None if s is None else _single(s[0]) for s in seeds]
            outputs, found = forward.push(run, call.leaves, seeds, batched=batched)
            pairs = zip(found, outputs, strict=True)
            stacks.append([blocks.directions_first(t, out, stop - start, batched) for t, out in pairs])
        return outputs, [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in zip(*stacks, strict=True)]


def _single(seed: Any) -> Any:
    return seed if np.ndim(seed) else seed.item()


def _with_imaginary(along_x: Leaves, along_y: Leaves, out: Any, leaves: Leaves) -> Leaves:
    """The blocks of one output, completed for the complex inputs."""
    triples = zip(along_x, along_y, leaves, strict=True)
    return [blocks.by_complex(x, y, out) if is_complex(leaf) else x for x, y, leaf in triples]


# -- reverse ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Reverse(Method):
    """The tape: f is recorded once, and one walk backwards gives the whole gradient.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> ad.grad(lambda x: x @ x, method="reverse")(np.array([1.0, 2.0, 3.0]))
        array([2., 4., 6.])
    """

    name = "reverse"

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, variables, tape = reverse.record(call.scalar, call.leaves)
        if not (isinstance(out, reverse.Variable) and out.trace is tape):
            return out, [zeros_like(leaf) for leaf in call.leaves]
        return out.value, reverse.sweep(tape, [(out, ones_like(out))], variables)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        return _Recorded(call).jacobian()

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return _hessian(call, self, self)


class _Recorded:
    """f on a tape, to be swept once for each number that it returned."""

    def __init__(self, call: Call) -> None:
        self.leaves = call.leaves
        (self.found, self.structure), self.variables, self.tape = reverse.record(
            lambda leaves: call.output_leaves(call(leaves)), call.leaves
        )
        self.outputs = [out.value if self._is_mine(out) else out for out in self.found]

    def _is_mine(self, out: Any) -> bool:
        return isinstance(out, Box) and out.trace is self.tape

    def jacobian(self) -> Jacobian:
        return self.outputs, self.structure, [self._row(out) for out in self.found]

    def _row(self, out: Any) -> Leaves:
        """The blocks of one output."""
        shape = shape_of(out)
        sweeps = [self._sweep(out, index) for index in np.ndindex(shape)] if self._is_mine(out) else []
        columns = zip(*sweeps, strict=True) if sweeps else [()] * len(self.leaves)
        pairs = zip(columns, self.leaves, strict=True)
        return [
            blocks.stack(column, shape + shape_of(leaf)) if column else _no_influence(shape, leaf)
            for column, leaf in pairs
        ]

    def _sweep(self, out: Any, index: tuple[int, ...]) -> Leaves:
        """The derivatives of one number."""
        real = self._pull(out, index, 1.0)
        if not is_complex(out) or all(map(is_complex, self.leaves)):
            return real
        # The cotangent of a real input is the real part of seed * derivative: a second sweep brings the other part.
        triples = zip(real, self._pull(out, index, -1j), self.leaves, strict=True)
        return [x if is_complex(leaf) else x + 1j * y for x, y, leaf in triples]

    def _pull(self, out: Any, index: tuple[int, ...], weight: complex) -> Leaves:
        seed = np.zeros(shape_of(out), dtype_of(out))
        seed[index] = weight
        return reverse.sweep(self.tape, [(out, seed[()])], self.variables)


def _no_influence(shape: tuple[int, ...], leaf: Any) -> Any:
    return np.zeros(shape + shape_of(leaf))


@dataclass(frozen=True)
class Auto(Method):
    """Forward or reverse for Jacobians, whichever takes fewer passes; forward over reverse for Hessians."""

    name = "auto"

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return Reverse().value_and_gradient(call, cache)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        inputs = size_of(call.leaves)
        if inputs <= 1:
            return Forward().jacobian(call, cache)
        recorded = _Recorded(call)
        return Forward().jacobian(call, cache) if inputs <= size_of(recorded.outputs) else recorded.jacobian()

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return _hessian(call, Forward(), Reverse())


# -- symbolic --------------------------------------------------------------------------------------
class _Known(NamedTuple):
    """A derivation, and everything that it was made for."""

    signature: Any
    surroundings: Snapshot
    derivation: Any


@dataclass(frozen=True)
class Symbolic(Method):
    """SymPy: f is recorded once, differentiated symbol by symbol, and the derivative runs as straight-line code.

    What f computes is specialised to the branches it takes, which are checked again on each call, and to the arguments
    that are not differentiated and whatever else f reads: closure variables, globals, defaults, attributes of objects,
    functions that it calls. A change of those derives anew, as does every call of an f that reads what cannot be
    compared (a random generator, an iterator, an object of some library).

    Args:
        cse: share subexpressions, differentiating the graph; False differentiates one whole expression, as
            `sympy.diff` would, and swells with it.
        max_ops: the largest number of scalar operations of f that is taken on.

    Raises:
        ExpressionTooLarge: f has more operations than max_ops.

    Example:
        >>> import adkit as ad
        >>> ad.grad(lambda x: x**3, method="symbolic")(2.0)
        12.0
    """

    name = "symbolic"
    cse: bool = True
    max_ops: int | None = None

    # How many derivations are kept: one for each branch, shape or surrounding that comes up by turns.
    KEPT = 8

    def __post_init__(self) -> None:
        if not isinstance(self.cse, bool):
            raise BadRequest(f"cse must be True or False, not {self.cse!r}")
        if self.max_ops is not None:
            _require_count("max_ops", self.max_ops)

    def prepare(self, call: Call, cache: Cache) -> None:
        self._derived(call, cache, "gradient")

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return self._derived(call, cache, "gradient")[1]

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        derivation, (outputs, rows) = self._derived(call, cache, "jacobian", scalar=False)
        return outputs, derivation.output_structure, rows

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return self._derived(call, cache, "hessian")[1]

    def operations(self, call: Call, cache: Cache) -> int:
        """Scalar operations of the generated code for one value and gradient."""
        return self._derived(call, cache, "gradient")[0].operations

    def reference(self, call: Call, digits: int = 50) -> Leaves:
        """The gradient evaluated with this many digits: arrays of mpmath numbers."""
        _require_real(call, self)
        return self._derive(call, scalar=True).reference(call.leaves, digits)[1]

    def _derived(self, call: Call, cache: Cache, what: str, scalar: bool = True) -> tuple[Any, Any]:
        """A derivation that holds for this call, and what it gives: the gradient, Jacobian or Hessian."""
        _require_real(call, self)
        signature = self, scalar, call.positions, tuple((shape_of(x), type(x), dtype_of(x)) for x in call.leaves)
        surroundings = _surroundings(call)
        known: tuple[_Known, ...] = cache.get("derivations", ())
        for entry in known:
            if entry.signature == signature and entry.surroundings == surroundings:
                found = getattr(entry.derivation, what)(call.leaves)
                # None where f would decide differently than when it was recorded.
                if found is not None:
                    return entry.derivation, found
        derivation = self._derive(call, scalar)
        if surroundings is not None and not derivation.single_use:
            cache["derivations"] = (_Known(signature, surroundings, derivation), *known)[: self.KEPT]
        return derivation, getattr(derivation, what)(call.leaves)

    def _derive(self, call: Call, scalar: bool) -> Any:
        from . import symbolic

        options = {} if self.max_ops is None else {"max_ops": self.max_ops}
        return symbolic.derive(call.scalar if scalar else call, call.leaves, cse=self.cse, **options)


def _surroundings(call: Call) -> Snapshot | None:
    """Everything that f's computation may depend on besides its leaves."""
    others = [None if i in call.positions else arg for i, arg in enumerate(call.args)]
    return snapshot(others, call.kwargs, call.f)


# -- numerical -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Numerical(Method):
    """Finite differences: f is called at shifted points, and nothing about it need be traceable.

    The relative errors below hold where f varies on the scale max(1, |x|) in each component x. Where it varies on a
    finer one (f(x) = sin(1e8 x); x of size 1e-8 in f(x) = x^3), the default step is too large: give `step`. In single
    precision they are about 1e-4 and 1e-3.

    Args:
        scheme: "central" (two calls a component, error about 1e-10), "forward" (one call, about 1e-8) or "complex"
            (one call with a complex step, exact where f is analytic; checked against central differences along one
            direction and refused where they disagree).
        step: the step of every component, absolute; by default the cube root (forward: the square root) of the
            machine epsilon of each component's dtype, times max(1, |x|).

    Example:
        >>> import adkit as ad
        >>> round(ad.grad(lambda x: x**3, method=ad.Numerical(scheme="complex", step=1e-20))(2.0), 12)
        12.0
    """

    name = "numerical"
    exact = False
    scheme: str = "central"
    step: float | None = None

    def __post_init__(self) -> None:
        numerical.check(self.scheme, self.step)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        _require_real(call, self)
        base, gradient = numerical.jacobian(lambda leaves: _one(call, leaves), call.leaves, self.scheme, self.step)
        return call.as_scalar(base), gradient

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        _require_real(call, self)
        layout: list[Any] = []

        def run(leaves: Leaves) -> Any:
            found, structure = call.output_leaves(call(leaves))
            layout[:] = [structure, [shape_of(out) for out in found]]
            return np.concatenate([np.ravel(out) for out in found]) if found else np.zeros(0)

        base, columns = numerical.jacobian(run, call.leaves, self.scheme, self.step)
        structure, shapes = layout
        ends = np.cumsum([0, *(size_of([np.zeros(shape)]) for shape in shapes)])
        spans = [slice(*pair) for pair in itertools.pairwise(ends)]
        outputs = [np.reshape(base[span], shape) for span, shape in zip(spans, shapes, strict=True)]
        rows = [
            [
                np.reshape(column[span], shape + shape_of(leaf))
                for column, leaf in zip(columns, call.leaves, strict=True)
            ]
            for span, shape in zip(spans, shapes, strict=True)
        ]
        return outputs, structure, rows

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        _require_real(call, self)
        if self.scheme == "complex":
            # A second complex step is none; differences of the exact first derivative are the next best.
            return _hessian(call, Numerical(), self)
        return numerical.hessian(call.scalar, call.leaves, self.step)

    def passes(self, call: Call) -> int:
        each = 2 if self.scheme == "central" else 1
        return 1 + each * size_of(call.leaves) + (2 if self.scheme == "complex" else 0)


def _one(call: Call, leaves: Leaves) -> Any:
    """f's output as one number, which may be complex while a complex step is under way."""
    out = call.numeric(call(leaves))
    is_step = is_complex(out) and any(map(is_complex, leaves))
    return np.reshape(out, ())[()] if is_step and np.size(plain(out)) == 1 else call.as_scalar(out)


# -- the person's own gradient, and other tools ----------------------------------------------------
@dataclass(frozen=True)
class Manual(Method):
    """A gradient derived by hand: the one given, or the one that a problem brings with its f.

    Args:
        gradient: takes the arguments of f, returns the gradient in the structure of the differentiated arguments.
        value_and_gradient_of: the same, returning (value, gradient) so that the two share work.

    Example:
        >>> import adkit as ad
        >>> ad.grad(lambda x: x**3, method=ad.Manual(lambda x: 3 * x**2))(2.0)
        12.0
        >>> ad.grad(ad.problems["logistic_map"].f, method="manual")(0.25, 4)
        8.0
    """

    name = "manual"
    gradient: Callable[..., Any] | None = None
    value_and_gradient_of: Callable[..., tuple[Any, Any]] | None = None

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, gradient = self._joint(call)(*call.arguments(call.leaves), **call.kwargs)
        return call.as_scalar(out), call.rearranged(gradient, "the gradient derived by hand")

    def bare(self, call: Call, cache: Cache) -> Callable[[], Any]:
        joint = self._joint(call)
        return lambda: joint(*call.args, **call.kwargs)

    def _joint(self, call: Call) -> Callable[..., tuple[Any, Any]]:
        joint = self.value_and_gradient_of
        if joint is None and self.gradient is None:
            joint = getattr(call.f, "value_and_gradient", None)
        if joint is not None:
            return joint
        gradient = self.gradient or getattr(call.f, "gradient", None)
        if gradient is None:
            raise BadRequest(
                f"method 'manual' needs a gradient derived by hand, and {call.where()} brings none{place()}: declare "
                "it with ad.problem(gradient=...), or pass method=ad.Manual(gradient)"
            )
        return lambda *args, **kwargs: (call.f(*args, **kwargs), gradient(*args, **kwargs))


@dataclass(frozen=True)
class External(Method):
    """Another tool's `grad`: `transform(f, argnums)` must return a function that returns the gradient.

    Example:
        >>> import adkit as ad
        >>> ad.methods.register("mine", lambda f, argnums: lambda x: 3 * x**2)
        >>> ad.grad(lambda x: x**3, method="mine")(2.0)
        12.0
        >>> ad.methods.unregister("mine")
    """

    name: str = "external"
    transform: Callable[..., Callable[..., Any]] = field(default=lambda f, argnums: f, repr=False)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        argnums = call.positions[0] if call.single else call.positions
        gradient = self.transform(call.f, argnums)(*call.arguments(call.leaves), **call.kwargs)
        return call.scalar(call.leaves), call.rearranged(gradient, f"method {self.name!r}")


@dataclass(frozen=True)
class Engine(Method):
    """Another engine on the same f, through its small file in `adkit.engines`; for f that the engine can take."""

    name: str = ""
    optional = True

    def missing(self) -> str | None:
        if importlib.util.find_spec(self.name) is None:
            return f"not installed: pip install 'adkit[engines]' brings {self.name}"
        return None

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, gradients = self.bare(call, cache)()
        gradient = gradients[0] if call.single else gradients
        return call.as_scalar(out), call.rearranged(gradient, f"method {self.name!r}")

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        # The engine's own code cannot be traced, but it can be called.
        return _hessian(call, Numerical(), self)

    def bare(self, call: Call, cache: Cache) -> Callable[[], Any]:
        if "engine" not in cache:
            if (missing := self.missing()) is not None:
                raise BadRequest(f"method {self.name!r} is {missing}")
            engine = importlib.import_module(f".engines.{self.name}", __package__)
            cache["engine"] = engine.value_and_gradient(call.f, call.positions)
        engine, args = cache["engine"], call.arguments(call.leaves)
        return lambda: engine(*args, **call.kwargs)


# -- the registry ----------------------------------------------------------------------------------
class Methods(Mapping[str, Method]):
    """The methods by name. A name stands for a default object; an object may be given wherever a name may.

    Example:
        >>> import adkit as ad
        >>> "reverse" in ad.methods
        True
        >>> ad.grad(lambda x: x, method="revers")
        Traceback (most recent call last):
        adkit.errors.BadRequest: unknown method 'revers'. Did you mean 'reverse'? Known: ...
    """

    def __init__(self, known: Mapping[str, Method]) -> None:
        self._known = dict(known)

    def __getitem__(self, name: str) -> Method:
        if not isinstance(name, str) or name not in self._known:
            raise unknown("method", name, self._known)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._known

    def register(self, name: str, method: Method | Callable[..., Callable[..., Any]]) -> None:
        """Name a method of your own.

        Args:
            name: an identifier that adkit does not use itself.
            method: a `Method`, or a function `transform(f, argnums)` that returns f's gradient: a function of f's
                arguments whose result has the structure of the differentiated ones.

        Raises:
            BadRequest: the name is adkit's own or no identifier, or the method is neither.

        Example:
            >>> import adkit as ad
            >>> ad.methods.register("few", ad.Forward(chunk=2))
            >>> ad.grad(lambda x: x * x, method="few")(3.0)
            6.0
            >>> ad.methods.unregister("few")
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise BadRequest(f"a method's name must be an identifier, not {name!r}")
        if name in BUILT_IN or name == AUTO.name:
            raise BadRequest(f"method {name!r} is adkit's own and cannot be replaced; choose another name")
        if not isinstance(method, Method) and not callable(method):
            raise BadRequest(f"a method must be an ad.Method or a function transform(f, argnums), not {method!r}")
        self._known[name] = method if isinstance(method, Method) else External(name, method)

    def unregister(self, name: str) -> None:
        """Take back a name given by `register`."""
        if name in BUILT_IN:
            raise BadRequest(f"method {name!r} is adkit's own and cannot be taken away")
        self._known.pop(self[name] and name)

    def resolve(self, method: str | Method) -> Method:
        """The method that a name stands for, or the one that was given."""
        if isinstance(method, Method):
            return method
        if isinstance(method, type) and issubclass(method, Method):
            return method()
        return self[method]


BUILT_IN: dict[str, Method] = {
    "forward": Forward(),
    "reverse": Reverse(),
    "symbolic": Symbolic(),
    "numerical": Numerical(),
    "manual": Manual(),
    "autograd": Engine("autograd"),
}
methods = Methods(BUILT_IN)
AUTO = Auto()
