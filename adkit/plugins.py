"""What installed packages bring along: the objects that entry points name, loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def take_up(group: str, take: Callable[[str, Any], None]) -> list[str]:
    """Hand each entry point of a group, such as "adkit.problems", to `take` by name; a sentence for each that fails."""
    from importlib.metadata import entry_points

    broken: list[str] = []
    for entry in entry_points(group=group):
        try:
            take(entry.name, entry.load())
        except (Exception, SystemExit) as error:
            package = entry.dist.name if entry.dist else "an unknown package"
            said = " ".join(str(error).split())
            broken.append(f"{group} {entry.name!r} of {package} cannot be used: {type(error).__name__}: {said}")
    return broken
