"""Many subjects one after the other: within a budget, past what has timed out, on from where an earlier run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from ..errors import AdkitError, BadRequest
from ..methods import methods as registry
from ..records import Row
from .benches import Away, LostError
from .contenders import Contender, blank, default_contenders
from .running import Report, run
from .settings import Settings
from .subjects import Source, Subject

# Of the time that one subject may take, what its methods may use up before anything is timed.
CHECKING = 0.6


@dataclass(frozen=True)
class Task:
    """A subject, which is made when its turn comes, and the methods that are tried on it; None for its default ones.

    `expect` maps patterns of method names to statuses, as in {"numerical*": "ok or wrong"}; it goes before what the
    problem itself expects.
    """

    source: Source
    contenders: Sequence[Contender] | None = None
    expect: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Campaign:
    """What is to be run, one task after the other, and within which bounds."""

    tasks: Sequence[Task]
    settings: Settings = field(default_factory=Settings)

    def run(
        self,
        report: Report = lambda _: None,
        done: Mapping[int, list[Row]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        began: float | None = None,
    ) -> Iterator[tuple[int, list[Row]]]:
        """The rows of each subject as they come, by its place; those that are already done as they are.

        A budget counts from when it `began` on the clock.

        Raises:
            AdkitError: a campaign of one subject that cannot be compared; among several it is a row.
        """
        done = done or {}
        budget = _Budget(self.settings, len(self.tasks) - len(done), clock, clock() if began is None else began)
        stopped: list[Row] = []
        for i, task in enumerate(self.tasks):
            rows = done[i] if i in done else self._rows(task, budget, stopped, report)
            stopped += [row for row in rows if row.status == "timeout"]
            yield i, rows

    def _rows(self, task: Task, budget: _Budget, stopped: Sequence[Row], report: Report) -> list[Row]:
        """The rows of one subject, in the order of the methods."""
        try:
            subject = outlined(task, self.settings)
        except (AdkitError, LostError) as error:
            return self._unmade(task, error)
        chosen = default_contenders(subject) if task.contenders is None else task.contenders
        settings = budget.share(len(chosen))
        found: dict[str, Row] = {}
        if settings is None:
            note = f"the budget of {self.settings.budget:g} s was used up"
            found = {c.name: blank(subject, c, "skipped", note) for c in chosen}
        for c in chosen:
            smaller = next((row for row in stopped if _is_smaller(row, c, subject)), None)
            if smaller is not None and c.name not in found:
                note = f"not run: it timed out at {smaller.size} already"
                found[c.name] = blank(subject, c, "skipped", note)
        due = [c for c in chosen if c.name not in found]
        if due and settings is not None:
            found |= {row.method: row for row in self._run(subject, due, settings, report)}
        return [self._expected(found[c.name], task.expect, subject.expect) for c in chosen]

    def _unmade(self, task: Task, error: Exception) -> list[Row]:
        """Rows of a subject that could not even be made; alone it is refused."""
        if len(self.tasks) == 1:
            raise (
                error if isinstance(error, AdkitError) else BadRequest(f"f {error} when it was first called")
            ) from None
        methods = [c.name for c in task.contenders or ()] or [name for name, m in registry.items() if not m.optional]
        full = "MemoryError" in str(error)
        status = "timeout" if getattr(error, "late", False) else "too large" if full else "error"
        name, size = getattr(task.source, "name", "f"), getattr(task.source, "size", "")
        return [Row(name, size, method, status, note=str(error)) for method in methods]

    def _run(self, subject: Subject, due: Sequence[Contender], settings: Settings, report: Report) -> list[Row]:
        try:
            return run(subject, due, settings, report)
        except AdkitError as error:
            if len(self.tasks) == 1:
                raise
            return [blank(subject, c, "error", str(error)) for c in due]

    def _expected(self, row: Row, *known: Mapping[str, str]) -> Row:
        """A row with what was expected of it, by the first who knows, and whether it came out otherwise."""
        wanted = next(filter(None, (_of_method(row.method, patterns) for patterns in known)), "")
        # Given more time than usual, nothing has to run out of it; what did not run surprises nobody.
        if row.status == "skipped" or (wanted == "timeout" and self.settings.timeout > Settings().timeout):
            return row
        row = replace(row, expected=wanted)
        return replace(row, surprise=bool(wanted) and not row.as_expected)


def _of_method(method: str, known: Mapping[str, str]) -> str:
    """What is expected of a method: by its name, else by the first pattern that it fits."""
    matching = (words for pattern, words in known.items() if fnmatchcase(method, pattern))
    return known.get(method) or next(matching, "")


def _is_smaller(row: Row, contender: Contender, subject: Subject) -> bool:
    """Whether a row is of the same method on a smaller size of the same problem."""
    same = (row.problem, row.derivative, row.method) == (subject.problem, subject.derivative, contender.name)
    if not same or not subject.parameters or row.size == subject.size:
        return False
    mine = {**subject.parameters, **contender.parameters}
    return row.parameters.keys() == mine.keys() and all(row.parameters[name] <= x for name, x in mine.items())


def outlined(task: Task, settings: Settings) -> Subject:
    """The subject of a task; where cells have processes of their own, made in one and told of."""
    if not settings.isolate or isinstance(task.source, Subject):
        return task.source.subject()
    methods = [c.method for c in task.contenders] if task.contenders is not None else list(registry.values())
    imports = tuple(name for method in methods if not method.optional or task.contenders for name in method.imports)
    with closing(Away(task.source, None, settings, imports)) as bench:
        return bench.outline()


class _Budget:
    """How much of the time for everything each subject may take."""

    def __init__(self, settings: Settings, subjects: int, clock: Callable[[], float], start: float) -> None:
        self.settings, self.left, self.clock, self.start = settings, subjects, clock, start

    def share(self, methods: int) -> Settings | None:
        """The settings of the next subject: what is left, shared among those that are left; None if nothing is."""
        if self.settings.budget is None:
            return self.settings
        now = self.clock() - self.start
        share = (self.settings.budget - now) / max(self.left, 1)
        self.left -= 1
        if share <= 0.01:
            return None
        timeout = min(self.settings.timeout, CHECKING * share / max(methods, 1))
        return replace(self.settings, timeout=timeout, seconds=share, until=self.start + now + share)
