"""A comparison file: a question, the problems and sizes that answer it, the methods."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadRequest, unknown


@dataclass(frozen=True)
class Plan:
    """A comparison as a TOML file states it: a question, the problems and sizes that answer it, the methods.

    Or, where it names a kind of `trial`, the difficult cases that adkit brings: `methods` are then the tools that are
    tried on them, and `random` is the number of random cases besides.
    """

    question: str
    problems: tuple[tuple[str, tuple[str, ...] | None], ...]
    methods: tuple[str, ...] | None
    timeout: float | None
    seconds: float | None
    trial: str = ""
    random: int = 0


_PLAN_KEYS = {"question": str, "methods": list, "timeout": (int, float), "seconds": (int, float), "problem": list}
_TRIAL_KEYS = {"question": str, "trial": str, "methods": list, "random": int}
_PROBLEM_KEYS = {"name": str, "sizes": list}


def plan(path: Path) -> Plan:
    """Read a comparison file."""
    if not path.is_file():
        raise unknown("file", str(path), [str(p) for p in path.parent.glob("*.toml")])
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} is not TOML: {error}") from None
    if "trial" in content:
        return _trial(content, path)
    _check_keys(content, _PLAN_KEYS, ("problem",), str(path))
    for entry in content["problem"]:
        _check_keys(entry, _PROBLEM_KEYS, ("name",), f"a [[problem]] of {path}")
    problems = tuple((p["name"], tuple(map(str, p["sizes"])) if "sizes" in p else None) for p in content["problem"])
    chosen = content.get("methods")
    return Plan(
        content.get("question", ""),
        problems,
        None if chosen is None else tuple(chosen),
        content.get("timeout"),
        content.get("seconds"),
    )


def _trial(content: dict[str, Any], path: Path) -> Plan:
    """A file that asks for trials on difficult cases."""
    _check_keys(content, _TRIAL_KEYS, ("trial",), str(path))
    chosen = content.get("methods")
    methods = None if chosen is None else tuple(chosen)
    question, random = content.get("question", ""), content.get("random", 0)
    return Plan(question, (), methods, None, None, content["trial"], random)


def _check_keys(content: dict[str, Any], known: dict[str, Any], needed: tuple[str, ...], where: str) -> None:
    """Refuse unknown keys, missing ones, and values of the wrong type."""
    if not isinstance(content, dict):
        raise BadRequest(f"{where} must be a table with the keys {', '.join(known)}")
    for key, x in content.items():
        if key not in known:
            raise unknown(f"key in {where}:", key, known)
        if not isinstance(x, known[key]):
            raise BadRequest(f"{key} in {where} must not be {x!r}")
    for key in needed:
        if key not in content:
            raise BadRequest(f"{where} lacks the key {key}")
