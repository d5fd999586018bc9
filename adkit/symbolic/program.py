"""Straight-line scalar code, and its derivatives by reverse accumulation: again straight-line scalar code.

A program is a flat list of steps, each a rule applied to earlier scalars, so nothing here recurses, however long it
is. Equal steps are the same step: subexpressions are shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from heapq import heappop, heappush
from typing import Any, NamedTuple

from ..errors import ExpressionTooLarge, NoRule
from ..primitives import Elementwise, primitives
from ..tracing import Box
from .budget import GROWTH
from .rules import PASSED, Applied, Number, Rule, literal, row_rule

# No expression is counted beyond this, which is still a number that can be drawn.
LARGEST = 10**300


class Scalar:
    """An input, a constant or the result of a step. Operators make new steps, so NumPy can compute with scalars."""

    __slots__ = ("active", "builder")

    def __init__(self, builder: Builder, active: bool) -> None:
        self.builder = builder
        # Whether it depends on an input.
        self.active = active


Atom = Scalar | Number


class Step(NamedTuple):
    """result = rule(args)"""

    result: Scalar
    rule: Rule
    args: tuple[Atom, ...]


class Adjoint(NamedTuple):
    """The derivative of the output by a scalar; `live` is 0 where nothing flows to it, None where that cannot be."""

    value: Atom
    live: Atom | None


def _row(name: str) -> Elementwise:
    row = primitives[name]
    assert isinstance(row, Elementwise)
    return row


ADD, SUBTRACT, MULTIPLY, DIVIDE = map(_row, ("add", "subtract", "multiply", "divide"))


class Builder:
    """A program in the making, of at most GROWTH * max_ops steps: derivatives are larger than f, by how much is not
    known beforehand."""

    def __init__(self, max_ops: int) -> None:
        self.max_ops = max_ops
        self.inputs: list[Scalar] = []
        self.constants: dict[Scalar, Any] = {}
        self.steps: list[Step] = []
        self._results: dict[tuple[Rule, tuple[Atom, ...]], Atom] = {}
        self._named: dict[Any, Scalar] = {}

    @classmethod
    def on(cls, program: Program) -> Builder:
        """A builder that goes on from a program."""
        builder = cls(program.max_ops)
        builder.inputs = list(program.inputs)
        builder.constants = dict(program.constants)
        builder.steps = list(program.steps)
        builder._results = {(step.rule, step.args): step.result for step in program.steps}
        return builder

    def input(self) -> Scalar:
        self.inputs.append(Scalar(self, active=True))
        return self.inputs[-1]

    def constant(self, value: Any) -> Atom:
        """A number of f's own: exact if it is a small binary fraction; else named, which keeps all its digits."""
        if isinstance(value, complex):
            raise NoRule("the symbolic method takes real numbers only, and f computes with complex ones")
        small = isinstance(value, (int, float)) and abs(value) < 1 << 10
        if small and float(value * 1024).is_integer() and str(value) != "-0.0":
            return Fraction(int(value * 1024), 1024)
        return self.named(value)

    def named(self, value: Any) -> Scalar:
        """A constant by name; boxes of an outer transformation are told apart by identity, numbers by their digits."""
        key = id(value) if isinstance(value, Box) else repr(value)
        if key not in self._named:
            self._named[key] = Scalar(self, active=False)
            self.constants[self._named[key]] = value
        return self._named[key]

    # -- steps -------------------------------------------------------------------------------------
    def apply(self, row: Elementwise, *args: Atom) -> Atom:
        """A row of the table applied to scalars; numbers are simplified away where SymPy does so."""
        scalar = [isinstance(arg, Scalar) for arg in args]
        mixed = any(scalar) and not all(scalar)
        return self.emit(row_rule(row, _simplifying(row, args) if mixed else ()), args)

    def emit(self, applied: Applied, args: Sequence[Atom]) -> Atom:
        """The result of a rule for these arguments, from the step that computes it already or a new one."""
        head, chosen = applied
        if head is None:
            return args[chosen[0]]
        if not isinstance(head, Rule):
            return head
        picked = tuple([args[i] for i in chosen])
        result = self._results.get((head, picked))
        if result is None:
            result = self._results[head, picked] = self._result(head, picked)
        return result

    def _result(self, rule: Rule, args: tuple[Atom, ...]) -> Atom:
        """A new step, or the number that a rule makes of numbers; what is no fraction is left to the code's run."""
        numbers = [arg for arg in args if not isinstance(arg, Scalar)]
        if not numbers or len(numbers) < len(args):
            return self._step(rule, args)
        value = rule.value(numbers)
        return self._step(rule, tuple([self.named(float(n)) for n in numbers])) if value is None else value

    def _step(self, rule: Rule, args: tuple[Atom, ...]) -> Scalar:
        if len(self.steps) >= GROWTH * self.max_ops:
            raise self._outgrown(f"take over {len(self.steps):,} scalar operations", 4 * self.max_ops)
        result = Scalar(self, any(isinstance(arg, Scalar) and arg.active for arg in args))
        self.steps.append(Step(result, rule, args))
        return result

    # -- derivatives -------------------------------------------------------------------------------
    def gradients(self, outputs: Sequence[Atom]) -> list[Atom]:
        """The derivatives of each output by all inputs, output by output."""
        size = len(outputs) * len(self.inputs)
        if size > GROWTH * self.max_ops:
            raise self._outgrown(f"are {size:,} numbers", size // GROWTH + 1)
        steps = list(self.steps)
        numbers: dict[Atom, int] = {step.result: number for number, step in enumerate(steps)}
        return [slope for output in outputs for slope in self._gradient(output, steps, numbers)]

    def _gradient(self, output: Atom, steps: Sequence[Step], numbers: dict[Atom, int]) -> list[Atom]:
        """Reverse accumulation: adjoints are handed backwards, through the steps that the output depends on."""
        adjoints: dict[Atom, Adjoint] = {output: Adjoint(1, None)}
        waiting = [-numbers[output]] if output in numbers else []
        while waiting:
            result, rule, args = steps[-heappop(waiting)]
            for i, arg in enumerate(args):
                if not isinstance(arg, Scalar) or not arg.active:
                    continue
                share = self._share(adjoints[result], self.emit(rule.partial(i), (*args, result)), rule)
                if arg in adjoints:
                    adjoints[arg] = self._sum(adjoints[arg], share)
                else:
                    adjoints[arg] = share
                    if arg in numbers:
                        heappush(waiting, -numbers[arg])
        return [adjoints[x].value if x in adjoints else 0 for x in self.inputs]

    def _share(self, adjoint: Adjoint, partial: Atom, rule: Rule) -> Adjoint:
        """What an adjoint hands on to an argument: nothing at all where a maximum has chosen another."""
        live = adjoint.live
        if rule.chooses:
            live = partial if live is None else self.apply(MULTIPLY, live, partial)
        share = self.apply(MULTIPLY, adjoint.value, partial)
        return Adjoint(share if live is None else self.emit(PASSED, (share, live)), live)

    def _sum(self, a: Adjoint, b: Adjoint) -> Adjoint:
        live = None if a.live is None or b.live is None else self.apply(ADD, a.live, b.live)
        return Adjoint(self.apply(ADD, a.value, b.value), live)

    def _outgrown(self, what: str, enough: int) -> ExpressionTooLarge:
        return ExpressionTooLarge(
            f"the derivatives of f {what}, and the limit is {GROWTH} times max_ops={self.max_ops:,}: use "
            f"method=ad.Symbolic(max_ops={enough:_}), or method='reverse'"
        )

    def finish(self, outputs: Sequence[Atom]) -> Program:
        """The program of what these outputs need. The builder is done with, and lets go of the rest."""
        needed = {out for out in outputs if isinstance(out, Scalar)}
        kept: list[Step] = []
        for step in reversed(self.steps):
            if step.result in needed:
                kept.append(step)
                needed.update([arg for arg in step.args if isinstance(arg, Scalar)])
        self.steps, self._results = [], {}
        constants = {scalar: value for scalar, value in self.constants.items() if scalar in needed}
        return Program(tuple(self.inputs), constants, tuple(kept[::-1]), tuple(outputs), self.max_ops)


@dataclass(frozen=True, eq=False)
class Program:
    """Inputs, constants and their values, steps in order, and outputs (scalars or plain numbers)."""

    inputs: tuple[Scalar, ...]
    constants: Mapping[Scalar, Any]
    steps: tuple[Step, ...]
    outputs: tuple[Atom, ...]
    max_ops: int

    def jacobian(self) -> Program:
        """The program of the outputs, followed by each output's derivatives by all inputs."""
        builder = Builder.on(self)
        return builder.finish([*self.outputs, *builder.gradients(self.outputs)])

    def hessian(self) -> Program:
        """For one output: the program of its derivatives, followed by the rows of its second derivatives."""
        first = self.jacobian()
        return Program(first.inputs, first.constants, first.steps, first.outputs[1:], self.max_ops).jacobian()

    @cached_property
    def operations(self) -> int:
        """Scalar operations of one run."""
        return sum(step.rule.operations for step in self.steps)

    @property
    def tree_operations(self) -> int:
        """Scalar operations of all outputs, each written out as one expression in the inputs, at most LARGEST."""
        sizes = self.tree_sizes()
        return min(sum(sizes.get(out, 0) for out in self.outputs), LARGEST)

    def tree_sizes(self) -> dict[Atom, int]:
        """Scalar operations of each result written out as one expression in the inputs."""
        sizes: dict[Atom, int] = {}
        for result, rule, args in self.steps:
            repeated = zip(args, rule.occurrences, strict=True)
            size = rule.operations + sum(count * sizes.get(arg, 0) for arg, count in repeated)
            # Doubled at each of many steps, a number would itself outgrow everything.
            sizes[result] = min(size, LARGEST)
        return sizes

    def source(self, exact: bool = False) -> str:
        """Python code of a function of the inputs (x0, ...), which reads the constants (c0, ...) as globals.

        `exact` writes fractions so that mpmath rounds nothing.
        """
        return "\n".join([*self._lines(exact), ""])

    def _lines(self, exact: bool) -> Iterator[str]:
        numbered = ("x", self.inputs), ("c", self.constants), ("v", [step.result for step in self.steps])
        names = {scalar: f"{letter}{i}" for letter, scalars in numbered for i, scalar in enumerate(scalars)}

        def spelled(atom: Atom) -> str:
            return names[atom] if isinstance(atom, Scalar) else literal(atom, exact)

        yield f"def program({', '.join(names[x] for x in self.inputs)}):"
        for result, rule, args in self.steps:
            text = rule.exact_text if exact else rule.text
            yield f"    {names[result]} = {text.format(*map(spelled, args))}"
        floats = [out if isinstance(out, Scalar) or exact else repr(float(out)) for out in self.outputs]
        yield f"    return [{', '.join(out if isinstance(out, str) else spelled(out) for out in floats)}]"

    @property
    def globals(self) -> dict[str, Any]:
        """The constants by the names that the source gives them."""
        return {f"c{i}": value for i, value in enumerate(self.constants.values())}


# -- numbers ---------------------------------------------------------------------------------------
# For which numbers, argument by argument, a row simplifies: x + 0, 0*x, x/1. (Any other would make a rule of its own.)
_SIMPLIFYING: dict[Elementwise, tuple[tuple[int, ...], ...]] = {
    ADD: ((0,), (0,)),
    SUBTRACT: ((0,), (0,)),
    MULTIPLY: ((0, 1, -1), (0, 1, -1)),
    DIVIDE: ((0,), (1, -1)),
}
_POWERS = (_row("power"), _row("float_power"))


def _simplifying(row: Elementwise, args: tuple[Atom, ...]) -> tuple[Number | None, ...]:
    """The numbers among the arguments that SymPy is shown: those above, and exponents."""
    if row in _POWERS:
        return (None, None if isinstance(args[1], Scalar) else args[1])
    if row not in _SIMPLIFYING:
        return ()
    shown = zip(args, _SIMPLIFYING[row], strict=True)
    return tuple([None if isinstance(arg, Scalar) or arg not in numbers else arg for arg, numbers in shown])


# -- operators -------------------------------------------------------------------------------------
def _install(name: str, row: Elementwise) -> None:
    """Give scalars an operator and its reflection."""

    def forward(self: Scalar, other: Any) -> Atom:
        return self.builder.apply(row, self, _atom(self, other))

    def reflected(self: Scalar, other: Any) -> Atom:
        return self.builder.apply(row, _atom(self, other), self)

    setattr(Scalar, f"__{name}__", forward)
    setattr(Scalar, f"__r{name}__", reflected)


def _atom(beside: Scalar, x: Any) -> Atom:
    return x if isinstance(x, (Scalar, Fraction)) else beside.builder.constant(x)


_install("add", ADD)
_install("sub", SUBTRACT)
_install("mul", MULTIPLY)
_install("truediv", DIVIDE)
