"""Which derivatives are zero because nothing flows there at all, and not because a number happened to be zero.

Where `np.where` did not take a branch, or indexing left an element out, the derivative is exactly 0 whatever the
partials there are; 0 * inf, which is nan, must not speak for it. Where a number merely computed to zero, as in
sqrt(x)**2 at 0, nan is the honest answer. So a derivative is guarded by a mask of the elements that something flows
to. The interpreters do this only where a plain run has ended in nan, or a later derivative of it could.

Where a row lets things flow is the row's to say (`Primitive.flow`): the rules of a row that moves or adds elements are
run on masks too; of any other row everything is live that anything live may reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..tracing import Box, plain
from .table import Choice, Elementwise, General, Primitive, align, dtype_of, fit, shape_of, spread, sum_to


class Guarded:
    """A derivative and the mask of the elements where it is live; None stands for everywhere."""

    __slots__ = ("derivative", "live")

    def __init__(self, derivative: Any, live: Any = None) -> None:
        self.derivative = derivative
        self.live = live

    def __add__(self, other: Guarded) -> Guarded:
        live = None if self.live is None or other.live is None else self.live | other.live
        return Guarded(self.derivative + other.derivative, live)


def live_in(derivative: Any) -> Any:
    """Where a given derivative is not 0. A traced 0 is live: what is outside may differentiate by it."""
    if isinstance(derivative, Box):
        return np.ones(derivative.shape, bool)
    return np.asarray(derivative != 0)


# -- reverse ---------------------------------------------------------------------------------------
def pull(
    primitive: Primitive, i: int, cotangent: Guarded, out: Any, args: tuple[Any, ...], params: Mapping[str, Any]
) -> Guarded:
    """The guarded vjp of one argument."""
    live = cotangent.live
    if live is None and not primitive.selects:
        return Guarded(primitive.vjp(i, cotangent.derivative, out, args, params))
    live = np.ones(shape_of(out), bool) if live is None else live
    if isinstance(primitive, Elementwise):
        return _pull_elementwise(primitive, i, cotangent.derivative, live, out, args)
    share = primitive.vjp(i, cotangent.derivative, out, args, params)
    if primitive.flow == "dense":
        return _masked(share, np.full(shape_of(args[i]), np.any(live)))
    if isinstance(primitive, General) and primitive.multilinear and np.isnan(plain(share)).any():
        share = _without_dead_terms(primitive, i, share, cotangent.derivative, live, out, args, params)
    out, args = _structure(primitive, out, args)
    reached = plain(primitive.vjp(i, np.asarray(live, float), out, args, params)) != 0
    return _masked(share, reached)


def _pull_elementwise(
    primitive: Elementwise, i: int, cotangent: Any, live: Any, out: Any, args: tuple[Any, ...]
) -> Guarded:
    """The dead elements are taken out before broadcasting is undone, which would add them to live ones."""
    live = live & _chosen(primitive, i, out, args)
    share = fit(np.where(live, primitive.scaled(i, cotangent, out, args), 0.0), args[i])
    return _masked(share, sum_to(np.asarray(live, float), shape_of(args[i])) != 0)


def _masked(share: Any, reached: Any) -> Guarded:
    return Guarded(share) if np.all(reached) else Guarded(np.where(reached, share, 0.0), reached)


def _without_dead_terms(
    primitive: General, i: int, share: Any, cotangent: Any, live: Any, out: Any, args: tuple[Any, ...], params: Any
) -> Any:
    """The share of a product in which no dead element of the cotangent has met an inf or nan of another factor."""
    finite = tuple(np.where(np.isfinite(plain(a)), a, 0.0) for a in args)
    clean = primitive.vjp(i, cotangent, out, finite, params)
    singular = tuple(np.asarray(~np.isfinite(plain(a)), float) for a in args)
    tainted = primitive.vjp(i, np.asarray(live, float), out, singular, params) != 0
    return np.where(tainted, share, clean)


# -- forward ---------------------------------------------------------------------------------------
def push(
    primitive: Primitive,
    tangents: Sequence[Guarded | None],
    out: Any,
    args: tuple[Any, ...],
    params: Mapping[str, Any],
    batched: bool,
) -> Guarded:
    """The guarded jvp; every tangent carries a mask."""
    derivatives = [None if t is None else t.derivative for t in tangents]
    masks = [None if t is None else t.live for t in tangents]
    if isinstance(primitive, Elementwise):
        return _push_elementwise(primitive, derivatives, masks, out, args, batched)
    if primitive.flow == "dense":
        live = _anywhere([mask for mask in masks if mask is not None], shape_of(out), batched)
    else:
        numbers = [None if mask is None else _numbers(mask, x) for mask, x in zip(masks, args, strict=True)]
        live = plain(primitive.jvp(numbers, *_structure(primitive, out, args), params, batched)) != 0
    return Guarded(np.where(live, primitive.jvp(derivatives, out, args, params, batched), 0.0), live)


def _push_elementwise(
    primitive: Elementwise,
    tangents: Sequence[Any],
    masks: Sequence[Any],
    out: Any,
    args: tuple[Any, ...],
    batched: bool,
) -> Guarded:
    total: Guarded | None = None
    for i, (tangent, mask) in enumerate(zip(tangents, masks, strict=True)):
        if tangent is None:
            continue
        if batched:
            tangent, mask = align(tangent, args[i], out), align(mask, args[i], out)
        live = mask & _chosen(primitive, i, out, args)
        term = np.where(live, primitive.scaled(i, tangent, out, args), 0.0)
        guarded = Guarded(spread(term, out, batched), spread(np.asarray(live, float), out, batched) != 0)
        total = guarded if total is None else total + guarded
    assert total is not None, "an operation on a box has an active argument"
    return total


def _anywhere(masks: Sequence[Any], shape: tuple[int, ...], batched: bool) -> Any:
    """Everything in an output of this shape is live if anything is; of stacked tangents each answers for itself."""
    lead = 1 if batched else 0
    live = np.any([np.any(mask, axis=tuple(range(lead, np.ndim(mask)))) for mask in masks], axis=0)
    return np.broadcast_to(np.reshape(live, (*live.shape, *(1,) * len(shape))), (*live.shape, *shape))


def _numbers(mask: Any, x: Any) -> Any:
    """A mask as a tangent of x: a live complex number is live in both its parts."""
    return mask * (1 + 1j) if dtype_of(x).kind == "c" else np.asarray(mask, float)


# -- both ------------------------------------------------------------------------------------------
def _chosen(primitive: Elementwise, i: int, out: Any, args: tuple[Any, ...]) -> Any:
    """Where argument i has a say in the outcome."""
    return plain(primitive.partial(i, out, args)) != 0 if isinstance(primitive, Choice) else True


def _structure(primitive: Primitive, out: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """out and args with 1 for every number where a rule multiplies by them: what is left says what flows where."""
    if not isinstance(primitive, General) or primitive.selects:
        return plain(out), tuple(map(plain, args))
    return np.ones(shape_of(out)), tuple(np.ones(shape_of(a)) for a in args)


def has_nan(derivative: Any) -> bool:
    """Whether nan is among the numbers; perhaps also where an infinite complex number is."""
    if type(derivative) is float:
        return derivative != derivative
    x = plain(derivative)
    # One pass without a temporary array: squares are not negative, so that nan can only come from nan.
    return bool(np.isnan(np.vdot(x, x)))
