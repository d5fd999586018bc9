"""One method on one subject: prepared, called, judged, counted; and its row as far as it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..calls import size_of
from ..errors import ExpressionTooLarge
from ..methods import Manual, Method
from ..records import Row
from ..tracing import plain
from ..transforms import ValueAndGradient
from .counting import OutOfTimeError, Watched, counts, peak_bytes
from .judging import errors, tolerance, worst
from .precision import LOOSEST
from .reference import Reference, flat
from .settings import Settings
from .subjects import Subject
from .timing import once


class Cell:
    """One method on one subject, and its row as far as it is known."""

    def __init__(self, subject: Subject, name: str, method: Method, settings: Settings) -> None:
        self.subject = subject
        self.call = subject.call()
        self.method = subject.manual if method == Manual() and subject.manual else method
        self.settings = settings
        self.row = Row(subject.problem, subject.size, name, "ok", point=subject.point)
        self.watched = Watched(subject.f)
        self.transform = ValueAndGradient(self.watched, subject.argnums, self.method)

    def __call__(self) -> Any:
        return self.transform(*self.subject.args, **self.subject.kwargs)

    def timed(self) -> Callable[[], Any]:
        """What is timed: the transform, or somebody else's code without adkit round it."""
        return self.method.bare(self.call, self.transform.cache) or self

    def check(self, reference: Reference, value: float) -> Cell:
        """Prepare, call, count, and judge the gradient; anything that goes wrong is a row, not the end."""
        self.row = replace(self.row, reference=reference.name, inputs=size_of(self.call.leaves))
        if (missing := self.method.missing()) is not None:
            return self._ends("not installed", missing)
        self.watched.stop_after(self.settings.timeout)
        try:
            self._first_calls(reference, value)
            # From here on nobody watches: counting the calls of f would be timed with them, and time is up to us.
            self.transform.f = self.subject.f
            self.watched.stop_after(float("inf"))
            self._count()
        except OutOfTimeError:
            return self._ends("timeout", self._out_of_time())
        except ExpressionTooLarge as error:
            return self._ends("too large", str(error))
        except Exception as error:
            return self._ends("error", f"{type(error).__name__}: {error}")
        return self

    def _first_calls(self, reference: Reference, value: float) -> None:
        """The first call is timed as it is; the second, on everything prepared, is counted and must repeat it."""
        _, prepare_s = once(lambda: self.transform.prepare(*self.subject.args, **self.subject.kwargs))
        (out, gradient), first_s = once(self)
        self.watched.calls = 0
        # What took half of its time once would run out of it the second time.
        twice = 2 * first_s < self.settings.timeout
        again = self()[1] if twice else gradient
        calls = self.watched.calls if twice else self.method.passes(self.call)
        self.row = replace(self.row, prepare_s=prepare_s, first_s=first_s, f_calls=calls)
        self._judge(float(plain(out)), flat([gradient]), reference, value)
        if not np.array_equal(flat([gradient]), flat([again]), equal_nan=True):
            self._ends("wrong", "a second call gave another gradient")

    def _judge(self, out: float, gradient: Any, reference: Reference, value: float) -> None:
        """Compare with the reference."""
        allowed = tolerance(self.method, reference, self.call, self.subject.condition)
        absolute, relative = errors(gradient, reference)
        self.row = replace(self.row, value=out, max_abs_error=absolute, max_rel_error=relative, tolerance=allowed)
        same_value = abs(out - value) <= allowed * max(abs(value), 1.0)
        if relative <= min(allowed, LOOSEST) and same_value:
            self.row = replace(self.row, is_reference=self.method == reference.method)
            return
        if allowed > LOOSEST:
            amplified = f"f amplifies errors {self.subject.condition:.0e} times here"
            self._ends("skipped", f"cannot be checked: relative error {relative:.1e}, but {amplified}")
        elif not same_value:
            self._ends("wrong", f"the value of f came out as {out:.6g}, not {value:.6g}")
        else:
            where = worst(gradient, reference, self.call, allowed)
            self._ends("wrong", f"relative error {relative:.1e}, allowed {allowed:.1e}; {where}")

    def _count(self) -> None:
        """What repeats exactly, and the peak of memory in a pass of its own."""
        self.row = replace(self.row, **counts(self.method, self.call, self.transform.cache, self.subject.derivative))
        # Tracing memory slows a call several times.
        if (self.row.first_s or 0.0) < self.settings.timeout / 4:
            self.row = replace(self.row, peak_bytes=peak_bytes(self))

    def _out_of_time(self) -> str:
        needed = self.method.passes(self.call)
        runs = f"{needed:,} run{'s' * (needed != 1)} of f"
        return f"needs {runs}; stopped after {self.watched.calls:,} at {self.settings.timeout:g} s"

    def _ends(self, status: Any, note: str) -> Cell:
        self.row = replace(self.row, status=status, note=note)
        return self
