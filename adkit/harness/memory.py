"""What a whole process holds, whichever allocator asked for it: NumPy's, Python's, or that of an engine in C++."""

from __future__ import annotations

import ctypes
import gc
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# The median of so many calls.
CALLS = 5
# An engine's own threads are given so many seconds to let go of what the last call has left.
SETTLING = 0.01
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# What is written to the second of these so that the kernel forgets the peak it has seen.
_FORGET_PEAK = "5"


def resident_peak(thunk: Callable[[], object]) -> int | None:
    """The most memory of the machine that this process takes up during the call, beyond what it did before.

    In whole pages; None where the system does not tell (it is Linux that does). The kernel's peak is reset, so this is
    for a process that nobody else watches.
    """
    found = [_peak_of_one(thunk) for _ in range(CALLS)]
    known = sorted(x for x in found if x is not None)
    return known[len(known) // 2] if known else None


def _peak_of_one(thunk: Callable[[], object]) -> int | None:
    before = held()
    try:
        _CLEAR.write_text(_FORGET_PEAK)
    except OSError:
        return None
    thunk()
    peak = _bytes_of("VmHWM")
    return None if before is None or peak is None else max(peak - before, 0)


def held() -> int | None:
    """The memory that this process takes up, once all that is free in it has been given back to the system."""
    gc.collect()
    time.sleep(SETTLING)
    # What an allocator keeps for later would hide the next call's need of it.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return _bytes_of("VmRSS")


def _bytes_of(name: str) -> int | None:
    """A number that the kernel keeps of this process."""
    try:
        text = _STATUS.read_text()
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return None if found is None else int(found[1]) * 1024
