"""What a person names, as a subject to compare or to check: a problem, theirs or adkit's, or a function at a point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..containers import flatten, unflatten
from ..errors import BadRequest
from ..harness import ProblemSource, Source, Subject
from ..problems import problems
from .arguments import name_of, positional
from .code import blaming, declared, function, load
from .points import Point, point


@dataclass(frozen=True)
class FunctionSource:
    """A function of a file at a point, as the command line names them."""

    target: str
    at: str | None = None
    argnums: str | None = None
    gradient: str | None = None

    def load(self) -> object:
        """Run the file."""
        return function(self.target)

    def subject(self) -> Subject:
        return subject(self.target, self.at, self.argnums, self.gradient)


@dataclass(frozen=True)
class DeclaredSource(ProblemSource):
    """A problem that a file declares."""

    file: str = ""

    def load(self) -> object:
        """Run the file."""
        return load(Path(self.file))

    def subject(self) -> Subject:
        self.load()
        return super().subject()


def sources(
    target: str,
    at: str | None = None,
    argnums: str | None = None,
    gradient: str | None = None,
    sizes: str | Iterable[Any] | None = None,
    seed: int = 0,
) -> Sequence[Source]:
    """What `target` names: a problem; the problems that `FILE.py` declares; `FILE.py:f`, a problem or a function.

    Raises:
        BadRequest: nothing of that name, a point or sizes that do not go with it, ...
    """
    if not is_file(target):
        _unless(at, argnums, gradient, target)
        return ProblemSource.each(problems[target], sizes, seed)
    found = declared(target) if at is None else []
    if not found:
        if sizes is not None:
            raise BadRequest(f"--sizes goes with problems; {target} is compared at the point given by --at")
        _named_function(target, at)
        return [FunctionSource(target, at, argnums, gradient)]
    _unless(at, argnums, gradient, target)
    path = target if target.endswith(".py") else target.rpartition(":")[0]
    each = (DeclaredSource.each(problem, sizes, seed, file=path) for problem in found)
    return [source for some in each for source in some]


def is_file(target: str) -> bool:
    """Whether a target is something in a file of one's own."""
    return ":" in target or target.endswith(".py")


def _unless(at: str | None, argnums: str | None, gradient: str | None, target: str) -> None:
    if at is not None or argnums is not None or gradient is not None:
        raise BadRequest(
            f"--at, --argnums and --grad go with a function of your own; {target} is a problem with its own"
        )


def _named_function(target: str, at: str | None) -> Callable[..., Any]:
    """The function that `FILE.py:f` names, which needs a point; it is not called."""
    if not is_file(target):
        raise BadRequest(f"{target!r} is no function of your own: write FILE.py:f")
    f = function(target)
    if at is None or not at.strip():
        raise BadRequest(f'{target} needs a point: --at "2.0, 5.0" gives one value per argument')
    return f


def subject(target: str, at: str | None, argnums: str | None, gradient: str | None) -> Subject:
    """`FILE.py:f` at the point that `at` names, with a gradient of one's own from the same file or another."""
    f, path = _named_function(target, at), target.rpartition(":")[0]
    assert at is not None
    where = point(at, f, path)
    chosen = positions(argnums, where.args)
    _require_there(chosen, f, len(where.args))
    by_hand = None if gradient is None else beside(target, gradient)
    many = _returns_many(_try(f, "f", where))
    if by_hand is not None:
        _try(by_hand, getattr(by_hand, "__name__", "the gradient"), where)
    return Subject(
        f=f,
        args=where.args,
        kwargs=where.kwargs,
        argnums=chosen,
        problem=getattr(f, "__name__", target),
        gradient=by_hand,
        derivative="jacobian" if many else "gradient",
        point=where.label + _fixed(chosen, where),
        source=FunctionSource(target, at, argnums, gradient),
    )


def beside(target: str, name: str) -> Callable[..., Any]:
    """The function of this name in the file of the target, or in a file of its own."""
    return function(name if ":" in name else f"{target.rpartition(':')[0]}:{name}")


def bounds(text: str) -> tuple[float, float]:
    """LO,HI as two numbers; what is left empty is infinite."""
    try:
        low, high = (part.strip() for part in text.split(","))
        return float(low or "-inf"), float(high or "inf")
    except ValueError:
        raise BadRequest(
            f"--bounds takes two numbers, LO,HI, as in 0,1 (or 0, for no upper one); got {text!r}"
        ) from None


def components(text: str | None) -> int | Literal["all"] | None:
    """How many components are checked one by one."""
    if text is None or text == "all":
        return text
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"--components takes a whole number or all; got {text!r}") from None


def _try(function: Callable[..., Any], name: str, where: Point) -> Any:
    """Run a function once: what it raises is the person's own error, and is said before anything else is."""
    with blaming(name):
        return function(*_copied(where.args), **_copied(where.kwargs))


def _returns_many(out: Any) -> bool:
    """Whether what f returns has a Jacobian, since it is more than one number."""
    leaves, structure = flatten(out)
    return (structure is not None or np.size(out) != 1) and all(_kind(leaf) in ("i", "u", "f", "c") for leaf in leaves)


def _copied(tree: Any) -> Any:
    """The same with arrays of its own: whether f changes what it is given is not for the first run to hide."""
    leaves, structure = flatten(tree)
    return unflatten(structure, [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])


def _fixed(chosen: tuple[int, ...], where: Point) -> str:
    """Which arguments are held fixed, where some are."""
    others = [*(str(i) for i in range(len(where.args)) if i not in chosen), *where.kwargs]
    return f", argument{'s' * (len(others) > 1)} {', '.join(others)} held fixed" if others else ""


def positions(text: str | None, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The argnums that are meant: those written, or every argument but whole numbers (all, if all are whole)."""
    if text is None:
        kinds = [{_kind(leaf) for leaf in flatten(arg)[0] if np.size(leaf)} & set("iufc") for arg in args]
        chosen = tuple(i for i, kind in enumerate(kinds) if kind & set("fc"))
        chosen = chosen or tuple(i for i, kind in enumerate(kinds) if kind)
        if not chosen:
            raise BadRequest("among the arguments that --at gives, there is no number to differentiate by")
        return chosen
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadRequest(f"--argnums takes positions separated by commas, as in 0,1; got {text!r}") from None


def _require_there(chosen: tuple[int, ...], f: Callable[..., Any], given: int) -> None:
    """Refuse positions beyond the arguments, of which those with a default need not be given."""
    there = max(given, positional(f))
    for i in chosen:
        if not -there <= i < there:
            raise BadRequest(
                f"--argnums {i} asks for an argument that is not there: {name_of(f)} has {there}, counted from 0"
            )


def _kind(leaf: Any) -> str:
    """The kind of a leaf's dtype, as NumPy abbreviates it; nothing of what is no number at all."""
    numeric = isinstance(leaf, (int, float, complex, np.ndarray, np.generic))
    return np.asarray(leaf).dtype.kind if numeric else ""
