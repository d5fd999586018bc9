"""ad.check_grad: a gradient against differences of f."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import numerical
from ..calls import Argnums, Call
from ..methods import Manual, Method, methods
from ..numerical.adaptive import slopes
from ..records import Component
from ..report import GradientReport


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

    Example:
        >>> import adkit as ad
        >>> bool(ad.check_grad(lambda x: x**2, 3.0, grad=lambda x: 2 * x))
        True
    """
    call = Call(f, argnums, args, kwargs)
    chosen = Manual(grad if callable(grad) else lambda *_, **__: grad) if grad is not None else methods.resolve(method)
    _, claimed = chosen.value_and_gradient(call, {})
    near = numerical.Surroundings(call.scalar, call.leaves)
    judged: list[Component] = []
    for i, place in numerical.components(call.leaves):
        x = float(numerical.component(call.leaves[i], place))
        (found,) = slopes(lambda t, i=i, place=place: near.at((i, place, t)), abs(x))
        a = float(np.asarray(claimed[i])[place])
        apart = abs(a - found.value)
        judged.append(
            Component(
                argument=call.names[i],
                index=place,
                output=None,
                x=x,
                analytic=a,
                numerical=found.value,
                bar=found.error,
                abs_error=apart,
                rel_error=apart / max(abs(a), abs(found.value)) if apart else 0.0,
                step=found.step,
                verdict="AGREE" if apart <= found.error else "WRONG",
            )
        )
    return GradientReport(judged, source="given" if grad is not None else chosen.name, strict=strict)
