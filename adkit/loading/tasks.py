"""From what a person named to what the harness runs: subjects, each with the methods that are tried on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadRequest
from ..harness import Asked, Contender, Source, Task, contenders
from ..methods import Method
from ..problems import problems
from ..records import Derivative
from .code import listed, method
from .plans import Plan, PlannedProblem
from .subjects import DeclaredSource, FunctionSource, is_file, sources


@dataclass(frozen=True)
class Written:
    """A method as a person writes it: by name, with parameters, or in a file of theirs."""

    text: str

    def method(self) -> Method:
        """The method, made anew."""
        return method(self.text)


def contender(text: str, parameters: Mapping[str, float] | None = None) -> Contender:
    """The method that a text stands for, under that text."""
    name = text.rpartition(":")[2] if is_file(text) else text
    return Contender(name, method(text), Written(text), dict(parameters or {}))


def contenders_of(text: str, option: str = "--methods") -> list[Contender]:
    """The methods that an option lists."""
    items = listed(text)
    if not items:
        raise BadRequest(f"{option} names nothing; leave it out for the default")
    return contenders(map(contender, items))


# -- what tasks are made of --------------------------------------------------------------------------
def contents(tasks: Iterable[Task]) -> dict[str, str]:
    """A digest of each file of a person's own that tasks are made of, and of what they may import from beside them."""
    texts = {text for task in tasks for text in _texts(task)}
    files = {
        path.resolve() for text in texts for path in (Path(text), Path(text.rpartition(":")[0])) if _is_there(path)
    }
    folders = {path.parent for path in files if path.suffix == ".py"}
    files |= {path.resolve() for folder in folders for path in folder.glob("*.py")}
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in sorted(files)}


def _is_there(path: Path) -> bool:
    """Whether a text is the name of a file; a long one, as a point that is written out, cannot be."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _texts(task: Task) -> Iterator[str]:
    """What a person wrote to name a task: all of it that may be a file."""
    source = task.source.source if isinstance(task.source, Asked) else task.source
    if isinstance(source, DeclaredSource):
        yield source.file
    if isinstance(source, FunctionSource):
        yield from filter(None, (source.target, source.at, source.gradient))
    yield from (c.source.text for c in task.contenders or () if isinstance(c.source, Written))


# -- a comparison file -----------------------------------------------------------------------------
def planned(plan: Plan, seed: int = 0, chosen: Sequence[Contender] | None = None) -> list[Task]:
    """What a plan asks for, in order; `chosen` are methods to try instead of those that it names.

    Raises:
        BadRequest: a problem, a size or a method that is not known, a file that does not run, ...
    """
    tasks: list[Task] = []
    for i, problem in enumerate(plan.problems, 1):
        try:
            tasks += _of_problem(plan, problem, seed, chosen)
        except BadRequest as error:
            raise BadRequest(f"[[problem]] {i} of {plan.path}: {error}") from error
    return tasks


def _of_problem(plan: Plan, problem: PlannedProblem, seed: int, chosen: Sequence[Contender] | None) -> Iterator[Task]:
    spelled = problem.methods or plan.methods
    if chosen is None and spelled is not None:
        chosen = contenders(contender(m.spelling, m.parameters) for m in spelled)
    wanted: Derivative = "jacobian" if problem.derivative == "jacobian" else "gradient"
    for source in sources(problem.target, problem.at, problem.argnums, problem.grad, problem.sizes, seed):
        yield Task(Asked(source, wanted) if problem.derivative else source, chosen, problem.expect)


# -- the command line ------------------------------------------------------------------------------
def named(
    targets: Iterable[str],
    chosen: Sequence[Contender] | None = None,
    *,
    at: str | None = None,
    argnums: str | None = None,
    gradient: str | None = None,
    sizes: str | None = None,
    seed: int = 0,
) -> list[Task]:
    """Problems by name and functions of the person's own; without any, the default problems."""
    wanted = list(targets) or [p.name for p in problems.values() if p.default]
    found: list[Source] = []
    for target in wanted:
        found += sources(target, at, argnums, gradient, sizes, seed)
    return [Task(source, chosen) for source in found]
