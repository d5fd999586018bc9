"""Comparisons as JSON, schema 2: written whole, read back the same.

A document is an object with these keys:

| key | what it is |
|---|---|
| `schema` | 2 |
| `kind` | "comparison" |
| `question` | text, may be empty |
| `plan` | the name of the comparison file, may be empty |
| `environment` | machine, versions, command, date: text by name |
| `settings` | under what conditions it ran: plain values by name |
| `rows` | a list of objects, each with all fields of `adkit.records.Row` by name |

In a row, times are seconds, what was not measured is null, and infinities and nan are the strings "inf", "-inf" and
"nan". `samples` and `f_samples` are the raw seconds per call, one for each round, each the mean of `loops` calls.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from ..errors import BadRequest, unknown
from ..records import STATUSES, Derivative, Row, Trial
from . import documents

if TYPE_CHECKING:
    from .comparison import Comparison

R = TypeVar("R", bound=Row | Trial)
SCHEMA = 2
KIND = "comparison"


def rows_to(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as plain values."""
    return documents.plain([asdict(row) for row in rows])


def rows_from(found: Sequence[Any], where: str = "the rows") -> list[Row]:
    """The rows that `rows_to` has written."""
    return [record(Row, row, READERS, f"{where}, row {i}") for i, row in enumerate(found)]


def to_document(comparison: Comparison) -> dict[str, Any]:
    """All there is to know of a comparison, as dicts, lists and plain values."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "question": comparison.question,
        "plan": comparison.plan,
        "environment": comparison.environment,
        "settings": comparison.settings,
        "rows": [asdict(row) for row in comparison.rows],
    }


def from_document(document: Any, where: str = "this document") -> dict[str, Any]:
    """What a `Comparison` is made from, out of a document; `where` names it in refusals."""
    documents.require_schema(document, SCHEMA, KIND, where)
    found = {name: _field(document, name, kind, where) for name, kind in _PARTS.items()}
    rows = [record(Row, row, READERS, f"{where}, row {i}") for i, row in enumerate(found.pop("rows"))]
    found["settings"] = {name: _restored(x) for name, x in found["settings"].items()}
    return {"rows": rows, **found}


def _restored(x: Any) -> Any:
    """A value that JSON had no number for."""
    return float(x) if x in ("inf", "-inf", "nan") else x


_PARTS: dict[str, type] = {"rows": list, "environment": dict, "settings": dict, "question": str, "plan": str}
_WORDS = {list: "a list", dict: "an object", str: "text"}


def _field(document: Mapping[str, Any], name: str, kind: type, where: str) -> Any:
    if not isinstance(document.get(name), kind):
        raise BadRequest(f"{where}: {name!r} must be {_WORDS[kind]}, not {document.get(name)!r:.60}")
    return document[name]


# -- rows ------------------------------------------------------------------------------------------
Readers = Mapping[str, tuple[str, Callable[[Any], Any]]]


def record(kind: type[R], found: Any, readers: Readers, where: str) -> R:
    """A record, of which fields with a default may be missing: those that came later."""
    if not isinstance(found, dict):
        raise BadRequest(f"{where}: a row must be an object, not {found!r:.60}")
    known = {f.name: str(f.type) for f in fields(kind)}
    for name in found:
        if name not in known:
            raise unknown(f"field (in {where})", name, known)
    if missing := [name for name in required(kind) if name not in found]:
        raise BadRequest(f"{where}: {missing[0]!r} is missing")
    chosen = {name: readers.get(name) or readers[known[name]] for name in found}
    return kind(**{name: _read(name, x, *chosen[name], where) for name, x in found.items()})


@functools.cache
def required(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a record that have no default."""
    return tuple(f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)


def _read(name: str, x: Any, wanted: str, reader: Callable[[Any], Any], where: str) -> Any:
    try:
        return reader(x)
    except (TypeError, ValueError, AttributeError):
        raise BadRequest(f"{where}: {name!r} must be {wanted}, not {x!r:.60}") from None


def _text(x: Any) -> str:
    if not isinstance(x, str):
        raise TypeError
    return x


def _flag(x: Any) -> bool:
    if not isinstance(x, bool):
        raise TypeError
    return x


def _whole(x: Any) -> int:
    if not isinstance(x, int) or isinstance(x, bool):
        raise TypeError
    return x


def _number(x: Any) -> float:
    """A number, or the word for one that JSON has none for."""
    if isinstance(x, bool) or not isinstance(x, (int, float, str)):
        raise TypeError
    if isinstance(x, str) and math.isfinite(float(x)):
        raise ValueError
    return float(x)


def _above_zero(x: Any) -> float:
    """A time that something can be divided by."""
    if not (found := _number(x)) > 0:
        raise ValueError
    return found


def _not_negative(x: Any) -> float:
    if not (found := _number(x)) >= 0:
        raise ValueError
    return found


def _optional(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: None if x is None else reader(x)


def _one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    return lambda x: known[known.index(x)]


def _times(x: Any) -> tuple[float, ...]:
    return tuple(map(_above_zero, _listed(x)))


def _listed(x: Any) -> list[Any]:
    if not isinstance(x, list):
        raise TypeError
    return x


def _by_name(x: Any) -> dict[str, float]:
    return {_text(name): _size(part) for name, part in x.items()}


def _size(x: Any) -> float:
    """A parameter: whole numbers stay so."""
    if math.isnan(found := _number(x)):
        raise ValueError
    return x if isinstance(x, int) else found


# By the annotation of a field, or by its name: what it must be, in words, and how it is read.
READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "str": ("text", _text),
    "bool": ("true or false", _flag),
    "int": ("a whole number", _whole),
    "int | None": ("a whole number or null", _optional(_whole)),
    "float | None": ("a number or null", _optional(_number)),
    "Status": (f"one of {', '.join(STATUSES)}", _one_of(STATUSES)),
    "Derivative": (f"one of {', '.join(get_args(Derivative))}", _one_of(get_args(Derivative))),
    "Mapping[str, float]": ("numbers by name, none of them nan", _by_name),
    "tuple[float, ...]": ("a list of numbers above 0", _times),
    **dict.fromkeys(
        ("steady_s", "f_s", "ratio_to_f", "ratio_to_manual"), ("a number above 0 or null", _optional(_above_zero))
    ),
    **dict.fromkeys(("prepare_s", "first_s", "spread_s"), ("a number from 0 on or null", _optional(_not_negative))),
}
