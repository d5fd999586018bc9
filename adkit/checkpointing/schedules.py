"""Which states of a long chain are kept, and from which others are computed again.

A chain is walked backwards block by block. With c places for states, that of the start among them, and each block
computed at most r times over on the way, a chain of beta(c, r) = binomial(c + r, c) blocks can be walked back, and no
schedule does better (Griewank & Walther, Algorithm 799: revolve, ACM TOMS 26, 2000).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb, isqrt

from ..errors import BadRequest, place, unknown

SCHEDULES = ("sqrt", "binomial", "all")


def beta(snapshots: int, repetitions: int) -> int:
    """The longest chain that can be walked back with so many snapshots, each of its parts run so often in advance."""
    return comb(snapshots + repetitions, snapshots) if repetitions >= 0 else 0


def repetitions(length: int, snapshots: int) -> int:
    """How often a part of the chain is run in advance at most."""
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if beta(snapshots, middle) >= length else (middle + 1, high)
    return low


def advances(length: int, snapshots: int) -> int:
    """Runs in advance, without those that are taped, for a chain of this length.

    Example:
        >>> from adkit.checkpointing.schedules import advances
        >>> advances(4, 1), advances(4, 2), advances(4, 4)
        (6, 4, 3)
    """
    if length <= 1:
        return 0
    r = repetitions(length, snapshots)
    return r * length - beta(snapshots + 1, r - 1)


def split(length: int, snapshots: int) -> int:
    """Where the next snapshot of the rest of a chain belongs, whose start is the first of so many."""
    r = repetitions(length, snapshots)
    return min(beta(snapshots, r - 1), length - beta(snapshots - 1, r - 1))


@dataclass(frozen=True)
class Schedule:
    """A chain of steps cut into blocks of `stride` that are taped one at a time, and the places for states."""

    steps: int
    stride: int
    snapshots: int

    @property
    def blocks(self) -> int:
        return -(-self.steps // self.stride)

    @property
    def evaluations(self) -> int:
        """How often a step is run for a value and a gradient: for the value, in advance once more, and taped.

        The first way down is the one that brings the value.
        """
        again = advances(self.blocks, self.snapshots) - max(self.blocks - 1, 0)
        return 2 * self.steps + again * self.stride

    def edge(self, block: int) -> int:
        """The step that a block begins with."""
        return min(block * self.stride, self.steps)

    def descent(self, top: int, end: int, held: int) -> Iterator[tuple[int, bool]]:
        """The way from a kept state to the last block before `end`: where to run to, and whether to keep the state."""
        while end - top > 1:
            free = self.snapshots - held
            if free <= 0:
                yield end - 1, False
                return
            top += split(end - top, free + 1)
            held += 1
            yield top, True


def schedule(kind: str, steps: int, snapshots: int | None) -> Schedule | None:
    """The schedule of this name, with its own number of snapshots where none is given; None where all is taped."""
    if kind not in SCHEDULES:
        raise unknown("schedule", kind, SCHEDULES)
    if snapshots is not None and kind != "binomial":
        raise BadRequest(f"snapshots= goes with schedule='binomial', not {kind!r}{place()}")
    if kind == "all":
        return None
    if kind == "sqrt":
        stride = isqrt(max(steps - 1, 0)) + 1
        return Schedule(steps, stride, -(-steps // stride))
    return Schedule(steps, 1, _logarithmic(steps) if snapshots is None else snapshots)


def _logarithmic(steps: int) -> int:
    """So many snapshots that no step is run more often in advance than there are snapshots."""
    found = 1
    while beta(found, found) < steps:
        found += 1
    return found
