"""adkit report: pages and figures from stored results, without timing anything."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app

if TYPE_CHECKING:
    from ..loading import Plan
    from ..report import Comparison
    from ..report.page import Entry, Origin
    from ..report.scenes import Scene
    from ..report.trials import TrialReport

INDEX = "README.md"
FIGURES = "figures"
_PLANS, _REPORTS = Path("comparisons"), Path("reports")


@app.command()
def report(
    plans: Annotated[
        list[Path] | None,
        typer.Argument(help="Comparison files, FILE.toml, or one FILE.json of results. None: all in comparisons/."),
    ] = None,
    to: Annotated[Path, typer.Option("--to", help="The folder of the pages and of their figures.")] = _REPORTS,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Of a results file: write to this file, .md or .csv.")
    ] = None,
) -> None:
    """Draw the pages and the figures of comparisons from their stored results, and the index of all pages.

    `adkit compare FILE.toml` measures and stores; nothing is timed here. All files are written, or none.
    Results that belong to no comparison file, FILE.json of `adkit compare -o`, are rendered as Markdown to standard
    output, or into the file that -o names.

    Exit code: 0 when all is written, 2 when results are missing or cannot be read.
    """
    from .. import loading
    from ..errors import BadRequest

    if any(path.suffix == ".json" for path in plans or []):
        _render(plans or [], output)
        return
    if output is not None:
        raise BadRequest(f"-o takes the rendering of one results file, FILE.json; pages go to --to {to}")
    _publish([loading.plan(path) for path in plans or _shipped()], to)


def _publish(chosen: Sequence[Plan], to: Path) -> None:
    """The pages of plans with their figures, and the index."""
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
    page = {to / f"{plan.name}.md": page_of(plan, to)}
    return page if plan.trial or not plan.draw else {**page, **_drawn(plan, to)}


def page_of(plan: Plan, to: Path) -> str:
    """The page of a plan as Markdown, as it stands in a folder."""
    from ..report import page
    from ..report.answers import answer
    from ..report.page import Picture
    from ..report.trials import TrialReport

    if plan.trial:
        trial = TrialReport.from_json(_stored(plan), str(plan.results))
        return page.trial_page(plan.title, trial, _origin(plan, to))
    comparison = _comparison(plan)
    pictures = [Picture(f"{FIGURES}/{name}", shown.alt, shown.caption) for name, shown in _scenes(plan, comparison)]
    # What a page recommends, it says anyway.
    said = "" if plan.answer == "recommendation" else answer(plan.answer, comparison.rows, plan.lines)
    origin = _origin(plan, to, outdated(plan, comparison))
    return page.page(plan.title, comparison, pictures, origin, said, plan.lines, plan.layout)


def _comparison(plan: Plan) -> Comparison:
    from ..report import Comparison

    return Comparison.from_json(_stored(plan), str(plan.results))


def _stored(plan: Plan) -> str:
    """The text of a plan's results."""
    from ..errors import BadRequest

    if not plan.results.is_file():
        raise BadRequest(f"there are no results {plan.results} of {plan.path}: {plan.command} makes them")
    return _text(plan.results)


def _text(path: Path) -> str:
    from ..errors import BadRequest

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


# -- results without a comparison file -------------------------------------------------------------
def _render(paths: Sequence[Path], output: Path | None) -> None:
    """One results file as Markdown, or as what the suffix of the output says."""
    from .. import writing
    from ..errors import BadRequest

    if len(paths) > 1:
        raise BadRequest(f"a results file is rendered by itself, not with {len(paths) - 1} more")
    form = "markdown" if output is None else writing.format_of(None, output)
    if form not in ("markdown", "csv"):
        raise BadRequest(f"-o {output}: results are rendered to a file .md or .csv")
    writing.require_folder(output)
    found = _results(paths[0])
    writing.emit(found.to_markdown() if form == "markdown" else found.to_csv(), output)


def _results(path: Path) -> Comparison | TrialReport:
    """Results of either kind."""
    from ..report import Comparison, documents, trial_results
    from ..report.trials import TrialReport

    text, where = _text(path), str(path)
    document = documents.from_json(text, where)
    of_trials = isinstance(document, dict) and document.get("kind") == trial_results.KIND
    return (TrialReport if of_trials else Comparison).from_json(text, where)


def _scenes(plan: Plan, comparison: Comparison) -> Iterator[tuple[str, Scene]]:
    """What the figures of a plan show, by the names of their files."""
    from ..report.scenes import scene

    for i, drawing in enumerate(plan.draw, 1):
        yield f"{plan.name}-{i}.svg", scene(drawing, comparison.rows, plan.lines, f"[[draw]] {i} of {plan.path}")


def _drawn(plan: Plan, to: Path) -> dict[Path, str]:
    """The figures of a plan."""
    from ..report import figures
    from ..report.looks import looks

    figures.require()
    comparison = _comparison(plan)
    look = looks({plan.lines.get(row.method, row.method): row.method for row in comparison.rows})
    return {to / FIGURES / name: figures.svg(shown, look) for name, shown in _scenes(plan, comparison)}


def outdated(plan: Plan, comparison: Comparison) -> str:
    """In what the results are those of another state of the comparison file; empty where nothing shows."""
    told = [f"of {comparison.plan}.toml"] if comparison.plan not in ("", plan.name) else []
    # A function of a file may be called anything.
    if not any(problem.file for problem in plan.problems):
        told += _apart("problem", (p.name for p in plan.problems), (row.problem for row in comparison.rows))
    if all(plan.methods if problem.methods is None else problem.methods for problem in plan.problems):
        told += _apart("method", plan.lines, (row.method for row in comparison.rows))
    return f"The results are {'; '.join(told)}: `{plan.command}` measures them anew." if told else ""


def _apart(word: str, asked: Iterable[str], found: Iterable[str]) -> list[str]:
    """What only one of the two has."""
    wanted, there = dict.fromkeys(asked), dict.fromkeys(found)
    lacking = ", ".join(name for name in wanted if name not in there)
    beyond = ", ".join(name for name in there if name not in wanted)
    without = [f"without the {word} {lacking} that the comparison file asks for"] if lacking else []
    return without + ([f"of the {word} {beyond} that it does not ask for"] if beyond else [])


def _origin(plan: Plan, to: Path, stale: str = "") -> Origin:
    from ..report.page import Origin

    plan_at, results_at = (Path(os.path.relpath(path, to)).as_posix() for path in (plan.path, plan.results))
    return Origin(plan_at, results_at, plan.command, f"adkit report {shlex.quote(str(plan.path))}", stale)


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
