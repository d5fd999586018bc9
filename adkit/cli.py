"""The command line: `adkit check`, `adkit compare`, `adkit list`."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from .writing import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .harness import Settings, Subject
    from .loading import Plan
    from .methods import Method
    from .problems import Problem
    from .records import Row, Trial
    from .report import GradientReport

# Exit codes.
RIGHT, WRONG, USAGE = 0, 1, 2

# Options that several commands have.
At = Annotated[
    str | None,
    typer.Option(
        help='The point for FILE.py:f, e.g. --at "2.0, [1, 2, 3]" (lists become arrays); or point.json, .npy or .npz; '
        "or the name of a function that returns it."
    ),
]
Argnums = Annotated[
    str | None,
    typer.Option(help="Which arguments of FILE.py:f to differentiate, e.g. 0,1. Default: all but whole numbers."),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]
Form = Annotated[Format | None, typer.Option("--format", "-f", help="Default: table, or what the suffix of -o says.")]

app = typer.Typer(
    name="adkit",
    help="Every way to the derivative of a NumPy function, checked and timed side by side.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(f"adkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that go before the command."""


@app.command()
def check(
    target: Annotated[str, typer.Argument(help="FILE.py:f, the function whose gradient is checked.")],
    at: At = None,
    gradient: Annotated[
        str | None,
        typer.Option("--grad", help="The gradient to check: FILE.py:g, or g in the same file. Default: adkit's own."),
    ] = None,
    argnums: Argnums = None,
    method: Annotated[str, typer.Option(help="Without --grad, the method whose gradient is checked.")] = "reverse",
    order: Annotated[int, typer.Option(help="2: the Hessian too.")] = 1,
    hessian: Annotated[str | None, typer.Option(help="With --order 2, a Hessian of your own: FILE.py:h, or h.")] = None,
    lenient: Annotated[
        bool,
        typer.Option("--lenient", help="Let kinks, domain edges and noise pass that the gradient is in keeping with."),
    ] = False,
    rtol: Annotated[float, typer.Option(help="Also accept a relative difference of this size.")] = 0.0,
    atol: Annotated[float, typer.Option(help="Also accept an absolute difference of this size.")] = 0.0,
    bounds: Annotated[
        str | None, typer.Option(help="LO,HI: f is not evaluated outside; leave one empty for no bound.")
    ] = None,
    components: Annotated[
        str | None, typer.Option(help="How many components to check one by one, or all. Default: all, unless many.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show the components that agree, too.")] = False,
    format: Form = None,
    output: Output = None,
    seed: Annotated[int, typer.Option(help="Of the random directions.")] = 0,
) -> None:
    """Check a gradient: yours (--grad) or adkit's own, against differences of f. Which component is wrong, and why?

    Exit code: 0 when the gradient holds, 1 when it does not, 2 when the request makes no sense.
    """
    from . import checking, loading, writing
    from .calls import check_argnums

    form = writing.format_of(format, output)
    writing.require_folder(output)
    with _aside():
        subject = loading.subject(target, at, argnums, gradient)
        chosen = check_argnums(subject.argnums)
        with loading.blaming("f" if gradient is None else "f or its gradient"):
            report = checking.check_grad(
                subject.f,
                *subject.args,
                grad=subject.gradient,
                # A Hessian by one argument is written without the tuples that several need.
                argnums=chosen[0] if hessian is not None and len(chosen) == 1 else chosen,
                method=method,
                order=order,
                hessian=None if hessian is None else loading.beside(target, hessian),
                kwargs=subject.kwargs,
                strict=not lenient,
                rtol=rtol,
                atol=atol,
                bounds=None if bounds is None else loading.bounds(bounds),
                seed=seed,
                components=loading.components(components),
            )
    _write_report(report, form, output, everything)


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
    from . import harness, writing
    from .comparing import chosen_methods

    plan = None
    if targets and targets[0].endswith(".toml"):
        plan = _plan(targets, alone=at is argnums is gradient is sizes is None)
        subjects = list(_planned(plan, seed))
    else:
        with _aside():
            subjects = list(_subjects(targets or [], at, argnums, gradient, sizes, seed))
    writing.require_folder(output)
    names = _listed(methods, "--methods") if methods is not None else plan and plan.methods
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


@app.command("list")
def list_all(
    what: Annotated[Literal["problems", "methods", "all"], typer.Argument(help="What to list.")] = "all",
) -> None:
    """List the problems and the methods."""
    from rich.console import Console

    from .report import terminal

    console = Console()
    listed = {"problems": _problem_entries, "methods": _method_entries}
    for kind, entries in listed.items():
        if what in (kind, "all"):
            for line in terminal.listing(entries()):
                console.print(line, highlight=False)


def _problem_entries() -> list[tuple[str, str, str]]:
    from .problems import problems

    return [(p.name, _sizes(p), f"{p.title}\n{p.source}".strip()) for p in problems.values()]


def _sizes(problem: Problem) -> str:
    """What a size of the problem is, and those that are run by default."""
    if not problem.parameters:
        return ""
    return f"--sizes {'x'.join(problem.parameters)}, by default {','.join(map(problem.label, problem.sizes))}"


def _method_entries() -> list[tuple[str, str, str]]:
    from .methods import methods

    return [(name, m.missing() or "", (type(m).__doc__ or "").partition("\n")[0]) for name, m in methods.items()]


# -- from words to subjects ----------------------------------------------------------------------
def _subjects(
    targets: Sequence[str], at: str | None, argnums: str | None, gradient: str | None, sizes: str | None, seed: int
) -> Iterator[Subject]:
    """What is to be compared."""
    from . import harness, loading
    from .errors import BadRequest
    from .problems import problems

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
    from . import loading
    from .errors import BadRequest

    if len(targets) > 1 or not alone:
        raise BadRequest(f"{targets[0]} states a whole comparison: no other target, --at, --argnums, --grad or --sizes")
    return loading.plan(Path(targets[0]))


def _planned(plan: Plan, seed: int) -> Iterator[Subject]:
    """The subjects of a comparison file."""
    from . import harness
    from .problems import problems

    for name, sizes in plan.problems:
        yield from harness.Subject.each(problems[name], sizes, seed)


def _listed(text: str, option: str) -> list[str]:
    """The items of a list separated by commas, each once."""
    from .errors import BadRequest

    items = list(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))
    if not items:
        raise BadRequest(f"{option} names nothing; leave it out for the default")
    return items


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """What f prints goes where it does not mix with the results, and what NumPy warns of is in them."""
    import numpy as np

    with contextlib.redirect_stdout(sys.stderr), np.errstate(all="ignore"):
        yield


def _run(subjects: Sequence[Subject], chosen: dict[str, Method] | None, settings: Settings) -> list[Row]:
    """All rows, with a progress bar where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress

    from . import harness

    rows: list[Row] = []
    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with _aside(), progress:
        task = progress.add_task("", total=len(subjects))
        for subject in subjects:
            rows += harness.run(subject, chosen, settings, lambda text: progress.update(task, description=text))
            progress.advance(task)
    return rows


def _tried(plan: Plan, tools: Sequence[str] | None, seed: int) -> list[Trial]:
    """The trials of a comparison file, with a progress bar where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress

    from . import trials

    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with progress:
        task = progress.add_task("")

        def on_progress(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total)

        return trials.run(plan.trial, tools, plan.random, seed, on_progress)


def _write_trials(rows: list[Trial], plan: Plan, format: Format, output: Path | None) -> NoReturn:
    """Print or store the trials; the exit code says whether adkit kept its promises. A terminal gets Markdown too."""
    from . import trials, writing
    from .harness import environment
    from .report.trials import TrialReport

    where = {**environment(), **trials.versions(), "command": shlex.join(["adkit", *sys.argv[1:]])}
    report = TrialReport(rows, where, plan.question, trials.conditions(plan.trial))
    text = {"csv": report.to_csv, "json": report.to_json}
    writing.emit(text.get(format, report.to_markdown)(), output)
    raise typer.Exit(RIGHT if report else WRONG)


def _write(rows: list[Row], format: Format, output: Path | None, question: str) -> None:
    """Print or store the rows; the exit code says whether all is right."""
    from . import writing
    from .harness import environment
    from .report import Comparison, terminal

    command = shlex.join(["adkit", *sys.argv[1:]])
    comparison = Comparison(rows, {**environment(), "command": command}, question)
    text = {"markdown": comparison.to_markdown, "csv": comparison.to_csv, "json": comparison.to_json}
    if format == "table":
        writing.show(lambda width: terminal.renderables(rows, width), output)
    else:
        writing.emit(text[format](), output)
    raise typer.Exit(RIGHT if comparison else WRONG)


def _write_report(report: GradientReport, format: Format, output: Path | None, everything: bool) -> None:
    """Print or store what a check has found; the exit code says whether the gradient holds."""
    from . import writing

    if format == "table" and writing.is_watched(output) and not everything:
        writing.show(lambda _: [report], output)
    else:
        text = {
            "table": lambda: report.to_text(everything),
            "markdown": lambda: report.to_markdown(everything),
            "csv": lambda: report.table.to_csv(index=False),
            "json": report.to_json,
        }
        writing.emit(text[format](), output)
    if output is not None:
        typer.echo(f"{report.verdict} ({output})", err=True)
    raise typer.Exit(RIGHT if report else WRONG)


def main() -> None:
    """The entry point: a refusal is one sentence on standard error and exit code 2."""
    from .errors import AdkitError

    try:
        app()
    except AdkitError as error:
        typer.echo(f"adkit: {error}", err=True)
        sys.exit(USAGE)
