"""The process at the other end of a bench that is away: it makes its subject again, and answers until it is let go."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import ExitStack, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AdkitError, BadRequest
from .benches import AFTERWARDS, GRACE, ORPHANED, PATIENCE, Here, LostError, Stage
from .contenders import Contender
from .environment import threads_limited
from .settings import Settings
from .subjects import Source, Subject
from .timing import Batch


def serve(connection: Any, source: Source, contender: Contender | None, settings: Settings) -> None:
    """The other end of `Away`: make the subject again and answer until nothing more is asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What has been imported stays: the collector need not look at it.
    gc.freeze()
    with ExitStack() as stack:
        # What f prints does not mix with the results.
        stack.enter_context(redirect_stdout(sys.stderr))
        stack.enter_context(threads_limited(settings.threads))
        try:
            bench = _bench(connection, source, contender, settings, stack)
        except BaseException as error:
            connection.send(_sendable(error))
            return
        # Whoever asked may be gone before there is an answer.
        with suppress(BrokenPipeError, ConnectionResetError):
            _answer(connection, bench)


def _bench(connection: Any, source: Source, contender: Contender | None, settings: Settings, stack: ExitStack) -> Here:
    stack.enter_context(np.errstate(all="ignore"))
    subject = source.subject()
    if contender is not None and contender.source is not None:
        contender = replace(contender, method=contender.source.method())
    limit_memory(settings.memory)
    if contender is not None:
        _warm(subject)

    def stage(name: str) -> None:
        share, more = GRACE if name == "first" else AFTERWARDS
        seconds = share * settings.timeout + more
        _alarm(seconds + ORPHANED)
        connection.send(Stage(name, seconds))

    return Here(subject, contender, settings, stage)


def _warm(subject: Subject) -> None:
    """f is called once before anything is timed: what only a process's first call pays is no method's cost."""
    _alarm(PATIENCE + ORPHANED)
    with suppress(Exception):
        call = subject.call()
        call(call.leaves)
    _alarm(0)


def _answer(connection: Any, bench: Here) -> None:
    timed: dict[str, Batch] = {}
    mine = os.getpid()
    while True:
        try:
            what, *arguments = connection.recv()
        except (EOFError, OSError):
            return
        _alarm(PATIENCE + ORPHANED)
        try:
            if what == "time":
                name, loops = arguments
                if name not in timed:
                    gc.collect()
                    gc.disable()
                    timed[name] = bench.batch(name)
                answer = timed[name](loops)
            else:
                answer = getattr(bench, what)(*arguments)
        except BaseException as error:
            answer = _sendable(error)
        if os.getpid() != mine:
            os._exit(0)  # a fork that f or a method has left running must not answer a second time
        _alarm(0)
        connection.send(answer)


def _sendable(error: BaseException) -> BaseException:
    """An error that survives the way: what is not adkit's own is told in words."""
    if isinstance(error, AdkitError):
        return BadRequest(str(error))
    return LostError(f"raised {type(error).__name__}: {error}")


def _alarm(seconds: float) -> None:
    """The system stops this process so much later, whatever it is doing by then; 0 calls it off."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def limit_memory(limit: int | None) -> None:
    """This process may take so much more memory than it has now."""
    if limit is None:
        return
    try:
        import resource
    except ImportError:
        raise BadRequest("a limit of memory needs a system that knows them (Linux, macOS)") from None
    resource.setrlimit(resource.RLIMIT_AS, (_virtual() + limit, resource.RLIM_INFINITY))


def _virtual() -> int:
    """The virtual memory of this process, in bytes."""
    status = Path("/proc/self/statm")
    if not status.is_file():
        return 0
    import resource

    return int(status.read_text().split()[0]) * resource.getpagesize()
