"""The way that f takes through its own code, by which a run on traced values is compared with one on numbers."""

from __future__ import annotations

import functools
import operator
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from ..errors import origin

# By these, f may tell a traced value from a number; the last one stands for every `except`.
ASKING = frozenset({"isinstance", "issubclass", "type", "callable", "hasattr", "except"})


class Path:
    """The branches of the person's own code that are taken within, as one number; nothing where it is None."""

    def __init__(self, steps: int | None) -> None:
        self.steps = None if steps is None else 0
        self._watch: Monitoring | Tracing = Tracing(self._step)

    def __enter__(self) -> Path:
        if self.steps is not None:
            if sys.version_info >= (3, 12) and (slot := _taken_slot()) is not None:
                self._watch = Monitoring(self._step, slot)
            self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.steps is not None:
            self._watch.stop()

    def _step(self, code: types.CodeType, offset: int) -> None:
        self.steps = hash((self.steps, id(code), offset))


def _taken_slot() -> int | None:
    """One of the six slots of `sys.monitoring`, taken for this; None where others have them all."""
    monitoring: Any = vars(sys)["monitoring"]  # a name that is not there before Python 3.12
    for slot in reversed(range(6)):
        try:
            monitoring.use_tool_id(slot, "adkit")
        except ValueError:
            continue
        return slot
    return None


def _is_own(code: types.CodeType, module: str) -> bool:
    """Whether code is the person's. What named tuples generate has the file name of code that is typed in."""
    return origin(code.co_filename) == "user" and not module.startswith(("adkit.", "namedtuple_"))


class Tracing:
    """Every instruction, by `sys.settrace`, which from Python 3.13 on leaves out the first call of a function."""

    def __init__(self, step: Callable[[types.CodeType, int], None]) -> None:
        self.step = step

    def start(self) -> None:
        self.before = sys.gettrace()
        sys.settrace(self._called)

    def stop(self) -> None:
        sys.settrace(self.before)

    def _called(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        if not _is_own(frame.f_code, frame.f_globals.get("__name__", "")):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._stepped

    def _stepped(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            self.step(frame.f_code, frame.f_lasti)
        return self._stepped


class Monitoring:
    """Functions entered, branches taken and exceptions caught in this thread, by `sys.monitoring`."""

    def __init__(self, step: Callable[[types.CodeType, int], None], slot: int) -> None:
        self.step = step
        self.tool = slot
        self.thread = threading.get_ident()

    def start(self) -> None:
        monitoring: Any = vars(sys)["monitoring"]
        names = monitoring.events
        branches = [names.BRANCH_LEFT, names.BRANCH_RIGHT] if hasattr(names, "BRANCH_LEFT") else [names.BRANCH]
        self.events = [*branches, names.PY_START, names.EXCEPTION_HANDLED]
        for event in self.events:
            monitoring.register_callback(self.tool, event, self._stepped)
        monitoring.set_events(self.tool, functools.reduce(operator.or_, self.events))

    def stop(self) -> None:
        monitoring: Any = vars(sys)["monitoring"]
        monitoring.set_events(self.tool, 0)
        for event in self.events:
            monitoring.register_callback(self.tool, event, None)
        monitoring.free_tool_id(self.tool)

    def _stepped(self, code: types.CodeType, offset: int, *more: Any) -> None:
        # What dataclasses and named tuples generate has the file name of code that is typed in.
        if threading.get_ident() == self.thread and code.co_filename != "<string>" and _is_own(code, ""):
            where = more[0] if more and isinstance(more[0], int) else -1
            self.step(code, hash((offset, where)))
