"""Gradients that somebody else computes: by hand, by another tool, by another engine."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..calls import Call, Leaves
from ..errors import BadRequest, place
from .base import Cache, Method, hessian_by
from .numerical import Numerical


@dataclass(frozen=True)
class Manual(Method):
    """A gradient derived by hand: the one given, or the one that a problem brings with its f.

    Args:
        gradient: takes the arguments of f, returns the gradient in the structure of the differentiated arguments.
        value_and_gradient_of: the same, returning (value, gradient) so that the two share work.

    Example:
        >>> import adkit as ad
        >>> ad.grad(lambda x: x**3, method=ad.Manual(lambda x: 3 * x**2))(2.0)
        12.0
        >>> ad.grad(ad.problems["logistic_map"].f, method="manual")(0.25, 4)
        8.0
    """

    name = "manual"
    ranked = False
    gradient: Callable[..., Any] | None = None
    value_and_gradient_of: Callable[..., tuple[Any, Any]] | None = None

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, gradient = self._joint(call)(*call.arguments(call.leaves), **call.kwargs)
        return call.as_scalar(out), call.rearranged(self._asked_for(gradient, call), "the gradient derived by hand")

    def _asked_for(self, gradient: Any, call: Call) -> Any:
        """Of a gradient by all arguments of f, as a tuple or an array of numbers, the entries that are asked for."""
        if call.single and call.takes(gradient):
            return gradient
        if isinstance(gradient, np.ndarray) and gradient.ndim == 1:
            gradient = tuple(gradient)
        if not isinstance(gradient, tuple) or len(gradient) != len(call.args):
            return gradient
        return gradient[call.positions[0]] if call.single else tuple([gradient[i] for i in call.positions])

    def bare(self, call: Call, cache: Cache) -> Callable[[], Any]:
        joint = self._joint(call)
        return lambda: joint(*call.args, **call.kwargs)

    def _joint(self, call: Call) -> Callable[..., tuple[Any, Any]]:
        joint = self.value_and_gradient_of
        if joint is None and self.gradient is None:
            joint = getattr(call.f, "__hand_derived__", None)
        if joint is not None:
            return joint
        gradient = self.gradient
        if gradient is None:
            raise BadRequest(
                f"method 'manual' needs a gradient derived by hand, and {call.where()} brings none{place()}: declare "
                "it with ad.problem(gradient=...), or pass method=ad.Manual(gradient)"
            )
        return lambda *args, **kwargs: (call.f(*args, **kwargs), gradient(*args, **kwargs))


@dataclass(frozen=True)
class External(Method):
    """Another tool's `grad`: `transform(f, argnums)` must return a function that returns the gradient.

    Example:
        >>> import adkit as ad
        >>> ad.methods.register("mine", lambda f, argnums: lambda x: 3 * x**2)
        >>> ad.grad(lambda x: x**3, method="mine")(2.0)
        12.0
        >>> ad.methods.unregister("mine")
    """

    name: str = "external"
    transform: Callable[..., Callable[..., Any]] = field(default=lambda f, argnums: f, repr=False)

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        argnums = call.positions[0] if call.single else call.positions
        gradient = self.transform(call.f, argnums)(*call.arguments(call.leaves), **call.kwargs)
        return call.scalar(call.leaves), call.rearranged(gradient, f"method {self.name!r}")


@dataclass(frozen=True)
class Engine(Method):
    """Another engine on the same f, through its small file in `adkit.engines`; for f that the engine can take."""

    name: str = ""
    optional = True

    def missing(self) -> str | None:
        if importlib.util.find_spec(self.name) is None:
            return f"not installed: pip install 'adkit[engines]' brings {self.name}"
        return None

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        out, gradients = self.bare(call, cache)()
        gradient = gradients[0] if call.single else gradients
        return call.as_scalar(out), call.rearranged(gradient, f"method {self.name!r}")

    def operations(self, call: Call, cache: Cache) -> int | None:
        return None  # it does not compute with adkit's primitives

    def hessian(self, call: Call, cache: Cache) -> list[Leaves]:
        # The engine's own code cannot be traced, but it can be called.
        return hessian_by(call, Numerical(), self)

    def bare(self, call: Call, cache: Cache) -> Callable[[], Any]:
        if cache.get("f") is not call.f:
            if (missing := self.missing()) is not None:
                raise BadRequest(f"method {self.name!r} is {missing}")
            module = importlib.import_module(f"adkit.engines.{self.name}")
            cache["f"], cache["engine"] = call.f, module.value_and_gradient(call.f, call.positions)
        engine, args = cache["engine"], call.arguments(call.leaves)
        return lambda: engine(*args, **call.kwargs)
