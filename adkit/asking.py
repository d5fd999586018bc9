"""Functions of other libraries that ask no protocol, taught to ask adkit first.

A ufunc or a NumPy function asks its arguments whether one of them wants to take over; a function written in Python,
such as scipy.special.logsumexp, calls np.asarray on them and goes on. Whoever has imported it holds the function object
itself, so the object must learn: its code is replaced by a few instructions that look at the arguments, call adkit's
implementation if one of them is, or holds, a traced value, and else the function as it was. All else about it (name,
signature, docstring, defaults, how it is pickled) stays.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from .tracing import holds_boxes, implementation_of

# Module -> names of its functions that have an implementation.
ASKING: dict[str, tuple[str, ...]] = {
    "scipy.special": ("logsumexp", "softmax", "log_softmax", "polygamma", "zeta", "multigammaln", "comb", "perm"),
}
_lock = threading.Lock()
_taught: set[FunctionType] = set()


def teach_loaded() -> bool:
    """Teach the functions of modules that have been imported by now; whether there were any. A module is done once."""
    loaded = [module for module in tuple(ASKING) if module in sys.modules]
    for module in loaded:
        with _lock:
            _teach_module(module)
    return bool(loaded)


def _teach_module(module: str) -> None:
    found = sys.modules[module]
    for function in [getattr(found, name, None) for name in ASKING.get(module, ())]:
        # What another library has put around a function is not a plain one, and asks for itself or not at all.
        if type(function) is FunctionType and function not in _taught:
            _teach(function)
    if not getattr(found.__spec__, "_initializing", False):
        ASKING.pop(module, None)


def _teach(function: FunctionType) -> None:
    original = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__
    function.__signature__ = inspect.signature(function)
    function.__code__ = _code(function, functools.partial(_ask, function, original))
    _taught.add(function)


def _ask(function: Callable[..., Any], original: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    if not holds_boxes((*args, *kwargs.values())):
        return original(*args, **kwargs)
    implementation = implementation_of(function)
    assert implementation is not None, "a function that was taught has an implementation"
    return implementation(*args, **kwargs)


def _template(*args: Any, **kwargs: Any) -> Any:
    ask: Any = "what is called"
    return ask(*args, **kwargs)


def _code(function: FunctionType, ask: Callable[..., Any]) -> CodeType:
    """The instructions of `_template` calling `ask`, in place of those of a function with its name and line."""
    old = function.__code__
    return _template.__code__.replace(
        co_consts=tuple(ask if c == "what is called" else c for c in _template.__code__.co_consts),
        co_name=old.co_name,
        co_qualname=old.co_qualname,
        co_filename=old.co_filename,
        co_firstlineno=old.co_firstlineno,
        co_freevars=old.co_freevars,
    )
