"""From what a person named to what the harness runs: subjects, each with the methods that are tried on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import BadRequest
from ..harness import Asked, Contender, ProblemSource, Source, Spelled, Task, contenders
from ..methods import methods as known
from ..problems import problems
from ..records import Derivative
from .plans import Plan, PlannedMethod, PlannedProblem
from .subjects import subject


# -- a comparison file -----------------------------------------------------------------------------
def planned(plan: Plan, seed: int = 0, chosen: Sequence[Contender] | None = None) -> list[Task]:
    """What a plan asks for, in order; `chosen` are methods to try instead of those that it names.

    Raises:
        BadRequest: a problem, a size or a method that is not known, a file that does not run, ...
    """
    return [task for problem in plan.problems for task in _of_problem(plan, problem, seed, chosen)]


def _of_problem(plan: Plan, problem: PlannedProblem, seed: int, chosen: Sequence[Contender] | None) -> Iterator[Task]:
    spelled = problem.methods or plan.methods
    if chosen is None and spelled is not None:
        chosen = contenders(map(_contender, spelled))
    for source in _sources(problem, seed):
        yield Task(source, chosen, problem.expect)


def _contender(method: PlannedMethod) -> Contender:
    text = method.spelling
    return Contender(text, known.resolve(text), Spelled(text), method.parameters)


def _sources(problem: PlannedProblem, seed: int) -> Iterator[Source]:
    """The subjects of one entry."""
    if problem.file and problem.at is not None:
        found: Sequence[Source] = [subject(problem.target, problem.at, problem.argnums, problem.grad)]
    else:
        found = ProblemSource.each(problems[problem.name], problem.sizes, seed)
    wanted: Derivative = "jacobian" if problem.derivative == "jacobian" else "gradient"
    for source in found:
        yield Asked(source, wanted) if problem.derivative else source


# -- the command line ------------------------------------------------------------------------------
def named(
    targets: Sequence[str],
    chosen: Sequence[Contender] | None = None,
    *,
    at: str | None = None,
    argnums: str | None = None,
    gradient: str | None = None,
    sizes: str | None = None,
    seed: int = 0,
) -> list[Task]:
    """Problems by name and functions of the person's own; without any, the default problems."""
    own = [target for target in targets if ":" in target or target.endswith(".py")]
    if not own and (at is not None or argnums is not None or gradient is not None):
        raise BadRequest(
            "--at, --argnums and --grad go with a function of your own, as FILE.py:f; problems bring theirs"
        )
    found: list[Source] = []
    for target in targets or [p.name for p in problems.values() if p.default]:
        if target not in own:
            found += ProblemSource.each(problems[target], None if sizes is None else listed(sizes, "--sizes"), seed)
        elif sizes is not None:
            raise BadRequest(f"--sizes goes with problems; {target} is compared at the point given by --at")
        else:
            found.append(subject(target, at, argnums, gradient))
    return [Task(source, chosen) for source in found]


def contenders_of(text: str) -> list[Contender]:
    """The methods that --methods lists."""
    return contenders(listed(text, "--methods"))


def listed(text: str, option: str) -> list[str]:
    """The items of a list separated by commas, each once; a comma within brackets separates nothing."""
    items = list(dict.fromkeys(item.strip() for item in _split(text) if item.strip()))
    if not items:
        raise BadRequest(f"{option} names nothing; leave it out for the default")
    return items


def _split(text: str) -> Iterator[str]:
    depth, item = 0, ""
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth <= 0:
            yield item
            item = ""
        else:
            item += sign
    yield item
