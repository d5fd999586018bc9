"""The page of a comparison, and the index of all pages: Markdown made of what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import advice, cells, peers, remarks
from .comparison import Comparison
from .documents import escaped
from .trials import TrialReport


@dataclass(frozen=True)
class Picture:
    """A figure on a page: where it lies, as seen from there, what it shows in a sentence, and what its marks are."""

    path: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Origin:
    """Where a page comes from: the comparison file and its results, as seen from the page, and what makes it anew.

    `stale` says in what the results are not those of the comparison file as it is.
    """

    plan: str
    results: str
    run: str
    render: str
    stale: str = ""


@dataclass(frozen=True)
class Entry:
    """A line of the index. Without results there is no `answer`, and `command` is what makes them."""

    name: str
    title: str
    question: str
    answer: str
    command: str


# What stands on a page below its figures: every table, or adkit held against other engines.
LAYOUTS = ("tables", "peers")


def page(
    title: str,
    comparison: Comparison,
    pictures: Sequence[Picture],
    origin: Origin,
    answer: str = "",
    lines: Mapping[str, str] | None = None,
    layout: str = "tables",
) -> str:
    """The question, the answer, the figures, the tables, and how all of it was made.

    `lines` is what a method's rows are called together, and `layout` one of `LAYOUTS`.
    """
    advised = advice.markdown(comparison.rows) if layout == "tables" else ""
    body = _peers(comparison, lines or {}) if layout == "peers" else _tables(comparison, advised)
    stale = [f"**Not up to date.** {escaped(origin.stale)}"] if origin.stale else []
    head = [
        *_head(title, comparison.question),
        *stale,
        *([f"**Answer.** {escaped(answer)}"] if answer else []),
        *([advised] if advised else []),
    ]
    return "\n\n".join([*head, *map(_picture, pictures), body, _made(origin)]) + "\n"


def _tables(comparison: Comparison, advised: str) -> str:
    """Every table, without what the page has said at its head."""
    return comparison.to_markdown().removeprefix(f"## {comparison.question}\n\n").replace(f"{advised}\n\n", "")


def _peers(comparison: Comparison, lines: Mapping[str, str]) -> str:
    rows, environment = comparison.rows, comparison.environment
    ending = [*remarks.overhead(rows), cells.machine(environment)]
    return "\n\n".join([*peers.markdown(rows, lines, environment), *ending])


def trial_page(title: str, report: TrialReport, origin: Origin) -> str:
    """The same of trials."""
    body = report.to_markdown().removeprefix(f"## {report.question}\n\n")
    return "\n\n".join([*_head(title, report.question), body, _made(origin)]) + "\n"


def _head(title: str, question: str) -> list[str]:
    return [f"# {title}", *([f"**{question}**"] if question else [])]


def _picture(picture: Picture) -> str:
    caption = f"  \n*{escaped(picture.caption)}*" if picture.caption else ""
    alt = picture.alt.replace("[", "(").replace("]", ")").replace("\n", " ")
    return f"![{alt}]({picture.path}){caption}"


def _made(origin: Origin) -> str:
    return (
        f"This page is drawn from [the stored results]({origin.results}), which `{origin.run}` measures as "
        f"[its comparison file]({origin.plan}) states; `{origin.render}` draws it again without timing anything."
    )


def index(entries: Sequence[Entry], others: Sequence[tuple[str, str]], render: str) -> str:
    """Every report with its question and its headline; `others` are pages by name and title that lie there too."""
    parts = [
        "# Reports",
        "Each report answers the question of a file in `comparisons/`, from results that are stored beside it. Every "
        "derivative in them is checked before it is timed. Times differ from machine to machine: read the ratios, and "
        "the counts, which do not.",
        *map(_line, entries),
        f"`adkit compare comparisons/NAME.toml` measures one again, and `{render}` draws all of them without timing "
        "anything. The tools of others are tried where they are installed (`pip install 'adkit[peers]'`).",
    ]
    if others:
        parts.append("Made by other means: " + ", ".join(f"[{title}]({name}.md)" for name, title in others) + ".")
    return "\n\n".join(parts) + "\n"


def _line(entry: Entry) -> str:
    """A report of the index: its title, its question, its answer."""
    title = f"[{entry.title}]({entry.name}.md)" if entry.answer else entry.title
    answer = escaped(entry.answer) if entry.answer else f"no results yet: `{entry.command}` makes them"
    return f"## {title}\n\n*{entry.question}*\n\n{answer}"
