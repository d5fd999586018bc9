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
# So many calls in a row, and how many seconds each of them took; wherever they are made.
Batch = Callable[[int], float]
# Nanoseconds since some time.
Clock = Callable[[], int]

# A batch this long is measured to a per mille or better by the clock.
BATCH_SECONDS = 1e-3
# What time there is goes into so many rounds, in longer batches where there is more.
ROUNDS = 25
# So many at least, of what is quick.
FEWEST = 5


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


def batched(thunk: Thunk, clock: Clock = time.perf_counter_ns) -> Batch:
    """A call as what is timed."""

    def batch(loops: int) -> float:
        repeat = range(loops)
        with collector_off():
            start = clock()
            for _ in repeat:
                thunk()
            return (clock() - start) * 1e-9 / loops

    return batch


def interleaved(batches: Mapping[str, Batch], seconds: float, seed: int = 0) -> dict[str, Timing]:
    """Time several calls in rounds of seeded random order, for about `seconds` in total, at least one sample each.

    What is slow gets fewer rounds, so that no call takes more than its share of the time.
    """
    share = seconds / max(len(batches), 1)
    wanted = max(BATCH_SECONDS, 0.8 * share / ROUNDS)
    with collector_off():
        loops = {name: _calibrate(batch, wanted, share) for name, batch in batches.items()}
        samples: dict[str, list[float]] = {name: [] for name in batches}
        order = random.Random(seed)
        for _ in range(ROUNDS):
            due = [name for name in batches if _is_due(samples[name], loops[name], share)]
            if not due:
                break
            order.shuffle(due)
            for name in due:
                samples[name].append(batches[name](loops[name]))
    return {name: Timing(tuple(found), loops[name]) for name, found in samples.items()}


def _is_due(samples: list[float], loops: int, share: float) -> bool:
    """Whether another batch still fits into a call's share of the time, or is needed to tell how much it scatters."""
    # What is called many times for a batch was quick when that was decided: something else has held it up.
    return len(samples) < (FEWEST if loops > 1 else 1) or (sum(samples) + samples[-1]) * loops <= share


def _calibrate(batch: Batch, wanted: float, share: float) -> int:
    """How many calls make a batch of the wanted length; finding out also warms up."""
    loops = 1
    while (seconds := _quicker(batch, loops, share)) < BATCH_SECONDS:
        loops = max(2 * loops, min(100 * loops, int(1.2 * loops * BATCH_SECONDS / max(seconds, 1e-9))))
    return max(loops, int(loops * wanted / max(seconds, 1e-9)))


def _quicker(batch: Batch, loops: int, share: float) -> float:
    """Seconds of the quicker of two batches, since one may have been held up; of one where two take too long."""
    first = batch(loops) * loops
    return first if 4 * first > share else min(first, batch(loops) * loops)


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection inside: it would land in whichever call happens to run."""
    was_on = gc.isenabled()
    if was_on:
        gc.collect()
        gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
