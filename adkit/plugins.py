"""What installed packages bring along: the objects that entry points name, loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from .errors import unknown

T = TypeVar("T")


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


class Registry(Mapping[str, T]):
    """Things by name: adkit's own, and those of installed packages, looked for when a name is not known or all are.

    A subclass says what they are (`kind`) and what is done with one that an entry point names (`_take`).
    """

    kind: ClassVar[str]

    def __init__(self, known: Mapping[str, T] | None = None) -> None:
        self._known: dict[str, T] = dict(known or {})
        self._broken: list[str] | None = None

    def __getitem__(self, name: str) -> T:
        if not isinstance(name, str) or (name not in self._known and name not in self._complete()):
            raise unknown(self.kind, name, self._known)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._complete()))

    def __len__(self) -> int:
        return len(self._complete())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._known or name in self._complete())

    def get(self, name: str, default: Any = None) -> Any:
        """What has this name, or something else."""
        return self._complete().get(name, default)

    @property
    def broken(self) -> tuple[str, ...]:
        """A sentence for each package whose things cannot be used."""
        self._complete()
        return tuple(self._broken or ())

    def _complete(self) -> dict[str, T]:
        """All of them, with those of installed packages: entry points `adkit.methods`, `adkit.problems`."""
        if self._broken is None:
            self._broken = []  # set before anything is loaded: what is loaded may ask for others
            self._broken = take_up(f"adkit.{self.kind}s", self._take)
        return self._known

    def _take(self, name: str, found: Any) -> None:
        """Take up what an entry point names."""
        raise NotImplementedError
