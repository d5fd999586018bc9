"""Comparisons and trials as the command line runs them: progress, results files, interruptions, exit codes."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from .app import INTERRUPTED, NOTHING, RIGHT, TIMEOUT, UNEXPECTED, WRONG, aside

if TYPE_CHECKING:
    from ..harness import Contender, Settings, Task
    from ..journal import Journal
    from ..loading import Plan
    from ..records import Row
    from ..report import Comparison
    from ..writing import Format

CODES = {"ok": RIGHT, "wrong": WRONG, "timeout": TIMEOUT, "unexpected": UNEXPECTED, "nothing ran": NOTHING}
Advance = Callable[[int, int | None, str], None]


class Run(Protocol):
    """Something that the command line can carry out."""

    def dry(self) -> int:
        """Say what would be run."""
        ...

    def finished(self, format: Format, output: Path | None, fresh: bool) -> int:
        """Run it, print or store what came out, and give the exit code."""
        ...


def of_plan(plan: Plan, chosen: Sequence[Contender] | None, preset: Mapping[str, Any], given: Mapping[str, Any]) -> Run:
    """What a comparison file asks for; what is said on the command line goes before what the file says."""
    from .. import harness, loading

    said = {name: x for name, x in given.items() if x is not None}
    stated = {name: getattr(plan, name) for name in ("timeout", "seconds", "budget", "threads", "seed")}
    settings = harness.Settings.of(**(stated | dict(preset) | said))
    if plan.trial:
        tools = None if chosen is None else [contender.name for contender in chosen]
        return Trying(plan, tools or plan.tools, settings.seed)
    return Comparing(loading.planned(plan, settings.seed, chosen), settings, plan.results, plan)


@dataclass(frozen=True)
class Comparing:
    """A campaign, and the file that its results are kept in, if any."""

    tasks: Sequence[Task]
    settings: Settings
    results: Path | None
    plan: Plan | None = None

    def dry(self) -> int:
        from ..harness import default_contenders, outlined

        for task in self.tasks:
            subject = outlined(task, self.settings)
            names = [c.name for c in (default_contenders(subject) if task.contenders is None else task.contenders)]
            typer.echo(" ".join(filter(None, (subject.problem, subject.size))) + f": {', '.join(names)}")
        return RIGHT

    def finished(self, format: Format, output: Path | None, fresh: bool) -> int:
        from .. import writing

        journal = None
        if self.results is not None:
            writing.make_folder(self.results)
            journal = self._journal(self.results, fresh)
        rows: list[Row] = []
        try:
            for found in self._found(journal):
                rows += found
        except KeyboardInterrupt:
            return self._interrupted(rows, format, journal)
        comparison = self._comparison(rows)
        if self.results is not None and self.results != output:
            writing.emit(comparison.to_json(), self.results)
        write(comparison, format, output)
        if output is not None:
            # The data are in the file; what they say is for whoever waits.
            write(comparison, "table", None)
            typer.echo(f"written to {output}", err=True)
        if journal is not None:
            journal.remove()
        return CODES[comparison.outcome]

    def _comparison(self, rows: Sequence[Row]) -> Comparison:
        from ..harness import environment
        from ..report import Comparison

        where = {**environment(self.settings.threads), "command": shlex.join(["adkit", *sys.argv[1:]])}
        question, name = (self.plan.question, self.plan.name) if self.plan else ("", "")
        return Comparison(rows, where, question, self.settings.as_dict(), name)

    def _journal(self, results: Path, fresh: bool) -> Journal:
        """Where what is done is kept; begun anew if that is wanted."""
        from .. import loading
        from ..harness import environment
        from ..journal import Journal

        kept = ("cpu", "cores", "python", "adkit", "numpy", "sympy", "git")
        where = {name: text for name, text in environment(self.settings.threads).items() if name in kept}
        tried = [[[c.name, repr(c.source)] for c in task.contenders or ()] for task in self.tasks]
        work = [(repr(task.source), mine, task.expect) for task, mine in zip(self.tasks, tried, strict=True)]
        # Of a file that has changed since, nothing that is done holds.
        files = loading.contents(self.tasks)
        identity = {"where": where, "settings": self.settings.as_dict(), "work": work, "files": files}
        journal = Journal(results, identity)
        if fresh:
            journal.remove()
        return journal

    def _found(self, journal: Journal | None) -> Iterator[list[Row]]:
        """The rows of each subject, kept as they come."""
        from ..harness import Campaign
        from ..report import results

        done = {} if journal is None else {i: results.rows_from(part) for i, part in journal.done().items()}
        if done and journal is not None:
            typer.echo(f"going on from {journal.path}: {len(done)} of {len(self.tasks)} subjects are done", err=True)
        campaign = Campaign(self.tasks, self.settings)
        with aside(), progress() as advance:
            total = len(self.tasks)
            # What has been imported so far is part of what the person waits for.
            began = time.monotonic() - time.process_time()
            started = campaign.run(lambda text: advance(-1, total, text), done, began=began)
            for i, rows in started:
                if journal is not None and i not in done:
                    journal.keep(i, results.rows_to(rows))
                advance(i + 1, total, "")
                yield rows

    def _interrupted(self, rows: Sequence[Row], format: Format, journal: Journal | None) -> int:
        """What is done is shown, and where it is kept is said."""
        if rows:
            write(self._comparison(rows), "table", None)
        kept = ""
        if journal is not None and rows:
            kept = f"; what is done is kept in {journal.path}, and the same command goes on from there"
        done = len({(row.problem, row.size, row.derivative) for row in rows})
        typer.echo(f"adkit: stopped after {done} of {len(self.tasks)} subjects{kept}", err=True)
        return INTERRUPTED


def write(comparison: Comparison, format: Format, output: Path | None) -> None:
    """Print or store a comparison."""
    from .. import writing
    from ..report import terminal

    text = {"markdown": comparison.to_markdown, "csv": comparison.to_csv, "json": comparison.to_json}
    if format == "table":
        writing.show(lambda width: terminal.renderables(comparison.rows, width), output)
    else:
        writing.emit(text[format](), output)


@dataclass(frozen=True)
class Trying:
    """Trials on difficult cases."""

    plan: Plan
    tools: Sequence[str] | None
    seed: int

    def dry(self) -> int:
        typer.echo(f"{self.plan.trial}: {', '.join(self.tools) if self.tools else 'all tools'}")
        return RIGHT

    def finished(self, format: Format, output: Path | None, fresh: bool) -> int:
        """A terminal gets Markdown too; the exit code says whether adkit kept its promises."""
        from .. import trials, writing
        from ..harness import environment
        from ..report.trials import TrialReport

        with progress() as advance:
            rows = trials.run(
                self.plan.trial, self.tools, self.plan.random, self.seed, lambda name, i, n: advance(i, n, name)
            )
        where = {**environment(), **trials.versions(), "command": shlex.join(["adkit", *sys.argv[1:]])}
        report = TrialReport(rows, where, self.plan.question, trials.conditions(self.plan.trial))
        writing.make_folder(self.plan.results)
        writing.emit(report.to_json(), self.plan.results)
        text = {"csv": report.to_csv, "json": report.to_json}
        writing.emit(text.get(format, report.to_markdown)(), output)
        return RIGHT if report else WRONG


@contextlib.contextmanager
def progress() -> Iterator[Advance]:
    """A progress bar where a person is watching; a place below 0 leaves it where it is, no total lets it only move."""
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        task = bar.add_task("", total=None)

        def advance(place: int, total: int | None, text: str) -> None:
            bar.update(task, description=text, total=total, completed=None if place < 0 else place)

        yield advance
