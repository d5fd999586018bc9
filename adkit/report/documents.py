"""What every report is written in: tables of Markdown, and JSON that every reader takes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import BadRequest


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
    """A document of dicts, lists and plain values as JSON, a row in a line; infinities and nan as strings."""
    found = plain(document)
    if not isinstance(found, dict) or not found.get("rows"):
        return _dumped(found, indent=1)
    rows = ",\n".join(_dumped(row) for row in found["rows"])
    return _dumped({**found, "rows": []}, indent=1).replace('"rows": []', f'"rows": [\n{rows}\n ]')


def _dumped(x: Any, indent: int | None = None) -> str:
    return json.dumps(x, indent=indent, ensure_ascii=False, allow_nan=False)


def plain(x: Any) -> Any:
    """What every JSON reader takes."""
    if isinstance(x, dict):
        return {key: plain(part) for key, part in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(part) for part in x]
    x = x.item() if isinstance(x, np.generic) else x
    return repr(x) if isinstance(x, float) and not math.isfinite(x) else x


def from_json(text: str, where: str) -> Any:
    """What a JSON text says; `where` names it in a refusal."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadRequest(f"{where} is not JSON: {error}") from None
    except RecursionError:
        raise BadRequest(f"{where} is nested too deeply to be results of adkit") from None


def require_schema(document: Any, schema: int, kind: str, where: str) -> None:
    """Whether this is a document of the schema and kind that the reader knows."""
    if not isinstance(document, dict) or "schema" not in document:
        raise BadRequest(f"{where} is not a results file of adkit: it names no schema")
    if document["schema"] != schema:
        raise BadRequest(f"{where} has schema {document['schema']!r}, this adkit reads schema {schema}: run it again")
    if document.get("kind") != kind:
        raise BadRequest(f"{where} has results of kind {document.get('kind')!r}, expected was {kind!r}")
