"""adkit compare: which methods are right, how fast, and at what cost?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import INTERRUPTED, RIGHT, Argnums, At, Form, Output, app, aside

if TYPE_CHECKING:
    from ..harness import Settings
    from ..loading import Plan
    from .running import Run


@app.command()
def compare(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            help="Problems by name, FILE.py:f for a function of your own, FILE.py for the problems that it declares, "
            "or comparison files, FILE.toml. None: the four problems."
        ),
    ] = None,
    at: At = None,
    argnums: Argnums = None,
    gradient: Annotated[
        str | None, typer.Option("--grad", help="FILE.py:g, a gradient of FILE.py:f derived by hand.")
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help='Methods, separated by commas, e.g. "reverse(compile=True),forward(chunk=1),jax": see `adkit list`. '
            "Default: forward, reverse, symbolic, numerical, and by hand where there is one."
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(help='Sizes of the problems, e.g. 4,8,16 or 100x10,1000x100, or a sweep: "N=100 D=2..1024*2".'),
    ] = None,
    format: Form = None,
    output: Output = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds that a method may take until its first derivative. Default: 2.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="About how long the timing of one problem and size may take. Default: 1.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="About how many seconds everything may take.")] = None,
    memory: Annotated[
        str | None, typer.Option(help="How much memory a method may take, e.g. 2GB. Default: no limit.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="How many threads linear algebra may use.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A look: short timings, short timeouts.")] = False,
    rigorous: Annotated[bool, typer.Option("--rigorous", help="To publish: long timings, long timeouts.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="A reference by which a false gradient would pass is an error.")
    ] = False,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="All in one process: no hard limits, and a crash is the end.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and run nothing.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew even where a killed run has left something behind.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of the random points, and of the order of the rounds.")] = None,
) -> None:
    """Compare the methods: which are right, how fast, at what cost.

    The results of a comparison file are kept beside it, in results/NAME.json; a run that was killed goes on from where
    it was when the same command is given again.

    Exit code: 0 all is right, 1 a wrong gradient, 2 the request makes no sense, 3 a timeout, 4 another outcome than
    expected, 5 nothing ran.
    """
    from .. import harness, loading, writing
    from . import running

    form = writing.format_of(format, output)
    writing.require_folder(output)
    given: dict[str, Any] = {
        "timeout": timeout,
        "seconds": seconds,
        "budget": budget,
        "memory": None if memory is None else harness.bytes_of(memory),
        "threads": threads,
        "seed": seed,
        "strict": strict or None,
        "isolate": not in_process,
    }
    preset = _preset(quick, rigorous)
    with aside():
        chosen = None if methods is None else loading.contenders(methods)
        if any(target.endswith(".toml") for target in targets or []):
            plans = _plans(targets or [], alone=at is argnums is gradient is sizes is None, output=output)
            runs: list[Run] = [running.of_plan(plan, chosen, preset, given) for plan in plans]
        else:
            settings = harness.Settings.of(**(preset | _known(given)))
            tasks = loading.named(
                targets or [], chosen, at=at, argnums=argnums, gradient=gradient, sizes=sizes, seed=settings.seed
            )
            runs = [running.Comparing(tasks, settings, output if form == "json" else None)]
    codes: list[int] = []
    for run in runs:
        codes.append(run.dry() if dry_run else run.finished(form, output, fresh))
        if codes[-1] == INTERRUPTED:
            # Who stops one comparison does not want the next one to begin.
            raise typer.Exit(INTERRUPTED)
    raise typer.Exit(min((code for code in codes if code), default=RIGHT))


def _preset(quick: bool, rigorous: bool) -> dict[str, Any]:
    """The bounds that a word stands for."""
    from .. import harness
    from ..errors import BadRequest

    if quick and rigorous:
        raise BadRequest("--quick and --rigorous contradict each other: give one of them")
    chosen: Settings | None = harness.QUICK if quick else harness.RIGOROUS if rigorous else None
    return {} if chosen is None else {"timeout": chosen.timeout, "seconds": chosen.seconds}


def _known(given: dict[str, Any]) -> dict[str, Any]:
    """What was said."""
    return {name: x for name, x in given.items() if x is not None}


def _plans(targets: Sequence[str], alone: bool, output: Path | None) -> list[Plan]:
    """Comparison files, which leave nothing else to choose."""
    from .. import loading
    from ..errors import BadRequest

    others = [target for target in targets if not target.endswith(".toml")]
    if others or not alone:
        name = next(target for target in targets if target.endswith(".toml"))
        raise BadRequest(f"{name} states a whole comparison: no other target, --at, --argnums, --grad or --sizes")
    if len(targets) > 1 and output is not None:
        raise BadRequest(f"-o takes the results of one comparison, not of {len(targets)}; each keeps its own anyway")
    return [loading.plan(Path(target)) for target in targets]
