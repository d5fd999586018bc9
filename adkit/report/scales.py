"""The axes of a panel: scales, limits, and ticks with their units."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from . import cells
from .looks import INK
from .quantities import Quantity
from .scenes import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# So many characters of a category's name go in a line.
_TICK = 15


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


def scales(axes: Axes, panel: Panel) -> None:
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


def reach(axes: Axes, panel: Panel) -> None:
    """The axis of values where they are read across; 1 is on it where values are multiples of something."""
    values = [*_values(panel), *([1.0] if panel.quantity.one else [])]
    positive = [x for x in values if x > 0]
    axes.xaxis.set_major_formatter(lambda x, _: _with_unit(x, panel.quantity))
    if not _values(panel):
        axes.text(0.5, 0.5, "no result has this", ha="center", va="center", transform=axes.transAxes)
    elif _is_log(values):
        axes.set_xscale("log")
        _decades(axes.xaxis, lambda x, _: _with_unit(x, panel.quantity), values)
        room = max(1.2, (max(positive) / min(positive)) ** 0.04)
        axes.set_xlim(min(positive) / room, max(positive) * room)
    else:
        low, high = min(0.0, *values), max(0.0, *values) * 1.1 or 1.0
        axes.set_xlim(low - 0.02 * (high - low), high)


def _decades(axis: Any, words: Any, values: Sequence[float]) -> None:
    """Powers of ten, also 2 and 5 times them where there are few; no ticks between."""
    from matplotlib.ticker import LogLocator, NullFormatter

    positive = [x for x in values if x > 0]
    decades = math.log10(max(positive) / min(positive))
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0,), numticks=9))
    axis.set_major_formatter(words)
    axis.set_minor_formatter(NullFormatter())


def limits(axes: Axes, panel: Panel) -> None:
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


def along(axes: Axes, x: float) -> float:
    """Where on the axis x is, from 0 to 1."""
    low, high = axes.get_xlim()
    if axes.get_xscale() == "log":
        low, high, x = math.log(low), math.log(high), math.log(x)
    return (x - low) / (high - low)
