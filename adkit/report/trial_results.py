"""Trials as JSON, schema 2: written whole, read back the same.

A document is an object with these keys:

| key | what it is |
|---|---|
| `schema` | 2 |
| `kind` | "trials" |
| `question` | text, may be empty |
| `environment` | machine, versions, command: text by name |
| `conditions` | how the tools are called, a list of sentences |
| `rows` | a list of objects, each with the fields of `adkit.records.Trial` by name, but those left at their default |

What is not known is null; infinities and nan are the strings "inf", "-inf" and "nan".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, get_args

from ..errors import BadRequest
from ..records import Outcome, Trial
from . import documents
from .results import READERS, record, required

SCHEMA = 2
KIND = "trials"


def to_document(
    rows: Sequence[Trial], environment: Mapping[str, str], question: str, conditions: Sequence[str]
) -> dict[str, Any]:
    """All there is to know of trials, as dicts, lists and plain values."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "question": question,
        "environment": dict(environment),
        "conditions": list(conditions),
        "rows": [_written(row) for row in rows],
    }


def _written(row: Trial) -> dict[str, Any]:
    """A row without what is as it is where nothing is said: there are thousands."""
    return {name: x for name, x in asdict(row).items() if name in required(Trial) or x != _DEFAULTS[name]}


def from_document(document: Any, where: str) -> dict[str, Any]:
    """What a `TrialReport` is made from, out of a document; `where` names it in refusals."""
    documents.require_schema(document, SCHEMA, KIND, where)
    for name, kind, words in _PARTS:
        if not isinstance(document.get(name), kind):
            raise BadRequest(f"{where}: {name!r} must be {words}, not {document.get(name)!r:.60}")
    rows = [record(Trial, row, _READERS, f"{where}, row {i}") for i, row in enumerate(document["rows"])]
    return {"rows": rows, **{name: document[name] for name in ("environment", "question", "conditions")}}


_PARTS = (
    ("rows", list, "a list"),
    ("environment", dict, "an object"),
    ("question", str, "text"),
    ("conditions", list, "a list"),
)


def _outcome(x: Any) -> str:
    known = get_args(Outcome)
    return known[known.index(x)]


def _flag_or_none(x: Any) -> bool | None:
    if x is not None and not isinstance(x, bool):
        raise TypeError
    return x


_READERS = {
    **READERS,
    "Outcome": (f"one of {', '.join(get_args(Outcome))}", _outcome),
    "bool | None": ("true, false or null", _flag_or_none),
}
_DEFAULTS = {f.name: f.default for f in fields(Trial)}
