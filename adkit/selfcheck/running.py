"""Plant each fault on each problem, and see who catches it; and the same with faults of references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..checking import check_grad
from ..errors import unknown
from ..harness import Contender, Settings, Subject
from ..harness.cell import Cell
from ..harness.reference import References, references_for
from ..harness.wanted import flat
from ..methods import Method, Reverse
from ..problems import problems
from ..records import Row
from ..transforms import Gradient
from .faults import FAULTS, Fault, Nan, OneOff, Sign, Writes, Zeros
from .findings import Finding, SelfCheck
from .sweep import Sweep

# Small problems in which every fault has something to be wrong about: fan-outs, products, matrices, containers.
SIZES = {"bivariate": "", "logistic_map": "6", "logistic_regression": "20x4", "mlp": "3-4-2x5"}
NOTHING = "nothing"
SETTINGS = Settings(timeout=20.0)
Report = Callable[[str], None]


def run(names: Iterable[str] | None = None, report: Report = lambda _: None) -> SelfCheck:
    """Every fault on every problem on which it changes anything.

    Args:
        names: which of the problems of the self-check; by default all, and the faults of references.
        report: told what is being tried.
    """
    chosen = list(SIZES if names is None else names)
    for name in chosen:
        if name not in SIZES:
            raise unknown("problem of the self-check", name, SIZES)
    found: list[Finding] = []
    with np.errstate(all="ignore"):
        for name in chosen:
            found += _planted(Subject.of(problems[name], SIZES[name]), report)
        if names is None:
            report("a sample of components")
            found += _sampled()
            report("references")
            found += _references()
    return SelfCheck(found)


# -- faults of methods -----------------------------------------------------------------------------
def _planted(subject: Subject, report: Report) -> Iterator[Finding]:
    """The sweep as it should be, and each fault in it."""
    references = references_for(subject)
    yield _finding(subject, Sweep(), references, NOTHING, control=True)
    for fault in FAULTS:
        report(f"{subject.problem}: {fault.planted}")
        if _matters(fault, subject):
            yield _finding(subject, fault(), references, fault.planted)


def _sampled() -> Iterator[Finding]:
    """Faults in one of many components, where nothing but differences of a sample can be had."""
    large = Subject.of(problems["mlp"], "160-20-1x30")
    subject = replace(large, f=lambda *args: large.f(*args), joint=None, size=f"{large.size} without a reference")
    references = references_for(subject)
    yield _finding(subject, Sweep(), references, NOTHING, control=True)
    for fault in (OneOff, Nan, Zeros, Sign):
        yield _finding(subject, fault(), references, fault.planted)


def _finding(subject: Subject, method: Sweep, references: References, planted: str, control: bool = False) -> Finding:
    row = _row(subject, method, references)
    seen = _seen(subject, method) if getattr(method, "misleads", control) else None
    return Finding(planted, _where(subject), row.status != "ok", seen, row.note or "right", control)


def _row(subject: Subject, method: Method, references: References, settings: Settings = SETTINGS) -> Row:
    return Cell(subject, Contender("planted", method), settings).check(references)


def _seen(subject: Subject, method: Method) -> bool:
    """Whether `ad.check_grad` calls the gradient wrong."""
    gradient = Gradient(subject.f, subject.argnums, method)
    return not check_grad(
        subject.f, *subject.args, grad=gradient, argnums=subject.argnums, kwargs=subject.kwargs, progress=False
    )


def _matters(fault: type[Fault], subject: Subject) -> bool:
    """Whether a fault has something to be wrong about: a rule, a fan-out, an array that can be written into."""
    call = subject.call()
    if fault.misleads:
        right, wrong = (flat(method.value_and_gradient(call, {})[1]) for method in (Sweep(), fault()))
        return not np.allclose(wrong, right, rtol=1e-6, atol=1e-12 * float(np.max(np.abs(right))))
    return fault is not Writes or any(isinstance(x, np.ndarray) for x in call.leaves)


def _where(subject: Subject) -> str:
    return f"{subject.problem} {subject.size}".strip()


# -- faults of references --------------------------------------------------------------------------
def _references() -> Iterator[Finding]:
    """References that are wrong, that say nothing, or that cannot be had."""
    yield from _wrong_by_hand()
    yield _vacuous()
    for planted, f in (("f is random", _random()), ("f changes its argument", _writing)):
        yield _without(planted, Subject(f, (np.array([0.5, 1.5]),), problem="a function"))
    yield _disagreeing()


def _wrong_by_hand() -> Iterator[Finding]:
    """A problem whose gradient by hand is wrong: it is found out, and the others are not judged by it."""
    right = Subject.of(problems["logistic_regression"], "20x4")
    joint = right.joint
    assert joint is not None

    def wrong(*args: Any) -> Any:
        out, gradient = joint(*args)
        return out, gradient * np.array([1.0, 1.0, 1.01, 1.0])

    subject = replace(right, joint=wrong)
    references = references_for(subject)
    assert subject.manual is not None
    row = _row(subject, subject.manual, references)
    yield Finding("the gradient by hand is 1 % off", _where(subject), row.status == "wrong", None, row.note)
    row = _row(subject, Reverse(), references)
    words = row.note or f"right, judged by {references.name}"
    yield Finding("nothing, beside that gradient", _where(subject), row.status != "ok", None, words, control=True)


def _vacuous() -> Finding:
    """At a minimum every gradient that is zero is right, and so is nothing else that could be told from it."""
    subject = Subject(lambda x: np.sum((x - 1) ** 4), (np.ones(3),), problem="a minimum")
    row = _row(subject, Reverse(), references_for(subject), replace(SETTINGS, strict=True))
    caught = row.status == "error" and "zeros" in row.vacuous
    return Finding("a reference that zeros would satisfy", subject.problem, caught, None, row.note)


def _without(planted: str, subject: Subject) -> Finding:
    row = _row(subject, Reverse(), references_for(subject))
    return Finding(planted, subject.problem, row.status == "error", None, row.note)


def _random() -> Callable[..., Any]:
    random = np.random.default_rng(0)
    return lambda x: np.sum(x**2) + random.normal()


def _writing(x: Any) -> Any:
    x *= 2.0
    return np.sum(x**2)


def _disagreeing() -> Finding:
    """A gradient by hand that is wrong, of an f that can be neither recorded nor followed by differences near by."""

    def f(x: Any) -> Any:
        return np.sum(np.array([float(c) ** 2 for c in x]))

    def joint(x: Any) -> Any:
        return f(x), 2.01 * x

    subject = Subject(f, (np.array([0.5, 1.5]),), problem="a function that cannot be recorded", joint=joint)
    references = references_for(subject)
    assert subject.manual is not None
    row = _row(subject, subject.manual, references)
    return Finding("two references that disagree, and no third", subject.problem, row.status == "error", None, row.note)
