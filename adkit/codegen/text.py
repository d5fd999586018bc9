"""Constants as Python writes them."""

from __future__ import annotations

import math
from typing import Any


def rendered(x: Any) -> str | None:
    """How a parameter is written in Python; None where it is not."""
    if x is None or x is Ellipsis or type(x) in (bool, int, str):
        return repr(x)
    if type(x) is float and math.isfinite(x):
        return repr(x)
    if type(x) is slice:
        return _joined("slice(", [x.start, x.stop, x.step], ")")
    if type(x) is list:
        return _joined("[", x, "]")
    if type(x) is tuple:
        return _joined("(", x, ",)" if len(x) == 1 else ")")
    return None


def _joined(opening: str, parts: Any, closing: str) -> str | None:
    texts = [rendered(part) for part in parts]
    return None if None in texts else f"{opening}{', '.join([str(text) for text in texts])}{closing}"


def rendered_index(index: Any) -> str | None:
    """How an index is written between brackets; None where it is not."""
    if type(index) is slice:
        return _slice(index)
    if type(index) is not tuple:
        return None if type(index) is list else rendered(index)
    parts = [rendered_index(part) for part in index]
    if not parts or None in parts:
        return None
    return ", ".join([str(part) for part in parts]) + ("," if len(parts) == 1 else "")


def _slice(index: slice) -> str | None:
    parts = ["" if part is None else rendered(part) for part in (index.start, index.stop, index.step)]
    if None in parts:
        return None
    start, stop, step = parts
    return f"{start}:{stop}" + (f":{step}" if step else "")


def tupled(parts: Any) -> str:
    """A tuple of expressions."""
    parts = list(parts)
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
