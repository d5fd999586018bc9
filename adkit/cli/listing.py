"""adkit list: the problems and the methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import app

if TYPE_CHECKING:
    from ..problems import Problem


@app.command("list")
def list_all(
    what: Annotated[Literal["problems", "methods", "all"], typer.Argument(help="What to list.")] = "all",
) -> None:
    """List the problems and the methods."""
    from rich.console import Console

    from ..report import terminal

    console = Console()
    listed = {"problems": _problem_entries, "methods": _method_entries}
    for kind, entries in listed.items():
        if what in (kind, "all"):
            for line in terminal.listing(entries()):
                console.print(line, highlight=False)


def _problem_entries() -> list[tuple[str, str, str]]:
    from ..problems import problems

    return [(p.name, _sizes(p), f"{p.title}\n{p.source}".strip()) for p in problems.values()]


def _sizes(problem: Problem) -> str:
    """What a size of the problem is, and those that are run by default."""
    if not problem.parameters:
        return ""
    return f"--sizes {'x'.join(problem.parameters)}, by default {','.join(map(problem.label, problem.sizes))}"


def _method_entries() -> list[tuple[str, str, str]]:
    from ..methods import methods

    return [(name, m.missing() or "", (type(m).__doc__ or "").partition("\n")[0]) for name, m in methods.items()]
