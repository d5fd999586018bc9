"""adkit compare: which methods are right, how fast, and at what cost?"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from .app import RIGHT, WRONG, Argnums, At, Form, Output, app, aside

if TYPE_CHECKING:
    from ..harness import Settings, Subject
    from ..loading import Plan
    from ..methods import Method
    from ..records import Row, Trial
    from ..writing import Format


@app.command()
def compare(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            help="Problems by name, FILE.py:f for a function of your own, or one comparison FILE.toml. "
            "None: the four problems."
        ),
    ] = None,
    at: At = None,
    argnums: Argnums = None,
    gradient: Annotated[
        str | None, typer.Option("--grad", help="FILE.py:g, a gradient of FILE.py:f derived by hand.")
    ] = None,
    methods: Annotated[str | None, typer.Option(help="Methods, separated by commas. Default: all of adkit's.")] = None,
    sizes: Annotated[
        str | None, typer.Option(help="Sizes of the problems, separated by commas, e.g. 4,8,16 or 100x10,1000x100.")
    ] = None,
    format: Form = None,
    output: Output = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds that a method may take until its first gradient. Default: 2.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="About how long the timing of one problem and size may take. Default: 1.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random points, and of the order of the rounds.")] = 0,
) -> None:
    """Compare the methods: which are right, how fast, at what cost.

    Exit code: 0 when all is right, 1 when a gradient is wrong or a method failed, 2 when the request makes no sense.
    """
    from .. import harness, writing
    from ..comparing import chosen_methods

    plan = None
    if targets and targets[0].endswith(".toml"):
        plan = _plan(targets, alone=at is argnums is gradient is sizes is None)
        subjects = list(_planned(plan, seed))
    else:
        with aside():
            subjects = list(_subjects(targets or [], at, argnums, gradient, sizes, seed))
    writing.require_folder(output)
    names = _listed(methods, "--methods") if methods is not None else plan and _planned_methods(plan)
    form = writing.format_of(format, output)
    if plan and plan.trial:
        _write_trials(_tried(plan, names, seed), plan, form, output)
    chosen = chosen_methods(names)
    settings = harness.Settings.of(
        timeout=plan.timeout if timeout is None and plan else timeout,
        seconds=plan.seconds if seconds is None and plan else seconds,
        seed=seed,
    )
    rows = _run(subjects, chosen, settings)
    _write(rows, form, output, plan.question if plan else "")


# -- from words to subjects ----------------------------------------------------------------------
def _subjects(
    targets: Sequence[str], at: str | None, argnums: str | None, gradient: str | None, sizes: str | None, seed: int
) -> Iterator[Subject]:
    """What is to be compared."""
    from .. import harness, loading
    from ..errors import BadRequest
    from ..problems import problems

    own = [target for target in targets if ":" in target or target.endswith(".py")]
    if not own and (at is not None or argnums is not None or gradient is not None):
        raise BadRequest(
            "--at, --argnums and --grad go with a function of your own, as FILE.py:f; problems bring theirs"
        )
    for target in targets or [p.name for p in problems.values() if p.default]:
        if target in own:
            if sizes is not None:
                raise BadRequest(f"--sizes goes with problems; {target} is compared at the point given by --at")
            yield loading.subject(target, at, argnums, gradient)
        else:
            chosen = None if sizes is None else _listed(sizes, "--sizes")
            yield from harness.Subject.each(problems[target], chosen, seed)


def _plan(targets: Sequence[str], alone: bool) -> Plan:
    """A comparison file, which leaves nothing else to choose."""
    from .. import loading
    from ..errors import BadRequest

    if len(targets) > 1 or not alone:
        raise BadRequest(f"{targets[0]} states a whole comparison: no other target, --at, --argnums, --grad or --sizes")
    return loading.plan(Path(targets[0]))


def _planned(plan: Plan, seed: int) -> Iterator[Subject]:
    """The subjects of a comparison file."""
    from .. import harness
    from ..problems import problems

    for entry in plan.problems:
        yield from harness.Subject.each(problems[entry.name], entry.sizes, seed)


def _planned_methods(plan: Plan) -> Sequence[str] | None:
    """The methods of a plan, or the tools of its trial."""
    return plan.tools if plan.trial or plan.methods is None else [method.spelling for method in plan.methods]


def _listed(text: str, option: str) -> list[str]:
    """The items of a list separated by commas, each once."""
    from ..errors import BadRequest

    items = list(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))
    if not items:
        raise BadRequest(f"{option} names nothing; leave it out for the default")
    return items


def _run(subjects: Sequence[Subject], chosen: dict[str, Method] | None, settings: Settings) -> list[Row]:
    """All rows, with a progress bar where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress

    from .. import harness

    rows: list[Row] = []
    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with aside(), progress:
        task = progress.add_task("", total=len(subjects))
        for subject in subjects:
            rows += harness.run(subject, chosen, settings, lambda text: progress.update(task, description=text))
            progress.advance(task)
    return rows


def _tried(plan: Plan, tools: Sequence[str] | None, seed: int) -> list[Trial]:
    """The trials of a comparison file, with a progress bar where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress

    from .. import trials

    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with progress:
        task = progress.add_task("")

        def on_progress(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total)

        return trials.run(plan.trial, tools, plan.random, seed, on_progress)


def _write_trials(rows: list[Trial], plan: Plan, format: Format, output: Path | None) -> NoReturn:
    """Print or store the trials; the exit code says whether adkit kept its promises. A terminal gets Markdown too."""
    from .. import trials, writing
    from ..harness import environment
    from ..report.trials import TrialReport

    where = {**environment(), **trials.versions(), "command": shlex.join(["adkit", *sys.argv[1:]])}
    report = TrialReport(rows, where, plan.question, trials.conditions(plan.trial))
    text = {"csv": report.to_csv, "json": report.to_json}
    writing.emit(text.get(format, report.to_markdown)(), output)
    raise typer.Exit(RIGHT if report else WRONG)


def _write(rows: list[Row], format: Format, output: Path | None, question: str) -> None:
    """Print or store the rows; the exit code says whether all is right."""
    from .. import writing
    from ..harness import environment
    from ..report import Comparison, terminal

    command = shlex.join(["adkit", *sys.argv[1:]])
    comparison = Comparison(rows, {**environment(), "command": command}, question)
    text = {"markdown": comparison.to_markdown, "csv": comparison.to_csv, "json": comparison.to_json}
    if format == "table":
        writing.show(lambda width: terminal.renderables(rows, width), output)
    else:
        writing.emit(text[format](), output)
    raise typer.Exit(RIGHT if comparison else WRONG)
