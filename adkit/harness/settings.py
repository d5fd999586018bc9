"""How much a comparison may take, and under what conditions it is timed."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import BadRequest

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


@dataclass(frozen=True)
class Settings:
    """The bounds of a comparison, in seconds and bytes.

    Args:
        timeout: how long a method may take until its first derivative of one subject.
        seconds: about how long the timing of one subject takes, all methods together.
        seed: of the problems' random numbers and of the order of the rounds.
        budget: about how long the whole comparison takes; None for as long as it needs.
        memory: how much more memory a cell's process may take than it has at its start; None for no limit.
        threads: how many threads linear algebra may use; None for its own choice. A process of a cell is kept to as
            many processors, so that every engine obeys.
        isolate: whether each cell runs in a process of its own, which ends with it.
        strict: whether a reference by which a false derivative would pass counts as an error.
    """

    timeout: float = 2.0
    seconds: float = 1.0
    seed: int = 0
    budget: float | None = None
    memory: int | None = None
    threads: int | None = None
    isolate: bool = False
    strict: bool = False
    # With a budget, the time on the clock by which a subject is done; its timing takes what is left.
    until: float | None = None

    def __post_init__(self) -> None:
        for name in ("timeout", "seconds", "budget"):
            given = getattr(self, name)
            if given is not None and not 0 < given < float("inf"):
                raise BadRequest(f"{name} must be a positive number of seconds, not {given!r}")
        if self.memory is not None and not self.isolate:
            raise BadRequest("a limit of memory needs each method in a process of its own: leave out --in-process")
        if self.seed < 0:
            raise BadRequest(f"seed must be a whole number of at least 0, not {self.seed!r}")
        if self.threads is not None and self.threads < 1:
            raise BadRequest(f"threads must be a whole number of at least 1, not {self.threads!r}")

    @classmethod
    def of(cls, **given: Any) -> Settings:
        """The settings that are given, and the default for what is None."""
        return cls(**{name: x for name, x in given.items() if x is not None})

    @property
    def patience(self) -> float:
        """How many seconds it may take to find out what the methods of a subject are judged by."""
        longest = 5 * self.timeout
        return longest if self.until is None else min(longest, max(0.3 * (self.until - time.monotonic()), 0.1))

    def as_dict(self) -> dict[str, Any]:
        """By name, for a results file."""
        return {name: x for name, x in asdict(self).items() if name != "until"}


# What takes a few seconds in all, and what one would publish.
QUICK = Settings(timeout=0.5, seconds=0.15)
RIGOROUS = Settings(timeout=60.0, seconds=10.0)


def bytes_of(text: str) -> int:
    """A size of memory in words: 500MB, 2GiB, 1e9.

    Raises:
        BadRequest: anything else.
    """
    found = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([kmg]?i?b?)\s*", text.lower())
    try:
        assert found is not None
        unit = found[2] if found[2].endswith("b") or not found[2] else found[2] + "b"
        size = int(float(found[1]) * _UNITS[unit])
    except (AssertionError, KeyError, ValueError, OverflowError):
        size = 0
    if size < 2**20:
        raise BadRequest(f"a limit of memory is a size of at least 1 MB, as in 500MB or 2GiB; got {text!r}")
    return size
