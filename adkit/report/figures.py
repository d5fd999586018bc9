"""Scenes as SVG that can be read on a light and on a dark page; the same scene gives the same bytes."""

from __future__ import annotations

import importlib.util
import io
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..stats import Crossing
from . import cells
from .quantities import Quantity
from .scenes import Panel, Point, Scene, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Text and lines take the colour of the page's text; matplotlib needs a colour of its own until then.
INK = "#010203"
LIGHT_PAGE, DARK_PAGE = "#ffffff", "#0d1117"
_STYLE = (
    "<style>svg{color:#1f2328;background:transparent}@media (prefers-color-scheme: dark){svg{color:#e6edf3}}</style>"
)
# Of a lightness that stands out on white as on black. Methods keep theirs from figure to figure.
COLOURS = {
    "forward": "#2f81d4",
    "reverse": "#d9622b",
    "symbolic": "#2c9a5b",
    "numerical": "#a566d6",
    "manual": "#848d97",
    "autograd": "#c2569b",
    "jax": "#1a9aa8",
    "torch": "#c4514e",
    "casadi": "#a4791c",
}
_SPARE = ("#1a9aa8", "#c2569b", "#a4791c", "#6a77e0", "#c4514e", "#6f8f2a", "#b0703f", "#4f8f8b")
WRONG = "#e5484d"
_SHAPES = "osD^vPXph<>*"
_DASHES: tuple[Any, ...] = ((0, (5, 2)), (0, (5, 1.5, 1, 1.5)), (0, (2, 1.5)))
# A panel, in inches; above it a line for each method that has missing cells, in parts of its height.
_WIDTH, _HEIGHT, _LEGEND, _LINE = 4.6, 3.0, 0.25, 0.075
# So many characters of a category's name go in a line.
_TICK = 15


@dataclass(frozen=True)
class Look:
    """How a method is drawn in every figure of a page."""

    colour: str
    shape: str
    dashes: Any = "-"


def looks(lines: Mapping[str, str]) -> dict[str, Look]:
    """A look for each line, by its label, of which `lines` tells the method: the method's colour, or a spare one and
    dashes where another line has that already."""
    found: dict[str, Look] = {}
    spare = iter(_SPARE * 4)
    for i, (label, method) in enumerate(lines.items()):
        taken = {look.colour for look in found.values()}
        own = COLOURS.get(method.partition("(")[0])
        first = own is not None and own not in taken
        colour = own if first else next((c for c in spare if c not in taken), _SPARE[i % len(_SPARE)])
        dashes = "-" if first or own is None else _DASHES[i % len(_DASHES)]
        found[label] = Look(str(colour), _SHAPES[i % len(_SHAPES)], dashes)
    return found


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
    with _defaults():
        return _themed(_written(_drawn(scene, look)), scene)


def _defaults() -> AbstractContextManager[None]:
    """Nothing of a person's own settings, nothing that differs from run to run."""
    import matplotlib.style

    ink = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "axes.titlecolor")
    settings: dict[str, Any] = {
        **dict.fromkeys(ink, INK),
        "svg.hashsalt": "adkit",
        "svg.fonttype": "none",
        "font.size": 9,
        "font.family": ["sans-serif"],
        "axes.titlesize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": INK,
        "grid.alpha": 0.15,
        "grid.linewidth": 0.6,
        "axes.linewidth": 0.8,
        "lines.linewidth": 1.5,
        "lines.markersize": 4.5,
        "legend.frameon": False,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
    }
    return matplotlib.style.context(["default", settings])


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
    head = opening[0][:-1] + f' role="img" aria-label="{label}">\n <title>{escape(scene.alt)}</title>\n {_STYLE}'
    body = text[opening.end() :].replace(INK, "currentColor")
    # One space between, none at the end: what is committed has no trailing blanks.
    return "\n".join(line.rstrip() for line in (text[: opening.start()] + head + body).splitlines()) + "\n"


# -- a figure ------------------------------------------------------------------------------------
def _drawn(scene: Scene, look: Mapping[str, Look]) -> Figure:
    from matplotlib.figure import Figure

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
    _scales(axes, panel)
    for i, series in enumerate(panel.series):
        shift = _slot(i, len(panel.series)) if panel.ticks else 0.0
        _points(axes, panel, series, look[series.label], shift)
    _bounds(axes, panel, look)
    _limits(axes, panel)
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


def _values(panel: Panel) -> list[float]:
    return [y for s in panel.series for p in s.points for y in (p.y, *(p.span or ()))]


def _is_log(values: Iterable[float]) -> bool:
    """Numbers that span more than a decade are drawn by their logarithms."""
    positive = [x for x in values if x > 0]
    return bool(positive) and max(positive) > 10 * min(positive)


def _wrapped(tick: str) -> str:
    """The name of a category in lines that fit beside its neighbours', broken where its parts meet."""
    lines: list[str] = []
    for part in re.findall(r"\n|[^-_\n]+[-_]?", tick):
        if part == "\n" or not lines or len(lines[-1]) + len(part) > _TICK:
            lines.append(part.strip("\n"))
        else:
            lines[-1] += part
    return "\n".join(lines)


def _even(xs: Iterable[float]) -> bool:
    """Whether numbers go in equal steps: such a sweep is meant to be read on a linear axis."""
    steps = [b - a for a, b in itertools.pairwise(sorted(set(xs)))]
    return len(steps) > 1 and max(steps) < 1.01 * min(steps)


def _scales(axes: Axes, panel: Panel) -> None:
    xs = [x for s in panel.series for x in (*(p.x for p in s.points), *(m.x for m in s.marks))]
    if panel.ticks:
        axes.set_xticks(range(len(panel.ticks)), [_wrapped(tick) for tick in panel.ticks], fontsize=8)
        axes.set_xlim(-0.5, len(panel.ticks) - 0.5)
        for edge in range(1, len(panel.ticks)):
            axes.axvline(edge - 0.5, color=INK, alpha=0.15, lw=0.6)
    elif _is_log(xs) and min(xs) > 0 and not _even(xs):
        axes.set_xscale("log")
        axes.set_xlim(min(xs) / 1.15, max(xs) * 1.15)
        _decades(axes.xaxis, lambda x, _: _number(x), xs)
    elif xs:
        room = (max(xs) - min(xs) or 1.0) * 0.04
        axes.set_xlim(min(xs) - room, max(xs) + room)
    if _is_log(_values(panel)):
        axes.set_yscale("log")
        _decades(axes.yaxis, lambda y, _: _with_unit(y, panel.quantity), _values(panel))
    else:
        axes.yaxis.set_major_formatter(lambda y, _: _with_unit(y, panel.quantity))


def _decades(axis: Any, words: Any, values: Sequence[float]) -> None:
    """Powers of ten, also 2 and 5 times them where there are few; no ticks between."""
    from matplotlib.ticker import LogLocator, NullFormatter

    positive = [x for x in values if x > 0]
    decades = math.log10(max(positive) / min(positive))
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0,), numticks=9))
    axis.set_major_formatter(words)
    axis.set_minor_formatter(NullFormatter())


def _limits(axes: Axes, panel: Panel) -> None:
    """Room for every point; what is 0 on a logarithmic axis stands on its lower edge."""
    values = _values(panel)
    if not values:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no result has this", ha="center", va="center", transform=axes.transAxes)
        return
    if axes.get_yscale() == "log":
        positive = [y for y in values if y > 0]
        room = max(1.2, (max(positive) / min(positive)) ** 0.06)
        axes.set_ylim(min(positive) / room ** (2 if len(positive) < len(values) else 1), max(positive) * room)
    else:
        axes.set_ylim(min(0.0, *values), max(0.0, *values) * 1.1 or 1.0)


def _with_unit(y: float, q: Quantity) -> str:
    if q.unit == "s":
        return cells.seconds(y) if y else "0 s"
    if q.unit == "bytes":
        return cells.byte_count(y) if y else "0 B"
    return _number(y)


def _number(x: float) -> str:
    """A number for the tick of an axis."""
    if x == 0:
        return "0"
    if 1e-3 <= abs(x) < 1e6:
        return f"{x:,.6g}"
    digits, exponent = f"{x:.0e}".split("e")
    return f"{digits}e{int(exponent)}"


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
    left = _along(axes, found.estimate) > 0.6
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
        before = _along(axes, run[0][0]) > 0.25 and (i == 0 or i < len(runs) - 1)
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


def _along(axes: Axes, x: float) -> float:
    """Where on the axis x is, from 0 to 1."""
    low, high = axes.get_xlim()
    if axes.get_xscale() == "log":
        low, high, x = math.log(low), math.log(high), math.log(x)
    return (x - low) / (high - low)


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
