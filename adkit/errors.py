"""What adkit refuses, said in one sentence: what happened, where (the person's own line), what to write instead."""

from __future__ import annotations

import difflib
import linecache
import os
import sys
from collections.abc import Iterable
from types import FrameType

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


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
    """The operation would turn a traced value into a plain number and drop its derivative."""


class NoRule(AdkitError, NotImplementedError):
    """The table has no derivative rule for this operation."""


class OutputError(AdkitError, TypeError):
    """f returned something that cannot be differentiated this way (not a number, not a scalar)."""


class ArgumentError(AdkitError, TypeError):
    """An argument cannot be differentiated (a string, None, a boolean, an object)."""


class BadRequest(AdkitError, ValueError):
    """An unknown name, or a value outside what is meaningful."""


class ExpressionTooLarge(AdkitError, ValueError):
    """A symbolic derivative would exceed its operation budget."""


class EscapedValue(AdkitError, TypeError):
    """A traced value was used after the transformation that made it had ended."""


def unknown(kind: str, name: object, known: Iterable[str]) -> BadRequest:
    """The error for an unknown name: it lists the known ones and suggests the nearest."""
    names = sorted(known)
    nearest = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return BadRequest(f"unknown {kind} {name!r}.{hint} Known: {', '.join(names)}.")


def user_frame() -> FrameType | None:
    """The innermost frame that is neither adkit's nor a library's that adkit was called through."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        is_own = os.path.abspath(filename).startswith(_OWN_FOLDER)
        if not is_own and f"{os.sep}numpy{os.sep}" not in filename and not filename.startswith("<__array"):
            return frame
        frame = frame.f_back
    return None


def place() -> str:
    """Where the person's code stands, as `at file.py:12: `the expression``; empty when no such line is known."""
    frame = user_frame()
    if frame is None:
        return ""
    location = f" at {frame.f_code.co_filename}:{frame.f_lineno}"
    expression = current_expression(frame)
    return f"{location}, in `{expression}`" if expression else location


def current_expression(frame: FrameType) -> str:
    """The source text of the call or operator that `frame` is executing, or its whole line, or nothing."""
    positions = list(frame.f_code.co_positions())
    first, last, start, stop = positions[frame.f_lasti // 2]
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    if first == last == frame.f_lineno and start is not None and stop is not None:
        # Columns count UTF-8 bytes, not characters.
        return line.encode()[start:stop].decode(errors="replace")
    return line.strip()
