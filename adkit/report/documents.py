"""What every report is written in: tables of Markdown, and JSON that every reader takes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any


def escaped(text: str) -> str:
    """Text that stays in its cell of a table, and as it is."""
    return text.replace("|", "\\|").replace("\n", " ").replace("*", "\\*")


def table(headings: Sequence[str], body: Iterable[Sequence[str]], numeric: Sequence[bool]) -> str:
    """A table of Markdown, its numeric columns to the right."""
    from tabulate import tabulate

    align = ["right" if right else "left" for right in numeric]
    cells = [list(map(escaped, line)) for line in body]
    return tabulate(cells, headings, tablefmt="pipe", colalign=align, disable_numparse=True)


def to_json(document: Any) -> str:
    """A document of dicts, lists and plain values as JSON; infinities and nan as strings."""
    return json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False)


def _plain(x: Any) -> Any:
    """What every JSON reader takes."""
    if isinstance(x, dict):
        return {key: _plain(part) for key, part in x.items()}
    if isinstance(x, (list, tuple)):
        return [_plain(part) for part in x]
    return repr(x) if isinstance(x, float) and not math.isfinite(x) else x
