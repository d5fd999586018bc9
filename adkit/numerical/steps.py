"""How far to step: the size of the numbers against the rounding of f, on one scale or on two."""

from __future__ import annotations

import functools
import math
from typing import Any, Literal, get_args

import numpy as np

from ..errors import BadRequest, unknown
from ..tracing import plain

Scheme = Literal["central", "forward", "complex", "adaptive"]
SCHEMES: tuple[str, ...] = get_args(Scheme)
ORDERS = (2, 4, 6)
COMPLEX_STEP = 1e-20
DOUBLE = 2.0**-52
# Within this factor of 1 the scales |x| and 1 are taken for one; long steps tell them apart sooner.
ONE_SCALE = {2: 10.0, 4: 2.0, 6: 2.0}


def check(scheme: object, step: object, order: object = 2) -> None:
    """Refuse a scheme, step or order that makes no sense."""
    if scheme not in SCHEMES:
        raise unknown("scheme", scheme, SCHEMES)
    if isinstance(order, bool) or order not in ORDERS:
        raise BadRequest(f"the order of central differences is 2, 4 or 6, not {order!r}")
    if order != 2 and scheme != "central":
        raise BadRequest(f"order={order} is one of central differences; scheme={scheme!r} has no choice of order")
    if step is None:
        return
    if scheme == "adaptive":
        raise BadRequest("scheme='adaptive' finds its steps itself; leave step out, or use scheme='central'")
    if isinstance(step, bool) or not isinstance(step, (int, float, np.number)) or not 0 < step < math.inf:
        raise BadRequest(f"the step of a finite difference must be a positive number, not {step!r}")


def step_size(x: Any, scheme: str, step: float | None = None, out: Any = 0.0, order: int = 2) -> float:
    """The largest step at the number x: `step` where the caller fixed it, else where truncation and rounding balance.

    That is at the root 1/2 of the machine epsilon for one-sided differences, 1/(order + 1) for central ones and 1/4 for
    second differences, relative to |x| where that exceeds 1. The epsilon is that of x or of f's output `out`,
    whichever is less precise. The complex step subtracts nothing and may be tiny.
    """
    if scheme == "complex":
        return COMPLEX_STEP if step is None else step
    return step_sizes(x, scheme, step, out, order)[0]


def step_sizes(x: Any, scheme: str, step: float | None = None, out: Any = 0.0, order: int = 2) -> list[float]:
    """The steps to try at the number x, the longer first: f may vary on the scale |x| or on the scale 1."""
    if step is not None:
        return [step]
    unit = epsilon_of(x, out) ** {"forward": 1 / 2, "central": 1 / (order + 1), "second": 1 / 4}[scheme]
    if scheme == "forward":
        return [unit * scales(x)[0]]
    first, *shorter = [unit * scale for scale in scales(x, order)]
    # Beside a large number a short step may vanish.
    return [first, *(h for h in shorter if moves(x, h))]


def moves(x: Any, h: float) -> bool:
    """Whether a step moves a number at all."""
    return float(type(x)(x + h) - x) != 0


def scales(x: Any, order: int = 2) -> list[float]:
    """The sizes on which f may vary at the number x, the larger first."""
    size = float(np.abs(x))
    if size == 0 or not size < math.inf:
        return [1.0]
    if 1 / ONE_SCALE[order] <= size <= ONE_SCALE[order]:
        return [max(1.0, size)]
    return [max(1.0, size), min(1.0, size)]


def epsilon_of(*numbers: Any) -> float:
    """The machine epsilon of the least precise of some numbers' dtypes; 0 of none, and of whole numbers."""
    return max(map(_epsilon, numbers), default=0.0)


def _epsilon(x: Any) -> float:
    """The machine epsilon of a number's dtype; whole numbers are exact."""
    value = plain(x)
    if type(value) in (float, np.float64):
        return DOUBLE
    return _of_dtype(value.dtype if isinstance(value, (np.ndarray, np.generic)) else np.asarray(value).dtype)


@functools.cache
def _of_dtype(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0
