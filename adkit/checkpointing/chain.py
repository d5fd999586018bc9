"""A step taken many times: one operation on the tape, walked backwards block by block."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from .. import refusals, reverse
from ..containers import Structure, flatten, unflatten
from ..errors import ArgumentError, place
from ..tracing import Box, normalize
from .captures import Captured
from .computation import FLOATS, Computation, Leaves, is_number, rehearse, swept
from .schedules import Schedule

# What a state is made of.
_STATE = (Box, bool, int, float, complex, np.generic, np.ndarray, str, bytes, type(None))
# The number of a block, and the state it begins with.
Snapshot = tuple[int, Any]


class Run(NamedTuple):
    """A step with what goes along to it."""

    step: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    numbered: bool


def advance(run: Run, state: Any, start: int, stop: int) -> Any:
    """The state after the steps from one to another. It may be the given one, written to."""
    step, args, kwargs, numbered = run
    try:
        if numbered:
            for k in range(start, stop):
                state = step(state, k, *args, **kwargs)
        elif args or kwargs:
            for _ in itertools.repeat(None, stop - start):
                state = step(state, *args, **kwargs)
        else:
            for _ in itertools.repeat(None, stop - start):
                state = step(state)
    except ValueError as error:
        if (refusal := refusals.written_to_argument(error)) is None:
            raise
        raise refusal.with_traceback(error.__traceback__) from None
    return state


def kept(state: Any) -> Any:
    """A state that no later step writes to."""
    if type(state) in FLOATS:
        return state
    leaves, structure = flatten(state)
    return unflatten(structure, [_own(x) for x in leaves])


def _flat(state: Any) -> tuple[Leaves, Structure]:
    """The leaves of a state, and its structure."""
    if type(state) in FLOATS or isinstance(state, Box):
        return [state], None
    leaves, structure = flatten(state)
    return [normalize(x) if isinstance(x, np.ndarray) else x for x in leaves], structure


def _own(x: Any) -> Any:
    if isinstance(x, Box):
        return x.again()
    return x.copy("K") if isinstance(x, np.ndarray) else x


class Chain(Computation):
    """The steps of a chain, from the traced leaves of its initial state and of what goes along with each step.

    From the run forwards to the first one backwards it holds the snapshots that it has passed.
    """

    def __init__(self, state: Any, others: Captured, schedule: Schedule, numbered: bool, name: str) -> None:
        super().__init__(self._taken, name)
        self.initial, self.shape = _flat(state)
        self._require_open(self.initial)
        self.active = [i for i, leaf in enumerate(self.initial) if isinstance(leaf, Box)]
        self.others = others
        self.schedule = schedule
        self.numbered = numbered
        self.structure: Structure = None
        self.passed: list[tuple[Leaves, list[Snapshot], Snapshot]] = []

    @property
    def leaves(self) -> Leaves:
        """The traced leaves: those of the initial state, and the others."""
        return [*(self.initial[i] for i in self.active), *self.others.boxes]

    # -- runs of the step --------------------------------------------------------------------------
    def _begun(self, leaves: Leaves) -> tuple[Any, Leaves]:
        """The initial state that has these leaves, and the leaves of what goes along."""
        initial = list(self.initial)
        for i, leaf in zip(self.active, leaves, strict=False):
            initial[i] = leaf
        return kept(unflatten(self.shape, initial)), leaves[len(self.active) :]

    def _run(self, others: Leaves) -> tuple[Run, Callable[[str], None]]:
        """The step, and what refuses one that has changed what goes along."""
        (step, args, kwargs), require_unchanged = self.others.build(others)
        return Run(step, args, kwargs, self.numbered), require_unchanged

    def _taken(self, leaves: Leaves, steps: int | None = None) -> Leaves:
        """The leaves of the state after all steps or the first ones."""
        state, others = self._begun(leaves)
        run, require_unchanged = self._run(others)
        out = advance(run, state, 0, self.schedule.steps if steps is None else steps)
        require_unchanged(self.name)
        return self._finished(out)

    def _finished(self, state: Any) -> Leaves:
        leaves, self.structure = _flat(state)
        self._require_open(leaves)
        return leaves

    def _require_open(self, leaves: Leaves) -> None:
        """Refuse a state that holds numbers where they are not seen."""
        for leaf in leaves:
            if not isinstance(leaf, _STATE):
                raise ArgumentError(
                    f"the state of {self.name} holds a {type(leaf).__name__}{place()}, into which adkit does not look: "
                    "a state is a number, an array, or a list, tuple, dict or dataclass of them"
                )

    def forwards(self, leaves: Leaves, since: int) -> Leaves:
        """The first step is rehearsed, so that what it must not do is found out; the others are run on numbers."""
        found = rehearse(lambda leaves: self._taken(leaves, 1), leaves, self.name, since)
        state, others = self._begun(leaves)
        run, held = self._run(others)[0], [(0, state)]
        first = unflatten(self.structure, found)
        reached, state, at = self._down(run, held, self.schedule.blocks, first)
        self.passed = [(leaves, held, reached)]
        return self._finished(advance(run, state, at, self.schedule.steps))

    def _down(self, run: Run, held: list[Snapshot], end: int, first: Any = None) -> tuple[Snapshot, Any, int]:
        """From the last snapshot to the block before `end`, with snapshots on the way.

        What the block begins with; and the state that has been reached, which may be written to, and after which step.
        `first` is the state after the first step, where that has been taken.
        """
        edge = self.schedule.edge
        top, state = held[-1]
        state, at = (kept(state), edge(top)) if first is None else (first, 1)
        reached = held[-1]
        for block, keep in self.schedule.descent(top, end, len(held)):
            state, at = advance(run, state, at, edge(block)), edge(block)
            reached = block, kept(state)
            if keep:
                held.append(reached)
        return reached, state, at

    # -- the sweep ---------------------------------------------------------------------------------
    def backwards(self, seeds: Leaves, leaves: Leaves, expected: Leaves, guarded: bool) -> Leaves:
        """Block by block, each taped and swept from the state that it begins with."""
        state, others = self._begun(leaves)
        run, shares = self._run(others)[0], [None] * len(others)
        held, reached = self._snapshots(run, state, leaves)
        for end in range(self.schedule.blocks, 0, -1):
            if all(seed is None for seed in seeds):
                return [None] * len(self.active) + shares
            if reached is None:
                reached = self._down(run, held, end)[0]
            seeds, own, expected = self._block(end, reached[1], others, seeds, expected, guarded)
            shares = [b if a is None else a if b is None else a + b for a, b in zip(shares, own, strict=True)]
            if held[-1][0] == end - 1:
                held.pop()
            reached = None
        return [seeds[i] for i in self.active] + shares

    def _snapshots(self, run: Run, state: Any, leaves: Leaves) -> tuple[list[Snapshot], Snapshot | None]:
        """Those that the run forwards has passed, which a first sweep uses up, and where it starts from."""
        with suppress(IndexError):  # used up
            given, held, reached = self.passed.pop()
            if all(map(operator.is_, given, leaves)):
                return held, reached
        return [(0, state)], None

    def _block(
        self, end: int, state: Any, others: Leaves, seeds: Leaves, expected: Leaves, guarded: bool
    ) -> tuple[Leaves, Leaves, Leaves]:
        """What flows back through one block to the state that it begins with and to the others; and that state."""
        given, shape = _flat(state)
        active = [i for i, x in enumerate(given) if is_number(x)]

        def fun(leaves: Leaves) -> Leaves:
            filled = [_own(x) for x in given]
            for i, leaf in zip(active, leaves, strict=False):
                filled[i] = leaf
            run, _ = self._run(leaves[len(active) :])
            edge = self.schedule.edge
            return _flat(advance(run, unflatten(shape, filled), edge(end - 1), edge(end)))[0]

        found, variables, tape = reverse.record(fun, [*(given[i] for i in active), *others])
        self.require(found, expected)
        shares = swept(tape, found, seeds, variables, guarded)
        back: Leaves = [None] * len(given)
        for i, share in zip(active, shares, strict=False):
            back[i] = share
        return back, shares[len(active) :], given
