"""The conventions at kinks and edges: `python tests/conventions_report.py > reports/conventions.md`."""

from __future__ import annotations

from typing import Any

import numpy as np
from test_primitives import KINKS

HEAD = """# Conventions at kinks and edges

What a derivative is where there is no single one, or where a formula meets 0/0: symmetric subgradients, ties that share
equally, exactly 0 from what is not chosen, and nan only where the derivative is truly unknown. Forward and reverse mode
hold to every line, at Python floats and arrays, in every nesting. So does the symbolic method where it has a formula,
but for the lines marked `*`: infinite or huge arguments, where its formulas give nan or too much. Differences see what
they see.

JAX, PyTorch and CasADi differentiate the graph by rules of their own. On it they share ties and have 0 at `abs`, `norm`
and `hypot` of 0, as the table says; but what is not chosen (by `where`, an index or a mask) contributes nan where it is
singular, infinite arguments may give nan, equal eigenvalues and singular values do not share, and JAX takes one side on
a knot of `interp`.

The gradient is that at the point of the test; the second derivative is that of the sum of the gradient, by every
element; `-` where there is none worth fixing.

Made by `python tests/conventions_report.py > reports/conventions.md` from `KINKS` in `tests/test_primitives.py`.

| case | gradient | second derivative |
|---|---|---|
"""

# Where the formulas of the symbolic method do not hold.
NOT_SYMBOLIC = {
    "fmax ignores nan",
    "arctan2 infinitely far out",
    "logaddexp of equal infinities",
    "logaddexp of unequal infinities",
    "logaddexp2 of inf and a number",
    "logsumexp of nothing but -inf",
    "logsumexp of inf",
    "logsumexp of huge numbers",
}


def written(x: Any) -> str:
    """Numbers as short as they can be."""
    if x is None:
        return "-"
    return (
        np.array2string(np.asarray(x, float), precision=4, separator=", ").replace("\n", "")
        if np.ndim(x)
        else f"{x:.4g}"
    )


def report() -> str:
    """The whole report as Markdown."""
    rows = [
        f"| {name}{' *' if name in NOT_SYMBOLIC else ''} | {written(gradient)} | {written(second)} |"
        for name, (_, _, gradient, second) in KINKS.items()
    ]
    return HEAD + "\n".join(rows).replace("|x|", "\\|x\\|") + "\n"


if __name__ == "__main__":
    print(report(), end="")
