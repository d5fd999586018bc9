"""ad.check_grad: a gradient against differences of f."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..calls import Argnums, Call
from ..errors import ArgumentError, BadRequest, place, unknown
from ..methods import Method, methods
from ..methods.bounds import limits
from ..records import Component
from ..report import GradientReport
from ..tracing import plain
from . import claim as claims
from . import consistency, patterns, second
from .inspection import Inspection, Settings
from .referee import Referee, quiet
from .screening import Screening
from .waiting import bar

# So many components are judged one by one; where there are more, the rest is screened.
_FEW = 200


def check_grad(
    f: Callable[..., Any],
    *args: Any,
    grad: Any = None,
    argnums: Argnums = 0,
    method: str | Method = "reverse",
    order: int = 1,
    hessian: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    strict: bool = True,
    rtol: float = 0.0,
    atol: float = 0.0,
    bounds: Any = None,
    seed: int = 0,
    components: int | str | None = None,
    progress: bool | None = None,
) -> GradientReport:
    """Whether a gradient is right, and if not, where and why.

    f is called near the point, as a black box, and each claimed derivative is compared with what its values say, within
    an error bar of its own. A gradient of more than 200 components is screened along random directions, which costs
    about 300 calls of f however many there are; a component that is wrong is found by halving.

    Args:
        f: any function of numbers, arrays, and containers of them, that returns a number, or an array (then the
            gradient is its Jacobian). It need not be traceable, unless adkit's own gradient is checked.
        *args: the point: f's positional arguments.
        grad: the gradient to check: a function of f's arguments that returns it in the structure of the differentiated
            arguments (or by all arguments, as a tuple), or the gradient itself. By default adkit's own.
        argnums: the position of the argument to differentiate, or a tuple of positions.
        method: of adkit's own gradient.
        order: 2 checks the Hessian too, against differences of the gradient.
        hessian: the Hessian to check, as `grad`; by default adkit's own.
        kwargs: keyword arguments passed through to f and to grad.
        strict: only agreement passes. Otherwise also a subgradient at a kink, the one-sided derivative at the edge of
            the domain, what noise hides and what could not be resolved.
        rtol: relative error of a component that is allowed beyond rounding.
        atol: absolute error of a component that is allowed beyond rounding.
        bounds: (lower, upper), where f may not be called beyond: each a number, None, or numbers in the structure of
            the differentiated arguments, broadcast to them; or a `scipy.optimize.Bounds`.
        seed: of what is drawn at random.
        components: how many components to judge one by one, drawn at random where there are more; or "all".
        progress: whether to show a bar; by default in a terminal, when it takes long.

    Returns:
        A `GradientReport`, true where the gradient holds: `print` it, `.table` is a DataFrame with one row per
        component, `.raise_if_failed()` raises.

    Raises:
        ArgumentError: the gradient has not the structure, shapes or dtype of the arguments.
        BadRequest: an option that makes no sense, or f or grad raise at the point.
        OutputError: f returns no real numbers.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> def loss(w, data):
        ...     return np.sum((data @ w) ** 2)
        >>> def loss_grad(w, data):
        ...     return data.T @ (data @ w)
        >>> report = ad.check_grad(loss, np.array([1.0, 2.0]), np.eye(2), grad=loss_grad)
        >>> bool(report), report.counts
        (False, {'WRONG': 2})
        >>> report.findings[0]
        'every component is 1/2 times the true one: a factor 2 is missing'
    """
    settings = Settings(*_tolerances(rtol, atol), seed=_seed(seed), components=_components(components))
    _check_order(order, hessian)
    _check_switches(strict, progress)
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise BadRequest(f"kwargs must be a dict of keyword arguments for f, not {kwargs!r}{place()}")
    call = Call(f, argnums, args, kwargs)
    _require_real(call)
    within = limits(bounds, call)
    with quiet():
        check = _Check(call, settings, progress)
        first = Referee(call, within, seed)
        chosen = methods.resolve(method)
        claim = claims.computed(chosen, call, first) if grad is None else claims.given(grad, call, first)
        if grad is None and not first.random:
            check.faults += consistency.faults(claim, chosen, call, first, seed)
        check.judge(first, claim)
        check.explain(call, first, claim)
        if order == 2:
            along, claimed, faults = second.checked(call, first, grad, chosen, hessian, seed)
            check.faults += faults
            check.judge(along, claimed, "Hessian, ")
            check.f_calls -= along.calls
            check.notes.append(f"the gradient was called {along.calls:,} times for its differences")
    return check.report(_name(f), claim.source, strict)


@dataclass
class _Check:
    """What has been found so far."""

    call: Call
    settings: Settings
    progress: bool | None
    components: list[Component] = field(default_factory=list)
    total: int = 0
    screened: int = 0
    sensitivity: float = 0.0
    f_calls: int = 0
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def judge(self, referee: Referee, claim: claims.Claim, label: str = "") -> None:
        """Judge a claim by the referee, one by one or by screening."""
        n, settings = referee.point.size, replace(self.settings, label=label)
        few = _FEW if settings.components is None else settings.components
        with bar(self.progress, n) as tick:
            inspection = Inspection(referee, claim, settings, tick)
            if n <= few or referee.random or not np.isfinite(referee.base).any():
                inspection.look(range(n)[: max(few, _FEW)] if n > few else range(n))
            else:
                self._screen(inspection)
        referee.watch()
        self._keep(inspection)

    def explain(self, call: Call, referee: Referee, claim: claims.Claim) -> None:
        """Whatever else can be said of what does not hold; f may be nothing that adkit can follow."""
        verdicts = {c.verdict for c in self.components}
        if "NONFINITE" in verdicts and claim.source != "given":
            self.notes += consistency.origin_of_nan(call)
        if "WRONG" in verdicts:
            self.faults += consistency.mistaken_argument(call, referee, claim)
            self.notes += consistency.second_opinion(call, referee, claim, self.components)

    def _screen(self, inspection: Inspection) -> None:
        screening = Screening(inspection)
        screening.run()
        self.screened += screening.covered
        self.sensitivity = max(self.sensitivity, screening.sensitivity)
        self.faults += screening.faults
        self.doubts += screening.doubts
        self.notes += screening.notes

    def _keep(self, inspection: Inspection) -> None:
        """Add what an inspection found."""
        referee, found = inspection.referee, patterns.findings(inspection)
        judged = [_hinted(c, found) for c in inspection.components()]
        self.components += judged
        self.total += referee.point.size * max(1, referee.base.size)
        self.f_calls += referee.calls
        bars = [c.bar for c in judged if c.verdict in ("AGREE", "WRONG")]
        self.sensitivity = max([self.sensitivity, *bars]) if bars else math.inf
        if referee.random:
            self.faults.append(f"f is not deterministic: its values at the same point differ by {referee.scatter:.2g}")
        self.faults += [*referee.faults, *inspection.claim.faults, *found]
        if referee.failure:
            self.notes.append(f"near the point {referee.failure}")
        self.notes += referee.notes
        if not referee.point.size or not referee.base.size:
            self.notes.append("nothing to check: there are no components")

    def report(self, name: str, source: str, strict: bool) -> GradientReport:
        if self.components and not self.screened and all(_unknown(c) for c in self.components):
            self.faults.append("nothing could be checked: no component has room to move, or shows any slope")
        return GradientReport(
            self.components,
            function=name,
            source=source,
            total=self.total,
            screened=self.screened,
            sensitivity=float(self.sensitivity),
            f_calls=self.f_calls,
            strict=strict,
            faults=self.faults,
            doubts=self.doubts,
            notes=self.notes,
        )


def _hinted(c: Component, found: list[str]) -> Component:
    """A wrong component of which nothing else is known is part of the pattern."""
    return replace(c, hint=found[0]) if found and c.verdict == "WRONG" and not c.hint else c


def _unknown(c: Component) -> bool:
    """Whether nothing at all was learned of a component: a check that is not strict passes it."""
    return c.verdict == "UNRESOLVED" and math.isnan(c.numerical)


# -- what was asked for ----------------------------------------------------------------------------
def _tolerances(rtol: object, atol: object) -> tuple[float, float]:
    for name, x in (("rtol", rtol), ("atol", atol)):
        if isinstance(x, bool) or not isinstance(x, (int, float, np.number)) or not 0 <= x < math.inf:
            raise BadRequest(f"{name} must be a number of at least 0, not {x!r}{place()}")
    return float(rtol), float(atol)  # type: ignore[arg-type]


def _seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise BadRequest(f"seed must be a whole number of at least 0, not {seed!r}{place()}")
    return int(seed)


def _components(wanted: Any) -> int | None:
    """How many components are judged one by one before the rest is screened."""
    if wanted is None:
        return None
    if isinstance(wanted, str):
        if wanted != "all":
            raise unknown("choice of components", wanted, ["all"])
        return 2**62
    if isinstance(wanted, bool) or not isinstance(wanted, (int, np.integer)) or wanted < 0:
        raise BadRequest(f"components must be a number of at least 0, or 'all', not {wanted!r}{place()}")
    return int(wanted)


def _require_real(call: Call) -> None:
    for leaf, name in zip(call.leaves, call.names, strict=True):
        if np.iscomplexobj(plain(leaf)):
            raise ArgumentError(
                f"{name} is complex, and differences are taken of real numbers{place()}: check "
                "lambda re, im: f(re + 1j * im) by both its arguments"
            )


def _check_order(order: Any, hessian: Any) -> None:
    if order not in (1, 2) or isinstance(order, bool):
        raise BadRequest(f"order must be 1 (the gradient) or 2 (the Hessian too), not {order!r}{place()}")
    if hessian is not None and order == 1:
        raise BadRequest(f"hessian=... is checked with order=2{place()}")


def _check_switches(strict: Any, progress: Any) -> None:
    if not isinstance(strict, (bool, np.bool_)):
        raise BadRequest(f"strict must be True or False, not {strict!r}{place()}")
    if progress is not None and not isinstance(progress, (bool, np.bool_)):
        raise BadRequest(f"progress must be True, False or None, not {progress!r}{place()}")


def _name(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", "f")
    return name if name.isidentifier() else "f"
