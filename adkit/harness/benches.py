"""Where a cell is worked on: here, or in a process of its own that can be stopped, starved or lost without harm."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol

from ..methods import Manual
from ..records import Row
from .cell import Cell
from .contenders import Contender
from .reference import References, references_for
from .settings import Settings
from .subjects import Source, Subject
from .timing import Batch, batched

# What a call may take beyond its time before its process is stopped, as a share and in seconds: it stops itself before.
GRACE = 1.25, 0.5
# What follows the first derivative (judging, counting, memory) takes several calls more.
AFTERWARDS = 10.0, 10.0
# A batch of calls whose time is known; references, whose cost is bounded by design.
PATIENCE = 60.0
# An orphan, whose parent was killed, ends so much later than its parent would have stopped it.
ORPHANED = 5.0


class LostError(Exception):
    """A process ended, or was stopped, before it had answered; `late` where it was its time that ran out."""

    def __init__(self, reason: str, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late


class Bench(Protocol):
    """A place where one method is worked on; without a contender it is f itself, and the references."""

    def outline(self) -> Subject:
        """What is known of the subject before f is called."""
        ...

    def references(self) -> References:
        """What the methods are judged by."""
        ...

    def check(self, references: References) -> Row:
        """The method prepared, called, judged and counted."""
        ...

    def batch(self, what: str) -> Batch:
        """What is timed: the method, "f" or "nothing"."""
        ...

    def still(self) -> str:
        """What is wrong with the method by now, if anything is."""
        ...

    def close(self) -> None:
        """Nothing more is asked."""
        ...


class Here:
    """A bench in this process: time is kept by asking, and nothing survives a crash."""

    def __init__(
        self,
        subject: Subject,
        contender: Contender | None,
        settings: Settings,
        stage: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.subject, self.settings = subject, settings
        self.cell = None if contender is None else Cell(subject, contender, settings, stage)

    def outline(self) -> Subject:
        return self.subject.outline()

    def references(self) -> References:
        return references_for(self.subject, self.settings.patience)

    def check(self, references: References) -> Row:
        assert self.cell is not None
        return self.cell.check(references)

    def batch(self, what: str) -> Batch:
        return batched(self._thunk(what))

    def still(self) -> str:
        assert self.cell is not None
        return self.cell.still()

    def _thunk(self, what: str) -> Callable[[], object]:
        if what == "nothing":
            return _nothing
        if what == "f":
            subject = self.subject
            return lambda: subject.f(*subject.args, **subject.kwargs)
        assert self.cell is not None
        return self.cell.timed()

    def close(self) -> None:
        self.cell = None


def _nothing() -> None:
    """A method that does nothing: what is left is the loop."""


# -- in a process of its own -----------------------------------------------------------------------
class Away:
    """A bench in a process of its own."""

    def __init__(
        self, source: Source, contender: Contender | None, settings: Settings, imports: tuple[str, ...]
    ) -> None:
        from .serving import serve

        context = _context(imports)
        self.settings = settings
        self.connection, theirs = context.Pipe()
        spelled = None if contender is None else _portable(contender)
        self.process = context.Process(target=serve, args=(theirs, source, spelled, settings))
        self.process.start()
        theirs.close()

    def outline(self) -> Subject:
        return self._ask("outline", limit=PATIENCE)

    def references(self) -> References:
        # They look at the clock themselves, but between calls of f only.
        share, more = GRACE
        return self._ask("references", limit=2 * share * self.settings.patience + more)

    def check(self, references: References) -> Row:
        share, more = GRACE
        return self._ask("check", references, limit=share * self.settings.timeout + more + PATIENCE)

    def batch(self, what: str) -> Batch:
        return lambda loops: self._ask("time", what, loops, limit=PATIENCE)

    def still(self) -> str:
        return self._ask("still", limit=PATIENCE)

    def close(self) -> None:
        if self.connection.closed:
            return
        self.connection.close()
        self.process.join(0.2)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()

    def _ask(self, *words: Any, limit: float) -> Any:
        """An answer, or the reason why there will be none."""
        try:
            self.connection.send(words)
            now = limit
            while True:
                if not self.connection.poll(now):
                    self.process.kill()
                    raise LostError(f"did not answer within {now:.3g} s and was stopped", late=True)
                answer = self.connection.recv()
                if not isinstance(answer, Stage):
                    break
                # Once a process is ready, what was asked of it has the time that it was given.
                now = answer.seconds or limit
        except (EOFError, OSError):
            self._mourn()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _mourn(self) -> NoReturn:
        """Why a process ended."""
        self.process.join(1.0)
        code = self.process.exitcode or 0
        if code == -getattr(signal, "SIGALRM", 0):
            raise LostError("was stopped when its time was up", late=True) from None
        if code < 0:
            raise LostError(f"was ended by {signal.Signals(-code).name}") from None
        raise LostError(f"ended by itself with exit code {code}") from None


@dataclass(frozen=True)
class Stage:
    """What a process says when it begins with something that has another limit of time; 0 seconds for its own."""

    name: str
    seconds: float


def _context(imports: tuple[str, ...]) -> Any:
    """How processes are made: from a server that has everything imported, where the system can."""
    import multiprocessing

    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["adkit.harness", "adkit.cli", "adkit.loading", *imports])
    return context


def _portable(contender: Contender) -> Contender:
    """A contender without the object that is made again from its source."""
    return replace(contender, method=Manual())
