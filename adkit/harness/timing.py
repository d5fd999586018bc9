"""The one timer: calls timed in batches, batches interleaved over what is compared, garbage collection held off."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Thunk = Callable[[], object]
# Nanoseconds since some time.
Clock = Callable[[], int]

# A batch this long is measured to a per mille or better by the clock.
BATCH_SECONDS = 1e-3
# What time there is goes into so many rounds, in longer batches where there is more.
ROUNDS = 25


@dataclass(frozen=True)
class Timing:
    """Seconds per call, one sample for each round; `loops` calls were timed together for one sample."""

    samples: tuple[float, ...]
    loops: int

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def once(thunk: Callable[[], T]) -> tuple[T, float]:
    """What the call returns, and how long it took."""
    start = time.perf_counter_ns()
    result = thunk()
    return result, (time.perf_counter_ns() - start) * 1e-9


def interleaved(
    thunks: Mapping[str, Thunk], seconds: float, seed: int = 0, clock: Clock = time.perf_counter_ns
) -> dict[str, Timing]:
    """Time several calls in rounds of seeded random order, for about `seconds` in total, at least one sample each.

    What is slow gets fewer rounds, so that no call takes more than its share of the time.
    """
    with collector_off():
        share = seconds / max(len(thunks), 1)
        batch = max(BATCH_SECONDS, 0.8 * share / ROUNDS)
        loops = {name: _calibrate(thunk, batch, clock) for name, thunk in thunks.items()}
        samples: dict[str, list[float]] = {name: [] for name in thunks}
        order = random.Random(seed)
        for _ in range(ROUNDS):
            due = [name for name in thunks if _is_due(samples[name], loops[name], share)]
            if not due:
                break
            order.shuffle(due)
            for name in due:
                samples[name].append(_batch(thunks[name], loops[name], clock))
    return {name: Timing(tuple(found), loops[name]) for name, found in samples.items()}


def _is_due(samples: list[float], loops: int, share: float) -> bool:
    """Whether another batch still fits into a call's share of the time."""
    return not samples or (sum(samples) + samples[-1]) * loops <= share


def _calibrate(thunk: Thunk, wanted: float, clock: Clock) -> int:
    """How many calls make a batch of the wanted length; finding out also warms up."""
    loops = 1
    # The quicker of two batches counts: a single one may have been held up by something else.
    while (seconds := min(_batch(thunk, loops, clock) for _ in range(2)) * loops) < BATCH_SECONDS:
        loops = max(2 * loops, min(100 * loops, int(1.2 * loops * BATCH_SECONDS / max(seconds, 1e-9))))
    return max(loops, int(loops * wanted / max(seconds, 1e-9)))


def _batch(thunk: Thunk, loops: int, clock: Clock) -> float:
    """Seconds per call over one batch."""
    repeat = range(loops)
    start = clock()
    for _ in repeat:
        thunk()
    return (clock() - start) * 1e-9 / loops


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection inside: it would land in whichever call happens to run."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
