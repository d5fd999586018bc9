"""The Hessian: the Jacobian of the gradient, which is called as a black box in its turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls import Call
from ..containers import flatten
from ..errors import BadRequest, LostDerivative, NoRule, OutputError, place
from ..methods import Method
from ..tracing import plain
from ..vectors import Vector
from . import claim as claims
from .referee import Referee

# By how much two numbers that should be one may differ, relative to the largest.
_ROUNDING = 1e-8


class Gradient:
    """The gradient that is checked, as a function of f's arguments, in the structure of the differentiated ones."""

    def __init__(self, call: Call, grad: Any, method: Method) -> None:
        if grad is not None and not callable(grad):
            raise BadRequest(f"order=2 takes differences of the gradient: hand in grad as a function{place()}")
        self.call = call
        self.grad = grad
        self.method = method
        self.__name__ = getattr(grad, "__name__", f"the {method.name} gradient")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = self.call.moved([leaf for i in self.call.positions for leaf in flatten(args[i])[0]])
        if self.grad is None:
            leaves = self.method.value_and_gradient(call, {})[1]
        else:
            leaves = claims.row(self.grad(*args, **kwargs), call, (), "the gradient")
        return call.arrange(
            [np.reshape(plain(d), np.shape(plain(x))) for d, x in zip(leaves, call.leaves, strict=True)]
        )


def checked(
    call: Call, first: Referee, grad: Any, method: Method, hessian: Any, seed: int
) -> tuple[Referee, claims.Claim, list[str]]:
    """The gradient as the function to be watched, the Hessian that is claimed, and whether it is symmetric."""
    if first.output(0) is not None:
        raise OutputError(f"order=2 needs an f that returns one number{place()}; check ad.jacobian(f) instead")
    gradient = Gradient(call, grad, method)
    argnums = call.positions[0] if call.single else call.positions
    along = Call(gradient, argnums, call.args, call.kwargs)
    referee = Referee(along, first.limits, seed)
    if hessian is None:
        try:
            claim = claims.second(method, call, referee)
        except (LostDerivative, NoRule) as refusal:
            raise type(refusal)(f"{refusal}; to check a Hessian of your own, hand it in as hessian=...") from refusal
    else:
        claim = claims.given(hessian, along, referee, "Hessian")
    return referee, claim, asymmetry(claim.matrix, referee)


def asymmetry(matrix: Vector, referee: Referee) -> list[str]:
    """Where a Hessian differs most from its transpose, if it does."""
    if matrix.size == 0:
        return []
    apart = np.nan_to_num(np.abs(matrix - matrix.T))
    largest = float(np.max(np.abs(matrix), where=np.isfinite(matrix), initial=0.0))
    i, j = (int(k) for k in np.unravel_index(np.argmax(apart), apart.shape))
    if apart[i, j] <= _ROUNDING * largest:
        return []
    names = [_named(k, referee) for k in (i, j)]
    return [
        f"the Hessian is not symmetric: by {names[0]} and {names[1]} it has {matrix[i, j]:.10g}, "
        f"the other way round {matrix[j, i]:.10g}"
    ]


def _named(k: int, referee: Referee) -> str:
    i, index = referee.where(k)
    return referee.names[i] + (f"[{', '.join(map(str, index))}]" if index else "")
