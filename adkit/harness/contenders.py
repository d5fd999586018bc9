"""The methods of a comparison, under the names of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..methods import Method, methods
from ..records import Row, Status
from .subjects import Subject


class MethodSource(Protocol):
    """How a method is made again in another process: it can be pickled, which a method may not."""

    def method(self) -> Method:
        """The method, made anew."""
        ...


@dataclass(frozen=True)
class Spelled:
    """A method by the text that the registry knows it by: "forward", "forward(chunk=1)"."""

    text: str

    def method(self) -> Method:
        return methods.resolve(self.text)


@dataclass(frozen=True)
class Contender:
    """A method under the name of its row.

    `source` makes it in another process; an object that has none exists in this process only. `parameters` are numbers
    of the method's own that a sweep goes over.
    """

    name: str
    method: Method
    source: MethodSource | None = None
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
    return Contender(item, method, Spelled(item)) if isinstance(item, str) else Contender(method.name, method)


def default_contenders(subject: Subject) -> list[Contender]:
    """Every registered method that needs nothing beyond adkit, and the derivative by hand where there is one."""
    by_hand = subject.manual is not None if subject.by_hand is None else subject.by_hand
    return contenders(name for name, m in methods.items() if not m.optional and (name != "manual" or by_hand))


def blank(subject: Subject, contender: Contender, status: Status = "ok", note: str = "", reference: str = "") -> Row:
    """The row of a method before anything is known of it, or of one of which nothing will be."""
    return Row(
        subject.problem,
        subject.size,
        contender.name,
        status,
        note=note,
        reference=reference,
        derivative=subject.derivative,
        parameters={**subject.parameters, **contender.parameters},
        point=subject.point,
        seed=subject.seed,
        exact=contender.method.exact,
        ranked=contender.method.ranked,
    )
