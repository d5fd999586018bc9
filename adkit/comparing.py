"""ad.compare: the harness run on one function or problem, as a Comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import harness
from .calls import Argnums
from .errors import BadRequest
from .methods import Method
from .problems import Problem, problems
from .records import Row
from .report import Comparison


def compare(
    f: Callable[..., Any] | Problem | str,
    *args: Any,
    argnums: Argnums = 0,
    methods: Iterable[str | Method] | str | Method | None = None,
    kwargs: Mapping[str, Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    sizes: Iterable[Any] | None = None,
    timeout: float | None = None,
    seconds: float | None = None,
    seed: int = 0,
) -> Comparison:
    """Every way to the gradient of f at a point: which are right, and what each costs.

    Each method's gradient is checked before it is timed; a wrong one is never ranked. The reference is the gradient
    derived by hand where there is one, else SymPy's derivative evaluated with 50 digits, else adaptive differences; the
    `reference` column names it.

    Args:
        f: a function in plain NumPy returning one number; or a problem or its name, which bring their own point.
        *args: the point: f's positional arguments.
        argnums: the position of the argument to differentiate, or a tuple of positions.
        methods: names of methods, or methods; by default all that need nothing beyond adkit itself.
        kwargs: keyword arguments passed through to f.
        gradient: a gradient of f derived by hand: it serves as the reference and as the method "manual".
        sizes: for a problem, the sizes to run; by default its own.
        timeout: seconds that a method may take until its first gradient; 2 by default.
        seconds: about how long the timing of one problem and size may take; 1 by default.
        seed: of the problem's random numbers and of the order of the rounds.

    Returns:
        A `Comparison`: `.table` is a DataFrame with one row per method, `.to_markdown()` its rendering.

    Raises:
        BadRequest: an unknown method, problem or size.
        AdkitError: f cannot be differentiated at all (it returns no number, ...).

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> def f(x1, x2):
        ...     return x1 * x2 + np.sin(x1)
        >>> comparison = ad.compare(f, 2.0, 5.0, argnums=(0, 1), seconds=0.1)
        >>> comparison.table.status.tolist()
        ['ok', 'ok', 'ok', 'ok']
    """
    settings = harness.Settings.of(timeout=timeout, seconds=seconds, seed=seed)
    chosen = chosen_methods(methods)
    rows: list[Row] = []
    for subject in _subjects(f, args, argnums, kwargs or {}, gradient, sizes, seed):
        rows += harness.run(subject, chosen, settings)
    return Comparison(rows, harness.environment())


def chosen_methods(methods: Iterable[str | Method] | str | Method | None) -> dict[str, Method] | None:
    """Methods by the names of their rows; None for the default."""
    if methods is None:
        return None
    return harness.named([methods] if isinstance(methods, (str, Method)) else methods)


def _subjects(
    f: Callable[..., Any] | Problem | str,
    args: tuple[Any, ...],
    argnums: Argnums,
    kwargs: Mapping[str, Any],
    gradient: Callable[..., Any] | None,
    sizes: Iterable[Any] | None,
    seed: int,
) -> list[harness.Subject]:
    problem = problems[f] if isinstance(f, str) else f
    if isinstance(problem, Problem):
        if args:
            raise BadRequest(f"{problem.name} brings its own point; give its size as sizes=[...] instead of arguments")
        return harness.Subject.each(problem, sizes, seed)
    if sizes is not None:
        raise BadRequest("sizes=... goes with a problem; a function is compared at the arguments that are given")
    name = getattr(problem, "__name__", "f")
    return [harness.Subject(problem, args, kwargs, argnums, name if name.isidentifier() else "f", gradient=gradient)]
