"""One program, every method: the values NumPy's own, the derivatives the same, and those that differences see."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

import adkit as ad
from adkit import reverse

from .program import Program
from .statements import WRITING

EXACT = ("forward", "reverse")
SMALL = ad.Symbolic(max_ops=200)


class Disagreement(AssertionError):  # noqa: N818
    """What was found wrong, and the program that shows it."""


class TooRough(Exception):  # noqa: N818
    """Differences cannot tell: a kink nearby, or too much lost in rounding."""


# -- trees of numbers ------------------------------------------------------------------------------
def leaves(tree: Any) -> list[Any]:
    """The arrays and numbers in nested containers."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, (list, tuple)) else [tree]


def mapped(fun: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The tree with fun applied to its leaves, beside those of trees like it."""
    if isinstance(tree, dict):
        return {key: mapped(fun, part, *(o[key] for o in others)) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(mapped(fun, *parts) for parts in zip(tree, *others, strict=True))
    return fun(tree, *others)


def flat(tree: Any) -> Any:
    """All numbers of a tree in one vector."""
    return np.concatenate([np.ravel(np.asarray(leaf, complex)) for leaf in leaves(tree)] or [np.zeros(0)])


def direction(rng: np.random.Generator, x: Any) -> Any:
    """Random numbers of the kind, shape and precision of x."""
    found = rng.uniform(0.5, 1.5, np.shape(x)) * rng.choice([-1.0, 1.0], np.shape(x))
    if np.iscomplexobj(x):
        found = found + 1j * rng.uniform(-1.0, 1.0, np.shape(x))
    found = np.round(found * 64) / 64
    return float(found) if type(x) is float else np.asarray(found, np.asarray(x).dtype)[()]


def paired(u: Any, v: Any) -> tuple[float, float]:
    """The real pairing of two trees, and how large its terms are."""
    terms = np.real(flat(u) * flat(v))
    return float(np.sum(terms)), float(np.sum(np.abs(terms)))


def moved(x: Any, v: Any, t: float) -> Any:
    """x moved by t along v; an array stays where it is in memory."""
    if isinstance(x, np.ndarray):
        x += t * v
        return x
    return x + t * v


def _equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(leaves(one), leaves(other), strict=True))


# -- differences -----------------------------------------------------------------------------------
def slope(fun: Callable[[float], float]) -> tuple[float, float]:
    """The derivative of a function of one number at 0, extrapolated from three steps, and how uncertain it is.

    What is seen at the steps has to explain the value at 0 as well: it does not across a jump, or far from where f is.
    """
    best, uncertainty = 0.0, np.inf
    with np.errstate(all="ignore"):
        for h in (8e-3, 1e-3, 1e-4):
            try:
                ahead, behind = (np.array([fun(sign * s) for s in (h, h / 2, h / 4)]) for sign in (1, -1))
                centre = fun(0.0)
            except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                continue
            found, doubt = _extrapolated((ahead - behind) / (2 * h * np.array([1, 1 / 2, 1 / 4])))
            middle, _ = _extrapolated((ahead + behind) / 2)
            doubt += abs(middle - centre) / h + 1e-15 * abs(centre) / h
            if doubt < uncertainty:
                best, uncertainty = found, doubt
            if uncertainty < 1e-9 * (1 + abs(best)):
                break
    return best, uncertainty


def _extrapolated(halved: Any) -> tuple[float, float]:
    """The limit of what is even in a step that was halved twice, and how much the last improvement was."""
    coarse, middle, fine = (float(x) for x in halved)
    first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    return (16 * second - first) / 15, abs(second - first)


# -- one program -----------------------------------------------------------------------------------
class Comparison:
    """A program at its point, and everything that is asked of it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.f, self.args, self.given = program.compiled(), program.point(), program.point()
        self.narrow = program.is_narrow()
        self.nested = "ad." in program.source()
        # A gradient at a Python number is one, which inside of another derivative counts as double precision.
        self.promotes = self.nested and self.narrow
        self.writes = any(step.row in WRITING for step in program.steps)
        self.epsilon = float(np.finfo(np.float32 if self.narrow else float).eps)
        # Rounding, grown by what a few well-conditioned operations make of it.
        self.tolerance = 1e5 * self.epsilon
        self.everything = tuple(range(len(self.args)))
        rng = np.random.default_rng(7)
        self.tangents = tuple(mapped(lambda x: direction(rng, x), x) for x in self.args)
        self.plain, self.said = self._plainly()
        self.rounded = False
        self.cotangents = mapped(lambda x: direction(rng, x), self.plain)

    def _plainly(self) -> tuple[Any, set[str]]:
        """What NumPy itself returns, and what it warns of."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            out = self.f(*self.program.point())
        return copy.deepcopy(out), {str(w.message) for w in caught}

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Around a call of adkit: it must not raise, warn, or change what it was given."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield
            except (Disagreement, TooRough):
                raise
            except Exception as error:
                raise Disagreement(f"{what}: {type(error).__name__}: {error}") from error
        if extra := {str(w.message) for w in caught} - self.said:
            raise Disagreement(f"{what} warns: {extra}")
        if not _equal(self.given, self.args):
            raise Disagreement(f"{what} changed an argument from {self.given} to {self.args}")

    def scalar(self, *args: Any) -> Any:
        """The outputs paired with the cotangents: one number."""
        pairs = zip(leaves(self.f(*args)), leaves(self.cotangents), strict=True)
        return sum(np.sum(np.real(x * u)) for x, u in pairs)

    # -- what must hold --------------------------------------------------------------------------
    def same_value(self, what: str, found: Any) -> None:
        """NumPy's to the bit, or noted as rounded: sums in another order, of elements that lie otherwise in memory."""
        for x, expected in zip(leaves(found), leaves(self.plain), strict=True):
            a, b = np.asarray(x), np.asarray(expected)
            alike = a.shape == b.shape and (a.dtype == b.dtype or self.promotes)
            if alike and np.array_equal(a, b):
                continue
            # A program that differentiates itself may do so by other operations.
            digits = 1e-4 if self.nested else 64 * self.epsilon
            if not alike or not np.allclose(a, b, rtol=digits, atol=digits * np.max(np.abs(b), initial=0.0)):
                raise Disagreement(f"{what} has the value {x!r}, NumPy {expected!r}")
            self.rounded = True

    def fits(self, what: str, found: Any, like: Any) -> None:
        """Shapes and dtypes of derivatives are those of what they belong to."""
        for d, x in zip(leaves(found), leaves(like), strict=True):
            if np.shape(d) != np.shape(x) or (np.asarray(d).dtype != np.asarray(x).dtype and not self.promotes):
                raise Disagreement(f"{what} is {d!r}, which does not belong to {x!r}")

    def agree(self, what: str, found: Any, expected: Any, tolerance: float | None = None) -> None:
        """Two derivatives are equal to rounding, beside the largest of their numbers."""
        a, b = flat(found), flat(expected)
        scale = 1.0 + max(np.max(np.abs(b), initial=0.0), np.max(np.abs(a), initial=0.0))
        if a.shape != b.shape or not np.all(np.abs(a - b) <= (tolerance or self.tolerance) * scale):
            raise Disagreement(f"{what}: {found!r} against {expected!r}")

    def agrees_with_differences(self, what: str, found: float, size: float, fun: Callable[[float], float]) -> None:
        expected, doubt = slope(fun)
        scale = 1.0 + size + abs(expected)
        if not doubt < 1e-5 * scale:
            raise TooRough
        if not abs(found - expected) <= 30 * doubt + (3e-3 if self.narrow else 1e-7) * scale:
            raise Disagreement(f"{what}: {found!r} where differences see {expected!r} (uncertain by {doubt:.1g})")

    # -- first derivatives -----------------------------------------------------------------------
    def first(self) -> None:
        """Values, forward against reverse, and both against differences of the plain function."""
        with self.asking("jvp"):
            value, pushed = ad.jvp(self.f, self.args, self.tangents)
        self.same_value("jvp", value)
        self.fits("the tangent", pushed, self.plain)
        with self.asking("vjp"):
            value, pullback = ad.vjp(self.f, *self.args)
            pulled = pullback(self.cotangents)
        self.same_value("vjp", value)
        self.fits("the cotangent", pulled, tuple(self.args))
        (left, size_left), (right, size_right) = paired(self.cotangents, pushed), paired(pulled, self.tangents)
        if not abs(left - right) <= self.tolerance * (1 + size_left + size_right):
            raise Disagreement(f"the adjoint identity: {left!r} by jvp, {right!r} by vjp")
        self._gradients(pulled)
        wide = Comparison(self.program.widened()) if self.narrow else self
        with self.asking("differences"):
            self.agrees_with_differences("vjp", right, size_right, wide.along)
        self.pulled = pulled

    def _gradients(self, pulled: Any) -> None:
        # Now and then in passes that do not move all arguments.
        method = ad.Forward(chunk=2) if len(self.program.steps) % 2 else "forward"
        with self.asking(f"grad by {method}"):
            forward = ad.grad(self.scalar, self.everything, method=method)(*self.args)
        self.fits("the forward gradient", forward, tuple(self.args))
        self.agree("grad by forward against vjp", forward, pulled)
        if self.writes:
            # What is written into may be a plain array then, or an argument that f may only read.
            return
        i = len(self.program.steps) % len(self.args)
        for method in EXACT:
            with self.asking(f"grad by {method} of argument {i}"):
                gradient = ad.value_and_grad(self.scalar, i, method=method)
                (value, one), (again, second) = gradient(*self.args), gradient(*self.args)
            self.agree(f"grad by {method} of argument {i} against vjp", one, pulled[i])
            if value != again or not np.array_equal(flat(one), flat(second)):
                raise Disagreement(f"grad by {method} gives {one!r}, and {second!r} when called again")

    def along(self, t: float) -> float:
        """The scalar in plain NumPy at a point moved by t along the tangents."""
        return float(self.scalar(*self.moved(t)))

    def moved(self, t: float) -> list[Any]:
        """The arguments moved by t along the tangents, in arrays of their own."""
        return [
            mapped(lambda x, v: moved(x, v, t), x, v) for x, v in zip(self.program.point(), self.tangents, strict=True)
        ]

    # -- second derivatives ----------------------------------------------------------------------
    def second(self) -> None:
        """The four nestings of forward and reverse, and differences of the gradient."""
        products = {}
        for inner in EXACT:
            gradient = ad.grad(self.scalar, self.everything, method=inner)
            for outer in EXACT:
                with self.asking(f"{outer} over {inner}"):
                    products[outer, inner] = self._product(gradient, outer)
        expected = products["forward", "reverse"]
        for (outer, inner), found in products.items():
            self.agree(f"{outer} over {inner} against forward over reverse", found, expected, 10 * self.tolerance)
        gradient = ad.grad(self.scalar, self.everything)
        found, size = paired(expected, self.tangents)

        def along(t: float) -> float:
            return paired(gradient(*self.moved(t)), self.tangents)[0]

        with self.asking("differences of the gradient"):
            self.agrees_with_differences("the second derivative", found, size, along)
        self._hessian()

    def _product(self, gradient: Callable[..., Any], outer: str) -> Any:
        """The Hessian times the tangents."""
        if outer == "forward":
            return ad.jvp(gradient, self.args, self.tangents)[1]

        def weighted(*args: Any) -> Any:
            pairs = zip(leaves(gradient(*args)), leaves(self.tangents), strict=True)
            return sum(np.sum(g * v) for g, v in pairs)

        return ad.grad(weighted, self.everything)(*self.args)

    def _hessian(self) -> None:
        first, *rest = self.args
        if isinstance(first, (dict, list, tuple)) or self.writes:
            return
        with self.asking("hessian"):
            matrix = ad.hessian(lambda x: self.scalar(x, *rest))(first)
            product = ad.hvp(lambda x: self.scalar(x, *rest), (first,), (self.tangents[0],))[1][0]
        found = np.tensordot(matrix, self.tangents[0], np.ndim(first))
        self.agree("hessian against hvp", found, product, 10 * self.tolerance)

    # -- SymPy -----------------------------------------------------------------------------------
    def symbolic(self) -> None:
        """SymPy's derivative, where it has the rules and the program is small."""
        with self.asking("grad by symbolic"):
            try:
                found = ad.grad(self.scalar, self.everything, method=SMALL)(*self.args)
            except (ad.NoRule, ad.ExpressionTooLarge):
                return
        self.agree("grad by symbolic against vjp", found, self.pulled, 1e-8)

    @property
    def is_real(self) -> bool:
        """Whether all arguments are real and in double precision."""
        return not self.narrow and not any(np.iscomplexobj(x) for x in leaves(self.args))


class Outcome(NamedTuple):
    """What was noticed about a program on which the methods agree."""

    rough: bool = False  # differences cannot tell
    rounded: bool = False  # a value is NumPy's only up to the last digits


def compare(program: Program, second: bool = False, symbolic: bool = False) -> Outcome:
    """Raise Disagreement if any method is wrong on this program."""
    comparison = Comparison(program)
    # Of large arrays the tape keeps only what its rules will read: every other program's arrays count as large.
    largest_kept = reverse.SMALL if len(program.source()) % 2 else -1
    rough = False
    try:
        with mock.patch.object(reverse, "SMALL", largest_kept):
            comparison.first()
            if second and comparison.is_real:
                comparison.second()
            if symbolic and comparison.is_real:
                comparison.symbolic()
    except TooRough:
        rough = True
    return Outcome(rough, comparison.rounded)
