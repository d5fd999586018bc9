"""What a problem is, and their registry: f, its points and the hand-derived gradient travel together."""

from __future__ import annotations

import inspect
import math
import zlib
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Required, TypedDict, TypeVar, Unpack, overload

import numpy as np

from .. import plugins
from ..errors import AdkitError, BadRequest, place_of, unknown

F = TypeVar("F", bound=Callable[..., Any])

SizeValue = int | float | tuple[int, ...]
Size = tuple[SizeValue, ...]
# Of so many numbers an array has terabytes.
_MOST = 10**12
_LONGEST = 40
# Outcomes by method, or how they follow from a size.
Expectation = Mapping[str, str] | Callable[..., Mapping[str, str]]


def _well_conditioned(*_: SizeValue) -> float:
    return 1.0


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A function to differentiate, with everything needed to check and time its gradient.

    A size is the tuple of values of `point`'s parameters, in order. Its label joins them by "x", a tuple of
    whole numbers by "-": `(100, 10)` is "100x10", `((2, 4, 1), 4)` is "2-4-1x4".

    Args:
        f: the function, in plain NumPy.
        point: `point(<size parameters, each with a default>, *, rng)` returns the tuple of all arguments of
            f. It takes `rng`, a `numpy.random.Generator`, only if it needs one.
        gradient: the hand-derived gradient. It takes the arguments of f and returns what those in `argnums`
            look like: a number, an array, a list of tuples of arrays, ...
        value_and_gradient: the same, written jointly with f so that they share work. Where only one of the
            two is given, the other follows from it; where neither is, both stay None.
        argnums: the argument, or tuple of arguments, to differentiate.
        sizes: the sizes run by default: tuples, labels or single values. By default, the defaults of `point`.
        name: the problem's name; by default the name of f.
        title: one line of plain mathematics; by default the first line of f's docstring.
        source: where the problem comes from.
        condition: `condition(*size)`, how far rounding errors of an exact method may be amplified.
        default: whether `adkit compare` runs the problem when none is named.
        derivative: "gradient" of an f that returns one number, or "jacobian"; by default the one derived by hand.
        jacobian: the Jacobian derived by hand, for an f that returns an array: of the arguments of f, in the shape of
            its output followed by that of the argument in `argnums`.
        expect: outcomes other than "ok" that are known beforehand: `expect(*size)` returns, by method, one of
            "wrong", "too large", "timeout", "error" or "not installed", or several, as in "timeout or ok". Methods
            may be patterns, as in "forward*". A mapping serves for all sizes.

    Raises:
        BadRequest: no name, a size parameter without a usable default, or a size, an outcome or a derivative that
            makes no sense.

    Example:
        >>> import adkit as ad
        >>> mlp = ad.problems["mlp"]
        >>> mlp.parameters, [mlp.label(size) for size in mlp.sizes]
        (('layers', 'batch'), ['2-4-1x4', '16384-4-1x4'])
        >>> mlp.size("3-5-2")
        ((3, 5, 2), 4)
        >>> params, X, y = mlp.arguments("3-5-2x10")
        >>> X.shape, y.shape
        ((10, 3), (10, 2))
    """

    f: Callable[..., Any]
    point: Callable[..., tuple[Any, ...]]
    gradient: Callable[..., Any] | None = None
    value_and_gradient: Callable[..., tuple[Any, Any]] | None = None
    argnums: int | tuple[int, ...] = 0
    sizes: tuple[Size, ...] = ()
    name: str = ""
    title: str = ""
    source: str = ""
    condition: Callable[..., float] = _well_conditioned
    default: bool = False
    derivative: str = ""
    jacobian: Callable[..., Any] | None = None
    expect: Expectation | None = None

    def __post_init__(self) -> None:
        # Frozen for everyone else: what was left out is filled in here, once.
        fill = partial(object.__setattr__, self)
        fill("name", self.name or _name_of(self.f))
        fill("title", self.title or (inspect.getdoc(self.f) or "").partition("\n")[0])
        fill("sizes", tuple(self.size(size) for size in self.sizes) or (self.size(()),))
        fill("derivative", self.derivative or ("gradient" if self.jacobian is None else "jacobian"))
        if self.derivative not in ("gradient", "jacobian"):
            raise BadRequest(f"the derivative of {self.name} must be 'gradient' or 'jacobian', not {self.derivative!r}")
        if not callable(self.expect):
            self.expected()
        if self.value_and_gradient is None and self.gradient is not None:
            fill("value_and_gradient", _joined(self.f, self.gradient))
        if self.gradient is None and self.value_and_gradient is not None:
            fill("gradient", _second(self.value_and_gradient))

    def __repr__(self) -> str:
        return f"<problem {self.name}: {self.title}>"

    @cached_property
    def _defaults(self) -> dict[str, SizeValue]:
        return _size_defaults(self.point)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the size parameters."""
        return tuple(self._defaults)

    def size(self, size: Size | SizeValue | str) -> Size:
        """The complete size for a label, a tuple or a single value; missing last values take the defaults.

        Raises:
            BadRequest: too many values, or one that is zero, negative, of the wrong type or not a number.

        Example:
            >>> import adkit as ad
            >>> ad.problems["logistic_regression"].size("1000")
            (1000, 10)
        """
        defaults = tuple(self._defaults.values())
        text = size if isinstance(size, str) else _joined_label(size)
        pieces = text.split("x") if text else []
        try:
            pairs = zip(pieces, defaults[: len(pieces)], strict=True)
            values = tuple(_parse(piece, like, self.name) for piece, like in pairs)
        except BadRequest:
            raise
        except ValueError:
            got = repr(size) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}..."
            raise BadRequest(f"{self._expected_size()}; got {got}") from None
        return values + defaults[len(values) :]

    def _expected_size(self) -> str:
        if not self._defaults:
            return f"{self.name} has no sizes"
        pattern = "x".join(name.upper() for name in self.parameters)
        return f"sizes of {self.name} are {pattern}, as in {_joined_label(tuple(self._defaults.values()))}"

    def label(self, size: Size | SizeValue | str) -> str:
        """The text that `size` reads back as the same size; empty for a problem without sizes."""
        return _joined_label(self.size(size))

    def arguments(self, size: Size | SizeValue | str = (), seed: int = 0) -> tuple[Any, ...]:
        """All arguments of f at the point of this size, freshly made.

        Random numbers depend on the problem's name, the size and the seed, and on nothing that ran before.

        Example:
            >>> import adkit as ad
            >>> ad.problems["bivariate"].arguments()
            (2.0, 5.0)
        """
        size = self.size(size)
        try:
            arguments = self._point(size, seed)
        except AdkitError:
            raise
        except (MemoryError, ValueError, OverflowError) as error:
            at = f" at size {self.label(size)}" if size else ""
            raise BadRequest(f"the point of {self.name}{at} cannot be made: {error}{place_of(error)}") from error
        if not isinstance(arguments, tuple):
            raise BadRequest(f"point of {self.name} must return the tuple of all arguments of f; got {arguments!r}")
        return arguments

    def _point(self, size: Size, seed: int) -> Any:
        """What `point` returns."""
        if "rng" not in inspect.signature(self.point).parameters:
            return self.point(*size)
        key = zlib.crc32(f"{self.name} {self.label(size)}".encode())
        return self.point(*size, rng=np.random.default_rng([key, seed]))

    def numbers(self, size: Size | SizeValue | str = ()) -> dict[str, float]:
        """The numbers that a size stands for, by name: what a sweep is drawn over. A chain counts its links.

        Example:
            >>> import adkit as ad
            >>> ad.problems["mlp"].numbers("2-4-4-1x10")
            {'layers': 4, 'batch': 10}
        """
        named = zip(self.parameters, self.size(size), strict=True)
        return {name: len(x) if isinstance(x, tuple) else x for name, x in named}

    def expected(self, size: Size | SizeValue | str = ()) -> dict[str, str]:
        """The outcomes that are known beforehand at this size, by method or pattern of methods.

        Example:
            >>> import adkit as ad
            >>> ad.problems["mlp"].expected("16384-4-1x4")["symbolic*"]
            'too large'
        """
        found = self.expect(*self.size(size)) if callable(self.expect) else self.expect or {}
        return require_outcomes(found, f"expect of {self.name}")


def require_outcomes(expect: Mapping[str, str], where: str) -> dict[str, str]:
    """Outcomes by pattern of a method's name: statuses, joined by "or"; anything else is refused."""
    from ..records import STATUSES

    if not isinstance(expect, Mapping):
        raise BadRequest(f"{where} must give outcomes by method, as in {{'symbolic': 'too large'}}; got {expect!r}")
    for method, words in expect.items():
        if not isinstance(words, str):
            raise BadRequest(f"{where} must give texts such as 'timeout or ok'; got {words!r} for {method}")
        for status in words.strip().split(" or "):
            if status not in STATUSES:
                raise unknown(f"status of {method} in {where}:", status, STATUSES)
    return dict(expect)


class Registry(plugins.Registry[Problem], MutableMapping[str, Problem]):
    """The problems by name, in the order of declaration; those of installed packages (entry points `adkit.problems`,
    each a module that declares problems, or a problem) are looked for when a name is not known or all are asked for.

    Example:
        >>> import adkit as ad
        >>> "mlp" in ad.problems
        True
        >>> ad.problems["mpl"]
        Traceback (most recent call last):
        adkit.errors.BadRequest: unknown problem 'mpl'. Did you mean 'mlp'? Known: ...
    """

    kind = "problem"

    def __setitem__(self, name: str, problem: Problem) -> None:
        self._known[name] = problem

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def pop(self, name: str, *default: Any) -> Any:
        """Take a problem away."""
        return self._known.pop(name, *default)

    def _take(self, name: str, found: Any) -> None:
        """What an entry point names: a module has declared its problems when it was imported."""
        if isinstance(found, Problem):
            self.register(found)

    def register(self, problem: Problem) -> None:
        """Add a problem. Running a declaration again replaces its problem; that of another module stays."""
        known = self._known.get(problem.name)
        if known is not None and _module_of(known) != _module_of(problem):
            taken = f"a problem named {problem.name!r} exists already, from {_module_of(known)}"
            raise BadRequest(f"{taken}: pass another name=...")
        self[problem.name] = problem


problems = Registry()


class Declaration(TypedDict, total=False):
    """The keywords of `problem`: the fields of `Problem`, sizes as they are easiest to write."""

    point: Required[Callable[..., tuple[Any, ...]]]
    gradient: Callable[..., Any] | None
    value_and_gradient: Callable[..., tuple[Any, Any]] | None
    argnums: int | tuple[int, ...]
    sizes: Sequence[Size | SizeValue | str]
    name: str
    title: str
    source: str
    condition: Callable[..., float]
    default: bool
    derivative: str
    jacobian: Callable[..., Any] | None
    expect: Expectation | None


@overload
def problem(f: F, **fields: Unpack[Declaration]) -> F: ...
@overload
def problem(f: None = None, **fields: Unpack[Declaration]) -> Callable[[F], F]: ...
def problem(f: Callable[..., Any] | None = None, **fields: Any) -> Any:
    """Declare a problem: a decorator of f, or a call with f first. Returns f, to which the gradient is attached.

    Args:
        f: the function to differentiate, in plain NumPy.
        **fields: the other fields of `Problem`, which describes them: `point` and, as far as they apply,
            `gradient`, `value_and_gradient`, `jacobian`, `derivative`, `argnums`, `sizes`, `name`, `title`, `source`,
            `condition`, `expect` and `default`.

    Raises:
        BadRequest: an incomplete declaration, or a name that another module has taken.

    Example:
        >>> import adkit as ad
        >>> @ad.problem(point=lambda n=3: (2.0, n), gradient=lambda x, n: n * x ** (n - 1), sizes=[3, 30])
        ... def monomial(x, n):
        ...     "f(x) = x^n"
        ...     return x**n
        >>> ad.problems["monomial"].gradient(2.0, 3)
        12.0
        >>> del ad.problems["monomial"]
    """
    _check_fields(fields)
    if f is None:
        return partial(problem, **fields)
    declared = Problem(f, **fields)
    problems.register(declared)
    by_hand = {"__hand_derived__": declared.value_and_gradient, "__hand_derived_jacobian__": declared.jacobian}
    for name, derived in by_hand.items():
        if derived is not None:
            # method="manual" finds it where f is, without knowing of problems; built-ins take no attributes.
            with suppress(AttributeError, TypeError):
                setattr(f, name, derived)
    return f


def _check_fields(fields: Mapping[str, Any]) -> None:
    """Refuse keywords that no declaration has, and one without a point."""
    for name in fields:
        if name not in Declaration.__annotations__:
            raise unknown("keyword of a problem", name, Declaration.__annotations__)
    if "point" not in fields:
        raise BadRequest("a problem needs a point: write @ad.problem(point=...), where point() returns f's arguments")


def _name_of(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", "")
    if not name.isidentifier():  # a lambda, a partial
        raise BadRequest(f"a problem needs a name, and {f!r} has none: pass name=...")
    return name


def _module_of(problem: Problem) -> str | None:
    return getattr(problem.f, "__module__", None)


def _joined(f: Callable[..., Any], gradient: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    return lambda *arguments: (f(*arguments), gradient(*arguments))


def _second(value_and_gradient: Callable[..., tuple[Any, Any]]) -> Callable[..., Any]:
    return lambda *arguments: value_and_gradient(*arguments)[1]


def _size_defaults(point: Callable[..., Any]) -> dict[str, SizeValue]:
    """The size parameters of `point` and their defaults, read from its signature."""
    parameters = inspect.signature(point).parameters.values()
    defaults = {parameter.name: parameter.default for parameter in parameters if parameter.name != "rng"}
    for name, default in defaults.items():
        if type(default) not in (int, float, tuple):
            wanted = "a default that is a number or a tuple of whole numbers"
            raise BadRequest(f"the size parameter {name!r} of point needs {wanted}, as in {name}=4")
    return defaults


def _joined_label(size: Size | SizeValue) -> str:
    values = size if isinstance(size, tuple) else (size,)
    return "x".join("-".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in values)


def _parse(text: str, like: SizeValue, problem: str) -> SizeValue:
    """One value of a size, of the type of its default; ValueError where it makes no sense."""
    if isinstance(like, tuple):
        value = parts = tuple(int(part) for part in text.split("-"))
        # Where the default is a chain (of layers), a single link is not one.
        sensible = len(parts) >= min(2, len(like))
    else:
        value = type(like)(text)
        parts, sensible = (value,), True
    if not sensible or not all(0 < part < math.inf for part in parts):
        raise ValueError(text)
    if not all(part <= _MOST for part in parts if isinstance(part, int)):
        raise BadRequest(f"{text[:_LONGEST]!r} is no plausible size of {problem}: whole numbers in sizes end at 10^12")
    return value
