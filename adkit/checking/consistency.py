"""What needs no step: f traced against f called, and forward against reverse."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .. import forward, reverse
from ..calls import Call, ones_like
from ..errors import AdkitError
from ..explain import explain_nan
from ..methods import Forward, Method, Numerical, Reverse
from ..records import Component
from ..tracing import plain
from ..vectors import Vector
from .claim import Claim, computed
from .referee import REPRODUCIBLE, Referee

_DIRECTIONS = 3
# Arguments of more numbers than this are not compared with others.
_SHORT = 200
# Traced and plain runs may round differently, and derivatives multiply what that does.
_ROUNDING = 1e-8


def faults(claim: Claim, method: Method, call: Call, referee: Referee, seed: int) -> list[str]:
    """What is wrong with adkit's own gradient whatever the differences say."""
    return [*_values(claim, referee), *_adjoints(claim, method, call.moved(referee.leaves), referee, seed)]


def _values(claim: Claim, referee: Referee) -> list[str]:
    """Whether the run that was differentiated computed what f computes."""
    if claim.value is None or claim.value.shape != referee.base.shape:
        return []
    finite = np.isfinite(claim.value) & np.isfinite(referee.base)
    apart = np.where(finite, np.abs(claim.value - referee.base), 0.0)
    allowed = max(_ROUNDING, REPRODUCIBLE * float(np.max(claim.epsilon, initial=0))) * referee.size
    if not np.any(apart > allowed):
        return []
    j = int(np.argmax(apart - allowed))
    return [
        f"f gives {referee.base[j]:.12g} where the run that method {claim.source!r} differentiated gives "
        f"{claim.value[j]:.12g}: does f look at the type of its arguments?"
    ]


def _adjoints(claim: Claim, method: Method, call: Call, referee: Referee, seed: int) -> list[str]:
    """Whether the other mode has the same derivatives along random directions."""
    if not referee.point.size or not np.isfinite(claim.matrix).all():
        return []
    random = np.random.default_rng(seed)
    try:
        for _ in range(_DIRECTIONS):
            d = random.uniform(0.5, 1.5, referee.point.shape) * random.choice([-1.0, 1.0], referee.point.shape)
            if fault := _along(d, claim, method, call, referee):
                return [fault]
    except AdkitError:
        pass  # the other mode has no rule for something in f
    return []


def _along(d: Vector, claim: Claim, method: Method, call: Call, referee: Referee) -> str:
    other = "reverse" if isinstance(method, Forward) else "forward"
    seen = _backward(d, call, referee) if other == "reverse" else _forward(d, call, referee)
    claimed = claim.matrix @ d
    if other == "reverse":
        claimed = claimed.sum(keepdims=True)
    weight = np.abs(claim.matrix * d).sum(axis=1)
    allowed = max(_ROUNDING, REPRODUCIBLE * float(np.max(claim.epsilon))) * weight.sum()
    apart = np.abs(seen - claimed)
    if not np.any(apart > allowed):
        return ""
    j = int(np.argmax(apart))
    return f"along a random direction {other} mode gives {seen[j]:.12g} and {claim.source} {claimed[j]:.12g}"


def _forward(d: Vector, call: Call, referee: Referee) -> Vector:
    """Each output's derivative along d."""
    outputs, found = forward.push(lambda leaves: call.output_leaves(call(leaves))[0], call.leaves, referee.like(d))
    parts = [
        np.zeros(np.size(plain(o))) if t is None else np.ravel(plain(t)) for t, o in zip(found, outputs, strict=True)
    ]
    return np.concatenate(parts).astype(float)


def _backward(d: Vector, call: Call, referee: Referee) -> Vector:
    """The derivative along d of the sum of all outputs, as an array of one number."""
    (found, _), variables, tape = reverse.record(lambda leaves: call.output_leaves(call(leaves)), call.leaves)
    leaves = reverse.sweep(tape, [(out, ones_like(tape.value(out))) for out in found], variables)
    return np.array([sum(float(np.vdot(plain(g), part)) for g, part in zip(leaves, referee.like(d), strict=True))])


def second_opinion(call: Call, referee: Referee, claim: Claim, components: Sequence[Component]) -> list[str]:
    """What adkit's reverse mode says of the components that are wrong; nothing if f cannot be traced."""
    if claim.source != "given":
        return []
    try:
        opinion = computed(Reverse(), call, referee).matrix
    except Exception:  # f is anybody's code, and may not take traced values
        return []
    wrong = [c for c in components if c.verdict == "WRONG" and math.isfinite(c.numerical)]
    outputs = {referee.output(j): j for j in range(referee.base.size)}
    seen = [(c, float(opinion[outputs[c.output], referee.place(c.argument, c.index)])) for c in wrong]
    if seen and all(abs(a - c.numerical) <= c.bar + _ROUNDING * abs(a) for c, a in seen):
        return ["adkit's reverse mode agrees with the differences"]
    if seen and all(abs(a - c.analytic) <= _ROUNDING * abs(a) for c, a in seen):
        return ["adkit's reverse mode agrees with the gradient, against the differences: is part of f kept from both?"]
    return []


def origin_of_nan(call: Call) -> list[str]:
    """The operation of the person's that a gradient which is not finite comes from."""
    argnums = call.positions[0] if call.single else call.positions
    try:
        report = explain_nan(call.f, *call.args, argnums=argnums, **call.kwargs)
    except Exception:  # f is anybody's code, and may not take traced values
        return []
    return [] if report is None else [str(report)]


def mistaken_argument(call: Call, referee: Referee, claim: Claim) -> list[str]:
    """Whether the claim is the gradient by another argument: arguments taken for each other."""
    if not call.single or len(call.leaves) != 1 or referee.point.size > _SHORT or not np.isfinite(claim.matrix).all():
        return []
    shape = np.shape(plain(call.leaves[0]))
    for i, arg in enumerate(call.args):
        if i not in call.positions and isinstance(arg, (float, np.ndarray)) and np.shape(arg) == shape:
            found = _differences(Call(call.f, i, call.args, call.kwargs))
            if found is not None and np.allclose(claim.matrix, found, rtol=1e-5, atol=1e-7 * np.abs(found).max()):
                return [f"this is the gradient by argument {i}"]
    return []


def _differences(call: Call) -> Vector | None:
    """The Jacobian by central differences; None where f gives none."""
    try:
        return computed(Numerical(), call, Referee(call)).matrix
    except Exception:  # f is anybody's code, and may not take another argument moved
        return None
