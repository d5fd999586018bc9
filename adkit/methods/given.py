"""Gradients that somebody else computes: by hand, by another tool."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..calls import Call, Leaves, kind_of
from ..containers import flatten_like
from ..errors import ArgumentError, BadRequest, place
from ..primitives.table import shape_of
from .base import Cache, Jacobian, Method


@dataclass(frozen=True)
class Manual(Method):
    """A gradient derived by hand: the one given, or the one that a problem brings with its f.

    Args:
        gradient: takes the arguments of f, returns the gradient in the structure of the differentiated arguments.
        value_and_gradient_of: the same, returning (value, gradient) so that the two share work.
        jacobian_of: takes the arguments of an f that returns more than one number, returns what `ad.jacobian` would.

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
    jacobian_of: Callable[..., Any] | None = None

    @property
    def options(self) -> tuple[str, ...]:
        return ()

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

    def jacobian(self, call: Call, cache: Cache) -> Jacobian:
        by_hand = self._jacobian(call)
        if by_hand is None:
            return super().jacobian(call, cache)
        outputs, structure = call.output_leaves(call(call.leaves))
        found = flatten_like(structure, by_hand(*call.arguments(call.leaves), **call.kwargs))
        if found is None:
            raise ArgumentError("the Jacobian derived by hand has not the structure of what f returns")
        return (
            outputs,
            structure,
            [rows_of_jacobian(call, blocks, shape_of(out)) for blocks, out in zip(found, outputs, strict=True)],
        )

    def bare(self, call: Call, cache: Cache, derivative: str = "gradient") -> Callable[[], Any]:
        by_hand = self._joint(call) if derivative == "gradient" else self._jacobian(call)
        assert by_hand is not None
        return partial(by_hand, *call.args, **call.kwargs)

    def _jacobian(self, call: Call) -> Callable[..., Any] | None:
        """The Jacobian by hand, where there is one."""
        return self.jacobian_of or getattr(call.f, "__hand_derived_jacobian__", None)

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


def rows_of_jacobian(call: Call, blocks: Any, lead: tuple[int, ...]) -> Leaves:
    """The blocks of one output of this shape, by all leaves, in a Jacobian derived by hand."""
    leaves = call.leaves_of(blocks)
    wanted = [lead + shape_of(leaf) for leaf in call.leaves]
    if leaves is None or [np.shape(block) for block in leaves] != wanted:
        got = kind_of(blocks) if leaves is None else ", ".join(str(np.shape(block)) for block in leaves)
        raise ArgumentError(
            f"the Jacobian derived by hand must have the shape of f's output followed by that of the argument, "
            f"{', '.join(map(str, wanted))}; got {got}"
        )
    return leaves


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

    @property
    def options(self) -> tuple[str, ...]:
        return ()

    def value_and_gradient(self, call: Call, cache: Cache) -> tuple[Any, Leaves]:
        gradient = self._own(call, cache)(*call.arguments(call.leaves), **call.kwargs)
        for leaf, name in zip(call.leaves_of(gradient) or (), call.names, strict=False):
            if isinstance(leaf, tuple):
                raise ArgumentError(
                    f"{self._where()} makes a function that returned {kind_of(leaf)} as the gradient of {name}, where "
                    "the gradient alone is expected, in the structure of the differentiated arguments"
                )
        return call.scalar(call.leaves), call.rearranged(gradient, f"method {self.name!r}")

    def prepare(self, call: Call, cache: Cache, derivative: str = "gradient") -> None:
        if derivative == "gradient":
            self._own(call, cache)

    def _own(self, call: Call, cache: Cache) -> Callable[..., Any]:
        """The tool's gradient of f, made once: a tool may trace or compile then."""
        known, gradient = cache.get("transform", (None, None))
        if gradient is None or known is not call.f:
            if not _takes_two(self.transform):
                raise self._no_transform("does not take those two arguments")
            gradient = self.transform(call.f, call.positions[0] if call.single else call.positions)
            if not callable(gradient):
                raise self._no_transform(f"returned {kind_of(gradient)}")
            cache["transform"] = call.f, gradient
        return gradient

    def _no_transform(self, what: str) -> BadRequest:
        return BadRequest(
            f"{self._where()} {what}: expected is transform(f, argnums), which returns the function that computes f's "
            "gradient (a gradient of f itself goes with --grad, or gradient=...)"
        )

    def _where(self) -> str:
        """The method, and where its transform is defined."""
        code = getattr(self.transform, "__code__", None)
        return f"method {self.name!r}" + (f" ({code.co_filename}:{code.co_firstlineno})" if code else "")


def _takes_two(transform: Callable[..., Any]) -> bool:
    """Whether two positional arguments can be given; what has no signature that Python knows may take them."""
    try:
        inspect.signature(transform).bind(None, None)
    except TypeError:
        return False
    except ValueError:
        return True
    return True
