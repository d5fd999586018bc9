"""Panels whose categories stand below each other: a dot for each line, read across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .looks import INK, WRONG, Look
from .scales import reach
from .scenes import Panel, Point, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In inches: a panel is so wide, and so high for each dot in a row and between rows.
WIDTH, _DOT, _BETWEEN, _AROUND = 7.0, 0.065, 0.14, 0.75
# What is adkit's stands out.
OWN = ("forward", "reverse", "symbolic", "numerical")
_LARGE, _SMALL = 6.5, 4.5


def height(panel: Panel) -> float:
    """How high a panel must be for its rows."""
    return _AROUND + len(panel.ticks) * (_BETWEEN + _DOT * len(panel.series))


def draw(axes: Axes, panel: Panel, look: Mapping[str, Look]) -> None:
    """A row for each category, from top to bottom, and in it a dot for each line, in their order."""
    n = len(panel.ticks)
    axes.set_xlabel(panel.quantity.axis)
    axes.set_yticks(range(n), [tick.replace("\n", " ") for tick in panel.ticks], fontsize=8)
    axes.set_ylim(n - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, which="major", axis="x")
    for edge in range(1, n):
        axes.axhline(edge - 0.5, color=INK, alpha=0.15, lw=0.6)
    reach(axes, panel)
    if panel.quantity.one:
        axes.axvline(1.0, color=INK, lw=1, alpha=0.7, zorder=1, gid="one")
        above = axes.get_xaxis_transform()
        axes.text(1.0, 1.01, panel.quantity.one, ha="center", va="bottom", fontsize=7.5, transform=above)
    for i, series in enumerate(panel.series):
        _series(axes, series, look[series.label], (i - (len(panel.series) - 1) / 2) * 0.8 / len(panel.series))
    _words(axes, panel)


def _series(axes: Axes, series: Series, look: Look, shift: float) -> None:
    """The dots of a line; what has no value is marked beyond the panel."""
    size = _LARGE if series.method.partition("(")[0] in OWN else _SMALL
    for point in series.points:
        _dot(axes, series.label, point, look, shift, size)
    for mark in series.marks:
        _outside(axes, mark.x + shift, look, f"{mark.word} {series.label} at {mark.x:g}", 1.015, mark.word == "wrong")


def _dot(axes: Axes, label: str, point: Point, look: Look, shift: float, size: float) -> None:
    y = point.x + shift
    if point.y <= 0 and axes.get_xscale() == "log":
        _outside(axes, y, look, f"zero {label} at {point.x:g}", 0.0, point.wrong)
        return
    if point.span is not None:
        axes.hlines(y, *point.span, color=look.colour, lw=1, alpha=0.8, zorder=2)
    name, shape, colour = (f"wrong {label}", "x", WRONG) if point.wrong else (label, look.shape, look.colour)
    axes.plot([point.y], [y], marker=shape, color=colour, ls="", ms=size, zorder=4, gid=f"{name} at {point.x:g}")


def _outside(axes: Axes, y: float, look: Look, name: str, where: float, wrong: bool) -> None:
    """A mark that no value places: beyond the panel, or on its edge where a value has no logarithm."""
    axes.plot(
        [where],
        [y],
        marker="x" if wrong else look.shape,
        mfc="none",
        color=WRONG if wrong else look.colour,
        ls="",
        ms=3.5,
        transform=axes.get_yaxis_transform(),
        clip_on=False,
        gid=name,
    )


def _words(axes: Axes, panel: Panel) -> None:
    """Why marks stand beyond the panel, for each row in a word or two."""
    for k in range(len(panel.ticks)):
        words = _of_row(panel.series, k)
        if words:
            axes.text(1.03, k, " or ".join(words), va="center", fontsize=7, transform=axes.get_yaxis_transform())


def _of_row(series: Sequence[Series], k: int) -> list[str]:
    return list(dict.fromkeys(mark.word for one in series for mark in one.marks if mark.x == k))
