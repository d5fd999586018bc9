"""What has been recorded for one kind of arguments, how it is recorded, and what it holds for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..codegen import MISS, Link, Program, Static
from ..containers import Structure, flatten, unflatten
from ..errors import CannotCompile
from ..graph import Graph
from ..lending import same_bits
from ..snapshots import Arrays, Guard, OpaqueError, Snapshot, Surroundings, surroundings
from .arguments import Taken, kind_of
from .graphs import digest_of, generated, written_down
from .paths import Path
from .results import close, is_number, outputs_of, results_of, same_dtype, without_fixed

# How many operations are written down before it is given up.
LIMIT = 200_000
# Up to so many operations f is recorded a second time, to see whether it does the same again.
TWICE = 5_000


class Kind:
    """The recordings for one kind of arguments, the latest used first."""

    def __init__(self) -> None:
        self.recordings: tuple[Recording, ...] = ()
        # Why there are to be no more.
        self.refusal = ""
        # Recordings since one has fitted a second call; attempts in vain, and how many calls to wait for the next.
        self.unused = 0.0
        self.failures = self.waiting = 0

    def due(self) -> bool:
        """Whether f is to be recorded again."""
        self.waiting -= self.waiting > 0
        return self.waiting == 0

    def wait(self) -> None:
        """Twice as long after each attempt in vain."""
        self.failures = min(self.failures + 1, 10)
        self.waiting = 2**self.failures


class Recording:
    """A program, and what it holds for."""

    def __init__(
        self,
        program: Program,
        taken: Taken,
        examples: list[Any],
        structure: Structure,
        before: Surroundings,
        digest: int,
    ) -> None:
        self.program = program
        self.names = taken.names
        self.structures = taken.structures
        self.examples = [_example(x) for x in examples]
        self.structure = structure
        self.content: Snapshot = before.content
        self.guard: Guard = before.guard()
        self.arrays = before.arrays
        self.digest = digest
        self.entry: Link | None = None

    def inputs(self, leaves: Sequence[Any]) -> list[Any]:
        """The leaves that are inputs of the program."""
        return [leaf for leaf, x in zip(leaves, self.examples, strict=True) if not isinstance(x, Static)]

    def run(self, leaves: Sequence[Any]) -> Any:
        """The result, or MISS."""
        found = outputs_of(self.program, self.inputs(leaves))
        return MISS if found is None else unflatten(self.structure, found)

    def fits(self, taken: Taken) -> bool:
        """Whether arguments of its kind, and what else f reads, are those that it was made for."""
        pairs = zip(taken.leaves, self.examples, strict=True)
        return all(_is_same(leaf, x.value) for leaf, x in pairs if isinstance(x, Static)) and self.guard.holds()

    def moves(self, taken: Taken, before: Surroundings) -> bool:
        """Take over to other objects of the same content; arrays that are read as they are must be the same."""
        pairs = list(zip(taken.leaves, self.examples, strict=True))
        if any(
            isinstance(x, Static) and isinstance(x.value, np.ndarray) and not _is_same(y, x.value) for y, x in pairs
        ):
            return False
        self.examples = [_example(Static(leaf)) if isinstance(x, Static) else x for leaf, x in pairs]
        self.guard, self.content, self.arrays = before.guard(), before.content, before.arrays
        return True

    def repeats(self, other: Recording) -> bool:
        """Whether it is the same recording again."""
        if self.digest != other.digest or self.content != other.content:
            return False
        pairs = zip(self.examples, other.examples, strict=True)
        return all(_is_same(x.value, y.value) for x, y in pairs if isinstance(x, Static) and isinstance(y, Static))

    def make_entry(self) -> Link | None:
        """What makes a function of the arguments that checks all that this holds for, or calls another one; None where
        that takes more than a glance."""
        if any(isinstance(x, Static) and not _is_simple(x.value) for x in self.examples):
            return None
        from ..codegen.entry import entry

        return entry(self.program, self.structures, self.examples, self.structure, self.guard)


def _example(x: Any) -> Any:
    """A leaf without what does not matter of it; what a static one holds as it is now."""
    if isinstance(x, Static):
        return Static(x.value.copy()) if isinstance(x.value, np.ndarray) else x
    if not isinstance(x, np.ndarray):
        return x
    return np.lib.stride_tricks.as_strided(np.empty(1, x.dtype), x.shape, x.strides)


def _is_same(leaf: Any, value: Any) -> bool:
    """Whether a static leaf is what it was; an object must be the very same, its state is watched."""
    if isinstance(value, np.ndarray):
        return np.array_equal(leaf, value)
    return leaf is value or (_is_plain(value) and type(leaf) is type(value) and leaf == value)


def _is_plain(x: Any) -> bool:
    return isinstance(x, (int, str, bytes, np.generic)) or x is None


def _is_simple(x: Any) -> bool:
    """Whether one comparison shows that a static argument is the same."""
    return _is_plain(x) or type(x).__eq__ is object.__eq__


def require_untouched(g: Any, taken: Taken, kept: Sequence[Any], before: Surroundings) -> None:
    """f may change nothing that it was given or that it reads."""
    after = Taken(taken.args, taken.kwargs)
    same = after.structures == taken.structures and all(map(_unchanged, after.given, taken.given, kept))
    if not same:
        raise CannotCompile("it changes its arguments: let it change a copy, and return that")
    try:
        content = surroundings(g, *taken.roots, known=before.arrays).content
    except OpaqueError as error:
        raise CannotCompile(unseen(error)) from None
    if content != before.content:
        raise CannotCompile(
            "it changes what it reads (a global, a closure variable, an attribute, a list): return that instead"
        )
    if "print" in before.mentions:
        raise CannotCompile("it prints, which straight-line code would not do: print what it returns")


def unseen(error: OpaqueError) -> str:
    """Why f cannot be recorded that uses something like random numbers, the time or a file."""
    return f"it uses {error.what}, whose state cannot be seen: do that outside and pass the result as an argument"


def _unchanged(leaf: Any, given: Any, kept: Any) -> bool:
    if leaf is not given:
        return False
    if not isinstance(leaf, np.ndarray) or leaf.dtype.hasobject:
        return True
    return same_bits(leaf, kept)


# -- how it is recorded ----------------------------------------------------------------------------
def recorded(g: Callable[..., Any], taken: Taken, before: Surroundings, result: Any, limit: int = LIMIT) -> Recording:
    """f written down, and the program of it, which must give the result that f gave."""
    outputs, structure = results_of(result)
    graph, traced = _staged(g, taken, limit, before.arrays)
    if graph.output_structure != structure:
        raise CannotCompile("on traced values it returns another container than on numbers")
    digest = digest_of(graph)
    outputs, structure = without_fixed(graph, outputs, structure)
    program = generated(graph, outputs)
    examples = [leaf if i in traced else Static(leaf) for i, leaf in enumerate(taken.leaves)]
    recording = Recording(program, taken, examples, structure, before, digest)
    _verify(g, recording, taken, outputs)
    return recording


def _staged(g: Callable[..., Any], taken: Taken, limit: int, known: Arrays) -> tuple[Graph, frozenset[int]]:
    """The graph of f, and which leaves are its inputs: whole numbers and marks too, unless f reads them in a way
    that only arrays allow, as an index; then their content is part of what the recording holds for."""
    try:
        return _stage(g, limit, taken, taken.traceable, known), taken.traceable
    except CannotCompile as error:
        if taken.floating == taken.traceable or error.passing:
            raise
        return _stage(g, limit, taken, taken.floating, known), taken.floating


def _stage(g: Callable[..., Any], limit: int, taken: Taken, traced: frozenset[int], known: Arrays) -> Graph:
    order = sorted(traced)

    def run(boxes: list[Any]) -> Any:
        leaves = list(taken.leaves)
        for i, box in zip(order, boxes, strict=True):
            leaves[i] = box
        args, kwargs = taken.rebuilt(leaves)
        with Path(taken.path) as path:
            found = g(*args, **kwargs)
        if path.steps != taken.path:
            raise CannotCompile("it asks of what type something is, and does something else with traced values")
        return found

    inputs = [taken.leaves[i] for i in order]
    graph = written_down(run, inputs, limit, known)
    if len(graph.nodes) <= TWICE and digest_of(graph) != digest_of(written_down(run, inputs, limit, known)):
        raise CannotCompile(
            "it does not do the same when it is run again: it draws random numbers, or counts; do that outside and "
            "pass the result as an argument"
        )
    return graph


def _verify(g: Callable[..., Any], recording: Recording, taken: Taken, outputs: Sequence[Any]) -> None:
    """The program must give what f gave."""
    inputs = recording.inputs(taken.leaves)
    found = outputs_of(recording.program, inputs)
    if found is None:
        raise CannotCompile("a derivative is nan here, or arithmetic fails", passing=True)
    for mine, wanted in zip(found, outputs, strict=True):
        if type(mine) is not type(wanted) or np.shape(mine) != np.shape(wanted) or not same_dtype(mine, wanted):
            raise CannotCompile(f"its code returns {kind_of(mine)} where it returned {kind_of(wanted)} itself")
    if not close(found, outputs, recording.program, inputs):
        raise CannotCompile(_disagreement(g, taken, outputs))


def _disagreement(g: Callable[..., Any], taken: Taken, outputs: Sequence[Any]) -> str:
    """Why the code gives another result than f gave: f itself may."""
    again, _ = flatten(g(*taken.args, **taken.kwargs))
    if not all(np.array_equal(x, y, equal_nan=True) for x, y in zip(again, outputs, strict=True) if is_number(x)):
        return "it does not give the same when it is run again: it draws random numbers, or counts"
    return "its code gives another result than it gave itself, perhaps since it asks what type its arguments have"
