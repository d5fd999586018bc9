"""A bar for those who wait for a check."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Below so many components nobody waits long enough to be told.
_PATIENCE = 500


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
