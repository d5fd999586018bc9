"""Computations that are one operation on the tape, and are run again where their derivative is asked for.

What they do is known, unlike what an operation with a derivative of the person's own does; so their derivatives are
computations too, run again in their turn where the sweep is itself recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import forward, reverse
from ..costs import Tally
from ..errors import LostDerivative, place
from ..primitives.guard import Composite, Guarded, pull
from ..primitives.table import dtype_of, like, shape_of, zeros_like
from ..tracing import Box, Trace, bind, plain

Leaves = list[Any]
Fun = Callable[[Leaves], Leaves]
FLOATS = frozenset({float, np.float64})


# -- the run forwards ------------------------------------------------------------------------------
class Rehearsed(Box):
    """A number in a run of which nothing is kept but the result."""

    __slots__ = ()


class Rehearsal(Trace):
    """A run without a tape. What leaks out of it could have no derivative, and is refused where it is used."""

    __slots__ = ()

    def box(self, x: Any) -> Rehearsed:
        """A number of this run."""
        box = Rehearsed()
        box.value, box.owner, box.note = x, self, None
        return box

    def lift(self, value: Any) -> Rehearsed:
        return self.box(value)

    def process(self, primitive: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        out = bind(primitive, self.strip(args), params)
        return out if primitive.constant else self.box(out)


# Traces among which a computation is one operation. Any other one, as that of a recorder or a tape that notes more than
# others, wants to see each operation.
_APART = {reverse.Tape, forward.DualTrace, Tally, Rehearsal}


def rehearse(fun: Fun, leaves: Sequence[Any], name: str, since: int) -> Leaves:
    """What fun makes of these leaves, which it must not change; of traces not older than `since` it gets no others."""
    trace = Rehearsal()
    boxes = list(map(trace.box, leaves))
    try:
        found = fun(list(boxes))
    finally:
        trace.close()
    if any(box.owner is not trace or box.value is not x for box, x in zip(boxes, leaves, strict=True)):
        raise LostDerivative(
            f"{name} changes an array that it was given{place()}; since it is run again in the sweep, let it work on a "
            "copy (x = x.copy())"
        )
    found = [x.value if isinstance(x, Rehearsed) and x.owner is trace else x for x in found]
    if any(isinstance(x, Box) and x.owner.age >= since and x.owner not in _owners(leaves) for x in found):
        raise LostDerivative(
            f"{name} uses a traced value that it was not given, and that stands where it cannot be found{place()}; "
            "pass it as an argument, since what is run again must be given all it needs"
        )
    return found


# -- computations ----------------------------------------------------------------------------------
class Computation:
    """Numbers that a function makes of others, as often as it is asked to."""

    def __init__(self, fun: Fun, name: str) -> None:
        self.fun = fun
        self.name = name

    def run(self, leaves: Leaves) -> Leaves:
        """The outputs, on whatever numbers."""
        return self.fun(leaves)

    def forwards(self, leaves: Leaves, since: int) -> Leaves:
        """The run of which only the result is kept, as one operation of traces that are not older than `since`."""
        return rehearse(self.run, leaves, self.name, since)

    def backwards(self, seeds: Leaves, leaves: Leaves, expected: Leaves, guarded: bool) -> Leaves:
        """What flows back to each leaf from the seeds of the outputs; None where there is nothing."""
        found, variables, tape = reverse.record(self.run, leaves)
        self.require(found, expected)
        return swept(tape, found, seeds, variables, guarded)

    def along(self, primals: Leaves, tangents: Leaves, trace: forward.DualTrace) -> Leaves:
        """The tangent of each output; None where it has none."""
        return forward.run(self.run, primals, tangents, trace)[1]

    def require(self, found: Leaves, expected: Leaves) -> None:
        """Refuse a function that has made something else of the same numbers."""
        if len(found) != len(expected) or not all(map(_agree, found, expected)):
            raise LostDerivative(
                f"{self.name} returned something else when it was run again in the sweep{place()}: it depends on more "
                "than it is given (random numbers, a counter, an array that has been changed since); draw or compute "
                "that outside and pass it as an argument"
            )


def _agree(a: Any, b: Any) -> bool:
    """Whether two results are the same, but for the rounding that libraries leave open; nan is nan."""
    a, b = plain(a), plain(b)
    if type(a) in FLOATS and a == b:
        return True
    if not is_number(a) or not is_number(b):
        # What carries no derivative may be any object.
        return is_number(a) == is_number(b)
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    same = (a == b) | ((a != a) & (b != b))
    if same.all():
        return True
    finite = np.isfinite(a) & np.isfinite(b)
    room = np.sqrt(np.finfo(a.dtype).eps) * np.max(np.abs(b), where=finite, initial=0.0)
    return bool(np.all(same | (finite & (np.abs(np.where(finite, a - b, 0.0)) <= room))))


def is_number(x: Any) -> bool:
    """Whether derivatives flow through x."""
    if type(x) in FLOATS or isinstance(x, (Box, complex)):
        return True
    return isinstance(x, (float, np.ndarray, np.generic)) and np.asarray(x).dtype.kind in "fc"


def swept(tape: reverse.Tape, outputs: Leaves, seeds: Leaves, inputs: Sequence[Any], guarded: bool) -> Leaves:
    """One walk backwards. A nan in it is for the sweep that it is part of to judge."""
    pairs = [
        (x, seed)
        for x, seed in zip(outputs, seeds, strict=True)
        if seed is not None and tape.owns(x) and x.index is not None
    ]
    cotangents = reverse.walk_by(pull, tape, pairs) if guarded else reverse.walk(tape, pairs, final=True)
    return [cotangents[x.index] for x in inputs]


# -- as one operation ------------------------------------------------------------------------------
def apart(computation: Computation, leaves: Leaves) -> Leaves:
    """The outputs of a computation, which is one operation of every tape among the leaves."""
    if not is_apart(leaves):
        return computation.run(leaves)
    application = Application(computation, min(owner.age for owner in _owners(leaves)))
    packed = bind(ROW, tuple(leaves), {"application": application})
    return application.unpacked(packed, others=True)


def is_apart(leaves: Sequence[Any]) -> bool:
    """Whether a computation of these leaves is kept apart from what is done to them elsewhere."""
    kinds = {type(owner) for owner in _owners(leaves)}
    return reverse.Tape in kinds and kinds <= _APART


def _owners(leaves: Sequence[Any]) -> list[Trace]:
    found: dict[int, Trace] = {}
    for x in leaves:
        while isinstance(x, Box):
            found[x.owner.age] = x.owner
            x = x.value
    return list(found.values())


class Application:
    """One use of a computation: what its outputs look like, and the cotangents asked for last."""

    def __init__(self, computation: Computation, since: int) -> None:
        self.computation = computation
        self.since = since
        self.shapes: list[tuple[tuple[int, ...], Any] | None] = []  # of each output that is a number, else None
        self.others: Leaves = []
        self.last: tuple[Any, Leaves] | None = None

    # outputs as one number or array, and back
    def packed(self, leaves: Sequence[Any]) -> Any:
        """The outputs at these leaves, joined."""
        found = self.computation.forwards(list(leaves), self.since)
        numbers = list(map(is_number, found))
        self.shapes = [(shape_of(x), dtype_of(x)) if one else None for x, one in zip(found, numbers, strict=True)]
        self.others = [None if one else x for x, one in zip(found, numbers, strict=True)]
        return _joined([x for x, one in zip(found, numbers, strict=True) if one], 0)

    def joined(self, derivatives: Leaves, lead: int) -> Any:
        """Derivatives of the outputs with so many axes in front, joined as the outputs are."""
        return _joined([x for x, shape in zip(derivatives, self.shapes, strict=True) if shape is not None], lead)

    def unpacked(self, packed: Any, others: bool = False) -> Leaves:
        """One entry for each output of what has been joined; of what is no number the output itself, or None."""
        shapes = [shape for shape in self.shapes if shape is not None]
        cut = iter([packed] if len(shapes) == 1 else _cut(packed, shapes))
        return [
            next(cut) if shape is not None else x if others else None
            for shape, x in zip(self.shapes, self.others, strict=True)
        ]

    # derivatives
    def share(self, i: int, cotangent: Any, out: Any, args: Sequence[Any]) -> Any:
        """What flows back to one argument, None for nothing. One walk gives the shares of all."""
        last = self.last
        if last is None or last[0] is not cotangent or last[1][i] is _GONE:
            last = self.last = cotangent, self._shares(cotangent, out, args)
        # Each is asked for once, and need not be held any longer.
        share, last[1][i] = last[1][i], _GONE
        return share

    def _shares(self, cotangent: Any, out: Any, args: Sequence[Any]) -> Leaves:
        expected = self.unpacked(plain(out), others=True)
        guarded = isinstance(cotangent, Guarded)
        live = None
        if guarded:
            live = np.ones(shape_of(out), bool) if cotangent.live is None else cotangent.live
            cotangent = cotangent.derivative

        def fun(leaves: Leaves) -> Leaves:
            seeds = self.unpacked(leaves[0])
            if guarded:
                seeds = _both(seeds, self.unpacked(live))
            return _apart(self.computation.backwards(seeds, leaves[1:], expected, guarded), guarded)

        found = apart(Computation(fun, self.computation.name), [cotangent, *args])
        return _together(found, guarded)

    def tangent(self, tangents: Sequence[Any], args: tuple[Any, ...], batched: bool) -> tuple[Any, Any]:
        """The tangent of the output, and where it is live, of guarded tangents."""
        guarded = any(isinstance(t, Guarded) for t in tangents)
        active = [i for i, t in enumerate(tangents) if t is not None]
        given = [t.derivative if guarded else t for t in tangents if t is not None]
        masks = [t.live for t in tangents if t is not None] if guarded else []

        def fun(leaves: Leaves) -> Leaves:
            found = leaves[len(args) :]
            filled: Leaves = [None] * len(args)
            for i, t in zip(active, _both(found, masks) if guarded else found, strict=True):
                filled[i] = t
            trace = forward.DualTrace(batched, guarded)
            return _apart(self.computation.along(leaves[: len(args)], filled, trace), guarded)

        found = _together(apart(Computation(fun, self.computation.name), [*args, *given]), guarded)
        lead = shape_of(given[0])[: int(batched)]
        return self._whole(found, lead), self._live(found, lead) if guarded else None

    def _whole(self, found: Leaves, lead: tuple[int, ...]) -> Any:
        """The tangents of all outputs together, zeros where there are none."""
        filled: Leaves = []
        for t, shape in zip(found, self.shapes, strict=True):
            t = t.derivative if isinstance(t, Guarded) else t
            filled.append(_zeros(shape, lead) if t is None and shape is not None else t)
        return self.joined(filled, len(lead))

    def _live(self, found: Leaves, lead: tuple[int, ...]) -> Any:
        masks: Leaves = []
        for t, shape in zip(found, self.shapes, strict=True):
            whole = None if shape is None else (*lead, *shape[0])
            if whole is None or t is None:
                masks.append(None if whole is None else np.zeros(whole, bool))
            else:
                masks.append(np.ones(whole, bool) if t.live is None else np.broadcast_to(t.live, whole))
        return self.joined(masks, len(lead))


_GONE = object()


def _zeros(shape: tuple[tuple[int, ...], Any] | None, lead: tuple[int, ...]) -> Any:
    return None if shape is None else np.zeros((*lead, *shape[0]), shape[1])[()]


def _both(derivatives: Leaves, masks: Leaves) -> Leaves:
    """Derivatives with their masks."""
    return [None if d is None else Guarded(d, live) for d, live in zip(derivatives, masks, strict=True)]


def _apart(found: Leaves, guarded: bool) -> Leaves:
    """Guarded derivatives as numbers, and the masks after them."""
    if not guarded:
        return found
    return [x and x.derivative for x in found] + [x and x.live for x in found]


def _together(found: Leaves, guarded: bool) -> Leaves:
    """The same put together again."""
    return _both(found[: len(found) // 2], found[len(found) // 2 :]) if guarded else found


def _joined(leaves: Leaves, lead: int) -> Any:
    """Numbers and arrays as one; behind so many axes that they share."""
    if len(leaves) == 1:
        return leaves[0]
    flat = [np.reshape(x, (*shape_of(x)[:lead], -1)) for x in leaves]
    return np.concatenate(flat, axis=-1) if flat else np.zeros(0)


def _cut(packed: Any, shapes: Sequence[tuple[tuple[int, ...], Any]]) -> Leaves:
    """What has been joined, taken apart again."""
    found: Leaves = []
    start = 0
    for shape, dtype in shapes:
        stop = start + int(np.prod(shape, dtype=int))
        piece = np.reshape(packed[start:stop], shape) if shape else packed[start]
        found.append(piece if dtype_of(packed).kind == "b" else like(piece, np.zeros((), dtype)))
        start = stop
    return found


class _Row(Composite):
    """The operation that a computation is to those who do not look into it."""

    def __init__(self) -> None:
        super().__init__("checkpoint", _not_alone)

    def compute(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        return params["application"].packed(args)

    def vjp(self, i: int, cotangent: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        share = params["application"].share(i, cotangent, out, args)
        return zeros_like(args[i]) if share is None else share

    def pull(self, i: int, cotangent: Guarded, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Guarded:
        share = params["application"].share(i, cotangent, out, args)
        return Guarded(zeros_like(args[i]), np.zeros(shape_of(args[i]), bool)) if share is None else share

    def jvp(
        self, tangents: Sequence[Any], out: Any, args: tuple[Any, ...], params: Mapping[str, Any], batched: bool
    ) -> Any:
        return params["application"].tangent(tangents, args, batched)[0]

    def push(
        self,
        tangents: Sequence[Guarded | None],
        out: Any,
        args: tuple[Any, ...],
        params: Mapping[str, Any],
        batched: bool,
    ) -> Guarded:
        return Guarded(*params["application"].tangent(tangents, args, batched))


def _not_alone(*args: Any) -> Any:
    raise AssertionError("a checkpoint is computed by its application")


ROW = _Row()
