"""adkit list: the problems, the methods, and the comparisons of a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app

if TYPE_CHECKING:
    from ..methods import Method
    from ..problems import Problem

# A name, a few words beside it, and what it stands for below.
Entry = tuple[str, str, str]
KINDS = ("problems", "methods", "comparisons")
FOLDER = "comparisons"


@app.command("list")
def list_all(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="problems, methods or comparisons; FILE.py for the problems that it declares; a folder for the "
            "comparisons in it. None: everything."
        ),
    ] = None,
) -> None:
    """List the problems, the methods and the comparisons, with what is known of them beforehand."""
    from rich.console import Console

    from ..report import terminal

    console = Console()
    for word in what or KINDS:
        found = _entries(word)
        for line in terminal.listing(found) if found else []:
            console.print(line, highlight=False)
    _complain()


def _entries(word: str) -> list[Entry]:
    """What is listed under a word."""
    from .. import loading
    from ..errors import BadRequest, unknown
    from ..problems import problems

    if word == "problems":
        return _problem_entries(problems.values())
    if word == "methods":
        return _method_entries()
    if word.endswith(".py"):
        if not (found := loading.declared(word)):
            raise BadRequest(f"{word} declares no problem: put @ad.problem(point=...) before a function")
        return _problem_entries(found)
    if word == FOLDER or Path(word).is_dir():
        return _comparison_entries(Path(word))
    raise unknown("kind of entry", word, KINDS)


def _complain() -> None:
    """What installed packages bring that cannot be used."""
    from ..methods import methods
    from ..problems import problems

    for sentence in (*problems.broken, *methods.broken):
        typer.echo(f"adkit: {sentence}", err=True)


# -- problems --------------------------------------------------------------------------------------
def _problem_entries(problems: Iterable[Problem]) -> list[Entry]:
    return [(p.name, _sizes(p), _lines(p.title, p.source, _asked(p), _expected(p))) for p in problems]


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
    known = {problem.label(size): problem.expected(size) for size in problem.sizes}
    words = [
        f"at {label}: {', '.join(f'{method} {outcome}' for method, outcome in outcomes.items())}"
        for label, outcomes in known.items()
        if outcomes
    ]
    return f"expected {'; '.join(words)}" if words else ""


# -- methods ---------------------------------------------------------------------------------------
def _method_entries() -> list[Entry]:
    from ..methods import methods

    return [(name, _beside(name, m), _lines(m.summary, _as_code(m), _theory(m))) for name, m in methods.items()]


def _beside(name: str, method: Method) -> str:
    """How it is written; or how it is had."""
    missing = method.missing()
    return _options(name, method) if missing is None else f"not installed: {missing}"


def _options(name: str, method: Method) -> str:
    """How its parameters are written, with their defaults."""
    defaults = ", ".join(f"{option}={getattr(method, option, None)!r}" for option in method.options)
    return f"{name}({defaults})" if defaults else ""


def _as_code(method: Method) -> str:
    known = "compile" in method.options
    return "compile=True: that once, and straight-line code from then on" if known else ""


def _theory(method: Method) -> str:
    return f"cost: {method.theory}" if method.theory else ""


# -- comparisons -----------------------------------------------------------------------------------
def _comparison_entries(folder: Path) -> list[Entry]:
    """The comparison files of a folder, with the questions that they answer."""
    from .. import loading

    plans = [(file, loading.plan(file)) for file in sorted(folder.glob("*.toml"))]
    return [(str(file), "", plan.question) for file, plan in plans]
