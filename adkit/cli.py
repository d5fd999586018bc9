"""The command line: `adkit compare`, `adkit list`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .harness import Row, Subject
    from .loading import Plan
    from .methods import Method

# Exit codes.
RIGHT, WRONG, USAGE = 0, 1, 2

Format = Literal["table", "markdown", "csv", "json"]
SUFFIXES: dict[str, Format] = {".md": "markdown", ".csv": "csv", ".json": "json"}

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

    names, question = methods.split(",") if methods is not None else None, ""
    if targets and targets[0].endswith(".toml"):
        subjects, plan = _planned(targets, at, argnums, gradient, sizes, seed)
        names = names or plan.methods
        timeout, seconds, question = timeout or plan.timeout, seconds or plan.seconds, plan.question
    else:
        subjects = list(_subjects(targets or [], at, argnums, gradient, sizes, seed))
    _require_folder(output)
    chosen = chosen_methods([name.strip() for name in names] if names is not None else None)
    settings = harness.Settings(timeout or 2.0, seconds or 1.0, seed)
    _write(_run(subjects, chosen, settings), _format(format, output), output, question)


@app.command("list")
def list_all(
    what: Annotated[Literal["problems", "methods", "all"], typer.Argument(help="What to list.")] = "all",
) -> None:
    """List the problems and the methods."""
    from rich.console import Console

    from .report import terminal

    console = Console()
    if what in ("problems", "all"):
        console.print(terminal.listing("problem", _problem_lines(), ("sizes", "what it is")))
    if what in ("methods", "all"):
        console.print(terminal.listing("method", _method_lines(), ("available", "what it is")))


def _problem_lines() -> list[tuple[str, ...]]:
    from .problems import problems

    return [(p.name, ", ".join(map(p.label, p.sizes)) or "-", p.title) for p in problems.values()]


def _method_lines() -> list[tuple[str, ...]]:
    from .methods import methods

    return [(name, m.missing() or "yes", (type(m).__doc__ or "").partition("\n")[0]) for name, m in methods.items()]


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
            problem = problems[target]
            for size in problem.sizes if sizes is None else sizes.split(","):
                yield harness.Subject.of(problem, size.strip() if isinstance(size, str) else size, seed)


def _planned(targets: Sequence[str], *others: Any) -> tuple[list[Subject], Plan]:
    """The subjects of a comparison file."""
    from . import harness, loading
    from .errors import BadRequest
    from .problems import problems

    *options, seed = others
    if len(targets) > 1 or any(option is not None for option in options):
        raise BadRequest(f"{targets[0]} states a whole comparison: no other target, --at, --argnums, --grad or --sizes")
    plan = loading.plan(Path(targets[0]))
    chosen = [(problems[name], sizes) for name, sizes in plan.problems]
    return [harness.Subject.of(p, size, seed) for p, sizes in chosen for size in sizes or p.sizes], plan


def _run(subjects: Sequence[Subject], chosen: dict[str, Method] | None, settings: Any) -> list[Row]:
    """All rows, with a progress bar where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress

    from . import harness

    rows: list[Row] = []
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=len(subjects))
        for subject in subjects:
            rows += harness.run(subject, chosen, settings, report=lambda text: progress.update(task, description=text))
            progress.advance(task)
    return rows


# -- from rows to text ---------------------------------------------------------------------------
def _format(format: Format | None, output: Path | None) -> Format:
    return format or SUFFIXES.get(output.suffix if output else "", "table")


def _require_folder(output: Path | None) -> None:
    """Better now than after the work."""
    from .errors import BadRequest

    if output is not None and not output.parent.is_dir():
        raise BadRequest(f"cannot write {output}: there is no folder {output.parent}")


def _write(rows: list[Row], format: Format, output: Path | None, question: str) -> None:
    """Print or store the rows; the exit code says whether all is right."""
    from .harness import environment
    from .report import Comparison

    comparison = Comparison(rows, environment(), question)
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
    import tempfile

    from .errors import BadRequest

    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, output)
    except OSError as error:
        raise BadRequest(f"cannot write {output}: {error.strerror or error}") from None


def main() -> None:
    """The entry point: a refusal is one sentence on standard error and exit code 2."""
    from .errors import AdkitError

    try:
        app()
    except AdkitError as error:
        typer.echo(f"adkit: {error}", err=True)
    except Exception as error:
        if (place := _in_their_code(error)) is None:
            raise
        typer.echo(f"adkit: f raised {type(error).__name__}: {error}, at {place}", err=True)
    else:
        return
    sys.exit(USAGE)


def _in_their_code(error: Exception) -> str | None:
    """File and line in a person's own file where the error arose; None if it is not theirs."""
    import traceback

    own = str(Path(__file__).parent)
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename in _loaded_files()]
    if theirs:
        return f"{theirs[-1].filename}:{theirs[-1].lineno}"
    return None if frames[-1].filename.startswith(own) and not isinstance(error, TypeError) else "the call of f"


def _loaded_files() -> set[str]:
    from . import loading

    return loading.loaded_files
