"""From a plan to what the harness runs: subjects, each with the methods that are tried on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..harness import Source, Subject
from ..harness.contenders import Contender, contenders, default_contenders
from ..methods import methods as known
from ..problems import problems
from ..records import Derivative
from .plans import Plan, PlannedMethod, PlannedProblem
from .subjects import subject


@dataclass(frozen=True)
class Task:
    """A subject and its contenders."""

    subject: Subject
    contenders: tuple[Contender, ...]


@dataclass(frozen=True)
class PlannedSource:
    """How a subject of a plan is made again in another process: as it is made anyway, with what the plan adds."""

    source: Source
    derivative: Derivative

    def subject(self) -> Subject:
        """The subject, made anew."""
        return replace(self.source.subject(), derivative=self.derivative, source=self)


def tasks(plan: Plan, seed: int = 0, chosen: Sequence[str] | None = None) -> list[Task]:
    """What a plan asks for, in order; `chosen` are methods to try instead of those that it names.

    Raises:
        BadRequest: a problem, a size or a method that is not known, a file that does not run, ...
    """
    return [task for problem in plan.problems for task in _tasks(plan, problem, seed, chosen)]


def _tasks(plan: Plan, problem: PlannedProblem, seed: int, chosen: Sequence[str] | None) -> Iterator[Task]:
    for one in _subjects(problem, seed):
        mine = tuple(_contenders(plan, problem, one, chosen))
        expected = {contender.name: problem.expected(contender.name) for contender in mine}
        declared = {name: words for name, words in expected.items() if words}
        yield Task(replace(one, expect={**one.expect, **declared}), mine)


def _contenders(plan: Plan, problem: PlannedProblem, one: Subject, chosen: Sequence[str] | None) -> list[Contender]:
    planned = problem.methods or plan.methods
    if chosen is not None:
        return contenders(chosen)
    return default_contenders(one) if planned is None else contenders(map(_contender, planned))


def _contender(method: PlannedMethod) -> Contender:
    return Contender(method.spelling, known.resolve(method.spelling), method.spelling, method.parameters)


def _subjects(problem: PlannedProblem, seed: int) -> Iterator[Subject]:
    """The subjects of one entry."""
    if problem.file and problem.at is not None:
        found = [subject(problem.target, problem.at, problem.argnums, problem.grad)]
    else:
        found = Subject.each(problems[problem.name], problem.sizes, seed)
    for one in found:
        yield _asked(one, problem)


def _asked(one: Subject, problem: PlannedProblem) -> Subject:
    """The subject with the derivative that the plan asks for."""
    wanted: Derivative = "jacobian" if problem.derivative == "jacobian" else "gradient"
    if not problem.derivative or wanted == one.derivative:
        return one
    source = one.source and PlannedSource(one.source, wanted)
    return replace(one, derivative=wanted, source=source)
