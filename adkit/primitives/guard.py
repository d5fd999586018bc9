"""Which derivatives are zero because nothing flows there at all, and not because a number happened to be zero.

Where `np.where` did not take a branch, or indexing left an element out, the derivative is exactly 0 whatever the
partials there are; 0 * inf, which is nan, must not speak for it. Where a number merely computed to zero, as in
sqrt(x)**2 at 0, nan is the honest answer. So a derivative is guarded by a mask of the elements that something flows
to. The interpreters do this only when a plain run has ended in nan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..tracing import plain
from .shape import getitem_p, where_p
from .table import Elementwise, General, Primitive, align, fit, spread


class Guarded:
    """A derivative and the mask of the elements where it is live; None stands for everywhere."""

    __slots__ = ("derivative", "live")

    def __init__(self, derivative: Any, live: Any = None) -> None:
        self.derivative = derivative
        self.live = live

    def __add__(self, other: Guarded) -> Guarded:
        live = None if self.live is None or other.live is None else self.live | other.live
        return Guarded(self.derivative + other.derivative, live)


def pull(
    primitive: Primitive, i: int, cotangent: Guarded, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]
) -> Guarded:
    """The guarded vjp of one argument."""
    live = cotangent.live
    if isinstance(primitive, Elementwise):
        share = primitive.scaled(i, cotangent.derivative, out, args)
        if live is None:
            return Guarded(fit(share, args[i]))
        return Guarded(fit(np.where(live, share, 0.0), args[i]), _pulled(primitive, i, live, out, args, params))
    share = primitive.vjp(i, cotangent.derivative, out, args, params)
    if live is None and not _selects(primitive):
        return Guarded(share)
    live = np.ones(np.shape(plain(out)), bool) if live is None else live
    reached = _pulled(primitive, i, live, out, args, params)
    return Guarded(np.where(reached, share, 0.0), reached)


def push(
    primitive: Primitive,
    tangents: Sequence[Guarded | None],
    out: Any,
    args: tuple[Any, ...],
    params: Mapping[str, Any],
    batched: bool,
) -> Guarded:
    """The guarded jvp; every tangent carries a mask."""
    plain = [None if t is None else t.derivative for t in tangents]
    masks = [None if t is None else np.asarray(t.live, float) for t in tangents]
    if not isinstance(primitive, Elementwise):
        live = primitive.jvp(masks, *_unit(primitive, out, args), params, batched) != 0
        return Guarded(np.where(live, primitive.jvp(plain, out, args, params, batched), 0.0), live)
    total: Guarded | None = None
    for i, (tangent, mask) in enumerate(zip(plain, masks, strict=True)):
        if tangent is None or mask is None:
            continue
        if batched:
            tangent, mask = align(tangent, args[i], out), align(mask, args[i], out)
        term = np.where(mask != 0, primitive.scaled(i, tangent, out, args), 0.0)
        spread_term = Guarded(spread(term, out, batched), spread(mask, out, batched) != 0)
        total = spread_term if total is None else total + spread_term
    assert total is not None, "an operation on a box has an active argument"
    return total


def _selects(primitive: Primitive) -> bool:
    """Whether a pullback of the primitive can leave elements without anything flowing to them."""
    return primitive is where_p or primitive is getitem_p


def _pulled(primitive: Primitive, i: int, live: Any, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """The mask of the elements of argument i that something flows to: the vjp of the mask along the structure."""
    mask = np.asarray(live, float)
    if isinstance(primitive, Elementwise):
        return np.asarray(fit(mask, np.zeros(np.shape(plain(args[i]))))) != 0
    out, args = _unit(primitive, out, args)
    return np.asarray(plain(primitive.vjp(i, mask, out, args, params))) != 0


def _unit(primitive: Primitive, out: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """out and args with every number replaced by 1 where a rule multiplies by them: what is left is the structure."""
    if not isinstance(primitive, General):
        return out, args
    return np.ones(np.shape(plain(out))), tuple(np.ones(np.shape(plain(a))) for a in args)
