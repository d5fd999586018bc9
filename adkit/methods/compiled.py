"""Forward and reverse by straight-line code: their own results, recorded once for each kind of arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from ..calls import Call, Leaves
from ..compiling import Compiled
from ..containers import flatten, unflatten
from ..tracing import is_traced
from .base import Cache, Jacobian, Method

# Under this name a transform keeps the code of what it returns with the rest of what its method has made for it.
OWN = "code of the transform"


class Derivative:
    """What a method finds of f, as a function of f's arguments: plain containers, so that it can be compiled."""

    depends_on: ClassVar[tuple[str, ...]] = ("f", "argnums", "method", "has_aux", "what")

    def __init__(self, call: Call, method: Method, what: str) -> None:
        self.f = self.__wrapped__ = call.f
        self.argnums = call.positions
        self.method = method
        self.has_aux = call.has_aux
        self.what = what

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = Call(self.f, self.argnums, args, kwargs, self.has_aux)
        if self.what == "hessian":
            return self.method.hessian(call, {})
        if self.what == "jacobian":
            outputs, structure, rows = self.method.jacobian(call, {})
            return unflatten(structure, outputs), rows
        out, leaves = self.method.value_and_gradient(call, {})
        return out, leaves, call.finish_aux() if self.has_aux else None


def plain(method: Any) -> Any:
    """The same method without code."""
    return replace(method, compile=False)


def value_and_gradient(method: Method, call: Call, cache: Cache) -> tuple[Any, Leaves]:
    """f's value and its derivative by each leaf."""
    own: Compiled | None = cache.get(OWN)
    if own is not None and getattr(own.g, "f", None) is call.f:
        out, gradient = own(*call.args, **call.kwargs)
        out, aux = out if call.has_aux else (out, None)
        leaves = call.leaves_of(gradient)
        assert leaves is not None
    else:
        out, leaves, aux = _found(method, call, cache, "gradient")
    if call.has_aux:
        call.aux, call.ran = aux, True
    return out, leaves


def jacobian(method: Method, call: Call, cache: Cache) -> Jacobian:
    """The outputs, and the derivative of each by each leaf."""
    out, rows = _found(method, call, cache, "jacobian")
    outputs, structure = flatten(out)
    return outputs, structure, rows


def hessian(method: Method, call: Call, cache: Cache) -> list[Leaves]:
    """Blocks by pairs of leaves."""
    return _found(method, call, cache, "hessian")


def remark(cache: Cache, what: str) -> str:
    """Why there is no code, or not the code that one would expect."""
    known: Compiled | None = cache.get(OWN) or cache.get(f"code of the {what}")
    if known is None or (known.program is not None and "not installed" not in known.note):
        return ""
    return known.note


def _found(method: Method, call: Call, cache: Cache, what: str) -> Any:
    known: Compiled | None = cache.get(f"code of the {what}")
    found: Any = None if known is None else known.g
    if known is None or found.f is not call.f or found.argnums != call.positions:
        found = Derivative(call, plain(method), what)
        known = cache[f"code of the {what}"] = Compiled(found)
    # Numbers that belong to a transformation outside are none to record.
    run: Callable[..., Any] = found if any(map(is_traced, call.leaves)) else known
    return run(*call.args, **call.kwargs)
