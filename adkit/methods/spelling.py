"""A method as it is written in text: a name, and in parentheses the parameters that differ from the default."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any

from ..errors import BadRequest, unknown
from .base import Method


def spelled(text: str, known: Mapping[str, Method]) -> Method:
    """The method that a text such as "forward(chunk=1)" stands for; nothing in it is run."""
    name, given = _parts(text)
    method = known[name]
    for parameter in given:
        if not method.options:
            raise BadRequest(f"method {name!r} takes no parameters in text; got {text!r}")
        if parameter not in method.options:
            raise unknown(f"parameter of method {name!r}:", parameter, method.options)
    return replace(method, **given) if is_dataclass(method) else method


def _parts(text: str) -> tuple[str, dict[str, Any]]:
    """The name, and the parameters by name: numbers, words, True, False, None, and tuples of them."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError
        given = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
        if len(given) < len(call.keywords):
            raise ValueError
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        wanted = "a name and parameters by name, as in forward(chunk=1)"
        raise BadRequest(f"a method in text is {wanted}; got {text!r}") from None
    return call.func.id, given
