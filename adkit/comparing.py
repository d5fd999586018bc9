"""ad.compare: the harness run on one function or problem, as a Comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Never

from . import harness
from .calls import Argnums
from .errors import BadRequest, unknown
from .methods import Method
from .problems import Problem, problems
from .records import Derivative
from .report import Comparison


def compare(
    f: Callable[..., Any] | Problem | str,
    *args: Any,
    argnums: Argnums = 0,
    methods: Iterable[str | Method] | str | Method | None = None,
    kwargs: Mapping[str, Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    sizes: Iterable[Any] | None = None,
    derivative: Derivative | None = None,
    timeout: float | None = None,
    seconds: float | None = None,
    budget: float | None = None,
    threads: int | None = None,
    strict: bool = False,
    seed: int = 0,
    **others: Never,
) -> Comparison:
    """Every way to the gradient of f at a point: which are right, and what each costs.

    Each method's gradient is checked before it is timed; a wrong one is never ranked. The reference is the gradient
    derived by hand that a problem brings, else SymPy's derivative evaluated with 50 digits, else a complex step, else
    adaptive differences; two must agree where two can be had, and the `reference` column names them.

    Args:
        f: a function in plain NumPy returning one number; or a problem or its name, which bring their own point.
        *args: the point: f's positional arguments.
        argnums: the position of the argument to differentiate, or a tuple of positions.
        methods: names of methods, or methods; by default all that need nothing beyond adkit itself.
        kwargs: keyword arguments passed through to f.
        gradient: a gradient of f derived by hand: it is compared as the method "manual", and judged like any other.
        sizes: for a problem, the sizes to run, or a text such as "4,8,16" or "n=4..64*2"; by default its own.
        derivative: "gradient", or "jacobian" for an f of any output; by default what the problem asks for.
        timeout: seconds that a method may take until its first gradient; 2 by default.
        seconds: about how long the timing of one problem and size may take; 1 by default.
        budget: about how many seconds everything may take.
        threads: how many threads linear algebra may use.
        strict: whether a reference by which a false gradient would pass counts as an error.
        seed: of the problem's random numbers and of the order of the rounds.
        **others: none; keyword arguments of f are given as kwargs={...}.

    Returns:
        A `Comparison`: `.table` is a DataFrame with one row per method, `.to_markdown()` its rendering.

    Raises:
        BadRequest: an unknown method, problem, size or keyword.
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
    for name in others:
        raise BadRequest(
            f"{unknown('keyword of compare', name, compare.__kwdefaults__ or ())} Keyword arguments of f are given as "
            f"kwargs={{{name!r}: ...}}"
        )
    settings = harness.Settings.of(
        timeout=timeout, seconds=seconds, seed=seed, budget=budget, threads=threads, strict=strict
    )
    chosen = None if methods is None else harness.contenders(_listed(methods))
    sources = _sources(f, args, argnums, kwargs or {}, gradient, sizes, derivative, seed)
    campaign = harness.Campaign([harness.Task(source, chosen) for source in sources], settings)
    rows = [row for _, rows in campaign.run() for row in rows]
    return Comparison(rows, harness.environment(threads), settings=settings.as_dict())


def _listed(methods: Iterable[str | Method] | str | Method) -> Iterable[str | Method]:
    return [methods] if isinstance(methods, (str, Method)) else methods


def _sources(
    f: Callable[..., Any] | Problem | str,
    args: tuple[Any, ...],
    argnums: Argnums,
    kwargs: Mapping[str, Any],
    gradient: Callable[..., Any] | None,
    sizes: Iterable[Any] | None,
    derivative: Derivative | None,
    seed: int,
) -> Sequence[harness.Source]:
    """What is compared: a problem at its sizes, or a function at its arguments."""
    problem = problems[f] if isinstance(f, str) else f
    if isinstance(problem, Problem):
        if args:
            raise BadRequest(f"{problem.name} brings its own point; give its size as sizes=[...] instead of arguments")
        return [
            harness.Asked(one, derivative) if derivative else one for one in harness.Subject.each(problem, sizes, seed)
        ]
    if sizes is not None:
        raise BadRequest("sizes=... goes with a problem; a function is compared at the arguments that are given")
    name = getattr(problem, "__name__", "f")
    name = name if name.isidentifier() else "f"
    return [
        harness.Subject(problem, args, kwargs, argnums, name, gradient=gradient, derivative=derivative or "gradient")
    ]
