"""Other engines on the same f: HIPS autograd on f itself, and JAX, PyTorch and CasADi on its recorded graph."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..calls import Call, Leaves
from ..containers import Structure, flatten, is_container, parts_of, unflatten
from ..costs import Cost
from ..errors import AdkitError, BadRequest, CannotCompile, LostDerivative, place
from ..graph import Graph, Node, record
from ..primitives import Primitive
from ..primitives.table import dtype_of, shape_of
from ..snapshots import Snapshot, snapshot
from ..staging import stage
from ..tracing import Box
from .base import Cache, Jacobian, Method, hessian_by, require_real
from .given import rows_of_jacobian
from .numerical import Numerical

Run = Callable[[Sequence[Any]], Any]
# Engines that take a recorded graph; any other takes f itself.
LOWERED = ("jax", "torch", "casadi")
# What each does, in a line; all but the first run f's graph, recorded once.
_SUMMARIES = {
    "autograd": "HIPS autograd: f itself, run by it with a tape of its own on each call.",
    "jax": "JAX: f's recorded graph in operations of jax.numpy, compiled by XLA.",
    "torch": "PyTorch: f's recorded graph in its operations, with its tape on each call.",
    "casadi": "CasADi: f's recorded graph as an expression of its own, number by number.",
}
# What is too large for the extra that brings the engines.
_EXTRA = {"torch": "peers"}


@dataclass(frozen=True)
class Engine(Method):
    """Another engine on the same f, through its small file in `adkit.engines`.

    HIPS autograd runs f itself. JAX, PyTorch and CasADi run the graph of f, recorded once and lowered to their own
    operations: every number and float array among the arguments is an input of it. As in `Symbolic` it is specialised
    to the decisions that f took, which are checked again on each call, and to whatever else f reads.
    What is computed is in double precision, unless the arguments have less.

    Derivatives are the engine's own: ties and norms at 0 follow adkit's conventions, but a branch that `np.where` does
    not take contributes nan where it is singular (`reports/conventions.md` says what else differs).

    Args:
        name: "autograd", "jax", "torch" or "casadi".
        native: run the engine's own version of one of adkit's problems, written in the engine's best idiom, in place of
            the lowered f; for the problems that have one.

    Raises:
        NoRule: the engine cannot express an operation of f.
        ExpressionTooLarge: CasADi would have to write out too many numbers.
        BadRequest: the engine is not installed, or the problem has no native version.

    Example:
        >>> import adkit as ad
        >>> ad.methods.resolve("jax(native=True)")
        Engine(name='jax', native=True)
    """

    name: str = ""
    native: bool = False
    optional = True

    # How many graphs are kept: one for each branch, shape or surrounding that comes up by turns.
    KEPT = 8

    def __post_init__(self) -> None:
        if not isinstance(self.native, bool):
            raise BadRequest(f"native must be True or False, not {self.native!r}")

    @property
    def summary(self) -> str:
        return f"{_SUMMARIES[self.name]} native=True: a problem of adkit's as one would write it for this engine."

    @property
    def imports(self) -> tuple[str, ...]:
        home = f"adkit.engines.natives.{self.name}" if self.native else f"adkit.engines.{self.name}"
        return (home, self.name)

    @property
    def options(self) -> tuple[str, ...]:
        return ("native",)

    def missing(self) -> str | None:
        if importlib.util.find_spec(self.name) is None:
            return f"pip install 'adkit[{_EXTRA.get(self.name, 'engines')}]' brings {self.name}"
        return None

    def skips(self, call: Call, derivative: str = "gradient") -> str | None:
        if not self.native or self.missing() is not None:
            return None
        if derivative != "gradient":
            return f"native versions have gradients only, and this is a {derivative}"
        return None if self._native_of(call) else f"{call.where()} has no native version for {self.name}"

    # -- derivatives -------------------------------------------------------------------------------
    def prepare(self, call: Call, cache: Cache, derivative: str = "gradient") -> None:
        """Record, lower, and run once, which is when an engine traces and compiles."""
        if self.native or self.name in LOWERED:
            self._own(call, cache, derivative)()

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, gradient = self._own(call, cache, "gradient")()
        if self.name in LOWERED and not self.native:
            return out, gradient
        gradient = gradient[0] if call.single and not self.native else gradient
        return call.as_scalar(out), call.rearranged(gradient, f"method {self.name!r}")

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        if self.name in LOWERED:
            return self._own(call, cache, "jacobian")()
        outputs, structure = call.output_leaves(call(call.leaves))
        if structure is not None or any(part is not None for part in call.structures):
            return super().jacobian(call, cache)
        found = self._own(call, cache, "jacobian")()
        return outputs, None, [rows_of_jacobian(call, found[0] if call.single else found, shape_of(outputs[0]))]

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        if self.name in LOWERED:
            return self._own(call, cache, "hessian")()
        # The engine's own code cannot be traced, but it can be called.
        return hessian_by(call, Numerical(), self)

    def cost(self, call: Call, cache: Cache, derivative: str = "gradient") -> Cost | None:
        return None  # it does not compute with adkit's primitives

    def bare(self, call: Call, cache: Cache, derivative: str = "gradient") -> Callable[[], Any] | None:
        """The engine's call alone. Arrays that are not differentiated are handed over once: that is how an engine is
        used where the same data is looked at from step to step."""
        thunk = self._own(call, cache, derivative, keep_data=True)
        thunk()  # so that nothing is compiled while it is timed
        return thunk

    # -- how ---------------------------------------------------------------------------------------
    def _own(self, call: Call, cache: Cache, what: str, keep_data: bool = False) -> Callable[[], Any]:
        """The engine's own call: what is handed over, computed and handed back, and nothing else."""
        if (missing := self.missing()) is not None:
            raise BadRequest(f"method {self.name!r} is not installed: {missing}")
        if not self.native and self.name not in LOWERED:
            return self._on_f(call, cache, "value_and_gradient" if what == "gradient" else what)
        keep = getattr(self._module(), "held", _itself) if keep_data else _itself
        if self.native:
            return self._native(call, cache, what, keep)
        if self.name == "casadi" or what != "gradient":
            require_real(call, self)
        run, leaves, count = self._lowered(call, cache, what)
        leaves = [*leaves[:count], *map(keep, leaves[count:])]
        return partial(run, leaves)

    def _module(self, folder: str = "") -> Any:
        return importlib.import_module(f"adkit.engines.{folder}{self.name}")

    def _on_f(self, call: Call, cache: Cache, what: str) -> Callable[[], Any]:
        """The engine's transform of f, made once for each f."""
        known, engine = cache.get(what, (None, None))
        if engine is None or known is not call.f:
            engine = getattr(self._module(), what)(call.f, call.positions)
            cache[what] = call.f, engine
        args = call.arguments(call.leaves)
        return partial(engine, *args, **call.kwargs)

    def _native_of(self, call: Call) -> Callable[..., Any] | None:
        """What makes the native version of a problem's f, by the place of its definition."""
        name = f"{getattr(call.f, '__module__', '')}.{getattr(call.f, '__qualname__', '')}"
        return self._module("natives.").NATIVE.get(name)

    def _native(self, call: Call, cache: Cache, what: str, keep: Callable[[Any], Any]) -> Callable[[], Any]:
        if (reason := self.skips(call, what)) is not None:
            raise BadRequest(reason)
        make = self._native_of(call)
        assert make is not None
        inputs = Inputs(call)
        key = f"native {inputs.signature} {inputs.statics}"
        if key not in cache:
            cache[key] = make(*call.args)
        run = cache[key]
        args = [arg if i in call.positions else keep(arg) for i, arg in enumerate(call.args)]
        return partial(run, *args)

    def _lowered(self, call: Call, cache: Cache, what: str) -> tuple[Run, Leaves, int]:
        """A lowered graph that holds for this call, the inputs that it takes, and how many are differentiated."""
        known: tuple[Lowered, ...] = cache.get("lowered", ())
        ways = [Inputs(call, with_data) for with_data in (True, False)]
        for inputs in ways:
            surroundings = snapshot(inputs.statics, call.kwargs, call.f)
            for entry in known:
                if entry.holds(what, inputs, surroundings):
                    return entry.run, inputs.leaves, inputs.count
        inputs, entry = self._recorded(ways, what)
        if entry.surroundings is not None:
            cache["lowered"] = (entry, *known)[: self.KEPT]
        return entry.run, inputs.leaves, inputs.count

    def _recorded(self, ways: list[Inputs], what: str) -> tuple[Inputs, Lowered]:
        """A new recording; with data as constants where f or the engine cannot take it as an input."""
        with_data, without = ways
        if len(with_data.leaves) > with_data.count:
            try:
                return with_data, self._record(with_data, what)
            except Exception as error:
                try:
                    return without, self._record(without, what)
                except AdkitError:
                    raise
                except Exception:
                    raise error from None
        return without, self._record(without, what)

    def _record(self, inputs: Inputs, what: str) -> Lowered:
        module, call = self._module(), inputs.call
        surroundings = snapshot(inputs.statics, call.kwargs, call.f)
        graph = graph_for(inputs.outputs if what == "jacobian" else inputs.scalar, inputs.leaves, module.ENGINE.lacks)
        run = module.differentiated(graph, inputs.count, what)
        finish = _FINISH[what]
        templates = [x.value if isinstance(x, Node) else x for x in graph.outputs]
        structure = graph.output_structure
        return Lowered(
            what,
            inputs.signature,
            surroundings,
            graph if graph.decisions else None,
            lambda leaves: finish(run(leaves), templates, structure),
        )


def graph_for(fun: Callable[[Leaves], Any], leaves: Leaves, lacks: Callable[[Primitive], bool]) -> Graph:
    """fun as a graph in which masks flow on as data; where an engine lacks what that takes, one in which they are
    decisions, and in which the places of what it lacks are known."""
    try:
        graph = stage(fun, leaves)
        if not graph.checks and not any(lacks(node.primitive) for node in graph.leading_to_outputs() if node.primitive):
            return graph
    except CannotCompile:
        pass
    return record(fun, leaves, lacks)


def _itself(x: Any) -> Any:
    return x


# -- what is kept ----------------------------------------------------------------------------------
class Lowered(NamedTuple):
    """A lowered graph, and everything that it was made for."""

    what: str
    signature: Any
    surroundings: Snapshot | None
    # Only where f decides anything: a graph holds every array that f computed.
    decisions: Graph | None
    run: Run

    def holds(self, what: str, inputs: Inputs, surroundings: Snapshot | None) -> bool:
        """Whether it is what is asked for, recorded under the same circumstances, with the same decisions."""
        alike = self.what == what and self.signature == inputs.signature and self.surroundings == surroundings
        return alike and (self.decisions is None or self.decisions.decides_alike(inputs.leaves))


def _gradient(found: Any, templates: Leaves, structure: Structure) -> tuple[Any, Leaves]:
    value, gradient = found
    return _like(value, templates[0]), gradient


def _jacobian(found: Any, templates: Leaves, structure: Structure) -> Jacobian:
    outputs, rows = found
    return [_like(x, t) for x, t in zip(outputs, templates, strict=True)], structure, rows


def _like(x: Any, template: Any) -> Any:
    """A result in the type and dtype that f's own has."""
    if type(template) in (float, int, np.float64):
        return type(template)(x)
    return np.asarray(x, dtype_of(template)).reshape(np.shape(template))[()]


_FINISH: dict[str, Callable[..., Any]] = {
    "gradient": _gradient,
    "jacobian": _jacobian,
    "hessian": lambda found, templates, structure: found,
}


# -- arguments as inputs ---------------------------------------------------------------------------
class Inputs:
    """The arguments of a call as the inputs of a graph: first what is differentiated, then all other float numbers.

    Attributes:
        leaves: the inputs.
        count: how many of them are differentiated.
        statics: what else there is among the arguments; the graph is specialised to it.
        signature: the types, shapes and dtypes of the inputs.
    """

    def __init__(self, call: Call, with_data: bool = True) -> None:
        self.call = call
        self.leaves: Leaves = [_plain(leaf, call) for leaf in call.leaves]
        self.count = len(self.leaves)
        self.statics: list[Any] = []
        # By position, the parts of an argument: which of them are inputs, and the structure.
        self.taken: dict[int, tuple[Structure, list[Any], list[bool]]] = {}
        for i, arg in enumerate(call.args):
            if i not in call.positions:
                self._take(i, arg, with_data)
        self.signature = (
            call.positions,
            tuple(call.structures),
            tuple((type(x), shape_of(x), dtype_of(x)) for x in self.leaves),
            tuple((i, structure, tuple(marks)) for i, (structure, _, marks) in self.taken.items()),
        )

    def _take(self, i: int, arg: Any, with_data: bool) -> None:
        """Take the numbers of an argument as inputs, or all of it as it is."""
        if not with_data or not _is_built_of_plain_containers(arg):
            self.statics.append(_plain(arg, self.call))
            return
        leaves, structure = flatten(arg)
        marks = [_is_data(_plain(leaf, self.call)) for leaf in leaves]
        self.taken[i] = structure, leaves, marks
        self.leaves += [leaf for leaf, mark in zip(leaves, marks, strict=True) if mark]
        self.statics += [leaf for leaf, mark in zip(leaves, marks, strict=True) if not mark]

    def at(self, leaves: Leaves) -> Call:
        """The call with other inputs in the place of its own."""
        call, others = self.call, iter(leaves[self.count :])
        args = list(call.args)
        for i, part in zip(call.positions, call.split(leaves[: self.count]), strict=True):
            args[i] = part
        for i, (structure, own, marks) in self.taken.items():
            args[i] = unflatten(structure, [next(others) if m else x for x, m in zip(own, marks, strict=True)])
        return Call(call.f, call.positions[0] if call.single else call.positions, args, call.kwargs, call.has_aux)

    def scalar(self, leaves: Leaves) -> Any:
        """f's value, which is one number."""
        call = self.at(leaves)
        return call.scalar(call.leaves)

    def outputs(self, leaves: Leaves) -> Any:
        """f's outputs, in their container."""
        call = self.at(leaves)
        found, structure = call.output_leaves(call(call.leaves))
        return unflatten(structure, found)


def _plain(leaf: Any, call: Call) -> Any:
    """A leaf, which must not be traced by a transformation further out: an engine would lose its derivative."""
    if isinstance(leaf, Box):
        raise LostDerivative(
            f"another engine cannot be differentiated by adkit{place()}; use method='forward' or 'reverse' inside of "
            "a transformation, or ad.hessian(f, method=...) for second derivatives"
        )
    return leaf


def _is_built_of_plain_containers(x: Any) -> bool:
    """Whether taking x apart and building it anew gives the same."""
    if not is_container(x):
        return True
    return (type(x) in (list, tuple, dict) or hasattr(x, "_make")) and all(
        map(_is_built_of_plain_containers, parts_of(x).values())
    )


def _is_data(x: Any) -> bool:
    """Whether something is a float number or an array of them."""
    return type(x) is float or (isinstance(x, (np.ndarray, np.floating)) and x.dtype.kind == "f")
