"""What a person names on the command line: a function in a file of theirs at a point, or a comparison file."""

from __future__ import annotations

import ast
import importlib.util
import sys
import tomllib
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .errors import BadRequest, unknown
from .harness import Subject


def subject(target: str, at: str | None, argnums: str | None, gradient: str | None) -> Subject:
    """`FILE.py:f` at the point written as `at`."""
    f, path = function(target), target.rpartition(":")[0]
    if at is None or not at.strip():
        raise BadRequest(f'{target} needs a point: --at "2.0, 5.0" gives one value per argument')
    args = point(at)
    _try(f, args)
    chosen = positions(argnums, args)
    return Subject(
        f=f,
        args=args,
        argnums=chosen,
        problem=getattr(f, "__name__", target),
        gradient=None if gradient is None else function(gradient if ":" in gradient else f"{path}:{gradient}"),
        point=at.strip() + _fixed(chosen, args),
    )


def _fixed(chosen: tuple[int, ...], args: tuple[Any, ...]) -> str:
    """Which arguments are held fixed, where some are."""
    others = [str(i) for i in range(len(args)) if i not in chosen]
    return f", argument{'s' * (len(others) > 1)} {', '.join(others)} held fixed" if others else ""


def _try(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Run f once: what it raises is the person's own error, and is said before anything else is."""
    try:
        f(*args)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = "at the call of f" if last.filename == __file__ else f"at {last.filename}:{last.lineno}"
        raise BadRequest(f"f raised {type(error).__name__}: {error}, {where}") from error


def function(target: str) -> Callable[..., Any]:
    """The function that `FILE.py:name` names."""
    path, _, name = target.rpartition(":")
    if not path:
        path, name = target, ""
    module = load(Path(path))
    known = sorted(key for key, x in vars(module).items() if callable(x) and not key.startswith("_"))
    if not name:
        raise BadRequest(f"{target} names a file but no function: write {target}:NAME. In it: {', '.join(known)}")
    found = getattr(module, name, None)
    if not callable(found):
        raise unknown(f"function in {path}", name, known)
    return found


def load(path: Path) -> ModuleType:
    """Run a Python file as a module; its folder can be imported from, as when it is run as a script."""
    if not path.is_file():
        near = [str(p) for p in (path.parent if path.parent.is_dir() else Path()).glob("*.py")]
        raise unknown("file", str(path), near)
    # Under a name of its own: a file called numpy.py must not become numpy. Loaded once, whatever names it.
    name = f"adkit_user_{path.resolve()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise BadRequest(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.append(str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise BadRequest(f"{path} does not run: {type(error).__name__}: {error}") from error
    return module


def point(text: str) -> tuple[Any, ...]:
    """The arguments written as Python numbers, lists (which become arrays), tuples and dicts."""
    try:
        args = ast.literal_eval(f"({text},)") if text.strip() else ()
    except (ValueError, SyntaxError):
        raise BadRequest(f'--at takes numbers and lists of numbers, as in "2.0, [1, 2, 3]"; got {text!r}') from None
    return tuple(map(_array, args))


def _array(x: Any) -> Any:
    """A list of numbers of one shape as an array of floats."""
    if isinstance(x, dict):
        return {key: _array(part) for key, part in x.items()}
    if isinstance(x, tuple):
        return tuple(map(_array, x))
    if not isinstance(x, list):
        return x
    try:
        return np.array(x, dtype=float)
    except (ValueError, TypeError):
        return [_array(part) for part in x]


def positions(text: str | None, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The argnums that are meant: those written, or every argument but whole numbers (all, if all are whole)."""
    if text is None:
        numbers = [i for i, x in enumerate(args) if not isinstance(x, (str, bool)) and x is not None]
        chosen = tuple(i for i in numbers if not isinstance(args[i], int))
        return chosen or tuple(numbers)
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadRequest(f"--argnums takes positions separated by commas, as in 0,1; got {text!r}") from None


@dataclass(frozen=True)
class Plan:
    """A comparison as a TOML file states it: a question, the problems and sizes that answer it, the methods."""

    question: str
    problems: tuple[tuple[str, tuple[str, ...] | None], ...]
    methods: tuple[str, ...] | None
    timeout: float | None
    seconds: float | None


_PLAN_KEYS = {"question": str, "methods": list, "timeout": (int, float), "seconds": (int, float), "problem": list}
_PROBLEM_KEYS = {"name": str, "sizes": list}


def plan(path: Path) -> Plan:
    """Read a comparison file."""
    if not path.is_file():
        raise unknown("file", str(path), [str(p) for p in path.parent.glob("*.toml")])
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} is not TOML: {error}") from None
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
