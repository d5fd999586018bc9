"""One method on one subject: prepared, called, judged, counted; and its row as far as it is known."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..calls import Call, size_of
from ..errors import CompileWarning, ExpressionTooLarge
from ..methods import Manual, Numerical
from ..records import Row
from ..transforms import JacobianFunction, ValueAndGradient
from . import judging
from .answers import Answer, FaultyError, Given, answered, asked
from .contenders import Contender, blank
from .counting import OutOfTimeError, Watched, counts, peak_bytes
from .memory import held, resident_peak
from .precision import LOOSEST, epsilon, rounding
from .reference import BY_HAND, DIFFERENCES, Reference, References
from .settings import Settings
from .subjects import Subject
from .timing import once
from .wanted import Kept, Vector, Wanted, largest
from .witnesses import by_hand

# At the second point f may amplify roundings so many times more than at the first.
ELSEWHERE = 10
# Derivatives of the same steps are so many roundings apart at most, however many steps there are.
SAME_STEPS = 1000
AS_COMPUTED = "the derivative is that of the numbers that f comes to in floating point, as by hand"
# What is kept from the first point is off by so much at the second, relative to the largest component.
STALE = 1e-6
# Somebody else's code may be so many times slower on numbers that count.
COUNTING = 30
# So many calls of a method, at most, it takes to weigh what it holds.
WEIGHING = 10


class Cell:
    """One method on one subject, and its row as far as it is known."""

    def __init__(
        self, subject: Subject, contender: Contender, settings: Settings, stage: Callable[[str], None] = lambda _: None
    ) -> None:
        self.first: Answer | None = None
        self.stage = stage
        self.subject = subject
        self.call = subject.call()
        method = contender.method
        self.method = subject.manual if method == Manual() and subject.manual else method
        self.settings = settings
        self.watched = Watched(subject.f)
        self.transform = self._made(self.watched)
        self.row = replace(blank(subject, contender), inputs=size_of(self.call.leaves))

    def _made(self, f: Callable[..., Any]) -> JacobianFunction | ValueAndGradient:
        """The derivative of f by the method, with nothing prepared."""
        made = JacobianFunction if self.subject.derivative == "jacobian" else ValueAndGradient
        return made(f, self.subject.argnums, self.method)

    def __call__(self) -> Any:
        return self.transform(*self.subject.args, **self.subject.kwargs)

    def timed(self) -> Callable[[], Any]:
        """What is timed: the transform, or somebody else's code without adkit round it."""
        bare = self.method.bare(self.call, self.transform.cache, self.subject.derivative)
        # What looks for arguments with every call would be timed with it.
        return bare or partial(self.transform, *self.subject.args, **self.subject.kwargs)

    def check(self, references: References) -> Row:
        """Prepare, call, count, and judge the derivative; anything that goes wrong is a row, not the end."""
        self.row = replace(
            self.row,
            reference=references.name,
            inputs_hash=references.inputs_hash,
            outputs=references.value.size,
            condition=self._condition(references),
        )
        if (missing := self.method.missing()) is not None:
            return self._ends("not installed", missing)
        if (reason := self.method.skips(self.call, self.subject.derivative)) is not None:
            return self._ends("skipped", reason)
        if references.trouble:
            return self._ends("error", f"nothing to judge by: {references.trouble}")
        self.watched.stop_after(self.settings.timeout)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CompileWarning)  # that, and why, stands in the note
                self._checked(references)
        except OutOfTimeError:
            return self._ends("timeout", self._out_of_time())
        except ExpressionTooLarge as error:
            return self._ends("too large", str(error))
        except MemoryError as error:
            return self._ends("too large", f"out of memory{': ' if str(error) else ''}{error}")
        except FaultyError as error:
            return self._ends("wrong", str(error))
        except Exception as error:
            return self._ends("error", f"{type(error).__name__}: {error}")
        return self.row

    def _checked(self, references: References) -> None:
        with np.errstate(all="ignore"):  # what a method makes of overflows and poles is judged by its result
            answer = self._first_calls()
            self._judge(answer, references)
            if self._has_time(4):
                self._judge_elsewhere(answer, references)
        # From here on nobody watches: counting the calls of f would be timed with them, and time is up to us.
        self.transform = self._made(self.subject.f)
        self._prepare()
        self._count()

    # -- calls ---------------------------------------------------------------------------------------
    def _first_calls(self) -> Answer:
        """The first call is timed as it is; the second, on everything prepared, is counted and must repeat it."""
        self.stage("first")
        kept = Kept(self.subject.args, self.subject.kwargs)
        _, prepare_s = once(self._prepare)
        given, first_s = once(self._ask)
        self._require_unchanged(kept)
        self.stage("afterwards")
        self.row = replace(self.row, prepare_s=prepare_s, first_s=first_s)
        answer = self.first = answered(given)
        # The time was for the first derivative. What took half of it once would run out of it the second time.
        self.watched.stop_after(float("inf"))
        self.watched.calls = 0
        calls = self.method.passes(self.call)
        if self._has_time(2):
            again = self._answer()
            self._require_unchanged(kept)
            calls = self.watched.calls
            self._require_same(answer, again, "a second call gave another derivative")
        self.row = replace(self.row, f_calls=calls)
        return answer

    def _prepare(self) -> None:
        """What the method does once for arguments of this kind."""
        self.transform.prepare(*self.subject.args, **self.subject.kwargs)

    def still(self) -> str:
        """What is wrong with the method after it has been called again and again; nothing, if it answers as before."""
        try:
            with np.errstate(all="ignore"):
                answer = self._answer()
            if self.first is not None:
                self._require_same(self.first, answer, "after many calls it gives another derivative")
        except FaultyError as fault:
            return str(fault)
        except Exception as error:
            return f"after many calls it raises {type(error).__name__}: {error}"
        return ""

    def _has_time(self, calls: int, preparing: int = 0) -> bool:
        needed = calls * (self.row.first_s or 0.0) + preparing * (self.row.prepare_s or 0.0)
        return needed < self.settings.timeout

    def _answer(self, leaves: list[Any] | None = None) -> Answer:
        """One call of the method in vectors, at its own point or another."""
        return answered(self._ask(leaves))

    def _ask(self, leaves: list[Any] | None = None) -> Given:
        """One call of the method."""
        call = self.transform.call(*self.subject.args, **self.subject.kwargs)
        return asked(self.method, call if leaves is None else call.moved(leaves), self.transform.cache, self.row)

    def _require_unchanged(self, kept: Kept) -> None:
        """Nothing that a method is given may change."""
        if kept.changed():
            raise FaultyError("the method, or f when it is called by it, changes its arguments")

    def _require_same(self, answer: Answer, again: Answer, complaint: str) -> None:
        """Equal but for what rounding may do: threads add as they come."""
        for one, other in ((answer.derivative, again.derivative), (answer.value, again.value)):
            few = rounding(self.call) * (self.row.condition or 1.0) * largest(one)
            if one.shape != other.shape or not np.allclose(one, other, rtol=0.0, atol=few, equal_nan=True):
                raise FaultyError(complaint)

    # -- judging -------------------------------------------------------------------------------------
    def _condition(self, references: References) -> float:
        return max(self.subject.condition, references.condition)

    def _judge(self, answer: Answer, references: References) -> None:
        """Compare with the reference, and say what a wrong derivative would have had to be like to be found out."""
        reference, condition = references.first, self._condition(references)
        allowed = judging.tolerance(self.method, reference, self.call, condition)
        found = judging.errors(answer.derivative, reference, epsilon(self.call))
        amplified = f"f amplifies rounding errors {condition:.0e} times here"
        lost = found.relative > min(allowed, LOOSEST) and allowed > LOOSEST
        same = self._by_hand_as_computed(answer) if lost else None
        if same is not None:
            lost, reference, allowed = False, same, SAME_STEPS * rounding(self.call)
            found = judging.errors(answer.derivative, reference, epsilon(self.call))
            self.row = replace(self.row.noted(f"{amplified}: {AS_COMPUTED}"), reference=reference.name)
        self.row = replace(
            self.row,
            value=float(answer.value[0]) if self.row.derivative == "gradient" and answer.value.size else None,
            max_abs_error=found.absolute,
            max_rel_error=found.relative,
            norm_rel_error=found.norm,
            max_ulps=found.ulps,
            tolerance=allowed,
            vacuous=judging.vacuous(reference, allowed),
            blind=judging.blind(reference, allowed),
            is_reference=self._is(reference),
        )
        self._require_value(answer, references.value, condition)
        if lost:
            self._ends("skipped", f"cannot be checked: relative error {found.relative:.1e}, but {amplified}")
            return
        self._require_right(answer.derivative, reference, allowed, self.call)
        if same is None and condition > 1 and found.relative > rounding(self.call) and self.method.exact:
            self._ends("ok", f"{amplified}, so that a right method may be {allowed:.0e} off")
        if self.row.vacuous and self.settings.strict:
            self._ends_vacuous(references)

    def _by_hand_as_computed(self, answer: Answer) -> Reference | None:
        """The derivative by hand, where the method's agrees with it in numbers that rounding has taken elsewhere.

        What f computes is then not what its formula says. Both derivatives run through the same numbers, and are
        right, or not, about those.
        """
        if not self.method.exact:
            return None
        found = by_hand(self.subject, Wanted(self.subject.call(), self.row.derivative))
        if found is None:
            return None
        off = judging.errors(answer.derivative, found).relative
        return found if off <= SAME_STEPS * rounding(self.call) else None

    def _require_value(self, answer: Answer, wanted: Vector, condition: float) -> None:
        allowed = min(rounding(self.call) * condition, LOOSEST) * np.maximum(np.abs(wanted), 1.0)
        if answer.value.shape != wanted.shape:
            raise FaultyError(f"the method says that f has {answer.value.size} outputs, not {wanted.size}")
        off = ~(np.abs(answer.value - wanted) <= allowed)
        if off.any():
            k = int(np.argmax(off))
            raise FaultyError(f"the value of f came out as {answer.value[k]:.6g}, not {wanted[k]:.6g}")

    def _require_right(self, derivative: Vector, reference: Reference, allowed: float, call: Call) -> None:
        found = judging.errors(derivative, reference)
        if not found.relative <= min(allowed, LOOSEST):
            detail = judging.worst(derivative, reference, call, allowed)
            raise FaultyError(f"relative error {found.relative:.1e}, allowed {allowed:.1e}; {detail}")
        if contradiction := judging.off_course(derivative, reference, call, allowed):
            raise FaultyError(contradiction)

    def _is(self, reference: Reference) -> bool:
        """Whether the method is the very one that the reference comes from."""
        if reference.name == BY_HAND[self.row.derivative]:
            return isinstance(self.method, Manual) and self.subject.gradient is None
        return self.method == Numerical(scheme="adaptive") and reference.name.startswith(DIFFERENCES)

    def _ends_vacuous(self, references: References) -> None:
        scale = judging.scale_of(references.first)
        why = "the true derivative is 0" if scale == 0 else f"the tolerance is {self.row.tolerance:.0e}"
        note = f"this check says little, since {why}: {self.row.vacuous} would pass too"
        self._ends("error", note)

    # -- another point, and back -------------------------------------------------------------------
    def _judge_elsewhere(self, answer: Answer, references: References) -> None:
        """What a method keeps from call to call must not depend on the numbers of the first."""
        there = references.elsewhere
        if there is None or self.row.status != "ok":
            return
        found = self._answer(leaves=there.leaves)
        condition = ELSEWHERE * there.condition
        call = self.call.moved(there.leaves)
        # What is stale is off by much more than what is only badly conditioned there.
        allowed = max(judging.tolerance(self.method, there.reference, call, condition), STALE)
        if allowed <= LOOSEST and self.method.exact:
            try:
                self._require_value(found, there.value, condition)
                self._require_right(found.derivative, there.reference, allowed, call)
            except FaultyError as error:
                raise FaultyError(f"right at the first point, wrong at a second one: {error}") from None
        self._require_same(answer, self._answer(), "after a call at another point the first gave another derivative")

    # -- counting ------------------------------------------------------------------------------------
    def _count(self) -> None:
        """What repeats exactly, and the peak of memory in a pass of its own."""
        found = counts(
            self.method, self.call, self.transform.cache, self.row.derivative, patient=self._has_time(COUNTING)
        )
        self.row = replace(self.row, **found)
        if remark := self.method.remark(self.call, self.transform.cache, self.row.derivative):
            self.row = self.row.noted(remark)
        # Tracing memory slows a call several times.
        if self._has_time(4):
            self.row = replace(self.row, peak_bytes=peak_bytes(self))
        # In a process that is not the cell's own, memory comes and goes for other reasons too.
        if self.settings.isolate and self._has_time(WEIGHING, preparing=1):
            self._weigh()

    def _weigh(self) -> None:
        """What the process holds during a call, and from call to call so that the next one is quick."""
        self()
        self.row = replace(self.row, resident_bytes=resident_peak(self.timed()), kept_bytes=self._kept())

    def _kept(self) -> int | None:
        """How much less is held without what the method has prepared, which is prepared again."""
        if not self.transform.cache:
            return None if held() is None else 0
        before = held()
        self.transform = self._made(self.subject.f)
        after = held()
        self._prepare()
        self()
        return None if before is None or after is None else max(before - after, 0)

    def _out_of_time(self) -> str:
        needed, made = self.method.passes(self.call), self.watched.calls
        if made > needed:
            return f"stopped at {self.settings.timeout:g} s, when it had run f {made:,} times and was still preparing"
        runs = f"{needed:,} run{'s' * (needed != 1)} of f"
        return f"needs {runs}; stopped after {made:,} at {self.settings.timeout:g} s"

    def _ends(self, status: Any, note: str) -> Row:
        self.row = self.row.noted(note, status=status)
        return self.row
