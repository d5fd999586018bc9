"""The way that f takes through its own code, by which a run on traced values is compared with one on numbers."""

from __future__ import annotations

import sys
import types
from typing import Any

from ..errors import origin

# By these, f may tell a traced value from a number; the last one stands for every `except`.
ASKING = frozenset({"isinstance", "issubclass", "type", "callable", "hasattr", "except"})


class Path:
    """The instructions of the person's own code that are executed within, as one number; nothing where it is None."""

    def __init__(self, steps: int | None) -> None:
        self.steps = None if steps is None else 0

    def __enter__(self) -> Path:
        self.before = sys.gettrace()
        if self.steps is not None:
            sys.settrace(self._called)
        return self

    def __exit__(self, *error: object) -> None:
        if self.steps is not None:
            sys.settrace(self.before)

    def _called(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        # What dataclasses and named tuples generate has the file name of code that is typed in, also in adkit.
        home = frame.f_globals.get("__name__", "")
        if origin(frame.f_code.co_filename) != "user" or home.startswith(("adkit.", "namedtuple_")):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            self.steps = hash((self.steps, id(frame.f_code), frame.f_lasti))
        return self._step
