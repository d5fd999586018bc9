"""The methods of a comparison, under the names of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..methods import Method, methods
from .subjects import Subject


@dataclass(frozen=True)
class Contender:
    """A method under the name of its row.

    `spelling` is the text that another process makes it from; an object that has none exists in this process only.
    `parameters` are numbers of the method's own that a sweep goes over.
    """

    name: str
    method: Method
    spelling: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict[str, float])


def contenders(chosen: Iterable[str | Method | Contender]) -> list[Contender]:
    """Methods under the names of their rows: as it was given, or how the object prints where a name repeats."""
    found: dict[str, Contender] = {}
    for item in chosen:
        one = item if isinstance(item, Contender) else _contender(item)
        name = one.name if one.name not in found else repr(one.method)
        found[name] = replace(one, name=name)
    return list(found.values())


def _contender(item: str | Method) -> Contender:
    method = methods.resolve(item)
    return Contender(item, method, item) if isinstance(item, str) else Contender(method.name, method)


def default_contenders(subject: Subject) -> list[Contender]:
    """Every registered method that needs nothing beyond adkit, and the derivative by hand where there is one."""
    by_hand = subject.manual is not None
    return contenders(name for name, m in methods.items() if not m.optional and (name != "manual" or by_hand))
