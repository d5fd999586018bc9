"""A checked gradient as what people want of it: yes or no, a DataFrame, text, Markdown, JSON."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import WrongGradient
from ..records import COMPONENT_COLUMNS, LENIENT, VERDICTS, Component
from . import components as rows
from . import documents

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, ConsoleOptions, RenderableType

SCHEMA = 1
SHOWN = 10


class GradientReport:
    """What `ad.check_grad` found: true where the gradient holds.

    Attributes:
        components: what was judged one by one, worst first: `adkit.records.Component`.
        findings: sentences about the gradient as a whole: a pattern in what is wrong, an f that changes its input.
        checked: how many components were judged one by one.
        screened: how many more are certified by derivatives along random directions.
        sensitivity: an error above this in any component would have been reported; inf where nothing could be said.
        f_calls: evaluations of f.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> report = ad.check_grad(lambda x: x @ x, np.array([1.0, 2.0]), grad=lambda x: 2 * x)
        >>> bool(report), report.counts
        (True, {'AGREE': 2})
        >>> report.table[["argument", "index", "analytic"]].values.tolist()
        [['argument 0', (0,), 2.0], ['argument 0', (1,), 4.0]]
    """

    def __init__(
        self,
        components: Sequence[Component],
        *,
        function: str = "f",
        source: str = "given",
        total: int | None = None,
        screened: int = 0,
        sensitivity: float = math.inf,
        f_calls: int = 0,
        strict: bool = True,
        faults: Sequence[str] = (),
        doubts: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        """Faults fail the check by themselves, doubts do so when it is strict, notes never."""
        self.components = tuple(sorted(components, key=_badness))
        self.function = function
        self.source = source
        self.checked = len(self.components)
        self.screened = screened
        self.total = self.checked + screened if total is None else total
        self.sensitivity = sensitivity
        self.f_calls = f_calls
        self.strict = strict
        self._broken = bool(faults or (strict and doubts))
        self.findings = (*faults, *doubts, *notes)

    def __bool__(self) -> bool:
        return not self._broken and not self.failed

    @property
    def failed(self) -> tuple[Component, ...]:
        """The components that do not pass, worst first."""
        passing = ("AGREE",) if self.strict else LENIENT
        return tuple(c for c in self.components if c.verdict not in passing)

    @property
    def counts(self) -> dict[str, int]:
        """How many components have each verdict that occurs, worst verdict first."""
        found = Counter(c.verdict for c in self.components)
        return {verdict: found[verdict] for verdict in _SEVERITY if found[verdict]}

    @property
    def table(self) -> pd.DataFrame:
        """One flat row per component that was judged by itself, worst first."""
        import pandas as pd

        return pd.DataFrame([_as_dict(c) for c in self.components], columns=list(COMPONENT_COLUMNS))

    def raise_if_failed(self) -> None:
        """Raise `ad.WrongGradient`, whose message is this report's text, unless the gradient holds."""
        if not self:
            raise WrongGradient(self.to_text(), self)

    # -- as text -----------------------------------------------------------------------------------
    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        return rows.sentence(self)

    def to_text(self, all: bool = False, width: int = 110) -> str:
        """For a terminal, without colours: what fails, or with `all` every component that was judged."""
        from rich.console import Console

        out = io.StringIO()
        Console(file=out, width=width, color_system=None, highlight=False, soft_wrap=False).print(
            rows.renderable(self, self._listed(all), width)
        )
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())

    def to_markdown(self, all: bool = False) -> str:
        """The same as Markdown."""
        return rows.markdown(self, self._listed(all))

    def _listed(self, all: bool) -> tuple[tuple[Component, ...], int]:
        """The components to show, and how many more there are to show."""
        chosen = self.components if all else self.failed
        return (chosen, 0) if all else (chosen[:SHOWN], max(0, len(chosen) - SHOWN))

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain Python values; numbers unrounded."""
        return {
            "schema": SCHEMA,
            "function": self.function,
            "holds": bool(self),
            "strict": self.strict,
            "source": self.source,
            "verdict": self.verdict,
            "counts": self.counts,
            "findings": list(self.findings),
            "total": self.total,
            "checked": self.checked,
            "screened": self.screened,
            "sensitivity": self.sensitivity,
            "f_calls": self.f_calls,
            "components": [_as_dict(c) for c in self.components],
        }

    def to_json(self) -> str:
        """`to_dict` as JSON; infinities and nan as strings."""
        return documents.to_json(self.to_dict())

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return self.to_text()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield rows.renderable(self, self._listed(False), options.max_width)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


_SEVERITY = (
    *("WRONG", "NONFINITE", "NONDETERMINISTIC", "JUMP", "CUSP", "KINK", "DOMAIN_EDGE", "NOISY", "UNRESOLVED", "AGREE"),
)
assert set(_SEVERITY) == set(VERDICTS)


def _badness(c: Component) -> tuple[int, float, float]:
    """Worst first: by verdict, among those of one by the relative error, and where that is the same by the absolute."""
    relative, absolute = (x if math.isfinite(x) else 0.0 for x in (c.rel_error, c.abs_error))
    return _SEVERITY.index(c.verdict), -round(relative, 3), -absolute


def _as_dict(c: Component) -> dict[str, Any]:
    return {name: getattr(c, name) for name in COMPONENT_COLUMNS}
