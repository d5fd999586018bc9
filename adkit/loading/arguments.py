"""Values matched with the parameters of f, by position and by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import BadRequest, unknown

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
_VAR_POSITIONAL, _VAR_KEYWORD = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
_KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY


def mixed(args: tuple[Any, ...], kwargs: Mapping[str, Any], f: Callable[..., Any], source: str) -> Arguments:
    """Arguments of which some are named, as in a call: those that can be are positional, so that argnums reach them."""
    found = parameters_of(f, source)
    names = [name for name, p in found.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(args) > len(names):
        return args, dict(kwargs)
    first = dict(zip(names, args, strict=False))
    if twice := [name for name in kwargs if name in first]:
        raise BadRequest(f"{source} gives {twice[0]} of {name_of(f)} twice, by position and by name")
    return by_name(first | dict(kwargs), f, source, "by position come first")


def by_name(values: Mapping[str, Any], f: Callable[..., Any], source: str, otherwise: str) -> Arguments:
    """Values by the names of f's parameters as positional arguments, and keyword arguments where f takes no others."""
    parameters = parameters_of(f, source)
    kinds = {name: p.kind for name, p in parameters.items()}
    taken = [name for name, kind in kinds.items() if kind not in (_VAR_POSITIONAL, _VAR_KEYWORD)]
    for name in values:
        if name not in taken and _VAR_KEYWORD not in kinds.values():
            raise BadRequest(
                f"{unknown(f'key in {source}, which names the parameters of {name_of(f)}:', name, taken)} ({otherwise})"
            )
    ordered = [name for name in taken if kinds[name] is not _KEYWORD_ONLY]
    # What lies between those that are given is given too, by its default.
    last = max((i for i, name in enumerate(ordered, 1) if name in values), default=0)
    for name in taken:
        if name not in values and parameters[name].default is inspect.Parameter.empty:
            raise BadRequest(f"{source} lacks the key {name!r}: {name_of(f)} needs {listed(f)}")
    args = tuple(values.get(name, parameters[name].default) for name in ordered[:last])
    return args, {name: x for name, x in values.items() if name not in ordered}


def parameters_of(f: Callable[..., Any], source: str) -> Mapping[str, inspect.Parameter]:
    """f's parameters by name; `source` is what gives values for them."""
    try:
        return inspect.signature(f).parameters
    except (ValueError, TypeError):
        raise BadRequest(
            f"{source} cannot be matched with {name_of(f)}, whose parameters have no names that Python knows: wrap it "
            "in a function of your own"
        ) from None


def require_room(given: int, f: Callable[..., Any], path: Path) -> None:
    """A list of numbers is easily meant as one array."""
    try:
        kinds = [p.kind for p in inspect.signature(f).parameters.values()]
    except (ValueError, TypeError):
        return
    room = sum(kind not in (_KEYWORD_ONLY, _VAR_KEYWORD) for kind in kinds)
    if given > room and _VAR_POSITIONAL not in kinds:
        raise BadRequest(
            f"{path} gives {given} arguments and {name_of(f)} takes {room}: its list is that of the arguments; one "
            "that is an array is a list in it, as in [[1, 2, 3]]"
        )


def positional(f: Callable[..., Any]) -> int:
    """How many of f's parameters have a position, as far as they are known."""
    try:
        kinds = [p.kind for p in inspect.signature(f).parameters.values()]
    except (ValueError, TypeError):
        return 0
    return sum(kind not in (_KEYWORD_ONLY, _VAR_KEYWORD, _VAR_POSITIONAL) for kind in kinds)


def listed(f: Callable[..., Any]) -> str:
    """The names of f's parameters, as far as they are known."""
    try:
        return ", ".join(map(str, inspect.signature(f).parameters))
    except (ValueError, TypeError):
        return ""


def name_of(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)
