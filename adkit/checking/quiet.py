"""A check in progress: warnings of f kept to itself, and a bar for those who wait."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

# Below so many components nobody waits long enough to be told.
_PATIENCE = 500


@contextmanager
def quiet() -> Iterator[None]:
    """f is called where it was never meant to be: what it warns of there concerns nobody."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def bar(wanted: bool | None, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, where somebody looks and it takes long, or where it is asked for."""
    if not (wanted or (wanted is None and total >= _PATIENCE and sys.stderr.isatty())):
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("checking the gradient", total=total)
        yield lambda done, of: progress.update(task, completed=done)
