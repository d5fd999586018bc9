"""How lines look: colours that stand out on a light and on a dark page, shapes, and the ink of text."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

# Text and lines take the colour of the page's text; matplotlib needs a colour of its own until then.
INK = "#010203"
LIGHT_PAGE, DARK_PAGE = "#ffffff", "#0d1117"
STYLE = (
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
SPARE = ("#1a9aa8", "#c2569b", "#a4791c", "#6a77e0", "#c4514e", "#6f8f2a", "#b0703f", "#4f8f8b")
WRONG = "#e5484d"
SHAPES = "osD^vPXph<>*"
DASHES: tuple[Any, ...] = ((0, (5, 2)), (0, (5, 1.5, 1, 1.5)), (0, (2, 1.5)))


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
    spare = iter(SPARE * 4)
    owned = {COLOURS.get(method.partition("(")[0]) for method in lines.values()}
    for i, (label, method) in enumerate(lines.items()):
        taken = {look.colour for look in found.values()}
        own = COLOURS.get(method.partition("(")[0])
        first = own is not None and own not in taken
        colour = own if first else next((c for c in spare if c not in taken | owned), SPARE[i % len(SPARE)])
        dashes = "-" if first or own is None else DASHES[i % len(DASHES)]
        found[label] = Look(str(colour), SHAPES[i % len(SHAPES)], dashes)
    return found


def settings() -> AbstractContextManager[None]:
    """Nothing of a person's own settings, nothing that differs from run to run."""
    import matplotlib.style

    ink = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "axes.titlecolor")
    chosen: dict[str, Any] = {
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
    return matplotlib.style.context(["default", chosen])
