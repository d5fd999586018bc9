"""Functions that no process survives, as subjects that a process of its own can make again."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from adkit.harness import Subject
from adkit.methods import Method, Reverse


def _plain(x) -> bool:
    """Whether anything but forward mode calls."""
    return type(x).__name__ != "Dual"


calls: list[int] = []


def well(x):
    return x * x


def dies(x):
    if not _plain(x):
        os._exit(7)
    return x * x


def is_killed(x):
    if not _plain(x):
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def forks(x):
    if not _plain(x) and not calls:
        calls.append(os.fork())
    return x * x


def tires(x):
    if not _plain(x):
        calls.append(1)
        if len(calls) > 100:
            raise RuntimeError("tired")
    return x * x


def dies_late(x):
    if not _plain(x):
        calls.append(1)
        if len(calls) > 100:
            os._exit(7)
    return x * x


def hangs(x):
    if not _plain(x):
        time.sleep(600)
    return x * x


def hangs_always(x):
    time.sleep(600)
    return x * x


def eats_memory(x):
    if not _plain(x):
        np.ones(500_000_000)
    return x * x


def talks(x):
    print("f talks")
    return x * x


@dataclass(frozen=True)
class Named:
    """A subject by the name of its function in this file."""

    name: str

    def subject(self) -> Subject:
        return Subject(globals()[self.name], (3.0,), problem=self.name, source=self)


class Hoarder(Method):
    """Reverse mode that prepares 16 MiB, without which it does not answer."""

    name = "hoards"

    def prepare(self, call, cache, derivative="gradient"):
        cache["hoard"] = np.ones(2**21)

    def value_and_gradient(self, call, cache):
        assert cache["hoard"].all()
        return Reverse().value_and_gradient(call, {})


@dataclass(frozen=True)
class Hoarding:
    """How that method is made again in another process."""

    def method(self) -> Method:
        return Hoarder()
