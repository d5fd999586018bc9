"""Gradient checks for people's own tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from .calls import Argnums
from .checking import check_grad
from .errors import AdkitError, WrongGradient
from .methods import Method
from .report import GradientReport

__all__ = ["assert_grad"]


class Tally:
    """How many gradients, and how many of their components, `assert_grad` has checked in this process."""

    def __init__(self) -> None:
        self.gradients = 0
        self.components = 0

    def add(self, report: GradientReport) -> None:
        self.gradients += 1
        self.components += report.total


# Read by the pytest plugin, which prints it at the end of a run.
tally = Tally()


def assert_grad(
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
    components: int | Literal["all"] | None = None,
    progress: bool | None = False,
) -> GradientReport:
    """Fail unless a gradient is right: `ad.check_grad` as an assertion, for tests.

    The options are those of `ad.check_grad`. In pytest, the fixture `assert_grad` is this function, with the options of
    `@pytest.mark.gradient(...)` as its defaults.

    Args:
        f: the function; it takes and returns numbers, and need not be traceable to check a gradient of one's own.
        *args: the point: f's positional arguments.
        grad: the gradient to check, a function of f's arguments or its value here; None for adkit's own by `method`.
        argnums: the position of the argument to differentiate, or a tuple of positions.
        method: where no `grad` is given, the method whose gradient is checked.
        order: 2 for the Hessian as well.
        hessian: a Hessian of one's own for `order=2`.
        kwargs: keyword arguments passed through to f.
        strict: whether only agreement passes, and no kink, domain edge or noise that the gradient is in keeping with.
        rtol, atol: relative and absolute differences that pass besides.
        bounds: where f may be evaluated, as (lower, upper).
        seed: of the random directions.
        components: how many components to check one by one, or "all".
        progress: whether to show a progress bar; in a test, none.

    Returns:
        The `GradientReport`, which is true.

    Raises:
        WrongGradient: an AssertionError with the report as its message and as `.report`.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> report = ad.testing.assert_grad(lambda x: np.sum(x**3), np.array([1.0, 2.0]), grad=lambda x: 3 * x**2)
        >>> report.counts
        {'AGREE': 2}
        >>> ad.testing.assert_grad(lambda x: np.sum(x**3), np.array([1.0, 2.0]), grad=lambda x: 2 * x**2)
        Traceback (most recent call last):
            ...
        adkit.errors.WrongGradient: ...
    """
    # What failed is the caller's line, not one of these.
    __tracebackhide__ = True
    try:
        report = check_grad(
            f,
            *args,
            grad=grad,
            argnums=argnums,
            method=method,
            order=order,
            hessian=hessian,
            kwargs=kwargs,
            strict=strict,
            rtol=rtol,
            atol=atol,
            bounds=bounds,
            seed=seed,
            components=components,
            progress=progress,
        )
    except AdkitError as error:
        # A refusal says what it refuses; where adkit did so is nothing to read.
        raise error.with_traceback(None) from error.__cause__
    tally.add(report)
    if not report:
        raise WrongGradient(report.to_text(), report)
    return report
