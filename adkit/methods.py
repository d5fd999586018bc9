"""The methods: values that say how a derivative is computed, and the registry that gives them their names."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from . import forward, numerical, reverse
from .calls import Call, Leaves, ones_like, size_of
from .containers import flatten
from .errors import ArgumentError, BadRequest, unknown
from .primitives.table import dtype_of, zeros_like
from .tracing import Box, plain

Cache = dict[str, Any]
# A Jacobian: the output leaves, their structure, and blocks[output leaf][input leaf].
Jacobian = tuple[Leaves, Any, list[Leaves]]


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

    name: ClassVar[str] = ""
    # Whether rounding is the only error.
    exact: ClassVar[bool] = True
    # Whether it needs a package that adkit does not bring: compared only when asked for.
    optional: ClassVar[bool] = False

    def prepare(self, call: Call, cache: Cache) -> None:
        """Do what has to be done once per signature, so that it can be timed apart."""

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        """f's value, which is one number, and its derivative with respect to each leaf."""
        raise self._cannot("a gradient")

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        """The outputs and the derivative of each with respect to each leaf, shape output.shape + leaf.shape."""
        raise self._cannot("a Jacobian")

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        """Blocks [i][j] of shape leaf_i.shape + leaf_j.shape."""
        raise self._cannot("a Hessian")

    def passes(self, call: Call) -> int:
        """How many runs of f, on numbers or on traced numbers, or of code made from f, one gradient takes."""
        return 1

    def missing(self) -> str | None:
        """Why the method cannot be used on this machine; None if it can."""
        return None

    def bare(self, call: Call, cache: Cache) -> Callable[[], Any] | None:
        """The call without adkit's handling of arguments, which is what a timing of somebody else's code is of."""
        return None

    def _cannot(self, what: str) -> BadRequest:
        return BadRequest(f"method {self.name!r} does not compute {what}; use 'forward', 'reverse' or 'numerical'")


def _real(call: Call, method: Method) -> None:
    """Refuse complex arguments."""
    for leaf, name in zip(call.leaves, call.names, strict=True):
        if dtype_of(leaf).kind == "c":
            raise ArgumentError(f"{name} is complex, which method {method.name!r} does not take; use method='reverse'")


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

    name: ClassVar[str] = "forward"
    chunk: int = 64

    def __post_init__(self) -> None:
        if self.chunk < 1:
            raise BadRequest(f"chunk must be at least 1, not {self.chunk}")

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        (out,), _, (blocks,) = self._blocks(call, lambda leaves: [call.scalar(leaves)])
        return out, blocks

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        structures: list[Any] = []

        def run(leaves: Leaves) -> Leaves:
            found, structure = call.output_leaves(call(leaves))
            structures.append(structure)
            return found

        outputs, _, blocks = self._blocks(call, run)
        return outputs, structures[0], blocks

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return _hessian(call, self, self)

    def passes(self, call: Call) -> int:
        return max(1, -(-size_of(call.leaves) // self.chunk))

    def _blocks(self, call: Call, run: Callable[[Leaves], Leaves]) -> Jacobian:
        """One block per output and leaf, from passes over all unit directions."""
        outputs, columns = self._columns(call, run, 1.0)
        if any(dtype_of(leaf).kind == "c" for leaf in call.leaves):
            _, along_i = self._columns(call, run, 1j)
            # df/dx - i df/dy for a real output; for an analytic one half of the same is its complex derivative.
            columns = [_complex_columns(x, y, out) for x, y, out in zip(columns, along_i, outputs, strict=True)]
        return outputs, None, [_cut(c, out, call.leaves) for c, out in zip(columns, outputs, strict=True)]

    def _columns(self, call: Call, run: Callable[[Leaves], Leaves], unit: complex) -> tuple[Leaves, Leaves]:
        """Outputs, and for each the stack of its tangents along the unit directions (times `unit`)."""
        n = size_of(call.leaves)
        outputs: Leaves = []
        stacks: list[Leaves] = []
        for start in range(0, max(n, 1), self.chunk):
            stop = min(start + self.chunk, n)
            seeds = forward.seeds(call.leaves, start, stop)
            batched = n != 1
            if not batched:
                seeds = [None if s is None else s[0] if np.ndim(s[0]) else s[0].item() for s in seeds]
            seeds = [None if s is None else s * unit if unit != 1.0 else s for s in seeds]
            outputs, tangents = forward.push(run, call.leaves, seeds, batched=batched)
            stacks.append([_stacked(t, out, stop - start, batched) for t, out in zip(tangents, outputs, strict=True)])
        return outputs, [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in zip(*stacks, strict=True)]


def _stacked(tangent: Any, out: Any, count: int, batched: bool) -> Any:
    """Tangents of one output with their leading axis; zeros where it does not depend on the inputs."""
    if tangent is None:
        return np.zeros((count, *np.shape(plain(out))))
    return tangent if batched else np.reshape(tangent, (1, *np.shape(plain(out))))


def _complex_columns(along_x: Any, along_y: Any, out: Any) -> Any:
    """The derivative by a complex input from those along its two axes."""
    combined = along_x - 1j * along_y
    return 0.5 * combined if dtype_of(out).kind == "c" else combined


def _cut(columns: Any, out: Any, leaves: Leaves) -> Leaves:
    """Tangents by component, shape (n, *output.shape), as one block of shape output.shape + leaf.shape per leaf."""
    shape = np.shape(plain(out))
    last = np.moveaxis(columns, 0, -1)
    pieces: Leaves = []
    start = 0
    for leaf in leaves:
        stop = start + size_of([leaf])
        pieces.append(np.reshape(last[..., start:stop], (*shape, *np.shape(plain(leaf)))))
        start = stop
    return pieces


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

    name: ClassVar[str] = "reverse"

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, variables, tape = reverse.record(call.scalar, call.leaves)
        if not (isinstance(out, reverse.Variable) and out.trace is tape):
            return out, [zeros_like(leaf) for leaf in call.leaves]
        return out.value, reverse.sweep(tape, [(out, ones_like(out))], variables)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        (outputs, structure), variables, tape = reverse.record(lambda ls: call.output_leaves(call(ls)), call.leaves)
        blocks = [self._rows(out, variables, tape) for out in outputs]
        return [_untraced(out, tape) for out in outputs], structure, blocks

    def _rows(self, out: Any, variables: Any, tape: Any) -> Leaves:
        """One sweep for each element of one output."""
        shape = np.shape(plain(out))
        if not (isinstance(out, reverse.Variable) and out.trace is tape):
            return [np.zeros(shape + np.shape(plain(x))) for x in variables]
        rows: list[Leaves] = []
        for place in np.ndindex(shape):
            seed = np.zeros(shape, dtype_of(out))
            seed[place] = 1
            rows.append(reverse.sweep(tape, [(out, seed[()])], variables))
        if not rows:
            return [np.zeros(shape + np.shape(plain(x))) for x in variables]
        return [np.reshape(np.stack(list(c)), shape + np.shape(plain(c[0]))) for c in zip(*rows, strict=True)]

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return _hessian(call, self, self)


def _untraced(out: Any, trace: Any) -> Any:
    """An output as the level outside sees it."""
    return out.value if isinstance(out, Box) and out.trace is trace else out


def _hessian(call: Call, outer: Method, inner: Method) -> list[Leaves]:
    """The Jacobian by one method of the gradient by another."""
    gradient = Call(lambda leaves: inner.value_and_gradient(call.moved(leaves), {})[1], 0, (call.leaves,))
    return outer.jacobian(gradient, {})[2]


@dataclass(frozen=True)
class Auto(Method):
    """Forward or reverse for Jacobians, whichever takes fewer passes; forward over reverse for Hessians."""

    name: ClassVar[str] = "auto"

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return Reverse().value_and_gradient(call, cache)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        outputs, variables, tape = reverse.record(lambda ls: call.output_leaves(call(ls))[0], call.leaves)
        method = Forward() if size_of(call.leaves) <= size_of(outputs) else Reverse()
        return method.jacobian(call, cache)

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return _hessian(call, Forward(), Reverse())


# -- symbolic --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Symbolic(Method):
    """SymPy: f is recorded once, differentiated symbol by symbol, and the derivative runs as straight-line code.

    What f computes is specialised to the branches it takes, which are checked again on each call, and to the arguments
    that are not differentiated and the plain numbers that f reads from outside. A change of those derives anew.

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

    name: ClassVar[str] = "symbolic"
    cse: bool = True
    max_ops: int | None = None

    def prepare(self, call: Call, cache: Cache) -> None:
        self._derivation(call, cache)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        return self._use(call, cache, "gradient", scalar=True)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        outputs, blocks = self._use(call, cache, "jacobian", scalar=False)
        return outputs, self._derivation(call, cache, scalar=False).output_structure, blocks

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return self._use(call, cache, "hessian", scalar=True)

    def operations(self, call: Call, cache: Cache) -> int:
        """Scalar operations of the generated code for one value and gradient."""
        return self._derivation(call, cache).operations

    def reference(self, call: Call, digits: int = 50) -> Leaves:
        """The gradient evaluated with this many digits: arrays of mpmath numbers."""
        return self._derivation(call, {}).reference(call.leaves, digits)[1]

    def _use(self, call: Call, cache: Cache, what: str, scalar: bool) -> Any:
        result = getattr(self._derivation(call, cache, scalar), what)(call.leaves)
        if result is None:
            # f took another branch than the one the derivation was made for.
            cache["derivations"].pop(0)
            result = getattr(self._derivation(call, cache, scalar, fresh=True), what)(call.leaves)
        return result

    def _derivation(self, call: Call, cache: Cache, scalar: bool = True, fresh: bool = False) -> Any:
        """The derivation for a call like this one, the latest first."""
        _real(call, self)
        known: list[tuple[Any, Any]] = cache.setdefault("derivations", [])
        fixed = (self, scalar, _shapes(call), _surroundings(call))
        for i, (key, derivation) in enumerate(known):
            if not fresh and _same(key, fixed):
                known.insert(0, known.pop(i))
                return derivation
        known.insert(0, (_kept(fixed), self._derive(call, scalar)))
        del known[8:]
        return known[0][1]

    def _derive(self, call: Call, scalar: bool) -> Any:
        from . import symbolic

        options = {} if self.max_ops is None else {"max_ops": self.max_ops}
        run = call.scalar if scalar else call
        return symbolic.derive(run, call.leaves, cse=self.cse, **options)


def _shapes(call: Call) -> Any:
    return [(np.shape(plain(leaf)), type(leaf).__name__) for leaf in call.leaves], call.positions


def _surroundings(call: Call) -> list[Any]:
    """Everything that f's computation may depend on besides its leaves: other arguments, closure, globals."""
    others = [None if i in call.positions else arg for i, arg in enumerate(call.args)]
    f = inspect.unwrap(call.f) if hasattr(call.f, "__wrapped__") else call.f
    code = getattr(f, "__code__", None)
    cells = [cell.cell_contents for cell in getattr(f, "__closure__", None) or () if _is_filled(cell)]
    space: Mapping[str, Any] = getattr(f, "__globals__", {})
    names = [space.get(name) for name in code.co_names] if code else [f]
    return [others, sorted(call.kwargs.items()), cells, names]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _same(a: Any, b: Any) -> bool:
    """Whether two surroundings are equal: numbers, strings and arrays by value, anything else by identity."""
    if a is b and not isinstance(a, np.ndarray):
        return True
    if isinstance(a, (list, tuple)) and type(a) is type(b):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(map(_same, a.values(), b.values()))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    plain_kinds = (int, float, complex, str, bytes, np.generic, Method)
    return isinstance(a, plain_kinds) and type(a) is type(b) and a == b


def _kept(x: Any) -> Any:
    """Surroundings to compare with later: arrays and containers may be changed in place until then."""
    if isinstance(x, (list, tuple)) and not hasattr(x, "_fields"):
        return type(x)(map(_kept, x))
    if isinstance(x, dict):
        return {key: _kept(part) for key, part in x.items()}
    return x.copy() if isinstance(x, np.ndarray) else x


# -- numerical -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Numerical(Method):
    """Finite differences: f is called at shifted points, and nothing about it need be traceable.

    Args:
        scheme: "central" (two calls a component, error about 1e-10), "forward" (one call, about 1e-8) or "complex"
            (one call with a complex step, exact where f is analytic; checked against central differences along one
            direction and refused where they disagree).
        step: the step of every component, absolute; by default chosen from each component's size and dtype.

    Example:
        >>> import adkit as ad
        >>> round(ad.grad(lambda x: x**3, method=ad.Numerical(scheme="complex", step=1e-20))(2.0), 12)
        12.0
    """

    name: ClassVar[str] = "numerical"
    exact: ClassVar[bool] = False
    scheme: str = "central"
    step: float | None = None

    def __post_init__(self) -> None:
        numerical.check(self.scheme, self.step)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        _real(call, self)
        run: Any = call.scalar if self.scheme != "complex" else lambda leaves: _one(call, leaves)
        return numerical.jacobian(run, call.leaves, self.scheme, self.step)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        _real(call, self)
        layout: list[Any] = []

        def run(leaves: Leaves) -> Any:
            found, structure = call.output_leaves(call(leaves))
            layout[:] = [structure, [np.shape(plain(out)) for out in found]]
            return np.concatenate([np.ravel(out) for out in found]) if found else np.zeros(0)

        base, columns = numerical.jacobian(run, call.leaves, self.scheme, self.step)
        return self._by_output(base, columns, call, *layout)

    def _by_output(self, base: Any, columns: Leaves, call: Call, structure: Any, shapes: list[Any]) -> Jacobian:
        """The Jacobian of all outputs in one vector, cut into one row of blocks per output."""
        outputs: Leaves = []
        blocks: list[Leaves] = []
        start = 0
        for shape in shapes:
            stop = start + int(np.prod(shape))
            outputs.append(np.reshape(base[start:stop], shape))
            blocks.append([np.reshape(c[start:stop], (*shape, *np.shape(c)[1:])) for c in columns])
            start = stop
        return outputs, structure, blocks

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        _real(call, self)
        return numerical.hessian(call.scalar, call.leaves, self.step)

    def passes(self, call: Call) -> int:
        return 1 + size_of(call.leaves) * (2 if self.scheme == "central" else 1)


def _one(call: Call, leaves: Leaves) -> Any:
    """f's output as one number, which may be complex."""
    out = call.numeric(call(leaves))
    return np.reshape(out, ()) if np.size(plain(out)) == 1 else call.as_scalar(out)


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

    name: ClassVar[str] = "manual"
    gradient: Callable[..., Any] | None = None
    value_and_gradient_of: Callable[..., tuple[Any, Any]] | None = None

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, gradient = self._joint(call)(*call.args, **call.kwargs)
        leaves: Leaves = []
        for part in (gradient,) if call.single or len(call.positions) == 1 else gradient:
            leaves += flatten(part)[0]
        return out, leaves

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
                f"method 'manual' needs a gradient derived by hand, and {call.where()} brings none: declare it with "
                "ad.problem(gradient=...), or pass method=ad.Manual(gradient)"
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

    name: str = "external"  # type: ignore[misc]
    transform: Callable[..., Callable[..., Any]] | None = field(default=None, repr=False)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        assert self.transform is not None
        argnums = call.positions[0] if call.single else tuple(call.positions)
        args = list(call.args)
        for i, part in zip(call.positions, call.split(call.leaves), strict=True):
            args[i] = part
        gradient = self.transform(call.f, argnums)(*args, **call.kwargs)
        parts = (gradient,) if call.single else gradient
        return call.scalar(call.leaves), [leaf for part in parts for leaf in flatten(part)[0]]


class Engine(Method):
    """Another engine on the same f, through its small file in `adkit.engines`; for f that the engine can take."""

    optional: ClassVar[bool] = True

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"Engine({self.name!r})"

    def missing(self) -> str | None:
        if importlib.util.find_spec(self.name) is None:
            return f"not installed: pip install 'adkit[engines]' brings {self.name}"
        return None

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, gradients = self.bare(call, cache)()
        return out, [leaf for part in gradients for leaf in flatten(part)[0]]

    def bare(self, call: Call, cache: Cache) -> Callable[[], Any]:
        if "engine" not in cache:
            if (missing := self.missing()) is not None:
                raise BadRequest(f"method {self.name!r} is {missing}")
            engine = importlib.import_module(f".engines.{self.name}", __package__)
            cache["engine"] = engine.value_and_gradient(call.f, tuple(call.positions))
        engine, args = cache["engine"], call.moved(call.leaves).args
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
        try:
            return self._known[name]
        except (KeyError, TypeError):
            raise unknown("method", name, self._known) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def register(self, name: str, method: Method | Callable[..., Callable[..., Any]]) -> None:
        """Name a method of your own: a `Method`, or a function `transform(f, argnums)` that returns f's gradient."""
        if not isinstance(name, str) or not name.isidentifier():
            raise BadRequest(f"a method's name must be an identifier, not {name!r}")
        if name in BUILT_IN:
            raise BadRequest(f"method {name!r} is adkit's own and cannot be replaced; choose another name")
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
