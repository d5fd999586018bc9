"""What adkit refuses, said in one sentence: what happened, where (the person's own line), what to write instead."""

from __future__ import annotations

import ast
import builtins
import dis
import functools
import linecache
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from types import FrameType, ModuleType
from typing import Any, NamedTuple

import numpy as np


def _folder(module: str) -> str:
    return os.path.dirname(os.path.abspath(module)) + os.sep


_OWN_FOLDER, _NUMPY_FOLDER, _STANDARD_LIBRARY = map(_folder, (__file__, np.__file__, os.__file__))
_LONGEST_EXPRESSION = 100
# Longer lists of known names are not read.
_MOST_NAMES = 12


class AdkitError(Exception):
    """Base class of everything adkit refuses.

    The message names the operation, the file and line of the caller's own code, and a rewrite that works. Each
    subclass also derives from the built-in exception that Python people would catch.

    Example:
        >>> import adkit as ad
        >>> try:
        ...     ad.grad(lambda x: [x, x])(1.0)
        ... except ad.AdkitError as error:
        ...     print(type(error).__name__)
        OutputError
    """


class LostDerivative(AdkitError, TypeError):
    """The operation would turn a traced value into a plain number and drop its derivative.

    Example:
        >>> import math
        >>> import adkit as ad
        >>> try:
        ...     ad.grad(lambda x: math.sin(x))(1.0)
        ... except ad.LostDerivative as error:
        ...     print(str(error).rpartition("; ")[2])
        write `np.sin(x)` instead
    """


class NoRule(AdkitError, NotImplementedError):
    """The table has no derivative rule for this operation.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> try:
        ...     ad.grad(lambda x: np.polyfit(x, x, 1)[0])(np.ones(3))
        ... except ad.NoRule as error:
        ...     print(str(error).partition(" at ")[0])
        numpy.polyfit has no derivative rule
    """


class MissingAttribute(NoRule, AttributeError):
    """An ndarray has this attribute, and the traced value that stands for one has not."""


class OutputError(AdkitError, TypeError):
    """f returned something that cannot be differentiated this way (not a number, not a scalar).

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> try:
        ...     ad.grad(np.sin)(np.ones(3))
        ... except ad.OutputError as error:
        ...     print(str(error).partition(": ")[0])
        a gradient needs one number, but sin returned an array of shape (3,)
    """


class ArgumentError(AdkitError, TypeError):
    """An argument cannot be differentiated (a string, None, a boolean, an object).

    Example:
        >>> import adkit as ad
        >>> try:
        ...     ad.grad(abs)("1.0")
        ... except ad.ArgumentError as error:
        ...     print(str(error).partition(",")[0])
        argument 0 is a str '1.0'
    """


class BadRequest(AdkitError, ValueError):
    """An unknown name, or a value outside what is meaningful.

    Example:
        >>> import adkit as ad
        >>> try:
        ...     ad.grad(abs, method="revers")
        ... except ad.BadRequest as error:
        ...     print(str(error).partition(" Known")[0])
        unknown method 'revers'. Did you mean 'reverse'?
    """


class ExpressionTooLarge(AdkitError, ValueError):
    """A symbolic derivative would exceed its operation budget.

    Example:
        >>> import adkit as ad
        >>> try:
        ...     ad.grad(lambda x: x**2 + x**3, method=ad.Symbolic(max_ops=1))(1.0)
        ... except ad.ExpressionTooLarge:
        ...     print("too large")
        too large
    """


class CannotCompile(AdkitError, NotImplementedError):
    """What f does cannot be written down once and run again: f has to be run anew on each call.

    `passing` where that is so at these arguments, and may be otherwise at others.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> raise ad.CannotCompile("f draws random numbers")
        Traceback (most recent call last):
        adkit.errors.CannotCompile: f draws random numbers
    """

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.passing = passing


class CompileWarning(UserWarning):
    """A function that was to be compiled runs as it is, for the reason given: right, and no faster than before.

    Example:
        >>> import warnings
        >>> import numpy as np
        >>> import adkit as ad
        >>> noisy = ad.compile(lambda x: x + np.random.default_rng().normal())
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     _ = noisy(1.0)
        >>> caught[0].category.__name__, str(caught[0].message).partition(": ")[2].partition(":")[0]
        ('CompileWarning', 'it uses numpy.random, whose state cannot be seen')
    """


class EscapedValue(AdkitError, TypeError):
    """A traced value was used after the transformation that made it had ended.

    Example:
        >>> import adkit as ad
        >>> kept = []
        >>> ad.grad(lambda x: kept.append(x) or x)(1.0)
        1.0
        >>> try:
        ...     2 * kept[0]
        ... except ad.EscapedValue:
        ...     print("use ad.value(x), or has_aux=True")
        use ad.value(x), or has_aux=True
    """


class WrongGradient(AdkitError, AssertionError):
    """A gradient did not pass its check; `report` is the whole `GradientReport`, and the message its text.

    Example:
        >>> import adkit as ad
        >>> try:
        ...     ad.check_grad(lambda x: x**2, 3.0, grad=lambda x: x).raise_if_failed()
        ... except ad.WrongGradient as error:
        ...     print(error.report.counts)
        {'WRONG': 1}
    """

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report


def unknown(kind: str, name: object, known: Iterable[str]) -> BadRequest:
    """The error for an unknown name: it lists the known ones, the nearest of many, and suggests the very nearest."""
    import difflib

    names = sorted(known)
    nearest = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    listed = f" Known: {_at_most(names, str(name))}." if names else ""
    return BadRequest(f"unknown {kind} {name!r}.{hint}{listed}")


def _at_most(names: list[str], name: str) -> str:
    """The names, or the nearest of them where they are too many for a sentence."""
    import difflib

    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    near = difflib.get_close_matches(name, names, n=_MOST_NAMES, cutoff=0.0)
    return f"{', '.join(sorted(near))} and {len(names) - len(near)} more"


# -- whose code stands where -----------------------------------------------------------------------
@functools.lru_cache
def origin(filename: str) -> str:
    """Whose code a file is: "adkit", "numpy", "library" or "user"."""
    if filename.startswith("<"):
        generated = {"<frozen": "library", "<__arra": "numpy", "<adkit ": "adkit"}
        return generated.get(filename[:7], "user")
    path = os.path.abspath(filename)
    for folder, whose in ((_OWN_FOLDER, "adkit"), (_NUMPY_FOLDER, "numpy"), (_STANDARD_LIBRARY, "library")):
        if path.startswith(folder):
            return whose
    installed = f"{os.sep}site-packages{os.sep}" in path or f"{os.sep}dist-packages{os.sep}" in path
    return "library" if installed else "user"


class Called(NamedTuple):
    """A call in somebody's code: the function as it is written there, what that stands for, and the arguments."""

    name: str
    function: Any
    args: list[str]


class Spot(NamedTuple):
    """A frame and the instruction it is executing."""

    frame: FrameType
    instruction: int

    @property
    def origin(self) -> str:
        """Whose code it is."""
        return origin(self.frame.f_code.co_filename)

    @property
    def operation(self) -> str:
        """The name of the instruction."""
        code = self.frame.f_code.co_code
        return dis.opname[code[self.instruction]] if 0 <= self.instruction < len(code) else ""

    @property
    def is_assignment(self) -> bool:
        """Whether it is an assignment to an item; to a slice has been an instruction of its own since Python 3.12."""
        return self.operation in ("STORE_SUBSCR", "STORE_SLICE")

    @property
    def expression(self) -> str:
        """The source text of the call or operator that is executed, of an assignment the whole line, or nothing."""
        first, last, start, stop = self._extent()
        if first is None or last is None:
            return ""
        name, space = self.frame.f_code.co_filename, self.frame.f_globals
        # Columns count UTF-8 bytes, not characters.
        lines = [linecache.getline(name, n, space).encode() for n in range(first, last + 1)]
        if not self.is_assignment and start is not None and stop is not None:
            lines[-1] = lines[-1][:stop]
            lines[0] = lines[0][start:]
        text = " ".join(b" ".join(lines).decode(errors="replace").split())
        return text if len(text) <= _LONGEST_EXPRESSION else text[:_LONGEST_EXPRESSION] + "..."

    def _extent(self) -> tuple[int | None, int | None, int | None, int | None]:
        """First and last line, first and last column of what is executed."""
        line = self.frame.f_code.co_firstlineno
        return next(islice(self.frame.f_code.co_positions(), self.instruction // 2, None), (line, line, None, None))

    @property
    def line(self) -> int:
        return self._extent()[0] or self.frame.f_lineno

    def call(self) -> Called | None:
        """The call that is executed, if that is what it is."""
        try:
            tree = ast.parse(self.expression, mode="eval").body
        except SyntaxError:
            return None
        if not isinstance(tree, ast.Call):
            return None
        name = ast.unparse(tree.func)
        return Called(name, self._look_up(name), [ast.unparse(arg) for arg in tree.args])

    def _look_up(self, dotted: str) -> Any:
        """What a name like `math.sin` stands for here; only modules are looked into, since that runs no code."""
        head, *rest = dotted.split(".")
        found = self.frame.f_locals.get(head, self.frame.f_globals.get(head, vars(builtins).get(head)))
        for name in rest:
            found = getattr(found, name, None) if isinstance(found, ModuleType) else None
        return found

    def __str__(self) -> str:
        location = f" at {self.frame.f_code.co_filename}:{self.line}"
        expression = self.expression
        return f"{location}, in `{expression}`" if expression else location


def user_spot() -> Spot | None:
    """Where the person's own code stands: the innermost frame that is neither adkit's nor a library's.

    Where f itself is a library's, the innermost frame of that library.
    """
    nearest: Spot | None = None
    for spot in _outward(sys._getframe(1)):
        if spot.origin == "adkit" and (nearest is not None or _is_command_line(spot)):
            return nearest
        if spot.origin == "user":
            return spot
        if spot.origin == "library" and nearest is None:
            nearest = spot
    return nearest


def _is_command_line(spot: Spot) -> bool:
    """Whether a frame is of the command line: what called it is nobody's code."""
    return str(spot.frame.f_globals.get("__name__")).startswith("adkit.cli.")


def _outward(frame: FrameType | None) -> Iterator[Spot]:
    while frame is not None:
        yield Spot(frame, frame.f_lasti)
        frame = frame.f_back


def place() -> str:
    """Where the person's code stands, as ` at file.py:12, in `the expression``; empty when no such line is known."""
    spot = user_spot()
    return "" if spot is None else str(spot)


def warn(message: str, category: type[Warning]) -> None:
    """Warn as if the person's own code did."""
    spot = user_spot()
    if spot is None:
        warnings.warn(message, category, stacklevel=2)
        return
    space = spot.frame.f_globals
    registry = space.setdefault("__warningregistry__", {})
    name = spot.frame.f_code.co_filename
    warnings.warn_explicit(message, category, name, spot.line, space.get("__name__"), registry)


def spots_of(error: BaseException) -> list[Spot]:
    """The traceback of an error, outermost first."""
    spots: list[Spot] = []
    entry = error.__traceback__
    while entry is not None:
        spots.append(Spot(entry.tb_frame, entry.tb_lasti))
        entry = entry.tb_next
    return spots


def place_of(error: BaseException) -> str:
    """Where the person's code stood when an error was raised: the innermost line of its traceback that is theirs."""
    own = [spot for spot in spots_of(error) if spot.origin == "user"]
    return str(own[-1]) if own else ""
