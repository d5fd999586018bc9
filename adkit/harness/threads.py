"""How many threads a comparison may use, said to everything that has threads of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

# What libraries read when they are loaded, or when they first compute.
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
# XLA hands even a single thread's work to a pool, unless it is told not to.
XLA, XLA_ALONE = "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false"


def threads_limited(threads: int | None) -> AbstractContextManager[Any]:
    """A context in which linear algebra uses so many threads; as many as it wants for None."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)


def confine(threads: int | None) -> None:
    """Keep this process to so many processors for good, and tell the libraries that it will load.

    However many threads a library starts, they run on these processors. None leaves everything as it is.
    """
    if threads is None:
        return
    os.environ |= dict.fromkeys(VARIABLES, str(threads))
    if threads == 1:
        os.environ[XLA] = " ".join(filter(None, [os.environ.get(XLA), XLA_ALONE]))
    with suppress(AttributeError, OSError):  # where a system has no such thing, the variables have to do
        # The last ones: the system's own work is done on the first.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def tell_loaded(threads: int | None) -> None:
    """The same to libraries that are loaded by now and have a call for it."""
    for name, tell in _CALLS.items():
        if threads is not None and name in sys.modules:
            tell(sys.modules[name], threads)


# By the name of the module.
_CALLS: dict[str, Callable[[Any, int], None]] = {"torch": lambda torch, threads: torch.set_num_threads(threads)}
