"""`ad.checkpoint`: functions whose inside is not kept for the sweep but computed again there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from .. import refusals
from ..containers import Structure, flatten, unflatten
from ..custom import Wrapper
from ..errors import ArgumentError, BadRequest, place
from ..lending import is_lent, lend
from ..tracing import normalize, plain
from ..views import tie_unseen
from .captures import Captured
from .chain import Chain, Run, advance, kept
from .computation import Computation, Leaves, apart, is_apart
from .schedules import Schedule, schedule

__all__ = ["Chain", "Checkpoint", "Repeated", "Schedule", "checkpoint"]

Function = Callable[..., Any]


def checkpoint(
    f: Function | None = None,
    *,
    steps: int | None = None,
    schedule: str = "sqrt",
    snapshots: int | None = None,
    numbered: bool = False,
) -> Any:
    """f recomputed in the reverse sweep instead of stored; with `steps`, f applied over and over.

    Of a checkpointed f the tape keeps the arguments and the result, and not what happens inside: the sweep runs f once
    more, with a tape of its own. Gradients are the same, and so are forward mode, Hessians and all other transforms.
    Traced values that f closes over count as arguments.

    With `steps`, f is one step of a chain, `state = f(state, *args, **kwargs)`, and what is returned is a function of
    the initial state that takes so many steps. A state is a number, an array or a container; the other arguments go
    along to each step and are differentiated too. The memory for a chain of n steps is that of its snapshots and of the
    steps that are taped at a time:

    - `"sqrt"`: a snapshot every sqrt(n) steps, and as many steps are taped: each step is run twice in all;
    - `"binomial"`: so many snapshots as asked for (about log2(n) / 2 where not asked) and one step taped: with c
      snapshots, chains of up to binomial(c + r, c) steps take at most r runs of each step before it is taped, which no
      schedule betters (Griewank & Walther's revolve);
    - `"all"`: everything is taped, as without ad.checkpoint.

    Second derivatives by forward over reverse, as `ad.hessian` and `ad.hvp` take them, need no more snapshots; reverse
    over reverse tapes the whole sweep.

    Args:
        f: the function, or the step; without it the call is a decorator.
        steps: how many steps the chain has.
        schedule: "sqrt", "binomial" or "all".
        snapshots: for "binomial", how many states are held at once, the initial one among them.
        numbered: the step is called as `f(state, k, *args, **kwargs)`, with its number k from 0 on.

    Returns:
        A function with f's signature (without the number).

    Raises:
        LostDerivative: f returns something else when it is run again (it draws random numbers, counts its calls); it
            changes its arguments or other traced values in place; it reads a traced value that cannot be found.
        BadRequest: an unknown schedule, a number of steps or snapshots that makes no sense.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> def step(x, h):
        ...     return x + h * np.sin(x)
        >>> chain = ad.checkpoint(step, steps=1000, schedule="binomial", snapshots=8)
        >>> value, (by_x, by_h) = ad.value_and_grad(chain, argnums=(0, 1))(0.5, 0.001)
        >>> print(f"{value:.6f} {by_x:.6f} {by_h:.1f}")
        1.213185 1.954386 936.3
        >>> chain.schedule.evaluations, ad.checkpoint(step, steps=1000).schedule.evaluations
        (5286, 2000)
    """
    if f is None:
        return functools.partial(checkpoint, steps=steps, schedule=schedule, snapshots=snapshots, numbered=numbered)
    if not callable(f):
        raise ArgumentError(f"checkpoint needs a function, not {f!r}{place()}")
    if steps is None:
        if schedule != "sqrt" or snapshots is not None or numbered:
            raise BadRequest(f"schedule=, snapshots= and numbered= go with steps={place()}")
        return Checkpoint(f)
    return Repeated(f, steps, schedule, snapshots, numbered)


class _Recomputed(Wrapper):
    """What is run again in the sweep."""

    @property
    def described(self) -> str:
        """f's name and where it is defined."""
        code = getattr(self.f, "__code__", None)
        return f"{self.name} ({code.co_filename}:{code.co_firstlineno})" if code else self.name


class Checkpoint(_Recomputed):
    """f, one operation on the tape. See `checkpoint`."""

    def _made_of(self) -> tuple[Any, ...]:
        return (self.f,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        captured = Captured((self.f, args, kwargs))
        if not is_apart(captured.boxes):
            return self.f(*args, **kwargs)
        captured = Captured((self.f, _remembered(args), _remembered(kwargs)))
        structures: list[Structure] = []
        shared: list[tuple[int, int]] = []

        def fun(leaves: Leaves) -> Leaves:
            (f, args, kwargs), require_unchanged = captured.build(leaves)
            out = _called(f, args, kwargs)
            require_unchanged(self.described)
            found, structure = flatten(out)
            structures[:] = [structure]
            shared[:] = _shared(found, leaves)
            return [normalize(x) if isinstance(x, np.ndarray) else x for x in found]

        outputs = apart(Computation(fun, self.described), list(captured.boxes))
        for i, k in shared:
            tie_unseen(outputs[i], captured.boxes[k], self.described)
        return unflatten(structures[0], outputs)


class Repeated(_Recomputed):
    """A step taken many times. See `checkpoint`.

    Attributes:
        schedule: the `Schedule`, with the number of blocks, snapshots and evaluations; None where all is taped.
    """

    # For whoever has to know whether its results may have changed.
    depends_on: ClassVar[tuple[str, ...]] = ("f", "steps", "numbered")

    def __init__(self, f: Function, steps: int, kind: str, snapshots: int | None, numbered: bool) -> None:
        super().__init__(f)
        self.steps = _count(steps, "steps", 0)
        self.kind = kind
        self.snapshots = snapshots if snapshots is None else _count(snapshots, "snapshots", 1)
        self.numbered = numbered
        self.schedule = schedule(kind, self.steps, self.snapshots)

    def _made_of(self) -> tuple[Any, ...]:
        return self.f, self.steps, self.kind, self.snapshots, self.numbered

    def __call__(self, state: Any, /, *args: Any, **kwargs: Any) -> Any:
        captured = Captured((state, self.f, args, kwargs))
        if self.schedule is None or not self.steps or not is_apart(captured.boxes):
            return advance(Run(self.f, args, kwargs, self.numbered), kept(state), 0, self.steps)
        others = Captured((self.f, _remembered(args), _remembered(kwargs)))
        chain = Chain(kept(state), others, self.schedule, self.numbered, self.described)
        outputs = apart(chain, chain.leaves)
        return unflatten(chain.structure, outputs)


def _count(x: Any, what: str, least: int) -> int:
    if not isinstance(x, (int, np.integer)) or isinstance(x, bool) or x < least:
        raise BadRequest(f"{what} must be a whole number from {least} on, not {x!r}{place()}")
    return int(x)


def _remembered(tree: Any) -> Any:
    """Arguments with the numbers they have now, which can only be read: f is run on them again later."""
    leaves, structure = flatten(tree)
    own = [x.copy("K") if type(x) is np.ndarray and not x.dtype.hasobject and not is_lent(x) else x for x in leaves]
    return unflatten(structure, [lend(x) if isinstance(x, np.ndarray) else x for x in own])


def _shared(outputs: Leaves, leaves: Leaves) -> list[tuple[int, int]]:
    """Which outputs show memory of which leaves: those that are views, or the leaves themselves."""
    arrays = [(i, x) for i, x in enumerate(map(plain, outputs)) if type(x) is np.ndarray]
    given = [(k, x) for k, x in enumerate(map(plain, leaves)) if type(x) is np.ndarray] if arrays else []
    return [(i, k) for i, x in arrays for k, y in given if np.may_share_memory(x, y)]


def _called(f: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What f returns; a write to what it can only read is refused in adkit's words."""
    try:
        return f(*args, **kwargs)
    except ValueError as error:
        refusal = refusals.written_to_argument(error)
        if refusal is None:
            raise
        raise refusal.with_traceback(error.__traceback__) from None
