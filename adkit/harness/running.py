"""Run methods on a subject: each is checked first, and only what is right is timed and ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..methods import Method, methods
from ..records import Row
from .cell import Cell
from .contenders import Contender
from .reference import references_for
from .settings import Settings
from .subjects import Subject
from .timing import interleaved

Report = Callable[[str], None]


def default_methods(subject: Subject) -> dict[str, Method]:
    """Every registered method that needs nothing beyond adkit, and the hand-derived gradient where there is one."""
    return {
        name: method
        for name, method in methods.items()
        if not method.optional and (name != "manual" or subject.manual is not None)
    }


def named(chosen: Iterable[str | Method]) -> dict[str, Method]:
    """Methods under the names of their rows: as it was given, or how the object prints where a name repeats."""
    found: dict[str, Method] = {}
    for item in chosen:
        method = methods.resolve(item)
        label = item if isinstance(item, str) else method.name
        found[label if label not in found else repr(method)] = method
    return found


def run(
    subject: Subject,
    chosen: Mapping[str, Method] | None = None,
    settings: Settings | None = None,
    report: Report = lambda _: None,
) -> list[Row]:
    """One row per method, those that are right marked with their time, the quickest of the exact ones as fastest."""
    chosen = default_methods(subject) if chosen is None else chosen
    settings = settings or Settings()
    references = references_for(subject)
    cells = []
    for name, method in chosen.items():
        report(f"{subject.problem} {subject.size} {name}".replace("  ", " "))
        cells.append(Cell(subject, Contender(name, method), settings))
        cells[-1].check(references)
    _time(subject, [cell for cell in cells if cell.row.status == "ok"], settings)
    return _ranked(cells)


def _time(subject: Subject, cells: Sequence[Cell], settings: Settings) -> None:
    """Steady-state times of f and of every cell, interleaved; set in their rows."""
    thunks: dict[str, Callable[[], object]] = {str(i): cell.timed() for i, cell in enumerate(cells)}
    thunks["f"] = lambda: subject.f(*subject.args, **subject.kwargs)
    timings = interleaved(thunks, settings.seconds, settings.seed)
    f_s = timings["f"].median
    for i, cell in enumerate(cells):
        steady_s = timings[str(i)].median
        cell.row = replace(cell.row, steady_s=steady_s, f_s=f_s, ratio_to_f=steady_s / f_s)


def _ranked(cells: Sequence[Cell]) -> list[Row]:
    """The rows, the quickest right one among the exact methods marked; what a person wrote by hand is no contender."""
    contenders = [cell.row for cell in cells if cell.row.status == "ok" and cell.method.exact and cell.method.ranked]
    best = min(contenders, key=lambda row: row.steady_s or np.inf, default=None)
    return [replace(cell.row, fastest=cell.row is best) for cell in cells]
