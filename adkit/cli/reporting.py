"""adkit report: pages and figures from stored results, without timing anything."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app

if TYPE_CHECKING:
    from ..loading import Plan
    from ..report import Comparison
    from ..report.page import Entry, Origin, Picture

INDEX = "README.md"
FIGURES = "figures"
_PLANS, _REPORTS = Path("comparisons"), Path("reports")


@app.command()
def report(
    plans: Annotated[
        list[Path] | None, typer.Argument(help="Comparison files, FILE.toml. None: all in comparisons/.")
    ] = None,
    to: Annotated[Path, typer.Option("--to", help="The folder of the pages and of their figures.")] = _REPORTS,
) -> None:
    """Draw the pages and the figures of comparisons from their stored results, and the index of all pages.

    `adkit compare FILE.toml` measures and stores; nothing is timed here. All files are written, or none.

    Exit code: 0 when all is written, 2 when results are missing or cannot be read.
    """
    from .. import loading

    chosen = [loading.plan(path) for path in plans or _shipped()]
    _require_pages_of_their_own(chosen)
    files = {path: text for plan in chosen for path, text in _files(plan, to).items()}
    files[to / INDEX] = _index(chosen, to)
    _write(files, to)
    for plan in chosen:
        _sweep(plan, to, files)
        typer.echo(f"{to / plan.name}.md")


def _shipped() -> list[Path]:
    from ..errors import BadRequest

    found = sorted(_PLANS.glob("*.toml"))
    if not found:
        raise BadRequest(f"there are no comparison files in {_PLANS}/: name some, as in adkit report FILE.toml")
    return found


def _require_pages_of_their_own(chosen: Sequence[Plan]) -> None:
    from ..errors import BadRequest

    pages = [f"{plan.name}.md" for plan in chosen]
    for plan, page in zip(chosen, pages, strict=True):
        if pages.count(page) > 1 or page == INDEX:
            raise BadRequest(f"{plan.path} would be written to {page}, which another page is: rename it")


# -- what is written -----------------------------------------------------------------------------
def _files(plan: Plan, to: Path) -> dict[Path, str]:
    """The page of a plan and its figures, by path."""
    from ..report import Comparison, page
    from ..report.answers import answer
    from ..report.trials import TrialReport

    text = _stored(plan)
    if plan.trial:
        trial = TrialReport.from_json(text, str(plan.results))
        return {to / f"{plan.name}.md": page.trial_page(plan.title, trial, _origin(plan, to))}
    comparison = Comparison.from_json(text, str(plan.results))
    drawn = list(_drawn(plan, comparison, to))
    pictures = [picture for _, picture, _ in drawn]
    # What a page recommends, it says anyway.
    said = "" if plan.answer == "recommendation" else answer(plan.answer, comparison.rows, plan.lines)
    whole = page.page(plan.title, comparison, pictures, _origin(plan, to), said)
    return {to / f"{plan.name}.md": whole, **{path: svg for path, _, svg in drawn}}


def _stored(plan: Plan) -> str:
    """The text of a plan's results."""
    from ..errors import BadRequest

    if not plan.results.is_file():
        raise BadRequest(f"there are no results {plan.results} of {plan.path}: {plan.command} makes them")
    try:
        return plan.results.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"cannot read {plan.results}: {error}") from None


def _drawn(plan: Plan, comparison: Comparison, to: Path) -> Iterator[tuple[Path, Picture, str]]:
    """The figures of a plan."""
    from ..report import figures
    from ..report.looks import looks
    from ..report.page import Picture
    from ..report.scenes import scene

    if not plan.draw:
        return
    figures.require()
    look = looks({plan.lines.get(row.method, row.method): row.method for row in comparison.rows})
    for i, drawing in enumerate(plan.draw, 1):
        shown = scene(drawing, comparison.rows, plan.lines, f"[[draw]] {i} of {plan.path}")
        name = f"{plan.name}-{i}.svg"
        yield to / FIGURES / name, Picture(f"{FIGURES}/{name}", shown.alt, shown.caption), figures.svg(shown, look)


def _origin(plan: Plan, to: Path) -> Origin:
    from ..report.page import Origin

    plan_at, results_at = (Path(os.path.relpath(path, to)).as_posix() for path in (plan.path, plan.results))
    return Origin(plan_at, results_at, plan.command, f"adkit report {shlex.quote(str(plan.path))}")


def _index(chosen: Sequence[Plan], to: Path) -> str:
    """The index of the pages of all plans beside those that are drawn."""
    from .. import loading
    from ..report import page

    folders = dict.fromkeys(plan.path.parent for plan in chosen)
    plans = {path: loading.plan(path) for folder in folders for path in sorted(folder.glob("*.toml"))}
    plans |= {plan.path: plan for plan in chosen}
    pages = {plan.name for plan in plans.values()}
    others = [(path.stem, _title(path)) for path in sorted(to.glob("*.md")) if path.name != INDEX]
    render = "adkit report" if list(folders) == [_PLANS] else f"adkit report {' '.join(map(str, plans))}"
    return page.index(
        [_entry(plan) for plan in plans.values()],
        [(name, title) for name, title in others if name not in pages],
        render,
    )


def _title(path: Path) -> str:
    """The first heading of a page."""
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else path.stem


def _entry(plan: Plan) -> Entry:
    from ..report import Comparison, page
    from ..report.answers import answer
    from ..report.trials import TrialReport

    said = ""
    if plan.results.is_file():
        text, where = _stored(plan), str(plan.results)
        said = (
            TrialReport.from_json(text, where).reading
            if plan.trial
            else answer(plan.answer, Comparison.from_json(text, where).rows, plan.lines)
        )
    return page.Entry(plan.name, plan.title, plan.question, said, plan.command)


# -- writing -------------------------------------------------------------------------------------
def _write(files: dict[Path, str], to: Path) -> None:
    """All files, once all are made."""
    from .. import writing
    from ..errors import BadRequest

    try:
        (to / FIGURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"cannot write to {to}: {error.strerror or error}") from None
    for path, text in files.items():
        writing.emit(text, path)


def _sweep(plan: Plan, to: Path, files: dict[Path, str]) -> None:
    """Away with figures of the plan that are not drawn any more."""
    for path in (to / FIGURES).glob(f"{plan.name}-*.svg"):
        if path not in files and re.fullmatch(r"\d+", path.stem.removeprefix(f"{plan.name}-")):
            path.unlink()
