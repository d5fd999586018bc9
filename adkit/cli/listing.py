"""adkit list: the problems, the methods, and the comparisons of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import app

if TYPE_CHECKING:
    from ..methods import Method
    from ..problems import Problem

# A name, a few words beside it, and what it stands for below.
Entry = tuple[str, str, str]
FOLDER = Path("comparisons")


@app.command("list")
def list_all(
    what: Annotated[Literal["problems", "methods", "comparisons", "all"], typer.Argument(help="What to list.")] = "all",
    files: Annotated[
        list[Path] | None, typer.Argument(help="FILE.py whose problems are listed too, or a folder of comparisons.")
    ] = None,
) -> None:
    """List the problems, the methods, and the comparisons (those in comparisons/, if there is such a folder)."""
    from rich.console import Console

    from ..report import terminal

    console = Console()
    folders = [file for file in files or [] if file.suffix != ".py"] or [FOLDER]
    _load([file for file in files or [] if file.suffix == ".py"])
    listed = {
        "problems": _problem_entries,
        "methods": _method_entries,
        "comparisons": lambda: [entry for folder in folders for entry in _comparison_entries(folder)],
    }
    for kind, entries in listed.items():
        found = entries() if what in (kind, "all") else []
        for line in terminal.listing(found) if found else []:
            console.print(line, highlight=False)
    _complain()


def _load(files: list[Path]) -> None:
    from .. import loading

    for file in files:
        loading.declared(str(file))


def _complain() -> None:
    """What installed packages bring that cannot be used."""
    from ..methods import methods
    from ..problems import problems

    for sentence in (*problems.broken, *methods.broken):
        typer.echo(f"adkit: {sentence}", err=True)


# -- problems --------------------------------------------------------------------------------------
def _problem_entries() -> list[Entry]:
    from ..problems import problems

    return [(p.name, _sizes(p), _lines(p.title, p.source, _asked(p), _expected(p))) for p in problems.values()]


def _lines(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _sizes(problem: Problem) -> str:
    """What a size of the problem is, and those that are run by default."""
    if not problem.parameters:
        return ""
    return f"--sizes {'x'.join(problem.parameters)}, by default {','.join(map(problem.label, problem.sizes))}"


def _asked(problem: Problem) -> str:
    return "asked for: its Jacobian" if problem.derivative == "jacobian" else ""


def _expected(problem: Problem) -> str:
    """What is known beforehand at the sizes that are run by default."""
    known = [
        f"{method} {outcome} at {problem.label(size)}"
        for size in problem.sizes
        for method, outcome in problem.expected(size).items()
    ]
    return f"expected: {'; '.join(known)}" if known else ""


# -- methods ---------------------------------------------------------------------------------------
def _method_entries() -> list[Entry]:
    from ..methods import methods

    return [(name, m.missing() or _options(name, m), _lines(_first_line(m), _theory(m))) for name, m in methods.items()]


def _options(name: str, method: Method) -> str:
    """How its parameters are written, with their defaults."""
    defaults = ", ".join(f"{option}={getattr(method, option, None)!r}" for option in method.options)
    return f"{name}({defaults})" if defaults else ""


def _first_line(method: Method) -> str:
    return (type(method).__doc__ or "").partition("\n")[0]


def _theory(method: Method) -> str:
    return f"cost: {method.theory}" if method.theory else ""


# -- comparisons -----------------------------------------------------------------------------------
def _comparison_entries(folder: Path) -> list[Entry]:
    """The comparison files of a folder, with the questions that they answer."""
    from .. import loading

    plans = [(file, loading.plan(file)) for file in sorted(folder.glob("*.toml"))]
    return [(str(file), "", plan.question) for file, plan in plans]
