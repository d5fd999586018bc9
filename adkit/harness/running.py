"""Run methods on a subject: each is checked first, and only what is right is timed and ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..calls import Argnums, Call, size_of
from ..errors import BadRequest, ExpressionTooLarge
from ..methods import Manual, Method, methods
from ..problems import Problem
from ..records import Row
from ..tracing import plain
from ..transforms import ValueAndGradient
from .counting import OutOfTimeError, Watched, peak_bytes
from .reference import LOOSEST, Reference, errors, flat, reference_for, tolerance, worst
from .timing import interleaved, once

Report = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How much time a comparison may take: `timeout` seconds a cell until its first gradient, `seconds` a subject."""

    timeout: float = 2.0
    seconds: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("timeout", "seconds"):
            if not getattr(self, name) > 0:
                raise BadRequest(f"{name} must be a positive number of seconds, not {getattr(self, name)!r}")

    @classmethod
    def of(cls, **given: Any) -> Settings:
        """The settings that are given, and the default for what is None."""
        return cls(**{name: x for name, x in given.items() if x is not None})


@dataclass(frozen=True)
class Subject:
    """A function at a point: what one table is about."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    argnums: Argnums = 0
    problem: str = "f"
    size: str = ""
    condition: float = 1.0
    gradient: Callable[..., Any] | None = None
    joint: Callable[..., tuple[Any, Any]] | None = None
    point: str = ""

    @classmethod
    def of(cls, problem: Problem, size: Any, seed: int = 0) -> Subject:
        """A problem at the point that it has for this size."""
        size = problem.size(size)
        return cls(
            problem.f,
            problem.arguments(size, seed),
            argnums=problem.argnums,
            problem=problem.name,
            size=problem.label(size),
            condition=problem.condition(*size),
            joint=problem.value_and_gradient,
        )

    @classmethod
    def each(cls, problem: Problem, sizes: Iterable[Any] | None = None, seed: int = 0) -> list[Subject]:
        """A problem at each of these sizes; by default its own."""
        return [cls.of(problem, size, seed) for size in (problem.sizes if sizes is None else sizes)]

    def call(self) -> Call:
        return Call(self.f, self.argnums, self.args, self.kwargs)

    @property
    def manual(self) -> Manual | None:
        """The gradient derived by hand, as a method: the one handed in, or the one that the problem brings."""
        joint = self.joint or getattr(self.f, "__hand_derived__", None)
        if self.gradient is not None:
            return Manual(self.gradient)
        return None if joint is None else Manual(value_and_gradient_of=joint)


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
    settings: Settings = Settings(),
    report: Report = lambda _: None,
) -> list[Row]:
    """One row per method, those that are right marked with their time, the quickest of the exact ones as fastest."""
    chosen = default_methods(subject) if chosen is None else chosen
    call = subject.call()
    value = float(np.real(plain(call.scalar(call.leaves))))
    if not np.isfinite(value):
        raise BadRequest(f"{subject.problem} is {value} at this point, so there is nothing to compare: choose another")
    reference = reference_for(call, subject.manual)
    cells = []
    for name, method in chosen.items():
        report(f"{subject.problem} {subject.size} {name}".replace("  ", " "))
        cells.append(Cell(subject, name, method, settings).check(reference, value))
    _time(subject, [cell for cell in cells if cell.row.status == "ok"], settings)
    return _ranked(cells)


class Cell:
    """One method on one subject, and its row as far as it is known."""

    def __init__(self, subject: Subject, name: str, method: Method, settings: Settings) -> None:
        self.subject = subject
        self.call = subject.call()
        self.method = subject.manual if method == Manual() and subject.manual else method
        self.settings = settings
        self.row = Row(subject.problem, subject.size, name, "ok", point=subject.point)
        self.watched = Watched(subject.f)
        self.transform = ValueAndGradient(self.watched, subject.argnums, self.method)

    def __call__(self) -> Any:
        return self.transform(*self.subject.args, **self.subject.kwargs)

    def timed(self) -> Callable[[], Any]:
        """What is timed: the transform, or somebody else's code without adkit round it."""
        return self.method.bare(self.call, self.transform.cache) or self

    def check(self, reference: Reference, value: float) -> Cell:
        """Prepare, call, count, and judge the gradient; anything that goes wrong is a row, not the end."""
        self.row = replace(self.row, reference=reference.name, inputs=size_of(self.call.leaves))
        if (missing := self.method.missing()) is not None:
            return self._ends("not installed", missing)
        self.watched.stop_after(self.settings.timeout)
        try:
            self._first_calls(reference, value)
            # From here on nobody watches: counting the calls of f would be timed with them, and time is up to us.
            self.transform.f = self.subject.f
            self.watched.stop_after(float("inf"))
            self._count()
        except OutOfTimeError:
            return self._ends("timeout", self._out_of_time())
        except ExpressionTooLarge as error:
            return self._ends("too large", str(error))
        except Exception as error:
            return self._ends("error", f"{type(error).__name__}: {error}")
        return self

    def _first_calls(self, reference: Reference, value: float) -> None:
        """The first call is timed as it is; the second, on everything prepared, is counted and must repeat it."""
        _, prepare_s = once(lambda: self.transform.prepare(*self.subject.args, **self.subject.kwargs))
        (out, gradient), first_s = once(self)
        self.watched.calls = 0
        # What took half of its time once would run out of it the second time.
        twice = 2 * first_s < self.settings.timeout
        again = self()[1] if twice else gradient
        calls = self.watched.calls if twice else self.method.passes(self.call)
        self.row = replace(self.row, prepare_s=prepare_s, first_s=first_s, f_calls=calls)
        self._judge(float(plain(out)), flat([gradient]), reference, value)
        if not np.array_equal(flat([gradient]), flat([again]), equal_nan=True):
            self._ends("wrong", "a second call gave another gradient")

    def _judge(self, out: float, gradient: Any, reference: Reference, value: float) -> None:
        """Compare with the reference."""
        allowed = tolerance(self.method, reference, self.call, self.subject.condition)
        absolute, relative = errors(gradient, reference)
        self.row = replace(self.row, value=out, max_abs_error=absolute, max_rel_error=relative, tolerance=allowed)
        same_value = abs(out - value) <= allowed * max(abs(value), 1.0)
        if relative <= min(allowed, LOOSEST) and same_value:
            self.row = replace(self.row, is_reference=self.method == reference.method)
            return
        if allowed > LOOSEST:
            amplified = f"f amplifies errors {self.subject.condition:.0e} times here"
            self._ends("skipped", f"cannot be checked: relative error {relative:.1e}, but {amplified}")
        elif not same_value:
            self._ends("wrong", f"the value of f came out as {out:.6g}, not {value:.6g}")
        else:
            where = worst(gradient, reference, self.call, allowed)
            self._ends("wrong", f"relative error {relative:.1e}, allowed {allowed:.1e}; {where}")

    def _count(self) -> None:
        """What repeats exactly, and the peak of memory in a pass of its own."""
        self.row = replace(
            self.row,
            passes=self.method.passes(self.call),
            primitive_ops=self.method.operations(self.call, self.transform.cache),
            tape_bytes=self.method.tape_bytes(self.call),
        )
        # Tracing memory slows a call several times.
        if (self.row.first_s or 0.0) < self.settings.timeout / 4:
            self.row = replace(self.row, peak_bytes=peak_bytes(self))

    def _out_of_time(self) -> str:
        needed = self.method.passes(self.call)
        runs = f"{needed:,} run{'s' * (needed != 1)} of f"
        return f"needs {runs}; stopped after {self.watched.calls:,} at {self.settings.timeout:g} s"

    def _ends(self, status: Any, note: str) -> Cell:
        self.row = replace(self.row, status=status, note=note)
        return self


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
