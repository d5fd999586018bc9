"""The command line: `adkit compare`, `adkit list`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .harness import Settings, Subject
    from .loading import Plan
    from .methods import Method
    from .problems import Problem
    from .records import Row

# Exit codes.
RIGHT, WRONG, USAGE = 0, 1, 2

Format = Literal["table", "markdown", "csv", "json"]
SUFFIXES: dict[str, Format] = {"": "table", ".txt": "table", ".md": "markdown", ".csv": "csv", ".json": "json"}

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
def compare(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            help="Problems by name, FILE.py:f for a function of your own, or one comparison FILE.toml. "
            "None: the four problems."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help='The point for FILE.py:f, e.g. --at "2.0, [1, 2, 3]"; lists become arrays.')
    ] = None,
    argnums: Annotated[
        str | None,
        typer.Option(help="Which arguments of FILE.py:f to differentiate, e.g. 0,1. Default: all but whole numbers."),
    ] = None,
    gradient: Annotated[
        str | None, typer.Option("--grad", help="FILE.py:g, a gradient of FILE.py:f derived by hand.")
    ] = None,
    methods: Annotated[str | None, typer.Option(help="Methods, separated by commas. Default: all of adkit's.")] = None,
    sizes: Annotated[
        str | None, typer.Option(help="Sizes of the problems, separated by commas, e.g. 4,8,16 or 100x10,1000x100.")
    ] = None,
    format: Annotated[
        Format | None, typer.Option("--format", "-f", help="Default: table, or what the suffix of -o says.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
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
    from . import harness
    from .comparing import chosen_methods

    plan = None
    if targets and targets[0].endswith(".toml"):
        plan = _plan(targets, alone=at is argnums is gradient is sizes is None)
        subjects = list(_planned(plan, seed))
    else:
        subjects = list(_subjects(targets or [], at, argnums, gradient, sizes, seed))
    _require_folder(output)
    names = _listed(methods, "--methods") if methods is not None else plan and plan.methods
    form = _format(format, output)
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


def _run(subjects: Sequence[Subject], chosen: dict[str, Method] | None, settings: Settings) -> list[Row]:
    """All rows, with a progress bar where a person is watching."""
    import contextlib

    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from . import harness

    rows: list[Row] = []
    # What f prints goes where it does not mix with the results, and what NumPy warns of is in them.
    quiet = contextlib.redirect_stdout(sys.stderr), np.errstate(all="ignore")
    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with quiet[0], quiet[1], progress:
        task = progress.add_task("", total=len(subjects))
        for subject in subjects:
            rows += harness.run(subject, chosen, settings, lambda text: progress.update(task, description=text))
            progress.advance(task)
    return rows


# -- from rows to text ---------------------------------------------------------------------------
def _format(format: Format | None, output: Path | None) -> Format:
    """The format that was asked for, or that the suffix of the output file says."""
    from .errors import unknown

    suffix = output.suffix if output else ""
    if format is None and suffix not in SUFFIXES:
        raise unknown("suffix", suffix, [known for known in SUFFIXES if known])
    return format or SUFFIXES[suffix]


def _require_folder(output: Path | None) -> None:
    """Better now than after the work."""
    from .errors import BadRequest

    if output is not None and not output.parent.is_dir():
        raise BadRequest(f"cannot write {output}: there is no folder {output.parent}")


def _write(rows: list[Row], format: Format, output: Path | None, question: str) -> None:
    """Print or store the rows; the exit code says whether all is right."""
    from .harness import environment
    from .report import Comparison

    command = shlex.join(["adkit", *sys.argv[1:]])
    comparison = Comparison(rows, {**environment(), "command": command}, question)
    text = {"markdown": comparison.to_markdown, "csv": comparison.to_csv, "json": comparison.to_json}
    if format == "table":
        _print_tables(rows, output)
    elif output is None:
        typer.echo(text[format]().rstrip("\n"))
    else:
        _store(text[format]().rstrip("\n") + "\n", output)
    raise typer.Exit(RIGHT if comparison else WRONG)


def _print_tables(rows: list[Row], output: Path | None) -> None:
    import io

    from rich.console import Console

    from .report import terminal

    # Into a file or a pipe, a table is as wide as it needs to be.
    buffer = io.StringIO()
    wide = output is not None or not sys.stdout.isatty()
    console = Console(file=buffer, width=200) if wide else Console()
    for renderable in terminal.renderables(rows, console.width):
        console.print(renderable, highlight=False)
    if output is not None:
        _store(_trimmed(buffer.getvalue()), output)
    elif wide:
        typer.echo(_trimmed(buffer.getvalue()), nl=False)


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _store(text: str, output: Path) -> None:
    """Write a file that is complete or not there."""
    import os

    from .errors import BadRequest

    whole = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        whole.write_text(text, encoding="utf-8")
        whole.replace(output)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise BadRequest(f"cannot write {output}: {error.strerror or error}") from None


def main() -> None:
    """The entry point: a refusal is one sentence on standard error and exit code 2."""
    from .errors import AdkitError

    try:
        app()
    except AdkitError as error:
        typer.echo(f"adkit: {error}", err=True)
        sys.exit(USAGE)
