"""The methods that run f on traced values: forward, reverse, and the choice between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import blocks, costs, forward, reverse
from ..calls import Call, Leaves, ones_like, size_of
from ..compiling import Compiled
from ..containers import Structure
from ..costs import Cost, Tally
from ..errors import BadRequest, LostDerivative
from ..primitives.table import dtype_of, float_dtype, is_complex, shape_of
from . import compiled
from .base import Cache, Jacobian, Method, hessian_by, require_count
from .theory import forward_bound, reverse_bound


class Compilable(Method):
    """A method whose results run as code where its field `compile` says so."""

    compile: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.compile, bool):
            raise BadRequest(f"compile must be True or False, not {self.compile!r}")
        if self.compile:
            # The name in tables; an object of a frozen class is given it by the back door.
            object.__setattr__(self, "name", f"{type(self).name}(compile=True)")

    def __repr__(self) -> str:
        """The method as one would write it, in which `compile` is what one asks for."""
        names = [name for name in self.options if name != "compile" or self.compile]
        return f"{type(self).__name__}({', '.join([f'{name}={getattr(self, name)!r}' for name in names])})"

    def compiled(self, made_with: Callable[[Method], Callable[..., Any]]) -> Compiled | None:
        return Compiled(made_with(compiled.plain(self))) if self.compile else None

    def prepare(self, call: Call, cache: Cache, derivative: str = "gradient") -> None:
        if self.compile:
            run = {"jacobian": self.jacobian, "hessian": self.hessian}.get(derivative, self.value_and_gradient)
            run(call, cache)

    def remark(self, call: Call, cache: Cache, derivative: str = "gradient") -> str:
        return compiled.remark(cache, derivative) if self.compile else ""


@dataclass(frozen=True, repr=False)
class Forward(Compilable):
    """Dual numbers: f is run on values with tangents, `chunk` directions at a time.

    Args:
        chunk: how many tangents are carried at once; memory grows with it, the number of passes shrinks.
        compile: record all passes once for each kind of arguments, and run straight-line code: see `ad.compile`.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> ad.grad(lambda x: x @ x, method=ad.Forward(chunk=2))(np.array([1.0, 2.0, 3.0]))
        array([2., 4., 6.])
    """

    name = "forward"
    theory = "f once a pass, and at most 3 times more for each input"
    chunk: int = 64
    compile: bool = False

    def __post_init__(self) -> None:
        require_count("chunk", self.chunk)
        super().__post_init__()

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        if self.compile:
            return compiled.value_and_gradient(self, call, cache)

        def run(leaves: Leaves) -> Leaves:
            return [call.scalar(leaves)]

        if len(call.leaves) == 1 and type(call.leaves[0]) is float:
            # One number needs no stacking and cutting.
            (out,), (slope,) = forward.push(run, call.leaves, [1.0])
            return out, [0.0 if slope is None else slope]
        (out,), (gradient,) = self._blocks(call, run)
        return out, gradient

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        if self.compile:
            return compiled.jacobian(self, call, cache)
        structures: list[Structure] = []

        def run(leaves: Leaves) -> Leaves:
            found, structure = call.output_leaves(call(leaves))
            structures.append(structure)
            return found

        outputs, rows = self._blocks(call, run)
        return outputs, structures[0], rows

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return compiled.hessian(self, call, cache) if self.compile else hessian_by(call, self, self)

    def passes(self, call: Call, outputs: int = 1) -> int:
        if self.compile:
            return 1
        return max(1, -(-size_of(call.leaves) // self.chunk))

    def bound(self, call: Call, outputs: int = 1) -> float | None:
        return forward_bound(compiled.plain(self).passes(call), size_of(call.leaves))

    def cost(self, call: Call, cache: Cache, derivative: str = "gradient") -> Cost | None:
        """That of all passes, of which those that move elements of the same leaves take the same."""
        total = Cost()
        for (start, stop), times in self._kinds_of_passes(call).items():
            one = costs.tally(partial(_one_pass, call, start, stop))
            if one is None:
                return None
            total = total.plus(one, times * (2 if any(map(is_complex, call.leaves)) else 1))
        return total

    def _kinds_of_passes(self, call: Call) -> dict[tuple[int, int], int]:
        """The directions of a pass, and how many others are like it, for each kind of pass."""
        n = size_of(call.leaves)
        edges = np.cumsum([size_of([leaf]) for leaf in call.leaves])
        found: dict[Any, tuple[int, int]] = {}
        times: dict[tuple[int, int], int] = {}
        for start in range(0, max(n, 1), self.chunk):
            stop = min(start + self.chunk, n)
            kind = stop - start, int(np.searchsorted(edges, start, "right")), int(np.searchsorted(edges, stop))
            first = found.setdefault(kind, (start, stop))
            times[first] = times.get(first, 0) + 1
        return times

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
            outputs, found = _pushed(run, call.leaves, seeds, stop - start if batched else None)
            pairs = zip(found, outputs, strict=True)
            stacks.append([blocks.directions_first(t, out, stop - start, batched) for t, out in pairs])
        return outputs, [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in zip(*stacks, strict=True)]


def _one_pass(call: Call, start: int, stop: int, counter: Tally) -> None:
    """One pass on numbers that count, values and directions alike."""
    batched = size_of(call.leaves) != 1
    seeds = forward.seeds(call.leaves, start, stop)
    seeds = [None if s is None else counter.box(s if batched else _single(s[0])) for s in seeds]

    def run(leaves: Leaves) -> Leaves:
        return call.output_leaves(call(leaves))[0]

    forward.push(run, [counter.box(x) for x in call.leaves], seeds, batched=batched)


def _swept(call: Call, counter: Tally) -> None:
    """f recorded and swept for each number that it returns, on numbers that count; all sweeps of an array alike."""
    recorded = _Recorded(call, [counter.box(x) for x in call.leaves])
    for out in recorded.found:
        before = counter.cost
        seed = np.zeros(shape_of(out), dtype_of(out))
        reverse.sweep(recorded.tape, [(out, counter.box(seed[()]))], recorded.variables)
        others = max(size_of([out]) - 1, 0)
        counter.cost = counter.cost.plus(counter.cost.minus(before), others)


def _pushed(run: Callable[[Leaves], Leaves], leaves: Leaves, seeds: list[Any], count: int | None) -> forward.Outputs:
    """One pass. f may write into the leaves that it does not move: they are copies, or move by 0 if need be."""
    try:
        own = [
            x.copy("K") if seed is None and isinstance(x, np.ndarray) else x
            for x, seed in zip(leaves, seeds, strict=True)
        ]
        return forward.push(run, own, seeds, batched=count is not None)
    except LostDerivative:
        if all(seed is not None for seed in seeds):
            raise
        lead = () if count is None else (count,)
        still = [
            np.zeros((*lead, *shape_of(x)), float_dtype(x)) if s is None else s
            for x, s in zip(leaves, seeds, strict=True)
        ]
        return forward.push(run, leaves, still, batched=count is not None)


def _single(seed: Any) -> Any:
    return seed if np.ndim(seed) else seed.item()


def _with_imaginary(along_x: Leaves, along_y: Leaves, out: Any, leaves: Leaves) -> Leaves:
    """The blocks of one output, completed for the complex inputs."""
    triples = zip(along_x, along_y, leaves, strict=True)
    return [blocks.by_complex(x, y, out) if is_complex(leaf) else x for x, y, leaf in triples]


@dataclass(frozen=True, repr=False)
class Reverse(Compilable):
    """The tape: f is recorded once, and one walk backwards gives the whole gradient.

    Args:
        compile: record f and the walk once for each kind of arguments, and run straight-line code: see `ad.compile`.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> ad.grad(lambda x: x @ x, method="reverse")(np.array([1.0, 2.0, 3.0]))
        array([2., 4., 6.])
        >>> gradient = ad.grad(lambda x: x**3, method=ad.Reverse(compile=True))
        >>> gradient(2.0), gradient(3.0)
        (12.0, 27.0)
    """

    name = "reverse"
    theory = "at most 5 times f for a gradient; 1 + 4 m times for the Jacobian of m outputs"
    compile: bool = False

    def passes(self, call: Call, outputs: int = 1) -> int:
        """Each takes a run backwards; the one forwards that they share is part of the first. Code is run once."""
        return 1 if self.compile else outputs

    def bound(self, call: Call, outputs: int = 1) -> float | None:
        return reverse_bound(outputs)

    def tape(self, call: Call) -> tuple[int, int] | None:
        if self.compile:
            return None
        tape = _Recorded(call).tape
        return len(tape.entries), tape.nbytes()

    def cost(self, call: Call, cache: Cache, derivative: str = "gradient") -> Cost | None:
        return costs.tally(partial(_swept, call))

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        if self.compile:
            return compiled.value_and_gradient(self, call, cache)
        out, variables, tape = reverse.record(call.scalar, call.leaves)
        return tape.value(out), reverse.sweep(tape, [(out, ones_like(out))], variables, final=True)

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        return compiled.jacobian(self, call, cache) if self.compile else _Recorded(call).jacobian()

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        return compiled.hessian(self, call, cache) if self.compile else hessian_by(call, self, self)


class _Recorded:
    """f on a tape, to be swept once for each number that it returned."""

    def __init__(self, call: Call, leaves: Leaves | None = None) -> None:
        self.leaves = call.leaves if leaves is None else leaves
        (self.found, self.structure), self.variables, self.tape = reverse.record(
            lambda leaves: call.output_leaves(call(leaves)), self.leaves
        )
        self.outputs = [self.tape.value(out) for out in self.found]

    def jacobian(self) -> Jacobian:
        return self.outputs, self.structure, [self._row(out) for out in self.found]

    def _row(self, out: Any) -> Leaves:
        """The blocks of one output."""
        shape = shape_of(out)
        sweeps = [self._sweep(out, index) for index in np.ndindex(shape)] if self.tape.owns(out) else []
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
        return hessian_by(call, Forward(), Reverse())
