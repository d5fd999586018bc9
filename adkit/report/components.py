"""How a checked gradient reads: its sentence, its table and what stands below, for the terminal and for Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..records import Component
from . import cells, documents

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .gradient import GradientReport

Column = tuple[str, Callable[[Component], str]]
Listed = tuple[Sequence[Component], int]
_STYLES = {"WRONG": "bold red", "NONFINITE": "red", "NONDETERMINISTIC": "red", "AGREE": "green"}
# What is wrong with one component, and with several.
_MEANING = {
    "WRONG": ("is wrong", "are wrong"),
    "NONFINITE": ("is not finite", "are not finite"),
    "NONDETERMINISTIC": ("cannot be checked", "cannot be checked"),
    "JUMP": ("does not exist", "do not exist"),
    "CUSP": ("does not exist", "do not exist"),
    "KINK": ("is at a kink", "are at kinks"),
    "DOMAIN_EDGE": ("is at the edge of the domain", "are at the edge of the domain"),
    "NOISY": ("is hidden by noise", "are hidden by noise"),
    "UNRESOLVED": ("is not certain", "are not certain"),
}


def number(x: float, digits: int = 6) -> str:
    """A number with so many significant digits."""
    return f"{x + 0.0:.{digits}g}"


def digits(c: Component) -> int:
    """As many digits as show where two numbers part, if that is more than the bar allows."""
    if not 0 < c.rel_error < math.inf or c.abs_error <= c.bar:
        return 6
    return min(17, max(6, 2 + math.ceil(-math.log10(c.rel_error))))


def _certain(c: Component) -> float:
    """What differences say, without the digits that their bar says nothing of."""
    if not (math.isfinite(c.numerical) and 0 < c.bar < math.inf):
        return c.numerical
    return round(c.numerical, 1 - math.floor(math.log10(c.bar))) + 0.0


def place(c: Component) -> str:
    """The component, and which output it is a derivative of."""
    return c.place if not c.output else f"{c.place} → output[{', '.join(map(str, c.output))}]"


def columns(source: str) -> list[Column]:
    """Headings, and the text of a component below each."""
    return [
        ("component", place),
        ("x", lambda c: number(c.x)),
        (f"gradient ({source})", lambda c: number(c.analytic, digits(c))),
        ("differences", lambda c: number(_certain(c), digits(c))),
        ("apart by", lambda c: cells.error(c.abs_error)),
        ("relative", lambda c: cells.error(c.rel_error)),
        ("bar", lambda c: cells.error(c.bar)),
        ("verdict", lambda c: c.verdict),
    ]


# -- sentences -------------------------------------------------------------------------------------
def sentence(report: GradientReport) -> str:
    """The outcome in one sentence."""
    name = f"gradient of {report.function}"
    if report:
        return f"The {name} holds{_qualified(report)}."
    if not report.failed:
        return f"The {name} does not pass: {report.findings[0]}."
    worst = report.failed[0]
    if report.total == 1:
        return f"The {name} {_MEANING[worst.verdict][0]}: {_reason(worst)}."
    count = sum(c.verdict == worst.verdict for c in report.failed)
    known = "At least " if report.checked < report.total else ""
    how = _MEANING[worst.verdict][count > 1]
    whole = f"{known}{count:,} of the {report.total:,} components of the {name} {how}"
    return f"{whole}, {'worst ' * (count > 1)}{place(worst)}: {_reason(worst)}."


def _reason(c: Component) -> str:
    """Why a component does not pass."""
    if c.verdict == "WRONG":
        return f"{number(c.analytic, digits(c))} where differences give {number(_certain(c), digits(c))}"
    return c.hint


def _qualified(report: GradientReport) -> str:
    """In what sense a gradient holds that is not plainly right."""
    odd = [f"{n:,} {verdict}" for verdict, n in report.counts.items() if verdict != "AGREE"]
    return f", leniently: {', '.join(odd)}" if odd else ""


def remarks(report: GradientReport, components: Sequence[Component]) -> list[str]:
    """What is known of all components, and what of single ones; those of which the same is known together."""
    groups: dict[str, list[Component]] = {}
    for c in components:
        if c.hint and not any(c.hint in said for said in (sentence(report), *report.findings)):
            groups.setdefault(c.hint, []).append(c)
    found = [finding for finding in report.findings if finding not in sentence(report)]
    return [*found, *(f"{_together(group)}: {hint}" for hint, group in groups.items())]


def _together(group: Sequence[Component]) -> str:
    named = ", ".join(map(place, group[:3]))
    return named + (f" and {len(group) - 3} more" if len(group) > 3 else "")


def footing(report: GradientReport) -> list[str]:
    """What was done, and what it could have seen."""
    verdicts = ", ".join(f"{n:,} {verdict}" for verdict, n in report.counts.items())
    checked = f"{report.checked:,} of {report.total:,} component{'s' * (report.total != 1)} judged one by one"
    lines = [f"{checked}{': ' + verdicts if verdicts else ''}."]
    if report.screened:
        lines.append(f"{report.screened:,} components screened along random directions.")
    lines.append(f"f was called {report.f_calls:,} times.")
    return [" ".join(lines), *_sensitivity(report)]


def _sensitivity(report: GradientReport) -> list[str]:
    if not math.isfinite(report.sensitivity) or not report.total:
        return []
    return [f"An error above {cells.error(report.sensitivity)} in any component would have been reported."]


# -- in a terminal ---------------------------------------------------------------------------------
def renderable(report: GradientReport, listed: Listed, width: int) -> RenderableType:
    """The sentence, the table, what is known of single components and of all, what was done."""
    from rich.console import Group
    from rich.text import Text

    shown, more = listed
    parts: list[RenderableType] = [Text(sentence(report), style="bold green" if report else "bold red")]
    if shown:
        parts.append(_fitting(report, shown, width))
    if more:
        parts.append(Text(f"  and {more:,} more"))
    lines = remarks(report, shown)
    if lines:
        parts += [*([] if shown else [""]), _list(lines)]
    # A table ends with an empty line of its own.
    parts += [*([""] if lines or more or not shown else []), *(Text(line, style="dim") for line in footing(report))]
    return Group(*parts)


def _list(lines: Sequence[str]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    for line in lines:
        grid.add_row("  -", Text(line))
    return grid


def _fitting(report: GradientReport, shown: Sequence[Component], width: int) -> RenderableType:
    """The table with as many of its columns as fit: what can be worked out goes first."""
    from rich.console import Console

    chosen, console = columns(report.source), Console(width=10_000)
    for heading in ("relative", "apart by", "x", "bar"):
        if console.measure(_table(chosen, shown)).maximum <= width:
            break
        chosen = [column for column in chosen if column[0] != heading]
    return _table(chosen, shown)


def _table(cols: Sequence[Column], shown: Sequence[Component]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for i, (heading, _) in enumerate(cols):
        table.add_column(heading, justify="left" if i in (0, len(cols) - 1) else "right", overflow="fold")
    for c in shown:
        table.add_row(*(Text(text(c)) for _, text in cols), style=_STYLES.get(c.verdict, "yellow"))
    return table


# -- as Markdown -----------------------------------------------------------------------------------
def markdown(report: GradientReport, listed: Listed) -> str:
    """The same as Markdown."""
    shown, more = listed
    parts = [f"**{documents.escaped(sentence(report))}**"]
    cols = columns(report.source)
    if shown:
        body = [[text(c) for _, text in cols] for c in shown]
        numeric = [0 < i < len(cols) - 1 for i in range(len(cols))]
        parts.append(documents.table([heading for heading, _ in cols], body, numeric))
    if more:
        parts.append(f"and {more:,} more")
    if lines := remarks(report, shown):
        parts.append("\n".join(f"- {documents.escaped(line)}" for line in lines))
    return "\n\n".join([*parts, "  \n".join(footing(report))])
