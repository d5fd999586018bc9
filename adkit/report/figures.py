"""Scenes as SVG that can be read on a light and on a dark page; the same scene gives the same bytes."""

from __future__ import annotations

import importlib.util
import io
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..stats import Crossing
from . import cells, dots
from .looks import INK, STYLE, WRONG, Look, looks, settings
from .scales import along, limits, scales
from .scenes import Panel, Point, Scene, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A panel, in inches; above it a line for each method that has missing cells, in parts of its height.
_WIDTH, _HEIGHT, _LEGEND, _LINE = 4.6, 3.0, 0.25, 0.075


def require() -> None:
    """Refuse to go on where nothing can be drawn.

    Raises:
        BadRequest: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise BadRequest("figures need matplotlib: pip install 'adkit[report]'")


def svg(scene: Scene, look: Mapping[str, Look]) -> str:
    """The scene as SVG; lines that the looks of a page do not know have some of their own."""
    lines = {series.label: series.method for panel in scene.panels for series in panel.series}
    look = look if lines.keys() <= look.keys() else looks(lines)
    with settings():
        return _themed(_written(_drawn(scene, look)), scene)


def _written(figure: Figure) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _themed(text: str, scene: Scene) -> str:
    """The page's own ink, and a description for those who cannot see the figure."""
    opening = re.search(r"<svg [^>]*>", text)
    assert opening is not None
    label = escape(scene.alt, quote=True)
    head = opening[0][:-1] + f' role="img" aria-label="{label}">\n <title>{escape(scene.alt)}</title>\n {STYLE}'
    body = text[opening.end() :].replace(INK, "currentColor")
    # One space between, none at the end: what is committed has no trailing blanks.
    return "\n".join(line.rstrip() for line in (text[: opening.start()] + head + body).splitlines()) + "\n"


# -- a figure ------------------------------------------------------------------------------------
def _drawn(scene: Scene, look: Mapping[str, Look]) -> Figure:
    from matplotlib.figure import Figure

    if any(panel.across for panel in scene.panels):
        return _across(scene, look)
    columns = scene.columns
    rows = math.ceil(len(scene.panels) / columns)
    labels = list(dict.fromkeys(s.label for panel in scene.panels for s in panel.series))
    wide = max(1.0, max(len(panel.ticks) for panel in scene.panels) / 4)
    beside = columns == 1
    width = _WIDTH * wide * columns + (2.2 if beside else 0)
    under = 0 if beside else _LEGEND * math.ceil(len(labels) / (2 * columns))
    figure = Figure(figsize=(width, _HEIGHT * rows + 0.4 + under), layout="constrained")
    figure.suptitle(scene.title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, panel in zip(grid.flat, scene.panels, strict=False):
        _panel(axes, panel, look)
    for axes in list(grid.flat)[len(scene.panels) :]:
        axes.set_visible(False)
    _share(list(grid.flat), scene.panels)
    _legend(figure, scene, labels, look, beside)
    return figure


def _across(scene: Scene, look: Mapping[str, Look]) -> Figure:
    """Panels below each other, whose rows are categories."""
    from matplotlib.figure import Figure

    heights = [dots.height(panel) for panel in scene.panels]
    figure = Figure(figsize=(dots.WIDTH + 2.4, sum(heights) + 0.4), layout="constrained")
    figure.suptitle(scene.title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    grid = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)
    for axes, panel in zip(grid.flat, scene.panels, strict=True):
        dots.draw(axes, panel, look)
    labels = list(dict.fromkeys(s.label for panel in scene.panels for s in panel.series))
    _legend(figure, scene, labels, look, beside=True)
    return figure


def _share(axes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    """Panels of one unit have one scale, so that they can be compared."""
    for unit in dict.fromkeys(panel.quantity.unit for panel in panels):
        mine = [one for one, panel in zip(axes, panels, strict=False) if panel.quantity.unit == unit]
        filled = [one for one in mine if one.get_yscale() == "log"]
        if len(filled) > 1 and filled == mine:
            low, high = (edge(one.get_ylim()[i] for one in mine) for i, edge in enumerate((min, max)))
            for one in mine:
                one.set_ylim(low, high)


def _legend(figure: Figure, scene: Scene, labels: Sequence[str], look: Mapping[str, Look], beside: bool) -> None:
    """Beside one panel, under several: never over data."""
    from matplotlib.lines import Line2D

    line = all(not panel.ticks for panel in scene.panels)
    keys = [
        Line2D([], [], color=look[n].colour, marker=look[n].shape, ls=look[n].dashes if line else "") for n in labels
    ]
    texts = list(labels)
    points = [point for panel in scene.panels for s in panel.series for point in s.points]
    if any(point.wrong for point in points):
        keys.append(Line2D([], [], color=WRONG, marker="x", ls="", ms=8, mew=2))
        texts.append("wrong: not ranked")
    if any(s.bounds for panel in scene.panels for s in panel.series):
        keys.append(Line2D([], [], color=INK, ls=":", lw=1))
        texts.append(_bound_words(scene))
    place = "outside right center" if beside else "outside lower center"
    figure.legend(keys, texts, loc=place, ncols=1 if beside else 2 * scene.columns, handlelength=2.6)


def _bound_words(scene: Scene) -> str:
    errors = any(panel.quantity.name == "max_rel_error" for panel in scene.panels)
    return "dotted: allowed error" if errors else "dotted: bound of theory"


# -- a panel -------------------------------------------------------------------------------------
def _panel(axes: Axes, panel: Panel, look: Mapping[str, Look]) -> None:
    axes.set_xlabel(panel.axis)
    axes.set_ylabel(panel.quantity.axis)
    axes.grid(True, which="major", axis="y" if panel.ticks else "both")
    scales(axes, panel)
    for i, series in enumerate(panel.series):
        shift = _slot(i, len(panel.series)) if panel.ticks else 0.0
        _points(axes, panel, series, look[series.label], shift)
    _bounds(axes, panel, look)
    limits(axes, panel)
    _crossing(axes, panel)
    missing = [series for series in panel.series if series.marks]
    for i, series in enumerate(missing):
        if panel.ticks:
            _words_in_slots(axes, series, look[series.label], _slot(panel.series.index(series), len(panel.series)))
        else:
            _marks(axes, series, look[series.label], 1.05 + _LINE * i)
    if panel.title:
        axes.set_title(panel.title, loc="left", pad=6 + (0 if panel.ticks else 13.5 * len(missing)))


def _slot(i: int, n: int) -> float:
    """Where in the room of a category the points of a method are."""
    return (i - (n - 1) / 2) * 0.8 / n


# -- what stands in it ---------------------------------------------------------------------------
def _points(axes: Axes, panel: Panel, series: Series, look: Look, shift: float) -> None:
    floored, joined = axes.get_yscale() == "log", not panel.ticks
    shown = [point for point in series.points if point.y > 0 or not floored]
    right = [point for point in shown if not point.wrong]
    _whiskers(axes, right, look, shift, joined)
    if joined:
        on_line = shown if panel.quantity.telling else right
        axes.plot(*_broken(series, on_line), color=look.colour, ls=look.dashes, marker="", zorder=3)
    for point in right:
        _dot(axes, series.label, point, look.shape, look.colour, shift)
    for point in series.points:
        if point.wrong and point in shown:
            _dot(axes, f"wrong {series.label}", point, "x", WRONG, shift, ms=6, mew=1.6)
        elif point not in shown:
            _on_the_edge(axes, series.label, point, look, shift)


def _broken(series: Series, shown: Sequence[Point]) -> tuple[list[float], list[float]]:
    """A line through the points that are shown, with a gap wherever a cell is missing, wrong or 0."""
    xs = sorted({*(point.x for point in series.points), *(mark.x for mark in series.marks)})
    at = {point.x: point.y for point in shown}
    return xs, [at.get(x, math.nan) for x in xs]


def _dot(axes: Axes, name: str, point: Point, shape: str, colour: str, shift: float, **how: Any) -> None:
    axes.plot(
        [point.x + shift], [point.y], marker=shape, color=colour, ls="", zorder=4, gid=f"{name} at {point.x:g}", **how
    )


def _on_the_edge(axes: Axes, label: str, point: Point, look: Look, shift: float) -> None:
    """A zero, which has no logarithm."""
    axes.plot(
        [point.x + shift],
        [0.02],
        marker=look.shape,
        color=WRONG if point.wrong else look.colour,
        mfc="none",
        ls="",
        transform=axes.get_xaxis_transform(),
        gid=f"zero {label} at {point.x:g}",
    )
    axes.annotate(
        "0",
        (point.x + shift, 0.02),
        xycoords=axes.get_xaxis_transform(),
        xytext=(5, -2),
        textcoords="offset points",
        fontsize=7,
        color=look.colour,
    )


def _whiskers(axes: Axes, points: Sequence[Point], look: Look, shift: float, joined: bool) -> None:
    """Intervals: a band along a line, a whisker on a point of its own."""
    spans = [(p.x + shift, p.span[0], p.span[1]) for p in points if p.span is not None]
    if not spans:
        return
    x, low, high = (list(part) for part in zip(*spans, strict=True))
    if joined:
        axes.fill_between(x, low, high, color=look.colour, alpha=0.25, lw=0, zorder=2)
    axes.vlines(x, low, high, color=look.colour, lw=1, alpha=0.8, zorder=2)


def _bounds(axes: Axes, panel: Panel, look: Mapping[str, Look]) -> None:
    for series in panel.series:
        if len(series.bounds) > 1 and not panel.ticks:
            x, y = (list(part) for part in zip(*series.bounds, strict=True))
            axes.plot(x, y, color=look[series.label].colour, ls=":", lw=1, zorder=1)


def _crossing(axes: Axes, panel: Panel) -> None:
    """Where the cheaper of two methods changes, with its 95 % interval."""
    found = panel.crossing
    if found is None or found.estimate is None or found.low is None or found.high is None:
        return
    axes.axvspan(found.low, found.high, color=INK, alpha=0.12, lw=0, zorder=0)
    axes.axvline(found.estimate, color=INK, ls=(0, (2, 2)), lw=1, zorder=1, gid="crossover")
    left = along(axes, found.estimate) > 0.6
    axes.annotate(
        _crossover_words(found),
        (found.estimate, 0.97),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-5 if left else 5, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        fontsize=7.5,
    )


def _crossover_words(found: Crossing) -> str:
    estimate, low, high = (cells.three_digits(x) for x in (found.estimate, found.low, found.high) if x is not None)
    return f"crossover at {estimate}\n({low} to {high})"


def _marks(axes: Axes, series: Series, look: Look, height: float) -> None:
    """The cells of a line that have no value, above the panel where they would be, each run with its word."""
    above = axes.get_xaxis_transform()
    for mark in series.marks:
        axes.plot(
            [mark.x],
            [height],
            marker="x" if mark.word == "wrong" else look.shape,
            mfc="none",
            color=_colour(mark.word, look),
            ls="",
            transform=above,
            clip_on=False,
            gid=f"{mark.word} {series.label} at {mark.x:g}",
        )
    runs = _runs(series)
    for i, run in enumerate(runs):
        before = along(axes, run[0][0]) > 0.25 and (i == 0 or i < len(runs) - 1)
        axes.annotate(
            run[0][1],
            (run[0 if before else -1][0], height),
            xycoords=above,
            xytext=(-6 if before else 6, 0),
            textcoords="offset points",
            ha="right" if before else "left",
            va="center",
            fontsize=7.5,
            color=_colour(run[0][1], look),
            annotation_clip=False,
        )


def _colour(word: str, look: Look) -> str:
    """What is wrong is red, whosever it is."""
    return WRONG if word == "wrong" else look.colour


def _runs(series: Series) -> list[list[tuple[float, str]]]:
    """Neighbouring marks with one word."""
    runs: list[list[tuple[float, str]]] = []
    for mark in series.marks:
        if runs and runs[-1][-1][1] == mark.word:
            runs[-1].append((mark.x, mark.word))
        else:
            runs.append([(mark.x, mark.word)])
    return runs


def _words_in_slots(axes: Axes, series: Series, look: Look, shift: float) -> None:
    """A word where the point would be."""
    for mark in series.marks:
        axes.text(
            mark.x + shift,
            0.02,
            mark.word,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=_colour(mark.word, look),
            transform=axes.get_xaxis_transform(),
            gid=f"{mark.word} {series.label} at {mark.x:g}",
        )
