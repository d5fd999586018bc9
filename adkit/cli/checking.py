"""adkit check: is a gradient right, and if not, where?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import RIGHT, WRONG, Argnums, At, Form, Output, app, aside

if TYPE_CHECKING:
    from ..report import GradientReport
    from ..writing import Format


@app.command()
def check(
    target: Annotated[str, typer.Argument(help="FILE.py:f, the function whose gradient is checked.")],
    at: At = None,
    gradient: Annotated[
        str | None,
        typer.Option("--grad", help="The gradient to check: FILE.py:g, or g in the same file. Default: adkit's own."),
    ] = None,
    argnums: Argnums = None,
    method: Annotated[str, typer.Option(help="Without --grad, the method whose gradient is checked.")] = "reverse",
    order: Annotated[int, typer.Option(help="2: the Hessian too.")] = 1,
    hessian: Annotated[str | None, typer.Option(help="With --order 2, a Hessian of your own: FILE.py:h, or h.")] = None,
    lenient: Annotated[
        bool,
        typer.Option("--lenient", help="Let kinks, domain edges and noise pass that the gradient is in keeping with."),
    ] = False,
    rtol: Annotated[float, typer.Option(help="Also accept a relative difference of this size.")] = 0.0,
    atol: Annotated[float, typer.Option(help="Also accept an absolute difference of this size.")] = 0.0,
    bounds: Annotated[
        str | None, typer.Option(help="LO,HI: f is not evaluated outside; leave one empty for no bound.")
    ] = None,
    components: Annotated[
        str | None, typer.Option(help="How many components to check one by one, or all. Default: all, unless many.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show the components that agree, too.")] = False,
    format: Form = None,
    output: Output = None,
    seed: Annotated[int, typer.Option(help="Of the random directions.")] = 0,
) -> None:
    """Check a gradient: yours (--grad) or adkit's own, against differences of f. Which component is wrong, and why?

    Exit code: 0 when the gradient holds, 1 when it does not, 2 when the request makes no sense.
    """
    from .. import checking, loading, writing
    from ..calls import check_argnums

    form = writing.format_of(format, output)
    writing.require_folder(output)
    with aside():
        subject = loading.subject(target, at, argnums, gradient)
        chosen = check_argnums(subject.argnums)
        with loading.blaming("f" if gradient is None else "f or its gradient"):
            report = checking.check_grad(
                subject.f,
                *subject.args,
                grad=subject.gradient,
                # A Hessian by one argument is written without the tuples that several need.
                argnums=chosen[0] if hessian is not None and len(chosen) == 1 else chosen,
                method=method,
                order=order,
                hessian=None if hessian is None else loading.beside(target, hessian),
                kwargs=subject.kwargs,
                strict=not lenient,
                rtol=rtol,
                atol=atol,
                bounds=None if bounds is None else loading.bounds(bounds),
                seed=seed,
                components=loading.components(components),
            )
    _write_report(report, form, output, everything)


def _write_report(report: GradientReport, format: Format, output: Path | None, everything: bool) -> None:
    """Print or store what a check has found; the exit code says whether the gradient holds."""
    from .. import writing

    if format == "table" and writing.is_watched(output) and not everything:
        writing.show(lambda _: [report], output)
    else:
        text = {
            "table": lambda: report.to_text(everything),
            "markdown": lambda: report.to_markdown(everything),
            "csv": lambda: report.table.to_csv(index=False),
            "json": report.to_json,
        }
        writing.emit(text[format](), output)
    if output is not None:
        typer.echo(f"{report.verdict} ({output})", err=True)
    raise typer.Exit(RIGHT if report else WRONG)
