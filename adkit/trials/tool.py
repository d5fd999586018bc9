"""A tool on trial, of whichever kind: what it is called, whether it is there, and how it is run."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Tool:
    """How a tool is called in its default configuration.

    Attributes:
        name: what it is called in the reports.
        package: what must be installed; "" for adkit's own.
        run: calls it; what it takes and returns is the same for all tools of a kind.
        note: what a reader should know of its configuration.
    """

    name: str
    package: str
    run: Callable[..., Any]
    note: str = ""

    @property
    def installed(self) -> bool:
        return not self.package or importlib.util.find_spec(self.package) is not None


class Counted:
    """A function that counts its calls."""

    def __init__(self, f: Function) -> None:
        self.f, self.calls = f, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.f(x)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What a tool prints or warns of is not part of the report."""
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def first_line(text: str) -> str:
    """What of a tool's words fits into a table."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:200] if lines else ""
