"""Tools that judge a gradient, each in its default configuration, in double precision.

Each gets the same f and the same gradient: a peer that wants to differentiate f itself is told that f is an operation
whose derivative somebody wrote, and that derivative is the gradient in question.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np

from ..records import Trial
from .case import Case
from .planted import NO_DERIVATIVE, Gradient, gradients
from .tool import Counted, Function, Tool, first_line, quiet

Answer = Literal["passed", "failed", "undecided"]
# scipy's check_grad returns a distance and leaves the judgement to the person. Its documentation gives no limit, and
# shows 3e-8 for a right gradient; this is a round number above that.
SCIPY_THRESHOLD = 1e-6


@dataclass(frozen=True)
class Said:
    """What a tool says of a gradient; the words are all that it prints or raises."""

    answer: Answer
    verdict: str
    words: str = ""


def _adkit(f: Function, gradient: Function, x: Any) -> Said:
    from ..checking import check_grad

    report = check_grad(f, x, grad=gradient)
    verdicts = " ".join(report.counts)
    refuted = {"WRONG", "NONFINITE", "NONDETERMINISTIC"} & set(report.counts)
    answer: Answer = "passed" if report else "failed" if refuted else "undecided"
    return Said(answer, verdicts, " ".join([verdicts, *report.findings]))


def _torch(fast: bool) -> Callable[[Function, Function, Any], Said]:
    def run(f: Function, gradient: Function, x: Any) -> Said:
        torch = import_module("torch")
        failure = import_module("torch.autograd.gradcheck").GradcheckError

        class Operation(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, point: Any) -> Any:
                ctx.save_for_backward(point)
                return torch.tensor(float(f(point.detach().numpy().copy())), dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, cotangent: Any) -> Any:
                (point,) = ctx.saved_tensors
                return cotangent * torch.from_numpy(gradient(point.detach().numpy().copy()))

        point = torch.from_numpy(x.copy()).requires_grad_()
        try:
            torch.autograd.gradcheck(Operation.apply, (point,), fast_mode=fast)
        except failure as error:
            return Said("failed", "GradcheckError", str(error))
        return Said("passed", "True")

    return run


def _jax(f: Function, gradient: Function, x: Any) -> Said:
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    with _double_precision(jax):
        operation, judged = _jax_operation()
        judged[:] = [f, gradient]
        try:
            import_module("jax.test_util").check_grads(operation, (jnp.asarray(x),), order=1, modes=["rev"])
        except AssertionError as error:
            return Said("failed", "AssertionError", str(error))
    return Said("passed", "None")


@functools.cache
def _jax_operation() -> tuple[Function, list[Function]]:
    """An operation of JAX, and a place for the f and the gradient that it calls: it is compiled once per shape."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    judged: list[Function] = []
    one = jax.ShapeDtypeStruct((), jnp.float64)

    @jax.custom_vjp
    def operation(point: Any) -> Any:
        return jax.pure_callback(lambda p: np.float64(judged[0](np.array(p))), one, point)

    def backward(point: Any, cotangent: Any) -> Any:
        like = jax.ShapeDtypeStruct(point.shape, jnp.float64)
        return (cotangent * jax.pure_callback(lambda p: judged[1](np.array(p)), like, point),)

    operation.defvjp(lambda point: (operation(point), point), backward)
    return jax.jit(operation), judged


@contextlib.contextmanager
def _double_precision(jax: Any) -> Iterator[None]:
    """JAX in double precision, and as it was before afterwards."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def _autograd(f: Function, gradient: Function, x: Any) -> Said:
    extend = import_module("autograd.extend")
    operation = extend.primitive(lambda point: float(f(point)))
    extend.defvjp(operation, lambda out, point: lambda cotangent: cotangent * gradient(point))
    with _random_state(0):
        try:
            import_module("autograd.test_util").check_grads(operation, modes=["rev"], order=1)(x.copy())
        except AssertionError as error:
            return Said("failed", "AssertionError", str(error))
    return Said("passed", "None")


@contextlib.contextmanager
def _random_state(seed: int) -> Iterator[None]:
    """NumPy's global generator seeded, and as it was before afterwards."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _scipy(f: Function, gradient: Function, x: Any) -> Said:
    distance = float(import_module("scipy.optimize").check_grad(f, gradient, x.copy()))
    return Said("passed" if distance < SCIPY_THRESHOLD else "failed", f"{distance:.1e}")


# Each is run on f, the gradient and x, and returns what it has Said.
CHECKERS = {
    tool.name: tool
    for tool in (
        Tool("adkit check_grad", "", _adkit),
        Tool("torch gradcheck, slow", "torch", _torch(fast=False), note="tolerates 1e-3 relative and 1e-5 absolute"),
        Tool("torch gradcheck, fast", "torch", _torch(fast=True), note="the same, along one random direction"),
        Tool("jax check_grads", "jax", _jax, note='modes=["rev"] and order=1; tolerates 1e-5'),
        Tool(
            "autograd check_grads",
            "autograd",
            _autograd,
            note='modes=["rev"] and order=1, since no more is given; its random direction seeded',
        ),
        Tool("scipy check_grad", "scipy", _scipy, note=f"returns a distance, which passes below {SCIPY_THRESHOLD:g}"),
    )
}


def trials(cases: Iterable[Case], tools: Iterable[Tool]) -> Iterator[Trial]:
    """Each tool on each gradient of each case."""
    tools = list(tools)
    for case in cases:
        for gradient in gradients(case):
            for tool in tools:
                yield trial(tool, case, gradient)


def trial(tool: Tool, case: Case, gradient: Gradient) -> Trial:
    """One tool on one gradient."""
    situation = situation_of(case)
    known: dict[str, Any] = {
        "tool": tool.name,
        "case": case.name,
        "family": case.family,
        "situation": situation,
        "gradient": gradient.name,
        "kind": gradient.kind,
    }
    if not tool.installed:
        return Trial(**known, outcome="not installed")
    f = Counted(case)
    try:
        with quiet():
            said = tool.run(f, gradient, case.x)
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        named = _named(situation, gradient, words)
        return Trial(**known, outcome="raised", named=named, calls=f.calls, note=first_line(words))
    named = _named(situation, gradient, said.words)
    verdict, note = said.verdict, first_line(said.words)
    return Trial(**known, outcome=said.answer, named=named, verdict=verdict, calls=f.calls, note=note)


def situation_of(case: Case) -> str:
    """What f is like at the point: where its components differ, the one that is not smooth."""
    return next((s for s in case.situations if s != "smooth"), "smooth")


# Whatever a tool says that lets a person know what f is like: its own words, or any of these.
WORDS = {
    "kink": r"\bkink|non-?differentiab|not differentiab|one-sided",
    "cusp": r"\bcusp|non-?differentiab|not differentiab|infinite",
    "jump": r"\bjump|discontinu",
    "noisy": r"nois[ey]|scatter|single precision|float32",
    "edge": r"domain|one-sided",
    "infinite": r"domain|\bcusp|infinite",
    "nonfinite": r"non-?finite|\bnan\b|\binf",
}


def _named(situation: str, gradient: Gradient, words: str) -> bool | None:
    """Whether the words name what f is like; where a plainly wrong gradient is called wrong, nothing needs naming."""
    if situation not in WORDS or (gradient.kind == "wrong" and situation not in NO_DERIVATIVE):
        return None
    return re.search(WORDS[situation], words, re.IGNORECASE) is not None
