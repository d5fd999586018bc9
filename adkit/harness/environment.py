"""On what a comparison was run."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .threads import threads_limited

# What a result may depend on, as far as it is installed.
PACKAGES = (
    *("adkit", "numpy", "scipy", "sympy", "mpmath", "llvmlite", "pandas", "matplotlib"),
    *("autograd", "jax", "jaxlib", "torch", "casadi"),
)


def environment(threads: int | None = None) -> dict[str, str]:
    """The machine, the state it is in, and the versions of what is installed, by name; what is unknown is left out.

    `threads` is the number that linear algebra, and whatever else has threads, was told to use.
    """
    parts: dict[str, Callable[[], str | None]] = {
        "cpu": _cpu,
        "cores": lambda: str(os.cpu_count() or "") or None,
        "memory": _memory,
        "governor": lambda: _first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "load": _load,
        "system": lambda: f"{platform.system()} {platform.machine()}",
        "blas": lambda: _blas(threads),
        "threads": lambda: None if threads is None else str(threads),
        "git": _commit,
        "date": lambda: datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version,
    }
    found = {name: find() for name, find in parts.items()} | {name: _version(name) for name in PACKAGES}
    return {name: text for name, text in found.items() if text}


def _cpu() -> str:
    """The processor's name, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str | None:
    with suppress(AttributeError, ValueError, OSError):
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    return None


def _load() -> str | None:
    """How many processes were running, on average over the last minute."""
    load = load_per_core()
    return None if load is None else f"{load:.2f} per core"


def load_per_core() -> float | None:
    """How many processes were running for each core, on average over the last minute; where the system knows."""
    with suppress(AttributeError, OSError):
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    return None


def _blas(threads: int | None) -> str | None:
    """The library of linear algebra that NumPy uses, and its threads."""
    from threadpoolctl import threadpool_info

    with threads_limited(threads):
        found = [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]
    named = (f"{pool['internal_api']} {pool['version'] or ''} with {pool['num_threads']} threads" for pool in found)
    return ", ".join(dict.fromkeys(named))


@contextmanager
def undisturbed() -> Iterator[None]:
    """What f or a method does to NumPy's error handling and to random states ends with it."""
    import random

    import numpy as np

    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with np.errstate():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


def _commit() -> str | None:
    """The commit of adkit's own source, where it is run from a clone; marked where something has been changed."""
    home = Path(__file__).parents[2]
    if not (home / ".git").exists():
        return None

    def git(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", "-C", home, *words], capture_output=True, text=True, timeout=5, check=check)

    try:
        # Results that are being measured change the clone, and not what they are measured of.
        changed = git("diff", "--quiet", "HEAD", "--", "adkit", check=False).returncode != 0
        return git("rev-parse", "--short=10", "HEAD").stdout.strip() + ("-dirty" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _first_line(path: str) -> str | None:
    with suppress(OSError):
        return Path(path).read_text().partition("\n")[0]
    return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
