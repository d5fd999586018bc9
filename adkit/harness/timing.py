"""The one timer: calls timed in batches, batches interleaved over what is compared, garbage collection held off."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

Thunk = Callable[[], object]

# A batch this long is measured to a per mille or better by the clock.
BATCH_SECONDS = 1e-3
MOST_ROUNDS = 25


@dataclass(frozen=True)
class Timing:
    """Seconds per call, one sample for each round; `loops` calls were timed together for one sample."""

    samples: tuple[float, ...]
    loops: int

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def once(thunk: Thunk) -> tuple[object, float]:
    """What the call returns, and how long it took."""
    start = time.perf_counter_ns()
    result = thunk()
    return result, (time.perf_counter_ns() - start) * 1e-9


def interleaved(thunks: Mapping[str, Thunk], seconds: float, seed: int = 0) -> dict[str, Timing]:
    """Time several calls in rounds of seeded random order, for about `seconds` in total, at least one sample each.

    What is slow gets fewer rounds, so that no call takes more than its share of the time.
    """
    with collector_off():
        loops = {name: _calibrate(thunk) for name, thunk in thunks.items()}
        samples: dict[str, list[float]] = {name: [] for name in thunks}
        share = seconds / max(len(thunks), 1)
        order = random.Random(seed)
        for _ in range(MOST_ROUNDS):
            due = [name for name in thunks if _is_due(samples[name], loops[name], share)]
            if not due:
                break
            order.shuffle(due)
            for name in due:
                samples[name].append(_batch(thunks[name], loops[name]))
    return {name: Timing(tuple(found), loops[name]) for name, found in samples.items()}


def _is_due(samples: list[float], loops: int, share: float) -> bool:
    """Whether another batch still fits into a call's share of the time."""
    return not samples or (sum(samples) + samples[-1]) * loops <= share


def _calibrate(thunk: Thunk) -> int:
    """How many calls make a batch long enough for the clock; finding out also warms up."""
    loops = 1
    while (seconds := _batch(thunk, loops) * loops) < BATCH_SECONDS:
        loops = max(2 * loops, min(100 * loops, int(1.2 * loops * BATCH_SECONDS / max(seconds, 1e-9))))
    return loops


def _batch(thunk: Thunk, loops: int) -> float:
    """Seconds per call over one batch."""
    repeat = range(loops)
    start = time.perf_counter_ns()
    for _ in repeat:
        thunk()
    return (time.perf_counter_ns() - start) * 1e-9 / loops


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
