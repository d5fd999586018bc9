"""The point that `--at` names: written out, kept in a file, or returned by a function."""

from __future__ import annotations

import ast
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadRequest, unknown
from .arguments import Arguments, by_name, listed, mixed, name_of, parameters_of, require_room
from .code import blaming, named

_LONGEST_LABEL = 80
_NUMBERS = {int, float, bool}
_FORMS = (
    'numbers and lists of numbers, as in "2.0, [1, 2, 3]", a file (.json, .npy, .npz), or the name of a function that '
    "returns the point"
)


@dataclass(frozen=True)
class Point:
    """The arguments of f, and a few words that name them."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    label: str = ""


def point(text: str, f: Callable[..., Any], home: str) -> Point:
    """The arguments of f that `--at` names; a function without a file is looked up in `home`.

    Raises:
        BadRequest: a file that is not there or holds something else, a name that f does not know, ...
    """
    text = text.strip()
    if re.fullmatch(r"[^\[({]+\.py:\w*", text):
        args, kwargs = _returned(text, f)
    elif text.isidentifier() and text not in ("None", "True", "False", "nan", "inf"):
        args, kwargs = _returned(f"{home}:{text}", f)
    elif re.fullmatch(r"[^\[({]*[^\[({\d.]\.[A-Za-z]\w*", text) or Path(text).suffix in _READERS:
        args, kwargs = _read(Path(text), f)
    else:
        args, kwargs = inline(text)
        if kwargs:
            args, kwargs = mixed(args, kwargs, f, "--at")
    return Point(args, kwargs, text if len(text) <= _LONGEST_LABEL else text[:_LONGEST_LABEL] + "...")


# -- written out -----------------------------------------------------------------------------------
def inline(text: str) -> Arguments:
    """The arguments written as in a call: Python numbers, lists (which become arrays), tuples and dicts."""
    try:
        call = _Constants().visit(ast.parse(f"f({text})", mode="eval").body)
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "f":
            raise ValueError
        args = [ast.literal_eval(arg) for arg in call.args]
        kwargs = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        if None in kwargs:
            raise ValueError
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        got = repr(text) if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]!r}..."
        raise BadRequest(f"--at takes {_FORMS}; got {got}") from None
    return tuple(map(_array, args)), {str(name): _array(x) for name, x in kwargs.items()}


class _Constants(ast.NodeTransformer):
    """The numbers that have names."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(float(node.id)), node) if node.id in ("nan", "inf") else node


def _array(x: Any) -> Any:
    """A list of numbers of one shape as an array of floats; other lists of numbers are refused."""
    if isinstance(x, dict):
        return {key: _array(part) for key, part in x.items()}
    if isinstance(x, tuple):
        return tuple(map(_array, x))
    if not isinstance(x, list):
        return x
    kinds = _kinds(x)
    if type(None) in kinds and kinds & _NUMBERS:
        raise BadRequest(f"--at has None among the numbers of {_short(x)}, where a number is expected (nan is one)")
    try:
        # NumPy would make a number of the text "1", and nan of None.
        return [_array(part) for part in x] if kinds & {str, type(None)} else np.array(x, dtype=float)
    except (ValueError, TypeError):
        if kinds <= _NUMBERS:
            raise BadRequest(
                f"--at has the ragged list {_short(x)}, where an array needs parts of one shape; separate arrays are "
                "arguments of their own, or a tuple"
            ) from None
        return [_array(part) for part in x]
    except OverflowError:
        raise BadRequest(f"--at has a whole number that is too large for a float, in {_short(x)}") from None


def _short(x: Any) -> str:
    text = repr(x)
    return text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]}..."


# -- in a file -------------------------------------------------------------------------------------
def _read(path: Path, f: Callable[..., Any]) -> Arguments:
    """The point that a file holds, by its suffix."""
    if path.suffix not in _READERS:
        raise BadRequest(f"a point is read from {', '.join(_READERS)} files, not from {path}; --at takes {_FORMS}")
    if not path.is_file():
        folder = path.parent if path.parent.is_dir() else Path()
        raise unknown("file", str(path), [str(p) for p in folder.iterdir() if p.suffix in _READERS])
    try:
        return _READERS[path.suffix](path, f)
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror or error}") from None


def _from_json(path: Path, f: Callable[..., Any]) -> Arguments:
    """A list of the arguments, or a dict of them by the names of f's parameters; lists of numbers become arrays."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: _once(pairs, path))
    except UnicodeDecodeError as error:
        raise BadRequest(f"{path} is not JSON: it is not text in UTF-8 ({error.reason})") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadRequest(f"{path} is not JSON: {error}") from None
    if isinstance(content, dict):
        values = {name: _arrays(x, f"{path}: {name}") for name, x in content.items()}
        return by_name(values, f, str(path), "to pass the dict as one argument, put it in a list")
    if isinstance(content, list):
        require_room(len(content), f, path)
        return tuple(_arrays(x, f"{path}: argument {i}") for i, x in enumerate(content)), {}
    if isinstance(content, (int, float)) and not isinstance(content, bool):
        return (content,), {}
    raise BadRequest(
        f"{path} holds {json.dumps(content)[:40]}, where a list of the arguments of {name_of(f)} is expected, or a "
        f"dict with its parameters {listed(f)} as keys"
    )


def _once(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    """A JSON object whose keys differ: of two values of one key, the first would be lost."""
    keys = [key for key, _ in pairs]
    twice = [key for key in dict.fromkeys(keys) if keys.count(key) > 1] if len(set(keys)) < len(keys) else []
    if twice:
        raise BadRequest(f"{path} has the key {twice[0]!r} twice in one dict")
    return dict(pairs)


def _arrays(x: Any, where: str) -> Any:
    """A value of a JSON file, with every list of numbers as an array."""
    if isinstance(x, dict):
        return {key: _arrays(part, f"{where}[{key!r}]") for key, part in x.items()}
    if not isinstance(x, list):
        return x
    kinds = _kinds(x)
    if kinds & {dict, str}:
        return [_arrays(part, f"{where}[{i}]") for i, part in enumerate(x)]
    if type(None) in kinds:
        raise BadRequest(f"{where} holds null among its numbers, where a number is expected (NaN is one)")
    try:
        return np.array(x, dtype=bool if kinds == {bool} else float)
    except OverflowError:
        raise BadRequest(f"{where} holds a whole number that is too large for a float") from None
    except ValueError:
        raise BadRequest(
            f"{where} is a ragged list, where an array needs parts of one shape; separate arrays are the values of a "
            "dict, or what a function returns (--at FILE.py:start)"
        ) from None


def _kinds(x: Any) -> set[type]:
    """The types of what is in nested lists."""
    if not any(type(part) is list for part in x):
        return set(map(type, x))
    return set().union(*(_kinds(part) if type(part) is list else {type(part)} for part in x))


def _from_npy(path: Path, f: Callable[..., Any]) -> Arguments:
    """One argument."""
    loaded = _loaded(path)
    if isinstance(loaded, dict):
        raise BadRequest(f"{path} holds several arrays, as a .npz file does: name it {path.with_suffix('.npz')}")
    return (_numbers(loaded, str(path)),), {}


def _from_npz(path: Path, f: Callable[..., Any]) -> Arguments:
    """Arrays by the names of f's parameters, or numbered: arg0, arg1 (arr_0, arr_1 as np.savez has it)."""
    loaded = _loaded(path)
    if not isinstance(loaded, dict):
        raise BadRequest(f"{path} holds one array, as a .npy file does: name it {path.with_suffix('.npy')}")
    values = {name: _numbers(array, f"{path}: {name}") for name, array in loaded.items()}
    for numbered in ("arg{}", "arr_{}"):
        names = [numbered.format(i) for i in range(len(values))]
        if values and set(names) == set(values) and not set(names) <= set(parameters_of(f, str(path))):
            return tuple(values[name] for name in names), {}
    return by_name(values, f, str(path), "or numbered from arg0")


def _loaded(path: Path) -> Any:
    """The array or the dict of arrays in a file; what a pickle would run is never run."""
    where = str(path)
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
            if not isinstance(found, np.lib.npyio.NpzFile):
                return found
            arrays = {}
            for name in found.files:
                where = f"{path}: {name}"
                arrays[name] = found[name]
            return arrays
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(error, where) from None


def _unreadable(error: Exception, where: str) -> BadRequest:
    if "pickle" in str(error):
        return BadRequest(
            f"{where} holds Python objects or no array at all, where an array of numbers saved by np.save or np.savez "
            "is expected (objects are never unpickled)"
        )
    return BadRequest(f"{where} cannot be read: {' '.join(str(error).split())}")


def _numbers(array: Any, where: str) -> Any:
    """An array of numbers; a single one as the plain number that it is."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise BadRequest(f"{where} holds {kind}, where numbers are expected")
    if array.ndim:
        return array
    return array.item() if array.dtype.kind in "biu" or array.dtype == float else array[()]


_READERS = {".json": _from_json, ".npy": _from_npy, ".npz": _from_npz}


# -- what a function returns -----------------------------------------------------------------------
def _returned(target: str, f: Callable[..., Any]) -> Arguments:
    """A tuple of the arguments, a dict of them by name, or one argument; as a function returns it, or as it stands."""
    found, name = named(target), target.rpartition(":")[2]
    if callable(found):
        with blaming(f"{name}()"):
            found = found()
    if type(found) is tuple:
        return found, {}
    if type(found) is dict and found.keys() & set(parameters_of(f, target)):
        return by_name(found, f, f"what {name} returned", "or return a tuple of the arguments")
    return (found,), {}
