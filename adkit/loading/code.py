"""A function, problem or method in a file of the person's own, and what it raises."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import AdkitError, BadRequest, Spot, spots_of, unknown
from ..methods import Method, as_method, methods
from ..problems import Problem, problems

# Modules that are run files of the person's own have names that begin like this.
_PREFIX = "adkit_user_"
# An item of a list: what stands in brackets or quotes belongs together.
_ITEM = re.compile(r"""(?:[^,('"\[]|\([^)]*\)|\[[^]]*\]|'[^']*'|"[^"]*")+""")
# The problems that a file declared when it was run.
_declared: dict[Path, list[Problem]] = {}


@contextmanager
def blaming(what: str) -> Iterator[None]:
    """What the person's own code raises, in a sentence with its line; a mistake of adkit's own is not theirs."""
    try:
        yield
    except AdkitError:
        raise
    except (Exception, SystemExit) as error:
        spots = spots_of(error)
        users = [spot for spot in spots if spot.origin == "user"]
        if not users and spots[-1].origin == "adkit" and not _calls(spots[-1]):
            raise
        where = f"at {users[-1].frame.f_code.co_filename}:{users[-1].line}" if users else f"at the call of {what}"
        raise BadRequest(f"{what} raised {said(error)}, {where}") from error


def _calls(spot: Spot) -> bool:
    """Whether a frame of adkit's is one of this folder, which does nothing but call what it has found."""
    return Path(spot.frame.f_code.co_filename).parent == Path(__file__).parent


def said(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def function(target: str) -> Callable[..., Any]:
    """The function that `FILE.py:name` names."""
    found = named(target)
    if not callable(found):
        path, _, name = target.rpartition(":")
        raise BadRequest(f"{name} in {path} is no function, but {type(found).__name__} {str(found)[:40]!r}")
    return found


def declared(target: str) -> list[Problem]:
    """The problems that `FILE.py` declares, or the one that `FILE.py:name` is; none of a function that is none."""
    if target.endswith(".py"):
        path = Path(target)
        load(path)
        return _declared.get(path.resolve(), [])
    found = named(target)
    return [problem for problem in problems.values() if problem is found or problem.f is found]


def method(text: str) -> Method:
    """A method by name, with parameters or without; or `FILE.py:name`, a method or a `transform(f, argnums)`."""
    if ".py:" not in text:
        return methods.resolve(text)
    return as_method(text.rpartition(":")[2], named(text))


def listed(text: str) -> list[str]:
    """The items of a list separated by commas, each once; commas inside parentheses and quotes separate nothing.

    Raises:
        BadRequest: a parenthesis or a quote that is never closed.
    """
    items = _ITEM.findall(text)
    if left := _ITEM.sub("", text).strip(", "):
        raise BadRequest(f"the list {text!r} has a {left[0]} that is never closed")
    return list(dict.fromkeys(item.strip() for item in items if item.strip()))


def named(target: str) -> Any:
    """What `FILE.py:name` names."""
    path, _, name = target.rpartition(":")
    if not path:
        path, name = target, ""
    module = load(Path(path))
    known = sorted(key for key, x in vars(module).items() if callable(x) and _is_own(key, x, module))
    if not name:
        raise BadRequest(f"{target} names a file but no function: write {target}:NAME. In it: {', '.join(known)}")
    if not hasattr(module, name):
        raise unknown(f"function in {path}", name, known)
    return getattr(module, name)


def _is_own(name: str, x: Any, module: ModuleType) -> bool:
    """Whether a name is one that a file offers: none with an underscore, nothing that it merely imports."""
    home = sys.modules.get(getattr(x, "__module__", None) or "")
    imported = home not in (None, module) and getattr(home, getattr(x, "__name__", name), None) is x
    return not name.startswith("_") and not imported


def load(path: Path) -> ModuleType:
    """Run a Python file as a module; its folder can be imported from, as when it is run as a script."""
    if not path.is_file():
        near = [str(p) for p in (path.parent if path.parent.is_dir() else Path()).glob("*.py")]
        raise unknown("file", str(path), near)
    # Under a name of its own: a file called numpy.py must not become numpy. Loaded once, whatever names it.
    name = f"{_PREFIX}{path.resolve()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise BadRequest(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    before = dict(problems)
    sys.path.append(str(path.parent.resolve()))
    try:
        # A file may change the folder it is run in; the paths that a person has named stay what they are.
        with chdir("."):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        users = [spot for spot in spots_of(error) if spot.origin == "user"]
        where = f", at {users[-1].frame.f_code.co_filename}:{users[-1].line}" if users else ""
        raise BadRequest(f"{path} does not run: {said(error)}{where}") from error
    _declared[path.resolve()] = [problem for key, problem in problems.items() if before.get(key) is not problem]
    return module
